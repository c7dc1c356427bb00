"""Many sites at once with their connections: hosting accounts are found or planned per row, stored untested, tested in the background."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import log_servers
from diagnostics.connections import host_tests, via
from diagnostics.profiles import DEFAULT_PROFILE, PROFILES
from diagnostics.transports.urls import ParsedConnection, UrlRefused, parse_connect_url
from sites import credentials
from sites.importing import checking, making
from sites.importing.rows import CheckedRow, NewHost, Place, Row, RowRefused
from sites.importing.sources import Parsed
from sites.models import Host, Site, SiteImport, Team

SECRET_PREFIX = "SITEMEND_SECRET_"  # noqa: S105 - the beginning of a variable's name
MOST_FROM_WEB = 10_000  # rows
MOST_FROM_COMMAND_LINE = 200_000


@dataclass(slots=True)
class Connections:
    """The hosting accounts that stand and those that rows of one import plan. `command_line`: whoever asks has the machine itself."""

    command_line: bool
    by_name: dict[tuple[int, str], Host] = field(default_factory=dict)
    by_place: dict[Place, Host] = field(default_factory=dict)
    planned: dict[Place, NewHost] = field(default_factory=dict)
    planned_names: dict[tuple[int, str], Place] = field(default_factory=dict)
    secrets: dict[Place, str] = field(default_factory=dict, repr=False)
    leads_there: via.Named = field(default_factory=via.Named)

    @classmethod
    def load(cls, teams: Sequence[Team], *, command_line: bool) -> Connections:
        """One query. The practice host is nobody's to use; one that only an undone import used is as good as gone."""
        found = cls(command_line)
        own = Host.objects.filter(team__in=[team for team in teams if team.pk], practice=False)
        standing = list(own.exclude(pk__in=left_over()))
        for host in standing:
            found.by_name[host.team_id, host.name] = host
            found.by_place.setdefault(place_of(host), host)
        for host in standing:  # one that lies behind another is meant where no way is named and none is reached directly
            found.by_place.setdefault(_straight(place_of(host)), host)
        return found

    def __call__(self, row: Row, team: Team) -> Host | NewHost | None:
        """The hosting account of a row. Raises RowRefused."""
        _check_profile(row.get("profile"))
        self._check_log_server(row)
        secret = self._secret(row)
        if row.get("connect"):
            return self._connected(row, team, secret)
        if row.get("via"):
            raise RowRefused(_("via: it needs a connection beside it (column connect)."))
        if secret:
            raise RowRefused(_("secret: it needs a connection beside it (column connect)."))
        if not row.get("host"):
            return None
        host = self.by_name.get((team.pk, row.get("host")))
        if host is None:
            raise RowRefused(_("host: there is no hosting account named %(name)s. Give connect to make one.") % {"name": row.get("host")})
        return host

    def _secret(self, row: Row) -> str:
        secret = row.values.get("secret", "")
        if not row.get("secret_env"):
            return secret
        self._check_variable(row, "secret_env")
        if secret:
            raise RowRefused(_("secret_env: give either a secret or the name of a variable."))
        return from_environment(row, "secret_env")

    def _check_variable(self, row: Row, column: str) -> None:
        if not self.command_line:
            raise RowRefused(_("%(column)s: variables can be named on the command line only (import_sites).") % {"column": column})
        if not row.get(column).startswith(SECRET_PREFIX):
            words = _("%(column)s: the name of the variable must begin with %(prefix)s.")
            raise RowRefused(words % {"column": column, "prefix": SECRET_PREFIX})

    def _check_log_server(self, row: Row) -> None:
        if row.get("log_secret_env"):
            self._check_variable(row, "log_secret_env")
        log_server_of(row)

    def _connected(self, row: Row, team: Team, secret: str) -> Host | NewHost:
        parsed = self._parsed(row)
        place = (team.pk, parsed.protocol, parsed.address, parsed.port, parsed.user, self._via(row, team, parsed))
        standing = self.by_place.get(place)
        if standing is None:
            return self._planned(row, place, secret)
        if row.get("host") and row.get("host") != standing.name:
            raise RowRefused(_("host: this connection is stored already, as %(name)s.") % {"name": standing.name})
        if secret:
            words = _("secret: the hosting account %(name)s stands already. Leave the secret empty to use it, or change it on its page.")
            raise RowRefused(words % {"name": standing.name})
        return standing

    def _via(self, row: Row, team: Team, parsed: ParsedConnection) -> int | None:
        """The account that leads there; None where the row names none: then whatever stands under the rest is meant."""
        try:
            jump = self.leads_there(team, row.get("via"), parsed.protocol)
        except via.ViaRefused as refusal:
            raise RowRefused(f"via: {refusal}") from None
        return jump.pk if jump else None

    def _parsed(self, row: Row) -> ParsedConnection:
        if row.get("connect").strip().lower().startswith("local:") and not self.command_line:
            raise RowRefused(_("connect: folders of this machine can be named on the command line only (import_sites)."))
        try:
            parsed = parse_connect_url(row.get("connect"))
        except UrlRefused as error:
            raise RowRefused(f"connect: {_(error.message)} {_(error.hint) if error.hint else ''}".strip()) from None
        if len(parsed.address) > 253 or len(parsed.user) > 128:
            raise RowRefused(_("connect: its address or user is too long."))
        return parsed

    def _planned(self, row: Row, place: Place, secret: str) -> NewHost:
        planned = self.planned.get(place)
        if planned is None:
            return self._plan(row, place, secret)
        if secret and self.secrets[planned.place] not in ("", secret):
            raise RowRefused(_("secret: row %(row)d gives another one for the same connection.") % {"row": planned.row})
        if row.get("host") and row.get("host") != planned.name:
            raise RowRefused(_("host: row %(row)d gives another name for the same connection.") % {"row": planned.row})
        if secret and not self.secrets[planned.place]:
            self.secrets[planned.place], planned.sealed_password = secret, credentials.seal(secret)
        return planned

    def _plan(self, row: Row, place: Place, secret: str) -> NewHost:
        team_id, protocol, address, port, user, via_id = place
        name = row.get("host")
        if name and ((team_id, name) in self.by_name or (team_id, name) in self.planned_names):
            raise RowRefused(_("host: %(name)s is another connection.") % {"name": name})
        if len(name) > 100:
            raise RowRefused(_("host: this is too long: at most %(most)d characters.") % {"most": 100})
        name = name or self._free_name(team_id, f"{user}@{address}".strip("@") or "local")
        profile = row.get("profile") or ("ovh-mutualise" if address.lower().endswith((".ovh.net", ".ovh.com")) else DEFAULT_PROFILE)
        planned = NewHost(team_id, name, protocol, address, port, user, profile, row.number, credentials.seal(secret), via_id)
        self.planned[place], self.secrets[place], self.planned_names[team_id, name] = planned, secret, place
        self.planned.setdefault(_straight(place), planned)
        return planned

    def _free_name(self, team_id: int, name: str) -> str:
        number, free = 1, name[:100]
        while (team_id, free) in self.by_name or (team_id, free) in self.planned_names:
            number += 1
            free = f"{name[:90]} {number}"
        return free


