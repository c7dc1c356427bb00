"""Many sites changed by one act, with what they were before, so that it can be taken back. A few statements per thousand sites."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import delivery
from sites.automatic.policy import Policy
from sites.bulk import update_rows
from sites.models import BulkChange, Host, MaintenanceWindow, Notification, Page, Site, SiteImport
from sites.scheduling import first_due
from sites.signals import sites_in_work

AT_ONCE = 1000  # sites of one statement
PAUSE, RESUME, PROBE, INTERVAL, TAG, UNTAG, HOST, MUTE, READ_ONLY, WRITABLE, TRIALS, AUTOMATIC, DELETE = (
    "pause", "resume", "probe", "interval", "tag", "untag", "host", "mute", "read-only", "writable", "trials", "automatic", "delete",
)  # fmt: skip
VERBS = (PAUSE, RESUME, PROBE, INTERVAL, TAG, UNTAG, HOST, MUTE, READ_ONLY, WRITABLE, TRIALS, AUTOMATIC, DELETE)
OWNERS_ONLY = frozenset({READ_ONLY, WRITABLE, AUTOMATIC})
_TIMES = frozenset({"paused_at", "paused_until", "muted_until", "deleted_at", "read_only_since"})
_READ_ONLY = ("read_only_since", "read_only_by_id")
_STOPS_PROBING = frozenset({"paused_at", "deleted_at"})
OFFERED_FOR = timedelta(minutes=10)
RENAMED = " → "
MOST_TAGS = 200  # characters of all tags of one site


class ChangeRefused(ValueError):
    """Nothing was changed; the message says why."""


@dataclass(slots=True)
class Done:
    """What came of a change: how many were changed, and which were left as they were because a repair works on them."""

    change: BulkChange | None
    changed: int
    in_work: int = 0


# A function from the columns of a site to their new values; None leaves it as it is.
Changing = Callable[[Sequence[Any]], Sequence[Any] | None]


def pause(user: AbstractBaseUser, ids: Iterable[int]) -> Done:
    """No probing of these until `resume`."""
    now = timezone.now()
    return _change(user, PAUSE, ids, ("paused_at", "paused_until"), lambda row: None if row[0] and not row[1] else (row[0] or now, None))


def resume(user: AbstractBaseUser, ids: Iterable[int]) -> Done:
    """Probes these again, at once."""
    return _change(user, RESUME, ids, ("paused_at", "paused_until"), lambda row: (None, None) if row[0] else None)


def set_interval(user: AbstractBaseUser, ids: Iterable[int], seconds: int) -> Done:
    """Another interval; each begins a timetable of its own."""
    words = str(seconds)
    return _change(user, INTERVAL, ids, ("interval_s",), lambda row: None if row[0] == seconds else (seconds,), words)


def add_tag(user: AbstractBaseUser, ids: Iterable[int], tag: str) -> Done:
    """One more tag. Raises ChangeRefused when a site has no room for it."""
    ids = list(ids)

    def changing(row: Sequence[Any]) -> Sequence[Any] | None:
        words = row[0].split()
        if tag in words:
            return None
        new = " ".join([*words, tag])
        if len(new) > MOST_TAGS:
            raise _no_room(ids, row[0])
        return (new,)

    return _change(user, TAG, ids, ("tags",), changing, tag)


def _no_room(ids: Sequence[int], tags: str) -> ChangeRefused:
    """Names the site that has no room for a tag."""
    full = Site.objects.filter(tags=tags).values_list("pk", "name")
    name = next((name for pk, name in full if pk in ids), "")
    words = {"name": name, "most": MOST_TAGS}
    return ChangeRefused(
        _("%(name)s has no room for this tag: all of a site's have at most %(most)d characters. Nothing was changed.") % words
    )


def remove_tag(user: AbstractBaseUser, ids: Iterable[int], tag: str) -> Done:
    """Takes a tag away where it is."""

    def changing(row: Sequence[Any]) -> Sequence[Any] | None:
        words = row[0].split()
        return (" ".join(word for word in words if word != tag),) if tag in words else None

    return _change(user, UNTAG, ids, ("tags",), changing, tag)


def rename_tag(user: AbstractBaseUser, ids: Iterable[int], old: str, new: str, team_ids: Sequence[int] = ()) -> Done:
    """Another word for a tag, wherever it is; where both were, one is left. The maintenance windows of these teams go with it.

    Raises ChangeRefused when a site has no room for it.
    """
    ids = list(ids)

    def changing(row: Sequence[Any]) -> Sequence[Any] | None:
        words = row[0].split()
        if old not in words:
            return None
        tags = " ".join(dict.fromkeys(new if word == old else word for word in words))
        if len(tags) > MOST_TAGS:
            raise _no_room(ids, row[0])
        return (tags,)

    with transaction.atomic():
        windows = _rename_windows(team_ids, old, new)
        noted = {"windows": windows, "tag": [old, new]} if windows else None
        return _change(user, TAG, ids, ("tags",), changing, f"{old}{RENAMED}{new}"[:200], noted=noted)


def _rename_windows(team_ids: Sequence[int], old: str, new: str, ids: Sequence[int] | None = None) -> list[int]:
    """Maintenance windows of these teams for a tag (of these numbers only, when given) go with its new name. Which ones did."""
    windows = MaintenanceWindow.objects.filter(team__in=team_ids, tag=old)
    changed = list((windows if ids is None else windows.filter(pk__in=ids)).values_list("pk", flat=True))
    MaintenanceWindow.objects.filter(pk__in=changed).update(tag=new)
    return changed


def set_host(user: AbstractBaseUser, ids: Iterable[int], host: Host | None) -> Done:
    """Another hosting account, or none. Sites of another team than the host's are refused: raises ChangeRefused."""
    kept = list(ids)
    if host is not None and Site.objects.filter(pk__in=kept).exclude(team_id=host.team_id).exists():
        raise ChangeRefused(_("Some of these sites belong to another team than this hosting account. Nothing was changed."))
    pk = host.pk if host else None
    return _change(user, HOST, kept, ("host_id",), lambda row: None if row[0] == pk else (pk,), host.name if host else "", spare=True)


