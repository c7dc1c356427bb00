"""The practice site of this installation: started, broken, made whole, removed. Its servers are run by `up` while a marker file stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import registration
from sites.judging import Verdict
from sites.looks import due as looks
from sites.models import Host, Look, Site, Team
from sites.windows import maintenance

from . import repairing
from .connections import connecting
from .models import BaselineWork, KeptFile, LogReading
from .practice.breaks import BREAK_KINDS
from .practice.content import SHARED
from .practice.lessons import LESSONS, Lesson, LessonState
from .practice.plays import PLAYS, WORDS, Play, grouped
from .practice.site import PracticeError, PracticeSite
from .transports.base import ConnectionDetails

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

KINDS = tuple(BREAK_KINDS.values())
PLAY_GROUPS = grouped()
WINDOW_S = 1800  # of a planned maintenance
ENABLED = "enabled"  # beside the files: `up` runs the servers while it is there
INTERVAL_S = 20
STARTING_S = 5  # `up` sees the marker within a second, then the servers start
_FIRST_NAMES = 100


class PracticeUnavailable(Exception):
    """The practice site could not be made or changed; the message says what to do."""


def folder() -> Path:
    return Path(settings.SITEMEND_PRACTICE_DIR)


def _load() -> PracticeSite:
    try:
        return PracticeSite.load(folder())
    except PracticeError as error:
        raise PracticeUnavailable(str(error)) from error


def site_of(user: AbstractBaseUser) -> Site | None:
    """The practice site, if it belongs to a team of this person."""
    return Site.objects.select_related("host", "team").filter(practice=True, team__memberships__user=user).first()


def is_serving() -> bool:
    """Whether its servers answer now."""
    try:
        return PracticeSite.load(folder()).is_serving()
    except PracticeError:
        return False


def start(team: Team, user: AbstractBaseUser | None = None) -> Site:
    """Makes files, host and site, and has the servers started. There is one per installation. Raises PracticeUnavailable."""
    standing = Site.objects.filter(practice=True).first()
    if standing:
        if standing.team_id != team.pk:
            raise PracticeUnavailable(_("Another team has the practice site of this installation just now."))
        _enable()
        return standing
    practice = _made()
    try:
        with transaction.atomic():
            site = _register(team, practice, user)
            site.pages.update(must_contain=WORDS)
            # A probe before its servers listen would be a failure that the site is not to blame for.
            soon = timezone.now() + timedelta(seconds=STARTING_S)
            site.pages.update(due_at=soon)
            LogReading.objects.create(host=site.host, due_at=soon)  # nor is its account away that is not there yet
            BaselineWork.objects.create(site=site, due_at=soon)  # what a lesson is mended from
    except registration.RegistrationError as error:
        practice.remove()
        raise PracticeUnavailable(error.message) from error
    _enable()
    return site


def _made() -> PracticeSite:
    """New files; what an earlier one left without a site in the database is removed first."""
    try:
        PracticeSite.load(folder()).remove()
    except PracticeError:
        pass  # there is none: the usual case
    try:
        return PracticeSite.create(folder())
    except (PracticeError, OSError) as error:
        raise PracticeUnavailable(str(error)) from error


def _register(team: Team, practice: PracticeSite, user: AbstractBaseUser | None) -> Site:
    Site.with_deleted.filter(practice=True).delete()  # one in the bin has lost its files
    Host.objects.filter(practice=True).delete()
    name = _free_name(_("Practice site"), Site.objects.values_list("name", flat=True))
    exempt = (practice.address, practice.sftp_port)
    details = ConnectionDetails(
        "sftp", practice.address, practice.sftp_port, practice.user, practice.password, host_key=practice.host_key, exempt=exempt
    )
    host_name = _free_name(_("Practice hosting"), Host.objects.filter(team=team).values_list("name", flat=True))
    host = connecting.create_host(team=team, name=host_name, details=details, profile=practice.profile, practice=True, user=user)
    return registration.register_site(
        team=team,
        name=name,
        url=practice.url,
        interval_s=INTERVAL_S,
        host=host,
        docroot=practice.docroot,
        error_log=practice.error_log,
        access_log=practice.access_log,
        practice=True,
    )


def _free_name(wanted: str, taken: object) -> str:
    names = set(taken)  # type: ignore[call-overload]
    return next(each for each in (wanted, *(f"{wanted} {n}" for n in range(2, _FIRST_NAMES))) if each not in names)


def _enable() -> None:
    (folder() / ENABLED).touch()


def break_it(kind: str) -> None:
    """Breaks it in one of the `KINDS`; what it played is over. Raises PracticeUnavailable."""
    _end_windows()
    try:
        _load().break_it(kind)
    except PracticeError as error:
        raise PracticeUnavailable(str(error)) from error


# --- lessons ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class LessonRow:
    """One lesson as its page shows it. `is_next`: what to begin now."""

    lesson: Lesson
    state: LessonState
    is_next: bool


def lessons(site: Site) -> list[LessonRow]:
    """All of them with how far somebody is, in their order. One counts as mended when a probe has found the site well."""
    try:
        practice = PracticeSite.load(folder())
    except PracticeError:
        return []
    progress = practice.lessons()
    is_mended = site.verdict == Verdict.UP and practice.is_whole()
    states = {kind: progress.state(kind, is_mended=is_mended) for kind in LESSONS}
    is_busy = LessonState.BROKEN in states.values()
    following = "" if is_busy else next((kind for kind, state in states.items() if state == LessonState.NOT_BEGUN), "")
    return [LessonRow(lesson, states[kind], kind == following) for kind, lesson in LESSONS.items()]


def begin_lesson(site: Site, kind: str, user: AbstractBaseUser | None = None) -> Lesson:
    """Plants its fault in a site that is whole. Repairs of earlier lessons are closed. Raises PracticeUnavailable."""
    practice = _load()
    if kind not in LESSONS:
        raise PracticeUnavailable(_("There is no such lesson."))
    _end_windows()
    open_case = repairing.open_case_of(site)
    if open_case:
        repairing.close_case(open_case, user, "well" if practice.is_whole() else "left")
    if LESSONS[kind].needs_kept and not KeptFile.objects.filter(site=site, path=SHARED).exists():
        practice.reset()
        _look_soon(site)
        BaselineWork.objects.filter(site=site).update(due_at=timezone.now())
        raise PracticeUnavailable(
            _("For this lesson the files of the practice site are read first, while they are whole. Begin it again in half a minute.")
        )
    practice.begin_lesson(kind)
    site.pages.update(due_at=timezone.now())
    return LESSONS[kind]


def forget_lessons() -> None:
    """All lessons begin anew, with a site that is whole. Raises PracticeUnavailable."""
    reset()
    _load().forget_lessons()


# --- plays --------------------------------------------------------------------------------------
def playing() -> Play | None:
    """The failure that the practice site plays just now."""
    try:
        return PracticeSite.load(folder()).playing()
    except PracticeError:
        return None


def play(site: Site, kind: str, user: AbstractBaseUser | None = None) -> Play:
    """Has it play a failure of `PLAYS`, beginning with the next request. Raises PracticeUnavailable."""
    try:
        _load().play(kind)
    except PracticeError as error:
        raise PracticeUnavailable(str(error)) from error
    _end_windows()
    site.pages.update(must_contain=WORDS)
    if kind == "maintenance":
        maintenance.create_once(site, timezone.now(), timedelta(seconds=WINDOW_S), title=_window_title(), user=user)
    _look_soon(site)
    return PLAYS[kind]


def _look_soon(site: Site) -> None:
    """Looks as other visitors come every quarter of an hour, and a blocked site is left alone: somebody who practises does not wait."""
    looks.of_well_pages(site)
    now = timezone.now()
    Look.objects.filter(page__site=site).update(due_at=now, anchor_at=now)
    site.pages.update(due_at=now)


def _window_title() -> str:
    return _("Practice: planned maintenance")


def _end_windows() -> None:
    """A window that a play opened ends with it."""
    for site in Site.objects.filter(practice=True):
        for window in maintenance.windows_of(site):
            if window.site_id == site.pk and window.title == _window_title():
                maintenance.end_now(window)


def reset() -> None:
    """Makes it whole, as it was at the start, and ends what it plays. Raises PracticeUnavailable."""
    _load().reset()
    _end_windows()
    for site in Site.objects.filter(practice=True):
        _look_soon(site)


def remove() -> None:
    """Stops the servers and removes files, host, site and their history. Harmless when there is nothing."""
    (folder() / ENABLED).unlink(missing_ok=True)
    with transaction.atomic():
        Site.with_deleted.filter(practice=True).delete()
        Host.objects.filter(practice=True).delete()
    try:
        PracticeSite.load(folder()).remove()
    except PracticeError:
        return  # nothing is there to remove
