"""Files as the release that a site runs was published with them: fetched once, kept, and proven by their checksum.

Only what a release brings is looked for, never what a site has of its own: settings, uploads, other people's code. Whether the files
beside it are of that release too is told by their sizes: a plugin that only bears the same name is not taken for it.
"""

from __future__ import annotations

import contextlib
import posixpath
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from diagnostics.connections import purposes
from diagnostics.copies import RELEASE, Copy, is_rest_of
from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts import core_copies
from diagnostics.facts.small_files import LIMIT, SmallFiles
from diagnostics.installed import Application, Component
from diagnostics.releases import fetching
from diagnostics.releases.package import LARGEST, Package
from diagnostics.releases.published import CORE, PLUGIN, THEME, NotPublished, Release, wordpress
from diagnostics.transports.base import TransportError
from sites import cli
from sites.models import Site

PATIENCE_OF_REPAIRS_S = 25.0
MOST_TOGETHER, MOST_BYTES_TOGETHER = 1000, 32 * 1024 * 1024
# A step that writes must end in time (`steps.RUN_LIMIT_S`): so many ways to the host and back does one new file take, and so much more.
_STEP_S, _WAYS_OF_A_FILE, _COST_OF_A_FILE_S, _LEAST_WAY_OVER_FTP_S = 400.0, 10, 0.1, 0.02
_OF_REPAIRS = ("repair", "policy-repair")
_MOST_LOOKED_INTO = 12  # files that are smaller than published
_MOST_DEFINERS = 60
_FEW = 100
_MOST_TOUCHED = 3  # parts of one WordPress that are asked for though nothing names them
UNEXPLAINED = frozenset({"php-fatal-hidden", "application-answers-500"})  # findings that name no file at fault
_SAME_SHARE, _LEAST_SAME = 0.8, 2  # of the other files of a plugin or theme, for it to be the published one
_OWN_VERSION, _FOLDERS = "wp-includes/version.php", ("wp-includes", "wp-admin")
_MOST_CERTAIN = 20  # files that are as published, for a release that was guessed
_HEAD_OF_NEWS = 40_000
_NEWEST = re.compile(r"'(\d{1,2}\.\d{1,2}\.\d{1,2})'")
_OF_PICTURES = re.compile(r"/images/core/(\d{1,2}\.\d{1,2})/")
# Put aside by people who want them gone, or shut for safety; not needed to answer a page. Hidden files: not every way lists them.
_LEFT_OUT = re.compile(
    r"wp-admin/(?:install|install-helper|setup-config|upgrade)\.php\Z|(?:^|/)(?:readme|license|changelog)\.(?:txt|html|md)\Z"
    r"|\A(?:xmlrpc|wp-mail|wp-trackback|wp-links-opml|wp-signup|wp-activate)\.php\Z|(?:^|/)\.",
    re.I,
)
_HEADER_VERSION = re.compile(r"^[ \t/*#@]*Version:[ \t]*(\S{1,40})", re.MULTILINE | re.IGNORECASE)
_STABLE_TAG = re.compile(r"^[ \t*#]*Stable tag:[ \t]*(\S{1,40})", re.MULTILINE | re.IGNORECASE)
_LATELY_S = 14 * 86_400.0
# The file that stands in such a message does what it always did.
_NOT_OF_CONTENT = frozenset({"php-memory-limit", "php-max-execution-time", "wordpress-plugin-memory", "php-disabled-function"})


@dataclass(slots=True)
class _Part:
    """A release at its place on the host. `other`: files (PHP) of another size than published; `lost`: those that are not there."""

    release: Release
    base: str
    package: Package = field(init=False)
    other: frozenset[str] = frozenset()
    lost: tuple[str, ...] = ()
    mode: int | None = None
    is_guessed: bool = False  # which release it is, was not told by the file that says so
    damaged: dict[str, bytes] = field(default_factory=dict)  # what is left of files that were cut or emptied


