"""The executor's hand at a site's database: the only one that changes anything there, each change written down before it is begun.

A dump is poured into the client on the host, which stops at the first statement that fails. Who pours holds a lock of the server, so that
what a dead worker left running there ends before it is taken back.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.facts.database import option_file
from diagnostics.facts.settings.logins import DatabaseLogin
from diagnostics.facts.settings.secret import Secret
from diagnostics.models import DatabaseChange, DatabaseDump, Step
from diagnostics.site_databases import store
from diagnostics.site_databases.reaching import Unreachable, quoted, said, tables_of
from diagnostics.site_databases.reading import only_parts
from diagnostics.transports import commands
from diagnostics.transports.base import Reader, TransportError
from sites.credentials import SecretUnreadable, seal, unseal

from .taken_back import TakenBack

Phase = DatabaseChange.Phase
LONGEST_S = 240.0  # that the host is kept for one dump or one pouring: longer than commands may run
_WAITS_S = 60  # for who pours already
_PARTS = ("host", "user", "name", "port", "socket", "prefix", "driver")


class NotPutIn(Exception):
    """The database did not take it all; the message says why. What it took is to be taken back."""


# --- written down ---------------------------------------------------------------------------------
def of(step: Step) -> DatabaseChange | None:
    return DatabaseChange.objects.select_related("dump", "before", "step__case").filter(step=step.pk).first()


def record(change: DatabaseChange, phase: str, **values: Any) -> None:
    """On the disk before anything is begun."""
    change.phase, change.recorded_at = phase, timezone.now()
    for name, value in values.items():
        setattr(change, name, value)
    change.save(update_fields=["phase", "recorded_at", *values])


def sealed(login: DatabaseLogin) -> str:
    """A login as it is kept with a change: what takes it back must not depend on settings that may be broken by then."""
    return seal(json.dumps({**{part: getattr(login, part) for part in _PARTS}, "password": login.password.reveal()}))


def opened(change: DatabaseChange) -> DatabaseLogin:
    """The same back. Raises SecretUnreadable."""
    values = json.loads(unseal(change.sealed_login))
    return DatabaseLogin(**{**values, "password": Secret(values["password"])})


# --- poured ---------------------------------------------------------------------------------------
def put_in(writer: Reader, login: DatabaseLogin, dump: DatabaseDump, *, without: Sequence[str] = (), only: Sequence[str] = ()) -> None:
    """Gives the tables of a dump, or only some, back as they were in it; those of `without` are dropped.

    Raises NotPutIn, TransportError, Unreachable.
    """
    kinds = {table.name: "VIEW" if table.is_view else "TABLE" for table in tables_of(writer, login)} if without else {}
    drops = [f"DROP {kinds[name]} IF EXISTS {quoted(name)};\n" for name in without if name in kinds]
    run(writer, login, _statements(drops, dump, only), _("%(name)s: the dump of %(day)s put back") % _words(login, dump))


def _statements(drops: Sequence[str], dump: DatabaseDump, only: Sequence[str]) -> Iterator[bytes]:
    yield "".join(["SET SESSION FOREIGN_KEY_CHECKS=0;\n", *drops]).encode("utf-8", "surrogateescape")
    yield from only_parts(store.blocks(dump), only) if only else store.blocks(dump)


def run(writer: Reader, login: DatabaseLogin, blocks: Iterator[bytes], what: str) -> list[str]:
    """Statements carried out one after the other, to the last one. Answers the lines that they printed. Raises NotPutIn, TransportError."""
    mark, end = secrets.token_hex(16), secrets.token_hex(16)
    ran = commands.pour(writer, commands.statements(login.name, mark), _framed(login, blocks, mark, end), what)
    lines = ran.output.decode("utf-8", "replace").splitlines()
    if ran.status == 127 and end not in lines:
        raise NotPutIn(_("The host has no client for its databases on the command line."))
    if ran.status != 0 or end not in lines:
        raise NotPutIn(_("The database stopped at a statement: %(said)s") % {"said": said(ran.output)})
    return [line for line in lines if line != end]


def _framed(login: DatabaseLogin, blocks: Iterator[bytes], mark: str, end: str) -> Iterator[bytes]:
    yield option_file(login) + f"{mark}\n".encode()
    # A subquery of two rows is an error, at which the client stops: nobody else may pour at the same time.
    lock = f"GET_LOCK(CONCAT('sitemend.', LEFT(MD5(DATABASE()), 16)), {_WAITS_S})"
    yield f"SELECT IF({lock} = 1, 'ours', (SELECT 1 UNION SELECT 2));\n".encode()
    yield from blocks
    yield f"\nSELECT '{end}';\n".encode()


def _words(login: DatabaseLogin, dump: DatabaseDump) -> dict[str, str]:
    return {"name": f"{login.name} ({login.user}, {login.where})", "day": f"{dump.began_at:%Y-%m-%d %H:%M} UTC"}


# --- taken back -----------------------------------------------------------------------------------
def take_back(open_writer: Callable[[], Reader], change: DatabaseChange, keep: Callable[[float], None]) -> TakenBack:
    """Gives the database back what it held before. Whatever was begun of the change, the result is the same."""
    result = TakenBack()
    if change.phase == Phase.PLANNED:
        record(change, Phase.NOT_MADE)
    if change.phase in (Phase.NOT_MADE, Phase.BACK_MADE):
        return result
    shown = change.before.name if change.before else _("the database")
    later = _later(change)
    if later is not None:
        result.refused.append((shown, _("a later step (%(step)s) changed it too. Undo that one first.") % {"step": later.step_id}))
        return result
    try:
        _give_back(open_writer(), change, keep)
    except TransportError as error:
        result.refused.append((shown, f"{error.message} {error.hint}".strip()))
        result.retry = True
    except (store.DumpBroken, NotPutIn, Unreachable, SecretUnreadable) as error:
        result.refused.append((shown, str(error)))
    else:
        result.done.append(shown)
    return result


def _later(change: DatabaseChange) -> DatabaseChange | None:
    """A later change of the same site's database that stands and could be undone."""
    rows = DatabaseChange.objects.filter(step__case__site=change.step.case.site_id, step__gt=change.step_id, phase=Phase.MADE)
    return rows.exclude(before=None).order_by("-step").first() if change.phase == Phase.MADE else None


def _give_back(writer: Reader, change: DatabaseChange, keep: Callable[[float], None]) -> None:
    if change.before is None and change.kind == DatabaseChange.Kind.REPAIR_TABLES:
        raise store.DumpBroken(_("the repair of damaged tables cannot be taken back. Check the tables again to see how they are."))
    if change.before is None:
        raise store.DumpBroken(_("what it held before is no longer kept."))
    store.verify(change.before)
    made = set(change.dump.tables) if change.dump else set()
    record(change, Phase.BACK_RECORDED)
    keep(LONGEST_S)
    put_in(writer, opened(change), change.before, without=sorted(made - set(change.before.tables)), only=change.tables)
    record(change, Phase.BACK_MADE)
