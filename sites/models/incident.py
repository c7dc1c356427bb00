"""One spell of one site failing with one fingerprint, opened to resolved."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .site import Site


class Incident(models.Model):
    """What is wrong with one site. The cause comes from outside (`attach_cause`): this app does not know how it is found."""

    class Resolution(models.TextChoices):
        RECOVERY = "recovery", _("The site recovered")
        REPAIR = "repair", _("Repaired here")
        PERSON = "person", _("Closed by a person")

    site = models.ForeignKey(Site, models.CASCADE, related_name="incidents")
    fingerprint = models.CharField(max_length=80)
    kind = models.CharField(max_length=20)
    status = models.PositiveIntegerField(null=True)
    detail = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=300, blank=True)
    excerpt = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=200, blank=True)
    regression_of = models.ForeignKey("self", models.SET_NULL, null=True, related_name="regressions")
    reopened = models.PositiveIntegerField(default=0)
    flapping = models.BooleanField(default=False)

    first_failure_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=10, choices=Resolution.choices, blank=True)
    confirmed_by = models.CharField(max_length=100, blank=True)  # "2 of 2 probes in 5 s"
    paths = models.JSONField(default=list)  # pages failing with this fingerprint
    scope = models.CharField(max_length=12, default="none")
    pattern = models.CharField(max_length=14, default="none")
    rate = models.FloatField(null=True)  # of one that comes and goes: the share of probes that fail
    address = models.CharField(max_length=45, blank=True)  # that answered, or did not
    together_with = models.ForeignKey("self", models.SET_NULL, null=True, related_name="together")  # the first of one event
    looks = models.CharField(max_length=60, default="", blank=True)  # the kinds of look that fail while the plain probe does not

    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    muted_until = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True)  # opened in a maintenance window, and nobody has been told of it yet

    cause = models.CharField(max_length=60, blank=True)  # code of the catalogue
    cause_summary = models.TextField(blank=True)
    cause_confidence = models.FloatField(null=True)
    cause_proof = models.TextField(blank=True)  # the log line, secrets removed
    cause_place = models.CharField(max_length=1100, blank=True)  # "www/.htaccess:12"
    cause_why = models.TextField(blank=True)  # why we are that sure of it, in a sentence
    cause_next = models.TextField(blank=True)  # who can mend it, and what happens next
    cause_at = models.DateTimeField(null=True)
    shared = models.CharField(max_length=120, blank=True)  # what the cause is about, where other sites can have the same; for comparing
    shared_about = models.CharField(max_length=300, blank=True)  # the same in words
    trials_note = models.TextField(blank=True)  # what was tried by the site's policy, for people; empty where nothing was
    diagnosis_state = models.CharField(
        max_length=12, blank=True
    )  # "", "running", "waiting" (to be tried again), "done", "failed", "none" (no connection)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "fingerprint"], condition=Q(resolved_at=None), name="one_open_incident_per_fingerprint"
            ),
        ]
        indexes = [
            models.Index(fields=["resolved_at", "-opened_at"], name="incident_open"),
            models.Index(fields=["shared"], name="incident_shared", condition=Q(resolved_at=None) & ~Q(shared="")),
            models.Index(fields=["site", "fingerprint", "-resolved_at"], name="incident_site_fingerprint"),
        ]

    def __str__(self) -> str:
        return f"incident {self.pk} of {self.site}"

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def is_regression(self) -> bool:
        return self.regression_of_id is not None


class IncidentEntry(models.Model):
    """One line of an incident's timeline."""

    class Kind(models.TextChoices):
        BAD = "bad", _("failure")
        HINT = "hint", _("hint")
        GOOD = "good", _("recovery")
        PERSON = "person", _("somebody did something")
        MAIL = "mail", _("mail")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="entries")
    at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["at", "id"]
