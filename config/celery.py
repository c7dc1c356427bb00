"""The workers' Celery application: tasks and limits. `celery -A config` finds it."""

from __future__ import annotations

import gc
import os
import signal

from celery import Celery, Task
from celery.signals import setup_logging, task_prerun, worker_init, worker_process_init
from django.db import close_old_connections

from config.queues import QUEUES, route
from config.supervision import parent_death

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("sitemend")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = QUEUES
app.conf.task_routes = (route,)
# A task is acknowledged when it has ended: the broker hands out again what a lost machine held. A task whose process was
# killed is not repeated at once, since it may be what killed it: the sweeper and the journal look at what it left.
# Batches of probes are acknowledged at once: they expire anyway, and their pages are simply due again.
app.conf.task_annotations = {name: {"acks_late": False} for name in ("sites.tasks.probe_batch", "sites.tasks.probe_looks")}
app.conf.task_acks_late = True
app.conf.task_reject_on_worker_lost = False
app.conf.task_soft_time_limit = 840
app.conf.task_time_limit = 900
app.conf.worker_max_tasks_per_child = 500
app.conf.worker_autoscaler = "config.on_demand:OnDemand"
app.autodiscover_tasks(["sites", "diagnostics"])


@setup_logging.connect
def _own_logging(**_: object) -> None:
    """Workers log as the settings say; without a receiver Celery would set up its own format."""
    from logging.config import dictConfig

    from django.conf import settings

    dictConfig(settings.LOGGING)


@worker_process_init.connect
def _end_with_parent(**_: object) -> None:
    """A worker's process does not outlive the worker, not even one that was killed with SIGKILL."""
    parent_death.follow_parent(signal.SIGKILL)


@task_prerun.connect
def _leave_old_connections(task: Task, **_: object) -> None:
    """As before a request: a connection that broke, or is older than CONN_MAX_AGE, is closed; that it still answers is checked anew."""
    if not task.request.is_eager:
        close_old_connections()


@worker_init.connect
def _share_memory(**_: object) -> None:
    """What is loaded by now is not looked at by the garbage collector again: its pages stay shared with forked processes."""
    gc.collect()
    gc.freeze()
