"""What a connection showed of its host, as it is stored: that it works, refuses the login, shows another key, is out of reach."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.transports.base import (
    KEY_WANTED,
    HostKeyChanged,
    HostKeyUnknown,
    KeyUnusable,
    LoginCutOff,
    LoginRefused,
    Reader,
    TransportError,
)
from diagnostics.transports.host_keys import fingerprint
from sites import host_news, notifications
from sites.models import Host

from . import jump_hosts, politeness, purposes
from .discovering import Found
from .jump_hosts import ConnectionStopped


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """What a test of a connection brought. `host_key` is what the host showed; `found` what seems to lie there."""

    ok: bool
    code: str  # "ok", or that of the error
    message: str
    hint: str = ""
    host_key: str = ""
    fingerprint: str = ""
    capabilities: tuple[str, ...] = ()
    found: Found | None = None
    read_only: str = ""
    state: str = field(default=Host.State.UNREACHABLE)

    @property
    def not_yet(self) -> bool:
        """Whether nothing was tried, because it was not its turn."""
        return self.code in (politeness.ConnectionBusy.code, politeness.ConnectionPaused.code)

    @property
    def wants_key(self) -> bool:
        """Whether the host takes a private key only, and a password was given."""
        return self.message == KEY_WANTED


def fingerprint_of(host_key: str) -> str:
    """`SHA256:…` of a stored host key, empty for none."""
    return fingerprint(host_key) if host_key else ""


def state_after(error: TransportError) -> str:
    """The state of a host whose connection ended like this before anything was done."""
    if isinstance(error, LoginRefused | KeyUnusable):
        return Host.State.REFUSED
    return Host.State.KEY_CHANGED if isinstance(error, HostKeyChanged) else Host.State.UNREACHABLE


def note(host: Host, result: ConnectionTest) -> None:
    """Stores the state that a test found; a key that was not accepted is only offered.

    The team is mailed once when an account that had let us in does so no more, whoever noticed it.
    """
    before = Host.objects.filter(pk=host.pk).values_list("state", flat=True).first() if host.pk else None
    host.state, host.state_detail, host.tested_at = (
        result.state,
        "" if result.ok else f"{result.message} {result.hint}".strip(),
        timezone.now(),
    )
    host.offered_host_key = "" if result.ok or result.host_key == host.host_key else result.host_key
    if result.ok:
        host.capabilities = list(result.capabilities)
    if host.pk:
        host.save(update_fields=["state", "state_detail", "tested_at", "offered_host_key", "capabilities"])
        if result.state in host_news.STOPPED and _was_relied_on(before):
            notifications.connection_stopped(host, host.tested_at)


def _was_relied_on(before: str | None) -> bool:
    """Whether the team must hear that it works no more. Who tests what never worked sees it on the page."""
    by_itself = purposes.now_doing().actor == purposes.Actor.ITSELF
    return before in (Host.State.WORKS, Host.State.UNREACHABLE) or (before == Host.State.UNTESTED and by_itself)


def note_stop(host: Host, error: TransportError) -> None:
    """What must stop the next use is stored: a refused login, a key that is not the pinned one. Nothing else is.

    A login that worked until now and is cut off without a word is tried again once: a process of the host may have ended just then,
    and what waits to be taken back there must not wait for a person. Twice in a row is a refusal.
    """
    if isinstance(error, LoginCutOff) and host.state in (Host.State.WORKS, Host.State.UNREACHABLE) and politeness.is_first_failure(host):
        return
    key = error.host_key if isinstance(error, HostKeyUnknown) else ""
    if not key and not isinstance(error, LoginRefused | KeyUnusable):
        return
    state = Host.State.UNTESTED if key and not isinstance(error, HostKeyChanged) else state_after(error)
    note(host, ConnectionTest(False, error.code, error.message, error.hint, host_key=key, state=state))


def note_first_use(host: Host, reader: Reader) -> None:
    """A host that was never tested but has just let us in works. What a test found that it can do stays: a use only guesses some of it."""
    if host.state != Host.State.UNTESTED:
        return
    seen: dict[str, Any] = {"state": Host.State.WORKS, "state_detail": "", "tested_at": timezone.now()}
    if not host.capabilities:
        seen["capabilities"] = sorted(str(capability) for capability in reader.capabilities)
    if Host.objects.filter(pk=host.pk, state=Host.State.UNTESTED).update(**seen):
        for name, value in seen.items():
            setattr(host, name, value)


def require_usable(host: Host) -> None:
    """Raises ConnectionStopped when a person must look first."""
    jump_hosts.require_usable(host)
    state = Host.objects.values_list("state", flat=True).get(pk=host.pk)
    if stopped := why_stopped(host, state):
        raise stopped


def why_stopped(host: Host, state: str) -> ConnectionStopped | None:
    """Why a connection in this state waits for a person, with what to do; None where it does not."""
    if state == Host.State.REFUSED:
        hint = _("Correct user or secret of the host, then test the connection.")
        return ConnectionStopped(_("The host refused the login the last time, so it is not tried again by itself."), hint)
    if state == Host.State.KEY_CHANGED and host.protocol == Host.Protocol.FTPS:
        hint = _("Ask the host whether its certificate was changed, and accept the new one only then.")
        return ConnectionStopped(_("The certificate has changed, so this connection is not used."), hint)
    if state == Host.State.KEY_CHANGED:
        hint = _("Ask the host whether its key was changed, and accept the new one only then.")
        return ConnectionStopped(_("The host key has changed, so this connection is not used."), hint)
    return None


def wants_key(host: Host) -> bool:
    """Whether the last login failed because the host takes a private key only."""
    return host.state == Host.State.REFUSED and host.state_detail.startswith(KEY_WANTED)


def accept_host_key(host: Host, user: Any, shown: str) -> bool:
    """Pins the key that the host offers now, if it is the one whose fingerprint was shown to the person."""
    offered = Host.objects.values_list("offered_host_key", flat=True).get(pk=host.pk)
    if not offered or fingerprint_of(offered) != shown:
        return False
    host.host_key, host.offered_host_key, host.state = offered, "", Host.State.UNTESTED
    host.host_key_accepted_at, host.host_key_accepted_by = timezone.now(), user if getattr(user, "pk", None) else None
    host.save(update_fields=["host_key", "offered_host_key", "state", "host_key_accepted_at", "host_key_accepted_by"])
    return True
