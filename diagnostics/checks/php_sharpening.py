"""A message of PHP read together with the site's files and settings: they tell which of two causes it is, and which file to repair."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace

from diagnostics.checks.common import failing_pages
from diagnostics.checks.php_messages import PhpMessage
from diagnostics.checks.php_parsing import first_error
from diagnostics.checks.unreached import place_of, told_by_settings
from diagnostics.evidence import Evidence, WrittenPath
from diagnostics.installed import LINE_OF_KEY, OWN_LIMIT
from diagnostics.php import extension_words, handed_data, said_of_files, scanning
from diagnostics.php.database_words import is_refused_by_server
from diagnostics.php.declared import instead_of
from diagnostics.php.scanning import names_of_class
from diagnostics.php.seen import Script, Setting
from diagnostics.php.words import UNTOLD
from sites.texts import mark as _

SMALL_MEMORY = 64 * 1024 * 1024  # bytes; a limit that a site gives itself and that is below this is the site's own fault
_KEY = re.compile(r"No application encryption key|Unsupported cipher or incorrect key length")
_SOURCES = (".php", ".inc")
_ON_THE_WAY = ("part", "included")  # roles of scripts that others require
_DECLARES_OR_LOADS = re.compile(rb"\b(?:class|interface|trait|enum|function|class_alias|(?:require|include)(?:_once)?|return)\b")
_LOST_NAMES = ("php-class-not-found", "php-undefined-function")
_OVER_DATA = ("php-uncaught-exception", "php-version-incompatible-code", "application-answers-500")
_OWN_WORDS = ("php-uncaught-exception", "application-answers-500")
_SHOWS_NOTHING = ("php-uncaught-exception", "php-undefined-function")
RUNS_WHAT_IS_KEPT = _(
    "The code that fails is not written in this file: the line runs code that is kept elsewhere, mostly in the database, as a snippet that "
    "somebody typed into a form."
)
REFUSED_RIGHT = "refused right"  # name among a finding's data, where a database took the login
RIGHT_REFUSED = _("The database lets the site in and refuses what it asks for")
RIGHT_HINT = _(
    "User name and password are right: a right of this database user was taken away or never given. Hosts take the right to write from a "
    "database that is larger than the plan allows. Look at its size in your host's panel, and give its user all rights on it again."
)
_SERVER_HINT = _(
    "User name and password are right: it is a setting of the whole database server that forbids this, as while the host works on it or "
    "where a copy stands in for it that may only be read. Nobody with an account can change that: send your host the line of the log. "
    "Where the line speaks of an option such as --secure-file-priv, the program can be told to do without what that option forbids."
)


_LOCKED_HINT = _(
    "The host has locked this database user, as after a bill that was not paid or while it looks into a misuse. In your host's panel, see "
    "why, unlock the user there, and set a new password for it; then type that password in the step about the database. Where the panel "
    "does not let you unlock it, only the host can."
)
_EXPIRED_HINT = _(
    "The password of this database user is right and has expired. Set a new one in your host's panel, then type it in the step about the "
    "database."
)
_LOCKED = re.compile(r"(?i:account is locked)|[\[(/ ](?:4151|3118)\b|\b(?:4151|3118) ")
_EXPIRED = re.compile(r"password has expired|must (?:SET PASSWORD|reset your password)|[\[(/ ]18(?:20|62)\b|\b18(?:20|62) ")


def hint_of_login(text: str) -> str:
    """What to do about a database user that the host has shut, which no other password alone would open; "" for any other refusal."""
    return _LOCKED_HINT if _LOCKED.search(text) else _EXPIRED_HINT if _EXPIRED.search(text) else ""


def hint_of_refusal(text: str) -> str:
    """What to do about a database that took the login and refused what was asked; `text` has its words."""
    return _SERVER_HINT if is_refused_by_server(text) else RIGHT_HINT


@dataclass(frozen=True, slots=True)
class Sharp:
    """`path` and `line` as shown to people; `more` goes with the summary. `title` and `hint`: "" for those of the cause."""

    cause: str
    also: tuple[str, ...]
    path: str
    line: int | None
    more: str = ""
    title: str = ""
    hint: str = ""
    sure: float = 1.0  # at most how sure a finding can be


def sharpened(message: PhpMessage, path: str, evidence: Evidence) -> Sharp:
    """The message's cause and place, or better ones where files or settings tell."""
    sharp = Sharp(message.cause, message.also, path, message.line)
    if message.is_kept:
        return replace(sharp, more=RUNS_WHAT_IS_KEPT)
    if message.is_right:
        return replace(sharp, title=RIGHT_REFUSED, hint=hint_of_refusal(message.message))
    for look in (_by_login, _by_setting, _by_environment, _by_data, _by_content, _by_missing, _by_guard, _by_page, _by_origin):
        sharp = look(sharp, message, evidence)
    is_refused = sharp.cause == "database-access-denied" and not sharp.hint
    return replace(sharp, hint=hint_of_login(message.message)) if is_refused else sharp


