from __future__ import annotations

from datetime import timedelta

import pytest

from sites import incident_causes, incident_endings, incidents, signals
from sites.fingerprints import fingerprint
from sites.models import Incident, Notification
from sites.probing.outcome import Kind
from sites.storing.batch import Batch
from tests.factories import make_host, make_incident, make_site, make_team, make_user
from tests.sites.samples import START, after, fail, outcome, recover, see

pytestmark = pytest.mark.django_db

MINUTE, HOUR = 60, 3600


@pytest.fixture
def site():
    return make_site(make_team(members=(make_user("alice"),)), name="shop")


def kinds() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("kind", flat=True))


def entries(incident: Incident) -> list[str]:
    return list(incident.entries.values_list("kind", flat=True))


def test_failure_that_goes_on_extends_its_incident(site):
    fail(site)
    see(site.pages.all(), 65, Kind.SERVER_ERROR)
    incident = Incident.objects.get()
    assert (incident.last_seen_at, kinds()) == (after(65), ["new"])


def test_second_page_that_fails_alike_joins_the_incident():
    site = make_site(paths=("/checkout",))
    home, checkout = site.pages.all()
    for seconds in (0, 5):
        see([checkout], seconds, Kind.SERVER_ERROR)
        see([home], seconds)
    for seconds in (60, 65):
        see([home], seconds, Kind.SERVER_ERROR)
    incident = Incident.objects.get()
    assert (incident.paths, incident.scope) == (["/", "/checkout"], "all-pages")
    see([home], 130), see([home], 160)
    incident.refresh_from_db()
    assert incident.is_open


def test_recovery_resolves_and_is_told_once(site):
    fail(site)
    recover(site, 100)
    incident = Incident.objects.get()
    assert (incident.resolved_at, incident.resolution, kinds()) == (after(130), "recovery", ["new", "recovery"])


def test_same_failure_within_half_an_hour_reopens_silently(site):
    fail(site)
    recover(site, 100)
    fail(site, 20 * MINUTE)
    incident = Incident.objects.get()
    assert (incident.is_open, incident.reopened, kinds()) == (True, 1, ["new", "recovery"])
    recover(site, 25 * MINUTE)
    incident.refresh_from_db()
    assert (incident.is_open, kinds()) == (False, ["new", "recovery"])


def test_same_failure_later_is_a_regression(site):
    fail(site)
    recover(site, 100)
    fail(site, HOUR)
    first, second = Incident.objects.order_by("pk")
    assert (second.regression_of, kinds()) == (first, ["new", "recovery", "regression"])


def test_failure_that_changes_opens_another_and_says_nothing_is_back(site):
    fail(site)
    see(site.pages.all(), 65, Kind.SERVER_ERROR, excerpt="Allowed memory size exhausted")
    assert Incident.objects.filter(resolved_at=None).count() == 1
    see(site.pages.all(), 125, Kind.SERVER_ERROR, excerpt="Allowed memory size exhausted")
    first, second = Incident.objects.order_by("pk")
    assert (first.is_open, second.is_open, second.excerpt) == (False, True, "Allowed memory size exhausted")
    assert kinds() == ["new", "new"]


def test_refused_probe_leaves_the_incident_open(site):
    fail(site)
    see(site.pages.all(), 65, Kind.BLOCKED)
    site.refresh_from_db()
    assert (site.verdict, Incident.objects.get().is_open) == ("unknown", True)
    see(site.pages.all(), 400)
    assert Incident.objects.get().is_open is False


def test_refused_probes_are_mailed_once_after_an_hour(site):
    for minutes in (0, 30, 59):
        see(site.pages.all(), minutes * MINUTE, Kind.BLOCKED)
    assert kinds() == []
    for minutes in (61, 120, 180):
        see(site.pages.all(), minutes * MINUTE, Kind.BLOCKED)
    assert (kinds(), Incident.objects.count()) == (["blocked"], 0)


def test_flapping_is_announced_once(site):
    for round_ in range(5):
        fail(site, round_ * 5 * MINUTE)
        recover(site, round_ * 5 * MINUTE + 100)
    incident = Incident.objects.get()
    assert (incident.flapping, incident.reopened, kinds()) == (True, 4, ["new", "recovery", "flapping"])


def test_site_of_many_pages_that_fails_once_does_not_flap():
    site = make_site(make_team(members=(make_user("carol"),)), paths=("/a", "/b", "/c"))
    fail(site)
    recover(site, 100)
    assert (Incident.objects.get().flapping, kinds()) == (False, ["new", "recovery"])


