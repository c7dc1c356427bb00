from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from sites import credentials
from sites.history import rolling, rollups
from sites.models import DayRollup, LineOutage, Page, ProbeResult, Site
from tests.factories import make_host, make_incident, make_site, make_team
from tests.sites.views.pages import World, make_world, soup, words

pytestmark = pytest.mark.django_db

TYPED = {"name": "Bakery", "url": "https://bakery.example/", "pages": "/cart\n\n/contact\n", "interval_s": "60", "time_limit_s": "10"}


@pytest.fixture
def world() -> World:
    return make_world()


def test_registering_stores_the_site_with_its_pages_due_at_once(world: World) -> None:
    secrets = {"basic_user": "u", "basic_password": "p w ", "headers": "X-Probe: s3cret"}
    expected = {"expected_statuses": "200, 401", "must_contain": "Bread\nCake"}
    response = world.colleague.post("/sites/new/", TYPED | secrets | expected | {"tags": " a  b a"})
    site = Site.objects.get(name="Bakery")
    assert (response.status_code, response["Location"]) == (302, f"/sites/{site.pk}/connect/")
    assert [page.path for page in site.pages.all()] == ["/", "/cart", "/contact"]
    assert all(page.due_at <= timezone.now() for page in site.pages.all())
    first = site.pages.get(path="/")
    assert (first.expected_statuses, first.must_contain) == ("200 401", "Bread\nCake")
    assert (credentials.basic_password(site), credentials.request_headers(site)) == ("p w ", (("X-Probe", "s3cret"),))
    assert site.team == world.site.team


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "Shop"}, "name"),
        ({"url": "ftp://bakery.example/"}, "url"),
        ({"url": "https://me:pw@bakery.example/"}, "url"),
        ({"interval_s": "19"}, "interval_s"),
        ({"time_limit_s": "61"}, "time_limit_s"),
        ({"pages": "https://other.example/"}, "pages"),
        ({"expected_statuses": "two"}, "expected_statuses"),
        ({"headers": "no colon"}, "headers"),
        ({"headers": "Host: other.example"}, "headers"),
        ({"basic_password": "alone"}, "basic_user"),
    ],
)
def test_registering_refuses_nonsense_beside_its_field_and_above(world: World, wrong: dict[str, str], field: str) -> None:
    response = world.owner.post("/sites/new/", TYPED | wrong)
    page = soup(response)
    assert response.status_code == 422
    assert page.select_one(f"#id_{field}")["aria-invalid"] == "true"
    assert page.select_one(f".error-summary a[href='#id_{field}']")
    assert page.select_one(f"#{page.select_one(f'#id_{field}')['aria-describedby'].split()[-1]}").get_text(strip=True)
    assert not Site.objects.filter(name="Bakery").exists()


def test_registering_offers_and_takes_only_hosts_of_the_own_team(world: World) -> None:
    mine, other = make_host(world.site.team), make_host(make_team())
    choices = [option["value"] for option in soup(world.owner.get("/sites/new/")).select("#id_host option")]
    assert choices == ["", str(mine.pk)]
    assert world.owner.post("/sites/new/", TYPED | {"host": str(other.pk)}).status_code == 422


def test_registering_is_refused_to_a_reader(world: World) -> None:
    assert world.reader.get("/sites/new/").status_code == 403
    assert world.reader.post("/sites/new/", TYPED).status_code == 403


def secret_site(world: World) -> Site:
    site = make_site(world.site.team, basic_user="u", basic_password="hidden-pw", headers=[("X-Probe", "hidden-value")])
    return Site.objects.get(pk=site.pk)


def typed(site: Site, **more: str) -> dict[str, str]:
    return {"name": site.name, "url": site.url, "pages": "", "interval_s": "60", "time_limit_s": "10", "basic_user": "u"} | more


def test_editing_never_shows_secrets_and_keeps_what_is_left_empty(world: World) -> None:
    site = secret_site(world)
    form = world.owner.get(f"/sites/{site.pk}/edit/").content.decode()
    assert "hidden-pw" not in form and "hidden-value" not in form
    assert world.owner.post(f"/sites/{site.pk}/edit/", typed(site, tags="new")).status_code == 302
    site.refresh_from_db()
    assert (site.tags, credentials.basic_password(site), credentials.request_headers(site)) == (
        "new",
        "hidden-pw",
        (("X-Probe", "hidden-value"),),
    )


def test_editing_replaces_or_forgets_secrets_when_told(world: World) -> None:
    site = secret_site(world)
    world.owner.post(f"/sites/{site.pk}/edit/", typed(site, basic_password="other", forget_headers="on"))
    site.refresh_from_db()
    assert (credentials.basic_password(site), credentials.request_headers(site)) == ("other", ())
    world.owner.post(f"/sites/{site.pk}/edit/", typed(site, basic_user=""))
    site.refresh_from_db()
    assert credentials.basic_password(site) == ""


