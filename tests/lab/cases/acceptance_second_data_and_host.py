# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""What a support desk meets of databases, full disks and its own machines, for sites that are not blogs."""

from __future__ import annotations

import contextlib

from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.clubs_and_shops import club
from tests.lab.sites.edits import changed
from tests.lab.sites.htaccess_lines import blocks, text
from tests.lab.sites.php_site import describe, page_source


def _config(s: Scene) -> str:
    """The file of this kind of site that holds its login."""
    if s.path(s.at("app/config/parameters.php")).exists():
        return s.at("app/config/parameters.php")
    return s.at("config.php") if s.path(s.at("config.php")).exists() else s.at(club(s).config)


@case(SHOWN, "club", "prestashop", "opencart")
def password_renewed_in_the_panel(s: Scene) -> Truth:
    """The host asked for a safer password; the site was told nothing of it."""
    assert s.database
    path = _config(s)
    lines = (s.line_of(path, s.database.password), s.line_of(path, s.database.user))
    s.databases.with_new_password(s.database, f"{s.rng.randrange(16**14):014x}#A")
    return Truth("database-access-denied", path, lines)


@case(SHOWN, "club", "opencart", "board")
def localhost_as_everywhere_else(s: Scene) -> Truth:
    """The new host's database is on another machine; the line was copied from a tutorial."""
    path = _config(s)
    quoted = "'127.0.0.1'"
    number = s.line_of(path, quoted)
    changed(s, path, quoted, "'localhost'")
    return Truth("database-server-down", path, (number,), statuses=(500, 503))


@case(SHOWN, "club", "prestashop", "board")
def database_of_the_old_contract(s: Scene) -> Truth:
    """User and password are those of the new host, the name of the database is still the old one."""
    assert s.database
    path, name = _config(s), s.database.name
    old = s.rng.choice(
        (f"usr_web{s.rng.randint(10, 990)}_1", f"k{s.rng.randint(1000, 9999)}_site", f"db{s.rng.randrange(10**8):08d}", "oldsite_prod")
    )
    number = s.line_of(path, f"'{name}'")
    changed(s, path, f"'{name}'", f"'{old}'")
    return Truth("database-missing", path, (number,), ("database-access-denied",), statuses=(500, 503))


@case(PHP, "php")
def backups_that_filled_the_disk(s: Scene) -> Truth:
    """A nightly job packs the site and throws nothing away; the counter finds no room."""
    site, folder = describe(s), s.rng.choice(("data", "var", "storage"))
    assert s.small_disk(s.at(folder), s.rng.choice((2048, 3072, 4096)))
    s.folder(s.at(f"{folder}/backups"))
    for night in range(1, 30):
        name = s.path(s.at(f"{folder}/backups/site-2026-11-{night:02d}.zip"))
        with contextlib.suppress(OSError), name.open("wb", buffering=0) as file:
            for _block in range(160):
                file.write(b"PK" * 2048)
        s.place.account.own(name)
    more = [
        f"$stored = file_put_contents(__DIR__ . '/{folder}/visits-' . date('Ymd') . '.log', str_repeat($_SERVER['REQUEST_URI'] . \"\\n\", 20), FILE_APPEND);",
        "if ($stored === false) {", "    throw new RuntimeException('Cannot store the visit');", "}",
    ]  # fmt: skip
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=more))
    return Truth("disk-full")


@case(("dead", "crash", "refused", "mute"), "php")
def machines_of_the_host_at_fault(s: Scene) -> Truth:
    """Every page fails, and the customer had just changed something harmless."""
    if s.place.setup.server == "apache":
        s.write(s.at(".htaccess"), text(blocks(s.rng, 1, 4)))
    else:
        s.write(s.at(describe(s).page), s.read(s.at(describe(s).page)))
    cause, status = {
        "dead": ("php-service-down", 503), "crash": ("php-service-crash", 503), "refused": ("upstream-bad-gateway", 502), "mute": ("upstream-timeout", 504),
    }[s.place.setup.name]  # fmt: skip
    return Truth(cause, statuses=(status,))
