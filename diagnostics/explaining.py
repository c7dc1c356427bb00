"""What a finding is to the person who reads it: why we are that sure, who mends it, what can be done by hand, and words for others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites.models import Incident, Site
from sites.wording import exact_words, failure_sentence

from .causes import CAUSES, Cause, RepairableBy
from .causes.asking import asking_for
from .causes.by_hand import BY_HAND
from .evidence import LOGS
from .findings import Severity, sureness
from .models import Diagnosis, FindingRecord
from .repairs import database_login, database_tables, new_password_file
from .repairs.registry import all_repairs

_CHANGED = "recent-change"
_LONGEST_LOG = 600  # characters of a line of log in a message to others


@dataclass(frozen=True, slots=True)
class Parts:
    """Findings as they are told: the root, other faults that stand on their own, what follows from one of them, and the rest."""

    root: FindingRecord | None
    faults: tuple[FindingRecord, ...]
    consequences: tuple[FindingRecord, ...]
    changes: tuple[FindingRecord, ...]  # that only say what was changed
    warnings: tuple[FindingRecord, ...]
    notes: tuple[FindingRecord, ...]


def parted(findings: Iterable[FindingRecord]) -> Parts:
    """Findings in their order, by what they are to the reader."""
    rows = list(findings)
    critical = [row for row in rows if row.severity == Severity.CRITICAL]
    shown = {proof["text"] for row in critical for proof in row.evidence}
    warnings = [row for row in rows if row.severity == Severity.WARNING]
    return Parts(
        next(iter(critical), None),
        tuple(critical[1:]),
        tuple(row for row in warnings if row.follows and row.cause != _CHANGED),
        tuple(row for row in warnings if row.follows and row.cause == _CHANGED and not shown & {proof["text"] for proof in row.evidence}),
        tuple(row for row in warnings if not row.follows),
        tuple(row for row in rows if row.severity == Severity.NOTE),
    )


def because(confidence: float, evidence: Sequence[Mapping[str, Any]]) -> str:
    """Why we are that sure: what stands behind it, strongest first."""
    sources = {str(proof["source"]) for proof in evidence}
    paired = any(proof.get("paired") for proof in evidence)
    told = {"certain": _certain, "likely": _likely}.get(sureness(confidence))
    return told(sources, paired=paired) if told else _possible(sources)


def _certain(sources: set[str], *, paired: bool) -> str:
    if paired:
        return _("Certain, because the server wrote this line for our own test request.")
    if "trial" in sources:
        return _("Certain, because it was tried: the site answered well without it, and failed again with it.")
    if "database" in sources:
        return _("Certain, because the database was asked with the site's own settings and gave this answer.")
    if sources & {"file", "files", "modes"}:
        return _("Certain, because the file itself shows it.") if "file" in sources else _("Certain, because the files themselves show it.")
    if sources & set(LOGS):
        return _("Certain, because the log names it at the time of the failure.")
    return _("Certain, because the page itself says so.")


def _likely(sources: set[str], *, paired: bool) -> str:
    if paired:
        return _("Likely: this line was written for our own test request, but something else may have brought it about.")
    if "trial" in sources:
        return _("Likely: a trial points to it, but does not prove it alone.")
    if sources & set(LOGS):
        return _("Likely: this line is from the time of the failure, but nothing ties it to our own test request.")
    if "change" in sources:
        return _("Likely: it was changed just before the failure, and looks wrong. No line of the log confirms it.")
    if sources & {"file", "files", "modes"}:
        return _("Likely: this place looks wrong and would explain the failure, but no line of the log confirms it.")
    return _("Likely: the answer of the site looks like it, but neither a log nor a file confirms it.")


def _possible(sources: set[str]) -> str:
    if "change" in sources:
        return _("Possible: only the time speaks for it. It was changed just before the failure began.")
    return _("Possible: it would explain what is seen, but nothing proves it.")


def unknown_words(diagnosis: Diagnosis) -> str:
    """The headline of a diagnosis of a failing site that named no cause."""
    if diagnosis.inconclusive:
        return _("Why %(name)s fails is not known yet") % {"name": diagnosis.site.name}
    return _("What was read does not explain why %(name)s fails") % {"name": diagnosis.site.name}


def because_of(finding: FindingRecord) -> str:
    """The same of a stored finding; nothing of one that only notes something."""
    return "" if finding.severity == Severity.NOTE else because(finding.confidence, finding.evidence)


def next_of(finding: FindingRecord, others: int = 0, *, elsewhere: bool = False) -> str:
    """Who mends it and what happens next. `others`: faults that stand beside it; `elsewhere`: read in a mail, not on the page."""
    told = [_who(finding)]
    if elsewhere and not finding.repair_id and finding.repairable_by != RepairableBy.NOBODY:
        told.append(_where_it_stands(finding))
    if others:
        more = ngettext("One more fault was found; it comes next.", "%(n)d more faults were found; they come next, one by one.", others)
        told.append(more % {"n": others})
    return " ".join(told)


def _who(finding: FindingRecord) -> str:
    if finding.repair_id:
        what = repair_titles().get(finding.repair_id, finding.repair_id)
        return _("The guided repair can mend this (“%(what)s”). Nothing is changed before you have seen it and said yes.") % {"what": what}
    if finding.repairable_by == RepairableBy.HOST:
        return _("This is mended at your host: in its panel, or by its support. Please change none of the site's files for it yet.")
    if finding.repairable_by == RepairableBy.DEVELOPER:
        return _("Whoever develops the site has to mend this.")
    if finding.repairable_by == RepairableBy.NOBODY:
        return _("Nothing needs to be done.")
    if asked := asked_for(finding.cause):
        return asked
    if not needs_a_trial(finding):
        return _("This one is mended by hand, in your host's file manager or panel.")
    if sureness(finding.confidence) == "likely":
        return _("This one is mended by hand, in your host's file manager or panel. A trial in the guided repair can make sure first.")
    return _("Nothing proves it yet, so please change nothing by hand for it. A trial in the guided repair can tell more.")


def asked_for(code: str) -> str:
    """What the guided repair needs to be told by a person before it can mend a cause of the account; empty where that is nothing."""
    words = {
        database_login.ID: _("The guided repair asks for the right login of the database, tries it, and writes it into the settings."),
        database_tables.ID: _("The guided repair checks the tables, and has the damaged ones repaired when you say yes."),
        new_password_file.ID: _("The guided repair asks for a user name and a password, and makes a new password file for them."),
    }
    cause = CAUSES.get(code)
    asking = (each for each in (cause.repairs if cause else ()) if each in words)
    return next((words[each] for each in asking), "")


def needs_a_trial(finding: FindingRecord) -> bool:
    """Whether it is not certain what a person would mend by hand, and a trial, which is always taken back, could say more."""
    if finding.repair_id or finding.repairable_by != RepairableBy.ACCOUNT or sureness(finding.confidence) == "certain":
        return False
    return any(not row["why_not"] for row in finding.diagnosis.trials)


def _where_it_stands(finding: FindingRecord) -> str:
    if finding.repairable_by == RepairableBy.HOST:
        return _("Words for its support are ready on the page of the incident.")
    if finding.repairable_by == RepairableBy.DEVELOPER:
        return _("Words for them are ready on the page of the incident.")
    return _("The page of the incident tells how, step by step.")


def mended_by(cause: Cause) -> str:
    """Who repairs it, in a few words."""
    if cause.repairable_by == RepairableBy.ACCOUNT:
        return _("You, from here") if repairs_of(cause) else _("You, by hand")
    whom = {RepairableBy.HOST: _("Your hoster"), RepairableBy.DEVELOPER: _("The site's developer")}
    return whom.get(cause.repairable_by, _("Nobody: nothing is wrong"))


def repair_titles() -> dict[str, str]:
    """What each repair is called."""
    return {repair.id: _(repair.title) for repair in all_repairs()}


def repairs_of(cause: Cause) -> list[str]:
    """What the product can do about a cause, the gentlest first."""
    known = {repair.id: repair for repair in all_repairs()}
    return [_(known[name].title) for name in cause.repairs if name in known and cause.code in known[name].causes]


def by_hand(code: str) -> list[str]:
    """What a person can do about a cause without the product."""
    return [_(step) for step in BY_HAND.get(code, ())]


@dataclass(frozen=True, slots=True)
class Message:
    """Words ready to send. `to_host`: to the host's support; otherwise to whoever looks after the site."""

    to_host: bool
    text: str


