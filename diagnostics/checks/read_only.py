"""A folder in which programs write as they run, and that refuses: what is left to look at where no log and no page says why."""

from __future__ import annotations

import re
from typing import NamedTuple

from diagnostics.checks.common import usual_owner
from diagnostics.evidence import Evidence, TreeEntry, Unreadable
from sites.texts import mark as _

# Folders as programs name them that keep in them what they make as they run: Drupal's files, Smarty and Twig, Symfony, Laravel, Yii,
# CodeIgniter, TYPO3, Joomla, PrestaShop, Magento, DokuWiki.
_OF_RUNNING = re.compile(
    r"/(?:caches?|tmp|temp|templates?_c|compiled?|var|runtime|writable|storage|sessions?|logs?|generated|typo3temp|smarty|twig|"
    r"cache/(?:prod|dev|data|views|models|persistent)|sites/[^/]+/files|files/php|storage/framework/\w+|"
    r"data/(?:meta|pages|cache|index|locks|tmp))\Z", re.IGNORECASE
)  # fmt: skip
_OF_LIBRARIES = re.compile(r"/(?:vendor|node_modules|wp-includes|wp-admin|core|lib|libraries|src)/")
_STORED = re.compile(r"\.(?:sqlite3?|db3?|sdb)\Z", re.IGNORECASE)
_ROOT = 0


class Refusing(NamedTuple):
    """`why` tells a person what is wrong."""

    entry: TreeEntry
    why: str


def refusing(evidence: Evidence) -> Refusing | None:
    """The outermost such folder, or a database in one file; None where permissions are not known, or all is shut on purpose."""
    if isinstance(evidence.modes, Unreadable) or not isinstance(evidence.tree, tuple):
        return None
    folders = [entry for entry in (*evidence.tree, *evidence.beside) if entry.kind == "folder"]
    if sum(bool(entry.mode & 0o200) for entry in folders) * 2 < len(folders):
        return None  # hardened as a whole: it does not need to write
    owner = usual_owner(evidence)
    for entry in (*evidence.tree, *evidence.beside):
        named = _OF_RUNNING.search(entry.path) if entry.kind == "folder" else entry.kind == "file" and _STORED.search(entry.path)
        if not named or _OF_LIBRARIES.search(f"/{entry.path}/"):
            continue
        if not entry.mode & 0o200:
            return Refusing(
                entry, _("The site may not write into {path} (permissions {mode}).").format(path=entry.path, mode=f"{entry.mode:03o}")
            )
        if entry.uid == _ROOT != owner and owner is not None and not entry.mode & 0o022:
            return Refusing(
                entry, _("{path} belongs to the administrator of the host: the site may not write into it.").format(path=entry.path)
            )
    return None
