"""The lab: `make lab`, `make lab ARGS="--seed 7 --transport ssh --only htaccess"`. Real servers, real faults, a scoreboard.

Needs root (it makes accounts) and what `.ci/run` installs. The same seed makes the same sites. Exit status 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

import tests.conftest  # noqa: F401 (an installation of its own, before anything reads the settings)


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", default=str(random.randrange(10**6)))
    parser.add_argument("--transport", default="all", choices=("all", "ssh", "sftp", "ftp", "random"))
    parser.add_argument(
        "--registered", default="random", choices=("random", "late", "early"), help="when the site is broken already, or while it is well"
    )
    parser.add_argument("--only", default="", metavar="WORDS", help="cases or causes whose name holds one of these, separated by commas")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="so many cases, chosen by the seed")
    parser.add_argument("--list", action="store_true", help="only list the cases")
    parser.add_argument("--repair", action="store_true", help="the second half: each site is repaired, and all is undone again")
    parser.add_argument("--answers", action="store_true", help="print each answer whole, as JSON")
    parser.add_argument("--json", default="", metavar="FILE", help="write all runs there")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """1 when a bar was missed, 2 when the lab cannot run here."""
    from django.core.management import call_command

    from tests.lab.cases import CASES
    from tests.lab.mending_board import mended_per_cause, mended_per_transport, mending_verdict, not_mended
    from tests.lab.running import run_case
    from tests.lab.scoreboard import misses, per_cause, per_transport, verdict
    from tests.lab.selecting import chosen, is_early, prepared, transports_of
    from tests.lab.stack import started, why_missing

    wanted = options(arguments)
    cases = chosen(CASES, wanted.seed, wanted.only, wanted.sample)
    if wanted.list:
        print("\n".join(f"{case.name}{'  (well)' if case.is_well else ''}" for case in cases))
        return 0
    if why := why_missing():
        print(why, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # ended from outside, everything that was started ends with it
    call_command("migrate", verbosity=0)
    print(f"seed {wanted.seed}: {len(cases)} cases, {sum(case.is_well for case in cases)} of them well", flush=True)
    runs = []
    with prepared(), started() as stack, stack.directory.in_use():
        for number, case in enumerate(cases, 1):
            began, own = time.monotonic(), f"{wanted.seed} {case.name}"
            over = transports_of(wanted.transport, stack.doors.transports, own)
            found = run_case(stack, case, wanted.seed, over, early=is_early(wanted.registered, own), mend=wanted.repair)
            runs += found
            said = "\n".join(filter(None, (misses(found), not_mended(found))))
            print(
                f"{number:3}/{len(cases)} {case.name} {time.monotonic() - began:.1f} s{': ' if said else ''}{said.replace(chr(10), ' | ')}",
                flush=True,
            )
            if wanted.answers:
                print(json.dumps([run.answer for run in found], indent=1))
    if wanted.json:
        with open(wanted.json, "w", encoding="utf-8") as file:
            json.dump([asdict(run) for run in runs], file, indent=1)
    print("\n".join(["", per_cause(runs), "", misses(runs), "", per_transport(runs), ""]))
    missed = verdict(runs)
    if wanted.repair:
        print("\n".join([mended_per_cause(runs), "", not_mended(runs), "", mended_per_transport(runs), ""]))
        missed += mending_verdict(runs)
    print("\n".join([f"seed {wanted.seed}", *(missed or ["every bar was met"])]))
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
