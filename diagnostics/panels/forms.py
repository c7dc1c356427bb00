"""The form of a hosting account's panel."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from diagnostics.secret_fields import secret_field

from . import ovhcloud, rights
from .connecting import Given, profiles_of

_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]{2,118}[a-z0-9]")
_WISHES = {rights.PHP: "may_change_php", rights.RESTORE: "may_restore"}
_KEY = re.compile(r"[A-Za-z0-9._-]{4,120}")


class PanelForm(forms.Form):
    """Which hosting, and the keys that the panel knows us by. The secrets are never shown again."""

    service = forms.CharField(
        label=gettext_lazy("Name of the hosting"),
        max_length=120,
        help_text=gettext_lazy("As the panel shows it, such as login.cluster042.hosting.ovh.net, or a domain name."),
        error_messages={"required": gettext_lazy("Type the name that the panel shows.")},
    )
    region = forms.ChoiceField(
        label=gettext_lazy("Region"),
        choices=(("ovh-eu", gettext_lazy("Europe")), ("ovh-ca", gettext_lazy("Canada and world"))),
        initial="ovh-eu",
    )
    way = forms.ChoiceField(
        label=gettext_lazy("How it lets us in"),
        choices=((ovhcloud.KEYS, gettext_lazy("Application key and secret")), (ovhcloud.SERVICE_ACCOUNT, gettext_lazy("Service account"))),
        initial=ovhcloud.KEYS,
    )
    name = forms.CharField(label=gettext_lazy("Application key, or id of the service account"), max_length=120)
    secret = secret_field(
        gettext_lazy("Its secret"), max_length=200, strip=True, required=True, help_text=gettext_lazy("Stored sealed, never shown again.")
    )
    consumer = secret_field(
        gettext_lazy("Consumer key"),
        max_length=200,
        strip=True,
        help_text=gettext_lazy("Leave empty: it is asked for with the least rights, and you confirm it at OVHcloud."),
    )
    may_change_php = forms.BooleanField(
        label=gettext_lazy("May change the PHP version"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Without it, the PHP version is only read."),
    )
    may_restore = forms.BooleanField(
        label=gettext_lazy("May copy databases, and put databases and files back"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Only what somebody chooses in a repair, and only after a copy of what is there, where there can be one."),
    )

    def clean_service(self) -> str:
        value = self.cleaned_data["service"].strip().lower()
        if not _SERVICE.fullmatch(value):
            raise ValidationError(_("Such a name has letters, digits, dots and hyphens, nothing else."))
        return value

    def clean_name(self) -> str:
        return self._key("name")

    def clean_secret(self) -> str:
        return self._key("secret")

    def clean_consumer(self) -> str:
        return self._key("consumer") if self.cleaned_data["consumer"] else ""

    def _key(self, field: str) -> str:
        value = str(self.cleaned_data[field])
        if not _KEY.fullmatch(value):
            raise ValidationError(_("Copy it exactly as OVHcloud shows it: letters and digits, no spaces."))
        return value

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("way") == ovhcloud.SERVICE_ACCOUNT:
            values["consumer"] = ""
        return values

    def given(self) -> Given:
        """What was typed; to be called when it is valid."""
        data = self.cleaned_data
        wished = profiles_of([right for right, name in _WISHES.items() if data[name]])
        return Given(data["region"], data["way"], data["name"], data["service"], wished, secret=data["secret"], consumer=data["consumer"])
