"""What a WordPress is made of: files of its plugins and of its theme, its options."""

from __future__ import annotations

from tests.lab.scene import Scene
from tests.lab.sites.edits import added
from tests.lab.sites.wordpress_site import describe, plugin


def plugin_file(s: Scene, slug: str, name: str = "") -> str:
    """The path of a file of a plugin; by itself that of its main file."""
    return s.at(f"wp-content/plugins/{slug}/{name or f'{slug}.php'}")


def theme_file(s: Scene, name: str = "functions.php") -> str:
    return s.at(f"wp-content/themes/{describe(s).theme}/{name}")


def some_plugin(s: Scene) -> tuple[str, str]:
    """An active plugin: its folder and its main file."""
    slug = s.rng.choice(describe(s).plugins)
    return s.at(f"wp-content/plugins/{slug}"), plugin_file(s, slug)


def renewed(s: Scene, slug: str, body: list[str], *, header: str = "", is_old: bool = False) -> str:
    """A plugin with these lines, which run on `init`; the path of their file. `header`: one more line of what it says of itself."""
    for name, content in plugin(s.rng, slug, body=body).items():
        whole = content.replace(" * Author:", f"{header}\n * Author:") if header else content
        (s.keep if is_old else s.write)(plugin_file(s, slug, name), whole)
    return plugin_file(s, slug, "includes/start.php")


def ended(s: Scene, path: str, *lines: str, is_old: bool = False) -> str:
    """The file with more lines at its end; its path."""
    return added(s, path, list(lines), fresh=not is_old)


def plugin_head(slug: str, version: str, *more: str) -> list[str]:
    """What a plugin says of itself at the beginning of its main file."""
    told = (f"Plugin Name: {slug.replace('-', ' ').title()}", f"Version: {version}", *more)
    return ["/**", *(f" * {line}" for line in told), " */", "", "defined( 'ABSPATH' ) || exit;", ""]


def class_of(slug: str) -> str:
    """How the classes of a plugin begin."""
    return slug.title().replace("-", "_")


def prefix_of(slug: str) -> str:
    """How the functions of a plugin begin."""
    return slug.replace("-", "_")


def option(s: Scene, name: str, value: str) -> None:
    assert s.database is not None
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    s.databases.run(
        f"REPLACE INTO {s.database.prefix}options (option_name, option_value, autoload) VALUES ('{name}', '{quoted}', 'yes')",
        s.database.name,
    )
