"""PHP files that may hold the fault: named in a log, answering a failing page, required by those, or changed lately. A few small ones."""

from __future__ import annotations

import posixpath
import re
import secrets
import time
from collections.abc import Collection, Iterable, Iterator

from diagnostics.evidence import Evidence, LogLine, PageSeen, TreeEntry
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.paths import shown
from diagnostics.facts.php_settings import folders_of
from diagnostics.facts.small_files import LIMIT, SmallFiles
from diagnostics.installed import Application, Component, DatabaseTrial
from diagnostics.php import versions
from diagnostics.php.callbacks import announced_at, callback_of
from diagnostics.php.failed_calls import is_handed_false
from diagnostics.php.scanning import names_of_class
from diagnostics.php.seen import Lint, Script
from diagnostics.php.versions import Version
from diagnostics.transports.base import Capability, TransportError
from diagnostics.transports.commands import lint, run

MOST_CHANGED, MOST_INCLUDED, MOST_NAMED, MOST_LINTED, MOST_PARTS = 12, 16, 4, 24, 12
MOST_ANNOUNCING = 12
LATELY_S = 36 * 3600.0
PHP_ENDS = (".php", ".inc", ".phtml", ".module", ".theme", ".php5", ".php7")
_PLACE = re.compile(r"(/[^\s:'\"<>|;]{1,600}\.(?:php|inc|phtml|module|theme))")
_OF_PARTS = re.compile(r"/(?:themes|(?:mu-)?plugins)/.+\.php\Z")
_REQUIRED = re.compile(
    rb"\b(?:require|include)(?:_once)?\s*+\(?\s*+(?P<base>__DIR__\s*+\.\s*+|dirname\s*+\(\s*+__(?:FILE|DIR)__\s*+\)\s*+\.\s*+"
    rb"|ABSPATH\s*+\.\s*+|\$_SERVER\s*+\[\s*+['\"]DOCUMENT_ROOT['\"]\s*+\]\s*+\.\s*+)?"
    rb"(?P<quote>['\"])(?P<name>[^'\"$\n]{1,300})(?P=quote)\s*+\)?\s*+;"
)
_LOST = re.compile(
    r"Call to undefined function |(?:[Cc]lass|Interface|Trait|Enum) [\"'](?:[\w\\]{1,200}\\)?(?P<name>\w{1,120})[\"'] not found"
)
_TAG = re.compile(rb"<[^<>]{0,500}>")
_SHOWN = re.compile(rb"(?:Fatal|Parse) error: .{1,2000}", re.DOTALL)
_MOST_SHOWN = 256 * 1024
_GAVE_UP = re.compile(r"timed? ?out|\(70007\)", re.IGNORECASE)
_LINT_SAID = re.compile(r"(?:PHP )?((?:Parse|Fatal) error: .{1,1000}?) in (?:.{1,600}) on line (\d+)", re.DOTALL)


