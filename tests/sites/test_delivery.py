from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller

from sites import delivery, emails, incident_causes, incident_endings, notifications
from sites.models import Incident, IncidentEntry, Notification, Site
from tests.factories import make_host, make_incident, make_site, make_team, make_user
from tests.servers import free_port
from tests.sites.samples import START, after, fail, recover

pytestmark = pytest.mark.django_db


class Mailbox:
    """A mail server's inside: takes mails, or answers what the test says."""

    def __init__(self) -> None:
        self.answer = "250 taken"
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        if self.answer.startswith("250"):
            self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return self.answer


@pytest.fixture
def mailbox(settings) -> Iterator[Mailbox]:
    port = free_port()
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.SITEMEND_MAIL_BY_SMTP = True
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield box
    controller.stop()


@pytest.fixture
def team():
    return make_team("Agency", members=(make_user("alice"),))


def texts(message: EmailMessage) -> tuple[str, str]:
    return message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content()


def states() -> list[tuple[str, str]]:
    return list(Notification.objects.order_by("pk").values_list("kind", "state"))


def test_mail_says_what_people_need(mailbox, team, settings):
    settings.SITEMEND_BASE_URL = "https://watch.example"
    site = make_site(team, name="Shop", url="https://shop.example/", paths=("/checkout",), host=make_host(team))
    fail(site)
    incident = Incident.objects.get()
    proof = "[core:alert] /home/shop/www/.htaccess: Invalid command 'RewritEngine', perhaps misspelled"
    incident_causes.attach_cause(
        incident,
        cause="htaccess-invalid-directive",
        summary="Line 12 of www/.htaccess uses a directive <that> this server does not know.",
        confidence=0.98,
        proof=proof,
        place="www/.htaccess:12",
        now=after(8),
    )
    assert delivery.deliver_due(after(8)) == 1
    [mail] = mailbox.mails
    text, html = texts(mail)
    assert mail["subject"] == "Shop is down: 'RewritEngine' in .htaccess line 12 (500)"
    for part in (text, html):
        assert "/, /checkout" in part
        assert "2 March 2026, 10:00:00 UTC" in part
        assert "2 of 2 probes in 5 s failed" in part
        assert "It fails every time." in part
        assert "Certain" in part
        assert "“Agency”" in part
        assert f"https://watch.example/incidents/{incident.pk}/" in part
    assert proof in text
    assert "&lt;that&gt;" in html
    assert "<img" not in html
    assert html.index("Line 12 of www") < html.index("<h1")  # the preview comes first


def test_site_without_a_connection_is_told_what_that_leaves_out(mailbox, team):
    fail(make_site(team, name="Bakery", url="https://shop.example/"))
    delivery.deliver_due(after(6))
    [mail] = mailbox.mails
    assert mail["subject"] == "Bakery is down: every page (500)"
    assert all("shop.example" in part for part in texts(mail))
    assert "Bakery answers" in texts(mail)[1]
    assert "no connection to its hosting account" in texts(mail)[0]


def test_cause_found_later_follows_in_the_same_thread(mailbox, team):
    fail(make_site(team, host=make_host(team)))
    assert delivery.deliver_due(after(24)) == 0
    assert delivery.deliver_due(after(25)) == 1
    incident_causes.attach_cause(
        Incident.objects.get(), cause="php-fatal", summary="A plugin calls what is not there.", confidence=0.9, now=after(40)
    )
    assert delivery.deliver_due(after(41)) == 0
    assert delivery.deliver_due(after(86)) == 1
    first, second = mailbox.mails
    assert second["in-reply-to"] == second["references"] == first["message-id"]
    assert "A plugin calls what is not there." in texts(second)[0]


def test_recovery_follows_in_the_same_thread(mailbox, team):
    site = make_site(team, name="Bakery", url="https://shop.example/")
    fail(site)
    delivery.deliver_due(after(6))
    recover(site, 215)
    delivery.deliver_due(after(245))
    first, second = mailbox.mails
    assert (second["subject"], second["in-reply-to"]) == ("Bakery is well again after 4 min", first["message-id"])
    assert Incident.objects.get().entries.filter(kind="mail").count() == 2


