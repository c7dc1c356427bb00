"""The user name and password that a person chose for a new password file."""

from __future__ import annotations

from django.db import models

from .given import Given
from .repair import RepairCase


class GivenPassword(Given):
    """Kept for the repair at hand only, until it is written. The password itself is stored nowhere: only its hash, sealed."""

    case = models.OneToOneField(RepairCase, models.CASCADE, related_name="given_password")
    user_name = models.CharField(max_length=100)
    server_folder = models.CharField(max_length=500, blank=True)  # what the site's folder is called on the server, where nothing shows it
    sealed_hash = models.TextField(editable=False)
    offers = models.JSONField(default=list)  # what would be written, as it is shown; empty until it was looked at, or where it is refused
