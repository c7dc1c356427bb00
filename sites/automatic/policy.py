"""Which repairs may be made on a site without a person: none, unless an owner chose it. What a repair does is not this app's business."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sites import incidents, notifications, timeline

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from sites.models import Incident, Site

CERTAIN, LIKELY = 0.95, 0.6  # as `sureness` tells them
MOST_PER_DAY = 24
ALL_DAY = (0, 24)
SET_ASIDE = "set-aside"
# In the order of how little is taken away.
KINDS = {
    "htaccess-correct": gettext_lazy(
        "Correct what is wrong in .htaccess: a misspelt word, a missing end, old access rules, marks of a merge"
    ),
    "htaccess-comment-out": gettext_lazy("Make a faulty line of .htaccess a comment"),
    "permissions": gettext_lazy("Set permissions of files and folders as the host asks for"),
    "folders": gettext_lazy("Make a folder that is missing and that the site writes into"),
    "scripts": gettext_lazy("Mend the beginning or the line ends of a script"),
    "php-settings": gettext_lazy("Take a faulty line out of PHP's settings, or raise the memory limit within the plan"),
    "names": gettext_lazy("Give a start page or a folder the name that it must have"),
    "maintenance": gettext_lazy("End a maintenance of WordPress that was left behind"),
    "restore-file": gettext_lazy("Put a single file back as it was when the site was well, or as its release was published"),
    SET_ASIDE: gettext_lazy("Set a WordPress plugin aside that stops the site; visitors miss what it does until somebody undoes it"),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """What an owner allows on one site. Hours are those of `zone`; `until_hour` before `from_hour` is past midnight."""

    kinds: tuple[str, ...]
    confidence: float = CERTAIN
    from_hour: int = 0
    until_hour: int = 24
    zone: str = "UTC"
    per_day: int = 2
    approval: bool = False
    by: int | None = None  # who chose it

    @property
    def is_on(self) -> bool:
        return bool(self.kinds)

    @property
    def is_all_day(self) -> bool:
        return (self.from_hour, self.until_hour) == ALL_DAY

    def _local(self, now: datetime) -> datetime:
        return now.astimezone(zoneinfo.ZoneInfo(self.zone))

    def is_open(self, now: datetime) -> bool:
        """Whether something may be begun at this moment."""
        hour = self._local(now).hour
        if self.from_hour < self.until_hour:
            return self.from_hour <= hour < self.until_hour
        return hour >= self.from_hour or hour < self.until_hour

    def closes_at(self, now: datetime) -> datetime | None:
        """When the hours that are open now end; None: they never do."""
        if self.is_all_day:
            return None
        local = self._local(now)
        end = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0) + timedelta(hours=self.until_hour)
        return end if end > local else end + timedelta(days=1)

    def day_began(self, now: datetime) -> datetime:
        """Midnight of the site's day."""
        return self._local(now).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)

    def stored(self) -> dict[str, Any]:
        """As a site holds it; nothing where nothing is allowed."""
        if not self.is_on:
            return {}
        return {
            "kinds": list(self.kinds), "confidence": self.confidence, "from": self.from_hour, "until": self.until_hour,
            "zone": self.zone, "per_day": self.per_day, "approval": self.approval, "by": self.by,
        }  # fmt: skip


def of(site: Site) -> Policy:
    """What is allowed on this site; what makes no sense is not allowed."""
    return read(site.auto_repair)


def read(held: Mapping[str, Any]) -> Policy:
    """The policy that a site holds."""
    chosen = set(held.get("kinds", ()))
    kinds = tuple(kind for kind in KINDS if kind in chosen)
    if not kinds:
        return Policy(())
    try:
        zoneinfo.ZoneInfo(held["zone"])
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):  # a zone that this machine no longer knows: at which hour is not known
        return Policy(())
    return Policy(
        kinds, held["confidence"], held["from"], held["until"], held["zone"], held["per_day"], held["approval"], held.get("by")
    )  # fmt: skip


def words(policy: Policy) -> list[str]:
    """When and how often, for a person; empty where nothing is allowed."""
    if not policy.is_on:
        return []
    sure = _("only when the cause is certain") if policy.confidence >= CERTAIN else _("when the cause is certain or likely")
    hours = {"from": f"{policy.from_hour:02d}:00", "until": f"{policy.until_hour:02d}:00", "zone": policy.zone.replace("_", " ")}
    when = _("at any hour") if policy.is_all_day else _("from %(from)s to %(until)s (%(zone)s)") % hours
    often = _("at most %(n)d on one day") % {"n": policy.per_day}
    return [sure, when, often, *([_("after a second person has said yes")] if policy.approval else [])]


def stop(site: Site, why: str) -> None:
    """None is made on this site any more until a person has looked."""
    now = timezone.now()
    type(site).with_deleted.filter(pk=site.pk, auto_stopped_at=None).update(auto_stopped_at=now, auto_stopped_why=why)


def go_on(site: Site, user: AbstractBaseUser) -> None:
    """A person has looked: from the next incident on they are made again. It stands in the timeline of the newest incident."""
    now = timezone.now()
    type(site).objects.filter(pk=site.pk).update(auto_stopped_at=None, auto_stopped_why="", auto_looked_at=now)
    newest = site.incidents.first()
    if newest is not None:
        timeline.add_entry(newest, incidents.Kind.PERSON, _("Has looked, and lets repairs be made by themselves again."), by=user, at=now)


def note(incident: Incident, text: str, user: AbstractBaseUser | None = None, *, is_good: bool = False) -> None:
    """One line in the timeline of an incident."""
    kind = incidents.Kind.PERSON if user else incidents.Kind.GOOD if is_good else incidents.Kind.HINT
    timeline.add_entry(incident, kind, text, by=user)


def tell_made(incident: Incident, key: str, since: datetime | None) -> None:
    """By mail what was repaired; not if a mail that it is well again, made since then, says it. `key`: told once for each."""
    notifications.repaired_alone(incident, key, timezone.now(), since)


def tell_asked(incident: Incident, key: str, asked_by: int | None) -> None:
    """By mail that a repair waits for a second person: to everybody who may say yes."""
    notifications.asks_for_approval(incident, key, timezone.now(), asked_by)
