"""Dumps of a site's database: made on the host with the site's own login, kept sealed here, and read through before they count.

The login goes through the standard input of the program, the dump comes through its output: no file is made on the host.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import examining, steps
from diagnostics.connections import connecting, purposes
from diagnostics.facts.database import option_file
from diagnostics.facts.settings.logins import DatabaseLogin
from diagnostics.models import DatabaseDump, Step
from diagnostics.transports import commands
from diagnostics.transports.base import Reader, TransportError
from sites.credentials import SecretUnreadable
from sites.models import Site

from . import store
from .reaching import Table, Unreachable, login_of, said, tables_of
from .reading import Sections

ABOUT = "database-dump"
_GZIP = b"\x1f\x8b"
_WITH_GZIP_HEADER = 31  # zlib's manual, inflateInit2: 16 + the largest window
_AT_ONCE = 4 * 1024 * 1024
_FIRST_LINE = 64

Note = Callable[[], None]  # called while it goes on; may raise to stop


class NotDumped(Exception):
    """No dump was made; the message says why. Nothing was changed."""


# --- the look of the guided repair ----------------------------------------------------------------
def look(step: Step) -> Step:
    """Makes a dump because a person asked for it. Changes nothing on the host."""
    site = step.case.site
    try:
        with purposes.doing("look", site=site, step_id=step.pk, user=step.created_by), connecting.reader_for(site.host) as reader:
            examination = examining.examine(site, reader, examining.look(site))
            dump = make(site, reader, login_of(reader, examination.evidence), step=step)
    except TransportError as error:
        why = f"{error.message} {error.hint}".strip()
        return steps.conclude(step, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": why})
    except (NotDumped, Unreachable, SecretUnreadable) as error:
        return steps.conclude(step, Step.State.FAILED, _("There is no dump: %(why)s") % {"why": error})
    words = {"name": dump.name, "tables": len(dump.tables), "size": filesizeformat(dump.size)}
    message = _("The database “%(name)s” was copied: %(tables)d tables, %(size)s. The copy was read through and is kept sealed here.")
    return steps.conclude(step, Step.State.DONE, message % words, dump=dump.pk)


# --- made -----------------------------------------------------------------------------------------
def make(
    site: Site, reader: Reader, login: DatabaseLogin, *, step: Step | None = None, note: Note = lambda: None, only: Sequence[str] = ()
) -> DatabaseDump:
    """A dump of the site's tables, or of some, kept and read through. Raises NotDumped, Unreachable, TransportError, and as `note` does."""
    store.end_abandoned()
    tables = _chosen(reader, login, only)
    if not tables:
        raise NotDumped(_("There is no table whose name begins with “%(prefix)s”.") % {"prefix": login.prefix})
    now = timezone.now()
    values = {"name": login.name, "server": login.where, "prefix": login.prefix, "began_at": now, "seen_at": now}
    dump = DatabaseDump.objects.create(site=site, step=step, **values)
    try:
        _take(reader, login, tables, dump, note)
        store.verify(dump)
    except store.DumpBroken as error:
        store.fail(dump)
        raise NotDumped(str(error)) from error
    except BaseException:  # whatever ends it, half a dump is none
        store.fail(dump)
        raise
    store.make_room(site, dump)
    return dump


def _take(reader: Reader, login: DatabaseLogin, tables: Sequence[Table], dump: DatabaseDump, note: Note) -> None:
    keeper, ending = store.Keeper(dump, store.room(dump.site)), commands.Ending()
    for block in _plain(reader, login, tables, ending, dump, note):
        keeper.take(block)
    if not keeper.sections.is_complete:
        raise NotDumped(_why_not(ending))
    keeper.finish()


def _why_not(ending: commands.Ending) -> str:
    if ending.status == 127:
        return _("The host has neither mariadb-dump nor mysqldump on its command line.")
    return _("It broke off before its end. %(said)s") % {"said": said(ending.errors)}


def _plain(
    reader: Reader, login: DatabaseLogin, tables: Sequence[Table], ending: commands.Ending, dump: DatabaseDump | None, note: Note
) -> Iterator[bytes]:
    """The text of a dump as it comes from the host, unpacked. Its program is noted with `dump`."""
    command = commands.dump(login.name, [table.name for table in tables])
    head, has_begun, unpacker = b"", False, None
    for raw in commands.pull(reader, command, option_file(login), ending):
        note()
        block = raw
        if not has_begun:
            head += raw
            program, _end, block = head.partition(b"\n")
            if len(program) > _FIRST_LINE:
                raise NotDumped(_("What the host answered is no dump."))
            has_begun = len(block) >= len(_GZIP)
            if not has_begun:
                continue
            if dump is not None:
                dump.made_by = program.decode("ascii", "replace")[:20]
            unpacker = zlib.decompressobj(_WITH_GZIP_HEADER) if block.startswith(_GZIP) else None
        yield from _unpacked(block, unpacker) if unpacker is not None else (block,)


def _unpacked(packed: bytes, unpacker: zlib._Decompress) -> Iterator[bytes]:
    while packed:
        try:
            yield unpacker.decompress(packed, _AT_ONCE)
        except zlib.error as error:
            raise NotDumped(_("What the host answered is no dump.")) from error
        packed = unpacker.unconsumed_tail


def _chosen(reader: Reader, login: DatabaseLogin, only: Sequence[str]) -> list[Table]:
    return [table for table in tables_of(reader, login) if not only or table.name in only]


def digests(reader: Reader, login: DatabaseLogin, note: Note = lambda: None, only: Sequence[str] = ()) -> dict[str, str]:
    """What the database holds now, table by table, as a dump would have it; nothing is kept. Raises as `make` does."""
    found, ending = Sections(), commands.Ending()
    for block in _plain(reader, login, _chosen(reader, login, only), ending, None, note):
        found.feed(block)
    if not found.is_complete:
        raise NotDumped(_why_not(ending))
    return found.tables
