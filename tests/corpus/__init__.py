"""Answers of many kinds, each with the kind it should be recognised as.

`software/` starts installed servers, languages and applications in a temporary folder on loopback and probes them; `made/` holds
answers of our own making for what cannot be run here. A fifth, chosen by a hash of the name, is set aside: rules are written
without looking at it (see `Case.unseen`).
"""
