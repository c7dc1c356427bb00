"""The page of a panel: connected, confirmed, tested, forgotten; only by those who may, and without a secret in it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.models import Diagnosis, FindingRecord, HostPanel
from diagnostics.panels import connecting, watching
from sites.models import Host, Site
from tests.diagnostics.views.cases import offer
from tests.factories import make_host, make_incident, make_user
from tests.ovhcloud import APPLICATION_KEY, APPLICATION_SECRET, SERVICE, OvhcloudHost

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(host: Host, client: Client) -> Client:
    client.force_login(make_user("alice", team=host.team))
    return client


def typed(**more: str) -> dict[str, str]:
    usual = {"service": SERVICE, "region": "ovh-eu", "way": "keys", "name": APPLICATION_KEY, "secret": APPLICATION_SECRET}
    return usual | {"consumer": "", "may_change_php": "on"} | more


def test_panel_is_connected_confirmed_and_tested(ovh: OvhcloudHost, host: Host, person: Client) -> None:
    page = f"/hosts/{host.pk}/panel/"
    assert f'value="{SERVICE}"' in person.get(page).content.decode()
    assert "Connect the panel" in person.get(f"/hosts/{host.pk}/").content.decode()
    shown = person.post(page, typed(), follow=True).content.decode()
    made = connecting.of(host)
    assert made.confirm_url in shown and f"POST /hosting/web/{SERVICE}/ovhConfig/*" in shown
    assert list(ovh.gate.credentials.values())[-1]["redirection"].endswith(page)
    assert "not confirmed" in person.post(f"{page}test/", follow=True).content.decode()
    ovh.gate.confirm()
    shown = person.post(f"{page}test/", follow=True).content.decode()
    assert "The panel answers" in shown and "12.0\N{NO-BREAK SPACE}GB of 100.0\N{NO-BREAK SPACE}GB in use" in shown
    assert "This is a simulation" in shown
    assert APPLICATION_SECRET not in shown and list(ovh.gate.credentials)[-1] not in shown
    assert "The host" in person.get(f"/hosts/{host.pk}/").content.decode()


def test_reading_only_asks_for_no_right_to_change(ovh: OvhcloudHost, host: Host, person: Client) -> None:
    values = typed()
    del values["may_change_php"]
    person.post(f"/hosts/{host.pk}/panel/", values)
    assert {rule["method"] for rule in list(ovh.gate.credentials.values())[-1]["rules"]} == {"GET"}


def test_putting_back_is_asked_for_where_it_is_ticked(ovh: OvhcloudHost, host: Host, person: Client) -> None:
    person.post(f"/hosts/{host.pk}/panel/", typed(may_restore="on"))
    asked = {rule["path"].partition(SERVICE)[2] for rule in list(ovh.gate.credentials.values())[-1]["rules"] if rule["method"] == "POST"}
    assert asked == {"/ovhConfig/*", "/ovhConfigRefresh", "/database/*", "/restoreSnapshot"}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("service", "shop/../x", "nothing else"),
        ("name", "a key", "Copy it exactly"),
        ("secret", "", "required"),
        ("name", "wrong-key-12345", "region"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(ovh: OvhcloudHost, host: Host, person: Client, field: str, value: str, words: str) -> None:
    shown = person.post(f"/hosts/{host.pk}/panel/", typed(**{field: value})).content.decode()
    assert words in shown and APPLICATION_SECRET not in shown
    assert not HostPanel.objects.exists()


def test_troubles_of_the_hosting_stand_on_both_pages(ovh: OvhcloudHost, panel: HostPanel, person: Client) -> None:
    ovh.state, ovh.paid, ovh.storage.quota = "bloqued", "unPaid", (100.0, 100.0)
    person.post(f"/hosts/{panel.host_id}/panel/test/")
    for page in (f"/hosts/{panel.host_id}/panel/", f"/hosts/{panel.host_id}/"):
        shown = person.get(page).content.decode()
        assert "OVHcloud has blocked this hosting" in shown and "not paid" in shown and "storage is full" in shown


def test_panel_is_forgotten_with_its_keys(ovh: OvhcloudHost, panel: HostPanel, person: Client) -> None:
    shown = person.post(f"/hosts/{panel.host_id}/panel/disconnect/", follow=True).content.decode()
    assert "forgotten" in shown and not HostPanel.objects.exists()


def test_account_elsewhere_is_offered_no_panel(person: Client, host: Host) -> None:
    other = make_host(host.team, address="ftp.example.org", profile="apache-755")
    assert "Connect the panel" not in person.get(f"/hosts/{other.pk}/").content.decode()
    reader = make_user("reader", team=host.team, role="reader")
    person.force_login(reader)
    assert "Connect the panel" not in person.get(f"/hosts/{host.pk}/").content.decode()
    assert person.get(f"/hosts/{host.pk}/panel/").status_code == 403


@pytest.mark.parametrize(("hosting", "offers"), [("in service", 1), ("at work", 0), ("blocked", 0)])
def test_link_of_a_mail_shows_the_change_unless_the_host_is_at_work_or_has_stopped_the_hosting(
    ovh: OvhcloudHost, panel: HostPanel, site: Site, person: Client, hosting: str, offers: int
) -> None:
    now = timezone.now()
    Site.objects.update(verdict="down", kind="server-error", last_probe_at=now)
    incident = make_incident(site)
    found = {"check_id": "htaccess-lint", "cause": "htaccess-invalid-directive", "path": "www/.htaccess", "line": 6, "severity": "critical"}
    made = Diagnosis.objects.create(site=site, incident=incident, state="done", requested_at=now, offers=[offer()])
    FindingRecord.objects.create(diagnosis=made, position=0, confidence=0.97, **found)
    if hosting == "at work":
        watching.begin(panel, None, None)
    elif hosting == "blocked":
        ovh.state = "bloqued"
        connecting.test(panel)
    shown = person.get(f"/repairs/start/{incident.pk}/").content.decode()
    assert shown.count('name="digest"') == offers and 'id="open-guide"' in shown
