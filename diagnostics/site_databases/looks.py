"""What is looked at in the guide's step about the database."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from diagnostics.models import Step

from . import checking, dumping, given

TITLES = {
    dumping.ABOUT: gettext_lazy("Make a dump of the database"),
    checking.ABOUT: gettext_lazy("Check the tables of the database"),
    given.REPAIR: gettext_lazy("Try the login of the database"),
}


def run(step: Step) -> Step:
    """Makes a dump, checks the tables, tries the login that a person gave, or reads the settings: as the step was asked for."""
    looks = {dumping.ABOUT: dumping.look, checking.ABOUT: checking.look}
    return looks.get(step.repair_id, given.look)(step)
