"""Baselines: what a site had below its docroot, and of its program beside it, while it was well, and small files; and comparisons."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sites.models import Host, Site

from .diagnosis import Diagnosis


class Baseline(models.Model):
    """The manifest of one moment. Of a site's baselines the newest is stored whole, an older one as what makes it out of the next newer."""

    class Reason(models.TextChoices):
        DAILY = "daily", _("Daily")
        ASKED = "asked", _("Asked for")
        DEPLOYMENT = "deployment", _("After a deployment")

    site = models.ForeignKey(Site, models.CASCADE, related_name="baselines")
    host = models.ForeignKey(Host, models.SET_NULL, null=True, related_name="+")
    docroot = models.CharField(max_length=1000)
    protocol = models.CharField(max_length=10)
    taken_at = models.DateTimeField()
    reason = models.CharField(max_length=10, choices=Reason.choices)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    duration_s = models.FloatField()
    is_whole_look = models.BooleanField()  # else folders whose time had not changed were not listed again
    files = models.PositiveIntegerField()  # listed one by one
    counted = models.PositiveIntegerField()  # in folders that are only counted
    unread = models.PositiveIntegerField(default=0)  # folders that could not be read
    is_cut = models.BooleanField(default=False)  # there were more names than the limit
    has_times = models.BooleanField(default=True)  # the host told times to the second
    has_modes = models.BooleanField(default=True)  # the host told permissions
    # The program's places beside the docroot that were listed: see `diagnostics.manifests.places`. None in those from before.
    beside = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    php = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))  # version by what told it: {"answer": "8.2"}
    is_full = models.BooleanField(default=True)  # `manifest` stands by itself
    manifest = models.BinaryField()  # see `diagnostics.manifests.format`

    class Meta:
        ordering = ["-taken_at", "-pk"]
        indexes = [models.Index(fields=["site", "-taken_at"], name="baseline_site_taken_at")]


class BaselineContent(models.Model):
    """A small configuration file, sealed: once per site, however many baselines hold it."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="+", db_index=False)
    sha256 = models.CharField(max_length=64)
    sealed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "sha256"], name="one_content_per_site")]


class KeptFile(models.Model):
    """One content that a file of a site had while the site was well; its bytes are a `BaselineContent`. What repairs put back."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="kept_files", db_index=False)
    path = models.CharField(max_length=1000)  # relative to the docroot ("../app/a.php" beside it), escaped as the journal does
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    mode = models.PositiveIntegerField()
    mtime = models.BigIntegerField()  # seconds, as the host told it
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()  # the last baseline that found it so

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "path", "sha256"], name="one_kept_file_per_content")]


class BaselineWork(models.Model):
    """When the next baseline of a site is due, and how the one that is being taken goes on. Claimed by conditional UPDATE."""

    class State(models.TextChoices):
        IDLE = "idle", _("Nothing to do")
        WAITING = "waiting", _("Waiting for its turn")
        RUNNING = "running", _("Reading the files")

    site = models.OneToOneField(Site, models.CASCADE, related_name="baseline_work", primary_key=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.IDLE)
    due_at = models.DateTimeField()
    reason = models.CharField(max_length=10, choices=Baseline.Reason.choices, default=Baseline.Reason.DAILY)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    alive_at = models.DateTimeField(null=True)  # handed over, or last sign of the worker
    seen = models.PositiveIntegerField(default=0)  # names so far
    cancel = models.BooleanField(default=False)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)  # why the last try brought none, for a person
    tried_at = models.DateTimeField(null=True)
    keeps_files = models.BooleanField(default=True, db_default=True)  # small program files are kept with their content

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="baseline_work_due_at")]


class FileComparison(models.Model):
    """Two baselines, or one and the files as they are now, side by side. Made by a worker; the result is sealed: it quotes files."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting for its turn")
        RUNNING = "running", _("Reading the files")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    site = models.ForeignKey(Site, models.CASCADE, related_name="file_comparisons")
    older = models.ForeignKey(Baseline, models.CASCADE, related_name="+")
    newer = models.ForeignKey(Baseline, models.CASCADE, null=True, related_name="+")  # null: the files as they were when it ran
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField()
    alive_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    seen = models.PositiveIntegerField(default=0)
    cancel = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    sealed_result = models.BinaryField(null=True)

    class Meta:
        ordering = ["-requested_at", "-pk"]
        indexes = [models.Index(fields=["state"], name="file_comparison_state")]


class DiagnosisChanges(models.Model):
    """What had changed since the last baseline before a failure, as a diagnosis saw it."""

    diagnosis = models.OneToOneField(Diagnosis, models.CASCADE, related_name="file_changes", primary_key=True)
    baseline = models.ForeignKey(Baseline, models.SET_NULL, null=True, related_name="+")
    baseline_at = models.DateTimeField()
    sealed_result = models.BinaryField()
