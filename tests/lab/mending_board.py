"""The scoreboard of the second half: cured, undone, untouched, per cause and per transport."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tests.lab.mending import Mended
from tests.lab.reach import may_be_cured
from tests.lab.running import Run

CURED_BARS = {"ssh": 0.90, "sftp": 0.85, "ftp": 0.85}


def of_account(runs: Iterable[Run]) -> list[Run]:
    """The runs whose fault the catalogue says that the account can repair."""
    return [run for run in runs if run.mended and _is_in_reach(run, run.mended)]


def _is_in_reach(run: Run, mended: Mended) -> bool:
    was_known = run.early and not mended.is_new
    return may_be_cured(run.cause, run.case, was_known=was_known, is_of_others=mended.is_of_others, is_lost=mended.is_lost)


def _of_catalogue(runs: Iterable[Run]) -> list[Run]:
    """Those whose cause the account repairs, also where nothing is known to put in the place of code that is wrong."""
    return [run for run in runs if run.mended and may_be_cured(run.cause)]


def mended_per_cause(runs: Sequence[Run]) -> str:
    """A line for each cause: how many were cured, of them by a person's answers, and undone to the byte; the well ones untouched."""
    groups: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        if run.mended:
            groups[run.cause].append(run)
    lines = [f"{'cause':38} {'by':9} {'cured':>9} {'answered':>9} {'undone':>9} {'untouched':>10}"]
    for cause in sorted(groups):
        mine = groups[cause]
        well = cause == "none"
        who = "-" if well else "account" if may_be_cured(cause) else "others"
        answered = sum(run.mended.cured and run.mended.answers > 0 for run in mine if run.mended)
        cured = "-" if well else _of(run.mended.cured for run in mine if run.mended)
        undone = _of(is_undone(run) for run in mine)
        untouched = _of(not run.mended.after_repair for run in mine if run.mended) if well else "-"
        lines.append(f"{cause:38} {who:9} {cured:>9} {answered if answered else '-':>9} {undone:>9} {untouched:>10}")
    return "\n".join(lines)


def mended_per_transport(runs: Sequence[Run]) -> str:
    """How far each transport is from its bars."""
    head = f"{'transport':10} {'cured of the account':>21} {'of the catalogue':>21} {'with answers':>13} {'undone':>9} {'untouched':>10}"
    lines = [head]
    for transport in dict.fromkeys(run.transport for run in runs):
        mine = [run for run in runs if run.transport == transport and run.mended]
        ours = of_account(mine)
        wells = [run for run in mine if run.cause == "none"]
        cured, all_cured = (
            f"{_of(run.mended.cured for run in some if run.mended)} {cured_share(some):.1%}" for some in (ours, _of_catalogue(mine))
        )
        answered = sum(run.mended.answers > 0 for run in ours if run.mended and run.mended.cured)
        untouched = _of(not run.mended.after_repair for run in wells if run.mended)
        lines.append(f"{transport:10} {cured:>21} {all_cured:>21} {answered:>13} {_of(map(is_undone, mine)):>9} {untouched:>10}")
    return "\n".join(lines)


def not_mended(runs: Sequence[Run]) -> str:
    """What was not cured, not undone or touched in vain, one line each."""
    lines = []
    for run in runs:
        if (mended := run.mended) is None:
            continue
        where = f"{run.case} [{run.transport} {run.place} {run.site}{' early' if run.early else ''}] {run.cause}"
        if mended.after_repair:
            lines.append(f"{where}: touched though well: {', '.join(mended.after_repair[:5])}")
        if not is_undone(run):
            lines.append(f"{where}: not undone: {', '.join((*mended.after_undo[:5], *mended.refused))} {mended.kept}")
        if mended.claimed and not mended.cured and run.cause != "none":
            lines.append(f"{where}: said to be cured and is not: {', '.join(mended.kept)}")
        elif not mended.cured and may_be_cured(run.cause):
            whose = "" if of_account([run]) else " (a developer's or the host's, or gone)"
            tried = f" tried: {', '.join(mended.taken_back)};" if mended.taken_back else ""
            stood = f" stood: {', '.join(mended.kept)};" if mended.kept else ""
            lines.append(f"{where}: not cured{whose}, {mended.answers} answers:{tried}{stood} left: {' | '.join(mended.left)[:300]}")
    return "\n".join(lines)


def mending_verdict(runs: Sequence[Run]) -> list[str]:
    """The bars that were missed, none when all is well."""
    missed = []
    for transport in dict.fromkeys(run.transport for run in runs):
        mine = [run for run in runs if run.transport == transport and run.mended]
        share = cured_share(of_account(mine))
        if share < CURED_BARS[transport]:
            missed.append(f"{transport}: cured {share:.1%}, the bar is {CURED_BARS[transport]:.0%}")
        if left := [run.case for run in mine if not is_undone(run)]:
            missed.append(f"{transport}: not undone: {', '.join(left)}")
        if touched := [run.case for run in mine if run.mended and run.mended.after_repair]:
            missed.append(f"{transport}: touched though well: {', '.join(touched)}")
        if claimed := [run.case for run in mine if run.mended and run.mended.claimed and not run.mended.cured]:
            missed.append(f"{transport}: said to be cured and is not: {', '.join(claimed)}")
    return missed


def is_undone(run: Run) -> bool:
    return run.mended is not None and not run.mended.after_undo and not run.mended.refused


def cured_share(runs: Sequence[Run]) -> float:
    known = [run.mended.cured for run in runs if run.mended]
    return sum(known) / len(known) if known else 1.0


def _of(values: Iterable[bool]) -> str:
    known = list(values)
    return f"{sum(known)}/{len(known)}" if known else "-"
