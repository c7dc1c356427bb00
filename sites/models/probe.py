"""What probes brought: raw results for a short time, failures with their evidence, transitions, and a row per site and day."""

from __future__ import annotations

from django.db import models

from .site import Page, Site


class ProbeResult(models.Model):
    """One probe. Good ones are kept for two days, failures for ninety (`sites.history`)."""

    page = models.ForeignKey(Page, models.CASCADE, related_name="results", db_index=False)
    at = models.DateTimeField()
    purpose = models.CharField(max_length=12)
    kind = models.CharField(max_length=20)
    status = models.PositiveIntegerField(null=True)
    ms = models.FloatField(null=True)
    first_byte_ms = models.FloatField(null=True)
    detail = models.CharField(max_length=60, blank=True)

    class Meta:
        indexes = [models.Index(fields=["page", "at"], name="result_page_at"), models.Index(fields=["at"], name="result_at")]


class FailureEvidence(models.Model):
    """The failing response as it came: shown as text, never as a page."""

    result = models.OneToOneField(ProbeResult, models.CASCADE, related_name="evidence")
    message = models.TextField(blank=True)
    url = models.TextField()
    final_url = models.TextField(blank=True)
    address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=200, blank=True)
    token = models.CharField(max_length=32, blank=True)
    headers = models.JSONField(default=list)
    body = models.BinaryField(blank=True, default=b"")  # first 64 KB
    excerpt = models.CharField(max_length=300, blank=True)
    timings = models.JSONField(default=dict)


class Transition(models.Model):
    """A change of a page's verdict: old, new, when and why. Notifications follow from incidents, incidents from these."""

    page = models.ForeignKey(Page, models.CASCADE, related_name="transitions")
    at = models.DateTimeField()
    old = models.CharField(max_length=10)
    new = models.CharField(max_length=10)
    kind = models.CharField(max_length=20)
    why = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["page", "-at"], name="transition_page_at")]


class DayRollup(models.Model):
    """One site, one UTC day of routine probes. `buckets` counts answers by time in steps of about 20 %, for percentiles."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    good = models.PositiveIntegerField(default=0)
    suspect = models.PositiveIntegerField(default=0)  # failed, but not part of a confirmed failure
    failed = models.PositiveIntegerField(default=0)
    ms_sum = models.FloatField(default=0)
    buckets = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="one_rollup_per_day")]
