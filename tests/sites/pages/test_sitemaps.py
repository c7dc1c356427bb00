from __future__ import annotations

import gzip
import time

import pytest

from sites.pages.sitemaps import MOST_ADDRESSES, NotASitemap, Sitemap, from_robots, parse_sitemap

HEAD = b'<?xml version="1.0" encoding="UTF-8"?>'
URLSET = HEAD + (
    b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
    b"<url><loc> https://a.example/x?a=1&amp;b=2 </loc><image:image><image:loc>https://a.example/p.jpg</image:loc></image:image></url>"
    b"<url><loc><![CDATA[https://a.example/y]]></loc><lastmod>2026-01-01</lastmod></url></urlset>"
)
INDEX = HEAD + b"<sitemapindex><sitemap><loc>https://a.example/s1.xml</loc></sitemap></sitemapindex>"


def test_pages_and_nested_sitemaps_are_read():
    assert parse_sitemap(URLSET) == Sitemap(["https://a.example/x?a=1&b=2", "https://a.example/y"], [])
    assert parse_sitemap(b"\xef\xbb\xbf\n" + INDEX) == Sitemap([], ["https://a.example/s1.xml"])


def test_compressed_and_cut_off_sitemaps_give_what_is_there():
    assert parse_sitemap(gzip.compress(URLSET)).pages == parse_sitemap(URLSET).pages
    assert parse_sitemap(URLSET[: URLSET.index(b"<image:image>")]).pages == ["https://a.example/x?a=1&b=2"]
    long = HEAD + b"<urlset>" + b"".join(b"<url><loc>https://a.example/%d</loc></url>" % n for n in range(9000))
    assert len(parse_sitemap(gzip.compress(long)[:2000]).pages) > 10
    assert len(parse_sitemap(long).pages) == MOST_ADDRESSES


def test_plain_list_is_a_sitemap():
    assert parse_sitemap(b"https://a.example/x\nnothing\nhttps://a.example/y\n").pages == ["https://a.example/x", "https://a.example/y"]


BOMB = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
STEAL = b'<!DOCTYPE urlset [<!ENTITY f SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "body",
    [
        b"", b"nothing", b"<html><body>Not found</body></html>", b"\x1f\x8bnot gzip at all", HEAD,
        HEAD + BOMB + b"<urlset><url><loc>&b;</loc></url></urlset>",
        HEAD + STEAL + b"<urlset><url><loc>&f;</loc></url></urlset>",
        b"<urlset>" + b"<a>" * 100,
        *(f"<?xml version='1.0' encoding='{name}'?><urlset/>".encode() for name in ("Shift_JIS", "gbk", "no-such", "hex")),
    ],
)  # fmt: skip
def test_what_is_no_sitemap_or_a_dangerous_one_is_refused(body):
    with pytest.raises(NotASitemap):
        parse_sitemap(body)


def test_gzip_bomb_is_not_unpacked_beyond_the_limit():
    bomb = gzip.compress(b"<urlset>" + b" " * 50_000_000, compresslevel=9)
    assert parse_sitemap(bomb).pages == []


def test_sitemaps_named_in_robots():
    robots = b"User-agent: *\nDisallow: /x\nSitemap: https://a.example/one.xml\r\n sitemap:https://a.example/two.xml # more\n"
    assert from_robots(robots) == ["https://a.example/one.xml", "https://a.example/two.xml"]
    assert len(from_robots(b"Sitemap: https://a.example/\n" * 100)) == 10


def test_robots_of_empty_lines_takes_no_time():
    begun = time.process_time()
    assert from_robots(b"\n" * 256 * 1024 + b"Sitemap:\n" + b" " * 256 * 1024 + b"\nSitemap: https://a.example/x\n") == [
        "https://a.example/x"
    ]
    assert time.process_time() - begun < 1
