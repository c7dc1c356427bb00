"""A repair as several people work on it: who has it, notes, the log, and the report for the customer."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from .. import access
from ..cases import customer, customer_markdown, log, notes, people
from ..cases.forms import HandOverForm, NoteForm
from ..models import RepairCase

_PER_PAGE = 100


@require_GET
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Who has it, the notes, and everything that was done, newest first."""
    return _page(request, access.get_case(request, pk))


def _page(
    request: HttpRequest, case: RepairCase, note_form: NoteForm | None = None, hand_over_form: HandOverForm | None = None
) -> HttpResponse:
    may_write, is_owner = access.may_write(request, case.site.team_id), access.is_owner(request, case.site.team_id)
    standing = list(notes.of_case(case)[:200])
    for note in standing:
        note.may_remove = may_write and notes.may_remove(note, request.user, is_owner=is_owner)
    context = {
        "case": case,
        "site": case.site,
        "holding": people.holding(case),
        "is_mine": case.holder_id == request.user.pk,
        "notes": standing,
        "note_form": note_form or NoteForm(),
        "hand_over_form": hand_over_form or HandOverForm(case, request.user),
        "page": Paginator(log.everything(case), _PER_PAGE).get_page(request.GET.get("page")),
        "may_write": may_write,
        "section": "repairs",
    }
    return TemplateResponse(request, "diagnostics/case_log.html", context)


@require_POST
def add_note(request: HttpRequest, pk: int) -> HttpResponse:
    """Keeps a note for colleagues, and for the customer where it is marked so."""
    case = access.get_case(request, pk, write=True)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, case, note_form=form)
    note = notes.add(case, request.user, form.cleaned_data["text"], for_customer=form.cleaned_data["for_customer"])
    if note.text != form.cleaned_data["text"].strip():
        messages.info(request, _("The note is kept. What looked like a password or a key in it was hidden."))
    return redirect("diagnostics:repair-log", case.pk)


@require_POST
def remove_note(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a note's words away for good."""
    note = access.get_note(request, pk, write=True)
    if not notes.may_remove(note, request.user, is_owner=access.is_owner(request, note.case.site.team_id)):
        messages.error(request, _("Only who wrote a note, or an owner of the team, can remove it."))
    elif notes.remove(note, request.user):
        messages.success(request, _("The note is removed. That there was one stays in the log."))
    return redirect("diagnostics:repair-log", note.case_id)


@require_POST
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives the repair to a colleague, who is mailed."""
    case = access.get_case(request, pk, write=True)
    form = HandOverForm(case, request.user, request.POST)
    if not form.is_valid():
        return _page(request, case, hand_over_form=form)
    to = form.person()
    try:
        mailed = people.hand_over(case, request.user, to, form.cleaned_data["words"])
    except people.NotHandedOver as refusal:
        messages.error(request, str(refusal))
        return redirect("diagnostics:repair-log", case.pk)
    words = (
        _("%(name)s has it now, and is mailed.") if mailed else _("%(name)s has it now, and cannot be mailed: please tell them yourself.")
    )
    messages.success(request, words % {"name": people.name_of(to)})
    return redirect("diagnostics:repair-log", case.pk)


@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """ "I have it": colleagues see the name, here and on the incident's page."""
    return _pass(request, pk, people.take, _("You have it. Colleagues see your name."))


@require_POST
def hand_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody has it any more."""
    return _pass(request, pk, people.hand_back, _("Nobody has it now."))


def _pass(request: HttpRequest, pk: int, verb: people.Verb, words: str) -> HttpResponse:
    case = access.get_case(request, pk, write=True)
    try:
        verb(case, request.user)
        messages.success(request, words)
    except people.NotHandedOver as refusal:
        messages.error(request, str(refusal))
    return redirect("diagnostics:repair-log", case.pk)


@require_GET
def customer_report(request: HttpRequest, pk: int) -> HttpResponse:
    """The report for the customer, ready to print."""
    case = access.get_case(request, pk)
    return TemplateResponse(request, "diagnostics/customer_report.html", {**customer.context(case), "section": "repairs"})


@require_GET
def customer_report_markdown(request: HttpRequest, pk: int) -> HttpResponse:
    """The same as Markdown."""
    case = access.get_case(request, pk)
    response = HttpResponse(customer_markdown.markdown(case), content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="report-{case.pk}.md"'
    return response
