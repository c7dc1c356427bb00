"""Why a site that answers well is believed to fail: what its probes, its looks, its open incident and its newest diagnosis say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.checks import others_meet
from diagnostics.models import Diagnosis, FindingRecord, Step
from sites.judging import Verdict
from sites.models import Incident, Look, Site
from sites.probing.outcome import Kind

from . import ways

_FRESH = timedelta(days=1)  # of a diagnosis: what it found may have been mended since
_BELIEVED_ALONE = timedelta(hours=1)  # the same, while nothing else speaks for a failure
_UNDECIDED = (Verdict.SUSPECT, Verdict.DOWN)


@dataclass(frozen=True, slots=True)
class Clue:
    """`visitors` met the failure when it was last seen, `paths` are where, `rate` is how much of what was asked there failed.

    `is_firm`: the site's probes saw it, or its cause stands in its files; else somebody else met something, once or more.
    """

    why: str
    cause: str = ""
    summary: str = ""
    visitors: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    rate: float | None = None
    is_firm: bool = True


def of(site: Site) -> Clue | None:
    """What speaks for a failure of this site, the strongest first; None where nothing does."""
    incident = site.incidents.filter(resolved_at=None).first()
    looks = list(Look.objects.filter(page__site=site, verdict__in=_UNDECIDED).select_related("page"))
    pages = [page.path for page in site.pages.filter(verdict__in=_UNDECIDED).exclude(kind=Kind.MAINTENANCE)]
    seen = bool(incident or looks or pages)
    finding = _finding(site, is_seen=seen)
    if not (incident or looks or pages or finding):
        return None
    visitors = tuple(dict.fromkeys(look.what for look in looks if look.what != Look.What.CACHE_PROOF))
    paths = tuple(dict.fromkeys([*pages, *(look.page.path for look in looks), *_watched(site, incident)]))
    return Clue(
        _why(incident, finding, is_seen=seen),
        finding.cause if finding else incident.cause if incident else "",
        finding.summary if finding else incident.cause_summary if incident else "",
        visitors,
        paths,
        ways.known_rate(site),
        seen or bool(finding and finding.check_id != others_meet.CHECK),
    )


def _watched(site: Site, incident: Incident | None) -> list[str]:
    """Visitors may have met it on a page that we do not watch."""
    return list(site.pages.filter(path__in=incident.paths).values_list("path", flat=True)) if incident else []


def _finding(site: Site, *, is_seen: bool) -> FindingRecord | None:
    """What the newest diagnosis holds for the cause of a failure, unless the site recovered or a repair was seen to help since."""
    since = timezone.now() - (_FRESH if is_seen else _BELIEVED_ALONE)
    done = site.diagnoses.filter(state=Diagnosis.State.DONE, requested_at__gt=since).first()
    repairs = Step.objects.filter(case__site=site, action="repair", state=Step.State.DONE_VERIFIED)
    if done is None or repairs.filter(finished_at__gt=done.requested_at).exists():
        return None
    if site.incidents.filter(resolved_at__gt=done.requested_at).exists():
        return None
    if not is_seen and site.verdict == Verdict.UP and site.verdict_since and site.verdict_since > done.requested_at:
        return None  # probes in a row have found it well again
    return done.findings.filter(Q(severity="critical") | Q(check_id=others_meet.CHECK)).first()


def _why(incident: Incident | None, finding: FindingRecord | None, *, is_seen: bool) -> str:
    if incident is not None and incident.pattern == "intermittent":
        return _("It fails now and then.")
    if finding is not None and finding.check_id == others_meet.CHECK:
        return _("It failed for somebody else: it may be for people who are logged in, who order, or who send a form.")
    return _("Its probes saw it fail.") if is_seen else _("The diagnosis found a fault in its files.")
