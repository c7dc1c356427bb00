from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from sites import first_run
from sites.models import LoginAttempt, Membership
from tests.factories import make_team, make_user
from tests.sites.views.pages import client_of, soup, words

LAKE = "a quiet lake in may"

pytestmark = pytest.mark.django_db


def log_in(password: str, name: str = "olga", **more: str) -> object:
    return Client(REMOTE_ADDR=more.pop("address", "192.0.2.1")).post("/login/", {"username": name, "password": password, **more})


def test_login_leads_to_where_one_wanted_to_go() -> None:
    make_user("olga")
    response = log_in("secret-password", next="/incidents/")
    assert (response.status_code, response["Location"]) == (302, "/incidents/")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_login_never_leads_to_another_place(target: str) -> None:
    make_user("olga")
    assert log_in("secret-password", next=target)["Location"] == "/"


def test_login_is_closed_after_five_refusals_and_says_for_how_long() -> None:
    make_user("olga")
    assert [log_in("wrong").status_code for _ in range(5)] == [422] * 5
    refused = log_in("secret-password")
    assert refused.status_code == 429
    assert "has to wait 15 minutes" in words(refused)
    assert log_in("secret-password", address="192.0.2.9").status_code == 302  # another address is not made to wait
    LoginAttempt.objects.update(at=timezone.now() - timedelta(minutes=16))
    assert log_in("secret-password").status_code == 302


def test_login_forgets_refusals_after_success_and_stores_no_name() -> None:
    make_user("olga")
    log_in("wrong")
    assert "olga" not in LoginAttempt.objects.get().key
    log_in("secret-password", name=" OLGA ".strip().lower())
    assert LoginAttempt.objects.count() == 0


def test_login_refusal_does_not_tell_whether_the_name_exists() -> None:
    make_user("olga")
    known, unknown = (soup(log_in("wrong", name=name)).select_one(".notice").get_text() for name in ("olga", "nobody"))
    assert known == unknown


def test_logout_ends_the_session() -> None:
    client = client_of(make_user())
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/").status_code == 302


def test_account_keeps_name_mail_and_which_teams_are_mailed() -> None:
    first, second = make_team("A"), make_team("B")
    user = make_user(team=first)
    Membership.objects.create(team=second, user=user)
    stranger = make_team("C")
    response = client_of(user).post("/account/", {"first_name": "Olga", "last_name": "", "email": "o@example.org", "mailed": [second.pk]})
    user.refresh_from_db()
    assert response.status_code == 302
    assert (user.first_name, user.email) == ("Olga", "o@example.org")
    assert {m.team.name: m.wants_mail for m in user.memberships.all()} == {"A": False, "B": True}
    assert client_of(user).post("/account/", {"email": "o@example.org", "mailed": [stranger.pk]}).status_code == 422


def test_password_change_keeps_this_session_and_ends_others() -> None:
    user = make_user()
    here, elsewhere = client_of(user), client_of(user)
    form = {"old_password": "secret-password", "new_password1": LAKE, "new_password2": LAKE}
    assert here.post("/account/password/", form).status_code == 302
    assert (here.get("/account/").status_code, elsewhere.get("/account/").status_code) == (200, 302)


def test_password_change_with_a_wrong_old_one_says_so() -> None:
    client = client_of(make_user())
    response = client.post("/account/password/", {"old_password": "no", "new_password1": LAKE, "new_password2": LAKE})
    assert response.status_code == 422
    assert soup(response).select_one("#id_old_password")["aria-invalid"] == "true"


def test_first_run_makes_the_administrator_once() -> None:
    token = first_run.make_token()
    form = {
        "username": "marie",
        "email": "m@example.org",
        "password1": LAKE,
        "password2": LAKE,
        "team": "Agency",
    }
    client = Client()
    assert client.get(f"/first-run/{token}/").status_code == 200
    assert client.post(f"/first-run/{token}/", form).status_code == 302
    user = get_user_model().objects.get()
    assert (user.is_superuser, [(m.team.name, m.role) for m in user.memberships.all()]) == (True, [("Agency", "owner")])
    assert client.get("/").status_code == 200
    assert Client().post(f"/first-run/{token}/", form | {"username": "eve"}).status_code == 404
    assert get_user_model().objects.count() == 1


def test_first_run_with_a_wrong_token_is_not_found() -> None:
    first_run.make_token()
    assert Client().get("/first-run/wrong/").status_code == 404


def test_first_run_refuses_a_weak_password_and_keeps_the_link() -> None:
    token = first_run.make_token()
    form = {"username": "marie", "email": "m@example.org", "password1": "short", "password2": "short", "team": "Agency"}
    assert Client().post(f"/first-run/{token}/", form).status_code == 422
    assert first_run.verify_token(token or "")


@pytest.mark.parametrize("door", ["/login/", "/admin/login/"])
def test_refused_tries_count_however_the_name_is_written_and_whichever_door_is_tried(door: str) -> None:
    make_user("olga", is_staff=True, is_superuser=True)
    names = ["olga", "\uff4flga", "o\uff4cga", "ol\uff47a", "olg\uff41"]  # full-width letters: the same name to the login form
    assert [log_in("wrong", name=name).status_code for name in names] == [422] * 5
    client = Client(REMOTE_ADDR="192.0.2.1")
    client.post(f"{door}?next=/admin/", {"username": "\uff4f\uff4cga", "password": "secret-password"})
    assert "_auth_user_id" not in client.session


def test_refused_tries_count_for_a_whole_network_of_one_ipv6_customer() -> None:
    make_user("olga")
    for number in range(5):
        log_in("wrong", address=f"2001:db8:1:2::{number}")
    assert log_in("secret-password", address="2001:db8:1:2:ffff::9").status_code == 429
    assert log_in("secret-password", address="2001:db8:1:3::9").status_code == 302


def test_admin_pages_send_to_the_one_login_and_back() -> None:
    make_user("olga", is_staff=True, is_superuser=True)
    client = Client(REMOTE_ADDR="192.0.2.1")
    door = client.get("/admin/")["Location"]
    assert client.get(door).status_code == 200
    response = client.post(door, {"username": "olga", "password": "secret-password", "next": "/admin/"})
    assert response["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("team", ["99999999999999999999999", "-1", "²"])
def test_team_that_no_row_can_have_does_not_exist(client, team):
    client.force_login(make_user("ada"))
    assert client.post("/account/", {"email": "ada@example.org", "mailed": [team]}).status_code == 404


@pytest.mark.parametrize("by_smtp", [True, False])
def test_account_promises_mail_only_when_mail_leaves(client, settings, by_smtp):
    settings.SITEMEND_MAIL_BY_SMTP = by_smtp
    client.force_login(make_user("ada"))
    page = client.get("/account/").content.decode()
    assert ("Incidents are mailed to ada@example.org." in page) is by_smtp
    assert ("Nobody is mailed yet" in page) is not by_smtp
