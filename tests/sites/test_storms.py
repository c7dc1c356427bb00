from __future__ import annotations

import pytest
from django.urls import reverse

from sites import delivery, storms
from sites.models import Incident, Notification
from sites.probing.outcome import Kind
from tests.factories import make_host, make_site, make_team, make_user
from tests.sites.samples import after, fail, recover, see

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def team(alice):
    return make_team("Agency", members=(alice,))


def shops(team, count, **more):
    return [make_site(team, name=f"shop {n:02d}", url=f"https://shop{n}.example/", **more) for n in range(count)]


def sent() -> list[Notification]:
    return list(Notification.objects.filter(state="sent").order_by("sent_at", "pk"))


def fail_at(site, seconds, address):
    pages = list(site.pages.select_related("site"))
    for at in (seconds, seconds + 5):
        see(pages, at, Kind.SERVER_ERROR, address=address)


def test_sites_of_one_hosting_account_are_one_event_and_one_mail(team, alice, client, settings):
    settings.SITEMEND_BASE_URL = "https://watch.example"
    sites = shops(team, 12, host=make_host(team, name="web7"))
    for site in sites:
        fail(site, 0)
    lead = Incident.objects.order_by("pk").first()
    assert Incident.objects.filter(together_with=lead).count() == 11
    delivery.deliver_due(after(26))
    [mail] = sent()
    assert mail.subject == "12 sites on the hosting account web7 have failed since 2 Mar 10:00"
    assert all(site.name in mail.body_text for site in sites)
    assert mail.body_text.count("/incidents/") == 1
    assert f"https://watch.example/incidents/?event={lead.pk}" in mail.body_text
    client.force_login(alice)
    page = client.get(reverse("sites:dashboard")).content.decode()
    assert page.count('class="card case event bad"') == 1
    assert "Show the 12 sites" in page
    event = client.get(f"{reverse('sites:incidents')}?event={lead.pk}").content.decode()
    assert "12 sites on the hosting account web7 have failed since" in event
    for site in sites:
        recover(site, 300)
    delivery.deliver_due(after(400))
    assert sent()[1].subject == "12 sites on the hosting account web7 are well again"


def test_sites_at_one_address_are_one_event_within_two_minutes(team):
    first, second, late, elsewhere = shops(team, 4)
    fail_at(first, 0, "203.0.113.7")
    fail_at(second, 60, "203.0.113.7")
    fail_at(elsewhere, 61, "203.0.113.8")
    fail_at(late, 60 + 130, "203.0.113.7")
    leads = dict(Incident.objects.values_list("site__name", "together_with__site__name"))
    assert leads == {"shop 00": None, "shop 01": "shop 00", "shop 02": None, "shop 03": None}
    both = list(Incident.objects.filter(address="203.0.113.7"))[:2]
    assert storms.headline(both).startswith("2 sites at the address 203.0.113.7 have failed")


def test_teams_that_share_a_server_never_see_each_other(team):
    mine, theirs = make_site(team, name="mine"), make_site(make_team("Others"), name="theirs")
    fail_at(theirs, 0, "203.0.113.7")
    fail_at(mine, 1, "203.0.113.7")
    assert Incident.objects.filter(together_with=None).count() == 2


def test_event_of_somebody_else_shows_nothing(client, team):
    site = make_site(team, name="secret shop")
    fail(site)
    client.force_login(make_user("eve", team=make_team("Elsewhere")))
    answer = client.get(f"{reverse('sites:incidents')}?event={Incident.objects.get().pk}")
    assert "secret shop" not in answer.content.decode()


def test_news_of_other_sites_stands_beside_the_event(team):
    sites = shops(team, 3, host=make_host(team, name="web7"))
    other = make_site(team, name="Bakery", host=make_host(team))
    for site in (*sites, other):
        fail(site, 0)
    delivery.deliver_due(after(26))
    [mail] = sent()
    assert mail.subject == "4 sites are down: shop 00, shop 01, shop 02 and 1 more"
    assert "3 sites on the hosting account web7 have failed since" in mail.body_text
    assert "Bakery is down" in mail.body_text


def test_no_more_than_twenty_mails_in_an_hour_and_the_last_says_so(team):
    sites = shops(team, 30)
    for n, site in enumerate(sites):
        fail(site, 70 * n)
        delivery.deliver_due(after(70 * n + 6))
    mails = sent()
    assert len(mails) == delivery.MOST_PER_HOUR
    assert "This is mail 20 within an hour" in mails[-1].body_text
    assert "further news is gathered until 11:00 UTC" in mails[-1].body_html
    assert not any("within an hour" in mail.body_text for mail in mails[:-1])
    delivery.deliver_due(after(3600 + 7))
    assert len(sent()) == delivery.MOST_PER_HOUR + 1
    assert sent()[-1].subject.startswith("10 sites are down")


def test_mail_about_very_much_says_how_much_it_leaves_out(team):
    for site in shops(team, 60):
        see(list(site.pages.all()), 0, Kind.SERVER_ERROR)
        see(list(site.pages.all()), 5, Kind.SERVER_ERROR)
    delivery.deliver_due(after(10))
    [mail] = sent()
    assert "10 more pieces of news are suppressed in this mail" in mail.body_text
    assert mail.body_html.count("is down: every page") == 50


def test_one_batch_of_many_sites_is_one_event(team):
    pages = [page for site in shops(team, 5, host=make_host(team)) for page in site.pages.select_related("site")]
    see(pages, 0, Kind.SERVER_ERROR)
    see(pages, 5, Kind.SERVER_ERROR)
    [event] = storms.events(Incident.objects.select_related("site__host").order_by("-pk"))
    assert (len(event.incidents), event.since) == (5, after(0))
