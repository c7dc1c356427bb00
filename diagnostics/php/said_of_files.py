# ruff: noqa: E501 (a pattern stays in one piece)
"""What a message of a program says of files that are not its own code: settings it cannot read, things that are not there, folders
that it may not write into. PURE.

Words as their sources have them: vlucas/phpdotenv and symfony/dotenv, symfony/yaml ParseException, symfony/http-kernel Kernel::buildContainer,
Monolog StreamHandler, CodeIgniter system/core, Yii AssetManager, Joomla includes/app.php, phpBB common.php, Nextcloud lib/base.php, Moodle
lib/setuplib.php, MediaWiki NoLocalSettings, Composer's autoloader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SETTINGS_END = r"(?:\.env(?:\.[\w-]{1,30})*|\.(?:ya?ml|json|xml|ini|neon|twig|toml|conf|cfg|tpl|latte|xlf|po|csv|lock))"
# How parsers of YAML, JSON, NEON and XML begin (symfony/yaml Inline and Parser, libyaml, nette/neon).
_AGAINST = (
    r"(?:\b[Uu]nable to parse\b|\bMalformed\b|\bcannot contain tabs\b|\bA colon cannot\b|\bmapping values\b|\bdid not find expected\b|\bfound (?:character|unexpected|duplicate)\b|"
    r"\bDuplicate key\b|\b[Uu]nexpected\b|\b[Ii]ndentation\b|\b(?:not|in)\W?valid\b|\bnot contain valid\b|\b[Pp]ars(?:e|ing) error\b|\b[Ss]yntax error\b|\bcould not (?:be parsed|find expected)\b|"
    r"\b[Rr]eference\b|\bMultiple documents\b|\bUnexpected characters\b)"
)
_SETTINGS_PLACE = (
    re.compile(rf"[\"'( ](?P<path>[\w./@:-]{{0,400}}?{_SETTINGS_END})[\"')]{{0,2}},?(?: at| on|:)? \(?line:? (?P<line>\d{{1,6}})"),
    re.compile(rf"[\"'( ](?P<path>/[^\s\"'()]{{1,400}}?{_SETTINGS_END}):(?P<line>\d{{1,6}})"),
    re.compile(rf"at line (?P<line>\d{{1,6}})[^\n]{{0,200}}? (?:in|of) [\"'(](?P<path>[^\s\"'()]{{1,400}}?{_SETTINGS_END})[\"')]"),
    re.compile(
        rf"on line (?P<line>\d{{1,6}})(?: at column \d{{1,6}})?[^\n]{{0,40}}? (?:in|of) [\"'(](?P<path>[^\s\"'()]{{1,400}}?{_SETTINGS_END})[\"')]"
    ),
    # the file first, then what its parser has against it, then the line
    re.compile(
        rf"(?:\A|[\"'( ])(?P<path>[\w./@-]{{1,400}}?{_SETTINGS_END})[\"')]{{0,2}}:? [^\n]{{0,40}}?{_AGAINST}[^\n]{{0,300}}? (?:at|on) line (?P<line>\d{{1,6}})"
    ),
    re.compile(rf"line (?P<line>\d{{1,6}}) of (?:the )?[\"'(]?(?P<path>[^\s\"'()]{{1,400}}?{_SETTINGS_END})(?![\w.])"),
)
_PATH = re.compile(r"(?<![\w/.:<~-])(?P<path>/(?!/)[^\s:'\"()<>|,;*?\\]{2,400})")
_CUT = re.compile(r"(?:\.{3}|…)\Z")  # PHP's traces end a text so at 15 characters (zend.exception_string_param_max_len)
_GAP = "[…]"  # something was not written here
_LONG = 1800  # characters: a text that is as long may have been ended in the middle of a word (nginx: NGX_MAX_ERROR_STR)
_OWN_PLACE = re.compile(
    r" in /[^\n:]{1,600}?\.(?:php\d?|inc|phtml|module|install|theme|engine)(?:\(\d+\)[^\n]{0,80}?)?(?::\d+| on line \d+)|\nStack trace:.*|\n?#\d+ .*",
    re.DOTALL,
)
_WRITING = re.compile(
    r"\b(?:un|non-)?writ(?:e|able|eable|ing|ten)\b|append mode|\bcreat(?:e|ed|ing)\b|\bmkdir\b|file_put_contents|\btouch\(|\btempnam\b|permissions?\b|"
    r"read-?only",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"not (?:be )?(?:\w+ )?(?:writ|creat|open)|unable to|cannot|can't|could not|failed to|denied|read-?only|must be (?:\w+ )?writ|"
    r"isn't writable|unwritable|no permission",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"(?:unable to (?:read|load|find|locate|open)|cannot (?:read|load|find|open)|could not (?:read|load|find|open)|failed to (?:read|load|open)|"
    r"missing|no such file|not found|does(?:n't| not) exist|is not there|not exists?)\b",
    re.IGNORECASE,
)
_VARIABLE = (
    re.compile(r"Environment variable not found: \"(?P<name>\w{1,80})\""),
    re.compile(r"(?:environment variables? failed assertions|required environment variables?)[^\n]{0,40}?: (?P<name>[A-Z_]{2,80})"),
    re.compile(r"(?:environment|env)(?: variable)? [\"'`]?(?P<name>[A-Z][A-Z0-9_]{2,80})[\"'`]? (?:is|was) (?:not (?:set|defined|found)|missing|empty|required)", re.IGNORECASE),
)  # fmt: skip
_REFUSING = re.compile(
    r"\$\w{2,20}(?:->|\[['\"])(?P<name>\w{3,40})(?:['\"]\])? (?:is not (?:writable|writeable|configured properly|a directory)|does not exist|was not found)"
)
_LARAVELS_KEY = re.compile(r"No application encryption key|Unsupported cipher or incorrect key length")
_NEEDED = re.compile(
    r"(?:\w+::\$?)?(?P<name>[A-Za-z_]\w{3,60})[\"'`]? (?:must be (?:configured|set|defined)|is not (?:configured|set)|has not been (?:set|configured))"
)
_OF_SETTINGS = r"(?:\w{0,40}(?:[sS]ettings|config|parameters|secrets|defines|constants|env)[\w.]{0,40}\.php|\.env[\w.]{0,40}|[\w-]{1,60}\.(?:ya?ml|ini|json|neon|xml|conf|cfg|toml))"
_LACKS = re.compile(
    r"(?:[Mm]issing|[Uu]ndefined|[Nn]o|[Ll]acks?|[Ee]mpty|[Ii]nvalid|not (?:set|defined|configured|given)|(?:be|[Pp]lease|must|[Yy]ou) (?:set|define|configure|add|specif\w+)|needs|requires?)"
    rf"\b[^\n]{{0,160}}? (?:in|of|from|to|into) (?:your |the |a )?(?:(?:settings|configuration|config) )?(?:file )?[\"'`(]?(?P<path>(?:[\w.-]{{1,60}}/){{0,8}}{_OF_SETTINGS})(?![\w/])"
)
_NAMED_KEY = re.compile(
    r"\[\\?['\"](?P<key>\w{3,60})\\?['\"]\]|[\"'`](?P<quoted>[\w.]{3,60})[\"'`]|\b(?P<constant>[A-Z][A-Z0-9]*_[A-Z0-9_]{2,60})\b"
)
_LOST_CLASS = re.compile(r"(?:[Cc]lass|Interface|Trait) [\"'](?P<name>\w{1,80}(?:\\{1,4}\w{1,80}){1,12})[\"'] not found")
# Programs that end by themselves and say which of their files is not there: what they say, and the file ("" is in the words).
_TOLD = (
    (re.compile(r"Your system folder path does not appear to be set correctly"), "system"),
    (re.compile(r"Your (?:application|view) folder path does not appear to be set correctly"), "application"),
    (re.compile(r"No configuration file found and no installation code available"), "configuration.php"),
    (re.compile(r"(?:The )?(?P<path>[\w./-]{0,80}config\.(?:php|inc\.php)) (?:file )?could not be found"), ""),
    (re.compile(r"Please run: bin/grav install"), "vendor/autoload.php"),
    (re.compile(r"\b(?P<path>LocalSettings\.php) (?:not found|is not readable)"), ""),
    (re.compile(r"Composer autoload(?:er)? (?:is )?not found|(?:run|via|use|execute)\W{1,12}(?:php )?composer(?:\.phar)? (?:install|update)|"
                r"(?:dependencies|libraries|vendor(?: folder| directory)?) (?:are|is) (?:missing|not installed)", re.IGNORECASE), "vendor/autoload.php"),
    (re.compile(r"Unable to locate the model you have specified: (?P<path>[\w/]{1,80})"), "application/models/*.php"),
    (re.compile(r"Unable to load the requested file: (?P<path>[\w./-]{1,80})"), "application/views/*.php"),
    (re.compile(r"Unable to load the requested class: (?P<path>[\w./-]{1,80})"), "application/libraries/*.php"),
    (re.compile(r"(?:file|View|Template|Config(?:uration)? file) [\[\"'`]?(?P<path>[\w./-]{2,120}\.(?:php|phtml|tpl|twig|html?|ya?ml|json|xml|ini|neon))[\]\"'`]? "
                r"(?:is missing|(?:was |could )?not (?:be )?(?:found|exist)|does not exist)", re.IGNORECASE), ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """A file or folder by the words of a message: as the server names it, or only its end ("services.yaml", "system")."""

    path: str
    line: int | None = None
    folder: str = ""  # of the program, where such a file lies by default


def settings_place(text: str) -> Named | None:
    """The settings or data file, and its line, that a message complains of."""
    said = _without_own_place(text)
    for form in _SETTINGS_PLACE:
        if match := form.search(said):
            return Named(match["path"], int(match["line"]))
    return None


def not_written(text: str) -> list[Named]:
    """The paths of a message that says that something could not be written or made."""
    said = _without_own_place(text)
    if not (_WRITING.search(said) and _REFUSED.search(said)):
        return []
    return [Named(path) for path in paths_in(said)][:4]


def absent(text: str) -> list[Named]:
    """The paths of a message that says that something is not there, by whole path or by the end of one."""
    said = _without_own_place(text)
    for form, name in _TOLD:
        if match := form.search(said):
            own = match.groupdict().get("path") or ""
            folder, star, end = name.partition("/*")  # CodeIgniter 3 names its own files without their folder and ending
            return [Named(f"{own.removesuffix(end)}{end}", folder=folder) if star else Named(own or name)]
    if not _ABSENT.search(said):
        return []
    return [Named(path) for path in paths_in(said)][:4]


def variable(text: str) -> str:
    """The environment variable that a message misses."""
    return next((match["name"] for form in _VARIABLE if (match := form.search(text))), "")


def setting(text: str) -> str:
    """The setting that a message wants to be made."""
    said = _without_own_place(text)
    match = _NEEDED.search(said)
    return "APP_KEY=" if _LARAVELS_KEY.search(said) else match["name"] if match else ""


def lacking(text: str) -> tuple[str, str] | None:
    """The settings file, by the end of its path, that a message says lacks a value, and the value's name, "" where none is told."""
    match = _LACKS.search(said := _without_own_place(text))
    if match is None:
        return None
    key = _NAMED_KEY.search(said[match.start() : match.start("path")])
    return match["path"], next((value for value in key.groups() if value), "") if key else ""


