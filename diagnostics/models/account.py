"""What lies on a hosting account: the last look at it, and the sites that were found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sites.models import Host


class AccountLook(models.Model):
    """The last look at a host's folders for sites: asked for by a person, made by a worker, seen on the page while it goes on."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Looking")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Stopped")
        FAILED = "failed", _("Failed")

    host = models.OneToOneField(Host, models.CASCADE, related_name="account_look", primary_key=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    alive_at = models.DateTimeField(null=True)  # the worker's last word
    finished_at = models.DateTimeField(null=True)
    stop_asked = models.BooleanField(default=False)
    folder = models.CharField(max_length=1000, blank=True)  # where it looks just now
    folders = models.PositiveIntegerField(default=0)
    unreadable = models.PositiveIntegerField(default=0)
    cut_short = models.CharField(max_length=10, blank=True)  # "time", "folders", "found": a bound was reached
    error = models.TextField(blank=True)  # why it could not be made, for a person

    class Meta:
        indexes = [models.Index(fields=["state"], name="account_look_state")]

    @property
    def in_work(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)


class FoundSite(models.Model):
    """A site that lies on a host, registered or not. Of its settings only version and addresses are kept, never a secret."""

    host = models.ForeignKey(Host, models.CASCADE, related_name="found_sites", db_index=False)
    docroot = models.CharField(max_length=1000)
    software = models.CharField(max_length=20)  # a name of `facts.software`
    version = models.CharField(max_length=40, blank=True)
    addresses = models.JSONField(default=list)  # [{"url", "why", "kind", "status"}], the likeliest first; kind of one probe, or empty
    error_log = models.CharField(max_length=1000, blank=True)
    found_at = models.DateTimeField()

    class Meta:
        ordering = ["docroot"]
        constraints = [models.UniqueConstraint(fields=["host", "docroot"], name="one_found_site_per_docroot")]
