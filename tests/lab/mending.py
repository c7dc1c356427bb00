"""The second half of the lab: the site is repaired by the commands, by a person's clicks where one is needed, and all is undone."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
from dataclasses import dataclass, field
from typing import Any

from django.core.management import call_command

from diagnostics.causes import CAUSES
from diagnostics.causes.base import RepairableBy
from diagnostics.models import JournalEntry, Step
from sites.models import Site
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


@dataclass
class Mender:
    """`look` of a run: repairs, asks, undoes. What came of it is kept in `found`, the newest last."""

    found: list[Mended] = field(default_factory=list)

    def look(self, planted: Planted, site: Site) -> None:
        before, own, broken = _state(planted), _written_by_the_site(planted), _answer(planted)
        of_others = _is_of_others(planted)
        report = _command("repair", site.name, "--yes")
        cured, answers, person = _is_well(planted, broken), 0, Person(site, planted.scene)
        untouched = _differing(before, _state(planted), own, site) if planted.case.is_well else ()
        while not planted.case.is_well and not cured and answers < MOST_ANSWERS and person.answers():
            answers += 1
            cured = _is_well(planted, broken)
        steps = list(Step.objects.filter(case__site=site, action="repair").order_by("pk"))
        kept = tuple(step.repair_id for step in steps if step.stands_applied)
        undone = _command("undo", site.name, "--all")
        if undone.get("refused") and _emptied_as_told(planted, site):
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
                refused=tuple(each["why"] for each in undone.get("refused", ())),
                is_of_others=of_others,
            )
        )


def _is_of_others(planted: Planted) -> bool:
    """Only the host changes what belongs to another owner, and only a copy brings back what a database no longer has: there is none."""
    truth, account = planted.truth, planted.scene.place.account
    path = planted.scene.path(truth.path)
    is_foreign = bool(truth.path) and path.exists() and not path.is_symlink() and path.stat().st_uid != account.uid
    is_lost = planted.case.name in _OF_LOST_DATA or not truth.path
    return is_foreign or (truth.cause in ("database-table-missing", "database-table-crashed") and is_lost and not _can_be_repaired(planted))


def _can_be_repaired(planted: Planted) -> bool:
    """A table whose rows are there and whose index is damaged."""
    return planted.truth.cause == "database-table-crashed" and planted.case.name not in _OF_LOST_DATA


def _emptied_as_told(planted: Planted, site: Site) -> bool:
    """What the site stored since in a folder that was made is never deleted by an undo: the owner does what it says, and asks again."""
    made = JournalEntry.objects.filter(step__case__site=site, change="make-folder").exclude(state__in=JournalEntry.CLOSED)
    full = [folder for entry in made if (folder := planted.scene.path(entry.shown)).is_dir() and any(folder.iterdir())]
    own = {planted.scene.path(entry.shown) for entry in made}
    for path in (each for folder in full for each in folder.iterdir() if each not in own):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return bool(full)


def _state(planted: Planted) -> State:
    state = state_of(planted.scene.place.home)
    return {path: what for path, what in state.items() if not _OF_THE_SITE.search(path)}


def _written_by_the_site(planted: Planted) -> set[bytes]:
    """What changes by itself whenever somebody looks at the pages."""
    before = _state(planted)
    for page in planted.scene.pages:
        planted.scene.place.get(page, planted.truth.headers)
    return set(differences(before, _state(planted)))


def _differing(before: State, after: State, own: set[bytes], site: Site) -> tuple[str, ...]:
    """What is not as before, without what the site itself wrote: also a new file that no step of ours ever named."""
    named = set(JournalEntry.objects.filter(step__case__site=site).values_list("shown", flat=True))
    targets = set(JournalEntry.objects.filter(step__case__site=site).values_list("target", flat=True))
    ours = {name.rpartition("/")[2] for name in (*named, *targets) if name}
    found = []
    for path, (old, _new) in differences(before, after).items():
        shown = path.decode("utf-8", "backslashreplace")
        is_new_of_site = old is None and shown.rpartition("/")[2] not in ours and "sitemend" not in shown
        if path not in own and not is_new_of_site:
            found.append(shown)
    return tuple(found)


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
    tells_nothing = 200 in truth.statuses and not truth.body and not truth.is_empty
    if _answer(planted) == broken if tells_nothing else not truth.why_not_shown(place):
        return False
    for page in dict.fromkeys((*planted.scene.pages, truth.page)):
        for _ in range(truth.of):
            status, body = place.follow(page, truth.headers)
            if status != 200 or len(body) < 100 or _SICK.search(body):
                return False
    return True


# What the developer of the site mends unless an earlier state of its code is known: the account then has nothing to put in its place.
_OF_CODE = frozenset({
    "php-parse-error", "php-uncaught-exception", "php-undefined-function", "php-removed-function", "php-version-incompatible-code",
    "php-memory-limit", "php-max-execution-time", "php-fatal-hidden", "application-answers-500", "php-process-crash",
})  # fmt: skip
# Files of another owner: only the host can change them.
_OF_HOST = frozenset({"permissions.library-of-another-owner", "scripts_and_owners.script-of-another-owner"})
# Tables that were dropped, or whose files are gone.
_OF_LOST_DATA = frozenset({
    "catalogue_tour_php.import-that-ended-early", "support_desk_clubs.answer-of-a-query-that-nobody-looks-at",
    "databases_away.files-of-a-table-are-lost", "wordpress_moved_on.table-without-its-file", "wordpress_conflicts.table-without-its-space",
})  # fmt: skip
# Where the page at fault answered nothing good before either: what it leads to is not there, and stays so without the fault.
_NEVER_WELL = frozenset({
    "htaccess_at_work.error-page-that-is-missing-itself", "rewriting.proxy-without-a-target",
    "access_and_scripts.proxy-for-a-protocol-that-is-not-there", "access_and_scripts.addresses-without-their-ending",
    "access_and_scripts.pages-that-were-programs",
})  # fmt: skip


def may_be_cured(cause: str, case: str = "", *, was_known: bool = True, is_of_others: bool = False) -> bool:
    """Whether the account can repair it: by the catalogue, and `was_known` while it was well where only an earlier state helps."""
    if cause not in CAUSES or CAUSES[cause].repairable_by is not RepairableBy.ACCOUNT:
        return False
    return not is_of_others and case not in _OF_HOST | _NEVER_WELL and (was_known or cause not in _OF_CODE)
