"""What WordPress says on the page that it shows instead of the site, and what an empty page without a word in any log means.

Words of wp-includes/load.php (`wp_check_php_mysql_versions`), which come before any translation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, is_failing, lines_of_failure
from diagnostics.checks.registry import check
from diagnostics.checks.shown import lines_shown, text_of
from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts.changes import failing_since
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.links import SEES_ALL
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.installed import Application, DatabaseTrial
from sites.probing.outcome import Kind
from sites.texts import mark as _

_PHP_TOO_OLD = re.compile(r"running PHP version ([\w.+~-]{1,40}) but WordPress ([\w.+-]{1,30}) requires at least ([\d.]{1,12})")
_NO_MYSQL = re.compile(r"missing the MySQL extension which is required by WordPress")
SET_ASIDE = re.compile(r"^(.+?)(?:[-._ ](?:old|bak|backup|off|disabled|orig|save|copy|alt|sauvegarde|kopie|\d{1,8}))+$", re.IGNORECASE)
_LAST_TEMPLATES = ("index.php", "templates/index.html", "block-templates/index.html")
_LATELY_S = 2 * 86400.0


@check(id="wordpress-says", title=_("What WordPress says instead of the site"), order=15)
def wordpress_says(evidence: Evidence) -> Iterator[Finding]:
    for page in failing_pages(evidence.site):
        text = text_of(page.body) if b"WordPress" in page.body else ""
        if old := _PHP_TOO_OLD.search(text):
            said = _("WordPress {release} asks for PHP {wanted} or newer; PHP {running} runs here.")
            yield _said("php-version-incompatible-code", said.format(release=old[2], wanted=old[3], running=old[1]), old[0], evidence)
            return
        if lacks := _NO_MYSQL.search(text):
            yield _said(
                "php-missing-extension", _("PHP has no mysqli here, without which WordPress reaches no database."), lacks[0], evidence
            )
            return


def _said(cause: str, summary: str, words: str, evidence: Evidence) -> Finding:
    application = next((each for each in evidence.applications if each.name == "wordpress"), None)
    path = f"{application.path}/wp-includes/version.php" if application and cause == "php-version-incompatible-code" else ""
    return Finding(
        "wordpress-says", cause, Severity.CRITICAL, 0.96, summary, CAUSES[cause].explanation, path,
        evidence=(Proof("probe", words, paired=True),), repairs=CAUSES[cause].repairs, data=(("message", words),),
    )  # fmt: skip


@check(id="wordpress-empty", title=_("An empty page of WordPress without an error"), needs=("tree",), order=58)
def wordpress_empty(evidence: Evidence) -> Iterator[Finding]:
    """Without its active theme WordPress answers with nothing, and no error is logged (template-loader.php)."""
    if not is_failing(evidence.site):
        return
    if any(is_telling(line.text) for line in (*lines_shown(evidence.site), *lines_of_failure(evidence))):
        return
    empty = {page.path for page in failing_pages(evidence.site) if page.kind == Kind.WHITE_PAGE.value}
    for application in evidence.applications:
        if application.name != "wordpress" or not empty & set(application.serves):
            continue
        if bare := _behind_a_link(application, evidence) or _without_template(application, evidence):
            yield bare
        elif not isinstance(evidence.database, DatabaseTrial):
            yield from _themes_touched(application, evidence)


def _behind_a_link(application: Application, evidence: Evidence) -> Finding | None:
    """A theme that is a link to nothing. A login that is shut into its folder does not see what lies outside: then it is likely at most."""
    assert isinstance(evidence.tree, tuple)
    links = {entry.absolute for entry in evidence.tree if entry.kind == "link"}
    trial = evidence.database if isinstance(evidence.database, DatabaseTrial) else None
    used = {trial.theme, trial.parent_theme} - {""} if trial else set()
    themes = [each for each in application.components if each.kind == "theme" and (not used or each.slug in used)]
    lost = next((each for each in themes if each.absolute in links and not each.real and not each.title), None)
    if lost is None:
        return None
    cause, sees_all = CAUSES["wordpress-theme"], evidence.connection in SEES_ALL
    said = _("The theme {path} is a link to something that is not there")
    if not sees_all:
        said = _("The theme {path} is a link that leads to nothing that this connection sees")
    return Finding(
        "wordpress-empty", cause.code, Severity.CRITICAL, (0.95 if sees_all else 0.8) if used or len(themes) == 1 else 0.7,
        said.format(path=lost.path) + ".",
        _("Upload the theme's folder in the place of the link, or let the link lead to where the theme is now."), lost.path,
        also=("php-missing-file",), evidence=(Proof("file", said.format(path=lost.path)),), repairs=cause.repairs,
        data=(("slug", lost.slug), ("kind", "theme"), ("component", lost.path)),
    )  # fmt: skip


def _without_template(application: Application, evidence: Evidence) -> Finding | None:
    """A theme that lacks the template all others fall back to (wp-includes/template-loader.php). Children use that of their parent."""
    assert isinstance(evidence.tree, tuple)
    there = {entry.absolute: entry for entry in evidence.tree}
    trial = evidence.database if isinstance(evidence.database, DatabaseTrial) else None
    active = (trial.parent_theme or trial.theme) if trial else ""
    began = failing_since(evidence)
    for theme in application.components:
        if theme.kind != "theme" or f"{theme.absolute}/style.css" not in there or (active and theme.slug != active):
            continue
        if any(f"{theme.absolute}/{name}" in there for name in _LAST_TEMPLATES):
            continue
        folder = there.get(theme.absolute)
        if not active and (began is None or folder is None or not _is_late(folder, began.timestamp())):
            continue  # it may be a child of another theme
        cause, lost = CAUSES["wordpress-theme"], f"{theme.path}/index.php"
        said = _("The theme {name} has no {path}, so WordPress shows an empty page and no error.").format(name=theme.named, path=lost)
        return Finding(
            "wordpress-empty", cause.code, Severity.CRITICAL, 0.95 if active else 0.85, said,
            _("The theme was not uploaded as a whole: upload it again, or choose another theme."), theme.path, also=("php-missing-file",),
            evidence=(Proof("file", said),), repairs=cause.repairs,
            data=(("slug", theme.slug), ("kind", "theme"), ("component", theme.path)),
        )  # fmt: skip
    return None


def _themes_touched(application: Application, evidence: Evidence) -> Iterator[Finding]:
    """A folder's own time tells when something in it was renamed, added or removed."""
    assert isinstance(evidence.tree, tuple)
    folder = next((entry for entry in evidence.tree if entry.absolute == f"{application.content}/themes"), None)
    began = failing_since(evidence)
    if folder is None or began is None:
        return
    slugs = [part.slug for part in application.components if part.kind == "theme"]
    aside = [found[1] for slug in slugs if (found := SET_ASIDE.match(slug)) and found[1] not in slugs]
    removed = any(change.what == "theme" and change.how == "removed" for change in evidence.changes)
    if not aside and not removed and not _is_late(folder, began.timestamp()):
        return
    lost = f"{folder.path}/{aside[0]}" if aside else folder.path
    said = _("{path} is not there") if aside else _("something in {path} was renamed, added or removed")
    cause = CAUSES["wordpress-theme"]
    yield Finding(
        "wordpress-empty", cause.code, Severity.CRITICAL, 0.75 if aside else 0.65,
        _("WordPress shows an empty page and no error, as it does without its theme: {what}.").format(what=said.format(path=lost)),
        _("Look whether the folder of the active theme is there under its own name."), lost, also=("php-missing-file",),
        evidence=(Proof("file", said.format(path=lost)),), repairs=cause.repairs,
    )  # fmt: skip


def _is_late(folder: TreeEntry, began: float) -> bool:
    return began - _LATELY_S < folder.mtime <= began + 60