class AsPublished:
    """Looks for published files, through one reader, until a deadline (monotonic seconds). Nothing here raises."""

    def __init__(self, site: Site, files: SmallFiles, evidence: Evidence, entries: Mapping[str, TreeEntry], deadline: float) -> None:
        self.site, self.files, self.evidence, self.entries = site, files, evidence, entries
        is_repair = purposes.now_doing().purpose in _OF_REPAIRS
        self.deadline = time.monotonic() + PATIENCE_OF_REPAIRS_S if is_repair else deadline
        self._parts: dict[str, _Part | None] = {}
        self._most: int | None = None
        self._is_on = not site.practice

    def close(self) -> None:
        for part in self._parts.values():
            if part is not None:
                part.package.close()

    def of(self, absolute: str) -> list[Copy]:
        """This file as it was published; nothing where its release has none, or has no release."""
        part = self._part(absolute)
        name = absolute.removeprefix(f"{part.base}/") if part else ""
        content = part.package.content(name) if part and _is_of(part.release, name) else None
        if part is None or content is None:
            return []
        others = len(part.other - {name} - part.damaged.keys())
        left = 0 if self._fits(part) else len(part.lost) + len(part.damaged)
        known = {"release": part.release.named, "is_proven": part.package.is_proven(name), "others": others, "left": left}
        return [Copy(RELEASE, content, 0.0, mode=part.mode, **known)]

    def lost_with(self, absolute: str) -> list[str]:
        """What else of the same release is not there, is empty or breaks off: in one upload that was cut off such files are many."""
        part = self._part(absolute)
        if part is None or not self._fits(part):
            return []
        return [path for name in (*part.lost, *part.damaged) if (path := f"{part.base}/{name}") != absolute]

    def _fits(self, part: _Part) -> bool:
        """Whether all that lacks of a release can be put back in one step."""
        together = [*part.lost, *part.damaged]
        size = sum(part.package.size(name) or 0 for name in together)
        return size <= MOST_BYTES_TOGETHER and (len(together) <= _FEW or len(together) <= self._most_in_time())

    def _most_in_time(self) -> int:
        if self._most is None:
            began = time.monotonic()
            with contextlib.suppress(TransportError):
                self.files.reader.stat(self.evidence.docroot)
            way_s = max(time.monotonic() - began, _LEAST_WAY_OVER_FTP_S if self.evidence.connection.startswith("ftp") else 0.0)
            self._most = min(MOST_TOGETHER, int(_STEP_S / (_WAYS_OF_A_FILE * way_s + _COST_OF_A_FILE_S)))
        return self._most

    def lately_lost(self) -> list[str]:
        """Program files that lack, or are a rest of what they were, in WordPress or a part of it that was touched lately."""
        found: list[str] = []
        for application in self._wordpress() if self._is_on else ():
            parts = [each.absolute for each in application.components if each.is_folder and self._was_touched(each.absolute, is_core=False)]
            for place in (application.core, *parts[:_MOST_TOUCHED]):
                part = self._part(f"{place}/.", is_sure=False)
                lost = [name for name in (*part.lost, *part.damaged) if name.endswith(".php")] if part and self._fits(part) else []
                found += [f"{part.base}/{name}" for name in lost] if part else []
        return found

    def definers(self, near: str, pattern: re.Pattern[bytes]) -> list[str]:
        """Files that define in their release what is missing on the site: absolute. `near`: the file that misses it."""
        for application in self._wordpress():
            component = application.component(near)
            places = [component.absolute] if component else []
            for place in (*places, application.core):
                part = self._part(f"{place}/.", is_sure=False)
                if part and (found := list(self._defining(part, pattern))):
                    return found
        return []

    def _defining(self, part: _Part, pattern: re.Pattern[bytes]) -> Iterator[str]:
        for name in [*part.lost, *sorted(part.other)][:_MOST_DEFINERS]:
            published = part.package.content(name) if name.endswith(".php") else None
            if published and pattern.search(published):
                now = self.read(f"{part.base}/{name}") if name in part.other else b""
                if now is not None and not pattern.search(now):
                    yield f"{part.base}/{name}"

    def read(self, absolute: str) -> bytes | None:
        """What a file holds now, also a large one of a release."""
        entry = self.entries.get(absolute)
        if entry is None or entry.size <= LIMIT or not any(absolute.startswith(f"{base}/") for base, part in self._parts.items() if part):
            return self.files.content(absolute)
        try:
            return self.files.reader.read(absolute, LARGEST)
        except TransportError:
            return None

    # --- which release ------------------------------------------------------------------------------
    def _wordpress(self) -> Iterator[Application]:
        return (each for each in self.evidence.applications if each.name == "wordpress" and each.core)

    def _part(self, absolute: str, *, is_sure: bool = True) -> _Part | None:
        """The release that a file belongs to. `is_sure`: a finding speaks of it; else only where something was changed there lately."""
        for application in self._wordpress() if self._is_on else ():
            component = application.component(absolute)
            base = component.absolute if component else application.core
            if component is None and not _is_of_core(absolute.removeprefix(f"{base}/"), is_place=absolute == f"{base}/."):
                continue
            if base not in self._parts and (is_sure or self._was_touched(base, is_core=component is None)):
                release = self._of_part(component) if component else self._of_core(application)
                is_guessed = component is None and not application.version
                self._parts[base] = self._opened(_Part(release, base, is_guessed=is_guessed)) if release else None
            return self._parts.get(base)
        return None

    def _was_touched(self, base: str, *, is_core: bool) -> bool:
        """Whether a program file or a folder there is empty, or was written lately."""
        since = self.evidence.read_at.timestamp() - _LATELY_S if self.evidence.read_at else 0.0
        for absolute, entry in self.entries.items():
            if not absolute.startswith(f"{base}/") or (is_core and not _is_of_core(absolute[len(base) + 1 :])):
                continue
            if (entry.kind == "folder" and entry.mtime > since) or (absolute.endswith(".php") and (entry.mtime > since or not entry.size)):
                return True
        return False

    def _of_core(self, application: Application) -> Release | None:
        return _release(lambda: wordpress(application.version or self._told_by_its_news(application), application.locale))

    def _told_by_its_news(self, application: Application) -> str:
        """The version that the page about this release begins with: where the file that names it is gone too."""
        text = self.files.head(f"{application.core}/wp-admin/about.php", _HEAD_OF_NEWS)
        found = _NEWEST.search(text) or _OF_PICTURES.search(text)
        return found[1] if found else ""

    def _of_part(self, part: Component) -> Release | None:
        kind = {"plugin": PLUGIN, "theme": THEME}.get(part.kind)
        if kind is None or not part.is_folder or part.real:
            return None
        version = part.version or self._version(part)
        return _release(lambda: Release(kind, part.slug, version, title=part.title or part.slug.replace("-", " ").title()))

    def _version(self, part: Component) -> str:
        """As its own header has it; where that file is lost, as its description for the directory does."""
        head = f"{part.absolute}/{'style.css' if part.kind == 'theme' else f'{part.slug}.php'}"
        for path, pattern in ((head, _HEADER_VERSION), (f"{part.absolute}/readme.txt", _STABLE_TAG)):
            if path in self.entries and (found := pattern.search(self.files.head(path, 8192))):
                return found[1]
        return ""

    # --- the package, and how the site stands to it --------------------------------------------------
    def _opened(self, part: _Part) -> _Part | None:
        package = fetching.opened(part.release, self.deadline - time.monotonic())
        if package is None:
            if fetching.may_come(part.release) and not cli.by_shell.get():
                fetching.later(part.release, self.site.pk)
            return None
        part.package = package
        self._compare(part)
        if not self._is_same(part):
            package.close()
            return None
        return part

    def _compare(self, part: _Part) -> None:
        names = sorted(name for name in part.package.names if _is_of(part.release, name))
        there = {name: entry for name in names if (entry := self.entries.get(f"{part.base}/{name}")) is not None and entry.kind == "file"}
        sized = {name: part.package.size(name) for name in there}
        part.other = frozenset(name for name, entry in there.items() if name.endswith(".php") and entry.size != sized[name])
        part.lost = tuple(name for name in names if not _LEFT_OUT.search(name) and self._is_lost(f"{part.base}/{name}"))
        modes = Counter(entry.mode for entry in there.values())
        part.mode = modes.most_common(1)[0][0] if modes else None
        shorter = [name for name in sorted(part.other) if there[name].size < (sized[name] or 0)]
        part.damaged = dict(self._rests(part, shorter))

    def _rests(self, part: _Part, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Of files that are shorter than published those that hold nothing but a rest of it. Where many are, they are another release's."""
        empty = [name for name in names if not self.entries[f"{part.base}/{name}"].size]
        yield from ((name, b"") for name in empty)
        looked_into = [name for name in names if name not in empty]
        if not 0 < len(looked_into) <= _MOST_LOOKED_INTO:
            return
        self.files.fetch(f"{part.base}/{name}" for name in looked_into)
        for name in looked_into:
            now, published = self.read(f"{part.base}/{name}"), part.package.content(name)
            if now is not None and published is not None and is_rest_of(now, published):
                yield name, now

    def _is_lost(self, absolute: str) -> bool:
        """Whether it is certain that there is no such file: its folder was listed, or one above it that lacks the way to it."""
        if absolute in self.entries or self.evidence.tree_truncated:
            return False
        docroot = self.evidence.docroot.rstrip("/")
        folder = posixpath.dirname(absolute)
        while folder not in self.entries and folder.startswith(f"{docroot}/"):
            folder = posixpath.dirname(folder)
        above, top = self.entries.get(folder), self.entries.get(docroot)
        if folder == docroot or above is None or above.kind != "folder":
            return folder == docroot
        if any(path.startswith(f"{folder}/") for path in self.entries):
            return True
        return above.mode & 0o500 == 0o500 and top is not None and above.uid == top.uid  # else it may only not have been let in

    def _is_same(self, part: _Part) -> bool:
        """Whether what lies there is this release. WordPress itself mostly says so; of others only the name is known so far."""
        if part.release.kind == CORE and not part.is_guessed:
            return True
        there = sum(name.endswith(".php") and f"{part.base}/{name}" in self.entries for name in part.package.names)
        same = there - len(part.other)
        others = len(part.other - part.damaged.keys())
        if part.is_guessed:
            return same >= _MOST_CERTAIN and not others
        return same >= min(_LEAST_SAME, max(1, there - len(part.damaged))) and same >= _SAME_SHARE * (same + others)


def is_of_content(cause: str) -> bool:
    """Whether the file that a finding names may be at fault by what it holds."""
    return cause not in _NOT_OF_CONTENT


def below(docroot: str, paths: Iterable[str]) -> list[str]:
    """Relative to the docroot, of those that lie in it."""
    top = f"{docroot.rstrip('/')}/"
    return [path[len(top) :] for path in paths if path.startswith(top)]


def _is_of(release: Release, name: str) -> bool:
    return _is_of_core(name) if release.kind == CORE else True


def _is_of_core(name: str, *, is_place: bool = False) -> bool:
    return is_place or core_copies.is_of_release(name) or name in (_OWN_VERSION, *_FOLDERS)


def _release(make: Callable[[], Release]) -> Release | None:
    try:
        return make()
    except NotPublished:
        return None
