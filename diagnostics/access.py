"""Who may load what: not yours is 404, a reader's attempt to change something is 403."""

from __future__ import annotations

from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from sites.models import Host, Incident, Membership, Site, Team

from .models import RepairCase, Step

Row = TypeVar("Row", bound=Model)


def _own(request: HttpRequest, rows: QuerySet[Row], team_path: str, pk: int, write: bool) -> Row:
    prefix = f"{team_path}__" if team_path else ""
    row = get_object_or_404(rows.filter(**{f"{prefix}memberships__user": request.user}), pk=pk)
    if write:
        team_id = row.pk if not team_path else rows.filter(pk=row.pk).values_list(f"{team_path}_id", flat=True).get()
        refuse_readers(request, team_id)
    return row


def refuse_readers(request: HttpRequest, team_id: int) -> None:
    """Raises PermissionDenied (403) unless the person may change things in this team."""
    membership = Membership.objects.filter(user=request.user, team_id=team_id).first()
    if membership is None or not membership.may_write:
        raise PermissionDenied


def writable_team(request: HttpRequest) -> Team:
    """The team that new rows of this person go to; 403 for somebody who only reads."""
    membership = (
        Membership.objects.filter(user=request.user).exclude(role=Membership.Role.READER).select_related("team").order_by("team_id").first()
    )
    if membership is None:
        raise PermissionDenied
    return membership.team


def get_host(request: HttpRequest, pk: int, *, write: bool = False) -> Host:
    """The host, if it is of one of the person's teams."""
    return _own(request, Host.objects.select_related("team"), "team", pk, write)


def get_site(request: HttpRequest, pk: int, *, write: bool = False) -> Site:
    """The site, if it is of one of the person's teams."""
    return _own(request, Site.objects.select_related("host", "team"), "team", pk, write)


def get_incident(request: HttpRequest, pk: int, *, write: bool = False) -> Incident:
    """The incident, if its site is of one of the person's teams."""
    return _own(request, Incident.objects.select_related("site__host"), "site__team", pk, write)


def get_case(request: HttpRequest, pk: int, *, write: bool = False) -> RepairCase:
    """The repair, if its site is of one of the person's teams."""
    rows = RepairCase.objects.select_related("site__host", "incident", "diagnosis", "opened_by", "closed_by")
    return _own(request, rows, "site__team", pk, write)


def get_step(request: HttpRequest, pk: int, *, write: bool = False) -> Step:
    """The step of a repair, if its site is of one of the person's teams."""
    return _own(request, Step.objects.select_related("case__site__host"), "case__site__team", pk, write)
