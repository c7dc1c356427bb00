"""The log servers of sites: asked by HTTP through the rule which addresses may be contacted, with a login that is stored sealed.

One conversation at a time, each bounded in bytes and seconds. A login that was refused is not tried again until somebody types it
anew; a server that did not answer is left alone for some minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext as _

from sites import credentials, queueing
from sites.models import Site
from sites.recording import guard_from_settings

from .connections import auditing, purposes
from .connections.telling import clean
from .evidence import SiteSeen, Unreadable
from .facts import log_server
from .facts.server_logs import LogsRead
from .log_server_talk import LogServerError, Talk
from .models import HostAction, LogServer

__all__ = ["LogServerError", "Talk"]
LEFT_ALONE = timedelta(minutes=5)
TASK = "diagnostics.tasks.try_log_server"
AT_ONCE = 5  # of those that were imported, handed over together: diagnoses and repairs wait in the same queue
State = LogServer.State


class AddressRefused(ValueError):
    """An address that no log server can have; the words are for people."""


@dataclass(frozen=True, slots=True)
class Given:
    """A log server as somebody named it. `secret`: the password, or the token where there is no user."""

    url: str
    user: str = ""
    secret: str = field(default="", repr=False)


def checked(url: str, user: str = "", secret: str = "") -> Given:
    """The address brought to the form in which it is stored. Raises AddressRefused."""
    url, user = url.strip(), user.strip()
    try:
        parts = urlsplit(url)
        well = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        well = False
    if not well or not url.isprintable() or " " in url:
        raise AddressRefused(_("An address that begins with https://"))
    if parts.username is not None or parts.query or parts.fragment:
        raise AddressRefused(_("Leave user name, password and everything from a “?” on out of the address."))
    if len(url) > 400 or len(user) > 120 or not user.isprintable():
        raise AddressRefused(_("The address or the user is too long, or holds characters that cannot be sent."))
    return Given(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/", user, secret)


# --- of a site ----------------------------------------------------------------------------------
def of(site: Site) -> LogServer | None:
    """The site's log server, if it has one."""
    return LogServer.objects.filter(site=site).first()


def is_usable(site: Site) -> bool:
    """Whether its logs are read there."""
    return LogServer.objects.filter(site=site).exclude(state=State.REFUSED).exists()


def try_out(site: Site, url: str, user: str, password: str) -> str:
    """Reads the index and the end of a log, as a diagnosis does. Why it does not work; empty when it does."""
    now = timezone.now()
    nothing = SiteSeen(site.name, site.url, "", "", (), None)  # whose failing time is not looked for
    talk = Talk(url, user, password, guard_from_settings())
    try:
        with _noted(site, url):
            found = log_server.read(talk.fetch, url, nothing, now)
    except (LogServerError, auditing.NotNoted) as error:
        return str(error)
    finally:
        talk.close()
    if isinstance(found.lines, Unreadable):
        return _shows_none()
    return ""


def _shows_none() -> str:
    return _("The server answers, but shows no error log of today below this address. Give the address of the folder of this site.")


def store_untested(sites: Sequence[tuple[Site, Given]]) -> None:
    """Those of imported sites, which are tried out in the background. One without a secret waits for a person to type it."""
    missing = _("Its password or token is not stored. Type it on the page of this log server.")
    LogServer.objects.bulk_create(
        LogServer(
            site=site, url=given.url, user=given.user, sealed_password=credentials.seal(given.secret) if given.secret else "",
            state=State.UNTESTED if given.secret else State.REFUSED, detail="" if given.secret else missing,
        )
        for site, given in sites
    )  # fmt: skip


def hand_over() -> int:
    """Gives the next that were never tried out to the workers. Returns how many."""
    waiting = list(LogServer.objects.filter(state=State.UNTESTED).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    for pk in waiting:
        queueing.enqueue(TASK, pk, expires=10.0)
    return len(waiting)


def try_stored(pk: int) -> LogServer | None:
    """Tries out one that was imported; None where somebody was faster, or its password can no longer be unsealed."""
    now = timezone.now()
    waiting = LogServer.objects.filter(pk=pk, state=State.UNTESTED)
    server = waiting.select_related("site").first()
    # Taken off first: a crash amid its login leads to no second one.
    if server is None or not waiting.update(state=State.FAILED, detail=_("Its test was interrupted."), tried_at=now):
        return None
    try:
        with purposes.doing("test", site=server.site):
            found = _read(server, SiteSeen(server.site.name, server.site.url, "", "", (), None), now)
        server.state, server.detail = (State.FAILED, _shows_none()) if isinstance(found.lines, Unreadable) else (State.WORKS, "")
    except (LogServerError, auditing.NotNoted, credentials.SecretUnreadable) as error:
        server.state = State.REFUSED if _must_be_typed_anew(error) else State.FAILED
        server.detail = clean(str(error))[:500]
    server.tried_at = now
    server.save(update_fields=["state", "detail", "tried_at"])
    return server


def store(site: Site, url: str, user: str, password: str) -> LogServer:
    """Stores what was tried out and works."""
    values = {"url": url, "user": user, "sealed_password": credentials.seal(password), "state": State.WORKS, "detail": "",
              "tried_at": timezone.now()}  # fmt: skip
    return LogServer.objects.update_or_create(site=site, defaults=values)[0]


def read(site: Site, view: SiteSeen, now: datetime) -> LogsRead | None:
    """What the site's log server tells of a failure; None where there is none to ask. Never raises."""
    server = of(site)
    if server is None or view.verdict == "up":
        return None
    if server.state == State.REFUSED or (server.state == State.FAILED and server.tried_at and now - server.tried_at < LEFT_ALONE):
        return LogsRead(Unreadable("the log server", server.detail))
    state, detail = State.WORKS, ""
    try:
        found = _read(server, view, now)
    except (LogServerError, auditing.NotNoted, credentials.SecretUnreadable) as error:
        state, detail = (State.REFUSED if _must_be_typed_anew(error) else State.FAILED), clean(str(error))[:500]
        found = LogsRead(Unreadable("the log server", detail))
    LogServer.objects.filter(pk=server.pk).update(state=state, detail=detail, tried_at=now)
    return found


def _must_be_typed_anew(error: Exception) -> bool:
    """Whether the stored password is of no use: a login that was refused is not tried again by itself."""
    return isinstance(error, credentials.SecretUnreadable) or bool(getattr(error, "is_refused", False))


def _read(server: LogServer, view: SiteSeen, now: datetime) -> LogsRead:
    """Raises LogServerError, SecretUnreadable."""
    talk = Talk(server.url, server.user, credentials.unseal(server.sealed_password), guard_from_settings())
    try:
        with _noted(server.site, server.url):
            return log_server.read(talk.fetch, server.url, view, now)
    finally:
        talk.close()


def _noted(site: Site, url: str) -> AbstractContextManager[object]:
    """In the list of what was done on the site's hosting account, where it has one."""
    return nullcontext() if site.host_id is None else auditing.beside(site.host_id, HostAction.Verb.FETCH, url)
