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
    assert response.content == b"<p>Shop answers <b>500</b>.</p>"


def test_test_mail_is_sent_at_once_and_its_fate_shown(world: World, tmp_path: Path) -> None:
    with override_settings(SITEMEND_MAIL_DIR=tmp_path):
        response = world.owner.post("/settings/test-mail/", {"recipient": "new@example.org"}, follow=True)
    mail = Notification.objects.get(kind="test")
    assert response.redirect_chain == [(f"/mail/{mail.pk}/", 302)]
    assert ["To: new@example.org" in path.read_text() for path in tmp_path.iterdir()] == [True]
    assert "Sent" in words(response)


def test_test_mail_to_nonsense_is_refused(world: World) -> None:
    response = world.owner.post("/settings/test-mail/", {"recipient": "nobody"})
    assert response.status_code == 422
    assert soup(response).select_one("#id_recipient")["aria-invalid"] == "true"
    assert not Notification.objects.filter(kind="test").exists()
