"""What the answer itself tells of what stands before the site: a network that does not reach it, a firewall, the host's own page.

What a page says is recognised when it is probed; here it becomes a cause. Numbers from 520 on: Cloudflare's documentation of 5xx errors.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, fails_everywhere, is_failing, lines_of_failure
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence, PageSeen
from diagnostics.facts.error_log import is_telling
from diagnostics.findings import Finding, Proof, Severity
from sites.probing.outcome import Kind
from sites.recognition import intermediaries
from sites.recognition.intermediaries import Speaker
from sites.texts import mark as _

_TITLED = _("{title} (so says {who}).")
_TLS = (525, 526)
_BY_STATUS = {
    508: ("resource-limit-reached", 0.9), 520: ("upstream-bad-gateway", 0.8), 521: ("upstream-bad-gateway", 0.9),
    522: ("upstream-timeout", 0.9), 523: ("upstream-bad-gateway", 0.9), 524: ("upstream-timeout", 0.85), 525: ("upstream-bad-gateway", 0.9),
    526: ("upstream-bad-gateway", 0.9), 530: ("upstream-bad-gateway", 0.8),
}  # fmt: skip
_BY_PROBLEM = {
    intermediaries.UNREACHABLE: ("upstream-bad-gateway", 0.9), intermediaries.LATE: ("upstream-timeout", 0.88),
    intermediaries.NOT_KNOWN: ("upstream-bad-gateway", 0.85), intermediaries.BUSY: ("resource-limit-reached", 0.8),
    intermediaries.PHP_GONE: ("php-service-down", 0.7), intermediaries.LIMITED: ("resource-limit-reached", 0.9),
}  # fmt: skip
_SURE_BESIDE_ERRORS = 0.7  # a balancer gives up on a machine whose site fails, too
_SURE_OF_SOME = 0.5  # a program that dies on these pages leaves its balancer without an answer, too


@check(id="fronts", title=_("What stands before the site, and answers in its name"), order=17)
def fronts(evidence: Evidence) -> Iterator[Finding]:
    if evidence.site.verdict == "up":
        return
    for page in evidence.site.pages:
        if page.kind == Kind.BLOCKED.value:
            yield _refused(page, evidence)
            return
    for page in failing_pages(evidence.site):
        if (found := _of_page(page, evidence)) is not None:
            yield found
            return


def _of_page(page: PageSeen, evidence: Evidence) -> Finding | None:
    if page.kind == Kind.SUSPENDED.value:
        return _hosts_own_page(page)
    if page.kind == Kind.UNREACHABLE.value and fails_everywhere(evidence.site):
        reached = evidence.connection not in ("", "none")
        more = _("Its machine runs, since the account can be reached.") if reached else ""
        return _finding("web-server-unreachable", 0.8, page, page.detail and more)
    if page.front is not None and page.status not in _BY_STATUS:
        return _in_its_place(page, page.front, evidence)
    if (page.status or 0) not in _BY_STATUS:
        if page.kind == Kind.GATEWAY_ERROR.value and page.detail.startswith("cdn-"):
            return _finding("upstream-bad-gateway", 0.9, page, _("The network before the site does not know where the site's server is."))
        return None
    cause, confidence = _BY_STATUS[page.status or 0]
    more = _("Its certificate, or the lack of one, keeps the network before it from speaking to it.") if page.status in _TLS else ""
    return _finding(cause, confidence, page, more)


def _in_its_place(page: PageSeen, front: Speaker, evidence: Evidence) -> Finding | None:
    """A balancer, cache or network that shows a page of its own, since it got no answer from behind."""
    cause, sure = _BY_PROBLEM[front.problem]
    if not fails_everywhere(evidence.site) and front.problem != intermediaries.LIMITED:
        if page.status == 504:
            return None  # the script that it waited for is told elsewhere
        sure = _SURE_OF_SOME
    elif front.problem != intermediaries.LIMITED and any(is_telling(line.text) for line in lines_of_failure(evidence)):
        sure = min(sure, _SURE_BESIDE_ERRORS)
    who = front.name or _("something that stands before the site")
    said = {
        intermediaries.UNREACHABLE: _("{who} answers {path} in the site's place, since it reaches no server behind it."),
        intermediaries.LATE: _("{who} answers {path} in the site's place, since the server behind it did not answer in time."),
        intermediaries.NOT_KNOWN: _("{who} answers {path} in the site's place, since it does not know which server the site is on."),
        intermediaries.BUSY: _("{who} answers {path} in the site's place, since too many requests wait for the site."),
        intermediaries.LIMITED: _("{who} answers {path} in the site's place, since the account has used more than its plan allows."),
        intermediaries.PHP_GONE: _("{who} answers {path} in the site's place, since it gets no PHP to run it."),
    }[front.problem].format(who=who, path=page.path)
    more = _("If you set it up yourself, look in its settings whether it has the right address of the site's server.")
    hint = f"{said[:1].upper()}{said[1:]} {more}" if cause == "upstream-bad-gateway" else f"{said[:1].upper()}{said[1:]}"
    return _finding(cause, sure, page, hint, _TITLED.format(title=CAUSES[cause].title, who=who))


def _hosts_own_page(page: PageSeen) -> Finding:
    """In place of the site: the host shut it, or the address leads to no folder."""
    if page.detail == "default-page":
        more = _("The web server shows the page it came with: the address leads to another folder than the site's.")
        return _finding("index-file-missing", 0.7, page, more)
    return _finding(
        "root-disabled-by-host", 0.9, page, _("Its own page stands in place of the site: look for a mail or a bill of your host.")
    )


def _refused(page: PageSeen, evidence: Evidence) -> Finding:
    """Of the site nothing is said by that, and of visitors nothing certain."""
    entry = CAUSES["web-application-firewall"]
    summary = _("A firewall before the site refuses our requests ({status} at {path}).").format(status=page.status, path=page.path)
    hint = _("Open the site from another network, such as a phone's. If it is refused there as well, visitors are refused, too.")
    severity = Severity.WARNING if is_failing(evidence.site) else Severity.NOTE
    return Finding("fronts", entry.code, severity, 0.8, summary, hint, evidence=(_seen(page),), repairs=entry.repairs)


def _finding(cause: str, confidence: float, page: PageSeen, more: str = "", said: str = "") -> Finding:
    entry = CAUSES[cause]
    hint = f"{entry.explanation} {more}".strip()
    summary = said or f"{entry.title}."
    return Finding("fronts", cause, Severity.CRITICAL, confidence, summary, hint, evidence=(_seen(page),), repairs=entry.repairs)


def _seen(page: PageSeen) -> Proof:
    by = f"({page.front.name})" if page.front and page.front.name else ""
    return Proof("probe", f"{page.path}: {page.status or page.kind} {page.detail} {by}".strip(), paired=True)
