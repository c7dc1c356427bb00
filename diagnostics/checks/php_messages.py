"""Which cause a message of PHP names, by what it says and where it says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLACE = re.compile(r" in (/[^\n]*?|[A-Za-z]:[^\n]*?|Unknown)(?:\(\d+\))?(?: : [^\n]*)?(?: on line |:)(\d+)")
_FATAL = re.compile(r"PHP (?:Fatal|Parse|Recoverable fatal|Compile) error:|^(?:Fatal|Parse) error:")
_WORDPRESS = (
    (re.compile(r"/wp-content/plugins/([^/\s:]+)"), "wordpress-plugin"),
    (re.compile(r"/wp-content/themes/([^/\s:]+)"), "wordpress-theme"),
    (re.compile(r"/wp-content/mu-plugins/([^/\s:]+)"), "wordpress-mu-plugin"),
    (re.compile(r"/wp-content/(object-cache|advanced-cache|db|db-error|sunrise|maintenance|fatal-error-handler)\.php"), "wordpress-dropin"),
    (re.compile(r"/(wp-includes|wp-admin)/"), "wordpress-core-file"),
)
_EXTENSION_FUNCTIONS = {
    "mysqli_": "mysqli", "mb_": "mbstring", "curl_": "curl", "imagecreate": "gd", "gd_": "gd", "simplexml_": "simplexml", "json_": "json",
    "xml_": "xml", "dom_": "dom", "iconv": "iconv", "intl": "intl", "openssl_": "openssl", "gz": "zlib", "zip_": "zip", "ftp_": "ftp",
    "ctype_": "ctype", "exif_": "exif", "imap_": "imap", "pg_": "pgsql", "sodium_": "sodium", "bc": "bcmath", "finfo_": "fileinfo",
    "token_": "tokenizer", "numfmt_": "intl", "collator_": "intl", "apcu_": "apcu", "ldap_": "ldap", "gmp_": "gmp",
}  # fmt: skip
_REMOVED = re.compile(
    r"^(create_function|each|mysql_\w+|split|spliti|sql_regcase|ereg\w*|eregi\w*|set_magic_quotes_runtime|magic_quotes_runtime|get_magic_quotes_gpc|"
    r"get_magic_quotes_runtime|money_format|mcrypt_\w+|mssql_\w+|call_user_method\w*|session_register|session_unregister|session_is_registered|"
    r"import_request_variables|restore_include_path|ezmlm_hash|is_real|hebrevc|convert_cyr_string|gmp_random|png2wbmp|jpeg2wbmp|"
    r"image2wbmp|define_syslog_variables)$"
)
_INCOMPATIBLE = re.compile(
    r"Unsupported operand types|Array and string offset access syntax with curly braces|Unparenthesized|Cannot use 'match'|"
    r"Non-static method .* cannot be called statically|must be compatible with|unexpected token \"(?:match|enum|readonly|fn)\"|"
    r"The each\(\) function|Cannot redeclare (?:str_|array_)|Required parameter .* follows optional"
)
_DATABASE = (
    (re.compile(r"\b1045\b|Access denied for user"), "database-access-denied"),
    (re.compile(r"\b(?:1049|1044)\b|Unknown database"), "database-missing"),
    (
        re.compile(r"\[2002\]|\(2002\)|\(HY000/2002\)|php_network_getaddresses|No such file or directory \(2002\)|server has gone away"),
        "database-server-down",
    ),
    (re.compile(r"\b1146\b|Base table or view not found|Table '[^']+' doesn't exist"), "database-table-missing"),
    (re.compile(r"\b(?:145|1194)\b.*(?:crashed)|marked as crashed"), "database-table-crashed"),
)


@dataclass(frozen=True, slots=True)
class PhpMessage:
    """`cause` is the most specific code, `also` the others that fit; `path` as the server names it."""

    cause: str
    also: tuple[str, ...]
    path: str
    line: int | None
    message: str
    slug: str = ""


def read_php_message(text: str) -> PhpMessage | None:
    """The fatal that this log line tells of; None for warnings and for lines that are not of PHP."""
    match = _FATAL.search(text)
    if match is None:
        return None
    body = text[match.start() :]
    place = _place(body)
    path, line = (place.group(1), int(place.group(2))) if place else ("", None)
    general = _general(body, path, line)
    if general == "":
        return None
    first = body.split("\n")[0][:500]
    specific, slug = _by_place(path, general)
    if specific and specific != general:
        return PhpMessage(specific, (general,), path, line, first, slug)
    return PhpMessage(general, (), path, line, first)


def _place(body: str) -> re.Match[str] | None:
    thrown = re.search(r"thrown in (/[^\n]*?|Unknown) on line (\d+)", body)
    first = _PLACE.search(body.split("Stack trace:")[0].replace("thrown in", "thrown  in"))
    return thrown if thrown and first is None else first or thrown


def _general(body: str, path: str, line: int | None) -> str:
    head = body.split("Stack trace:")[0]
    if "Parse error" in head[:40] or "syntax error" in head:
        if re.search(r"Unclosed '|[Uu]nterminated comment|unexpected end of file", head):
            return "php-truncated-file"
        return "php-version-incompatible-code" if _INCOMPATIBLE.search(head) else "php-parse-error"
    for pattern, cause in _DATABASE:
        if pattern.search(head) and re.search(r"mysqli|PDO|SQLSTATE|database|mysql", head, re.IGNORECASE):
            return cause
    if match := re.search(r"Allowed memory size of (\d+) bytes exhausted", head):
        return "user-ini-memory-limit-too-low" if int(match.group(1)) < 8 * 1024 * 1024 else "php-memory-limit"
    if re.search(r"Maximum execution time of \d+ seconds? exceeded", head):
        return "php-max-execution-time"
    if match := re.search(r"Call to undefined function ([\w\\]+)\(\)", head):
        return _function(match.group(1))
    if re.search(r"(?:Class|Interface|Trait) [\"']?[\w\\]+[\"']? not found", head):
        return "php-class-not-found"
    return _general_by_words(head, path, line)


def _general_by_words(head: str, path: str, line: int | None) -> str:
    if re.search(r"Failed opening required|[Ff]ailed to open stream: No such file", head):
        return "user-ini-bad-prepend" if path == "Unknown" and line == 0 else "php-missing-file"
    if "Namespace declaration statement has to be the very first" in head:
        return "php-byte-order-mark"
    if "open_basedir restriction" in head:
        return "open-basedir"
    if re.search(r"errno=28|No space left on device|Disk quota exceeded", head):
        return "disk-full"
    if re.search(r"ailed to open stream: Permission denied", head):
        return "folder-not-writable" if "append mode" in head or "file_put_contents" in head else "file-unreadable"
    if _INCOMPATIBLE.search(head):
        return "php-version-incompatible-code"
    return "php-uncaught-exception"


def _function(name: str) -> str:
    bare = name.rsplit("\\", 1)[-1].lower()
    if _REMOVED.match(bare):
        return "php-removed-function"
    return "php-missing-extension" if any(bare.startswith(prefix) for prefix in _EXTENSION_FUNCTIONS) else "php-undefined-function"


def _by_place(path: str, general: str) -> tuple[str, str]:
    if path.endswith("/wp-config.php") and general in ("php-parse-error", "php-truncated-file"):
        return "wordpress-config-syntax", ""
    if general.startswith(("database-", "user-ini-", "disk-")) or general in ("open-basedir", "php-missing-extension"):
        return "", ""
    for pattern, cause in _WORDPRESS:
        if match := pattern.search(path):
            if cause == "wordpress-plugin" and general in ("php-removed-function", "php-version-incompatible-code"):
                cause = "wordpress-plugin-php-incompatible"
            elif cause == "wordpress-plugin" and general == "php-memory-limit":
                cause = "wordpress-plugin-memory"
            elif cause == "wordpress-core-file" and general not in ("php-parse-error", "php-truncated-file", "php-class-not-found",
                                                                    "php-missing-file", "php-undefined-function"):  # fmt: skip
                return "", ""
            return cause, match.group(1)
    return "", ""
