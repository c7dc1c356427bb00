"""Background work of diagnostics. Tasks take ids, call one verb, and are harmless when run twice."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.contrib.auth import get_user_model
from django.utils import timezone

from sites import queueing
from sites.models import Host

from . import diagnosing, fetched_releases, log_servers, policy_trials, repairing, steps, typed, visiting
from .accounts import looks
from .automatic import approving as automatic_decisions
from .automatic import running as automatic
from .baselines import comparing as file_comparing
from .baselines import taking as baseline_taking
from .changes import recovering, retention, settling, through_database, through_panel, undoing
from .connections import auditing, connecting, host_tests
from .connections.rooms import LONG, READING, RoomTask
from .coverage import searching
from .joint import running as joint_runs
from .models import AutomaticRepair, Step
from .panels import watching as panel_watching
from .releases import fetching
from .restoring import snapshots
from .site_databases import store as database_store


@shared_task(base=RoomTask, name="diagnostics.tasks.diagnose", time_limit=120, soft_time_limit=90)
def diagnose(diagnosis_id: int) -> None:
    """Makes one diagnosis, and hands over the next of those that were asked for many sites."""
    incident = diagnosing.run(diagnosis_id).incident
    if automatic.consider(incident) is None:
        policy_trials.consider(incident)
    diagnosing.hand_over()


@shared_task(base=RoomTask, places=READING, name=diagnosing.TASK_OF_MANY, time_limit=120, soft_time_limit=90)
def diagnose_one_of_many(diagnosis_id: int) -> None:
    """The same for one of those that were asked for many sites: it leaves the last place to a new failure."""
    diagnosing.run(diagnosis_id)
    diagnosing.hand_over()


@shared_task(base=RoomTask, name="diagnostics.tasks.run_step", time_limit=steps.RUN_LIMIT_S)
def run_step(step_id: int) -> None:
    if through_panel.is_one(step_id):
        through_panel.advance(step_id)
        return
    if through_database.is_one(step_id):
        through_database.run_step(step_id)
        return
    (settling if settling.is_one(step_id) else repairing).run_step(step_id)
    policy_trials.go_on(step_id)
    joint_runs.follow(step_id)


@shared_task(name=fetching.TASK, time_limit=300)
def fetch_release(values: list[str], site_id: int) -> None:
    """Fetches a published release, and looks again at the failure that needs a file of it."""
    fetched_releases.fetch(values, site_id)


@shared_task(base=RoomTask, name=automatic.TASK, time_limit=1800)
def repair_by_policy(run_id: int) -> None:
    """Makes a repair that a site's settings allow, or ends one whose worker died."""
    automatic.run(run_id)


@shared_task(base=RoomTask, name=automatic_decisions.UNDO_TASK, time_limit=600)
def undo_automatic(run_id: int, user_id: int) -> None:
    """Takes back what such a repair changed, as a person asked."""
    row = AutomaticRepair.objects.filter(pk=run_id).first()
    if row is not None:
        automatic_decisions.undo(row, get_user_model().objects.filter(pk=user_id).first())


@shared_task(base=RoomTask, name="diagnostics.tasks.undo_step", time_limit=600)
def undo_step(step_id: int, user_id: int | None = None) -> None:
    step = Step.objects.filter(pk=step_id).first()
    if step is None or undoing.ASKED not in step.result:
        return
    user = get_user_model().objects.filter(pk=user_id).first()
    try:
        undoing.undo(step, user, wait=False)
    except repairing.RepairRefused as refusal:
        undoing.note_refused(step_id, str(refusal))


@shared_task(base=RoomTask, name="diagnostics.tasks.test_host", time_limit=120)
def test_host(host_id: int) -> None:
    host = Host.objects.filter(pk=host_id).first()
    if host is not None:
        connecting.test_host(host)


@shared_task(base=RoomTask, places=READING, name="diagnostics.tasks.test_wanted_host", time_limit=120)
def test_wanted_host(host_id: int) -> None:
    host_tests.run(host_id)


@shared_task(name="diagnostics.tasks.hand_over_host_tests", time_limit=60)
def hand_over_host_tests() -> None:
    host_tests.hand_over()


