"""The practice site's logs, in the formats of Apache 2.4 (server/log.c, mod_log_config's "combined"). Times are UTC."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

LOG_MODE = 0o604
MAX_BYTES = 2 * 1024 * 1024  # then the log becomes NAME.1 and a new one begins

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Logs:
    """Appends to `error.log`, `access.log` and `suexec.log` in one folder; never through a symbolic link."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    def error(self, source: str, client: tuple[str, int], message: str, os_error: str = "", referer: str = "") -> None:
        """`source` is module and level ("core:alert"); `os_error` such as "(13)Permission denied"."""
        now = datetime.now(UTC)
        when = f"{_DAYS[now.weekday()]} {_MONTHS[now.month - 1]} {now:%d %H:%M:%S.%f %Y}"
        prefix = f"[{when}] [{source}] [pid {os.getpid()}:tid {threading.get_native_id()}] "
        middle = f"{os_error}: " if os_error else ""
        tail = f", referer: {escape(referer)}" if referer else ""
        self._append("error.log", f"{prefix}{middle}[client {client[0]}:{client[1]}] {escape(message)}{tail}")

    def access(self, client: tuple[str, int], request_line: str, status: int, size: int, referer: str, agent: str) -> None:
        """One line per answered request, its query string included."""
        now = datetime.now(UTC)
        when = f"{now:%d}/{_MONTHS[now.month - 1]}/{now:%Y:%H:%M:%S} +0000"
        shown = [quoted(text) for text in (request_line or "-", referer or "-", agent or "-")]
        self._append("access.log", f'{client[0]} - - [{when}] "{shown[0]}" {status} {size or "-"} "{shown[1]}" "{shown[2]}"')

    def suexec(self, message: str) -> None:
        self._append("suexec.log", f"[{datetime.now(UTC):%Y-%m-%d %H:%M:%S}]: {escape(message)}")

    def _append(self, name: str, line: str) -> None:
        path = self.folder / name
        data = (line + "\n").encode("utf-8", "backslashreplace")
        with self._lock:
            try:
                self._turn_over(path)
                handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, LOG_MODE)
            except OSError:
                return  # a visitor is answered even where the log cannot be written, as Apache does
            try:
                os.write(handle, data)
            finally:
                os.close(handle)

    def _turn_over(self, path: Path) -> None:
        try:
            full = path.lstat().st_size >= MAX_BYTES
        except FileNotFoundError:
            return
        if full:
            path.replace(path.with_name(path.name + ".1"))


def escape(text: str) -> str:
    r"""Control characters and bytes outside ASCII as \n or \xNN, as `ap_escape_errorlog_item` writes them."""
    shown = []
    for byte in text.encode("utf-8", "surrogateescape"):
        if byte in _SHORT:
            shown.append(_SHORT[byte])
        elif byte < 0x20 or byte >= 0x7F:
            shown.append(f"\\x{byte:02x}")
        else:
            shown.append(chr(byte))
    return "".join(shown)


def quoted(text: str) -> str:
    return escape(text).replace('"', '\\"')


_SHORT = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x08: "\\b", 0x0B: "\\v"}
