"""The pages of one cause on many sites: what is shown, to whom, and that nothing happens but what was shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from diagnostics.models import Diagnosis, HostPanel, JointRepair, JointSite, RepairCase, Step
from sites.models import Incident, Site, Team
from tests.diagnostics.views.cases import HOSTILE, diff_of, offer, primaries, words
from tests.factories import make_host, make_incident, make_site, make_team, make_user
from tests.sites.views.pages import client_of

pytestmark = pytest.mark.django_db
KEY, ABOUT, CAUSE = "line:abc", "the same line of .htaccess on one account", "htaccess-invalid-directive"


@pytest.fixture
def team() -> Team:
    return make_team()


@pytest.fixture
def owner(team: Team) -> Client:
    return client_of(make_user("olga", team=team))


def failing(team: Team, name: str, *, digest: str = "a", caution: str = "", **more: object) -> Incident:
    """A site of the team that fails from the cause that all share, with a repair that is ready."""
    site = make_site(team, name=name, host=make_host(team), docroot="/www")
    Site.objects.filter(pk=site.pk).update(verdict="down", kind="server-error", **more)
    incident = make_incident(site, cause=CAUSE, cause_summary="Line 6 is misspelled.", shared=KEY, shared_about=ABOUT)
    offers = [offer(digest) | {"caution": caution}]
    Diagnosis.objects.create(
        site=site, incident=incident, state="done", requested_at=timezone.now(), finished_at=timezone.now(), offers=offers
    )
    return incident


def page_of(client: Client, address: str) -> BeautifulSoup:
    response = client.get(address)
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def run_of(*incidents: Incident, **more: object) -> JointRepair:
    """A run whose first site is repaired and well."""
    now = timezone.now()
    values = {"shared": KEY, "about": ABOUT, "created_at": now, "proven_at": now - timedelta(minutes=1)}
    joint = JointRepair.objects.create(team=incidents[0].site.team, **(values | more))
    for n, incident in enumerate(incidents):
        member = JointSite.objects.create(joint=joint, site=incident.site, incident=incident, position=n)
        if n == 0:
            case = RepairCase.objects.create(site=incident.site, incident=incident, opened_at=now)
            member.step = Step.objects.create(
                case=case,
                guide_step="htaccess",
                action="repair",
                title="Correct line 6",
                state="done-verified",
                created_at=now,
                diff=diff_of(),
            )
            member.state = "started"
            member.save()
    return joint


def test_group_stands_as_one_on_dashboard_incidents_and_each_incident(team: Team, owner: Client) -> None:
    one, two = failing(team, "Bakery"), failing(team, "Garage")
    other = make_incident(make_site(team, name="Alone"))
    for address in ("/", "/incidents/"):
        text = words(page_of(owner, address))
        assert f"2 sites fail from one cause: {ABOUT}" in text, address
        assert "Repair one first" in text
    assert "Garage" in page_of(owner, f"/incidents/{one.pk}/").select_one("#same-cause").get_text()
    assert not page_of(owner, f"/incidents/{other.pk}/").select("#same-cause")
    Incident.objects.filter(pk=two.pk).update(resolved_at=timezone.now())
    assert "fail from one cause" not in words(page_of(owner, "/")) and not page_of(owner, f"/incidents/{one.pk}/").select("#same-cause")


def test_sites_of_another_team_are_neither_shown_nor_counted(team: Team, owner: Client) -> None:
    mine, others = failing(team, "Bakery"), failing(make_team(), "Theirs")
    failing(team, "Garage")
    assert "Theirs" not in str(owner.get("/").content) + str(owner.get(f"/together/{mine.pk}/").content)
    assert "2 sites fail from one cause" in words(page_of(owner, "/"))
    assert owner.get(f"/together/{others.pk}/").status_code == 404
    assert owner.get(f"/joint/{run_of(others).pk}/").status_code == 404


def test_page_shows_each_change_and_asks_for_one_site(team: Team, owner: Client) -> None:
    one, _two = failing(team, "Bakery"), failing(team, "Garage", digest="b")
    page = page_of(owner, f"/together/{one.pk}/")
    assert primaries(page) == ["Repair the chosen site and look again"]
    assert [each["value"] for each in page.select("input[type=radio]")] == [str(one.site_id), str(_two.site_id)]
    assert len(page.select(".diff-line.add")) == 2
    response = owner.post(f"/together/{one.pk}/begin/", {"first": str(one.site_id), f"digest-{one.site_id}": "a" * 64})
    joint = JointRepair.objects.get()
    assert response["Location"] == f"/joint/{joint.pk}/"
    step = Step.objects.get()
    assert (step.state, step.plan_digest, step.case.site_id) == ("queued", "a" * 64, one.site_id)
    assert "Bakery is repaired first." in words(page_of(owner, f"/joint/{joint.pk}/"))
    assert owner.get(f"/together/{one.pk}/")["Location"] == f"/joint/{joint.pk}/", "two people share one run"


@pytest.mark.parametrize("post", [{}, {"first": "x"}, {"first": "999999999999999999999"}, {"first": "SITE", "digest-SITE": "c" * 64}])
def test_what_was_not_shown_is_not_begun(team: Team, owner: Client, post: dict[str, str]) -> None:
    one = failing(team, "Bakery")
    failing(team, "Garage")
    sent = {name.replace("SITE", str(one.site_id)): value.replace("SITE", str(one.site_id)) for name, value in post.items()}
    assert owner.post(f"/together/{one.pk}/begin/", sent)["Location"] == f"/together/{one.pk}/"
    assert not JointRepair.objects.exists() and not Step.objects.exists()


def test_site_that_needs_a_person_or_may_not_be_written_is_told_and_not_offered(team: Team, owner: Client) -> None:
    one = failing(team, "Bakery")
    failing(team, "Careful", caution="This takes something away that keeps visitors out.")
    failing(team, "Shut", read_only_since=timezone.now())
    Diagnosis.objects.filter(site__name="Shut").update(offers=[])
    page = page_of(owner, f"/together/{one.pk}/")
    assert len(page.select("input[type=radio]")) == 1
    assert "A person has to decide about this one in its own guided repair." in words(page)


@pytest.mark.parametrize(("rights", "words_there"), [(["read", "php"], 2), (["read"], 0)])
def test_php_version_of_a_whole_hosting_leads_to_the_repair_of_one(team: Team, owner: Client, rights: list[str], words_there: int) -> None:
    made = [failing(team, name) for name in ("bakery", "garage")]
    for incident in made:
        HostPanel.objects.create(
            host=incident.site.host, region="ovh-eu", service="x", rights=rights, state="works", connected_at=timezone.now()
        )
    Incident.objects.update(cause="php-removed-function")
    shown = words(page_of(owner, f"/together/{made[0].pk}/"))
    assert shown.count("The PHP version can be changed in the guided repair of one of them") == words_there


def test_what_the_host_has_to_mend_is_handed_over_once_for_all_sites(team: Team, owner: Client) -> None:
    one, two = failing(team, "Bakery"), failing(team, "Garage")
    Incident.objects.update(cause="php-service-down", shared="host:abc", shared_about="something at the host, on one hosting account")
    assert "one message is enough for all of them" in words(page_of(owner, "/"))
    page = page_of(owner, f"/together/{one.pk}/")
    assert not page.select("input[type=radio]") and not primaries(page)
    text = page.select_one("#words").get_text()
    assert (
        "Please look at the PHP service of our account" in text and one.site.url in text and f"The same happens on: {two.site.url}" in text
    )


def test_others_are_asked_about_only_after_the_first_proved_good(team: Team, owner: Client) -> None:
    one, two = failing(team, "Bakery"), failing(team, "Garage")
    joint = run_of(one, two)
    page = page_of(owner, f"/joint/{joint.pk}/")
    assert page.select_one("h1").get_text() == "It proved good on Bakery. Now the others?"
    assert primaries(page) == ["Repair it as well"]
    JointRepair.objects.update(proven_at=None)
    assert not page_of(owner, f"/joint/{joint.pk}/").select("input[type=checkbox]")
    assert owner.post(f"/joint/{joint.pk}/allow/", {"site": str(two.site_id), f"digest-{two.site_id}": "a" * 64}).status_code == 302
    assert JointRepair.objects.get().allowed_at is None and Step.objects.count() == 1


def test_yes_begins_the_next_site_and_stop_begins_no_more(team: Team, owner: Client) -> None:
    one, two, three = failing(team, "Bakery"), failing(team, "Garage"), failing(team, "Hotel")
    joint = run_of(one, two, three)
    chosen = {"site": [str(two.site_id), str(three.site_id)], f"digest-{two.site_id}": "a" * 64, f"digest-{three.site_id}": "a" * 64}
    owner.post(f"/joint/{joint.pk}/allow/", chosen)
    assert [step.case.site.name for step in Step.objects.filter(state="queued")] == ["Garage"]
    owner.post(f"/joint/{joint.pk}/stop/")
    joint.refresh_from_db()
    assert joint.ended_at and joint.stopped == "olga stopped it."
    assert dict(joint.members.values_list("site__name", "state")) == {"Bakery": "started", "Garage": "started", "Hotel": "left"}


def test_undo_of_all_asks_for_each_and_ends_the_run(team: Team, owner: Client) -> None:
    one, two = failing(team, "Bakery"), failing(team, "Garage")
    joint = run_of(one, two)
    text = owner.post(f"/joint/{joint.pk}/undo/", follow=True).content.decode()
    assert "1 change is being undone." in text and "Being undone" in text
    assert JointRepair.objects.get().ended_at


def test_reader_sees_it_and_has_nothing_to_press(team: Team) -> None:
    reader = client_of(make_user(team=team, role="reader"))
    one, two = failing(team, "Bakery"), failing(team, "Garage")
    assert not page_of(reader, f"/together/{one.pk}/").select("main form")
    assert not page_of(reader, f"/joint/{run_of(one, two).pk}/").select("main form")


def test_words_of_strangers_stay_words(team: Team, owner: Client) -> None:
    one, two = failing(team, "Bakery"), failing(team, "Garage")
    Incident.objects.update(shared_about=HOSTILE, cause_summary=HOSTILE)
    Diagnosis.objects.update(offers=[offer(title=HOSTILE)])

    def looked_at(*pages: str) -> None:
        for address in pages:
            text = owner.get(address, follow=True).content.decode()
            assert "<script>alert" not in text and "\x1b" not in text and "\u202e" not in text, address

    looked_at("/", "/incidents/", f"/incidents/{one.pk}/")
    Site.objects.filter(pk=one.site_id).update(name=f"A {HOSTILE}")
    one.site.refresh_from_db()
    looked_at(f"/together/{two.pk}/", f"/joint/{run_of(one, two, about=HOSTILE, stopped=HOSTILE).pk}/")


def test_pages_cost_the_same_number_of_queries_at_any_number_of_sites(team: Team, owner: Client) -> None:
    incidents = [failing(team, f"Site {n}") for n in range(3)]

    def counted() -> list[int]:
        JointRepair.objects.all().delete()
        found = []
        pages = ["/", "/incidents/", f"/incidents/{incidents[0].pk}/", f"/together/{incidents[0].pk}/"]
        for address in pages:
            with CaptureQueriesContext(connection) as queries:
                assert owner.get(address).status_code == 200
            found.append(len(queries))
        joint = run_of(*incidents)
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(f"/joint/{joint.pk}/").status_code == 200
        RepairCase.objects.all().delete()
        return [*found, len(queries)]

    counted()
    few = counted()
    incidents += [failing(team, f"More {n}") for n in range(30)]
    assert counted() == few
    assert max(few) <= 26
