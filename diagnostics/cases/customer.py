"""The report for the customer, in plain words: what visitors saw and when, why, what was changed, how it was verified, what now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Min, Sum
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sites.judging import Verdict
from sites.models import Incident, Site, VisitorFailure
from sites.probing.outcome import Kind
from sites.wording import duration_words, exact_words, looks_words, often_sentence, some_of

from .. import explaining, repairing, reporting
from ..causes import CAUSES
from ..causes.prevention import prevention_of
from ..connections.telling import clean
from ..models import FindingRecord, JournalEntry, RepairCase, Step
from . import changed, log, notes
from .people import name_of

_MOST_STEPS = 200
_SUMMARY = 400


def context(case: RepairCase) -> dict[str, Any]:
    """All that the report says, for the page and for Markdown. Secrets are taken out."""
    incident = repairing.incident_of(case)
    diagnosis = reporting.telling_diagnosis(case)
    steps = list(case.steps.select_related("created_by", "undone_by", "panel_change").order_by("-pk")[:_MOST_STEPS])[::-1]
    standing = [step for step in steps if step.action == "repair" and step.stands_applied]
    found = list(diagnosis.findings.all()) if diagnosis else []
    root = explaining.parted(found).root
    is_well = case.site.verdict == Verdict.UP or (bool(incident and incident.resolved_at) and case.outcome == "well")
    causes = _causes(standing, root)
    message = explaining.message_about(root.cause, case.site, incident, root) if root and not (standing and is_well) else None
    verified = _verified(standing, steps)
    return {
        "case": case,
        "site": case.site,
        "incident": incident,
        "is_well": is_well,
        "short": _short(case, incident, standing, is_well=is_well),
        "seen": _seen(incident) if incident else "",
        "visitors": _visitors(case.site, incident) if incident else "",
        "causes": causes,
        "changes": [_change(step, entries) for step, entries in _with_journal(standing)],
        "taken_back": sum(step.action == "repair" and step.state in (Step.State.TAKEN_BACK, Step.State.UNDONE) for step in steps),
        "verified": verified,
        "verified_words": verified_words(verified) if verified else "",
        "since_then": _since_then(case.site, incident, is_well=is_well),
        "message": message,
        "handed_over": case.outcome == "handed-over",
        "prevention": _prevention(causes),
        "notes": [each.text for each in notes.of_case(case).filter(for_customer=True)[:50]][::-1],
        "doers": log.doers(case, steps),
        "made_at": timezone.now(),
    }


def _short(case: RepairCase, incident: Incident | None, standing: Sequence[Step], *, is_well: bool) -> str:
    """The whole of it in two sentences."""
    name = case.site.name
    if incident is None:
        return _("%(name)s was looked through.") % {"name": name} + " " + _end_words(case, standing, is_well=is_well)
    since = incident.first_failure_at
    if incident.resolved_at:
        lasted = duration_words((incident.resolved_at - since).total_seconds())
        told = _("%(name)s was disturbed for %(time)s, from %(since)s to %(until)s.") % {
            "name": name, "time": lasted, "since": exact_words(since), "until": exact_words(incident.resolved_at),
        }  # fmt: skip
    else:
        told = _("%(name)s has been disturbed since %(since)s.") % {"name": name, "since": exact_words(since)}
    return f"{told} {_end_words(case, standing, is_well=is_well)}"


def _end_words(case: RepairCase, standing: Sequence[Step], *, is_well: bool) -> str:
    if is_well and standing:
        return _("The cause was found and repaired, and the site works.")
    if is_well:
        return _("The site works. Nothing is changed on it.")
    if case.outcome == "handed-over":
        return _("The cause was found as far as it can be from here, and was handed over to those who can mend it.")
    return _("The work on it goes on.") if case.closed_at is None else _("The site does not work as it should yet.")


_SEEN = {
    Kind.SERVER_ERROR: gettext_lazy("an error page of the server in place of the site"),
    Kind.GATEWAY_ERROR: gettext_lazy("an error page of the server in place of the site"),
    Kind.CLIENT_ERROR: gettext_lazy("a page that said that it may not be shown or is not there"),
    Kind.UNREACHABLE: gettext_lazy("nothing: the browser said that the site cannot be reached"),
    Kind.WHITE_PAGE: gettext_lazy("an empty, white page"),
    Kind.FATAL_IN_BODY: gettext_lazy("an error message in place of the page, or in the middle of it"),
    Kind.DATABASE_ERROR: gettext_lazy("a message that the site cannot reach its database"),
    Kind.REDIRECT_LOOP: gettext_lazy("a message of the browser that the page redirects for ever"),
    Kind.TRUNCATED: gettext_lazy("a page that broke off in the middle"),
    Kind.SUSPENDED: gettext_lazy("the host's page for sites that are switched off"),
    Kind.UNEXPECTED: gettext_lazy("a page that was not as it should be"),
    Kind.MAINTENANCE: gettext_lazy("the page for maintenance"),
}


def _seen(incident: Incident) -> str:
    """What visitors got, where, and whether everybody did."""
    what = _SEEN.get(incident.kind, _("a page that was not as it should be"))
    if incident.status and incident.status >= 400:
        what = _("%(what)s (number %(status)s)") % {"what": what, "status": incident.status}
    if incident.scope == "all-pages":
        where = _("On every page that is watched, visitors got %(what)s.")
    else:
        where = _("On %(paths)s, visitors got %(what)s.") if incident.paths else _("Visitors got %(what)s.")
    told = [where % {"what": what, "paths": clean(some_of(incident.paths, 6))}]
    if incident.looks:
        told.append(_("So it was for %(whom)s; others saw the site as usual.") % {"whom": looks_words(incident.looks)})
    elif often := often_sentence(incident.pattern, incident.rate):
        told.append(often if incident.resolved_at is None else _past(incident.pattern))
    return " ".join(told)


def _past(pattern: str) -> str:
    return _("It failed now and then.") if pattern == "intermittent" else _("It failed every time.")


def _visitors(site: Site, incident: Incident) -> str:
    """How many requests of visitors failed, where the access log was read."""
    rows = VisitorFailure.objects.filter(site=site, last_at__gte=incident.first_failure_at)
    rows = rows.filter(first_at__lte=incident.resolved_at) if incident.resolved_at else rows
    figures = rows.aggregate(count=Sum("count"), first=Min("first_at"))
    if not figures["count"]:
        return ""
    words = ngettext("The server's own record counts %(n)d failed request.", "The server's own record counts %(n)d failed requests.",
                     figures["count"])  # fmt: skip
    return words % {"n": figures["count"]}


def _causes(standing: Sequence[Step], root: FindingRecord | None) -> list[dict[str, str]]:
    """What was mended, else what was found: each cause once, in plain words, with what proves it."""
    found: dict[str, dict[str, str]] = {}
    for step in standing:
        finding = step.finding
        if finding.get("summary"):
            place = f"{finding['path']}:{finding['line']}" if finding.get("path") and finding.get("line") else finding.get("path", "")
            why = explaining.because(finding.get("confidence", 0.0), finding.get("evidence", []))
            found[finding["summary"]] = _cause(step.cause or finding.get("cause", ""), finding["summary"], place, why)
    if not found and root is not None:
        found[root.summary] = _cause(root.cause, root.summary, explaining.place_of(root), explaining.because_of(root))
    return list(found.values())


def _cause(code: str, summary: str, place: str, why: str) -> dict[str, str]:
    cause = CAUSES.get(code)
    plain = _(cause.explanation) if cause else ""
    return {"code": code, "summary": Truncator(clean(summary)).chars(_SUMMARY), "plain": plain, "place": clean(place or ""), "why": why}


def _with_journal(standing: Sequence[Step]) -> list[tuple[Step, list[JournalEntry]]]:
    found: dict[int, list[JournalEntry]] = {step.pk: [] for step in standing}
    light = JournalEntry.objects.defer("before_content", "after_content").exclude(state=JournalEntry.State.TAKEN_BACK)
    for entry in light.filter(step__in=found).order_by("step", "position"):
        found[entry.step_id].append(entry)
    return [(step, found[step.pk]) for step in standing]


def _change(step: Step, entries: Sequence[JournalEntry]) -> dict[str, Any]:
    who = name_of(step.created_by) or _("Sitemend, by itself")
    return {
        "title": clean(step.title),
        "at": step.finished_at or step.created_at,
        "who": who,
        "files": changed.files(entries),
        "excerpts": changed.excerpts(clean(step.diff)),
    }


def _verified(standing: Sequence[Step], steps: Sequence[Step]) -> dict[str, Any] | None:
    """The last look at all pages after a change, or the last retest."""
    looked = [step for step in steps if step.result.get("pages_after") and (step in standing or step.guide_step == "retest")]
    if not looked:
        return None
    last = max(looked, key=lambda step: step.finished_at or step.created_at)
    pages = last.result["pages_after"]
    well = [page for page in pages if page["kind"] == "ok"]
    paths = sorted({page["path"] for page in pages})
    return {
        "at": last.finished_at or last.created_at,
        "pages": [clean(path) for path in paths[:20]],
        "more": max(0, len(paths) - 20),
        "by_phone": any(page.get("browser") == "phone" for page in pages),
        "all_well": len(well) == len(pages),
        "failing": sorted({clean(page["path"]) for page in pages if page["kind"] != "ok"})[:20],
    }


def verified_words(seen: dict[str, Any]) -> str:
    """How it was looked at, as a sentence."""
    count = len(seen["pages"]) + seen["more"]
    as_whom = _("as a computer and as a phone") if seen["by_phone"] else _("as a visitor")
    words = ngettext(
        "On %(time)s %(n)d page was opened %(whom)s, past every cache, from outside.",
        "On %(time)s %(n)d pages were opened %(whom)s, past every cache, from outside.",
        count,
    )
    told = words % {"time": exact_words(seen["at"]), "n": count, "whom": as_whom}
    if seen["all_well"]:
        return f"{told} " + _("All answered as they should.")
    return f"{told} " + _("Still not as they should be: %(paths)s") % {"paths": ", ".join(seen["failing"])}


def _since_then(site: Site, incident: Incident | None, *, is_well: bool) -> str:
    """What was seen after it was over."""
    over = incident.resolved_at if incident else None
    if not is_well or over is None or site.paused_at or site.last_probe_at is None or site.last_probe_at <= over:
        return ""
    later = site.incidents.filter(opened_at__gt=over).count()
    if later:
        words = ngettext("It has failed %(n)d time since then.", "It has failed %(n)d times since then.", later)
        return words % {"n": later}
    watched = duration_words((site.last_probe_at - over).total_seconds())
    return _("It has been watched since then, for %(time)s so far, and has not failed again.") % {"time": watched}


def _prevention(causes: Sequence[dict[str, str]]) -> list[str]:
    told = [_(advice) for cause in causes for advice in prevention_of(cause["code"])]
    return list(dict.fromkeys(told))[:6]
