# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Sound sites of every kind, damaged blindly at a place that the seed draws, until a page fails."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from tests.lab import words
from tests.lab.cases.base import SHOWN, Truth, case
from tests.lab.damaging import Damage, Seen, Watch, changed, loaded, lost, renamed, shut
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import blocks, text
from tests.lab.sites.wordpress_site import BLOCK

_SYSTEMS = ("laravel", "symfony", "codeigniter3", "codeigniter4", "yii2", "slim", "drupal", "joomla", "magento", "moodle", "phpbb", "grav")
_SITES = ("php", "php", "php", "php", "wordpress", "wordpress", "wordpress", "wordpress", "wordpress", *_SYSTEMS)
_WITH_FOLDERS = ("php", "php", "wordpress", "wordpress", "laravel", "symfony", "codeigniter3", "codeigniter4", "yii2", "slim")
_WITH_SETTINGS = ("php", "wordpress", "wordpress", "laravel", "joomla", "moodle", "codeigniter3")
_DRAWS = 80
_SIGNS = re.compile(r"->|[;(){}'\"$,\]]")
_COMMENT = re.compile(r"\s*(?:\*|//|/\*|#)")
_NAME = re.compile(
    r"(?:function|class|interface|new|extends) +&?([A-Za-z_]\w{3,})|->([a-z_]\w{3,})\(|\b([a-z_]\w{4,})\(|\$([a-z]\w{2,})|([A-Z]\w{3,})::"
)
_SETTINGS = re.compile(
    r"(?:^|/)(?:wp-config\.php|\.env(?:\.local)?|configuration\.php|(?:config|settings|parameters|conf|env|app|common)\.(?:php|ya?ml))$"
)
_VALUE = re.compile(r"(?:=>?|,|:)[ \t]*['\"]([^'\"\n]{4,})['\"]|^[A-Z_]+=(\S{4,})$", re.MULTILINE)
_OF_WORDPRESS = (
    ("/wp-content/plugins/", ("wordpress-plugin",)), ("/wp-content/themes/", ("wordpress-theme",)), ("/wp-includes/", ("wordpress-core-file",)),
    ("/wp-admin/", ("wordpress-core-file",)), ("/wp-config.php", ("wordpress-config-syntax",)), ("/wp-", ("wordpress-core-file",)),
    ("/index.php", ("wordpress-core-file",)),
)  # fmt: skip
_GONE = (
    "php-missing-file", "php-class-not-found", "php-undefined-function", "php-uncaught-exception", "index-file-missing", "php-fatal-hidden",
)  # fmt: skip
_MISREAD = (
    "php-parse-error",
    "php-truncated-file",
    *_GONE,
    "php-version-incompatible-code",
    "php-missing-extension",
    "php-removed-function",
)
_HTACCESS = (
    "htaccess-invalid-directive", "htaccess-module-not-loaded", "htaccess-php-directive-under-fpm", "htaccess-apache22-syntax",
    "htaccess-directive-not-allowed", "htaccess-unclosed-section", "htaccess-bad-rewrite-flag", "htaccess-bad-regex", "htaccess-bad-argument",
    "htaccess-bad-errordocument", "htaccess-rewrite-loop", "htaccess-wordpress-block", "htaccess-proxy-target-down",
)  # fmt: skip
_DATABASE = ("database-access-denied", "database-missing", "database-server-down", "database-table-missing")

Draw = Callable[[Scene, list[str]], Damage | None]


def _drawn(s: Scene, draw: Draw, cause: str, also: tuple[str, ...], *, hidden: bool = False) -> Truth:
    """Damages until the first page fails in a way that leads somebody to the place. `hidden`: also where nothing is written."""
    files, watch = loaded(s), Watch(s)
    for _ in range(_DRAWS):
        damage = draw(s, files)
        if damage is None:
            continue
        seen = watch.seen("/")
        if seen.fails and (hidden or _leads(s, damage, seen)):
            return _truth(s, damage, seen, cause, also)
        damage.undo()
        watch.forget()
    raise LookupError(f"no damage in {_DRAWS} draws ended the page of {s.place.setup.name}, which loads {len(files)} files")


def _leads(s: Scene, damage: Damage, seen: Seen) -> bool:
    places = (str(s.path(damage.path)), *damage.names)
    if s.www in damage.paths:
        return True  # a folder without its start page says so itself
    return bool(seen.said and seen.said[0] in (damage.path, *damage.paths)) or any(name in seen.text for name in places)