def mute(user: AbstractBaseUser, ids: Iterable[int], until: datetime | None) -> Done:
    """Nothing is mailed about these until then; None ends it."""
    detail = until.isoformat() if until else ""
    return _change(user, MUTE, ids, ("muted_until",), lambda row: None if row[0] == until else (until,), detail)


def set_read_only(user: AbstractBaseUser, ids: Iterable[int]) -> Done:
    """Nothing is written to the files of these from now on. What a repair works on is left: what is half done must be taken back first."""
    now = timezone.now()
    return _change(user, READ_ONLY, ids, _READ_ONLY, lambda row: None if row[0] else (now, user.pk), spare=True)


def lift_read_only(user: AbstractBaseUser, ids: Iterable[int]) -> Done:
    """These may be repaired again, as far as their hosting account is not in read-only mode as a whole."""
    return _change(user, WRITABLE, ids, _READ_ONLY, lambda row: (None, None) if row[0] else None)


def set_trials(user: AbstractBaseUser, ids: Iterable[int], trials: str) -> Done:
    """The kinds of trials that may be made on these unattended, as `trial_policy.checked` gives them; empty: none."""
    return _change(user, TRIALS, ids, ("trials",), lambda row: None if row[0] == trials else (trials,), trials)


def set_automatic(user: AbstractBaseUser, ids: Iterable[int], policy: Policy, *, sets_aside: bool | None) -> Done:
    """Which repairs are made on these without a person, and how; a policy that allows none switches them off.

    `sets_aside`: whether WordPress plugins may be set aside; None leaves what each site says of it.
    """

    def changing(row: Sequence[Any]) -> Sequence[Any] | None:
        new = (policy.stored(), row[1] if sets_aside is None else sets_aside)
        return None if tuple(row) == new else new

    return _change(user, AUTOMATIC, ids, ("auto_repair", "sets_aside"), changing)


def delete(user: AbstractBaseUser, ids: Iterable[int], detail: str = "") -> Done:
    """Into the bin: not probed, not shown, their names free for others. `sites.many.bin` takes them out, or away for good."""
    now = timezone.now()
    columns = ("deleted_at", "paused_at", "paused_until")
    kept = list(ids)
    with transaction.atomic():
        done = _change(user, DELETE, kept, columns, lambda row: (now, row[1] or now, row[2]), detail, spare=True)
        _suppress_mail(kept)
    return done


