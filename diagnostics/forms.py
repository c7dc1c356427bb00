"""What a person types about a hosting account. Secrets are write-only: they are never shown again, an empty field keeps what is stored."""

from __future__ import annotations

import ipaddress
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from sites.models import Host, Site, Team

from .connections import jump_hosts
from .profiles import PROFILES
from .secret_fields import secret_field
from .transports.made_keys import ED25519, RSA
from .transports.urls import DEFAULT_PORTS

MISSING = {
    "name": _("Give it a name of your choice."),
    "address": _("Type the address that your hoster gave you."),
    "user": _("Type the user name that your hoster gave you."),
}
AGAIN = _("Type it again: secrets are never sent back to your browser.")
SECRETS = ("password", "private_key", "passphrase")
OVER_NETWORK = tuple(value for value in Host.Protocol.values if value != Host.Protocol.LOCAL)
KNOWN_SCHEMES = ("", *OVER_NETWORK)
KEY_LIMIT = 16_384  # characters; an RSA key of 8192 bits has about 6,500


class TypedAddress(NamedTuple):
    """What one text for an address holds; what it does not hold is empty."""

    protocol: str
    user: str
    address: str
    port: str

    @classmethod
    def of(cls, text: str) -> TypedAddress:
        """Takes `host`, `host:port` and `sftp://user@host:port` apart; an IPv6 address stays whole. A password in it is dropped."""
        scheme, _mark, rest = text.strip().rpartition("://")
        login, _at, place = rest.rpartition("@")
        place = place.removesuffix("/") if scheme else place
        before, colon, after = place.rpartition(":")
        if not colon or not after.isdecimal() or _is_ip6(place):
            before, after = place, ""
        return cls(scheme.lower(), login.partition(":")[0], before.removeprefix("[").removesuffix("]"), after)


def _is_ip6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


class WriteOnlyTextarea(forms.Textarea):
    """Never sends back what was typed, as Django's password field does."""

    def format_value(self, value: Any) -> None:
        return None


class KeyKindForm(forms.Form):
    """Which kind of key is to be made."""

    kind = forms.ChoiceField(
        label=_("Kind of key"),
        choices=[(ED25519, _("Ed25519 (short; right nearly everywhere)")), (RSA, _("RSA with 3072 bits (where Ed25519 is not taken)"))],
    )


