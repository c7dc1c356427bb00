"""What a person chooses for a new password file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import given

_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class FolderForm(forms.Form):
    """What a person adds where the connection does not show paths as the web server calls them."""

    server_folder = forms.CharField(
        label=gettext_lazy("Folder of the site on the server"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs=_PLAIN),
        help_text=gettext_lazy("As your host's panel shows it, such as /home/u123/www. Only needed where no log of the site tells it."),
    )

    def __init__(self, data: Any = None, *, sees_server: bool = True, **more: Any) -> None:
        """`sees_server`: whether the connection shows paths as the web server calls them."""
        super().__init__(data, **more)
        if sees_server:
            del self.fields["server_folder"]

    def clean_server_folder(self) -> str:
        folder = self.cleaned_data["server_folder"]
        if folder and not folder.startswith("/"):
            raise ValidationError(_("An absolute path, beginning with a slash."))
        return _visible(folder)


class PasswordForm(FolderForm):
    """A user name, and a password that stands there readable: it is new, and the person has to write it down.

    What was typed never comes back to a page: a new one is proposed instead.
    """

    user_name = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=100,
        widget=forms.TextInput(attrs=_PLAIN),
        help_text=gettext_lazy("The one that visitors have used so far, if you know it."),
        error_messages={"required": gettext_lazy("Type a user name.")},
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        widget=forms.TextInput(attrs=_PLAIN | {"class": "mono"}),
        help_text=gettext_lazy("Made just now; you can type another over it. Copy it: no later page shows it."),
        error_messages={"required": gettext_lazy("Without a password nobody gets in. Take this one, or type another.")},
    )

    def __init__(self, data: Any = None, *, sees_server: bool = True) -> None:
        super().__init__(data, sees_server=sees_server)
        self.order_fields(("user_name", "password", "server_folder"))
        self.fields["password"].initial = given.generated()

    def clean_user_name(self) -> str:
        name = self.cleaned_data["user_name"]
        if ":" in name or name.startswith("#"):
            raise ValidationError(_("A user name has no colon, and does not begin with “#”."))
        return _visible(name)

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        if len(password.encode()) > given.LONGEST:
            raise ValidationError(_("This password was too long: 72 letters at most. Take this one, or type another."))
        return _visible(password)

    def again(self) -> PasswordForm:
        """This form as it is shown once more: with what is wrong, and another proposal in place of the password that was typed."""
        self.data = self.data.copy()
        self.data["password"] = given.generated()
        if "password" not in self.errors:
            self["password"].help_text = _("This is another one, made just now: what you typed is not sent back. Type it again.")
        return self


def _visible(value: str) -> str:
    if any(ord(mark) < 32 or ord(mark) == 127 for mark in value):
        raise ValidationError(_("It holds a line break or another mark that cannot be seen. Type it again."))
    return value
