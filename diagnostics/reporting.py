"""The report that hands a repair over to a specialist: what happened, what was found, what was tried; secrets removed."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from sites.judging import Verdict
from sites.models import Incident, Site
from sites.wording import failure_sentence

from . import explaining, repairing
from .cases.log import Moment, timeline
from .cases.markdown import fenced, plain, section, ticked, when
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


def context(case: RepairCase) -> dict[str, Any]:
    """All that the report shows, for a page or for Markdown."""
    diagnosis, incident = telling_diagnosis(case), repairing.incident_of(case)
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


def telling_diagnosis(case: RepairCase) -> Diagnosis | None:
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


def markdown(case: RepairCase) -> str:
    """The report as Markdown, to be put into a ticket. Nothing in it is taken for markup."""
    shown = context(case)
    parts = [
        f"# {_('Report on')} {plain(case.site.name)}",
        _about(shown),
        section(_("What we ask of you"), [plain(shown["request_words"])] if shown["request_words"] else [], ""),
        section(_("What was found"), [_finding(row) for row in shown["findings"]], plain(shown["seen"]) or _("Nothing was found.")),
        section(
            _("What was changed shortly before"),
            ["\n".join(f"- {plain(each)}" for each in shown["changes"])] if shown["changes"] else [],
            "",
        ),
        section(_("Lines of the error log"), [fenced(_log_text(shown["log_lines"]))] if shown["log_lines"] else [], _("None were read.")),
        section(_("What was tried"), [_tried(each) for each in shown["tried"]], _("Nothing was changed.")),
        section(_("Could not be looked at"), [f"- {plain(each['check'])}: {plain(each['missing'])}" for each in shown["inconclusive"]], ""),
        section(_("Timeline"), ["\n".join(_moment(moment) for moment in shown["timeline"])], ""),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(shown: dict[str, Any]) -> str:
    site, incident, diagnosis = shown["site"], shown["incident"], shown["diagnosis"]
    rows = [(_("Address"), site.url), (_("Now"), site.get_verdict_display())]
    if incident:
        what = failure_sentence(incident.kind, incident.status, incident.looks, incident.detail)
        rows += [(_("What it does"), _("The site %(what)s.") % {"what": what}), (_("Failing since"), when(incident.first_failure_at))]
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
    rows.append((_("Made at"), when(shown["made_at"])))
    return "\n".join(f"- {name}: {plain(str(value))}" for name, value in rows if value)


def _finding(row: FindingRecord) -> str:
    place = f" `{ticked(row.path)}{':' + str(row.line) if row.line else ''}`" if row.path else ""
    lines = [f"### {plain(row.summary)}", f"- {_('Cause')}: `{row.cause}`"] + ([f"- {_('Where')}:{place}"] if place else [])
    if row.hint:
        lines.append(f"- {plain(row.hint)}")
    if words := explaining.because_of(row):
        lines.append(f"- {plain(words)}")
    shown = [proof for proof in row.evidence if proof["source"] != "change"]  # what was changed is told by itself
    proofs = "\n".join(f"[{proof['source']}] {proof['at']} {proof['text']}".strip() for proof in shown)
    return "\n".join(lines) + (f"\n\n{fenced(proofs)}" if proofs else "")


def _tried(each: dict[str, Any]) -> str:
    step: Step = each["step"]
    changed = ", ".join(f"`{ticked(path)}`" for path in each["changed"])
    lines = [f"### {plain(step.title)}", f"- {step.get_state_display()}: {plain(step.message)}"]
    if changed:
        lines.append(f"- {_('Files')}: {changed}")
    return "\n".join(lines) + (f"\n\n{fenced(clean(step.diff), 'diff')}" if step.diff else "")


def _moment(moment: Moment) -> str:
    by = f" ({plain(moment.by)})" if moment.by else ""
    return f"- {when(moment.at)}: {plain(moment.text)}{by}"


def _log_text(lines: list[dict[str, Any]]) -> str:
    return "\n".join(f"{line['at']} {line['text']}{_times(line)}".strip() for line in lines)


def _times(line: dict[str, Any]) -> str:
    return f" ×{line['times']}" if line["times"] > 1 else ""
