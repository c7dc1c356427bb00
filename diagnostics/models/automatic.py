"""A repair that a site's settings allow without a person: one row for each incident, from its proposal to its end."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sites.models import Incident


class AutomaticRepair(models.Model):
    """At most one for each incident, whatever comes of it. Its changes are steps of the site's repair."""

    class State(models.TextChoices):
        ASKED = "asked", _("Waiting for a second person")
        QUEUED = "queued", _("Waiting for its turn")
        WORKING = "working", _("Being made")
        WAITING = "waiting", _("Waiting for its effect")
        ENDED = "ended", _("Ended")

    class Outcome(models.TextChoices):
        CURED = "cured", _("The site is well again")
        TAKEN_BACK = "taken-back", _("Taken back: it did not help")
        NEEDS_ATTENTION = "needs-attention", _("Needs attention")
        NOTHING = "nothing", _("Nothing was changed")
        EXPIRED = "expired", _("Nobody agreed in time")
        REFUSED = "refused", _("A person said no")

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="automatic_repair")
    state = models.CharField(max_length=10, choices=State.choices)
    repair_id = models.CharField(max_length=60)  # of the plan that was proposed first
    cause = models.CharField(max_length=60)
    title = models.CharField(max_length=300)
    why = models.TextField(blank=True)
    diff = models.TextField(blank=True)
    plan_digest = models.CharField(max_length=64)
    needs_approval = models.BooleanField(default=False)  # then nothing but this very plan is applied
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")  # who allowed it in the settings
    expires_at = models.DateTimeField(null=True)  # of a proposal
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    message = models.TextField(blank=True)  # what came of it, in a sentence for a person

    class Meta:
        indexes = [models.Index(fields=["ended_at"], name="automatic_repair_ended_at")]
