"""All benches, one after the other, or those that are named: `make bench`, `make bench ARGS="probing storage"`, `make bench ARGS=--list`.

Each runs as a program of its own with its own defaults; `python -m tests.bench.bench_NAME --help` (or its first lines) tells what it takes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

# Those that need to be told what to measure; the others measure everything by themselves.
_ARGUMENTS = {"probing": ("all",)}


def names() -> list[str]:
    """The benches there are: `bench_NAME.py` beside this file."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def run(name: str, more: tuple[str, ...]) -> int:
    """Runs one bench; returns its exit status."""
    print(f"\n== {name}", flush=True)
    began = time.monotonic()
    status = subprocess.run([sys.executable, "-m", f"tests.bench.bench_{name}", *_ARGUMENTS.get(name, ()), *more], check=False).returncode
    print(f"== {name}: {'done' if status == 0 else f'ended with status {status}'} after {time.monotonic() - began:.0f} s", flush=True)
    return status


def main(arguments: list[str] | None = None) -> int:
    """1 when one of them failed or missed its bar; the others are run all the same."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (default: all): " + ", ".join(names()))
    parser.add_argument("--quick", action="store_true", help="probing takes short runs, for orientation only")
    parser.add_argument("--list", action="store_true", help="only list what there is")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(names())):
        parser.error(f"there is no bench {', '.join(unknown)}; there are: {', '.join(names())}")
    if options.list:
        print("\n".join(names()))
        return 0
    results = [run(name, ("--quick",) if options.quick and name == "probing" else ()) for name in options.names or names()]
    return int(any(results))


if __name__ == "__main__":
    sys.exit(main())