def _truth(s: Scene, damage: Damage, seen: Seen, cause: str, also: tuple[str, ...]) -> Truth:
    """What was damaged, or where the message says that it was met; of a program by others only what was damaged."""
    path, lines, paths = damage.path, damage.lines, damage.paths
    if seen.said and seen.said[0] == path and lines:
        lines = (*lines, seen.said[1])
    elif seen.said and seen.said[0] != path and (_are_alike(path, seen.said[0]) or not damage.lines):
        paths = (*paths, seen.said[0])
    paths = (*paths, *(s.at(page[1:]) for page in s.pages if page.endswith(".php")))  # which ask for it, too
    parts = next((codes for words_, codes in _OF_WORDPRESS if words_ in f"/{path}" and s.path(s.at("wp-includes")).exists()), ())
    return Truth(
        cause, path, lines, (*also, *parts), statuses=(seen.status,), is_empty=seen.status == 200 and not seen.body.strip(), paths=paths
    )


def _are_alike(one: str, other: str) -> bool:
    """Neither is of a program that the other only uses."""
    marks = ("/wp-includes/", "/vendor/", "/system/", "/wp-content/plugins/", "/wp-content/themes/", "/core/", "/libraries/")
    return all((mark in f"/{one}") == (mark in f"/{other}") for mark in marks)


def _one(s: Scene, files: list[str]) -> str:
    """A file that is loaded; of WordPress mostly what is not its own."""
    own = [name for name in files if "/wp-includes/" not in name]
    return s.rng.choice(own if s.rng.random() < 0.6 and own else files)


def _written(s: Scene, path: str, source: str, at: int, end: int, new: str, names: tuple[str, ...] = ()) -> Damage:
    line = source.count("\n", 0, at) + 1
    undo = changed(s, path, (source[:at] + new + source[end:]).encode("latin-1"))
    return Damage(path, undo, (line,), names=names)


@case((*SHOWN, "ovh"), *_SITES, times=3)
def file_is_lost(s: Scene) -> Truth:
    def draw(s: Scene, files: list[str]) -> Damage:
        path = _one(s, files)
        folder = (s.www,) if path == s.at("index.php") else ()
        return Damage(path, lost(s, path), paths=folder, names=(posixpath.basename(path), posixpath.basename(path).removesuffix(".php")))

    return _drawn(s, draw, "php-missing-file", _GONE)


@case((*SHOWN, "ovh"), *_SITES, times=3)
def file_is_cut(s: Scene) -> Truth:
    def draw(s: Scene, files: list[str]) -> Damage:
        path = _one(s, files)
        content = s.read(path)
        kept = content[: s.rng.randrange(0, max(1, len(content) - 1))]
        name = posixpath.basename(path).removesuffix(".php")
        last = kept.count(b"\n") + 1
        return Damage(path, changed(s, path, kept), (last,), names=(name, *_declared(content[len(kept) :])))

    return _drawn(s, draw, "php-truncated-file", _MISREAD)


def _declared(lost_part: bytes) -> tuple[str, ...]:
    """The functions and classes that are lost with the rest of a file."""
    return tuple(f"{name.decode()}" for name in re.findall(rb"(?:function|class) +(\w{4,})", lost_part))


@case(SHOWN, *_SITES, times=3)
def rights_are_taken(s: Scene) -> Truth:
    def draw(s: Scene, files: list[str]) -> Damage | None:
        path = _one(s, files)
        if s.rng.random() < 0.5:
            return Damage(path, shut(s, path, s.rng.choice((0o000, 0o600, 0o400)), by_another=s.rng.random() < 0.6))
        folder = posixpath.dirname(path)
        if folder in ("", s.www):
            return None
        below = tuple(name for name in files if name.startswith(f"{folder}/"))
        return Damage(
            folder, shut(s, folder, s.rng.choice((0o000, 0o600, 0o700)), by_another=s.rng.random() < 0.6), names=below, paths=below
        )

    return _drawn(s, draw, "file-unreadable", ("folder-not-traversable",))


@case(SHOWN, *_SITES, times=3)
def letter_of_a_name_is_wrong(s: Scene) -> Truth:
    def draw(s: Scene, files: list[str]) -> Damage | None:
        path = _one(s, files)
        source = s.read(path).decode("latin-1")
        found = [match for match in _NAME.finditer(source) if not _is_comment(source, match.start())]
        if not found:
            return None
        match = s.rng.choice(found)
        group = match.lastindex or 1
        name = match[group]
        new = words.misspelt(s.rng, name, frozenset())
        return _written(s, path, source, match.start(group), match.end(group), new, (name, new))

    return _drawn(s, draw, "php-undefined-function", (*_MISREAD, "wordpress-plugin"))


def _is_comment(source: str, at: int) -> bool:
    return bool(_COMMENT.match(source, source.rfind("\n", 0, at) + 1))


@case((*SHOWN, "ovh"), *_SITES, times=3)
def sign_is_lost_or_doubled(s: Scene) -> Truth:
    def draw(s: Scene, files: list[str]) -> Damage | None:
        path = _one(s, files)
        source = s.read(path).decode("latin-1")
        found = [match for match in _SIGNS.finditer(source) if not _is_comment(source, match.start())]
        if not found:
            return None
        match = s.rng.choice(found)
        return _written(s, path, source, match.start(), match.end(), s.rng.choice(("", match[0] * 2)))

    return _drawn(s, draw, "php-parse-error", _MISREAD, hidden=s.place.setup.name == "ovh")


