"""Who may load what of a repair, as in `sites.access`: not yours is 404, a reader's attempt to change something is 403."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from sites.access import (
    get_incident,
    get_site,
    is_owner,
    may_write,
    may_write_somewhere,
    refuse_all_but_owners,
    refuse_readers,
    refused_while_in_work,
    writable_team,
)
from sites.models import Host

from .models import CaseEntry, JointRepair, RepairCase, Step

__all__ = [
    "get_case",
    "get_host",
    "get_incident",
    "get_joint",
    "get_note",
    "get_site",
    "get_step",
    "is_owner",
    "may_write",
    "may_write_somewhere",
    "refuse_all_but_owners",
    "refuse_readers",
    "refused_while_in_work",
    "writable_team",
]

Row = TypeVar("Row", bound=Model)


def _own(request: HttpRequest, rows: QuerySet[Row], team_path: str, pk: int) -> Row:
    return get_object_or_404(rows.filter(**{f"{team_path}__memberships__user": request.user}), pk=pk)


def get_host(request: HttpRequest, pk: int, *, write: bool = False) -> Host:
    """The host, if it is of one of the person's teams."""
    host = _own(request, Host.objects.select_related("team", "host_key_accepted_by"), "team", pk)
    if write:
        refuse_readers(request, host.team_id)
    return host


def get_case(request: HttpRequest, pk: int, *, write: bool = False) -> RepairCase:
    """The repair, if its site is of one of the person's teams."""
    with_it = ("site__host", "incident", "diagnosis", "opened_by", "closed_by", "holder")
    rows = RepairCase.objects.filter(site__deleted_at=None).select_related(*with_it)
    case = _own(request, rows, "site__team", pk)
    if write:
        refuse_readers(request, case.site.team_id)
    return case


def get_step(request: HttpRequest, pk: int, *, write: bool = False) -> Step:
    """The step of a repair, if its site is of one of the person's teams."""
    rows = Step.objects.filter(case__site__deleted_at=None).select_related("case__site__host")
    step = _own(request, rows, "case__site__team", pk)
    if write:
        refuse_readers(request, step.case.site.team_id)
    return step


def get_note(request: HttpRequest, pk: int, *, write: bool = False) -> CaseEntry:
    """The note on a repair, if its site is of one of the person's teams."""
    rows = CaseEntry.objects.filter(kind=CaseEntry.Kind.NOTE, case__site__deleted_at=None).select_related("case__site")
    note = _own(request, rows, "case__site__team", pk)
    if write:
        refuse_readers(request, note.case.site.team_id)
    return note


def get_joint(request: HttpRequest, pk: int, *, write: bool = False) -> JointRepair:
    """The run over sites that share a cause, if it is of one of the person's teams."""
    joint = _own(request, JointRepair.objects.select_related("created_by", "allowed_by"), "team", pk)
    if write:
        refuse_readers(request, joint.team_id)
    return joint
