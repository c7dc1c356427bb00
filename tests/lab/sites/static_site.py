"""Pages without a program."""

from __future__ import annotations

from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import blocks, text
from tests.lab.words import FOLDERS, PAGES, TITLES, html


def fill(scene: Scene) -> None:
    """A start page, some pages and folders, a `.htaccess` of sound lines."""
    rng = scene.rng
    scene.keep(scene.at("index.html"), html(rng, rng.choice(TITLES)))
    names = [f"{page}.html" for page in rng.sample(PAGES, rng.randint(2, 5))]
    for folder in rng.sample(FOLDERS, rng.randint(1, 3)):
        names += [f"{folder}/index.html", f"{folder}/{rng.choice(PAGES)}.html"]
    for name in names:
        scene.keep(scene.at(name), html(rng, name.partition(".")[0].capitalize()))
    scene.keep(scene.at("404.html"), html(rng, "Not here"))
    scene.keep(scene.at("css/style.css"), "body { font-family: serif }\n")
    scene.keep(scene.at("robots.txt"), "User-agent: *\nDisallow:\n")
    if rng.random() < 0.8 and scene.place.setup.server == "apache":
        scene.keep(scene.at(".htaccess"), text(blocks(rng)))
    scene.pages = ["/", f"/{rng.choice(names)}"]
