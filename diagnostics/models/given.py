"""What a person types for one repair: kept for as long as that is open, and not for long."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .repair import RepairCase

KEPT_FOR = timedelta(hours=2)


class Given(models.Model):
    """One for a repair; its secrets are sealed."""

    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        abstract = True

    @classmethod
    def of(cls, case: RepairCase) -> Self | None:
        return cls._default_manager.filter(case=case).first()

    @classmethod
    def forget(cls, case: RepairCase) -> bool:
        """Lets go of it, as a person asks. False: there was nothing."""
        return bool(cls._default_manager.filter(case=case).delete()[0])

    @classmethod
    def forget_old(cls) -> int:
        """Lets go of what no repair needs any more. Returns how many."""
        over = Q(given_at__lt=timezone.now() - KEPT_FOR) | Q(case__closed_at__isnull=False)
        return cls._default_manager.filter(over).delete()[0]
