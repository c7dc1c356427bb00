"""What the practice site plays, from its real servers through probes and looks to the verdict that people see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics import practising, visiting
from diagnostics.practice.plays import WORDS
from diagnostics.practice.serve import PracticeServers
from diagnostics.practice.site import PracticeSite
from sites.looks import looking
from sites.models import FailureEvidence, Incident, MaintenanceWindow, Site
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
