"""The report that hands a repair over to a specialist: what happened, what was found, what was tried; secrets removed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from sites.judging import Verdict
from sites.models import Incident, IncidentEntry, Site
from sites.wording import failure_sentence

from . import explaining, repairing
from .causes import CAUSES
from .causes.asking import asking_for
from .changes import journal
from .connections.telling import clean
from .models import Diagnosis, FindingRecord, RepairCase, Step
from .profiles import get_profile

_CHANGING = re.compile(
    r"\[(?:client|remote|pid|tid) [^\]]*\]|\[\w{3} \w{3} +\d+ [^\]]*\]|\[\d{2}-\w{3}-\d{4} [^\]]*\]"
    r"|^\d{4}[-/]\d{2}[-/]\d{2}[T ]\S+|\b\d+#\d+: \*\d+|\bclient: [^,]+"
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    at: datetime
    text: str
    by: str = ""


def context(case: RepairCase) -> dict[str, Any]:
    """All that the report shows, for a page or for Markdown."""
    diagnosis, incident = _newest_diagnosis(case), repairing.incident_of(case)
    found = list(diagnosis.findings.all()) if diagnosis else []
    root = explaining.parted(found).root
    asking = asking_for(CAUSES[root.cause]) if root and root.cause in CAUSES else None
    for_host = asking is not None and asking.of_host
    findings = [row for row in found if _is_theirs(row, root, for_host=for_host)]
    tried = list(case.steps.filter(action__in=("repair", "trial")).select_related("created_by", "undone_by"))
    changed = journal.changed_paths_of(tried)
    return {
        "case": case,
        "site": case.site,
        "incident": incident,
        "seen": last_seen(case.site, incident),
        "diagnosis": diagnosis,
        "for_host": for_host,
        "request_words": _(asking.request) if asking else "",
        "findings": findings,
        "causes": [CAUSES[row.cause] for row in findings if row.cause in CAUSES],
        "changes": [] if for_host else _changes(found),
        "log_lines": _counted(diagnosis.log_lines) if diagnosis else [],
        "inconclusive": diagnosis.inconclusive if diagnosis and not for_host else [],
        "timeline": timeline(case),
        "tried": [{"step": step, "changed": changed[step.pk], "pages": step.result.get("pages_after", [])} for step in tried],
        "standing": [step for step in tried if step.stands_applied],
        "made_at": timezone.now(),
    }


def _is_theirs(row: FindingRecord, root: FindingRecord | None, *, for_host: bool) -> bool:
    """Whether whoever gets the report can do something about a finding. That something changed is no fault: it is told beside them."""
    if row == root:
        return True
    if row.cause == "recent-change":
        return False
    asking = asking_for(CAUSES[row.cause]) if row.cause in CAUSES else None
    return not for_host or (row.severity != "note" and asking is not None and asking.of_host)


def _changes(found: list[FindingRecord]) -> list[str]:
    """What was changed shortly before the failure, each once: for whoever knows the site, and for nobody else."""
    told = (proof["text"] for row in found for proof in row.evidence if proof["source"] == "change")
    return list(dict.fromkeys(told))


def _newest_diagnosis(case: RepairCase) -> Diagnosis | None:
    """The one that says most: a later look at a site that is well again has nothing to tell."""
    done = Diagnosis.objects.filter(site=case.site, state=Diagnosis.State.DONE)
    incident = repairing.incident_of(case)
    if incident:
        done = done.filter(requested_at__gte=incident.first_failure_at)
    if case.closed_at:
        opened_with = done.filter(requested_at__lt=case.opened_at).values_list("pk", flat=True).first()
        done = done.filter(Q(requested_at__gte=case.opened_at) | Q(pk=opened_with), requested_at__lte=case.closed_at)
    telling = done.filter(findings__severity="critical").first()
    return telling or done.first()


def last_seen(site: Site, incident: Incident | None) -> str:
    """What the last failing probe said, for a report in which the files told nothing; "" when none did."""
    failing = site.pages.filter(verdict=Verdict.DOWN).exclude(last_message="").values_list("last_message", flat=True).first()
    return clean(failing or (incident.message if incident else ""))


def _counted(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines that differ in time, client and process only, once each with how often they came; the newest one stands for them."""
    kept: dict[str, dict[str, Any]] = {}
    for line in lines:
        same = _CHANGING.sub("", line["text"]).strip()
        times = kept.pop(same, {"times": 0})["times"] + 1
        kept[same] = {**line, "times": times}
    return list(kept.values())


def timeline(case: RepairCase) -> list[Moment]:
    """What happened, oldest first: the incident's own entries and the steps of the repair."""
    how = _("The repair was begun from the shell.") if case.from_shell else _("The repair was opened.")
    moments = [Moment(case.opened_at, how, _who(case.opened_by))]
    incident = repairing.incident_of(case)
    if incident:
        # Who of the team was mailed, and where, is no business of whoever gets the report.
        entries = IncidentEntry.objects.filter(incident=incident).exclude(kind=IncidentEntry.Kind.MAIL).select_related("by")
        if case.closed_at:
            entries = entries.filter(at__lte=case.closed_at)
        moments += [Moment(entry.at, clean(entry.text), _who(entry.by)) for entry in entries]
    for step in case.steps.select_related("created_by", "undone_by"):
        text = f"{step.title}: {step.get_state_display()}. {step.message}".strip()
        moments.append(Moment(step.finished_at or step.created_at, clean(text), _who(step.created_by) or _by_itself(step)))
        if step.undone_at:
            moments.append(Moment(step.undone_at, _("Undone: %(title)s") % {"title": clean(step.title)}, _who(step.undone_by)))
    if case.closed_at:
        moments.append(Moment(case.closed_at, _("The repair was closed."), _who(case.closed_by)))
    return sorted(moments, key=lambda moment: moment.at)


