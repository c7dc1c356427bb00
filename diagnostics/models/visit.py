"""How far the access logs of a host have been read, so that nothing is read twice and nothing is left out."""

from __future__ import annotations

from django.db import models

from sites.models import Host


class LogReading(models.Model):
    """When a host's access logs are read next: claimed by a conditional UPDATE, put off while the host refuses."""

    host = models.OneToOneField(Host, models.CASCADE, related_name="log_reading", primary_key=True)
    due_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="log_reading_due_at")]


class AccessLog(models.Model):
    """One access log of a host, which may serve many sites. `state` is what `facts.log_series` needs to go on."""

    host = models.ForeignKey(Host, models.CASCADE, related_name="access_logs", db_index=False)
    path = models.CharField(max_length=1000)
    state = models.JSONField(default=dict)
    read_at = models.DateTimeField(null=True)  # to its end
    visited = models.JSONField(default=dict)  # site: {path: how often it was seen in samples}, the most visited pages only

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "path"], name="one_access_log_per_path")]
