"""Choosing sites on the list, changing them, the bin, tags, saved filters and the export."""

from __future__ import annotations

import csv
import io
import json
import re
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from diagnostics.accounts import importing
from sites.importing.sources import parse_file
from sites.many import changes as bulk_changes
from sites.models import BulkChange, SavedFilter, Site, SiteImport
from tests.factories import make_host, make_incident, make_site, make_team, make_user
from tests.sites.views.pages import client_of, soup, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency() -> dict[str, object]:
    """Two teams: olga may write in one, reads the other; otto has nothing to do with either."""
    team, other = make_team("Agency"), make_team("Partner")
    olga, otto = make_user("olga", team=team), make_user("otto", team=make_team("Elsewhere"))
    other.memberships.create(user=olga, role="reader")
    sites = [make_site(team, name=name, tags=tags) for name, tags in (("Bakery", "shop a"), ("Museum", "b"), ("Winery", "shop"))]
    return {
        "team": team, "olga": olga, "client": client_of(olga), "outsider": client_of(otto), "sites": sites,
        "read_only": make_site(other, name="Read only", tags="shop"), "foreign": make_site(make_team("Third"), name="Foreign", tags="shop"),
    }  # fmt: skip


def confirm(client: Client, query: str, **typed: str) -> object:
    """Presses the button of the page that asks."""
    page = soup(client.get(f"/bulk/?{query}"))
    fields = {tag["name"]: tag.get("value", "") for tag in page.select("main form input[name]")}
    return client.post("/bulk/", fields | typed)


def names(page: object) -> list[str]:
    return [tag.get_text() for tag in soup(page).select("tbody a.name")]


def test_marked_sites_are_changed_after_a_page_that_names_them(agency: dict) -> None:
    bakery, museum, winery = agency["sites"]
    page = soup(agency["client"].get(f"/bulk/?verb=pause&site={bakery.pk}&site={museum.pk}"))
    assert page.h1.get_text() == "Pause 2 sites?"
    assert "Bakery" in page.main.get_text() and "Winery" not in page.main.get_text()
    assert Site.objects.filter(paused_at=None).count() == 5
    confirm(agency["client"], f"verb=pause&site={bakery.pk}&site={museum.pk}")
    assert list(Site.objects.filter(paused_at__isnull=False)) == [bakery, museum]


def test_all_that_match_are_those_that_were_counted_even_if_others_match_by_then(agency: dict) -> None:
    page = soup(agency["client"].get("/bulk/?verb=pause&all=1&tag=shop"))
    assert page.h1.get_text() == "Pause 2 sites?"  # not the partner's, which olga may only read
    late = make_site(agency["team"], name="Late", tags="shop")
    fields = {tag["name"]: tag.get("value", "") for tag in page.select("main form input[name]")}
    agency["client"].post("/bulk/", fields)
    assert {site.name for site in Site.objects.filter(paused_at__isnull=False)} == {"Bakery", "Winery"}
    late.refresh_from_db()
    assert late.paused_at is None


@pytest.mark.parametrize("verb", bulk_changes.VERBS)
def test_foreign_site_is_not_found_and_one_that_is_only_read_is_refused(agency: dict, verb: str) -> None:
    before = list(Site.with_deleted.values())
    own = agency["sites"][0].pk
    for foreign, status in ((agency["foreign"].pk, 404), (99_999, 404), (agency["read_only"].pk, 403)):
        assert agency["client"].get(f"/bulk/?verb={verb}&site={own}&site={foreign}").status_code == status
    assert agency["outsider"].get(f"/bulk/?verb={verb}&site={own}").status_code == 404
    page = soup(agency["client"].get(f"/bulk/?verb={verb}&site={own}"))
    stolen = page.select_one("input[name=choice]")["value"]
    typed = {"interval_s": "60", "tag": "x", "hours": "4"}
    assert agency["outsider"].post("/bulk/", {"verb": verb, "choice": stolen, **typed}).status_code == 404
    assert agency["client"].post("/bulk/", {"verb": verb, "choice": stolen[:-2] + "xx", **typed}).status_code == 302
    assert list(Site.with_deleted.values()) == before and not BulkChange.objects.exists()