class PhpFiles:
    """Reads the files of one site that a diagnosis looks into."""

    def __init__(self, files: SmallFiles, evidence: Evidence, deadline: float) -> None:
        self.files, self.evidence, self.deadline = files, evidence, deadline  # monotonic seconds
        self.docroot = evidence.docroot.rstrip("/")
        entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
        self.entries: dict[str, TreeEntry] = {entry.absolute: entry for entry in (*evidence.beside, *entries) if entry.kind == "file"}
        self.absent: list[tuple[str, str, int]] = []

    def named(self) -> list[Script]:
        """Those that telling lines of the logs name, in the order of the lines, and those that an error names which a page shows."""
        texts = [*(line.text for line in _telling(self.evidence)), *_shown_errors(self.evidence)]
        logged = [self.here(path) for text in texts for path in _paths_in(text)]
        return self._read([path for path in dict.fromkeys(logged) if path][:MOST_NAMED], "named")

    def announcing(self) -> list[Script]:
        """Those of WordPress's parts that tell it of a function which is not there: PHP complains where it is wanted."""
        callback = next((found for line in _telling(self.evidence) if (found := callback_of(line.text))), None)
        if callback is None:
            return []
        usual = [path for each in self.evidence.applications for part in each.components for path in _main_files(part)]
        late = sorted((entry for entry in self.entries.values() if _OF_PARTS.search(entry.path)), key=lambda entry: -entry.mtime)
        wanted = [*dict.fromkeys([*usual[:MOST_ANNOUNCING], *(entry.absolute for entry in late)])][: 2 * MOST_ANNOUNCING]
        return [script for script in self._read(wanted, "part") if announced_at(script.content, callback)]

    def behind(self, scripts: list[Script]) -> list[Script]:
        """What these require, and the files of lost classes: they hold the constants of a failed call's path, or what is missing now."""
        said = [line.text[:2000] for line in _telling(self.evidence)]
        lost = {name for text in said for match in _LOST.finditer(text) if match["name"] for name in names_of_class(match["name"])}
        if not any(is_handed_false(text) or _LOST.search(text) for text in said):
            return []
        absent = list(self.absent)
        found = self._included(scripts, "part")
        self.absent = absent  # nothing says that these are what failed
        known = {script.absolute for script in found}
        named = [path for path in self.entries if posixpath.basename(path).lower() in lost and path not in known]
        return [*found, *self._read(named[:MOST_NAMED], "part")]

    def waited_for(self) -> list[Script]:
        """The scripts of pages that somebody gave up waiting for: no log tells what they themselves wait for."""
        said = any(_GAVE_UP.search(line.text[:2000]) for line in _telling(self.evidence))
        pages = [page for page in _failing(self.evidence) if said or page.status in (None, 504)]
        return self._read([path for page in pages if (path := script_of(page, self.docroot, self.entries))][:MOST_NAMED], "named")

    def answering(self, status: int) -> list[Script]:
        """The scripts of pages that answer so, and what these require in full."""
        pages = [page for page in self.evidence.site.pages if page.status == status]
        entries = self._read([path for page in pages if (path := script_of(page, self.docroot, self.entries))][:MOST_NAMED], "entry")
        return [*entries, *self._included(entries)]

    def unexplained(self) -> list[Script]:
        """Where no log tells: the scripts of the failing pages, what they require, and what was changed before they failed."""
        entries = self._read([path for page in _failing(self.evidence) if (path := script_of(page, self.docroot, self.entries))], "entry")
        included = self._included(entries)
        known = {script.absolute for script in (*entries, *included)}
        changed = [entry.absolute for entry in self._changed() if entry.absolute not in known][:MOST_CHANGED]
        return [*entries, *included, *self._read(changed, "changed"), *self._parts(known | set(changed))]

    def loaded(self, scripts: list[Script]) -> list[Script]:
        """What these and the scripts of failing pages require in full: settings may bear any name."""
        pages = [path for page in _failing(self.evidence) if (path := script_of(page, self.docroot, self.entries))]
        entries = self._read(pages[:MOST_NAMED], "part")
        known = {script.absolute for script in scripts}
        return [*entries, *self._included([*scripts, *(each for each in entries if each.absolute not in known)], "part")]

    def required_unlisted(self, scripts: list[Script]) -> list[str]:
        """What these require in full beside the docroot, in folders that nobody listed: absolute, and not known to be there."""
        home = f"{posixpath.dirname(self.docroot.rstrip('/')).rstrip('/')}/"
        names = (
            posixpath.normpath(f"{self._folder(match['base'] or b'', script)}/{match['name'].decode('utf-8', 'replace')}")
            for script in scripts for match in _REQUIRED.finditer(script.content) if match["base"]
        )  # fmt: skip
        return list(
            dict.fromkeys(path for path in names if path.startswith(home) and path not in self.entries and not self._is_listed(path))
        )

    def changed_lately(self) -> list[Script]:
        """What was changed in the days before the failure, the newest first."""
        return self._read([entry.absolute for entry in self._changed()][:MOST_CHANGED], "changed")

    def changed(self, paths: Collection[str]) -> list[Script]:
        """Those of these, as they are shown, that are there."""
        absolute = {entry.path: entry.absolute for entry in self.entries.values()}
        return self._read([absolute[path] for path in paths if path in absolute], "changed")

    def _parts(self, known: set[str]) -> list[Script]:
        """Of a page with words of its own or none, or that sends on: the main files of WordPress's plugins and theme, and theirs."""
        if not any(_is_made_by_parts(page) for page in _failing(self.evidence)):
            return []
        mains = [path for each in self.evidence.applications for path in self._mains(each) if path not in known][:MOST_PARTS]
        found = self._read(mains, "part")
        return [*found, *(each for each in self._included(found, "part") if each.absolute not in known)]

    def _mains(self, application: Application) -> Iterator[str]:
        """Of the plugins that the database names as active; of all where it was not asked."""
        trial = self.evidence.database
        active = trial.plugins if isinstance(trial, DatabaseTrial) else None
        for part in application.components:
            if part.kind == "theme" and not (isinstance(trial, DatabaseTrial) and part.slug not in (trial.theme, trial.parent_theme)):
                yield f"{part.absolute}/functions.php"
            elif part.kind in ("mu-plugin", "drop-in") and not part.is_folder:
                yield part.absolute
            elif part.kind == "plugin":
                named = [name for name in active or () if name.split("/")[0] == part.slug]
                usual = [] if active is not None else [part.slug if not part.is_folder else f"{part.slug}/{part.slug}.php"]
                yield from (f"{posixpath.dirname(part.absolute)}/{name}" for name in named or usual)

    def here(self, logged: str) -> str:
        """The file as the transport names it; "" for one that is not in the site. A log may name another root than a login sees."""
        if logged in self.entries:
            return logged
        name = re.escape(posixpath.basename(self.docroot))
        tails = (logged[match.end() :] for match in re.finditer(f"/{name}(?=/)", logged))
        return next((path for tail in tails if (path := f"{self.docroot}{tail}") in self.entries), "")

    def lint(self, scripts: Iterable[Script], version: Version | None) -> tuple[tuple[Lint, ...], Version | None]:
        """What the host's own PHP says of them; nothing where it runs no commands or has no PHP."""
        paths = [script.absolute for script in scripts][:MOST_LINTED]
        reader = self.files.reader
        if not paths or Capability.RUN_COMMANDS not in reader.capabilities:
            return (), None
        mark = secrets.token_hex(16)
        try:
            ran = run(reader, lint(paths, versions.shown(version) if version else "", mark))
        except TransportError:
            return (), None
        first, *parts = ran.output.decode("utf-8", "replace").split(f"\n{mark}\n")
        running = re.search(r"PHP (\d+)\.(\d+)", first)
        if ran.status != 0 or running is None:
            return (), None
        return tuple(_lint_of(path, said) for path, said in zip(paths, parts, strict=False)), (int(running[1]), int(running[2]))

    def _read(self, paths: list[str], role: str) -> list[Script]:
        wanted = [path for path in dict.fromkeys(paths) if path in self.entries and self.entries[path].size <= LIMIT]
        self.files.fetch(wanted)
        found = []
        for path in wanted:
            if time.monotonic() > self.deadline:
                break
            content, entry = self.files.content(path), self.entries[path]
            if content is not None:
                found.append(Script(shown(path, self.docroot), path, content, entry.mtime, role, len(content)))
        return found

    def _included(self, scripts: list[Script], role: str = "included") -> list[Script]:
        found: list[Script] = []
        queue, known = list(scripts), {script.absolute for script in scripts}
        while queue and len(found) < MOST_INCLUDED:
            wanted = [path for script in queue for path in self._required_by(script) if path not in known]
            queue = self._read(wanted[: MOST_INCLUDED - len(found)], role)
            known |= {script.absolute for script in queue}
            found += queue
        return found

    def _required_by(self, script: Script) -> Iterator[str]:
        """The files that it names in full. One that must be there and is not is noted."""
        for match in _REQUIRED.finditer(script.content):
            name = match["name"].decode("utf-8", "replace")
            if not match["base"] and name.startswith("/"):
                continue  # a path of the server, which a login may not see
            path = posixpath.normpath(f"{self._folder(match['base'] or b'', script)}/{name}")
            if path in self.entries:
                yield path
            elif (
                script.role != "part"
                and not (match["base"] or b"").startswith(b"$")
                and match.group().startswith(b"require")
                and self._is_listed(path)
            ):
                self.absent.append((shown(path, self.docroot), script.path, script.content.count(b"\n", 0, match.start()) + 1))

    def _folder(self, base: bytes, script: Script) -> str:
        """The folder that a required file's name is told from."""
        if base.startswith((b"ABSPATH", b"$")):
            return self.docroot
        folder = posixpath.dirname(script.absolute)
        return posixpath.dirname(folder) if b"__DIR__" in base and b"dirname" in base else folder

    def _is_listed(self, path: str) -> bool:
        """Whether what is not in the tree is not there."""
        return path.startswith(f"{self.docroot}/") and not self.evidence.tree_truncated

    def _changed(self) -> list[TreeEntry]:
        times = [page.at for page in self.evidence.site.pages if page.at]
        failing = self.evidence.site.failing_since or min(times, default=None)
        if failing is None:
            return []
        fresh = [
            entry
            for entry in self.entries.values()
            if entry.path.lower().endswith(PHP_ENDS) and entry.mtime >= failing.timestamp() - LATELY_S
        ]
        return sorted(fresh, key=lambda entry: -entry.mtime)


