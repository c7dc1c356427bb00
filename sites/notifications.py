"""Who hears what, and when. Rows are made in the transaction of what they tell; `sites.delivery` sends them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import delivery, host_news, incident_rules
from sites.models import Host, Incident, IncidentEntry, LineOutage, Membership, Notification, Site
from sites.queueing import enqueue_on_commit
from sites.windows import maintenance

WAIT_FOR_CAUSE = timedelta(seconds=20)
LATEST_AFTER_FIRST_FAILURE = timedelta(seconds=55)  # with what delivery takes, within the promised 60 s
DELIVERY_TASK = "sites.tasks.deliver_notifications"

Kind, State = Notification.Kind, Notification.State
_FAILURES = (Kind.NEW, Kind.REGRESSION)
_WAITS_FOR_UNMUTING = (*_FAILURES, Kind.ESCALATION, Kind.FLAPPING)  # told then, if it is still so
_BACK = ":back-"  # in the key of what is told again of an incident that was reopened: which time it is
# Not told in a maintenance window. A failure itself is held until its end; what follows a mail that has left is told.
_QUIET_IN_WINDOW = (Kind.BLOCKED, Kind.FLAPPING, Kind.ESCALATION, Kind.REMINDER)


def incident_opened(incident: Incident, kind: str, now: datetime, seen_at: datetime | None = None) -> None:
    """A new failure or a regression. With a host, the mail waits a moment for the cause; in a maintenance window nobody is mailed."""
    if maintenance.hold(incident, now, seen_at):
        return
    send_after = now
    if incident.site.host_id:
        send_after = max(now, min(now + WAIT_FOR_CAUSE, incident.first_failure_at + LATEST_AFTER_FIRST_FAILURE))
    how = _("The failure was confirmed by %(how)s.") % {"how": incident.confirmed_by}
    key = f"{kind}:{incident.pk}" + (f"{_BACK}{incident.reopened}" if incident.reopened else "")
    _tell(kind, incident.site, now, key, incident=incident, how=how, send_after=send_after)


def incident_recovered(incident: Incident, now: datetime, how: str = "") -> None:
    """It is over; told once, also when it comes and goes. `how` that is known, if not by probes.

    Nobody hears the end of what was only noted in a maintenance window.
    """
    if incident.held_at is not None:
        return
    by_repair = incident.resolution == Incident.Resolution.REPAIR
    by_probes = _("The recovery was confirmed by two good probes, 30 s apart.")
    if incident.pattern == "intermittent":
        by_probes = _("It failed now and then, so the recovery was confirmed by more good probes in a row than luck would bring.")
    by_probes = _("The repair was verified by probes.") if by_repair else by_probes
    _tell(Kind.RECOVERY, incident.site, now, f"recovery:{incident.pk}{_told_back(incident)}", incident=incident, how=how or by_probes)


def _told_back(incident: Incident) -> str:
    """Which of its times is over: the newest return that was told, empty for the first. What is told again also gets its end."""
    if not incident.reopened:
        return ""
    rows = Notification.objects.filter(incident=incident, kind__in=_FAILURES, dedupe_key__contains=_BACK).exclude(state=State.SUPPRESSED)
    key = rows.order_by("-pk").values_list("dedupe_key", flat=True).first()
    return f"{_BACK}{key.rpartition(_BACK)[2].partition(':')[0]}" if key else ""


def escalated(incident: Incident, now: datetime) -> None:
    """What failed now and then fails every time now; told once, in the thread of the incident."""
    if incident.held_at is None:
        how = _("So many probes in a row failed that it is no longer now and then.")
        _tell(Kind.ESCALATION, incident.site, now, f"escalation:{incident.pk}", incident=incident, how=how)


def own_line_is_back(outage: LineOutage, now: datetime) -> None:
    """Our own connection was down and is back: one mail to everybody who hears of sites, since mail could hardly leave before."""
    members = Membership.objects.filter(wants_mail=True, user__is_active=True).exclude(user__email="").select_related("user")
    people = {member.user_id: member.user for member in members}
    Notification.objects.bulk_create(
        (
            Notification(
                kind=Kind.OWN_LINE,
                user=person,
                recipient=person.email,
                dedupe_key=f"own-line:{outage.pk}:{person.pk}",
                why=_("You are mailed about failing sites. While our own connection was down, none could be seen."),
                created_at=now,
                send_after=now,
            )
            for person in people.values()
        ),
        ignore_conflicts=True,
    )
    enqueue_on_commit(DELIVERY_TASK)


def withdraw(incident: Incident, why: str) -> None:
    """What was not sent yet of an incident that was none is not sent."""
    delivery.suppress(Notification.objects.filter(incident=incident), why)


def was_told(incident: Incident, kind: str) -> bool:
    """Whether this news of an incident was made into a mail for somebody."""
    return Notification.objects.filter(incident=incident, kind=kind).exclude(state=State.SUPPRESSED).exists()


def is_muted(incident: Incident, kind: str, now: datetime) -> bool:
    """Whether this news of an incident would be noted but not mailed at this moment."""
    return bool(_why_muted(incident.site, incident, kind, now))


def heard_it_is_over(incident: Incident) -> datetime | None:
    """When people were told that it is over, if that is the last that they heard of this incident."""
    rows = Notification.objects.filter(incident=incident).exclude(state=State.SUPPRESSED).exclude(kind=Kind.HAND_OVER)
    rows = rows.order_by("-created_at", "-pk")
    kind, at = rows.values_list("kind", "created_at").first() or ("", None)
    return at if kind == Kind.RECOVERY else None


def flapping(incident: Incident, now: datetime) -> None:
    """It fails and recovers again and again; told once."""
    how = _("It changed again and again within a short time. From now on changes are only noted on the incident's page.")
    _tell(Kind.FLAPPING, incident.site, now, f"flapping:{incident.pk}", incident=incident, how=how)


def blocked(site: Site, since: datetime, now: datetime) -> None:
    """Our probes have been refused for an hour, so nobody watches this site; told once."""
    how = _("Every probe since then was refused; whether people can see the site is not known.")
    _tell(Kind.BLOCKED, site, now, f"blocked:{site.pk}:{since:%Y%m%d%H%M%S}", how=how)


def certificate_ends(site: Site, fingerprint: str, days: int, now: datetime) -> None:
    """A certificate ends within so many days; told once per threshold for all sites of the team that use it."""
    how = _("Certificates that end are announced 21, 7 and 1 days before.")
    _tell(Kind.CERTIFICATE, site, now, f"certificate:{site.team_id}:{fingerprint}:{days}", how=how)


def connection_stopped(host: Host, now: datetime) -> None:
    """A hosting account refuses our login, or its key has changed; told once to its team, if sites are blind by it."""
    site = host_news.told_about(host, now)
    if site is not None:
        how = _("Nothing is tried there by itself until somebody has looked.")
        _tell(Kind.STOPPED, site, now, host_news.key(host, now), how=how)


def cause_found(incident: Incident, now: datetime) -> None:
    """The waiting mail leaves now; where it left without this cause, another one follows it."""
    release(incident, now)
    key = f"cause:{incident.pk}:{incident.cause}"
    how = _("The cause was found after the first mail had left.")
    first = Notification.objects.filter(incident=incident, kind__in=(Kind.NEW, Kind.REGRESSION)).select_related("joined_into")
    for row in first.order_by("id"):
        lead = row.joined_into or row
        # One that is being sent is told again only if it was made without this cause.
        if lead.state in (State.SENT, State.SENDING) and lead.body_text and incident.cause_summary not in lead.body_text:
            _tell(Kind.CAUSE, incident.site, now, key, incident=incident, how=how, only_user=row.user_id)


def trials_made(incident: Incident, key: str, now: datetime, since: datetime | None) -> None:
    """What was tried by the site's policy. A mail about the cause that was made `since` says it already, in the same thread."""
    told = Notification.objects.filter(incident=incident, kind=Kind.CAUSE).exclude(state=State.SUPPRESSED)
    if since is None or not told.filter(created_at__gte=since).exists():
        how = _("Trials are made by themselves, as the site's settings allow.")
        _tell(Kind.TRIAL, incident.site, now, f"trial:{incident.pk}:{key}", incident=incident, how=how)


