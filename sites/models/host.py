"""The account that holds sites' files, and how it is reached: typed once, used by all its sites."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .team import Team


class Host(models.Model):
    """One hosting account. Secrets are sealed; only `sites.credentials` opens them."""

    class Protocol(models.TextChoices):
        SSH = "ssh", _("SSH (shell and files)")
        SFTP = "sftp", _("SFTP (files only)")
        FTPS = "ftps", _("FTPS (files only, encrypted)")
        FTP = "ftp", _("FTP (files only, not encrypted)")
        LOCAL = "local", _("This machine")

    class State(models.TextChoices):
        UNTESTED = "untested", _("Not tested yet")
        WORKS = "works", _("Works")
        REFUSED = "refused", _("Login refused")
        UNREACHABLE = "unreachable", _("Not reachable")
        KEY_CHANGED = "key-changed", _("Host key changed")

    team = models.ForeignKey(Team, models.CASCADE, related_name="hosts")
    name = models.CharField(_("name"), max_length=100)
    protocol = models.CharField(_("protocol"), max_length=10, choices=Protocol.choices, default=Protocol.SFTP)
    address = models.CharField(_("address"), max_length=253, blank=True)
    port = models.PositiveIntegerField(_("port"), default=22)
    user = models.CharField(_("user"), max_length=128, blank=True)
    sealed_password = models.TextField(blank=True, editable=False)
    sealed_private_key = models.TextField(blank=True, editable=False)
    sealed_passphrase = models.TextField(blank=True, editable=False)
    # A key that was made here: its public line. The next one waits beside the secret in use until the host takes it.
    public_key = models.TextField(blank=True, editable=False)
    sealed_next_key = models.TextField(blank=True, editable=False)
    next_public_key = models.TextField(blank=True, editable=False)
    via = models.ForeignKey("self", models.RESTRICT, null=True, blank=True, related_name="reached_through_it", verbose_name=_("jump host"))
    profile = models.CharField(_("kind of hosting"), max_length=40, default="apache-755")

    host_key = models.TextField(blank=True, editable=False)  # "ssh-ed25519 AAAA…" or "x509 MII…", pinned when a person accepts it
    host_key_accepted_at = models.DateTimeField(null=True, editable=False)
    host_key_accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+")
    offered_host_key = models.TextField(blank=True, editable=False)  # shown by the server, not accepted (yet, or changed)

    state = models.CharField(max_length=20, choices=State.choices, default=State.UNTESTED)
    state_detail = models.TextField(blank=True)
    tested_at = models.DateTimeField(null=True)
    capabilities = models.JSONField(default=list, blank=True)
    practice = models.BooleanField(default=False, editable=False)
    imported_in = models.ForeignKey("SiteImport", models.SET_NULL, null=True, blank=True, editable=False, related_name="hosts")
    test_due_at = models.DateTimeField(null=True, editable=False)  # a test in the background is wanted, not before this moment
    testing_since = models.DateTimeField(null=True, editable=False)
    read_only_since = models.DateTimeField(null=True, editable=False)  # nothing is written to it, by somebody's choice
    read_only_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="one_host_name_per_team")]

    def __str__(self) -> str:
        return self.name

    @property
    def state_words(self) -> str:
        """The state for people. Over FTPS it is a certificate that proves who the host is, not a key."""
        if self.state == self.State.KEY_CHANGED and self.protocol == self.Protocol.FTPS:
            return _("Certificate changed")
        return str(self.get_state_display())
