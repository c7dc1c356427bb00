"""The only way by which mail leaves. A row is claimed, rendered and stored before it is sent, and its outcome is stored after.

A crash in between leaves a row in SENDING: the sweeper has it sent again with the same Message-ID, so that a mail program shows
the possible double as one.
"""

from __future__ import annotations

import hashlib
import logging
import os
import smtplib
from datetime import datetime, timedelta
from email.utils import parseaddr
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from sites import emails
from sites.judging import Pattern
from sites.models import IncidentEntry, Notification, Site
from sites.queueing import enqueue_on_commit
from sites.windows import maintenance

log = logging.getLogger(__name__)

JOIN_WINDOW = timedelta(seconds=60)
HOUR, MOST_PER_HOUR = timedelta(hours=1), 20  # mails to one recipient about one team's sites
BACK_OFF_S = (30, 60, 300, 900, 3600)  # after the first, second, … failed attempt; then hourly
GIVE_UP_AFTER = timedelta(hours=24)
STUCK_AFTER = timedelta(minutes=5)  # longer than a mail server may take to answer all commands of one mail
MUTED_AT_LEAST = timedelta(seconds=60)  # what waits for the end of a mute is told so much later at least
_FAR = timedelta(hours=2)  # no mail waits for so long: such a time is of a clock that was ahead
_AT_MOST = 200  # mails of one run
IN_BIN = _lazy("The site was put into the bin before the mail left.")

Kind, State = Notification.Kind, Notification.State
_ALONE = (
    Notification.Kind.TEST,
    Notification.Kind.BEHIND,
    Notification.Kind.BEHIND_OVER,
    Notification.Kind.OWN_LINE,
    Notification.Kind.HAND_OVER,
)  # never one mail with others
_WITHOUT_INCIDENT = (*_ALONE, Notification.Kind.BLOCKED, Notification.Kind.CERTIFICATE, Notification.Kind.STOPPED)
_FAILURES = (Kind.NEW, Kind.REGRESSION)
_WORSE = (Kind.ESCALATION, Kind.FLAPPING)
_TO_SEND = (State.QUEUED, State.FAILED)


def deliver_due(now: datetime | None = None) -> int:
    """Sends what is due; returns how many mails were tried."""
    moment = now or timezone.now()
    tried = 0
    in_bin = Notification.objects.filter(site__deleted_at__isnull=False, state__in=_TO_SEND)
    if in_bin.exists():  # what is in work while a site is deleted may still make some
        suppress(in_bin, IN_BIN)
    due = Notification.objects.filter(state__in=_TO_SEND, send_after__lte=moment).order_by("send_after", "id")
    for pk in list(due.values_list("pk", flat=True)[:_AT_MOST]):
        tried += deliver(pk, now or timezone.now())
    return tried


def deliver(notification_id: int, now: datetime | None = None) -> bool:
    """Sends one mail, with what else waits for the same recipient. False when there is nothing to send (any more, or yet)."""
    moment = now or timezone.now()
    lead = _claim(notification_id, moment)
    if lead is None:
        return False
    try:
        if not lead.body_text:
            _render(lead, moment)
        _send(lead)
    except emails.NothingToTell as gone:
        lead.joined.update(state=State.QUEUED, joined_into=None)
        _ours(lead).update(state=State.SUPPRESSED, last_error=str(gone))
    except (OSError, smtplib.SMTPException) as error:
        _failed(lead, _reason(error), now or timezone.now())
    except Exception as error:  # a mail that cannot be made must be seen as failed, and must not hold up the others
        log.exception("mail %s cannot be made", lead.pk)
        _failed(lead, f"{type(error).__name__}: {error}", now or timezone.now())
    else:
        _sent(lead, now or timezone.now())
    return True