@pytest.mark.parametrize("query", ["verb=explode&site=1", "site=1", "verb="])
def test_unknown_verb_is_not_found(agency: dict, query: str) -> None:
    assert agency["client"].get(f"/bulk/?{query}").status_code == 404


def test_nothing_chosen_changes_nothing_and_says_so(agency: dict) -> None:
    answer = agency["client"].get("/bulk/?verb=delete&q=zzz&all=1", follow=True)
    assert "Choose at least one site" in words(answer) and Site.objects.count() == 5


@pytest.mark.parametrize(
    ("verb", "typed", "column", "value"),
    [
        ("interval", {"interval_s": "300"}, "interval_s", 300),
        ("tag", {"tag": "#new"}, "tags", "shop a new"),
        ("untag", {"tag": "shop"}, "tags", "a"),
        ("mute", {"hours": "4"}, "muted_until", None),
    ],
)
def test_verb_with_a_word_more_asks_for_it(agency: dict, verb: str, typed: dict[str, str], column: str, value: object) -> None:
    bakery = agency["sites"][0]
    answer = confirm(agency["client"], f"verb={verb}&site={bakery.pk}", **typed)
    assert answer.status_code == 302
    stored = getattr(Site.objects.get(pk=bakery.pk), column)
    assert stored > timezone.now() if verb == "mute" else stored == value
    assert BulkChange.objects.get().verb == verb


@pytest.mark.parametrize(("verb", "typed"), [("interval", {"interval_s": "5"}), ("tag", {"tag": "two words"}), ("untag", {"tag": "none"})])
def test_word_that_makes_no_sense_is_asked_for_again(agency: dict, verb: str, typed: dict[str, str]) -> None:
    answer = confirm(agency["client"], f"verb={verb}&site={agency['sites'][0].pk}", **typed)
    assert answer.status_code == 422 and not BulkChange.objects.exists()


def test_host_is_offered_from_the_own_team_only(agency: dict) -> None:
    own, foreign = make_host(agency["team"], name="Own account"), make_host(name="Foreign account")
    query = f"verb=host&site={agency['sites'][0].pk}"
    assert "Own account" in words(agency["client"].get(f"/bulk/?{query}"))
    assert confirm(agency["client"], query, host=str(foreign.pk)).status_code == 422
    confirm(agency["client"], query, host=str(own.pk))
    assert Site.objects.get(name="Bakery").host == own


def test_undo_stands_on_the_list_and_is_the_own_persons_alone(agency: dict) -> None:
    ids = "&".join(f"site={site.pk}" for site in agency["sites"])
    confirm(agency["client"], f"verb=delete&{ids}")
    change = BulkChange.objects.get()
    page = soup(agency["client"].get("/"))
    form = page.select_one(".undo-notice")
    assert form["action"] == f"/changes/{change.pk}/undo/" and "3 sites are in the bin." in form.get_text()
    assert agency["outsider"].post(form["action"]).status_code == 404
    agency["client"].post(form["action"])
    assert Site.objects.count() == 5 and not soup(agency["client"].get("/")).select(".undo-notice")


def test_undo_reaches_no_site_of_a_team_that_one_has_left(agency: dict) -> None:
    confirm(agency["client"], f"verb=pause&site={agency['sites'][0].pk}")
    agency["team"].memberships.filter(user=agency["olga"]).delete()
    agency["client"].post(f"/changes/{BulkChange.objects.get().pk}/undo/")
    assert Site.objects.get(name="Bakery").paused_at is not None


