"""What visitors met: server errors of an access log, or told by the server itself; how far that is known, and what came of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .incident import Incident
from .site import Page, Site


class VisitorWatch(models.Model):
    """How a site's visitors are watched: its access log as it was read last, and the secret of the server that reports by itself."""

    class Log(models.TextChoices):
        WAITING = "", _("Not read yet")
        READ = "read", _("Read")
        NOT_FOUND = "not-found", _("Not found")
        UNCLEAR = "unclear", _("Several sites could be meant")
        UNREADABLE = "unreadable", _("Could not be read")
        FOREIGN = "foreign", _("Not an access log")

    site = models.OneToOneField(Site, models.CASCADE, related_name="visitor_watch", primary_key=True)
    log = models.CharField(max_length=12, choices=Log.choices, default=Log.WAITING, blank=True)
    log_detail = models.TextField(blank=True)
    log_path = models.CharField(max_length=1000, blank=True)
    log_tried_at = models.DateTimeField(null=True)
    log_read_at = models.DateTimeField(null=True)  # the last time that it was read to its end
    log_lag_s = models.PositiveIntegerField(default=0)  # how long its host takes to write a line
    log_lines = models.PositiveBigIntegerField(default=0)
    log_bad_lines = models.PositiveBigIntegerField(default=0)

    report_token = models.CharField(max_length=40, unique=True, null=True, editable=False)  # names the site in the address, no secret
    sealed_report_secret = models.TextField(blank=True, editable=False)
    report_made_at = models.DateTimeField(null=True)
    report_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"visitors of {self.site}"


class VisitorFailure(models.Model):
    """One page of one site that answered one 5xx status to visitors, in one hour."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="visitor_failures", db_index=False)
    hour = models.DateTimeField()
    key = models.CharField(max_length=300)  # the path with ids replaced, so that /order/17 and /order/18 are one page
    status = models.PositiveIntegerField()
    count = models.PositiveIntegerField(default=0)
    addresses = models.JSONField(default=list)  # salted hashes of shortened addresses, for counting only
    agents = models.JSONField(default=dict)  # family of browser or program: how many
    methods = models.JSONField(default=dict)  # method: how many
    sources = models.JSONField(default=dict)  # "log", "report": how many
    path = models.CharField(max_length=500)  # one of the paths as it was asked for, without query and secrets
    request_id = models.CharField(max_length=200, blank=True)  # of the last one that had any
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_at"]
        constraints = [models.UniqueConstraint(fields=["site", "hour", "status", "key"], name="one_visitor_failure_per_hour")]
        indexes = [models.Index(fields=["hour"], name="visitor_failure_hour")]

    def __str__(self) -> str:
        return f"{self.status} on {self.key} of {self.site}"


class VisitorPage(models.Model):
    """One page that failed for visitors: its last minutes, from which is told whether it is more than a hiccup."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="visitor_pages", db_index=False)
    key = models.CharField(max_length=300)
    recent = models.JSONField(default=list)  # [[seconds since 1970, address hash, how many], …] of the last ten minutes
    last_at = models.DateTimeField()
    page = models.ForeignKey(Page, models.SET_NULL, null=True, related_name="+")  # added because visitors met errors there
    added_at = models.DateTimeField(null=True)  # added once: whoever takes it out again does not get it back

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "key"], name="one_visitor_page_per_key")]

    def __str__(self) -> str:
        return f"{self.key} of {self.site}"


class VisitorIncident(models.Model):
    """What an incident that visitors opened has beside every other: who met it, and whether our own probes saw it too."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="visitors", primary_key=True)
    fingerprint = models.CharField(max_length=80, db_index=True)  # its own, also after that of a probe has taken its place
    keys = models.JSONField(default=list)
    count = models.PositiveIntegerField(default=0)
    addresses = models.JSONField(default=list)
    last_failure_at = models.DateTimeField()
    by_log = models.BooleanField(default=True)  # else the server reported it
    seen_by_probe_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"visitors of {self.incident}"


class VisitorReport(models.Model):
    """One report of a server that was taken in: the same one is not counted twice."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="visitor_reports", db_index=False)
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "digest"], name="one_visitor_report_per_digest")]
        indexes = [
            models.Index(fields=["site", "at"], name="visitor_report_site_at"),
            models.Index(fields=["at"], name="visitor_report_at"),
        ]