def _claim(notification_id: int, now: datetime) -> Notification | None:
    """Makes the row ours, and what waits for the same recipient part of it. None when another has it or it must wait."""
    with transaction.atomic():
        row = Notification.objects.filter(pk=notification_id, state__in=_TO_SEND, send_after__lte=now).first()
        if row is None:
            return None
        mine = list(_waiting_with(row, now).select_for_update(skip_locked=True))
        lead = next((item for item in mine if item.pk == notification_id), None)
        if lead is None:
            return None
        fresh = lead.attempts == 0 and lead.kind not in _ALONE
        free_at = _free_at(lead, now) if fresh else now
        if free_at > now:
            Notification.objects.filter(pk__in=[item.pk for item in mine if _joins(item)]).update(send_after=free_at)
            return None
        lead.state, lead.claimed_at, lead.attempts = State.SENDING, now, lead.attempts + 1
        lead.save(update_fields=["state", "claimed_at", "attempts"])
        if fresh:
            others = [item.pk for item in mine if item.pk != lead.pk and _joins(item)]
            Notification.objects.filter(pk__in=others).update(state=State.JOINED, joined_into=lead)
    return lead


def _waiting_with(row: Notification, now: datetime) -> QuerySet[Notification]:
    return _same_readers(row).filter(state__in=_TO_SEND, send_after__lte=now).order_by("id")


def _same_readers(row: Notification) -> QuerySet[Notification]:
    """What goes to the same recipient about the same team's sites: every member of a team can read the mails about its sites."""
    rows = Notification.objects.filter(recipient=row.recipient)
    return rows.filter(site__in=Site.with_deleted.filter(team__sites=row.site_id)) if row.site_id else rows.filter(site=None)


def _joins(item: Notification) -> bool:
    """Some stand alone; what was tried before is already made and keeps its Message-ID."""
    return item.attempts == 0 and item.kind not in _ALONE


def _free_at(lead: Notification, now: datetime) -> datetime:
    """When this recipient may get the next mail: a minute after the last one, and not too many in an hour."""
    others = _same_readers(lead).exclude(kind__in=_ALONE).exclude(pk=lead.pk)
    sent = (
        others.filter(state=State.SENT, sent_at__gt=now - JOIN_WINDOW, sent_at__lte=now)
        .order_by("-sent_at")
        .values_list("sent_at", flat=True)
        .first()
    )
    being_sent = others.filter(state=State.SENDING, claimed_at__gt=now - JOIN_WINDOW, claimed_at__lte=now)
    last = max(filter(None, [sent, being_sent.order_by("-claimed_at").values_list("claimed_at", flat=True).first()]), default=None)
    return max(last + JOIN_WINDOW if last else now, _hour_free_at(lead, now))


def _hour_free_at(lead: Notification, now: datetime) -> datetime:
    """After so many mails within an hour the rest of it is gathered for one mail."""
    rows = _same_readers(lead).filter(state=State.SENT, sent_at__gt=now - HOUR, sent_at__lte=now).exclude(kind__in=_ALONE)
    sent = list(rows.order_by("-sent_at").values_list("sent_at", flat=True)[:MOST_PER_HOUR])
    return sent[-1] + HOUR if len(sent) == MOST_PER_HOUR and sent[-1] else now


def _note_of_the_hour(lead: Notification, now: datetime) -> str:
    """On the last mail of an hour: why it goes quiet."""
    rows = _same_readers(lead).filter(state=State.SENT, sent_at__gt=now - HOUR, sent_at__lte=now).exclude(kind__in=_ALONE)
    times = list(rows.order_by("sent_at").values_list("sent_at", flat=True)[:MOST_PER_HOUR])
    if lead.kind in _ALONE or len(times) != MOST_PER_HOUR - 1 or times[0] is None:
        return ""
    values = {"n": MOST_PER_HOUR, "time": timezone.localtime(times[0] + HOUR, timezone.get_default_timezone()).strftime("%H:%M %Z")}
    return _("This is mail %(n)d within an hour. So that you are not flooded, further news is gathered until %(time)s.") % values


