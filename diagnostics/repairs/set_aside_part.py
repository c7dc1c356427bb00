"""A plugin, must-use plugin or drop-in of WordPress under a name that WordPress does not load.

WordPress passes over a plugin whose file is not there (wp-includes/load.php: wp_get_active_and_valid_plugins), takes every file of
mu-plugins that ends in .php (wp_get_mu_plugins) and drop-ins by their exact names (_get_dropins). Nothing is written to its database.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import replace

from diagnostics.causes import CAUSES as CATALOGUE
from diagnostics.evidence import Evidence
from diagnostics.facts.must_use import must_use_files
from diagnostics.findings import Finding
from diagnostics.installed import Component
from diagnostics.repairs.guards import guards
from diagnostics.repairs.plan import Change, Plan, RenameFile, RenameFolder
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "set-aside-part"
CAUSES = tuple(cause.code for cause in CATALOGUE.values() if ID in cause.repairs)
MARK = "set-aside-by-sitemend"
KINDS = ("plugin", "mu-plugin", "drop-in")
_MISSED = {
    "plugin": _(
        "WordPress passes over a plugin whose folder has another name. Until it is back, visitors miss what it does: a form, a shop or a "
        "gallery, for example. Its settings and data stay. Please nobody open the page Plugins of WordPress meanwhile: it would switch "
        "the plugin off."
    ),
    "mu-plugin": _("WordPress no longer loads the file under its new name. Visitors miss what it does until it is back; its data stay."),
    "drop-in": _(
        "WordPress then does that part by itself, as without a cache, for example: pages may be slower, and nothing is lost. The plugin "
        "that made the file makes it again when it is switched on anew."
    ),
}  # fmt: skip
_GOES_THROUGH = re.compile(
    rb"\b(?:glob|scandir|opendir|get_plugins|get_mu_plugins)\s*\(|\b(?:Recursive)?DirectoryIterator\b|\bFilesystemIterator\b"
)
_PERSON = _("By its name it keeps somebody out of something. Only a person can say whether the site may be without it for a while.")


@repair(id=ID, title=_("Set a part of WordPress aside"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    component = component_of(evidence, finding)
    if component is None and finding.cause == "php-missing-extension":
        return None  # nothing says that it is a part of WordPress that lacks it
    if component is None:
        return CannotPlan(_("The part of WordPress is not there any more, or its files could not be listed."))
    if component.real:
        return CannotPlan(_("{path} is a link to another place, which other sites may use as well.").format(path=component.path))
    found = _changes(evidence, component, finding.path)
    if isinstance(found, CannotPlan):
        return found
    with_it = _loaded_as_well(evidence, found) if component.kind == "mu-plugin" else []
    locks = any(guards(part) for part in (component, *with_it))
    return Plan(
        ID, finding.cause, _("Set {name} aside").format(name=component.named), _MISSED[component.kind], found,
        affects=_("Every page of this WordPress, and its administration"), takes_away_protection=locks,
        needs_person=_PERSON if locks else "", sets_aside=True, removes=500,
    )  # fmt: skip


def component_of(evidence: Evidence, finding: Finding) -> Component | None:
    """The part that the finding names, as it was found among the files."""
    named = finding.datum("component") or finding.path
    parts = [part for application in evidence.applications for part in application.components if part.kind in KINDS]
    exact = next((part for part in parts if part.path == named), None)
    return exact or max((part for part in parts if f"{named}/".startswith(f"{part.path}/")), key=lambda part: len(part.path), default=None)


def _changes(evidence: Evidence, component: Component, failing: str) -> tuple[Change, ...] | CannotPlan:
    if component.kind == "mu-plugin" and component.is_folder:
        return _loaders(evidence, component) or _first_of_folder(evidence, component, failing)
    if component.is_folder:
        target = free_name(evidence, component.path, f"{posixpath.basename(component.path)}.{MARK}")
        return (RenameFolder(component.absolute, component.path, _beside(component.absolute, target), _beside(component.path, target)),)
    change = _file_aside(evidence, component)
    return (change,) if isinstance(change, RenameFile) else change


def _loaders(evidence: Evidence, folder: Component) -> tuple[Change, ...]:
    """WordPress loads no folder of mu-plugins: it is a file beside it that does, and fails without it. Empty: none names the folder."""
    name = _written(folder)
    read = ((part, evidence.file(part.path)) for part in must_use_files(evidence))
    made = [_file_aside(evidence, part) for part, file in read if file is not None and name in file.content]
    return tuple(change for change in made if isinstance(change, RenameFile))


def _first_of_folder(evidence: Evidence, folder: Component, failing: str) -> tuple[Change, ...] | CannotPlan:
    """What goes through all folders (`glob(__DIR__ . '/*/*.php')`, as Composer's layouts have it) names none: what it finds goes."""
    names = (failing, f"{folder.path}/{folder.slug}.php")
    files = [name for name in names if posixpath.dirname(name) == folder.path and evidence.file(name) is not None]
    beside = (evidence.file(part.path) for part in must_use_files(evidence))
    loads = any(file is not None and _GOES_THROUGH.search(file.content) for file in beside)
    if not files or not loads:
        return CannotPlan(_("It is not clear which file of mu-plugins loads the folder {path}.").format(path=folder.path))
    made = _file_aside(evidence, replace(folder, path=files[0], is_folder=False))
    return (made,) if isinstance(made, RenameFile) else made


def _loaded_as_well(evidence: Evidence, changes: tuple[Change, ...]) -> list[Component]:
    """What else goes with a file of mu-plugins: itself, and every folder beside it that it names."""
    files = {change.shown: evidence.file(change.shown) for change in changes if isinstance(change, RenameFile)}
    texts = [file.content for file in files.values() if file is not None]
    parts = [part for application in evidence.applications for part in application.components if part.kind == "mu-plugin"]
    named = [part for part in parts if part.is_folder and any(_written(part) in text for text in texts)]
    return [*named, *(part for part in parts if part.path in files)]


def _written(folder: Component) -> bytes:
    """Its name as it stands in a program."""
    return folder.slug.encode("utf-8", "surrogateescape")


def _file_aside(evidence: Evidence, component: Component) -> RenameFile | CannotPlan:
    file = evidence.file(component.path)
    if file is None:
        return CannotPlan(_("{path} could not be read.").format(path=component.path))
    digest = hashlib.sha256(file.content)
    stem, ending = posixpath.splitext(posixpath.basename(component.path))
    if component.kind == "mu-plugin":
        # Without .php at its end a web server shows it as text to whoever asks for it: nobody can guess this name from outside.
        salted = hashlib.sha256(f"{file.absolute}\0{file.mtime}\0{digest.hexdigest()}".encode("utf-8", "surrogateescape"))
        target = free_name(evidence, component.path, f"{stem}{ending}.{MARK}-{salted.hexdigest()[:16]}")
    else:
        target = free_name(evidence, component.path, f"{stem}.{MARK}{ending}")
    return RenameFile(file.absolute, file.path, _beside(file.absolute, target), _beside(file.path, target), digest.hexdigest())


def free_name(evidence: Evidence, path: str, name: str) -> str:
    """The name, or with a number where it is taken; the same from the same evidence, so that a plan can be made again."""
    taken = {entry.path for entry in evidence.tree} if isinstance(evidence.tree, tuple) else set()
    stem, ending = posixpath.splitext(name) if name.endswith(".php") else (name, "")
    names = (name, *(f"{stem}-{number}{ending}" for number in range(2, 100)))
    return next(each for each in names if _beside(path, each) not in taken)


def _beside(path: str, name: str) -> str:
    return posixpath.join(posixpath.dirname(path), name)
