"""What people type. Secrets are write-only: never shown again, an empty field keeps what is stored."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import BaseUserCreationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from . import registration, trial_policy
from .models import Host, Site, Team

User = get_user_model()

EXPECTATIONS = ("expected_statuses", "must_contain", "must_not_contain")
_PASSWORD_HINT = _("At least 10 characters. A sentence is easier to keep than a riddle.")
_NOT_OURS = {"host", "content-length", "transfer-encoding", "connection", "user-agent", "accept-encoding"}  # set by the probe itself


class AdministratorForm(BaseUserCreationForm):
    """The first person of an installation, and the name of the first team."""

    email = forms.EmailField(label=_("E-mail"), help_text=_("Incidents are mailed here."))
    team = forms.CharField(
        label=_("Name of your team"),
        max_length=100,
        initial=_("My sites"),
        help_text=_("Sites belong to a team. You can call it after your agency."),
    )

    class Meta:
        model = User
        fields = ["username", "email"]
        help_texts = {"username": _("What you will log in with.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.SITEMEND_MAIL_BY_SMTP:
            self.fields["email"].help_text = _("Incidents are mailed here once mail is set up.")
        self.fields["password1"].help_text = _PASSWORD_HINT
        self.fields["password2"].label = _("Password, once more")
        self.fields["password2"].help_text = ""
        self.order_fields(["username", "email", "password1", "password2", "team"])

    def clean_team(self) -> str:
        name = self.cleaned_data["team"]
        if Team.objects.filter(name=name).exists():
            raise ValidationError(_("There is a team of this name already."))
        return name

    def save(self, commit: bool = True) -> Any:
        user = super().save(commit=False)
        user.is_staff = user.is_superuser = True
        user.save()
        return user


class OwnTeamsField(forms.ModelMultipleChoiceField):
    """Some of the person's teams. A number that no row can have is one more thing that does not exist: 404."""

    def clean(self, value: Any) -> Any:
        if any(not (str(item).isascii() and str(item).isdigit() and int(item) < 2**63) for item in value or ()):
            raise Http404
        return super().clean(value)


