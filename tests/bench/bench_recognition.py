"""What is recognised: the corpus of answers, made by software that is really run here, and by ourselves.

    python -m tests.bench.bench_recognition [--keep FILE | --from FILE] [--names] [--unseen-names]

Prints which kind was taken for which, the share that is right, by language and for the fifth that is set aside (see `Case.unseen`),
look-alikes that were taken for a failure (there must be none), and how long one answer takes. Software that is not installed is
named and left out. Exit status 1 when a look-alike is taken for a failure or fewer than 99 % are right.

When the rules were written, the first look at the 142 that are set aside found 138 right (97.2 %) and no look-alike taken for a
failure; of the other four, three were expected wrongly here and one (a fatal in the place of JSON) was a gap in the rules.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from sites.signatures import classify
from tests.corpus import made
from tests.corpus.case import Case
from tests.corpus.made.pages import HTML, site
from tests.corpus.software import SOURCES

BAR = 0.99


def of_software() -> list[Case]:
    """Starts one after the other what is installed."""
    found: list[Case] = []
    for source in SOURCES:
        if source.why_missing():
            print(f"left out: {source.name}: {source.why_missing()}")
            continue
        with tempfile.TemporaryDirectory(prefix="corpus-") as name:
            Path(name).chmod(0o755)
            began = time.monotonic()
            cases = list(source.make(Path(name)))
        print(f"{source.name}: {len(cases)} answers in {time.monotonic() - began:.1f} s", flush=True)
        found += cases
    return found


def share(cases: Iterable[Case]) -> str:
    kept = list(cases)
    right = sum(case.is_right for case in kept)
    return f"{right} of {len(kept)} ({100 * right / len(kept):.1f} %)" if kept else "none"


def confusion(cases: list[Case]) -> str:
    """A line per kind: how many of it were taken for what."""
    counts = Counter((case.kind, case.found()) for case in cases)
    kinds = sorted({kind for pair in counts for kind in pair}, key=lambda kind: kind.rank)
    names = [str(kind) for kind in kinds]
    lines = [f"{'is, and is taken for':>22} " + " ".join(f"{name[:11]:>11}" for name in names)]
    for kind in kinds:
        lines.append(f"{kind!s:>22} " + " ".join(f"{counts[kind, other] or '.':>11}" for other in kinds))
    return "\n".join(lines)


def microseconds(status: int, body: bytes) -> tuple[float, float]:
    """Median and 95th percentile of a classification, each a mean of 200."""
    times = []
    for _round in range(40):
        began = time.perf_counter()
        for _ in range(200):
            classify(status, HTML, body)
        times.append((time.perf_counter() - began) / 200 * 1e6)
    return statistics.median(times), sorted(times)[int(len(times) * 0.95)]


def report(cases: list[Case], *, names: bool, unseen_names: bool) -> bool:
    """Prints all figures; whether the bar is held."""
    seen, unseen = [case for case in cases if not case.unseen], [case for case in cases if case.unseen]
    print(f"\n{len(cases)} answers, {sum(case.software for case in cases)} of them by software that was run\n\n{confusion(cases)}\n")
    print(f"right: {share(cases)}; seen: {share(seen)}; set aside: {share(unseen)}")
    for language in ("en", "fr", "de", "es", "it"):
        print(f"  {language}: {share(case for case in cases if case.language == language)}")
    alarms = [case for case in cases if case.is_false_alarm]
    print(f"look-alikes: {sum(case.lookalike for case in cases)}, taken for a failure: {len(alarms)}")
    shown = [case for case in cases if not case.is_right and (unseen_names if case.unseen else names)]
    for case in shown:
        print(f"  wrong: {case.name}: {case.found()} instead of {case.kind}")
    well = site("Mugs", "<h1>Mugs</h1>", sentences=213)[:20_480]
    for what, status, body in (("a good page of 20 KB", 200, well), ("an error page of 400 bytes", 500, site("x", "x", sentences=0))):
        median, high = microseconds(status, body)
        print(f"{what}: {median:.1f} µs, p95 {high:.1f} µs")
    return not alarms and sum(case.is_right for case in cases) >= BAR * len(cases)


def main() -> None:
    parser = argparse.ArgumentParser(description="How well answers are recognised, and how fast.")
    parser.add_argument("--keep", type=Path, help="write what the software answered into this file")
    parser.add_argument("--from", type=Path, dest="source", help="take what the software answered from this file")
    parser.add_argument("--names", action="store_true", help="name the wrong ones of those that are seen")
    parser.add_argument("--unseen-names", action="store_true", help="name the wrong ones of those set aside: not while rules are written")
    wanted = parser.parse_args()
    software = [Case.from_json(one) for one in json.loads(wanted.source.read_text())] if wanted.source else of_software()
    if wanted.keep:
        wanted.keep.write_text(json.dumps([case.to_json() for case in software]))
    sys.exit(0 if report([*software, *made.cases()], names=wanted.names, unseen_names=wanted.unseen_names) else 1)


if __name__ == "__main__":
    main()
