"""How an incident that visitors opened is known, and how it becomes one of our own probes when they see the failure too."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from sites import signals
from sites.models import Incident, IncidentEntry, VisitorIncident
from sites.storing.samples import Sample

PREFIX = "visitors-1:"  # a version of its own: what visitors meet is known by page and kind, not by the words of an answer


def fingerprint(kind: str, key: str) -> str:
    """Of the failure of one page for visitors."""
    return PREFIX + hashlib.sha256(f"{kind}\x1f{key}".encode("utf-8", "replace")).hexdigest()[:32]


def is_of_visitors(incident: Incident) -> bool:
    """Whether only visitors met it so far: our probes say nothing about its end."""
    return incident.fingerprint.startswith(PREFIX)


def adopt(seen: str, those: Sequence[Sample], held: Iterable[Sample], open_ones: Iterable[Incident], now: datetime) -> Incident | None:
    """The open incident of visitors that our probes now confirm, from now on known by the probes' fingerprint; None where it is more.

    The pages that fail must be those that visitors met it on: a site that fails altogether is another incident, and told.
    """
    paths = {sample.page.path for sample in held}
    found = next((incident for incident in open_ones if is_of_visitors(incident) and paths and paths <= set(incident.paths)), None)
    outcome = those[0].outcome
    if found is None or outcome is None:
        return None
    found.fingerprint, found.kind, found.status = seen, str(outcome.kind), outcome.status
    found.excerpt, found.detail = outcome.excerpt[:300].replace("\x00", ""), outcome.detail[:60]
    found.request_id = (outcome.request_id or found.request_id)[:200].replace("\x00", "")
    if found.regression_of_id is None:
        found.regression_of = Incident.objects.filter(site=found.site_id, fingerprint=seen).exclude(resolved_at=None).first()
    found.save(update_fields=["fingerprint", "kind", "status", "excerpt", "detail", "request_id", "regression_of"])
    VisitorIncident.objects.filter(pk=found.pk).update(seen_by_probe_at=now)
    text = _("Our own probes now see it too: %(paths)s.") % {"paths": ", ".join(sorted(paths))}
    IncidentEntry.objects.create(incident=found, kind=IncidentEntry.Kind.BAD, text=text, at=outcome.at)
    transaction.on_commit(partial(signals.incident_opened.send_robust, sender=Incident, incident_id=found.pk))
    return found
