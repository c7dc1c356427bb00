"""What a repair needs is not removed under it, and people are told why."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from diagnostics.models import RepairCase, Step
from sites.models import Host, Site
from tests.diagnostics.views.cases import make_scene
from tests.factories import make_host, make_site

pytestmark = pytest.mark.django_db


def site_with_step(state: str) -> Site:
    site = make_site(host=make_host())
    case = RepairCase.objects.create(site=site, opened_at=timezone.now())
    Step.objects.create(case=case, guide_step="htaccess", action="repair", title="x", state=state, created_at=timezone.now())
    return site


@pytest.mark.parametrize("state", [Step.State.QUEUED, Step.State.APPLYING, Step.State.VERIFYING])
def test_site_and_host_stay_while_a_step_is_in_work(state: str) -> None:
    site = site_with_step(state)
    for remove in (site.delete, site.host.delete):
        with pytest.raises(ProtectedError), transaction.atomic():
            remove()
    site.host = None
    with pytest.raises(ProtectedError):
        site.save()
    assert Site.objects.get(pk=site.pk).host is not None


def test_site_and_host_go_when_nothing_is_in_work() -> None:
    site = site_with_step(Step.State.DONE_VERIFIED)
    host = site.host
    site.host = None
    site.save(update_fields=["host"])
    host.delete()
    site.delete()
    assert (Site.objects.count(), Host.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_person_is_told_why_it_stays() -> None:
    scene = make_scene()
    scene.case.steps.create(guide_step="htaccess", action="repair", title="x", state=Step.State.APPLYING, created_at=timezone.now())
    answer = scene.owner.post(f"/sites/{scene.site.pk}/disconnect/", follow=True)
    assert "A repair is being made there just now. Nothing was changed." in answer.content.decode()
    assert Host.objects.filter(pk=scene.site.host_id).exists()
