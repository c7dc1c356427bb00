"""Putting single files back: which a finding speaks of, and where their last good contents are."""
