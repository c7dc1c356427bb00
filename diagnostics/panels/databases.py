"""Databases of a hosting and the copies that its host keeps of them: what there is, and what putting one back would do. Changes nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from diagnostics.models import PanelChange, RepairCase, Step
from sites.models import Site
from sites.wording import moment_words

from . import reading, starting
from .base import Ability, DumpSeen
from .ovhcloud import OvhCloud

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

GUIDE_STEP = "database"
READ, REPAIR, DUMP = "panel-database-look", "panel-database", "panel-dump"
KEPT_UNTIL = "kept_until"  # in a step's result: when the host removes the copy that its undo needs
MADE_OF = {
    "now": gettext_lazy("made by hand"),
    "daily.1": gettext_lazy("of the host's daily backup"),
    "weekly.1": gettext_lazy("of the host's weekly backup"),
}
_MOST = 8  # databases whose copies are read; those of the others are said to be unread
_MOST_CALLS, _FEWEST = 45, 4  # for copies, each of which is a call: the panel bears sixty a minute; of one database at the least
_DAYS = 31


@dataclass(frozen=True, slots=True)
class Plan:
    """What putting a copy back would do, as it is shown and as it is carried out."""

    title: str
    database: str
    dump: dict[str, Any]
    at: datetime | None  # of when its content is
    concerned: tuple[str, ...]
    cautions: tuple[str, ...]

    def digest(self) -> str:
        """Hex SHA-256 over all that a person agrees to."""
        values = [self.database, self.dump["id"], self.dump["at"], self.concerned]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()


# --- what was read --------------------------------------------------------------------------------
def read(step: Step) -> Step:
    """The look of the guided repair: asks the panel and stores what it tells."""
    return reading.read(step, "database", _told)


def _told(panel: OvhCloud) -> reading.Told:
    stored = as_told(panel)
    message = _("The hosting has %(n)d databases.") % {"n": len(stored)}
    if len(stored) == 1:
        message = _("The hosting has one database, with %(n)d copies.") % {"n": len(stored[0]["dumps"])}
    return message, {"databases": stored}


def as_told(panel: OvhCloud) -> list[dict[str, Any]]:
    """Every database with its copies, as it is stored. Raises PanelError."""
    found, names = [], panel.databases()
    most = min(_DAYS, max(_FEWEST, _MOST_CALLS // max(1, min(len(names), _MOST))))
    for name in names[:_MOST]:
        seen, dumps = panel.database(name), panel.dumps(name, most)
        used = {"used": seen.quota_used, "size": seen.quota_size}
        rows = [dump_json(dump) for dump in dumps if dump.is_ready]
        found.append({"name": name, "status": seen.status, "state": seen.state, **used, "dumps": rows, "more": len(dumps) >= most})
    return found + [{"name": name, "status": "created", "state": "", "dumps": [], "unread": True} for name in names[_MOST:]]


def dump_json(dump: DumpSeen) -> dict[str, Any]:
    """A copy as it is stored."""
    at, gone = (moment.isoformat() if moment else "" for moment in (dump.at, dump.gone_at))
    return {"id": dump.id, "kind": dump.kind, "at": at, "gone": gone}


def told(case: RepairCase) -> list[dict[str, Any]] | None:
    """What was read last, if nothing was put back through the panel since then."""
    found = case.steps.filter(guide_step=GUIDE_STEP, action="look", state=Step.State.DONE, result__has_key="databases").order_by("-pk")
    newest = found.first()
    if newest is None or case.steps.filter(repair_id=REPAIR, pk__gt=newest.pk).exclude(state=Step.State.FAILED).exists():
        return None
    return newest.result["databases"]


def moment_of(stored: dict[str, Any]) -> datetime | None:
    """When the content of a stored copy is of."""
    return datetime.fromisoformat(stored["at"]) if stored.get("at") else None


def undo_until(step: Step) -> datetime | None:
    """Until when the host keeps what an undo of this step needs; None where it needs nothing of the host."""
    kept = step.result.get(KEPT_UNTIL)
    return datetime.fromisoformat(kept) if kept else None


# --- what can be chosen ---------------------------------------------------------------------------
def plan(site: Site, stored: list[dict[str, Any]], database: str, dump_id: str) -> Plan | None:
    """What putting a copy back would do, and to whom; None for what cannot be chosen."""
    row = next((each for each in stored if each["name"] == database), None)
    dump = next((each for each in row["dumps"] if str(each["id"]) == dump_id), None) if row else None
    if row is None or dump is None:
        return None
    ours = Site.objects.filter(host=site.host_id, deleted_at=None).order_by("name").values_list("name", flat=True)
    at = moment_of(dump)
    day = moment_words(at) if at else _("an unknown day")
    title = _("Put the database %(name)s back to %(day)s") % {"name": database, "day": day}
    cautions = []
    if row["state"] == "readonly":
        cautions.append(_("The host lets this database only be read, mostly because it is full."))
    return Plan(title, database, dump, at, tuple(ours), tuple(cautions))


def applied_after(change: PanelChange) -> Step | None:
    """The newest later step that put a copy of the same database back and still stands."""
    later = PanelChange.objects.filter(kind=PanelChange.Kind.DATABASE, service=change.service, step__state__in=Step.APPLIED)
    later = later.filter(step__pk__gt=change.step_id, before__database=change.before["database"]).order_by("-step")
    found = later.select_related("step").first()
    return found.step if found else None


# --- started --------------------------------------------------------------------------------------
def start(case: RepairCase, database: str, dump_id: str, digest: str, user: AbstractBaseUser | None) -> Step:
    """Starts to put a copy back exactly as a person saw it. Raises starting.Refused."""
    panel, stored = starting.panel_for(case, Ability.RESTORE, _lacking()), told(case)
    made = plan(case.site, stored, database, dump_id) if stored else None
    if made is None or made.digest() != digest:
        raise starting.Refused(_("What is proposed has changed since this page was shown. Nothing was changed. Read the databases again."))
    after = {"database": database, "dump": made.dump["id"], "kind": made.dump["kind"], "at": made.dump["at"]}
    kind, before = PanelChange.Kind.DATABASE, {"database": database}
    return starting.new_step(case, panel, starting.Wanted(kind, GUIDE_STEP, REPAIR, made.title, before, after, digest), user)


def start_copy(case: RepairCase, database: str, user: AbstractBaseUser | None) -> Step:
    """Has a copy made of what a database holds now. Raises starting.Refused."""
    panel, stored = starting.panel_for(case, Ability.RESTORE, _lacking()), told(case)
    if database not in [each["name"] for each in stored or []]:
        raise starting.Refused(_("Read the databases first, then choose one of them."))
    title = _("Copy the database %(name)s as it is now") % {"name": database}
    wanted = starting.Wanted(PanelChange.Kind.DUMP, GUIDE_STEP, DUMP, title, {"database": database}, {}, action="look")
    return starting.new_step(case, panel, wanted, user)


def _lacking() -> str:
    return _("The panel was not given the right to put databases and files back. Connect it anew, with that right.")
