"""The practice site: started, broken on purpose, made whole, removed. It is bound to this machine and says what it is."""

from __future__ import annotations

import time

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sites.judging import Verdict
from sites.models import Site
from sites.views import sites as sites_views

from .. import access, practising
from ..practice.lessons import LessonState

BROKEN_AT = "practice_broken_at"  # in the session: seconds of the clock
NOTICE_S = 10  # from the probe to the verdict, at most


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """What the practice site is, how to break it, and how it stands."""
    site = practising.site_of(request.user)
    lessons = practising.lessons(site) if site else []
    context = {
        "site": site,
        "lessons": lessons,
        "next_lesson": next((row for row in lessons if row.is_next), None),
        "all_mended": bool(lessons) and all(row.state == LessonState.MENDED for row in lessons),
        "kinds": practising.KINDS,
        "plays": practising.PLAY_GROUPS,
        "playing": practising.playing() if site else None,
        "site_sentence": sites_views.sentence(site) if site else "",
        "serving": practising.is_serving(),
        "awaited": site is not None and site.verdict != Verdict.DOWN and _was_just_broken(request),
        "may_write": access.may_write(request, site.team_id) if site else access.may_write_somewhere(request),
        "section": "sites",
    }
    return TemplateResponse(request, "diagnostics/practice.html", context)


def _was_just_broken(request: HttpRequest) -> bool:
    """Whether this person broke it and the next probe has not yet had its time: the verdict still speaks of before."""
    return time.time() - request.session.get(BROKEN_AT, 0.0) < practising.INTERVAL_S + NOTICE_S


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Makes the practice site, has its servers started, and watches it."""
    team = access.writable_team(request)
    try:
        practising.start(team, request.user)
    except practising.PracticeUnavailable as error:
        messages.error(request, str(error))
    return redirect("diagnostics:practice")


@require_POST
def break_it(request: HttpRequest) -> HttpResponse:
    """Breaks it in the chosen way; the probe finds it by itself."""
    access.refuse_readers(request, _site(request).team_id)
    try:
        practising.break_it(request.POST.get("kind", ""))
    except practising.PracticeUnavailable as error:
        messages.error(request, str(error))
    else:
        request.session[BROKEN_AT] = time.time()
        messages.success(request, _("The practice site is broken now. The next probe, in at most 20 seconds, will notice it."))
    return redirect("diagnostics:practice")


@require_POST
def begin_lesson(request: HttpRequest) -> HttpResponse:
    """Plants the fault of a lesson; the probe finds it by itself."""
    site = _site(request)
    access.refuse_readers(request, site.team_id)
    try:
        lesson = practising.begin_lesson(site, request.POST.get("kind", ""), request.user)
    except practising.PracticeUnavailable as error:
        messages.error(request, str(error))
    else:
        request.session[BROKEN_AT] = time.time()
        words = _("The lesson has begun: %(title)s. The site is broken now, and the next probe will notice it.")
        messages.success(request, words % {"title": _(lesson.title)})
    return redirect("diagnostics:practice")


@require_POST
def forget_lessons(request: HttpRequest) -> HttpResponse:
    """All lessons begin anew."""
    access.refuse_readers(request, _site(request).team_id)
    practising.forget_lessons()
    request.session.pop(BROKEN_AT, None)
    messages.success(request, _("The practice site is whole, and the lessons begin anew."))
    return redirect("diagnostics:practice")


@require_POST
def play(request: HttpRequest) -> HttpResponse:
    """Has it play a failure that does not come from its files."""
    site = _site(request)
    access.refuse_readers(request, site.team_id)
    try:
        chosen = practising.play(site, request.POST.get("kind", ""), request.user)
    except practising.PracticeUnavailable as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The practice site plays it now: %(title)s.") % {"title": _(chosen.title)})
    return redirect("diagnostics:practice")


@require_POST
def reset(request: HttpRequest) -> HttpResponse:
    """Makes it whole again, as if nothing had happened."""
    access.refuse_readers(request, _site(request).team_id)
    practising.reset()
    request.session.pop(BROKEN_AT, None)
    messages.success(request, _("The practice site is whole again."))
    return redirect("diagnostics:practice")


@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Stops and removes the practice site with its host and history."""
    access.refuse_readers(request, _site(request).team_id)
    practising.remove()
    request.session.pop(BROKEN_AT, None)
    messages.success(request, _("The practice site is removed."))
    return redirect("sites:dashboard")


def _site(request: HttpRequest) -> Site:
    site = practising.site_of(request.user)
    if site is None:
        raise Http404
    return site
