"""Which files a finding speaks of that could be put back: the one it names, one that is missing, one that defined what is missing."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator

from diagnostics.evidence import Evidence
from diagnostics.facts.paths import same_file
from diagnostics.facts.paths import shown as shown_path
from diagnostics.findings import Finding
from diagnostics.manifests import places

_MISSING = re.compile(
    r"Failed opening (?:required )?'([^'\n]{1,600})'|(?:require|include)(?:_once)?\(([^)\n]{1,600})\): [Ff]ailed to open", re.IGNORECASE
)
_FUNCTION = re.compile(r"[Cc]all to undefined function ([\w\\]{1,200})\(")
_CLASS = re.compile(r"(?:[Cc]lass|[Ii]nterface|[Tt]rait|[Ee]num) [\"']?([\w\\]{1,200})[\"']? not found")
_MOST_TEXT = 20_000
_START_PAGES = ("index.php", "index.html", "index.htm")


def said(finding: Finding) -> str:
    """All that the finding quotes."""
    return "\n".join([finding.datum("message"), *(proof.text for proof in finding.evidence)])[:_MOST_TEXT]


def named(finding: Finding, evidence: Evidence, beside: Collection[str] = ()) -> list[str]:
    """Files by their path relative to the docroot: what is missing first, for nothing else helps then, then the one at fault.

    `beside`: those beside the docroot that are known."""
    docroot = evidence.docroot.rstrip("/")
    top = posixpath.basename(docroot)
    missing = list(_missing(finding))
    found = [path for each in missing for path in _below(each, finding, top)]
    if finding.cause == "index-file-missing" and (finding.path == top or finding.path.startswith(f"{top}/")):
        found += [posixpath.join(finding.path[len(top) + 1 :], name) for name in _START_PAGES]
    if finding.path.startswith(f"{top}/"):
        found.append(finding.path[len(top) + 1 :])
    found = [path for path in found if path and ".." not in path.split("/")]
    lost = [path for each in missing for path in _beside(each, finding, evidence, beside)]
    return list(dict.fromkeys([*lost, *found, *_outside(finding, top)]))


def _outside(finding: Finding, top: str) -> list[str]:
    """The file at fault where it lies beside the docroot; where that is the root of all, everything lies below it."""
    if not finding.path or finding.path == top or finding.path.startswith(f"{top}/"):
        return []
    return [posixpath.normpath(f"{places.UP}{finding.path}")] if top else [finding.path]


def _missing(finding: Finding) -> Iterator[str]:
    if given := finding.datum("missing"):
        yield f"./{given}"
    for match in _MISSING.finditer(said(finding)):
        yield match[1] or match[2]


def _below(logged: str, finding: Finding, top: str) -> Iterator[str]:
    """A path from a log below the docroot; the server may see another root than the login does."""
    if logged.startswith("./") and logged[2:].startswith(f"{top}/"):
        yield logged[len(top) + 3 :]
    elif logged.startswith("/"):
        parts = posixpath.normpath(logged).split(f"/{top}/")
        yield from (f"/{top}/".join(parts[n:]) for n in range(1, len(parts)))
    elif finding.path.startswith(f"{top}/"):
        beside = posixpath.dirname(finding.path[len(top) + 1 :])
        yield posixpath.normpath(posixpath.join(beside, logged))
        yield posixpath.normpath(logged)


def _beside(logged: str, finding: Finding, evidence: Evidence, known: Collection[str]) -> Iterator[str]:
    """A path from a log beside the docroot, the longest that fits its end."""
    beside = "" if logged.startswith(("/", "./")) else posixpath.dirname(finding.path)
    path = posixpath.normpath(posixpath.join(beside, logged))
    path = path if path.startswith("/") else f"/{path}"
    fitting = (each for each in known if path.endswith(each[each.rindex(places.UP) + 2 :]))
    yield from sorted((each for each in fitting if same_file(path, shown(each, evidence), _absolute(each, evidence))), key=len)[-1:]


def _absolute(path: str, evidence: Evidence) -> str:
    return places.absolute(evidence.docroot.rstrip("/"), path)


def defined(finding: Finding) -> re.Pattern[bytes] | None:
    """What in a file defines the function or class that is missing; None where nothing of that kind is."""
    text = said(finding)
    functions = {name.rpartition("\\")[2] for name in _FUNCTION.findall(text)}
    classes = {name.rpartition("\\")[2] for name in _CLASS.findall(text)}
    parts = []
    if functions:
        parts.append(rf"\bfunction\s{{1,9}}&?\s{{0,9}}(?:{_any(functions)})\s{{0,9}}\(")
    if classes:
        parts.append(rf"\b(?:class|interface|trait|enum)\s{{1,9}}(?:{_any(classes)})\b")
    return re.compile("|".join(parts).encode(), re.IGNORECASE) if parts else None


def _any(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names))


def part_of(path: str) -> str:
    """The folder whose files belong together: of the plugin or theme, else the file's own."""
    found = re.match(r"((?:[^/]+/)*?wp-content/(?:plugins|themes)/[^/]+)/", path)
    return found[1] if found else posixpath.dirname(path)


def shown(path: str, evidence: Evidence) -> str:
    """Relative to the folder above the docroot, for people."""
    return shown_path(_absolute(path, evidence), evidence.docroot)
