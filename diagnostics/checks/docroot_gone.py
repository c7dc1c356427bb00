"""The folder of the site is not where the web server looks for it: renamed, moved, or removed as a whole."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import docroot_name, failing_pages, is_failing
from diagnostics.checks.registry import check
from diagnostics.checks.wordpress_says import SET_ASIDE
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.profiles import get_profile
from sites.texts import mark as _

_INDEX = ("index.php", "index.html", "index.htm")


@check(id="docroot", title=_("Whether the folder of the site is there"), order=23)
def docroot_gone(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    own = docroot_name(evidence)
    if evidence.beside_missing_docroot is not None:
        others = [name for name in evidence.beside_missing_docroot if _is_aside(name, (own,))]
        yield _finding(own, others[0] if others else "", 0.95, evidence)
    elif any(page.status in (403, 404) and page.path == "/" for page in failing_pages(evidence.site)):
        for name in _set_aside_below(evidence):
            yield _finding("", name, 0.9, evidence)
            return


def _is_aside(name: str, usual: tuple[str, ...]) -> bool:
    found = SET_ASIDE.match(name)
    return found is not None and found[1] in usual


def _set_aside_below(evidence: Evidence) -> list[str]:
    """Where the login's own folder stands in for the docroot: folders in it that were one, by their name and their start page."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    top, usual = docroot_name(evidence), get_profile(evidence.profile).docroots
    below = {entry.path for entry in entries}
    if any(f"{top}/{name}" in below for name in (*_INDEX, *usual)):
        return []
    folders = [entry.path for entry in entries if entry.kind == "folder" and posixpath.dirname(entry.path) == top]
    return [path for path in folders if _is_aside(posixpath.basename(path), usual) and any(f"{path}/{name}" in below for name in _INDEX)]


def _finding(own: str, other: str, confidence: float, evidence: Evidence) -> Finding:
    cause = CAUSES["index-file-missing"]
    said = [_("The folder of the site, {path}, is not there.").format(path=own)] if own else [_("The folder of the site is not there.")]
    if other:
        said.append(_("{path} looks as if it were it, under another name.").format(path=other))
    hint = _("Give it its own name again. Where it was removed, restore it from a backup.")
    probes = tuple(Proof("probe", f"{page.path}: {page.status}") for page in failing_pages(evidence.site)[:3])
    return Finding(
        "docroot", cause.code, Severity.CRITICAL, confidence, " ".join(said), hint, other or own, evidence=(Proof("file", said[0]), *probes)
    )
