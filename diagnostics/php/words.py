"""Which cause the words of a PHP error name, before its place is looked at: PHP's own messages, and those of common libraries.

Messages were read in PHP's sources (Zend/zend_execute.c, zend_compile.c, main/main.c, main/fopen_wrappers.c) and Composer's platform check.
"""

from __future__ import annotations

import re

from diagnostics.php import extension_words, extensions, versions
from diagnostics.php.database_words import cannot_connect, database_cause
from diagnostics.php.versions import Version

# What a PHP version refuses that an earlier one took, as PHP words it (Zend/zend_compile.c, zend_operators.c, zend_language_parser.y).
_INCOMPATIBLE = re.compile(
    r"Unsupported operand types|(?:Array and string offset|Accessing .{0,200}) ?(?:access syntax )?with curly braces|Unparenthesized `|"
    r"Cannot use '(?i:match|mixed|enum|readonly|never|static|string|int|float|bool|iterable|object|null|void)' as |"
    r"Non-static method .{0,300} cannot be called statically|__autoload\(\) (?:is no longer supported|must take)|"
    r"unexpected (?:token|identifier) \"(?:match|enum|readonly|fn|mixed|never)\"|Call-time pass-by-reference has been removed|"
    r"unexpected '(?:match|fn|enum|readonly|\?->|\?|\||:|\.\.\.|=>|#\[)'|expecting variable \(T_VARIABLE\)|"
    r"Cannot use empty list|Cannot re-assign \$this|Required parameter .{0,300} follows optional|"
    r"The (?:each|create_function)\(\) function|Attempt to assign property \"[^\"]*\" on (?:null|string|int|bool|array)|"
    # Of PHP's own functions; `false` is what a call gave that failed, and the site's own functions want the same of every version.
    r"TypeError: [a-z_0-9]+\(\): Argument #\d+ (?:\(\$\w+\) )?must be of type [^,]{1,80}, (?:null|string|int|array|float) "
    r"given(?!, called in)|"
    r"TypeError: Cannot access offset of type \w+ on string|ValueError: [a-z_0-9]+\(\): Argument #\d+|"
    r"Your Composer dependencies require a PHP version|requires? (?:at least )?PHP (?:version )?(?:>= ?)?[\"']?\d\.\d|"
    r"Unknown named parameter|unset\) cast is no longer supported|The \(real\) cast"
)
_CLASH = re.compile(
    r"Declaration of [^\n]{1,600}?\)(?:: (?P<gives>[^\s()]{1,200}))? must be compatible with "
    r"(?P<parent>[\w\\]{1,200})::\w{1,100}\([^\n]{0,600}?\)(?:: (?P<wanted>[^\s()]{1,200}))?(?= in (?:/|[A-Za-z]:)|$)",
    re.MULTILINE,
)
_HANDED = re.compile(r"TypeError: [\w\\:]+\(\): Argument #\d+")
_NO_WRITING = re.compile(
    r"append mode|file_put_contents|fopen\([^)]{0,1000}, ?[\"']?[waxc]|mkdir\(\)|[Uu]nable to (?:create|write)|not writable|isn't writable|"
    r"valid cache path|Failed to (?:create|write)|Unable to create (?:lockable|the)|could not be (?:created|written)|"
    r"present and writable|attempt to write a readonly database"
)
_PARSING = re.compile(r"Parse error|syntax error|\bParseError\b|\bUn(?:closed|matched) '[(\[{)\]}]'|\bUnterminated comment starting line")
_TINY = 8 * 1024 * 1024  # bytes below which no common program starts
_ASKED_AT = re.compile(r" in (?P<path>/[^\n]{1,600}?)(?: on line |:)(?P<line>\d{1,7})\b")
_OPENING = re.compile(r"Failed opening (?:required )?|[Ff]ailed to open stream")
UNTOLD = ("database-access-denied", "database-missing")  # what it may be as well where a program keeps the driver's words to itself
Causes = tuple[str, tuple[str, ...]]  # the most specific code, and others that fit


