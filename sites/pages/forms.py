"""The pages of a site, each with what it should answer: a row per page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from sites import registration
from sites.bulk import update_rows
from sites.models import Page, Site

_EXPECTED = ("expected_statuses", "must_contain", "must_not_contain")
_NEW_ROWS = 2


class PageForm(forms.Form):
    """One page. The first page's path cannot be changed: it is the site's address."""

    path = forms.CharField(
        label=_("Path"),
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "placeholder": _("such as /shop/cart")}),
    )
    expected_statuses = forms.CharField(
        label=_("Expected status"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": _("2xx"), "inputmode": "numeric"}),
    )
    must_contain = forms.CharField(
        label=_("Words that must be there"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    must_not_contain = forms.CharField(
        label=_("Words that must not be there"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    may_break_off = forms.BooleanField(
        label=_("It need not be whole"),
        required=False,
        help_text=_(
            "A page that ended with </html> while it was well is told when that is missing. Tick this where it is left out on purpose."
        ),
    )
    remove = forms.BooleanField(label=_("Remove"), required=False)

    @property
    def is_first(self) -> bool:
        return bool(self.initial.get("path") == "/")

    @property
    def wanted_path(self) -> str:
        """The path that was typed; empty for an empty or removed row."""
        if self.is_first:
            return "/"
        typed = str(self.cleaned_data.get("path", "")).strip()
        return "" if self.cleaned_data.get("remove") else typed

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        try:
            registration.checked_expectations(*(values.get(name, "") for name in _EXPECTED))
        except registration.RegistrationError as refusal:
            self.add_error("expected_statuses", refusal.message)
        if any(values.get(name) for name in _EXPECTED) and not self.wanted_path and not values.get("remove"):
            self.add_error("path", _("Which page is this for?"))
        return values


class PagesFormSet(forms.BaseFormSet):
    """All pages of a site, and some empty rows for more."""

    def __init__(self, data: QueryDict | None = None, *, site: Site) -> None:
        self.site = site
        rows = [
            {name: getattr(page, name) for name in ("path", *_EXPECTED)} | {"may_break_off": page.ending == Page.Ending.ANY}
            for page in site.pages.all()
        ]
        super().__init__(data, initial=rows, prefix="pages")
        self.proposed = data.getlist("proposed") if data else []

    @property
    def typed_paths(self) -> list[str]:
        """The paths in the rows, whether they are valid or not."""
        return [path for form in self.forms if (path := str(form["path"].value() or "").strip())]

    def store(self) -> bool:
        """Makes the rows, and the proposals that were ticked, the pages of the site. False when that was refused: the set then says why."""
        rows = {form.wanted_path: form.cleaned_data for form in self.forms if form.wanted_path}
        paths = [*rows, *self.proposed]
        try:
            with transaction.atomic():
                registration.set_pages(self.site, paths)
                self._set_expectations(rows)
        except registration.RegistrationError as refusal:
            self._non_form_errors.append(refusal.message)
            return False
        return True

    def _set_expectations(self, rows: dict[str, dict[str, Any]]) -> None:
        wanted: dict[int, tuple[str, ...]] = {}
        by_path = {"/" + path.strip().lstrip("/"): values for path, values in rows.items()}
        for page in Page.objects.filter(site=self.site):
            if page.path in by_path:
                checked = registration.checked_expectations(*(by_path[page.path].get(name, "") for name in _EXPECTED))
                ending = _ending(page, may_break_off=bool(by_path[page.path].get("may_break_off")))
                wanted[page.pk] = (*(checked[name] for name in _EXPECTED), ending)
        update_rows(Page, wanted, (*_EXPECTED, "ending"))

    def clean(self) -> None:
        paths = [form.wanted_path for form in self.forms if hasattr(form, "cleaned_data") and form.wanted_path]
        twice = {path for path in paths if paths.count(path) > 1}
        if twice:
            raise ValidationError(_("%(path)s is there twice."), params={"path": min(twice)})


def _ending(page: Page, *, may_break_off: bool) -> str:
    """What was learned of it stays, unless a person says otherwise; what a person takes back is learned anew."""
    if may_break_off:
        return str(Page.Ending.ANY)
    return "" if page.ending == Page.Ending.ANY else page.ending


PagesForm = forms.formset_factory(
    PageForm, formset=PagesFormSet, extra=_NEW_ROWS, max_num=registration.MOST_PAGES, absolute_max=registration.MOST_PAGES + 10
)
