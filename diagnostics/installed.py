"""What is installed on a site, as facts bring it back and checks see it: frozen values, without a secret among them."""

from __future__ import annotations

from dataclasses import dataclass

CONTENT_LINE = "line of WP_CONTENT_DIR"  # name among an application's settings
LINE_OF_KEY = "line of APP_KEY"  # name among an application's settings: where its environment file gives Laravel's key, or did
OWN_LIMIT = "memory_limit set here"  # name among an application's settings: value and line of its own ini_set, "8M:17"


@dataclass(frozen=True, slots=True)
class Component:
    """A part that can be taken out: a plugin, a theme, a must-use plugin or a drop-in of WordPress.

    `path` is relative to the folder above the docroot; `real` is where a link leads, absolute, else empty. `changed_at` is the newest
    time of its files, in seconds. Its name, version and the PHP that it needs are known only where its header was read.
    """

    kind: str  # "plugin", "theme", "mu-plugin", "drop-in"
    slug: str
    path: str
    absolute: str
    changed_at: float = 0.0
    real: str = ""
    title: str = ""
    version: str = ""
    requires_php: str = ""
    is_folder: bool = False

    @property
    def named(self) -> str:
        """As a person knows it: "Contact Form 5.3", or the name of its folder."""
        return f"{self.title or self.slug} {self.version}".strip()

    def holds(self, absolute: str) -> bool:
        """Whether a path, absolute as the transport names it, lies in this part."""
        places = (self.absolute, self.real) if self.real else (self.absolute,)
        return any(absolute == place or (self.is_folder and absolute.startswith(f"{place}/")) for place in places)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """The file `.maintenance`. `until`: when WordPress ends it by itself, seconds; None where the file says "now" for ever."""

    path: str
    written_at: float
    until: float | None
    line: int | None = None  # that names the time


@dataclass(frozen=True, slots=True)
class Damage:
    """A file of the program that is not as it should be. `line` where it breaks off, if that is known."""

    path: str
    why: str
    line: int | None = None
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Differing:
    """A file of a program, or a library, that is not as its own release or Composer has it. `is_named`: a log speaks of it."""

    kind: str  # "core", "library"
    name: str  # of the release or the library
    path: str  # relative to the folder above the docroot
    why: str
    line: int | None = None
    is_missing: bool = False
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class Application:
    """One installed program. `path` names its folder, relative to the folder above the docroot."""

    name: str  # "wordpress", "laravel", ...
    title: str
    path: str
    absolute: str
    version: str = ""
    settings_path: str = ""
    settings: tuple[tuple[str, str], ...] = ()  # what matters of them and is no secret
    trouble: tuple[Damage, ...] = ()  # in the settings files
    core: str = ""  # absolute, the folder that holds wp-includes
    content: str = ""  # absolute
    components: tuple[Component, ...] = ()
    maintenance: Maintenance | None = None
    is_network: bool = False
    damaged: tuple[Damage, ...] = ()  # files of the program itself
    lacking: tuple[Damage, ...] = ()  # parts that it always loads and that need what is not there
    strangers: tuple[str, ...] = ()  # PHP files among those of the program that came later than it
    serves: tuple[str, ...] = ()  # paths of the pages that it answers
    login_at: tuple[tuple[str, str, int], ...] = ()  # part of the database login ("password"), file and line that tell it
    login_outside: tuple[tuple[str, str], ...] = ()  # a part of it that comes from the environment, and the variable's name
    locale: str = ""  # of WordPress: the language of the package that it was installed from, where that is not English

    def setting(self, name: str, default: str = "") -> str:
        return dict(self.settings).get(name, default)

    def component(self, absolute: str) -> Component | None:
        """The part that a file belongs to, the most specific one."""
        held = [each for each in self.components if each.holds(absolute)]
        return max(held, key=lambda each: len(each.absolute), default=None)


@dataclass(frozen=True, slots=True)
class DatabaseTrial:
    """What the database said to the site's own login. `code` is the number of the server's or the driver's error, 0 where all is well.

    `by` tells how it was tried ("php", "mysql"). `tables` counts those with the site's prefix; `table` is the one that failed.
    """

    by: str
    where: str  # server and port or socket, as the settings name them
    name: str
    prefix: str
    settings_path: str
    stage: str  # "connect", "select", "tables", "read", "well"
    code: int = 0
    message: str = ""
    tables: int = 0
    table: str = ""
    other_prefixes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    theme: str = ""  # folder name of the active theme, where it was read
    parent_theme: str = ""
    plugins: tuple[str, ...] | None = None  # main files of the active plugins, None: not known
    line: int | None = None  # of the settings that names what was refused
    empty: tuple[str, ...] = ()  # tables without a row, of those that a program which is set up always has rows in
    line_path: str = ""  # the file of that line, where the settings load another one for it
    names: tuple[str, ...] = ()  # of all tables that were listed

    @property
    def place(self) -> str:
        """The file in which `line` stands."""
        return self.line_path or self.settings_path


@dataclass(frozen=True, slots=True)
class Change:
    """Files that belong together and changed together. Times in seconds."""

    what: str  # a key of `manifests.rules.GROUP_WORDS`
    name: str
    first: float
    last: float
    count: int
    paths: tuple[str, ...]  # a few of them, relative to the folder above the docroot
    how: str = "changed"  # "changed", "added", "removed", "permissions"
    source: str = "times"  # "baseline" where two readings were compared
    versions: str = ""  # "5.2 → 5.3"
