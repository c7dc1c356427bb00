"""A site with its connection in one go, as `add_site` does it: tested before anything is stored, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from diagnostics import log_servers
from diagnostics.connections import connecting, jump_hosts, via
from diagnostics.connections.connecting import ConnectionTest
from diagnostics.profiles import DEFAULT_PROFILE, PROFILES
from diagnostics.transports.base import ConnectionDetails, HostKeyChanged, HostKeyUnknown
from diagnostics.transports.urls import UrlRefused, parse_connect_url
from sites import registration
from sites.models import Host, Site, Team
from sites.registration import RegistrationError


class AddRefused(Exception):
    """The site was not added and nothing was stored. `code` is stable."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


@dataclass(frozen=True)
class Wanted:
    """What is to be registered. `secret` is a password, or the passphrase where there is a key."""

    name: str
    url: str
    pages: Sequence[str] = ()
    team: Team | None = None
    host: str = ""
    connect: str = ""
    via: str = ""  # name of the account that leads there
    secret: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    host_key: str = ""  # fingerprint that must be shown
    accept_host_key: bool = False
    docroot: str = ""
    error_log: str = ""
    access_log: str = ""
    log_server: str = ""  # address of the folder that holds its logs
    log_user: str = ""
    log_secret: str = field(default="", repr=False)
    profile: str = ""
    sets_aside: bool = False  # whether an unattended repair may set plugins of WordPress aside
    trials: str = ""  # kinds that may be made unattended, separated by commas or spaces
    interval_s: int = 60


def add(wanted: Wanted) -> dict[str, Any]:
    """Registers a site and, with `connect`, its host. Raises AddRefused; then nothing was stored."""
    team = wanted.team or Team.objects.order_by("pk").first() or Team(name=_("Team"))
    if Site.objects.filter(name=wanted.name.strip()).exists():
        message = _("There is already a site named %(name)s.") % {"name": wanted.name}
        raise AddRefused("name-taken", message, _("Choose another name."))
    if wanted.profile and wanted.profile not in PROFILES:
        known = ", ".join(PROFILES)
        raise AddRefused(
            "unknown-profile", _("There is no profile %(name)s.") % {"name": wanted.profile}, _("Known are: %(all)s.") % {"all": known}
        )
    _validate_without_storing(wanted, team)
    logs = _log_server(wanted)
    host, details, tested = _connection(wanted, team)
    if logs:
        _try_log_server(wanted, logs, host)
    return _store(wanted, team, host, details, tested, logs)


def _validate_without_storing(wanted: Wanted, team: Team) -> None:
    """What is wrong with the site itself is told before a host is contacted."""

    def attempt() -> None:
        with transaction.atomic():
            _register(wanted, _saved(team), None, None)
            transaction.set_rollback(True)

    _told(attempt)


def _told(attempt: Callable[[], Any]) -> Any:
    try:
        return attempt()
    except RegistrationError as error:
        raise AddRefused(f"bad-{error.field.replace('_', '-')}", error.message) from error


def _saved(team: Team) -> Team:
    if team.pk is None or not Team.objects.filter(pk=team.pk).exists():
        team = Team.objects.create(name=team.name)
    return team


def _register(wanted: Wanted, team: Team, host: Host | None, tested: ConnectionTest | None) -> Site:
    found = tested.found if tested else None
    return registration.register_site(
        team=team,
        name=wanted.name,
        url=wanted.url,
        paths=("/", *wanted.pages),
        interval_s=wanted.interval_s,
        trials=wanted.trials,
        sets_aside=wanted.sets_aside,
        host=host,
        docroot=wanted.docroot or (found.docroot if found else ""),
        error_log=wanted.error_log or (found.error_log if found else ""),
        access_log=wanted.access_log or (found.access_log if found else ""),
        profile=wanted.profile if host and wanted.profile != host.profile else "",
    )


def _connection(wanted: Wanted, team: Team) -> tuple[Host | None, ConnectionDetails | None, ConnectionTest | None]:
    """The host that stands or the details of a new one, tested. Raises AddRefused."""
    if not wanted.connect:
        if wanted.via:
            raise AddRefused("bad-via", _("A jump host belongs to a new connection."), _("Give --connect beside --via."))
        if not wanted.host:
            return None, None, None
        host = Host.objects.filter(team_id=team.pk, name=wanted.host).first()
        if host is None:
            raise AddRefused(
                "no-such-host", _("There is no host named %(name)s.") % {"name": wanted.host}, _("Give --connect to make one.")
            )
        return host, None, _tested(wanted, connecting.details_for(host), host.profile, host)
    try:
        parsed = parse_connect_url(wanted.connect)
    except UrlRefused as error:
        raise AddRefused("bad-connect", error.message, error.hint) from error
    address = {"protocol": parsed.protocol, "address": parsed.address, "port": parsed.port, "user": parsed.user}
    jump = _jump(wanted, team, parsed.protocol)
    standing = Host.objects.filter(team_id=team.pk, **address, **({"via": jump} if jump else {})).first()
    if standing and not wanted.secret and not wanted.key:
        return standing, None, _tested(wanted, connecting.details_for(standing), standing.profile, standing)
    secret = {"private_key": wanted.key, "passphrase": wanted.secret} if wanted.key else {"password": wanted.secret}
    through = standing.via if standing else jump
    leads_there = connecting.details_for(through) if through else None
    details = ConnectionDetails(*address.values(), **secret, host_key=standing.host_key if standing else "", via=leads_there)
    tested = _tested(wanted, details, wanted.profile, standing)
    return standing, replace(details, host_key=tested.host_key), tested


