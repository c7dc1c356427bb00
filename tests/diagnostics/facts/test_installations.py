"""What a look at an account finds and passes over, on an account in memory."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import pytest

from diagnostics.facts.installations import Bounds, Installation, Search
from diagnostics.profiles import get_profile
from diagnostics.transports.base import ConnectionLost, TransportError
from tests.diagnostics.accounts_made import EXPECTED, SECRET, everything
from tests.fakes import FakeHost

HOME = "/home/demo"


def host_with(files: dict[str, str], **more: Any) -> FakeHost:
    return FakeHost({f"{HOME}/{path}": text.encode() for path, text in files.items()}, **more)


def look(host: FakeHost, **bounds: Any) -> tuple[dict[str, Installation], Search]:
    search = Search(host, get_profile(""), Bounds(**bounds))
    return {found.docroot.removeprefix(f"{HOME}/"): found for found in search.run() if found}, search


def test_every_system_is_found_once_with_version_and_address() -> None:
    host = host_with(everything())
    found, search = look(host)
    seen = {path: (each.software, each.version, each.candidates[0].url if each.candidates else "") for path, each in found.items()}
    assert seen == EXPECTED
    assert search.cut_short == "" and host.writes == []
    assert SECRET not in repr(found)


def test_likely_folders_come_before_the_rest() -> None:
    host = host_with({f"a{n}/b/c": "" for n in range(50)} | {"zz.example/index.html": "", "www/index.php": ""})
    looks = takewhile(lambda found: found is None, Search(host, get_profile("")).run())
    assert len(list(looks)) <= 2


@pytest.mark.parametrize(("bound", "why"), [({"folders": 5}, "folders"), ({"names": 5}, "folders"), ({"seconds": 0.0}, "time")])
def test_bounds_end_the_look_and_are_told(bound: dict[str, float], why: str) -> None:
    _found, search = look(host_with(everything()), **bound)
    assert search.cut_short == why and search.folders <= 6


def test_what_lies_deeper_than_the_bound_is_left_alone() -> None:
    found, _search = look(host_with({"a/b/c/shop.example/index.html": ""}), depth=3)
    assert found == {}


def test_folders_that_cannot_be_read_are_counted_and_passed_over() -> None:
    host = host_with({"www/index.php": "", "closed/x": ""})
    host.nodes[f"{HOME}/closed"].mode = 0
    found, search = look(host)
    assert list(found) == ["www"] and search.unreadable == 1


def test_home_that_cannot_be_listed_is_an_error() -> None:
    host = host_with({"www/index.php": ""})
    host.nodes[HOME].mode = 0
    with pytest.raises(TransportError):
        look(host)


def test_line_that_breaks_ends_the_look() -> None:
    host = host_with({"www/index.php": ""})
    host.fail["list", f"{HOME}/www"] = ConnectionLost("gone")
    with pytest.raises(ConnectionLost):
        look(host)


def test_link_of_a_deployment_is_named_and_its_releases_are_not() -> None:
    release = {"releases/7/artisan": "", "releases/7/public/index.php": "", "releases/7/.env": "APP_URL=https://app.example"}
    host = host_with({f"app/{path}": text for path, text in release.items()}, links={f"{HOME}/app/current": f"{HOME}/app/releases/7"})
    found, _search = look(host)
    assert [each.candidates[0].url for each in found.values()] == ["https://app.example/"]


def test_link_to_what_is_found_anyway_or_lies_outside_brings_nothing() -> None:
    links = {f"{HOME}/www": f"{HOME}/public_html", f"{HOME}/web": "/etc", f"{HOME}/public": HOME}
    found, _search = look(host_with({"public_html/index.php": ""}, links=links))
    assert list(found) == ["public_html"]


def test_names_that_cannot_be_stored_are_passed_over() -> None:
    found, _search = look(host_with({"a\udcff.example/index.html": "", "line\nbreak.example/index.html": "", "www/index.html": ""}))
    assert list(found) == ["www"]


def test_domains_of_logs_are_offered_where_nothing_else_names_an_address() -> None:
    files = {"www/index.php": "", "access-logs/shop.example-ssl_log": "", "access-logs/other.example": "", "logs/error.log": ""}
    found, _search = look(host_with(files))
    assert sorted(each.url for each in found["www"].candidates) == ["https://other.example/", "https://shop.example/"]


def test_settings_above_the_docroot_are_read() -> None:
    files = {"wp-config.php": "<?php define('WP_HOME', 'https://up.example');", "www/wp-load.php": "", "www/index.php": ""}
    found, _search = look(host_with(files | {"www/wp-includes/version.php": ""}))
    assert found["www"].candidates[0].url == "https://up.example/"
