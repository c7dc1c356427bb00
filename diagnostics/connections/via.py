"""Jump hosts by their names, as the command line and imports give them."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from sites.models import Host, Team

from . import jump_hosts


class ViaRefused(ValueError):
    """A new account cannot be reached in this way; the message says why."""


@dataclass(slots=True)
class Named:
    """The accounts of teams that lead elsewhere, asked for once per team."""

    _known: dict[int | None, dict[str, Host]] = field(default_factory=dict)

    def __call__(self, team: Team, name: str, protocol: str) -> Host | None:
        """The account of this name, for a new one of this protocol; None for no name. Raises ViaRefused."""
        if not name:
            return None
        if protocol not in jump_hosts.PROTOCOLS:
            raise ViaRefused(_("Only SSH and SFTP go through a jump host."))
        if team.pk not in self._known:
            self._known[team.pk] = {each.name: each for each in jump_hosts.choices(team, Host())} if team.pk else {}
        found = self._known[team.pk].get(name)
        if found is None:
            words = _(
                "There is no hosting account named %(name)s that others can be reached through: by SSH or SFTP, over at most one more."
            )
            raise ViaRefused(words % {"name": name[:100]})
        return found