def from_environment(row: Row, column: str) -> str:
    """The secret in the variable that a column names. Raises RowRefused where it is not set."""
    found = os.environ.get(row.get(column), "")
    if not found:
        raise RowRefused(_("%(column)s: the environment variable %(name)s is not set.") % {"column": column, "name": row.get(column)})
    return found


def log_server_of(row: Row) -> log_servers.Given | None:
    """Where the host shows the logs of a row's site; None where the row names nothing. Raises RowRefused."""
    if not row.get("log_server"):
        if row.get("log_user") or row.get("log_secret_env"):
            raise RowRefused(_("log_server: its user or secret is given, the address is missing."))
        return None
    secret = from_environment(row, "log_secret_env") if row.get("log_secret_env") else ""
    try:
        return log_servers.checked(row.get("log_server"), row.get("log_user"), secret)
    except log_servers.AddressRefused as error:
        raise RowRefused(f"log_server: {error}") from error


def _complete(rows: Sequence[CheckedRow]) -> None:
    """The log servers of sites that were just stored."""
    named = ((row.site, log_server_of(row.row)) for row in rows if row.site is not None)
    log_servers.store_untested([(site, given) for site, given in named if given])


def left_over() -> QuerySet[Host]:
    """Accounts that an undone import made and no site uses, nor one in the bin but those of undone imports."""
    undone = SiteImport.State.UNDONE
    using = Site.with_deleted.filter(host__isnull=False).exclude(deleted_at__isnull=False, imported_in__state=undone)
    return Host.objects.filter(imported_in__state=undone).exclude(pk__in=using.values("host_id"))


