from __future__ import annotations

import pytest
from django.utils import timezone

from sites import fleet
from sites.many import changes as bulk_changes
from sites.models import Site
from tests.factories import make_incident, make_site, make_user

pytestmark = pytest.mark.django_db


def test_failing_sites_come_with_their_open_incidents(django_assert_num_queries):
    down, without, well, paused = (make_site(name=name) for name in ("b", "a", "well", "paused"))
    Site.objects.filter(pk__in=(down.pk, without.pk, paused.pk)).update(verdict="down", verdict_since=timezone.now())
    Site.objects.filter(pk=paused.pk).update(paused_at=timezone.now())
    incident = make_incident(down, cause="wordpress-plugin")
    make_incident(down, resolved_at=timezone.now())
    make_incident(well)
    with django_assert_num_queries(1):
        found = fleet.failing()
    assert [row["site"] for row in found] == ["a", "b"]
    assert (found[0]["incident"], found[1]["since"] is not None) == (None, True)
    assert found[1]["incident"]["opened_at"] == incident.opened_at.isoformat()
    assert {name: found[1]["incident"][name] for name in ("id", "cause", "status", "paths")} == {
        "id": incident.pk,
        "cause": "wordpress-plugin",
        "status": 500,
        "paths": ["/"],
    }


def test_sites_in_the_bin_are_neither_counted_nor_named():
    gone = make_site()
    Site.objects.filter(pk=gone.pk).update(verdict="down", verdict_since=timezone.now())
    make_incident(gone)
    bulk_changes.delete(make_user(), [gone.pk])
    Site.with_deleted.update(paused_at=None)
    found = fleet.status()
    assert (found["failing"], sum(found["sites"].values()), found["open_incidents"]) == ([], 0, 0)
