"""The database of a site: the login that a person gave for it, the dumps that are kept of it, and what was changed in it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from sites.models import Site

from .given import Given
from .repair import RepairCase, Step


class GivenLogin(Given):
    """What a person says the right login is: kept for the repair at hand only, its password sealed. Empty values stay as they are."""

    case = models.OneToOneField(RepairCase, models.CASCADE, related_name="given_login")
    user_name = models.CharField(max_length=200, blank=True)
    server = models.CharField(max_length=300, blank=True)  # "server", "server:port", "localhost:/a/socket"
    name = models.CharField(max_length=200, blank=True)
    sealed_password = models.TextField(blank=True, editable=False)
    offer = models.JSONField(default=dict)  # what would be written, as it is shown; empty until it was tried, or where it is refused


class DatabaseDump(models.Model):
    """One dump of the tables of a site, kept sealed in pieces. `name`, `server` and `prefix` say of what; no secret is among them."""

    class State(models.TextChoices):
        MAKING = "making", _("Being made")
        KEPT = "kept", _("Kept")
        FAILED = "failed", _("Could not be made")

    site = models.ForeignKey(Site, models.CASCADE, related_name="database_dumps")
    step = models.ForeignKey(Step, models.SET_NULL, null=True, related_name="+")  # that it was made in
    name = models.CharField(max_length=200, blank=True)
    server = models.CharField(max_length=300, blank=True)
    prefix = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.MAKING)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # while it is made: the last piece
    finished_at = models.DateTimeField(null=True)
    size = models.PositiveBigIntegerField(default=0)  # bytes of the dump itself
    stored = models.PositiveBigIntegerField(default=0)  # bytes as they are kept here
    sha256 = models.CharField(max_length=64, blank=True)
    tables = models.JSONField(default=dict)  # name -> SHA-256 of its part of the dump
    made_by = models.CharField(max_length=20, blank=True)  # the program on the host

    class Meta:
        ordering = ["-began_at", "-id"]
        indexes = [models.Index(fields=["site", "-began_at"], name="database_dump_site")]


class DumpPiece(models.Model):
    """One sealed piece of a dump, which is compressed as a whole."""

    dump = models.ForeignKey(DatabaseDump, models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        ordering = ["dump_id", "number"]
        constraints = [models.UniqueConstraint(fields=["dump", "number"], name="one_dump_piece_per_number")]


class DatabaseChange(models.Model):
    """One change inside a database, written down before it is begun, with the dump that takes it back."""

    class Kind(models.TextChoices):
        RESTORE = "restore", _("Put a dump back")
        REPAIR_TABLES = "repair-tables", _("Repair tables")

    class Phase(models.TextChoices):
        PLANNED = "planned", _("Planned")
        RECORDED = "recorded", _("Recorded, perhaps begun")
        MADE = "made", _("Made")
        BACK_RECORDED = "back-recorded", _("To be taken back, perhaps begun")
        BACK_MADE = "back-made", _("Taken back")
        NOT_MADE = "not-made", _("Not made")

    step = models.OneToOneField(Step, models.CASCADE, related_name="database_change")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    dump = models.ForeignKey(DatabaseDump, models.SET_NULL, null=True, related_name="+")  # that is put back
    before = models.ForeignKey(DatabaseDump, models.SET_NULL, null=True, related_name="+")  # made just before
    tables = models.JSONField(default=list)  # names of those that are repaired
    sealed_login = models.TextField(blank=True, editable=False)  # the way in that it was begun with, for taking it back
    phase = models.CharField(max_length=14, choices=Phase.choices, default=Phase.PLANNED)
    recorded_at = models.DateTimeField()  # of this phase
