"""Pages proposed, from a real server that plays several systems."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from sites.models import Site
from sites.pages import finding as finding_pages
from sites.pages import hints as page_hints
from sites.pages.finding import MOST_PROPOSED, MOST_REQUESTS, Proposal, propose, spread
from tests.factories import make_site, make_team
from tests.http_server import HttpServer, Reply, redirect

pytestmark = pytest.mark.django_db

WELL = Reply()


@pytest.fixture
def server(settings) -> Iterator[HttpServer]:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with HttpServer() as running:
        running.route("/", WELL)
        yield running


@pytest.fixture
def site(server: HttpServer) -> Site:
    return make_site(url=server.url("/"))


def page(body: str) -> Reply:
    return Reply(body=f"<!doctype html><html><head><title>Shop</title></head><body>{body}</body></html>".encode())


def sitemap(server: HttpServer, *paths: str) -> Reply:
    urls = "".join(f"<url><loc>{server.url(path)}</loc></url>" for path in paths)
    return Reply(body=f"<urlset>{urls}</urlset>".encode(), content_type="application/xml")


def paths_of(found: finding_pages.Found) -> list[str]:
    return [proposal.path for proposal in found.proposals]


def test_sitemaps_of_robots_are_followed_nested_and_compressed(server, site):
    server.route("/robots.txt", Reply(body=f"Sitemap: {server.url('/map.xml')}\n".encode(), content_type="text/plain"))
    nested = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in (server.url("/a.xml.gz"), "https://elsewhere.example/b.xml"))
    server.route("/map.xml", Reply(body=f"<sitemapindex>{nested}</sitemapindex>".encode()))
    urls = "".join(f"<url><loc>{url}</loc></url>" for url in (server.url("/about"), "https://elsewhere.example/x", server.url("/")))
    server.route("/a.xml.gz", Reply(body=gzip.compress(f"<urlset>{urls}</urlset>".encode()), content_type="application/gzip"))
    found = propose(site)
    assert found.proposals == (Proposal("/about", "Named in the sitemap."),)
    assert {request.path for request in server.requests} == {"/", "/robots.txt", "/map.xml", "/a.xml.gz"}


def test_usual_places_are_looked_at_without_robots(server, site):
    server.route("/wp-sitemap.xml", sitemap(server, "/one", "/two"))
    assert paths_of(propose(site, known=["/two"])) == ["/one"]


def test_shop_is_recognised_and_only_pages_that_answer_are_proposed(server, site):
    body = (
        '<link href="/wp-content/plugins/woocommerce/x.css"><a href="/warenkorb/">Warenkorb</a> <a href="/kontakt">Kontakt</a> '
        '<a href="https://elsewhere.example/cart">x</a>'
    )
    server.route("/", page(body))
    for path in ("/warenkorb/", "/kontakt", "/wp-json/"):
        server.route(path, WELL)
    server.route("/wp-login.php", Reply(403, b"<h1>Forbidden</h1>"))
    post = json.dumps([{"link": server.url("/2026/05/news/")}]).encode()
    server.route("/wp-json/wp/v2/posts", Reply(body=post, content_type="application/json"))
    found = {proposal.path: proposal for proposal in propose(site).proposals}
    assert set(found) == {"/warenkorb/", "/kontakt", "/wp-json/", "/2026/05/news/"}
    assert "basket" in found["/warenkorb/"].reason and found["/warenkorb/"].recommended
    assert not found["/kontakt"].recommended


def test_site_in_a_folder_gets_paths_below_it(server):
    server.route("/shop/", page('<a href="/shop/contact">Contact</a><a href="/other/contact">Contact</a>'))
    server.route("/shop/contact", WELL)
    server.route("/sitemap.xml", sitemap(server, "/shop/about", "/other/about"))
    assert paths_of(propose(make_site(url=server.url("/shop/")))) == ["/contact", "/about"]


def test_front_page_that_fails_says_why_and_asks_no_more(server, site):
    server.route("/", Reply(500))
    found = propose(site)
    assert (found.proposals, len(server.requests)) == ((), 1)
    assert "500" in found.trouble


def test_nothing_found_says_what_to_do(server, site):
    assert "Type the pages yourself" in propose(site).trouble


def test_private_address_is_not_contacted(server, site, settings):
    settings.SITEMEND_ALLOWED_NETWORKS = ()
    assert (propose(site).proposals, server.requests) == ((), [])


def test_redirect_inside_is_not_followed(server, site, settings):
    server.route("/robots.txt", redirect("http://169.254.169.254/latest"))
    assert "Type the pages" in propose(site).trouble


def test_requests_and_proposals_are_bounded(server, site):
    every = "".join(f"<sitemap><loc>{server.url(f'/s{n}.xml')}</loc></sitemap>" for n in range(100))
    server.route("/sitemap.xml", Reply(body=f"<sitemapindex>{every}</sitemapindex>".encode()))
    for n in range(100):
        server.route(f"/s{n}.xml", sitemap(server, *(f"/{n}-{m}/{k}" for m in range(9) for k in range(9))))
    assert len(propose(site).proposals) == MOST_PROPOSED
    assert len(server.requests) <= MOST_REQUESTS


def test_other_sources_are_heard_for_registered_sites(server, site, monkeypatch):
    monkeypatch.setattr(finding_pages, "_sources", [])
    finding_pages.add_source(lambda of: [Proposal("/failed", f"Visitors of {of.pk} met an error here.")])
    assert propose(site).proposals == (Proposal("/failed", f"Visitors of {site.pk} met an error here."),)
    assert propose(Site(team=make_team(), url=server.url("/"))).proposals == ()


def test_spread_takes_a_few_of_each_folder():
    paths = ["/about", *(f"/blog/{n}" for n in range(9)), "/shop/a", "/about"]
    assert spread(paths) == ["/about", "/blog/0", "/blog/1", "/shop/a"]


@pytest.mark.parametrize(
    ("html", "headers", "expected"),
    [
        ('<meta name="generator" content="WordPress 6.8">', (), {"wordpress"}),
        ("", (("Link", '<https://x.example/wp-json/>; rel="https://api.w.org/"'),), {"wordpress"}),
        ("<script>var prestashop = {};</script>", (), {"prestashop"}),
        ('<meta name="generator" content="Joomla! - Open Source Content Management" />', (), {"joomla"}),
        ("", (("X-Generator", "Drupal 11 (https://www.drupal.org)"),), {"drupal"}),
        ("<p>We moved away from nothing.</p>", (), set()),
    ],
)
def test_systems_are_recognised_by_their_signs(html, headers, expected):
    assert page_hints.systems(html, headers) == expected


def test_host_that_the_front_page_leads_to_gets_no_secrets(server):
    with HttpServer() as other:
        site = make_site(url=server.url("/"), basic_user="me", basic_password="hidden", headers=[("X-Secret", "hidden")])
        server.route("/", redirect(other.url("/")))
        other.route("/", page(f'<a href="{other.url("/contact")}">Contact</a>'))
        other.route("/contact", WELL)
        server.route("/robots.txt", Reply(body=f"Sitemap: {other.url('/map.xml')}\n".encode(), content_type="text/plain"))
        other.route("/map.xml", sitemap(other, "/about"))
        assert "/about" in paths_of(propose(site))
        strangers = [request for request in other.requests if request.path == "/map.xml"]
        assert strangers
        assert all("hidden" not in str(request.headers) and "authorization" not in request.headers for request in other.requests)
    asked = next(request for request in server.requests if request.path == "/robots.txt")
    assert asked.headers["x-secret"] == "hidden" and asked.headers["authorization"].startswith("Basic ")