def handed_over(
    site: Site, to: AbstractBaseUser, key: str, details: dict[str, str], now: datetime, *, incident: Incident | None = None
) -> bool:
    """Somebody was named: a mail to this person alone, whatever is muted. False when the person has no address.

    `details`: `who` hands over, their `words`, and the `path` of the page to go on at.
    """
    if not to.email:
        return False
    why = _("%(who)s named you. It is mailed to you alone, also where you are not mailed about this team's sites.") % details
    row = Notification(
        kind=Kind.HAND_OVER, site=site, incident=incident, user=to, recipient=to.email, dedupe_key=f"hand-over:{key}:{to.pk}",
        details=details, why=why, created_at=now, send_after=now,
    )  # fmt: skip
    Notification.objects.bulk_create([row], ignore_conflicts=True)
    enqueue_on_commit(DELIVERY_TASK)
    return True


def repaired_alone(incident: Incident, key: str, now: datetime, since: datetime | None) -> None:
    """What was repaired without a person. A mail that it is well again that was made `since` says it already, in the same thread."""
    told = Notification.objects.filter(incident=incident, kind=Kind.RECOVERY).exclude(state=State.SUPPRESSED)
    if since is None or not told.filter(created_at__gte=since).exists():
        how = _("Repairs are made by themselves, as the site's settings allow.")
        _tell(Kind.AUTOMATIC, incident.site, now, f"automatic:{incident.pk}:{key}", incident=incident, how=how)


