"""Whether what a panel has changed did good: the site's own pages several times, then every other site of the account that was well."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from diagnostics.changes import changing, ways
from diagnostics.changes.ways import USUAL, Way
from diagnostics.models import PanelChange, Step
from sites.judging import Verdict
from sites.models import Site

from . import host_lock, noting

_WELL = "others_well"  # in a step's result: the keys of the other sites that were well before
_MORE = "others_not_looked_at"  # how many more there were
_UNPROVEN_WHY = "unproven_why"
_LEFT, _OWN = "others_left", "own_is_well"  # in a change's notes: how far the look has come
AT_ONCE = 10  # other sites in one look of a worker
MOST_OTHERS = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """`worse`: the name of another site that was well before and is not now."""

    is_well: bool
    worse: str = ""
    more: int = 0  # sites that were not looked at
    unproven: str = ""  # why nobody can say that it is more than luck

    @property
    def why(self) -> str:
        if self.worse:
            return _("Another site of the account answers worse: %(site)s.") % {"site": self.worse}
        return _("It did not help.")

    @property
    def words(self) -> str:
        """That it is well, and what is not known."""
        if self.unproven:
            words = _("The change was made, and every page answers well since. That it is more than luck is not proven yet. %(why)s")
            return words % {"why": self.unproven}
        if not self.more:
            return _("Every page answers as expected again.")
        rest = ngettext("%(n)d other site was not looked at.", "%(n)d other sites were not looked at.", self.more) % {"n": self.more}
        return _("Every page of this site answers as expected again.") + " " + rest


def note_well(step: Step) -> None:
    """Which other sites of the account are well before, and how the failure is met: afterwards the probes may have told already that it
    is otherwise."""
    others = Site.objects.filter(host=step.case.site.host_id, deleted_at=None, verdict=Verdict.UP).exclude(pk=step.case.site_id)
    keys = list(others.order_by("name").values_list("pk", flat=True))
    step.result = {**step.result, _WELL: keys[:MOST_OTHERS], _MORE: max(0, len(keys) - MOST_OTHERS), **_way(step)}
    step.save(update_fields=["result"])


def _way(step: Step) -> dict[str, object]:
    return {ways.IN_RESULT: ways.known(step.case.site).as_json()}


def verify(change: PanelChange) -> Outcome | None:
    """None while there are more sites to look at: the next look goes on with them."""
    step, ends = change.step, time.monotonic() + changing.LONGEST_S
    if not change.notes.get(_OWN):
        after = _own_pages(change)
        step.result = {**step.result, "pages_after": list(after.pages), _UNPROVEN_WHY: after.unmet}
        step.save(update_fields=["result"])
        if not after.is_well:
            return Outcome(False)
    left = change.notes.get(_LEFT, step.result.get(_WELL, []))
    this_time, looked_at = left[:AT_ONCE], []
    for other in Site.objects.filter(pk__in=this_time, deleted_at=None).order_by("name"):
        if time.monotonic() > ends:
            break
        if not _look_at(other, change).is_well:
            return Outcome(True, other.name)
        looked_at.append(other.pk)
    else:
        looked_at = this_time  # also those that are gone since
    change.notes = {**change.notes, _OWN: True, _LEFT: [key for key in left if key not in looked_at]}
    change.save(update_fields=["notes"])
    if change.notes[_LEFT]:
        words = _("The site is well. The other sites of the account are looked at: %(n)d more.") % {"n": len(change.notes[_LEFT])}
        noting.say(change, words, timedelta(0))
        return None
    return Outcome(True, more=step.result.get(_MORE, 0), unproven=step.result.get(_UNPROVEN_WHY, ""))


def _own_pages(change: PanelChange) -> changing.Seen:
    site = change.step.case.site
    seen = _look_at(site, change, ways.of_step(change.step))
    return changing.look_on(site, seen, before_each=lambda: _keep(site, change))


def _look_at(site: Site, change: PanelChange, way: Way = USUAL) -> changing.Seen:
    """Many sites may take longer than one worker is given: it says each time that it is still at it. Raises LockLost."""
    _keep(site, change)
    return changing.look(site, as_answered=True, way=way)


def _keep(site: Site, change: PanelChange) -> None:
    host_lock.keep(change, 2 * site.time_limit_s * max(1, site.pages.count()))