def _instead(sharp: Sharp, cause: str, path: str = "", line: int | None = None, more: str = "") -> Sharp:
    also = tuple(dict.fromkeys(code for code in (sharp.cause, *sharp.also) if code != cause))
    return Sharp(cause, also, path or sharp.path, line if path else sharp.line, more or sharp.more)


def _by_setting(sharp: Sharp, message: PhpMessage, evidence: Evidence) -> Sharp:
    if match := re.search(r"Allowed memory size of (\d+) bytes", message.message):
        own = evidence.php.setting("memory_limit")
        if own and own.size is not None and own.size <= SMALL_MEMORY and abs(own.size - int(match[1])) <= 2 * 1024 * 1024:
            return _instead(sharp, "user-ini-memory-limit-too-low", own.path, own.line)
        if by_itself := _limit_by_settings(int(match[1]), evidence):
            return _instead(sharp, "php-memory-limit", *by_itself)
        return replace(sharp, cause="php-memory-limit") if sharp.cause == "user-ini-memory-limit-too-low" and not own else sharp
    if sharp.cause == "user-ini-bad-prepend":
        for name in ("auto_prepend_file", "auto_append_file"):
            own = evidence.php.setting(name)
            if own and posixpath.basename(own.value) in message.message:
                return _instead(sharp, sharp.cause, own.path, own.line)
    if sharp.cause == "php-missing-file" and (loads := evidence.php.loader_of(sharp.path)) is not None:
        said = _("{path}, line {line}, has PHP load this file with every page.")
        return replace(sharp, more=said.format(path=loads.path, line=loads.line))
    if sharp.cause == "php-max-execution-time":
        own = evidence.php.setting("max_execution_time")
        if own and own.value.isdigit() and 0 < int(own.value) <= 10:
            said = _("{path}, line {line}, allows a page only {seconds} seconds.")
            return replace(sharp, more=said.format(path=own.path, line=own.line, seconds=own.value))
    names = {"open-basedir": "open_basedir", "php-session-path-not-writable": "session.save_path"}
    own = evidence.php.setting(names.get(sharp.cause, "-"))
    return _instead(sharp, sharp.cause, own.path, own.line) if own else sharp


def _by_login(sharp: Sharp, message: PhpMessage, evidence: Evidence) -> Sharp:
    """A database that cannot be used is mended in the settings, not in the code that speaks to it."""
    if not sharp.cause.startswith("database-"):
        return sharp
    if message.also == UNTOLD and (told := told_by_settings(evidence)) is not None:
        return Sharp(told.cause, told.also, told.path, told.line, told.more, sure=told.sure)
    if message.also == UNTOLD:
        return replace(sharp, sure=0.8)
    place = place_of(sharp.cause, evidence, message.message)
    return replace(sharp, path=place[0], line=place[1]) if place else sharp


def _limit_by_settings(limit: int, evidence: Evidence) -> tuple[str, int, str] | None:
    """Where a program's settings file gives PHP itself so little memory: path, line and a sentence."""
    for application in evidence.applications:
        value, _colon, line = application.setting(OWN_LIMIT).partition(":")
        size = Setting("memory_limit", value, "", 0).size
        if line and size is not None and size <= SMALL_MEMORY and abs(size - limit) <= 2 * 1024 * 1024:
            said = _("{path}, line {line}, allows PHP only {value}.")
            return application.settings_path, int(line), said.format(path=application.settings_path, line=line, value=value)
    return None