def asks_for_approval(incident: Incident, key: str, now: datetime, asked_by: int | None) -> None:
    """A repair waits for a second person: told to each who may say yes, which is not who allowed it in the settings."""
    roles = (Membership.Role.OWNER, Membership.Role.EDITOR)
    members = Membership.objects.filter(team_id=incident.site.team_id, role__in=roles).exclude(user=asked_by)
    how = _("You may say yes or no to a repair that the site's settings allow after a second look.")
    for user_id in members.values_list("user_id", flat=True):
        _tell(
            Kind.APPROVAL, incident.site, now, f"approval:{incident.pk}:{key}", incident=incident, how=how, only_user=user_id
        )  # fmt: skip


def release(incident: Incident, now: datetime) -> None:
    """Ends the waiting for the cause."""
    waiting = Notification.objects.filter(incident=incident, state=State.QUEUED, send_after__gt=now, attempts=0)
    if waiting.filter(kind__in=(Kind.NEW, Kind.REGRESSION)).update(send_after=now):
        enqueue_on_commit(DELIVERY_TASK)


def send_test(recipient: str, user: AbstractBaseUser | None = None) -> Notification:
    """Sends a test mail at once and returns what became of it."""
    now = timezone.now()
    row = Notification.objects.create(
        kind=Kind.TEST,
        user=user,
        recipient=recipient,
        dedupe_key=f"test:{now.isoformat()}:{recipient}"[:200],
        why=_("Somebody asked for a test mail on the settings page."),
        created_at=now,
        send_after=now,
    )
    delivery.deliver(row.pk, now)
    row.refresh_from_db()
    return row


def _tell(
    kind: str,
    site: Site,
    now: datetime,
    key: str,
    *,
    how: str,
    incident: Incident | None = None,
    send_after: datetime | None = None,
    only_user: int | None = None,
) -> None:
    """One row per member who wants mail. What was told before is not told again: the database refuses a second row."""
    if kind in _QUIET_IN_WINDOW and maintenance.running(site, now) is not None:
        return
    members = Membership.objects.filter(team_id=site.team_id, wants_mail=True, user__is_active=True).exclude(user__email="")
    if only_user is not None:
        members = members.filter(user_id=only_user)
    muted, until = _why_muted(site, incident, kind, now), _muted_until(site, incident, now)
    if until and kind in _WAITS_FOR_UNMUTING:
        send_after = max(until, now + delivery.MUTED_AT_LEAST + timedelta(seconds=1))
    rows = [
        Notification(
            kind=kind,
            site=site,
            incident=incident,
            user_id=member.user_id,
            recipient=member.user.email,
            dedupe_key=f"{key}:{member.user_id}",
            why=_("You are a member of the team “%(team)s”. %(how)s") % {"team": member.team.name, "how": how},
            state=State.SUPPRESSED if muted else State.QUEUED,
            last_error=muted,
            created_at=now,
            send_after=send_after or now,
        )
        for member in members.select_related("user", "team").order_by("user_id")
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    if incident is not None:
        _note(incident, rows, muted, now)
    if rows and not muted and (send_after or now) <= now:
        enqueue_on_commit(DELIVERY_TASK)


def _note(incident: Incident, rows: list[Notification], muted: str, now: datetime) -> None:
    text = ""
    if not rows:
        text = _("Nobody could be told by mail: no member of the team has an address and wants mail.")
    elif muted:
        text = _("No mail: %(why)s") % {"why": muted}
    if text:
        IncidentEntry.objects.create(incident=incident, kind=IncidentEntry.Kind.MAIL, text=text, at=now)


def _muted_until(site: Site, incident: Incident | None, now: datetime) -> datetime | None:
    ends = [at for at in (site.muted_until, incident.muted_until if incident else None) if at and at > now]
    return max(ends, default=None)


def _why_muted(site: Site, incident: Incident | None, kind: str, now: datetime) -> str:
    if site.muted_until and site.muted_until > now:
        return _("the site is muted until %(time)s.") % {"time": _moment(site.muted_until)}
    if incident and incident.muted_until and incident.muted_until > now:
        return _("the incident is muted until %(time)s.") % {"time": _moment(incident.muted_until)}
    if incident and not incident_rules.is_told(kind, incident.flapping):
        return _("the site is flapping, which has been announced.")
    return ""


def _moment(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M %Z")
