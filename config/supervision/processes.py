"""Which processes the product consists of, and their command lines. The README's systemd units run the same ones."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from config.supervision.child import Spec

# Threads, because a batch of probes mostly waits: a slow batch must hold up neither the next one nor the timetable.
PROBE_THREADS = 4
# Processes, because work on hosts has hard time limits, which only processes can be held to. At most three of them work on hosts
# (`diagnostics.connections.rooms`): mail always finds one. They are started as they are needed (`config.on_demand`).
HOST_PROCESSES = 4
WEB_THREADS = 8

_CELERY = (sys.executable, "-m", "celery", "--quiet")
_WORKER = (*_CELERY, "-A", "config", "worker")
_QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")


def web(listening_fd: int, environment: Mapping[str, str]) -> Spec:
    """gunicorn on a socket that is already listening: who comes while it restarts waits a moment and is answered."""
    options = (
        *("--bind", f"fd://{listening_fd}"),
        *("--worker-class", "gthread", "--workers", "1", "--threads", str(WEB_THREADS)),
        *("--timeout", "60", "--graceful-timeout", "4", "--keep-alive", "5"),
        *("--forwarded-allow-ips", ""),  # TrustedProxyMiddleware decides whom to believe
        "--no-control-socket",
        "--preload",  # the master's memory is shared with the worker
    )
    return Spec("web", (sys.executable, "-m", "gunicorn", "config.wsgi", *options), environment, pass_fds=(listening_fd,))


def probes(environment: Mapping[str, str]) -> Spec:
    """The worker that probes."""
    options = ("--queues", "probes", "--pool", "threads", "--concurrency", str(PROBE_THREADS), "--hostname", "probes@%h")
    # `up` has made Django's checks; here they would only load all pages, which this worker never shows.
    return Spec("probes", (*_WORKER, *options, *_QUIET), {**environment, "CELERY_SKIP_CHECKS": "1"})


def hosts(environment: Mapping[str, str]) -> Spec:
    """The worker that reads and repairs hosts, and mails."""
    options = ("--queues", "hosts,mail", "--pool", "prefork", "--autoscale", f"{HOST_PROCESSES},1", "--hostname", "hosts@%h")
    return Spec("hosts", (*_WORKER, *options, *_QUIET), environment)


def beat(environment: Mapping[str, str]) -> Spec:
    """The clock."""
    return Spec("beat", (*_CELERY, "-A", "config.clock", "beat", "--pidfile", ""), environment)


def practice(folder: Path, environment: Mapping[str, str]) -> Spec:
    """The practice site, which runs while `folder/enabled` is there: pages switch it on and off by that file."""
    marker = folder / "enabled"
    command = (sys.executable, "-m", "diagnostics.practice.serve", str(folder))
    return Spec("practice", command, environment, wanted=marker.exists)
