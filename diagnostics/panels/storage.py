"""The whole storage of a hosting put back by its host: to which days, what keeps it from being done, and whom it concerns.

Rule: https://docs.ovhcloud.com, "Restore the storage space of your web hosting": the root folder has the mode 705, half of the storage is
free, the hosting is active; everything that was there just before is gone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.connections import connecting as hosts
from diagnostics.connections import purposes
from diagnostics.models import PanelChange, RepairCase, Step
from diagnostics.restoring import snapshots
from diagnostics.transports.base import TransportError
from sites.models import Host, Site
from sites.wording import moment_words

from . import connecting, starting, stopping
from .base import Ability, PanelError, PanelTask, ServiceSeen

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

GUIDE_STEP = "restore"
REPAIR, READ = "panel-storage", "panel-storage-look"
ROOT_MODE = 0o705
_MOST_FILES = 2000  # of which it is noted how they look
_MOST_TYPED = 20_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What putting all files back would do."""

    title: str
    backup: str
    at: datetime
    concerned: tuple[str, ...]
    obstacles: tuple[str, ...]

    def digest(self) -> str:
        """Hex SHA-256 over all that a person agrees to."""
        return hashlib.sha256(json.dumps([self.backup, self.at.isoformat(), self.concerned]).encode()).hexdigest()


# --- what was read --------------------------------------------------------------------------------
def read(step: Step) -> Step:
    """The look of the guided repair: whether it could be done, and whom it would concern. Changes nothing."""
    site = step.case.site
    panel = connecting.working(site.host)
    if panel is None:
        return steps.conclude(step, Step.State.FAILED, _("There is no panel to ask."))
    try:
        with purposes.doing("look", site=site, user=step.created_by):
            root_mode, _files = look(site)
            with connecting.opened(panel, what="storage") as found:
                seen = found.service()
                why = obstacles(seen, found.tasks(), root_mode)
                told = {"obstacles": why, "concerned": concerned(site.host, found.domains()), "created": found.created_on()}
    except TransportError as error:
        return steps.conclude(step, Step.State.FAILED, f"{error.message} {error.hint}".strip())
    except PanelError as error:
        connecting.noted(panel, error)
        return steps.conclude(step, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": error})
    message = _("The host could put all files back.") if not why else _("The host would not put all files back now.")
    return steps.conclude(step, Step.State.DONE, message, storage=told)


def look(site: Site) -> tuple[int | None, str]:
    """The mode of the account's root folder (None: not told), and how the files of the site look, as a hash. Raises TransportError."""
    if site.host is None:
        raise TransportError(_("The site has no hosting account."))
    with hosts.reader_for(site.host) as reader:
        home = reader.home()
        try:
            root_mode = reader.stat(home).mode
        except TransportError:  # over FTP nobody can be asked about the folder that is the top
            root_mode = None
        rows = [(entry.path, entry.stat.size, int(entry.stat.mtime)) for entry in reader.list(home)]
        inside = islice(reader.walk(site.docroot, _MOST_FILES), _MOST_FILES) if site.docroot else ()
        rows += [(entry.path, entry.stat.size, int(entry.stat.mtime)) for entry in inside]
    return root_mode, hashlib.sha256(repr(sorted(rows)).encode("utf-8", "surrogatepass")).hexdigest()


def obstacles(seen: ServiceSeen, tasks: Sequence[PanelTask], root_mode: int | None) -> list[str]:
    """Every reason why the host would not, or should not, do it now."""
    found = []
    if why := stopping.why(seen):
        found.append(why)
    elif seen.state != "active":
        found.append(_("The hosting is not active: OVHcloud tells “%(state)s”.") % {"state": seen.state})
    if root_mode is not None and root_mode != ROOT_MODE:
        words = _("The root folder of the account has the permissions %(mode)s. OVHcloud wants exactly 705 for this.")
        found.append(words % {"mode": f"{root_mode:03o}"})
    if seen.quota_used is not None and seen.quota_size and 2 * seen.quota_used > seen.quota_size:
        found.append(_("More than half of the storage is in use. The host unpacks the earlier files beside those of now, and needs room."))
    if tasks:
        found.append(_("The host is at work on this hosting. Wait until its list of tasks is empty."))
    return found


def concerned(host: Host | None, domains: Sequence[str]) -> list[str]:
    """Every site whose files go: those that the panel names, and those that are watched here."""
    ours = Site.objects.filter(host=host, deleted_at=None).order_by("name").values_list("name", flat=True)
    return list(dict.fromkeys((*sorted(domains), *ours)))


def told(case: RepairCase) -> dict[str, Any] | None:
    """What was read last, if nothing was put back since then."""
    looks = case.steps.filter(repair_id=READ, state=Step.State.DONE, result__has_key="storage").order_by("-pk")
    newest = looks.first()
    if newest is None or case.steps.filter(repair_id=REPAIR, pk__gt=newest.pk).exclude(state=Step.State.FAILED).exists():
        return None
    return newest.result["storage"]


# --- what can be chosen ---------------------------------------------------------------------------
def choices(stored: dict[str, Any]) -> list[tuple[str, datetime]]:
    """The days that the host keeps, the latest first; none from before the hosting was."""
    created = stored.get("created") or ""
    return [(each.backup, each.at) for each in snapshots.kept_at(timezone.now()) if each.at.date().isoformat() >= created]


def plan(case: RepairCase, backup: str) -> Plan | None:
    """What putting all files back to this day would do; None for what cannot be chosen."""
    stored = told(case)
    at = dict(choices(stored)).get(backup) if stored else None
    if stored is None or at is None:
        return None
    title = _("Put all files of the hosting back to %(day)s") % {"day": moment_words(at)}
    return Plan(title, backup, at, tuple(stored["concerned"]), tuple(stored["obstacles"]))


def names_all(made: Plan, typed: str) -> list[str]:
    """Which of the sites were not typed, in lines or separated by spaces and commas."""
    words = set(re.split(r"[\s,;]+", typed[:_MOST_TYPED].lower()))
    lines = {line.strip().lower() for line in typed[:_MOST_TYPED].splitlines()}
    return [name for name in made.concerned if name.lower() not in words | lines]


# --- started --------------------------------------------------------------------------------------
def start(case: RepairCase, backup: str, digest: str, typed: str, user: AbstractBaseUser | None) -> Step:
    """Starts it exactly as a person saw it, where every site was named. Raises starting.Refused."""
    lacking = _("The panel was not given the right to put databases and files back. Connect it anew, with that right.")
    panel, made = starting.panel_for(case, Ability.RESTORE, lacking), plan(case, backup)
    if made is None or made.digest() != digest:
        raise starting.Refused(_("What is proposed has changed since this page was shown. Nothing was changed. Read it again."))
    if made.obstacles:
        raise starting.Refused(" ".join(made.obstacles))
    if missing := names_all(made, typed):
        words = _("Nothing was changed: these sites were not typed: %(names)s.") % {"names": ", ".join(missing[:10])}
        raise starting.Refused(words)
    before, after = {"concerned": list(made.concerned)}, {"backup": backup, "at": made.at.isoformat()}
    wanted = starting.Wanted(PanelChange.Kind.STORAGE, GUIDE_STEP, REPAIR, made.title, before, after, digest)
    return starting.new_step(case, panel, wanted, user)
