"""A program's folders that lie beside the docroot: what its messages name there, and the settings that name places of another machine.

Frameworks keep everything but one start file above the docroot (Laravel, Symfony, CodeIgniter 4, Yii, Slim): the tree of the site does
not hold it. It is not listed as a whole: only what the start file, a log or a page names is looked up.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from diagnostics.evidence import Evidence, TreeEntry, WrittenPath
from diagnostics.facts import renamed_beside, start_files
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.logged_paths import servers_docroot
from diagnostics.facts.paths import above, shown
from diagnostics.facts.php_files import script_of
from diagnostics.facts.renamed import places_of_class
from diagnostics.facts.small_files import SmallFiles
from diagnostics.manifests.places import VENDOR
from diagnostics.php import said_of_files
from diagnostics.php.application_messages import names_a_place
from diagnostics.transports.base import Stat, TransportError

MOST_FOLDERS = 3
_MOST_LOOKED_UP = 80
_MOST_NAMED = 12
_MOST_SETTINGS = 24
_MOST_READ = 100
_MOST_CLASSES, _DEEPEST = 2, 6
_SHORT = 8000  # bytes
_QUOTED_PATH = re.compile(r"=\s*['\"](?P<path>/[^'\"\n]{2,300})['\"]")
_SECRET = re.compile(r"pass|pwd|secret|token|key|salt|credential", re.IGNORECASE)  # what a setting of such a name holds is no place
_WELL = frozenset({"ok", "maintenance", "blocked", ""})
# A folder of this name is a part of a program, not a program of its own.
_PARTS = frozenset({
    "app", "application", "bootstrap", "config", "core", "framework", "include", "includes", "lib", "libraries", "protected", "resources",
    "src", "system", "vendor",
})  # fmt: skip
_ALIAS = re.compile(r"(?<![\w/.])(?:APPPATH|ROOTPATH|SYSTEMPATH|VENDORPATH|FCPATH|WRITEPATH|\[ROOT\]|@app|APP)/(?P<tail>[\w./-]{3,300})")
# Symfony; CodeIgniter 4; Yii 2; CakePHP; Laravel; TYPO3; others that follow one of them.
_WRITTEN_INTO: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = (
    (frozenset({"var"}), ("var", "var/cache", "var/cache/prod", "var/log")),
    (frozenset({"writable"}), ("writable", "writable/cache", "writable/session", "writable/logs")),
    (frozenset({"runtime"}), ("runtime", "runtime/cache", "runtime/logs")),
    (frozenset({"tmp", "config", "src"}), ("tmp", "tmp/cache", "tmp/cache/models", "tmp/cache/persistent", "tmp/sessions", "logs")),
    (frozenset({"storage", "bootstrap"}), ("storage", "storage/framework", "storage/logs", "bootstrap/cache")),
    (frozenset({"cache", "config"}), ("cache",)), (frozenset({"temp", "config"}), ("temp", "temp/cache", "log")),
    (frozenset({"tmp", "vendor"}), ("tmp",)),
)  # fmt: skip
_SETTINGS = (
    "bootstrap/cache/services.php", "bootstrap/cache/packages.php", "bootstrap/providers.php", "config/bundles.php",
    "bootstrap/cache/config.php", ".env", ".env.local", ".env.local.php", "config.php", "config/config.php", "configuration.php",
    "config.inc.php", "LocalSettings.php", "app/config/parameters.php", "config/app.php", "config/web.php", "config/main.php",
    "config/system.php", "app/etc/env.php", "app/Config/App.php", "application/config/config.php", "typo3conf/LocalConfiguration.php",
    "config/system/settings.php", "typo3conf/system/settings.php", "sites/default/settings.php", "config/settings.inc.php",
    "admin/config.php", "user/config/system.yaml",
)  # fmt: skip


def folders(files: SmallFiles, evidence: Evidence) -> dict[str, frozenset[str]]:
    """Folders of programs outside of the docroot, absolute, with the names in them: of known programs, and what start files load."""
    docroot, home = evidence.docroot.rstrip("/"), above(evidence.docroot)
    found = [each.absolute for each in evidence.applications if not f"{each.absolute}/".startswith(f"{docroot}/")]
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    scripts = {entry.absolute for entry in entries if entry.kind == "file"}
    for page in evidence.site.pages:
        start = script_of(page, docroot, scripts) if page.kind not in _WELL else ""
        for path in start_files.loads(files.content(start) or b"", posixpath.dirname(start), docroot) if start else ():
            if path.startswith(f"{home.rstrip('/')}/") and not f"{path}/".startswith(f"{docroot}/"):
                found += _programs(path[len(home.rstrip("/")) + 1 :].split("/"), home)
    listed = {}
    for folder in list(dict.fromkeys(found))[:MOST_FOLDERS]:
        try:
            listed[folder] = frozenset(posixpath.basename(entry.path) for entry in files.reader.list(folder))
        except TransportError:
            continue
    return listed


def _programs(parts: list[str], home: str) -> list[str]:
    """The folders that may be the program's, of a path below the account: "shop/vendor/autoload.php", "vendor/autoload.php"."""
    first, is_deep = parts[0], len(parts) > 2 and parts[1] in _PARTS
    if first not in _PARTS and "." not in first:
        return [posixpath.join(home, first)]
    return [posixpath.join(home, first), home] if is_deep else [home]