def _render(lead: Notification, now: datetime) -> None:
    """Makes the mail and stores it, before anything is sent: a second attempt sends the very same."""
    joined = Notification.objects.filter(joined_into=lead)
    if lead.incident_id is None and lead.kind not in _WITHOUT_INCIDENT:
        # Its site was removed. What was to go with it goes on its own.
        joined.update(state=State.QUEUED, joined_into=None)
        raise emails.NothingToTell(_("The site was removed before the mail left."))
    joined.filter(incident=None).exclude(kind__in=_WITHOUT_INCIDENT).update(state=State.SUPPRESSED, joined_into=None)
    parts = [lead, *joined.order_by("id").select_related("site__team", "incident")]
    mail = emails.render(parts, _note_of_the_hour(lead, now))
    lead.subject, lead.body_text, lead.body_html = mail.subject, mail.text, mail.html
    lead.message_id = _message_id(lead)
    lead.thread_id = _thread_of(lead) or lead.message_id
    lead.save(update_fields=["subject", "body_text", "body_html", "message_id", "thread_id"])


def _message_id(lead: Notification) -> str:
    domain = parseaddr(settings.SITEMEND_MAIL_FROM)[1].rpartition("@")[2] or "localhost"
    digest = hashlib.sha256(f"{lead.dedupe_key}|{lead.created_at.isoformat()}".encode()).hexdigest()[:20]
    return f"<{lead.kind}.{lead.pk}.{digest}@{domain}>"


def _thread_of(lead: Notification) -> str:
    """The Message-ID of the first mail about this incident, or this certificate, to this person."""
    if lead.kind == Notification.Kind.CERTIFICATE:
        about = Notification.objects.filter(kind=lead.kind, dedupe_key__startswith=lead.dedupe_key.rsplit(":", 2)[0] + ":")
    elif lead.incident_id is not None:
        about = Notification.objects.filter(incident_id=lead.incident_id)
    else:
        return ""
    earlier = about.filter(recipient=lead.recipient).exclude(pk=lead.pk).order_by("id")
    for own, joined in earlier.values_list("message_id", "joined_into__message_id"):
        if own or joined:
            return str(own or joined)
    return ""


def _send(lead: Notification) -> None:
    headers = {"Message-ID": lead.message_id, "Auto-Submitted": "auto-generated"}  # RFC 3834: no holiday replies
    if lead.thread_id and lead.thread_id != lead.message_id:
        headers |= {"In-Reply-To": lead.thread_id, "References": lead.thread_id}
    message = EmailMultiAlternatives(
        subject=emails.one_line(lead.subject),
        body=lead.body_text,
        from_email=settings.SITEMEND_MAIL_FROM,
        to=[lead.recipient],
        headers=headers,
    )
    message.attach_alternative(lead.body_html, "text/html")
    if settings.SITEMEND_MAIL_BY_SMTP:
        message.send()
    else:
        _write_file(Path(settings.SITEMEND_MAIL_DIR) / f"{lead.pk:06d}-{lead.kind}.eml", message.message().as_bytes())


def _write_file(path: Path, content: bytes) -> None:
    """Without a mail server: one file per mail. The same mail has the same name, so that a second attempt makes no second file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _reason(error: Exception) -> str:
    """What the mail server said, without the secrets that it may have repeated."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{address}: {code} {_words(text)}" for address, (code, text) in error.recipients.items())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_words(error.smtp_error)}"
    return f"{type(error).__name__}: {error}"


