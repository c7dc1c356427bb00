"""Where frameworks keep what is theirs beside the docroot, as their skeletons have it; and what is never taken for a program."""

from __future__ import annotations

import time

import pytest

from diagnostics.evidence import Evidence, SiteSeen
from diagnostics.facts import program_tree
from diagnostics.facts.program_places import recognised
from diagnostics.facts.small_files import SmallFiles
from diagnostics.manifests.places import Place, Scope
from diagnostics.transports.base import Capability, Entry, Stat
from tests.fakes import FakeHost

HOME = "/home/demo"
ACCOUNT = {f"{HOME}/mail/cur/1": b"", f"{HOME}/logs/error.log": b"", f"{HOME}/backups/a.zip": b"", f"{HOME}/tmp/sess_1": b"",
           f"{HOME}/.ssh/known_hosts": b"", f"{HOME}/second/index.php": b"<?php", f"{HOME}/photos/a.jpg": b""}  # fmt: skip
LARAVEL = b"<?php\nrequire __DIR__.'/../vendor/autoload.php';\n$app = require_once __DIR__.'/../bootstrap/app.php';\n"
SYMFONY = b"<?php\nuse App\\Kernel;\nrequire_once dirname(__DIR__).'/vendor/autoload_runtime.php';\n"
CODEIGNITER = b"<?php\ndefine('FCPATH', __DIR__ . DIRECTORY_SEPARATOR);\nrequire FCPATH . '../app/Config/Paths.php';\n"
YII = b"<?php\nrequire __DIR__ . '/../vendor/autoload.php';\n$config = require __DIR__ . '/../config/web.php';\n"


def look(files: dict[str, bytes], docroot: str = f"{HOME}/public", others: tuple[str, ...] = (), **more: object) -> Scope:
    return recognised(SmallFiles(FakeHost(ACCOUNT | files, **more)), docroot, others)  # type: ignore[arg-type]


def tree(base: str, *names: str) -> dict[str, bytes]:
    return {f"{base}/{name}": b"" for name in names}


@pytest.mark.parametrize(
    ("start", "names", "folders"),
    [
        (LARAVEL, ("artisan", "app/A.php", "bootstrap/app.php", "config/app.php", "routes/web.php", "vendor/autoload.php", "storage/logs/a",
                   "node_modules/x/y.js"), ("app", "bootstrap", "config", "routes", "vendor")),
        (SYMFONY, ("bin/console", "src/Kernel.php", "config/bundles.php", "vendor/autoload_runtime.php", "var/cache/x", "templates/a.twig"),
         ("config", "src", "templates", "vendor")),
        (CODEIGNITER, ("app/Config/Paths.php", "system/Boot.php", "writable/logs/a", "spark"), ("app", "system")),
        (YII, ("config/web.php", "controllers/A.php", "vendor/autoload.php", "runtime/logs/app.log"), ("config", "controllers", "vendor")),
    ],
    ids=["laravel", "symfony", "codeigniter", "yii"],
)  # fmt: skip
def test_program_beside_the_docroot_in_the_home_of_the_account(start: bytes, names: tuple[str, ...], folders: tuple[str, ...]) -> None:
    found = look({f"{HOME}/public/index.php": start} | tree(HOME, *names))
    assert found == (Place("..", folders, is_shallow=True),)


def test_program_in_a_folder_of_its_own() -> None:
    start = LARAVEL.replace(b"/../", b"/../shop/")
    files = tree(f"{HOME}/shop", "app/A.php", "vendor/autoload.php", "bin/x", "data/rates.json", "storage/a", "public/index.php")
    assert look({f"{HOME}/www/index.php": start} | files, f"{HOME}/www") == (
        Place("../shop", ("app", "bin", "data", "vendor"), is_shallow=True),
    )


def test_folder_that_bears_the_name_of_a_part_is_not_taken_for_the_account() -> None:
    start = b"<?php require __DIR__ . '/../app/vendor/slim/slim/Slim/App.php'; Slim\\App::run(__DIR__ . '/../app');"
    files = tree(f"{HOME}/app", "app/routes.php", "vendor/slim/slim/Slim/App.php", "data/rates.json")
    assert look({f"{HOME}/public/index.php": start} | files) == (Place("../app", ("app", "data", "vendor"), is_shallow=True),)


