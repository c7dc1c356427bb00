"""What the answer itself tells of what stands before the site: a network that does not reach it, a firewall, the host's own page.

What a page says is recognised when it is probed; here it becomes a cause. Numbers from 520 on: Cloudflare's documentation of 5xx errors.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, fails_everywhere, is_failing
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence, PageSeen
from diagnostics.findings import Finding, Proof, Severity
from sites.probing.outcome import Kind
from sites.texts import mark as _

_TLS = (525, 526)
_BY_STATUS = {
    508: ("resource-limit-reached", 0.9), 520: ("upstream-bad-gateway", 0.8), 521: ("upstream-bad-gateway", 0.9),
    522: ("upstream-timeout", 0.9), 523: ("upstream-bad-gateway", 0.9), 524: ("upstream-timeout", 0.85), 525: ("upstream-bad-gateway", 0.9),
    526: ("upstream-bad-gateway", 0.9), 530: ("upstream-bad-gateway", 0.8),
}  # fmt: skip


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
    if (page.status or 0) not in _BY_STATUS:
        if page.kind == Kind.GATEWAY_ERROR.value and page.detail.startswith("cdn-"):
            return _finding("upstream-bad-gateway", 0.9, page, _("The network before the site does not know where the site's server is."))
        return None
    cause, confidence = _BY_STATUS[page.status or 0]
    more = _("Its certificate, or the lack of one, keeps the network before it from speaking to it.") if page.status in _TLS else ""
    return _finding(cause, confidence, page, more)


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


def _finding(cause: str, confidence: float, page: PageSeen, more: str = "") -> Finding:
    entry = CAUSES[cause]
    hint = f"{entry.explanation} {more}".strip()
    return Finding("fronts", cause, Severity.CRITICAL, confidence, f"{entry.title}.", hint, evidence=(_seen(page),), repairs=entry.repairs)


def _seen(page: PageSeen) -> Proof:
    return Proof("probe", f"{page.path}: {page.status or page.kind} {page.detail}".strip(), paired=True)
