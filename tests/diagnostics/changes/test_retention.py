"""What the journal keeps to undo with: for how long, how much, and never less than what is open."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from diagnostics import tasks
from diagnostics.changes import retention, undoing
from diagnostics.models import JournalEntry, RepairCase, Step
from diagnostics.repairing import RepairRefused
from sites.models import Site
from tests.diagnostics.changes_made import WROTE, applied, rewrite

pytestmark = pytest.mark.django_db(transaction=True)


def aged(days: float, *, closed: bool = True) -> None:
    at = timezone.now() - timedelta(days=days)
    Step.objects.update(finished_at=at)
    RepairCase.objects.update(closed_at=at if closed else None)


def test_contents_go_after_their_time_and_the_page_says_why_there_is_no_undo(site: Site, docroot: Path) -> None:
    step = applied(site, rewrite(docroot / ".htaccess"))
    aged(89.9)
    step = Step.objects.select_related("case").get()
    assert 0 < (retention.undo_until(step) - timezone.now()).total_seconds() < 86_400
    assert tasks.prune_journal() == 0
    aged(90.1)
    assert tasks.prune_journal() == 1
    assert tasks.prune_journal() == 0
    entry = JournalEntry.objects.get()
    assert (entry.before_content, entry.after_content, entry.change) == (None, None, "write")
    with pytest.raises(RepairRefused, match="kept for 90 days"):
        undoing.undo(step)
    assert (docroot / ".htaccess").read_bytes() == WROTE


@pytest.mark.parametrize("state", ["needs-attention", "applying", "queued"])
def test_what_waits_for_somebody_is_never_removed(site: Site, docroot: Path, state: str) -> None:
    applied(site, rewrite(docroot / ".htaccess"))
    aged(500)
    Step.objects.update(state=state)
    assert retention.prune() == 0
    assert JournalEntry.objects.get().before_content is not None


def test_open_repair_and_asked_undo_keep_theirs_for_as_long_as_it_takes(site: Site, docroot: Path) -> None:
    step = applied(site, rewrite(docroot / ".htaccess"))
    aged(500, closed=False)
    assert (retention.prune(), retention.undo_until(Step.objects.select_related("case").get())) == (0, None)
    aged(500)
    undoing.request(step, None)
    assert retention.prune() == 0
    assert undoing.undo(Step.objects.get()).state == "undone"


def test_time_runs_from_the_closing_of_the_repair(site: Site, docroot: Path) -> None:
    applied(site, rewrite(docroot / ".htaccess"))
    aged(500)
    RepairCase.objects.update(closed_at=timezone.now() - timedelta(days=1))
    assert retention.prune() == 0


def test_oldest_closed_contents_make_room_where_a_site_has_too_many(site: Site, docroot: Path, settings: object) -> None:
    settings.SITEMEND_JOURNAL_MB_PER_SITE = 1
    large = [bytes([65 + number]) * 200_000 + b"\n" for number in range(4)]
    made = [applied(site, rewrite(docroot / ".htaccess", content)) for content in large]
    aged(5)
    for number, step in enumerate(made):
        Step.objects.filter(pk=step.pk).update(finished_at=timezone.now() - timedelta(days=9 - number))
    RepairCase.objects.update(closed_at=None)
    assert retention.prune() == 0, "open ones are kept however large"
    RepairCase.objects.update(closed_at=timezone.now() - timedelta(days=4))
    let_go = retention.prune()
    kept = [bool(step.journal.get().before_content) for step in made]
    assert 0 < let_go < 4 and kept == [False] * let_go + [True] * (4 - let_go)
    assert "more than 1 MB" in Step.objects.get(pk=made[0].pk).undo_ended
    assert retention.prune() == 0


def test_pruning_works_in_small_batches(site: Site, docroot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        applied(site, rewrite(docroot / ".htaccess", b"%d\n" % number))
    aged(100)
    assert [retention.prune() for _run in range(4)] == [2, 2, 1, 0]
