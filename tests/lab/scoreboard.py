"""The scoreboard: per cause and per transport, and every miss with what was said instead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from tests.lab.running import Run

BARS = {"ssh": 0.95, "sftp": 0.90, "ftp": 0.90}
FILE_BAR, LINE_BAR, MEDIAN_S, MOST_S = 0.95, 0.90, 3.0, 20.0


def per_cause(runs: Sequence[Run]) -> str:
    """A line for each cause: how often the first finding named it, its file, its line."""
    groups: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        groups[run.cause or "(lab)"].append(run)
    lines = [f"{'cause':38} {'right':>9} {'file':>9} {'line':>9} {'alarms':>7} {'median s':>9} {'most s':>7}"]
    for cause in sorted(groups):
        found = groups[cause]
        seconds = [run.seconds for run in found]
        counts = " ".join(f"{_ratio([getattr(run.score, name) for run in found]):>9}" for name in ("cause", "file", "line"))
        lines.append(f"{cause:38} {counts} {sum(bool(run.score.alarms) for run in found):>7} {median(seconds):>9.2f} {max(seconds):>7.2f}")
    return "\n".join(lines)


def _ratio(values: Sequence[bool | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known)}/{len(known)}" if known else "-"


def _share(values: Sequence[bool | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 1.0


def per_transport(runs: Sequence[Run]) -> str:
    """The bars, and how far each transport is from them."""
    titles = f"{'transport':10} {'cause right':>18} {'file right':>18} {'line right':>18}"
    lines = [f"{titles} {'alarms':>8} {'median s':>9} {'most s':>7} {'not asked':>10}"]
    for transport in dict.fromkeys(run.transport for run in runs):
        mine = [run for run in runs if run.transport == transport]
        asked = [run for run in mine if not run.fault] or mine[:1]
        shares = []
        for name in ("cause", "file", "line"):
            values = [getattr(run.score, name) for run in mine if run.cause]
            shares.append(f"{_ratio(values)} {_share(values):.1%}")
        seconds = [run.seconds for run in asked]
        wells = [run for run in mine if run.cause == "none"]
        alarms = f"{sum(bool(run.score.alarms) for run in wells)}/{len(wells)}"
        lines.append(
            f"{transport:10} {shares[0]:>18} {shares[1]:>18} {shares[2]:>18} {alarms:>8} {median(seconds):>9.2f} {max(seconds):>7.2f} "
            f"{sum(bool(run.fault) for run in mine):>10}"
        )
    return "\n".join(lines)


def misses(runs: Sequence[Run]) -> str:
    """What was wrong, one line each."""
    lines = []
    for run in runs:
        where = f"{run.case} [{' '.join([run.transport, run.place, run.site, *(['early'] if run.early else [])])}]"
        score = run.score
        if run.fault:
            lines.append(f"{where}: {run.fault}")
        elif score.alarms:
            lines.append(f"{where}: false alarm: {'; '.join(score.alarms)}")
        elif score.cause is False:
            lines.append(f"{where}: {run.cause} expected; said: {score.said}")
        elif score.file is False or score.line is False:
            lines.append(f"{where}: {'file' if score.file is False else 'line'} wrong; said: {score.said}")
    return "\n".join(lines)


def verdict(runs: Sequence[Run]) -> list[str]:
    """The bars that were missed, none when all is well."""
    missed = []
    for transport in dict.fromkeys(run.transport for run in runs):
        mine = [run for run in runs if run.transport == transport]
        checks = (("cause", BARS[transport]), ("file", FILE_BAR), ("line", LINE_BAR))
        for name, bar in checks:
            share = _share([getattr(run.score, name) for run in mine])
            if share < bar:
                missed.append(f"{transport}: {name} right in {share:.1%}, the bar is {bar:.0%}")
        if alarms := [run.case for run in mine if run.score.alarms]:
            missed.append(f"{transport}: false alarms on {', '.join(alarms)}")
        if median(run.seconds for run in mine) > MEDIAN_S or max(run.seconds for run in mine) > MOST_S:
            missed.append(f"{transport}: median {median(run.seconds for run in mine):.1f} s, most {max(run.seconds for run in mine):.1f} s")
    if faults := [run.case for run in runs if run.fault]:
        missed.append(f"not asked: {', '.join(faults)}")
    return missed