class AccountForm(forms.ModelForm):
    """A person's own name and address, and which teams' mail they get."""

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email"]
        labels = {"first_name": _("First name"), "last_name": _("Last name"), "email": _("E-mail")}
        help_texts = {"email": _("Incidents of your teams' sites are mailed here.")}

    mailed = OwnTeamsField(
        Team.objects.none(),
        required=False,
        label=_("Mail me about the sites of"),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.filter(memberships__user=self.instance).order_by("name")
        self.fields["mailed"].queryset = teams
        self.fields["mailed"].initial = teams.filter(memberships__user=self.instance, memberships__wants_mail=True)
        self.fields["email"].required = True
        if not settings.SITEMEND_MAIL_BY_SMTP:
            self.fields["email"].help_text = _("Incidents of your teams' sites are mailed here once mail is set up.")

    def save(self, commit: bool = True) -> Any:
        user = super().save(commit)
        chosen = {team.pk for team in self.cleaned_data["mailed"]}
        for membership in user.memberships.all():
            membership.wants_mail = membership.team_id in chosen
            membership.save(update_fields=["wants_mail"])
        return user


class NewPasswordForm(PasswordChangeForm):
    """Another password for oneself. Not focused by itself: it stands below another form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["old_password"].widget.attrs["autofocus"]
        self.fields["old_password"].label = _("Password now")
        self.fields["new_password1"].help_text = _PASSWORD_HINT
        self.fields["new_password2"].label = _("New password, once more")
        self.fields["new_password2"].help_text = ""


class SiteForm(forms.ModelForm):
    """A site to watch: its address is enough; the rest has defaults that suit most."""

    url = forms.URLField(
        label=_("Address"),
        max_length=500,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": "https://www.example.org/", "inputmode": "url"}),
        help_text=_("With https:// or http://, as a visitor would open it."),
    )
    pages = forms.CharField(
        label=_("Further pages"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false", "placeholder": "/contact\n/shop/cart"}),
        help_text=_("One path per line. The address itself is always probed."),
    )
    expected_statuses = forms.CharField(
        label=_("Expected status"),
        required=False,
        max_length=100,
        help_text=_("Leave empty for a normal page (2xx, or a redirect that ends in 2xx). Else one or more numbers, for example 401."),
    )
    must_contain = forms.CharField(
        label=_("Words that must be there"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One per line. Looked for on the address itself."),
    )
    must_not_contain = forms.CharField(
        label=_("Words that must not be there"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One per line."),
    )
    basic_password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    trials = forms.MultipleChoiceField(
        label=_("Trials that may be made without asking"),
        required=False,
        choices=list(trial_policy.KINDS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "When the site fails and nothing that can be read tells why, these are made by themselves, once for each incident: something "
            "is changed for some seconds, the site is looked at, and it is put back at once. You are told by mail. Nothing that keeps "
            "visitors out of something is ever touched. None is made while somebody has taken the incident, or in read-only mode."
        ),
    )
    headers = forms.CharField(
        label=_("Own request headers"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(
            attrs={"rows": 2, "class": "mono", "spellcheck": "false", "autocomplete": "off", "placeholder": "X-Probe: secret-word"}
        ),
    )
    forget_headers = forms.BooleanField(label=_("Forget the stored headers"), required=False)

    class Meta:
        model = Site
        fields = [
            "name",
            "url",
            "tags",
            "interval_s",
            "time_limit_s",
            "wants_looks",
            "sets_aside",
            "basic_user",
            "host",
            "docroot",
            "error_log",
            "access_log",
        ]
        labels = {
            "name": _("Name"),
            "tags": _("Tags"),
            "interval_s": _("Probe every"),
            "time_limit_s": _("Wait for an answer at most"),
            "wants_looks": _("Also look as other visitors"),
            "sets_aside": _("A repair without a person may set WordPress plugins aside"),
            "basic_user": _("User name"),
            "host": _("Hosting account"),
            "docroot": _("Folder of the site (docroot)"),
            "error_log": _("Error log"),
            "access_log": _("Access log"),
        }
        help_texts = {
            "name": _("How you call it in lists and mails."),
            "tags": _("Words to filter by, separated by spaces."),
            "wants_looks": _(
                "Past the cache, and as a desktop browser, a phone and a bot: every 15 minutes or 10 intervals, whichever is longer."
            ),
            "sets_aside": _(
                "When a plugin stops the site and “repair --yes” is asked for, its folder is renamed, and visitors miss what it does until "
                "somebody undoes it. Plugins that by their name keep visitors out stay in place. In the guided repair you are always asked."
            ),
            "interval_s": _(
                "From 20, so that watching burdens no site, to 86,400 (a day). 60 suit most: a failure is then known and confirmed in 80 s."
            ),
            "host": _("Where its files lie. It lets us name the cause of a failure and repair it."),
            "docroot": _("The folder that holds the site's index file and .htaccess. Empty: it is looked for."),
            "error_log": _("The full path. Empty: it is looked for."),
            "access_log": _("The full path. With it, log lines are matched to our own probes for certain."),
        }

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        self.fields["host"].queryset = Host.objects.filter(team=team)
        self.fields["host"].empty_label = _("None yet: watch it from outside only")
        for name, most in (("interval_s", registration.MOST_INTERVAL_S), ("time_limit_s", registration.MOST_TIME_LIMIT_S)):
            self.fields[name].widget.attrs |= {"min": registration.LEAST_INTERVAL_S if name == "interval_s" else 1, "max": most}
        self._explain_secrets()
        self.initial["trials"] = list(trial_policy.of(self.instance))
        if self.instance.pk:
            self._show_pages()

    def _explain_secrets(self) -> None:
        stored = self.instance.sealed_basic_password
        self.fields["basic_password"].help_text = (
            _("Stored, not shown. Leave empty to keep it.") if stored else _("Stored sealed, never shown again.")
        )
        if self.password_again:
            self.fields["basic_password"].help_text = _("Type it again: a password that was typed is never sent back to a page.")
        self.fields["headers"].help_text = (
            _("Some are stored; they are not shown. What you type here replaces them all; leave empty to keep them.")
            if self.instance.sealed_headers
            else _("One per line, as Name: value. Stored sealed, never shown again.")
        )
        if not self.instance.sealed_headers:
            del self.fields["forget_headers"]

    def _show_pages(self) -> None:
        pages = list(self.instance.pages.all())
        first = next((page for page in pages if page.path == "/"), None)
        self.initial["pages"] = "\n".join(page.path for page in pages if page.path != "/")
        if first:
            for name in EXPECTATIONS:
                self.initial[name] = getattr(first, name)

    def clean_pages(self) -> list[str]:
        typed = [line.strip() for line in self.cleaned_data["pages"].splitlines() if line.strip()]
        ticked = self.data.getlist("proposed") if isinstance(self.data, QueryDict) else []
        return [*typed, *(path for path in ticked if path not in typed)]

    def clean_headers(self) -> list[tuple[str, str]]:
        pairs = []
        for line in filter(str.strip, self.cleaned_data["headers"].splitlines()):
            name, colon, value = line.partition(":")
            if not colon:
                raise ValidationError(_("Each line must read Name: value."))
            if name.strip().lower() in _NOT_OURS:
                raise ValidationError(_now("%(name)s is set by the probe itself.") % {"name": name.strip()})
            pairs.append((name.strip(), value.strip()))
        return pairs

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("basic_password") and not values.get("basic_user"):
            self.add_error("basic_user", _("A password needs a user name."))
        if self._goes_elsewhere(values) and self._stored_secrets_stay(values):
            again = _("Type the password and headers again: stored secrets are never sent to another address than they were given for.")
            raise ValidationError(again)
        return values

    def _goes_elsewhere(self, values: dict[str, Any]) -> bool:
        """Whether another scheme, name or port would get what is sealed."""
        return bool(self.instance.pk and values.get("url")) and urlsplit(self.initial["url"])[:2] != urlsplit(values["url"])[:2]

    def _stored_secrets_stay(self, values: dict[str, Any]) -> bool:
        password_stays = bool(self.instance.sealed_basic_password) and values.get("basic_user") and not values.get("basic_password")
        headers_stay = bool(self.instance.sealed_headers) and not values.get("headers") and not values.get("forget_headers")
        return bool(password_stays or headers_stay)

    def store(self) -> Site | None:
        """Registers or changes the site. None when it was refused: the form then says why."""
        values = dict(self.cleaned_data)
        expectations = {name: values.pop(name) for name in EXPECTATIONS}
        forget = values.pop("forget_headers", False)
        paths = values.pop("pages")
        try:
            with transaction.atomic():
                if self.instance.pk:
                    if not values["basic_password"] and values["basic_user"]:
                        del values["basic_password"]  # empty keeps what is stored
                    if not values["headers"] and not forget:
                        del values["headers"]
                    site = registration.update_site(Site.objects.get(pk=self.instance.pk), paths=paths, **values)
                else:
                    site = registration.register_site(team=self.team, paths=paths, **values)
                registration.set_expectations(site, **expectations)
        except registration.RegistrationError as refusal:
            self.add_error("pages" if refusal.field == "paths" else refusal.field, refusal.message)
            return None
        return site

    @property
    def password_again(self) -> bool:
        """Whether a password was typed into a form that is now shown once more."""
        return bool(self.data.get("basic_password"))

    @property
    def more_open(self) -> bool:
        """Whether the folded part holds something to see: a value that is not the usual one, or an error."""
        folded = (*EXPECTATIONS, "basic_user", "basic_password", "headers", "time_limit_s")
        usual = not any(self[name].value() for name in (*EXPECTATIONS, "basic_user")) and not self.instance.sealed_headers
        return not usual or any(self[name].errors for name in folded)


class MuteForm(forms.Form):
    """For how long nothing is mailed."""

    HOURS = [(1, _("1 hour")), (4, _("4 hours")), (24, _("a day")), (168, _("a week"))]
    hours = forms.TypedChoiceField(label=_("Mute for"), choices=[*HOURS, (0, _("Not muted"))], coerce=int, initial=4)

    def until(self) -> datetime | None:
        """The moment it ends; None: not muted."""
        hours = self.cleaned_data["hours"]
        return timezone.now() + timedelta(hours=hours) if hours else None


class TestMailForm(forms.Form):
    """Where a test mail goes."""

    recipient = forms.EmailField(label=_("Send a test mail to"))
