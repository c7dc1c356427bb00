"""The form of a site's log server."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from sites import credentials

from . import log_servers
from .models import LogServer


class LogServerForm(forms.Form):
    """Where the logs are, and the login. An empty password leaves the stored one, for the same address only."""

    url = forms.CharField(
        label=_("Address of the logs"),
        max_length=400,
        help_text=_("It begins with https:// and ends with the name of the site."),
        error_messages={"required": _("Type the address that the host's panel shows.")},
    )
    user = forms.CharField(label=_("User"), max_length=120, required=False, help_text=_("Leave empty when you were given a token."))
    password = forms.CharField(
        label=_("Password or token"),
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored sealed, never shown again."),
    )

    def __init__(self, *args: Any, stored: LogServer | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = stored
        if stored is not None:
            self.fields["password"].help_text = _("Leave empty to keep the stored one.")

    def clean_url(self) -> str:
        try:
            return log_servers.checked(self.cleaned_data["url"]).url
        except log_servers.AddressRefused as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        stored = self.stored
        if stored is not None and not values.get("password") and "url" in values:
            if not stored.sealed_password:
                self.add_error("password", _("Type the password or the token: none is stored."))
            elif urlsplit(values["url"])[:2] != urlsplit(stored.url)[:2]:
                self.add_error("password", _("Type it again: it is not sent to another server than before."))
            else:
                values["password"] = credentials.unseal(stored.sealed_password)
        return values
