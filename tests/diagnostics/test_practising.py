"""What the practice site plays, from its real servers through probes and looks to the verdict that people see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from diagnostics import practising, repairing, visiting
from diagnostics.baselines import taking
from diagnostics.models import BaselineWork, RepairCase
from diagnostics.practice.lessons import LESSONS
from diagnostics.practice.plays import WORDS
from diagnostics.practice.serve import PracticeServers
from diagnostics.practice.site import PracticeSite
from sites.looks import looking
from sites.models import FailureEvidence, Host, Incident, MaintenanceWindow, Site
from sites.probing_now import probe_now
from sites.storing import batch
from sites.windows import maintenance
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(tmp_path: Path, settings) -> Iterator[Site]:
    """A registered practice site whose servers run in this process."""
    settings.SITEMEND_PRACTICE_DIR = tmp_path / "practice"
    made = practising.start(make_team(members=(make_user("anna"),)))
    with PracticeServers(PracticeSite.load(practising.folder())) as servers:
        made.servers = servers
        yield made


def test_neither_pages_nor_logs_are_read_before_its_servers_listen(site: Site) -> None:
    in_a_moment = timezone.now() + timedelta(seconds=1)
    assert site.host.log_reading.due_at > in_a_moment and not site.pages.filter(due_at__lte=in_a_moment).exists()
    assert visiting.dispatch() == 0


def looked_at(site: Site) -> tuple[str, str]:
    """Verdict and kind after a probe that goes on until it is certain."""
    site.servers.look()
    probe_now(Site.objects.get(pk=site.pk))
    seen = Site.objects.get(pk=site.pk)
    return seen.verdict, seen.kind


@pytest.mark.parametrize(
    ("kind", "verdict", "shown"),
    [
        ("server-error", "down", "server-error"), ("white-page", "down", "white-page"), ("fatal-at-200", "down", "fatal-in-body"),
        ("cms-error", "down", "fatal-in-body"), ("database-error", "down", "database-error"), ("missing-words", "down", "unexpected"),
        ("redirect-loop", "down", "redirect-loop"), ("bad-gateway", "down", "gateway-error"), ("suspended", "down", "suspended"),
        ("truncated", "down", "truncated"), ("firewall", "unknown", "blocked"), ("maintenance", "up", "maintenance"),
    ],
)  # fmt: skip
def test_play_reaches_the_verdict(site: Site, kind: str, verdict: str, shown: str) -> None:
    practising.play(site, kind)
    assert looked_at(site) == (verdict, shown)
    incident = Incident.objects.first()
    assert bool(incident) == (verdict == "down")
    if incident:
        assert (incident.kind, FailureEvidence.objects.filter(result__kind=shown).exists()) == (shown, True)


def test_site_is_well_again_when_the_play_ends(site: Site) -> None:
    practising.play(site, "white-page")
    assert looked_at(site) == ("down", "white-page")
    practising.reset()
    assert looked_at(site) == ("up", "ok")


def test_connection_refused_reaches_the_verdict(site: Site) -> None:
    practising.play(site, "refused")
    site.servers.look()
    assert practising.is_serving()
    assert looked_at(site)[1] == "unreachable"


@pytest.mark.parametrize(("kind", "what"), [("phones", "phone"), ("warm-cache", "cache-proof")])
def test_what_some_visitors_meet_is_found_by_looks(site: Site, kind: str, what: str) -> None:
    looked_at(site)
    practising.play(site, kind)
    assert looked_at(site) == ("up", "ok")
    failing = {look.what for look in looking.look_now(Site.objects.get(pk=site.pk)) if look.kind == "server-error"}
    assert failing == {what}
    assert Incident.objects.get().kind == "server-error"


def test_maintenance_is_stuck_after_a_minute_here() -> None:
    assert batch.policy_of(20, True).stuck_maintenance_s == 60
    assert batch.policy_of(20).stuck_maintenance_s == 1800


def test_planned_maintenance_opens_a_window_and_ends_with_it(site: Site) -> None:
    own = maintenance.create_once(site, timezone.now(), timedelta(hours=1), title="Mine")
    practising.play(site, "maintenance")
    window = MaintenanceWindow.objects.exclude(pk=own.pk).get()
    assert window.closes_at - timezone.now() > timedelta(minutes=29)
    practising.play(site, "white-page")
    assert [each.pk for each in maintenance.windows_of(site)] == [own.pk]


def test_pages_ask_for_their_words_from_the_start(site: Site) -> None:
    assert set(site.pages.values_list("must_contain", flat=True)) == {WORDS}


def test_unknown_play_is_refused(site: Site) -> None:
    with pytest.raises(practising.PracticeUnavailable):
        practising.play(site, "nonsense")


def test_page_offers_plays_and_ends_them(site: Site, client: Client) -> None:
    client.force_login(site.team.memberships.get().user)
    offered = client.get("/practice/").content.decode()
    assert 'value="stuck-maintenance"' in offered
    client.post("/practice/play/", {"kind": "white-page"})
    shown = client.get("/practice/").content.decode()
    assert "It plays: White page" in shown
    assert "In life: whoever wrote or updated the site" in shown
    assert 'value="stuck-maintenance"' not in shown
    client.post("/practice/reset/")
    assert practising.playing() is None
    assert "nothing that the practice site can play" in client.post("/practice/play/", {"kind": "x"}, follow=True).content.decode()


# --- lessons ------------------------------------------------------------------------------------
def kept(site: Site) -> Site:
    """Its files were read while it was well."""
    Host.objects.update(state=Host.State.WORKS)
    assert looked_at(site) == ("up", "ok")
    taking.take(Site.objects.get(pk=site.pk))
    return Site.objects.get(pk=site.pk)


def shown_states(site: Site) -> list[str]:
    return [str(row.state) for row in practising.lessons(Site.objects.get(pk=site.pk))]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["missing-file", "two-at-once", "half-upload"])
def test_fault_of_a_lesson_is_found_and_mended(site: Site, kind: str) -> None:
    practising.begin_lesson(kept(site), kind)
    place = list(LESSONS).index(kind)
    assert looked_at(site) == ("down", "server-error") and shown_states(site)[place] == "broken"
    call_command("repair", "Practice site", "--yes", "--json", stdout=StringIO())
    assert looked_at(site) == ("up", "ok") and shown_states(site)[place] == "mended"
    assert [row.lesson.kind for row in practising.lessons(Site.objects.get(pk=site.pk)) if row.is_next] == ["typing-mistake"]
    call_command("undo", "Practice site", "--all", "--json", stdout=StringIO())
    assert looked_at(site)[0] == "down" and shown_states(site)[place] == "broken"


def test_lesson_that_needs_kept_files_waits_until_they_are_kept(site: Site) -> None:
    assert BaselineWork.objects.get().site_id == site.pk
    BaselineWork.objects.update(due_at=timezone.now() + timedelta(days=1))
    with pytest.raises(practising.PracticeUnavailable, match="half a minute"):
        practising.begin_lesson(site, "half-upload")
    assert BaselineWork.objects.get().due_at <= timezone.now() and shown_states(site) == ["not-begun"] * 5
    assert looked_at(site) == ("up", "ok")


def test_next_lesson_closes_the_repair_of_the_one_before(site: Site) -> None:
    practising.begin_lesson(site, "typing-mistake")
    repairing.open_case(site)
    practising.begin_lesson(site, "missing-file")
    assert RepairCase.objects.get().outcome == "left"


def test_page_begins_lessons_and_forgets_them(site: Site, client: Client) -> None:
    client.force_login(site.team.memberships.get().user)
    offered = client.get("/practice/").content.decode()
    assert 'id="begin-typing-mistake"' in offered and offered.count("Not begun") == 5
    told = client.post("/practice/lesson/", {"kind": "typing-mistake"}, follow=True).content.decode()
    assert "The lesson has begun: A typing mistake." in told and "Learn: the mail names the line" in told
    assert 'id="begin-missing-file"' not in told, "one at a time"
    assert "There is no such lesson." in client.post("/practice/lesson/", {"kind": "x"}, follow=True).content.decode()
    client.post("/practice/lessons/anew/")
    assert shown_states(site) == ["not-begun"] * 5 and looked_at(site) == ("up", "ok")
