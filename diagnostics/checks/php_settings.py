"""Settings of PHP that the site's own files make and that end pages, where no log tells of it; and those that keep logs silent."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import answers_500, failing_pages, is_failing, lines_of_failure
from diagnostics.checks.php_sharpening import SMALL_MEMORY
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.php.seen import Setting
from sites.texts import mark as _

_REFUSED = b"No input file specified."  # PHP, of a script that it may not open (sapi/cgi/cgi_main.c, sapi/fpm/fpm/fpm_main.c)
_TINY = 16 * 1024 * 1024  # bytes with which no common program starts


@check(id="php-settings", title=_("Settings of PHP in the site's own files"), order=16)
def php_settings(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site) or not evidence.php.settings or not _may_be(evidence):
        return
    for name in ("auto_prepend_file", "auto_append_file"):
        setting = evidence.php.setting(name)
        if setting and not setting.is_off and is_there(setting.value, evidence) is False:
            said = _("{path}, line {line}: {name} names {value}, which is not there.")
            yield _finding("user-ini-bad-prepend", setting, 0.85, said)
    memory = evidence.php.setting("memory_limit")
    if memory and memory.size is not None and 0 < memory.size < SMALL_MEMORY:
        sure = 0.75 if memory.size < _TINY else 0.5
        yield _finding("user-ini-memory-limit-too-low", memory, sure, _("{path}, line {line}: {name} is only {value}."))
    confined = evidence.php.setting("open_basedir")
    refused = any(_REFUSED in page.body for page in failing_pages(evidence.site))
    if confined and not confined.is_off and not _allows_docroot(confined, evidence, strictly=refused):
        yield _finding(
            "open-basedir",
            confined,
            0.9 if refused else 0.85,
            _("{path}, line {line}: {name} does not include the folder of the site: {value}."),
        )
    sessions = evidence.php.setting("session.save_path")
    if sessions and not sessions.is_off and is_there(sessions.value.rsplit(";", 1)[-1], evidence) is False:
        said = _("{path}, line {line}: {name} names {value}, which is not there.")
        yield _finding("php-session-path-not-writable", sessions, 0.6, said, Severity.WARNING)


@check(id="php-silent", title=_("Whether PHP was told to log nothing"), order=17)
def silent(evidence: Evidence) -> Iterator[Finding]:
    """Said only where it matters: a page fails and no log tells why."""
    setting = evidence.php.setting("log_errors")
    if (
        setting is None
        or not setting.is_off
        or not is_failing(evidence.site)
        or any(is_telling(line.text) for line in lines_of_failure(evidence))
    ):
        return
    said = _("{path}, line {line}: {name} is off, so that PHP writes no errors into any log.")
    yield Finding(
        "php-silent", "php-fatal-hidden", Severity.WARNING, 0.5, said.format(path=setting.path, line=setting.line, name=setting.name),
        _("Take this line out, wait five minutes, and look again: the log will then name the error."),
        setting.path, setting.line, evidence=(_proof(setting),),
    )  # fmt: skip


def _may_be(evidence: Evidence) -> bool:
    pages = failing_pages(evidence.site)
    return answers_500(evidence.site) or any(page.hides_an_error or page.status == 404 for page in pages)


def is_there(value: str, evidence: Evidence) -> bool | None:
    """Whether a path in a setting exists; None where that cannot be told: it lies outside of what was read."""
    path = value.strip().strip("\"'")
    if not isinstance(evidence.tree, tuple) or evidence.tree_truncated:
        return None
    names = {entry.path for entry in evidence.tree}
    docroot, name = evidence.docroot.rstrip("/"), docroot_name(evidence)
    if not docroot and path.startswith("/"):  # the login sees nothing but the docroot: any end of the server's path may be it
        return any(path[each.start() + 1 :] in names for each in re.finditer("/", path))
    if path.startswith(docroot + "/"):
        return f"{name}{path[len(docroot) :]}".rstrip("/") in names
    tail = path.rpartition(f"/{name}/")[2] if f"/{name}/" in path else ""
    if tail:
        return f"{name}/{tail}".rstrip("/") in names
    if path.startswith("/"):
        return evidence.exists(path)
    return None if ":" in path or not path else any(posixpath.basename(each) == posixpath.basename(path) for each in names)


def _allows_docroot(setting: Setting, evidence: Evidence, *, strictly: bool) -> bool:
    """Whether one of the folders holds the docroot. A login may see another root than PHP: then the docroot's own name has to be in it,
    but for pages on which PHP says that it may not open the script (`strictly`)."""
    docroot = evidence.docroot.rstrip("/")
    parts = [part.strip().rstrip("/") for part in setting.value.replace(";", ":").split(":") if part.strip()]
    holds = any(docroot == part or docroot.startswith(f"{part}/") or part in ("", ".") for part in parts)
    return holds or (
        not strictly and any(part.endswith(f"/{docroot_name(evidence)}") or "{" in part or "$" in part or "%" in part for part in parts)
    )


def _proof(setting: Setting) -> Proof:
    return Proof("file", f"{setting.path}:{setting.line}: {setting.name} = {setting.value}")


def _finding(cause: str, setting: Setting, confidence: float, said: str, severity: Severity = Severity.CRITICAL) -> Finding:
    entry = CAUSES[cause]
    summary = said.format(path=setting.path, line=setting.line, name=setting.name, value=setting.value)
    return Finding(
        "php-settings", cause, severity, confidence, summary, entry.explanation, setting.path, setting.line,
        evidence=(_proof(setting),), repairs=entry.repairs, data=(("setting", setting.name), ("value", setting.value)),
    )  # fmt: skip
