"""One batch of outcomes on its way into the database: loaded, judged, stored, with a number of statements that does not grow with it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any

from django.utils.translation import gettext

from sites import incidents, judging
from sites.bulk import insert_rows, update_rows
from sites.fingerprints import fingerprint, older
from sites.history import rolling
from sites.incident_rules import note_fingerprint
from sites.judging import PageState, Policy, Verdict
from sites.looks import samples as look_samples
from sites.models import FailureEvidence, Page, ProbeResult, Site, Transition
from sites.models.probe import Counts
from sites.probing.outcome import Kind, Outcome, Purpose
from sites.scheduling import next_due
from sites.storing.calm import RESULT_COLUMNS
from sites.storing.samples import Sample, stored_state
from sites.windows import maintenance

_PAGE_COLUMNS = (
    "due_at", "verdict", "state", "goods_since", "kind", "since", "failing_since", "last_at", "last_status",
    "last_ms", "last_detail", "last_message", "last_token", "last_token_at",
)  # fmt: skip
_SITE_COLUMNS = ("verdict", "verdict_since", "kind", "scope", "pattern", "last_probe_at", "last_ms")


PRACTICE_STUCK_S = 60.0


@lru_cache(maxsize=64)
def policy_of(interval_s: int, practice: bool = False) -> Policy:
    """The thresholds in force for sites of this interval. Who practises does not wait half an hour for a maintenance to be stuck."""
    usual = Policy(interval_s=float(interval_s))
    return replace(usual, stuck_maintenance_s=PRACTICE_STUCK_S) if practice else usual


@dataclass(slots=True)
class Batch:
    """What one transaction stores."""

    now: datetime
    policy: Policy | None
    outcomes: list[Outcome]
    sites: dict[int, Site]
    samples: dict[int, Sample]
    taken: list[tuple[Sample, Outcome]] = field(default_factory=list)
    with_evidence: set[int] = field(default_factory=set)  # positions in `taken`
    counted: dict[int, Counts] = field(default_factory=dict)  # how the figures take it, by position in `taken`
    confirmed: list[tuple[int, int, datetime]] = field(default_factory=list)  # (site, page, when its failure began)
    ending: set[int] = field(default_factory=set)  # pages that were seen whole to their last tag for the first time

    @classmethod
    def load(cls, outcomes: list[Outcome], now: datetime, policy: Policy | None) -> Batch:
        """Locks the sites, in the order of their keys as `calm.lock_sites` does, and loads all their pages."""
        keys = {outcome.key for outcome in outcomes}
        wanted = Page.objects.filter(pk__in=keys).values_list("site_id", flat=True)
        sites = {site.pk: site for site in Site.objects.select_for_update().filter(pk__in=set(wanted)).order_by("pk")}
        maintenance.attach(sites.values(), now)
        samples: dict[int, Sample] = {}
        for page in Page.objects.filter(site_id__in=sites).order_by("position", "pk"):
            page.site = sites[page.site_id]
            samples[page.pk] = Sample.of(page)
        return cls(now, policy, sorted(outcomes, key=lambda outcome: outcome.at), sites, samples)

    def judge(self, unheard: frozenset[int] = frozenset()) -> None:
        """Takes in each outcome that is newer than what is known of its page; pages that are gone are passed over.

        `unheard`: keys of pages whose outcome says nothing, since our own connection is down.
        """
        for outcome in self.outcomes:
            sample = self.samples.get(outcome.key)
            if sample is None:
                continue
            if outcome.purpose == Purpose.CACHE_PROOF:
                self._note_token(sample, outcome)
                self._take(sample, outcome, evidence=outcome.is_failure)
            elif sample.page.last_at is None or outcome.at > sample.page.last_at:
                take_in = self._pass_over if outcome.key in unheard else self._judge
                take_in(sample, outcome)

    def _pass_over(self, sample: Sample, outcome: Outcome) -> None:
        """Nothing is stored of a probe that could not leave but that the page is unknown now, unless it was down for certain."""
        judged = judging.unheard(sample.state, outcome.at)
        sample.changed, sample.page.last_at = True, outcome.at
        self._set_due(sample, outcome, None, was_calm=False)
        if judged.state == sample.state:
            return
        sample.state, sample.outcome = judged.state, outcome
        sample.extra.clear()
        if judged.transition:
            sample.transitions.append(judged.transition)
        message = gettext("Our own connection seems to be down: this says nothing about the site.")
        _put_on_page(sample.page, judged.state, replace(outcome, message=message))

    def _take(self, sample: Sample, outcome: Outcome, *, evidence: bool) -> None:
        if evidence:
            self.with_evidence.add(len(self.taken))
        self.taken.append((sample, outcome))

    def _note_token(self, sample: Sample, outcome: Outcome) -> None:
        if outcome.token:
            sample.page.last_token, sample.page.last_token_at = outcome.token[:32], outcome.at
            sample.changed = True

    def _judge(self, sample: Sample, outcome: Outcome) -> None:
        page, before = sample.page, sample.state
        policy = self.policy or policy_of(page.site.interval_s, page.site.practice)
        planned = outcome.kind != Kind.OK and maintenance.running(page.site, outcome.at) is not None
        judged = judging.judge(before, outcome.kind, outcome.at, policy, in_window=planned)
        sample.state, sample.outcome, sample.changed = judged.state, outcome, True
        if judged.transition:
            sample.transitions.append(judged.transition)
        new_failure = _note_fingerprint(sample, outcome, stays=judged.transition is None)
        # A site that stays down is not kept again and again: what it said is kept until it is confirmed, and when it changes.
        odd = outcome.is_failure or outcome.kind == Kind.BLOCKED
        self._take(sample, outcome, evidence=odd and (new_failure or before.verdict != Verdict.DOWN))
        self._note_token(sample, outcome)
        # A failure in a maintenance window is planned: it counts neither for nor against the site.
        if outcome.purpose == Purpose.ROUTINE and not (planned and outcome.is_failure):
            self.counted[len(self.taken) - 1] = _counts(outcome, judged.state.verdict)
        if judged.transition and before.verdict == Verdict.SUSPECT and judged.state.verdict == Verdict.DOWN:
            self.confirmed.append((page.site_id, page.pk, before.failing_since or outcome.at))
        self._set_due(sample, outcome, judged.next_after_s, was_calm=before.verdict == Verdict.UP)
        _put_on_page(page, judged.state, outcome)
        if outcome.ends and not page.ending:
            self.ending.add(page.pk)

    def _set_due(self, sample: Sample, outcome: Outcome, next_after_s: float | None, *, was_calm: bool) -> None:
        page = sample.page
        confirming = sample.extra.pop("confirming", None)
        if page.due_at is None:  # paused
            return
        if next_after_s is None and was_calm and not confirming and page.due_at > self.now:
            return  # whoever claimed the page has set its next time
        regular = next_due(page.anchor_at or outcome.at, page.site.interval_s, self.now)
        if next_after_s is None:
            page.due_at = regular
            return
        wanted = outcome.at + timedelta(seconds=next_after_s)
        if sample.state.blocked_times:
            page.due_at = wanted
        elif wanted < regular:
            page.due_at, sample.extra["confirming"] = wanted, 1
        else:
            page.due_at = regular

    def store(self) -> None:
        """Writes everything, the incidents and notifications that follow included."""
        self.store_results()
        self._store_counts()
        changed = [sample for sample in self.samples.values() if sample.changed]
        update_rows(Page, {sample.page.pk: _page_row(sample) for sample in changed}, _PAGE_COLUMNS)
        if self.ending:
            Page.objects.filter(pk__in=self.ending, ending="").update(ending=Page.Ending.WHOLE)
        recovered = self._store_sites()
        transitions = [(s.page.pk, t.at, t.old, t.new, t.kind, t.why[:200]) for s in changed for t in s.transitions]
        insert_rows(Transition, ("page", "at", "old", "new", "kind", "why"), transitions)
        incidents.follow(self.by_site(), recovered, self.now)

    def by_site(self) -> dict[int, list[Sample]]:
        """All pages of each site of the batch, in their order."""
        grouped: dict[int, list[Sample]] = defaultdict(list)
        for sample in self.samples.values():
            grouped[sample.page.site_id].append(sample)
        return grouped

    def store_results(self) -> None:
        """Stores what was taken in. What comes with evidence needs its key at once; the rest goes in by one plain statement."""
        plain = [self._result(n) for n in range(len(self.taken)) if n not in self.with_evidence]
        insert_rows(ProbeResult, RESULT_COLUMNS, plain)
        if self.with_evidence:
            kept = sorted(self.with_evidence)
            rows = ProbeResult.objects.bulk_create(
                ProbeResult(**dict(zip(RESULT_COLUMNS, self._result(n), strict=True)) | {"page": self.taken[n][0].page}) for n in kept
            )
            FailureEvidence.objects.bulk_create(_evidence(row, self.taken[n][1]) for row, n in zip(rows, kept, strict=True))

    def _result(self, position: int) -> tuple[Any, ...]:
        sample, outcome = self.taken[position]
        values = (sample.page.pk, outcome.at, str(outcome.purpose), str(outcome.kind), outcome.status, outcome.ms)
        return (*values, outcome.timings.first_byte_ms, outcome.detail[:60], int(self.counted.get(position, Counts.NOT)))

    def _store_counts(self) -> None:
        """A failure that is confirmed was no single bad sample from its beginning on."""
        touched = [(self.taken[n][0].page.site_id, self.taken[n][1].at) for n, counts in self.counted.items() if counts > Counts.GOOD]
        for site_id, page_id, first in self.confirmed:
            ProbeResult.objects.filter(page_id=page_id, at=first, counts=Counts.SUSPECT).update(counts=Counts.FAILED)
            touched.append((site_id, first))
        if touched:
            rolling.touch(touched)

    def _store_sites(self) -> list[Site]:
        """Sums up the pages of each site; returns the sites of which every page is up again."""
        rows: dict[int, tuple[Any, ...]] = {}
        recovered: list[Site] = []
        for site_id, samples in self.by_site().items():
            site = self.sites[site_id]
            if not any(sample.outcome for sample in samples):
                continue
            if _sum_up(site, samples, self.now):
                recovered.append(site)
            rows[site_id] = tuple(getattr(site, name) for name in _SITE_COLUMNS)
        if rows:
            update_rows(Site, rows, _SITE_COLUMNS)
        return recovered


def _note_fingerprint(sample: Sample, outcome: Outcome, *, stays: bool) -> bool:
    """Keeps what the page fails with. True when that is new."""
    what = (outcome.kind, outcome.status, outcome.detail, outcome.excerpt)
    seen, known_as = partial(fingerprint, *what), partial(older, *what)
    return note_fingerprint(sample.extra, sample.state, outcome.is_failure, seen, known_as, stays=stays)


def _sum_up(site: Site, samples: list[Sample], now: datetime) -> bool:
    """Writes the summary into the unsaved row. True when the site was down and is up."""
    states = [sample.state for sample in samples]
    verdict = look_samples.sum_up(site, states)
    last = [sample.outcome for sample in samples if sample.outcome]
    recovered = verdict == Verdict.UP and any(s.old_verdict == Verdict.DOWN for s in samples)
    if verdict != site.verdict:
        site.verdict, site.verdict_since = verdict, max((outcome.at for outcome in last), default=now)
    site.last_probe_at = max(outcome.at for outcome in last)
    if samples[0].outcome:
        site.last_ms = samples[0].outcome.ms
    return recovered


def _put_on_page(page: Page, state: PageState, outcome: Outcome) -> None:
    page.verdict, page.kind, page.since = str(state.verdict), str(state.kind), state.since
    page.failing_since, page.last_at = state.failing_since, outcome.at
    page.last_status, page.last_ms = outcome.status, outcome.ms
    page.last_detail, page.last_message = outcome.detail[:60], outcome.message[:300]


def _page_row(sample: Sample) -> tuple[Any, ...]:
    sample.page.state, sample.page.goods_since = stored_state(sample.state) | sample.extra, 0
    return tuple(getattr(sample.page, name) for name in _PAGE_COLUMNS)


def _counts(outcome: Outcome, verdict: str) -> Counts:
    """How a routine probe counts. One that was refused says nothing about the site."""
    if outcome.kind == Kind.BLOCKED:
        return Counts.NOT
    if not outcome.is_failure:
        return Counts.GOOD
    return Counts.FAILED if verdict == Verdict.DOWN else Counts.SUSPECT


def _evidence(result: ProbeResult, outcome: Outcome) -> FailureEvidence:
    return FailureEvidence(
        result=result,
        message=outcome.message,
        url=outcome.url,
        final_url=outcome.final_url,
        address=outcome.address[:45],
        request_id=outcome.request_id[:200].replace("\x00", ""),
        token=outcome.token[:32],
        headers=[[_plain(name), _plain(value)] for name, value in outcome.headers],
        body=outcome.body[:65_536],
        excerpt=_plain(outcome.excerpt)[:300],
        timings=asdict(outcome.timings),
    )


def _plain(text: str) -> str:
    """PostgreSQL stores no NUL in text."""
    return text.replace("\x00", "")
