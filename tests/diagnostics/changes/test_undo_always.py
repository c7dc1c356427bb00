"""Undo needs the host and our own bytes, nothing else: not a working site, not the rows that led to the change."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from diagnostics import steps
from diagnostics.changes import recovering, undoing
from diagnostics.changes.executor import Executor
from diagnostics.connections import connecting
from diagnostics.connections.locking import held
from diagnostics.models import Diagnosis, FindingRecord, RepairCase, Step
from diagnostics.repairing import RepairRefused
from diagnostics.repairs.plan import ChangeMode, Plan
from sites.many import bin as sites_bin
from sites.models import Host, Incident, Page, Site, Team
from tests.diagnostics.changes_made import BEFORE, applied, new_step, put, rewrite, tree
from tests.factories import make_incident, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def docroot(tmp_path: Path) -> Path:
    folder = tmp_path / "www"
    (folder / "wp-admin").mkdir(parents=True)
    put(folder / ".htaccess", BEFORE)
    put(folder / "index.php", b"<?php require 'wp-admin/x.php';", 0o666)
    put(folder / "wp-admin" / "x.php", b"<?php")
    return folder


@pytest.fixture
def step(site: Site, docroot: Path) -> Step:
    incident = make_incident(site)
    diagnosis = Diagnosis.objects.create(site=site, incident=incident, state="done", requested_at=timezone.now())
    FindingRecord.objects.create(
        diagnosis=diagnosis, position=0, check_id="htaccess-lint", cause="x", severity="critical", confidence=1, summary="x"
    )
    RepairCase.objects.create(site=site, incident=incident, diagnosis=diagnosis, opened_at=timezone.now(), opened_by=make_user("alice"))
    index = docroot / "index.php"
    return applied(site, rewrite(docroot / ".htaccess"), ChangeMode(str(index), index.name, "file", 0o666, 0o604))


def site_is_down(site: Site) -> None:
    Page.objects.create(site=site, path="/", verdict="down", kind="unreachable")
    Site.objects.update(verdict="down", kind="unreachable", url="http://127.0.0.1:9/")


def site_is_paused(site: Site) -> None:
    Page.objects.create(site=site, path="/")
    Site.objects.update(paused_at=timezone.now())


def cms_is_gone(site: Site) -> None:
    shutil.rmtree(Path(site.docroot) / "wp-admin")


def finding_is_deleted(_site: Site) -> None:
    FindingRecord.objects.all().delete()


def diagnosis_is_deleted(_site: Site) -> None:
    Diagnosis.objects.all().delete()


def incident_is_closed(_site: Site) -> None:
    Incident.objects.update(resolved_at=timezone.now(), resolution="recovery")


def incident_is_deleted(_site: Site) -> None:
    Incident.objects.all().delete()


def repair_is_closed(_site: Site) -> None:
    RepairCase.objects.update(closed_at=timezone.now(), outcome="left")


def profile_changed(_site: Site) -> None:
    Site.objects.update(profile="plesk")
    Host.objects.update(profile="cpanel-suexec")


def docroot_row_changed(_site: Site) -> None:
    Site.objects.update(docroot="/somewhere/else")


def person_is_deleted(_site: Site) -> None:
    RepairCase.objects.get().opened_by.delete()


@pytest.mark.parametrize(
    "happens",
    [
        site_is_down, site_is_paused, cms_is_gone, finding_is_deleted, diagnosis_is_deleted, incident_is_closed, incident_is_deleted,
        repair_is_closed, profile_changed, docroot_row_changed, person_is_deleted,
    ],
)  # fmt: skip
def test_undo_works_when(happens: Callable[[Site], None], site: Site, step: Step, docroot: Path) -> None:
    happens(site)
    undone = undoing.undo(Step.objects.get(pk=step.pk))
    assert undone.state == "undone", undone.message
    found = tree(docroot)
    assert found[".htaccess"][0] == BEFORE and found["index.php"][1] & 0o777 == 0o666
    assert {row[2] for row in found.values()} == {1_600_000_000}


def test_undo_in_the_bin_says_so_and_works_when_the_site_is_back(site: Site, step: Step, docroot: Path) -> None:
    Site.objects.filter(pk=site.pk).update(deleted_at=timezone.now())
    changed = tree(docroot)
    with pytest.raises(RepairRefused, match="in the bin"):
        undoing.undo(step)
    err = StringIO()
    with pytest.raises(SystemExit):
        call_command("undo", "shop", stderr=err)
    assert "in the bin" in err.getvalue() and tree(docroot) == changed
    sites_bin.restore([site.pk])
    assert undoing.undo(Step.objects.get(pk=step.pk)).state == "undone"


def interrupted(site: Site, docroot: Path) -> Step:
    step = new_step(site)
    with held(site.host) as lock, Executor(lambda: connecting.writer_for(site.host), lock) as executor:
        steps.claim(step)
        executor.apply(step, Plan("r", "c", "t", "w", (rewrite(docroot / ".htaccess"),)))
    return step


def test_half_done_step_of_a_site_in_the_bin_is_taken_back_all_the_same(site: Site, docroot: Path) -> None:
    before = tree(docroot)
    step = interrupted(site, docroot)
    Site.objects.filter(pk=site.pk).update(deleted_at=timezone.now())
    assert recovering.recover() == [step.pk]
    assert tree(docroot) == before


def test_undo_without_a_host_says_what_to_do_and_works_when_it_is_back(site: Site, step: Step) -> None:
    Host.objects.all().delete()
    with pytest.raises(RepairRefused, match="Give it its hosting account back"):
        undoing.undo(step)
    Site.objects.update(host=Host.objects.create(team=Team.objects.get(), name="again", protocol="local", state="works"))
    assert undoing.undo(Step.objects.get(pk=step.pk)).state == "undone"


def test_undo_over_a_login_that_was_refused_waits_for_a_person(site: Site, step: Step, docroot: Path) -> None:
    changed = tree(docroot)
    Host.objects.update(state="refused")
    with pytest.raises(RepairRefused, match="refused the login"):
        undoing.undo(step)
    step.refresh_from_db()
    assert tree(docroot) == changed and step.state in ("done-verified", "needs-attention")
    Host.objects.update(state="works")
    if step.state == "needs-attention":
        recovering.recover()
        step.refresh_from_db()
    else:
        step = undoing.undo(step)
    assert step.state == "undone"


def test_undo_that_was_interrupted_and_then_refused_leaves_the_step_as_it_stood(site: Site, docroot: Path) -> None:
    step = applied(site, rewrite(docroot / ".htaccess"))
    steps.claim(step, since=("done-verified",), result={"undoing": "done-verified"}, undone_by=None)
    put(docroot / ".htaccess", b"theirs\n")
    recovering.recover()
    step.refresh_from_db()
    assert (step.state, step.result.get("undo_refused")) == ("done-verified", True)
    assert (docroot / ".htaccess").read_bytes() == b"theirs\n"
