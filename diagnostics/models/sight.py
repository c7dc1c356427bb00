"""What of a site's files and logs could be seen the last time somebody or something looked."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from sites.models import Site


class SiteSight(models.Model):
    """Whether the error log could be read, as the last diagnosis or search found it; and the last search for folder and logs."""

    class ErrorLog(models.TextChoices):
        UNKNOWN = "", _("Not read yet")
        READ = "read", _("Read")
        UNREADABLE = "unreadable", _("Could not be read")

    class Search(models.TextChoices):
        NONE = "", _("Not searched")
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Looking")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    site = models.OneToOneField(Site, models.CASCADE, related_name="sight", primary_key=True)
    error_log = models.CharField(max_length=10, choices=ErrorLog.choices, default=ErrorLog.UNKNOWN, blank=True)
    error_log_path = models.CharField(max_length=1000, blank=True)  # that this is said of
    error_log_at = models.DateTimeField(null=True)
    search = models.CharField(max_length=8, choices=Search.choices, default=Search.NONE, blank=True)
    asked_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True)  # what the search brought, for a person

    class Meta:
        indexes = [models.Index(fields=["search"], name="site_sight_search")]
