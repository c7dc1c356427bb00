"""Which paths beside a docroot belong to a program, what is never looked into, and what two baselines both know of."""

from __future__ import annotations

import pytest

from diagnostics.manifests import gathering, places
from diagnostics.manifests.format import Record
from diagnostics.manifests.places import Place
from diagnostics.transports.base import Capability
from tests.fakes import FakeHost

HOME = "/home/demo"
LARAVEL = Place("..", ("app", "bootstrap", "config", "vendor"))


@pytest.mark.parametrize(
    ("path", "is_held"),
    [
        ("../app", True), ("../app/Http/Kernel.php", True), ("../config/app.php", True), ("../.env", True), ("../.env.local", True),
        ("../artisan", True), ("../composer.lock", True), ("../.htaccess", True), ("../.user.ini", True), ("../vendor/a/b/c.php", True),
        ("../storage/logs/laravel.log", False), ("../mail/cur/1", False), ("../notes.txt", False), ("../other/index.php", False),
        ("../app/node_modules/x.js", False), ("../app/.git/config", False), ("../bootstrap/cache", True),
        ("../bootstrap/cache/config.php", False), ("../app/logs/today.php", False), ("../app/data.sqlite", False), ("../app/my.log", False),
        ("../../app/x.php", False),
    ],
)  # fmt: skip
def test_what_belongs_to_a_program(path: str, is_held: bool) -> None:
    assert places.holds((LARAVEL,), path) is is_held


def test_below_the_docroot_everything_is_known() -> None:
    assert places.holds((), "index.php") and places.holds((), "app/x.php") and not places.holds((), "../app/x.php")


def test_of_libraries_only_names_are_known_where_each_folder_is_a_journey() -> None:
    place = Place("../project", ("vendor",), is_shallow=True)
    held = ["../project/vendor/slim", "../project/vendor/autoload.php", "../project/vendor/composer/installed.json"]
    assert all(map(place.holds, held))
    assert not place.holds("../project/vendor/slim/slim") and not place.holds("../project/vendor/composer/pcre/src")


def test_two_baselines_are_compared_in_what_both_know_of() -> None:
    newer = (Place("..", ("app", "routes", "vendor"), is_shallow=True), Place("../lib", ("src",)))
    assert places.common((LARAVEL,), newer) == (Place("..", ("app", "vendor"), is_shallow=True),)
    assert places.common((LARAVEL,), ()) == () and places.from_json(places.as_json(newer)) == newer
    records = [Record(path, "f") for path in (b"../app/a.php", b"../routes/web.php", b"index.php")]
    assert [each.path for each in places.known(records, (LARAVEL,))] == [b"../app/a.php", b"index.php"]


def test_paths_as_they_lie_and_as_people_see_them() -> None:
    assert places.absolute("/home/demo/www", "../app/a.php") == "/home/demo/app/a.php"
    assert places.absolute("/home/demo/www", "a..b/x.php") == "/home/demo/www/a..b/x.php"
    scope = (LARAVEL, Place("../lib", ("src",)))
    assert places.relative("/home/demo/lib/src/x.php", "/home/demo/www", scope) == "../lib/src/x.php"
    assert places.relative("/home/demo/www/a.php", "/home/demo/www", scope) == "a.php"
    assert (places.named("../app/a.php", "www"), places.named("a.php", "www"), places.named("a.php")) == ("app/a.php", "www/a.php", "a.php")


class Listening(FakeHost):
    """Notes which folders were listed."""

    def __init__(self, *given: object, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.listed: list[str] = []

    def list(self, path: str) -> list:  # type: ignore[type-arg]
        self.listed.append(path)
        return super().list(path)


FILES = {
    f"{HOME}/www/index.php": b"<?php", f"{HOME}/app/Http/Kernel.php": b"<?php", f"{HOME}/app/cache/x.php": b"<?php",
    f"{HOME}/config/app.php": b"<?php", f"{HOME}/.env": b"APP_KEY=k\n", f"{HOME}/vendor/slim/slim/App.php": b"<?php",
    f"{HOME}/vendor/composer/installed.json": b"{}", f"{HOME}/mail/cur/1": b"Dear", f"{HOME}/other/index.php": b"<?php",
    f"{HOME}/app/node_modules/x/y.js": b"", f"{HOME}/notes.txt": b"",
}  # fmt: skip


def test_only_the_program_is_listed_and_nothing_else_of_the_account() -> None:
    host = Listening(FILES)
    scope = (Place("..", ("app", "config", "vendor"), is_shallow=True),)
    found = gathering.look(host, f"{HOME}/www", scope=scope)
    names = [record.path.decode() for record in found.sorter.sorted() if record.kind == "f"]
    assert names == ["../.env", "../app/Http/Kernel.php", "../config/app.php", "../vendor/composer/installed.json", "index.php"]
    assert found.scope == scope and any(content == b"APP_KEY=k\n" for content in found.contents.values())
    never = {f"{HOME}/{name}" for name in ("mail", "mail/cur", "other", "app/cache", "app/node_modules", "vendor/slim")}
    assert never.isdisjoint(host.listed)


def test_place_that_is_gone_is_not_called_empty() -> None:
    found = gathering.look(FakeHost({f"{HOME}/www/index.php": b""}), f"{HOME}/www", scope=(Place("../project", ("app",)),))
    assert found.scope == () and [record.path for record in found.sorter.sorted()] == [b"", b"index.php"]


def test_short_look_does_not_list_again_what_is_as_it_was() -> None:
    host = Listening(FILES)
    host.capabilities = frozenset(Capability) - {Capability.RUN_COMMANDS}
    scope = (Place("..", ("app", "config", "vendor"), is_shallow=True),)
    whole = list(gathering.look(host, f"{HOME}/www", scope=scope).sorter.sorted())
    host.listed.clear()
    again = gathering.look(host, f"{HOME}/www", scope=scope, before=lambda: iter(whole), before_at=1_800_000_000.0)
    assert not again.is_whole and list(again.sorter.sorted()) == whole
    assert f"{HOME}/app/Http" not in host.listed and f"{HOME}/vendor/slim" not in host.listed
    host.put(f"{HOME}/app/Http/New.php", b"<?php")
    host.nodes[f"{HOME}/app/Http"].mtime += 5
    host.nodes[f"{HOME}/vendor/slim"].mtime += 5
    host.listed.clear()
    later = gathering.look(host, f"{HOME}/www", scope=scope, before=lambda: iter(whole), before_at=1_800_000_000.0)
    assert b"../app/Http/New.php" in {record.path for record in later.sorter.sorted()}
    assert f"{HOME}/vendor/slim" not in host.listed, "what is known by its name alone stays so"
