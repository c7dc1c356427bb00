"""What could be put back of the files that findings speak of: from the store, a snapshot, the same release, from beside them."""

from __future__ import annotations

import hashlib
import posixpath
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Protocol

from diagnostics.baselines import storing
from diagnostics.changes.journal import unescape_path
from diagnostics.copies import KEPT, Copy, Restorable, SinceWell, is_rest_of
from diagnostics.evidence import Evidence, TextFile, TreeEntry
from diagnostics.facts import tree
from diagnostics.facts.changes import failing_since
from diagnostics.facts.paths import same_file
from diagnostics.facts.small_files import SmallFiles
from diagnostics.findings import Finding, Severity
from diagnostics.manifests import places, rules
from diagnostics.models import Baseline, KeptFile
from diagnostics.php import said_of_files
from diagnostics.profiles import get_profile, policy_for
from diagnostics.repairs.restore_file import ID
from diagnostics.transports.base import Reader, TransportError
from sites.models import Site

from . import as_published, since_well, snapshots, wanted
from .as_published import AsPublished
from .on_host import CopiesOnHost

TIME_LIMIT_S = 4.0
_MOST_FINDINGS, _MOST_FILES, _MOST_TOGETHER = 6, 8, 40
_BY_HAND = 2  # more files of a program that changed beside it: it was deployed anew
_MOST_OLDER = 3  # contents of one file
_MOST_LOOKED_INTO = 60  # files that changed, for one that defined what is missing


def with_copies(site: Site, reader: Reader, evidence: Evidence, findings: Sequence[Finding], neighbours: Iterable[str]) -> Evidence:
    """The evidence with what could be put back. A site that is well, or whose files could not be listed, is left as it is."""
    telling = [each for each in findings if each.severity is not Severity.NOTE and ID in each.repairs]
    if not telling or not isinstance(evidence.tree, tuple) or failing_since(evidence) is None:
        return evidence
    with closing(_Look(site, reader, evidence, neighbours)) as look:
        return look.run([each for each in telling if _may_be_put_back(each)][:_MOST_FINDINGS])


def wanted_paths(site: Site, reader: Reader, examined: Examined, neighbours: Iterable[str]) -> list[str]:
    """Which files could be put back if an earlier state of them were known, relative to the docroot ("../app/a.php" beside it)."""
    evidence = examined.evidence
    telling = [each for each in examined.findings if each.severity is not Severity.NOTE and ID in each.repairs and _may_be_put_back(each)]
    if not telling or not isinstance(evidence.tree, tuple) or failing_since(evidence) is None:
        return []
    with closing(_Look(site, reader, evidence, neighbours)) as look:
        return look.wanted(telling[:_MOST_FINDINGS])


def _may_be_put_back(finding: Finding) -> bool:
    return bool(finding.path) or bool(finding.datum("missing")) or bool(wanted.said(finding))


class Examined(Protocol):
    """What an examination brought."""

    @property
    def evidence(self) -> Evidence: ...

    @property
    def findings(self) -> tuple[Finding, ...]: ...


