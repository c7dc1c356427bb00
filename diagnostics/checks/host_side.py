"""What only the host can mend, and its firewall."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.answering import explains_answer
from diagnostics.checks.common import answers, failing_pages, fails_everywhere, is_failing, lines_of_failure, proof_of
from diagnostics.checks.failing_script import line_of_waiting, script_of_failure
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence, LogLine
from diagnostics.findings import Finding, Proof, Severity
from sites.texts import mark as _

_PHP_BEHIND = r"upstream: \"(?:fastcgi|uwsgi):"
# As what speaks, not as a part of an address that somebody asked for or of a file that a script wants.
_LITESPEED = r"(?:(?<![/\w.(\"'=?&%-])(?:mod_)?(?:lsphp|lsapi)|\[uds://)"
_LINES = (
    (re.compile(r"ERRNO\(\d+\).{0,80}LVE|LVE.{0,80}ERRNO\(\d+\)|mod_hostinglimits: .{0,200}[Ll]imit|couldn't (?:spawn|create) child process"
                r"|\((?:11|12)\)(?:Resource temporarily unavailable|Cannot allocate memory): .{0,80}(?:fork|child process)"
                r"|suexec.{0,80}\(11: Resource temporarily unavailable\)"), "resource-limit-reached", "resource-limit-reached"),
    (re.compile(rf"{_LITESPEED}.{{0,300}}(?:Connection refused|No such file or directory|failed to connect)"
                r"|connect(?:ion)? to lsphp failed"), "php-service-down", ""),
    (re.compile(rf"{_LITESPEED}.{{0,300}}(?:Connection reset|backend (?:has )?closed|nothing to read from backend)"
                r"|ReceiveAckHdr|ReceiveLSHeader"), "php-service-crash", "php-process-crash"),
    (re.compile(r"limiting (?:requests|connections)(?:, excess: [\d.]+)? by zone|mod_qos\(\d+\): access denied"
                r"|Rejected, too many connections|mod_evasive.{0,80}Blacklisting"), "web-application-firewall", "web-application-firewall"),
    (re.compile(rf"AH02454|AH01079|connect\(\) (?:to \S+ )?failed .*{_PHP_BEHIND}"), "php-service-down", ""),
    (re.compile(r"AH01068|AH01067|AH01075.*\(104\)|recv\(\) failed \(104"), "php-service-crash", "php-process-crash"),
    (re.compile(r"AH01075.*\(70007\)|\(70007\).*AH01075|upstream timed out|AH01102.*timeout"), "upstream-timeout", "script-too-slow"),
    (re.compile(r"connect\(\) (?:to \S+ )?failed|no live upstreams|AH00957|AH01114|host not found in up"), "upstream-bad-gateway", ""),
    (re.compile(r"upstream sent (?:too big header|invalid header|no valid)"), "upstream-bad-gateway", ""),
    (re.compile(r"upstream prematurely closed|AH01102"), "upstream-bad-gateway", "php-process-crash"),
    (re.compile(r"mod_fcgid: HTTP request length \d+ .*exceeds MaxRequestLen"), "request-too-long", "request-too-long"),
    (re.compile(r"ModSecurity: Access denied with code"), "web-application-firewall", "web-application-firewall"),
)  # fmt: skip
_RULE = re.compile(r"\[id \"(\d+)\"\]")
_RULE_SAYS = re.compile(r"\[msg \"([^\"]{1,200})\"\]")


@check(id="host-side", title=_("What only the host can mend"), needs=("error_log",), order=35)
def host_side(evidence: Evidence) -> Iterator[Finding]:
    everywhere = fails_everywhere(evidence.site)
    seen: set[str] = set()
    for line in [line for line in lines_of_failure(evidence) if explains_answer(line, evidence)]:
        for pattern, for_all, for_some in _LINES:
            if not pattern.search(line.text):
                continue
            cause = for_all if everywhere or not for_some else for_some
            if cause not in seen:
                seen.add(cause)
                path = script_of_failure(evidence) if not everywhere and "upstream sent" in line.text else ""
                number = line_of_waiting(path, evidence) if cause == "script-too-slow" else None
                yield _finding(cause, 0.9 if line.paired else 0.8, (proof_of(line),), _more(line), path, number)
            break


def _more(line: LogLine) -> str:
    """Which rule of the firewall it was: with that the host can make an exception."""
    if "too big header" in line.text:
        return _("The page sends larger headers than the web server takes: too many cookies, or so many warnings of PHP.")
    rule, says = _RULE.search(line.text), _RULE_SAYS.search(line.text)
    if rule is None or "ModSecurity" not in line.text:
        return ""
    text = _("It is rule {number} (“{says}”): give the host this number and the address, so that an exception can be made.")
    return text.format(number=rule.group(1), says=says.group(1) if says else "?")


@check(id="gateway", title=_("What the answer itself says of the host's side"), order=36)
def gateway(evidence: Evidence) -> Iterator[Finding]:
    """From outside alone: less sure than a line of the log."""
    if not is_failing(evidence.site):
        return
    if not fails_everywhere(evidence.site):
        if answers(evidence.site, 504) and (script := script_of_failure(evidence)):
            yield _finding("script-too-slow", 0.7, _seen(evidence), path=script, number=line_of_waiting(script, evidence))
    elif answers(evidence.site, 504):
        yield _finding("upstream-timeout", 0.6, _seen(evidence))
    elif answers(evidence.site, 502):
        yield _finding("upstream-bad-gateway", 0.6, _seen(evidence))


def _seen(evidence: Evidence) -> tuple[Proof, ...]:
    return tuple(Proof("probe", f"{page.path}: {page.status or page.kind}") for page in failing_pages(evidence.site)[:5])


def _finding(
    cause: str, confidence: float, proofs: tuple[Proof, ...], more: str = "", path: str = "", number: int | None = None
) -> Finding:
    entry = CAUSES[cause]
    hint = f"{entry.explanation} {more}".strip()
    return Finding("host-side", cause, Severity.CRITICAL, confidence, f"{entry.title}.", hint, path, number, evidence=proofs)
