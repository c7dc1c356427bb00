"""How a host is reached: tested, stored, accepted, opened. One try with a secret; a refused login or a changed key stops all use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import transports
from diagnostics.transports.base import ConnectionDetails, HostKeyChanged, HostKeyUnknown, Reader, TransportError, Writer
from diagnostics.transports.watched import WatchedReader, WatchedWriter
from sites.credentials import SecretUnreadable, host_secrets, set_host_secrets
from sites.models import Host, Site, Team
from sites.recording import guard_from_settings

from . import auditing, discovering, jump_hosts, politeness, purposes
from .accompanying import company_of
from .discovering import Found, PlaceProblem
from .host_states import (
    ConnectionTest,
    accept_host_key,
    fingerprint_of,
    note,
    note_first_use,
    note_stop,
    require_usable,
    state_after,
    wants_key,
)
from .jump_hosts import ConnectionStopped

# The states of hosts are told in a module of their own; who connects finds them here.
__all__ = [
    "ConnectionStopped", "ConnectionTest", "TransportError", "accept_host_key", "check_places", "create_host", "details_for", "discover",
    "fingerprint_of", "local_roots", "note", "reader_for", "require_usable", "store", "test_accepting", "test_details", "test_host",
    "test_typed", "wants_key", "writer_for",
]  # fmt: skip


def local_roots() -> tuple[str, ...]:
    return tuple(str(root) for root in settings.SITEMEND_LOCAL_ROOTS)


def details_for(host: Host) -> ConnectionDetails:
    """The stored connection with its secrets in the open: in memory only. Raises SecretUnreadable."""
    password, private_key, passphrase = host_secrets(host)
    exempt = (host.address, host.port) if host.practice else None
    place = (host.protocol, host.address, host.port, host.user)
    return ConnectionDetails(*place, password, private_key, passphrase, host.host_key, exempt, via=_via(host), key=host.pk)


def _via(host: Host) -> ConnectionDetails | None:
    return details_for(host.via) if jump_hosts.chain_of(host) else None


_FTP_PORT = 21
_REACHED_BY = (
    "protocol", "address", "port", "user", "via", "practice", "host_key", "state",
    "sealed_password", "sealed_private_key", "sealed_passphrase",
)  # fmt: skip


# --- testing ------------------------------------------------------------------------------------
def test_details(
    details: ConnectionDetails,
    *,
    profile: str = "",
    docroot: str = "",
    error_log: str = "",
    access_log: str = "",
    host: Host | None = None,
) -> ConnectionTest:
    """Connects once and looks around. Never raises for what a host does; nothing is written. `host`: the stored one, if it is."""
    try:
        if host is not None:
            jump_hosts.require_usable(host)
        with purposes.doing("test"), _reading(details, host) as reader:
            return _looked(reader, details, profile, docroot, error_log, access_log)
    except HostKeyUnknown as error:
        state = Host.State.KEY_CHANGED if isinstance(error, HostKeyChanged) else Host.State.UNTESTED
        return ConnectionTest(False, error.code, error.message, error.hint, error.host_key, error.fingerprint, state=state)
    except politeness.NotYet as error:  # nothing was learnt: it stays what it was
        state = host.state if host is not None else Host.State.UNTESTED
        return ConnectionTest(False, error.code, error.message, error.hint, state=state)
    except TransportError as error:
        return ConnectionTest(False, error.code, error.message, error.hint, state=state_after(error))


def _looked(reader: Reader, details: ConnectionDetails, profile: str, docroot: str, error_log: str, access_log: str) -> ConnectionTest:
    known = {"host_key": details.host_key, "fingerprint": fingerprint_of(details.host_key)}
    if docroot:
        problem = discovering.check_places(reader, docroot=docroot, error_log=error_log, access_log=access_log)
        if problem:
            hint = _("The connection itself works. Give the path as the host names it.")
            return ConnectionTest(False, problem.code, problem.message, hint, **known, state=Host.State.WORKS)
    found = discovering.look_around(reader, profile, docroot=docroot)
    found = replace(found, error_log=error_log or found.error_log, access_log=access_log or found.access_log)
    read_only = discovering.why_read_only(reader, found.docroot) if found.docroot else ""
    if (find_out := getattr(reader, "find_out", None)) is not None:
        find_out()
    capabilities = tuple(sorted(str(capability) for capability in reader.capabilities))
    return ConnectionTest(
        True,
        "ok",
        _("The connection works."),
        "",
        **known,
        capabilities=capabilities,
        found=found,
        read_only=read_only,
        state=Host.State.WORKS,
    )


def test_accepting(details: ConnectionDetails, accepted: str = "", host: Host | None = None, **places: str) -> ConnectionTest:
    """As `test_details`; a new or changed host key is pinned when its fingerprint is `accepted`."""
    result = test_details(details, host=host, **places)
    if result.code in (HostKeyUnknown.code, HostKeyChanged.code) and accepted and result.fingerprint == accepted:
        return test_details(replace(details, host_key=result.host_key), host=host, **places)
    return result


def test_typed(
    host: Host, *, password: str = "", private_key: str = "", passphrase: str = "", accepted_fingerprint: str = ""
) -> ConnectionTest:
    """Tests what was typed before it is stored. An empty secret means the stored one, at the address it was given for."""
    details = ConnectionDetails(host.protocol, host.address, host.port, host.user, password, private_key, passphrase, via=_via(host))
    stored = Host.objects.filter(pk=host.pk).first() if host.pk else None
    if stored and (stored.address, stored.port) == (host.address, host.port):
        details = replace(details, host_key=stored.host_key)
    if stored and not password and not private_key and (stored.public_key or _same_login(stored, host)):
        old = host_secrets(stored)
        # A key that was made here may be shown to any host; a password that stands beside it is for the one that it was given for.
        details = replace(details, password=old[0] if _same_login(stored, host) else "", private_key=old[1], passphrase=old[2])
    return test_accepting(details, accepted_fingerprint, stored)


def _same_login(stored: Host, host: Host) -> bool:
    return (stored.address, stored.port, stored.user) == (host.address, host.port, host.user)


def test_host(host: Host) -> ConnectionTest:
    """Tests a stored connection and stores what came of it."""
    try:
        result = test_details(details_for(host), host=host)
    except SecretUnreadable as error:
        result = ConnectionTest(False, "secret-unreadable", str(error), state=Host.State.UNTESTED)
    except TransportError as error:  # of its chain of jump hosts
        result = ConnectionTest(False, error.code, error.message, error.hint)
    if not result.not_yet:
        note(host, result)
    return result


# --- storing ------------------------------------------------------------------------------------
def store(
    host: Host, *, password: str = "", private_key: str = "", passphrase: str = "", tested: ConnectionTest | None = None, user: Any = None
) -> Host:
    """Stores a new or changed host; empty secrets keep what is stored, unless it now lies elsewhere."""
    stored = Host.objects.filter(pk=host.pk).first() if host.pk else None
    moved = stored is None or (stored.address, stored.port) != (host.address, host.port)
    keeps_key = bool(host.public_key) and not password and not private_key  # one that was made here is told to nobody
    if password or private_key or (moved and not keeps_key):
        host.public_key = ""
        set_host_secrets(host, password=password, private_key=private_key, passphrase=passphrase)
        host.imported_in = None  # what a person typed since is no more the import's to take away
    elif moved:
        host.sealed_password = ""  # that which stood beside the key was given for another address
    if moved:
        host.host_key, host.host_key_accepted_at, host.host_key_accepted_by = "", None, None
        if stored:
            host.practice = False  # the guard lets the practice site through at the address it was made with, nowhere else
    if moved or (stored and stored.protocol != host.protocol):
        host.capabilities = []  # what another machine can do, or the same one over another protocol
    if tested and tested.ok and tested.host_key and tested.host_key != host.host_key:
        host.host_key, host.host_key_accepted_at = tested.host_key, timezone.now()
        host.host_key_accepted_by = user if getattr(user, "pk", None) else None
    if stored:
        host.read_only_since, host.read_only_by = stored.read_only_since, stored.read_only_by  # switched while a test took its time
    if tested:
        note(host, tested)
    elif moved or password or private_key:
        host.state, host.state_detail = Host.State.UNTESTED, ""
    host.save()
    if tested and stored is None:
        auditing.note_login(host, "" if tested.state == Host.State.WORKS else tested.code)
    return host


def create_host(
    *,
    team: Team,
    name: str,
    details: ConnectionDetails,
    profile: str,
    tested: ConnectionTest | None = None,
    practice: bool = False,
    user: Any = None,
) -> Host:
    """A new host from connection details; `tested` pins the key that the test was made with."""
    host = Host(team=team, name=name, protocol=details.protocol, address=details.address, port=details.port, user=details.user)
    host.profile, host.practice = profile, practice
    secrets = {"password": details.password, "private_key": details.private_key, "passphrase": details.passphrase}
    store(host, **secrets, tested=tested, user=user)
    if details.host_key and not host.host_key:
        host.host_key, host.host_key_accepted_at = details.host_key, timezone.now()
        host.save(update_fields=["host_key", "host_key_accepted_at"])
    return host


# --- using --------------------------------------------------------------------------------------
@contextmanager
def _noting(host: Host) -> Iterator[ConnectionDetails]:
    """Details for one use, whose turn it is; what must stop the next one is stored before that has its turn. Raises TransportError."""
    require_usable(host)  # once more: whoever had the turn before may have been refused
    host.refresh_from_db(fields=_REACHED_BY)  # or a person has corrected it while this one waited
    try:
        yield details_for(host)
    except TransportError as error:
        note_stop(host, error)
        raise


@contextmanager
def _reading(details: ConnectionDetails, host: Host | None) -> Iterator[Reader]:
    """A reader on one connection. What is done on a stored host is noted, also on those that lead there."""
    if host is None or host.pk is None:
        with company_of(None, details_for) as company, transports.open_reader(details, **_allowed(), company=company) as reader:
            yield reader
        return
    with politeness.turn(host) as turn, _watched_reader(details, turn) as reader:
        yield reader


def _allowed() -> dict[str, Any]:
    return {"guard": guard_from_settings(), "local_roots": local_roots()}


@contextmanager
def _watched_reader(details: ConnectionDetails, turn: politeness.Turn, login: str = "") -> Iterator[Reader]:
    with (
        auditing.trail(turn, login) as trail,
        company_of(trail, details_for) as company,
        transports.open_reader(details, **_allowed(), company=company) as reader,
    ):
        trail.let_in()
        yield cast(Reader, WatchedReader(reader, trail))


@contextmanager
def reader_for(host: Host) -> Iterator[Reader]:
    """The host's files, to look at. Raises TransportError; ConnectionStopped when a person must look first."""
    require_usable(host)
    with politeness.turn(host) as turn, _noting(host) as details, _watched_reader(details, turn) as reader:
        note_first_use(host, reader)
        yield reader


