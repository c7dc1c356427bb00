"""Sites that begin to fail together, on one hosting account or at one address, are one event: one mail, one place on the dashboard.

Each site keeps its incident; the first of an event is its lead, and the others point to it. Sites that fail from the same cause, as
far as it is known, are one place on the dashboard too, wherever they are and whenever they began.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites.models import Incident
from sites.wording import moment_words, some_of

TOGETHER = timedelta(minutes=2)  # between one incident of an event and the next
OF_HOST = "host:"  # how the key of a shared cause begins that only the host can mend


def lead_of(incident: Incident, now: datetime) -> Incident | None:
    """The lead of the event that this new incident belongs to; None when it stands alone so far."""
    same = Q()
    if incident.site.host_id:
        same |= Q(site__host=incident.site.host_id)
    if incident.address:
        same |= Q(address=incident.address)
    if not same:
        return None
    near = Incident.objects.filter(same, opened_at__gt=now - TOGETHER, opened_at__lte=now, site__team=incident.site.team_id)
    first = near.exclude(site=incident.site_id).order_by("opened_at", "pk").select_related("together_with").first()
    return (first.together_with or first) if first else None


def of(lead_id: int) -> Q:
    """The incidents of one event."""
    return Q(pk=lead_id) | Q(together_with=lead_id)


def key_of(incident: Incident) -> int:
    """What the incidents of one event have in common."""
    return incident.together_with_id or incident.pk


@dataclass(frozen=True, slots=True)
class Event:
    """Incidents that belong together, the newest first; often one alone. `about`: the cause that they share, in words."""

    lead_id: int
    incidents: list[Incident]
    about: str = ""

    @property
    def names(self) -> str:
        """The first of the sites."""
        return some_of(sorted({incident.site.name for incident in self.incidents}), 4)

    @property
    def is_for_host(self) -> bool:
        """Whether only the host can mend what they share."""
        return self.incidents[0].shared.startswith(OF_HOST)

    @property
    def query(self) -> str:
        """What of an address shows just these."""
        return f"?event={self.lead_id}"

    @property
    def is_one(self) -> bool:
        return len(self.incidents) == 1

    @property
    def since(self) -> datetime:
        return min(incident.first_failure_at for incident in self.incidents)

    @property
    def headline(self) -> str:
        """What a person reads first: "12 sites on the hosting account X have failed since 03:12"."""
        return shared_headline(self.incidents) if self.about else headline(self.incidents)


def events(incidents: Iterable[Incident]) -> list[Event]:
    """These incidents (with site and host loaded) as events, in the order in which each is first met: by a cause that they share,
    else by when and where they began."""
    rows = list(incidents)
    sites_of = Counter(key for key, _site in {(shared_key(row), row.site_id) for row in rows if row.shared})
    found: dict[object, Event] = {}
    for row in rows:
        is_shared = sites_of[shared_key(row)] > 1
        key: object = shared_key(row) if is_shared else key_of(row)
        found.setdefault(key, Event(key_of(row), [], row.shared_about if is_shared else "")).incidents.append(row)
    return list(found.values())


def shared_key(incident: Incident) -> tuple[int, str]:
    """Equal for incidents of one team that share a cause."""
    return incident.site.team_id, incident.shared


def sharing(incident: Incident) -> QuerySet[Incident]:
    """Open incidents of its team with the same cause, itself among them; none where it shares nothing."""
    rows = Incident.objects.filter(shared=incident.shared, resolved_at=None, site__team=incident.site.team_id, site__deleted_at=None)
    return rows.exclude(shared="").select_related("site").order_by("site__name", "pk")


def shared_headline(incidents: Sequence[Incident]) -> str:
    """ "3 sites fail from one cause: the plugin X 1.2"."""
    count = len({incident.site_id for incident in incidents})
    words = ngettext("%(n)d site fails from one cause: %(about)s", "%(n)d sites fail from one cause: %(about)s", count)
    return words % {"n": count, "about": incidents[0].shared_about}


def headline(incidents: Sequence[Incident], *, over: bool = False) -> str:
    """How many sites, where and since when; `over`: that they are well again."""
    values = {"n": len({incident.site_id for incident in incidents}), "place": place(incidents)}
    if over:
        return ngettext("%(n)d site %(place)s is well again", "%(n)d sites %(place)s are well again", values["n"]) % values
    values["time"] = moment_words(min(incident.first_failure_at for incident in incidents))
    words = ngettext("%(n)d site %(place)s has failed since %(time)s", "%(n)d sites %(place)s have failed since %(time)s", values["n"])
    return words % values


def place(incidents: Sequence[Incident]) -> str:
    """What the sites have in common, to go on a sentence: "on the hosting account X"."""
    hosts = {incident.site.host_id for incident in incidents}
    if len(hosts) == 1 and None not in hosts and (host := incidents[0].site.host):
        return _("on the hosting account %(name)s") % {"name": host.name}
    addresses = {incident.address for incident in incidents} - {""}
    return _("at the address %(address)s") % {"address": addresses.pop()} if len(addresses) == 1 else _("that belong together")


def others(incident: Incident) -> QuerySet[Incident]:
    """The other incidents of its event."""
    return Incident.objects.filter(of(key_of(incident))).exclude(pk=incident.pk).select_related("site").order_by("site__name")
