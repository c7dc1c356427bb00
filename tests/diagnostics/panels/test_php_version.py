"""PHP changed through the panel: shown before, kept only where it helps, taken back and undone; whatever dies or is lost in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from diagnostics import repairing, tasks
from diagnostics.changes import changing, recovering, through_panel, undoing
from diagnostics.models import Diagnosis, FindingRecord, HostAction, HostPanel, PanelChange, RepairCase, Step
from diagnostics.panels import connecting, php, starting
from diagnostics.panels.steps import watched
from diagnostics.wizard import CaseFacts, recommended, steps_for
from sites.models import Host, Site
from tests.diagnostics.panels.going_on import Killed, answering, killed_at, look, posts, site_at, to_its_end
from tests.factories import make_site, make_user
from tests.http_server import HttpServer, Reply
from tests.ovhcloud import OvhcloudHost

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_once")]


@pytest.fixture
def server(ovh: OvhcloudHost) -> Iterator[HttpServer]:
    """The site's code needs PHP 8.3, as the file of its hosting has it."""
    with answering(lambda: "app.engine.version=8.3" in ovh.php.file.read_text()) as made:
        yield made


@pytest.fixture
def site(host: Host, server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> Site:
    return site_at(server, host, monkeypatch)


def read(case: RepairCase) -> dict[str, object]:
    step = repairing.look(case, php.GUIDE_STEP, None)
    assert tasks.run_step(step.pk) is None
    stored = php.told(case)
    assert stored is not None, Step.objects.get(pk=step.pk).message
    return stored


def started(case: RepairCase, choice: str = "version:8.3") -> Step:
    plan = php.plan(case.site, read(case), choice)
    assert plan is not None
    return php.start(case, choice, plan.digest(), None)


# --- what is offered ----------------------------------------------------------------------------
def test_only_what_the_host_allows_is_offered_with_what_it_changes(ovh: OvhcloudHost, case: RepairCase) -> None:
    ovh.php.configure(engineVersion="8.0")
    ovh.php.configure(engineVersion="8.1", environment="development")
    stored = read(case)
    offered = dict(php.choices(stored))
    assert "version:8.4" in offered and "version:8.1" not in offered
    assert [words for words in offered.values() if words.startswith("Back to")][0].endswith("PHP 8.0, production")
    old = php.plan(case.site, stored, "version:5.6")
    assert old is not None and (old.after.version, old.after.container) == ("5.6", "stable")
    assert len(old.cautions) == 2 and "-container.image=stable64" in old.diff() and "+app.engine.version=5.6" in old.diff()
    assert {"shop", "shop.example", "www.shop.example"} <= set(old.affected)
    assert php.plan(case.site, stored, "version:9.9") is None and php.plan(case.site, stored, "kept:1") is None


def test_earlier_configuration_stands_first_else_the_next_older_version(ovh: OvhcloudHost, case: RepairCase) -> None:
    stored = read(case)
    assert php.likely(stored) == "version:8.0"
    ovh.php.configure(engineVersion="7.4")
    ovh.php.configure(engineVersion="8.4")
    stored = read(case)
    assert php.likely(stored) == f"kept:{ovh.php.configs[-2]['id']}"
    assert dict(php.choices(stored))[php.likely(stored)] == "Back to how it was: PHP 7.4, production"


def test_change_that_helps_is_kept_and_undone_by_a_click(ovh: OvhcloudHost, case: RepairCase) -> None:
    before = ovh.php.file.read_text()
    step = to_its_end(ovh, started(case))
    assert (step.state, posts(ovh)) == ("done-verified", ["ovhConfigRefresh", "changeConfiguration"]), step.message
    assert "app.engine.version=8.3" in ovh.php.file.read_text()
    assert not case.site.incidents.filter(resolved_at=None).exists()
    undoing.request(step, None)
    tasks.undo_step(step.pk)
    step = to_its_end(ovh, step)
    assert (step.state, posts(ovh)[-1]) == ("undone", "rollback") and ovh.php.file.read_text() == before
    assert php.told(case) is None  # what was read before is no longer what is there
    noted = HostAction.objects.filter(host=case.site.host, verb=HostAction.Verb.PANEL).order_by("pk").values_list("purpose", "path")
    assert [(purpose, path.removeprefix("OVHcloud: ")) for purpose, path in noted] == [
        ("repair", "read the PHP configuration anew"), ("repair", "PHP 8.1 → 8.3"), ("undo", "PHP 8.3 → 8.1"),
    ]  # fmt: skip


def test_change_that_does_not_help_is_taken_back_by_itself(ovh: OvhcloudHost, case: RepairCase) -> None:
    before = ovh.php.file.read_text()
    step = to_its_end(ovh, started(case, "version:8.2"))
    assert step.state == "taken-back" and "did not help" in step.message
    assert ovh.php.file.read_text() == before and step.result["pages_after"]


def test_change_that_harms_another_site_of_the_account_is_taken_back(ovh: OvhcloudHost, case: RepairCase, server: HttpServer) -> None:
    other = make_site(case.site.team, name="other", url=server.url("/other"), host=case.site.host)
    Site.objects.filter(pk=other.pk).update(verdict="up")
    step = started(case)
    look(step)
    server.route("/other", Reply(500, body=b"broken"))
    step = to_its_end(ovh, step)
    assert step.state == "taken-back" and "other" in step.message and "version=8.1" in ovh.php.file.read_text()


def test_other_site_whose_failure_was_noticed_before_the_host_had_ended_counts_as_harmed(
    ovh: OvhcloudHost, case: RepairCase, server: HttpServer
) -> None:
    other = make_site(case.site.team, name="other", url=server.url("/other"), host=case.site.host)
    broken = make_site(case.site.team, name="was-broken", url=server.url("/broken"), host=case.site.host)
    server.route("/broken", Reply(500, body=b"broken"))
    Site.objects.filter(pk=other.pk).update(verdict="up")
    Site.objects.filter(pk=broken.pk).update(verdict="down")
    step = started(case)
    while PanelChange.objects.get(step=step).phase != PanelChange.Phase.ASKED:
        look(step)
        ovh.clock.forward(10)
    server.route("/other", Reply(500, body=b"broken"))
    Site.objects.filter(pk=other.pk).update(verdict="down")  # its own probes are faster than the host
    step = to_its_end(ovh, step)
    assert step.state == "taken-back" and "worse: other" in step.message and "version=8.1" in ovh.php.file.read_text()


def test_worker_that_looks_at_many_sites_keeps_the_change_to_itself(
    ovh: OvhcloudHost, case: RepairCase, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_site(case.site.team, name="other", url=server.url("/other"), host=case.site.host)
    Site.objects.filter(pk=other.pk).update(verdict="up")
    real, ends = changing.look, []

    def slow(site: Site, **more: object) -> changing.Seen:
        ends.append(PanelChange.objects.get().held_until)
        return real(site, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(changing, "look", slow)
    assert to_its_end(ovh, started(case)).state == "done-verified"
    assert len(ends) == 4 and len(set(ends)) == 4, "each look begins with the whole time before it"


def test_taking_back_that_the_host_never_lets_begin_ends_with_a_person(ovh: OvhcloudHost, case: RepairCase) -> None:
    step = to_its_end(ovh, started(case))
    through_panel.begin_undo(step, None)
    ovh.php.config().update(status="updating")
    assert "something else" in look(step).message
    PanelChange.objects.update(recorded_at=timezone.now() - timedelta(minutes=61))
    assert look(step).state == "needs-attention" and PanelChange.objects.get().next_look_at is None


def test_host_that_gives_up_going_back_each_time_is_asked_three_times_and_then_a_person(ovh: OvhcloudHost, case: RepairCase) -> None:
    step = to_its_end(ovh, started(case))
    for _time in range(2):  # a person may have it tried anew
        before = posts(ovh).count("rollback")
        through_panel.begin_undo(step, None)
        ovh.work.ends = "cancelled"
        step = to_its_end(ovh, step)
        assert step.state == "needs-attention" and "3 times" in step.message and "PHP 8.1" in step.message
        assert posts(ovh).count("rollback") == before + 3 and step.may_be_undone


def test_repair_that_was_closed_meanwhile_changes_nothing(ovh: OvhcloudHost, case: RepairCase) -> None:
    plan = php.plan(case.site, read(case), "version:8.3")
    RepairCase.objects.filter(pk=case.pk).update(closed_at=timezone.now())
    assert plan is not None and case.closed_at is None
    with pytest.raises(starting.Refused, match="closed"):
        php.start(case, "version:8.3", plan.digest(), None)


def test_file_edited_by_hand_is_not_overwritten_unseen(ovh: OvhcloudHost, case: RepairCase) -> None:
    step = started(case)
    ovh.php.file.write_text(ovh.php.file.read_text().replace("8.1", "8.0"))
    step = to_its_end(ovh, step)
    assert step.state == "stale" and posts(ovh) == ["ovhConfigRefresh"] and "version=8.0" in ovh.php.file.read_text()


def test_plan_that_is_no_longer_what_was_seen_is_not_started(ovh: OvhcloudHost, case: RepairCase) -> None:
    plan = php.plan(case.site, read(case), "version:8.3")
    third = make_site(case.site.team, name="third", host=case.site.host)
    assert plan is not None
    with pytest.raises(starting.Refused, match="has changed since"):
        php.start(case, "version:8.3", plan.digest(), None)
    started(case)
    with pytest.raises(starting.Refused, match="Another change of this hosting"):
        started(repairing.open_case(third))


def test_panel_that_may_only_be_read_changes_nothing(ovh: OvhcloudHost, case: RepairCase) -> None:
    HostPanel.objects.update(rights=["read"])
    with pytest.raises(starting.Refused, match="right to change"):
        started(case)
    rows = steps_for(CaseFacts("down", **watched(case).facts()))
    assert "php-version" not in [row.id for row in rows] and "tasks" in [row.id for row in rows]


def test_read_only_mode_stops_it_also_when_it_waits(ovh: OvhcloudHost, case: RepairCase) -> None:
    step = started(case)
    Site.objects.filter(pk=case.site_id).update(read_only_since=timezone.now())
    step = look(step)
    assert step.state == "failed" and "read-only mode" in step.message and posts(ovh) == []
    with pytest.raises(starting.Refused, match="read-only mode"):
        started(RepairCase.objects.get(pk=case.pk))


def test_version_is_recommended_where_the_code_does_not_fit_it_and_waiting_while_the_host_works() -> None:
    facts = CaseFacts("down", confirmed=True, can_read=True, panel=True, panel_php=True, causes=("php-removed-function",))
    assert recommended(facts) == "php-version"
    assert recommended(replace(facts, causes=("htaccess-bad-argument",), htaccess_read=True, can_write=True)) == "htaccess"
    assert recommended(replace(facts, panel_php=False)) == "read-log"
    assert recommended(replace(facts, panel_tasks=1)) == "tasks"


def test_undo_is_refused_where_somebody_changed_it_since(ovh: OvhcloudHost, case: RepairCase) -> None:
    step = to_its_end(ovh, started(case))
    ovh.php.configure(engineVersion="8.4")
    undoing.request(step, None)
    tasks.undo_step(step.pk)
    step.refresh_from_db()
    assert step.state == "done-verified" and "changed since" in step.message and "version=8.4" in ovh.php.file.read_text()


def test_command_line_undoes_it_and_waits(ovh: OvhcloudHost, case: RepairCase, capsys: pytest.CaptureFixture[str]) -> None:
    step = to_its_end(ovh, started(case))
    ovh.work.waits_s = ovh.work.works_s = 0.0
    ovh.clock.forward(60)
    call_command("undo", "shop", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found == {"site": "shop", "undone": [step.pk], "refused": [], "identical": True}
    assert "version=8.1" in ovh.php.file.read_text()


# --- what goes wrong ----------------------------------------------------------------------------
def test_answer_that_nobody_heard_is_looked_for_and_never_sent_again(ovh: OvhcloudHost, case: RepairCase) -> None:
    step = started(case)
    look(step)
    ovh.clock.forward(30)
    ovh.fails_with = ["", "", "", "after-doing"]  # task, list, configuration, then the change
    look(step)
    assert PanelChange.objects.get().phase == "recorded" and posts(ovh)[-1] == "changeConfiguration"
    step = to_its_end(ovh, step)
    assert step.state == "done-verified" and posts(ovh).count("changeConfiguration") == 1


def test_request_that_never_arrived_ends_with_nothing_changed(ovh: OvhcloudHost, case: RepairCase) -> None:
    step = started(case)
    look(step)
    ovh.clock.forward(30)
    ovh.fails_with = ["", "", "", "reset"]
    look(step)
    step = to_its_end(ovh, step)
    assert step.state == "failed" and "Nothing was changed" in step.message and "version=8.1" in ovh.php.file.read_text()


@pytest.mark.parametrize(("ends", "state"), [("vanished", "done-verified"), ("cancelled", "failed")])
def test_task_that_vanishes_or_is_cancelled_is_judged_by_the_configuration(
    ovh: OvhcloudHost, case: RepairCase, ends: str, state: str
) -> None:
    step = started(case)
    look(step)
    ovh.clock.forward(30)
    ovh.work.ends = ends
    assert to_its_end(ovh, step).state == state


def test_conflict_waits_for_what_the_host_is_doing(ovh: OvhcloudHost, case: RepairCase) -> None:
    step = started(case)
    busy = ovh.work.start("ovhConfig/refresh", effect=ovh.php.read_file)
    ovh.php.config().update(status="updating", taskId=busy.id)
    assert "something else" in look(step).message
    assert to_its_end(ovh, step).state == "done-verified"


def test_panel_that_is_away_amid_a_change_is_asked_until_it_answers(ovh: OvhcloudHost, case: RepairCase) -> None:
    step = started(case)
    for _look in range(2):
        look(step)
        ovh.clock.forward(30)
    ovh.fails_with = ["429"]
    assert "as soon as the panel answers" in look(step).message and step.state == "applying"
    assert to_its_end(ovh, step).state == "done-verified"


def test_recovery_of_files_leaves_it_alone_and_two_workers_do_not_both_act(ovh: OvhcloudHost, case: RepairCase) -> None:
    step = started(case)
    look(step)
    assert recovering.recover() == [] and Step.objects.get(pk=step.pk).state == "applying"
    PanelChange.objects.update(next_look_at=timezone.now(), held_until=timezone.now() + timedelta(minutes=1))
    asked = len(ovh.log)
    tasks.run_step(step.pk)
    assert len(ovh.log) == asked
    assert not connecting.disconnect(case.site.host)
    assert through_panel.dispatch() == 0


# --- in the web ---------------------------------------------------------------------------------
def test_person_reads_chooses_sees_and_changes(ovh: OvhcloudHost, case: RepairCase, client: Client) -> None:
    client.force_login(make_user("alice", team=case.site.team))
    page = f"/repairs/{case.pk}/?step=php-version"
    assert "Read the PHP configuration" in client.get(page).content.decode()
    read(case)
    shown = client.get(page).content.decode()
    assert "<b>8.1</b>" in shown and '<option value="version:8.3">' in shown
    plan = client.get(f"/repairs/{case.pk}/php-version/?to=version:8.3").content.decode()
    assert "app.engine.version=8.3" in plan and "www.shop.example" in plan
    digest = plan.partition('name="digest" value="')[2].partition('"')[0]
    client.post(f"/repairs/{case.pk}/php-version/", {"to": "version:8.3", "digest": digest})
    step = Step.objects.get(repair_id=php.REPAIR)
    look(step)
    assert "The host reads its PHP configuration anew" in client.get(page).content.decode()
    assert to_its_end(ovh, step).state == "done-verified"
    shown = client.get(f"/repairs/{case.pk}/").content.decode()
    assert "Change PHP from 8.1 to 8.3" in shown and f'id="undo-{step.pk}"' in shown
    for ending in ("", ".md"):
        report = client.get(f"/repairs/{case.pk}/report{ending or '/'}").content.decode()
        assert "Change PHP from 8.1 to 8.3" in report and "app.engine.version=8.3" in report
    assert client.get(f"/repairs/{case.pk}/php-version/?to=version:8.2", follow=True).status_code == 200


@pytest.mark.parametrize(
    ("cause", "rights", "begins"),
    [
        ("php-removed-function", ["read", "php"], ["php-version"]),
        ("php-removed-function", ["read"], []),
        ("htaccess-bad-argument", ["read", "php"], []),
    ],
)
def test_configuration_is_read_as_soon_as_a_repair_is_opened_for_a_version_that_does_not_fit(
    case: RepairCase, client: Client, cause: str, rights: list[str], begins: list[str]
) -> None:
    HostPanel.objects.update(rights=rights)
    incident = case.incident
    case.delete()
    made = Diagnosis.objects.create(site=incident.site, incident=incident, state="done", requested_at=timezone.now())
    FindingRecord.objects.create(diagnosis=made, position=0, check_id="php-errors", cause=cause, severity="critical", confidence=0.97)
    client.force_login(make_user("alice", team=incident.site.team))
    client.post(f"/repairs/start/{incident.pk}/")
    assert [(step.guide_step, step.action, step.state) for step in Step.objects.all()] == [(step, "look", "queued") for step in begins]


@pytest.mark.parametrize("undone", [False, True], ids=["change", "undo"])
@pytest.mark.parametrize("stored", [False, True], ids=["before it is stored", "after"])
def test_worker_that_ends_at_any_stored_moment_leaves_nothing_in_between(
    ovh: OvhcloudHost, case: RepairCase, monkeypatch: pytest.MonkeyPatch, stored: bool, undone: bool
) -> None:
    for ends_at in range(1, 20):
        ovh.php.configure(engineVersion="8.1")
        step = started(case)
        if undone:
            to_its_end(ovh, step)
            undoing.request(step, None)
            tasks.undo_step(step.pk)
        try:
            with killed_at(ends_at, monkeypatch, stored):
                to_its_end(ovh, step)
            break  # every moment was one
        except Killed:
            ovh.clock.forward(40)
        step.refresh_from_db()
        step = to_its_end(ovh, step)
        version = {"done-verified": "8.3", "undone": "8.1", "failed": "8.1"}[step.state]
        assert f"engine.version={version}" in ovh.php.file.read_text(), (ends_at, step.message)
        assert step.state == ("undone" if undone else "done-verified") or "Nothing was changed" in step.message, (ends_at, step.message)
    assert ends_at > 4
