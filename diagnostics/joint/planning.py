"""What would be changed on each site of a group that shares a cause: read from its newest diagnosis, so that plans differ per site."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext as _

from sites import read_only, storms
from sites.models import Incident, Site

from .. import diagnosing, explaining, offering
from ..connections import abilities
from ..models import Diagnosis, FindingRecord, HostPanel
from ..offering import Offer
from ..panels import connecting
from ..panels.base import Ability
from ..wizard import VERSION_CAUSES

MOST_SITES = 50  # of one run, and of one page


@dataclass(frozen=True, slots=True)
class Candidate:
    """One site, with what would be changed on it, or why nothing is proposed. `is_reading`: it is being looked at just now."""

    site: Site
    incident: Incident | None
    offer: Offer | None = None
    why_not: str = ""
    is_reading: bool = False


def group_of(incident: Incident) -> list[Incident]:
    """One open incident of each site with the cause of this one, by the sites' names."""
    rows = storms.sharing(incident).select_related("site__host__panel")[: MOST_SITES * 2]
    by_site = {row.site_id: row for row in reversed(list(rows))}
    return sorted(by_site.values(), key=lambda row: (row.site.name, row.pk))[:MOST_SITES]


def words_for_others(incident: Incident, group: Sequence[Incident]) -> explaining.Message | None:
    """Words ready to send to whoever can mend it, once for all of the sites; None where there is nothing to ask."""
    found = FindingRecord.objects.filter(diagnosis__incident=incident, cause=incident.cause).order_by("-diagnosis", "position").first()
    message = explaining.message_about(incident.cause, incident.site, incident, found)
    others = [row.site.url for row in group if row.site_id != incident.site_id]
    if message is None or not others:
        return message
    body, _gap, thanks = message.text.rpartition("\n\n")
    return replace(message, text="\n\n".join((body, _("The same happens on: %(sites)s") % {"sites": ", ".join(others)}, thanks)))


def candidates(incidents: Sequence[Incident], since: datetime | None = None) -> list[Candidate]:
    """Each site with its plan. `since`: what was read before that does not count any more. Three queries, however many sites."""
    sites = {incident.site_id: incident.site for incident in incidents}
    newest, reading = _newest(sites)
    return [_candidate(each, newest.get(each.site_id), each.site_id in reading, since) for each in incidents]


def _newest(ids: Iterable[int]) -> tuple[dict[int, Diagnosis], set[int]]:
    """The newest finished diagnosis of each site, and the sites that are being read."""
    own = Diagnosis.objects.filter(site=OuterRef("pk"))
    done = own.filter(state=Diagnosis.State.DONE).order_by("-requested_at", "-pk").values("pk")[:1]
    rows = Site.objects.filter(pk__in=list(ids)).annotate(newest=Subquery(done), reading=Exists(own.filter(state__in=diagnosing.OPEN)))
    found = list(rows.values_list("pk", "newest", "reading"))
    stored = Diagnosis.objects.defer("log_lines", "installed").in_bulk([newest for _pk, newest, _reading in found if newest])
    return {pk: stored[newest] for pk, newest, _reading in found if newest in stored}, {pk for pk, _newest, reading in found if reading}


def _candidate(incident: Incident, diagnosis: Diagnosis | None, is_reading: bool, since: datetime | None) -> Candidate:
    site = incident.site
    if is_reading:
        return Candidate(site, incident, is_reading=True, why_not=_("It is being read just now."))
    if diagnosis is None or diagnosis.requested_at < incident.first_failure_at:
        return Candidate(site, incident, why_not=_("It was not read since it fails."))
    if since and (diagnosis.finished_at or diagnosis.requested_at) < since:
        return Candidate(site, incident, why_not=_("It could not be read since the first one was repaired."))
    offer, why_not = _own_offer(diagnosis, incident, site)
    return Candidate(site, incident, offer, why_not)


def _own_offer(diagnosis: Diagnosis, incident: Incident, site: Site) -> tuple[Offer | None, str]:
    if site.host is None:
        return None, _("There is no connection to its files.")
    if why := read_only.words(site):
        return None, why
    same = [offer for offer in offering.of_diagnosis(diagnosis) if offer.cause == incident.cause]
    if not same:
        return None, _of_panel(incident, site) or _("There is no repair for it from here.")
    offer = next((each for each in same if not each.caution), None)
    if offer is None:
        return None, _("A person has to decide about this one in its own guided repair.")
    if why := abilities.obstacle(offer.needs, site.host):
        return None, why
    return offer, ""


def _of_panel(incident: Incident, site: Site) -> str:
    """What the host's panel could do about it for all sites there; empty where it could not."""
    panel = getattr(site.host, "panel", None)
    may = connecting.abilities(panel) if panel is not None and panel.state == HostPanel.State.WORKS else ()
    if incident.cause not in VERSION_CAUSES or Ability.PHP_CHANGE not in may:
        return ""
    return _(
        "The PHP version can be changed in the guided repair of one of them, through the host's panel: it counts for the whole hosting."
    )
