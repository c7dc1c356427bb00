"""One run of facts and checks for one site, and what it concluded."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from diagnostics.findings import sureness
from sites.models import Incident, Site


class Diagnosis(models.Model):
    """Read-only towards the host. Log lines are stored with secrets removed."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    AGAIN = "again"  # `met_as`: more than once, among good answers

    site = models.ForeignKey(Site, models.CASCADE, related_name="diagnoses")
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, related_name="diagnoses")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    duration_s = models.FloatField(null=True)
    verdict = models.CharField(max_length=10, blank=True)
    kind = models.CharField(max_length=20, blank=True)
    met_as = models.CharField(max_length=12, default="", blank=True)  # by whom a failure was met that probes miss; or `AGAIN`
    connection = models.CharField(max_length=10, blank=True)
    error = models.TextField(blank=True)  # why it could not run, for a person
    inconclusive = models.JSONField(default=list)  # [{"check", "missing"}]
    installed = models.JSONField(default=list)  # programs: [{"name", "title", "version", "path", "parts", ...}], see `reporting`
    log_lines = models.JSONField(default=list)  # [{"at", "text", "paired"}] of the failing time, secrets removed
    offers = models.JSONField(default=list)  # plans as they are shown, with the digest that a click brings back
    no_trial = models.TextField(blank=True)  # why the .htaccess trial is not offered
    trials = models.JSONField(default=list)  # [{"id", "why_not", "about"}]: which trials are possible, and how many looks they take
    again_at = models.DateTimeField(null=True)  # its log lagged: asked for once more when the log has caught up
    is_again = models.BooleanField(default=False)  # asked for because of that

    class Meta:
        ordering = ["-requested_at", "-id"]
        indexes = [
            models.Index(fields=["site", "-requested_at"], name="diagnosis_site"),
            models.Index(fields=["again_at"], name="diagnosis_again_at"),
        ]


class FindingRecord(models.Model):
    """One stored finding: what a check concluded, in the order of `run_checks`."""

    diagnosis = models.ForeignKey(Diagnosis, models.CASCADE, related_name="findings")
    position = models.PositiveIntegerField()
    check_id = models.CharField(max_length=60)
    cause = models.CharField(max_length=60)
    also = models.JSONField(default=list)
    severity = models.CharField(max_length=10)
    confidence = models.FloatField()
    summary = models.TextField()
    hint = models.TextField(blank=True)
    path = models.CharField(max_length=1000, blank=True)
    line = models.PositiveIntegerField(null=True)
    evidence = models.JSONField(default=list)  # [{"source", "at", "text", "paired"}]
    follows = models.CharField(max_length=60, blank=True)  # the code of the finding that it follows from
    repairable_by = models.CharField(max_length=10)
    repair_id = models.CharField(max_length=60, blank=True)
    diff = models.TextField(blank=True)

    class Meta:
        ordering = ["position"]

    @property
    def sureness(self) -> str:
        return sureness(self.confidence)
