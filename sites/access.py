"""Who may load what: not yours is 404, a reader's attempt to change something is 403."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, ProtectedError, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from .models import FailureEvidence, Incident, MaintenanceWindow, Membership, Notification, Site, Team

Row = TypeVar("Row", bound=Model)


def _own(request: HttpRequest, rows: QuerySet[Row], team_path: str, pk: int) -> Row:
    return get_object_or_404(rows.filter(**{f"{team_path}__memberships__user": request.user}), pk=pk)


def membership(request: HttpRequest, team_id: int) -> Membership | None:
    """The person's membership in a team."""
    return Membership.objects.filter(user=request.user, team_id=team_id).first()


def may_write(request: HttpRequest, team_id: int) -> bool:
    """Whether the person may change things in a team: pages leave out what would be refused."""
    found = membership(request, team_id)
    return found is not None and found.may_write


def refuse_readers(request: HttpRequest, team_id: int) -> None:
    """Raises PermissionDenied (403) unless the person may change things in this team."""
    if not may_write(request, team_id):
        raise PermissionDenied


def is_owner(request: HttpRequest, team_id: int) -> bool:
    """Whether the person owns the team: what everybody in it relies on is decided by owners."""
    found = membership(request, team_id)
    return found is not None and found.role == Membership.Role.OWNER


def refuse_all_but_owners(request: HttpRequest, team_id: int) -> None:
    """Raises PermissionDenied (403) unless the person owns this team."""
    if not is_owner(request, team_id):
        raise PermissionDenied


def get_site(request: HttpRequest, pk: int, *, write: bool = False) -> Site:
    """The site, if it is of one of the person's teams."""
    site = _own(request, Site.objects.select_related("host", "team"), "team", pk)
    if write:
        refuse_readers(request, site.team_id)
    return site


def get_incident(request: HttpRequest, pk: int, *, write: bool = False) -> Incident:
    """The incident, if its site is of one of the person's teams."""
    rows = Incident.objects.select_related("site__host", "site__team", "acknowledged_by", "regression_of")
    incident = _own(request, rows.filter(site__deleted_at=None), "site__team", pk)
    if write:
        refuse_readers(request, incident.site.team_id)
    return incident


def own_notifications(request: HttpRequest) -> QuerySet[Notification]:
    """Mails about the person's teams' sites, and those to the person."""
    teams = Membership.objects.filter(user=request.user).values("team_id")
    return Notification.objects.filter(Q(site__team__in=teams, site__deleted_at=None) | Q(user=request.user, site=None))


def get_notification(request: HttpRequest, pk: int) -> Notification:
    """One mail the person may read."""
    return get_object_or_404(own_notifications(request).select_related("site", "incident", "user", "joined_into"), pk=pk)


def get_evidence(request: HttpRequest, pk: int) -> FailureEvidence:
    """A failing answer that was kept, if its site is of one of the person's teams."""
    rows = FailureEvidence.objects.filter(result__page__site__deleted_at=None).select_related("result__page__site")
    return _own(request, rows, "result__page__site__team", pk)


def get_window(request: HttpRequest, pk: int, *, write: bool = False) -> MaintenanceWindow:
    """The maintenance window, if it is of one of the person's teams."""
    window = _own(request, MaintenanceWindow.objects.filter(site__deleted_at=None).select_related("site", "team"), "team", pk)
    if write:
        refuse_readers(request, window.team_id)
    return window


def writable_teams(request: HttpRequest) -> list[Team]:
    """The teams in which the person may change things, by name."""
    roles = [role for role in Membership.Role.values if role != Membership.Role.READER]
    return list(Team.objects.filter(memberships__user=request.user, memberships__role__in=roles).order_by("name"))


def writable_team(request: HttpRequest) -> Team:
    """The team that new sites of this person go to. Raises PermissionDenied for somebody who only reads."""
    found = (
        Membership.objects.filter(user=request.user).exclude(role=Membership.Role.READER).select_related("team").order_by("team_id").first()
    )
    if found is None:
        raise PermissionDenied
    return found.team


def roles(request: HttpRequest) -> frozenset[str]:
    """What the person is, in any team."""
    return frozenset(Membership.objects.filter(user=request.user).order_by().values_list("role", flat=True).distinct())


def may_write_somewhere(request: HttpRequest) -> bool:
    """Whether the person is more than a reader in any team."""
    return bool(roles(request) - {Membership.Role.READER})


def refused_while_in_work(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For views that remove or move what somebody may be working on: what is in work stays, and the person is told."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ProtectedError as error:
            messages.error(request, str(error.args[0]))
            return redirect("sites:dashboard")

    return guarded
