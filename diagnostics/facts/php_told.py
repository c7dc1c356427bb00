"""Which PHP version the host's files and the site's answers name, each for itself, so that two moments can be compared like with like.

OVHcloud reads it from `.ovhconfig` (guide "Configure your web hosting"); cPanel's MultiPHP, CloudLinux, Plesk and others write a handler
into `.htaccess` whose name or path carries it; PHP itself says it in X-Powered-By unless `expose_php` is off.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from diagnostics.evidence import Evidence
from diagnostics.facts.paths import above, shown
from diagnostics.facts.small_files import SmallFiles
from diagnostics.htaccess.parser import parse
from diagnostics.php.seen import ToldVersion
from diagnostics.php.versions import Version, version_of_header
from diagnostics.transports.base import TransportError

OVHCONFIG = ".ovhconfig"
_ENGINE = re.compile(rb"^[ \t]*app\.engine\.version[ \t]*=[ \t]*(\d+)\.(\d+)[ \t]*(?:;[^\r\n]*)?\r?$", re.MULTILINE)
_HANDLERS = frozenset({"sethandler", "addhandler", "addtype", "forcetype", "fcgidwrapper", "fcgiwrapper", "action", "setenv"})
# ea-php82, alt-php82, lsphp82, php82-fcgi, php8.2-fpm.sock, /opt/plesk/php/8.2/, PHP_VER 8_2
_NAMED = re.compile(r"(?<!\.)php(?:_ver[\s\"'=]+|[-/_]?)([5-9])[._]?(\d)(?!\d)", re.IGNORECASE)


def of_file(path: str, content: bytes, docroot: str, changed_at: float = 0.0) -> ToldVersion | None:
    """What one `.ovhconfig` or `.htaccess` says; of several lines the last."""
    if posixpath.basename(path) == OVHCONFIG:
        found = [(match.start(), (int(match[1]), int(match[2]))) for match in _ENGINE.finditer(content)]
        lines = [(content.count(b"\n", 0, start) + 1, version) for start, version in found]
        source = "ovhconfig"
    else:
        lines = [(line.number, version) for line in parse(content).lines if (version := _of_handler(line.key, line.args))]
        source = "handler"
    if not lines:
        return None
    number, version = lines[-1]
    return ToldVersion(source, version, shown(path, docroot), number, changed_at)


def _of_handler(key: str, arguments: str) -> Version | None:
    match = _NAMED.search(arguments) if key in _HANDLERS else None
    return (int(match[1]), int(match[2])) if match else None


def read(files: SmallFiles, evidence: Evidence) -> tuple[ToldVersion, ...]:
    """Of a site that is diagnosed: of each kind the one that counts, with the time of its file."""
    htaccess = evidence.htaccess if isinstance(evidence.htaccess, tuple) else ()
    outside = [file for file in htaccess if posixpath.dirname(file.absolute) in (evidence.docroot.rstrip("/"), above(evidence.docroot))]
    found = [told for file in outside if (told := of_file(file.absolute, file.content, evidence.docroot, file.mtime))]
    for path in ovhconfigs(evidence.docroot) if evidence.profile.startswith("ovh") else ():
        content = files.content(path)
        if content is not None and (told := of_file(path, content, evidence.docroot, _changed_at(files, evidence, path))):
            found.append(told)
    answers = (version_of_header(page.powered_by) for page in evidence.site.pages)
    found += [ToldVersion("answer", version, "", 0, 0.0) for version in list(filter(None, answers))[:1]]
    return _one_of_each(found)


def of_well_site(files: SmallFiles, docroot: str, header: str) -> dict[str, str]:
    """The same of a site that is well, to be kept beside its baseline: {"ovhconfig": "7.4", "answer": "7.4"}."""
    paths = [*ovhconfigs(docroot), posixpath.join(above(docroot), ".htaccess"), posixpath.join(docroot, ".htaccess")]
    files.fetch(paths)
    told = [found for path in paths if (found := of_file(path, files.content(path) or b"", docroot))]
    kept = {each.source: each.shown for each in told}
    answer = version_of_header(header)
    return kept | ({"answer": f"{answer[0]}.{answer[1]}"} if answer else {})


def ovhconfigs(docroot: str) -> tuple[str, str]:
    """That of the account, and that of the site, which goes before it."""
    return posixpath.join(above(docroot), OVHCONFIG), posixpath.join(docroot, OVHCONFIG)


def _changed_at(files: SmallFiles, evidence: Evidence, path: str) -> float:
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    known = next((entry.mtime for entry in entries if entry.absolute == path), None)
    if known is not None:
        return known
    try:
        return files.reader.stat(path).mtime
    except TransportError:
        return 0.0


def _one_of_each(found: Iterable[ToldVersion]) -> tuple[ToldVersion, ...]:
    """The innermost of each kind."""
    return tuple({told.source: told for told in found}.values())
