"""Turns on hosts, and patience with those that could not be reached: over all processes, without a broker."""

from __future__ import annotations

from django.db import models

from sites.models import Host


class ConnectionLease(models.Model):
    """One connection that is in use, or somebody who waits for one (`slot` is null). Ends by itself at `until`."""

    host = models.ForeignKey(Host, models.CASCADE, related_name="leases", db_index=False)
    slot = models.PositiveIntegerField(null=True)
    holder = models.CharField(max_length=100)  # machine, process, and a number that is used once
    urgent = models.BooleanField(default=False)  # a person, or the diagnosis of a failure
    purpose = models.CharField(max_length=20, blank=True)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "slot"], name="one_connection_per_slot")]


class ConnectionPause(models.Model):
    """A host that could not be reached: nothing is tried by itself before `until`. There is no row for a host that is well."""

    host = models.OneToOneField(Host, models.CASCADE, related_name="pause", primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    until = models.DateTimeField()
    last_error = models.CharField(max_length=500, blank=True)
