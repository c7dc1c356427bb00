"""The guided repair of one site, its steps, and the journal that takes everything back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sites.models import Incident, Site

from .diagnosis import Diagnosis


class RepairCase(models.Model):
    """One guided repair, shared by everybody who looks at it. At most one is open per site."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="repair_cases")
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, related_name="repair_cases")
    diagnosis = models.ForeignKey(Diagnosis, models.SET_NULL, null=True, related_name="+")  # the newest one it stands on
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=20, blank=True)  # "well", "handed-over", "left"
    from_shell = models.BooleanField(default=False)
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")  # who has it now
    holder_since = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [models.UniqueConstraint(fields=["site"], condition=Q(closed_at=None), name="one_open_repair_per_site")]


class TrialRun(models.Model):
    """Trials that a site's policy allows, made for one incident without a person: at most one run each, whatever comes of it."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="trial_run")
    kinds = models.CharField(max_length=100)  # that the policy allowed when it began
    asked_at = models.DateTimeField()
    followed = models.PositiveBigIntegerField(default=0)  # the last step whose end was seen to
    ended_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True)  # why it ended, for a person

    class Meta:
        indexes = [models.Index(fields=["ended_at"], name="trial_run_ended_at")]


class Step(models.Model):
    """One decision of a case: something looked at, tried, or changed."""

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        QUEUED = "queued", _("Waiting for its turn")
        APPLYING = "applying", _("Being applied")
        VERIFYING = "verifying", _("Looking whether it helped")
        DONE = "done", _("Done")  # steps that change nothing: confirmed, read, retested
        DONE_VERIFIED = "done-verified", _("Done, verified")
        DONE_NOT_CURED = "done-not-cured", _("Done, the site is not well yet")
        AWAITING_EFFECT = "awaiting-effect", _("Waiting for its effect")
        TAKEN_BACK = "taken-back", _("Taken back")
        STALE = "stale", _("Stale: nothing was written")
        FAILED = "failed", _("Could not be done: nothing was changed")
        NEEDS_ATTENTION = "needs-attention", _("Needs attention")
        UNDONE = "undone", _("Undone")
        DONE_AS_ASKED = "done-as-asked", _("Done as a person chose")
        KEPT = "kept", _("Closed: left as it is now")
        SKIPPED = "skipped", _("Skipped")

    APPLIED = (State.DONE_VERIFIED, State.DONE_NOT_CURED, State.AWAITING_EFFECT, State.DONE_AS_ASKED)  # its changes are on the host

    UNDO_ENDED = "undo_ended"  # in `result`: why it can no longer be undone

    case = models.ForeignKey(RepairCase, models.CASCADE, related_name="steps")
    trial_run = models.ForeignKey(TrialRun, models.SET_NULL, null=True, related_name="steps")  # made by the site's policy
    automatic = models.ForeignKey("AutomaticRepair", models.SET_NULL, null=True, related_name="steps")  # as the site's settings allow
    guide_step = models.CharField(max_length=20)  # id of the wizard's step: "confirm", "read-log", "htaccess", …
    action = models.CharField(max_length=20)  # "look", "trial", "repair"
    repair_id = models.CharField(max_length=60, blank=True)
    cause = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=300)
    state = models.CharField(max_length=20, choices=State.choices, default=State.PLANNED)
    plan_digest = models.CharField(max_length=64, blank=True)  # of the plan that the person saw
    answers = models.JSONField(default=list)  # [[name, value], …]
    diff = models.TextField(blank=True)
    finding = models.JSONField(default=dict)  # the finding it stands on, so that it outlives the diagnosis
    result = models.JSONField(default=dict)  # what was seen: pages before and after, check again
    message = models.TextField(blank=True)  # one sentence for a person
    check_again_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    stop_asked_at = models.DateTimeField(null=True)  # of a trial at work: it ends before its next look

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["state"], name="step_state")]

    @property
    def stands_applied(self) -> bool:
        """Whether its changes are on the host now."""
        return self.state in self.APPLIED

    @property
    def may_be_undone(self) -> bool:
        """Whether taking it back can be asked for: also again, where something was in the way the last time."""
        needs_a_person = self.state == self.State.NEEDS_ATTENTION and not self.result.get("retry")
        return (self.stands_applied or needs_a_person) and not self.undo_ended

    @property
    def undo_ended(self) -> str:
        """Why what it changed is no longer kept; empty while it is."""
        return str(self.result.get(self.UNDO_ENDED, ""))


class JournalEntry(models.Model):
    """One change of one step, recorded before it is made, with all that is needed to take it back."""

    class State(models.TextChoices):
        RECORDED = "recorded", _("Recorded, perhaps made")
        APPLIED = "applied", _("Made")
        TAKEN_BACK = "taken-back", _("Taken back")
        REFUSED = "refused", _("Not taken back: the file is no longer what was written")
        KEPT = "kept", _("Left as it is now")

    CLOSED = (State.TAKEN_BACK, State.KEPT)  # nothing of it is to be taken back any more

    step = models.ForeignKey(Step, models.CASCADE, related_name="journal")
    position = models.PositiveIntegerField()
    # "write", "rename", "mode", "create", "remove", "empty", "make-folder", "drop-folder", "link"
    change = models.CharField(max_length=12)
    path = models.TextField()  # absolute on the host, surrogates escaped (see journal)
    shown = models.TextField()
    target = models.TextField(blank=True)  # of a rename
    before_content = models.BinaryField(null=True)  # sealed at rest: configuration files hold secrets
    before_sha256 = models.CharField(max_length=64, blank=True)
    after_content = models.BinaryField(null=True)
    after_sha256 = models.CharField(max_length=64, blank=True)
    before_kind = models.CharField(max_length=8, blank=True)  # "file", "folder", "link"; empty in rows of before it was noted
    before_mode = models.PositiveIntegerField(null=True)
    after_mode = models.PositiveIntegerField(null=True)
    before_mtime = models.FloatField(null=True)
    before_uid = models.BigIntegerField(null=True)
    before_gid = models.BigIntegerField(null=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECORDED)
    recorded_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    taken_back_at = models.DateTimeField(null=True)
    look_again_at = models.DateTimeField(null=True)  # its line broke: the host may carry it out later than it was looked at
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["step_id", "position"]
        constraints = [models.UniqueConstraint(fields=["step", "position"], name="one_journal_entry_per_position")]
        indexes = [models.Index(fields=["look_again_at"], name="journal_look_again", condition=models.Q(look_again_at__isnull=False))]
