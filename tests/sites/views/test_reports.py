"""The page of what visitors met: what it shows, what it says where nothing is known, its file, and the server's secret."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sites.models import Host, Site, VisitorWatch
from sites.visitors import counting as visitors
from sites.visitors import server_reports
from sites.visitors.visits import Visit
from tests.factories import make_host
from tests.sites.views.pages import World, make_world, soup, words

pytestmark = pytest.mark.django_db

HOSTILE = "/<script>alert(1)</script>"


@pytest.fixture
def world() -> World:
    return make_world()


def meet(site: Site, *paths: str, ago_s: float = 60, **more: Any) -> None:
    at = timezone.now() - timedelta(seconds=ago_s)
    values: dict[str, Any] = {"agent": "Chrome", "who": "a"} | more
    visitors.record(site, [Visit(at, values.pop("status", 500), path, **values) for path in paths], by_log=True)


def connect(site: Site, **watch: Any) -> None:
    site.host, site.docroot = make_host(site.team, state=Host.State.WORKS), "/home/shop/www"
    site.save()
    if watch:
        VisitorWatch.objects.create(site=site, log_tried_at=timezone.now(), **watch)


def url(world: World, rest: str = "") -> str:
    return f"/sites/{world.site.pk}/visitors/{rest}"


def test_failing_pages_are_listed(world: World) -> None:
    connect(world.site, log="read", log_read_at=timezone.now(), log_lines=12345, log_lag_s=300)
    meet(world.site, "/order/1", "/order/2", who="b", request_id="abc-1")
    meet(world.site, "/order/3", status=502)
    meet(world.site, "/contact", ago_s=3 * 86_400, agent="unnamed")
    page = words(world.owner.get(url(world)))
    assert "3 requests of visitors were answered by a server error." in page
    assert "/order/{n}" in page and "Chrome 3" in page and "abc-1" in page and "12,345 lines" in page and "/contact" not in page
    assert "This host writes its log about 5 min late" in page
    week = words(world.owner.get(url(world), {"days": "7"}))
    assert "/contact" in week and "not told 1" in week
    assert "3 requests of visitors failed." in words(world.owner.get(f"/sites/{world.site.pk}/"))


def test_part_of_the_page_renews_itself(world: World) -> None:
    meet(world.site, "/order/1")
    answer = world.owner.get(url(world), headers={"HX-Request": "true"})
    assert answer.content.decode().lstrip().startswith('<div id="live"') and b"/order/1" in answer.content


@pytest.mark.parametrize(
    ("watch", "text", "button"),
    [
        (None, "without its hosting account the access log of this site cannot be read", "Connect its hosting account"),
        ({}, "The access log is read for the first time within a few minutes.", ""),
        ({"log": "not-found"}, "No access log was found on the hosting account.", "Folders and logs"),
        ({"log": "unclear", "log_detail": "These might be it: /a"}, "These might be it: /a", "Folders and logs"),
        ({"log": "foreign"}, "The file named as the access log is none.", "Folders and logs"),
        ({"log": "unreadable"}, "The access log could not be read.", "Folders and logs"),
        ({"log": "read"}, "The access log is being read for the first time", ""),
    ],
)  # fmt: skip
def test_what_is_needed_to_know_it_is_said(world: World, watch: dict[str, str] | None, text: str, button: str) -> None:
    if watch is not None:
        connect(world.site, **watch)
    for client, sees in ((world.owner, True), (world.reader, False)):
        page = client.get(url(world))
        assert text in words(page)
        buttons = [link.get_text(strip=True) for link in soup(page).select("main .btn")]
        assert (button in buttons) is (sees and bool(button))
        assert ("Let the server report" in buttons) is sees


def test_host_that_refused_is_told(world: World) -> None:
    connect(world.site, log="read", log_read_at=timezone.now())
    Host.objects.update(state=Host.State.REFUSED)
    assert "The access log is not read any more: Login refused." in words(world.reader.get(url(world)))


def test_well_is_said_as_such(world: World) -> None:
    connect(world.site, log="read", log_read_at=timezone.now())
    page = words(world.owner.get(url(world)))
    assert "No visitor met a server error." in page and "No visitor met one in the last 24 hours." in page


def test_what_a_stranger_asked_for_is_text(world: World) -> None:
    meet(world.site, HOSTILE, "/=cmd|' /C calc'!A0", "/a\u202egpj.exe")
    for page in (url(world), f"/sites/{world.site.pk}/"):
        assert b"<script>alert" not in world.owner.get(page).content and "\u202e" not in world.owner.get(page).content.decode()


def test_file_holds_every_row_and_no_formula(world: World) -> None:
    meet(world.site, "/order/1", request_id="=HYPERLINK(1)")
    meet(world.site, "/order/2", who="b", ago_s=80 * 86_400)
    answer = world.reader.get(f"/sites/{world.site.pk}/visitors.csv")
    assert answer.headers["Content-Type"].startswith("text/csv") and "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [(row["page"], row["requests"], row["addresses"], row["told_by"]) for row in rows] == [("/order/{n}", "1", "1", "log")] * 2
    assert rows[0]["request_id"] == "'=HYPERLINK(1)"


def test_added_page_is_shown_and_taken_out(world: World) -> None:
    world.site.incidents.all().delete()
    meet(world.site, "/pay", "/pay", "/pay")
    page = world.site.pages.get(path="/pay")
    assert "/pay" in words(world.owner.get(url(world)))
    assert "added because visitors met errors" in words(world.reader.get(f"/sites/{world.site.pk}/"))
    assert "Stop" not in [b.get_text(strip=True) for b in soup(world.reader.get(url(world))).select("button")]
    for number in ("", "x", "9" * 30, str(world.site.pages.first().pk)):
        assert "Nothing was changed" in words(world.owner.post(url(world, "take-out/"), {"page": number}, follow=True))
    assert "/pay is no longer probed." in words(world.owner.post(url(world, "take-out/"), {"page": page.pk}, follow=True))
    assert not world.site.pages.filter(path="/pay").exists()


def test_secret_is_shown_once(world: World) -> None:
    assert "Make the secret" in words(world.owner.get(url(world, "server/")))
    made = world.owner.post(url(world, "server/"))
    watch = VisitorWatch.objects.get()
    assert f"/report/{watch.report_token}/" in words(made) and "register_shutdown_function" in words(made)
    assert made.headers["Cache-Control"] == "private, no-store"
    secret = soup(made).select_one("#report-secret").get_text()
    assert len(secret) == 64
    again = world.owner.get(url(world, "server/"))
    assert secret not in words(again) and "Make a new secret" in words(again)
    assert "it has not done so yet" in words(world.reader.get(url(world)))
    assert "are refused from now on" in words(world.owner.post(url(world, "server/"), {"revoke": "1"}, follow=True))
    watch.refresh_from_db()
    assert (watch.report_token, watch.sealed_report_secret) == (None, "")


def test_incident_leads_to_what_visitors_met(world: World) -> None:
    world.site.incidents.all().delete()
    meet(world.site, "/pay", "/pay", "/pay")
    incident = world.site.incidents.get()
    page = world.owner.get(f"/incidents/{incident.pk}/")
    assert "Shop answers 500 for visitors on /pay." in words(page)
    assert soup(page).select_one(f'main a[href="/sites/{world.site.pk}/visitors/"]')


def test_number_of_queries_does_not_grow(world: World) -> None:
    connect(world.site, log="read")
    server_reports.make_secret(world.site)

    def queries() -> int:
        with CaptureQueriesContext(connection) as made:
            assert world.owner.get(url(world)).status_code == 200
        return len(made)

    meet(world.site, "/a", junk=True)
    few = queries()
    meet(world.site, *(f"/page-{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(90)), junk=True)
    assert queries() == few


def test_silence_of_a_server_that_reports_is_not_called_well(world: World) -> None:
    world.owner.post(f"/sites/{world.site.pk}/visitors/server/")
    for path in (f"/sites/{world.site.pk}/visitors/", f"/sites/{world.site.pk}/"):
        page = words(world.owner.get(path))
        assert "The server has reported no error" in page
        assert "No visitor met" not in page and "No server error" not in page
