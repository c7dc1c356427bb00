# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""A small program in PHP, as a nephew writes it: a start file, settings, helpers, classes, a few pages."""

from __future__ import annotations

from random import Random

from tests.lab import words
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import blocks, text


class PhpSite:
    """What lies where, for whoever breaks it."""

    def __init__(self, rng: Random) -> None:
        self.library = rng.choice(words.LIBRARIES)
        self.start = f"{self.library}/{rng.choice(words.SCRIPTS)}.php"
        self.helpers = f"{self.library}/{rng.choice(words.HELPERS)}.php"
        self.settings = f"{self.library}/{rng.choice(('config', 'settings', 'conf', 'parameters'))}.php"
        self.noun = rng.choice(words.NOUNS)
        self.class_file = f"{self.library}/{self.noun}.php"
        self.page = f"{rng.choice(words.PAGES)}.php"
        self.title = rng.choice(words.TITLES)


def filler(rng: Random, count: int) -> list[str]:
    """So many lines of sound PHP, more or less: functions, comments, constants."""
    lines: list[str] = []
    while len(lines) < count:
        name = f"{words.identifier(rng)}_{rng.randrange(10_000)}"
        lines += rng.choice(
            (
                [f"/** {rng.choice(words.SENTENCES)} */", f"function {name}(array $rows): array", "{", "    $found = [];",
                 "    foreach ($rows as $key => $row) {", "        if ($row !== null) {", "            $found[$key] = trim((string) $row);",
                 "        }", "    }", "    return $found;", "}", ""],
                [f"function {name}($value, $digits = {rng.randint(0, 4)}) {{", "    return number_format((float) $value, $digits);", "}", ""],
                [f"// {rng.choice(words.SENTENCES)}", f"define('{name.upper()}', {rng.randint(1, 900)});"],
                ["/*", f" * {rng.choice(words.SENTENCES)}", " */", f"${name} = ['a' => 1, 'b' => [2, 3], 'c' => \"it's {{}} fine\"];"],
                [f"if (!function_exists('{name}_x')) {{", f"    function {name}_x(string $text): string {{", "        return strtoupper($text);",
                 "    }", "}", ""],
            )
        )  # fmt: skip
    return lines


def php(*parts: list[str] | str) -> str:
    """A PHP file of these lines."""
    lines = ["<?php"]
    for part in parts:
        lines += [part] if isinstance(part, str) else part
    return "\n".join(lines) + "\n"


def fill(scene: Scene) -> None:
    """A program whose every file is needed; `describe` tells later what lies where."""
    rng = scene.rng
    site = describe(scene)
    scene.keep(scene.at(site.settings), php(filler(rng, 3), f"$settings = ['title' => {site.title!r}, 'cache' => __DIR__ . '/../cache'];"))
    layout = [
        "function layout(string $title, string $body): string", "{",
        "    return '<!doctype html><html><head><title>' . $title . '</title></head><body><h1>' . $title . '</h1>' . $body . '</body></html>';",
        "}",
    ]  # fmt: skip
    scene.keep(scene.at(site.helpers), php(filler(rng, rng.randint(5, 40)), layout, filler(rng, 4)))
    scene.keep(scene.at(site.class_file), class_source(rng, site.noun))
    load = "spl_autoload_register(function ($name) { $file = __DIR__ . '/' . $name . '.php'; if (is_file($file)) { require $file; } });"
    names = (site.settings, site.helpers)
    requires = [f"require_once __DIR__ . '/{name.rpartition('/')[2]}';" for name in names]
    scene.keep(scene.at(site.start), php(filler(rng, rng.randint(0, 6)), "session_start();", load, requires))
    scene.keep(scene.at("index.php"), page_source(scene, site, site.title))
    scene.keep(scene.at(site.page), page_source(scene, site, site.page.removesuffix(".php").capitalize()))
    scene.keep(scene.at("404.html"), words.html(rng, "Not here"))
    scene.folder(scene.at("cache"))
    if rng.random() < 0.6 and scene.place.setup.server == "apache":
        scene.keep(scene.at(".htaccess"), text(blocks(rng, 1, 4)))
    scene.pages = ["/", f"/{site.page}"]


def describe(scene: Scene) -> PhpSite:
    """The names of this scene's program: the same for the same scene."""
    made = getattr(scene, "php_site", None)
    if made is None:
        made = PhpSite(scene.rng)
        scene.php_site = made  # type: ignore[attr-defined]
    return made


def class_source(rng: Random, noun: str, *, method: list[str] | None = None) -> str:
    """The class that every page uses. `method`: further lines of the method that is called."""
    return php(
        filler(rng, rng.randint(0, 8)), f"class {noun}", "{", "    public function rows(): array", "    {", *([method] if method else []),
        f"        return array_fill(0, 12, '{rng.choice(words.SENTENCES[:6])}');", "    }", "}",
    )  # fmt: skip


def page_source(scene: Scene, site: PhpSite, title: str, *, more: list[str] | None = None) -> str:
    """A page of the program. `more`: lines before it answers."""
    rows = f"implode('', array_map(fn ($row) => '<p>' . $row . '</p>', (new {site.noun}())->rows()))"
    lines = [f"require __DIR__ . '/{site.start}';", *filler(scene.rng, scene.rng.randint(0, 5)), *(more or [])]
    return php(lines, f"echo layout({title!r}, {rows});")
