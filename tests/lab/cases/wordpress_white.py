# ruff: noqa: E501 (what a file says stays on one line)
"""WordPress's pages come out empty, and no log has a word of it: what gives nothing back, ends too early or has nothing in it."""

from __future__ import annotations

from tests.lab.cases.base import PHP, Truth, case
from tests.lab.cases.wordpress_parts import at_mark, update
from tests.lab.scene import Scene
from tests.lab.sites.wordpress_site import describe

_ALSO = ("php-fatal-hidden", "recent-change")


def _theme_says(s: Scene, *lines: str) -> str:
    path = s.at(f"wp-content/themes/{describe(s).theme}/functions.php")
    s.keep(path, "\n".join((s.read(path).decode().rstrip(), *lines, "")))
    return path


@case((*PHP, "ovh"), "wordpress")
def buffer_that_gives_nothing_back(s: Scene) -> Truth:
    """What makes the page smaller works on a copy and forgets to hand it on."""
    change = s.rng.choice(("preg_replace('/>\\s+</', '><', $html)", "str_replace('http:', 'https:', $html)", "trim($html)"))
    path = update(s, s.rng.choice(describe(s).plugins), [f"    ob_start(function ($html) {{ $small = {change}; }}); /* here */"])
    return Truth("wordpress-plugin", path, at_mark(s, path), _ALSO, statuses=(200,), is_empty=True)


@case((*PHP, "ovh"), "wordpress")
def template_that_was_never_uploaded(s: Scene) -> Truth:
    name = s.rng.choice(("front-winter", "landing", "one-column"))
    path = _theme_says(s, f"add_filter('template_include', function ($given) {{ return locate_template('{name}.php'); }}); /* here */")
    return Truth("wordpress-theme", path, at_mark(s, path), _ALSO, statuses=(200,), is_empty=True)


@case((*PHP, "ovh"), "wordpress")
def theme_switched_off_in_the_start_script(s: Scene) -> Truth:
    """As a script that only wants WordPress's functions has it; copied over the start script."""
    path = s.at("index.php")
    text = s.read(path).decode()
    s.write(path, text.replace("'WP_USE_THEMES', true", "'WP_USE_THEMES', false"))
    return Truth("wordpress-core-file", path, (s.line_of(path, "WP_USE_THEMES"),), _ALSO, statuses=(200,), is_empty=True)


@case((*PHP, "ovh"), "wordpress")
def licence_that_ends_every_page(s: Scene) -> Truth:
    hook, slug = s.rng.choice(("template_redirect", "wp", "wp_loaded")), s.rng.choice(describe(s).plugins)
    path = update(s, slug, [f"    add_action('{hook}', function () {{ if (!get_option('{slug}_licence_2031')) {{ exit; }} }}); /* here */"])
    return Truth("wordpress-plugin", path, at_mark(s, path), _ALSO, statuses=(200,), is_empty=True)


@case((*PHP, "ovh"), "wordpress")
def template_with_nothing_in_it(s: Scene) -> Truth:
    """An upload that was cut off before its first byte."""
    path = s.at(f"wp-content/themes/{describe(s).theme}/index.php")
    s.write(path, "")
    return Truth("wordpress-theme", path, (), _ALSO, statuses=(200,), is_empty=True)
