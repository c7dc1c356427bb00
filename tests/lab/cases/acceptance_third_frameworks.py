# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Programs with a database of their own, and programs built upon frameworks, after a move or a change."""

from __future__ import annotations

from tests.lab.cases.base import LOGGED, PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.clubs_and_shops import club
from tests.lab.sites.frameworks import base_of
from tests.lab.sites.php_site import php

_SEEN = (*LOGGED, "engine", "own-log", "ovh")  # programs that keep a log of their own


@case((*SHOWN, "ovh"), "club")
def password_changed_in_the_panel(s: Scene) -> Truth:
    """The owner gave the database a new password in the host's panel and did not know that the site needs it too."""
    c = club(s)
    s.databases.with_new_password(c.database, f"Neu-{s.rng.randrange(16**8):08x}")
    lines = tuple(s.line_of(s.at(c.config), name) for name in ("DB_USER", "DB_PASS"))
    return Truth("database-access-denied", s.at(c.config), lines, paths=(s.at(c.functions),))


@case((*PHP, "ovh"), "club")
def table_in_another_letter_case(s: Scene) -> Truth:
    """The database was copied from a Windows computer, which makes no difference between the letters of a table's name."""
    c = club(s)
    other = s.rng.choice((c.table.capitalize(), c.table.upper()))
    s.databases.run(f"RENAME TABLE {c.table} TO {other}", c.database.name)
    line = s.line_of(s.at(c.functions), f"FROM {c.table}")
    return Truth("database-table-missing", s.at(c.functions), (line,), paths=(s.at(c.config),))


@case(_SEEN, "laravel")
def cache_made_on_the_own_computer(s: Scene) -> Truth:
    """The developer uploaded the cached configuration of the own computer, and the paths in it with it."""
    base = base_of(s)
    there = s.rng.choice(("/Users/anna/Sites/shop", "/var/www/html", "/home/dev/code/shop", "C:\\\\laragon\\\\www\\\\shop"))
    key = next(line.partition("=")[2] for line in s.read(f"{base}.env").decode().splitlines() if line.startswith("APP_KEY"))
    lines = [
        "return array (", "  'app' =>", "  array (", "    'name' => 'Shop',", "    'env' => 'local',", f"    'key' => '{key}',", "    'cipher' => 'AES-256-CBC',", "  ),",
        "  'view' =>", "  array (", f"    'compiled' => '{there}/storage/framework/views',", "  ),",
        "  'session' =>", "  array (", "    'driver' => 'file',", f"    'files' => '{there}/storage/framework/sessions',", "  ),", ");",
    ]  # fmt: skip
    path = f"{base}bootstrap/cache/config.php"
    s.write(path, php(lines))
    also = ("php-uncaught-exception", "php-missing-file", "folder-not-writable")
    return Truth(
        "application-answers-500", path, tuple(s.line_of(path, name) for name in ("/framework/views", "/framework/sessions")), also
    )


@case(_SEEN, "symfony")
def settings_that_are_not_in_git(s: Scene) -> Truth:
    """Deployed anew from version control, which rightly does not hold the file with the database's address."""
    base = base_of(s)
    s.remove(f"{base}.env.local")
    s.write(f"{base}.gitignore", "/.env.local\n/.env.local.php\n/.env.*.local\n/var/\n/vendor/\n")
    return Truth("application-answers-500", f"{base}.env", (), ("php-uncaught-exception",), paths=(f"{base}.env.local",))


@case(_SEEN, "codeigniter3")
def model_in_small_letters(s: Scene) -> Truth:
    """Written under Windows, where the file's name in small letters was good enough."""
    folder = s.at("application/models")
    s.path(f"{folder}/Prices_model.php").rename(s.path(f"{folder}/prices_model.php"))
    also = ("application-answers-500", "php-class-not-found")
    return Truth("php-missing-file", f"{folder}/prices_model.php", (), also, paths=(f"{folder}/Prices_model.php",))


@case(PHP, "slim")
def decimal_comma(s: Scene) -> Truth:
    """Somebody in the office keeps the rates up to date by hand, and writes numbers as one does at home."""
    base = base_of(s)
    rows = ['  "eur": 1,', '  "usd": 1,08,', '  "chf": 0.96']
    s.write(f"{base}data/rates.json", "\n".join(["{", *rows, "}", ""]))
    also = ("application-answers-500",)
    return Truth("php-uncaught-exception", f"{base}data/rates.json", (3,), also, paths=(f"{base}app/routes.php",))
