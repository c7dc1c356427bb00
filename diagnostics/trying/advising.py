"""Which trial tells most now, why, and which others are possible: for the pages, from what is stored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from diagnostics.connections import abilities
from diagnostics.findings import Severity
from diagnostics.models import Diagnosis, FindingRecord, RepairCase, Step
from diagnostics.trials import TRIAL_REPAIR
from diagnostics.trying import canaries, htaccess, plugins
from diagnostics.trying.kinds import KINDS, Kind
from sites import read_only
from sites.models import Host

LOOK_S = 4  # one look with its changes and what takes them back, over a usual line
_SURE = 0.95
_STOPPED = (Host.State.REFUSED, Host.State.KEY_CHANGED)  # until a person has seen to it, no login is tried


@dataclass(frozen=True, slots=True)
class Advice:
    """One trial as shown. `why`: what speaks for it now; empty where nothing does."""

    kind: Kind
    why: str
    why_not: str
    looks: int

    @property
    def seconds(self) -> int:
        """About so long it takes, in steps of ten."""
        return max(10, math.ceil(self.looks * LOOK_S / 10) * 10)


def why_not(case: RepairCase, diagnosis: Diagnosis | None, kind: Kind) -> str:
    """Why a trial cannot be started; empty when it can."""
    if case.site.host is None:
        return _("There is no connection to the files of this site.")
    if why := read_only.words(case.site):
        return why
    if case.site.host.state in _STOPPED:
        return _("The connection to the hosting account has stopped: %(state)s. See the page of the account.") % {
            "state": case.site.host.state_words
        }
    if why := abilities.obstacle(kind.needs, case.site.host):
        return why
    if kind.id == TRIAL_REPAIR:
        return diagnosis.no_trial if diagnosis else ""
    if case.site.pattern == "intermittent":
        return _("The failure comes and goes, so a look at the site would prove nothing.")
    row = _row(diagnosis, kind)
    return str(row["why_not"]) if row else _("Read the error log first: it may name the cause without any trial.")


def advice_for(case: RepairCase, diagnosis: Diagnosis | None, kind: Kind) -> Advice:
    """One trial as its own page shows it."""
    row = _row(diagnosis, kind) or {}
    return Advice(kind, "", why_not(case, diagnosis, kind), int(row.get("about", 1)))


def _row(diagnosis: Diagnosis | None, kind: Kind) -> dict[str, Any] | None:
    return next((row for row in diagnosis.trials if row["id"] == kind.id), None) if diagnosis else None


def advised(case: RepairCase, diagnosis: Diagnosis | None, findings: Sequence[FindingRecord], attempts: Sequence[Step]) -> list[Advice]:
    """The trials that are possible now, the one that tells most first, with why. `attempts`: those of the failure at hand."""
    if diagnosis is None or case.closed_at:
        return []
    wanted = _wanted(findings, attempts)
    made = {step.repair_id for step in attempts if step.action == "trial" and step.state == Step.State.DONE}
    found = []
    for kind in KINDS.values():
        if kind.id == TRIAL_REPAIR:
            continue  # it stands in the step of the guide itself
        each = advice_for(case, diagnosis, kind)
        if not each.why_not:
            found.append(Advice(kind, wanted.get(kind.id, "") if kind.id not in made else "", "", each.looks))
    return sorted(found, key=lambda each: list(wanted).index(each.kind.id) if each.why else len(KINDS))


def _wanted(findings: Sequence[FindingRecord], attempts: Sequence[Step]) -> dict[str, str]:
    """What speaks for which trial, the strongest first; nothing does where the cause is certain."""
    critical = [finding for finding in findings if finding.severity == Severity.CRITICAL]
    if any(finding.confidence >= _SURE for finding in critical):
        return {}
    wanted: dict[str, str] = {}
    for step in attempts:
        if step.action == "trial" and step.repair_id == TRIAL_REPAIR and step.result.get("helped"):
            wanted[htaccess.ID] = _("Without .htaccess the site answers well: this finds the line that is to blame.")
    layers = next((step.result["tried"]["layers"] for step in reversed(attempts) if step.result.get("tried", {}).get("layers")), None)
    answered = {row["layer"]: row["answer"] for row in layers or []}
    if answered.get("static") == "failed":
        wanted.setdefault(
            htaccess.ID, _("A plain file fails as well, so the fault is below PHP: this finds the line of .htaccess, if it is one.")
        )
    if answered.get("start") == "ok":
        wanted[plugins.ID] = _("WordPress itself starts: this finds the plugin that stops it, if it is one.")
    if any(finding.path.endswith(".htaccess") for finding in critical):
        wanted.setdefault(htaccess.ID, _("What was found points to .htaccess, but no line is certain."))
    if layers is None and not wanted:
        wanted[canaries.ID] = _("No cause is certain. This tells where to look, and visitors notice nothing of it.")
    of_wordpress = any(finding.cause.startswith(("wordpress-", "php-", "application-")) for finding in critical)
    if of_wordpress:
        wanted.setdefault(plugins.ID, _("No cause is certain, and a plugin is what breaks a WordPress most often."))
    return wanted
