from __future__ import annotations

import re

import pytest

from sites.probing import urls
from sites.probing.urls import BadUrl, origin, redirect_target, wire_url, with_token


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://Shop.Example", "http://shop.example/"),
        ("https://shop.example/a b".replace(" ", "%20") + "#part", "https://shop.example/a%20b"),
        ("https://müller.example/ü?ä=ö", "https://xn--mller-kva.example/%C3%BC?%C3%A4=%C3%B6"),
        ("https://shop.example:8443?x=1", "https://shop.example:8443/?x=1"),
        ("http://[2606:4700:0::1]/", "http://[2606:4700::1]/"),
    ],
)
def test_wire_url_is_ascii_and_complete(url, expected):
    assert wire_url(url) == expected
    assert wire_url(expected) == expected


@pytest.mark.parametrize(
    "url", ["", "shop.example", "file:///etc/passwd", "http://", "http://a\\b/", "http://a/\t", "http://a:b/", "http://./"]
)
def test_wire_url_refuses_what_is_no_page(url):
    with pytest.raises(BadUrl):
        wire_url(url)


def test_usual_addresses_take_a_short_way_to_the_same_form(monkeypatch):
    plain = ["http://a.example/", "https://a-b.example:8443/x//y;z=1,2/~u/*(!)'$&+:@=_-.", "http://127.0.0.1:59999/", "https://a.:1/"]
    short = [(wire_url(url), origin(url)) for url in plain]
    monkeypatch.setattr(urls, "_PLAIN", re.compile("(?!)"))
    assert short == [(wire_url(url), origin(url)) for url in plain]


def test_token_is_added_to_what_is_there():
    assert with_token("http://a/?x=1&&y", "t/1") == "http://a/?x=1&&y&sitemend=t%2F1"
    assert with_token("http://a/p", "t") == "http://a/p?sitemend=t"


def test_redirect_is_resolved_against_the_page():
    assert redirect_target("http://a/b/c?d", "../e é") == "http://a/e%20%C3%A9"
    assert redirect_target("http://a/b", "//c/d") == "http://c/d"
    assert redirect_target("http://a/b", "?x") == "http://a/b?x"
    with pytest.raises(BadUrl):
        redirect_target("http://a/b", "data:text/html,x")


def test_origin_tells_scheme_host_and_port():
    assert origin("http://a/") == origin("http://a:80/x")
    assert len({origin(url) for url in ("http://a/", "https://a/", "http://b/", "http://a:81/")}) == 4
