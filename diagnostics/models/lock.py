"""One writer per host at a time, across workers and the command line, without a broker."""

from __future__ import annotations

from django.db import models

from sites.models import Host


class HostLock(models.Model):
    """Held until `lease_until`; each holder gets a higher fencing number, which it shows before every write."""

    host = models.OneToOneField(Host, models.CASCADE, related_name="lock", primary_key=True)
    holder = models.CharField(max_length=100, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