def place_of(host: Host | NewHost) -> Place:
    """What makes two connections the same."""
    return (host.team_id, host.protocol, host.address, host.port, host.user, host.via_id)


def _straight(place: Place) -> Place:
    """The same without a jump host: what a row means that names none."""
    return (*place[:5], None)


def _check_profile(name: str) -> None:
    if name and name not in PROFILES:
        raise RowRefused(_("profile: there is no %(name)s. Known are: %(all)s.") % {"name": name[:40], "all": ", ".join(PROFILES)})


def check(rows: Iterable[Row], teams: Sequence[Team], *, command_line: bool = False) -> list[CheckedRow]:
    """What each row would make, or why it cannot. `teams`: where sites may be made, the usual one first. Nothing is stored."""
    return checking.check(rows, teams, Connections.load(teams, command_line=command_line))


def make(checked: Sequence[CheckedRow], made_by: SiteImport) -> int:
    """Stores what was not refused and says so on `made_by`. Connections are tested later, spaced."""
    made = making.make(checked, made_by, make_hosts, _complete)
    made_by.created, made_by.left_out = made, len(checked) - made
    made_by.state, made_by.made_at, made_by.sealed_rows = SiteImport.State.MADE, timezone.now(), b""
    made_by.save(update_fields=["created", "left_out", "state", "made_at", "sealed_rows"])
    return made


def make_hosts(planned: Sequence[NewHost], made_by: SiteImport) -> dict[Place, Host]:
    """Stores planned accounts, untested; one that was made meanwhile is used, one left over from an undone import made anew."""
    teams = {plan.team_id for plan in planned}
    there = Host.objects.filter(team_id__in=teams, address__in={plan.address for plan in planned}, practice=False)
    standing = {place_of(host): host for host in there}
    over = set(left_over().filter(team_id__in=teams).values_list("pk", flat=True))
    for plan in planned:
        if plan.place in standing and standing[plan.place].pk in over:
            _renew(standing[plan.place], plan, made_by)
    names = set(Host.objects.filter(team_id__in=teams, name__in=[plan.name for plan in planned]).values_list("team_id", "name"))
    new = [_host(plan, names, made_by) for plan in planned if plan.place not in standing]
    host_tests.want(new)
    Host.objects.bulk_create(new)
    return standing | {place_of(host): host for host in new}


def _renew(host: Host, plan: NewHost, made_by: SiteImport) -> None:
    host.sealed_password, host.sealed_private_key, host.sealed_passphrase = plan.sealed_password, "", ""
    host.via_id = plan.via_id
    host.profile, host.imported_in, host.state, host.state_detail = plan.profile, made_by, Host.State.UNTESTED, ""
    host_tests.want([host])
    host.save()


def _host(plan: NewHost, names: set[tuple[int, str]], made_by: SiteImport) -> Host:
    number, name = 1, plan.name
    while (plan.team_id, name) in names:
        number += 1
        name = f"{plan.name[:90]} {number}"
    names.add((plan.team_id, name))
    place = {"protocol": plan.protocol, "address": plan.address, "port": plan.port, "user": plan.user}
    return Host(
        team_id=plan.team_id,
        name=name,
        profile=plan.profile,
        sealed_password=plan.sealed_password,
        imported_in=made_by,
        via_id=plan.via_id,
        **place,
    )


def import_all(parsed: Parsed, *, file_name: str, dry_run: bool) -> tuple[int, list[dict[str, Any]]]:
    """What the command does: everything that is well is stored at once. Answers how many, and the refused rows."""
    teams = list(Team.objects.order_by("pk"))
    if dry_run:
        checked = check(parsed.rows, teams or [Team(name=_("Team"))], command_line=True)
        return sum(not row.why for row in checked), [row.refusal for row in checked if row.why]
    with transaction.atomic():
        first = not teams
        if first:
            teams = [Team.objects.create(name=_("Team"))]
        checked = check(parsed.rows, teams, command_line=True)
        if first and all(row.why for row in checked):
            teams[0].delete()
    if any(not row.why for row in checked):
        made_by = SiteImport.objects.create(team=teams[0], source=parsed.source, file_name=file_name[-200:])
        made = make(checked, made_by)
    else:
        made = 0
    return made, [row.refusal for row in checked if row.why]
