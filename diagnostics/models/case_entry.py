"""What people say and do about a repair beside its steps: notes, and who has it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .repair import RepairCase


class CaseEntry(models.Model):
    """One thing somebody did. A note that is removed leaves its row, without its words."""

    class Kind(models.TextChoices):
        NOTE = "note", _("Note")
        HANDED_OVER = "handed-over", _("Handed over")
        TAKEN = "taken", _("Taken")
        HANDED_BACK = "handed-back", _("Handed back")

    case = models.ForeignKey(RepairCase, models.CASCADE, related_name="entries")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")  # whom it was handed to
    text = models.TextField(blank=True)  # secrets removed
    for_customer = models.BooleanField(default=False)  # stands in the report for the customer
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["at", "id"]