@shared_task(base=RoomTask, places=READING, name=log_servers.TASK, time_limit=60)
def try_log_server(server_id: int) -> None:
    """Tries out a log server that was imported."""
    log_servers.try_stored(server_id)


@shared_task(base=RoomTask, places=READING, name=panel_watching.TASK, time_limit=120)
def watch_panel(watch_id: int) -> None:
    """Looks once what a host is doing with a hosting."""
    panel_watching.look(watch_id)


@shared_task(name="diagnostics.tasks.dispatch_panels", time_limit=60)
def dispatch_panels() -> None:
    """Hands over what is due to be asked of panels."""
    panel_watching.dispatch()
    through_panel.dispatch()


@shared_task(name="diagnostics.tasks.hand_over_log_servers", time_limit=60)
def hand_over_log_servers() -> None:
    log_servers.hand_over()


@shared_task(base=RoomTask, name="diagnostics.tasks.recover_journal", time_limit=600)
def recover_journal() -> None:
    """Takes back what dead workers left, and enqueues what a broker that was away forgot."""
    recovering.recover()
    steps.end_abandoned_looks()
    repairing.look_again()
    joint_runs.sweep()
    typed.forget_old()
    database_store.end_abandoned()
    waiting = Step.objects.filter(state=Step.State.QUEUED, created_at__lt=timezone.now() - timedelta(seconds=10))
    for step_id in waiting.values_list("pk", flat=True)[:100]:
        queueing.enqueue("diagnostics.tasks.run_step", step_id, expires=30.0)
    for step_id, user_id in undoing.asked_for():
        queueing.enqueue("diagnostics.tasks.undo_step", step_id, user_id, expires=30.0)


@shared_task(base=RoomTask, places=READING, name=looks.TASK, time_limit=300)
def look_at_account(host_id: int) -> None:
    """Looks for the sites on a hosting account."""
    looks.run(host_id)


@shared_task(name="diagnostics.tasks.sweep_account_looks", time_limit=60)
def sweep_account_looks() -> None:
    looks.sweep()


@shared_task(name="diagnostics.tasks.prune_host_actions", time_limit=600)
def prune_host_actions() -> None:
    """Removes what was done on hosting accounts and is older than it is kept."""
    auditing.prune()


@shared_task(name="diagnostics.tasks.prune_journal", time_limit=300)
def prune_journal() -> int:
    """Lets go of what the journal, and dumps of databases, were kept for."""
    return retention.prune() + database_store.prune() + snapshots.forget_old()


@shared_task(base=RoomTask, places=READING, name=searching.TASK, time_limit=300)
def search_places(host_id: int) -> None:
    """Looks for folders and logs of the sites of a host that wait for it."""
    searching.run(host_id)


@shared_task(name="diagnostics.tasks.hand_over_searches", time_limit=60)
def hand_over_searches() -> None:
    searching.hand_over()


@shared_task(name=diagnosing.HAND_OVER, time_limit=60)
def sweep_diagnoses() -> None:
    diagnosing.sweep()
    automatic.sweep()
    policy_trials.sweep()


@shared_task(name="diagnostics.tasks.dispatch_access_logs", time_limit=60)
def dispatch_access_logs() -> int:
    """Hands over the hosts whose access logs are due."""
    return visiting.dispatch()


@shared_task(base=RoomTask, places=READING, name=visiting.TASK, time_limit=150)
def read_access_logs(host_id: int) -> int:
    """Reads what is new in the access logs of one host."""
    return visiting.read_host(host_id)


@shared_task(name=baseline_taking.DISPATCH, time_limit=60)
def dispatch_baselines() -> int:
    """Hands over the sites whose baseline is due, and what was asked for while the broker was away."""
    file_comparing.sweep()
    return baseline_taking.dispatch()


@shared_task(base=RoomTask, places=LONG, name=baseline_taking.TASK, time_limit=900)
def take_baseline(site_id: int) -> None:
    """Takes the baseline of one site, and hands over the next that is due."""
    if baseline_taking.run(site_id):
        baseline_taking.dispatch()


@shared_task(base=RoomTask, places=READING, name=file_comparing.TASK, time_limit=900)
def compare_files(comparison_id: int) -> None:
    """Makes one comparison of files."""
    file_comparing.run(comparison_id)