def _by_environment(sharp: Sharp, message: PhpMessage, evidence: Evidence) -> Sharp:
    """Laravel's key stands in `.env`, wherever its lack is noticed (Illuminate EncryptionServiceProvider, Encrypter)."""
    application = next((each for each in evidence.applications if each.name == "laravel"), None)
    if application is None or not _KEY.search(message.message):
        return sharp
    path = application.settings_path or f"{application.path}/.env"
    more = _("{path} gives no usable APP_KEY.") if application.settings_path else _("There is no {path}, which gives the APP_KEY.")
    line = application.setting(LINE_OF_KEY)
    return replace(sharp, path=path, line=int(line) if line else None, more=more.format(path=path))


def _by_data(sharp: Sharp, message: PhpMessage, evidence: Evidence) -> Sharp:
    """Code that fails over what it read of a file that reads well no longer: that file is to be repaired."""
    if sharp.cause not in _OVER_DATA:
        return sharp
    readers = [each for each in evidence.php.broken if each.by == sharp.path] or list(evidence.php.broken)
    near = sorted(readers, key=lambda each: abs(each.by_line - (sharp.line or 0)) if each.by == sharp.path else 0)
    if not near:
        return sharp
    said = _("{script}, line {number}, reads {path}, which cannot be read any more: {why}.")
    said = said.format(script=near[0].by, number=near[0].by_line, path=near[0].path, why=near[0].why)
    also = tuple(dict.fromkeys(("php-parse-error", sharp.cause, *sharp.also)))
    return Sharp(
        "php-uncaught-exception", tuple(code for code in also if code != "php-uncaught-exception"), near[0].path, near[0].line, said
    )


def over_data(cause: str, message: PhpMessage, path: str, evidence: Evidence) -> bool:
    """Whether what looks like a matter of PHP's version is one of data that the failing line was handed."""
    if cause != "php-version-incompatible-code" or not handed_data.is_refused_type(message.message) or not message.line:
        return False
    script = script_at(path, evidence)
    return script is not None and handed_data.is_from_outside(script.content, message.line)


def _by_origin(sharp: Sharp, message: PhpMessage, evidence: Evidence) -> Sharp:
    if sharp.path and over_data(sharp.cause, message, sharp.path, evidence):
        return _instead(sharp, "php-uncaught-exception", more=_("It works on data from elsewhere, which are not what it takes them for."))
    return sharp


def script_at(path: str, evidence: Evidence) -> Script | None:
    return next((script for script in evidence.php.scripts if script.path == path), None)


def _by_content(sharp: Sharp, message: PhpMessage, evidence: Evidence) -> Sharp:
    script = script_at(sharp.path, evidence)
    codes = (sharp.cause, *sharp.also)
    if script is None:
        return sharp
    if "php-byte-order-mark" in codes:
        marked = scanning.encoding_mark(script.content) == "utf-8"
        return sharp if marked else replace(sharp, cause="php-parse-error" if sharp.cause == "php-byte-order-mark" else sharp.cause)
    if "php-truncated-file" in codes:
        return _ended(sharp, script)
    if "php-parse-error" in codes:
        return _misread(sharp, script, message)
    return sharp


def _ended(sharp: Sharp, script: Script) -> Sharp:
    """PHP complains at the file's end: it was cut off, or a bracket was forgotten."""
    ending = scanning.ending(script.content)
    if ending is None or ending.is_cut_off or scanning.is_empty(script.content):
        return sharp
    if sharp.cause == "php-truncated-file":
        return replace(sharp, cause="php-parse-error", also=("php-truncated-file", *sharp.also))
    return replace(sharp, also=tuple("php-parse-error" if code == "php-truncated-file" else code for code in sharp.also))


