"""What several sites can have in common: the same plugin and version, PHP of one account, line, database, or something of the host.

Two causes are the same for two sites when their keys are equal. Keys are opaque, and compared within a team only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from sites.texts import mark as _

from .causes.asking import OF_HOST
from .evidence import Evidence
from .findings import Finding, Severity

_OF_PHP = ("php-version-incompatible-code", "php-removed-function", "php-missing-extension")
_OF_DATABASE_SERVER = ("database-server-down", "database-too-many-connections")
_NOT_OF_ACCOUNT = ("php-memory-limit", "php-max-execution-time", "script-too-slow", "folder-not-writable", "cgi-interpreter-missing")
_SHOWN = 80  # characters of a line
_HERE = ("", "localhost", "127.0.0.1", "::1")
_PARTS = {"plugin": _("the plugin {name}"), "theme": _("the theme {name}"), "mu-plugin": _("the must-use plugin {name}"),
          "drop-in": _("the drop-in {name}")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shared:
    """`key` to compare with, `about` in words, to go on a sentence."""

    key: str
    about: str


def shared_by(finding: Finding, evidence: Evidence, account: str) -> Shared | None:
    """What the cause of a failing site is about, where another site can have the same. `account` names the hosting account."""
    if finding.severity != Severity.CRITICAL:
        return None
    found = (way(finding, evidence, account) for way in _WAYS)
    return next((each for each in found if each is not None), None)


def _part(finding: Finding, evidence: Evidence, _account: str) -> Shared | None:
    kind, slug = finding.datum("kind"), finding.datum("slug")
    if kind not in _PARTS or not slug:
        return None
    parts = (part for application in evidence.applications for part in application.components)
    version = next((part.version for part in parts if (part.kind, part.slug) == (kind, slug)), "")
    name = finding.datum("name") or f"{slug} {version}".strip()
    return Shared(_key("part", kind, slug, version, finding.cause), _PARTS[kind].format(name=name))


def _php(finding: Finding, evidence: Evidence, account: str) -> Shared | None:
    if finding.cause not in _OF_PHP or not account:
        return None
    version = ".".join(map(str, evidence.php.version or ()))
    return Shared(_key("php", account, version), _("PHP {version} of one hosting account").format(version=version).replace("  ", " "))


def _line(finding: Finding, _evidence: Evidence, account: str) -> Shared | None:
    """The same words in a .htaccess of the same account, in whatever folder and line."""
    if not finding.cause.startswith("htaccess-") or not account or not finding.path.endswith(".htaccess"):
        return None
    words = f"{finding.datum('directive')} {finding.datum('argument')}".strip()
    words = words or next((proof.text for proof in finding.evidence if proof.source == "file"), "")
    if not words:
        return None
    about = _("the same line of .htaccess on one account (“{words}”)").format(words=" ".join(words.split())[:_SHOWN])
    return Shared(_key("line", account, finding.cause, " ".join(words.split()).lower()), about)


def _database(finding: Finding, evidence: Evidence, account: str) -> Shared | None:
    trial = evidence.database
    if not finding.cause.startswith("database-") or not hasattr(trial, "where"):
        return None
    server = trial.where if trial.where.partition(":")[0] not in _HERE and "/" not in trial.where else f"{account} {trial.where}"
    if finding.cause in _OF_DATABASE_SERVER:
        return Shared(_key("database", server, finding.cause), _("the database server {where}").format(where=trial.where))
    return Shared(_key("database", server, trial.name, finding.cause), _("the database {name}").format(name=trial.name))


def _host(finding: Finding, _evidence: Evidence, account: str) -> Shared | None:
    if finding.cause not in OF_HOST or finding.cause in _NOT_OF_ACCOUNT or not account:
        return None
    if finding.cause.startswith(("htaccess-", "database-")):
        return None
    return Shared(_key("host", account, finding.cause), _("something at the host, on one hosting account"))


_WAYS: tuple[Callable[[Finding, Evidence, str], Shared | None], ...] = (_part, _php, _line, _database, _host)


def _key(kind: str, *parts: str) -> str:
    """Short, and equal for equal parts only."""
    text = "\0".join(parts).encode("utf-8", "surrogateescape")
    return f"{kind}:{hashlib.sha256(text).hexdigest()[:40]}"