def message_about(code: str, site: Site | None, incident: Incident | None, finding: FindingRecord | None = None) -> Message | None:
    """A message about one failure, or with gaps to fill in where none was met; None where there is nothing to ask."""
    asking = asking_for(CAUSES[code]) if code in CAUSES else None
    if asking is None:
        return None
    parts = (_("Hello,"), _fails(site, incident), _(asking.request), _found(incident, finding), _("Thank you."))
    return Message(asking.of_host, "\n\n".join(part for part in parts if part))


def _fails(site: Site | None, incident: Incident | None) -> str:
    if site is None:
        return _("our site https://… answers with an error since …")
    if incident is None:
        return _("this is about our site %(url)s.") % {"url": site.url}
    what = failure_sentence(incident.kind, incident.status, incident.looks, incident.detail)
    return _("our site %(url)s %(what)s, since %(since)s. Pages: %(paths)s") % {
        "url": site.url, "what": what, "since": exact_words(incident.first_failure_at), "paths": ", ".join(incident.paths[:5]),
    }  # fmt: skip


def _found(incident: Incident | None, finding: FindingRecord | None) -> str:
    if finding is None:
        return ""
    rows = [_("What was found: %(what)s") % {"what": finding.summary}]
    if finding.path:
        rows.append(_("Where: %(place)s") % {"place": place_of(finding)})
    proof = next((proof for proof in finding.evidence if proof["source"] in LOGS), None)
    if proof:
        rows += [_("From the log:"), f"{proof['at']} {proof['text'][:_LONGEST_LOG]}".strip()]
    if incident and incident.request_id:
        rows.append(_("Request id: %(id)s") % {"id": incident.request_id})
    return "\n".join(rows)


def place_of(finding: FindingRecord) -> str:
    """File and line, as pages and mails write it."""
    return f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path