class _Look:
    def __init__(self, site: Site, reader: Reader, evidence: Evidence, neighbours: Iterable[str]) -> None:
        self.site, self.evidence = site, evidence
        self.docroot = evidence.docroot.rstrip("/")
        self.files = SmallFiles(reader)
        self.until = time.monotonic() + TIME_LIMIT_S
        self.on_host = CopiesOnHost(self.files, evidence, neighbours, self.until)
        entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
        self.entries: dict[str, TreeEntry] = {entry.absolute: entry for entry in (*entries, *evidence.program)}
        self.lost_links = {link.absolute: link for link in evidence.lost_links}
        for path in self.lost_links:  # nothing is there
            self.entries.pop(path, None)
        self.rows = self._kept()
        self.beside = frozenset(path for path in self.rows if path.startswith(places.UP))
        self.published = AsPublished(site, self.files, evidence, self.entries, self.until)
        self.asked: set[str] = set()  # absolute names that were looked up one by one, since their place was not listed
        self.baseline = self._last_before()
        self.known = since_well.paths_of(self.baseline) if self.baseline is not None else None  # what there was then
        self.of_snapshots = snapshots.copies_before(site, failing_since(evidence))
        self.changed = {path for path, rows in self.rows.items() if self._is_changed(path, rows)}

    def close(self) -> None:
        self.published.close()

    def _kept(self) -> dict[str, list[KeptFile]]:
        """What was kept while the site was well, before it failed: by path, the latest first."""
        since = failing_since(self.evidence)
        rows = KeptFile.objects.filter(site=self.site, first_seen_at__lt=since).order_by("-last_seen_at", "-mtime")
        found: dict[str, list[KeptFile]] = {}
        for row in rows:
            found.setdefault(unescape_path(row.path), []).append(row)
        return found

    def _last_before(self) -> Baseline | None:
        """The last baseline of this account from before the failure."""
        baseline = Baseline.objects.filter(site=self.site, taken_at__lt=failing_since(self.evidence)).order_by("-pk").first()
        return baseline if baseline is not None and baseline.host_id == self.site.host_id else None

    def _is_changed(self, path: str, rows: list[KeptFile]) -> bool:
        entry = self.entries.get(self._absolute(path))
        if entry is None:  # what was gone already while all was well was given up
            return self._is_listed(path) and (self.known is None or path in self.known)
        exact = not self.evidence.connection.startswith("ftp")
        return entry.size != rows[0].size or (exact and int(entry.mtime) != rows[0].mtime)

    def wanted(self, findings: list[Finding]) -> list[str]:
        return list(dict.fromkeys(path for finding in findings for path in self._named(finding)))[:_MOST_TOGETHER]

    def run(self, findings: list[Finding]) -> Evidence:
        wanted_by: dict[str, list[tuple[str, str, int | None]]] = {}
        for finding in findings:
            named = self._named(finding)
            if finding.cause in as_published.UNEXPLAINED:
                named += [path for path in as_published.below(self.docroot, self.published.lately_lost()) if path not in named]
            for path in (*named, *self._lost_with(named, finding)):
                wanted_by.setdefault(path, []).append((finding.cause, finding.path, finding.line))
        found = [self._restorable(path, tuple(names)) for path, names in wanted_by.items()]
        files = tuple(each for each in found if each and each.copies)
        return replace(self.evidence, restorable=files, since_well=self._since_well())

    # --- which ----------------------------------------------------------------------------------------
    def _named(self, finding: Finding) -> list[str]:
        named = list(dict.fromkeys([*self._gone(finding), *wanted.named(finding, self.evidence, self.beside)]))
        self._look_up(named)
        named = [path for path in named if self._is_file_or_missing(path)]
        definers = self._definers(finding) or self._published_definers(finding)
        if definers:
            return definers  # the file that calls is well: the one that lost the name is not
        missing = [path for path in named if self._absolute(path) not in self.entries]
        if missing and not any(map(self._is_known, missing)):  # the file that wants them may be of another release
            missing += [path for path in named if path not in missing and self.published.of(self._absolute(path))]
        parts = {wanted.part_of(path) for path in missing if path in self.rows}
        lost_with = [path for path in sorted(self.changed) if wanted.part_of(path) in parts and self._absolute(path) not in self.entries]
        return list(dict.fromkeys([*missing, *lost_with]))[:_MOST_TOGETHER] if missing else named[:_MOST_FILES]

    def _is_known(self, path: str) -> bool:
        return path in self.rows or path in self.of_snapshots or bool(self.published.of(self._absolute(path)))

    def _gone(self, finding: Finding) -> list[str]:
        """Files that were there while the site was well, are not now, and are named in what the finding quotes, in whatever words."""
        said = wanted.said(finding)
        logged = said_of_files.paths_in(said)
        # One name alone is told by what lies beside it: the docroot, as the server calls it.
        top = f"/{posixpath.basename(self.docroot)}/"
        above = {posixpath.basename(each) for each in logged if f"{posixpath.dirname(each)}{top}" in said}

        def is_named(path: str) -> bool:
            shown, absolute = wanted.shown(path, self.evidence), self._absolute(path)
            return shown in above or any(same_file(each, shown, absolute) for each in logged)

        lost = (path for path in sorted(self.changed) if self._absolute(path) not in self.entries)
        return [path for path in lost if logged and is_named(path)][:_MOST_FILES]

    def _is_file_or_missing(self, path: str) -> bool:
        entry = self.entries.get(self._absolute(path))
        if entry is None:
            return self._is_listed(path) or self._absolute(path) in self.asked
        return entry.kind == "file"

    def _is_listed(self, path: str) -> bool:
        """Whether a file that is not among the entries is not there."""
        if path.startswith(places.UP):
            return places.holds(self.evidence.program_scope, path)
        return not self.evidence.tree_truncated

    def _look_up(self, paths: list[str]) -> None:
        """Single files, and their folders, where all of the site, or of its program beside it, could not be listed."""
        unknown = [self._absolute(path) for path in paths[:_MOST_FILES] if not self._is_listed(path)]
        unknown = [path for path in unknown if path not in self.asked and path not in self.entries]
        if not unknown:
            return
        try:
            found = self.files.stats([*unknown, *map(posixpath.dirname, unknown)])
        except TransportError:
            return
        self.asked.update(unknown)
        self.entries |= {path: tree.entry_of(path, stat, self.docroot) for path, stat in found.items()}

    def _definers(self, finding: Finding) -> list[str]:
        pattern = wanted.defined(finding)
        if pattern is None:
            return []
        looked_into = sorted(self.changed, key=lambda path: not path.endswith(".php"))[:_MOST_LOOKED_INTO]
        contents = storing.contents(self.site.pk, [self.rows[path][0].sha256 for path in looked_into])
        return [path for path in looked_into if pattern.search(contents.get(self.rows[path][0].sha256, b""))][:_MOST_FILES]

    def _published_definers(self, finding: Finding) -> list[str]:
        pattern = wanted.defined(finding)
        near = posixpath.join(posixpath.dirname(self.docroot) or "/", finding.path)
        return as_published.below(self.docroot, self.published.definers(near, pattern))[:_MOST_FILES] if pattern else []

    def _lost_with(self, paths: Sequence[str], finding: Finding) -> list[str]:
        """What lacks with these of the release that they belong to, where one of them is not there or is cut off."""
        if not as_published.is_of_content(finding.cause):
            return []
        lost = [path for path in paths if not path.startswith(places.UP) and self._is_lost(path)]
        found = (each for path in lost for each in as_published.below(self.docroot, self.published.lost_with(self._absolute(path))))
        return [each for each in dict.fromkeys(found) if each not in paths]

    def _is_lost(self, path: str) -> bool:
        """Whether a file is gone, or a rest of what it was published as."""
        absolute = self._absolute(path)
        if absolute not in self.entries:
            return True
        published, now = self.published.of(absolute), self._current(absolute)
        return bool(published) and now is not None and is_rest_of(now, published[0].content)

    # --- all ------------------------------------------------------------------------------------------
    def _since_well(self) -> SinceWell | None:
        """Everything, where it is no more than a person can look through; nothing of it is left out."""
        added = self._added()
        changed = sorted(path for path in self.changed if since_well.is_of_program(path))
        if added is None or not 0 < len(changed) + len(added) <= since_well.MOST:
            return None
        self.files.fetch([self._absolute(path) for path in (*changed, *added) if self._absolute(path) in self.entries])
        # Uploaded again as it was, or put back a moment ago: there is nothing to do about it.
        put_back = [self._as_kept(path) for path in changed if not self._is_as_kept(path)]
        aside = [(path, self.files.content(self._absolute(path))) for path in added]
        if not (put_back or aside) or not all(put_back) or any(content is None for _path, content in aside):
            return None
        at = max((row.last_seen_at.timestamp() for rows in self.rows.values() for row in rows[:1]), default=0.0)
        names = ((wanted.shown(path, self.evidence), self._absolute(path), content) for path, content in aside if content is not None)
        return SinceWell(
            at, tuple(each for each in put_back if each),
            tuple((shown, absolute, hashlib.sha256(content).hexdigest()) for shown, absolute, content in names),
        )  # fmt: skip

    def _added(self) -> list[str] | None:
        """Programs and settings that the last baseline from before the failure does not have; None without such a baseline."""
        known = self.known
        if self.baseline is None or known is None or self.evidence.tree_truncated:
            return None
        both = places.from_json(self.baseline.beside)
        if both != places.common(both, self.evidence.program_scope):
            return None  # what was changed beside the docroot is not known
        files = (absolute for absolute, entry in self.entries.items() if entry.kind == "file")
        paths = (places.relative(absolute, self.docroot, self.evidence.program_scope) for absolute in files if absolute not in self.asked)
        return sorted(path for path in paths if path not in known and since_well.is_of_program(path) and places.holds(both, path))

    def _is_as_kept(self, path: str) -> bool:
        now = self._current(self._absolute(path)) if self._absolute(path) in self.entries else None
        return now is not None and hashlib.sha256(now).hexdigest() == self.rows[path][0].sha256

    def _as_kept(self, path: str) -> Restorable | None:
        found = self._restorable(path, (), only_kept=True)
        return found if found and found.copies and found.is_folder_there else None

    # --- one ------------------------------------------------------------------------------------------
    def _restorable(self, path: str, wanted_by: tuple[tuple[str, str, int | None], ...], *, only_kept: bool = False) -> Restorable | None:
        absolute = self._absolute(path)
        entry = self.entries.get(absolute)
        current = self._current(absolute) if entry is not None else None
        if entry is not None and current is None:
            return None  # what it holds now must be known, to be put back by an undo
        causes = {cause for cause, _path, _line in wanted_by}
        more = () if only_kept else self._more(path, published=not causes or any(map(as_published.is_of_content, causes)))
        copies = [copy for copy in (*self._of_store(path), *more) if copy.content != current]
        folder = posixpath.dirname(absolute)
        shown = wanted.shown(path, self.evidence)
        above = self.entries.get(folder)
        is_there = folder == self.docroot or (above is not None and above.kind == "folder") or self._is_base(folder)
        mode, others = self._mode(shown, entry, copies), self._others(path)
        lost = 0 if is_there else self._lost_for_good(folder)
        links = tuple(link for at, link in self.lost_links.items() if f"{absolute}/".startswith(f"{at}/"))
        return Restorable(shown, absolute, current, mode, _once(copies), wanted_by, others, is_there, lost, links)

    def _lost_for_good(self, folder: str) -> int:
        """How many files lay in a folder that is not there, while the site was well, and were not kept."""
        while (above := posixpath.dirname(folder)) not in self.entries and above.startswith(f"{self.docroot}/"):
            folder = above
        inside = as_published.below(self.docroot, [f"{folder}/"])
        return sum(path.startswith(inside[0]) and path not in self.rows for path in self.known or ()) if inside else 0

    def _is_base(self, folder: str) -> bool:
        return any(folder == base for base, _shown in places.bases(self.evidence.program_scope, self.docroot))

    def _others(self, path: str) -> int:
        """How many more files of the same part have another content. A program that is no part of WordPress is one whole, of which a
        person edits a file or two and a deployment many."""
        part = wanted.part_of(path)
        changed = [each for each in self.changed - {path} if self._absolute(each) in self.entries and not _is_configuration(each)]
        if part != posixpath.dirname(path) or "/wp-content/" in f"/{path}":
            return sum(wanted.part_of(each) == part for each in changed)
        count = sum("/wp-content/" not in f"/{each}" for each in changed)
        return count if count > _BY_HAND else 0

    def _more(self, path: str, *, published: bool) -> list[Copy]:
        of_release = self.published.of(self._absolute(path)) if published else []
        return [*self.of_snapshots.get(path, ()), *of_release, *([] if of_release else self.on_host.of(self._absolute(path)))]

    def _of_store(self, path: str) -> list[Copy]:
        rows = self.rows.get(path, [])[:_MOST_OLDER]
        contents = storing.contents(self.site.pk, [row.sha256 for row in rows])
        return [Copy(KEPT, contents[row.sha256], row.last_seen_at.timestamp(), mode=row.mode) for row in rows if row.sha256 in contents]

    def _mode(self, shown: str, entry: TreeEntry | None, copies: Collection[Copy]) -> int:
        """That of the file; of one that is missing the one it had, as far as this kind of host allows it."""
        if entry is not None:
            return entry.mode
        had = next((copy.mode for copy in copies if copy.mode), 0o644)
        judged = policy_for(TreeEntry(shown, shown, "file", had, 0, 0.0), get_profile(self.evidence.profile))
        return judged.expected if judged.expected is not None else had

    def _current(self, absolute: str) -> bytes | None:
        texts: tuple[TextFile, ...] = self.evidence.htaccess if isinstance(self.evidence.htaccess, tuple) else ()
        known = next((file.content for file in texts if file.absolute == absolute), None)
        if known is None and (entry := self.entries.get(absolute)) is not None and entry.kind == "file" and not entry.size:
            return b""  # read nowhere, however many there are
        return known if known is not None else self.published.read(absolute)

    def _absolute(self, path: str) -> str:
        return places.absolute(self.docroot, path)


def _is_configuration(path: str) -> bool:
    return rules.is_configuration(path.encode("utf-8", "replace"))


def _once(copies: list[Copy]) -> tuple[Copy, ...]:
    """Each content once, of the source that is to be trusted most."""
    found: dict[bytes, Copy] = {}
    for copy in copies:
        found.setdefault(copy.content, copy)
    return tuple(found.values())
