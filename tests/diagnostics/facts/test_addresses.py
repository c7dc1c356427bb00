"""Which address a file or folder names, and what is none."""

from __future__ import annotations

import time

import pytest

from diagnostics.facts import addresses


def urls(found: object) -> list[str]:
    return [each.url for each in found]


@pytest.mark.parametrize(
    "text",
    [
        "define('WP_HOME', 'https://' . $_SERVER['HTTP_HOST']);",
        "define('WP_HOME', getenv('HOME_URL'));",
        "// define('WP_HOME', 'https://old.example/');",
        "# $base_url = 'https://old.example';",
        "/* $live_site = 'https://old.example'; ",
        "define('WP_HOME', 'http://localhost:8080');",
        "define('WP_HOME', 'https://user:password@shop.example/');",
        "define('WP_HOME', 'javascript://shop.example/');",
        "define('AUTH_KEY', 'https://shop.example/');",
        "$live_site = '';",
    ],
)
def test_settings_that_name_no_address(text: str) -> None:
    assert urls(addresses.in_settings(text, "php")) == []


def test_settings_name_addresses_without_what_does_not_belong_there() -> None:
    text = "define('WP_HOME', 'HTTPS://Shop.Example/index.php?x=1#top'); $x = \"it's // no comment\"; define('WP_SITEURL','//x');"
    assert urls(addresses.in_settings(text, "php")) == ["https://shop.example/"]
    assert urls(addresses.in_settings("export APP_URL='https://a.example:8443/sub'\nDB=1", "env")) == ["https://a.example:8443/sub/"]
    assert urls(addresses.in_settings("#APP_URL=https://a.example\nMY_APP_URL=https://b.example", "env")) == []


def test_rules_name_the_target_first_and_patterns_only_where_they_mean_one_domain() -> None:
    rules = r"""
    RewriteCond %{HTTP_HOST} !^www\.shop\.example$ [NC]
    RewriteRule ^(.*)$ https://www.shop.example/$1 [R=301,L]
    RewriteCond %{HTTP_HOST} ^(www\.)?old\.example$
    RewriteCond %{HTTP_HOST} ^(.+)\.any\.example$
    RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301]
    # RewriteCond %{HTTP_HOST} ^comment\.example$
    """
    assert urls(addresses.in_rules(rules)) == ["https://www.shop.example/", "https://www.shop.example/", "https://old.example/"]


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (["domains", "shop.example", "public_html"], ["https://shop.example/"]),
        (["shop.example", "httpdocs", "blog"], ["https://shop.example/blog/", "https://blog.shop.example/"]),
        (["shop.example", "subdomains", "blog", "httpdocs"], ["https://shop.example/blog/", "https://blog.shop.example/"]),
        (["a.example", "b.example"], ["https://b.example/"]),
        (["www"], []),
        (["shop.bak"], []),
        (["v1.2"], []),
        (["readme.html"], []),
    ],
)
def test_folders_name_an_address_where_one_is_a_domain(parts: list[str], found: list[str]) -> None:
    assert urls(addresses.in_path(parts, ("www", "httpdocs", "public_html"))) == found


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("shop.example-ssl_log", "shop.example"),
        ("shop.example-ssl_log-Nov-2026.gz", "shop.example"),
        ("shop.example.access.log", "shop.example"),
        ("shop.example", "shop.example"),
        ("access.log", ""),
        ("error_log", ""),
        ("php.ini", ""),
    ],
)
def test_log_names_bear_domains(name: str, domain: str) -> None:
    assert addresses.in_log_name(name) == domain


@pytest.mark.parametrize(
    "piece", ["/*", "'", '"', "define('WP_HOME','", "RewriteRule x ", "<link rel=canonical ", "trusted_host_patterns'] = ["]
)
def test_files_made_to_be_slow_take_no_time(piece: str) -> None:
    text, begun = piece * (262_144 // len(piece)), time.process_time()
    for read in (lambda: addresses.in_settings(text, "php"), lambda: addresses.in_rules(text), lambda: addresses.in_page(text)):
        list(read())
    assert time.process_time() - begun < 3


@pytest.mark.parametrize("quote", ["'", '"'])
def test_text_that_is_never_closed_takes_no_more_than_a_moment(quote: str) -> None:
    started = time.process_time()
    assert not urls(addresses.in_settings(quote + f"\\{quote}" * 128_000, "php"))
    assert time.process_time() - started < 2
