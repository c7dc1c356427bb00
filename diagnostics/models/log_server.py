"""Where a host shows the logs of a site by HTTP."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from sites.models import Site


class LogServer(models.Model):
    """The log server of one site. The password, or the token where there is no user, is sealed."""

    class State(models.TextChoices):
        UNTESTED = "untested", _("Not tested yet")  # imported: tried out in the background
        WORKS = "works", _("Works")
        REFUSED = "refused", _("Refuses the login")  # not used again until somebody types it anew
        FAILED = "failed", _("Could not be read")

    site = models.OneToOneField(Site, models.CASCADE, related_name="log_server")
    url = models.CharField(max_length=500)  # of the folder that holds the site's logs, with a slash at its end
    user = models.CharField(max_length=120, blank=True)
    sealed_password = models.TextField(blank=True, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WORKS)
    detail = models.CharField(max_length=500, blank=True)  # why it does not work
    tried_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state"], name="log_server_state")]

    def __str__(self) -> str:
        return self.url
