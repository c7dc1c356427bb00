"""A trial that a person stops: the look that has begun ends, every byte is back, and no cause is told from half a search."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from diagnostics import repairing, steps
from diagnostics.changes import changing
from diagnostics.models import Diagnosis, Step
from diagnostics.trying import htaccess
from sites.models import Page
from tests.diagnostics.trying.places import Place, place
from tests.diagnostics.trying.test_htaccess import OVERRIDE, content
from tests.lab.apache import why_missing

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is there"),
]


def broken(made: Place) -> Step:
    """A trial that waits for its turn."""
    made.put("index.html", b"<p>Bread and butter since 1971.</p>")
    made.put(".htaccess", content(27), 0o604)
    return repairing.start(made.case(), guide_step="htaccess", action="trial", repair_id=htaccess.ID)


def test_trial_is_stopped_between_two_looks_and_everything_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with place("ssh", tmp_path, allow_override=OVERRIDE) as made:
        waiting = broken(made)
        before, diagnoses, seen = made.tree(), Diagnosis.objects.count(), []
        really_look = changing.look

        def look(*given: object, **more: object) -> changing.Seen:
            seen.append(made.tree() != before)
            if len(seen) == 3:  # the first is made before anything is changed
                assert steps.ask_to_stop(waiting)
            return really_look(*given, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(changing, "look", look)
        step = repairing.run_step(waiting.pk)
        assert (step.state, seen) == ("taken-back", [False, True, True]), step.message
        assert "after 2 looks" in step.message and "tried" not in step.result
        assert made.tree() == before and {entry.state for entry in step.journal.all()} == {"taken-back"}
        assert Diagnosis.objects.count() == diagnoses
        assert not steps.ask_to_stop(step)


def test_trial_that_waits_is_stopped_before_anything_is_changed(tmp_path: Path) -> None:
    with place("ssh", tmp_path, allow_override=OVERRIDE) as made:
        waiting = broken(made)
        before = made.tree()
        assert steps.ask_to_stop(waiting)
        step = repairing.run_step(waiting.pk)
        assert (step.state, step.journal.count()) == ("taken-back", 0) and "before anything was changed" in step.message
        assert made.tree() == before


def test_no_regular_probe_meets_a_site_that_is_changed_for_a_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take the site for well again, and its failure for one that comes and goes."""
    with place("ssh", tmp_path, allow_override=OVERRIDE) as made:
        waiting = broken(made)
        before, due = made.tree(), []
        really_look = changing.look

        def look(*given: object, **more: object) -> changing.Seen:
            seen = really_look(*given, **more)  # type: ignore[arg-type]
            if made.tree() != before:
                due.append(Page.objects.filter(site=made.site, due_at__lte=timezone.now()).exists())
            return seen

        monkeypatch.setattr(changing, "look", look)
        Page.objects.filter(site=made.site).update(due_at=timezone.now())
        assert repairing.run_step(waiting.pk).state == "done"
        assert due and not any(due)
        assert not Page.objects.filter(site=made.site, due_at__gt=timezone.now()).exists()
