"""Beat's own Celery application: it only sends names of tasks, so it loads neither Django nor the tasks (half the memory).

`celery -A config.clock beat`; the timetable is `config/schedule.py`.
"""

from __future__ import annotations

import os
from logging.config import dictConfig
from pathlib import Path

from celery import Celery
from celery.signals import setup_logging

from config import broker, env, logs
from config.queues import QUEUES, route
from config.schedule import BEAT_SCHEDULE

os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # Celery would load Django for it

_ROOT = Path(__file__).resolve().parent.parent

try:
    _read = env.Env.of(_ROOT)
    _state_folder = (_ROOT / _read.text("SITEMEND_VAR_DIR", "var")).resolve()
    env.make_state_folder("SITEMEND_VAR_DIR", _state_folder)
    _broker_url = broker.celery_url(broker.redis_url(_read, _state_folder))
except env.SettingRefused as refusal:
    env.say(refusal)
    raise

app = Celery("sitemend-clock")
app.conf.update(
    broker_url=_broker_url,
    broker_connection_timeout=2,
    broker_transport_options=broker.TRANSPORT_OPTIONS,
    task_queues=QUEUES,
    task_routes=(route,),
    task_ignore_result=True,
    task_publish_retry=False,
    beat_schedule=BEAT_SCHEDULE,
    beat_schedule_filename=str(_state_folder / "beat-schedule"),
    beat_max_loop_interval=1,
    timezone="UTC",
)


@setup_logging.connect
def _own_logging(**_: object) -> None:
    dictConfig(logs.LOGGING)