@case(SHOWN, *_WITH_FOLDERS, times=3)
def folder_has_another_name(s: Scene) -> Truth:
    def draw(s: Scene, files: list[str]) -> Damage | None:
        folder = posixpath.dirname(_one(s, files))
        while s.rng.random() < 0.4 and "/" in folder:
            folder = posixpath.dirname(folder)
        if folder in ("", s.www):
            return None
        above, _, name = folder.rpartition("/")
        other = s.rng.choice((name.capitalize(), name.upper(), f"{name}-old", f"{name}_bak", f"_{name}", f"{name}.1", f"{name} (1)"))
        if other == name:
            return None
        new = f"{above}/{other}".lstrip("/")
        below = tuple(path for path in files if path.startswith(f"{folder}/"))
        return Damage(
            folder,
            renamed(s, folder, new),
            paths=(new, *below),
            names=(folder, *(posixpath.basename(path).removesuffix(".php") for path in below)),
        )

    return _drawn(s, draw, "php-missing-file", _GONE + ("wordpress-plugin", "wordpress-theme", "wordpress-core-file"))


@case(("plain", "shared", "fcgid", "ovh", "own-log"), "static", "php", "wordpress", "laravel", "codeigniter3", times=3)
def htaccess_is_damaged(s: Scene) -> Truth:
    path = s.at(".htaccess")
    around = blocks(s.rng, 3, 7)
    s.keep(path, text([*around, BLOCK] if s.path(s.at("wp-includes")).exists() else around))

    def draw(s: Scene, _files: list[str]) -> Damage | None:
        lines = s.read(path).decode("latin-1").split("\n")[:-1]
        first, second = s.rng.sample(range(len(lines)), 2)
        touched: tuple[int, ...] = (first + 1,)
        how, words_ = s.rng.random(), lines[first].split(" ")
        if _is_comment(lines[first], 0):
            return None
        if how < 0.35:
            lines[first], lines[second] = lines[second], lines[first]
            touched = (first + 1, second + 1)
            if "<" in (lines[first] + lines[second]):  # sections out of order: at any of their lines
                touched = (*touched, *(number for number, line in enumerate(lines, 1) if line.strip().startswith("<")))
        elif how < 0.7 and (long := [word for word in words_ if len(word) > 3]):
            old = s.rng.choice(long)
            lines[first] = lines[first].replace(old, words.misspelt(s.rng, old, frozenset()), 1)
        elif signs := [at for at, sign in enumerate(lines[first]) if sign in '<>"[]()%{}^$,= ']:
            at = s.rng.choice(signs)
            lines[first] = lines[first][:at] + lines[first][at + 1 :]
        else:
            return None
        return Damage(path, changed(s, path, ("\n".join(lines) + "\n").encode("latin-1")), touched)

    return _htaccess_truth(s, _drawn_500(s, draw), path)


def _drawn_500(s: Scene, draw: Draw) -> tuple[Damage, Seen]:
    watch = Watch(s)
    for _ in range(_DRAWS):
        damage = draw(s, [])
        if damage is None:
            continue
        seen = watch.seen("/")
        if seen.status == 500:
            return damage, seen
        damage.undo()
        watch.forget()
    raise LookupError(f"no .htaccess in {_DRAWS} draws was refused")


def _htaccess_truth(s: Scene, found: tuple[Damage, Seen], path: str) -> Truth:
    damage, _seen = found
    return Truth("htaccess-invalid-directive", path, damage.lines, _HTACCESS)


@case(SHOWN, *_WITH_SETTINGS, times=3)
def value_of_a_setting_is_wrong(s: Scene) -> Truth:
    def draw(s: Scene, files: list[str]) -> Damage | None:
        beside = [name for name in (s.at(".env"), ".env", "app/.env", "project/.env", ".env.local") if s.path(name).is_file()]
        known = [name for name in {*files, *beside} if _SETTINGS.search(name)]
        if not known:
            raise LookupError("no settings here")
        path = s.rng.choice(sorted(known))
        source = s.read(path).decode("latin-1")
        found = [match for match in _VALUE.finditer(source) if not _is_comment(source, match.start())]
        if not found:
            return None
        match = s.rng.choice(found)
        group = match.lastindex or 1
        value, end = match[group], match.end(group)
        if s.rng.random() < 0.6:
            new = words.misspelt(s.rng, value, frozenset())
        else:
            new = value[: s.rng.randrange(1, len(value))]
            end += s.rng.choice((0, 0, 1))  # the quote, too
        return _written(s, path, source, match.start(group), end, new)

    return _drawn(
        s,
        draw,
        "database-access-denied",
        (*_DATABASE, *_MISREAD, "file-unreadable", "wordpress-core-file", "application-answers-500"),
        hidden=True,
    )