def test_bin_gives_back_and_asks_before_it_deletes_for_good(agency: dict) -> None:
    bakery, museum, _winery = agency["sites"]
    bulk_changes.delete(agency["olga"], [bakery.pk, museum.pk])
    client = agency["client"]
    assert [tag.get_text() for tag in soup(client.get("/bin/")).select(".name")] == ["Bakery", "Museum"]
    client.post("/bin/empty/", {"action": "restore", "site": bakery.pk})
    assert Site.objects.filter(pk=bakery.pk).exists()
    asked = client.post("/bin/empty/", {"action": "ask", "site": museum.pk})
    assert soup(asked).h1.get_text() == "Delete 1 site for good?" and Site.with_deleted.filter(pk=museum.pk).exists()
    client.post("/bin/empty/", {"action": "sure", "site": museum.pk})
    assert not Site.with_deleted.filter(pk=museum.pk).exists()


def test_bin_of_others_is_not_found(agency: dict) -> None:
    bakery = agency["sites"][0]
    bulk_changes.delete(agency["olga"], [bakery.pk, agency["foreign"].pk, agency["read_only"].pk])
    assert agency["outsider"].post("/bin/empty/", {"action": "sure", "site": bakery.pk}).status_code == 404
    for pk in (agency["foreign"].pk, agency["read_only"].pk, agency["sites"][1].pk):
        assert agency["client"].post("/bin/empty/", {"action": "sure", "site": [bakery.pk, pk]}).status_code == 404
    assert Site.with_deleted.count() == 5
    assert "Foreign" not in words(agency["client"].get("/bin/"))


def test_search_finds_host_tag_kind_and_cause(agency: dict) -> None:
    bakery, museum, winery = agency["sites"]
    Site.objects.filter(pk=bakery.pk).update(host=make_host(agency["team"], name="OVH Bernard", address="cluster9.example"))
    Site.objects.filter(pk=museum.pk).update(verdict="down", kind="gateway-error")
    make_incident(winery, cause="htaccess-invalid-directive", cause_summary="Line 12 of .htaccess is not understood.")
    client = agency["client"]
    for search, found in (("bernard", "Bakery"), ("cluster9", "Bakery"), ("gateway", "Museum"), ("invalid-directive", "Winery"),
                          ("understood", "Winery"), ("winery shop", "Winery")):  # fmt: skip
        assert names(client.get("/?" + urlencode({"q": search}))) == [found], search
    assert names(client.get("/?q=%00%01bakery")) == ["Bakery"]


def test_filter_is_kept_shown_as_a_chip_and_removed(agency: dict) -> None:
    client = agency["client"]
    assert not soup(client.get("/")).select(".keep-filter")
    client.post("/filters/save/", {"name": "My shops", "query": "q=&tag=shop&page=3&evil=1"})
    saved = SavedFilter.objects.get()
    assert saved.query == "tag=shop"
    chip = soup(client.get("/?tag=shop")).select_one(".chip.saved")
    assert (chip["href"], chip["aria-current"]) == ("/?tag=shop", "true")
    assert not soup(agency["outsider"].get("/")).select(".chip.saved")
    assert agency["outsider"].post(f"/filters/{saved.pk}/remove/").status_code == 404
    client.post("/filters/save/", {"name": "My shops", "query": "only=down"})
    assert SavedFilter.objects.get().query == "only=down"
    client.post(f"/filters/{saved.pk}/remove/")
    assert not SavedFilter.objects.exists()
    assert client.post("/filters/save/", {"name": "", "query": ""}).status_code == 302 and not SavedFilter.objects.exists()


def test_tag_is_renamed_everywhere_where_one_may_write_and_in_the_own_filters(agency: dict) -> None:
    client = agency["client"]
    client.post("/filters/save/", {"name": "Shops", "query": "tag=shop"})
    assert {row.get_text() for row in soup(client.get("/tags/")).select(".tag-list .name")} == {"# a", "# b", "# shop"}
    client.post("/tags/change/", {"tag": "shop", "new": "store"})
    assert dict(Site.objects.values_list("name", "tags")) == {
        "Bakery": "store a", "Museum": "b", "Winery": "store", "Read only": "shop", "Foreign": "shop",
    }  # fmt: skip
    assert SavedFilter.objects.get().query == "tag=store"
    client.post("/tags/change/", {"tag": "store", "new": ""})
    assert set(Site.objects.filter(team=agency["team"]).values_list("tags", flat=True)) == {"a", "b", ""}


