"""What a person types about the database of a site."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_LONGEST = 200


class NameForm(forms.Form):
    """What is typed where something cannot be undone."""

    name = forms.CharField(
        label=gettext_lazy("Name of the database"),
        max_length=_LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Type the name of the database as it is shown. Nothing was changed.")},
    )


class LoginForm(forms.Form):
    """The right login, as far as it is another one than the settings have. The password is never shown again."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        max_length=_LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("That of the database, not of your hosting account. Kept sealed while this repair needs it, never shown."),
    )
    user_name = forms.CharField(
        label=gettext_lazy("User name"),
        required=False,
        max_length=_LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the database"),
        required=False,
        max_length=_LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    server = forms.CharField(
        label=gettext_lazy("Server"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Such as localhost, or shop123.mysql.db, with “:3307” after it where the port is another than 3306."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if any(ord(mark) < 32 or ord(mark) == 127 for value in values.values() for mark in value):
            raise ValidationError(_("One of the values holds a line break or another mark that cannot be seen. Type it again."))
        if not any(values.values()) and not self.errors:
            raise ValidationError(_("Type at least what has changed: mostly that is the password."))
        return values
