"""Findings beside what changed: one of a file that changed just before the failure is surer, one of a file that lay there for days less."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from diagnostics.causes import CAUSES
from diagnostics.evidence import Evidence
from diagnostics.facts.changes import failing_since, is_just_before, told
from diagnostics.findings import Finding, Proof
from diagnostics.installed import Change
from diagnostics.php import handed_data, said_of_files
from sites.texts import mark as _

_DAY_S = 86400.0
# Lines of a .htaccess that some servers take and others refuse: this one took them while all was well.
_HANGS_ON_SERVER = frozenset(
    {"htaccess-apache22-syntax", "htaccess-php-directive-under-fpm", "htaccess-module-not-loaded", "htaccess-directive-not-allowed"}
)
_OF_VERSION = frozenset(
    {"php-removed-function", "php-version-incompatible-code", "wordpress-plugin-php-incompatible", "php-missing-extension"}
)
# What a failing program is called when nothing tells more, and what it is where PHP itself was changed just before.
_BY_VERSION = {"php-uncaught-exception": "php-version-incompatible-code", "wordpress-plugin": "wordpress-plugin-php-incompatible"}
_THROWN_BY_PHP = re.compile(r"Uncaught (?:TypeError|ValueError|ArgumentCountError|Error)\b")


def with_changes(findings: Iterable[Finding], evidence: Evidence) -> list[Finding]:
    """Findings of files that changed just before are surer and say so; of files that lay there for days while all was well, less."""
    began = failing_since(evidence)
    if began is None:
        return list(findings)
    times = {entry.path: entry.mtime for entry in evidence.tree if entry.kind == "file"} if isinstance(evidence.tree, tuple) else {}
    return [_weighed(finding, evidence.changes, began, times) for finding in findings]


def _weighed(finding: Finding, changes: tuple[Change, ...], began: datetime, times: dict[str, float]) -> Finding:
    if finding.check == "recent-changes":
        return finding
    late = [change for change in changes if is_just_before(change, began) or not change.last]
    change = next((each for each in late if finding.path and _concerns(each, finding)), None)
    php = next((each for each in late if each.what == "php"), None)
    if change is not None:
        return _surer(finding if php else _of_new_code(finding), change, began)
    if php is not None and (by_php := _by_version(finding)):
        reason = _("PHP was changed from {versions}: the code has not changed, what runs it has.")
        hint = f"{finding.hint} {reason.format(versions=php.versions)}".strip()
        return _surer(replace(by_php, hint=hint, data=(*finding.data, ("php", php.versions))), php, began)
    if not finding.path:
        return finding
    by_file_alone = all(proof.source == "file" for proof in finding.evidence)
    if (
        by_file_alone
        and (finding.cause.startswith(("php-", "wordpress-")) or finding.cause in _HANGS_ON_SERVER)
        and times.get(finding.path, began.timestamp()) < began.timestamp() - _DAY_S
    ):
        return replace(finding, confidence=finding.confidence * 0.85)
    return finding


def _surer(finding: Finding, change: Change, began: datetime) -> Finding:
    surer = finding.confidence + (1 - finding.confidence) * 0.3
    confidence = surer if finding.confidence >= 0.95 else min(surer, 0.94)
    return replace(finding, confidence=confidence, evidence=(*finding.evidence, Proof("change", told(change, began))))


def _of_new_code(finding: Finding) -> Finding:
    """A plugin that was changed just before and hands PHP a value of the wrong type is at fault itself: what is new was not written for
    a PHP that merely warned of it."""
    refused = any(handed_data.is_refused_type(proof.text) for proof in finding.evidence)
    if finding.cause != "wordpress-plugin-php-incompatible" or not refused:
        return finding
    also = ("php-uncaught-exception", finding.cause, *(each for each in finding.also if each != "php-uncaught-exception"))
    return replace(
        finding,
        cause="wordpress-plugin",
        also=also,
        hint=CAUSES["wordpress-plugin"].explanation,
        repairs=CAUSES["wordpress-plugin"].repairs,
    )


def _by_version(finding: Finding) -> Finding | None:
    """The finding, with the code that names PHP's version where that is what brought it about."""
    if finding.cause in _OF_VERSION:
        return finding
    code = _BY_VERSION.get(finding.cause)
    plain = finding.cause == "php-uncaught-exception" or "php-uncaught-exception" in finding.also
    if code is None or not plain or not any(_THROWN_BY_PHP.search(proof.text) for proof in finding.evidence):
        return None
    return replace(finding, cause=code, also=(finding.cause, *(each for each in finding.also if each != code)))


def _concerns(change: Change, finding: Finding) -> bool:
    """Whether the file is among those that changed, or lies in the plugin or theme that did."""
    if finding.path in change.paths or (change.how == "removed" and _is_missed(change, finding)):
        return True
    if change.what == finding.datum("kind") and change.name in (finding.datum("slug"), finding.datum("name")):
        return True
    part = finding.datum("component")
    return bool(part) and any(path.startswith(f"{part}/") or path == part for path in change.paths)


def _is_missed(change: Change, finding: Finding) -> bool:
    """Whether the finding quotes somebody who looks for one of the files that are gone, or for the class that has its name."""
    texts = [finding.datum("message"), *(proof.text for proof in finding.evidence)]
    logged = [path for text in texts for path in said_of_files.paths_in(text)]
    classes = {f"{name.rpartition(chr(92))[2]}.php" for text in texts if (name := said_of_files.lost_class(text))}
    return any(posixpath.basename(path) in classes or any(each.endswith(f"/{path}") for each in logged) for path in change.paths)
