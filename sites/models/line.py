"""Our own connection to the Internet: when it was seen to be down."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class LineOutage(models.Model):
    """A spell in which most sites and all anchors were out of reach at once, so that nothing was known of any site."""

    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    over = models.BooleanField(default=False)
    asked_at = models.DateTimeField()  # when the anchors were asked last
    sites = models.PositiveIntegerField(default=0)  # out of reach when it was noticed

    class Meta:
        ordering = ["-since"]
        constraints = [models.UniqueConstraint(fields=["over"], condition=Q(over=False), name="one_line_outage_at_a_time")]

    def __str__(self) -> str:
        return f"own connection down since {self.since}"
