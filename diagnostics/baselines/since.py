"""What had changed when a failure was looked into: the tree that a diagnosis has read, beside the last baseline from before."""

from __future__ import annotations

import hashlib
import logging
import posixpath
from collections.abc import Iterator
from datetime import datetime

from diagnostics.baselines import comparing, php_change
from diagnostics.changes.journal import printable
from diagnostics.evidence import Evidence
from diagnostics.facts.changes import failing_since
from diagnostics.installed import Change
from diagnostics.manifests import places, rules
from diagnostics.manifests.comparing import Group, Named
from diagnostics.manifests.format import COUNTED, FILE, FOLDER, LINK, OTHER, UNREAD, ManifestUnreadable, Record, Sorter
from diagnostics.models import Baseline, Diagnosis, DiagnosisChanges
from sites.models import Site

log = logging.getLogger(__name__)

_MOST_GROUPS = 12
_MOST_NAMED = 6
_KINDS = {"file": FILE, "folder": FOLDER, "link": LINK}
_OPEN_TO_OWNER = 0o500


def note(diagnosis: Diagnosis, evidence: Evidence) -> DiagnosisChanges | None:
    """Stores what changed since the last baseline before the failure; None where there is none, or the files could not be read."""
    since = diagnosis.incident.first_failure_at if diagnosis.incident else evidence.site.failing_since
    found = _compared(diagnosis.site, evidence, since)
    if found is None:
        return None
    baseline, result = found
    _shorten(result)
    php = php_change.between(baseline, evidence)
    if php is not None:
        result.summary.groups.insert(0, php_change.as_group(php))
    values = {"baseline": baseline, "baseline_at": baseline.taken_at, "sealed_result": comparing.seal_result(result)}
    return DiagnosisChanges.objects.update_or_create(diagnosis=diagnosis, defaults=values)[0]


def changes(site: Site, evidence: Evidence) -> tuple[Change, ...] | None:
    """The same for checks, the latest first; None where there is no baseline to compare with, so that times must do."""
    found = _compared(site, evidence, failing_since(evidence))
    if found is None:
        return None
    baseline, result = found
    _shorten(result)
    php = php_change.between(baseline, evidence)
    made = [_change(group, evidence, result) for group in result.summary.groups]
    made = [change for change in made if php is None or not _says_only_that(change, php)]
    return (*([php] if php else []), *sorted(made, key=lambda change: -change.last))


def _says_only_that(change: Change, php: Change) -> bool:
    """Whether it is the very file whose line names PHP's version."""
    return change.what == "configuration" and change.paths == php.paths and change.how in ("changed", "added")


def _change(group: Group, evidence: Evidence, result: comparing.Result) -> Change:
    """What was removed, or lost its permissions, bears no time of that: 0."""
    top = posixpath.basename(evidence.docroot.rstrip("/"))
    names = [label.partition("\t")[2] for label in (group.before, group.after)]
    whole = {group.removed: "removed", group.added: "added"}
    how = whole.get(group.total) or ("permissions" if all(map(_is_of_modes, group.named)) else "changed")
    timed = how in ("added", "changed")
    return Change(
        group.what, (group.after or group.before).partition("\t")[0] or places.named(group.name),
        float(group.first or 0) if timed else 0.0, float(group.last or 0) if timed else 0.0, group.total,
        tuple(printable(places.named(named.path, top)) for named in group.named), how, "baseline",
        f"{names[0]} → {names[1]}" if all(names) and names[0] != names[1] else "",
    )  # fmt: skip


def _is_of_modes(named: Named) -> bool:
    """Whether its permissions alone are others."""
    return (
        named.how == "changed"
        and named.sizes[0] == named.sizes[1]
        and named.times[0] == named.times[1]
        and named.modes[0] != named.modes[1]
    )


def _compared(site: Site, evidence: Evidence, since: datetime | None) -> tuple[Baseline, comparing.Result] | None:
    if since is None or not isinstance(evidence.tree, tuple) or evidence.tree[0].kind != "folder":
        return None
    baseline = last_before(site, since)
    if baseline is None:
        return None
    sorter = Sorter()
    try:
        for record in _records(evidence):
            sorter.add(record)
        exact = not evidence.connection.startswith("ftp")
        told = {"is_cut": evidence.tree_truncated, "times": exact, "modes": exact}
        scope = evidence.program_scope
        return baseline, comparing.compared(baseline.site, baseline, sorter.sorted(), _contents(evidence), scope, **told)
    except ManifestUnreadable:  # the diagnosis stands without it
        log.exception("baseline %s", baseline.pk)
        return None
    finally:
        sorter.close()


def last_before(site: Site, since: datetime) -> Baseline | None:
    """The last baseline of this account from before a failure began."""
    baseline = Baseline.objects.filter(site=site, taken_at__lt=since).select_related("site").order_by("-pk").first()
    return baseline if baseline is not None and baseline.host_id == site.host_id else None


def places_of(site: Site, since: datetime | None) -> places.Scope:
    """Where the program lay beside the docroot, as that baseline has it."""
    if since is None:
        return ()
    rows = Baseline.objects.filter(site=site, taken_at__lt=since).order_by("-pk").values_list("host_id", "beside")
    host_id, beside = rows.first() or (None, [])
    return places.from_json(beside) if host_id == site.host_id else ()


def _contents(evidence: Evidence) -> dict[str, bytes]:
    files = evidence.htaccess if isinstance(evidence.htaccess, tuple) else ()
    return {hashlib.sha256(file.content).hexdigest(): file.content for file in files}


def _records(evidence: Evidence) -> Iterator[Record]:
    """The tree as a look would have it. A folder that its owner may not read hides what is in it: that is not called removed."""
    assert isinstance(evidence.tree, tuple)
    files = evidence.htaccess if isinstance(evidence.htaccess, tuple) else ()
    digests = {file.absolute: hashlib.sha256(file.content).hexdigest() for file in files}
    docroot = evidence.docroot.rstrip("/")
    for entry in (*evidence.tree, *evidence.program):
        path = places.of_text(places.relative(entry.absolute, docroot, evidence.program_scope))
        kind = _KINDS.get(entry.kind, OTHER)
        if kind == FOLDER and rules.is_counted(path):
            kind = COUNTED
        elif kind == FOLDER and entry.mode & _OPEN_TO_OWNER != _OPEN_TO_OWNER:
            kind = UNREAD
        elif kind != FOLDER and not rules.is_configuration(path) and rules.counted_above(posixpath.dirname(path)):
            continue
        yield Record(path, kind, entry.mode, entry.size, int(entry.mtime), digest=digests.get(entry.absolute, ""))


def _shorten(result: comparing.Result) -> None:
    """What a person in a hurry needs: not the uploads, which change every day, and of each group some files."""
    summary = result.summary
    for group in [group for group in summary.groups if group.what == "counted"]:
        summary.changed -= group.changed
        summary.added -= group.added
        summary.removed -= group.removed
        summary.groups.remove(group)
    summary.left_out += sum(group.total for group in summary.groups[_MOST_GROUPS:])
    del summary.groups[_MOST_GROUPS:]
    for group in summary.groups:
        del group.named[_MOST_NAMED:]
    shown = {named.path for group in summary.groups for named in group.named}
    result.diffs = {path: text for path, text in result.diffs.items() if path in shown}
