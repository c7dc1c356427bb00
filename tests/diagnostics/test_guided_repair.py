"""The whole road on the practice site's real servers: diagnosis, offer, step, trial, undo, report; and the refusals on the way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from diagnostics import diagnosing, examining, offering, practising, repairing, reporting, steps, tasks, trials
from diagnostics.changes import changing, recovering, undoing
from diagnostics.connections import connecting, politeness
from diagnostics.models import ConnectionLease, Diagnosis, HostLock, RepairCase, Step
from diagnostics.practice.site import PracticeSite
from sites import registration
from sites.models import Host, Site, Team
from sites.probing_now import probe_now
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def practice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeSite]:
    monkeypatch.setattr(settings, "SITEMEND_PRACTICE_DIR", tmp_path / "practice")
    practising.start(Team.objects.create(name="t"))
    found = PracticeSite.load(tmp_path / "practice")
    process = subprocess.Popen([sys.executable, "-m", "diagnostics.practice.serve", str(found.folder)], cwd=ROOT)
    deadline = time.monotonic() + 20
    while not found.is_serving():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    yield found
    process.terminate()
    process.wait(10)


@pytest.fixture
def site(practice: PracticeSite) -> Site:
    return Site.objects.select_related("host").get()


def state(practice: PracticeSite) -> dict[str, tuple[bytes, int, int]]:
    found = {}
    for folder, _folders, names in os.walk(practice.home / "www"):
        for name in names:
            path = Path(folder, name)
            stat = path.stat()
            found[str(path)] = (path.read_bytes(), stat.st_mode, int(stat.st_mtime))
    return found


def opened(site: Site) -> RepairCase:
    case = repairing.open_case(site)
    step = repairing.run_step(repairing.look(case, "read-log", None).pk)
    assert step.state == "done", step.message
    return RepairCase.objects.select_related("site__host", "diagnosis").get(pk=case.pk)


def started(case: RepairCase) -> Step:
    offer = repairing.offers(case)[0]
    return repairing.start(
        case, guide_step=offer.guide_step, action="repair", repair_id=offer.repair_id, cause=offer.cause, digest=offer.digest
    )


def test_broken_site_is_repaired_and_undone_to_the_byte(practice: PracticeSite, site: Site) -> None:
    practice.break_it("htaccess-invalid-directive" if "htaccess-invalid-directive" in practice.kinds else next(iter(practice.kinds)))
    broken = state(practice)
    assert probe_now(site).verdict == "down"
    case = opened(site)
    finding = case.diagnosis.findings.first()
    assert finding.severity == "critical"
    assert case.diagnosis.duration_s < 20
    assert state(practice) == broken
    step = repairing.run_step(started(case).pk)
    assert step.state == "done-verified", step.message
    assert state(practice) != broken
    assert repairing.run_step(step.pk).state == "done-verified"
    assert [incident.resolution for incident in site.incidents.all()] == ["repair"]
    undone = undoing.undo(step)
    assert undone.state == "undone"
    assert state(practice) == broken
    with pytest.raises(repairing.RepairRefused):
        undoing.undo(step)
    report = reporting.markdown(case)
    assert finding.cause in report and "## Timeline" in report


def test_step_on_an_account_in_use_waits_and_comes_again(practice: PracticeSite, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    practice.break_it("misspelled-directive")
    step = started(opened(site))
    broken, now = state(practice), timezone.now()
    monkeypatch.setattr(politeness, "URGENT_WAIT_S", 0.3)
    until = now + timedelta(minutes=1)
    other = ConnectionLease.objects.create(host=site.host, slot=0, holder="elsewhere:1:1", purpose="look", since=now, until=until)
    waiting = repairing.run_step(step.pk)
    assert (waiting.state, waiting.started_at) == ("queued", None) and "is in use" in waiting.message
    assert state(practice) == broken
    Step.objects.filter(pk=step.pk).update(created_at=now - steps.WAITS_FOR)
    given_up = repairing.run_step(step.pk)
    assert given_up.state == "failed" and "Nothing was changed." in given_up.message
    Step.objects.filter(pk=step.pk).update(state="queued", created_at=now)
    other.delete()
    assert repairing.run_step(step.pk).state == "done-verified"


def test_plan_that_is_no_longer_right_is_stale_and_nothing_is_written(practice: PracticeSite, site: Site) -> None:
    practice.break_it(next(iter(practice.kinds)))
    case = opened(site)
    step = started(case)
    path = practice.home / "www" / ".htaccess"
    path.write_bytes(path.read_bytes() + b"# another line\n")
    before = state(practice)
    assert repairing.run_step(step.pk).state == "stale"
    assert state(practice) == before
    assert not step.journal.exists()
    case.refresh_from_db()
    assert case.diagnosis.state == "queued", "it is read again, so that the same stale proposal is not made for ever"


def test_digest_that_was_not_offered_is_refused(practice: PracticeSite, site: Site) -> None:
    practice.break_it(next(iter(practice.kinds)))
    case = opened(site)
    offer = repairing.offers(case)[0]
    with pytest.raises(repairing.RepairRefused):
        repairing.start(case, guide_step="htaccess", action="repair", repair_id=offer.repair_id, digest="0" * 64)


def test_trial_is_always_taken_back_and_tells_what_it_saw(practice: PracticeSite, site: Site) -> None:
    practice.break_it(next(iter(practice.kinds)))
    before = state(practice)
    case = opened(site)
    step = repairing.run_step(repairing.start(case, guide_step="htaccess", action="trial").pk)
    assert step.state == "done", step.message
    assert step.result["helped"] is True
    assert state(practice) == before
    assert {entry.state for entry in step.journal.all()} == {"taken-back"}
    assert not steps.applied(site.pk).exists()


def kept_aside(case: RepairCase) -> Step:
    offer = next(each for each in repairing.offers(case) if each.finding["check"] == trials.TRIAL_CHECK)
    return repairing.run_step(
        repairing.start(case, guide_step="htaccess", action="repair", repair_id=offer.repair_id, digest=offer.digest).pk
    )


def test_file_that_a_trial_showed_to_blame_can_be_kept_aside_and_comes_back(practice: PracticeSite, site: Site) -> None:
    practice.break_it(next(iter(practice.kinds)))
    before = state(practice)
    case = opened(site)
    with connecting.reader_for(site.host) as reader:
        examination = examining.examine(site, reader, examining.look(site))
    alone = replace(examination, findings=())  # as where nothing names the line
    Diagnosis.objects.filter(pk=case.diagnosis_id).update(offers=offering.from_examination(alone))
    case.diagnosis.refresh_from_db()
    step = kept_aside(case)
    assert step.state == "done-verified", step.message
    assert (practice.home / "www" / ".htaccess.old").exists()
    undoing.undo(step)
    assert state(practice) == before


def test_file_kept_aside_comes_back_by_itself_where_that_does_not_help(practice: PracticeSite, site: Site) -> None:
    practice.break_it("wrong-permissions")
    before = state(practice)
    step = kept_aside(opened(site))
    assert step.state == "taken-back", step.message
    assert state(practice) == before


def test_trial_is_not_offered_where_the_file_keeps_visitors_out(practice: PracticeSite, site: Site) -> None:
    (practice.home / "www" / ".htaccess").write_bytes(b"Require all denied\nRewritEngine On\n")
    before = state(practice)
    case = opened(site)
    assert "keeps visitors out" in case.diagnosis.no_trial
    with pytest.raises(repairing.RepairRefused):
        repairing.start(case, guide_step="htaccess", action="trial")
    assert state(practice) == before


def test_healthy_site_has_nothing_above_a_note(practice: PracticeSite, site: Site) -> None:
    before = state(practice)
    diagnosis = diagnosing.diagnose_now(site)
    assert diagnosis.state == Diagnosis.State.DONE, diagnosis.error
    assert [row.severity for row in diagnosis.findings.all() if row.severity != "note"] == []
    assert diagnosing.as_json(diagnosis)["verdict"] == "up"
    assert state(practice) == before


def test_undo_works_after_the_diagnosis_is_gone_and_the_site_is_down(practice: PracticeSite, site: Site) -> None:
    practice.break_it(next(iter(practice.kinds)))
    broken = state(practice)
    step = repairing.run_step(started(opened(site)).pk)
    Diagnosis.objects.all().delete()
    index = next((practice.home / "www").glob("index*"))
    index.chmod(0)
    assert undoing.undo_steps([step]).undone == [step.pk]
    index.chmod(broken[str(index)][1] & 0o777)
    assert state(practice) == broken


def test_undo_that_the_broker_forgot_is_still_made_for_who_asked(practice: PracticeSite, site: Site) -> None:
    practice.break_it(next(iter(practice.kinds)))
    step = repairing.run_step(started(opened(site)).pk)
    alice = make_user("alice")
    undoing.request(step, alice)
    assert undoing.asked_for() == [(step.pk, alice.pk)]
    tasks.undo_step(*undoing.asked_for()[0])
    step.refresh_from_db()
    assert (step.state, step.undone_by, undoing.asked_for()) == (Step.State.UNDONE, alice, [])


def test_changed_host_key_stops_everything_until_it_is_accepted(practice: PracticeSite, site: Site) -> None:
    Host.objects.update(host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl")
    site = Site.objects.select_related("host").get()
    diagnosis = diagnosing.diagnose_now(site)
    assert "key" in diagnosis.error
    host = Host.objects.get()
    assert host.state == "key-changed"
    with pytest.raises(connecting.ConnectionStopped), connecting.reader_for(host):
        pass
    assert not connecting.accept_host_key(host, None, "SHA256:another")
    assert connecting.accept_host_key(host, None, connecting.fingerprint_of(host.offered_host_key))
    assert connecting.test_host(host).ok


def test_refused_login_is_tried_once_and_then_no_more(practice: PracticeSite, site: Site) -> None:
    host = Host.objects.get()
    connecting.store(host, password="wrong")
    result = connecting.test_host(host)
    assert (result.ok, result.code) == (False, "login-refused")
    with pytest.raises(connecting.ConnectionStopped), connecting.reader_for(host):
        pass


def test_removing_leaves_nothing(practice: PracticeSite, site: Site) -> None:
    practising.remove()
    assert not practice.folder.exists()
    assert not Site.objects.exists() and not Host.objects.exists()
    practising.remove()


def test_trial_repair_is_a_known_one() -> None:
    from diagnostics.repairs.registry import all_repairs

    assert trials.TRIAL_REPAIR in {repair.id for repair in all_repairs()}


def test_step_that_another_worker_took_back_meanwhile_is_not_called_done(
    practice: PracticeSite, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice.break_it(next(iter(practice.kinds)))
    case = opened(site)
    step = started(case)
    broken = state(practice)
    probe = changing.recording.retest

    def retest_while_the_lease_runs_out(*args: object, **more: object) -> object:
        outcomes = probe(*args, **more)
        if step.journal.filter(state="applied").exists():
            HostLock.objects.update(lease_until=timezone.now())
            recovering.recover()
        return outcomes

    monkeypatch.setattr(changing.recording, "retest", retest_while_the_lease_runs_out)
    repairing.run_step(step.pk)
    assert state(practice) == broken
    assert Step.objects.get(pk=step.pk).state == "taken-back"


def test_host_is_kept_for_as_long_as_slow_pages_take(practice: PracticeSite, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    registration.update_site(site, paths=[f"/{n}" for n in range(9)], time_limit_s=60)
    left: list[float] = []

    def retest(*_args: object, **_more: object) -> list[object]:
        left.append((HostLock.objects.get().lease_until - timezone.now()).total_seconds())
        return []

    monkeypatch.setattr(changing.recording, "retest", retest)
    repairing.under_lock(site, lambda executor: changing.look(site, keeping=executor))
    assert left[0] > 3 * 60 * 2


def test_step_undone_while_its_late_effect_was_looked_at_stays_undone(
    practice: PracticeSite, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice.break_it(next(iter(practice.kinds)))
    step = repairing.run_step(started(opened(site)).pk)
    Step.objects.filter(pk=step.pk).update(state="awaiting-effect", check_again_at=timezone.now())
    probe = changing.recording.retest

    def retest_while_somebody_undoes(*args: object, **more: object) -> object:
        outcomes = probe(*args, **more)
        if Step.objects.get(pk=step.pk).stands_applied:
            undoing.undo(step)
        return outcomes

    monkeypatch.setattr(changing.recording, "retest", retest_while_somebody_undoes)
    repairing.look_again()
    assert Step.objects.get(pk=step.pk).state == "undone"
