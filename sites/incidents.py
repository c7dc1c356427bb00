"""The life of an incident: opened, extended, back again, acknowledged, muted, resolved. Every step leaves a line in its timeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import fingerprints, incident_rules, judging, notifications, signals, storms
from sites.bulk import update_rows
from sites.incident_endings import close
from sites.incident_rules import BLOCKED_MAIL_AFTER, REOPENED_WITHIN, Change, Ending, Opening
from sites.incident_shapes import EXTENDED, describe, of_samples, opening_text
from sites.judging import Verdict
from sites.looks import samples as look_samples
from sites.models import Incident, IncidentEntry, Notification, Site, Transition
from sites.timeline import add_entry
from sites.visitors import marks as visitor_marks
from sites.windows import maintenance
from sites.wording import duration_words, looks_sentence, rate_words

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from sites.storing.samples import Sample

__all__ = ["REOPENED_WITHIN"]

Kind = IncidentEntry.Kind


def follow(by_site: Mapping[int, Sequence[Sample]], recovered: Sequence[Site], now: datetime) -> None:
    """What a batch means for incidents: called by `batch` in its transaction, with the sites locked. No query when all is well."""
    touched = {pk: samples for pk, samples in by_site.items() if any(_matters(sample) for sample in samples)}
    if touched:
        open_ones: dict[int, list[Incident]] = defaultdict(list)
        for incident in Incident.objects.filter(site__in=touched, resolved_at=None).select_related("site"):
            open_ones[incident.site_id].append(incident)
        extended: list[Incident] = []
        _add_looks(touched)
        for site_id, samples in touched.items():
            _follow_site(samples[0].page.site, samples, open_ones[site_id], extended, now)
        rows = {incident.pk: tuple(getattr(incident, name) for name in EXTENDED) for incident in extended}
        if rows:
            update_rows(Incident, rows, EXTENDED)
    _tell_blocked(by_site, now)
    for site in recovered:
        transaction.on_commit(partial(signals.site_recovered.send_robust, sender=Site, site_id=site.pk))


def _add_looks(touched: dict[int, Sequence[Sample]]) -> None:
    """Failing looks hold an incident as pages do. Only a site that has some asks for them."""
    asked = [pk for pk, samples in touched.items() if samples[0].page.site.looks]
    if not asked:
        return
    for pk, looks in look_samples.failing(asked).items():
        given = {(sample.page.pk, sample.look) for sample in touched[pk]}
        touched[pk] = [*touched[pk], *(look for look in looks if (look.page.pk, look.look) not in given)]


def _matters(sample: Sample) -> bool:
    return bool(sample.transitions) or (sample.outcome is not None and Verdict.DOWN in (sample.old_verdict, sample.state.verdict))


def _follow_site(site: Site, samples: Sequence[Sample], open_ones: list[Incident], extended: list[Incident], now: datetime) -> None:
    _name_as_known(samples, open_ones)
    found = incident_rules.failing(samples, open_ones, lambda sample: look_samples.may_open(sample, samples))
    for group in found:
        if group.incident is not None:
            incident = group.incident
            _extend(incident, group.seen, group.held, samples, now)
        elif met := visitor_marks.adopt(group.fingerprint, group.seen, group.held, open_ones, now):
            incident = met
            incident.pattern = judging.Pattern.NONE  # what visitors met is no measure of what probes see
            _extend(incident, group.seen, group.held, samples, now)
        else:
            incident = _open(site, group.fingerprint, group.seen, group.held, samples, now)
            open_ones.append(incident)
        extended.append(incident)
    for incident in open_ones:
        _resolve_if_over(incident, samples, now)
    if open_ones and any(t.new in (Verdict.DOWN, Verdict.UP) for sample in samples for t in sample.transitions):
        _note_flapping(site, open_ones, now)


def _name_as_known(samples: Sequence[Sample], open_ones: Iterable[Incident]) -> None:
    """A failure whose incident was opened under older rules of fingerprints is that incident still."""
    known = {incident.fingerprint for incident in open_ones if fingerprints.is_older(incident.fingerprint)}
    for sample in samples if known else ():
        if sample.outcome is not None and sample.fingerprint and not known.isdisjoint(names := _older_names(sample)):
            sample.extra["fp"] = next(name for name in names if name in known)


def _older_names(sample: Sample) -> list[str]:
    outcome = sample.outcome
    return fingerprints.older(outcome.kind, outcome.status, outcome.detail, outcome.excerpt) if outcome else []


def _extend(incident: Incident, those: Sequence[Sample], held: Sequence[Sample], samples: Sequence[Sample], now: datetime) -> None:
    paths, for_whom, pattern = incident.paths, incident.looks, incident.pattern
    describe(incident, those, held, samples)
    _keep_pattern_in_window(incident, pattern)
    if for_whom != incident.looks:
        add_entry(incident, Kind.HINT, looks_sentence(incident.kind, incident.status, incident.looks), at=incident.last_seen_at)
    if added := [path for path in incident.paths if path not in paths]:
        add_entry(incident, Kind.BAD, _("%(paths)s fails in the same way.") % {"paths": ", ".join(added)}, at=incident.last_seen_at)
    tell_when_window_is_over(incident, incident.last_seen_at)
    _tell_if_back_to_stay(incident, held)
    _note_pattern(incident, pattern, now)


def _keep_pattern_in_window(incident: Incident, before: str) -> None:
    """A change of pattern is news that a maintenance window keeps back: the first probe after it shall find the change again."""
    if incident_rules.pattern_change(before, incident.pattern) and maintenance.running(incident.site, incident.last_seen_at):
        incident.pattern = before


def _note_pattern(incident: Incident, before: str, now: datetime) -> None:
    """What failed now and then and now fails every time is told; the reverse is only noted."""
    change = incident_rules.pattern_change(before, incident.pattern)
    if change is Change.ESCALATED:
        add_entry(incident, Kind.BAD, _("It failed now and then; now it fails every time."), at=now)
        notifications.escalated(incident, now)
    elif change is Change.EASED:
        add_entry(incident, Kind.HINT, _("It no longer fails every time, but %(often)s.") % {"often": rate_words(incident.rate)}, at=now)
        if incident_rules.is_news_again(incident.reopened, notifications.was_told(incident, Notification.Kind.RECOVERY)):
            _announce_flapping(incident, now)


def _open(
    site: Site, fingerprint: str, those: Sequence[Sample], held: Sequence[Sample], samples: Sequence[Sample], now: datetime
) -> Incident:
    """A new incident, a regression, or the one that was over a moment ago."""
    names = [fingerprint, *_older_names(those[0])]
    earlier = Incident.objects.filter(site=site, fingerprint__in=names).exclude(resolved_at=None).order_by("-resolved_at").first()
    how = incident_rules.opening(earlier.resolved_at if earlier else None, now)
    if earlier and how is Opening.REOPENED:
        earlier.site = site
        return _reopen(earlier, those, held, samples, now)
    incident = of_samples(site, fingerprint, those, held, samples, now)
    incident.regression_of, incident.together_with = earlier, storms.lead_of(incident, now)
    try:
        with transaction.atomic():
            incident.save(force_insert=True)
    except IntegrityError:  # another batch opened it at the same moment: it is the same incident
        other = Incident.objects.select_related("site").get(site=site, fingerprint=fingerprint, resolved_at=None)
        _extend(other, those, held, samples, now)
        return other
    add_entry(incident, Kind.BAD, opening_text(incident), at=incident.first_failure_at)
    notifications.incident_opened(incident, str(how), now, seen_at=incident.last_seen_at)
    transaction.on_commit(partial(signals.incident_opened.send_robust, sender=Incident, incident_id=incident.pk))
    return incident


def tell_when_window_is_over(incident: Incident, seen_at: datetime) -> None:
    """What was only noted, because it began in a maintenance window, is told by the first failure that is seen after its end."""
    if incident.held_at is None or seen_at < incident.held_at or maintenance.running(incident.site, seen_at) is not None:
        return
    _tell_held(incident, seen_at, _("The maintenance window is over and it still fails: from now on it is told."))


def _tell_held(incident: Incident, at: datetime, text: str = "") -> None:
    if not Incident.objects.filter(pk=incident.pk, held_at=incident.held_at).update(held_at=None):
        return  # another batch has told it
    incident.held_at = None
    if text:
        add_entry(incident, Kind.HINT, text, at=at)
    again = incident.regression_of_id or notifications.heard_it_is_over(incident)
    notifications.incident_opened(incident, Notification.Kind.REGRESSION if again else Notification.Kind.NEW, at)


def hold_if_believed_over(incident: Incident, now: datetime) -> None:
    """What is back in a maintenance window is held as a new failure is, when the last that people heard is that it is over."""
    if incident.held_at is None and notifications.heard_it_is_over(incident):
        maintenance.hold(incident, now)


def _tell_if_back_to_stay(incident: Incident, held: Sequence[Sample]) -> None:
    """A return that was not told, as it might have been over in a moment, is told when it lasts and people believe that it is over."""
    since = min((sample.state.failing_since for sample in held if sample.state.failing_since), default=None)
    seen_at = incident.last_seen_at
    if not incident.reopened or incident.held_at is not None or since is None or seen_at - since < REOPENED_WITHIN:
        return
    over_at = notifications.heard_it_is_over(incident)
    kind, text = Notification.Kind.REGRESSION, _("It is back to stay, and people were told that it is over: it is told again.")
    if over_at is None or seen_at - over_at < REOPENED_WITHIN or notifications.is_muted(incident, kind, seen_at):
        return
    if maintenance.running(incident.site, seen_at) is None and not incident.entries.filter(at__gt=over_at, text=text).exists():
        add_entry(incident, Kind.HINT, text, at=seen_at)
        notifications.incident_opened(incident, kind, seen_at)


def _reopen(incident: Incident, those: Sequence[Sample], held: Sequence[Sample], samples: Sequence[Sample], now: datetime) -> Incident:
    """Silent but for the timeline: the same failure was over for less than half an hour."""
    withdrawn = incident.held_at is not None and incident.held_at == incident.resolved_at
    incident.reopened += 1
    incident.resolved_at, incident.resolution = None, ""
    pattern = incident.pattern
    describe(incident, those, held, samples)
    _keep_pattern_in_window(incident, pattern)
    try:
        with transaction.atomic():
            incident.save(update_fields=["reopened", "resolved_at", "resolution", *EXTENDED])
    except IntegrityError:  # another batch was first
        other = Incident.objects.select_related("site").get(site=incident.site, fingerprint=incident.fingerprint, resolved_at=None)
        _extend(other, those, held, samples, now)
        return other
    add_entry(incident, Kind.BAD, _("It answers the same failure again within half an hour: the incident is open again."), at=now)
    if withdrawn:
        _tell_held(incident, now)
    hold_if_believed_over(incident, now)
    tell_when_window_is_over(incident, now)
    _note_pattern(incident, pattern, now)
    transaction.on_commit(partial(signals.incident_opened.send_robust, sender=Incident, incident_id=incident.pk))
    return incident


def _resolve_if_over(incident: Incident, samples: Sequence[Sample], now: datetime) -> None:
    ending = None if visitor_marks.is_of_visitors(incident) else incident_rules.ending(incident, samples)
    if ending is Ending.ANOTHER_WAY:
        text = _("The pages now fail in another way: a further incident tells how.")
        close(incident, Incident.Resolution.RECOVERY, now, text)
    if ending is not Ending.WELL:
        return
    lasted = duration_words((now - incident.first_failure_at).total_seconds())
    close(incident, Incident.Resolution.RECOVERY, now, _("Well again after %(time)s, confirmed by probes.") % {"time": lasted})
    notifications.incident_recovered(incident, now)


def _note_flapping(site: Site, open_ones: Iterable[Incident], now: datetime) -> None:
    if maintenance.running(site, now) is not None:  # restarts and half-copied files are part of the work
        return
    since = now - judging.FLAPPING_WINDOW
    # What a person does (a repair, above all) begins the count anew: repairing, undoing and repairing again is no flapping.
    acts = IncidentEntry.objects.filter(incident__site=site, kind=Kind.PERSON, at__gt=since, at__lte=now)
    since = acts.order_by("-at").values_list("at", flat=True).first() or since
    changes = Transition.objects.filter(page__site=site, at__gt=since).filter(Q(new=Verdict.DOWN) | Q(old=Verdict.DOWN, new=Verdict.UP))
    by_page: dict[int, list[datetime]] = defaultdict(list)  # a site whose pages all fail once does not flap
    for page_id, at in changes.values_list("page_id", "at"):
        by_page[page_id].append(at)
    if not any(judging.is_flapping(times, now) for times in by_page.values()):
        return
    for incident in open_ones:
        _announce_flapping(incident, now)


def _announce_flapping(incident: Incident, now: datetime) -> None:
    if Incident.objects.filter(pk=incident.pk, flapping=False).update(flapping=True):
        incident.flapping = True
        add_entry(incident, Kind.HINT, _("It fails and recovers again and again: this is announced once, then only noted here."), at=now)
        notifications.flapping(incident, now)


def _tell_blocked(by_site: Mapping[int, Sequence[Sample]], now: datetime) -> None:
    for samples in by_site.values():
        since = [sample.state.blocked_since for sample in samples if sample.outcome and sample.state.blocked_since and not sample.look]
        if since and now - min(since) >= BLOCKED_MAIL_AFTER:
            notifications.blocked(samples[0].page.site, min(since), now)


@transaction.atomic
def acknowledge(incident: Incident, user: AbstractBaseUser) -> None:
    """This person has it. The mail about the recovery still comes."""
    now = timezone.now()
    if Incident.objects.filter(pk=incident.pk, acknowledged_at=None).update(acknowledged_by=user, acknowledged_at=now):
        add_entry(incident, Kind.PERSON, _("Has taken it."), by=user, at=now)
    incident.refresh_from_db()


@transaction.atomic
def unacknowledge(incident: Incident, user: AbstractBaseUser | None = None) -> None:
    """Nobody has it any more."""
    taken = Incident.objects.filter(pk=incident.pk).exclude(acknowledged_at=None)
    if taken.update(acknowledged_by=None, acknowledged_at=None):
        add_entry(incident, Kind.PERSON, _("Has handed it back."), by=user)
    incident.refresh_from_db()


@transaction.atomic
def mute(incident: Incident, user: AbstractBaseUser | None, until: datetime | None) -> None:
    """No notifications of this incident until then; None ends it."""
    incident.muted_until = until
    incident.save(update_fields=["muted_until"])
    text = (
        _("Has muted it until %(time)s.") % {"time": timezone.localtime(until).strftime("%d.%m.%Y %H:%M %Z")}
        if until
        else _("Has unmuted it.")
    )
    add_entry(incident, Kind.PERSON, text, by=user)


def open_count() -> int:
    """How many incidents are open."""
    return Incident.objects.filter(resolved_at=None, site__deleted_at=None).count()