def _suppress_mail(ids: Sequence[int]) -> None:
    """What waits to be told about sites in the bin is not told."""
    in_bin = Notification.objects.filter(site__deleted_at__isnull=False)
    for start in range(0, len(ids), AT_ONCE):
        delivery.suppress(in_bin.filter(site__in=ids[start : start + AT_ONCE]), delivery.IN_BIN)


def probe(ids: Iterable[int]) -> int:
    """Makes all pages due at once: the regular probing takes them. Returns how many sites; paused ones stay so."""
    kept, count = sorted(set(ids)), 0
    for start in range(0, len(kept), AT_ONCE):
        part = kept[start : start + AT_ONCE]
        running = list(Site.objects.filter(pk__in=part, paused_at=None).values_list("pk", flat=True))
        count += len(running)
        Page.objects.filter(site_id__in=running, due_at__isnull=False).update(due_at=timezone.now())
    return count


def in_work(ids: Iterable[int]) -> set[int]:
    """Those that must stay where they are just now, by the word of whoever works on them."""
    wanted = set(ids)
    answers = sites_in_work.send(sender=None)
    return wanted & {pk for _receiver, answer in answers for pk in answer}


def _change(
    user: AbstractBaseUser,
    verb: str,
    ids: Iterable[int],
    columns: tuple[str, ...],
    changing: Changing,
    detail: str = "",
    spare: bool = False,
    noted: dict[str, Any] | None = None,
) -> Done:
    """`spare`: sites that somebody works on are left as they are. `noted`: what else was changed, for `undo`."""
    kept = sorted(set(ids))
    spared = in_work(kept) if spare else set()
    kept = [pk for pk in kept if pk not in spared]
    with transaction.atomic():
        log: list[list[Any]] = []
        for start in range(0, len(kept), AT_ONCE):
            rows = Site.objects.select_for_update().filter(pk__in=kept[start : start + AT_ONCE]).order_by("pk")
            changes = {row[0]: (row[1:], new) for row in rows.values_list("pk", *columns) if (new := changing(row[1:])) is not None}
            write(columns, {pk: new for pk, (_old, new) in changes.items()})
            log.extend([pk, *old, *new] for pk, (old, new) in changes.items())
        change = _noted(user, verb, detail, {"columns": columns, "rows": log, **(noted or {})}) if log else None
    return Done(change, len(log), len(spared))


def write(columns: Sequence[str], rows: dict[int, Sequence[Any]]) -> None:
    """Stores the columns, and what follows for the timetable of the pages."""
    if not rows:
        return
    update_rows(Site, rows, [column.removesuffix("_id") for column in columns])
    if _STOPS_PROBING & set(columns) or "interval_s" in columns:
        _restart(list(rows))


def _restart(ids: Sequence[int]) -> None:
    """Pages of paused sites, and of those in the bin, are not due; those of the others begin a timetable now.

    Sites and pages are asked one after the other: where a database has no statistics yet, it may join
    thousands of both by comparing each with each.
    """
    sites = Site.with_deleted.filter(pk__in=ids)
    running = dict(sites.filter(paused_at=None, deleted_at=None).values_list("pk", "interval_s"))
    Page.objects.filter(site_id__in=set(ids) - set(running)).update(due_at=None)
    now = timezone.now()
    pages = Page.objects.filter(site_id__in=list(running)).values_list("pk", "site_id")
    rows = {pk: first_due(running[site_id], now) for pk, site_id in pages}
    if rows:
        update_rows(Page, rows, ["due_at", "anchor_at"])


def _noted(user: AbstractBaseUser, verb: str, detail: str, document: dict[str, Any]) -> BulkChange:
    before = zlib.compress(json.dumps(document, default=lambda value: value.isoformat()).encode())
    return BulkChange.objects.create(
        user=user, verb=verb, detail=detail[:200], count=len(document["rows"]), at=timezone.now(), before=before
    )


