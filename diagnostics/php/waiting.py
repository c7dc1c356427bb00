"""The line of a script at which it waits for something else: another server, a lock, a time that has to pass. PURE."""

from __future__ import annotations

import re

from diagnostics.php.scanning import line_at

_LONGEST = 256 * 1024  # bytes
# Comments, and texts without what makes an address: what is left is code.
_NO_CODE = re.compile(rb"/\*(?:(?!\*/).)*+\*/|(?<![:'\"\w])//[^\n]*+|(?<=\s)#(?!\[)[^\n]*+", re.DOTALL)
_PAUSE = re.compile(rb"\b(?P<name>sleep|usleep|time_sleep_until|time_nanosleep)\s*+\(\s*+(?P<number>[\d_]*+)", re.IGNORECASE)
_IN_A_LOOP = re.compile(rb"\b(?:for|foreach|while|do)\b[^\n]*\Z")
_FROM_ELSEWHERE = re.compile(
    rb"\b(?:curl_exec|curl_multi_exec|curl_multi_select|fsockopen|pfsockopen|stream_socket_client|stream_socket_accept|stream_select|"
    rb"socket_accept|socket_connect|socket_select|get_headers|wp_(?:safe_)?remote_(?:get|post|request|head)|dns_get_record|gethostbyname|"
    rb"checkdnsrr|ftp_connect|ftp_ssl_connect|ssh2_connect|imap_open|ldap_connect|ldap_bind)\s*\(|\bnew\s+\\?SoapClient\b|"
    rb"\b(?:file_get_contents|fopen|file|readfile|simplexml_load_file|getimagesize|copy)\s*\([^;\n]{0,60}?['\"]https?://|"
    rb"\b(?:file_get_contents|fopen|file|readfile)\s*\([^;\n]{0,300}stream_context_create",
    re.IGNORECASE,
)
_OTHERS = (
    re.compile(rb"\b(?:flock\s*\((?![^;\n]{0,200}LOCK_(?:NB|UN))|sem_acquire\s*\(|shell_exec\s*\(|exec\s*\(|system\s*\(|passthru\s*\(|proc_open\s*\(|popen\s*\(|mail\s*\()|"
               rb"\b(?-i:GET_LOCK|SLEEP|BENCHMARK)\s*\(|\bLOCK TABLES\b", re.IGNORECASE),
    re.compile(rb"\bsession_start\s*\(", re.IGNORECASE),
)  # fmt: skip


def line_that_waits(content: bytes) -> int | None:
    """The only line that waits, or the only one of those that mostly wait long; None where there are several, or none."""
    code = _NO_CODE.sub(lambda match: b"\n" * match.group().count(b"\n"), content[:_LONGEST])
    pauses = {line_at(code, match.start()) for match in _PAUSE.finditer(code) if _is_long(match, code)}
    for lines in (pauses | _lines(_FROM_ELSEWHERE, code), *(_lines(form, code) for form in _OTHERS)):
        if lines:
            return lines.pop() if len(lines) == 1 else None
    return None


def _lines(form: re.Pattern[bytes], code: bytes) -> set[int]:
    return {line_at(code, match.start()) for match in form.finditer(code)}


def _is_long(match: re.Match[bytes], code: bytes) -> bool:
    """Of a pause whose length is written there: two seconds at least, or over and over again."""
    number = match["number"].replace(b"_", b"")
    start = code.rfind(b"\n", 0, match.start()) + 1
    if not number or _IN_A_LOOP.search(code, start, match.start()):
        return True
    return int(number) >= (2_000_000 if match["name"].lower() == b"usleep" else 2)