def _words(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def _ours(lead: Notification) -> QuerySet[Notification]:
    return Notification.objects.filter(pk=lead.pk, state=State.SENDING, claimed_at=lead.claimed_at)


def _sent(lead: Notification, now: datetime) -> None:
    by_smtp = settings.SITEMEND_MAIL_BY_SMTP
    kept = "" if by_smtp else _("No mail server was set: the mail was kept in the state folder, not sent.")
    words = _("Mail to %(recipient)s: %(subject)s") if by_smtp else _("Mail for %(recipient)s, kept here, not sent: %(subject)s")
    with transaction.atomic():
        if not _ours(lead).update(state=State.SENT, sent_at=now, last_error=kept):
            return
        about = dict.fromkeys(part.incident_id for part in (lead, *lead.joined.all()) if part.incident_id)
        text = words % {"recipient": lead.recipient, "subject": lead.subject}
        IncidentEntry.objects.bulk_create(IncidentEntry(incident_id=pk, kind=IncidentEntry.Kind.MAIL, at=now, text=text) for pk in about)


def _failed(lead: Notification, reason: str, now: datetime) -> None:
    given_up = now - lead.created_at >= GIVE_UP_AFTER
    wait = timedelta(seconds=BACK_OFF_S[min(lead.attempts, len(BACK_OFF_S)) - 1])
    state = State.GIVEN_UP if given_up else State.FAILED
    log.warning("mail %s %s: %s", lead.pk, "given up" if given_up else "to be sent again", reason)
    _ours(lead).update(state=state, send_after=now + wait, last_error=reason[:1000])


def sweep(now: datetime | None = None) -> int:
    """Finds mails that a crash left in the middle of being sent, and has them sent again. Returns how many.

    Also tells what outlasts a mute, and lets go what waits for the time of a clock that was ahead.
    """
    now = now or timezone.now()
    _tell_what_outlasts_its_mute(now)
    Notification.objects.filter(state__in=_TO_SEND, send_after__gt=now + _FAR).update(send_after=now)
    stuck = Notification.objects.filter(state=State.SENDING).filter(Q(claimed_at=None) | Q(claimed_at__lte=now - STUCK_AFTER))
    return stuck.update(
        state=State.FAILED, send_after=now, last_error=_("Interrupted while being sent; sent again with the same Message-ID.")
    )


@transaction.atomic
def _tell_what_outlasts_its_mute(now: datetime) -> None:
    """What began while its site was muted is told when it was seen after the mute. Its row waits for that, set aside.

    That it fails every time now, or again and again, is told where it is still so and the failure itself was told before.
    """
    still = Q(kind__in=_FAILURES) | Q(kind=Kind.ESCALATION, incident__pattern=Pattern.PERMANENT) | Q(kind=Kind.FLAPPING)
    rows = Notification.objects.filter(still, state=State.SUPPRESSED, send_after__gt=F("created_at") + MUTED_AT_LEAST)
    rows = rows.filter(attempts=0, incident__resolved_at=None, site__deleted_at=None, site__paused_at=None)
    for until in ("site__muted_until", "incident__muted_until"):
        over = Q(**{f"{until}__lte": now, "incident__last_seen_at__gte": F(until)})
        rows = rows.filter(Q(**{until: None}) | over)
    found = [row for row in rows.select_related("site", "incident")[:_AT_MOST] if row.site and maintenance.running(row.site, now) is None]
    begun = {row.incident_id for row in found if row.kind in _FAILURES}
    worse = Notification.objects.filter(kind__in=_WORSE, state=State.SUPPRESSED, incident__in=begun)
    worse.update(send_after=F("created_at"))  # the mail that tells the failure says how it is now
    found = [row for row in found if row.kind in _FAILURES or row.incident_id not in begun]
    Notification.objects.filter(pk__in=[row.pk for row in found]).update(state=State.QUEUED, send_after=now, last_error="")
    text = _("It is no longer muted and it still fails: from now on it is told.")
    told = {row.incident_id for row in found}
    IncidentEntry.objects.bulk_create(IncidentEntry(incident_id=pk, kind=IncidentEntry.Kind.HINT, text=text, at=now) for pk in told)


@transaction.atomic
def suppress(rows: QuerySet[Notification], why: str | Promise) -> None:
    """What waits of these is not sent. What was to go with it goes on its own."""
    waiting = rows.filter(state__in=_TO_SEND)
    keys = list(waiting.select_for_update(of=("self",)).values_list("pk", flat=True))
    Notification.objects.filter(joined_into__in=keys).update(state=State.QUEUED, joined_into=None)
    waiting.update(
        state=State.SUPPRESSED, last_error=str(why), send_after=F("created_at")
    )  # also what was joined to another of these until now


def retry(notification: Notification) -> bool:
    """Tries a mail that failed or was given up again, at once. False when there is nothing to try again."""
    now = timezone.now()
    pk = notification.joined_into_id or notification.pk
    with transaction.atomic():
        again = Notification.objects.filter(pk=pk, state__in=(State.FAILED, State.GIVEN_UP))
        changed = again.update(state=State.FAILED, send_after=now)
        if changed:
            enqueue_on_commit("sites.tasks.deliver_notifications")
    return bool(changed)