def _main_files(part: Component) -> Iterator[str]:
    if part.kind == "theme":
        yield f"{part.absolute}/functions.php"
    else:
        yield f"{part.absolute}/{part.slug}.php" if part.is_folder else part.absolute


def script_of(page: PageSeen, docroot: str, files: Collection[str]) -> str:
    """The script of a page: the file that its path names, else the index of the innermost folder that has one; "" for none."""
    docroot = docroot.rstrip("/")
    direct = posixpath.normpath(f"{docroot}/{page.path.split('?')[0].strip('/')}")
    if direct in files and direct.endswith(PHP_ENDS):
        return direct
    indexes = (f"{folder}/index.php" for folder in reversed(folders_of(page, docroot)))
    return next((path for path in indexes if path in files), "")


def _failing(evidence: Evidence) -> list[PageSeen]:
    return [page for page in evidence.site.pages if page.kind not in ("ok", "maintenance", "blocked", "")]


def _shown_errors(evidence: Evidence) -> Iterator[str]:
    for page in _failing(evidence):
        text = _TAG.sub(b"", page.body[:_MOST_SHOWN]) if page.kind == "fatal-in-body" else b""
        yield from (match.group().decode("utf-8", "replace") for match in list(_SHOWN.finditer(text))[:2])


def _is_made_by_parts(page: PageSeen) -> bool:
    if page.kind == "redirect-loop":
        return True
    if page.status == 200:
        return page.kind == "white-page"
    return bool(page.status and page.status >= 500 and page.body.strip() and page.kind != "fatal-in-body")


def _telling(evidence: Evidence) -> list[LogLine]:
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    telling = [line for line in (*lines, *evidence.application_log) if is_telling(line.text) or line.source != "error-log"]
    return sorted(telling, key=lambda line: (not line.paired, -(line.at.timestamp() if line.at else 0)))[:6]


def _paths_in(text: str) -> list[str]:
    return _PLACE.findall(text[:6000])[:4]


def _lint_of(path: str, said: str) -> Lint:
    match = _LINT_SAID.search(said)
    return Lint(path, re.sub(r"\s+", " ", match[1]) if match else "", int(match[2]) if match else None)
