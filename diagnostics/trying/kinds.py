"""The trials that there are: what each does, for whom, for how long, and whether it is possible for a site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from diagnostics import trials
from diagnostics.examining import Examination
from diagnostics.models import Step
from diagnostics.transports.base import Capability
from diagnostics.trying import canaries, htaccess, plugins
from diagnostics.trying.bench import Bench


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of trial, with its words for people. `needs`: of the connection."""

    id: str
    title: Any
    guide_step: str
    needs: tuple[Capability, ...]
    why_not: Callable[[Examination], str]
    about: Callable[[Examination], int]  # so many looks are expected
    run: Callable[[Bench, Examination], Step]
    what: Any = ""
    visitors: Any = ""


KINDS = {
    kind.id: kind
    for kind in (
        Kind(
            trials.TRIAL_REPAIR,
            _("Try without .htaccess"),
            "htaccess",
            (Capability.RENAME,),
            trials.why_not,
            lambda examination: 1,
            trials.run,
            _("The file is renamed, the site is looked at, and the file gets its name back."),
            _("While it is away, pretty addresses and redirects may not work."),
        ),
        Kind(
            canaries.ID,
            _("Find out in which layer the fault lies"),
            "read-log",
            (Capability.WRITE,),
            canaries.why_not,
            lambda examination: 2,
            canaries.run,
            _(
                "Up to four small files with names that nobody can guess are put into the main folder of the site, asked for once, and "
                "removed: a plain text, one line of PHP and, for WordPress, one that asks the database and one that starts it without "
                "plugins. They answer to nobody else, hold no password, and go silent after ten minutes."
            ),
            _("Nothing: no file of the site is touched."),
        ),
        Kind(
            htaccess.ID,
            _("Find the line of .htaccess by halving"),
            "htaccess",
            (Capability.WRITE,),
            htaccess.why_not,
            htaccess.about,
            htaccess.run,
            _(
                "Half of the lines are made comments, the site is looked at, and the file is put back. Then half of the half that matters, "
                "until the faulty line is left. A rule stays with its conditions, a section in one piece. Lines that keep visitors out of "
                "something are never touched."
            ),
            _("While lines are out, pretty addresses and redirects may not work. What was failing before goes on failing or works."),
        ),
        Kind(
            plugins.ID,
            _("Find the WordPress plugin by halving"),
            "read-log",
            (Capability.RENAME,),
            plugins.why_not,
            plugins.about,
            plugins.run,
            _(
                "Half of the plugins' folders get another name, the site is looked at, and they get their names back. Then half of the "
                "half that matters, until the faulty plugin is left; must-use plugins and drop-ins come after the others. Plugins that, by "
                "their name, keep somebody out of something stay in place. Please nobody open the page Plugins of WordPress meanwhile: it "
                "would switch off those that are away."
            ),
            _("Plugins are off for some seconds at a time: a form, a shop or a gallery may be missing on pages that work."),
        ),
    )
}


def possible(examination: Examination) -> list[dict[str, Any]]:
    """Of each trial why it is not possible, and how many looks it takes, as stored with a diagnosis."""
    rows = []
    for kind in KINDS.values():
        why = kind.why_not(examination)
        rows.append({"id": kind.id, "why_not": why, "about": 0 if why else kind.about(examination)})
    return rows
