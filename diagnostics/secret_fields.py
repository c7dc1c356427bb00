"""The form field of a secret: typed once, stored sealed, never sent back to any page."""

from __future__ import annotations

from typing import Any

from django import forms


def secret_field(label: Any, *, max_length: int = 1000, strip: bool = False, required: bool = False, **more: Any) -> forms.CharField:
    """`strip`: for keys, which are copied; a password may begin or end with a space. The browser is to keep none of them."""
    shown = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, required=required, strip=strip, max_length=max_length, widget=shown, **more)
