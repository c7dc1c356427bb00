"""Files that a site can do without, told by their names and places: what may be taken away to make room, and what never is.

What visitors or members put there, databases, mails and code are none of them, however large. Of unknown files nothing is known.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator
from enum import StrEnum

from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts.room import NEVER


class Spare(StrEnum):
    """What kind of file it is."""

    BACKUP = "backup"
    LOG = "log"  # one that is written: it is emptied, not taken away
    OLD_LOG = "old-log"
    CACHE = "cache"
    SESSION = "session"
    LEFT_OVER = "left-over"


_PACKED = re.compile(
    r"\.(?:zip|tar|tgz|tbz2?|txz|gz|bz2|xz|zst|7z|rar|jpa|jps|j\d\d|wpress|daf|sql|dump|bak)(?:\.(?:gz|bz2|xz|zip|enc|part\d*|\d{1,3}))?$",
    re.I,
)
_BACKUP_WORD = re.compile(
    r"(?<![a-z])(?:back-?_?ups?|bkp|bak|dumps?|sicherung(?:en)?|sauvegardes?|snapshots?|copia|updraft\w*|backwpup\w*|ai1wm-backups|duplicator"
    r"|wp-snapshots|backups-dup-\w+|akeeba\w*)(?![a-z])",
    re.I,
)
_UPLOADS = re.compile(r"^(?:uploads?|documents?|downloads?|attachments?)$", re.I)
_CACHE = re.compile(r"^(?:_|\.)?(?:\w+[-_.])?(?:caches?|thumbs|thumbnails)$", re.I)
_SESSIONS = re.compile(r"^sessions?$", re.I)
_SESSION_FILE = re.compile(r"^sess_[\w,-]{1,256}$")
_SESSION_NAME = re.compile(r"^(?:ci_session)?[A-Za-z0-9]{24,128}$")
_LOG_NAME = re.compile(r"^(?:error_log|php_?errors?|(?:php-)?errors?|debug|trace|access|mail|cron|log)?[\w .-]*\.log$|^error_log$", re.I)
_LOG_TEXT = re.compile(r"^(?:debug|errors?|php_?errors?|trace|access|log)[\w-]*\.txt$", re.I)
_OLD_LOG = re.compile(
    r"(?:\.log|error_log|_log)(?:[.-][\w-]*\d[\w-]*)(?:\.(?:gz|bz2|xz|zip|txt|log))?$|\.log\.(?:gz|bz2|xz|zip|old)$", re.I
)
_LEFT_OVER = re.compile(
    r"^core(?:\.\d{1,7})?$|^old\.\w{1,5}$|\.(?:old|tmp|temp|part|filepart|crdownload|mdmp)$|^\.pureftpd-upload\.|^\.in\.[^/]+\.$", re.I
)
_UPLOADED = re.compile(r"^php[A-Za-z0-9]{6}$")  # main/rfc1867.c: left behind by a PHP process that ended in an upload
_UNDER_WAY = re.compile(r"/php[A-Za-z0-9]{6}$|\.(?:tmp|temp|part|filepart|crdownload)$|/\.pureftpd-upload\.|/\.in\.", re.I)
_MAY_GO_ON_S = 6 * 3600  # so long somebody may still be at it
# Code, settings, databases and what they are kept in: also in a folder of caches, whose programs may need them as they are.
_KEPT = re.compile(
    r"\.(?:ph\w{1,4}|inc|pl|py|rb|cgi|sh|jsp?|mjs|css|tpl|twig|ini|env|conf|cnf|ya?ml|json|xml|lock|key|pem|crt|pid|sock"
    r"|sqlite3?(?:-\w+)?|db3?|mdb|accdb|ibd|ibdata\d*|frm|my[di]|ldf|mdf|eml|mbox)$|\.(?:php\d?|inc)[._-]|^\.ht|^index\.html?$|^\.user\.ini$|^\.env|^wp-config|^ib(?:data|_logfile)\d",
    re.I,
)


def spare_of(entry: TreeEntry) -> Spare | None:
    """What a file of the account is, as far as its name and place tell for certain; None for all that is to stay."""
    folders, name = entry.path.split("/")[:-1], posixpath.basename(entry.path)
    if entry.kind != "file" or not entry.mode & 0o400 or not NEVER.isdisjoint(folders) or _KEPT.search(name):
        return None
    is_packed = bool(_PACKED.search(name))
    if is_packed and any(map(_BACKUP_WORD.search, (*folders[-3:], name))):
        return Spare.BACKUP
    in_tmp = any(folder.lower() in ("tmp", "temp") for folder in folders)
    if _SESSION_FILE.match(name) or (folders and _SESSIONS.match(folders[-1]) and _SESSION_NAME.match(name)):
        return Spare.SESSION
    if _OLD_LOG.search(name):
        return Spare.OLD_LOG
    if _LOG_NAME.match(name) or _LOG_TEXT.match(name):
        return Spare.LOG
    if _LEFT_OVER.search(name) or (in_tmp and _UPLOADED.match(name)):
        return Spare.LEFT_OVER
    return Spare.CACHE if _in_cache(folders) and not is_packed else None


def _in_cache(folders: list[str]) -> bool:
    """Whether they lead into a folder of caches: "media/cache" is one, "cache/uploads" is none."""
    caches = [at for at, folder in enumerate(folders) if _CACHE.match(folder)]
    return bool(caches) and not any(map(_UPLOADS.match, folders[caches[-1] :]))


def spare_files(evidence: Evidence) -> Iterator[tuple[Spare, TreeEntry]]:
    """All of the site's own, and those beside its docroot. Files of another owner are left out: no undo could give them back to it."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    owner = next((entry.uid for entry in entries if entry.absolute.rstrip("/") == evidence.docroot.rstrip("/")), None)
    others = (
        *evidence.sites_below,
        *(each for each in evidence.sites_beside if not f"{evidence.docroot}/".startswith(f"{each.rstrip('/')}/")),
    )
    # What is written as a page is asked for, the site is at just now. Hosts tell whole seconds.
    asked_at = min((int(page.at.timestamp()) for page in evidence.site.pages if page.at), default=float("inf"))
    for entry in (*entries, *evidence.room):
        kind = spare_of(entry)
        if kind is None or owner not in (None, entry.uid) or _is_in(entry.absolute, others):
            continue
        under_way = _UNDER_WAY.search(entry.path) and evidence.read_at and evidence.read_at.timestamp() - entry.mtime < _MAY_GO_ON_S
        if not under_way and (kind is Spare.LOG or entry.mtime < asked_at):
            yield kind, entry


def _is_in(path: str, folders: Collection[str]) -> bool:
    return any(path.startswith(f"{folder.rstrip('/')}/") for folder in folders)
