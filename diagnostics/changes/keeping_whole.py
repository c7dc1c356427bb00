"""Files that are taken from a host to make room: all of each is in the journal, and was read back from there, before it goes."""

from __future__ import annotations

import shutil

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext as _

from diagnostics.connections.locking import LEASE_S
from diagnostics.models import JournalEntry, Step
from diagnostics.repairs.plan import Change, EmptyFile, TakeAway
from diagnostics.transports.base import Stat, TransportError

from . import journal

LONGEST_S = LEASE_S + 180.0  # what reading, or storing, one large file may take
_OWN_ROOM = 256 * 1024 * 1024  # bytes that stay free here: whoever makes room elsewhere must not run out of it


def time_for(change: Change) -> float:
    """Seconds for which the host is to be kept while a change is looked at."""
    return LONGEST_S if isinstance(change, TakeAway | EmptyFile) else 0.0


def record(step: Step, position: int, change: Change, stat: Stat | None, content: bytes | None) -> JournalEntry:
    """As `journal.record`. Of what makes room, raises TransportError where the copy is not safely here: then the file must stay."""
    if not isinstance(change, TakeAway | EmptyFile):
        return journal.record(step, position, change, stat, content)
    if content is None or stat is None:
        raise TransportError(_("It could not be read as a whole."), _not_taken())
    if shutil.disk_usage(settings.SITEMEND_VAR_DIR).free < 3 * len(content) + _OWN_ROOM:
        raise TransportError(_("There is not enough room here to keep a copy of it."), _not_taken())
    try:
        entry = journal.record(step, position, change, stat, content)
        kept = journal.is_kept(entry)
    except DatabaseError as error:
        raise TransportError(_("The copy of it could not be stored here."), _not_taken()) from error
    if not kept:
        journal.mark_taken_back(entry, _("Not made: the copy of it was not whole."))
        raise TransportError(_("The copy of it that was stored here is not whole."), _not_taken())
    return entry


def _not_taken() -> str:
    return _("It was left where it is.")


def no_room_words() -> str:
    """What an undo says that found the disk full: what it needs, what is as before, and what to do."""
    return _(
        "there is no room to put it back. So nothing was put back, nothing else was changed, and the copies are kept here. "
        "First make room on the account: delete what the site has stored since, or what nobody needs. Then undo again."
    )
