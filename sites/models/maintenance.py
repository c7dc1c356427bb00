"""Planned windows in which nobody is mailed, and deployments, each of which opens one and says at its end how the site is."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sites.windows.occurrences import DAILY, MONTHLY, ONCE, WEEKLY, Timetable

from .site import Site
from .team import Team


class MaintenanceWindow(models.Model):
    """For one site, for the sites with a tag, or (neither given) for all sites of the team.

    `opens_at` and `closes_at` are those of the occurrence that is on or comes next, kept by `sites.windows.maintenance`: what cannot be
    on now is told by the database. They are null when none is left.
    """

    class Repeats(models.TextChoices):
        ONCE = ONCE, _("Once")
        DAILY = DAILY, _("Every day")
        WEEKLY = WEEKLY, _("On weekdays")
        MONTHLY = MONTHLY, _("Every month")

    team = models.ForeignKey(Team, models.CASCADE, related_name="windows")
    site = models.ForeignKey(Site, models.CASCADE, null=True, blank=True, related_name="windows")
    tag = models.CharField(max_length=100, blank=True)
    title = models.CharField(max_length=100, blank=True)
    repeats = models.CharField(max_length=8, choices=Repeats.choices, default=Repeats.ONCE)
    first_day = models.DateField()
    start_time = models.TimeField()
    duration_s = models.PositiveIntegerField()
    time_zone = models.CharField(max_length=64)
    weekdays = models.CharField(max_length=20, blank=True)  # "0 2 4"; Monday is 0
    last_day = models.DateField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True)  # what began before this moment was over then
    opens_at = models.DateTimeField(null=True)
    closes_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["opens_at", "pk"]
        indexes = [models.Index(fields=["team", "opens_at"], name="window_team_opens_at")]

    def __str__(self) -> str:
        return self.title or f"maintenance window {self.pk}"

    @property
    def timetable(self) -> Timetable:
        """When it is on."""
        days = frozenset(int(day) for day in self.weekdays.split())
        duration = timedelta(seconds=self.duration_s)
        return Timetable(self.repeats, self.first_day, self.start_time, duration, ZoneInfo(self.time_zone), days, self.last_day)


class Deployment(models.Model):
    """One "we are deploying": a window, quick probes, and at its end a result."""

    class Result(models.TextChoices):
        WELL = "well", _("All pages are well")
        NOT_WELL = "not-well", _("Not well")
        NOT_KNOWN = "not-known", _("Not known")

    site = models.ForeignKey(Site, models.CASCADE, related_name="deployments")
    window = models.OneToOneField(MaintenanceWindow, models.SET_NULL, null=True, related_name="deployment")
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    by_hook = models.BooleanField(default=False)
    ends_at = models.DateTimeField()  # when it ends by itself
    finished_at = models.DateTimeField(null=True)  # when the window was closed: from then on failures are told
    concluded_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=10, choices=Result.choices, blank=True)
    summary = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["site"], condition=models.Q(concluded_at=None), name="one_deployment_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"deployment {self.pk} of {self.site}"


class DeployHook(models.Model):
    """The secret address by which a CI system says that it deploys. Only a hash of its token is kept."""

    site = models.OneToOneField(Site, models.CASCADE, related_name="deploy_hook")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"deploy hook of {self.site}"