def test_drupal_by_composer_and_classes_that_composer_loads() -> None:
    files = {
        f"{HOME}/web/index.php": b"<?php\n$autoloader = require_once 'autoload.php';\n",
        f"{HOME}/web/autoload.php": b"<?php\nreturn require __DIR__ . '/../vendor/autoload.php';\n",
        f"{HOME}/composer.json": b'{"autoload": {"psr-4": {"Shop\\\\": "engine/src/", "X\\\\": "../up", "Y\\\\": "mail/"}}}',
    }
    found = look(files | tree(HOME, "vendor/autoload.php", "engine/src/A.php", "drush/x"), f"{HOME}/web")
    assert found == (Place("..", ("engine", "vendor"), is_shallow=True),)


def test_known_program_whose_start_file_says_nothing_is_told_by_the_names_beside_it() -> None:
    files = tree(HOME, "public/index.php", "artisan", "app/A.php", "bootstrap/app.php", "routes/web.php")
    assert look(files) == (Place("..", ("app", "bootstrap", "routes"), is_shallow=True),)


def test_libraries_are_listed_as_a_whole_where_that_is_one_command() -> None:
    files = {f"{HOME}/public/index.php": YII} | tree(HOME, "config/web.php", "vendor/autoload.php")
    assert look(files, protocol="ssh", capabilities=frozenset(Capability)) == (Place("..", ("config", "vendor")),)


def test_other_sites_of_the_account_are_none_of_it() -> None:
    files = {f"{HOME}/public/index.php": LARAVEL} | tree(
        HOME, "app/public/index.php", "vendor/autoload.php", "lib/a.php", "bootstrap/app.php"
    )
    found = look(files, others=(f"{HOME}/app/public", f"{HOME}/lib"))
    assert found == (Place("..", ("bootstrap", "vendor"), is_shallow=True),)


@pytest.mark.parametrize(
    "start",
    [b"<?php echo 1;", b"<?php require __DIR__ . '/vendor/autoload.php';", b"<?php require __DIR__ . '/../../../etc/passwd';",
     b"<?php require '/usr/share/php/lib/x.php';", b"<?php $x = __DIR__ . '/../mail/x.php';"],
)  # fmt: skip
def test_what_is_no_program_beside_the_docroot(start: bytes) -> None:
    assert look({f"{HOME}/public/index.php": start} | tree(f"{HOME}/public", "vendor/autoload.php")) == ()


def test_account_whose_login_sees_it_as_the_root() -> None:
    files = {"/public/index.php": LARAVEL, "/app/A.php": b"", "/vendor/autoload.php": b"", "/mail/x": b"", "/bootstrap/app.php": b""}
    found = recognised(SmallFiles(FakeHost(files, home="/")), "/public")  # type: ignore[arg-type]
    assert found == (Place("..", ("app", "bootstrap", "vendor"), is_shallow=True),)
    assert recognised(SmallFiles(FakeHost(files, home="/")), "/") == ()  # type: ignore[arg-type]


class Counting(FakeHost):
    """Counts what is asked of it, as each may be a journey of its own."""

    asked = 0

    def list(self, path: str) -> list[Entry]:
        self.asked += 1
        return super().list(path)

    def read(self, path: str, limit: int) -> bytes:
        self.asked += 1
        return super().read(path, limit)

    def stat(self, path: str) -> Stat:
        self.asked += 1
        return super().stat(path)


def test_finding_and_listing_it_costs_no_more_than_its_own_folders() -> None:
    own = tree(HOME, *(f"app/part-{number}/a.php" for number in range(40)), "config/app.php", "bootstrap/app.php", "vendor/autoload.php")
    others = tree(HOME, *(f"vendor/maker-{number}/package/src/A.php" for number in range(300)), *(f"mail/{n}/cur/1" for n in range(100)))
    host = Counting(ACCOUNT | own | others | {f"{HOME}/public/index.php": LARAVEL})
    scope = recognised(SmallFiles(host), f"{HOME}/public")  # type: ignore[arg-type]
    assert scope and host.asked <= 10
    host.asked = 0
    docroot = f"{HOME}/public"
    seen = Evidence(SiteSeen("shop", "http://shop.example/", "down", "server-error"), "", "sftp", docroot=docroot)
    found = program_tree.read(host, seen, scope, time.monotonic() + 60)  # type: ignore[arg-type]
    assert found.program_scope == scope and len(found.program) > 340, "the names of libraries are among them"
    assert host.asked <= 40 + 10
