"""`manage.py up` replaces itself with this program when all is prepared: it holds the listening socket and the lock."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from config.supervision import processes
from config.supervision.broker import EmbeddedBroker
from config.supervision.supervisor import Supervisor, run, say


def main() -> int:
    """Everything secret stays in the environment; arguments are visible to others on the machine."""
    parser = argparse.ArgumentParser(prog="sitemend")
    parser.add_argument("--state-folder", type=Path, required=True)
    parser.add_argument("--listening-fd", type=int, required=True)
    parser.add_argument("--lock-fd", type=int, required=True, help="held until this program ends")
    parser.add_argument("--embedded-broker", action="store_true")
    options = parser.parse_args()
    for fd in (options.listening_fd, options.lock_fd):
        os.set_inheritable(fd, False)
    environment = {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore:You're running the worker with superuser"}
    # malloc(3): by default every thread gets an arena of its own, and what one of them has freed is of no use to the others.
    # And after it has once freed a large block it keeps blocks of that size for itself.
    for name, value in (("MALLOC_ARENA_MAX", "2"), ("MALLOC_TRIM_THRESHOLD_", "131072"), ("MALLOC_MMAP_THRESHOLD_", "131072")):
        environment[name] = os.environ.get(name, value)
    if os.geteuid() == 0:
        say("up", "running as root; a user of its own is safer")
    broker = EmbeddedBroker(options.state_folder) if options.embedded_broker else None
    if broker:
        environment["REDIS_URL"] = broker.url
    specs = [
        processes.web(options.listening_fd, environment),
        processes.probes(environment),
        processes.hosts(environment),
        processes.beat(environment),
        processes.practice(options.state_folder / "practice", environment),
    ]
    try:
        return run(Supervisor(specs, broker.spec(), broker.answers) if broker else Supervisor(specs))
    finally:
        if broker:
            broker.remove()


if __name__ == "__main__":
    sys.exit(main())