def test_editing_sends_stored_secrets_to_no_other_address(world: World) -> None:
    site = secret_site(world)
    response = world.owner.post(f"/sites/{site.pk}/edit/", typed(site, url="https://collector.example/"))
    assert response.status_code == 422
    assert "never sent to another address" in words(response)
    site.refresh_from_db()
    assert site.url != "https://collector.example/"


def test_editing_keeps_the_state_of_pages_that_stay(world: World) -> None:
    Page.objects.filter(site=world.site, path="/cart").update(verdict="down", kind="server-error")
    response = world.owner.post(f"/sites/{world.site.pk}/edit/", TYPED | {"name": "Shop", "pages": "/cart\n/new"})
    assert response.status_code == 302
    assert {page.path: page.verdict for page in world.site.pages.all()} == {"/": "unknown", "/cart": "down", "/new": "unknown"}


def test_pausing_stops_probing_and_resuming_goes_on_at_once(world: World) -> None:
    world.owner.post(f"/sites/{world.site.pk}/pause/")
    assert not world.site.pages.exclude(due_at=None).exists()
    assert "Paused: it is not probed at all." in words(world.owner.get(f"/sites/{world.site.pk}/"))
    world.owner.post(f"/sites/{world.site.pk}/resume/")
    assert not world.site.pages.filter(due_at=None).exists()


def test_muting_lasts_until_then_and_can_be_ended(world: World) -> None:
    world.owner.post(f"/sites/{world.site.pk}/mute/", {"hours": "4"})
    world.site.refresh_from_db()
    assert timedelta(hours=3, minutes=59) < world.site.muted_until - timezone.now() <= timedelta(hours=4)
    world.owner.post(f"/sites/{world.site.pk}/mute/", {"hours": "0"})
    world.site.refresh_from_db()
    assert world.site.muted_until is None
    world.owner.post(f"/sites/{world.site.pk}/mute/", {"hours": "3"})
    world.site.refresh_from_db()
    assert world.site.muted_until is None


def test_pausing_until_tomorrow_says_so(world: World) -> None:
    world.owner.post(f"/sites/{world.site.pk}/pause/", {"hours": "-2"})
    world.site.refresh_from_db()
    until = timezone.localtime(world.site.paused_until)
    assert (until.date(), until.hour, until.minute) == (timezone.localdate() + timedelta(days=1), 8, 0)
    assert "Paused until tomorrow 08:00" in words(world.owner.get(f"/sites/{world.site.pk}/"))


def test_pause_with_a_moment_ends_then_whatever_the_list_says(world: World) -> None:
    moment = timezone.localtime() + timedelta(hours=3)
    world.owner.post(f"/sites/{world.site.pk}/pause/", {"hours": "0", "until_at": moment.strftime("%Y-%m-%dT%H:%M")})
    world.site.refresh_from_db()
    assert world.site.paused_until == moment.replace(second=0, microsecond=0)


def test_muted_site_says_so_in_its_page_and_in_the_list_and_can_be_unmuted_there(world: World) -> None:
    world.owner.post(f"/sites/{world.site.pk}/mute/", {"hours": "24"})
    page = soup(world.owner.get(f"/sites/{world.site.pk}/"))
    card = page.find("section", attrs={"aria-label": "Muted"})
    assert "Muted until tomorrow" in " ".join(card.get_text().split())
    assert "Muted until tomorrow" in words(world.owner.get("/"))
    form = card.select_one("form")
    world.owner.post(form["action"], {"hours": form.select_one("input[name=hours]")["value"]})
    assert "Muted until" not in words(world.owner.get(f"/sites/{world.site.pk}/"))


def test_deleting_asks_and_puts_into_the_bin(world: World) -> None:
    assert world.owner.get(f"/sites/{world.site.pk}/delete/").status_code == 200
    assert Site.objects.filter(pk=world.site.pk).exists()
    assert world.owner.post(f"/sites/{world.site.pk}/delete/").status_code == 302
    assert not Site.objects.filter(pk=world.site.pk).exists()
    assert Site.with_deleted.filter(pk=world.site.pk).exists()
    assert world.owner.get(f"/sites/{world.site.pk}/").status_code == 404
    assert world.owner.get(f"/incidents/{world.incident.pk}/").status_code == 404


def test_probing_now_tells_what_came_of_it(world: World) -> None:
    # The address of a documentation network (RFC 5737) is refused by the guard before anything is sent.
    site = make_site(world.site.team, url="http://192.0.2.1/")
    response = world.owner.post(f"/sites/{site.pk}/probe/", follow=True)
    site.refresh_from_db()
    assert site.last_probe_at is not None
    assert "Probed just now." in words(response)


