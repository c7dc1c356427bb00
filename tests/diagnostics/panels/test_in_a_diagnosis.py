"""What the panel tells as evidence: the cause where it explains the failure, a note where it does not, nothing where all is well."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from diagnostics import diagnosing, examining
from diagnostics.connections import purposes
from diagnostics.evidence import PageSeen, SiteSeen
from diagnostics.findings import Finding
from diagnostics.models import HostPanel
from diagnostics.panels import connecting
from sites.models import Site
from tests.factories import make_incident
from tests.ovhcloud import OvhcloudHost

pytestmark = pytest.mark.django_db


def view(*statuses: int) -> SiteSeen:
    kinds = {200: "ok", 403: "client-error"}
    pages = [PageSeen(f"/{n}", "", kinds.get(status, "server-error"), status, timezone.now()) for n, status in enumerate(statuses)]
    worst = next((page.kind for page in pages if page.kind != "ok"), "ok")
    return SiteSeen("shop", "http://shop.example/", "up" if worst == "ok" else "down", worst, tuple(pages))


def findings(site: Site, seen: SiteSeen) -> list[Finding]:
    with purposes.doing("diagnosis", site=site):
        found = examining.examine(site, None, seen).findings
    return [each for each in found if each.check == "panel"]


def forget(panel: HostPanel) -> None:
    HostPanel.objects.filter(pk=panel.pk).update(seen={})


def test_blocked_hosting_is_the_cause_for_certain(ovh: OvhcloudHost, panel: HostPanel, site: Site) -> None:
    ovh.state = "bloqued"
    forget(panel)
    found = findings(site, view(403, 403))
    assert [(each.cause, each.severity, each.sureness) for each in found] == [("root-disabled-by-host", "critical", "certain")]
    assert found[0].evidence[0].source == "panel" and found[0].repairs == ()


@pytest.mark.parametrize(("paid", "words"), [("expired", "has expired"), ("unPaid", "is not paid")])
def test_hosting_that_is_not_paid_explains_a_site_that_fails_everywhere(
    ovh: OvhcloudHost, panel: HostPanel, site: Site, paid: str, words: str
) -> None:
    ovh.paid = paid
    forget(panel)
    assert [(each.cause, each.severity) for each in findings(site, view(500))] == [("hosting-out-of-service", "critical")]
    found = findings(site, view(500, 200))
    assert [(each.severity, words in each.summary) for each in found] == [("note", True)]


def test_full_storage_explains_a_500(ovh: OvhcloudHost, panel: HostPanel, site: Site) -> None:
    ovh.storage.quota = (100.0, 100.0)
    forget(panel)
    assert [(each.cause, each.severity) for each in findings(site, view(500, 200))] == [("disk-full", "critical")]


def test_hosting_in_order_and_site_that_is_well_yield_nothing(ovh: OvhcloudHost, panel: HostPanel, site: Site) -> None:
    forget(panel)
    assert findings(site, view(500)) == []
    ovh.state = "bloqued"
    forget(panel)
    asked = len(ovh.log)
    assert findings(site, view(200)) == [] and len(ovh.log) == asked


def test_panel_that_is_away_is_left_alone_and_stops_no_diagnosis(ovh: OvhcloudHost, panel: HostPanel, site: Site) -> None:
    forget(panel)
    ovh.fails_with = ["reset"]
    assert findings(site, view(500)) == []
    asked = len(ovh.log)
    assert findings(site, view(500)) == [] and len(ovh.log) == asked
    assert connecting.of(site.host).state == HostPanel.State.FAILED
    HostPanel.objects.update(tried_at=timezone.now() - timedelta(minutes=6))
    ovh.state = "maintenance"
    assert [each.cause for each in findings(site, view(500))] == ["hosting-out-of-service"]
    assert connecting.of(site.host).state == HostPanel.State.WORKS


def test_panel_that_answers_slowly_leaves_the_time_to_read_the_files(
    ovh: OvhcloudHost, panel: HostPanel, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(panel)
    answer = ovh.answer

    def slowly(*call: Any) -> Any:
        time.sleep(0.6)
        return answer(*call)

    monkeypatch.setattr(ovh, "answer", slowly)
    monkeypatch.setattr(connecting, "_LONGEST_IN_A_DIAGNOSIS_S", 0.8, raising=False)
    began = time.monotonic()
    assert findings(site, view(500)) == [] and time.monotonic() - began < 1.5
    assert connecting.of(site.host).state == HostPanel.State.FAILED


def test_cause_reaches_the_incident_although_the_files_cannot_be_read(
    ovh: OvhcloudHost, panel: HostPanel, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ovh.access = "blocked"
    forget(panel)
    incident = make_incident(site)
    monkeypatch.setattr(examining, "look", lambda _site: view(403))
    made = diagnosing.diagnose_now(site, incident)
    assert made.findings.first().cause == "root-disabled-by-host", made.error
    incident.refresh_from_db()
    assert incident.cause == "root-disabled-by-host"
