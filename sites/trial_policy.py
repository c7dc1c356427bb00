"""Which trials may be made on a site without a person: none, unless somebody chose it. What a trial does is not this app's business."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sites import incidents, notifications, timeline

if TYPE_CHECKING:
    from sites.models import Incident, Site

ALL = "all"
# In the order in which they are made: what visitors notice least comes first.
KINDS = {
    "canary-files": gettext_lazy("Small files of our own, asked for once and removed"),
    "rename-htaccess": gettext_lazy("The .htaccess under another name for a moment"),
    "bisect-htaccess": gettext_lazy("Lines of .htaccess made comments, half by half"),
    "bisect-plugins": gettext_lazy("WordPress plugins set aside, half by half"),
}


def checked(text: str) -> str:
    """Kinds separated by spaces or commas, or "all", as they are stored. Raises ValueError, for a person."""
    named = text.replace(",", " ").lower().split()
    if named == [ALL]:
        return joined(KINDS)
    unknown = [word for word in named if word not in KINDS]
    if unknown:
        raise ValueError(
            _("There is no trial %(name)s. Known are: %(all)s, or “all”.") % {"name": unknown[0][:40], "all": ", ".join(KINDS)}
        )
    return joined(named)


def joined(kinds: Iterable[str]) -> str:
    """The kinds in their order, as a site holds them."""
    chosen = set(kinds)
    return " ".join(kind for kind in KINDS if kind in chosen)


def of(site: Site) -> tuple[str, ...]:
    """The kinds that this site's policy allows."""
    return tuple(kind for kind in KINDS if kind in site.trials.split())


def words(site: Site) -> list[str]:
    """The same for a person."""
    return [str(KINDS[kind]) for kind in of(site)]


def note(incident: Incident, text: str) -> None:
    """Keeps with an incident what was tried by the policy, for its page and for every mail about it that follows."""
    incident.trials_note = text
    type(incident).objects.filter(pk=incident.pk).update(trials_note=text)


def tell(incident: Incident, text: str, key: str, since: datetime | None) -> None:
    """The trials are over: noted in the timeline, and mailed, but not if a mail about the cause that was made since then says it.

    `key`: told once for each.
    """
    now = timezone.now()
    note(incident, text)
    timeline.add_entry(incident, incidents.Kind.HINT, _("Tried by the site's settings. %(what)s") % {"what": text}, at=now)
    notifications.trials_made(incident, key, now, since)
