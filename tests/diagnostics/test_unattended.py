"""Repair without a person on the practice site: what helps stays, what does not cure is taken back, protection is never touched."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from diagnostics import receivers, repairing, tasks, unattended
from diagnostics.connections.locking import held
from diagnostics.models import Diagnosis, RepairCase, Step
from diagnostics.practice.site import PracticeSite
from sites.models import Incident, Site
from tests.diagnostics.test_guided_repair import practice, site, state  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


def run(command: str, *arguments: str) -> tuple[int, dict]:
    out = StringIO()
    try:
        call_command(command, *arguments, "--json", stdout=out, stderr=StringIO())
        status = 0
    except SystemExit as end:
        status = end.code
    return status, json.loads(out.getvalue())


def test_run_that_does_not_cure_takes_all_of_itself_back(practice: PracticeSite, site: Site) -> None:  # noqa: F811
    (practice.home / "www" / ".htaccess").write_bytes(b"RewritEngine On\nRequir all denied\n")
    before = state(practice)
    document = unattended.repair_site(site, apply=True)
    assert (document["before"], document["cured"]) == ("down", False)
    assert document["after"] != "up"
    assert [step["state"] for step in document["steps"] if step["undo"] == "possible"] == []
    assert document["left"]
    assert state(practice) == before


@pytest.mark.parametrize("by_itself", [True, False])
def test_step_that_was_waited_for_in_vain_is_taken_back_where_nobody_is_there(
    practice: PracticeSite,  # noqa: F811
    site: Site,  # noqa: F811
    by_itself: bool,
) -> None:
    practice.break_it(next(iter(practice.kinds)))
    broken = state(practice)
    assert unattended.repair_site(site, apply=True)["cured"]
    step = Step.objects.get()
    assert step.result["unattended"]
    result = {**step.result, "unattended": by_itself}
    Step.objects.filter(pk=step.pk).update(state="awaiting-effect", check_again_at=timezone.now(), result=result)
    site.pages.create(path="/not-there")
    with held(site.host):
        repairing.look_again()
    assert Step.objects.get().state == ("awaiting-effect" if by_itself else "done-not-cured"), "somebody works on the account"
    Step.objects.update(check_again_at=timezone.now())
    repairing.look_again()
    assert Step.objects.get().state == ("taken-back" if by_itself else "done-not-cured")
    assert (state(practice) == broken) is by_itself


def test_healthy_site_is_left_alone(practice: PracticeSite, site: Site) -> None:  # noqa: F811
    before = state(practice)
    status, document = run("repair", site.name, "--yes")
    assert (status, document["steps"], document["after"]) == (0, [], "up")
    assert state(practice) == before
    assert not RepairCase.objects.exists()


def test_commands_repair_and_undo_the_practice_site(practice: PracticeSite, site: Site) -> None:  # noqa: F811
    practice.break_it(next(iter(practice.kinds)))
    before = state(practice)
    status, diagnosed = run("diagnose", site.name)
    assert status == 1
    assert diagnosed["findings"][0]["repair"]["diff"]
    status, planned = run("repair", site.name, "--dry-run")
    assert (status, [step["state"] for step in planned["steps"]]) == (1, ["planned"])
    assert state(practice) == before
    status, document = run("repair", site.name, "--yes")
    assert (status, document["cured"], document["after"]) == (0, True, "up")
    status, undone = run("undo", site.name, "--all")
    assert (status, undone["identical"], len(undone["undone"])) == (0, True, len(document["steps"]))
    assert state(practice) == before


def test_wrong_usage_is_one_document_and_status_2(db: None) -> None:
    for command in ("diagnose", "repair", "undo"):
        status, document = run(command, "nobody")
        assert (status, document["error"]["code"]) == (2, "no-such-site")


def test_new_incident_is_diagnosed_by_the_worker(practice: PracticeSite, site: Site) -> None:  # noqa: F811
    practice.break_it(next(iter(practice.kinds)))
    now = timezone.now()
    incident = Incident.objects.create(
        site=site, fingerprint="v1:x", kind="server-error", first_failure_at=now, opened_at=now, last_seen_at=now, paths=["/"]
    )
    receivers.diagnose(sender=None, incident_id=incident.pk)
    diagnosis = Diagnosis.objects.get()
    tasks.diagnose(diagnosis.pk)
    tasks.diagnose(diagnosis.pk)
    incident.refresh_from_db()
    assert incident.diagnosis_state == "done"
    assert incident.cause and incident.cause_proof and ".htaccess" in incident.cause_place


def test_regular_run_finds_nothing_to_take_back(practice: PracticeSite, site: Site) -> None:  # noqa: F811
    tasks.recover_journal()
    tasks.sweep_diagnoses()
    assert not Step.objects.exists()
