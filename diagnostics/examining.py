"""A site as diagnostics sees it: from outside by fresh probes, from inside through a Reader, and what follows from both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from sites import recording
from sites.judging import Verdict
from sites.looks import samples as look_samples
from sites.models import Incident, Look, Page, Site
from sites.probing.outcome import Kind, Outcome
from sites.recognition.answer import Answer
from sites.recognition.intermediaries import speaker_of

from . import at_hand, databases, log_servers, wordpress_pages
from .baselines import since as since_baseline
from .checks.registry import run_checks
from .connections import purposes
from .evidence import LOGS, Evidence, PageSeen, SiteSeen
from .facts import changed_files, changes
from .facts.gather import TIME_LIMIT_S, SitePaths, gather
from .findings import Finding, Inconclusive
from .panels import connecting as panels
from .repairs.plan import Plan
from .repairs.registry import all_repairs, plan_repair, ways
from .restoring import looking, lost_links
from .transports.base import Reader
from .trying import kept


@dataclass(frozen=True, slots=True)
class Examination:
    """What was read and what the checks concluded from it, the most telling finding first."""

    evidence: Evidence
    findings: tuple[Finding, ...]
    inconclusive: tuple[Inconclusive, ...]


_MOST_NEIGHBOURS = 10
_MORE_ROUNDS = ("phone", "bot", "desktop", "desktop")


def look(site: Site) -> SiteSeen:
    """The site from outside, now: one cache-proof probe of each page, as the browser that meets the failure.

    Where all is well now and was not when somebody last looked, it is asked some times more: the failure may come and go, or meet
    other browsers than this one.
    """
    found = recording.retest(site, browsers=(look_samples.browser_of(site),))
    if _was_failing(site):
        for browser in _MORE_ROUNDS:
            if any(outcome.is_failure for outcome in found):
                break
            found = recording.retest(site, browsers=(browser,))
    return seen(site, found)


def _was_failing(site: Site) -> bool:
    undecided = (Verdict.SUSPECT, Verdict.DOWN)
    return site.pages.filter(verdict__in=undecided).exists() or Look.objects.filter(page__site=site, verdict__in=undecided).exists()


def seen(site: Site, outcomes: Sequence[Outcome], *, as_answered: bool = False) -> SiteSeen:
    """Outcomes as diagnostics needs them. Where a failure comes and goes, the last one stands for the page.

    `as_answered`: what was answered now is all that counts, as after a change.
    """
    pages = {page.pk: page for page in site.pages.all()}
    views = tuple(_page_seen(pages[outcome.key], outcome, as_answered) for outcome in outcomes if outcome.key in pages)
    kinds = [Kind(view.kind) for view in views]
    worst = max(kinds, key=lambda kind: kind.rank, default=None)
    failing = [page.failing_since for page in pages.values() if page.failing_since]
    announced = (pages[outcome.key] for outcome in outcomes if outcome.key in pages and outcome.kind is Kind.MAINTENANCE)
    is_stuck = any(page.verdict == Verdict.DOWN for page in announced)  # it lasts longer than any that was planned
    since = min(failing, default=None) if is_stuck or (worst and worst.is_failure) else None
    return SiteSeen(site.name, site.url, Verdict.DOWN.value if is_stuck else _verdict(kinds), str(worst or ""), views, since)


def as_visitors_met(site: Site, view: SiteSeen, incident: Incident) -> SiteSeen:
    """The view of a site that is well for us and was not for its visitors: their pages stand in it as they met them."""
    others = tuple(page for page in view.pages if page.path not in incident.paths)
    met = tuple(
        PageSeen(
            path, Page(site=site, path=path).url, incident.kind, incident.status, incident.last_seen_at, request_id=incident.request_id
        )
        for path in incident.paths
    )
    return replace(view, verdict=Verdict.DOWN.value, kind=incident.kind, pages=met + others, failing_since=incident.first_failure_at)


def proven_only(examination: Examination) -> Examination:
    """What the logs prove. Of a site that answers us well nothing else is held for the cause of what visitors met."""
    kept = (finding for finding in examination.findings if any(proof.source in LOGS for proof in finding.evidence))
    return replace(examination, findings=tuple(kept))


def _page_seen(page: Page, outcome: Outcome, as_answered: bool) -> PageSeen:
    if not as_answered and not outcome.is_failure and page.site.pattern == "intermittent" and page.verdict == Verdict.DOWN:
        return PageSeen(page.path, page.url, page.kind, page.last_status, page.last_at, page.last_detail, token=page.last_token)
    return PageSeen(
        page.path,
        page.url,
        str(outcome.kind),
        outcome.status,
        outcome.at,
        outcome.detail,
        outcome.body,
        outcome.request_id,
        outcome.token,
        " ".join(value for name, value in outcome.headers if name.lower() in ("x-powered-by", "server"))[:500],
        speaker_of(Answer(outcome.status, outcome.headers, outcome.body)) if outcome.is_failure and outcome.status else None,
        outcome.ms,
    )


def _verdict(kinds: Sequence[Kind]) -> str:
    if any(kind.is_failure for kind in kinds):
        return Verdict.DOWN.value
    return Verdict.UNKNOWN.value if not kinds or Kind.BLOCKED in kinds else Verdict.UP.value


def is_well(view: SiteSeen) -> bool:
    """Whether every page answered as expected."""
    return bool(view.pages) and all(page.kind == Kind.OK for page in view.pages)


def examine(site: Site, reader: Reader | None, view: SiteSeen, *, since: datetime | None = None) -> Examination:
    """Facts and checks. Without a reader, what was probed is all there is. `since`: older log lines tell of another time."""
    began = timezone.now()
    # A log server lags by minutes: what was changed just now is not told there yet.
    shown = log_servers.read(site, view, began) if purposes.now_doing().purpose == "diagnosis" else None
    told = panels.seen_for(site, view, began) if purposes.now_doing().purpose == "diagnosis" else None
    left_s = TIME_LIMIT_S - (timezone.now() - began).total_seconds()
    if reader is None or not site.docroot:
        evidence = Evidence(view, site.profile_name, reader.protocol if reader else "none", read_at=began)
        evidence = replace(evidence, error_log=shown.lines) if shown is not None else evidence
    else:
        beside = since_baseline.places_of(site, changes.seen_failing_since(view))
        paths = SitePaths(site.docroot, site.error_log, site.access_log, neighbours(site), beside)
        ask = databases.asker(site.host)
        evidence = gather(reader, view, paths, site.profile_name, timezone.now(), left_s, ask_database=ask, shown=shown)
        evidence = wordpress_pages.with_installer_page(site, evidence)
    below, above, beside_it = _other_sites(site)
    evidence = replace(evidence, panel=told, sites_below=below, sites_above=above, sites_beside=beside_it)
    compared = since_baseline.changes(site, evidence) if changes.failing_since(evidence) else ()
    evidence = replace(evidence, changes=changes.by_times(evidence) if compared is None else compared)
    if reader is not None and site.docroot:
        evidence = changed_files.read(reader, evidence)
    if since is not None and isinstance(evidence.error_log, tuple):
        evidence = replace(evidence, error_log=tuple(line for line in evidence.error_log if line.at is not None and line.at >= since))
    run = run_checks(replace(evidence, tried=kept.of_site(site, evidence)))
    if reader is not None:
        evidence = lost_links.with_places(site, reader, evidence, run.findings, neighbours(site))
        evidence = looking.with_copies(site, reader, evidence, run.findings, neighbours(site))
        evidence = replace(evidence, at_hand=at_hand.read(reader, evidence, run.findings))
    return Examination(evidence, run.findings, run.inconclusive)


def neighbours(site: Site) -> tuple[str, ...]:
    """The folders of other sites on the same account: one may hold the same program in the same release."""
    others = Site.objects.filter(host=site.host_id).exclude(pk=site.pk).exclude(docroot="").order_by("name")
    return tuple(others.values_list("docroot", flat=True)[:_MOST_NEIGHBOURS])


def _other_sites(site: Site) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Folders of the team's other sites on this machine, over whatever connection they are known: those inside of this one's, those that
    this one lies in, and all that do not lie inside of it."""
    if site.host is None or not site.docroot:
        return (), (), ()
    others = Site.objects.filter(team=site.team_id, host__address=site.host.address).exclude(pk=site.pk).exclude(docroot="")
    folders, own = tuple(others.order_by("name").values_list("docroot", flat=True)), f"{site.docroot.rstrip('/')}/"
    below = tuple(folder for folder in folders if folder.startswith(own))
    above = tuple(folder for folder in folders if own.startswith(slashed := f"{folder.rstrip('/')}/") and slashed != own)
    return below, above, tuple(folder for folder in folders if folder not in below)


def plan_for(examination: Examination, finding: Finding, repair_id: str, answers: Sequence[tuple[str, str]] = ()) -> Plan | None:
    """What a repair would do for a finding, computed from this evidence; None where it has nothing to do."""
    if repair_id not in {repair.id for repair in all_repairs()}:
        return None
    return plan_repair(repair_id, examination.evidence, finding, tuple(answers))


def plans_for(examination: Examination, finding: Finding, repair_id: str) -> list[Plan]:
    """Every plan of a repair that a person may choose among, the best first; without those that have nothing to do."""
    if repair_id not in {repair.id for repair in all_repairs()}:
        return []
    chosen = ways(repair_id, examination.evidence, finding)
    plans = (plan_repair(repair_id, examination.evidence, finding, answers) for answers in chosen)
    return [plan for plan in plans if plan is not None and plan.changes]


def same_finding(one: Finding, other: Finding) -> bool:
    """Whether two examinations speak of the same thing."""
    return (one.cause, one.path, one.line) == (other.cause, other.path, other.line)