def test_site_page_shows_bars_chart_probes_and_what_is_missing(world: World) -> None:
    now = timezone.now()
    page = world.site.pages.get(path="/")
    good, failed = now - timedelta(minutes=30), now - timedelta(minutes=20)
    ProbeResult.objects.create(page=page, at=good, purpose="routine", kind="ok", status=200, ms=212.4, counts=1)
    ProbeResult.objects.create(page=page, at=failed, purpose="routine", kind="server-error", status=500, ms=38.0, counts=3)
    rolling.touch([(world.site.pk, failed)])
    rolling.roll_up()
    DayRollup.objects.update_or_create(site=world.site, day=now.date(), defaults={"good": 999, "failed": 1})
    shown = soup(world.owner.get(f"/sites/{world.site.pk}/"))
    bars = shown.select("svg.bars rect")
    assert (len(bars), bars[-1]["class"], bars[0]["class"]) == (30, ["bar", "bad"], ["bar", "none"])
    assert "99.90 %" in shown.get_text()
    assert shown.select_one(".chart path.chart-line")["d"].startswith("M")
    assert len(shown.select(".chart rect.chart-bad")) == 1
    assert [tag.get_text() for tag in shown.select(".probes .tag")] == ["500", "200"]
    assert "we can neither name a cause from the logs nor repair" in " ".join(shown.get_text().split())


def test_chart_is_shown_for_longer_by_plain_links(world: World) -> None:
    today = timezone.now().date()
    days = [DayRollup(site=world.site, day=today - timedelta(days=ago), good=5, times=rollups.pack_times({20: 5})) for ago in range(400)]
    DayRollup.objects.bulk_create(days)
    shown = soup(world.owner.get(f"/sites/{world.site.pk}/"))
    links = [link["href"] for link in shown.select("#chart nav a")]
    assert links == ["?span=24h#chart", "?span=7d#chart", "?span=90d#chart", "?span=2y#chart"]
    assert "no probe of the last 24 hours" in words(world.owner.get(f"/sites/{world.site.pk}/"))
    shown = soup(world.owner.get(f"/sites/{world.site.pk}/?span=2y"))
    assert shown.select_one("#chart a[aria-current]").get_text() == "2 years"
    assert len(shown.select("#chart path.chart-line")) == 2
    assert shown.select_one("#live")["hx-get"].endswith("?span=2y")


def test_site_page_leads_to_its_open_incident(world: World) -> None:
    make_incident(world.site, resolved_at=timezone.now(), resolution="repair", cause_summary="A plugin.")
    shown = soup(world.owner.get(f"/sites/{world.site.pk}/"))
    assert shown.select_one("article.case h3 a")["href"] == f"/incidents/{world.incident.pk}/"
    assert "A plugin." in shown.get_text()


def test_password_that_was_typed_before_looking_for_pages_is_asked_for_again(world: World) -> None:
    page = soup(world.owner.post("/sites/new/", TYPED | {"url": "", "basic_user": "u", "basic_password": "s3cret", "look": "1"}))
    assert "Type the password again" in page.select("form .notice.warn")[-1].get_text()
    assert "s3cret" not in str(page)
    assert "Type it again" in page.select_one("#id_basic_password-hint").get_text()
    assert page.select_one("#id_basic_password").find_parent("details").has_attr("open")


@pytest.mark.parametrize(
    ("at", "line_is_down", "said"),
    [
        (None, False, "Not probed yet."),
        (timezone.now(), True, "Not known: our own connection seems to be down since"),
        (timezone.now(), False, "Not known: what was seen of it last says nothing."),
    ],
)
def test_unknown_site_says_why(world: World, at: datetime | None, line_is_down: bool, said: str) -> None:
    Site.objects.filter(pk=world.site.pk).update(verdict="unknown", kind="", last_probe_at=at)
    world.site.pages.update(verdict="unknown", kind="", last_at=at)
    if line_is_down:
        LineOutage.objects.create(since=timezone.now(), asked_at=timezone.now(), sites=5)
    page = soup(world.owner.get(f"/sites/{world.site.pk}/"))
    assert said in page.select_one(".head .lead").get_text()
    assert page.select_one(".head .tag").get_text() == ("Unknown" if at else "Not probed yet")


def test_page_that_was_added_is_told_as_not_probed_yet(world: World) -> None:
    Site.objects.filter(pk=world.site.pk).update(verdict="unknown", kind="ok", last_probe_at=timezone.now())
    world.site.pages.update(last_at=timezone.now())
    Page.objects.create(site=world.site, path="/new", position=9, due_at=timezone.now(), anchor_at=timezone.now())
    assert "A page was added that is not probed yet." in words(world.owner.get(f"/sites/{world.site.pk}/"))