def causes_of(head: str, before: str = "", *, in_unknown: bool = False, running: Version | None = None) -> Causes:
    """`head`: the message without its trace. `before`: warnings of the same request. `in_unknown`: PHP names no file ("Unknown")."""
    if _PARSING.search(head[:300]) and "SQLSTATE" not in head[:300]:
        return _syntax(head), ()
    if found := database_cause(head):
        return found[0], ()
    for look in (_limits, _missing, _files):
        if found := look(head, before, in_unknown, running):
            return found
    if cannot_connect(head):
        told = database_cause(before)
        cause = told[0] if told else "database-server-down"
        return cause, () if told else UNTOLD
    if _INCOMPATIBLE.search(head):
        return "php-version-incompatible-code", ("php-uncaught-exception",) if "Uncaught" in head else ()
    if "must be compatible with" in head:
        pair = ("php-version-incompatible-code", "php-uncaught-exception")
        return (pair[0], ()) if _is_of_version(head, running) else (pair[1], pair[:1])
    if _HANDED.search(head):
        return "php-uncaught-exception", ("php-version-incompatible-code",)
    return "php-uncaught-exception", ("php-undefined-function",) if "Call to undefined method" in head else ()


def _is_of_version(head: str, running: Version | None) -> bool:
    """Whether PHP 8 is what refuses this method. PHP 7 warned of one of a class, and refused others as PHP 8 does: of an interface, and
    one without the return type that is asked for (Zend/zend_inheritance.c). Then two copies of a library met that do not fit each other."""
    clash = _CLASH.search(head)
    if clash is None or extensions.extension_of_class(clash["parent"]):
        return True
    lacks_type = clash["wanted"] is not None and clash["wanted"] != clash["gives"]
    return not (lacks_type or clash["parent"].endswith("Interface") or (running is not None and running < (8, 0)))


def _syntax(head: str) -> str:
    if _INCOMPATIBLE.search(head):
        return "php-version-incompatible-code"
    return (
        "php-truncated-file"
        if re.search(r"Unclosed '(?![^\n]{1,40}does not match)|[Uu]nterminated comment|unexpected end of file|unexpected \$end", head)
        else "php-parse-error"
    )


def _limits(head: str, before: str, in_unknown: bool, running: Version | None) -> Causes | None:
    if match := re.search(r"Allowed memory size of (\d+) bytes exhausted", head):
        return ("user-ini-memory-limit-too-low" if int(match.group(1)) < _TINY else "php-memory-limit"), ()
    if re.search(r"Out of memory \(allocated", head):
        return "php-memory-limit", ()
    if re.search(r"Maximum execution time of \d+(?:\+\d+)? seconds? exceeded", head):
        return "php-max-execution-time", ()
    return None


def _missing(head: str, before: str, in_unknown: bool, running: Version | None) -> Causes | None:
    if match := re.search(r"Call to undefined function ([\w\\]+)\(\)", head):
        return _function(match.group(1), running)
    if match := re.search(r"(?:[Cc]lass|Interface|Trait|Enum) [\"']?([\w\\]+)[\"']? not found", head):
        return _class(match.group(1), running)
    if match := re.search(r"Undefined (?:class )?constant [\"']?([\w\\:]+)", head):
        return _constant(match.group(1))
    if extension_words.missed(head):
        return "php-missing-extension", ()
    if match := re.search(r"Cannot redeclare (?:function )?(\w+)\(\)", head):
        return ("php-version-incompatible-code", ("php-uncaught-exception",)) if versions.function_since(match.group(1)) else None
    return None


def _function(name: str, running: Version | None) -> Causes:
    bare = name.rsplit("\\", 1)[-1]
    if versions.function_gone(bare, running):
        return "php-removed-function", ("php-undefined-function",)
    since = versions.function_since(bare)
    if since and (running is None or running < since):
        return "php-version-incompatible-code", ("php-undefined-function",)
    extension = extensions.extension_of_function(bare)
    # One that every PHP has was switched off by the host: since PHP 8 such a function is undefined (disable_functions).
    return ("php-missing-extension", ("php-undefined-function",)) if extension else ("php-undefined-function", ())