def _log_server(wanted: Wanted) -> log_servers.Given | None:
    """The log server as it was named; None where none was. Raises AddRefused."""
    if not wanted.log_server:
        if wanted.log_user or wanted.log_secret:
            raise AddRefused(
                "bad-log-server", _("A user or secret of a log server was given without its address."), _("Give --log-server.")
            )
        return None
    try:
        given = log_servers.checked(wanted.log_server, wanted.log_user, wanted.log_secret)
    except log_servers.AddressRefused as error:
        raise AddRefused("bad-log-server", f"--log-server: {error}", _("Copy it from the host's panel.")) from error
    if not given.secret:
        raise AddRefused(
            "bad-log-server", _("The password or token of the log server is missing."), _("Name its variable with --log-secret-env.")
        )
    return given


def _try_log_server(wanted: Wanted, logs: log_servers.Given, host: Host | None) -> None:
    """As a diagnosis reads it: what does not work is not stored."""
    problem = log_servers.try_out(Site(name=wanted.name, url=wanted.url, host=host), logs.url, logs.user, logs.secret)
    if problem:
        raise AddRefused("log-server", _("The log server cannot be used: %(why)s") % {"why": problem}, _("Nothing was stored."))


def _jump(wanted: Wanted, team: Team, protocol: str) -> Host | None:
    """The account that leads there, if one is named; it must be usable itself."""
    try:
        jump = via.Named()(team, wanted.via, protocol)
        if jump is not None:
            jump_hosts.require_usable(Host(team=team, via=jump))
    except via.ViaRefused as error:
        raise AddRefused("bad-via", str(error), _("See its name on the page of hosting accounts.")) from error
    except jump_hosts.ConnectionStopped as error:
        raise AddRefused(error.code, error.message, error.hint) from error
    return jump


def _tested(wanted: Wanted, details: ConnectionDetails, profile: str, host: Host | None = None) -> ConnectionTest:
    places = {"profile": profile, "docroot": wanted.docroot, "error_log": wanted.error_log, "access_log": wanted.access_log}
    if wanted.host_key and details.host_key and connecting.fingerprint_of(details.host_key) != wanted.host_key:
        raise AddRefused(
            "host-key-changed", _("The host key given is not the one that was accepted for this host."), _("Nothing was stored.")
        )
    tested = connecting.test_details(details, host=host, **places)
    if tested.code == HostKeyUnknown.code and (wanted.accept_host_key or wanted.host_key):
        if wanted.host_key and wanted.host_key != tested.fingerprint:
            message = _("The host shows the key %(shown)s, not the one given.") % {"shown": tested.fingerprint}
            raise AddRefused("host-key-changed", message, _("Nothing was sent or stored. Ask the host for its key."))
        tested = connecting.test_details(replace(details, host_key=tested.host_key), host=host, **places)
    if not tested.ok:
        hint = tested.hint
        if tested.code in (HostKeyUnknown.code, HostKeyChanged.code):
            hint += " " + _("Fingerprint: %(print)s; give it with --host-key.") % {"print": tested.fingerprint}
        raise AddRefused(tested.code, tested.message, hint.strip())
    if not (wanted.docroot or (tested.found and tested.found.docroot)):
        raise AddRefused("docroot-missing", _("No folder of a site was found on this host."), _("Give it with --docroot."))
    return tested


def _store(
    wanted: Wanted,
    team: Team,
    host: Host | None,
    details: ConnectionDetails | None,
    tested: ConnectionTest | None,
    logs: log_servers.Given | None,
) -> dict[str, Any]:
    def attempt() -> dict[str, Any]:
        nonlocal host
        with transaction.atomic():
            saved = _saved(team)
            if details and host:
                secrets = {"password": details.password, "private_key": details.private_key, "passphrase": details.passphrase}
                connecting.store(host, **secrets, tested=tested)
            elif details:
                profile = wanted.profile or guess_profile(details.address)
                name = _free_name(saved, wanted.host or f"{details.user}@{details.address}".strip("@") or "local")
                host = connecting.create_host(team=saved, name=name, details=details, profile=profile, tested=tested)
                host.via = _jump(wanted, saved, details.protocol)
                host.save(update_fields=["via"])
            site = _register(wanted, saved, host, tested)
            if logs:
                log_servers.store(site, logs.url, logs.user, logs.secret)
            return _answer(site, tested, logs)

    return _told(attempt)


def _free_name(team: Team, name: str) -> str:
    taken = set(Host.objects.filter(team=team).values_list("name", flat=True))
    return next(each for each in (name[:100], *(f"{name[:95]} {n}" for n in range(2, 1000))) if each not in taken)


def guess_profile(address: str) -> str:
    """The kind of hosting that an address gives away (OVHcloud's hosts are named *.hosting.ovh.net)."""
    return "ovh-mutualise" if address.lower().endswith((".ovh.net", ".ovh.com")) else DEFAULT_PROFILE


def _answer(site: Site, tested: ConnectionTest | None, logs: log_servers.Given | None) -> dict[str, Any]:
    found = {"docroot": site.docroot, "error_log": site.error_log, "access_log": site.access_log}
    if site.host and site.host.via:
        found["via"] = site.host.via.name
    if logs:
        found["log_server"] = logs.url
    if tested:
        found |= {"profile": site.profile_name, "host_key": tested.fingerprint, "read_only": tested.read_only}
    return {"site": site.name, "host": site.host.name if site.host else None, "found": found}
