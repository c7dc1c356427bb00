"""A file that code asks for and that is there under the same name in other letters: one name for Windows and macOS, two for Linux."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.findings import Finding

_FILE = re.compile(
    r"Failed opening (?:required )?'([^'\n]{1,600})'|(?:require|include)(?:_once)?\(([^)\n]{1,600})\): [Ff]ailed to open", re.IGNORECASE
)
_CLASS = re.compile(r"(?:[Cc]lass|[Ii]nterface|[Tt]rait|[Ee]num) [\"']?([\w\\]{1,200})[\"']? not found")
_MOST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class OtherCase:
    """What is there, and the name that is asked for, in the same folder."""

    entry: TreeEntry
    name: str


def in_other_case(finding: Finding, evidence: Evidence) -> OtherCase | None:
    """The one file, or the outermost folder on its way, that bears the wanted name in other letters. None where none does, or several."""
    text = "\n".join([finding.datum("message"), *(proof.text for proof in finding.evidence)])[:_MOST_TEXT]
    entries = {entry.path: entry for entry in evidence.tree} if isinstance(evidence.tree, tuple) else {}
    files = [entry for entry in entries.values() if entry.kind == "file"]
    wanted = [posixpath.normpath(match[1] or match[2]) for match in _FILE.finditer(text)]
    wanted += [match[1].replace("\\", "/") + ".php" for match in _CLASS.finditer(text)]
    if (named := entries.get(finding.path)) is not None and named.kind == "file" and not wanted:
        return _as_said(named, text, entries)
    for path in dict.fromkeys(wanted):
        parts = [part for part in path.split("/") if part not in ("", ".", "..")]
        found = {len(same): same for file in files if (same := _same(file.path.split("/"), parts))}
        longest = max(found, default=0)
        best = [file for file in files if len(_same(file.path.split("/"), parts)) == longest] if longest else []
        if len(best) == 1 and (other := _first_other(best[0], parts, longest, entries)):
            return other
    return None


def _as_said(file: TreeEntry, text: str, entries: dict[str, TreeEntry]) -> OtherCase | None:
    """The file that the finding is about, where what is quoted names it in other letters: "the model Prices_model"."""
    folder, name = posixpath.split(file.path)
    stem, ending = posixpath.splitext(name)
    said = {word for word in re.findall(rf"(?<![\w/]){re.escape(stem)}(?![\w/])", text, re.IGNORECASE) if len(stem) > 2}
    other = said.pop() + ending if len(said) == 1 else name
    return OtherCase(file, other) if other != name and posixpath.join(folder, other) not in entries else None


def _same(there: list[str], wanted: list[str]) -> list[str]:
    """The end that both have in common without regard to letters; nothing where it is not at least the file's name."""
    count = 0
    while count < min(len(there), len(wanted)) and there[-1 - count].lower() == wanted[-1 - count].lower():
        count += 1
    return there[len(there) - count :]


def _first_other(file: TreeEntry, wanted: list[str], count: int, entries: dict[str, TreeEntry]) -> OtherCase | None:
    there = file.path.split("/")
    for back in range(count, 0, -1):
        if there[-back] != wanted[-back]:
            path = "/".join(there[: len(there) - back + 1])
            taken = posixpath.join(posixpath.dirname(path), wanted[-back]) in entries
            return None if taken or path not in entries else OtherCase(entries[path], wanted[-back])
    return None
