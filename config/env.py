"""Settings from the environment, a `.env` file and secret files; nonsense ends the start with one line.

The order is: environment, then `.env` at the project's root. A secret may also be given as `NAME_FILE`, the path of a file
that holds it, as container platforms do.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import ssl
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
T = TypeVar("T")

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_LINE = re.compile(r"^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$")


class SettingRefused(SystemExit):
    """A setting makes no sense. As a `SystemExit` it ends any program that loads the settings, without a traceback."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(2)
        self.name = name
        self.message = f"{name}: {why}"


def read_dotenv(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of a `.env` file; {} when there is none. Quotes around a value are dropped, nothing is expanded."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingRefused(".env", f"cannot be read: {error}") from error
    found: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            raise SettingRefused(".env", f"line {number} is not of the form NAME=value")
        found[match[1]] = _without_quotes(match[2].strip())
    return found


def _without_quotes(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return re.sub(r"\s+#.*$", "", value)


class Env:
    """Reads one setting after the other; every method raises `SettingRefused` for a value that makes no sense."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    @classmethod
    def of(cls, root: Path, environ: Mapping[str, str] = os.environ) -> Env:
        """The environment, completed by `root/.env`, or by the file that SITEMEND_ENV_FILE names."""
        return cls({**read_dotenv(root / (environ.get("SITEMEND_ENV_FILE") or ".env")), **environ})

    def text(self, name: str, default: str = "") -> str:
        """A value without surrounding blanks; an empty one counts as not set."""
        value = self.values.get(name, "").strip()
        if "\x00" in value or "\n" in value:
            raise SettingRefused(name, "must be a single line")
        return value or default

    def secret(self, name: str) -> str:
        """`NAME`, or what the file named by `NAME_FILE` holds; "" when neither is set."""
        direct, path = self.text(name), self.text(f"{name}_FILE")
        if direct and path:
            raise SettingRefused(name, f"is set twice: as {name} and as {name}_FILE; keep one")
        if not path:
            return direct
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingRefused(f"{name}_FILE", f"cannot be read: {error}") from error
        if not value:
            raise SettingRefused(f"{name}_FILE", f"{path} is empty")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """1/0, true/false, yes/no, on/off."""
        value = self.text(name).lower()
        if not value:
            return default
        if value in _TRUE or value in _FALSE:
            return value in _TRUE
        raise SettingRefused(name, f"{value!r} is neither yes nor no (use 1 or 0)")

    def integer(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number from `least` to `most`."""
        value = self.text(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError:
            raise SettingRefused(name, f"{value!r} is not a whole number") from None
        if not least <= number <= most:
            raise SettingRefused(name, f"{number} is outside of {least} to {most}")
        return number

    def names(self, name: str) -> list[str]:
        """The parts of a comma-separated list."""
        return [part for part in (piece.strip() for piece in self.text(name).split(",")) if part]

    def _each(self, name: str, convert: Callable[[str], T], wanted: str) -> tuple[T, ...]:
        found = []
        for part in self.names(name):
            try:
                found.append(convert(part))
            except ValueError as error:
                raise SettingRefused(name, f"{part!r} is not {wanted} ({error})") from None
        return tuple(found)

    def networks(self, name: str) -> tuple[Network, ...]:
        """Comma-separated networks in CIDR notation; a single address is a network of one."""
        return self._each(name, ipaddress.ip_network, "a network such as 10.0.0.0/8")

    def folders(self, name: str) -> tuple[Path, ...]:
        """Comma-separated absolute folders, resolved; they must exist and must not be the root of everything."""
        return self._each(name, _folder, "a folder that can be used")

    def authorities(self, name: str) -> str:
        """A file of certificate authorities (PEM) that can be used; "" when none is named."""
        path = self.text(name)
        if path:
            try:
                ssl.create_default_context(cafile=path)
            except (OSError, ValueError) as error:  # SSLError is an OSError
                raise SettingRefused(
                    name, f"{path!r} is no file of certificates that can be read ({error.strerror or 'not PEM'})"
                ) from None
        return path

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """One of `allowed`."""
        value = self.text(name, default)
        if value not in allowed:
            raise SettingRefused(name, f"{value!r} is not one of {', '.join(allowed)}")
        return value

    def time_zone(self, name: str, default: str) -> str:
        """An IANA name such as Europe/Paris."""
        value = self.text(name, default)
        if not is_time_zone(value):
            raise SettingRefused(name, f"{value!r} is no time zone; use a name such as Europe/Paris")
        return value

    def base_url(self, name: str, default: str) -> str:
        """scheme://host[:port] without a path and without a slash at the end."""
        value = self.text(name, default).rstrip("/")
        parts = _split(name, value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingRefused(name, f"{value!r} is not of the form https://host or http://host:port")
        if parts.path or parts.query or parts.fragment or parts.username:
            raise SettingRefused(name, "must end after host and port: no path, no user, no query")
        return value

    def http_url(self, name: str) -> str:
        """http:// or https://, with a path; "" when not set. May hold a secret, so `NAME_FILE` works too."""
        value = self.secret(name)
        if not value:
            return ""
        parts = _split(name, value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingRefused(name, "must be of the form https://host/path")
        if parts.username or parts.password or parts.fragment or not value.isascii() or " " in value:
            raise SettingRefused(name, "must hold no user, no #part, and nothing but plain ASCII")
        return value

    def page_urls(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Comma-separated http:// or https:// addresses. Set to nothing, it means none; not set at all, the default."""
        if name not in self.values:
            return default
        found = tuple(self.names(name))
        for value in found:
            parts = _split(name, value)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
                raise SettingRefused(name, f"{value!r} is not of the form https://host/")
        return found

    def mirror(self, name: str, default: str) -> str:
        """One address of http:// or https://, perhaps with a path. Set to nothing, it means none; not set at all, the default."""
        value = self.text(name).rstrip("/") if name in self.values else default
        if not value:
            return ""
        parts = _split(name, value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise SettingRefused(name, f"{value!r} is not of the form https://host/path")
        return value

    def redis_url(self, name: str) -> str:
        """redis://, rediss:// or unix://; "" when not set. May carry a password, so `NAME_FILE` works too."""
        value = self.secret(name)
        if not value:
            return ""
        parts = _split(name, value)
        if parts.scheme in ("redis", "rediss") and parts.hostname:
            return value
        if parts.scheme == "unix" and parts.path.startswith("/"):
            return value
        raise SettingRefused(name, "must be redis://host:port/number, rediss://host:port/number or unix:///path/of.sock")

    def email(self, name: str) -> dict[str, object]:
        """Django's EMAIL_* settings from smtp:// (25), smtp+starttls:// (587) or smtps:// (465); {} when not set."""
        value = self.secret(name)
        if not value:
            return {}
        parts = _split(name, value)
        ports = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
        if parts.scheme not in ports or not parts.hostname:
            raise SettingRefused(
                name, "must be smtp://host:port, smtp+starttls://user:password@host:port or smtps://user:password@host:port"
            )
        if parts.path not in ("", "/") or parts.query:
            raise SettingRefused(name, "must end after host and port (encode special characters of the password, such as / as %2F)")
        return {
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": parts.port or ports[parts.scheme],
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_TLS": parts.scheme == "smtp+starttls",
            "EMAIL_USE_SSL": parts.scheme == "smtps",
        }


def _split(name: str, value: str):  # noqa: ANN202 (urllib's SplitResult, whose port may raise later)
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise SettingRefused(name, f"is not a valid address ({error})") from None
    return parts


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise ValueError("it must begin with /")
    resolved = path.resolve()
    if not resolved.is_dir():
        raise ValueError("there is no such folder")
    if resolved == Path(resolved.anchor):
        raise ValueError("the root of all files is too much")
    return resolved


def is_time_zone(name: str) -> bool:
    """Whether `name` is an IANA time zone of this machine."""
    if not re.fullmatch(r"[A-Za-z0-9_+\-]+(?:/[A-Za-z0-9_+\-]+)*", name) or len(name) > 64:
        return False
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder's name is an OSError
        return False
    return True


def make_state_folder(name: str, path: Path) -> None:
    """Creates the state folder (mode 700) if need be and makes sure that it can be written to."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingRefused(name, f"{path} cannot be made: {error.strerror}") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise SettingRefused(name, f"{path} cannot be written to by this user")


def kept_secret(name: str, path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(50)) -> str:
    """The secret kept in `path`; made on the first call (mode 600). Two processes that start at once agree on one.

    The secret is written beside `path` and then linked to it, so that nobody ever reads a half-written one.
    """
    for _attempt in range(2):
        try:
            value = path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            _link_new(name, path, make())
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise SettingRefused(name, f"{path} cannot be read: {error}") from None
        if not value:
            raise SettingRefused(name, f"{path} is empty; put the key back from a backup")
        return value
    raise SettingRefused(name, f"{path} could not be made")


class KeptKeys(Sequence[str]):
    """The keys in a file of the state folder, newest first; read again when the file was exchanged, so that a new key needs no restart."""

    def __init__(self, path: Path, check: Callable[[str], tuple[str, ...]]) -> None:
        self.path = path
        self._check = check
        self._stamp: tuple[int, int, int] | None = None
        self._keys: tuple[str, ...] = ()
        self._now()

    def _now(self) -> tuple[str, ...]:
        try:
            found = self.path.stat()
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
            if stamp != self._stamp:
                self._keys, self._stamp = self._check(self.path.read_text(encoding="ascii")) or self._keys, stamp
        except (OSError, ValueError, SettingRefused):
            # A file that went away or was spoilt while we run: what was read stays good.
            if not self._keys:
                raise
        return self._keys

    def __len__(self) -> int:
        return len(self._now())

    def __getitem__(self, place: Any) -> Any:
        return self._now()[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())  # all of one moment, also while the file is exchanged


def _link_new(name: str, path: Path, value: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(value + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was faster: its secret counts
    except OSError as error:
        raise SettingRefused(name, f"{path} cannot be made: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)


def say(refusal: SettingRefused) -> None:
    """Prints the one line that a refused setting is worth."""
    print(f"sitemend: {refusal.message}", file=sys.stderr, flush=True)
