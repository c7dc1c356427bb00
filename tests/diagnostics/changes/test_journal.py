"""The journal outlives a power cut of our machine, and its order does not hang on a clock that may be set back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from diagnostics.changes import undoing
from diagnostics.models import JournalEntry
from sites.models import Site
from tests.diagnostics.changes_made import applied, renaming, rewrite, tree

pytestmark = pytest.mark.django_db(transaction=True)
SYNCED = {"sqlite": ("PRAGMA synchronous", 2), "postgresql": ("SHOW synchronous_commit", "on")}


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    real = timezone.now
    return lambda by: monkeypatch.setattr(timezone, "now", lambda: real() + by)


def test_entry_is_on_the_disk_before_the_host_is_touched(site: Site, docroot: Path) -> None:
    query, wanted = SYNCED[connection.vendor]
    seen = []

    def look(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if sql.startswith('INSERT INTO "diagnostics_journalentry"'):
            seen.append(connection.connection.execute(query).fetchone()[0])
        return execute(sql, params, many, context)

    usual = connection.cursor().execute(query).fetchone()
    with connection.execute_wrapper(look):
        applied(site, rewrite(docroot / ".htaccess"))
    assert seen == [wanted]
    assert connection.cursor().execute(query).fetchone() == usual, "everything else need not wait for the disk"


@pytest.mark.parametrize("newest_first", [True, False])
def test_clock_set_back_between_two_changes_does_not_mix_up_their_names(
    site: Site, docroot: Path, set_clock: Callable[[timedelta], None], newest_first: bool
) -> None:
    before = tree(docroot)
    path, target = docroot / ".htaccess", docroot / ".htaccess.old"
    steps = [applied(site, rewrite(path))]
    set_clock(timedelta(days=-400))
    steps.append(applied(site, renaming(path, target)))
    set_clock(timedelta(days=-800))
    for step in reversed(steps) if newest_first else steps:
        assert undoing.undo(step).state == "undone"
    assert tree(docroot) == before
    moments = JournalEntry.objects.order_by("pk").values_list("recorded_at", "applied_at")
    assert sorted(at for pair in moments for at in pair) == [at for pair in moments for at in pair]
