"""What a person types about a repair: a note, and to whom it goes with which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..models import RepairCase
from . import people

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

_WORDS_ROWS = {"rows": 4}


class NoteForm(forms.Form):
    """A note on a repair."""

    text = forms.CharField(
        label=_("Your note"), max_length=people.MOST_WORDS, widget=forms.Textarea(attrs=_WORDS_ROWS),
        help_text=_("What you saw, tried or were told. Please no passwords: what looks like one is hidden."),
    )  # fmt: skip
    for_customer = forms.BooleanField(label=_("Show it in the report for the customer"), required=False)


class HandOverForm(forms.Form):
    """Who goes on, and what they should know."""

    to = forms.ChoiceField(label=_("Who goes on"))
    words = forms.CharField(
        label=_("What they should know"), max_length=people.MOST_WORDS, required=False, widget=forms.Textarea(attrs=_WORDS_ROWS),
        help_text=_("It goes into the mail to them. Please no passwords: what looks like one is hidden."),
    )  # fmt: skip

    def __init__(self, case: RepairCase, by: AbstractBaseUser, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.others = {str(person.pk): person for person in people.candidates(case) if person.pk not in (by.pk, case.holder_id)}
        self.fields["to"].choices = [("", _("Choose"))] + [(key, _name(person)) for key, person in self.others.items()]

    def person(self) -> AbstractBaseUser:
        """Who was chosen."""
        return self.others[self.cleaned_data["to"]]


def _name(person: AbstractBaseUser) -> str:
    name = people.name_of(person)
    return name if person.email else _("%(name)s (has no e-mail address: tell them yourself)") % {"name": name}
