"""What visitors met, in sentences: for the timeline, the pages and the mails."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites.judging import Verdict
from sites.models import Incident, Page, VisitorIncident
from sites.wording import moment_words, some_of


def current(incident: Incident) -> str:
    """What is known by now of an incident that visitors opened; what was stored with it where more is not known."""
    met = VisitorIncident.objects.filter(pk=incident.pk).first()
    return sentence(incident, met) if met else incident.message


def how_many(met: VisitorIncident) -> str:
    requests = ngettext("%(n)d request", "%(n)d requests", met.count) % {"n": met.count}
    return _("%(requests)s (%(addresses)s)") % {"requests": requests, "addresses": addresses_words(len(met.addresses))}


def addresses_words(number: int) -> str:
    """From how many networks: the whole addresses are never kept."""
    return ngettext("%(n)d address", "%(n)d addresses", number) % {"n": number}


def sentence(incident: Incident, met: VisitorIncident) -> str:
    values = {"status": incident.status, "paths": some_of(incident.paths), "since": moment_words(incident.first_failure_at), "n": met.count}
    values["addresses"] = addresses_words(len(met.addresses))
    words = ngettext(
        "Visitors got HTTP %(status)s on %(paths)s %(n)d time since %(since)s (%(addresses)s)",
        "Visitors got HTTP %(status)s on %(paths)s %(n)d times since %(since)s (%(addresses)s)",
        met.count,
    )
    return f"{words % values}; {_own_probes(incident)}."[:300]


def _own_probes(incident: Incident) -> str:
    page = Page.objects.filter(site=incident.site_id, path__in=incident.paths).order_by("-failing_since", "position").first()
    if page is None:
        return _("it is not a page that our probes can ask for")
    if page.verdict in (Verdict.DOWN, Verdict.SUSPECT):
        return _("our own probes of it fail too")
    if page.last_at is None or page.last_at < incident.first_failure_at:
        return _("from now on our own probes ask for it")
    if page.verdict == Verdict.UP:
        return _("our own probes of it answer as expected")
    return _("our own probes of it are refused")
