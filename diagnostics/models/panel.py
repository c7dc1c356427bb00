"""The panel of a hosting account: how it is asked by its API, what it told last, and the watch over what it is doing."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sites.models import Host, Site

from .repair import RepairCase, Step


class HostPanel(models.Model):
    """The panel of one host, for one hosting. The secrets are sealed; `name` is the application key, or the id of a service account."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Not confirmed yet")  # a person has to confirm the rights at the host
        WORKS = "works", _("Works")
        REFUSED = "refused", _("Refuses the keys")  # not used again until somebody types them anew
        FAILED = "failed", _("Could not be asked")

    class Way(models.TextChoices):
        KEYS = "keys", _("Application keys")
        SERVICE_ACCOUNT = "service-account", _("Service account")

    host = models.OneToOneField(Host, models.CASCADE, related_name="panel")
    kind = models.CharField(max_length=20, default="ovhcloud")
    region = models.CharField(max_length=20)
    service = models.CharField(max_length=120)  # what the panel calls the hosting
    way = models.CharField(max_length=20, choices=Way.choices, default=Way.KEYS)
    name = models.CharField(max_length=120)
    sealed_secret = models.TextField(blank=True, editable=False)
    sealed_consumer = models.TextField(blank=True, editable=False)
    rights = models.JSONField(default=list)  # profiles of `panels.rights`
    confirm_url = models.CharField(max_length=500, blank=True)  # where the rights are confirmed, while they are not
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    detail = models.CharField(max_length=500, blank=True)  # why it does not work
    tried_at = models.DateTimeField(null=True)
    seen = models.JSONField(default=dict)  # what it told last of the hosting: `panels.connecting.as_json`
    connected_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    connected_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.service


class PanelWatch(models.Model):
    """Somebody waits until the host has nothing left to do; then the sites are looked at again. At most one is open per panel."""

    panel = models.ForeignKey(HostPanel, models.CASCADE, related_name="watches")
    case = models.ForeignKey(RepairCase, models.SET_NULL, null=True, related_name="+")  # the repair it was begun in
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    began_at = models.DateTimeField()
    tasks = models.JSONField(default=list)  # as they were told last: [{"id", "function", "state", "about", "started_at"}]
    empty_since = models.DateTimeField(null=True)  # since when none is left
    looked_at = models.DateTimeField(null=True)
    next_look_at = models.DateTimeField()
    detail = models.CharField(max_length=500, blank=True)  # why the last look failed
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True)  # "done", "stopped", "too-long", "failed"

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["panel"], condition=models.Q(ended_at=None), name="one_open_watch_per_panel")]
        indexes = [models.Index(fields=["next_look_at"], name="panel_watch_due", condition=models.Q(ended_at__isnull=True))]


class PanelChange(models.Model):
    """One change through a panel, written down before it is asked for: enough to find out what became of it, and to take it back."""

    class Kind(models.TextChoices):
        PHP = "php", _("PHP configuration of the hosting")
        DUMP = "dump", _("A copy of a database is made")
        DATABASE = "database", _("A database is put back")
        STORAGE = "storage", _("The whole storage is put back")

    class Phase(models.TextChoices):
        REFRESHING = "refreshing", _("The panel reads anew what is there")
        SAVING = "saving", _("What is there is to be copied, perhaps asked for")
        SAVE_ASKED = "save-asked", _("A copy of what is there was asked for")
        RECORDED = "recorded", _("Recorded, perhaps asked for")
        ASKED = "asked", _("Asked for")
        MADE = "made", _("Made")
        BACK_SAVING = "back-saving", _("Before taking back, what is there is to be copied")
        BACK_SAVE_ASKED = "back-save-asked", _("Before taking back, a copy of what is there was asked for")
        BACK_RECORDED = "back-recorded", _("To be taken back, perhaps asked for")
        BACK_ASKED = "back-asked", _("Taking back was asked for")
        BACK_MADE = "back-made", _("Taken back")
        NOT_MADE = "not-made", _("Not made")

    step = models.OneToOneField(Step, models.CASCADE, related_name="panel_change")
    service = models.CharField(max_length=120)  # the hosting it is about
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PHP)
    before = models.JSONField()  # of PHP: values of `panels.base.PhpConfig`; else which database or storage it is about
    after = models.JSONField()  # the same; else which dump or day is put back
    notes = models.JSONField(default=dict)  # what was learnt on the way: copies that were made, how often something was asked for
    phase = models.CharField(max_length=16, choices=Phase.choices, default=Phase.REFRESHING)
    task_id = models.BigIntegerField(null=True)  # of what is being done there now
    recorded_at = models.DateTimeField()  # of this phase
    next_look_at = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True)  # a worker is at it
    why = models.TextField(blank=True)  # why it is taken back, for a person

    class Meta:
        indexes = [models.Index(fields=["next_look_at"], name="panel_change_due", condition=models.Q(next_look_at__isnull=False))]


class SnapshotFile(models.Model):
    """One content that a file of a site has in a snapshot of its host, as somebody had it read. What repairs may put back."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="snapshot_files", db_index=False)
    path = models.CharField(max_length=1000)  # relative to the docroot, escaped as the journal does
    snapshot = models.CharField(max_length=20)  # what its login ends with
    taken_at = models.DateTimeField()  # of when its content is
    sealed = models.BinaryField()  # compressed: configuration files hold secrets
    mode = models.PositiveIntegerField()
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "path", "snapshot"], name="one_snapshot_file_per_snapshot")]
        indexes = [models.Index(fields=["read_at"], name="snapshot_file_read_at")]
