"""The files that a repair would change or rename, whole: read once it is known which findings there are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from .evidence import Evidence, TextFile, TreeEntry
from .facts import made_caches
from .facts.letter_case import in_other_case
from .facts.must_use import must_use_files, must_use_folders
from .facts.one_too_deep import one_too_deep
from .facts.paths import above
from .facts.renamed import renamed
from .findings import Finding, Severity
from .repairs import database_login, env_to_prod, more_memory, move_site_up, php_limits, rename_back, wordpress_table_repair
from .transports.base import FileKind, Reader, TransportError

LIMIT = 1024 * 1024  # bytes of one file: larger ones are no settings, and no repair of ours
MOST_FINDINGS, MOST_FILES = 6, 10
_THEME = re.compile(r".*/wp-content/themes/[^/]+/(?=[^/]+/)")


def read(reader: Reader, evidence: Evidence, findings: Sequence[Finding]) -> tuple[TextFile, ...]:
    """What can be read of them; links are not followed, and what is there already is not read again."""
    wanted = dict.fromkeys(path for finding in _telling(findings) for path in _paths(evidence, finding))
    entries = {entry.path: entry for entry in evidence.tree} if isinstance(evidence.tree, tuple) else {}
    paths = dict.fromkeys([*list(wanted)[:MOST_FILES], *_to_be_moved(evidence, findings)])
    found = (_file(reader, evidence, path, entries.get(path)) for path in paths)
    return tuple(file for file in found if file is not None)


def _to_be_moved(evidence: Evidence, findings: Sequence[Finding]) -> list[str]:
    """Of a site that lies one folder too deep: so many files that they are counted by themselves."""
    wanted = any(move_site_up.ID in finding.repairs for finding in _telling(findings))
    deep = one_too_deep(evidence) if wanted else None
    return [entry.path for entry in deep.files] if deep is not None and deep.is_small else []


def _telling(findings: Sequence[Finding]) -> list[Finding]:
    # A maintenance that the program announces is a note, and a person may say all the same that it has ended.
    telling = (each for each in findings if each.severity is not Severity.NOTE or each.cause.endswith("-stuck-maintenance"))
    return [each for each in telling if each.repairs][:MOST_FINDINGS]


def _paths(evidence: Evidence, finding: Finding) -> Iterator[str]:
    """What the finding names; of a must-use plugin in a folder the files that load it."""
    yield from (path for path in (finding.path, *finding.datum("others").split("\n"), finding.datum("component")) if path)
    yield from made_caches.to_set_aside(finding.path)
    if database_login.ID in finding.repairs and (application := database_login.application_of(evidence, finding)):
        yield from database_login.settings_paths(application)
    if wordpress_table_repair.ID in finding.repairs:
        yield from wordpress_table_repair.settings_paths(evidence)
    if php_limits.ID in finding.repairs and (limit := php_limits.named(evidence, finding)) is not None:
        yield limit.path
    if more_memory.ID in finding.repairs:
        yield more_memory.settings_path(evidence)
    if finding.cause in ("php-missing-file", "php-class-not-found") and (other := in_other_case(finding, evidence)) is not None:
        yield other.entry.path
    if finding.cause == "php-missing-file" and (loads := evidence.php.loader_of(finding.path)) is not None:
        yield loads.path
    if finding.cause == "php-class-not-found":
        yield from env_to_prod.paths(finding.path)
    if rename_back.ID in finding.repairs and (lost := renamed(finding, evidence)) is not None:
        yield from (entry.path if entry.kind == "file" else f"{entry.path}/{lost.inside}" for entry in lost.found)
    if finding.cause == "wordpress-theme" and (theme := _THEME.match(finding.path)):
        yield f"{theme[0]}functions.php"  # which loads what lies in the theme's folders
    if finding.cause == "cgi-not-executable":
        yield from (link.way[-1].path for link in evidence.links if link.path == finding.path and link.way)
    if finding.datum("kind") == "mu-plugin":
        yield from (part.path for part in must_use_files(evidence))
        yield from (f"{part.path}/{part.slug}.php" for part in must_use_folders(evidence) if finding.path.startswith(f"{part.path}/"))


def _file(reader: Reader, evidence: Evidence, path: str, entry: TreeEntry | None) -> TextFile | None:
    absolute = entry.absolute if entry else posixpath.normpath(posixpath.join(above(evidence.docroot), path))
    if (entry and entry.kind != "file") or path.startswith("/") or not absolute.startswith(f"{above(evidence.docroot).rstrip('/')}/"):
        return None
    try:
        stat = reader.stat(absolute)
        if stat.kind is not FileKind.FILE or stat.size > LIMIT:
            return None
        return TextFile(path, absolute, reader.read(absolute, LIMIT), stat.mode, stat.mtime)
    except TransportError:
        return None
