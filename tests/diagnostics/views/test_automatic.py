"""The page on which an owner chooses what is repaired without asking, for one site and for many; and what other pages show of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from diagnostics.models import AutomaticRepair, Diagnosis, FindingRecord, RepairCase, Step
from sites.automatic import policy as auto_policy
from sites.models import BulkChange, Incident, Site
from tests.factories import make_host, make_incident, make_site, make_team, make_user

pytestmark = pytest.mark.django_db
CHOSEN = {
    "kinds": ["htaccess-correct", "permissions"], "confidence": "0.95", "from_hour": "22", "until_hour": "6", "zone": "Europe/Paris",
    "per_day": "3", "approval": "on",
}  # fmt: skip


@pytest.fixture
def site() -> Site:
    return make_site(host=make_host(make_team(), state="works"), name="shop")


def as_(role: str, site: Site) -> Client:
    client = Client()
    client.force_login(make_user(f"{role}-of-it", team=site.team, role=role))
    return client


def settings_of(site: Site) -> str:
    return reverse("diagnostics:site-automatic", args=[site.pk])


def with_offer(site: Site, **finding: Any) -> Incident:
    """An incident whose diagnosis offers a repair for its cause."""
    incident = make_incident(site, cause_summary="Line 1 of www/.htaccess is misspelt.")
    told = {"check": "htaccess-lint", "cause": "htaccess-invalid-directive", "path": "www/.htaccess", "line": 1, "confidence": 0.99}
    told |= {"severity": "critical", "summary": "x", "evidence": [], **finding}
    offer = {
        "repair_id": "correct-htaccess-line", "cause": told["cause"], "title": "Correct line 1 of www/.htaccess", "why": "x",
        "diff": "--- www/.htaccess\n+++ www/.htaccess\n@@ -1 +1 @@\n-RewritEngine On\n+RewriteEngine On\n", "digest": "0" * 64,
        "sureness": "certain", "affects": "This site.", "caution": "", "answers": [], "guide_step": "htaccess", "finding": told,
    }  # fmt: skip
    diagnosis = Diagnosis.objects.create(
        site=site, incident=incident, state="done", verdict="down", connection="ssh", requested_at=timezone.now(), offers=[offer]
    )
    FindingRecord.objects.create(
        diagnosis=diagnosis, position=0, check_id=told["check"], repairable_by="account",
        **{name: told[name] for name in ("cause", "path", "line", "confidence", "severity", "summary")},
    )  # fmt: skip
    return incident


def test_owner_sees_what_it_would_do_before_anything_is_saved(site: Site) -> None:
    with_offer(site)
    client = as_("owner", site)
    page = client.get(settings_of(site)).content.decode()
    assert "Nothing is repaired without a person." in page
    page = client.post(settings_of(site), {**CHOSEN, "from_hour": "0", "until_hour": "24", "look": "1"}).content.decode()
    assert "not saved yet" in page and "Would be repaired" in page and "Correct line 1 of www/.htaccess" in page
    assert "Correct a misspelt line of .htaccess" in page and "after a second person has said yes" in page
    assert Site.objects.get().auto_repair == {}
    page = client.post(settings_of(site), {**CHOSEN, "kinds": ["permissions"], "from_hour": "0", "until_hour": "24", "look": "1"})
    assert "do not allow repairs of this kind" in page.content.decode()


@pytest.mark.parametrize(("finding", "why"), [({"confidence": 0.7}, "is only likely"), ({"severity": "critical", "confidence": 0.96}, "")])
def test_past_incidents_are_judged_by_confidence(site: Site, finding: dict[str, Any], why: str) -> None:
    with_offer(site, **finding)
    page = as_("owner", site).post(settings_of(site), {**CHOSEN, "from_hour": "0", "until_hour": "24", "look": "1"}).content.decode()
    assert (why in page) if why else ("Would be repaired" in page)


def test_owner_saves_and_the_page_of_the_site_says_so(site: Site) -> None:
    client = as_("owner", site)
    assert client.post(settings_of(site), CHOSEN).status_code == 302
    policy = auto_policy.of(Site.objects.get())
    assert (policy.kinds, policy.from_hour, policy.until_hour, policy.zone) == (("htaccess-correct", "permissions"), 22, 6, "Europe/Paris")
    assert policy.approval and policy.per_day == 3 and policy.by is not None
    page = client.get(f"/sites/{site.pk}/").content.decode()
    assert "from 22:00 to 06:00 (Europe/Paris)" in page and "at most 3 on one day" in page
    client.post(settings_of(site), {**CHOSEN, "kinds": []})
    assert Site.objects.get().auto_repair == {}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"from_hour": "6", "until_hour": "6"}, "Another hour than the first"),
        ({"kinds": ["set-aside"]}, "tick this too"),
        ({"kinds": ["everything"]}, "everything"),
        ({"per_day": "0"}, "greater than or equal to 1"),
        ({"zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"confidence": "0.1"}, "0.1"),
    ],
)
def test_what_makes_no_sense_is_told_and_not_saved(site: Site, wrong: dict[str, Any], words: str) -> None:
    answer = as_("owner", site).post(settings_of(site), {**CHOSEN, **wrong})
    assert answer.status_code == 422 and words in answer.content.decode() and Site.objects.get().auto_repair == {}


@pytest.mark.parametrize("role", ["editor", "reader"])
def test_only_owners_choose(site: Site, role: str) -> None:
    client = as_(role, site)
    seen = client.get(settings_of(site))
    assert seen.status_code == 200 and "An owner of the team chooses this." in seen.content.decode()
    assert 'name="kinds"' not in seen.content.decode()
    assert client.post(settings_of(site), CHOSEN).status_code == 403
    assert client.post(settings_of(site), {**CHOSEN, "look": "1"}).status_code == 403
    asked = client.get(reverse("sites:bulk"), {"verb": "automatic", "site": [site.pk]})
    assert asked.status_code in (302, 403) and Site.objects.get().auto_repair == {}


def test_many_sites_at_once_with_undo(site: Site) -> None:
    other = make_site(site.team, name="other", url="https://other.example/", sets_aside=True)
    client = as_("owner", site)
    asked = client.get(reverse("sites:bulk"), {"verb": "automatic", "site": [site.pk, other.pk]})
    assert "a second person has to say yes first" in asked.content.decode().lower()
    client.post(reverse("sites:bulk"), {**CHOSEN, "verb": "automatic", "choice": asked.context["choice"]})
    assert {auto_policy.of(each).per_day for each in Site.objects.all()} == {3}
    assert Site.objects.get(name="other").sets_aside, "it keeps what it says of plugins"
    client.post(reverse("sites:bulk-undo", args=[BulkChange.objects.get().pk]))
    assert list(Site.objects.order_by("name").values_list("auto_repair", "sets_aside")) == [({}, True), ({}, False)]


def test_stop_is_shown_and_whoever_may_write_lets_it_go_on(site: Site) -> None:
    Site.objects.update(auto_repair=auto_policy.Policy(("permissions",)).stored())
    auto_policy.stop(site, "The last one did not help: <b>x</b>")
    incident = make_incident(site)
    editor = as_("editor", site)
    page = editor.get(f"/sites/{site.pk}/").content.decode()
    assert "until a person has looked" in page and "&lt;b&gt;x" in page
    go_on = reverse("diagnostics:site-automatic-go-on", args=[site.pk])
    assert as_("reader", site).post(go_on).status_code == 403
    assert editor.post(go_on).status_code == 302
    now = Site.objects.get()
    assert now.auto_stopped_at is None and now.auto_looked_at is not None
    assert incident.entries.filter(by__username="editor-of-it").exists()
    assert "until a person has looked" not in editor.get(f"/sites/{site.pk}/").content.decode()


def test_page_of_an_incident_shows_nothing_written_as_nothing(site: Site) -> None:
    incident = make_incident(site)
    AutomaticRepair.objects.create(
        incident=incident, state="ended", outcome="nothing", message="It is outside of the hours.", title="Correct line 1",
        asked_at=timezone.now(), ended_at=timezone.now(),
    )  # fmt: skip
    page = as_("reader", site).get(f"/incidents/{incident.pk}/").content.decode()
    assert "It is outside of the hours." in page and "automatic-undo" not in page
    assert "No repair was made by itself" in page and "Repaired without a person" not in page


def test_change_that_a_worker_is_taking_back_is_told_as_that(site: Site) -> None:
    incident, now = make_incident(site), timezone.now()
    row = AutomaticRepair.objects.create(
        incident=incident, state="ended", outcome="cured", title="Correct line 1", asked_at=now, started_at=now, ended_at=now
    )
    case = RepairCase.objects.create(site=site, incident=incident, opened_at=now)
    person = make_user("ben", team=site.team)
    Step.objects.create(
        case=case, automatic=row, guide_step="htaccess", action="repair", title="Correct line 1", state="applying", created_at=now,
        undone_by=person, result={"undoing": "done-verified"},
    )  # fmt: skip
    page = as_("owner", site).get(f"/incidents/{incident.pk}/").content.decode()
    assert "Being undone" in page and "It is being undone." in page
    assert "Undone by" not in page and "Being applied" not in page and "automatic-undo" not in page
