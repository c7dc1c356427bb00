"""Another theme in the place of one that fails: a theme that comes with WordPress takes the failing one's folder name for a while.

The name of the active theme stands in the database, and WordPress shows an empty page where its folder is not there
(wp-includes/template-loader.php; only its page of themes looks for another one, validate_current_theme). So the folder of that name
becomes one with a sound theme in it, or one with a plain theme that is written for the purpose where no other is installed.
"""

from __future__ import annotations

import posixpath
import re

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.installed import Application, Component
from diagnostics.repairs import plain_theme
from diagnostics.repairs.plan import Change, Plan, RenameFolder
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.set_aside_part import MARK, free_name
from sites.texts import mark as _

ID = "set-aside-theme"
_OF_WORDPRESS = re.compile(r"^twenty[a-z]+(?:-?[a-z]+)?$")  # themes that WordPress brings with it, none of which is another's child
_PERSON = _("The whole site looks different meanwhile. Only a person can say whether that is better than the failure.")


@repair(id=ID, title=_("Let a theme of WordPress stand in"), causes=("wordpress-theme",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Answers: `stand-in` the folder name of the theme that takes its place."""
    found = _themes(evidence, finding)
    if found is None:
        return CannotPlan(_("The folder of the theme is not there any more, or the files could not be listed."))
    application, failing = found
    others = [part for part in application.components if _may_stand_in(part, failing)]
    chosen = next((part for part in reversed(others) if part.slug == answers.get("stand-in", part.slug)), None)
    if failing.real:
        return CannotPlan(_("{path} is a link to another place, which other sites may use as well.").format(path=failing.path))
    target = free_name(evidence, failing.path, f"{failing.slug}.{MARK}")
    aside = RenameFolder(failing.absolute, failing.path, _beside(failing.absolute, target), _beside(failing.path, target))
    if chosen is not None:
        in_place: tuple[Change, ...] = (RenameFolder(chosen.absolute, chosen.path, failing.absolute, failing.path),)
        title = _("Let {name} stand in for the theme {theme}").format(name=chosen.named, theme=failing.named)
        why = _("The theme's folder gets another name, and {name} takes its place. Texts and pictures stay.").format(name=chosen.named)
    else:
        in_place = _plain(evidence, failing)
        title = _("Let a plain theme stand in for the theme {theme}").format(theme=failing.named)
        why = _(
            "The theme's folder gets another name, and a plain theme of two files takes its place: it shows the texts, the pictures in "
            "them and a menu of the pages. No theme that comes with WordPress is installed beside it."
        )
    if not in_place:
        return CannotPlan(_("The folder of the theme is not there any more, or the files could not be listed."))
    affects = _("Every page of this WordPress: it looks different")
    return Plan(
        ID, finding.cause, title, why, (aside, *in_place), affects=affects, needs_person=_PERSON, sets_aside=True, removes=900
    )  # fmt: skip


def _plain(evidence: Evidence, failing: Component) -> tuple[Change, ...]:
    """The two files, with the modes of the theme's own; empty where these are not known."""
    entries = {entry.path: entry for entry in evidence.tree} if isinstance(evidence.tree, tuple) else {}
    folder, style = entries.get(failing.path), entries.get(f"{failing.path}/style.css")
    if folder is None or folder.kind != "folder" or style is None:
        return ()
    return plain_theme.files_at(failing.absolute, failing.path, folder.mode, style.mode)


def _themes(evidence: Evidence, finding: Finding) -> tuple[Application, Component] | None:
    named = finding.datum("component") or finding.path
    for application in evidence.applications:
        for part in application.components:
            if part.kind == "theme" and part.is_folder and f"{named}/".startswith(f"{part.path}/"):
                return application, part
    return None


def _may_stand_in(part: Component, failing: Component) -> bool:
    same_folder = posixpath.dirname(part.absolute) == posixpath.dirname(failing.absolute)
    is_other = part.kind == "theme" and part.is_folder and not part.real and part.slug != failing.slug
    return is_other and same_folder and bool(_OF_WORDPRESS.match(part.slug))


def _beside(path: str, name: str) -> str:
    return posixpath.join(posixpath.dirname(path), name)