def read(files: SmallFiles, evidence: Evidence, listed: dict[str, frozenset[str]]) -> Evidence:
    """With what messages name outside of the docroot, and the settings that name places which are not of this machine. Never raises."""
    texts = list(_texts(evidence))
    # As they lead: "public/../vendor" is "vendor", and nothing climbs out of the folder that it is looked up in.
    named = list(dict.fromkeys(posixpath.normpath(path) for text in texts for path in said_of_files.paths_in(text)))[: 3 * _MOST_NAMED]
    inner = [match["tail"] for text in texts for match in _ALIAS.finditer(text)]
    try:
        settings = _written(files, evidence, listed, _foreign(named, evidence), _wanted_settings(texts))
    except TransportError:
        return evidence
    named += [posixpath.normpath(each.place) for each in settings if each.place]
    home = above(evidence.docroot)
    if named:
        listed = {**listed, home: listed.get(home) or _names_in(files, home)}
    wanted = [*_as_the_server_has_it(named, evidence), *_candidates(named, inner, listed)]
    wanted += [posixpath.join(folder, name) for folder, names in listed.items() for name in _usual(names)]
    running = [posixpath.join(folder, path) for folder, names in listed.items() for path in _of_running(names)]  # they may well be missing
    lost = [name for text in texts[:2] if (name := said_of_files.lost_class(text))]
    wanted += [path for name in lost for path in _class_files(files, name, listed)]
    wanted += [path for name in lost[:1] for path in _usual_places(name, listed)]
    chains = [step for path in wanted for step in _way(path, listed)]
    try:
        asked = list(dict.fromkeys((*chains, *running)))[:_MOST_LOOKED_UP]
        seen = files.stats(asked)
        evidence = replace(evidence, beside=tuple(_entry(path, stat, evidence.docroot) for path, stat in seen.items()))
        open_folders = {*listed, *(path for path, stat in seen.items() if stat.mode & 0o100)}  # in a closed one nothing can be told
        unseen = (path for path in dict.fromkeys((*wanted, *chains)) if path in asked and path not in seen)
        missing = [path for path in unseen if posixpath.dirname(path) in open_folders]
        evidence = replace(evidence, existing=evidence.existing + tuple((shown(path, evidence.docroot), False) for path in missing))
        outside = [path for path in missing if not f"{path}/".startswith(f"{evidence.docroot.rstrip('/')}/")]
        evidence = replace(evidence, beside=evidence.beside + renamed_beside.read(files, wanted, outside, evidence.docroot))
        return replace(evidence, written=settings)
    except TransportError:
        return evidence


def _as_the_server_has_it(named: list[str], evidence: Evidence) -> list[str]:
    """Paths beside the docroot, by the way to it that other paths of the same messages tell: a login may see another root."""
    name = posixpath.basename(evidence.docroot.rstrip("/"))
    if servers := servers_docroot(evidence):  # surest: a folder above it may bear the same name, as in /var/www/site/www
        roots = {f"{posixpath.dirname(servers)}/": None}
    else:
        roots = dict.fromkeys(path[: path.index(f"/{name}/") + 1] for path in named if name and f"/{name}/" in path)
    home = above(evidence.docroot)
    return [
        posixpath.join(home, path[len(root) :])
        for root in roots
        for path in named
        if path.startswith(root) and len(root) > 1 and not path[len(root) :].startswith(f"{name}/")
    ]


