"""How the watching itself is: signs of life of its processes, its lag minute by minute, and when it was behind."""

from __future__ import annotations

from django.db import models


class SignOfLife(models.Model):
    """The last time that something ran, and what it has to say. `name`: "queue:probes", "dead-man", …"""

    name = models.CharField(max_length=100, unique=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name


class HealthSample(models.Model):
    """One minute of the installation; kept for two days."""

    at = models.DateTimeField(db_index=True)
    lag_s = models.FloatField()
    probes = models.PositiveIntegerField()  # results of this minute


class BehindAlarm(models.Model):
    """One spell in which sites were not probed for three of their intervals. Told when it is seen a second time."""

    began_at = models.DateTimeField()
    not_probed_since = models.DateTimeField()
    most_sites = models.PositiveIntegerField()
    told_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    is_open = models.BooleanField(null=True, unique=True, default=True)  # null when it is over: only one is open at a time

    class Meta:
        ordering = ["-began_at"]

    def __str__(self) -> str:
        return f"behind since {self.began_at}"
