"""What people type about maintenance windows, deployments and pauses."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from sites.models import MaintenanceWindow, Site, Team
from sites.windows.occurrences import Occurrence, Timetable
from sites.wording import duration_words

Repeats = MaintenanceWindow.Repeats
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
_DURATIONS_S = [
    *(n * MINUTE_S for n in (5, 10, 15, 20, 30, 45)),
    *(n * HOUR_S // 2 for n in (2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 36, 48)),
    *(n * DAY_S for n in (2, 3, 7)),
]
WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]
_words = lazy(lambda seconds: _now("a day") if seconds == DAY_S else duration_words(seconds), str)


def zones() -> list[tuple[str, str]]:
    """The zones that people look for: cities, and UTC."""
    old = ("Etc/", "SystemV/", "US/", "Mexico/", "Brazil/", "Canada/", "Chile/", "posix/", "right/")
    names = [name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(old)]
    return [(name, name.replace("_", " ")) for name in ["UTC", *sorted(names)]]


_FARTHEST = timedelta(days=36_600)  # farther away is a typing error; with the year 9999 the calendar ends


class WindowForm(forms.ModelForm):
    """A window for one site, for a tag, or for all sites of a team."""

    SITE, TAG, ALL = "site", "tag", "all"
    scope = forms.ChoiceField(
        label=_("For"),
        choices=[(SITE, _("one site")), (TAG, _("the sites with a tag")), (ALL, _("all sites of the team"))],
        widget=forms.RadioSelect,
        initial=SITE,
    )
    site_name = forms.CharField(label=_("Name of the site"), max_length=100, required=False)
    duration_s = forms.TypedChoiceField(
        label=_("Lasts"), choices=[(seconds, _words(seconds)) for seconds in _DURATIONS_S], coerce=int, initial=2 * HOUR_S
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=zones, help_text=_("The window keeps its time of day in this zone when clocks change.")
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Weekdays"), choices=WEEKDAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = MaintenanceWindow
        fields = ["title", "team", "tag", "repeats", "first_day", "start_time", "last_day", "time_zone", "duration_s"]
        labels = {
            "title": _("What is done"),
            "team": _("Team"),
            "tag": _("Tag"),
            "repeats": _("How often"),
            "first_day": _("Day, or first day"),
            "start_time": _("Begins at"),
            "last_day": _("Last day"),
        }
        help_texts = {
            "title": _("For example: nightly backup. It stands beside what was noted."),
            "last_day": _("Only for a window that comes again. Empty: until you delete it."),
        }
        widgets = {
            "first_day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "last_day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "start_time": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def __init__(self, *args: Any, teams: list[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = teams
        # "On weekdays" alone would be read as Monday to Friday.
        labels = dict(Repeats.choices) | {Repeats.WEEKLY: _("Every week, on chosen days")}
        self.fields["repeats"].choices = list(labels.items())
        self.fields["title"].required = self.fields["tag"].required = False
        self.fields["team"].queryset = Team.objects.filter(pk__in=[team.pk for team in teams]).order_by("name")
        self.fields["team"].empty_label = None
        if len(teams) == 1:
            self.fields["team"].widget = forms.HiddenInput()
        self.fields["team"].required = len(teams) > 1
        window = self.instance
        if window.pk:
            scope = self.SITE if window.site_id else self.TAG if window.tag else self.ALL
            days = [int(day) for day in window.weekdays.split()]
            self.initial |= {"scope": scope, "site_name": window.site.name if window.site else "", "weekdays": days}
            if window.duration_s not in _DURATIONS_S:
                self.fields["duration_s"].choices = [*self.fields["duration_s"].choices, (window.duration_s, _words(window.duration_s))]
        else:
            local = timezone.localtime()
            night = local.date() + timedelta(days=1 if local.hour >= 2 else 0)
            self.initial |= {"first_day": night, "time_zone": str(local.tzinfo), "start_time": "02:00", "duration_s": 2 * HOUR_S}

        zones = self.fields["time_zone"].choices
        if self.initial["time_zone"] not in dict(zones):
            self.fields["time_zone"].choices = [(self.initial["time_zone"], self.initial["time_zone"]), *zones]

    def _clean_day(self, name: str) -> date | None:
        day: date | None = self.cleaned_data[name]
        if day is not None and name in self.changed_data and abs(day - timezone.localdate()) > _FARTHEST:
            raise ValidationError(_("Choose a day of the last or the next hundred years."))
        return day

    def clean_first_day(self) -> date | None:
        return self._clean_day("first_day")

    def clean_last_day(self) -> date | None:
        return self._clean_day("last_day")

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        self._clean_scope(values)
        repeats, duration = values.get("repeats"), values.get("duration_s", 0)
        if repeats == Repeats.WEEKLY and not values.get("weekdays"):
            self.add_error("weekdays", _("Choose at least one weekday."))
        if repeats in (Repeats.DAILY, Repeats.WEEKLY) and duration >= DAY_S:
            self.add_error("duration_s", _("A window that comes every day ends before the next one begins: less than a day."))
        if repeats == Repeats.ONCE:
            values["last_day"] = None
        elif values.get("last_day") and values.get("first_day") and values["last_day"] < values["first_day"]:
            self.add_error("last_day", _("The last day lies before the first."))
        if not self.errors and not self.next_ones():
            self.add_error("first_day", _("This window would never be on: its time is over."))
        return values

    def _clean_scope(self, values: dict[str, Any]) -> None:
        team = values.get("team") or (self.teams[0] if len(self.teams) == 1 else None)
        self.site: Site | None = None
        if values.get("scope") == self.SITE:
            self.site = Site.objects.filter(team__in=self.teams, name=values.get("site_name", "").strip()).select_related("team").first()
            if self.site is None:
                self.add_error("site_name", _("There is no site of this name. Names are exact, capitals included."))
            else:
                team = self.site.team
        if values.get("scope") == self.TAG:
            words = values.get("tag", "").split()
            if len(words) != 1:
                self.add_error("tag", _("One tag, without spaces."))
            values["tag"] = words[0] if words else ""
        else:
            values["tag"] = ""
        values["team"] = team

    def timetable(self) -> Timetable:
        """What the valid form says."""
        values = self.cleaned_data
        return Timetable(
            values["repeats"],
            values["first_day"],
            values["start_time"],
            timedelta(seconds=values["duration_s"]),
            zoneinfo.ZoneInfo(values["time_zone"]),
            frozenset(values.get("weekdays") or ()),
            values.get("last_day"),
        )

    def next_ones(self) -> list[Occurrence]:
        """When it is on next; empty while something essential is missing."""
        if any(name not in self.cleaned_data for name in ("repeats", "first_day", "start_time", "duration_s", "time_zone")):
            return []
        return self.timetable().next_ones(timezone.now())

    def filled(self) -> MaintenanceWindow:
        """The unsaved row that the valid form describes. A changed time begins anew: what was ended before does not count."""
        window = self.instance
        window.site, window.weekdays = self.site, " ".join(str(day) for day in sorted(self.cleaned_data.get("weekdays") or ()))
        if window.repeats != Repeats.WEEKLY:
            window.weekdays = ""
        window.duration_s = self.cleaned_data["duration_s"]
        window.ended_at = None
        return window


class DeploymentForm(forms.Form):
    """For how long a deployment is watched at most."""

    MINUTES = [(5, _("5 min")), (15, _("15 min")), (30, _("30 min")), (60, _("1 hour")), (120, _("2 hours"))]
    minutes = forms.TypedChoiceField(
        label=_("It takes at most"),
        choices=MINUTES,
        coerce=int,
        initial=15,
        help_text=_("15 minutes suit most deployments. You can end it earlier or give it more time."),
    )


_LONGEST_PAUSE = timedelta(days=2 * 366)


class PauseForm(forms.Form):
    """How long nothing is probed."""

    HOURS = [
        (0, _("until I resume it")),
        (1, _("1 hour")),
        (4, _("4 hours")),
        (24, _("a day")),
        (168, _("a week")),
        (-2, _("until tomorrow, 08:00")),
        (-1, _("until a moment:")),
    ]
    hours = forms.TypedChoiceField(label=_("Pause for"), choices=HOURS, coerce=int, initial=0)
    until_at = forms.DateTimeField(
        label=_("Until which moment"),
        required=False,
        help_text=_("If none of the above suits."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("hours") == 0 and values.get("until_at"):
            values["hours"] = -1  # who names a moment means it
        if values.get("hours") == -1:
            if not values.get("until_at") and "until_at" not in self.errors:
                self.add_error("until_at", _("Say until when."))
            elif values.get("until_at") and values["until_at"] <= timezone.now():
                raise ValidationError(_("This moment has passed."))
            elif values.get("until_at") and values["until_at"] > timezone.now() + _LONGEST_PAUSE:
                self.add_error("until_at", _("This is more than two years ahead. Choose “until I resume it” instead."))
        return values

    def until(self) -> datetime | None:
        """The moment it ends; None: until somebody resumes it."""
        hours: int = self.cleaned_data["hours"]
        if hours == -1:
            return self.cleaned_data["until_at"]
        if hours == -2:
            tomorrow = timezone.localdate() + timedelta(days=1)
            return timezone.make_aware(datetime.combine(tomorrow, time(8)))
        return timezone.now() + timedelta(hours=hours) if hours else None
