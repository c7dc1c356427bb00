"""A site that answers us and failed somebody else a moment ago, who is logged in or orders; or whose page breaks off in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from diagnostics.causes import CAUSES
from diagnostics.checks.common import AROUND, is_failing, proof_of
from diagnostics.checks.php_messages import PhpMessage, read_php_message
from diagnostics.checks.registry import check
from diagnostics.checks.wording import placed, quoted
from diagnostics.checks.wordpress import part_that_fails
from diagnostics.evidence import Evidence, LogLine, Visit
from diagnostics.facts.logged_paths import shown_path
from diagnostics.findings import Finding, Severity
from sites.texts import mark as _

CHECK = "others-meet"
_CONFIDENCE, _AGAIN_AND_AGAIN = 0.7, 0.85
_AT_ONCE = timedelta(seconds=3)  # in which a server writes of one request into both of its logs
_OFTEN = 2
_MOST = 20  # lines that are looked at


def met_by_others(evidence: Evidence) -> tuple[LogLine, PhpMessage] | None:
    """The newest fatal error of the last two minutes in a file of the site that is there as it was then; None while the site fails."""
    pages = [page.at for page in evidence.site.pages if page.at is not None]
    if is_failing(evidence.site) or evidence.site.verdict != "up" or not pages or not isinstance(evidence.error_log, tuple):
        return None
    times = {entry.path: entry.mtime for entry in evidence.tree if entry.kind == "file"} if isinstance(evidence.tree, tuple) else {}
    for line in list(reversed(evidence.error_log))[:_MOST]:
        if line.at is None or abs(max(pages) - line.at) > AROUND:
            continue
        message = read_php_message(line.text)
        if message is None or not (line.paired or _visits(evidence, line) or part_that_fails(evidence, line, message)):
            continue  # a page that nobody watches and that a stranger asked for by its address
        if times.get(shown_path(message.path, evidence), line.at.timestamp() + 1) <= line.at.timestamp():
            return line, message
    return None


@check(id=CHECK, title=_("Whether somebody else meets an error"), needs=("error_log", "tree"), order=85)
def others_meet(evidence: Evidence) -> Iterator[Finding]:
    """A note, for it may have been one single request, or somebody at work on the site; a warning where visitors meet it repeatedly."""
    met = met_by_others(evidence)
    if met is None:
        return
    line, message = met
    said = _("The site answers us, and failed for somebody else a moment ago: {what}")
    hint = _("It may fail only for people who are logged in, who order, or who come with another browser: look at it as they do.")
    if line.paired:
        said = _("The site answers, and PHP stopped in the middle of the page: {what}")
        hint = _("What comes after this place is missing on the page.")
    found = part_that_fails(evidence, line, message) or _plain(evidence, line, message)
    severity, sure, repairs = Severity.NOTE, _CONFIDENCE, found.repairs
    if (count := _met(evidence, message)) >= _OFTEN:
        severity, sure, repairs = Severity.WARNING, _AGAIN_AND_AGAIN, ()  # what works for us is not repaired
        said = _("The site answers us, and failed {count} times for others within the last minutes: {what}")
        hint = _("It may fail for people of another language, country, browser or account: look at it as they do.")
    yield replace(
        found, check=CHECK, severity=severity, confidence=sure, summary=said.format(what=found.summary, count=count),
        hint=f"{found.hint} {hint}", repairs=repairs,
    )  # fmt: skip


def _visits(evidence: Evidence, line: LogLine) -> list[Visit]:
    """The failed requests of others for the site's pages that this line may have been written of."""
    return [visit for visit in evidence.visits if line.at is not None and abs(visit.at - line.at) <= _AT_ONCE]


def _met(evidence: Evidence, message: PhpMessage) -> int:
    """How many requests of others ended with this error."""
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    same = [line for line in lines if (each := read_php_message(line.text)) and (each.path, each.line) == (message.path, message.line)]
    return min(len(same), len({visit for line in same for visit in _visits(evidence, line)}))


def _plain(evidence: Evidence, line: LogLine, message: PhpMessage) -> Finding:
    cause, path = CAUSES[message.cause], shown_path(message.path, evidence)
    said = placed(cause.title, path, message.line, quoted(message))
    return Finding(
        CHECK, cause.code, Severity.NOTE, _CONFIDENCE, said, cause.explanation, path, message.line,
        also=message.also, evidence=(proof_of(line),), repairs=cause.repairs, data=(("message", message.message), ("slug", message.slug)),
    )  # fmt: skip
