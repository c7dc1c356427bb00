"""What a person may take back or try again: an incident that was taken, a mail that did not get through, a test mail."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from sites import incidents
from sites.models import Notification
from tests.factories import make_incident, make_site, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    user = make_user("alice")
    client.force_login(user)
    return user


@pytest.fixture
def team(alice):
    return make_team(members=(alice,))


@pytest.fixture
def incident(team):
    return make_incident(make_site(team, name="shop"))


@pytest.fixture
def mail(incident, alice):
    now = timezone.now()
    values = {"kind": "new", "site": incident.site, "incident": incident, "user": alice, "recipient": alice.email, "why": "x"}
    return Notification.objects.create(**values, dedupe_key="x", created_at=now, send_after=now, state="given-up", last_error="550 no")


def test_incident_that_was_taken_is_handed_back(client, alice, incident):
    show, hand_back = reverse("sites:incident", args=[incident.pk]), reverse("sites:incident-unacknowledge", args=[incident.pk])
    assert hand_back not in client.get(show).content.decode()
    incidents.acknowledge(incident, alice)
    assert hand_back in client.get(show).content.decode()
    answer = client.post(hand_back, follow=True).content.decode()
    incident.refresh_from_db()
    assert (incident.acknowledged_by, "Nobody has it now." in answer, hand_back in answer) == (None, True, False)


def test_mail_that_was_given_up_is_tried_again_by_a_person(client, mail):
    show, retry = reverse("sites:mail-message", args=[mail.pk]), reverse("sites:mail-retry", args=[mail.pk])
    assert retry in client.get(show).content.decode()
    assert "tried again now" in client.post(retry, follow=True).content.decode()
    mail.refresh_from_db()
    assert mail.state == "failed"
    Notification.objects.update(state="sent")
    assert retry not in client.get(show).content.decode()
    assert "nothing to try again" in client.post(retry, follow=True).content.decode()


def test_mail_of_others_or_for_a_reader_is_not_tried(client, mail, team):
    retry = reverse("sites:mail-retry", args=[mail.pk])
    client.force_login(make_user("eve", team=make_team()))
    assert client.post(retry).status_code == 404
    client.force_login(make_user("reader", team=team, role="reader"))
    assert client.post(retry).status_code == 403
    mail.refresh_from_db()
    assert mail.state == "given-up"


def test_test_mails_of_one_person_are_not_without_end(client, alice, team):
    ask = reverse("sites:settings-test-mail")
    for _ in range(7):
        answer = client.post(ask, {"recipient": "alice@example.org"}, follow=True)
    assert Notification.objects.filter(kind="test").count() == 5
    assert "Nothing was sent; try again in" in answer.content.decode()


def test_incident_page_says_how_it_was_decided_and_what_failed_with_it(client, incident, team):
    other = make_incident(make_site(team, name="bakery"), together_with=incident)
    page = client.get(reverse("sites:incident", args=[incident.pk])).content.decode()
    assert "2 of 2 probes in 5 s" in page
    assert "probed again after 5 s and 20 s" in page
    assert "Failed together with it" in page
    assert reverse("sites:incident", args=[other.pk]) in page
    incident.pattern, incident.rate = "intermittent", 0.24
    incident.save()
    page = client.get(reverse("sites:incident", args=[incident.pk])).content.decode()
    assert "fails about 1 of 4 times" in page
    assert "less than once in a thousand times" in page
