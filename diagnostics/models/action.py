"""What was done on a hosting account: every login, every command, every write. No contents, no secrets."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sites.models import Host, Site

from .repair import Step


class HostAction(models.Model):
    """One thing that was done on a host, noted before it is done. Logins also count what was read on their connection."""

    class Verb(models.TextChoices):
        LOGIN = "login", _("Logged in")
        COMMAND = "command", _("Ran a command")
        FETCH = "fetch", _("Read by HTTP")
        DATABASE = "database", _("Asked the site's database, with the site's own login:")
        DATABASE_CHANGE = "db-change", _("Changed the site's database, with the site's own login:")
        WRITE = "write", _("Wrote")
        CREATE = "create", _("Created")
        RENAME = "rename", _("Renamed")
        CHMOD = "chmod", _("Set the mode of")
        SET_MTIME = "set-mtime", _("Set the time of")
        REMOVE = "remove", _("Removed")
        PANEL = "panel", _("Asked the host's panel to change")

    class Outcome(models.TextChoices):
        BEGUN = "begun", _("Begun")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")
        LOST = "lost", _("Connection lost")

    class Actor(models.TextChoices):
        PERSON = "person", _("A person")
        SHELL = "shell", _("The command line")
        ITSELF = "itself", _("By itself")

    host = models.ForeignKey(Host, models.CASCADE, related_name="actions", db_index=False)
    site = models.ForeignKey(Site, models.SET_NULL, null=True, related_name="+")
    step = models.ForeignKey(Step, models.SET_NULL, null=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    actor = models.CharField(max_length=8, choices=Actor.choices, default=Actor.ITSELF)
    purpose = models.CharField(max_length=20, blank=True)
    verb = models.CharField(max_length=10, choices=Verb.choices)
    path = models.CharField(max_length=1000, blank=True)  # or the command; secrets removed, not to be used as a path
    target = models.CharField(max_length=1000, blank=True)  # of a rename
    mode = models.PositiveIntegerField(null=True)
    size = models.PositiveBigIntegerField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.BEGUN)
    code = models.CharField(max_length=40, blank=True)  # of the error
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    times = models.PositiveIntegerField(default=1)  # logins of the same kind within an hour, which only read, are one row
    reads = models.PositiveBigIntegerField(default=0)
    bytes_read = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["host", "-at", "-id"], name="host_action_host_at"),
            models.Index(fields=["at"], name="host_action_at"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.path}".strip()

    @property
    def mode_words(self) -> str:
        """As hosting panels write it: 644."""
        return "" if self.mode is None else f"{self.mode:03o}"