def _texts(evidence: Evidence) -> Iterator[str]:
    """What the logs say of the failure, the latest first, and what short pages say."""
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    late = set(map(id, lines[-_MOST_READ:]))  # only of these it is looked at closely what they say
    telling = [line for line in lines if line.paired or is_telling(line.text) or (id(line) in late and names_a_place(line.text))]
    for line in (*reversed(telling[-8:]), *reversed(evidence.application_log[-6:])):
        yield line.text[:6000]
    for page in evidence.site.pages:
        if page.kind not in _WELL and len(page.body) <= _SHORT:
            yield page.body.decode("utf-8", "replace")


def _names_in(files: SmallFiles, folder: str) -> frozenset[str]:
    """To match the server's paths by their ends: a login may see another root than the server."""
    try:
        return frozenset(posixpath.basename(entry.path) for entry in files.reader.list(folder))
    except TransportError:
        return frozenset()


def _usual(names: frozenset[str]) -> list[str]:
    """What a known tree must have, so that its lack can be told: Laravel's folders, which git does not keep."""
    laravels = [f"storage/framework/{name}" for name in ("views", "sessions", "cache")] if {"artisan", "storage"} <= names else []
    return [*laravels, *sorted(name for name in names if name.startswith(".env"))[:4]]


def _of_running(names: frozenset[str]) -> Iterator[str]:
    """The folders that frameworks write into as they run, as their skeletons name them: one that refuses may end every page."""
    for marks, folders in _WRITTEN_INTO:
        if marks <= names:
            yield from folders


def _candidates(named: list[str], inner: list[str], listed: dict[str, frozenset[str]]) -> list[str]:
    """Where the files lie as this login sees them: it may see another root than the server."""
    found = []
    for folder, names in listed.items():
        for path in named:
            parts = path.strip("/").split("/")
            whole = path if folder != "/" and path.startswith(f"{folder}/") else ""
            tails = [posixpath.join(folder, *parts[at:]) for at in range(len(parts)) if parts[at] in names]
            found += [whole] if whole else tails[-2:]  # the server's own folders may bear the same names
        for tail in (posixpath.normpath(f"/{tail}").lstrip("/") for tail in inner):
            starts = ("", "app/", "application/", "vendor/codeigniter4/framework/system/", "writable/")
            found += [posixpath.join(folder, start + tail) for start in starts if (start + tail).split("/")[0] in names]
    return list(dict.fromkeys(found))[:_MOST_NAMED]


def _class_files(files: SmallFiles, name: str, listed: dict[str, frozenset[str]]) -> list[str]:
    """Where Composer looks for a class (PSR-4: `App\\` is `app/` or `src/`), as the names are written there, whatever their letters."""
    parts = name.strip("\\").split("\\")
    found = []
    for folder, names in listed.items() if len(parts) > 1 else ():
        tops = [top for top in (parts[0].lower(), "src") if top in names]
        found += [path for top in tops if (path := _as_written(files, posixpath.join(folder, top), [*parts[1:-1], f"{parts[-1]}.php"]))]
    return found[:_MOST_CLASSES]


def _usual_places(name: str, listed: dict[str, frozenset[str]]) -> list[str]:
    """Where the class lies if all folders of the program's own classes bear their names: beside the libraries."""
    folders = [folder for folder, names in listed.items() if VENDOR in names]
    return [posixpath.join(folder, *ends) for folder in folders[:_MOST_CLASSES] for ends in places_of_class(name) if ends[0] == "src"]


def _as_written(files: SmallFiles, folder: str, parts: list[str]) -> str:
    """The path with the names that are there, whose letters may be others; "" where none is."""
    for part in parts[:_DEEPEST]:
        try:
            there = [posixpath.basename(entry.path) for entry in files.reader.list(folder)]
        except TransportError:
            return ""
        alike = [part] if part in there else [each for each in there if each.lower() == part.lower()]
        if len(alike) != 1:
            return ""
        folder = posixpath.join(folder, alike[0])
    return folder


def _way(path: str, listed: dict[str, frozenset[str]]) -> list[str]:
    """The path and the folders that lead to it below the program's own."""
    base = max((folder for folder in listed if path.startswith(f"{folder.rstrip('/')}/")), key=len, default="")
    parts = path[len(base.rstrip("/")) + 1 :].split("/")
    return [posixpath.join(base or "/", *parts[:count]) for count in range(1, len(parts) + 1)] if base else []


