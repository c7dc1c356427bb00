"""Which installed programs answer the site's pages: found in the tree, the innermost folder first, each read by its own facts."""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from diagnostics.evidence import Evidence, SiteSeen, TreeEntry
from diagnostics.facts.paths import above, shown
from diagnostics.facts.settings.env_files import NAMES, env_line, env_lines, env_with_spaces, read_env
from diagnostics.facts.settings.logins import OF_PHP, DatabaseLogin, of_environment, of_wordpress
from diagnostics.facts.settings.php_settings import PhpSettings, read_php
from diagnostics.facts.small_files import SmallFiles
from diagnostics.facts.software import SOFTWARE, Software, version_in
from diagnostics.facts.wordpress import WordPressFacts
from diagnostics.installed import LINE_OF_KEY, Application, Component, Damage
from diagnostics.transports.base import TransportError
from sites.texts import mark as _

MOST = 3
_WELL = frozenset({"ok", "maintenance", "blocked", ""})
_LATELY_S = 3 * 86400.0
_MOST_DESCRIBED = 6
# Settings as each program's documentation names them, the first that is there counts.
_SETTINGS = {
    "joomla": ("configuration.php",), "drupal": ("sites/default/settings.php",),
    "prestashop": ("app/config/parameters.php", "config/settings.inc.php"), "magento": ("app/etc/env.php",),
    "typo3": ("config/system/settings.php", "typo3conf/system/settings.php", "typo3conf/LocalConfiguration.php"),
}  # fmt: skip
# A start file of the docroot that loads a program which lies elsewhere: Laravel public/index.php, Symfony public/index.php, Composer.
_LOADS = re.compile(
    r"(?P<base>__DIR__|dirname\(\s*__DIR__\s*\)|dirname\(\s*__FILE__\s*\))\s*\.\s*['\"](?P<way>/[\w./-]{0,200}?)"
    r"/?(?:bootstrap/(?:app|autoload)|vendor/autoload(?:_runtime)?)\.php['\"]"
)


