"""Findings beside what small files of our own have shown: a layer that answered is not at fault, the first that did not is."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import replace

from diagnostics.checks.common import htaccess_files
from diagnostics.checks.php_sharpening import REFUSED_RIGHT
from diagnostics.evidence import Evidence
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding, Inconclusive, Proof, Severity
from diagnostics.tried import Tried, TriedLayer
from sites.texts import mark as _

CHECK = "trials"
# Faults that only certain addresses meet: a file that no rule is about says nothing of them.
_OF_SOME_ADDRESSES = frozenset(
    {"htaccess-rewrite-loop", "htaccess-wordpress-block", "htaccess-proxy-target-down", "htaccess-auth-file-missing",
     "htaccess-php-handler-override"}
)  # fmt: skip
_LAYER_OF = (
    ("htaccess-", "static"),
    ("user-ini-", "php"),
    ("php-service-", "php"),
    ("database-", "database"),
    ("wordpress-core-file", "start"),
)
_DATABASE = {
    "1045": "database-access-denied", "1698": "database-access-denied", "1044": "database-missing", "1049": "database-missing",
    "2002": "database-server-down", "2003": "database-server-down", "2005": "database-server-down", "1040": "database-too-many-connections",
}  # fmt: skip


def layers_of(evidence: Evidence) -> Tried | None:
    """The trial that placed the fault, if one was made."""
    return next((tried for tried in evidence.tried if tried.layers), None)


def with_layers(findings: Iterable[Finding], evidence: Evidence) -> list[Finding]:
    """What is above a note is less sure where its layer answered, and surer where its layer did not."""
    tried = layers_of(evidence)
    if tried is None:
        return list(findings)
    answers = {each.layer: each.answer for each in tried.layers}
    return [_weighed(finding, answers) for finding in findings]


def _weighed(finding: Finding, answers: dict[str, str]) -> Finding:
    layer = next((layer for start, layer in _LAYER_OF if finding.cause.startswith(start)), "")
    answer = answers.get(layer, "")
    in_docroot = finding.path.count("/") <= 1
    if finding.check == CHECK or finding.severity is Severity.NOTE or finding.cause in _OF_SOME_ADDRESSES or not in_docroot:
        return finding
    if finding.datum(REFUSED_RIGHT):
        return finding  # a login that works says nothing of what it may do
    if answer == "ok":
        return replace(finding, confidence=finding.confidence * 0.5)
    if answer == "failed" and finding.confidence < 0.95:
        return replace(finding, confidence=min(finding.confidence + (1 - finding.confidence) * 0.3, 0.94))
    return finding


def gaps_of(evidence: Evidence) -> Iterator[Inconclusive]:
    """What the files of a trial left open, and what would tell more."""
    tried = layers_of(evidence)
    for each in tried.layers if tried else ():
        if each.layer == "static" and each.answer == "failed" and not htaccess_files(evidence):
            yield Inconclusive(CHECK, _("A plain file fails and there is no .htaccess: the web server's error log would tell why."))
        elif each.layer == "php" and each.answer == "failed":
            yield Inconclusive(CHECK, _("One line of PHP fails: the error log of PHP, or its settings at the host, would tell why."))
        elif each.layer == "database" and each.answer == "unknown":
            yield Inconclusive(CHECK, _("The login of the database is not written out in the settings, so it was not tried."))
        elif each.layer == "start" and each.answer == "failed":
            yield Inconclusive(CHECK, _("WordPress does not start: its debug.log, or the error log of PHP, would name the file."))


def of_layers(evidence: Evidence, tried: Tried) -> Iterator[Finding]:
    """Where the fault lies, as far as the files tell it by themselves."""
    answers = {each.layer: each for each in tried.layers}
    failed = next((each for each in tried.layers if each.answer == "failed"), None)
    at = tried.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    proof = Proof("trial", "\n".join(_said(each) for each in tried.layers), at)
    if failed is None and "start" in answers:
        yield _finding("wordpress-plugin", 0.6, _("WordPress starts without plugins and theme: one of these is at fault."), proof)
    elif failed is None:
        yield _finding("application-answers-500", 0.6, _("The web server and PHP work: the site's own program is at fault."), proof)
    elif failed.layer == "static" and (files := htaccess_files(evidence)):
        path = next((file.path for file in files if posixpath.dirname(file.path) == docroot_name(evidence)), files[0].path)
        summary = _("A plain file in the main folder fails as well: the fault is in {path} or in the web server.").format(path=path)
        yield _finding("htaccess-bad-argument", 0.6, summary, proof, path)
    elif failed.layer == "php":
        yield from _of_php(evidence, failed.status, failed.code, proof)
    elif failed.layer == "database" and failed.code in _DATABASE:
        summary = _("The site's own PHP, with the login of its settings, is refused by the database (error {code}).").format(
            code=failed.code
        )
        path = next((each.settings_path for each in evidence.applications if each.name == "wordpress"), "")
        yield _finding(_DATABASE[failed.code], 0.97, summary, proof, path)
    elif failed.layer == "start":
        summary = _("WordPress does not start, not even without plugins and theme: a file of its own, or its settings, is at fault.")
        yield _finding("wordpress-core-file", 0.5, summary, proof)


def _said(each: TriedLayer) -> str:
    """One line of the proof, for somebody who has never heard of layers: what was asked for, and what came back."""
    asked = {
        "static": _("A plain text file"),
        "php": _("One line of PHP"),
        "database": _("One line of PHP with the site's own database login"),
        "start": _("WordPress without its plugins and theme"),
    }[each.layer]
    if each.answer == "ok":
        came = _("answered as it should")
    elif each.code == "source":
        came = _("was shown as text, not run")
    elif each.answer == "failed":
        told = each.code or (str(each.status) if each.status else "")
        came = _("failed ({told})").format(told=told) if told else _("failed")
    else:
        came = _("could not be tried")
    return f"{asked}: {came}"


def _of_php(evidence: Evidence, status: int | None, code: str, proof: Proof) -> Iterator[Finding]:
    if code == "source":
        yield _finding("htaccess-php-handler-override", 0.8, _("PHP is not run: one line of it is shown as text."), proof)
    elif status == 503:
        yield _finding("php-service-down", 0.8, _("Not even one line of PHP is answered, while plain files are."), proof)
    elif isinstance(evidence.tree, tuple) and any(entry.path == f"{docroot_name(evidence)}/.user.ini" for entry in evidence.tree):
        path = f"{docroot_name(evidence)}/.user.ini"
        yield _finding(
            "user-ini-bad-prepend", 0.6, _("One line of PHP fails: the settings in {path} are at fault.").format(path=path), proof, path
        )


def _finding(cause: str, confidence: float, summary: str, proof: Proof, path: str = "") -> Finding:
    hint = _("It was found with small files of our own, which were removed again.")
    return Finding(CHECK, cause, Severity.CRITICAL, confidence, summary, hint, path, evidence=(proof,))
