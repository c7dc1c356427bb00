"""Releases are fetched once from a real server, kept within their room, and not asked for again where there are none."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import override_settings

from diagnostics.releases import fetching, store
from diagnostics.releases.package import Package
from diagnostics.releases.published import Release, wordpress
from tests.http_server import Reply, redirect
from tests.publisher import Publisher, served
from tests.servers import free_port

FORMS = Release("plugin", "forms", "2.1", title="Forms")
FILES = {"forms.php": b"<?php\n// Forms\n", "inc/show.php": b"<?php\nfunction forms_show() {}\n", "big.js": os.urandom(200_000)}


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with Publisher() as started, started.in_use():
        yield started


def opened(release: Release, limit_s: float = 5.0) -> Package | None:
    return fetching.opened(release, limit_s)


def test_release_is_fetched_once_and_proven_by_its_list(publisher: Publisher) -> None:
    publisher.publish("plugin", "forms", "2.1", FILES)
    for _time in range(3):
        with opened(FORMS) as package:
            assert package.content("inc/show.php") == FILES["inc/show.php"] and package.is_proven("inc/show.php")
    assert len(publisher.requests) == 2, "the list and the package"


def test_list_of_wordpress_itself_comes_from_the_other_address(publisher: Publisher) -> None:
    publisher.publish("core", "wordpress", "6.1", {"index.php": b"fr"}, "fr_FR")
    with opened(wordpress("6.1", "fr_FR")) as package:
        assert package.content("index.php") == b"fr"
    assert opened(wordpress("6.1")) is None


def test_many_at_once_fetch_it_once(publisher: Publisher) -> None:
    package = publisher.publish("plugin", "forms", "2.1", FILES)
    publisher.route("/plugin/forms.2.1.zip", Reply(200, package, delay_s=0.3))
    found: list[Package | None] = []
    threads = [threading.Thread(target=lambda: found.append(opened(FORMS))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and all(found) and len(publisher.packages()) == 1


def test_what_the_directory_does_not_have_is_asked_for_once(publisher: Publisher) -> None:
    private = Release("plugin", "our-own-shop", "1.0")
    assert opened(private) is None and opened(private) is None
    assert len(publisher.requests) == 1 and not fetching.may_come(private) and fetching.may_come(FORMS)


def test_answer_that_is_no_list_means_that_there_is_no_such_release(publisher: Publisher) -> None:
    publisher.route("/core/checksums/1.0/", Reply(200, b'{"checksums":false}', content_type="application/json"))
    assert opened(wordpress("9.9")) is None and store.is_absent(wordpress("9.9")) and publisher.packages() == []


def test_directory_that_is_away_is_left_alone_for_a_while(publisher: Publisher) -> None:
    with override_settings(SITEMEND_RELEASES=f"http://127.0.0.1:{free_port()}"):
        assert opened(FORMS) is None and store.is_away()
    publisher.publish("plugin", "forms", "2.1", FILES)
    assert opened(FORMS) is None and publisher.requests == []
    away = store.folder() / "away.none"
    os.utime(away, (time.time() - 3600, time.time() - 3600))
    assert opened(FORMS) is not None and not store.is_away()


def test_package_that_takes_too_long_is_gone_on_with(publisher: Publisher) -> None:
    package = publisher.publish("plugin", "forms", "2.1", FILES)
    publisher.route("/plugin/forms.2.1.zip", Reply(200, package, drip=(40_000, 0.4)))
    began = time.monotonic()
    assert opened(FORMS, 1.0) is None and time.monotonic() - began < 2 and fetching.may_come(FORMS)
    assert 0 < store.part_of(FORMS).stat().st_size < len(package)
    publisher.route("/plugin/forms.2.1.zip", served(package))
    with opened(FORMS) as found:
        assert found.content("big.js") == FILES["big.js"]
    assert publisher.packages()[-1].headers["range"].startswith("bytes=")


def test_parts_of_two_packages_are_not_joined(publisher: Publisher) -> None:
    store.part_of(FORMS).write_bytes(os.urandom(1000))
    publisher.publish("plugin", "forms", "2.1", FILES)
    assert opened(FORMS) is None and not store.part_of(FORMS).exists(), "nothing of it is believed"
    with opened(FORMS) as package:
        assert package.content("big.js") == FILES["big.js"]


def test_wrong_checksum_gives_nothing_of_that_file(publisher: Publisher) -> None:
    publisher.publish("plugin", "forms", "2.1", FILES, wrong="inc/show.php")
    with opened(FORMS) as package:
        assert package.content("inc/show.php") is None and package.content("forms.php") == FILES["forms.php"]


def test_package_that_is_a_page_is_no_package(publisher: Publisher) -> None:
    publisher.publish("plugin", "forms", "2.1", FILES)
    publisher.route("/plugin/forms.2.1.zip", redirect("/login"))
    publisher.route("/login", Reply(200, b"<h1>Who are you?</h1>"))
    assert opened(FORMS) is None and store.is_absent(FORMS) and not store.path_of(FORMS).exists()


def test_theme_has_no_list_and_is_not_proven(publisher: Publisher) -> None:
    publisher.publish("theme", "plain", "1.3", {"index.php": b"<?php\n"})
    with opened(Release("theme", "plain", "1.3")) as package:
        assert package.content("index.php") == b"<?php\n" and not package.is_proven("index.php")


def test_what_was_not_used_for_longest_goes_first(publisher: Publisher) -> None:
    releases = [Release("theme", "plain", f"1.{n}") for n in range(4)]
    for age, release in enumerate(releases):
        publisher.publish("theme", "plain", release.version, {"a.bin": os.urandom(400_000)})
        assert opened(release) is not None
        moment = time.time() - 3600 + age
        os.utime(store.path_of(release), (moment, moment))
    assert opened(releases[0]) is not None, "it is used now"
    with override_settings(SITEMEND_RELEASES_MB=1):
        assert store.make_room() == 2
    assert [store.path_of(release).exists() for release in releases] == [True, False, False, True]


def test_damaged_package_in_the_store_is_fetched_anew(publisher: Publisher) -> None:
    publisher.publish("plugin", "forms", "2.1", FILES)
    opened(FORMS)
    store.path_of(FORMS).write_bytes(b"PK")
    with opened(FORMS) as package:
        assert package.content("forms.php") == FILES["forms.php"]


def test_nothing_is_fetched_where_it_is_switched_off(publisher: Publisher) -> None:
    publisher.publish("plugin", "forms", "2.1", FILES)
    with override_settings(SITEMEND_RELEASES=""):
        assert not fetching.is_on() and opened(FORMS) is None and publisher.requests == []
    assert settings.SITEMEND_RELEASES
