"""How OVHcloud's API is asked: by its own SDK, with nothing but what it is given, bounded in time, its errors in words for people."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from ovh.client import ENDPOINTS, OAUTH2_TOKEN_URLS, Client, Session
from ovh.exceptions import APIError, OAuth2FailureError
from ovh.oauth2 import BackendApplicationClient, OAuth2, RefreshOAuth2Session
from urllib3.exceptions import HTTPError as BrokenLine

from diagnostics.connections.telling import clean

from .base import TIME_LIMITS_S, PanelError

LONGEST_ANSWER_S = 30.0  # from its first byte to its last
LARGEST_ANSWER = 2_000_000  # bytes: the longest list of numbers is some ten thousand
_ACCOUNT_REFUSED = ("invalid_client", "unauthorized_client", "invalid_grant", "status_code=4")  # RFC 6749, section 5.2


class TooMuch(Exception):
    """An answer that is larger, or takes longer, than any that the API gives."""


class BrokenOff(Exception):
    """An answer that ended before its end."""


def _kept_to_itself(session: Session) -> Session:
    """No proxy, password or authority from the environment, no other address than the one that is asked, and no answer without end."""
    if "send" in vars(session):
        return session  # the SDK keeps it: it is bounded already
    session.trust_env = False
    session.verify = str(settings.SITEMEND_CA_FILE) if settings.SITEMEND_CA_FILE else True
    session.headers["Accept-Encoding"] = "identity"  # what is packed small may be large
    session.get_redirect_target = lambda _response: None  # its page would be read to the end first, whatever its size
    session.send = _bounded(session.send)
    return session


def _bounded(send: Callable[..., Any]) -> Callable[..., Any]:
    """The same, reading no more of an answer than it may have."""

    def send_bounded(request: Any, **values: Any) -> Any:
        response = send(request, **values | {"stream": True})
        with response:
            response._content = _body(response.raw)
        return response

    return send_bounded


def _body(raw: Any) -> bytes:
    until, parts, size = time.monotonic() + LONGEST_ANSWER_S, [], 0
    try:
        while part := raw.read1(65_536):
            size += len(part)
            if size > LARGEST_ANSWER or time.monotonic() > until:
                raise TooMuch
            parts.append(part)
    except BrokenLine as error:
        raise BrokenOff from error
    return b"".join(parts)


class _Tokens(OAuth2):  # type: ignore[misc]
    """The SDK's tokens of a service account, asked for with a time limit, which the SDK itself sets none for."""

    time_limits_s = TIME_LIMITS_S

    @property
    def token(self) -> Any:
        if self._token is None:
            session = _kept_to_itself(RefreshOAuth2Session(self.token_url, client=BackendApplicationClient(self.client_id, scope=["all"])))
            self._token = session.fetch_token(
                token_url=self.token_url, client_id=self.client_id, client_secret=self.client_secret, timeout=self.time_limits_s
            )
        return self._token

    @property
    def session(self) -> Session:
        return _kept_to_itself(super().session)


class _Client(Client):  # type: ignore[misc]
    """The SDK's client without its look into the environment and files of this machine: they belong to nobody's hosting here."""

    def __init__(self, region: str, way: str, name: str, secret: str, consumer: str, time_limits_s: tuple[float, float]) -> None:
        base = settings.SITEMEND_OVHCLOUD_API
        self._endpoint = base or ENDPOINTS[region]
        is_account = way == "service-account"
        self._application_key, self._application_secret = (None, None) if is_account else (name, secret)
        self._consumer_key = consumer
        token_url = f"{base.rpartition('/')[0]}/auth/oauth2/token" if base else OAUTH2_TOKEN_URLS[region]
        self._oauth2 = _Tokens(name, secret, token_url) if is_account else None
        self._time_delta: int | None = None
        self._session = _kept_to_itself(Session())
        self._time_limits_s = time_limits_s
        self.limit(math.inf)

    def limit(self, seconds: float) -> None:
        """The next call waits no longer than this, nor than was said in the beginning."""
        connect_s, answer_s = self._time_limits_s
        self._timeout = (min(connect_s, seconds), min(answer_s, seconds))
        if self._oauth2 is not None:
            self._oauth2.time_limits_s = self._timeout

    def forget_time(self) -> None:
        """The time of the other side is asked for again."""
        self._time_delta = None

    def close(self) -> None:
        self._session.close()


