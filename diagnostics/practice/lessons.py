"""Five lessons of rising difficulty: each breaks the practice site in its own way, and says what is to be learnt from mending it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sites.texts import mark as _

from .breaks import BREAK_KINDS
from .content import SHARED

LESSONS_FILE = "lessons.json"


class LessonState(StrEnum):
    NOT_BEGUN = "not-begun"
    BROKEN = "broken"
    MENDED = "mended"


@dataclass(frozen=True)
class Lesson:
    """One of them; the texts are for people. `apply` breaks a whole docroot. `needs_kept`: mended from what was kept of a file."""

    kind: str
    title: str
    learns: str
    apply: Callable[[Path], None]
    needs_kept: bool = False


def _other_letters(docroot: Path) -> None:
    (docroot / SHARED).rename(docroot / "inc/Shop.php")


def _two_at_once(docroot: Path) -> None:
    BREAK_KINDS["apache22-syntax"].apply(docroot)
    (docroot / "index.php").chmod(0o666)


def _cut_off(docroot: Path) -> None:
    """As an upload leaves it whose connection broke."""
    path = docroot / SHARED
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"'delivery'") + 20])


_ALL = (
    Lesson(
        "typing-mistake",
        _("A typing mistake"),
        _(
            "The web server reads the file .htaccess before it shows any page. One word that it does not know stops all of them. Its log "
            "quotes the word, but not the line. Learn: the mail names the line, you see the change before it is made, and Undo brings "
            "the failure back exactly as it was."
        ),
        BREAK_KINDS["misspelled-directive"].apply,
    ),
    Lesson(
        "wrong-permissions",
        _("Files that everybody may change"),
        _(
            "Each file says who may read and change it. Somebody gave everything to everybody (777 and 666), and many hosts refuse to run "
            "such files: that would let strangers change the site. Learn: several files can be put right in one step, each to what this "
            "host asks for, and what is stricter is left alone."
        ),
        BREAK_KINDS["wrong-permissions"].apply,
    ),
    Lesson(
        "missing-file",
        _("A file that is not found"),
        _(
            "Every page of this shop loads the file inc/shop.php, and it was uploaded as inc/Shop.php. For most hosts these are two names. "
            "Learn: read the line of the log. It says which file asks for what, and in which line: the file that complains is not the one "
            "that is wrong."
        ),
        _other_letters,
    ),
    Lesson(
        "two-at-once",
        _("Two faults at once"),
        _(
            "The first fault hides the second: after one repair the site still fails, with another cause. Learn: a change that was right "
            "but not enough stays, the guide reads everything afresh and goes on with what is left, and the site is called well only when "
            "every page is."
        ),
        _two_at_once,
    ),
    Lesson(
        "half-upload",
        _("An upload that broke off"),
        _(
            "An upload ended in the middle of inc/shop.php, so the rest of the file is nowhere on the host. Learn: while a site is well, "
            "its program files are kept here. So the file can be put back as it was, and the damaged one is kept for the undo."
        ),
        _cut_off,
        needs_kept=True,
    ),
)
LESSONS: dict[str, Lesson] = {one.kind: one for one in _ALL}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far somebody is. `current`: the lesson whose fault was planted last, until the site is made whole without a repair."""

    current: str = ""
    mended: tuple[str, ...] = ()

    def state(self, kind: str, *, is_mended: bool) -> LessonState:
        """`is_mended`: whether the fault of the current lesson is gone."""
        if kind == self.current:
            return LessonState.MENDED if is_mended else LessonState.BROKEN
        return LessonState.MENDED if kind in self.mended else LessonState.NOT_BEGUN


def read(folder: Path) -> Progress:
    """From a file beside the site's own; nobody is anywhere where it cannot be read."""
    try:
        known = json.loads((folder / LESSONS_FILE).read_text(encoding="utf-8"))
        mended = tuple(kind for kind in known["mended"] if kind in LESSONS)
        return Progress(known["current"] if known["current"] in LESSONS else "", mended)
    except (OSError, ValueError, KeyError, TypeError):
        return Progress()


def as_text(progress: Progress) -> str:
    """What is stored of it."""
    return json.dumps({"current": progress.current, "mended": list(progress.mended)})
