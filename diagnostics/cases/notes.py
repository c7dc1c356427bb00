"""Notes on a repair, for colleagues; those that are marked so also stand in the report for the customer. Secrets are taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils import timezone

from ..connections.telling import clean
from ..models import CaseEntry, RepairCase
from .people import MOST_WORDS

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def of_case(case: RepairCase) -> QuerySet[CaseEntry]:
    """The notes that stand, newest first."""
    return case.entries.filter(kind=CaseEntry.Kind.NOTE, removed_at=None).select_related("by").order_by("-at", "-pk")


def add(case: RepairCase, by: AbstractBaseUser, text: str, *, for_customer: bool = False) -> CaseEntry:
    """Keeps a note, also on a repair that is closed. What looks like a password or a key is hidden before it is stored."""
    values = {"kind": CaseEntry.Kind.NOTE, "at": timezone.now(), "by": by, "for_customer": for_customer}
    return CaseEntry.objects.create(case=case, text=clean(text.strip())[:MOST_WORDS], **values)


def may_remove(entry: CaseEntry, user: AbstractBaseUser, *, is_owner: bool) -> bool:
    """One's own; an owner of the team any."""
    return entry.kind == CaseEntry.Kind.NOTE and entry.removed_at is None and (is_owner or entry.by_id == user.pk)


def remove(entry: CaseEntry, by: AbstractBaseUser) -> bool:
    """Its words go for good; that there was a note, and who removed it, stays. False when it was removed already."""
    standing = CaseEntry.objects.filter(pk=entry.pk, kind=CaseEntry.Kind.NOTE, removed_at=None)
    return bool(standing.update(text="", for_customer=False, removed_at=timezone.now(), removed_by=by))
