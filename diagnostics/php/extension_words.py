# ruff: noqa: E501 (a pattern stays in one piece)
"""Which extensions of PHP a program misses, by words of its own or by what its code asks just before it gives up. PURE.

Words as programs have them: Composer's platform check, MediaWiki includes/PHPVersionCheck.php, WordPress wp-includes/load.php, Joomla,
Nextcloud, Moodle, phpMyAdmin, and scripts of people's own. Names are those of PHP's manual, and what people call them.
"""

from __future__ import annotations

import re
from functools import lru_cache

from diagnostics.php import extensions

_CALLED = {
    "gd2": "gd", "imagemagick": "imagick", "libcurl": "curl", "multibyte string": "mbstring", "multibyte": "mbstring",
    "internationalization": "intl", "openssl": "openssl", "pdo mysql": "pdo_mysql", "pdo_mysql": "pdo_mysql", "pdo-mysql": "pdo_mysql",
    "pdo_pgsql": "pdo_pgsql", "pdo_sqlite": "pdo_sqlite", "sqlite": "sqlite3", "mysql": "mysqli", "mysqlnd": "mysqlnd", "ziparchive": "zip",
    "bcmath": "bcmath", "libsodium": "sodium", "file info": "fileinfo", "opcache": "opcache", "postgresql": "pgsql", "ioncube": "ionCube Loader",
    "dom": "dom", "sqlsrv": "sqlsrv", "pdo_sqlsrv": "sqlsrv", "oci8": "oci8", "geoip": "geoip", "brotli": "brotli", "swoole": "swoole",
    "json": "json", "hash": "hash", "xdebug": "xdebug",
}  # fmt: skip
# Words of every day and names of programs' own parts: they are meant only where PHP is named with them.
_COMMON = frozenset(
    {"amqp", "calendar", "ctype", "event", "ev", "filter", "hash", "http", "json", "oauth", "ps", "session", "stats", "uuid", "uv", "sync"}
)
_EXTENSION = r"(?:extension|extensi[oó]n|erweiterung|estensione|extensie|rozszerzeni[ea]|extensões|extensão|extensiones)(?:s|en|es|i)?"
_PART = rf"(?:{_EXTENSION}|modules?|moduls?|modulen?|modulo|módulo|bibliothek|librar(?:y|ies))"
_WANTS = re.compile(
    r"\brequire[ds]?\b|\brequirements?\b|\bneed(?:s|ed)?\b|\bmiss(?:es|ing)\b|\black(?:s|ing)?\b|\b(?:not|n't|never|cannot|must) (?:\w+ ){0,2}(?:loaded|installed|enabled|available|found|present|activ\w+|compiled|supported|load|find|there)"
    r"|\binstall(?:ed|ing)?\b|\b(?:en|dis)abled?\b|\bactivated?\b|\bunavailable\b|\babsent\b|\bmust have\b|\bwithout\b"
    r"|\bfehl(?:t|en|ende[nrs]?)\b|\bbenötig\w*|\berforderlich\w*|\binstallier\w*|\baktivier\w*|\bnicht (?:\w+ )?(?:geladen|installiert|verfügbar|vorhanden|aktiv)"
    r"|\brequis\w*|\bmanqu\w*|\bnécessaire\w*|\bactivez\b|\binstallez\b|\bn'est pas (?:chargée|installée|activée|disponible)"
    r"|\bfalta[n]?\b|\brequerid\w*|\bnecesit\w*|\brequier\w*|\binstal\w+|\bhabilit\w*|\bmanca\w*|\brichiest\w*|\bnecessari\w*"
    r"|\bvereist\w*|\bontbre\w*|\bbenodigd\w*|\bnodig\b|\bwymagan\w*|\bbrak\w*",
    re.IGNORECASE,
)  # fmt: skip
_LIST = re.compile(
    rf"(?:required|missing|following|necessary|fehlende[nr]?|benötigte[nr]?|folgende[nr]?|manquantes?|requises?|suivantes?)\b[^.!?]{{0,60}}?\b{_EXTENSION}|{_EXTENSION}\b[^.!?]{{0,80}}?\b(?:required|missing|fehlen|benötigt|manquantes?|requises?)",
    re.IGNORECASE,
)
_NAMELESS = re.compile(
    r"ionCube (?:PHP )?Loader|SourceGuardian|Zend (?:Guard Loader|Optimizer) (?:needs|must|is not)|Zend Guard Loader|could not find driver"
)
_ANY = re.compile(
    rf"PHP[- ]{_EXTENSION}\W{{1,4}}(?P<a>[a-z][\w-]{{1,29}})\b|[\"'`“](?P<b>[a-z][\w-]{{1,29}})[\"'`”] PHP[- ]{_EXTENSION}", re.IGNORECASE
)
_PLACE = re.compile(r" in (?:/|[A-Za-z]:[\\/])[^\n]{1,600}?(?::\d+| on line \d+)")
_PATHS = re.compile(r"(?<![\w/])(?:/|[A-Za-z]:\\)[^\s'\"()<>]{1,600}")
_OF_FILES = re.compile(r"\b(?:file(?:name)?s?|uploads?|allowed|mime|datei\w*|fichiers?|de archivos?)\W{1,3}(?:\Z|extension)", re.IGNORECASE)
_NEAR, _LISTED = 160, 400  # characters around the name in which it is said what is the matter with it, and behind the head of a list
_NO_NAMES = frozenset({"is", "are", "was", "not", "for", "and", "the", "to", "must", "required", "missing", "needed", "that", "which", "or", "could", "should", "can", "you", "has", "have", "in", "of", "on", "manager", "requirements", "directory", "dir", "loaded", "installed", "enabled", "available", "with", "by", "from"})  # fmt: skip


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """What an extension may be called, in small letters -> its name."""
    known = {name: name for name in extensions.names() if name not in extensions.ALWAYS}
    return known | _CALLED