class Applications:
    """Finds and reads what is installed. `logins` holds the way into each database by the program's folder, for the moment it is used."""

    def __init__(self, files: SmallFiles, site: SiteSeen, docroot: str, entries: tuple[TreeEntry, ...]) -> None:
        self.files, self.site, self.docroot = files, site, docroot.rstrip("/") or "/"
        self._entries = entries
        self._names: dict[str, set[str]] = {}
        for entry in entries:
            folder, name = posixpath.split(entry.absolute)
            self._names.setdefault(folder, set()).add(name)
        self._names_above: set[str] = set()  # of the folder above the docroot, which is no part of the tree
        self._wordpress: dict[str, WordPressFacts] = {}
        self.logins: dict[str, DatabaseLogin] = {}
        self.is_failing = any(page.kind not in _WELL for page in site.pages) or site.verdict == "down"

    def read(self) -> tuple[Application, ...]:
        """The programs that answer the site's pages, those of failing pages first. Raises TransportError only where all is lost."""
        found: dict[str, tuple[Software, str, list[str]]] = {}
        for page in sorted(self.site.pages, key=lambda page: page.kind in _WELL):
            serving = self._serving(page.path)
            if serving and serving[1] not in found and len(found) >= MOST:
                continue
            if serving:
                found.setdefault(serving[1], (*serving, []))[2].append(page.path)
        return tuple(replace(self._read(software, folder), serves=tuple(pages)) for software, folder, pages in found.values())

    # --- which ------------------------------------------------------------------------------------
    def _serving(self, page: str) -> tuple[Software, str] | None:
        """The innermost installation on the way to a page; the folder above the docroot last, as Laravel has it."""
        folder = self.docroot
        folders = [folder]
        for part in page.split("?")[0].strip("/").split("/"):
            folder = posixpath.join(folder, part)
            if not part or folder not in self._names:
                break
            folders.append(folder)
        for each in reversed(folders):
            software = self._in(each)
            if software:
                return software, each
        return self._above() or self._loaded()

    def _in(self, folder: str) -> Software | None:
        names = self._names.get(folder, set())
        inner = self._core_below(folder, names)
        for software in SOFTWARE:
            fits = software.fits(names) or (software.name == "wordpress" and inner is not None)
            is_whole = "" in software.docroots or folder == self.docroot  # uploaded as it is, where the host lets nobody choose a docroot
            if fits and is_whole and (not software.proof or self._is_there(folder, software.proof)):
                return software
        return None

    def _is_there(self, folder: str, name: str) -> bool:
        path = posixpath.join(folder, name)
        return posixpath.basename(path) in self._names.get(posixpath.dirname(path), set()) or self.files.exists(path) is True

    def _above(self) -> tuple[Software, str] | None:
        """A program whose pages lie in a folder of their own, such as `public`, with the rest above it."""
        own, folder = posixpath.basename(self.docroot), above(self.docroot)
        fitting = [software for software in SOFTWARE if own in software.docroots]
        if not fitting:
            return None
        if not self._names_above:
            try:
                self._names_above = {posixpath.basename(entry.path) for entry in self.files.reader.list(folder)}
            except TransportError:
                return None
        for software in fitting:
            if software.fits(self._names_above) and (not software.proof or self._is_there(folder, software.proof)):
                return software, folder
        return None

    def _loaded(self) -> tuple[Software, str] | None:
        """A program that lies beside the docroot, or anywhere that the start file names."""
        start = posixpath.join(self.docroot, "index.php")
        text = self.files.text(start) if "index.php" in self._names.get(self.docroot, ()) else None
        for found in _LOADS.finditer(text or ""):
            base = self.docroot if found["base"] != "dirname(__DIR__)" else above(self.docroot)
            folder = posixpath.normpath(f"{base}/{found['way']}")
            if folder == self.docroot:
                continue
            try:
                names = {posixpath.basename(entry.path) for entry in self.files.reader.list(folder)}
            except TransportError:
                continue
            for software in SOFTWARE:
                if software.docroots[0] and software.fits(names) and (not software.proof or self._is_there(folder, software.proof)):
                    return software, folder
        return None

    def _core_below(self, folder: str, names: set[str]) -> str | None:
        """WordPress in a folder of its own below the one that it answers for: its start file says where."""
        if "index.php" not in names or "wp-includes" in names:
            return None
        inner = (name for name in sorted(names) if "wp-includes" in self._names.get(posixpath.join(folder, name), ()))
        text = self._text(folder, "index.php")
        return next((posixpath.join(folder, name) for name in inner if f"/{name}/wp-blog-header.php" in text), None)

    # --- each -------------------------------------------------------------------------------------
    def _read(self, software: Software, folder: str) -> Application:
        if software.name == "wordpress":
            return self._read_wordpress(folder)
        paths = [posixpath.join(folder, path) for path, _pattern in software.versions]
        settings = [posixpath.join(folder, path) for path in _SETTINGS.get(software.name, NAMES)]
        self.files.fetch(paths + settings)
        version = next(filter(None, (version_in(self._text(folder, path), pattern) for path, pattern in software.versions)), "")
        made = Application(software.name, software.title, self._shown(folder), folder, version=version)
        return self._with_php(made) if software.name in _SETTINGS else self._with_environment(made)

    def _read_wordpress(self, folder: str) -> Application:
        core = self._core_below(folder, self._names.get(folder, set())) or folder
        host = urlsplit(self.site.url).hostname or ""
        facts = WordPressFacts(self.files, folder, core, self.docroot, self._entries, host)
        found = facts.read(is_failing=self.is_failing)
        login = of_wordpress(found.settings) if found.settings else None
        if login:
            self.logins[folder] = login
        self._wordpress[folder] = facts
        return self._with_login(found.application)

    def _with_php(self, made: Application) -> Application:
        for path in (posixpath.join(made.absolute, name) for name in _SETTINGS[made.name]):
            source = self.files.text(path)
            if source is None:
                continue
            server = {"HTTP_HOST": urlsplit(self.site.url).hostname or ""}
            found = read_php(path, source, load=self.files.text, exists=self.files.exists, server=server)
            login = OF_PHP[made.name](found)
            if login:
                self.logins[made.absolute] = login
            return self._with_login(replace(made, settings_path=self._shown(path), trouble=self._trouble(found)))
        return made

    def _with_login(self, made: Application) -> Application:
        """With the places that tell the way into its database."""
        login = self.logins.get(made.absolute)
        at = ((part, self._shown(path), line) for part, (path, line) in (login.lines if login else {}).items())
        return replace(made, login_at=tuple(at), login_outside=login.outside if login else ())

    def _trouble(self, found: PhpSettings) -> tuple[Damage, ...]:
        return (Damage(self._shown(found.path), found.trouble.why, found.trouble.line),) if found.trouble else ()

    def _with_environment(self, made: Application) -> Application:
        values: dict[str, str] = {}
        lines: dict[str, tuple[str, int]] = {}
        path = ""
        for file in (posixpath.join(made.absolute, name) for name in NAMES):
            text = self.files.text(file)
            if text is not None:
                values, path = read_env(text, values), path or file
                lines |= {name: (file, number) for name, number in env_lines(text).items()}
        login = of_environment(values, lines)
        if login:
            self.logins[made.absolute] = login
        telling = tuple((name, values[name]) for name in ("APP_ENV", "APP_DEBUG", "LOG_CHANNEL") if name in values)
        key: tuple[tuple[str, str], ...] = ()
        if made.name == "laravel" and path:
            key = (("APP_KEY", "set" if values.get("APP_KEY") else "empty"),)
            line = env_line(self.files.text(path) or "", "APP_KEY")
            key += ((LINE_OF_KEY, str(line)),) if line else ()
        spaced = env_with_spaces(self.files.text(path) or "") if path else None
        trouble: tuple[Damage, ...] = ()
        if spaced:
            said = _("the value of {name} holds a space and no quotes").format(name=spaced[0])
            trouble = (Damage(self._shown(path), said, spaced[1]),)
        made = replace(made, settings_path=self._shown(path) if path else "", settings=telling + key, trouble=trouble)
        return self._with_login(made)

    def described(self, made: Application, texts: list[str], since: float | None) -> Application:
        """With the names and versions of the parts that a log names, or that changed shortly before the failure."""
        facts = self._wordpress.get(made.absolute)
        if facts is None:
            return made
        named = list(_named_in(made.components, texts))
        late = [each for each in made.components if since and since - _LATELY_S < each.changed_at < since + 60]
        late.sort(key=lambda each: -each.changed_at)
        chosen = list(dict.fromkeys(each.absolute for each in (*named, *late)))[:_MOST_DESCRIBED]
        self.files.fetch(path for each in made.components if each.absolute in chosen for path in facts.header_paths(each)[:2])
        parts = tuple(facts.described(each) if each.absolute in chosen else each for each in made.components)
        return replace(made, components=parts)

    def _text(self, folder: str, path: str) -> str:
        return self.files.text(posixpath.join(folder, path)) or ""

    def _shown(self, path: str) -> str:
        return shown(path, self.docroot)


def _named_in(components: tuple[Component, ...], texts: list[str]) -> Iterator[Component]:
    """Those whose folder a text names, as the server names it: that may begin otherwise than the transport does."""
    for component in components:
        tail = "/".join(component.absolute.split("/")[-3:]) + ("/" if component.is_folder else "")
        if any(tail in text or (component.real and f"{component.real}/" in text) for text in texts):
            yield component


def with_applications(files: SmallFiles, evidence: Evidence, deadline: float) -> tuple[Evidence, Applications | None]:
    """The evidence with what is installed, and what knows the ways into its databases. Trouble of the host leaves it as it was."""
    if not isinstance(evidence.tree, tuple) or time.monotonic() > deadline:
        return evidence, None
    found = Applications(files, evidence.site, evidence.docroot, evidence.tree)
    try:
        applications = found.read()
    except TransportError:
        return evidence, None
    texts = [line.text for line in evidence.error_log] if isinstance(evidence.error_log, tuple) else []
    since = evidence.site.failing_since
    moment = since.timestamp() if since else None
    if found.is_failing and time.monotonic() < deadline:
        applications = tuple(found.described(each, texts, moment) for each in applications)
    return replace(evidence, applications=applications), found
