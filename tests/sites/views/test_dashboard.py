from __future__ import annotations

from pathlib import Path

import pytest

from sites.views.dashboard import second_sentence, sentence
from tests.factories import make_host, make_incident, make_site, make_team, make_user
from tests.sites.views.pages import client_of, soup, words

NOTHING = {"all": 0, "down": 0, "suspect": 0, "blocked": 0, "up": 0, "no_connection": 0, "paused": 0, "held": 0, "unheard": 0}


@pytest.mark.parametrize(
    ("counts", "first", "second"),
    [
        ({"all": 348, "down": 1, "suspect": 1, "up": 345, "blocked": 1}, "2 sites need you. 345 are well.", "1 refuses our probes."),
        ({"all": 1, "down": 1}, "1 site needs you.", ""),
        ({"all": 1, "up": 1}, "Your site is well.", ""),
        ({"all": 3, "up": 3}, "All 3 sites are well.", ""),
        ({"all": 3, "up": 1, "paused": 2}, "1 site is well. None is down.", "2 are paused."),
        ({"all": 2, "paused": 2}, "Every site is paused.", "2 are paused."),
        ({"all": 3, "up": 2, "down": 1, "held": 1}, "2 sites are well.", "1 fails in its maintenance window."),
        ({"all": 1, "down": 1, "held": 1}, "No site needs you.", "1 fails in its maintenance window."),
        ({"all": 2, "down": 2, "held": 1}, "1 site needs you.", "1 fails in its maintenance window."),
        ({"all": 3, "up": 2, "unheard": 1}, "2 sites are well. None is down.", "1 is not known just now."),
        ({"all": 3, "unheard": 2}, "Nothing is known just now.", "2 are not known just now. 1 waits for its first probe."),
        ({"all": 1}, "Nothing is known yet: the first probes are on their way.", "1 waits for its first probe."),
    ],
)
def test_sentence_says_how_things_are(counts: dict[str, int], first: str, second: str) -> None:
    assert (sentence(NOTHING | counts), second_sentence(NOTHING | counts)) == (first, second)


@pytest.mark.django_db
def test_dashboard_without_sites_welcomes() -> None:
    page = soup(client_of(make_user(team=make_team())).get("/"))
    assert page.h1.get_text() == "Let's watch your first site"
    assert page.select_one("main a.btn.primary")["href"] == "/sites/new/"


@pytest.mark.django_db
def test_dashboard_shows_cause_and_line_where_the_alarm_stands() -> None:
    team = make_team()
    site = make_site(team, name="Shop")
    proof = "/home/a/www/.htaccess: Invalid command '<b>Rewrit</b>'\x1b[31m"
    make_incident(site, cause_summary="Line 12 of .htaccess is not understood.", cause_proof=proof, cause_confidence=0.98)
    page = soup(client_of(make_user(team=team)).get("/"))
    card = page.select_one("article.case")
    assert card.select_one(".case-why").get_text() == "Line 12 of .htaccess is not understood."
    assert card.select_one(".log").get_text() == proof.replace("\x1b", "\\x1b")
    assert card.select(".log b") == []
    assert page.select_one(".nav .count").get_text() == "1 open"


@pytest.mark.django_db
def test_search_and_filter_narrow_the_list_and_say_when_nothing_matches() -> None:
    team = make_team()
    make_site(team, name="Bakery", tags="client wordpress", host=make_host(team))
    make_site(team, name="Winery", tags="clients")
    client = client_of(make_user(team=team))

    def names(query: str) -> list[str]:
        return [tag.get_text() for tag in soup(client.get(query)).select("tbody .name")]

    assert names("/?q=bak") == ["Bakery"]
    assert names("/?q=wordpress+bakery") == ["Bakery"]
    assert names("/?tag=client") == ["Bakery"]
    assert names("/?only=no-connection") == ["Winery"]
    assert names("/?only=nonsense&page=99") == ["Bakery", "Winery"]
    assert "No site matches" in words(client.get("/?q=zzz"))


@pytest.mark.django_db
def test_dashboard_for_htmx_is_the_changing_part_alone() -> None:
    team = make_team()
    make_site(team)
    client = client_of(make_user(team=team))
    part = soup(client.get("/?q=site", headers={"HX-Request": "true"}))
    assert part.select_one("#live")["hx-get"] == "/?q=site"
    assert part.select("html, head, nav.nav") == []
    assert soup(client.get("/?q=site")).select_one("main #live")["hx-trigger"] == "every 10s"


def test_templates_hold_no_inline_style_or_script() -> None:
    root = Path(__file__).resolve().parents[3] / "templates"
    pages = [path for path in root.rglob("*.html") if "emails" not in path.parts]
    assert pages
    assert [path.name for path in pages if " style=" in path.read_text() or "<script>" in path.read_text()] == []