def lost_class(text: str) -> str:
    """The class with its namespace that a message says is not there."""
    match = _LOST_CLASS.search(text[:3000])
    return re.sub(r"\\+", r"\\", match["name"]) if match else ""


def refusing_setting(text: str) -> str:
    """The setting whose folder a message says is not there or cannot be written (Moodle lib/setup.php)."""
    match = _REFUSING.search(text[:6000])
    return match["name"] if match else ""


def paths_in(text: str) -> list[str]:
    """Every absolute path of a text, without a line behind it; none of which only a part was written."""
    return list(dict.fromkeys(match["path"].rstrip("/.") for match in _PATH.finditer(text) if _is_whole(match)))


def names_path(text: str, path: str) -> bool:
    """Whether a text names this path, or something in it: not one whose last name merely begins so."""
    return path_form(path).search(text) is not None


def path_form(path: str) -> re.Pattern[str]:
    """The path, and not one whose last name merely begins so, nor one of which only the end was written."""
    return re.compile(rf"(?<![\w/.-]){re.escape(path)}(?![\w-]|\.\w|\.{{3}}|…)")


def _is_whole(match: re.Match[str]) -> bool:
    text, (start, end) = match.string, match.span()
    if _CUT.search(match["path"]) or text[end : end + 4].lstrip(" ").startswith(_GAP) or text[:start].rstrip(" ").endswith(_GAP):
        return False
    return end < len(text) or end < _LONG


def _without_own_place(text: str) -> str:
    """The message alone: where PHP was when it said so names code, not what the message is about."""
    head = text[:6000]
    placed = _OWN_PLACE.search(head)
    return (head[: placed.start()] if placed else head)[:3000]