@lru_cache(maxsize=1)
def _forms() -> tuple[re.Pattern[str], ...]:
    plain = "|".join(sorted((re.escape(name) for name in _names()), key=len, reverse=True))
    name = rf"(?:php[\d.]{{0,4}}[-_])?(?P<name>{plain})"
    return (
        re.compile(
            rf"\b(?P<php>PHP[- ]?)?{_EXTENSION}\b(?P<of> (?:de |di |van |von )?PHP)?(?: (?:named|called|namens))?[\W_]{{1,6}}{name}(?![\w-])",
            re.IGNORECASE,
        ),
        re.compile(
            rf"(?<![\w/-]){name}(?: library)?[\W_]{{1,4}}(?P<php>PHP[- ]?)?{_EXTENSION}\b(?P<of> (?:of|for|in|von|für|de|pour|per|voor) PHP)?",
            re.IGNORECASE,
        ),
        re.compile(rf"\b(?P<php>PHP)[- ]?{_PART}\b[\W_]{{1,6}}{name}(?![\w-])", re.IGNORECASE),
        re.compile(rf"(?<![\w/-]){name}[\W_]{{1,4}}(?P<php>PHP[- ]?){_PART}\b", re.IGNORECASE),
        re.compile(rf"(?<![\w/])(?P<php>ext|php[\d.]{{0,4}})[-/](?P<name>{plain})(?![\w-])", re.IGNORECASE),
    )


def missed(text: str) -> tuple[str, ...]:
    """The extensions that a text says are wanted and not there; ("",) where it says so of one that it does not name by a known name."""
    said = _PATHS.sub(" ", _PLACE.sub(" ", text[:6000]))
    found = [name for form in _forms() for match in form.finditer(said) if (name := _of(match)) and _is_wanted(said, match)]
    for head in _LIST.finditer(said):
        if _OF_FILES.search(said[max(0, head.start() - 20) : head.end()]):
            continue
        found += _listed(said[head.end() : head.end() + _LISTED])
    if not found:
        found = [
            name for match in _ANY.finditer(said)
            if (name := (match["a"] or match["b"]).lower()) not in _NO_NAMES and _is_wanted(said, match)
        ]  # fmt: skip
    if not found and _NAMELESS.search(said):
        return ("",)
    return tuple(dict.fromkeys(found))


