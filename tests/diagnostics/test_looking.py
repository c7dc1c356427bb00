"""What is seen of a site whose failure comes and goes, before and after a change; when a practice site is first probed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from diagnostics import examining, practising
from sites.probing.outcome import Kind, Outcome, Purpose
from tests.factories import make_site, make_team


@pytest.mark.django_db
@pytest.mark.parametrize(("as_answered", "well"), [(False, False), (True, True)])
def test_good_answer_of_an_intermittent_failure_counts_only_after_a_change(as_answered: bool, well: bool) -> None:
    site = make_site()
    site.pattern = "intermittent"
    site.save()
    site.pages.update(verdict="down", kind="server-error", last_status=500, last_at=timezone.now())
    page = site.pages.get()
    answered = Outcome(key=page.pk, at=datetime.now(UTC), purpose=Purpose.CACHE_PROOF, url=page.url, kind=Kind.OK, status=200)
    view = examining.seen(site, [answered], as_answered=as_answered)
    assert examining.is_well(view) is well


@pytest.mark.django_db
def test_practice_site_is_not_probed_before_its_servers_can_listen(settings, tmp_path) -> None:
    settings.SITEMEND_PRACTICE_DIR = tmp_path / "practice"
    before = timezone.now()
    site = practising.start(make_team())
    assert timedelta(seconds=3) < site.pages.get().due_at - before < timedelta(seconds=10)
