"""Where releases lie, which names are asked for at all, and what lists of checksums say."""

from __future__ import annotations

import hashlib
import json

import pytest

from diagnostics.releases.published import NotPublished, Release, is_as_listed, read_checksums, wordpress


def test_addresses_are_those_of_wordpress_own_updates() -> None:
    english, french = wordpress("6.5.2"), wordpress("6.5.2", "fr_FR")
    assert (english.package, french.package) == ("release/wordpress-6.5.2.zip", "release/fr_FR/wordpress-6.5.2.zip")
    assert english.checksums == "core/checksums/1.0/?version=6.5.2&locale=en_US"
    assert french.checksums == "core/checksums/1.0/?version=6.5.2&locale=fr_FR"
    plugin, theme = Release("plugin", "contact-form-7", "5.9.3", title="Contact Form 7"), Release("theme", "astra", "4.6")
    assert (plugin.package, plugin.checksums) == ("plugin/contact-form-7.5.9.3.zip", "plugin-checksums/contact-form-7/5.9.3.json")
    assert (theme.package, theme.checksums) == ("theme/astra.4.6.zip", "")
    assert (english.named, plugin.named, plugin.folder, english.folder) == (
        "WordPress 6.5.2", "Contact Form 7 5.9.3", "contact-form-7", "wordpress",
    )  # fmt: skip
    assert len({english.key, french.key, plugin.key, theme.key, wordpress("6.5.2", "en_US").key}) == 4


@pytest.mark.parametrize("values", [
    ("plugin", "../etc", "1.0"), ("plugin", "Forms Pro", "1.0"), ("plugin", "forms", ""), ("plugin", "forms", "1.0/../../x"),
    ("plugin", "forms", "1..0"), ("core", "wordpress", "6.5", "fr/FR"), ("drop-in", "db", "1.0"), ("plugin", "", "1.0"),
    ("plugin", "forms", "trunk of today"), ("core", "wordpress", "6.5", "../x"),
])  # fmt: skip
def test_what_no_directory_names_is_never_asked_for(values: tuple[str, ...]) -> None:
    with pytest.raises(NotPublished):
        Release(*values)


def test_lists_of_wordpress_and_of_plugins_are_read() -> None:
    md5, sha = hashlib.md5(b"a").hexdigest(), hashlib.sha256(b"a").hexdigest()
    core = read_checksums(json.dumps({"checksums": {"index.php": md5, "wp-load.php": 3}}).encode())
    assert core == {"index.php": {("md5", md5)}}
    many = read_checksums(json.dumps({"files": {"a.php": {"md5": [md5, "0" * 32], "sha256": sha}, "b.php": {"md5": "short"}}}).encode())
    assert many == {"a.php": {("md5", md5), ("md5", "0" * 32), ("sha256", sha)}}
    assert is_as_listed(b"a", core["index.php"]) and is_as_listed(b"a", many["a.php"])
    assert not is_as_listed(b"b", many["a.php"]) and not is_as_listed(b"b", core["index.php"])


def test_strongest_checksum_decides() -> None:
    weak = frozenset({("md5", hashlib.md5(b"a").hexdigest()), ("sha256", "0" * 64)})
    assert not is_as_listed(b"a", weak)


@pytest.mark.parametrize("content", [b"", b"[]", b"<h1>", b'{"checksums": false}', b'{"files": []}', b"{}", b'"x"', b"\xff\xfe"])
def test_anything_else_is_no_list(content: bytes) -> None:
    with pytest.raises(ValueError):
        read_checksums(content)
