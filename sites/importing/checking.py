"""Every row of an import checked as registering one site checks it, with a number of queries that does not grow with the rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _

from sites import registration
from sites.importing.rows import CheckedRow, NewHost, Row, RowRefused
from sites.models import Host, Site, Team
from sites.registration import RegistrationError

# Who finds or plans the hosting account of a row. Raises RowRefused. Knowing connections is not this app's business.
Connect = Callable[[Row, Team], Host | NewHost | None]

_YES = ("1", "yes", "true", "y", "x", "on", "paused", "oui", "ja", "si", "sí")
_NO = ("", "0", "no", "false", "n", "off", "non", "nein")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_FIELDS = {"interval_s": "interval", "time_limit_s": "time_limit", "paths": "pages", "expected_statuses": "expected_status"}


@dataclass(slots=True)
class Standing:
    """What is there already, and what the rows before claimed."""

    teams: dict[str, Team]  # in which sites may be made
    default_team: Team | None
    names: dict[str, int] = field(default_factory=dict)  # the row that has the name; 0: a site that stands
    addresses: dict[tuple[int, str], str] = field(default_factory=dict)

    @classmethod
    def load(cls, teams: Sequence[Team]) -> Standing:
        """Two queries, whatever the number of rows."""
        standing = cls({team.name: team for team in teams}, teams[0] if teams else None)
        for name in Site.objects.order_by().values_list("name", flat=True).iterator(chunk_size=5000):
            standing.names[name] = 0
        own = Site.objects.filter(team__in=[team for team in teams if team.pk]).order_by().values_list("team_id", "url", "name")
        for team_id, url, name in own.iterator(chunk_size=5000):
            standing.addresses.setdefault((team_id, url.rstrip("/")), name)
        return standing


def check(rows: Iterable[Row], teams: Sequence[Team], connect: Connect) -> list[CheckedRow]:
    """What each row would make, or why it cannot. `teams`: where sites may be made, the usual one first. Nothing is stored."""
    standing = Standing.load(teams)
    return [_checked(row, standing, connect) for row in rows]


def _checked(row: Row, standing: Standing, connect: Connect) -> CheckedRow:
    checked = CheckedRow(row, notes=list(row.notes))
    try:
        _fill(checked, standing, connect)
    except RegistrationError as error:
        checked.why = f"{_FIELDS.get(error.field, error.field)}: {error.message}"
    except RowRefused as error:
        checked.why = str(error)
    return checked


def _fill(checked: CheckedRow, standing: Standing, connect: Connect) -> None:
    row = checked.row
    if row.refusal:
        raise RowRefused(row.refusal)
    if any(_UNSTORABLE.search(value) for value in row.values.values()):
        raise RowRefused(_("The row holds characters that cannot be stored."))
    missing = [name for name in ("name", "url") if not row.get(name)]
    if missing:
        raise RowRefused(_("The %(column)s is missing.") % {"column": missing[0]})
    team = _team(row, standing)
    checked.expectations = registration.checked_expectations(*(row.get(n) for n in ("expected_status", "must_contain", "must_not_contain")))
    site, checked.paths = _drafted(row, team)
    checked.host = connect(row, team)
    site.host = checked.host if isinstance(checked.host, Host) else None
    _claim_name(row, site, standing)
    _note_same_address(checked, site, standing)
    checked.team, checked.site = team, site


def _drafted(row: Row, team: Team) -> tuple[Site, list[str]]:
    texts = {name: row.get(name) for name in ("name", "url", "tags", "docroot", "error_log", "access_log", "basic_user", "trials")}
    site, paths = registration.drafted(
        team,
        paths=row.get("pages").split(),
        interval_s=_number(row, "interval", 60),
        time_limit_s=_number(row, "time_limit", 10),
        basic_password=row.values.get("basic_password", ""),
        **texts,
    )
    site.paused_at = timezone.now() if _is_yes(row, "paused") else None
    site.sets_aside = _is_yes(row, "set_aside")
    return site, paths


def _team(row: Row, standing: Standing) -> Team:
    name = row.get("team")
    team = standing.teams.get(name) if name else standing.default_team
    if team is None:
        raise RowRefused(_("There is no team named %(name)s in which you may add sites.") % {"name": name})
    return team


def _number(row: Row, column: str, usual: int) -> int:
    text = row.get(column)
    if not text:
        return usual
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise RowRefused(_("%(column)s: “%(text)s” is no whole number.") % {"column": column, "text": text[:40]})
    return int(text)


def _is_yes(row: Row, column: str) -> bool:
    text = row.get(column).lower()
    if text not in (*_YES, *_NO):
        raise RowRefused(_("%(column)s: write yes, or leave it empty.") % {"column": column})
    return text in _YES


def _claim_name(row: Row, site: Site, standing: Standing) -> None:
    holder = standing.names.get(site.name)
    if holder == 0:
        raise RowRefused(_("There is already a site of this name."))
    if holder:
        raise RowRefused(_("Row %(row)d has the same name.") % {"row": holder})
    standing.names[site.name] = row.number


def _note_same_address(checked: CheckedRow, site: Site, standing: Standing) -> None:
    key = (site.team_id, site.url.rstrip("/"))
    other = standing.addresses.setdefault(key, site.name)
    if other != site.name:
        checked.notes.append(_("The same address is watched as “%(name)s”.") % {"name": other})
