"""A Celery application whose tasks sleep: `celery -A tests.config.sleeping worker --autoscale 4,1`. Settings from the environment."""

from __future__ import annotations

import os
import time

from celery import Celery

from config import on_demand

on_demand.WAIT_S = 0.2
on_demand.UNUSED_S = float(os.environ.get("UNUSED_S", "1"))

app = Celery("sleeping", broker=os.environ.get("BROKER", "memory://"), set_as_current=False)
app.conf.worker_autoscaler = "config.on_demand:OnDemand"
app.conf.worker_prefetch_multiplier = 1
app.conf.task_ignore_result = True
app.conf.task_acks_late = True


@app.task
def sleep(number: int, seconds: float) -> None:
    time.sleep(seconds)
    with open(os.environ["DONE"], "a") as done:
        done.write(f"{number} {os.getpid()}\n")