def exported(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/sites/export.csv?{query}")
    assert answer["Content-Disposition"].startswith("attachment")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_export_holds_what_is_filtered_without_secrets_and_runs_no_formula(agency: dict) -> None:
    host = make_host(agency["team"], name="Account", address="h.example", password="top-secret")
    hostile = '=HYPERLINK("http://evil.example","x")'
    make_site(agency["team"], name=hostile, tags="shop", host=host, docroot="/www", basic_user="u", basic_password="also-secret")
    rows = exported(agency["client"], "tag=shop")
    assert [row["name"] for row in rows] == [f"'{hostile}", "Bakery", "Read only", "Winery"]
    assert rows[0]["connect"] == "sftp://shop@h.example:22"
    assert not re.search("top-secret|also-secret|sealed", str(rows))
    document = json.loads(b"".join(agency["client"].get("/sites/export.json?q=bakery").streaming_content))
    assert [site["name"] for site in document["sites"]] == ["Bakery"]
    assert b"Bakery" not in b"".join(agency["outsider"].get("/sites/export.csv").streaming_content)


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_export_can_be_imported_again_as_it_was(agency: dict, kind: str) -> None:
    team = agency["team"]
    odd = make_site(team, name='-1+2 "odd"; name', tags="x y", paths=("/a", "/b?c=1"), interval_s=300)
    odd.pages.filter(path="/").update(must_contain="one\ntwo", expected_statuses="200 401")
    bulk_changes.pause(agency["olga"], [odd.pk])
    Site.objects.exclude(pk=odd.pk).delete()
    data = b"".join(agency["client"].get(f"/sites/export.{kind}").streaming_content)
    odd.delete()
    checked = importing.check(parse_file(data, 10).rows, [team])
    assert [row.why for row in checked] == [""]
    importing.make(checked, SiteImport.objects.create(team=team, source="csv"))
    again = Site.objects.get()
    assert (again.name, again.tags, again.interval_s, bool(again.paused_at)) == ('-1+2 "odd"; name', "x y", 300, True)
    assert [page.path for page in again.pages.all()] == ["/", "/a", "/b?c=1"]
    first = again.pages.get(path="/")
    assert (first.must_contain, first.expected_statuses) == ("one\ntwo", "200 401")


def test_reader_sees_neither_boxes_nor_the_bar(agency: dict) -> None:
    reader = client_of(make_user("rita", team=agency["team"], role="reader"))
    page = soup(reader.get("/"))
    assert not page.select("input[data-choose], .chooser-bar") and page.select("tbody .name")
    assert reader.get(f"/bulk/?verb=pause&site={agency['sites'][0].pk}").status_code == 403
    assert reader.post("/tags/change/", {"tag": "shop", "new": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/?q=s1&tag=shop", "/?import=1", "/bin/", "/tags/", "/hosts/", "/imports/"])
def test_list_costs_the_same_at_3_and_at_3000_sites(path: str) -> None:
    team = make_team()
    client = client_of(make_user(team=team))
    made = SiteImport.objects.create(pk=1, team=team, source="csv", state="made", made_at=timezone.now())
    now = timezone.now()

    def fill(numbers: range) -> None:
        rows = [Site(team=team, name=f"s{n}", url=f"https://s{n}.example/", tags=f"shop t{n % 90}", verdict="up", imported_in=made,
                     deleted_at=now if n % 3 == 0 else None) for n in numbers]  # fmt: skip
        Site.objects.bulk_create(rows)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    fill(range(3))
    client.get(path)
    few = queries()
    fill(range(3, 3000))
    assert queries() == few <= 24
