"""All files put back through the panel: refused with every reason, agreed to by name, made for real, and never said to be undoable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from diagnostics import repairing, tasks
from diagnostics.changes import undoing
from diagnostics.connections import connecting as hosts
from diagnostics.models import HostPanel, PanelChange, RepairCase, Step
from diagnostics.panels import connecting, starting, storage
from sites.models import Host, Site
from tests.diagnostics.hosts_made import details_of
from tests.diagnostics.panels.conftest import given
from tests.diagnostics.panels.going_on import Killed, answering, killed_at, look, posts, site_at, to_its_end
from tests.factories import make_incident, make_site, make_team, make_user
from tests.ovhcloud import SERVICE, OvhcloudHost, ovhcloud_host
from tests.servers import SshServer, sshd

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_once")]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("account"), sftp_only=True) as made:
        yield made


@pytest.fixture
def ovh(account: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OvhcloudHost]:
    """The home folder that the real SFTP server serves; it was well yesterday."""
    www = account.home / "www"
    www.mkdir(exist_ok=True)
    page = www / "index.php"
    (www / "uploaded.txt").unlink(missing_ok=True)
    account.home.chmod(0o705)
    with ovhcloud_host(account.home) as made:
        page.write_text("well")
        for path in (www, page):
            account.own(path)
        made.storage.keep("daily.2", tmp_path / "snap1")
        page.write_text("broken, and newer")
        (www / "uploaded.txt").write_text("today")
        monkeypatch.setattr(settings, "SITEMEND_OVHCLOUD_API", made.url)
        yield made


@pytest.fixture
def host(account: SshServer) -> Host:
    return hosts.create_host(team=make_team(), name="Account", details=details_of(account, "sftp"), profile="ovh-mutualise")


@pytest.fixture
def site(host: Host, account: SshServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with answering(lambda: (account.home / "www/index.php").read_text() == "well") as server:
        yield site_at(server, host, monkeypatch, docroot=f"{account.remote_home}/www")


@pytest.fixture
def case(site: Site, ovh: OvhcloudHost) -> RepairCase:
    connecting.connect(site.host, given(), None)
    ovh.gate.confirm()
    assert connecting.test(connecting.of(site.host)).state == HostPanel.State.WORKS
    ovh.log.clear()
    return repairing.open_case(site, make_incident(site))


def read(case: RepairCase) -> dict[str, object]:
    step = repairing.look_elsewhere(case, storage.READ, None)
    tasks.run_step(step.pk)
    stored = storage.told(case)
    assert stored is not None, Step.objects.get(pk=step.pk).message
    return stored


def started(case: RepairCase, backup: str = "daily.2") -> Step:
    read(case)
    plan = storage.plan(case, backup)
    assert plan is not None
    return storage.start(case, backup, plan.digest(), "\n".join(plan.concerned), None)


def test_every_site_of_the_hosting_is_to_be_named(ovh: OvhcloudHost, case: RepairCase) -> None:
    make_site(case.site.team, name="Winter Sale", host=case.site.host)
    stored = read(case)
    plan = storage.plan(case, "daily.2")
    assert plan is not None and stored["obstacles"] == []
    assert set(plan.concerned) == {"shop.example", "www.shop.example", SERVICE, "shop", "Winter Sale"}
    with pytest.raises(starting.Refused, match="www.shop.example, Winter Sale"):
        storage.start(case, "daily.2", plan.digest(), f"shop.example, {SERVICE} shop", None)
    assert posts(ovh) == [] and not PanelChange.objects.exists()


def test_all_files_are_put_back_and_nobody_is_told_that_it_can_be_undone(ovh: OvhcloudHost, case: RepairCase) -> None:
    step = to_its_end(ovh, started(case))
    assert (step.state, posts(ovh)) == ("done-verified", ["restoreSnapshot"]), step.message
    assert not (ovh.home / "www/uploaded.txt").exists() and step.undo_ended
    assert not case.site.incidents.filter(resolved_at=None).exists()
    with pytest.raises(repairing.RepairRefused, match="cannot be undone"):
        undoing.request(step, None)


def test_files_that_do_not_help_stay_and_that_is_said(ovh: OvhcloudHost, case: RepairCase, tmp_path: Path) -> None:
    ovh.storage.keep("weekly.1", tmp_path / "snap3")
    step = to_its_end(ovh, started(case, "weekly.1"))
    assert step.state == "done-not-cured" and "not well yet" in step.message and not step.may_be_undone


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("mode", "permissions 755"),
        ("quota", "More than half"),
        ("state", "not active"),
        ("blocked", "blocked this hosting"),
        ("task", "at work"),
    ],
)
@pytest.mark.parametrize("when", ["when it is looked at", "when its turn has come"])
def test_what_forbids_it_is_said_before_anything_is_asked(ovh: OvhcloudHost, case: RepairCase, what: str, words: str, when: str) -> None:
    step = started(case) if when == "when its turn has come" else None
    if what == "mode":
        ovh.home.chmod(0o755)
    elif what == "quota":
        ovh.storage.quota = (51.0, 100.0)
    elif what == "state":
        ovh.state = "maintenance"
    elif what == "blocked":
        ovh.access = "hardBlocked"
    else:
        ovh.work.start("database/import", "shopdb")
    if step is None:
        assert any(words in each for each in read(case)["obstacles"])  # type: ignore[union-attr]
        plan = storage.plan(case, "daily.2")
        assert plan is not None
        with pytest.raises(starting.Refused, match=words):
            storage.start(case, "daily.2", plan.digest(), "\n".join(plan.concerned), None)
    else:
        step = to_its_end(ovh, step)
        assert step.state == "failed" and words in step.message and "Nothing was changed" in step.message
    assert posts(ovh) == [] and (ovh.home / "www/uploaded.txt").exists()


def test_site_that_came_to_the_hosting_meanwhile_stops_it(ovh: OvhcloudHost, case: RepairCase) -> None:
    step = started(case)
    ovh.domains.append("new.example")
    step = to_its_end(ovh, step)
    assert step.state == "stale" and posts(ovh) == []


@pytest.mark.parametrize(("ends", "state"), [("vanished", "done-verified"), ("cancelled", "failed")])
def test_task_that_vanishes_or_is_cancelled_is_judged_by_the_files(ovh: OvhcloudHost, case: RepairCase, ends: str, state: str) -> None:
    ovh.work.ends = ends
    step = to_its_end(ovh, started(case))
    assert step.state == state and (ovh.home / "www/uploaded.txt").exists() == (state == "failed")


@pytest.mark.parametrize("trouble", ["after-doing", "reset"])
def test_answer_that_nobody_heard_is_looked_for_and_never_sent_again(
    ovh: OvhcloudHost, case: RepairCase, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, real, lost = started(case), ovh.answer, []

    def lose(call: object, *more: object) -> object:
        if call.method != "POST" or lost:  # type: ignore[attr-defined]
            return real(call, *more)  # type: ignore[arg-type]
        lost.append(call)
        if trouble == "after-doing":
            real(call, *more)  # type: ignore[arg-type]
        raise ConnectionResetError

    monkeypatch.setattr(ovh, "answer", lose)
    step = to_its_end(ovh, step)
    assert posts(ovh) == ["restoreSnapshot"]
    assert step.state == ("done-verified" if trouble == "after-doing" else "failed"), step.message


@pytest.mark.parametrize("stored", [False, True], ids=["before it is stored", "after"])
def test_worker_that_ends_at_any_stored_moment_leads_to_a_known_end(
    ovh: OvhcloudHost, case: RepairCase, monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    for ends_at in range(1, 20):
        (ovh.home / "www/index.php").write_text(f"broken {ends_at}")
        os.utime(ovh.home / "www/index.php", (1_700_000_000 + ends_at, 1_700_000_000 + ends_at))
        step = started(case)
        try:
            with killed_at(ends_at, monkeypatch, stored):
                to_its_end(ovh, step, 30)
            break
        except Killed:
            ovh.clock.forward(10)
        step = to_its_end(ovh, step, 30)
        is_well = (ovh.home / "www/index.php").read_text() == "well"
        assert step.state == ("done-verified" if is_well else "failed"), (ends_at, step.state, step.message)
    assert ends_at > 3


def test_person_looks_reads_types_and_starts(ovh: OvhcloudHost, case: RepairCase, client: Client) -> None:
    client.force_login(make_user("alice", team=case.site.team))
    page = f"/repairs/{case.pk}/?step=restore"
    assert 'id="panel-storage-look"' in client.get(page).content.decode()
    client.post(f"/repairs/{case.pk}/look-at-host/", {"which": storage.READ})
    tasks.run_step(Step.objects.get(repair_id=storage.READ).pk)
    assert '<option value="daily.2">' in client.get(page).content.decode()
    address = f"/repairs/{case.pk}/host-storage/"
    shown = client.get(f"{address}?to=daily.2").content.decode()
    assert "This cannot be undone" in shown and "www.shop.example" in shown
    digest = shown.partition('name="digest" value="')[2].partition('"')[0]
    wrong = client.post(address, {"to": "daily.2", "digest": digest, "typed": "shop"}).content.decode()
    assert "were not typed" in wrong and "www.shop.example" in wrong and not PanelChange.objects.exists()
    plan = storage.plan(case, "daily.2")
    assert plan is not None
    client.post(address, {"to": "daily.2", "digest": digest, "typed": "\r\n".join(plan.concerned)})
    step = to_its_end(ovh, Step.objects.get(repair_id=storage.REPAIR))
    assert step.state == "done-verified"
    shown = client.get(f"/repairs/{case.pk}/").content.decode()
    assert f'id="undo-{step.pk}"' not in shown and "cannot be undone" in shown
    look(step)
    assert timezone.now() > step.finished_at