def _of(match: re.Match[str]) -> str:
    name = match["name"].lower()
    by_php = match["php"] or match.groupdict().get("of")
    return "" if name in _COMMON and not by_php else _names()[name]


def _is_wanted(said: str, match: re.Match[str]) -> bool:
    """Its sentence, or the beginning of the next, says that it is not there; and it is no file's name that ends so."""
    if _OF_FILES.search(said[max(0, match.start() - 20) : match.start()]) and not match.groupdict().get("php"):
        return False
    return _WANTS.search(said, max(0, match.start() - _NEAR), match.end() + _NEAR) is not None


def _listed(text: str) -> list[str]:
    """The names of a list that follows its head: as long as one follows the other after little else."""
    found: list[str] = []
    plain = re.compile(r"[A-Za-z][\w+]*(?:[-_]\w+)*")
    since = 0
    for word in plain.finditer(text):
        name = _names().get(re.sub(r"^(?:ext|php[\d.]*)[-_]", "", word[0].lower()))
        if name is not None:
            found.append(name)
            since = word.end()
        elif word.start() - since > 60:
            break
    return found


# --- what the code asks ------------------------------------------------------------------------------------
_ASKS = re.compile(
    r"!\s*+\\?(?P<how>extension_loaded|function_exists|class_exists|interface_exists|defined|is_callable)\s*+\(\s*+(?:(?P<quote>['\"])(?P<name>[\w\\]{1,100})(?P=quote)|\$\w{1,60})"
    r"|\\?(?P<how2>extension_loaded|function_exists|class_exists)\s*+\(\s*+['\"](?P<name2>[\w\\]{1,100})['\"]\s*+\)\s*+===?\s*+false",
    re.IGNORECASE,
)
_GIVES_UP = re.compile(r"\b(?:throw|die|exit|trigger_error|wp_die|abort|http_response_code|header)\b", re.IGNORECASE)
_BEFORE = 10  # lines
_STRINGS = re.compile(r"'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\"")


def asked_before(source: str, line: int, words: str) -> str:
    """The extension that the code asked for just before it gave up on this line, over one that is not there; "" for none.

    `words`: what was said as it did, which holds the name where the code keeps it in a variable.
    """
    lines = source.split("\n")
    above = "\n".join(lines[max(0, line - 1 - _BEFORE) : line])
    asked = list(_ASKS.finditer(above))
    if not asked or not _is_inside(above[asked[-1].end() :]):
        return ""
    last = asked[-1]
    name = last["name"] or last["name2"]
    if name is None:
        return next((_names()[low] for word in re.findall(r"[\w-]{2,30}", words) if (low := word.lower()) in _names()), "")
    return _brings((last["how"] or last["how2"]).lower(), name)


def _brings(how: str, name: str) -> str:
    if how == "extension_loaded":
        return _names().get(name.lower(), name.lower())
    by = {"defined": extensions.extension_of_constant, "class_exists": extensions.extension_of_class}
    by["interface_exists"] = extensions.extension_of_class
    found = by.get(how, extensions.extension_of_function)(name)
    return "" if found in extensions.ALWAYS else found


def _is_inside(code: str) -> bool:
    """Whether the code behind a condition is still in what hangs on it where it gives up."""
    plain = _STRINGS.sub("''", code)
    end = next((each.start() for each in reversed(list(_GIVES_UP.finditer(plain)))), -1)
    if end < 0:
        return False
    before = plain[:end]
    opened = before.count("{") - before.count("}")
    return opened > 0 or (opened == 0 and "{" not in before and ";" not in before)
