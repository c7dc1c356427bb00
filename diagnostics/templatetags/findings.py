"""What was found, as the pages of diagnoses, incidents and causes show it, so that all say the same."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from sites.models import Incident, Site
from sites.wording import exact_words

from .. import explaining, wants
from ..causes import CAUSES, RepairableBy
from ..models import Diagnosis, FindingRecord, RepairCase

register = template.Library()

register.filter("because_of", explaining.because_of)
register.filter("unknown_words", explaining.unknown_words)
register.filter("mended_by", explaining.mended_by)


_SOURCES = {
    "error-log": _("The server's error log"),
    "application-log": _("The program's own log"),
    "file": _("In the file"),
    "files": _("The files"),
    "probe": _("What the site answered"),
    "modes": _("Permissions"),
    "change": _("What changed"),
    "database": _("What the database said"),
    "trial": _("What a trial showed"),
}


@register.filter
def source_words(source: str) -> str:
    """Where a proof comes from."""
    return str(_SOURCES.get(source, source))


@register.filter
def iso_moment(at: str) -> str:
    """The moment of a line of a log, to the second, in the reader's time zone."""
    moment = parse_datetime(at)
    return exact_words(moment) if moment else at


@register.filter
def in_plain_words(code: str) -> str:
    """What a cause means, for somebody who is no specialist."""
    return CAUSES[code].explanation if code in CAUSES else ""


@register.filter
def sentence(text: str) -> str:
    """With a full stop at its end."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


@register.filter
def meaning(finding: FindingRecord) -> str:
    """The same of a finding; nothing where its hint says it already."""
    words = in_plain_words(finding.cause)
    return "" if words in finding.hint else words


@register.filter
def is_for_others(incident: Incident) -> bool:
    """Whether its cause is mended by the host or a developer, so that the guided repair is not the first thing to open."""
    cause = CAUSES.get(incident.cause)
    return cause is not None and cause.repairable_by in (RepairableBy.HOST, RepairableBy.DEVELOPER)


@register.inclusion_tag("diagnostics/finding_help.html")
def finding_help(finding: FindingRecord, site: Site, incident: Incident | None = None) -> dict[str, Any]:
    """Below a finding: who mends it, what can be done by hand, and words ready to send."""
    message = explaining.message_about(finding.cause, site, incident, finding)
    return {
        "finding": finding,
        "next": explaining.next_of(finding),
        "steps": explaining.by_hand(finding.cause),
        "message": message,
        "message_id": f"message-{finding.pk}",
        "by_hand_first": not finding.repair_id and not explaining.needs_a_trial(finding),
        "message_first": bool(message) and message.to_host and finding.repairable_by == "host",
    }


@register.inclusion_tag("diagnostics/words_to_send.html")
def words_to_send(diagnosis: Diagnosis | None, incident: Incident | None) -> dict[str, Any]:
    """For the step that hands over: a message about the root cause, open."""
    root = explaining.parted(diagnosis.findings.all()).root if diagnosis else None
    return {"message": explaining.message_about(root.cause, diagnosis.site, incident, root) if diagnosis and root else None}


@register.inclusion_tag("diagnostics/gaps.html")
def gaps_of(diagnosis: Diagnosis, may_write: bool = False) -> dict[str, Any]:
    """What could not be judged, and what to give to get further."""
    return {"gaps": wants.gaps_of(diagnosis), "may_write": may_write}


@register.inclusion_tag("diagnostics/trial_hint.html")
def trial_hint(diagnosis: Diagnosis, may_write: bool = False) -> dict[str, Any]:
    """Where nothing is certain: that a trial could say more."""
    return {"show": may_write and wants.trial_would_tell(diagnosis), "site": diagnosis.site}


@register.inclusion_tag("diagnostics/incident_findings.html", takes_context=True)
def found_beside(context: dict[str, Any], incident: Incident, may_write: bool = False) -> dict[str, Any]:
    """For the page of an incident: help for its cause, what was found beside it, and what could not be judged or looked at."""
    shared = {"incident": incident, "site": incident.site, "may_write": may_write, "csrf_token": context.get("csrf_token")}
    shared["in_the_way"] = incident.diagnoses.first() if incident.is_open and incident.diagnosis_state == "failed" else None
    done = incident.diagnoses.filter(state=Diagnosis.State.DONE).select_related("site__host").prefetch_related("findings")
    rows = list(done[:10])
    diagnosis = next((row for row in rows if any(each.cause == incident.cause for each in row.findings.all())), None)
    diagnosis = diagnosis or next(iter(rows), None)
    if diagnosis is None:
        return shared
    return {**shared, "diagnosis": diagnosis, "parts": explaining.parted(diagnosis.findings.all()), "site": diagnosis.site}


@register.inclusion_tag("diagnostics/trials_made.html")
def trials_made(incident: Incident) -> dict[str, Any]:
    """For the page of an incident: what was tried without a person, as the site's settings allow."""
    if not incident.trials_note:
        return {"incident": incident}
    case = RepairCase.objects.filter(steps__trial_run__incident=incident).order_by("-pk").first()
    return {"incident": incident, "case_id": case.pk if case else None}
