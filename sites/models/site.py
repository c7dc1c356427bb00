"""A hosted website that is watched, and its pages. The latest state of a page lives in its own row."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sites.judging import Verdict

from .host import Host
from .team import Team

VERDICTS = (
    (Verdict.UP.value, _("Up")),
    (Verdict.SUSPECT.value, _("Suspect")),
    (Verdict.DOWN.value, _("Down")),
    (Verdict.UNKNOWN.value, _("Unknown")),
)


class LiveSites(models.Manager["Site"]):
    """Every site but those in the bin: what is shown, counted, named and worked with."""

    def get_queryset(self) -> models.QuerySet[Site]:
        return super().get_queryset().filter(deleted_at=None)


class Site(models.Model):
    """One website. `verdict`, `kind`, `scope` and `pattern` sum up its pages and are written by `recording` only."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="sites")
    name = models.CharField(_("name"), max_length=100)
    url = models.URLField(_("address"), max_length=500)
    tags = models.CharField(_("tags"), max_length=200, blank=True)  # separated by single spaces
    interval_s = models.PositiveIntegerField(_("interval in seconds"), default=60)
    time_limit_s = models.PositiveIntegerField(_("time limit in seconds"), default=10)
    basic_user = models.CharField(_("user name of HTTP basic authentication"), max_length=200, blank=True)
    sealed_basic_password = models.TextField(blank=True, editable=False)
    sealed_headers = models.TextField(blank=True, editable=False)  # JSON [[name, value], …], sealed: may hold secrets

    host = models.ForeignKey(Host, models.SET_NULL, null=True, blank=True, related_name="sites")
    docroot = models.CharField(_("docroot"), max_length=1000, blank=True)
    error_log = models.CharField(_("error log"), max_length=1000, blank=True)
    access_log = models.CharField(_("access log"), max_length=1000, blank=True)
    profile = models.CharField(_("kind of hosting"), max_length=40, blank=True)  # empty: the host's

    paused_at = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)  # null while paused: until somebody resumes it
    muted_until = models.DateTimeField(null=True, blank=True)
    read_only_since = models.DateTimeField(null=True, editable=False)  # nothing is written to its host, by somebody's choice
    read_only_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+")
    trials = models.CharField(max_length=100, blank=True, default="")  # kinds that may be made unattended; see `sites.trial_policy`
    sets_aside = models.BooleanField(_("repair may set WordPress plugins aside by itself"), default=False)
    auto_repair = models.JSONField(default=dict, blank=True)  # which repairs are made unattended; see `sites.automatic.policy`
    auto_stopped_at = models.DateTimeField(null=True, editable=False)  # none is made until a person has looked
    auto_stopped_why = models.TextField(blank=True, default="", editable=False)
    auto_looked_at = models.DateTimeField(null=True, editable=False)  # when somebody had looked and let it go on
    practice = models.BooleanField(default=False, editable=False)
    wants_looks = models.BooleanField(_("also look past caches and as several browsers"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    imported_in = models.ForeignKey("SiteImport", models.SET_NULL, null=True, blank=True, editable=False, related_name="sites")
    deleted_at = models.DateTimeField(null=True, editable=False)  # in the bin since; it is paused as well, and its name is free

    verdict = models.CharField(max_length=10, choices=VERDICTS, default=Verdict.UNKNOWN.value)
    verdict_since = models.DateTimeField(null=True)
    kind = models.CharField(max_length=20, default="", blank=True)
    scope = models.CharField(max_length=12, default="none")
    pattern = models.CharField(max_length=14, default="none")
    looks = models.CharField(max_length=60, default="", blank=True)  # what failing looks add to it; see `sites.looks.samples`
    last_probe_at = models.DateTimeField(null=True)
    last_ms = models.FloatField(null=True)

    objects = LiveSites()
    with_deleted = models.Manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["name"], condition=Q(deleted_at=None), name="one_site_per_name")]
        indexes = [
            models.Index(fields=["team", "verdict", "name"], name="site_team_verdict_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def profile_name(self) -> str:
        """The profile in force: the site's own, else that of its host."""
        return self.profile or (self.host.profile if self.host else "apache-755")


class Page(models.Model):
    """One path of a site. Its due time is claimed by a conditional UPDATE; its state is what `judging` made of the outcomes."""

    class Ending(models.TextChoices):
        WHOLE = "whole", _("It ended with its last tag while it was well")
        ANY = "any", _("It need not end with its last tag")

    site = models.ForeignKey(Site, models.CASCADE, related_name="pages")
    path = models.CharField(_("path"), max_length=1000, default="/")
    position = models.PositiveIntegerField(default=0)
    expected_statuses = models.CharField(max_length=100, blank=True)  # "200 301"; empty: 2xx
    must_contain = models.TextField(blank=True)  # one per line
    must_not_contain = models.TextField(blank=True)
    ending = models.CharField(max_length=5, choices=Ending.choices, blank=True, default="", db_default="")  # empty: not known yet

    due_at = models.DateTimeField(null=True)  # null: paused
    anchor_at = models.DateTimeField(null=True)  # the regular timetable is anchor + n * interval: re-probes do not shift it

    verdict = models.CharField(max_length=10, choices=VERDICTS, default=Verdict.UNKNOWN.value)
    state = models.JSONField(default=dict, blank=True)  # what `judging` needs to go on
    goods_since = models.PositiveIntegerField(default=0, db_default=0)  # plain good probes that `state` does not know of yet
    kind = models.CharField(max_length=20, default="", blank=True)
    since = models.DateTimeField(null=True)  # of the verdict
    failing_since = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    last_status = models.PositiveIntegerField(null=True)
    last_ms = models.FloatField(null=True)
    last_detail = models.CharField(max_length=60, blank=True)
    last_message = models.CharField(max_length=300, blank=True)
    last_token = models.CharField(max_length=32, blank=True)  # of the last probe that carried one
    last_token_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["site", "path"], name="one_page_per_path")]
        indexes = [models.Index(fields=["due_at"], name="page_due_at")]

    def __str__(self) -> str:
        return f"{self.site}{self.path}"

    @property
    def url(self) -> str:
        """The site's address with this path; the first page "/" is the address exactly as it was typed."""
        if self.path == "/":
            return self.site.url
        return self.site.url.rstrip("/") + "/" + self.path.lstrip("/")