class HostForm(forms.ModelForm):
    """One hosting account: typed once, used by all its sites."""

    password = secret_field(
        _("Password"), help_text=_("Leave empty when you use a key, unless your host wants both. Stored sealed, never shown again.")
    )
    private_key = forms.CharField(
        label=_("Private key"),
        required=False,
        max_length=KEY_LIMIT,
        widget=WriteOnlyTextarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
        help_text=_("The whole text, from BEGIN to END. Not needed with a password, unless your host wants both."),
    )
    passphrase = secret_field(_("Passphrase of the key"), help_text=_("Only if the key has one."))

    class Meta:
        model = Host
        fields = ["name", "protocol", "address", "port", "user", "profile", "via"]
        labels = {"user": _("User")}
        help_texts = {
            "name": _("How you call it, for example “OVH, client Bernard”."),
            "protocol": _(
                "The best that your hoster offers, from the top down. Plain FTP sends your password readable by anyone on the way."
            ),
            "address": _("As your hoster gives it, for example ftp.cluster030.hosting.ovh.net"),
            "port": _("22 for SSH and SFTP, 21 for FTPS and FTP. FTPS on port 990 is encrypted from the first byte. Empty: the usual one."),
            "profile": _("Decides which file permissions are right there."),
            "via": _("Another hosting account of yours that leads there by SSH. Its own host key is checked first."),
        }

    def __init__(self, *args: Any, team: Team, needs_secret: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        self.needs_secret = needs_secret  # not while a key is made for it
        self.fields["protocol"].choices = [(value, Host.Protocol(value).label) for value in OVER_NETWORK]
        self.fields["port"].required = False
        self.fields["profile"] = forms.ChoiceField(
            label=_("Kind of hosting"),
            choices=[(profile.name, profile.title) for profile in PROFILES.values()],
            initial=self.instance.profile,
            help_text=self.Meta.help_texts["profile"],
        )
        self._offer_jump_hosts()
        for name, words in MISSING.items():
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = words
        self.clashes: list[str] = []
        if self.is_bound:
            self._take_apart_address()
            self._fit_port()
            self._ask_again()

    def _offer_jump_hosts(self) -> None:
        offered = [host.pk for host in jump_hosts.choices(self.team, self.instance)]
        if not offered and not self.instance.via_id:
            del self.fields["via"]
            return
        label, help_text = _("Reached through (jump host)"), self.Meta.help_texts["via"]
        hosts = Host.objects.filter(pk__in=offered)
        self.fields["via"] = HostChoice(hosts, required=False, label=label, help_text=help_text, empty_label=_("Reached directly"))

    def _take_apart_address(self) -> None:
        """Puts protocol, user and port that were typed into the address where they belong, unless their fields say otherwise."""
        typed = TypedAddress.of(self.data.get("address", ""))
        data = self.data.copy()
        data["address"] = typed.address if typed.protocol in KNOWN_SCHEMES else f"{typed.protocol}://{typed.address}"
        for name in ("protocol", "user", "port") if typed.protocol in KNOWN_SCHEMES else ():
            found, stands = getattr(typed, name), data.get(name, "").strip()
            if found and stands in ("", str(self.initial.get(name, ""))):
                data[name] = found
            elif found and found != stands:
                self.clashes.append(str(self.fields[name].label))
        self.data = data

    def _fit_port(self) -> None:
        """The usual port of the protocol where none was typed: also when the one that stands is that of the protocol before."""
        port, protocol, before = self.data.get("port", "").strip(), self.data.get("protocol", ""), self.initial.get("protocol", "")
        left_over = protocol != before and port == str(self.initial.get("port", "")) == str(DEFAULT_PORTS.get(before))
        if protocol in DEFAULT_PORTS and (not port or left_over):
            self.data = self.data.copy()
            self.data["port"] = str(DEFAULT_PORTS[protocol])

    @property
    def readable_on_the_way(self) -> bool:
        """Whether what is chosen sends the secret unencrypted."""
        return self["protocol"].value() == Host.Protocol.FTP

    def _ask_again(self) -> None:
        """This form is only ever shown again without the secrets that were typed: says so beside each."""
        for name in SECRETS:
            if self.data.get(name):
                self.fields[name].help_text = AGAIN

    @property
    def key_open(self) -> bool:
        """Whether the folded part for a private key holds something to do."""
        return any(self[name].errors or (self.is_bound and self.data.get(name)) for name in ("private_key", "passphrase"))

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if Host.objects.filter(team=self.team, name=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("You already have a hosting account of this name."))
        return name

    def clean_address(self) -> str:
        address = self.cleaned_data["address"].strip()
        if "://" in address and address.partition("://")[0] not in OVER_NETWORK:
            raise ValidationError(_("Only SSH, SFTP, FTPS and FTP are spoken here. Ask your hoster for the SFTP address."))
        if "/" in address or "@" in address or any(character.isspace() for character in address):
            raise ValidationError(_("Only the name or address of the machine, without sftp://, user or path."))
        if self.clashes:
            words = _now("The address says something else than this field: %(fields)s. Correct one of them.")
            raise ValidationError(words % {"fields": ", ".join(self.clashes)})
        return address

    def clean_port(self) -> int:
        port = self.cleaned_data["port"]
        if port is None or not 1 <= port <= 65535:
            raise ValidationError(_("A port is a number from 1 to 65535."))
        return port

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        typed = values.get("password") or values.get("private_key")
        stored = self.instance.sealed_password or self.instance.sealed_private_key
        if values.get("protocol") in (Host.Protocol.FTPS, Host.Protocol.FTP):
            self._check_password_alone(values)
        elif not typed and not stored and self.needs_secret:
            self.add_error("password", _("Give a password or a private key."))
        moved = {"address", "port", "user"} & set(self.changed_data)
        bared = "protocol" in self.changed_data and values.get("protocol") == Host.Protocol.FTP
        if values.get("via") and values.get("protocol") not in jump_hosts.PROTOCOLS:
            self.add_error("via", _("Only SSH and SFTP go through a jump host."))
        given_away = (moved and not self.instance.public_key) or bared  # a key that was made here is told to nobody, wherever it is tried
        if self.instance.pk and given_away and not typed:
            again = _("Type the secret again: it is never sent to another address or user than it was given for.")
            self.add_error("private_key" if self.instance.sealed_private_key else "password", again)
        return values

    def _check_password_alone(self, values: dict[str, Any]) -> None:
        if not self.needs_secret:
            self.add_error("protocol", _("FTP takes a password, no key. Choose SSH or SFTP to use a key."))
        elif values.get("private_key"):
            self.add_error("private_key", _("FTP takes a password, no key. Choose SSH or SFTP to use a key."))
        elif not values.get("password") and not self.instance.sealed_password:
            self.add_error("password", _("Give a password: FTP takes no key."))


class PlacesForm(forms.ModelForm):
    """Where a site's files and logs lie on its hosting account."""

    class Meta:
        model = Site
        fields = ["docroot", "error_log", "access_log"]
        labels = {"docroot": _("Folder of the site (docroot)"), "error_log": _("Error log"), "access_log": _("Access log")}
        help_texts = {
            "docroot": _("The folder that holds the site's index file and .htaccess."),
            "error_log": _("Leave empty if the account cannot read it: causes are then found by reading the files."),
            "access_log": _("Optional. With it, log lines can be matched to our own requests for certain."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["docroot"].required = True
        self.fields["docroot"].error_messages["required"] = _("Type the folder, or press “Later”.")

    def clean_docroot(self) -> str:
        docroot = self.cleaned_data["docroot"].strip()
        if not docroot.startswith("/"):
            raise ValidationError(_("An absolute path, beginning with a slash."))
        return docroot


class HostChoice(forms.ModelChoiceField):
    """A hosting account by its name, marked where its connection is not known to work."""

    def label_from_instance(self, obj: Host) -> str:
        return obj.name if obj.state == Host.State.WORKS else f"{obj.name} ({obj.state_words.lower()})"


class ChooseHostForm(forms.Form):
    """An existing hosting account for a site. None is preselected: the wrong one would be read and repaired."""

    host = HostChoice(
        Host.objects.none(),
        label=_("Hosting account"),
        empty_label=_("Choose one"),
        error_messages={"required": _("Choose a hosting account, or add another one.")},
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["host"].queryset = Host.objects.filter(team=team, practice=False)


class ChoiceForm(forms.Form):
    """What a person chose about one change whose undo was refused, as the page showed it."""

    entry_id = forms.IntegerField(min_value=1)
    choice_id = forms.CharField(max_length=20)
    digest = forms.CharField(max_length=64)


class CloseForm(forms.Form):
    """How a guided repair ends."""

    outcome = forms.ChoiceField(choices=[("well", _("The site is well")), ("handed-over", _("Handed over")), ("left", _("Left as it is"))])
