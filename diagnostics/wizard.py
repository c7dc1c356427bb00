"""The steps of the guided repair: their order, their state, and which one the evidence recommends first.

The order follows OVHcloud's guide on error 500: confirm it elsewhere, read the log, test the .htaccess, check the permissions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sites.texts import mark as _


class StepState(StrEnum):
    TODO = "todo"
    RECOMMENDED = "recommended"
    DONE = "done"
    CANNOT_START = "cannot-start-yet"
    PROBLEM = "there-is-a-problem"


@dataclass(frozen=True, slots=True)
class StepDone:
    """What became of a step that somebody began: `outcome` is "done" or "problem"."""

    step: str
    outcome: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """All that the list of steps depends on. `causes` are the findings' codes above a note, most telling first."""

    verdict: str
    confirmed: bool = False
    connection: str = "none"
    can_read: bool = False
    can_write: bool = False
    read_only: bool = False  # by choice: what would be changed is shown all the same
    htaccess_read: bool = False
    tree_read: bool = False
    causes: tuple[str, ...] = ()
    done: tuple[StepDone, ...] = ()
    offered: str = ""  # the step that has a repair for what is found first, "" for none
    panel: bool = False  # whether the host's panel can be asked
    panel_tasks: int = 0  # what the host is doing, as far as somebody watches it
    panel_php: bool = False  # whether it may change the PHP version
    panel_restore: bool = False  # whether it may put databases and files back


@dataclass(frozen=True, slots=True)
class StepView:
    """One line of the task list."""

    id: str
    title: str
    state: StepState
    reason: str


_TITLES = (
    ("confirm", _("Confirm the error")),
    ("read-log", _("Read the error log")),
    ("room", _("Make room on the account")),
    ("htaccess", _("Test the .htaccess file")),
    ("permissions", _("Check the permissions")),
    ("php", _("Check PHP and its settings")),
    ("parts", _("Set a plugin or theme aside")),
    ("database", _("Look into the database")),
    ("restore", _("Put files back")),
    ("php-version", _("Change the PHP version")),
    ("tasks", _("Tasks in progress at the host")),
    ("retest", _("Test again and close")),
    ("hand-over", _("Hand over to a specialist")),
)
_MODE_CAUSES = ("file-unreadable", "folder-not-traversable", "folder-not-writable", "cgi-not-executable", "cgi-writable-by-others",
                "htaccess-unreadable", "root-disabled-by-host")  # fmt: skip


_OF_PANEL = ("php-version", "tasks")
_FULL = "disk-full"
VERSION_CAUSES = ("php-version-incompatible-code", "php-removed-function")


def steps_for(facts: CaseFacts) -> list[StepView]:
    """The steps in the guide's order; at most one is recommended, none of which cannot be started."""
    chosen = recommended(facts)
    done = {step.step: step for step in facts.done}
    return [_view(step, title, facts, done.get(step), step == chosen) for step, title in _TITLES if _is_there(step, facts)]


def _is_there(step: str, facts: CaseFacts) -> bool:
    """What needs the host's panel is no step where there is none, nor is making room where there is enough."""
    return {"php-version": facts.panel_php, "tasks": facts.panel, "room": _FULL in facts.causes or facts.offered == "room"}.get(step, True)


def recommended(facts: CaseFacts) -> str:
    """The step that the evidence speaks for; "" when everything is done."""
    finished = {step.step for step in facts.done if step.outcome == "done"}
    if facts.verdict == "up":
        return "" if "retest" in finished else "retest"
    if facts.panel_tasks:
        return "tasks"  # what the host is changing just now cannot be judged
    wanted = [] if facts.confirmed or "confirm" in finished else ["confirm"]
    wanted += [facts.offered] if facts.offered in ("restore", "parts", "php", "database", "room") else []
    wanted += ["php-version"] if facts.panel_php and facts.causes[:1] and facts.causes[0] in VERSION_CAUSES else []
    wanted += [_step_of(cause) for cause in facts.causes]
    wanted += ["read-log", "htaccess", "permissions", "hand-over"]
    for step in wanted:
        if step not in finished and not _obstacle(step, facts):
            return step
    return "hand-over"


