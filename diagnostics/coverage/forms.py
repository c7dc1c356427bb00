"""Which account many sites are to be connected to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from diagnostics.forms import HostChoice
from sites.models import Host


class AccountForm(forms.Form):
    """A hosting account of the teams whose sites were chosen. None is preselected."""

    host = HostChoice(
        Host.objects.none(),
        label=_("Hosting account"),
        empty_label=_("Choose one"),
        error_messages={"required": _("Choose a hosting account.")},
    )

    def __init__(self, *args: Any, teams: Iterable[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["host"].queryset = Host.objects.filter(team__in=list(teams), practice=False).order_by("name")
