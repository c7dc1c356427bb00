"""Every route, for everybody it is not for: nobody logged in, somebody of another team, a member who may only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from diagnostics.manifests.format import encode
from diagnostics.models import Baseline, CaseEntry, DatabaseDump, Diagnosis, FileComparison, JointRepair, RepairCase, Step
from sites.models import (
    BulkChange,
    FailureEvidence,
    Host,
    Incident,
    MaintenanceWindow,
    Membership,
    Notification,
    Page,
    ProbeResult,
    SavedFilter,
    Site,
    SiteImport,
    Team,
)

pytestmark = pytest.mark.django_db

PUBLIC = {"sites:report", "sites:login", "sites:first-run", "sites:deploy-start", "sites:deploy-finish", "sites:deploy-status"}
# Routes that name nothing of a team, or show each person their own.
OWN = {
    "sites:dashboard", "sites:site-new", "sites:incidents", "sites:mail", "sites:settings", "sites:account", "sites:password",
    "sites:logout",
    "sites:health", "sites:maintenance", "sites:maintenance-new", "sites:maintenance-preview",
    "sites:settings-test-mail", "diagnostics:hosts", "diagnostics:host-new", "diagnostics:repairs", "diagnostics:causes",
    "sites:export-csv", "sites:export-json", "sites:bulk", "sites:bulk-undo", "sites:bin", "sites:bin-empty", "sites:tags",
    "sites:tag-change", "sites:filter-save", "sites:filter-remove", "diagnostics:imports", "diagnostics:hosts-test-untested",
    "diagnostics:cause", "diagnostics:connection-kinds", "diagnostics:practice", "diagnostics:practice-start",
    "diagnostics:coverage", "diagnostics:coverage-mend", "diagnostics:coverage-connect",
}  # fmt: skip
OF_PRACTICE = {
    "diagnostics:practice-break", "diagnostics:practice-play", "diagnostics:practice-reset", "diagnostics:practice-remove",
    "diagnostics:practice-lesson", "diagnostics:practice-lessons-anew",
}  # fmt: skip
MAY_SHOW_TO_READER = {
    "sites:site-visitors", "sites:site-visitors-csv",
    "sites:evidence", "sites:evidence-text", "sites:site", "sites:incident", "sites:mail-message", "sites:mail-html",
    "diagnostics:host", "diagnostics:host-found", "diagnostics:diagnosis", "diagnostics:host-actions",
    "diagnostics:site-files", "diagnostics:comparison", "diagnostics:site-automatic",
    "diagnostics:repair", "diagnostics:repair-start", "diagnostics:site-repair", "diagnostics:repair-report", "diagnostics:versions",
    "diagnostics:repair-report-markdown", "diagnostics:repair-trial", "diagnostics:repair-log", "diagnostics:customer-report",
    "diagnostics:customer-report-markdown", "diagnostics:together", "diagnostics:joint",
}  # fmt: skip


def routes() -> Iterator[tuple[str, URLPattern]]:
    def walk(patterns: list[URLPattern | URLResolver], namespace: str) -> Iterator[tuple[str, URLPattern]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, pattern.namespace or namespace)
            elif namespace in ("sites", "diagnostics"):
                yield f"{namespace}:{pattern.name}", pattern

    yield from walk(get_resolver().url_patterns, "")


ROUTES = dict(routes())


@pytest.fixture
def things() -> dict[str, object]:
    """One of everything, of one team."""
    now = timezone.now()
    team = Team.objects.create(name="Alice's")
    alice = User.objects.create_user("alice", "alice@example.org", "x")
    reader = User.objects.create_user("reader", "reader@example.org", "x")
    User.objects.create_user("charlie", "charlie@example.org", "x")
    Membership.objects.create(team=team, user=alice, role="owner")
    Membership.objects.create(team=team, user=reader, role="reader")
    Membership.objects.create(team=Team.objects.create(name="Charlie's"), user=User.objects.get(username="charlie"), role="owner")
    host = Host.objects.create(team=team, name="host", protocol="sftp", address="192.0.2.1", user="u")
    site = Site.objects.create(team=team, name="shop", url="https://shop.example/", host=host)
    Page.objects.create(site=site)
    moments = {"first_failure_at": now, "opened_at": now, "last_seen_at": now}
    incident = Incident.objects.create(site=site, fingerprint="1:x", kind="server-error", **moments)
    mail = Notification.objects.create(
        kind="new", site=site, incident=incident, user=alice, recipient=alice.email, dedupe_key="x", why="x", created_at=now, send_after=now
    )
    case = RepairCase.objects.create(site=site, incident=incident, opened_at=now)
    window = MaintenanceWindow.objects.create(
        team=team, site=site, first_day=now.date(), start_time=now.time(), duration_s=60, time_zone="UTC"
    )
    result = ProbeResult.objects.create(page=site.pages.get(), at=now, purpose="routine", kind="server-error")
    evidence = FailureEvidence.objects.create(result=result, url=site.url)
    step = Step.objects.create(case=case, guide_step="htaccess", action="repair", title="x", created_at=now)
    note = CaseEntry.objects.create(case=case, kind="note", at=now, by=alice, text="x")
    diagnosis = Diagnosis.objects.create(site=site, requested_at=now)
    made = SiteImport.objects.create(team=team, user=alice, source="csv", state="made", created=1, made_at=now)
    change = BulkChange.objects.create(user=alice, verb="pause", count=1, at=now)
    values = {"docroot": "/www", "protocol": "sftp", "taken_at": now, "reason": "asked", "duration_s": 1, "is_whole_look": True}
    baseline = Baseline.objects.create(site=site, **values, files=0, counted=0, manifest=encode([]))
    compared = FileComparison.objects.create(site=site, older=baseline, requested_at=now)
    saved = SavedFilter.objects.create(user=alice, name="x", query="q=x")
    return {
        "window": window,
        "host": host,
        "site": site,
        "incident": incident,
        "mail": mail,
        "repair": case,
        "step": step,
        "note": note,
        "joint": JointRepair.objects.create(team=team, shared="x", about="x", created_at=now),
        "evidence": evidence,
        "diagnosis": diagnosis,
        "import": made,
        "change": change,
        "filter": saved,
        "comparison": compared,
        "dump": DatabaseDump.objects.create(site=site, state="kept", began_at=now, seen_at=now),
    }


def url_of(name: str, things: dict[str, object]) -> str:
    """The address of a route for Alice's things."""
    parts = str(ROUTES[name].pattern)
    kinds = {"maintenance": "window", "hosts": "host", "sites": "site", "incidents": "incident", "mail": "mail"}
    kinds |= {"repairs": "repair", "steps": "step", "diagnoses": "diagnosis", "evidence": "evidence"}
    kinds |= {"imports": "import", "changes": "change", "filters": "filter"}
    kinds |= {"comparisons": "comparison", "notes": "note", "joint": "joint"}
    kwargs = {}
    for argument in ROUTES[name].pattern.converters:
        if argument == "incident_pk":
            kwargs[argument] = things["incident"].pk
        elif argument == "dump_pk":
            kwargs[argument] = things["dump"].pk
        elif argument == "pk":
            kwargs[argument] = things[kinds[parts.partition("/")[0]]].pk
        else:
            kwargs[argument] = {"token": "wrong", "code": "htaccess-invalid-directive", "kind": "bisect-htaccess"}[argument]
    return reverse(name, kwargs=kwargs)


@pytest.mark.parametrize("name", sorted(set(ROUTES) - PUBLIC))
def test_route_asks_strangers_to_log_in(name: str, things: dict[str, object], client: Client) -> None:
    url = url_of(name, things)
    for answer in (client.get(url), client.post(url)):
        assert (answer.status_code, answer.headers.get("Location", "").partition("?")[0]) == (302, "/login/")


@pytest.mark.parametrize("name", sorted(set(ROUTES) - PUBLIC - OWN))
def test_route_does_not_exist_for_another_team(name: str, things: dict[str, object], client: Client) -> None:
    client.force_login(User.objects.get(username="charlie"))
    url = url_of(name, things)
    answers = [client.get(url).status_code, client.post(url).status_code]
    assert [status for status in answers if status != 405] and set(answers) <= {404, 405}


@pytest.mark.parametrize("name", sorted(set(ROUTES) - PUBLIC - OWN - OF_PRACTICE))
def test_reader_changes_nothing(name: str, things: dict[str, object], client: Client) -> None:
    client.force_login(User.objects.get(username="reader"))
    url = url_of(name, things)
    assert client.post(url).status_code in (403, 405)
    if name in MAY_SHOW_TO_READER:
        assert client.get(url).status_code in (200, 302)
