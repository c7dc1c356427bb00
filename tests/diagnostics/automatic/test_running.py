"""Repairs without a person on real servers: made, verified, told; taken back where they do not cure; never where somebody is at it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from diagnostics import repairing, tasks
from diagnostics.automatic import approving, deciding, running
from diagnostics.changes import undoing
from diagnostics.connections.locking import held
from diagnostics.models import AutomaticRepair, Diagnosis, HostAction, RepairCase, Step, TrialRun
from diagnostics.practice.site import PracticeSite
from sites import delivery, incidents, read_only
from sites.automatic import policy as auto_policy
from sites.models import Host, Incident, MaintenanceWindow, Notification, Site
from tests.diagnostics.automatic.conftest import MISSPELT, allow, diagnosed
from tests.diagnostics.test_guided_repair import state
from tests.factories import make_incident, make_site, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_is_repaired_unless_it_was_chosen(practice: PracticeSite, shop: Site, worker: list[str]) -> None:
    assert Site._meta.get_field("auto_repair").default is dict and not auto_policy.of(shop).is_on
    before = state(practice)
    diagnosed(shop)
    assert not AutomaticRepair.objects.exists() and not Step.objects.exists() and state(practice) == before


def test_repair_is_made_verified_told_and_undone_in_one_click(practice: PracticeSite, shop: Site, worker: list[str]) -> None:
    broken = state(practice)
    allow(shop)
    incident = diagnosed(shop)
    row = AutomaticRepair.objects.get(incident=incident)
    assert (row.state, row.outcome) == ("ended", "cured"), row.message
    step = row.steps.get()
    assert (step.state, step.repair_id, step.created_by) == ("done-verified", "correct-htaccess-line", None)
    assert incident.resolved_at is not None and incident.resolution == "repair"
    assert step.case.closed_at is not None and step.case.outcome == "well" and not step.case.from_shell
    texts = " ".join(incident.entries.values_list("text", flat=True))
    assert "It is repaired by itself" in texts and "Repaired by itself" in texts
    # one mail tells that it is well again and what was done, with the changed line and where to undo it
    kinds = list(Notification.objects.values_list("kind", flat=True))
    assert kinds.count("recovery") == 1 and "automatic" not in kinds
    delivery.deliver_due(timezone.now() + timedelta(minutes=2))
    sent = Notification.objects.filter(state="sent").latest("pk")
    for shown in (sent.body_text, sent.body_html):
        assert "- RewritEngine On" in shown and "+ RewriteEngine On" in shown and f"/incidents/{incident.pk}/#automatic" in shown
        assert "Every page answers as expected again." in shown
    # what was done on the account says why
    written = HostAction.objects.filter(purpose="policy-repair", verb="write")
    assert {each.actor for each in written} == {"itself"} and written.exists()
    # the one click, and what follows from it
    person = make_user("p", team=shop.team)
    approving.request_undo(row, person)
    assert state(practice) == broken
    assert str(person) in deciding.stopped(Site.objects.get(pk=shop.pk))


def test_task_that_runs_twice_changes_nothing_more(practice: PracticeSite, shop: Site, worker: list[str]) -> None:
    allow(shop)
    diagnosed(shop)
    row, mended = AutomaticRepair.objects.get(), state(practice)
    tasks.repair_by_policy(row.pk)
    running.sweep()
    assert (Step.objects.count(), AutomaticRepair.objects.count()) == (1, 1) and state(practice) == mended


def test_repair_that_does_not_cure_is_taken_back_told_and_stops_the_next(practice: PracticeSite, shop: Site, worker: list[str]) -> None:
    (practice.home / "www" / ".htaccess").write_bytes(MISSPELT + b"Requir all denied\n")
    broken = state(practice)
    allow(shop)
    incident = diagnosed(shop)
    row = AutomaticRepair.objects.get()
    assert (row.outcome, incident.is_open) == ("taken-back", True), row.message
    assert state(practice) == broken and not any(step.stands_applied for step in row.steps.all())
    site = Site.objects.get(pk=shop.pk)
    assert site.auto_stopped_at is not None and "did not help" in site.auto_stopped_why
    delivery.deliver_due(timezone.now() + timedelta(minutes=2))
    sent = Notification.objects.filter(kind="automatic").get()
    sent = sent.joined_into or sent
    assert sent.state == "sent" and "put back as it was" in sent.body_text and "has looked" in sent.body_text
    # the next incident waits for a person, who then lets it go on
    Incident.objects.filter(pk=incident.pk).update(resolved_at=timezone.now())
    (practice.home / "www" / ".htaccess").write_bytes(MISSPELT)
    again = make_incident(site)
    diagnosed(site)
    assert AutomaticRepair.objects.count() == 1
    auto_policy.go_on(site, make_user("p", team=shop.team))
    running.sweep()
    assert AutomaticRepair.objects.get(incident=again).outcome == "cured"


def window(incident: Incident) -> None:
    now = timezone.now()
    values = {"first_day": now.date(), "start_time": (now - timedelta(minutes=1)).time(), "duration_s": 7200, "time_zone": "UTC"}
    opened = {"opens_at": now - timedelta(minutes=1), "closes_at": now + timedelta(hours=1)}
    MaintenanceWindow.objects.create(team=incident.site.team, site=incident.site, **values, **opened)


def outside(incident: Incident) -> None:
    hour = timezone.now().hour
    allow(incident.site, **{"from": (hour + 2) % 24, "until": (hour + 3) % 24 or 24})


def enough(incident: Incident) -> None:
    others = [make_incident(incident.site, resolved_at=timezone.now()) for _each in range(2)]
    for other in others:
        AutomaticRepair.objects.create(
            incident=other, state="ended", outcome="cured", asked_at=timezone.now(), started_at=timezone.now(), ended_at=timezone.now()
        )


def waiting_trial(incident: Incident) -> None:
    TrialRun.objects.create(incident=incident, kinds="canary-files", asked_at=timezone.now())


REFUSALS: list[tuple[Any, str]] = [
    (lambda i: allow(i.site, kinds=["permissions"]), "of this kind"),
    (lambda i: allow(i.site, kinds=[]), "allow none"),
    (lambda i: read_only.switch_site(i.site, make_user(), on=True), "read-only"),
    (lambda i: Host.objects.update(state="refused"), "does not work"),
    (lambda i: Host.objects.update(capabilities=["read"]), "No repair can be made"),
    (lambda i: incidents.acknowledge(i, make_user()), "taken the incident"),
    (lambda i: repairing.open_case(i.site, i, make_user()), "guided repair"),
    (lambda i: Incident.objects.filter(pk=i.pk).update(muted_until=timezone.now() + timedelta(hours=1)), "muted"),
    (lambda i: Site.objects.update(muted_until=timezone.now() + timedelta(hours=1)), "muted"),
    (window, "maintenance window"),
    (outside, "outside of the hours"),
    (enough, "made today"),
    (waiting_trial, "Trials"),
    (lambda i: auto_policy.stop(i.site, "x"), "has to look first"),
    (lambda i: make_incident(make_site(i.site.team, host=i.site.host), together_with=i), "Other sites"),
    (lambda i: Diagnosis.objects.create(site=i.site, state="queued", requested_at=timezone.now()), "being looked for"),
    (lambda i: Incident.objects.filter(pk=i.pk).update(resolved_at=timezone.now()), "is over"),
]
BETWEEN = [each for each in REFUSALS if each[1] in ("allow none", "read-only", "guided repair", "muted", "maintenance window", "is over")]


def test_none_is_begun_where_it_is_not_called_for(
    practice: PracticeSite, shop: Site, worker: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(shop)
    with monkeypatch.context() as without:
        without.setattr(running, "consider", lambda _incident: None)
        incident = diagnosed(shop)
    assert deciding.why_none(incident) == ""
    before = state(practice)
    for change, why in REFUSALS:
        with transaction.atomic():
            change(Incident.objects.select_related("site__host").get(pk=incident.pk))
            now = Incident.objects.select_related("site__host").get(pk=incident.pk)
            assert why in deciding.why_none(now) and running.consider(now) is None, why
            assert not AutomaticRepair.objects.filter(incident=incident).exists() and not Step.objects.exists(), why
            transaction.set_rollback(True)
    now = Incident.objects.select_related("site__host").get(pk=incident.pk)
    assert deciding.why_none(now) == "" and state(practice) == before


def test_what_comes_between_proposal_and_worker_counts(
    practice: PracticeSite, shop: Site, worker: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(shop)
    with monkeypatch.context() as busy:
        busy.setattr(running.queueing, "enqueue_on_commit", lambda *_a, **_k: None)
        incident = diagnosed(shop)
    row, before = AutomaticRepair.objects.get(), state(practice)
    for change, why in BETWEEN:
        with transaction.atomic():
            change(Incident.objects.select_related("site__host").get(pk=incident.pk))
            tasks.repair_by_policy(row.pk)
            now = AutomaticRepair.objects.get(pk=row.pk)
            assert (now.state, now.outcome) == ("ended", "nothing"), why
            assert not Step.objects.filter(automatic=row).exists() and not Notification.objects.filter(kind="automatic").exists(), why
            transaction.set_rollback(True)
    assert state(practice) == before


def test_one_that_was_forgotten_is_made_by_the_regular_run(
    practice: PracticeSite, shop: Site, worker: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(shop)
    with monkeypatch.context() as away:
        away.setattr(running.queueing, "enqueue_on_commit", lambda *_a, **_k: None)
        diagnosed(shop)
    AutomaticRepair.objects.update(asked_at=timezone.now() - timedelta(seconds=30))
    with held(shop.host):
        monkeypatch.setattr(repairing, "held", lambda host: held(host, wait_s=0.1))
        running.sweep()
        assert AutomaticRepair.objects.get().state == "queued", "somebody works on the account"
    running.sweep()
    assert AutomaticRepair.objects.get().outcome == "cured"


def test_less_certain_cause_waits_for_a_person(practice: PracticeSite, shop: Site, worker: list[str]) -> None:
    allow(shop, confidence=1.01)
    incident = diagnosed(shop)
    assert not AutomaticRepair.objects.exists() and "is only" in deciding.why_none(incident)


def test_person_who_undid_the_last_one_is_not_overruled(practice: PracticeSite, shop: Site, worker: list[str]) -> None:
    allow(shop)
    incident = diagnosed(shop)
    person = make_user("p", team=shop.team)
    undoing.undo(Step.objects.get(), person)
    Incident.objects.filter(pk=incident.pk).update(resolved_at=timezone.now() - timedelta(hours=1))
    site = Site.objects.get(pk=shop.pk)
    make_incident(site)
    diagnosed(site)
    assert AutomaticRepair.objects.count() == 1
    assert RepairCase.objects.filter(closed_at=None).count() == 0


@pytest.mark.parametrize("cures", [True, False])
def test_effect_that_takes_its_time_is_waited_for(practice: PracticeSite, shop: Site, worker: list[str], cures: bool) -> None:
    """As where a host takes over modes minutes later: it ends when the site was looked at again, one way or the other."""
    broken = state(practice)
    allow(shop)
    diagnosed(shop)
    Step.objects.update(state="awaiting-effect", check_again_at=timezone.now())
    AutomaticRepair.objects.update(state="waiting", ended_at=None, outcome="")
    Notification.objects.all().delete()
    running.sweep()
    assert AutomaticRepair.objects.get().state == "waiting", "its time has not come"
    if not cures:
        shop.pages.create(path="/not-there")
    repairing.look_again()
    running.sweep()
    row = AutomaticRepair.objects.get()
    assert (row.state, row.outcome) == ("ended", "cured" if cures else "taken-back"), row.message
    assert (state(practice) == broken) is not cures
    assert Notification.objects.filter(kind="automatic").count() == 1
    assert (Site.objects.get(pk=shop.pk).auto_stopped_at is None) is cures
