"""Files of the account that lie beside the docroot, where something says that there is no room: they may be what takes it.

Backups, logs and temporary files mostly lie there, and the tree of the site does not hold them.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator

from diagnostics.evidence import Evidence, SpaceLeft, TreeEntry
from diagnostics.facts.paths import above
from diagnostics.facts.space import FULL, NOTHING
from diagnostics.facts.tree import entry_of
from diagnostics.transports.base import FileKind, Reader

_MOST_ENTRIES = 8000
_LONGEST_S, _SHORTEST_S = 4.0, 2.0
_LATEST = 200  # lines of the log
# Mails, databases, code and keys: whatever room they take, nobody clears them from here.
NEVER = frozenset({
    ".git", ".hg", ".npm", ".ssh", ".svn", "Maildir", "databases", "imap", "mail", "mailboxes", "mysql", "node_modules", "pgsql",
    "postgresql", "vendor",
})  # fmt: skip


def says_full(evidence: Evidence) -> bool:
    """Whether the host, a log or a page says that there is no room left."""
    return _is_used_up(evidence.space) or any(FULL.search(text[:4000]) for text in _texts(evidence))


def _is_used_up(left: SpaceLeft | None) -> bool:
    if left is None:
        return False
    over = bool(left.quota_allowed) and (left.quota_used or 0) >= (left.quota_allowed or 0) - NOTHING
    return over or (left.files is not None and left.files <= 0) or (left.free is not None and left.free < NOTHING)


def _texts(evidence: Evidence) -> Iterator[str]:
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    yield from (line.text for line in lines[-_LATEST:])
    yield from (line.text for line in evidence.application_log)
    yield from (page.body[:8000].decode("utf-8", "replace") for page in evidence.site.pages)


def read(reader: Reader, evidence: Evidence, others: Collection[str], deadline: float) -> tuple[TreeEntry, ...]:
    """Files only. `others`: docroots of other sites on the account, which are not looked into. Raises TransportError."""
    if not says_full(evidence) or not evidence.docroot.strip("/"):
        return ()
    now = time.monotonic()
    ends = max(now + _SHORTEST_S, min(deadline, now + _LONGEST_S))
    found: list[TreeEntry] = []
    skipped = (evidence.docroot.rstrip("/"), *others, *sorted(NEVER))
    for batch in reader.scan(_account(reader, evidence.docroot), max_entries=_MOST_ENTRIES, skip=skipped):
        found += [entry_of(each.path, each.stat, evidence.docroot) for each in batch if each.stat.kind is FileKind.FILE]
        if time.monotonic() > ends:
            break
    return tuple(found)


def _account(reader: Reader, docroot: str) -> str:
    """The account's own folder where the docroot lies in it, else the folder that the docroot lies in."""
    home = reader.home().rstrip("/") or "/"
    return home if docroot.startswith(f"{home.rstrip('/')}/") else above(docroot)
