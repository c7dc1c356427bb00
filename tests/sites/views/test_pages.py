"""The pages of a site: rows with their expectations, and proposals on demand."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from django.test import Client

from sites.models import Site
from tests.factories import make_site
from tests.http_server import HttpServer, Reply
from tests.sites.views.pages import World, make_world, soup, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def server(settings) -> Iterator[HttpServer]:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with HttpServer() as running:
        running.route("/", Reply(body=b'<!doctype html><title>Shop</title><a href="/warenkorb">Warenkorb</a>'))
        running.route("/warenkorb", Reply())
        running.route("/sitemap.xml", Reply(body=f"<urlset><url><loc>{running.url('/about')}</loc></url></urlset>".encode()))
        yield running


def url(site: Site) -> str:
    return f"/sites/{site.pk}/pages/"


def form_of(client: Client, site: Site) -> dict[str, object]:
    """What the page's form would send unchanged."""
    form = soup(client.get(url(site))).select_one("form.page")
    data: dict[str, object] = {}
    for field in form.select("input[name], textarea[name]"):
        if field.get("type") == "checkbox" or field["name"] == "csrfmiddlewaretoken":
            continue
        data[field["name"]] = field.get("value", "") if field.name == "input" else field.get_text().strip("\n")
    return data


def test_each_page_gets_its_own_expectations(world: World) -> None:
    data = form_of(world.owner, world.site)
    assert (data["pages-1-path"], data["pages-2-path"]) == ("/cart", "")
    data |= {"pages-0-must_contain": "Bread", "pages-1-expected_statuses": "200, 401", "pages-1-must_not_contain": "Sold out\nGone"}
    data |= {"pages-2-path": "/about"}
    cart = world.site.pages.get(path="/cart")
    response = world.owner.post(url(world.site), data)
    assert (response.status_code, response["Location"]) == (302, f"/sites/{world.site.pk}/")
    stored = {page.path: page for page in world.site.pages.all()}
    assert list(stored) == ["/", "/cart", "/about"]
    assert stored["/cart"].pk == cart.pk
    assert (stored["/"].must_contain, stored["/cart"].expected_statuses) == ("Bread", "200 401")
    assert stored["/cart"].must_not_contain == "Sold out\nGone"


def test_person_says_that_a_page_may_break_off_and_takes_it_back(world: World) -> None:
    world.site.pages.update(ending="whole")
    data = form_of(world.owner, world.site)
    world.owner.post(url(world.site), data | {"pages-1-may_break_off": "on"})
    assert dict(world.site.pages.values_list("path", "ending")) == {"/": "whole", "/cart": "any"}
    boxes = soup(world.owner.get(url(world.site))).select('input[name$="may_break_off"]')
    assert [box.has_attr("checked") for box in boxes][:2] == [False, True]
    world.owner.post(url(world.site), data)
    assert dict(world.site.pages.values_list("path", "ending")) == {"/": "whole", "/cart": ""}, "it is learned anew"


def test_page_is_removed_and_the_first_one_stays(world: World) -> None:
    data = form_of(world.owner, world.site) | {"pages-1-remove": "on", "pages-0-remove": "on"}
    world.owner.post(url(world.site), data)
    assert [page.path for page in world.site.pages.all()] == ["/"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pages-1-expected_statuses": "many"}, "Numbers from 100 to 599"),
        ({"pages-2-path": "/cart"}, "is there twice"),
        ({"pages-2-path": "https://elsewhere.example/"}, "A page is a path of this site"),
        ({"pages-2-must_contain": "Bread"}, "Which page is this for?"),
    ],
)
def test_wrong_row_is_refused_with_the_reason(world: World, change: dict[str, str], said: str) -> None:
    response = world.owner.post(url(world.site), form_of(world.owner, world.site) | change)
    assert (response.status_code, said in words(response)) == (422, True)
    assert [page.path for page in world.site.pages.all()] == ["/", "/cart"]


def test_nothing_is_fetched_before_somebody_asks(world: World, server: HttpServer) -> None:
    site = make_site(world.site.team, url=server.url("/"))
    data = form_of(world.owner, site)
    assert server.requests == []
    response = world.owner.post(url(site), data | {"look": "1", "pages-1-path": "/typed"})
    page = soup(response)
    assert response.status_code == 200
    boxes = {box["value"]: box.has_attr("checked") for box in page.select("input[name=proposed]")}
    assert boxes == {"/warenkorb": True, "/about": False}
    assert page.select_one("input[name=pages-1-path]")["value"] == "/typed"
    world.owner.post(url(site), data | {"proposed": ["/warenkorb", "/about"]})
    assert [item.path for item in site.pages.all()] == ["/", "/warenkorb", "/about"]


def test_registering_proposes_pages_on_demand_and_takes_those_ticked(world: World, server: HttpServer) -> None:
    typed = {"name": "", "url": server.url("/"), "pages": "/typed", "interval_s": "60", "time_limit_s": "10"}
    response = world.owner.post("/sites/new/", typed | {"look": "1"})
    page = soup(response)
    assert (response.status_code, [box["value"] for box in page.select("input[name=proposed]")]) == (200, ["/warenkorb", "/about"])
    assert page.select(".error-summary") == []
    world.owner.post("/sites/new/", typed | {"name": "Bakery", "proposed": ["/about"]})
    assert [item.path for item in Site.objects.get(name="Bakery").pages.all()] == ["/", "/typed", "/about"]


def test_enter_key_saves_and_does_not_look(world: World) -> None:
    for page in ("/sites/new/", url(world.site)):
        first = soup(world.owner.get(page)).select_one("form.page button")
        assert (first.get("name"), bool(first.get_text())) == (None, True)


def test_looking_without_an_address_says_so(world: World) -> None:
    response = world.owner.post("/sites/new/", {"look": "1", "interval_s": "60", "time_limit_s": "10"})
    assert "Type the address of the site first." in words(response)
    assert Site.objects.count() == 1


def test_looks_of_a_site_can_be_switched_off(world: World) -> None:
    typed = {"name": "Shop", "url": world.site.url, "pages": "/cart", "interval_s": "60", "time_limit_s": "10"}
    world.owner.post(f"/sites/{world.site.pk}/edit/", typed)
    world.site.refresh_from_db()
    assert world.site.wants_looks is False
    assert "Switched off for this site" in words(world.owner.get(f"/sites/{world.site.pk}/"))


def test_readers_and_strangers_do_not_get_the_page(world: World) -> None:
    assert world.reader.get(url(world.site)).status_code == 403
    assert world.outsider.get(url(world.site)).status_code == 404
