"""A theme that fails over one file of its own, or lost one: what WordPress does without that file is the rest of the theme.

developer.wordpress.org, "Template Hierarchy": for a template that is not there WordPress takes the next more general one, index.php last;
"functions.php" is loaded where it is there (wp-settings.php). A theme has to have index.php and style.css.
"""

from __future__ import annotations

import hashlib
import posixpath
import re

from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.findings import Finding
from diagnostics.repairs.guards import IN_PROGRAMS
from diagnostics.repairs.plan import CreateFile, Plan, RenameFile, RenameFolder
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.set_aside_part import MARK, free_name
from sites.texts import mark as _

ASIDE, TEMPLATE, BACK = "set-aside-theme-file", "write-plain-template", "rename-theme-back"
_IN_THEME = re.compile(r"(?P<theme>.*/wp-content/themes/(?P<slug>[^/]+))(?:/(?P<inside>.+))?$")
_NEEDED = frozenset({"index.php", "style.css"})
_PERSON = _("The site looks different meanwhile, and what this file does is missing. Only a person can say whether that is better.")
_PERSON_BACK = _("Only a person can say whether the folder was renamed on purpose.")
_PLAIN = b"""<?php
/* A plain template: it shows the texts until the theme's own index.php is back. */
get_header();
while (have_posts()) {
    the_post();
    the_title('<h2>', '</h2>');
    the_content();
}
get_footer();
"""


@repair(id=ASIDE, title=_("Set one file of a theme aside"), causes=("wordpress-theme",))
def set_aside(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """The template that fails; functions.php for itself, and for what it names of the theme's folders."""
    entries = _entries(evidence)
    place = _IN_THEME.match(finding.path)
    if place is None or not place["inside"] or not finding.path.endswith(".php"):
        return None
    name = place["inside"] if "/" not in place["inside"] else "functions.php"
    path = f"{place['theme']}/{name}"
    if name in _NEEDED:
        return CannotPlan(_("WordPress shows nothing without {name}. Let another theme stand in.").format(name=name))
    file = evidence.file(path)
    if path not in entries or file is None or not (name == place["inside"] or _names(file.content, place["inside"])):
        return None
    # Without .php at its end a web server shows it as text to whoever asks for it: nobody can guess this name from outside.
    salt = hashlib.sha256(f"{file.absolute}\0{file.mtime}".encode("utf-8", "surrogateescape") + file.content).hexdigest()[:16]
    target = free_name(evidence, path, f"{name}.{MARK}-{salt}")
    absolute, shown = (posixpath.join(posixpath.dirname(each), target) for each in (file.absolute, path))
    change = RenameFile(file.absolute, path, absolute, shown, hashlib.sha256(file.content).hexdigest())
    locks = bool(IN_PROGRAMS.search(file.content))
    title = _("Set {name} of the theme {theme} aside").format(name=name, theme=place["slug"])
    why = _("WordPress goes on without it, with the rest of the theme. Nothing is deleted; texts and pictures stay.")
    return Plan(
        ASIDE, finding.cause, title, why, (change,), affects=_("Every page of this WordPress: it looks different"), needs_person=_PERSON,
        takes_away_protection=locks, sets_aside=True, removes=300,
    )  # fmt: skip


def _names(content: bytes, inside: str) -> bool:
    """Whether a program speaks of this file, or of the folder that it lies in."""
    words = (posixpath.dirname(inside).rpartition("/")[2], posixpath.splitext(posixpath.basename(inside))[0])
    return any(re.search(rb"\b" + re.escape(word.encode("utf-8", "surrogateescape")) + rb"\b", content) for word in words)


@repair(id=TEMPLATE, title=_("Write a plain template for a theme that lost its own"), causes=("wordpress-theme",))
def write_template(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    entries = _entries(evidence)
    place = _IN_THEME.match(finding.path)
    folder = entries.get(place["theme"]) if place else None
    if place is None or folder is None or folder.kind != "folder" or place["inside"] not in (None, "index.php"):
        return None
    style = entries.get(f"{folder.path}/style.css")
    if style is None or f"{folder.path}/index.php" in entries:
        return None
    change = CreateFile(f"{folder.absolute}/index.php", f"{folder.path}/index.php", _PLAIN, style.mode)
    title = _("Write a plain index.php for the theme {theme}").format(theme=place["slug"])
    why = _("WordPress shows nothing without this file. The plain one shows the texts; upload the theme's own when you have it.")
    return Plan(
        TEMPLATE, finding.cause, title, why, (change,), affects=_("Every page of this WordPress: it looks different"), needs_person=_PERSON
    )


@repair(id=BACK, title=_("Give a theme's folder its name back"), causes=("wordpress-theme",))
def rename_back(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """The only folder beside it that bears the name with something behind or before it, as people rename what they want to keep."""
    entries = _entries(evidence)
    place = _IN_THEME.match(finding.path)
    if place is None or place["theme"] in entries or not entries:
        return None
    slug = re.compile(rf"(?:^|[._ ~-]){re.escape(place['slug'])}(?:$|[._ ~-])", re.IGNORECASE)
    themes = posixpath.dirname(place["theme"])
    alike = [
        entry for entry in entries.values()
        if entry.kind == "folder" and posixpath.dirname(entry.path) == themes and slug.search(posixpath.basename(entry.path))
        and f"{entry.path}/style.css" in entries
    ]  # fmt: skip
    if len(alike) != 1:
        return CannotPlan(_("It is not clear which folder was the theme's.")) if alike else None
    (folder,) = alike
    change = RenameFolder(folder.absolute, folder.path, posixpath.join(posixpath.dirname(folder.absolute), place["slug"]), place["theme"])
    title = _("Rename the folder {folder} to {theme}").format(folder=posixpath.basename(folder.path), theme=place["slug"])
    why = _("WordPress looks for its theme in a folder of this name, which is not there.")
    return Plan(BACK, finding.cause, title, why, (change,), affects=_("Every page of this WordPress"), needs_person=_PERSON_BACK)


def _entries(evidence: Evidence) -> dict[str, TreeEntry]:
    return {entry.path: entry for entry in evidence.tree} if isinstance(evidence.tree, tuple) else {}
