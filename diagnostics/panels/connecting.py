"""The panel of a hosting account: connected by a person, tried out, asked, forgotten. Keys that were refused are not tried again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.connections import auditing
from diagnostics.connections.telling import clean
from diagnostics.evidence import SiteSeen
from diagnostics.models import HostAction, HostPanel, PanelChange
from sites import credentials
from sites.models import Host, Site

from . import ovhcloud
from .base import TIME_LIMITS_S, Ability, PanelError, ServiceSeen
from .ovhcloud import Keys, OvhCloud
from .rights import READ, rules_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

State = HostPanel.State
LEFT_ALONE = timedelta(minutes=5)  # a panel that did not answer, by diagnoses
_COUNTS_AS_NEW = timedelta(seconds=30)
_IN_A_DIAGNOSIS_S = (2.0, 3.0)  # for connecting, for an answer: a mail waits for it
_LONGEST_IN_A_DIAGNOSIS_S = 5.0  # for all answers together: the files are still to be read
_MACHINE = re.compile(r"(?:^|\.)(cluster\d+\.hosting\.ovh\.net)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Given:
    """A panel as somebody typed it. An empty consumer key is asked for at OVHcloud."""

    region: str
    way: str
    name: str
    service: str
    rights: tuple[str, ...]
    secret: str = field(repr=False)
    consumer: str = field(default="", repr=False)


def of(host: Host) -> HostPanel | None:
    """The host's panel, if one is connected."""
    return HostPanel.objects.filter(host=host).select_related("host", "connected_by").first()


def working(host: Host | None) -> HostPanel | None:
    """The same, where it can be asked."""
    panel = of(host) if host is not None else None
    return panel if panel is not None and panel.state in (State.WORKS, State.FAILED) else None


def is_possible(host: Host) -> bool:
    """Whether there is a panel that this account may have."""
    return not host.practice and (host.profile == "ovh-mutualise" or bool(_MACHINE.search(host.address)))


def likely_service(host: Host) -> str:
    """What the panel probably calls the hosting, from how its files are reached; empty where that says nothing."""
    found = _MACHINE.search(host.address)
    return f"{host.user}.{found[1].lower()}" if found and re.fullmatch(r"[a-z0-9]{2,40}", host.user) else ""


def simulated() -> str:
    """Where panels are asked in place of the real API; empty: nowhere."""
    return urlsplit(settings.SITEMEND_OVHCLOUD_API).netloc


def rules(panel: HostPanel) -> list[str]:
    """The rights that were asked for, as OVHcloud shows them."""
    return [f"{rule['method']} {rule['path']}" for rule in rules_of(panel.rights, panel.service)]


# --- connecting ---------------------------------------------------------------------------------
def connect(host: Host, given: Given, user: AbstractBaseUser | None) -> HostPanel:
    """Stores the keys, sealed, and tries them out; without a consumer key one is asked for, which a person confirms. Raises PanelError."""
    needs_confirming = given.way == ovhcloud.KEYS and not given.consumer
    keys = Keys(given.region, given.way, given.name, given.secret, given.consumer)
    asked = ovhcloud.Asked(given.consumer, "")
    if needs_confirming:
        with _noted(host, "/auth/credential"):
            asked = ovhcloud.ask_for_credential(keys, given.rights, given.service, _page_of(host))
    values: dict[str, Any] = {
        "region": given.region, "way": given.way, "name": given.name, "service": given.service, "rights": list(given.rights),
        "sealed_secret": credentials.seal(given.secret), "sealed_consumer": credentials.seal(asked.consumer),
        "confirm_url": asked.url[:500], "state": State.WAITING, "detail": "", "seen": {}, "tried_at": None,
        "connected_by": user, "connected_at": timezone.now(),
    }  # fmt: skip
    panel = HostPanel.objects.update_or_create(host=host, defaults=values)[0]
    return panel if needs_confirming else test(panel)


def _page_of(host: Host) -> str:
    return settings.SITEMEND_BASE_URL + reverse("diagnostics:host-panel", args=[host.pk])


def disconnect(host: Host) -> bool:
    """Forgets the panel and its keys. False while a change through it is being made."""
    with transaction.atomic():
        list(HostPanel.objects.select_for_update().filter(host=host))  # whoever starts a change holds it as well
        if PanelChange.objects.filter(step__case__site__host=host, next_look_at__isnull=False).exists():
            return False
        HostPanel.objects.filter(host=host).delete()
    return True


def test(panel: HostPanel) -> HostPanel:
    """Asks for the rights and the state of the hosting, and stores what came out."""
    try:
        with opened(panel) as opened_panel:
            lacking = opened_panel.missing_rights()
            if lacking:
                what = _("These rights were not confirmed: %(rights)s.") % {"rights": ", ".join(lacking)}
                raise PanelError("not-granted", what, _("Connect the panel again, and confirm all of them."))
            seen = opened_panel.service()
    except PanelError as error:
        return noted(panel, error)
    return noted(panel, None, seen)