# --- taking back --------------------------------------------------------------------------------
def last_of(user: AbstractBaseUser) -> BulkChange | None:
    """The person's newest change, as long as its undo is offered on the list."""
    newest = BulkChange.objects.filter(user=user, at__gt=timezone.now() - OFFERED_FOR).defer("before").first()
    return newest if newest and newest.undone_at is None else None


def undo(change: BulkChange, team_ids: Sequence[int]) -> int:
    """Puts back what each site of these teams had. What was changed again since stays as it is.

    Returns how many; 0 when it was undone before.
    """
    with transaction.atomic():
        if not BulkChange.objects.filter(pk=change.pk, undone_at=None).exclude(before=b"").update(undone_at=timezone.now()):
            return 0
        document = json.loads(zlib.decompress(bytes(change.before)))
        columns = tuple(document["columns"])
        rows = [_read(columns, row) for row in document["rows"]]
        back = sum(_put_back(columns, rows[start : start + AT_ONCE], team_ids) for start in range(0, len(rows), AT_ONCE))
        if document.get("windows"):
            old, new = document["tag"]
            _rename_windows(team_ids, new, old, document["windows"])
        return back


def _read(columns: Sequence[str], row: list[Any]) -> tuple[int, tuple[Any, ...], tuple[Any, ...]]:
    values = [_moment(column, value) for column, value in zip((*columns, *columns), row[1:], strict=True)]
    return row[0], tuple(values[: len(columns)]), tuple(values[len(columns) :])


def _moment(column: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if value and column in _TIMES else value


def _put_back(columns: tuple[str, ...], rows: list[tuple[int, tuple[Any, ...], tuple[Any, ...]]], team_ids: Sequence[int]) -> int:
    stand = {pk: (old, new) for pk, old, new in rows}
    sites = Site.with_deleted if "deleted_at" in columns else Site.objects  # what is in the bin comes out of it by its own undo alone
    now = sites.select_for_update().filter(pk__in=list(stand), team__in=team_ids).order_by("pk").values_list("pk", *columns)
    back = {row[0]: stand[row[0]][0] for row in now if tuple(row[1:]) == stand[row[0]][1]}
    if "host_id" in columns:
        there = set(Host.objects.filter(pk__in={old[0] for old in back.values() if old[0]}).values_list("pk", flat=True))
        back = {pk: old for pk, old in back.items() if old[0] is None or old[0] in there}
    if columns == _READ_ONLY:
        back = _read_only_again(back)
    if "deleted_at" in columns:
        free_names(list(back))
    write(columns, back)
    if "deleted_at" in columns:
        stand_again(list(back))
    return len(back)


def _read_only_again(back: dict[int, tuple[Any, ...]]) -> dict[int, tuple[Any, ...]]:
    """As it was, but not under a running repair, and without the name of somebody who has left."""
    busy = in_work(pk for pk, (since, _by) in back.items() if since)
    there = set(get_user_model().objects.filter(pk__in={by for _since, by in back.values() if by}).values_list("pk", flat=True))
    return {pk: (since, by if by in there else None) for pk, (since, by) in back.items() if pk not in busy}


def stand_again(ids: Sequence[int]) -> None:
    """The imports that these sites came from are undone no more: some of what they made is used again."""
    made = set(Site.objects.filter(pk__in=ids, imported_in__isnull=False).values_list("imported_in", flat=True))
    SiteImport.objects.filter(pk__in=made, state=SiteImport.State.UNDONE).update(state=SiteImport.State.MADE)


def free_names(ids: Sequence[int]) -> None:
    """Sites that come back while another got their name come back as "name (2)"."""
    names = dict(Site.with_deleted.filter(pk__in=ids).values_list("pk", "name"))
    taken = set(Site.objects.filter(name__in=set(names.values())).values_list("name", flat=True))
    renamed: dict[int, tuple[str]] = {}
    for pk, name in names.items():
        if name not in taken:
            taken.add(name)
            continue
        number = 2
        while (new := f"{name[:90]} ({number})") in taken or Site.objects.filter(name=new).exists():
            number += 1
        taken.add(new)
        renamed[pk] = (new,)
    if renamed:
        update_rows(Site, renamed, ["name"])
