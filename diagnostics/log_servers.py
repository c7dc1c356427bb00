"""The log servers of sites: asked by HTTP through the rule which addresses may be contacted, with a login that is stored sealed.

One conversation at a time, each bounded in bytes and seconds. A login that was refused is not tried again until somebody types it
anew; a server that did not answer is left alone for some minutes.
"""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import credentials
from sites.letting_through import user_agent
from sites.models import Site
from sites.probing.guard import AddressNotAllowed, Guard, connect_vetted
from sites.recording import guard_from_settings

from .connections.purposes import now_doing
from .connections.telling import clean
from .evidence import SiteSeen, Unreadable
from .facts import log_server
from .facts.log_server import Answer
from .facts.server_logs import LogsRead
from .models import HostAction, LogServer

log = logging.getLogger(__name__)
TIME_LIMIT_S = 6.0
LEFT_ALONE = timedelta(minutes=5)
State = LogServer.State


class LogServerError(Exception):
    """The log server could not be read; the words are for people."""

    def __init__(self, message: str, *, is_refused: bool = False) -> None:
        super().__init__(message)
        self.is_refused = is_refused


@dataclass
class Talk:
    """One conversation with a log server. Raises LogServerError for everything that goes wrong."""

    url: str
    user: str
    password: str = field(repr=False)
    guard: Guard
    limit_s: float = TIME_LIMIT_S
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)
    _deadline: float = 0.0

    def fetch(self, url: str, limit: int, is_tail: bool) -> Answer:
        """Up to `limit` bytes; of a log the last ones, by a range where the server offers them."""
        self._deadline = self._deadline or time.monotonic() + self.limit_s
        with self._in_words():
            response = self._asked(url, {"Range": f"bytes=-{limit}"} if is_tail else {})
            if response.status == 416:  # an empty log has no last bytes
                self._drop()
                return Answer(b"")
            body, cut = self._body(response, limit, is_tail)
            if response.status == 206:
                cut = cut or not response.headers.get("Content-Range", "bytes 0-").startswith("bytes 0-")
            return Answer(body, cut, _written_at(response))

    def close(self) -> None:
        self._drop()

    def _asked(self, url: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        parts = urlsplit(url)
        target = parts.path or "/"
        if self.user:
            headers["Authorization"] = "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()
        elif self.password:
            target += f"?token={quote(self.password, safe='')}"
        headers |= {"User-Agent": user_agent(), "Accept-Encoding": "identity", "Accept": "text/html,text/plain,*/*;q=0.5"}
        connection = self._connected()
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        if response.status not in (200, 206, 416):
            self._drop()
            raise _refusal(response)
        return response

    def _connected(self) -> http.client.HTTPConnection:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self._connection is None:
            parts = urlsplit(self.url)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
            sock = connect_vetted(host, port, self.guard, time_limit_s=left)
            if parts.scheme == "https":
                sock.settimeout(left)
                sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
            elif Guard().allows(str(sock.getpeername()[0]), port):
                sock.close()
                raise LogServerError(_("The address begins with http://: the password would travel in the open. Use https://."))
            self._connection = http.client.HTTPConnection(host, port)
            self._connection.sock = sock
            self._connection.auto_open = 0  # it would ask for the name anew, past the rule
        self._connection.sock.settimeout(left)
        return self._connection

    def _body(self, response: http.client.HTTPResponse, limit: int, is_tail: bool) -> tuple[bytes, bool]:
        """A server without ranges sends all of it: the end is kept, as far as the time reaches."""
        kept, cut = b"", False
        while True:
            if time.monotonic() > self._deadline:
                raise TimeoutError
            part = response.read1(65_536)
            if not part:
                response.close()  # the connection is free for the next request
                if response.will_close:
                    self._drop()
                return kept, cut
            kept += part
            if len(kept) > limit:
                cut = True
                if not is_tail:
                    self._drop()
                    return kept[:limit], True
                kept = kept[-limit:]

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except LogServerError:
            raise
        except AddressNotAllowed as error:
            raise LogServerError(f"{error} " + _("Whoever runs Sitemend can allow private networks.")) from error
        except socket.gaierror as error:
            raise LogServerError(_("There is no server of this name. Copy the address from the host's panel.")) from error
        except ssl.SSLCertVerificationError as error:
            raise LogServerError(_("The server's certificate is not valid for this name, so the password was not sent.")) from error
        except TimeoutError as error:
            raise LogServerError(_("The server did not answer in time. Try again later.")) from error
        except (OSError, http.client.HTTPException) as error:
            raise LogServerError(_("The connection to the server failed. Check the address, or try again later.")) from error


def _refusal(response: http.client.HTTPResponse) -> LogServerError:
    if response.status in (401, 403):
        return LogServerError(
            _("The server refuses this login. Type user and password again as the host's panel has them."), is_refused=True
        )
    if response.status == 404:
        return LogServerError(_("There is nothing at this address. Copy the address of the logs from the host's panel."))
    if 300 <= response.status < 400:
        return LogServerError(_("The server sends us to another address, where the password does not belong. Give that address instead."))
    return LogServerError(_("The server answered with status %(status)s. Try again later.") % {"status": response.status})


def _written_at(response: http.client.HTTPResponse) -> float | None:
    try:
        return parsedate_to_datetime(response.headers.get("Last-Modified", "")).timestamp()
    except (TypeError, ValueError):
        return None


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
    nothing = SiteSeen(site.name, site.url, "", "", (), None)
    talk = Talk(url, user, password, guard_from_settings())
    try:
        with _noted(site, url):
            found = log_server.read(talk.fetch, url, nothing, now)
    except LogServerError as error:
        return str(error)
    finally:
        talk.close()
    if isinstance(found.lines, Unreadable):
        return _("The server answers, but shows no error log of today below this address. Give the address of the folder of this site.")
    return ""


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
        talk = Talk(server.url, server.user, credentials.unseal(server.sealed_password), guard_from_settings())
        try:
            with _noted(site, server.url):
                found = log_server.read(talk.fetch, server.url, view, now)
        finally:
            talk.close()
    except (LogServerError, credentials.SecretUnreadable) as error:
        is_refused = getattr(error, "is_refused", True)
        state, detail = (State.REFUSED if is_refused else State.FAILED), clean(str(error))[:500]
        found = LogsRead(Unreadable("the log server", detail))
    LogServer.objects.filter(pk=server.pk).update(state=state, detail=detail, tried_at=now)
    return found


@contextmanager
def _noted(site: Site, url: str) -> Iterator[None]:
    """In the list of what was done on the site's hosting account, where it has one."""
    if site.host_id is None:
        yield
        return
    row = HostAction(host_id=site.host_id, verb=HostAction.Verb.FETCH, path=clean(url)[:1000], at=timezone.now(), **now_doing().columns())
    row.save(force_insert=True)
    outcome = HostAction.Outcome.REFUSED
    try:
        yield
        outcome = HostAction.Outcome.DONE
    finally:
        try:
            HostAction.objects.filter(pk=row.pk).update(outcome=outcome, ended_at=timezone.now())
        except DatabaseError:  # it is done: its row goes on saying "begun"
            log.exception("the outcome of action %s is lost", row.pk)
