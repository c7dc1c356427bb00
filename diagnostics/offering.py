"""What can be done about a diagnosis: plans as they are shown to a person, kept with the diagnosis they were made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from . import examining, trials
from .connections import abilities
from .connections.telling import clean, finding_json, shown_diff
from .examining import Examination
from .findings import Finding
from .models import Diagnosis
from .repairs import restore_file
from .repairs.plan import ChangeMode, Plan

_STEPS = {
    restore_file.ID: "restore", "rename-index": "restore", "move-site-up": "restore", "lead-link-again": "restore",
    "copy-script-for-link": "permissions",
    "set-cache-aside": "php", "cgi-line-endings": "permissions", "cgi-first-line": "permissions",
    "set-aside-part": "parts", "set-aside-theme": "parts", "set-translation-aside": "parts", "end-maintenance": "parts",
    "end-program-maintenance": "parts",
    "nextcloud-data-mark": "restore", "rename-letter-case": "restore", "rename-back": "restore",
    "rename-theme-back": "parts", "write-plain-template": "parts", "write-plain-theme": "parts", "set-aside-theme-file": "parts",
    "comment-out-php-setting": "php", "stop-loading-file": "php",
    "raise-memory-limit": "php", "raise-php-limit": "php", "give-more-memory": "php",
    "remove-php-mark": "php", "put-statement-first": "php", "move-below-wordpress": "php", "complete-wp-config": "php",
    "set-environment-to-prod": "php",
    "write-php-tag": "php", "correct-php-line": "php",
    "correct-foreign-path": "php", "mend-env-line": "php",
    "take-out-conflict": "php", "database-login": "database", "correct-table-prefix": "database", "create-folder": "permissions",
    "write-file-anew": "permissions",
    "wordpress-table-repair": "database", "wordpress-network-off": "database", "table-letter-case": "database",
    "make-room": "room",
}  # fmt: skip
MOST_LINES = 600  # of one difference


@dataclass(frozen=True, slots=True)
class Offer:
    """One repair that is possible now, as shown. `digest` comes back with the click; `finding` outlives the diagnosis."""

    repair_id: str
    cause: str
    title: str
    why: str
    diff: str
    digest: str
    sureness: str
    affects: str
    caution: str
    answers: tuple[tuple[str, str], ...]
    guide_step: str
    finding: dict[str, Any]
    needs: tuple[str, ...] = ()  # capabilities of the connection
    sets_aside: bool = False  # a part of the site that visitors will miss
    lasting: str = ""  # what cannot be undone of it
    confirm: str = ""  # what is typed then


def from_examination(examination: Examination) -> list[dict[str, Any]]:
    """Every plan there is for the findings, in their order, as stored with a diagnosis."""
    offers: dict[str, Offer] = {}
    for finding in examination.findings:
        for repair_id in finding.repairs:
            for plan in examining.plans_for(examination, finding, repair_id):
                if (digest := plan.digest()) not in offers:
                    offers[digest] = of_plan(plan, finding)
    for offer in _after_trial(examination, list(offers.values())):
        offers[offer.digest] = offer
    return [asdict(offer) for offer in offers.values()]


def _after_trial(examination: Examination, others: list[Offer]) -> list[Offer]:
    """To keep the .htaccess aside, as a trial does for a moment: pages show it once a trial has helped."""
    if examining.is_well(examination.evidence.site) or why_no_trial(examination):
        return []
    finding, plan = trials.finding_of(examination), trials.plan_of(examination)
    if finding is None or plan is None or any(offer.diff == shown_diff(plan) for offer in others):
        return []
    return [of_plan(plan, finding)]


def of_plan(plan: Plan, finding: Finding) -> Offer:
    """A plan as it is shown."""
    return Offer(
        plan.repair_id,
        plan.cause,
        clean(plan.title),
        clean(plan.why),
        _bounded(shown_diff(plan)),
        plan.digest(),
        f"{clean(finding.summary)} ({finding.sureness})",
        clean(plan.affects) or _("This site."),
        clean(_caution(plan)),
        plan.answers,
        guide_step(plan),
        finding_json(finding),
        abilities.needed_by(plan),
        plan.sets_aside,
        clean(plan.lasting),
        plan.confirm,
    )


def _bounded(diff: str) -> str:
    """Not longer than anybody reads: a page holds several of them."""
    lines = diff.split("\n")
    if len(lines) <= MOST_LINES:
        return diff
    return "\n".join([*lines[:MOST_LINES], " " + _("… and %(n)d more lines") % {"n": len(lines) - MOST_LINES}])


def guide_step(plan: Plan) -> str:
    """The step of the guide that a plan belongs to."""
    if all(isinstance(change, ChangeMode) for change in plan.changes):
        return "permissions"
    if all(change.path.endswith("/.htaccess") for change in plan.changes):
        return "htaccess"
    return _STEPS.get(plan.repair_id, "htaccess")


def _caution(plan: Plan) -> str:
    if plan.takes_away_protection:
        return (
            _("This takes something away that keeps visitors out. Go on only if you know that it is not needed.") + f" {plan.needs_person}"
        )
    return plan.needs_person


def of_diagnosis(diagnosis: Diagnosis | None) -> list[Offer]:
    """The offers of a stored diagnosis."""
    rows = diagnosis.offers if diagnosis else []
    return [stored(row) for row in rows]


def stored(row: dict[str, Any]) -> Offer:
    """The same back from what was stored."""
    answers = tuple(tuple(pair) for pair in row["answers"])
    return Offer(**{**row, "answers": answers, "needs": tuple(row.get("needs", ()))})


def why_no_trial(examination: Examination) -> str:
    """Why the .htaccess trial is not offered; empty when it is."""
    return trials.why_not(examination)