def _who(user: Any) -> str:
    return user.get_username() if user else ""


def _by_itself(step: Step) -> str:
    return _("by itself, as the site's settings allow") if step.trial_run_id else ""


def markdown(case: RepairCase) -> str:
    """The report as Markdown, to be put into a ticket. Nothing in it is taken for markup."""
    shown = context(case)
    parts = [
        f"# {_('Report on')} {_plain(case.site.name)}",
        _about(shown),
        _section(_("What we ask of you"), [_plain(shown["request_words"])] if shown["request_words"] else [], ""),
        _section(_("What was found"), [_finding(row) for row in shown["findings"]], _plain(shown["seen"]) or _("Nothing was found.")),
        _section(
            _("What was changed shortly before"),
            ["\n".join(f"- {_plain(each)}" for each in shown["changes"])] if shown["changes"] else [],
            "",
        ),
        _section(_("Lines of the error log"), [_fenced(_log_text(shown["log_lines"]))] if shown["log_lines"] else [], _("None were read.")),
        _section(_("What was tried"), [_tried(each) for each in shown["tried"]], _("Nothing was changed.")),
        _section(
            _("Could not be looked at"), [f"- {_plain(each['check'])}: {_plain(each['missing'])}" for each in shown["inconclusive"]], ""
        ),
        _section(_("Timeline"), ["\n".join(_moment(moment) for moment in shown["timeline"])], ""),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(shown: dict[str, Any]) -> str:
    site, incident, diagnosis = shown["site"], shown["incident"], shown["diagnosis"]
    rows = [(_("Address"), site.url), (_("Now"), site.get_verdict_display())]
    if incident:
        what = failure_sentence(incident.kind, incident.status, incident.looks, incident.detail)
        rows += [(_("What it does"), _("The site %(what)s.") % {"what": what}), (_("Failing since"), _when(incident.first_failure_at))]
        rows += [
            (_("Pages"), ", ".join(incident.paths)),
            (_("Confirmed by"), incident.confirmed_by),
            (_("Request id"), incident.request_id),
        ]
        rows += [(_("IP address that answered"), incident.address)]
    if site.host and site.host.protocol != "local":
        rows += [(_("Hosting account"), site.host.user), (_("Reached at"), site.host.address)]
    if site.docroot:
        rows.append((_("Folder of the site"), site.docroot))
    rows.append((_("Kind of hosting"), get_profile(site.profile_name).title))
    if diagnosis:
        read = diagnosis.connection if diagnosis.connection not in ("", "none") else ""
        rows.append((_("Files and logs read by"), read.upper() or _("nobody: there is no connection")))
    rows.append((_("Made at"), _when(shown["made_at"])))
    return "\n".join(f"- {name}: {_plain(str(value))}" for name, value in rows if value)


def _section(title: str, parts: list[str], otherwise: str) -> str:
    body = "\n\n".join(parts) or otherwise
    return f"## {title}\n\n{body}" if body else ""


def _finding(row: FindingRecord) -> str:
    place = f" `{_ticked(row.path)}{':' + str(row.line) if row.line else ''}`" if row.path else ""
    lines = [f"### {_plain(row.summary)}", f"- {_('Cause')}: `{row.cause}`"] + ([f"- {_('Where')}:{place}"] if place else [])
    if row.hint:
        lines.append(f"- {_plain(row.hint)}")
    if words := explaining.because_of(row):
        lines.append(f"- {_plain(words)}")
    shown = [proof for proof in row.evidence if proof["source"] != "change"]  # what was changed is told by itself
    proofs = "\n".join(f"[{proof['source']}] {proof['at']} {proof['text']}".strip() for proof in shown)
    return "\n".join(lines) + (f"\n\n{_fenced(proofs)}" if proofs else "")


def _tried(each: dict[str, Any]) -> str:
    step: Step = each["step"]
    changed = ", ".join(f"`{_ticked(path)}`" for path in each["changed"])
    lines = [f"### {_plain(step.title)}", f"- {step.get_state_display()}: {_plain(step.message)}"]
    if changed:
        lines.append(f"- {_('Files')}: {changed}")
    return "\n".join(lines) + (f"\n\n{_fenced(clean(step.diff), 'diff')}" if step.diff else "")


def _moment(moment: Moment) -> str:
    by = f" ({_plain(moment.by)})" if moment.by else ""
    return f"- {_when(moment.at)}: {_plain(moment.text)}{by}"


def _log_text(lines: list[dict[str, Any]]) -> str:
    return "\n".join(f"{line['at']} {line['text']}{_times(line)}".strip() for line in lines)


def _times(line: dict[str, Any]) -> str:
    return f" ×{line['times']}" if line["times"] > 1 else ""


def _when(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S %Z")


def _plain(text: str) -> str:
    """One line in which nothing is taken for Markdown or HTML."""
    flat = " ".join(clean(text).split())
    for sign in "\\`*_[]<>#|":
        flat = flat.replace(sign, f"\\{sign}")
    return flat


def _ticked(text: str) -> str:
    return " ".join(clean(text).replace("`", "'").split())


def _fenced(text: str, kind: str = "") -> str:
    """A block that the text cannot close: its fence is longer than any in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{kind}\n{text.rstrip()}\n{fence}"