def _step_of(cause: str) -> str:
    if cause in _MODE_CAUSES:
        return "permissions"
    if cause.startswith("htaccess-"):
        return "htaccess"
    if cause.startswith("database-"):
        return "database"
    if cause == _FULL:
        return "room"
    return "read-log"


def _view(step: str, title: str, facts: CaseFacts, done: StepDone | None, chosen: bool) -> StepView:
    if done is not None and done.outcome == "problem":
        return StepView(step, title, StepState.PROBLEM, done.note or _("Something went wrong here. Please look."))
    if done is not None and not (chosen and step != "confirm"):
        return StepView(step, title, StepState.DONE, done.note or _("Done."))
    if why := _obstacle(step, facts):
        return StepView(step, title, StepState.CANNOT_START, why)
    if chosen:
        return StepView(step, title, StepState.RECOMMENDED, _why(step, facts))
    if step == "confirm" and facts.confirmed:
        return StepView(step, title, StepState.DONE, _("The error was seen several times."))
    return StepView(step, title, StepState.TODO, _why(step, facts))


def _obstacle(step: str, facts: CaseFacts) -> str:
    """Why a step cannot be started now, "" when it can."""
    if step in ("confirm", "hand-over", *_OF_PANEL):
        return ""
    if facts.panel_restore and step in ("database", "restore"):
        return ""
    if step == "retest":
        return "" if facts.verdict == "up" or facts.done else _("First something must have been tried.")
    if not facts.can_read:
        return _("There is no connection to the files of this site.")
    return "" if step == facts.offered else _OBSTACLES[step](facts)  # what is proposed was read for it


def _htaccess_obstacle(facts: CaseFacts) -> str:
    if not facts.htaccess_read:
        return _("The .htaccess files could not be read.")
    return "" if facts.can_write or facts.read_only else _("The connection may only read.")


def _tree_obstacle(facts: CaseFacts) -> str:
    return "" if facts.tree_read else _("The files could not be listed.")


_OBSTACLES: dict[str, Callable[[CaseFacts], str]] = {
    "read-log": lambda facts: "",  # without a readable log the step itself tells what to do
    "htaccess": _htaccess_obstacle,
    **dict.fromkeys(("room", "permissions", "php", "parts", "database", "restore"), _tree_obstacle),
}


def _why(step: str, facts: CaseFacts) -> str:
    first = next((cause for cause in facts.causes if _step_of(cause) == step), "")
    if step == "confirm":
        return _("See whether the error is still there, also for other devices.")
    if step == "read-log":
        return _("The log names what went wrong.") if first else _("The log often names the cause.")
    if step == "room":
        return _("There is no room left. What fills the account is listed.")
    if step == "htaccess":
        return _("A line of .htaccess is probably at fault.") if first else _("A fault in .htaccess stops every page.")
    if step == "permissions":
        return _("A permission is probably at fault.") if first else _("Wrong permissions can stop a site.")
    if step == "php":
        return _("A setting of PHP is probably at fault.") if facts.offered == step else _("A wrong setting can stop every page.")
    if step == "parts":
        return _("A part of WordPress is at fault.") if facts.offered == step else _("One plugin or theme can stop a whole WordPress.")
    if step == "database":
        return _("The database is probably at fault.") if first else _("Without its database, a program shows no page.")
    if step == "restore":
        offered = facts.offered == "restore"
        return _("An earlier state of a file that is at fault is known.") if offered else _("A file that was damaged can be put back.")
    if step == "php-version":
        fits = facts.causes[:1] and facts.causes[0] in VERSION_CAUSES
        return _("The site's code does not fit the PHP version.") if fits else _("Did the failure follow a change of the PHP version?")
    if step == "tasks":
        return _("The host is at work. Wait until it has ended.") if facts.panel_tasks else _("A site can fail while its host works on it.")
    if step == "retest":
        return _("The site answers well again.") if facts.verdict == "up" else _("See whether it helped.")
    return _("All that was found, in one report, secrets removed.")
