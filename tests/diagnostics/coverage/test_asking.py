"""Baselines and diagnoses asked for many sites at once: what can be done is due, few at a time, and failures go first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import TestCase
from django.utils import timezone

from diagnostics import diagnosing, tasks
from diagnostics.baselines import taking
from diagnostics.coverage import asking
from diagnostics.models import BaselineWork, Diagnosis
from sites import queueing
from sites.judging import Verdict
from sites.models import Host, Site, Team
from tests.factories import make_host, make_incident, make_site, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What is handed to the workers."""
    found: list[tuple[str, int]] = []
    monkeypatch.setattr(queueing, "enqueue", lambda task, *pk, **_more: not found.append((task.rpartition(".")[2], *pk)))
    return found


def well(team: Team, host: Host) -> Site:
    site = make_site(team, host=host, docroot="/www")
    Site.objects.filter(pk=site.pk).update(verdict=Verdict.UP, kind="ok")
    return site


def test_baselines_of_those_that_are_well_are_due_and_the_others_are_counted_by_reason(handed: list[tuple[str, int]]) -> None:
    team = make_team()
    user, host = make_user(team=team), make_host(team, state="works")
    good, busy, failing = well(team, host), well(team, host), make_site(team, host=host, docroot="/www")
    bare, refused = make_site(team), well(team, make_host(team, state="refused"))
    BaselineWork.objects.create(site=busy, state="running", due_at=timezone.now(), reason="daily", alive_at=timezone.now())
    asked = asking.baselines([site.pk for site in (good, busy, failing, bare, refused)], user)
    assert (asked.asked, asked.unreached, asked.unwell) == (2, 2, 1)
    works = {work.pk: work for work in BaselineWork.objects.all()}
    assert set(works) == {good.pk, busy.pk} and (works[good.pk].reason, works[good.pk].requested_by) == ("asked", user)
    assert (works[busy.pk].reason, works[busy.pk].state) == ("daily", "running")


def test_baselines_asked_for_are_handed_over_at_most_two_at_a_time(handed: list[tuple[str, int]]) -> None:
    team = make_team()
    sites = [well(team, make_host(team, state="works")) for _ in range(5)]
    assert asking.baselines([site.pk for site in sites], make_user(team=team)).asked == 5
    assert taking.dispatch() == 2 and taking.dispatch() == 0
    taken = [pk for task, pk in (each for each in handed if len(each) == 2) if task == "take_baseline"]
    BaselineWork.objects.filter(pk__in=taken).update(state="idle", due_at=timezone.now() + timedelta(days=1), reason="daily")
    assert taking.dispatch() == 2 and taking.dispatch() == 0


def test_diagnoses_of_many_wait_for_their_turn_one_per_host(handed: list[tuple[str, int]]) -> None:
    team = make_team()
    user, host = make_user(team=team), make_host(team)
    same = [make_site(team, host=host) for _ in range(3)]
    others = [make_site(team, host=make_host(team)) for _ in range(3)]
    bare = make_site(team)
    asked = asking.diagnoses([site.pk for site in (*same, *others, bare)], user)
    assert (asked.asked, asked.unreached) == (6, 1)
    assert asking.diagnoses([site.pk for site in same], user).asked == 3 and Diagnosis.objects.count() == 6
    first = diagnosing.hand_over()
    hosts = set(Diagnosis.objects.filter(pk__in=[pk for _task, pk in handed]).values_list("site__host", flat=True))
    assert first == len(handed) == len(hosts) == diagnosing.MOST_ASKED_AT_ONCE
    Diagnosis.objects.filter(pk__in=[pk for _task, pk in handed]).update(state="running", started_at=timezone.now())
    assert diagnosing.hand_over() == 0


def test_site_asked_for_by_itself_does_not_wait_for_the_many(handed: list[tuple[str, int]]) -> None:
    team = make_team()
    user, site = make_user(team=team), make_site(team, host=make_host(team))
    asking.diagnoses([site.pk], user)
    handed.clear()
    with TestCase.captureOnCommitCallbacks(execute=True):
        waiting = diagnosing.request(site, user=user)
    assert handed == [("diagnose", waiting.pk)] and Diagnosis.objects.count() == 1


def test_what_was_asked_for_many_leaves_the_last_place_to_a_new_failure(handed: list[tuple[str, int]]) -> None:
    team = make_team()
    asking.diagnoses([make_site(team, host=make_host(team)).pk], make_user(team=team))
    diagnosing.hand_over()
    assert [task for task, _pk in handed] == ["diagnose_one_of_many"]
    assert set(tasks.diagnose.places) > set(tasks.diagnose_one_of_many.places)


def test_new_failure_is_handed_over_although_many_wait(handed: list[tuple[str, int]]) -> None:
    team = make_team()
    sites = [make_site(team, host=make_host(team)) for _ in range(8)]
    asking.diagnoses([site.pk for site in sites], make_user(team=team))
    failing = make_site(team, host=make_host(team))
    waiting = Diagnosis.objects.create(
        site=failing, incident=make_incident(failing), requested_at=timezone.now() - timedelta(seconds=20), state="queued"
    )
    diagnosing.sweep()
    assert ("diagnose", waiting.pk) in handed and len(handed) == 1 + diagnosing.MOST_ASKED_AT_ONCE


def test_diagnosis_of_a_failing_site_belongs_to_its_incident(handed: list[tuple[str, int]]) -> None:
    team = make_team()
    site = make_site(team, host=make_host(team))
    incident = make_incident(site)
    asking.diagnoses([site.pk], make_user(team=team))
    assert Diagnosis.objects.get().incident == incident


def test_connection_that_was_never_used_is_not_said_to_fail() -> None:
    team = make_team()
    assert "was not used yet" in taking.why_not(well(team, make_host(team, state="untested")))
    assert "does not work" in taking.why_not(well(team, make_host(team, state="refused")))
