"""What a person does to many sites at once: imports with their preview, changes that can be taken back, filters kept by name."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .team import Team


class SiteImport(models.Model):
    """One import. Until it is confirmed it holds the rows, sealed, for an hour at most; afterwards it only says what was made."""

    class State(models.TextChoices):
        PREVIEW = "preview", _("Not confirmed")
        MADE = "made", _("Imported")
        UNDONE = "undone", _("Undone")

    team = models.ForeignKey(Team, models.CASCADE, related_name="imports")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.PREVIEW)
    source = models.CharField(max_length=20)  # "csv", "addresses", "uptime-kuma", "uptimerobot", "mainwp"
    file_name = models.CharField(max_length=200, blank=True)
    sealed_rows = models.BinaryField(default=b"", blank=True)
    created = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(auto_now_add=True)
    made_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"import {self.pk} ({self.source})"


class BulkChange(models.Model):
    """One change of many sites, with what each had before: it can be taken back once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    verb = models.CharField(max_length=12)
    detail = models.CharField(max_length=200, blank=True)
    count = models.PositiveIntegerField()
    at = models.DateTimeField()
    before = models.BinaryField(default=b"", blank=True)  # see `sites.many.changes`; empty: nothing to take back
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["user", "-at"], name="bulk_change_user_at")]

    def __str__(self) -> str:
        return f"{self.verb} of {self.count} sites"


class SavedFilter(models.Model):
    """What one person wants to see of the list again, by a name of their choice."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="site_filters")
    name = models.CharField(_("name"), max_length=40)
    query = models.CharField(max_length=500)  # of the list's address, without page

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="one_filter_name_per_person")]

    def __str__(self) -> str:
        return self.name
