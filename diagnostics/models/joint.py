"""One cause on many sites: repaired on one first, then on the others, each by a step of its own repair."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sites.models import Incident, Site, Team

from .repair import Step


class JointRepair(models.Model):
    """One run over the sites of a team that share a cause. At most one is open per cause and team."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="joint_repairs")
    shared = models.CharField(max_length=120)  # as of the incidents
    about = models.CharField(max_length=300)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    proven_at = models.DateTimeField(null=True)  # when the first site was well again
    allowed_at = models.DateTimeField(null=True)  # when a person said yes to the others
    allowed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    stopped = models.TextField(blank=True)  # why it ended before its end, for a person

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["team", "shared"], condition=Q(ended_at=None), name="one_open_joint_repair")]


class JointSite(models.Model):
    """One site of such a run. What became of it is told by its step."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Not chosen yet")
        CHOSEN = "chosen", _("Waits for its turn")
        STARTED = "started", _("Begun")
        WELL = "well", _("Was well before its turn")
        REFUSED = "refused", _("Could not be begun")
        LEFT = "left", _("Left as it is")

    joint = models.ForeignKey(JointRepair, models.CASCADE, related_name="members")
    site = models.ForeignKey(Site, models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, related_name="+")
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    repair_id = models.CharField(max_length=60, blank=True)
    plan_digest = models.CharField(max_length=64, blank=True)  # of the plan that the person saw for this site
    step = models.OneToOneField(Step, models.SET_NULL, null=True, related_name="joint_site")

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["joint", "site"], name="one_row_per_site_of_a_joint_repair")]
