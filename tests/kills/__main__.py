"""Kills processes of the running product amid repairs: `python -m tests.kills --kills 300 --seed 7`. Prints a JSON document for each kill.

Each site has an account of its own, and one repair is begun after the other there, each interrupted once. A kill of the worker, the web
process or the broker meets the repairs of the other sites as well: these are judged like the one that it was meant for.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests import prepared
from tests.config.running import Up

SETTINGS = {"DATABASE_URL": "", "REDIS_URL": "", "EMAIL_URL": "", "SITEMEND_ANCHORS": "", "SITEMEND_ENV_FILE": os.devnull}


@contextlib.contextmanager
def product(folder: Path) -> Iterator[Up]:
    """The whole product, ready, with this process beside it over the same state folder."""
    prepared.installation(folder)
    os.environ.update(SETTINGS, SITEMEND_VAR_DIR=str(folder), SITEMEND_ALLOWED_NETWORKS="127.0.0.0/8")
    up = Up(folder, "--port", "0")
    try:
        up.ready()
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django

        django.setup()
        yield up
        assert up.stop() == 0, up.text[-3000:]
        assert not up.everything(), "nothing is left running"
    finally:
        up.clean()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.kills")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--rested", type=float, default=62.0, help="seconds that a process of all sites runs before it is killed again")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sitemend-kills-") as name, product(Path(name) / "var") as up:
        from tests.kills.rounds import Rounds

        rounds = Rounds(up, Path(name), chosen.kills, chosen.seed, chosen.rested)
        rounds.run()
        if rounds.failed:
            print(up.text[-6000:], file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main()
