"""What is kept of one visitor's request: the page, not the person."""

from __future__ import annotations

import pytest

from sites.probing.engine import USER_AGENT
from sites.visitors.visits import (
    Threshold,
    agent_family,
    below,
    clean_path,
    crossed,
    is_junk,
    is_ours,
    may_be_probed,
    page_key,
    same_host,
    shortened,
    who,
)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/checkout?card=4111111111111111", "/checkout"),
        ("https://shop.example/cart#top", "/cart"),
        ("/reset/9f3kd02kfmx", "/reset/[removed]"),
        ("/u/joe@shop.example/edit", "/u/[removed]@shop.example/edit"),
        ("/a;jsessionid=0123456789ABCDEF/b", "/a/b"),
        ("/api/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "/api/[removed]"),
        ("*", "/*"),
        ("", "/"),
        ("/\x1b[31m\u202eexe", "/?[31m?exe"),
        ("/" + "x" * 5000, "/" + "x" * 499),
    ],
)
def test_path_is_kept_without_query_and_secrets(target: str, path: str) -> None:
    assert clean_path(target) == path


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/order/17", "/order/{n}"),
        ("/blog/2026/11/why-it-fails", "/blog/{n}/{n}/why-it-fails"),
        ("/item/550e8400-e29b-41d4-a716-446655440000/x", "/item/{id}/x"),
        ("/p/5f0c6f2b9f7f4c0e", "/p/{id}"),
        ("/checkout", "/checkout"),
        ("/h2o/model3", "/h2o/model3"),
    ],
)
def test_pages_that_differ_by_their_ids_are_one(path: str, key: str) -> None:
    assert page_key(path) == key


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("192.0.2.77:4711", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("dsl-17.customer.provider.example", "provider.example"),
        ("-", ""),
    ],
)
def test_address_is_shortened(address: str, network: str) -> None:
    assert shortened(address) == network


def test_address_is_only_counted() -> None:
    assert who("192.0.2.1", "salt") == who("192.0.2.200", "salt") != who("192.0.2.1", "other salt")
    assert "192" not in who("192.0.2.1", "salt") and who("-", "salt") == ""


@pytest.mark.parametrize(
    "path", ["/xmlrpc.php", "/wp-login.php", "/.env", "/.git/config", "/vendor/phpunit/x", "//admin", "/a/../../etc/passwd"]
)
def test_trying_doors_is_junk(path: str) -> None:
    assert is_junk(path)


@pytest.mark.parametrize("path", ["/", "/checkout", "/wp-json/wc/v3/orders", "/environment", "/shop/login"])
def test_ordinary_page_is_no_junk(path: str) -> None:
    assert not is_junk(path) and may_be_probed(path)


@pytest.mark.parametrize("path", ["/logout", "/cart/delete/17", "/wp-admin/post.php", "/wp-cron.php", "/reset/[removed]", "/user/sign-out"])
def test_page_that_does_something_is_not_probed(path: str) -> None:
    assert not may_be_probed(path)


def test_our_own_probes_are_known() -> None:
    assert is_ours("/", USER_AGENT) and is_ours("/?sitemend-probe=1", "Mozilla/5.0 Sitemend/1 (+https://x)")
    assert not is_ours("/sitemend", "Mozilla/5.0")


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "Chrome"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18 Mobile/15E148 Safari/604.1", "Safari (phone)"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
        ("curl/8.5.0", "Tool"),
        ("-", "unnamed"),
    ],
)
def test_agent_is_kept_as_a_family(agent: str, family: str) -> None:
    assert agent_family(agent) == family


def test_site_in_a_folder_has_its_own_paths() -> None:
    assert [below("/shop/cart", "/shop/"), below("/shop", "/shop/"), below("/shopping", "/shop/"), below("/cart", "")] == [
        "/cart", "/", None, "/cart",
    ]  # fmt: skip
    assert same_host("www.Shop.example:443", "shop.example") and not same_host("blog.shop.example", "shop.example")


def test_threshold_is_two_networks_or_three_requests_within_ten_minutes() -> None:
    threshold = Threshold()
    assert crossed([(0, "a", 1), (599, "b", 1)], threshold) == 599
    assert crossed([(0, "a", 1), (601, "b", 1)], threshold) is None
    assert crossed([(0, "a", 2)], threshold) is None
    assert crossed([(0, "a", 2), (5, "a", 1)], threshold) == 5
    assert crossed([(0, "a", 5), (100, "a", 1)], threshold, since=50) == 100
    assert crossed([(0, "a", 9), (10, "b", 9)], Threshold(lasting_s=300)) is None
