"""What was on a host where a change could not be taken back, because somebody has changed the file since."""

from __future__ import annotations

from django.db import models

from .repair import JournalEntry


class FoundFile(models.Model):
    """One name of a change as it was found when its undo was refused. What a person chooses on is this, and nothing newer."""

    entry = models.ForeignKey(JournalEntry, models.CASCADE, related_name="found")
    name = models.CharField(max_length=6)  # "path", or "target" for the new name of a rename
    kind = models.CharField(max_length=10, blank=True)  # as `FileKind`; empty: nothing is there
    content = models.BinaryField(null=True)  # sealed; null: no regular file, or too large
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    mode = models.PositiveIntegerField(null=True)
    mtime = models.FloatField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["entry_id", "name"]
        constraints = [models.UniqueConstraint(fields=["entry", "name"], name="one_found_file_per_name")]