def _entry(path: str, stat: Stat, docroot: str) -> TreeEntry:
    return TreeEntry(shown(path, docroot), path, stat.kind.value, stat.mode & 0o7777, stat.size, stat.mtime, stat.uid, stat.gid)


def _foreign(named: list[str], evidence: Evidence) -> list[str]:
    """Paths that begin as nothing here does: neither as this login nor as the server names the site."""
    docroot, name = evidence.docroot.rstrip("/"), posixpath.basename(evidence.docroot.rstrip("/"))
    known = {entry.path for entry in evidence.tree} if isinstance(evidence.tree, tuple) else set()
    own = {
        path[: each.start()]
        for path in named
        for each in re.finditer(f"/{re.escape(name)}(?=/)", path)
        if not known.isdisjoint(_steps(path[each.end() + 1 :], name))
    }
    # "/home" alone may be the account as this login sees it, or the folder of all accounts as the server does.
    own |= {above(docroot)} if above(docroot).count("/") > 1 else set()
    system = ("/usr/", "/etc/", "/tmp", "/proc", "/dev/", "/bin/", "/opt/", "/lib", "/sys/")  # noqa: S108 (names to compare with, nothing is written there)
    return [
        path for path in named
        if path.count("/") >= 3 and not path.startswith(system) and not any(path == each or path.startswith(f"{each}/") for each in own)
    ]  # fmt: skip


def _steps(tail: str, name: str) -> set[str]:
    """The path below the docroot and the folders on its way, as they are shown."""
    parts = tail.split("/")
    return {f"{name}/{'/'.join(parts[:count])}" for count in range(1, len(parts) + 1)}


def _wanted_settings(texts: list[str]) -> list[str]:
    found: list[str] = []
    for text in texts:
        lost = said_of_files.lost_class(text)
        lacking = said_of_files.lacking(text)
        found += [said_of_files.setting(text), said_of_files.refusing_setting(text), lacking[1] if lacking else ""]
        found += [lost, lost.replace("\\", "\\\\")] if lost else []
    return [name for name in dict.fromkeys(found) if name][:4]


def _written(
    files: SmallFiles, evidence: Evidence, listed: dict[str, frozenset[str]], foreign: list[str], names: list[str]
) -> tuple[WrittenPath, ...]:
    """The lines of settings and of caches of settings in which these paths, or these names, stand."""
    if not foreign and not names:
        return ()
    entries = {entry.absolute for entry in evidence.tree} if isinstance(evidence.tree, tuple) else set()
    docroot = evidence.docroot.rstrip("/")
    places = [posixpath.join(folder, name) for folder, there in listed.items() for name in _SETTINGS if name.split("/")[0] in there]
    places += [path for name in _SETTINGS if (path := f"{docroot}/{name}") in entries]
    places += [posixpath.join(docroot, posixpath.relpath(each.absolute, docroot), name) for each in evidence.applications
               for name in _SETTINGS if f"{each.absolute}/{name}" in entries]  # fmt: skip
    places = list(dict.fromkeys(places))[:_MOST_SETTINGS]
    files.fetch(places)
    found = []
    for place in places:
        lines = (files.text(place) or "").split("\n")
        for value in (*_roots(foreign), *names):
            form = _key(value) if value in names else said_of_files.path_form(value)
            number = next(
                (n for n, line in enumerate(lines, 1) if form.search(line) and not line.lstrip().startswith(("#", "//", "*"))), None
            )
            if number is None and value.endswith("="):  # its line was joined to the one above
                number = next((n for n, line in enumerate(lines, 1) if value in line and not line.lstrip().startswith("#")), None)
            if number is not None:
                path = _QUOTED_PATH.search(lines[number - 1]) if value in names and not _SECRET.search(value) else None
                found.append(WrittenPath(shown(place, evidence.docroot), number, value, path["path"] if path else ""))
                break
    return tuple(found)


def _key(name: str) -> re.Pattern[str]:
    """The name where a value is given to it, not the same word amid others."""
    return re.compile(rf"(?<!\w){re.escape(name.rstrip('='))}(?:['\"]?\]?\s*(?:=|:)|['\"]\s*,)")


def _roots(foreign: list[str]) -> list[str]:
    """The paths and their folders, the longest first."""
    steps = [("/".join(path.split("/")[:count]), count) for path in foreign for count in range(path.count("/") + 1, 2, -1)]
    return list(dict.fromkeys(step for step, _count in sorted(steps, key=lambda step: -step[1])))[:24]