def noted(panel: HostPanel, error: PanelError | None, seen: ServiceSeen | None = None) -> HostPanel:
    """Stores how the panel answered."""
    panel.tried_at = timezone.now()
    if error is None:
        panel.state, panel.detail, panel.confirm_url = State.WORKS, "", ""
    elif error.code == "not-confirmed" or (panel.state == State.WAITING and panel.confirm_url and error.code == "refused"):
        panel.state = State.WAITING  # a credential that waits is refused with the words for a wrong signature
        panel.detail = _("The rights are not confirmed at OVHcloud yet. Open the link, log in and confirm, then test.")
    else:
        panel.state = State.REFUSED if error.must_be_typed_anew else State.FAILED
        panel.detail = clean(str(error))[:500]
    if seen is not None:
        panel.seen = as_json(seen)
    panel.save(update_fields=["state", "detail", "confirm_url", "tried_at", "seen"])
    return panel


# --- asking -------------------------------------------------------------------------------------
@contextmanager
def opened(panel: HostPanel, what: str = "", *, time_limits_s: tuple[float, float] = TIME_LIMITS_S) -> Iterator[OvhCloud]:
    """The panel, to be asked for its hosting; it is noted as done on the account. Raises PanelError."""
    if panel.state == State.REFUSED:
        raise PanelError("refused", panel.detail, "")
    try:
        secrets = {"secret": credentials.unseal(panel.sealed_secret), "consumer": credentials.unseal(panel.sealed_consumer)}
    except credentials.SecretUnreadable as error:
        raise PanelError("refused", str(error)) from error
    keys = Keys(panel.region, panel.way, panel.name, **secrets)
    noted_as = what or f"/hosting/web/{panel.service}"
    with _noted(panel.host, noted_as), OvhCloud(keys, panel.service, panel.rights, time_limits_s) as found:
        yield found


@contextmanager
def asking(host: Host, what: str) -> Iterator[None]:
    """Something that changes the hosting is asked for: it is noted first, else it is not asked for. Raises PanelError."""
    with _noted(host, what, HostAction.Verb.PANEL):
        yield


@contextmanager
def _noted(host: Host, path: str, verb: str = HostAction.Verb.FETCH) -> Iterator[None]:
    try:
        with auditing.beside(host.pk, verb, f"{ovhcloud.TITLE}: {path}"):
            yield
    except auditing.NotNoted as error:
        raise PanelError("not-noted", error.message, error.hint) from error


def abilities(panel: HostPanel | None) -> frozenset[Ability]:
    """What it offers with the rights it was given; nothing where there is none."""
    if panel is None:
        return frozenset()
    return OvhCloud(Keys(panel.region, panel.way, "", ""), panel.service, panel.rights or [READ]).abilities()


def seen_for(site: Site, view: SiteSeen, now: datetime) -> ServiceSeen | None:
    """What the panel tells of the hosting of a site that fails; None where there is none to ask, or no answer. Never raises."""
    panel = working(site.host) if view.verdict != "up" else None
    return service_now(panel, now) if panel is not None else None


def service_now(panel: HostPanel, now: datetime) -> ServiceSeen | None:
    """The hosting as it was told some seconds ago, or as it is told now. None where the panel does not answer. Never raises."""
    known = from_json(panel.seen)
    if known is not None and known.seen_at is not None and now - known.seen_at < _COUNTS_AS_NEW:
        return known
    if panel.state == State.FAILED and panel.tried_at is not None and now - panel.tried_at < LEFT_ALONE:
        return None
    try:
        with opened(panel, time_limits_s=_IN_A_DIAGNOSIS_S) as found:
            found.end_after(_LONGEST_IN_A_DIAGNOSIS_S)
            seen = found.service()
    except PanelError as error:
        noted(panel, error)
        return None
    noted(panel, None, seen)
    return seen


# --- what is stored of it -----------------------------------------------------------------------
def as_json(seen: ServiceSeen) -> dict[str, Any]:
    """As it is stored: plain values."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(seen).items()}


def from_json(stored: dict[str, Any]) -> ServiceSeen | None:
    """The same back; None where nothing is stored."""
    if not stored:
        return None
    times = {name: datetime.fromisoformat(stored[name]) if stored.get(name) else None for name in ("expires_at", "seen_at")}
    return ServiceSeen(**{**stored, **times, "blocked_because": tuple(stored.get("blocked_because", ()))})


def profiles_of(wanted: Sequence[str]) -> tuple[str, ...]:
    """The rights that go with these wishes: reading always."""
    return (READ, *(each for each in wanted if each != READ))