def _misread(sharp: Sharp, script: Script, message: PhpMessage) -> Sharp:
    if line := scanning.conflict_line(script.content):
        return replace(sharp, line=line if sharp.line is None else sharp.line, more=_("An unfinished merge left its marks in the file."))
    if scanning.strange_blank(script.content, message.line):
        return replace(sharp, more=_("The line holds a blank that PHP does not take for one, as text copied from a web page does."))
    ending = scanning.ending(script.content)
    at_end = ending is not None and message.line is not None and message.line >= ending.last_line
    if ending is not None and at_end and ending.is_cut_off and sharp.cause == "php-parse-error":
        return _instead(sharp, "php-truncated-file")
    # Only of words in an unexpected place: texts, numbers and indentations are refused by every version alike.
    if sharp.cause == "php-parse-error" and "syntax error" in message.message and first_error(script.content) is None:
        return _instead(sharp, "php-version-incompatible-code", more=_("The file reads well for another version of PHP."))
    return sharp


def _by_missing(sharp: Sharp, message: PhpMessage, evidence: Evidence) -> Sharp:
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    names = [entry.path for entry in (*tree, *evidence.beside)]
    if sharp.cause == "php-missing-file":
        match = re.search(r"(?:Failed opening (?:required )?'|\((?=/))([^'()]+)", message.message)
        wanted = match[1] if match else ""
        if lost := next((link for link in evidence.links if not link.target and f"/{link.path}/" in wanted), None):
            more = _("{path} is a link to something that is not there, or leads round in a circle.").format(path=lost.path)
            return replace(sharp, path=lost.path, line=None, more=more)
        if "/vendor/" in f"/{wanted}" and not any("/vendor/" in f"/{name}/" for name in names):
            return replace(
                sharp, more=_("The folder “vendor” is missing as a whole: the libraries were not uploaded, or composer was not run.")
            )
        return _other_case(sharp, wanted, names)
    match = re.search(r"(?:[Cc]lass|Interface|Trait|Enum) [\"']?([\w\\]+)[\"']? not found", message.message)
    if sharp.cause == "php-class-not-found" and match:
        if empty := emptied(match[1].rpartition("\\")[2], evidence):
            return _instead(sharp, "php-truncated-file", empty, None, _what_is_left(empty, evidence))
        if (cut := _ends_before(match[1], evidence)) is not None:
            more = _("{path} bears its name and ends before the class begins.").format(path=cut.path)
            return _instead(sharp, "php-truncated-file", cut.path, cut.content.count(b"\n") + 1, more)
        if (other := _misnamed(match[1], evidence)) is not None:
            return replace(sharp, path=other.path, line=other.line, more=other.more)
        sharp = _other_case(sharp, match[1].replace("\\", "/").rsplit("/", 1)[-1] + ".php", names, is_class=True)
    if sharp.cause == "php-class-not-found" and (listed := _listed(message.message, evidence)):
        return replace(sharp, path=listed.path, line=listed.line, more=_("This line asks for a class that is not on this account."))
    if sharp.cause in _LOST_NAMES and (empty := _emptied_on_the_way(sharp.path, evidence)):
        return _instead(sharp, "php-truncated-file", empty, None, _what_is_left(empty, evidence))
    return sharp


def _by_guard(sharp: Sharp, message: PhpMessage, evidence: Evidence) -> Sharp:
    """Code that gives up right after it asked for a part of PHP: that part is not there, whatever it says of it."""
    script = script_at(sharp.path, evidence) if sharp.cause in _OWN_WORDS and sharp.line else None
    if script is None or sharp.line is None:
        return sharp
    name = extension_words.asked_before(script.content.decode("utf-8", "replace"), sharp.line, message.message)
    more = _("The code asks for PHP's extension {name} just before, and gives up without it.").format(name=name)
    return _instead(sharp, "php-missing-extension", more=more) if name else sharp


