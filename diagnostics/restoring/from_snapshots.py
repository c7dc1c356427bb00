"""Files that may be at fault are read from the host's snapshots of before the failure, a few at a time and by a login that only reads.

What was read is one more source of what a repair puts back; it is written by the executor as any other, and can be undone.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from diagnostics import diagnosing, examining, steps
from diagnostics.connections import connecting, purposes
from diagnostics.examining import Examination
from diagnostics.facts.changes import failing_since
from diagnostics.facts.small_files import LIMIT
from diagnostics.models import Diagnosis, RepairCase, Step
from diagnostics.transports.base import FileKind, LoginRefused, NotFound, Reader, TransportError
from sites.models import Host, Site

from . import looking, snapshots
from .snapshots import Found, Snapshot

GUIDE_STEP = "restore"
READ = "snapshots-look"
PLAIN = "plain"  # an answer: the password may go over a line that others can read
_MOST_SNAPSHOTS = 3
_OVER_NETWORK = (Host.Protocol.SSH, Host.Protocol.SFTP, Host.Protocol.FTP, Host.Protocol.FTPS)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Files that could be put back: `paths` relative to the docroot, which is `inside` the home folder. `before`: when it was well."""

    paths: tuple[str, ...]
    inside: str
    before: datetime | None


def why_not(host: Host | None) -> str:
    """Why the host's snapshots cannot be read; empty where they may be."""
    if host is None or host.profile != "ovh-mutualise" or host.practice or host.protocol not in _OVER_NETWORK:
        return _("This kind of hosting keeps no snapshots that can be read from here.")
    if not host.sealed_password:
        return _("Snapshots are read with the password of the account, and only a key is known here.")
    return ""


def needs_consent(host: Host) -> bool:
    """Whether plain FTP would be another, less safe way than the one that the account is reached by."""
    return host.protocol in (Host.Protocol.SSH, Host.Protocol.SFTP)


def read(step: Step) -> Step:
    """The look of the guided repair: finds out which files are wanted, reads them, and has the diagnosis made anew with them."""
    site = step.case.site
    if why := why_not(site.host):
        return steps.conclude(step, Step.State.FAILED, why)
    plain = [PLAIN, "1"] in step.answers
    try:
        with purposes.doing("look", site=site, step_id=step.pk, user=step.created_by):
            wanted = _wanted(site)
            told = [_told(each, count) for each, count in _read_each(site, wanted, plain)] if wanted.paths else []
    except LoginRefused as error:
        return steps.conclude(step, Step.State.FAILED, _refused(site.host, plain, error))
    except TransportError as error:
        return steps.conclude(step, Step.State.FAILED, f"{error.message} {error.hint}".strip())
    _diagnose_again(step.case, step)
    return steps.conclude(step, Step.State.DONE, _message(wanted, told), snapshots=told)


def _wanted(site: Site) -> Wanted:
    """Which files could be put back, and from before when."""
    view = examining.look(site)
    with connecting.reader_for(site.host) as reader:
        examination: Examination = examining.examine(site, reader, view)
        paths = looking.wanted_paths(site, reader, examination, examining.neighbours(site))
        inside = _inside_account(site, reader)
    since = failing_since(examination.evidence)
    return Wanted(tuple(paths), inside, since)


def _read_each(site: Site, wanted: Wanted, plain: bool) -> Iterator[tuple[Snapshot, int]]:
    for snapshot in _of_before(wanted.before)[:_MOST_SNAPSHOTS]:
        with connecting.reader_as(site.host, snapshot.login, plain=plain) as reader:
            found = list(_files(reader, wanted))
        snapshots.keep(site, snapshot, found)
        yield snapshot, len(found)


def _of_before(before: datetime | None) -> list[Snapshot]:
    return [each for each in snapshots.kept_at(timezone.now()) if before is None or each.at < before]


def _files(reader: Reader, wanted: Wanted) -> Iterator[Found]:
    home = reader.home().rstrip("/")
    for path in wanted.paths:
        there = posixpath.normpath(posixpath.join(home or "/", wanted.inside, path))
        if not there.startswith(f"{home}/"):
            continue  # beside the docroot, and above what this login sees
        try:
            stat = reader.stat(there)
            if stat.kind is FileKind.FILE and 0 < stat.size <= LIMIT:
                yield Found(path, reader.read(there, LIMIT), stat.mode if stat.mode is not None else 0o604)
        except NotFound:
            continue


def _inside_account(site: Site, reader: Reader) -> str:
    """The docroot relative to the login's home. Raises TransportError where it does not lie there."""
    home = reader.home().rstrip("/")
    if not site.docroot.startswith(f"{home}/"):
        raise TransportError(_("The folder of the site does not lie in the home folder of the login, so it cannot be found in a snapshot."))
    return site.docroot[len(home) + 1 :]


def _told(snapshot: Snapshot, count: int) -> dict[str, object]:
    return {"at": snapshot.at.isoformat(), "login": snapshot.login, "files": count}


def _message(wanted: Wanted, told: Sequence[dict[str, object]]) -> str:
    if not wanted.paths:
        return _("No file was found that may be at fault, so there was nothing to look for.")
    if not told:
        return _("The host keeps no snapshot from before the failure began.")
    total = sum(int(str(each["files"])) for each in told)
    if not total:
        return _("The files that may be at fault are in none of the snapshots from before the failure.")
    return ngettext("%(n)d earlier state of a file was found.", "%(n)d earlier states of files were found.", total) % {"n": total}


def _refused(host: Host, plain: bool, error: LoginRefused) -> str:
    if needs_consent(host) and not plain:
        why = _(
            "The host does not let its snapshots be read over SFTP. OVHcloud gives them by plain FTP, which anybody on the way can read."
        )
        return why + " " + _("If that is acceptable to you, look again and allow it.")
    return _("The host refused the login of its snapshot: %(why)s It is not tried again by itself.") % {"why": error.message}


def _diagnose_again(case: RepairCase, step: Step) -> None:
    """What can be put back stands with the findings of a diagnosis."""
    diagnosis = diagnosing.diagnose_now(case.site, case.incident, step.created_by)
    if diagnosis.state == Diagnosis.State.DONE:
        RepairCase.objects.filter(pk=case.pk).update(diagnosis=diagnosis)