def test_repairing_undoing_and_repairing_again_is_no_flapping(site):
    alice = make_user("bob")
    for round_ in range(5):
        fail(site, round_ * 5 * MINUTE)
        incident_endings.resolve_by_repair(Incident.objects.get(), alice, now=after(round_ * 5 * MINUTE + 90))
        recover(site, round_ * 5 * MINUTE + 100)
    incident = Incident.objects.get()
    assert (incident.flapping, incident.reopened, "flapping" in kinds()) == (False, 4, False)


def test_stuck_maintenance_opens_an_incident(site):
    for minutes in (0, 10, 20, 31, 32):
        see(site.pages.all(), minutes * MINUTE, Kind.MAINTENANCE, status=503)
    assert Incident.objects.get().kind == "maintenance"


def test_closed_by_a_person_while_it_fails_comes_back_with_the_next_failure(site):
    fail(site)
    incident, alice = Incident.objects.get(), make_user("bob")
    assert incident_endings.resolve(incident, alice) is True
    assert incident_endings.resolve(incident, alice) is False
    assert (incident.resolution, entries(incident)[-1]) == ("person", "person")
    Incident.objects.update(resolved_at=after(10))
    see(site.pages.all(), 65, Kind.SERVER_ERROR)
    incident.refresh_from_db()
    assert (incident.is_open, incident.reopened) == (True, 1)


def test_repair_resolves_and_is_mailed_as_recovery_once(site):
    fail(site)
    incident = Incident.objects.get()
    assert [incident_endings.resolve_by_repair(incident, now=after(50)) for _ in range(2)] == [True, False]
    see(site.pages.all(), 65)
    see(site.pages.all(), 95)
    incident.refresh_from_db()
    assert (incident.resolution, incident.reopened, kinds()) == ("repair", 0, ["new", "recovery"])


def test_acknowledging_muting_and_handing_back_leave_lines():
    incident, alice = make_incident(), make_user("alice")
    incidents.acknowledge(incident, alice)
    incidents.acknowledge(incident, make_user("bob"))
    assert incident.acknowledged_by == alice
    incidents.unacknowledge(incident, alice)
    incidents.mute(incident, alice, START)
    incidents.mute(incident, alice, None)
    assert (incident.acknowledged_by, incident.muted_until, entries(incident)) == (None, None, ["person"] * 4)


def test_muted_incident_is_noted_and_not_mailed(site):
    site.muted_until = after(HOUR)
    site.save()
    fail(site)
    mail = Notification.objects.get()
    assert (mail.state, "muted" in mail.last_error, entries(Incident.objects.get())) == ("suppressed", True, ["bad", "mail"])


def test_team_without_an_address_is_shown_as_nobody_to_tell():
    site = make_site(make_team(members=(make_user(email=""),)))
    fail(site)
    incident = Incident.objects.get()
    assert (Notification.objects.count(), entries(incident)) == (0, ["bad", "mail"])
    assert "Nobody could be told" in incident.entries.last().text


def test_member_who_wants_no_mail_and_one_who_left_get_none():
    team = make_team(members=(make_user("alice"), make_user("gone", is_active=False), make_user("quiet")))
    team.memberships.filter(user__username="quiet").update(wants_mail=False)
    fail(make_site(team))
    assert list(Notification.objects.values_list("recipient", flat=True)) == ["alice@example.org"]


def test_others_hear_of_an_incident_on_commit(django_capture_on_commit_callbacks, site):
    heard: list[tuple[str, int]] = []

    def opened(incident_id: int, **_: object) -> None:
        heard.append(("opened", incident_id))

    def resolved(incident_id: int, **_: object) -> None:
        heard.append(("resolved", incident_id))

    signals.incident_opened.connect(opened)
    signals.incident_resolved.connect(resolved)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            fail(site)
            recover(site, 100)
    finally:
        signals.incident_opened.disconnect(opened)
        signals.incident_resolved.disconnect(resolved)
    pk = Incident.objects.get().pk
    assert heard == [("opened", pk), ("resolved", pk)]


def test_incident_opened_by_another_batch_at_the_same_moment_is_extended():
    site = make_site(paths=("/a",))
    fail(site)
    existing = Incident.objects.get()
    batch = Batch.load([outcome(page, 66, Kind.SERVER_ERROR) for page in site.pages.all()], after(66), None)
    batch.judge()
    samples = list(batch.samples.values())
    again = incidents._open(site, existing.fingerprint, samples, samples, samples, after(66))
    assert (again.pk, again.last_seen_at, Incident.objects.count()) == (existing.pk, after(66), 1)


