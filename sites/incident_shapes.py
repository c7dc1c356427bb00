"""How an incident is described by the samples that show it: its pages, pattern, rate, and how it was confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from sites import judging, spells
from sites.looks import samples as look_samples
from sites.models import Incident, Site
from sites.probing.outcome import Outcome
from sites.storing.samples import Sample
from sites.wording import failure_sentence

EXTENDED = ("paths", "last_seen_at", "scope", "pattern", "rate", "looks")  # what each further sample may change


def of_samples(
    site: Site, fingerprint: str, those: Sequence[Sample], held: Sequence[Sample], samples: Sequence[Sample], now: datetime
) -> Incident:
    """A new incident, not saved. `those`: samples whose last probe shows it; `held`: all that are down for it; `samples`: of the site."""
    worst = those[0]
    outcome = outcome_of(worst)
    incident = Incident(
        site=site,
        fingerprint=fingerprint,
        kind=str(outcome.kind),
        status=outcome.status,
        detail=outcome.detail[:60],
        message=outcome.message[:300].replace("\x00", ""),
        excerpt=outcome.excerpt[:300].replace("\x00", ""),
        request_id=outcome.request_id[:200].replace("\x00", ""),
        address=outcome.address[:45],
        first_failure_at=min(sample.state.failing_since or outcome_of(sample).at for sample in those),
        opened_at=now,
        confirmed_by=_confirmed_by(worst),
        diagnosis_state="" if site.host_id else "none",
    )
    describe(incident, those, held, samples)
    return incident


def describe(incident: Incident, those: Sequence[Sample], held: Sequence[Sample], samples: Sequence[Sample]) -> None:
    """Writes what the samples show now into the unsaved row."""
    incident.paths = list(dict.fromkeys(sample.page.path for sample in held))
    incident.last_seen_at = max(outcome_of(sample).at for sample in those)
    incident.scope, incident.pattern, incident.looks = look_samples.shape(samples, held)
    rates = [rate for sample in held if (rate := judging.failure_rate(sample.state)) is not None]
    incident.rate = max(rates) if rates and incident.pattern == judging.Pattern.INTERMITTENT else None


def outcome_of(sample: Sample) -> Outcome:
    """What its probe of this batch saw. Raises ValueError when there was none."""
    if sample.outcome is None:
        raise ValueError("no outcome in this batch")
    return sample.outcome


def _confirmed_by(sample: Sample) -> str:
    state, at = sample.state, outcome_of(sample).at
    if state.samples.count(False) < 2:  # a failure now and then, which quick probes had dismissed each time
        failed, probes = spells.separate_failures(state.fails)
        return _("%(bad)d of the last %(all)d probes") % {"bad": failed, "all": probes}
    values = {"bad": state.samples.count(False), "all": len(state.samples)}
    seconds = round((at - (state.failing_since or at)).total_seconds())
    return _("%(bad)d of %(all)d probes in %(seconds)d s") % (values | {"seconds": seconds})


def opening_text(incident: Incident) -> str:
    """The first line of its timeline."""
    sentence = failure_sentence(incident.kind, incident.status, incident.looks, incident.detail)
    values = {"paths": ", ".join(incident.paths), "sentence": sentence, "how": incident.confirmed_by}
    if incident.regression_of_id:
        return _("%(paths)s %(sentence)s again, as once before. Confirmed by %(how)s.") % values
    return _("%(paths)s %(sentence)s. Confirmed by %(how)s.") % values
