from __future__ import annotations

from pathlib import Path

import pytest
from django.test import override_settings

from sites.models import Notification
from tests.factories import make_team, make_user
from tests.sites.views.pages import World, client_of, make_mail, make_world, soup, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@override_settings(SITEMEND_MAIL_BY_SMTP=True)
def test_list_says_first_whether_mail_gets_through(world: World) -> None:
    assert soup(world.owner.get("/mail/")).h1.get_text() == "Every mail got through."
    make_mail(world.site, state="failed", last_error="450 mailbox <busy>", sent_at=None)
    page = soup(world.owner.get("/mail/"))
    assert page.h1.get_text() == "1 mail did not get through."
    assert "450 mailbox <busy>" in page.get_text()
    assert [len(soup(world.owner.get(f"/mail/?state={s}")).select("tbody tr")) for s in ("", "sent", "failed", "waiting")] == [2, 1, 1, 0]
    assert soup(world.outsider.get("/mail/")).h1.get_text() == "Nothing was mailed yet."


def test_test_mails_are_shown_to_their_sender_only() -> None:
    team = make_team()
    sender, other = make_user(team=team), make_user(team=team)
    mail = make_mail(None, user=sender, kind="test")
    assert client_of(sender).get(f"/mail/{mail.pk}/").status_code == 200
    assert client_of(other).get(f"/mail/{mail.pk}/").status_code == 404


def test_message_shows_text_and_a_sandboxed_frame(world: World) -> None:
    page = soup(world.owner.get(f"/mail/{world.mail.pk}/"))
    frame = page.select_one("iframe")
    assert frame["src"] == f"/mail/{world.mail.pk}/html/"
    assert "allow-scripts" not in frame["sandbox"] and "allow-same-origin" not in frame["sandbox"]
    assert page.select_one(".mail-text").get_text() == "Shop answers 500."
    assert "You are in the team Agency." in page.get_text()


def test_html_part_may_run_and_load_nothing(world: World) -> None:
    response = world.owner.get(f"/mail/{world.mail.pk}/html/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox allow-popups" in policy and "script-src" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response.content.endswith(b"<p>Shop answers <b>500</b>.</p>")


def test_links_of_the_framed_mail_open_in_the_whole_window(world: World) -> None:
    world.mail.body_html = "<!doctype html><html><head><title>x</title></head><body><a href='/'>x</a></body></html>"
    world.mail.save()
    response = world.owner.get(f"/mail/{world.mail.pk}/html/")
    assert soup(response).select_one("head > base")["target"] == "_top"
    assert "allow-top-navigation-by-user-activation" in response["Content-Security-Policy"]
    frame = soup(world.owner.get(f"/mail/{world.mail.pk}/")).select_one("iframe")
    assert "allow-top-navigation-by-user-activation" in frame["sandbox"]


@override_settings(SITEMEND_BASE_URL="https://watch.example")
def test_only_addresses_of_this_installation_become_links(world: World) -> None:
    good = "https://watch.example/repairs/incident/4/start/?a=1&b=2"
    others = [
        "https://watch.example.evil/x",
        "https://evil.example/?https://watch.example/",
        'https://watch.example/"onclick=x',
        "<b>x</b>",
    ]
    world.mail.body_text = "\n".join([good, *others])
    world.mail.save()
    shown = soup(world.owner.get(f"/mail/{world.mail.pk}/")).select_one(".mail-text")
    assert [link["href"] for link in shown.select("a")] == [good]
    assert shown.get_text() == world.mail.body_text
    assert not shown.select("b")


@override_settings(SITEMEND_MAIL_BY_SMTP=False)
def test_without_a_mail_server_the_list_says_that_nobody_is_mailed(world: World) -> None:
    page = soup(world.owner.get("/mail/"))
    assert page.h1.get_text() == "Mails are kept here: nobody is mailed yet."
    assert "EMAIL_URL=smtp+starttls://user:password@mail.example:587" in page.select_one(".notice.warn").get_text()
    assert "EMAIL_URL=" in soup(world.owner.get("/settings/")).select_one(".notice.warn").get_text()


@override_settings(SITEMEND_MAIL_BY_SMTP=True)
def test_mail_kept_for_want_of_a_server_never_counts_as_got_through(world: World) -> None:
    make_mail(world.site, last_error="No mail server was set.")
    page = soup(world.owner.get("/mail/"))
    assert page.h1.get_text() == "1 mail was kept here, not sent. No other failed."
    assert sorted(tag.get_text() for tag in page.select("tbody .tag")) == ["Kept here, not sent", "Sent"]


def test_dashboard_says_that_nobody_is_mailed_while_a_real_site_is_watched(world: World) -> None:
    with override_settings(SITEMEND_MAIL_BY_SMTP=False):
        assert "Nobody is mailed yet" in words(world.owner.get("/"))
        world.site.practice = True
        world.site.save()
        assert "Nobody is mailed yet" not in words(world.owner.get("/"))
        world.site.practice = False
        world.site.save()
    with override_settings(SITEMEND_MAIL_BY_SMTP=True):
        assert "Nobody is mailed yet" not in words(world.owner.get("/"))


def test_test_mail_is_sent_at_once_and_its_fate_shown(world: World, tmp_path: Path) -> None:
    with override_settings(SITEMEND_MAIL_DIR=tmp_path, SITEMEND_MAIL_BY_SMTP=False):
        response = world.owner.post("/settings/test-mail/", {"recipient": "new@example.org"}, follow=True)
    mail = Notification.objects.get(kind="test")
    assert response.redirect_chain == [(f"/mail/{mail.pk}/", 302)]
    assert ["To: new@example.org" in path.read_text() for path in tmp_path.iterdir()] == [True]
    assert "Kept here, not sent" in words(response)
    assert "arrived" not in words(response)


def test_test_mail_to_nonsense_is_refused(world: World) -> None:
    response = world.owner.post("/settings/test-mail/", {"recipient": "nobody"})
    assert response.status_code == 422
    assert soup(response).select_one("#id_recipient")["aria-invalid"] == "true"
    assert not Notification.objects.filter(kind="test").exists()
