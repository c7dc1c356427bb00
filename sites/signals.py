"""How others learn what happens here: sent on commit, with ids only. This app knows nobody who listens."""

from __future__ import annotations

from django.dispatch import Signal

incident_opened = Signal()  # incident_id: a new one, a regression, or one that was reopened
incident_resolved = Signal()  # incident_id
site_recovered = Signal()  # site_id: every page is up again
deployment_finished = Signal()  # deployment_id, site_id, result: "well", "not-well" or "not-known"
sites_in_work = Signal()  # asks: each receiver answers with the keys of sites that must stay where they are just now
