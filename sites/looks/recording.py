"""What looks saw, judged and stored, with the incidents that follow from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import incidents, judging
from sites.bulk import update_rows
from sites.fingerprints import fingerprint
from sites.judging import Policy, Verdict
from sites.looks import samples as look_samples
from sites.looks.due import MOST_PACE_S, pace_s
from sites.models import Look, Page, Site
from sites.probing.outcome import Kind, Outcome
from sites.scheduling import next_due
from sites.storing.batch import Batch
from sites.storing.samples import Sample
from sites.windows import maintenance

_SUSPECT_PAGE_S = 25.0  # a page that is being confirmed itself is decided after this
_REFUSALS = frozenset({401, 403, 405, 406, 418, 429, 451})  # with which firewalls turn a browser away by its name
_COLUMNS = ("due_at", "verdict", "state", "kind", "since", "last_at", "last_status", "last_ms", "last_detail", "last_message")


def record(outcomes: Iterable[Outcome], now: datetime | None = None, policy: Policy | None = None) -> int:
    """Stores what looks saw and what follows from it, in one transaction; the outcomes' keys are those of looks. Harmless when run twice.

    `policy` replaces the thresholds of judging; returns how many outcomes counted.
    """
    kept = {outcome.key: outcome for outcome in sorted(outcomes, key=lambda outcome: outcome.at)}
    if not kept:
        return 0
    with transaction.atomic():
        return _Round(now or timezone.now(), policy).store(kept)


class _Round:
    """What one transaction stores."""

    def __init__(self, now: datetime, policy: Policy | None) -> None:
        self.now = now
        self.policy = policy
        self.rows: dict[int, tuple[Any, ...]] = {}
        self.taken: list[tuple[Sample, Outcome]] = []
        self.judged: dict[int, list[Sample]] = defaultdict(list)  # by site: what was or is not well
        self.first_failures: set[int] = set()  # pages

    def store(self, outcomes: dict[int, Outcome]) -> int:
        concerned = Site.objects.filter(pk__in=Look.objects.filter(pk__in=list(outcomes)).values("page__site_id"))
        sites = {site.pk: site for site in concerned.select_for_update().order_by("pk")}
        maintenance.attach(sites.values(), self.now)
        looks = Look.objects.filter(pk__in=list(outcomes)).select_related("page").order_by("pk")
        for look in looks:
            if look.page.site_id in sites:
                look.page.site = sites[look.page.site_id]
                self._judge(look, outcomes[look.pk])
        update_rows(Look, self.rows, _COLUMNS)
        if self.judged:
            self._follow(sites)
        return len(self.rows)

    def _judge(self, look: Look, outcome: Outcome) -> None:
        if look.last_at is not None and outcome.at <= look.last_at:
            return
        site, sample = look.page.site, look_samples.sample_of(look)
        if look.page.verdict != Verdict.UP:
            self.rows[look.pk] = self._put_off(look, sample)
            return
        outcome = _as_seen(outcome, look.what)
        policy = self.policy or Policy(interval_s=float(pace_s(site.interval_s)), blocked_max_s=float(MOST_PACE_S))
        planned = outcome.kind != Kind.OK and maintenance.running(site, outcome.at) is not None
        judged = judging.judge(sample.state, outcome.kind, outcome.at, policy, in_window=planned)
        before, sample.state, sample.outcome = sample.state.verdict, judged.state, outcome
        if judged.transition:
            sample.transitions.append(judged.transition)
        _note_fingerprint(sample, outcome)
        if judged.state.verdict == Verdict.SUSPECT and before != Verdict.SUSPECT:
            self.first_failures.add(look.page_id)
        if before not in (Verdict.UP, Verdict.UNKNOWN) or outcome.is_failure or site.looks:
            self.judged[site.pk].append(sample)
        if outcome.is_failure and before != Verdict.DOWN:
            self.taken.append((sample, outcome))
        after = judged.next_after_s
        self.rows[look.pk] = _row(look, sample, self._regular(look) if after is None else outcome.at + timedelta(seconds=after))

    def _regular(self, look: Look) -> datetime:
        return next_due(look.anchor_at, pace_s(look.page.site.interval_s), self.now)

    def _put_off(self, look: Look, sample: Sample) -> tuple[Any, ...]:
        """The page fails for everybody, or that is being found out: a look at it says nothing now."""
        if look.page.verdict == Verdict.SUSPECT:
            return _row(look, sample, self.now + timedelta(seconds=_SUSPECT_PAGE_S))
        if sample.state.verdict == Verdict.SUSPECT:
            sample.state = replace(sample.state, verdict=Verdict.UP, samples=(), failing_since=None)
            sample.extra = {}
        return _row(look, sample, self._regular(look))

    def _follow(self, sites: dict[int, Site]) -> None:
        """Evidence, the summary of the sites, incidents, and quick looks at what may be failing."""
        Batch(self.now, None, [], {}, {}, taken=self.taken, with_evidence=set(range(len(self.taken)))).store_results()
        concerned = {site_id: sites[site_id] for site_id in self.judged}
        together = look_samples.pages_of(concerned)
        failing = look_samples.failing(self.judged)
        for site_id, samples in self.judged.items():
            given = {(sample.page.pk, sample.look) for sample in samples}
            others = [sample for sample in failing.get(site_id, []) if (sample.page.pk, sample.look) not in given]
            together[site_id] += [*samples, *others]
        recovered = look_samples.store_summaries(concerned, together, self.now)
        incidents.follow(together, recovered, self.now)
        self._hurry()

    def _hurry(self) -> None:
        """After a first failure the plain probe and the other looks at the page are made at once: who is concerned is known sooner."""
        if self.first_failures:
            Page.objects.filter(pk__in=self.first_failures, due_at__gt=self.now).update(due_at=self.now)
            siblings = Look.objects.filter(page_id__in=self.first_failures, due_at__gt=self.now)
            siblings.filter(kind__in=("", Kind.OK)).update(due_at=self.now)


def _as_seen(outcome: Outcome, what: str) -> Outcome:
    """A refusal that the plain probe does not get is about who asks or how: noted, never called down.

    A firewall turns browsers away by their name; some sites refuse a query that they do not know.
    """
    by_name = outcome.status in _REFUSALS or (what == Look.What.BOT and outcome.status == 503)
    refused = outcome.is_failure and (by_name if what != Look.What.CACHE_PROOF else outcome.kind == Kind.CLIENT_ERROR)
    if not refused:
        return outcome
    message = _("The site or a firewall refuses this kind of request with %(status)s; the plain probe is let in.")
    return replace(outcome, kind=Kind.BLOCKED, detail="refused", message=message % {"status": outcome.status})


def _note_fingerprint(sample: Sample, outcome: Outcome) -> None:
    """Keeps what the look fails with from its first failure until it is confirmed; what is down keeps that until it is well."""
    if sample.state.verdict == Verdict.UP:
        sample.extra.clear()
    elif outcome.is_failure and (sample.state.verdict == Verdict.SUSPECT or sample.transitions or "fp" not in sample.extra):
        sample.extra["fp"] = fingerprint(outcome.kind, outcome.status, outcome.detail, outcome.excerpt)


def _row(look: Look, sample: Sample, due_at: datetime) -> tuple[Any, ...]:
    """The look's columns; those of the last outcome stay as they are when there is none."""
    state, outcome = sample.state, sample.outcome
    seen: tuple[Any, ...] = (look.last_at, look.last_status, look.last_ms, look.last_detail, look.last_message)
    if outcome is not None:
        seen = (outcome.at, outcome.status, outcome.ms, outcome.detail[:60], outcome.message[:300])
    stored = judging.state_to_json(state) | sample.extra
    return (due_at, str(state.verdict), stored, str(state.kind), state.since, *seen)
