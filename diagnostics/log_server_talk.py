"""One conversation with a log server by HTTP: bounded in bytes and seconds, and everything that goes wrong told in words."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Timer
from urllib.parse import quote, urljoin, urlsplit

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from diagnostics.connections.telling import clean
from diagnostics.facts.log_server import Answer
from diagnostics.transports import ftp_tls
from sites.letting_through import user_agent
from sites.probing.guard import AddressNotAllowed, Guard, connect_vetted

TIME_LIMIT_S = 6.0
MOST_WHOLE = 200 * 1024 * 1024  # bytes of a log that a server without ranges sends from its beginning


class LogServerError(Exception):
    """The log server could not be read; the words are for people."""

    def __init__(self, message: str, *, is_refused: bool = False) -> None:
        super().__init__(message)
        self.is_refused = is_refused
        self.code = "login-refused" if is_refused else ""  # as in `connections.action_words`


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
        with self._in_words(), self._ended_in_time():
            response = self._asked(url, {"Range": f"bytes=-{limit}"} if is_tail else {})
            if response.status == 416:  # an empty log has no last bytes
                self._drop()
                return Answer(b"")
            if is_tail and response.status == 200 and (response.length or 0) > MOST_WHOLE:
                raise LogServerError(_too_large(response.length or 0))
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
            raise _refusal(response, url)
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
                sock = ftp_tls.verifying().wrap_socket(sock, server_hostname=host)
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
                if time.monotonic() >= self._deadline:
                    raise TimeoutError
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

    @contextmanager
    def _ended_in_time(self) -> Iterator[None]:
        """Each read has its own time limit: who sends a byte now and then would hold us for hours without this."""
        timer = Timer(max(self._deadline - time.monotonic(), 0.01), self._cut_off)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            if time.monotonic() >= self._deadline:
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()

    def _cut_off(self) -> None:
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)  # what TLS still holds is for the reading side to end

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
            raise LogServerError(_not_trusted(error)) from error
        except TimeoutError as error:
            raise LogServerError(_("The server did not answer in time. Try again later.")) from error
        except (OSError, http.client.HTTPException) as error:
            raise LogServerError(_("The connection to the server failed. Check the address, or try again later.")) from error


def _not_trusted(error: ssl.SSLCertVerificationError) -> str:
    """Why the certificate was not accepted, and what to do about it."""
    why = ftp_tls.reason(error)
    if why == ftp_tls.WRONG_NAME:
        what = _("The server's certificate is for another name. Take the name that the host's panel shows, letter by letter.")
    elif why == ftp_tls.EXPIRED:
        what = _("The server's certificate has expired. Its owner must renew it.")
    else:
        what = _(
            "No authority known here has issued the server's certificate: it is self-signed, or of an authority of your own. Have a public "
            "authority issue one; or whoever runs Sitemend names the authority's certificate in SITEMEND_CA_FILE."
        )
    return f"{what} " + _("The password was not sent.")


def _too_large(size: int) -> str:
    return _("This server sends logs only from their beginning, and this one is too large for that (%(size)s). Have it rotated daily.") % {
        "size": filesizeformat(size)
    }


def _refusal(response: http.client.HTTPResponse, url: str) -> LogServerError:
    if response.status in (401, 403):
        return LogServerError(
            _("The server refuses this login. Type user and password again as the host's panel has them."), is_refused=True
        )
    if response.status == 404:
        return LogServerError(_("There is nothing at this address. Copy the address of the logs from the host's panel."))
    if 300 <= response.status < 400:
        return LogServerError(_sent_elsewhere(response.headers.get("Location", ""), url))
    return LogServerError(_("The server answered with status %(status)s. Try again later.") % {"status": response.status})


def _sent_elsewhere(location: str, url: str) -> str:
    """A redirect is not followed: the password belongs to the address that was typed, and to no other."""
    target = clean(urljoin(url, location).partition("?")[0])[:200] if location else ""
    if not target:
        return _("The server sends us to another address, where the password does not belong. Copy the address from the host's panel.")
    words = _("The server sends us to another address: %(target)s. The password was not sent there. If it is your host's, type it here.")
    return words % {"target": target}


def _written_at(response: http.client.HTTPResponse) -> float | None:
    try:
        return parsedate_to_datetime(response.headers.get("Last-Modified", "")).timestamp()
    except (TypeError, ValueError):
        return None