def _ends_before(name: str, evidence: Evidence) -> Script | None:
    """The file that by its own name holds this class, begins like it, and ends before it."""
    space, _slash, short = name.rpartition("\\")
    wanted = names_of_class(short)
    begin = re.compile(rb"^\s*namespace\s+" + re.escape(space.encode()) + rb"\s*;", re.MULTILINE) if space else None
    for script in evidence.php.scripts:
        if not script.is_whole or posixpath.basename(script.path).lower() not in wanted or not script.content.lstrip().startswith(b"<?php"):
            continue
        if (begin is None or begin.search(script.content)) and not _DECLARES_OR_LOADS.search(script.content):
            return script
    return None


def _misnamed(name: str, evidence: Evidence) -> Sharp | None:
    """The file that by its own name holds this class, and calls it otherwise."""
    wanted = names_of_class(name.rpartition("\\")[2])
    alike = [script for script in evidence.php.scripts if posixpath.basename(script.path).lower() in wanted]
    found = [(script, other) for script in alike if (other := instead_of(name, script.content)) is not None]
    if len(found) != 1:
        return None
    script, (other, line) = found[0]
    more = _("{path}, line {line}, bears its name and declares “{other}” instead.").format(path=script.path, line=line, other=other.name)
    return Sharp("", (), script.path, line, more)


def _listed(text: str, evidence: Evidence) -> WrittenPath | None:
    """The line of a list of classes (Laravel's providers and their cache, Symfony's bundles) that asks for one that is not there."""
    name = said_of_files.lost_class(text)
    return next((each for each in evidence.written if name and each.value.replace("\\\\", "\\") == name), None)


def _emptied_on_the_way(path: str, evidence: Evidence) -> str:
    """A file with nothing in it that the failing script names, or one that it requires: what it misses stood there."""
    ways = [script for script in evidence.php.scripts if script.path == path or script.role in _ON_THE_WAY]
    empty = [name for name in _hollow(evidence) if name.endswith(_SOURCES)]
    named = [name for name in empty if any(posixpath.basename(name).encode("utf-8", "replace") in script.content for script in ways)]
    return named[0] if len(named) == 1 else ""


def _hollow(evidence: Evidence) -> list[str]:
    """The files without a byte, or with none but zeros, which a machine leaves that went down while it wrote."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    return [each.path for each in entries if each.kind == "file" and each.size == 0] + [
        script.path for script in evidence.php.scripts if script.content and not script.content.strip(b"\0")
    ]


def _what_is_left(path: str, evidence: Evidence) -> str:
    script = script_at(path, evidence)
    if script is not None and script.content:
        return _("The file holds nothing but zeros, as it does when a machine goes down or a disk is full while it is written.")
    return _("The file is empty.")


def emptied(name: str, evidence: Evidence) -> str:
    """The file that by its name holds this class and has nothing in it: an upload that broke off, or a full disk."""
    wanted = names_of_class(name)
    return next((path for path in _hollow(evidence) if posixpath.basename(path).lower() in wanted), "")


def _other_case(sharp: Sharp, wanted: str, names: list[str], *, is_class: bool = False) -> Sharp:
    """Windows and macOS take `foo.php` for `Foo.php`; Linux does not. The file of a class is looked for by the class's own letters."""
    base = posixpath.basename(wanted)
    parent = posixpath.basename(posixpath.dirname(wanted))
    alike = [name for name in names if posixpath.basename(name).lower() == base.lower() and base]
    if any(posixpath.basename(name) == base and parent in ("", ".", posixpath.basename(posixpath.dirname(name))) for name in alike):
        return sharp
    other = next((name for name in alike if posixpath.basename(name) != base), "")
    if other:
        more = _("There is {other}: here capital and small letters are different names.").format(other=other)
        return replace(sharp, path=other, line=None, more=more) if is_class else replace(sharp, more=more)
    return sharp


def _by_page(sharp: Sharp, message: PhpMessage, evidence: Evidence) -> Sharp:
    """An error on a page that is empty and says that all is well."""
    pages = failing_pages(evidence.site)
    if not pages or any(page.kind != "white-page" for page in pages):
        return sharp
    if sharp.cause in _SHOWS_NOTHING:
        return _instead(sharp, "php-fatal-hidden")
    return replace(sharp, also=(*sharp.also, "php-fatal-hidden"))
