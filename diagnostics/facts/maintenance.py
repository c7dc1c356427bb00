"""What switches a program to maintenance, where a page answers 503: a file that an update leaves behind, or a line of the settings.

Laravel `artisan down`, Magento `maintenance:enable`, Moodle admin/cli/maintenance.php, Contao `contao:maintenance-mode`, Joomla and
Nextcloud in their settings, TYPO3 `pageUnavailable_force`, Matomo config.ini.php, MediaWiki, Grav's plugin. WordPress's own mark is read
with WordPress, what a program of the owner's own asks for by `facts.shut_files`.
"""

from __future__ import annotations

import posixpath
import re

from diagnostics.evidence import Evidence, Held
from diagnostics.facts.paths import above, shown
from diagnostics.facts.small_files import SmallFiles
from diagnostics.transports.base import TransportError

_MARKS = (
    "storage/framework/down", "var/.maintenance.flag", "maintenance.flag", "climaintenance.html", "moodledata/climaintenance.html",
    "var/maintenance.html", "var/maintenance.lock",
)  # fmt: skip
_SETTINGS = (
    ("configuration.php", re.compile(r"\$offline\s*=\s*(?:true|'1'|1)\s*;", re.IGNORECASE)),
    ("config/config.php", re.compile(r"['\"]maintenance['\"]\s*=>\s*(?:true|1)", re.IGNORECASE)),
    ("config/config.ini.php", re.compile(r"^[ \t]*maintenance_mode[ \t]*=[ \t]*1", re.MULTILINE)),
    ("typo3conf/LocalConfiguration.php", re.compile(r"['\"]pageUnavailable_force['\"]\s*=>\s*(?:true|1|'1')", re.IGNORECASE)),
    ("typo3conf/system/settings.php", re.compile(r"['\"]pageUnavailable_force['\"]\s*=>\s*(?:true|1|'1')", re.IGNORECASE)),
    ("config/system/settings.php", re.compile(r"['\"]pageUnavailable_force['\"]\s*=>\s*(?:true|1|'1')", re.IGNORECASE)),
    ("user/config/plugins/maintenance.yaml", re.compile(r"^active:\s*true", re.MULTILINE)),
    ("sites/default/settings.php", re.compile(r"\[['\"](?:system\.)?maintenance(?:_mode)?['\"]\][^;\n]{0,60}=\s*TRUE", re.IGNORECASE)),
    (".env", re.compile(r"^(?:APP_)?MAINTENANCE(?:_MODE)?=(?:true|1|on)", re.MULTILINE | re.IGNORECASE)),
)  # fmt: skip


def read(files: SmallFiles, evidence: Evidence) -> tuple[Held, ...]:
    """Looked for where a page answers 503. Never raises."""
    if not any(page.status == 503 for page in evidence.site.pages):
        return ()
    docroot = evidence.docroot.rstrip("/")
    bases = dict.fromkeys([*(each.absolute for each in evidence.applications if each.name != "wordpress"), docroot, above(docroot)])
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    inside = {entry.absolute for entry in tree}
    names = (*_MARKS, *(name for name, _pattern in _SETTINGS))
    wanted = [
        path for base in list(bases)[:3] for name in names if (path := posixpath.join(base, name)) in inside or not _is_below(path, docroot)
    ]
    try:
        there = files.stats(wanted)
        found = [Held(shown(path, evidence.docroot), None, stat.mtime) for path, stat in there.items() if path.endswith(_MARKS)]
        settings = [path for path in there if not path.endswith(_MARKS)]
        files.fetch(settings)
        for path in settings:
            text = files.text(path) or ""
            patterns = [pattern for name, pattern in _SETTINGS if path.endswith(f"/{name}")]
            if patterns and (line := _line_that_holds(patterns[0], text)):
                found.append(Held(shown(path, evidence.docroot), line, there[path].mtime))
    except TransportError:
        return ()
    return tuple(found)


def _line_that_holds(pattern: re.Pattern[str], text: str) -> int | None:
    """The first such line that is no comment."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.lstrip().startswith(("#", "//", "*", "/*", ";")) and pattern.search(line):
            return number
    return None


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")
