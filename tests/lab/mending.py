"""The second half of the lab: the site is repaired by the commands, by a person's clicks where one is needed, and all is undone."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import re
import shutil
from dataclasses import dataclass, field
from typing import Any

from django.core.management import call_command

from diagnostics.changes import journal
from diagnostics.models import JournalEntry, Step
from sites.models import Site
from tests.lab import reach
from tests.lab.hosting import State, differences, state_of
from tests.lab.person import Person
from tests.lab.planting import Planted

MOST_ANSWERS = 2  # of a person
# Source that is sent, or a complaint in the page: where the fault leaves the page a status of 200, this tells whether it is still there.
_SICK = re.compile(rb"<\?(?:php)?\s|<b>(?:Fatal error|Parse error|Warning|Notice)</b>|\A\s*\Z")
# What a site writes by itself whenever somebody looks at it.
_OF_THE_SITE = re.compile(rb"(?:^|/)(?:error_log|[^/]*\.log|sess_[^/]*|tmp/.*|cache/[^/]*)$|^logs(?:/|$)")


@dataclass(frozen=True)
class Mended:
    """What became of one case. `cured`: its pages are really well. `answers`: so many were asked of a person."""

    cured: bool = False
    claimed: bool = False  # the product says that it is well
    answers: int = 0
    kept: tuple[str, ...] = ()  # repairs that stood at the end
    taken_back: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    after_repair: tuple[str, ...] = ()  # what was not as before, of a site where nothing was to be done or nothing helped
    after_undo: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    is_of_others: bool = False  # what is at fault belongs to another owner, or is gone from a database: no file of the account mends it
    is_new: bool = False  # the page at fault was never seen well, and came with the file at fault
    is_lost: bool = False  # code that was cut, changed or deleted lies nowhere else, and no directory publishes it


@dataclass
class Mender:
    """`look` of a run: repairs, asks, undoes. What came of it is kept in `found`, the newest last."""

    found: list[Mended] = field(default_factory=list)

    def look(self, planted: Planted, site: Site) -> None:
        before, own, broken = _state(planted), _written_by_the_site(planted), _answer(planted)
        stored = state_of(planted.scene.place.home)
        of_others, is_new, is_lost = (
            reach.is_of_others(planted, site.host.protocol if site.host else ""),
            reach.is_new(planted),
            reach.is_lost(planted),
        )
        report = _command("repair", site.name, "--yes")
        cured, answers, person = _is_well(planted, broken), 0, Person(site, planted.scene, _login_of(planted))
        untouched = _differing(before, _state(planted), own, site) if planted.case.is_well else ()
        while not planted.case.is_well and not cured and answers < MOST_ANSWERS and person.answers():
            answers += 1
            cured = _is_well(planted, broken)
        steps = list(Step.objects.filter(case__site=site, action="repair").order_by("pk"))
        kept = tuple(step.repair_id for step in steps if step.stands_applied)
        undone = _command("undo", site.name, "--all")
        for _ in range(MOST_ANSWERS + 1):  # each step says what is in its way
            if undone.get("refused") and (_emptied_as_told(planted, site) or _made_room_as_told(planted, site, stored, own)):
                undone = _command("undo", site.name, "--all")
        self.found.append(
            Mended(
                cured=cured,
                claimed=(report.get("cured", False) and report.get("before") != "up")
                or any(step.state == Step.State.DONE_VERIFIED for step in steps),
                answers=answers,
                kept=kept,
                taken_back=tuple(f"{step.repair_id} ({step.state}: {step.message[:120]})" for step in steps if not step.stands_applied),
                left=tuple(f"{each['cause']}: {each['why']}" for each in report.get("left", ())) or (str(report.get("error", "")),),
                after_repair=untouched,
                after_undo=_differing(before, _state(planted), own, site),
                refused=tuple(each["why"] for each in undone.get("refused", ()) if not _was_known_beforehand(each["step"])),
                is_of_others=of_others,
                is_new=is_new,
                is_lost=is_lost,
            )
        )


def _login_of(planted: Planted) -> tuple[str, str] | None:
    """What the visitors of a site type who are asked for a password."""
    kind, _space, coded = planted.truth.headers.get("Authorization", "").partition(" ")
    user, mark, password = base64.b64decode(coded).decode().partition(":") if kind == "Basic" else ("", "", "")
    return (user, password) if mark else None


def _emptied_as_told(planted: Planted, site: Site) -> bool:
    """What the site stored since in a folder that was made is never deleted by an undo: the owner does what it says, and asks again."""
    made = JournalEntry.objects.filter(step__case__site=site, change="make-folder").exclude(state__in=JournalEntry.CLOSED)
    full = [folder for entry in made if (folder := planted.scene.path(entry.shown)).is_dir() and any(folder.iterdir())]
    own = {planted.scene.path(entry.shown) for entry in made}
    for path in (each for folder in full for each in folder.iterdir() if each not in own):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return bool(full)


def _was_known_beforehand(step_id: int) -> bool:
    """Whether nothing of a step stands in files, and a person was told before that what it did in a database cannot be undone."""
    step = Step.objects.get(pk=step_id)
    return bool(step.undo_ended) and not journal.standing(step)


def _made_room_as_told(planted: Planted, site: Site, stored: State, own: set[bytes]) -> bool:
    """A disk that was full to the last byte has no room for what was taken away and for what the site stored there since: the owner
    deletes the latter, which the site wrote by itself, and asks again. Whatever was there before stays, to be compared."""
    taken = JournalEntry.objects.filter(step__case__site=site, change__in=("remove", "empty")).exclude(state__in=JournalEntry.CLOSED)
    ours = {planted.scene.path(entry.shown) for entry in taken}
    disks = {path.parent.stat().st_dev for path in ours}
    since = []
    for name, (old, new) in differences(stored, state_of(planted.scene.place.home)).items():
        path = planted.scene.place.home / os.fsdecode(name)
        by_itself = old is None or name in own or _OF_THE_SITE.search(name) is not None
        if new is not None and by_itself and path.is_file() and path not in ours and path.stat().st_dev in disks:
            since.append(path)
    for path in since:
        path.unlink()
    return bool(since)


def _state(planted: Planted) -> State:
    state = state_of(planted.scene.place.home)
    return {path: what for path, what in state.items() if not _OF_THE_SITE.search(path)}


def _written_by_the_site(planted: Planted) -> set[bytes]:
    """What changes by itself whenever somebody looks at the pages: files, also one that was written in the same second before."""
    before = state_of(planted.scene.place.home, exact=True)
    for page in planted.scene.pages:
        planted.scene.place.get(page, planted.truth.headers)
    found = differences(before, state_of(planted.scene.place.home, exact=True))
    return {path for path, states in found.items() if not any(state and state[0].startswith("d") for state in states)}


def _differing(before: State, after: State, own: set[bytes], site: Site) -> tuple[str, ...]:
    """What is not as before, without what the site itself wrote: also a new file that no step of ours ever named."""
    named = set(JournalEntry.objects.filter(step__case__site=site).values_list("shown", flat=True))
    targets = set(JournalEntry.objects.filter(step__case__site=site).values_list("target", flat=True))
    ours = {name.rpartition("/")[2] for name in (*named, *targets) if name}
    opened = _only_opened(site)
    found = []
    for path, (old, new) in differences(before, after).items():
        shown = path.decode("utf-8", "backslashreplace")
        is_new_of_site = old is None and shown.rpartition("/")[2] not in ours and "sitemend" not in shown
        was_written_by_site = shown in opened and old is not None and new is not None and old[0] == new[0]
        if path not in own and not is_new_of_site and not was_written_by_site:
            found.append(shown)
    return tuple(found)


def _only_opened(site: Site) -> set[str]:
    """Files of which steps changed the mode and nothing else, so that the site may write them again: as a counter of visitors is."""
    entries = list(JournalEntry.objects.filter(step__case__site=site).values_list("shown", "change"))
    return {shown for shown, change in entries if change == "mode"} - {shown for shown, change in entries if change != "mode"}


def _command(*arguments: str) -> dict[str, Any]:
    """The document that a command prints, whatever its exit status is."""
    out = io.StringIO()
    with contextlib.suppress(SystemExit):
        call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def _answer(planted: Planted) -> bytes:
    """What the page at fault says, without what differs from one time to the next."""
    _status, body = planted.scene.place.get(planted.truth.page, planted.truth.headers)
    return re.sub(rb"[0-9a-f]{6,}|[0-9]+", b"", body)


def _is_well(planted: Planted, broken: bytes) -> bool:
    """Whether the real server answers every page as it did before anything was broken. `broken`: what it said while it was."""
    place, truth = planted.scene.place, planted.truth
    if planted.case.is_well:
        return True
    # A status of 200 with words that the page had while it was well says nothing of whether the fault is still there.
    tells_nothing = 200 in truth.statuses and truth.body in planted.earlier.texts.get(truth.page, b"") and not truth.is_empty
    if _answer(planted) == broken if tells_nothing else not truth.why_not_shown(place):
        return False
    for page in dict.fromkeys((*planted.scene.pages, truth.page)):
        for _ in range(truth.of):
            status, body = place.follow(page, truth.headers)
            is_short = page in planted.earlier.pages and len(body) < 100  # none of these was, while it was well
            if status != 200 or is_short or _SICK.search(body):
                return False
    return True
