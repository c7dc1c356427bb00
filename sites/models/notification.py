"""One message to one recipient, with what became of it and why it was sent."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .host import Host
from .incident import Incident
from .site import Site


class Notification(models.Model):
    """Made in the same transaction as what it tells; delivered by `sites.delivery` alone."""

    class Kind(models.TextChoices):
        NEW = "new", _("New failure")
        REGRESSION = "regression", _("Failure is back")
        CAUSE = "cause", _("Cause found")
        TRIAL = "trial", _("Trial made by itself")
        AUTOMATIC = "automatic", _("Repair made by itself")
        APPROVAL = "approval", _("A repair waits for your yes")
        RECOVERY = "recovery", _("Recovery")
        BLOCKED = "blocked", _("Probes refused")
        FLAPPING = "flapping", _("Flapping")
        ESCALATION = "escalation", _("Fails every time now")
        HAND_OVER = "hand-over", _("Handed over to you")
        OWN_LINE = "own-line", _("Our own connection was down")
        REMINDER = "reminder", _("Reminder")
        CERTIFICATE = "certificate", _("Certificate ends")
        STOPPED = "stopped", _("Hosting account refuses us")
        BEHIND = "behind", _("Sitemend is behind")
        BEHIND_OVER = "behind-over", _("Sitemend is on time again")
        TEST = "test", _("Test")

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed, will be tried again")
        GIVEN_UP = "given-up", _("Given up")
        JOINED = "joined", _("Sent together with another")
        SUPPRESSED = "suppressed", _("Not sent")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    site = models.ForeignKey(Site, models.SET_NULL, null=True, related_name="notifications")
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, related_name="notifications")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="notifications")
    recipient = models.EmailField()
    dedupe_key = models.CharField(max_length=200, unique=True)  # the same thing is never told twice to the same person
    details = models.JSONField(default=dict)  # what it tells that no other row here holds: of HAND_OVER who, what and where
    why = models.TextField()  # why this person gets it, and how it was confirmed

    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    created_at = models.DateTimeField()
    send_after = models.DateTimeField()  # waits for the cause, or for others to be sent together
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    subject = models.CharField(max_length=300, blank=True)
    body_text = models.TextField(blank=True)
    body_html = models.TextField(blank=True)
    message_id = models.CharField(max_length=200, blank=True)
    thread_id = models.CharField(max_length=200, blank=True)  # Message-ID of the first mail of the incident to this person
    joined_into = models.ForeignKey("self", models.SET_NULL, null=True, related_name="joined")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["state", "send_after"], name="notification_to_send"),
            models.Index(fields=["recipient", "-sent_at"], name="notification_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient}"

    @property
    def kind_words(self) -> str:
        """What it tells of, for people. Where the key has changed the account refuses nobody: it is we who do not go in."""
        if self.kind == self.Kind.STOPPED and f":{Host.State.KEY_CHANGED}:" in self.dedupe_key:
            return gettext("Hosting account shows another key or certificate")
        return str(self.get_kind_display())
