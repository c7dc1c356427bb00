"""What facts bring back of PHP on one site: frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field

from diagnostics.php.versions import Version


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of PHP as a file of the site gives it. `path` is relative to the folder above the docroot."""

    name: str
    value: str
    path: str
    line: int

    @property
    def is_off(self) -> bool:
        return self.value.strip().strip("\"'").lower() in ("0", "off", "false", "no", "none", "")

    @property
    def size(self) -> int | None:
        """Bytes, as PHP understands them; None for no size."""
        text = self.value.strip().strip("\"'").lower()
        unit = {"k": 1024, "m": 1024**2, "g": 1024**3}.get(text[-1:], 1)
        digits = text[:-1] if unit > 1 else text
        return int(digits) * unit if digits.isdigit() else None


@dataclass(frozen=True, slots=True)
class Script:
    """A PHP file that was read. `role` is why: "named" in a log, "entry" of a failing page, "included" by one, "changed" lately; a
    "part" of the program that may have made the page."""

    path: str  # relative to the folder above the docroot
    absolute: str
    content: bytes = field(repr=False)
    mtime: float
    role: str = "changed"
    size: int = 0

    @property
    def is_whole(self) -> bool:
        return len(self.content) >= self.size


@dataclass(frozen=True, slots=True)
class Lint:
    """What `php -l` said of a file. `error` is empty for one without fault."""

    absolute: str
    error: str
    line: int | None


@dataclass(frozen=True, slots=True)
class BrokenData:
    """A file of data (INI, JSON, XML) that a script reads and that no longer reads well: from which line, why, and who reads it."""

    path: str  # as `Script.path`
    line: int | None
    why: str
    by: str  # the script, as `Script.path`
    by_line: int


@dataclass(frozen=True, slots=True)
class ToldVersion:
    """A version that one source names: "ovhconfig", "handler" (a line of `.htaccess`), "answer". `changed_at`: of its file, 0 unknown."""

    source: str
    version: Version
    path: str = ""  # relative to the folder above the docroot
    line: int = 0
    changed_at: float = 0.0

    @property
    def shown(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"


@dataclass(frozen=True, slots=True)
class PhpSeen:
    """Everything read of PHP. `version` is the one that runs the site, `told_by` says how that is known."""

    version: Version | None = None
    told_by: str = ""
    settings: tuple[Setting, ...] = ()
    scripts: tuple[Script, ...] = ()
    lints: tuple[Lint, ...] = ()
    lint_version: Version | None = None  # of the PHP that `php -l` ran with
    told: tuple[ToldVersion, ...] = ()  # what each source says of the version, one of each
    absent: tuple[tuple[str, str, int], ...] = ()  # file that a script requires and that is not there, the script, its line

    broken: tuple[BrokenData, ...] = ()  # data files that scripts read and that read well no longer

    def loader_of(self, path: str) -> Setting | None:
        """The setting by which PHP loads this file with every page, whatever the host's own path to it is; None where none does."""
        settings = (self.setting(name) for name in ("auto_prepend_file", "auto_append_file"))
        return next((each for each in settings if each and path and each.value.strip("\"' ").endswith(f"/{path}")), None)

    def setting(self, name: str) -> Setting | None:
        """The one that counts: of the innermost folder."""
        return next((setting for setting in reversed(self.settings) if setting.name == name), None)
