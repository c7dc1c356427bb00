"""What is told about failures that can be told from outside: in pages and mails, without a look into the hosting account."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from sites import emails, notifications
from sites.advice import advice
from sites.models import Incident, Notification
from sites.probing.failures import MESSAGES
from sites.wording import failure_sentence, kind_words
from tests.factories import make_incident, make_site, make_team, make_user

EXPIRED = {"kind": "unreachable", "status": None, "detail": "tls-expired", "message": MESSAGES["tls-expired"]}


@pytest.mark.parametrize(
    ("kind", "detail", "tag", "sentence"),
    [
        ("unreachable", "tls-expired", "Certificate expired", "shows a certificate that has expired"),
        ("unreachable", "dns", "Name not found", "has a name that cannot be looked up"),
        ("unreachable", "refused", "No connection", "accepts no connection"),
        ("unreachable", "empty", "No answer", "does not answer"),
        ("unreachable", "", "No answer", "does not answer"),
        ("unexpected", "words-missing", "Words are missing", "lacks words that must be on it"),
        ("unexpected", "status", "Not as expected", "does not answer as expected"),
        ("fatal-in-body", "php-fatal", "PHP error in the page", "shows a PHP error"),
        ("ok", "dns", "As expected", "fails"),  # what was left of an earlier probe says nothing
    ],
)
def test_failures_of_one_kind_are_told_apart(kind: str, detail: str, tag: str, sentence: str) -> None:
    assert (kind_words(kind, None, detail), failure_sentence(kind, None, detail=detail)) == (tag, sentence)


def test_failure_for_some_visitors_is_told_as_closely() -> None:
    assert failure_sentence("unreachable", None, "phone", "tls-name") == "shows a certificate of another name for phones"


def test_no_advice_where_the_cause_lies_in_the_site() -> None:
    assert advice(Incident(kind="server-error", status=500, detail="http-500")) is None
    assert advice(Incident(kind="unexpected", detail="status")) is None


@pytest.mark.django_db
def test_mail_about_a_certificate_says_so_and_what_to_do() -> None:
    incident = make_incident(make_site(make_team(members=(make_user(),)), name="Shop"), **EXPIRED)
    notifications.incident_opened(incident, "new", incident.opened_at)
    mail = emails.render([Notification.objects.get()])
    assert mail.subject == "Shop is down: every page (Certificate expired)"
    for part in (mail.text, mail.html):
        assert "shows a certificate that has expired" in part
        assert "What to do:" in part and "Renew the certificate" in part
        assert "has no connection to its hosting account" not in part  # it would tell nothing more


@pytest.mark.django_db
def test_mail_about_a_gateway_says_what_to_do_beside_what_is_not_known() -> None:
    incident = make_incident(make_site(make_team(members=(make_user(),))), kind="gateway-error", status=502, detail="http-502")
    notifications.incident_opened(incident, "new", incident.opened_at)
    text = emails.render([Notification.objects.get()]).text
    assert "What to do: Something in front of the site" in text
    assert "has no connection to its hosting account" in text


def test_advice_is_translated_where_it_is_shown() -> None:
    found = advice(Incident(kind="suspended"))
    with override("en"):
        assert found is not None and str(found.text).startswith("Look for mail from your host")


@pytest.mark.django_db
def test_mail_of_several_failures_says_what_to_do_about_each() -> None:
    team = make_team(members=(make_user(),))
    for site in (make_site(team), make_site(team)):
        notifications.incident_opened(incident := make_incident(site, **EXPIRED), "new", incident.opened_at)
    text = emails.render(list(Notification.objects.order_by("pk"))).text
    assert text.count("What to do: Renew the certificate") == 2
