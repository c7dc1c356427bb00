"""Slower looks at a page beside its routine probe: past caches, and as several kinds of browser, each on a timetable of its own."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .site import VERDICTS, Page, Verdict


class Look(models.Model):
    """The latest state of one kind of look at one page. Counts in no figure of the page: see `sites.looks.due`."""

    class What(models.TextChoices):
        CACHE_PROOF = "cache-proof", _("Past the cache")
        DESKTOP = "desktop", _("Desktop browser")
        PHONE = "phone", _("Phone")
        BOT = "bot", _("Search engine's bot")

    page = models.ForeignKey(Page, models.CASCADE, related_name="looks", db_index=False)
    what = models.CharField(max_length=12, choices=What.choices)

    due_at = models.DateTimeField()
    anchor_at = models.DateTimeField()  # the timetable is anchor + n * pace: re-looks do not shift it

    verdict = models.CharField(max_length=10, choices=VERDICTS, default=Verdict.UNKNOWN.value)
    state = models.JSONField(default=dict, blank=True)  # what `judging` needs to go on, and the fingerprint of its failure
    kind = models.CharField(max_length=20, default="", blank=True)
    since = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    last_status = models.PositiveIntegerField(null=True)
    last_ms = models.FloatField(null=True)
    last_detail = models.CharField(max_length=60, blank=True)
    last_message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["page", "id"]
        constraints = [models.UniqueConstraint(fields=["page", "what"], name="one_look_of_a_kind")]
        indexes = [models.Index(fields=["due_at"], name="look_due_at")]

    def __str__(self) -> str:
        return f"{self.page} as {self.what}"