class ApiClient:
    """One conversation. Raises PanelError."""

    def __init__(
        self, region: str, way: str, name: str, secret: str, consumer: str = "", *, time_limits_s: tuple[float, float] = TIME_LIMITS_S
    ) -> None:
        self._client = _Client(region, way, name, secret, consumer, time_limits_s)
        self._until = math.inf  # monotonic seconds

    def __enter__(self) -> ApiClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def end_after(self, seconds: float) -> None:
        """All calls from now on take so long at the most, together."""
        self._until = time.monotonic() + seconds

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, signed: bool = True) -> dict[str, Any]:
        """What is answered with an object. Its body goes along with a POST."""
        found = self._asked(method, path, body, signed)
        if not isinstance(found, dict):
            raise _odd()
        return found

    def ask_list(self, method: str, path: str) -> list[Any]:
        """What is answered with a list."""
        found = self._asked(method, path, None, True)
        if not isinstance(found, list):
            raise _odd()
        return found

    def _asked(self, method: str, path: str, body: dict[str, Any] | None, signed: bool) -> Any:
        for last_try in (False, True):
            if (left_s := self._until - time.monotonic()) <= 0:
                raise _away()
            self._client.limit(left_s)
            try:
                return self._client.call(method, path, body, signed)
            except OAuth2FailureError as error:
                refused = any(word in str(error) for word in _ACCOUNT_REFUSED)
                raise (_refused_account() if refused else _away()) from error
            except TooMuch as error:
                raise _odd() from error
            except BrokenOff as error:
                raise _away() from error
            except APIError as error:
                if _code(error) == "QUERY_TIME_OUT" and not last_try:
                    self._client.forget_time()
                    continue
                raise told(error, method, path) from error
            except (AttributeError, TypeError) as error:  # the SDK reads an error's JSON as an object, whatever it is
                raise _odd() from error
        raise _odd()


# --- errors -------------------------------------------------------------------------------------
def told(error: APIError, method: str, path: str) -> PanelError:
    """An error of the SDK in our words: by status and code, since the SDK's own kinds know only the older form of errors.

    Rule: https://github.com/ovh/python-ovh/blob/master/ovh/client.py (call) and the two forms of errors that the API answers.
    """
    status = getattr(error.response, "status_code", None)
    code, said = _code(error), clean(str(error.args[0] if error.args else ""))[:300]
    where = f"{method} {path.partition('?')[0]}"
    if status is None:
        return _away()
    if status in (400, 401, 403):
        return _turned_down(status, code, said, where)
    if status == 404:
        return PanelError("not-found", _("OVHcloud knows no such thing: %(what)s") % {"what": said or where})
    if status == 409:
        return PanelError("conflict", _("OVHcloud is doing something else with it at this moment."), _("Wait until that is done."))
    if status == 460:
        return PanelError("expired", _("OVHcloud says that this service has expired."), _("Have it renewed in its panel."))
    return _away(status)


def _code(error: APIError) -> str:
    """The code in either form of errors."""
    try:
        body = error.response.json() if error.response is not None else {}
    except ValueError:
        return ""
    return str(body.get("errorCode") or body.get("class") or "") if isinstance(body, dict) else ""


def _turned_down(status: int, code: str, said: str, where: str) -> PanelError:
    low = said.lower()
    if "INVALID_SIGNATURE" in code or "invalid signature" in low:
        hint = _("Type the application's secret again. If the rights are not confirmed at OVHcloud yet, confirm them first.")
        return PanelError("refused", _("OVHcloud does not accept the signature."), hint)
    if "INVALID_KEY" in code or "application key is invalid" in low:
        hint = _("Keys belong to the region they were made in. Compare key and region.")
        return PanelError("refused", _("OVHcloud does not know this application key."), hint)
    if status == 401 or code in ("INVALID_CREDENTIAL", "NOT_CREDENTIAL") or "credential is not valid" in low:
        hint = _("They have expired or were revoked. Connect the panel again.")
        return PanelError("refused", _("OVHcloud does not accept the rights that were confirmed."), hint)
    if status == 403:
        hint = _("Connect the panel again, and confirm all of the rights that are asked for.")
        return PanelError("not-granted", _("OVHcloud says that this was not granted: %(right)s.") % {"right": where}, hint)
    if code == "QUERY_TIME_OUT":
        return PanelError("away", _("OVHcloud takes our requests for too old."), _("Set the clock of this machine."))
    return PanelError("bad-request", _("OVHcloud did not accept what was asked for: %(said)s") % {"said": said or where})


def _refused_account() -> PanelError:
    hint = _("Type its id and its secret again, and compare the region.")
    return PanelError("refused", _("OVHcloud does not accept this service account."), hint)


def _away(status: int | None = None) -> PanelError:
    what = _("OVHcloud answered with status %(status)s.") % {"status": status} if status else _("OVHcloud's API could not be reached.")
    return PanelError("away", what, _("Nothing else is wrong; it is tried again later."))


def _odd() -> PanelError:
    return PanelError("odd-answer", _("OVHcloud's API answered something that cannot be read."), _("It is tried again later."))