class TestCause:
    CAUSE = {"cause": "htaccess-invalid-directive", "summary": "Line 12 of .htaccess uses an unknown directive.", "confidence": 0.98}

    @pytest.fixture
    def hosted(self):
        team = make_team(members=(make_user("alice"),))
        return make_site(team, host=make_host(team))

    def test_mail_waits_for_the_cause_and_leaves_with_it(self, hosted):
        fail(hosted)
        incident, mail = Incident.objects.get(), Notification.objects.get()
        assert mail.send_after == after(25)
        incident_causes.attach_cause(incident, **self.CAUSE, proof="Invalid command", place="www/.htaccess:12", now=after(9))
        mail.refresh_from_db()
        assert (mail.send_after, incident.cause_place, kinds()) == (after(9), "www/.htaccess:12", ["new"])

    def test_mail_never_waits_beyond_a_minute_after_the_first_failure(self, hosted):
        see(hosted.pages.all(), 0, Kind.SERVER_ERROR)
        see(hosted.pages.all(), 50, Kind.SERVER_ERROR)
        assert Notification.objects.get().send_after == after(55)

    def test_diagnosis_that_found_nothing_ends_the_waiting(self, hosted):
        fail(hosted)
        incident_causes.mark_diagnosis(Incident.objects.get(), "running", now=after(7))
        assert Notification.objects.get().send_after == after(25)
        incident_causes.mark_diagnosis(Incident.objects.get(), "failed", now=after(8))
        assert Notification.objects.get().send_after == after(8)

    def test_same_cause_again_is_not_told_again(self, hosted):
        fail(hosted)
        incident = Incident.objects.get()
        for seconds in (9, 10):
            incident_causes.attach_cause(incident, **self.CAUSE, now=START + timedelta(seconds=seconds))
        assert entries(incident) == ["bad", "hint"]

    def test_reopened_incident_says_when_its_cause_is_another_one(self, hosted):
        fail(hosted)
        incident_causes.attach_cause(Incident.objects.get(), **self.CAUSE, now=after(9))
        recover(hosted, 100)
        fail(hosted, 20 * MINUTE)
        other = {"cause": "file-unreadable", "summary": "index.php cannot be read.", "confidence": 0.9}
        incident = Incident.objects.get()
        for seconds in (9, 10):
            incident_causes.attach_cause(incident, **other, now=after(20 * MINUTE + seconds))
        told = list(incident.entries.filter(kind="hint").values_list("text", flat=True))
        assert told == [f"Probable cause: {self.CAUSE['summary']}", "Another cause this time: index.php cannot be read."]


class TestNewRulesOfFingerprints:
    """What older rules named stays known: nothing becomes new because the program was updated."""

    TEXT = "Internal Server Error. Write to admin@shop.example"

    @pytest.fixture
    def before_the_update(self, site):
        fail(site, excerpt=self.TEXT)
        old = fingerprint(Kind.SERVER_ERROR, 500, "", self.TEXT, "1")
        Incident.objects.update(fingerprint=old)
        page = site.pages.get()
        page.state["fp"] = old
        page.save()
        return Incident.objects.get()

    def test_failure_that_goes_on_stays_its_incident(self, site, before_the_update):
        for seconds in (65, 125, 185):
            see(site.pages.all(), seconds, Kind.SERVER_ERROR, excerpt=self.TEXT)
        assert (Incident.objects.get().last_seen_at, kinds()) == (after(185), ["new"])

    def test_failure_that_comes_back_soon_is_open_again_and_later_a_regression(self, site, before_the_update):
        recover(site, 100)
        fail(site, 10 * MINUTE, excerpt=self.TEXT)
        assert (Incident.objects.get().reopened, kinds()) == (1, ["new", "recovery"])
        recover(site, 20 * MINUTE)
        fail(site, 3 * HOUR, excerpt=self.TEXT)
        newest = Incident.objects.order_by("pk").last()
        assert (newest.fingerprint[:2], newest.regression_of, kinds()[-1]) == ("2:", before_the_update, "regression")

    def test_other_page_that_fails_alike_joins_the_incident_of_older_rules(self):
        site = make_site(paths=("/a",))
        home, other = site.pages.all()
        see([other], 0)
        for seconds in (1, 6):
            see([home], seconds, Kind.SERVER_ERROR, excerpt=self.TEXT)
        Incident.objects.update(fingerprint=fingerprint(Kind.SERVER_ERROR, 500, "", self.TEXT, "1"))
        home.refresh_from_db()
        home.state["fp"] = Incident.objects.get().fingerprint
        home.save()
        for seconds in (60, 65, 70):
            see([home, other], seconds, Kind.SERVER_ERROR, excerpt=self.TEXT)
        assert Incident.objects.get().paths == ["/", "/a"]
