"""What takes minutes leaves processes to what cannot wait."""

from __future__ import annotations

import pytest
from django.utils import timezone

from diagnostics.accounts import looks
from diagnostics.baselines import comparing, taking
from diagnostics.manifests.format import encode
from diagnostics.models import AccountLook, Baseline, BaselineWork, FileComparison
from sites.models import Site
from tests.factories import make_host, make_site

pytestmark = pytest.mark.django_db


def _site(name: str) -> Site:
    return make_site(name=name, host=make_host(name=name, address=f"{name}.example.net", state="works"), docroot="/home/www")


def _baseline(site: Site) -> Baseline:
    looked = {"taken_at": timezone.now(), "duration_s": 1, "is_whole_look": True, "files": 0, "counted": 0, "unread": 0, "is_cut": False}
    return Baseline.objects.create(site=site, host=site.host, manifest=encode([]), is_full=True, **looked)


def _busy(number: int) -> None:
    """As many of several kinds go on elsewhere."""
    now = timezone.now()
    if number:
        BaselineWork.objects.create(site=_site("first"), state="running", alive_at=now, due_at=now)
    if number > 1:
        AccountLook.objects.create(host=_site("second").host, state="running", asked_at=now, started_at=now, alive_at=now)


def test_third_of_any_kind_waits() -> None:
    _busy(2)
    site, now = _site("third"), timezone.now()
    work = BaselineWork.objects.create(site=site, state="waiting", alive_at=now, due_at=now)
    older = _baseline(site)
    wanted = FileComparison.objects.create(site=site, older=older, requested_at=now)
    look = AccountLook.objects.create(host=site.host, state="queued", asked_at=now)
    assert (taking.run(site.pk), comparing.run(wanted.pk), looks.run(site.host.pk)) == (None, None, None)
    for row, state in ((work, "waiting"), (wanted, "queued"), (look, "queued")):
        row.refresh_from_db()
        assert row.state == state


def test_one_that_fell_silent_takes_no_room() -> None:
    _busy(2)
    BaselineWork.objects.update(alive_at=timezone.now() - taking._ABANDONED)
    site, now = _site("third"), timezone.now()
    older = _baseline(site)
    wanted = FileComparison.objects.create(site=site, older=older, newer=older, requested_at=now)
    assert comparing.run(wanted.pk) is not None


def test_second_comparison_on_one_host_waits_for_the_first() -> None:
    site, now = _site("one"), timezone.now()
    older = _baseline(site)
    FileComparison.objects.create(site=site, older=older, state="running", alive_at=now, requested_at=now)
    wanted = FileComparison.objects.create(site=site, older=older, requested_at=now)
    assert comparing.run(wanted.pk) is None
    wanted.refresh_from_db()
    assert wanted.state == "queued"
