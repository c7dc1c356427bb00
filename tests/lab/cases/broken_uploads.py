"""WordPress and a plugin of its directory, in part: uploads that broke off, disks that ran full, folders that were deleted."""

from __future__ import annotations

from tests.lab.cases.base import SHOWN, Truth, case, well
from tests.lab.cases.healthy import WELL
from tests.lab.cases.wordpress_parts import activate
from tests.lab.scene import Scene
from tests.lab.sites.wordpress_site import describe
from tests.lab.stack.directory import AKISMET

_EVERYWHERE = (*SHOWN, "ovh")
_ALSO = (
    "php-missing-file", "php-truncated-file", "php-undefined-function", "php-class-not-found", "php-parse-error",
    "php-uncaught-exception",
)  # fmt: skip
_NEEDED = ("wp-settings.php", "wp-load.php", "wp-blog-header.php")


def _of_core(s: Scene, folder: str) -> list[str]:
    """The PHP files directly in a folder of WordPress, as an upload goes through them."""
    return sorted(path.name for path in s.path(s.at(folder)).iterdir() if path.suffix == ".php")


def _holders(s: Scene, *names: str) -> tuple[str, ...]:
    """Whoever loads what is missing is named as rightly as what is missing."""
    return (*map(s.at, (*names, *_NEEDED)), s.at("wp-includes"))


@case(_EVERYWHERE, "wordpress")
def upload_that_stopped_in_the_middle(s: Scene) -> Truth:
    """From one name on, nothing of the folder arrived."""
    names = _of_core(s, "wp-includes")
    at = names.index(s.rng.choice(("class-wp-query.php", "comment.php", "formatting.php", "general-template.php", "kses.php")))
    for name in names[at : at + s.rng.randint(20, 60)]:
        s.remove(s.at(f"wp-includes/{name}"))
    lost = [f"wp-includes/{name}" for name in names[at : at + 60]]
    return Truth("wordpress-core-file", s.at(lost[0]), (), _ALSO, paths=_holders(s, *lost))


@case(_EVERYWHERE, "wordpress")
def files_of_nothing_after_a_full_disk(s: Scene) -> Truth:
    names = _of_core(s, "wp-includes")
    at = names.index(s.rng.choice(("class-wp-post.php", "functions.php", "link-template.php", "option.php", "plugin.php")))
    emptied = [f"wp-includes/{name}" for name in names[at : at + s.rng.randint(3, 12)]]
    for name in emptied:
        s.write(s.at(name), b"")
    return Truth("wordpress-core-file", s.at(emptied[0]), (), _ALSO, paths=_holders(s, *emptied))


@case(_EVERYWHERE, "wordpress")
def blocks_of_wordpress_deleted(s: Scene) -> Truth:
    """A cleaner took them for leftovers: files, and folders with all that is in them."""
    folder, start = "wp-includes/blocks", s.rng.choice(("comment", "post-", "navigation"))
    lost = sorted(path.name for path in s.path(s.at(folder)).iterdir() if path.name.startswith(start))
    for name in lost:
        s.remove(s.at(f"{folder}/{name}"))
    holders = _holders(s, f"{folder}/index.php", f"{folder}/require-static-blocks.php", f"{folder}/require-dynamic-blocks.php")
    paths = (*holders, *(s.at(f"{folder}/{name}") for name in lost))
    return Truth("wordpress-core-file", s.at(f"{folder}/{lost[0]}"), (), _ALSO, paths=paths)


@case(SHOWN, "wordpress")
def half_of_a_plugin_of_the_directory(s: Scene) -> Truth:
    """Akismet, whose update did not arrive whole: a file is missing, or ends in the middle."""
    folder = s.at("wp-content/plugins/akismet")
    s.copy(AKISMET, folder)
    activate(s, "akismet/akismet.php", *(f"{slug}/{slug}.php" for slug in describe(s).plugins))
    name = s.rng.choice(("class.akismet.php", "class.akismet-rest-api.php", "class.akismet-widget.php"))
    if s.rng.random() < 0.5:
        s.remove(f"{folder}/{name}")
    else:
        whole = s.read(f"{folder}/{name}")
        s.write(f"{folder}/{name}", whole[: whole.index(b"{\n", len(whole) // 3) + 2])
    paths = (f"{folder}/{name}", f"{folder}/akismet.php")
    return Truth("wordpress-plugin", f"{folder}/{name}", (), (*_ALSO, "php-fatal-hidden"), paths=paths)


@well(_EVERYWHERE, "wordpress")
def without_what_nobody_needs(s: Scene) -> Truth:
    """Files of the release that were put aside on purpose, and some of its styles changed by hand: nothing to be made whole."""
    for name in ("wp-admin/install.php", "wp-admin/setup-config.php", "readme.html", "xmlrpc.php", "wp-trackback.php"):
        if s.path(s.at(name)).exists():
            s.remove(s.at(name))
    s.write(s.at("wp-includes/css/buttons.css"), s.read(s.at("wp-includes/css/buttons.css")) + b"\n.button { color: #333 }\n")
    return WELL
