"""Any list of diagnostics, and a repair's own page, costs the same number of queries at 3 rows and at 60."""

from __future__ import annotations

import pytest
from django.utils import timezone

from diagnostics.models import RepairCase
from tests.diagnostics.views.cases import GOOD, Scene, make_scene
from tests.factories import make_host, make_incident, make_site
from tests.sites.views.test_lists import queries

pytestmark = pytest.mark.django_db


def fill(scene: Scene, count: int) -> None:
    for _number in range(count):
        host = make_host(scene.site.team)
        site = make_site(host=host)
        incident = make_incident(site, cause="htaccess-invalid-directive")
        RepairCase.objects.create(site=site, incident=incident, opened_at=timezone.now())
        scene.step("done-verified", result={"pages_after": GOOD}, seconds_ago=5)


@pytest.mark.parametrize("path", ["/hosts/", "/repairs/", "/causes/", "/causes/htaccess-invalid-directive/", "/repairs/{case}/"])
def test_list_costs_as_much_at_60_rows_as_at_3(path: str) -> None:
    scene = make_scene()
    path = path.format(case=scene.case.pk)
    fill(scene, 3)
    scene.owner.get(path)
    few = queries(scene.owner, path)
    fill(scene, 57)
    assert queries(scene.owner, path) == few
    assert few <= 18