@contextmanager
def reader_as(host: Host, suffix: str, *, plain: bool = False) -> Iterator[Reader]:
    """What another login of the account reads, whose name is the same with `suffix` behind it: OVHcloud's snapshots.

    A refusal says nothing of the account's own login and stops nothing. `plain`: by FTP, which anybody on the way can read; only where
    a person allowed that. Raises TransportError.
    """
    require_usable(host)
    with politeness.turn(host) as turn, _watched_reader(other_login(details_for(host), suffix, plain=plain), turn, suffix) as reader:
        yield reader


def other_login(details: ConnectionDetails, suffix: str, *, plain: bool) -> ConnectionDetails:
    """The details of such a login: files only, by its password."""
    by_files = "sftp" if details.protocol == "ssh" else details.protocol
    named = replace(details, protocol=by_files, user=f"{details.user}{suffix}", private_key="", passphrase="")
    if not plain or by_files != "sftp":
        return named
    return replace(named, protocol="ftp", port=_FTP_PORT, address=ftp_address(details.address), host_key="", via=None)


def ftp_address(address: str) -> str:
    """Where OVHcloud takes FTP, from where it takes SSH; elsewhere it is the same."""
    return f"ftp.{address[4:]}" if address.startswith("ssh.cluster") else address


@contextmanager
def writer_for(host: Host) -> Iterator[Writer]:
    """As `reader_for`, to be handed to the executor and nobody else."""
    require_usable(host)
    with (
        politeness.turn(host) as turn,
        _noting(host) as details,
        auditing.trail(turn) as trail,
        company_of(trail, details_for) as company,
        transports.open_writer(details, **_allowed(), company=company) as opened,
    ):
        trail.let_in()
        writer = cast(Writer, WatchedWriter(opened, trail))
        note_first_use(host, writer)
        yield writer


def discover(site: Site) -> Found:
    """Proposals for the folders and logs of a site; `problem` says why there are none."""
    if site.host is None:
        return Found(problem=_("The site has no hosting account."))
    try:
        with purposes.doing("folders", site=site), reader_for(site.host) as reader:
            return discovering.look_around(reader, site.profile_name)
    except TransportError as error:
        return Found(problem=f"{error.message} {error.hint}".strip())


def check_places(host: Host, *, docroot: str, error_log: str = "", access_log: str = "") -> PlaceProblem | None:
    """Whether folder and logs can be used; the first that cannot."""
    try:
        with purposes.doing("folders"), reader_for(host) as reader:
            return discovering.check_places(reader, docroot=docroot, error_log=error_log, access_log=access_log)
    except TransportError as error:
        return PlaceProblem("docroot", error.code, f"{error.message} {error.hint}".strip())
