"""What probes brought: raw results for a short time, failures with their evidence, transitions, and a row per site and day."""

from __future__ import annotations

from django.db import models

from .site import Page, Site


class Counts(models.IntegerChoices):
    """How a result counts in the figures. Confirmation and cache-proof probes, refused ones and planned failures do not."""

    NOT = 0
    GOOD = 1
    SUSPECT = 2  # failed, but not part of a confirmed failure
    FAILED = 3


class ProbeResult(models.Model):
    """One probe. Good ones are kept for hours, failures for months (`sites.history.keeping`)."""

    page = models.ForeignKey(Page, models.CASCADE, related_name="results", db_index=False)
    at = models.DateTimeField()
    purpose = models.CharField(max_length=12)
    kind = models.CharField(max_length=20)
    status = models.PositiveIntegerField(null=True)
    ms = models.FloatField(null=True)
    first_byte_ms = models.FloatField(null=True)
    detail = models.CharField(max_length=60, blank=True)
    counts = models.PositiveSmallIntegerField(choices=Counts.choices, default=Counts.NOT, db_default=Counts.NOT)

    class Meta:
        indexes = [
            models.Index(fields=["page", "at"], name="result_page_at"),
            # Two, since the many good ones go soon and must be found without passing the failures of months.
            models.Index(fields=["at"], name="result_good_at", condition=models.Q(kind="ok")),
            models.Index(fields=["at"], name="result_other_at", condition=~models.Q(kind="ok")),
        ]


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
    certificate = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))  # read when an incident opens


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


class Rollup(models.Model):
    """What the routine probes of one site brought in one span. `times` counts good answers by time, packed by `sites.history.rollups`."""

    site = models.ForeignKey(Site, models.CASCADE, db_index=False)
    good = models.PositiveIntegerField(default=0)
    suspect = models.PositiveIntegerField(default=0)  # failed, but not part of a confirmed failure
    failed = models.PositiveIntegerField(default=0)
    times = models.BinaryField(default=b"")

    class Meta:
        abstract = True


class DayRollup(Rollup):
    """One site, one UTC day; kept for two years."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="one_rollup_per_day")]


class HourRollup(Rollup):
    """One site, one hour; kept for ninety days."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="hours", db_index=False)
    hour = models.PositiveIntegerField()  # since 1970, UTC

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "hour"], name="one_rollup_per_hour")]


class MinuteRollup(models.Model):
    """One site, the minutes of one hour, packed by `sites.history.rollups`; kept for a day."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="minutes", db_index=False)
    hour = models.PositiveIntegerField()  # since 1970, UTC
    packed = models.BinaryField(default=b"")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "hour"], name="one_rollup_of_minutes")]


class RollupMark(models.Model):
    """One row: up to which result all are counted. `version` changes with every step, so that no two make the same one."""

    version = models.PositiveBigIntegerField(default=0)
    result_id = models.PositiveBigIntegerField(default=0)
    days_from_id = models.PositiveBigIntegerField(default=0)  # results up to this one were counted for their day as they came in


class RollupTouch(models.Model):
    """An hour of a site whose failures must be counted afresh."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="+", db_index=False)
    hour = models.PositiveIntegerField()
