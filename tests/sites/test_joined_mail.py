"""Several failures in one mail, as a mail server gets it: each site with its cause, the line that proves it, and what to do next."""

from __future__ import annotations

import pytest

from sites import delivery, incident_causes
from sites.models import Incident, Site
from tests.factories import make_host, make_site
from tests.sites.samples import after, fail
from tests.sites.test_delivery import mailbox, team, texts

__all__ = ["mailbox", "team"]
pytestmark = pytest.mark.django_db


def explained(site: Site, n: int, cause: str = "htaccess-invalid-directive", summary: str = "") -> Incident:
    fail(site)
    incident = Incident.objects.get(site=site)
    incident_causes.attach_cause(
        incident, cause=cause, summary=summary or f"Line {n} of www/.htaccess uses a directive <that> this server does not know.",
        confidence=0.98, proof=f"[core:alert] Invalid command 'Rewrit{n}'" + " x" * 400, place=f"www/.htaccess:{n}",
        why="Certain, because the server wrote this line for our own test request.",
        next_step="The guided repair can mend this.", now=after(8),
    )  # fmt: skip
    return incident


def test_sites_of_one_event_each_carry_cause_proof_and_next_step(mailbox, team, settings):
    settings.SITEMEND_BASE_URL = "https://watch.example"
    host = make_host(team, name="web7")
    sites = [make_site(team, name=f"shop{n:02d}", url=f"https://shop{n}.example/", host=host) for n in range(20)]
    first = [explained(site, n) for n, site in enumerate(sites[:3], 1)]
    for n, site in enumerate(sites[3:15], 4):
        explained(site, n)
    for n, site in enumerate(sites[15:18], 16):
        explained(site, n, "disk-full", "The account has no room left.")
    for site in sites[18:]:
        fail(site)
    assert delivery.deliver_due(after(26)) == 1
    text, html = texts(mailbox.mails[0])
    assert "20 sites on the hosting account web7" in mailbox.mails[0]["subject"]
    for incident in first:
        number = incident.cause_place.rpartition(":")[2]
        for part in (text, html):
            assert f"www/.htaccess:{number}" in part and f"Invalid command &#x27;Rewrit{number}" in part.replace("'", "&#x27;")
            assert f"https://watch.example/incidents/{incident.pk}/" in part
    assert "The guided repair can mend this." in text and "Certain, because the server wrote this line" in html
    assert "<that>" in text and "<that>" not in html
    assert "Rewrit7'" not in text and "10 more sites (shop05, shop06" in text and "each with a cause like this one" in text
    assert "2 more sites (shop16, shop17) with this cause: The account has no room left." in text
    assert "Probable cause: The account has no room left." in text
    assert "2 more sites: shop18, shop19. The cause is not known yet" in text
    assert all(site.name in text for site in (*sites[:13], *sites[15:]))
    assert len(text) < 10_000 and len(html) < 20_000


@pytest.mark.parametrize(("key", "words"), [("line:ab", "Repair one first."), ("host:ab", "The host has to mend this: one message")])
def test_sites_of_one_event_that_share_a_cause_lead_to_the_page_that_shows_them_together(mailbox, team, settings, key, words):
    settings.SITEMEND_BASE_URL = "https://watch.example"
    host = make_host(team, name="web7")
    made = [explained(make_site(team, name=f"shop{n}", url=f"https://shop{n}.example/", host=host), n) for n in range(3)]
    Incident.objects.filter(pk__in=[incident.pk for incident in made[1:]]).update(shared=key, shared_about="the same <line>")
    assert delivery.deliver_due(after(26)) == 1
    text, html = texts(mailbox.mails[0])
    assert "They fail from one cause: the same <line>." in text and "one cause: the same &lt;line&gt;." in html
    for part in (text, html):
        assert part.count(words) == 1 and part.count(f"https://watch.example/together/{made[1].pk}/") == 1


def test_sites_of_one_event_with_causes_of_their_own_are_not_told_to_share_one(mailbox, team):
    host = make_host(team, name="web7")
    made = [explained(make_site(team, name=f"shop{n}", host=host), n) for n in range(2)]
    for incident in made:
        Incident.objects.filter(pk=incident.pk).update(shared=f"line:{incident.pk}", shared_about="a line")
    assert delivery.deliver_due(after(26)) == 1
    assert "They fail from one cause" not in "".join(texts(mailbox.mails[0]))


def test_several_failures_on_their_own_each_carry_why_and_what_next(mailbox, team):
    for n, name in enumerate(("Bakery", "Shop"), 1):
        explained(make_site(team, name=name, host=make_host(team)), n)
    assert delivery.deliver_due(after(26)) == 1
    text, html = texts(mailbox.mails[0])
    for part in (text, html):
        assert part.count("Certain, because the server wrote this line") == 2 and part.count("The guided repair can mend this.") == 2
        assert "www/.htaccess:1" in part and "www/.htaccess:2" in part


def test_mail_about_a_failure_says_what_was_tried_without_a_person(mailbox, team):
    incident = explained(make_site(team, name="Bakery"), 1)
    Incident.objects.filter(pk=incident.pk).update(trials_note="“Find the line” changed for some seconds: www/.htaccess. <b>Put back.</b>")
    assert delivery.deliver_due(after(26)) == 1
    text, html = texts(mailbox.mails[0])
    assert "as the site's settings allow" in text and "<b>Put back.</b>" in text and "&lt;b&gt;Put back." in html
