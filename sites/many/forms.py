"""What is asked before many sites are changed: one field at most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from sites import trial_policy
from sites.models import Host, SavedFilter
from sites.registration import LEAST_INTERVAL_S, MOST_INTERVAL_S


def one_word(text: str) -> str:
    """A tag: one word of plain text. Raises ValidationError."""
    tag = text.strip().removeprefix("#")
    if not tag or len(tag) > 60 or not tag.isprintable() or any(character.isspace() for character in tag):
        raise ValidationError(_("A tag is one word of at most 60 characters."))
    return tag


class NothingForm(forms.Form):
    """A change that needs no word more."""


class IntervalForm(forms.Form):
    interval_s = forms.IntegerField(
        label=_("Probe every"), initial=60, min_value=LEAST_INTERVAL_S, max_value=MOST_INTERVAL_S, help_text=_("Seconds, at least 20.")
    )


class TagForm(forms.Form):
    tag = forms.CharField(label=_("Tag"), max_length=60, help_text=_("One word, for example a client's name."))

    def clean_tag(self) -> str:
        return one_word(self.cleaned_data["tag"])


class UntagForm(forms.Form):
    tag = forms.ChoiceField(label=_("Tag"))

    def __init__(self, *args: Any, tags: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tag"].choices = [(tag, f"{tag} ({count})") for tag, count in tags.items()]


class HostForm(forms.Form):
    host = forms.ModelChoiceField(
        Host.objects.none(), label=_("Hosting account"), required=False, empty_label=_("None: watch from outside only")
    )

    def __init__(self, *args: Any, teams: Iterable[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["host"].queryset = Host.objects.filter(team__in=list(teams), practice=False)


class TrialsForm(forms.Form):
    trials = forms.MultipleChoiceField(
        label=_("Trials that may be made without asking"),
        required=False,
        choices=list(trial_policy.KINDS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: none is made."),
    )


class RenameTagForm(forms.Form):
    """A tag everywhere under another word; without one it is taken off."""

    tag = forms.CharField(max_length=200)
    new = forms.CharField(label=_("New name"), max_length=60, required=False)

    def clean_new(self) -> str:
        return one_word(self.cleaned_data["new"]) if self.cleaned_data["new"].strip() else ""


class SaveFilterForm(forms.Form):
    """A name for what is filtered now."""

    name = forms.CharField(label=_("Name"), max_length=SavedFilter._meta.get_field("name").max_length)
