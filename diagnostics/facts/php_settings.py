"""Settings of PHP that the site's own files make: `.user.ini`, `php.ini` beside the scripts, `.htaccess`, `.ovhconfig`.

PHP reads `.user.ini` in each folder from the docroot to the script (main/main.c, sapi/cgi/cgi_main.c); OVHcloud's `.ovhconfig` counts
in the home folder and, for the version alone, in the docroot (OVHcloud guide "Configure your web hosting").
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from diagnostics.evidence import Evidence, PageSeen
from diagnostics.facts.paths import above, shown
from diagnostics.facts.small_files import SmallFiles
from diagnostics.htaccess.parser import parse as parse_htaccess
from diagnostics.php import versions
from diagnostics.php.seen import Setting
from diagnostics.php.versions import Version

_INI = re.compile(rb"^[ \t]*([A-Za-z_][\w.\[\]-]{0,80})[ \t]*=[ \t]*([^\r\n]*)", re.MULTILINE)
_FILES = (".user.ini", "php.ini", "php5.ini")
_NAMES_A_PATH = ("auto_prepend_file", "auto_append_file", "session.save_path")
_BY_HTACCESS = ("php_value", "php_flag", "php_admin_value", "php_admin_flag")


def folders_of(page: PageSeen, docroot: str) -> list[str]:
    """From the docroot to the folder of the page's script, outermost first."""
    folders = [docroot.rstrip("/")]
    for part in page.path.split("?")[0].strip("/").split("/"):
        if not part or part in (".", ".."):
            break
        folders.append(posixpath.join(folders[-1], part))
    return folders


def read(files: SmallFiles, evidence: Evidence) -> tuple[Setting, ...]:
    """In the order in which they take effect: a later one of the same name counts."""
    tree = {entry.absolute for entry in evidence.tree if entry.kind == "file"} if isinstance(evidence.tree, tuple) else set()
    folders = list(dict.fromkeys(folder for page in evidence.site.pages for folder in folders_of(page, evidence.docroot)))
    there = [path for folder in folders for name in _FILES if (path := posixpath.join(folder or "/", name)) in tree]
    if evidence.profile.startswith("ovh"):
        there = [posixpath.join(above(evidence.docroot), ".ovhconfig"), posixpath.join(evidence.docroot, ".ovhconfig"), *there]
    files.fetch(there)
    found = [setting for path in there for setting in parse(files.content(path) or b"", shown(path, evidence.docroot))]
    return (*_of_htaccess(evidence), *found)


def parse(content: bytes, path: str) -> Iterator[Setting]:
    """Name and value of each line of an ini file; comments and sections are passed over."""
    for match in _INI.finditer(content.removeprefix(b"\xef\xbb\xbf")):
        value = match.group(2).decode("utf-8", "replace").strip()
        quoted = re.match(r"""(["'])(.*?)\1""", value)
        value = quoted.group(2) if quoted else value.split(";")[0].strip()
        yield Setting(match.group(1).decode().lower(), value[:500], path, content.count(b"\n", 0, match.start(1)) + 1)


def _of_htaccess(evidence: Evidence) -> Iterator[Setting]:
    for file in evidence.htaccess if isinstance(evidence.htaccess, tuple) else ():
        for line in parse_htaccess(file.content).lines:
            if line.key in _BY_HTACCESS and len(line.words) >= 2:
                yield Setting(line.words[0].lower(), line.words[1], file.path, line.number)


def version_of(evidence: Evidence, settings: tuple[Setting, ...]) -> tuple[Version | None, str]:
    """The PHP version that runs the site, and what told it: the answer itself, a message, the host's settings file."""
    for page in evidence.site.pages:
        if found := versions.version_of_header(page.powered_by):
            return found, "X-Powered-By"
    for line in reversed(evidence.error_log) if isinstance(evidence.error_log, tuple) else ():
        if found := versions.version_of_message(line.text):
            return found, "the error log"
    engine = next((setting for setting in reversed(settings) if setting.name == "app.engine.version"), None)
    if engine and (match := re.fullmatch(r"(\d+)\.(\d+)", engine.value)):
        return (int(match[1]), int(match[2])), engine.path
    return None, ""


def look_up(files: SmallFiles, evidence: Evidence) -> tuple[tuple[str, bool], ...]:
    """Whether the files and folders that settings name are there, where this login can see them under the same path as PHP does."""
    tree = {entry.absolute for entry in evidence.tree} if isinstance(evidence.tree, tuple) else set()
    top = above(evidence.docroot)
    whole = files.reader.protocol in ("ssh", "local")
    named = [setting.value.rsplit(";", 1)[-1].strip("\"' ") for setting in evidence.php.settings if setting.name in _NAMES_A_PATH]
    wanted = [path for path in dict.fromkeys(named) if path.startswith("/") and (whole or (top != "/" and path.startswith(f"{top}/")))]
    found = [(path, True if path in tree else files.exists(path)) for path in wanted[:6]]
    return tuple((path, there) for path, there in found if there is not None)