def test_server_that_refuses_then_accepts_loses_and_doubles_nothing(mailbox, team):
    fail(make_site(team))
    mailbox.answer = "451 try later"
    assert delivery.deliver_due(after(6)) == 1
    row = Notification.objects.get()
    assert (row.state, row.send_after, row.last_error) == ("failed", after(36), "451 try later")
    assert delivery.deliver_due(after(20)) == 0
    assert delivery.deliver_due(after(36)) == 1
    mailbox.answer = "250 taken"
    for seconds in (96, 97, 200):
        delivery.deliver_due(after(seconds))
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_error, row.sent_at) == ("sent", 3, "", after(96))
    assert [mail["message-id"] for mail in mailbox.mails] == [row.message_id]


def test_server_that_is_away_is_tried_for_a_day_then_given_up_and_can_be_retried(mailbox, team, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    fail(make_site(team))
    seconds, tries = 6.0, 0
    while Notification.objects.get().state != "given-up" and tries < 60:
        tries += delivery.deliver_due(after(seconds))
        seconds = max(seconds + 1, (Notification.objects.get().send_after - START).total_seconds())
    assert 24 <= tries <= 32
    settings.EMAIL_PORT = port
    assert delivery.retry(Notification.objects.get()) is True
    assert delivery.deliver_due() == 1
    assert (len(mailbox.mails), delivery.retry(Notification.objects.get())) == (1, False)


def test_crash_while_sending_is_swept_with_the_same_message_id(mailbox, team):
    fail(make_site(team))
    row = Notification.objects.get()
    lead = delivery._claim(row.pk, after(6))
    delivery._render(lead, after(6))
    delivery._send(lead)  # and the process dies before the outcome is stored
    assert (delivery.deliver_due(after(60)), delivery.sweep(after(299))) == (0, 0)
    assert delivery.sweep(after(307)) == 1
    assert delivery.deliver_due(after(307)) == 1
    first, second = mailbox.mails
    assert first["message-id"] == second["message-id"]
    assert states() == [("new", "sent")]


def test_mail_claimed_by_two_workers_leaves_once(mailbox, team):
    fail(make_site(team))
    row = Notification.objects.get()
    assert delivery._claim(row.pk, after(6)) is not None
    assert delivery._claim(row.pk, after(6)) is None


def test_many_failures_at_once_make_one_mail(mailbox, team):
    sites = [make_site(team, name=f"shop {n}", url=f"https://shop{n}.example/") for n in range(4)]
    for site in sites:
        fail(site)
    assert delivery.deliver_due(after(6)) == 1
    [mail] = mailbox.mails
    assert mail["subject"] == "4 sites are down: shop 0, shop 1, shop 2 and 1 more"
    assert all(f"shop {n} is down: every page (500)" in texts(mail)[0] for n in range(4))
    assert states() == [("new", "sent"), *[("new", "joined")] * 3]


def test_what_follows_within_a_minute_goes_into_one_mail(mailbox, team):
    fail(make_site(team))
    delivery.deliver_due(after(6))
    late = [make_site(team), make_site(team)]
    for site in late:
        fail(site, 10)
    assert delivery.deliver_due(after(16)) == 0
    assert delivery.deliver_due(after(66)) == 1
    assert [len(mailbox.mails), mailbox.mails[1]["subject"]] == [2, f"2 sites are down: {late[0].name}, {late[1].name}"]


def test_joined_mail_leads_with_the_worst_and_has_the_repair_link(mailbox, team, settings):
    settings.SITEMEND_BASE_URL = "https://watch.example"
    bakery, shop = make_site(team, name="Bakery", host=make_host(team)), make_site(team, name="Shop")
    fail(shop)
    delivery.deliver_due(after(6))
    recover(shop, 35)
    fail(bakery, 40)
    incident = Incident.objects.get(site=bakery)
    incident_causes.mark_diagnosis(incident, "done", now=after(50))
    assert delivery.deliver_due(after(120)) == 1
    mail = mailbox.mails[1]
    assert mail["subject"] == "Bakery is down, and 1 more piece of news"
    link = f"https://watch.example/repairs/start/{incident.pk}/"
    assert all(part.count(link) == 1 for part in texts(mail))
    assert texts(mail)[0].index("Bakery is down: every page (500)") < texts(mail)[0].index("Shop is well again")
    assert all(bakery.url in part for part in texts(mail))


def test_failure_that_is_over_when_the_mail_is_made_does_not_lead_it(mailbox, team):
    site = make_site(team, name="Bakery")
    fail(make_site(team))
    delivery.deliver_due(after(6))
    fail(site, 7)
    recover(site, 20)
    delivery.deliver_due(after(70))
    assert mailbox.mails[1]["subject"].startswith("Bakery is well again after ")
    assert mailbox.mails[1]["subject"].endswith(", and 1 more piece of news")


def test_long_name_leaves_room_for_what_is_wrong(mailbox, team):
    fail(make_site(team, name="x" * 100))
    delivery.deliver_due(after(6))
    assert Notification.objects.get().subject == "x" * 59 + "… is down: every page (500)"


def test_recovery_of_a_joined_failure_stays_in_its_thread(mailbox, team):
    sites = [make_site(team), make_site(team)]
    for site in sites:
        fail(site)
    delivery.deliver_due(after(6))
    recover(sites[1], 100)
    delivery.deliver_due(after(130))
    assert mailbox.mails[1]["in-reply-to"] == mailbox.mails[0]["message-id"]


def test_two_members_each_get_their_mail(mailbox):
    fail(make_site(make_team(members=(make_user("alice"), make_user("bob")))))
    assert delivery.deliver_due(after(6)) == 2
    assert sorted(mail["to"] for mail in mailbox.mails) == ["alice@example.org", "bob@example.org"]


def test_name_of_a_site_adds_no_header(mailbox, team):
    site = make_site(team, url="https://shop.example/")
    type(site).objects.filter(pk=site.pk).update(name="shop\r\nBcc: eve@example.org\r\n\r\n<b>hello</b>")
    incidents_before = Incident.objects.count()
    other = make_site(team)
    for each in (site, other):
        each.refresh_from_db()
        fail(each)
    delivery.deliver_due(after(6))
    [mail] = mailbox.mails
    assert (mail["bcc"], mail["to"], incidents_before) == (None, "alice@example.org", 0)
    assert mail["subject"].startswith("2 sites are down: shop Bcc: eve@example.org <b>hello</b>")
    assert "<b>hello</b>" not in texts(mail)[1]


def test_site_removed_before_its_mail_left_is_not_mailed(mailbox, team):
    site, other = make_site(team), make_site(team)
    fail(site)
    fail(other)
    site.delete()
    for _ in range(2):
        delivery.deliver_due(after(6))
    assert (len(mailbox.mails), sorted(state for _kind, state in states())) == (1, ["sent", "suppressed"])


def test_without_a_mail_server_mails_lie_in_the_state_folder(team, settings, tmp_path):
    settings.SITEMEND_MAIL_DIR = tmp_path / "mail"
    fail(make_site(team))
    delivery.deliver_due(after(6))
    row = Notification.objects.get()
    [file] = (tmp_path / "mail").iterdir()
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert (file.name, mail["message-id"], row.state) == (f"{row.pk:06d}-new.eml", row.message_id, "sent")
    assert "not sent" in row.last_error
    assert "kept here, not sent" in Incident.objects.get().entries.get(kind="mail").text


def test_test_mail_leaves_at_once_and_says_what_went_wrong(mailbox, team):
    alice = team.members.get()
    assert notifications.send_test("alice@example.org", alice).state == "sent"
    mailbox.answer = "550 no such user"
    refused = notifications.send_test("nobody@example.org", alice)
    assert (refused.state, refused.last_error) == ("failed", "550 no such user")


def test_mails_read_well_for_every_kind(mailbox, team):
    site = make_site(team, url="https://shop.example/")
    fail(site)
    incident = Incident.objects.get()
    for kind in ("new", "regression", "escalation", "cause", "recovery", "flapping", "blocked", "test"):
        row = Notification(
            kind=kind, site=site, incident=incident, recipient="a@example.org", why="Because.", created_at=START, send_after=START
        )
        mail = emails.render([row])
        assert mail.subject == emails.one_line(mail.subject) != ""
        assert "Because." in mail.text
        assert "Because." in mail.html
        assert "{{" not in mail.text + mail.html
        assert "None" not in mail.subject + mail.text


def test_mail_never_mixes_teams_since_each_team_can_read_what_was_sent_about_its_sites(mailbox):
    both = make_user("alice")
    ours, theirs = make_team("Ours", members=(both,)), make_team("Theirs", members=(both,))
    for number in range(2):
        fail(make_site(ours, name=f"Our shop {number}", url="https://ours.example/"))
        fail(make_site(theirs, name=f"Their secret {number}", url="https://theirs.example/"))
    assert delivery.deliver_due(after(30)) >= 2
    assert len(mailbox.mails) == 2  # neither team's news waits for the other's
    about_ours = Notification.objects.filter(site__team=ours)
    assert "Their secret" not in "".join(mail.subject + mail.body_text + mail.body_html for mail in about_ours)
    entries = IncidentEntry.objects.filter(incident__site__team=ours, kind="mail")
    assert entries
    assert "Their secret" not in "".join(entry.text for entry in entries)


def test_renewed_certificate_does_not_take_the_failure_of_its_mail_with_it(mailbox, team):
    for first in ("certificate", "failure"):
        shop, bakery = make_site(team, name=f"Shop {first}"), make_site(team, name=f"Bakery {first}")
        begin = 0 if first == "certificate" else 4000
        if first == "certificate":
            notifications.certificate_ends(shop, "ff" + first, 7, after(begin))  # no site has this certificate any more
        fail(bakery, begin)
        if first == "failure":
            notifications.certificate_ends(shop, "ff" + first, 7, after(begin + 5))
        delivery.deliver_due(after(begin + 10))
        delivery.deliver_due(after(begin + 90))
        assert mailbox.mails[-1]["subject"].startswith(f"Bakery {first} is down")
    assert len(mailbox.mails) == 2


def test_mail_of_nothing_but_what_is_gone_is_not_sent(mailbox, team):
    for name in ("Shop", "Bakery"):
        notifications.certificate_ends(make_site(team, name=name), f"ff{name}", 7, after(0))
    for seconds in (1, 90, 180):
        delivery.deliver_due(after(seconds))
    assert (mailbox.mails, [state for _kind, state in states()]) == ([], ["suppressed", "suppressed"])


def test_withdrawn_incident_does_not_take_the_failure_of_its_mail_with_it(mailbox, team):
    shop, bakery = make_site(team, name="Shop"), make_site(team, name="Bakery")
    fail(shop), fail(bakery)
    mailbox.answer = "451 not now"
    delivery.deliver_due(after(6))
    assert states() == [("new", "failed"), ("new", "joined")]
    mailbox.answer = "250 taken"
    incident_endings.withdraw(Incident.objects.get(site=shop), "Our own connection was down.", after(8))
    delivery.deliver_due(after(90))
    assert states() == [("new", "suppressed"), ("new", "sent")]
    assert [mail["subject"] for mail in mailbox.mails] == ["Bakery is down: every page (500)"]


def test_mails_of_sites_in_the_bin_do_not_hold_up_the_others(mailbox, team, monkeypatch):
    monkeypatch.setattr(delivery, "_AT_MOST", 3)
    gone, shop = make_site(team, name="Gone"), make_site(team, name="Shop")
    for _n in range(3):
        notifications.incident_opened(make_incident(gone), "new", after(0))
    Site.objects.filter(pk=gone.pk).update(deleted_at=after(1), paused_at=after(1))
    fail(shop)
    delivery.deliver_due(after(6))
    assert states() == [("new", "suppressed")] * 3 + [("new", "sent")]
    assert "bin" in Notification.objects.filter(state="suppressed").first().last_error


def test_mail_that_failed_for_a_site_now_in_the_bin_lets_go_of_what_went_with_it(mailbox, team):
    gone, shop = make_site(team, name="Gone"), make_site(team, name="Shop")
    fail(gone), fail(shop)
    mailbox.answer = "451 not now"
    delivery.deliver_due(after(6))
    mailbox.answer = "250 taken"
    Site.objects.filter(pk=gone.pk).update(deleted_at=after(7), paused_at=after(7))
    delivery.deliver_due(after(90))
    assert states() == [("new", "suppressed"), ("new", "sent")]


def test_mail_sent_by_a_clock_that_was_ahead_holds_up_no_other(mailbox, team):
    day = 24 * 3600
    notifications.incident_opened(make_incident(make_site(team, name="Shop")), "new", after(day))
    delivery.deliver_due(after(day + 1))
    notifications.incident_opened(make_incident(make_site(team, name="Bakery")), "new", after(0))
    delivery.deliver_due(after(1))
    assert states() == [("new", "sent"), ("new", "sent")]


def test_mail_that_waits_for_a_time_far_ahead_is_sent_once_the_clock_is_right(mailbox, team):
    notifications.incident_opened(make_incident(make_site(team, name="Shop")), "new", after(24 * 3600))
    delivery.sweep(after(10))
    delivery.deliver_due(after(11))
    assert states() == [("new", "sent")]