def _class(name: str, running: Version | None) -> Causes:
    since = versions.class_since(name)
    if since and (running is None or running < since):
        return "php-version-incompatible-code", ("php-class-not-found",)
    extension = extensions.extension_of_class(name)
    if extension and extension not in extensions.ALWAYS:
        return "php-missing-extension", ("php-class-not-found",)
    return "php-class-not-found", ()


def _constant(name: str) -> Causes:
    extension = extensions.extension_of_constant(name) if "::" not in name else extensions.extension_of_class(name.partition("::")[0])
    if extension and extension not in extensions.ALWAYS:
        return "php-missing-extension", ("php-uncaught-exception",)
    return "php-uncaught-exception", ()


def _files(head: str, before: str, in_unknown: bool, running: Version | None) -> Causes | None:
    said = f"{before}\n{head}"
    if re.search(r"(?:Namespace declaration|strict_types declaration).{0,20} (?:statement )?(?:has to|must) be the very first", head):
        return "php-byte-order-mark", ()
    if re.search(r"errno=28|No space left on device|Disk quota exceeded|possibly out of free disk space", said):
        return "disk-full", ()
    if re.search(r"session_start\(\): (?:open\(|Failed to read session data|mkdir\()", head):
        return "php-session-path-not-writable", ("php-uncaught-exception",) if "Uncaught" in head else ()
    if _OPENING.search(head):
        return _unopened(head, before, in_unknown)
    if "open_basedir restriction" in head:
        return "open-basedir", ()
    if _NO_WRITING.search(head) and re.search(
        r"[Pp]ermission denied|writable|[Uu]nable to (?:create|write)|valid cache path|readonly", head
    ):
        return "folder-not-writable", ()
    return None


def _unopened(head: str, before: str, in_unknown: bool) -> Causes:
    """The fatal says only that a file could not be opened; the warning before it says why."""
    said = f"{_of_same_file(head, before)}\n{head}"
    if "open_basedir restriction" in said:
        return "open-basedir", ()
    if re.search(r"ailed to open stream: Permission denied", said):
        return ("folder-not-writable" if _NO_WRITING.search(head) else "file-unreadable"), ()
    if in_unknown:
        return "user-ini-bad-prepend", ("php-missing-file",)
    return "php-missing-file", ()


def _of_same_file(head: str, before: str) -> str:
    """Of the warnings those that name the file that could not be opened, or that the same line gave: they name where a link leads."""
    match = re.search(r"Failed opening (?:required )?'([^']+)'", head)
    place = _ASKED_AT.search(head, match.end()) if match else None
    same = re.compile(rf" in {re.escape(place['path'])} on line {place['line']}\b") if place else None
    return "\n".join(line for line in before.split("\n") if match is None or match.group(1) in line or (same and same.search(line)))


_WARNED = re.compile(
    r"PHP Warning:\s+(?P<verb>\w+)\((?P<what>[^\n]{0,600}?)\): (?:[Ff]ailed to open stream: )?"
    r"(?P<why>Permission denied|No such file or directory) in (?P<path>/[^\n]{1,600}?) on line (?P<line>\d+)"
)
_LOADING = ("include", "include_once", "require", "require_once")
_WRITING = ("file_put_contents", "fopen", "mkdir", "touch", "tempnam", "copy", "rename", "move_uploaded_file", "imagejpeg", "imagepng")
_LACKING = ("php-undefined-function", "php-class-not-found")


def root_in_warnings(general: str, before: str) -> tuple[str, str, int] | None:
    """Where a warning of the same request says what brought the error about: its cause, and where it was."""
    for match in reversed(list(_WARNED.finditer(before))):
        denied, place = match["why"] == "Permission denied", (match["path"], int(match["line"]))
        if match["verb"] in _LOADING and general in _LACKING:
            return ("file-unreadable" if denied else "php-missing-file"), *place
        if match["verb"] in _WRITING and denied and general == "php-uncaught-exception":
            return "folder-not-writable", *place
    return None
