"""Trials that a site's settings allow: begun only for what stays without a cause, put back, and told wherever people look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from diagnostics import policy_trials, repairing, tasks
from diagnostics.changes import journal
from diagnostics.models import Diagnosis, HostAction, Step, TrialRun
from diagnostics.trying.kinds import KINDS
from sites import delivery, incidents, queueing, read_only, trial_policy
from sites.many import exporting
from sites.models import BulkChange, Host, Incident, Membership, Notification, Site
from tests.diagnostics.trying.places import Place, place
from tests.factories import make_incident, make_site, make_team, make_user
from tests.lab.apache import why_missing

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is there"),
]
OVERRIDE = "AuthConfig FileInfo Indexes Limit Options=Indexes,MultiViews"
FAULTY = b"".join(b"AddCharset utf-8 .x%d\n" % number for number in range(20)) + b"Options +Includes\n"  # refused, and not said so
PAGE = b"<p>Bread and butter since 1971.</p>"


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is enqueued is made at once, as by a worker that is idle."""

    def now(task: str, *args: Any, **_how: Any) -> bool:
        made = {"diagnostics.tasks.run_step": tasks.run_step, "diagnostics.tasks.diagnose": tasks.diagnose}.get(task)
        if made is not None:
            made(*args)
        return True

    monkeypatch.setattr(queueing, "enqueue", now)
    monkeypatch.setattr(queueing, "enqueue_on_commit", lambda *args, **how: transaction.on_commit(lambda: now(*args, **how)))


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Place]:
    with place("ssh", tmp_path, allow_override=OVERRIDE) as found:
        found.put("index.html", PAGE)
        found.put(".htaccess", FAULTY, 0o604)
        Host.objects.update(capabilities=["read", "write", "rename", "chmod", "list-modes"])
        yield found


def failing(made: Place, trials: str, **values: Any) -> Incident:
    """The site fails, and a diagnosis of it is made as for a new incident."""
    Site.objects.filter(pk=made.site.pk).update(trials=trials, verdict="down", pattern="permanent")
    return make_incident(Site.objects.get(pk=made.site.pk), **{"kind": "server-error", "status": 500, **values})


def diagnosed(incident: Incident) -> Incident:
    asked = Diagnosis.objects.create(site=incident.site, incident=incident, requested_at=timezone.now())
    tasks.diagnose(asked.pk)
    return Incident.objects.get(pk=incident.pk)


def test_kinds_of_the_settings_are_those_that_there_are() -> None:
    assert list(trial_policy.KINDS) and set(trial_policy.KINDS) == set(KINDS)


def test_nothing_is_tried_unless_it_was_chosen(made: Place) -> None:
    assert not Site._meta.get_field("trials").default
    before = made.tree()
    diagnosed(failing(made, ""))
    assert not TrialRun.objects.exists() and not Step.objects.exists() and made.tree() == before


def test_line_is_found_put_back_and_told(made: Place) -> None:
    Membership.objects.create(team=made.site.team, user=make_user(email="owner@example.org"), wants_mail=True)
    before = made.tree()
    incident = failing(made, "bisect-htaccess")
    first = Notification.objects.create(
        kind="new", site=incident.site, incident=incident, user=Membership.objects.get().user, recipient="owner@example.org",
        dedupe_key="new", why="x", created_at=timezone.now(), send_after=timezone.now(),
    )  # fmt: skip
    delivery.deliver(first.pk, timezone.now())
    incident = diagnosed(incident)
    run = TrialRun.objects.get(incident=incident)
    step = run.steps.get()
    assert (step.state, run.ended_at is not None) == ("done", True), step.message
    assert made.tree() == before
    assert {entry.state for entry in step.journal.all()} == {"taken-back"}
    assert (incident.cause_place.rpartition(":")[2], incident.cause_confidence >= 0.95) == ("21", True)
    assert ".htaccess" in incident.trials_note and "put back as it was" in incident.trials_note
    assert step.case.closed_at is not None
    # one mail follows, with the cause and with what was tried
    delivery.deliver_due(timezone.now() + timedelta(minutes=2))
    assert [row.kind for row in Notification.objects.exclude(pk=first.pk)] == ["cause"]
    sent = Notification.objects.get(kind="cause")
    assert sent.state == "sent"
    for shown in (sent.body_text, sent.body_html):
        assert "as the site&#x27;s settings allow" in shown or "as the site's settings allow" in shown
        assert ".htaccess" in shown and "put back as it was" in shown
    # the page of the incident, and of what was done
    client = Client()
    client.force_login(Membership.objects.get().user)
    page = client.get(f"/incidents/{incident.pk}/").content.decode()
    assert "Tried without a person" in page and "Everything was put back as it was" in page
    done = client.get(reverse("diagnostics:host-actions", args=[made.site.host_id])).content.decode()
    assert "Trial, by the site" in done
    assert {row.actor for row in HostAction.objects.filter(purpose="policy-trial", verb="write")} == {"itself"}


def test_one_run_per_incident_whatever_comes_of_it(made: Place) -> None:
    incident = diagnosed(failing(made, "canary-files"))
    assert TrialRun.objects.count() == 1 and Step.objects.count() == 1
    diagnosed(incident)
    policy_trials.sweep()
    assert TrialRun.objects.count() == 1 and Step.objects.count() == 1


def test_trial_that_finds_nothing_is_mailed_all_the_same(made: Place) -> None:
    Membership.objects.create(team=made.site.team, user=make_user(email="owner@example.org"), wants_mail=True)
    made.put(".htaccess", b"AddCharset utf-8 .x\n")
    with place_that_fails(made):
        diagnosed(failing(made, "bisect-htaccess"))
    row = Notification.objects.get(kind="trial")
    assert delivery.deliver(row.pk, timezone.now()) is not False
    row.refresh_from_db()
    assert "a trial was made by itself" in row.subject and "put back" in row.body_text and "fails all the same" in row.body_text


class place_that_fails:
    """The fault is above the site, where no trial of its own files reaches."""

    def __init__(self, made: Place) -> None:
        self.path = made.docroot / "index.html"
        self.made = made

    def __enter__(self) -> None:
        (self.made.docroot / "inner").mkdir(exist_ok=True)
        self.kept = self.path.read_bytes()
        self.path.unlink()
        self.made.put("index.cgi", b"no script\n", 0o644)

    def __exit__(self, *_: object) -> None:
        self.made.put("index.html", self.kept)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda i: Site.objects.update(trials=""), "allow none"),
        (lambda i: read_only.switch_site(i.site, make_user(), on=True), "read-only"),
        (lambda i: Host.objects.update(state="refused"), "does not work"),
        (lambda i: Host.objects.update(capabilities=["read"]), "possible here"),
        (lambda i: Incident.objects.update(kind="gateway-error"), "site itself"),
        (lambda i: Incident.objects.update(pattern="intermittent"), "comes and goes"),
        (lambda i: Incident.objects.update(resolved_at=timezone.now()), "site itself"),
        (lambda i: incidents.acknowledge(i, make_user()), "A person is at it"),
        (lambda i: repairing.open_case(i.site, i, make_user()), "A person is at it"),
        (lambda i: make_incident(make_site(i.site.team, host=i.site.host), together_with=i), "Other sites"),
        (lambda i: Diagnosis.objects.create(site=i.site, state="queued", requested_at=timezone.now()), "being looked for"),
        (lambda i: Diagnosis.objects.update(again_at=timezone.now() + timedelta(minutes=5)), "once more first"),
        (lambda i: Diagnosis.objects.update(connection="none"), "were not read"),
    ],
)
def test_no_run_where_it_is_not_called_for(made: Place, change: Any, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = failing(made, "bisect-htaccess")
    with monkeypatch.context() as without:
        without.setattr(policy_trials, "consider", lambda _incident: None)
        diagnosed(incident)
    assert policy_trials.why_none(Incident.objects.select_related("site__host").get(pk=incident.pk)) == ""
    change(incident)
    now = Incident.objects.select_related("site__host").get(pk=incident.pk)
    assert why in policy_trials.why_none(now) and policy_trials.consider(now) is None
    assert not TrialRun.objects.exists()


def test_lines_that_restrict_access_stay_in_force(made: Place) -> None:
    made.put(".htaccess", b"Require ip 127.0.0.1\nOptions +Includes\n")
    before = made.tree()
    incident = diagnosed(failing(made, "rename-htaccess bisect-htaccess"))
    run = TrialRun.objects.get(incident=incident)
    assert "rename-htaccess" not in {step.repair_id for step in run.steps.all()} and made.tree() == before
    written = [journal.after_content(entry) for step in run.steps.all() for entry in step.journal.all()]
    assert written and all(content and content.startswith(b"Require ip 127.0.0.1\n") for content in written)


def test_policy_that_was_taken_back_meanwhile_counts(made: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = failing(made, "bisect-htaccess")
    monkeypatch.setattr(queueing, "enqueue_on_commit", lambda *_a, **_k: None)  # the worker is busy
    diagnosed(incident)
    step = Step.objects.get()
    Site.objects.update(trials="")
    tasks.run_step(step.pk)
    step.refresh_from_db()
    assert (step.state, step.journal.count()) == ("failed", 0) and "no longer allow" in step.message
    assert TrialRun.objects.get().ended_at is not None and not Notification.objects.filter(kind="trial").exists()


def test_worker_that_died_is_gone_on_from(made: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_trials, "go_on", lambda _pk: None)
    diagnosed(failing(made, "bisect-htaccess"))
    run = TrialRun.objects.get()
    assert run.ended_at is None
    monkeypatch.undo()
    assert policy_trials.sweep() == 1
    run.refresh_from_db()
    assert run.ended_at is not None and policy_trials.sweep() == 0


# --- the shell ------------------------------------------------------------------------------------
def command(*words: str) -> tuple[dict[str, Any], int]:
    out, status = StringIO(), 0
    try:
        call_command(*words, "--json", stdout=out, stderr=StringIO())
    except SystemExit as end:
        status = int(end.code or 0)
    return json.loads(out.getvalue()), status


def test_diagnose_makes_trials_only_when_it_is_told_to(made: Place) -> None:
    failing(made, "")
    before = made.tree()
    document, status = command("diagnose", "shop")
    assert "trials" not in document and status == 1 and not Step.objects.exists()
    document, status = command("diagnose", "shop", "--trials")
    assert [row["state"] for row in document["trials"]] == ["done"] * len(document["trials"]) and document["trials"], document
    assert (document["findings"][0]["line"], status) == (21, 1) and made.tree() == before
    assert not TrialRun.objects.exists()


# --- settings -------------------------------------------------------------------------------------
def test_add_site_import_and_export_know_the_kinds(tmp_path: Path) -> None:
    document, status = command("add_site", "a", "https://a.example/", "--trials", "bisect-plugins,canary-files")
    assert status == 0 and Site.objects.get(name="a").trials == "canary-files bisect-plugins", document
    document, status = command("add_site", "b", "https://b.example/", "--trials", "anything")
    assert (status, document["error"]["code"]) == (2, "bad-trials") and "canary-files" in document["error"]["message"]
    path = tmp_path / "x.csv"
    path.write_text("name,url,trials\nc,https://c.example/,all\nd,https://d.example/,nonsense\n")
    document, status = command("import_sites", str(path))
    assert (document["created"], status) == (1, 1) and document["refused"][0]["why"].startswith("trials:")
    assert exporting.row_of(Site.objects.get(name="c"))["trials"] == " ".join(KINDS_IN_ORDER)


KINDS_IN_ORDER = ("canary-files", "rename-htaccess", "bisect-htaccess", "bisect-plugins")


def test_settings_page_and_many_at_once_with_undo() -> None:
    team = make_team()
    sites = [make_site(team, name=name, url=f"https://{name}.example/") for name in "ab"]
    client = Client()
    client.force_login(make_user(team=team))
    page = client.get(f"/sites/{sites[0].pk}/edit/")
    assert "Trials that may be made without asking" in page.content.decode()
    values = {name: value for name, value in page.context["form"].initial.items() if value is not None}
    answer = client.post(f"/sites/{sites[0].pk}/edit/", {**values, "trials": ["canary-files", "bisect-plugins"]})
    assert answer.status_code == 302 and Site.objects.get(name="a").trials == "canary-files bisect-plugins"
    asked = client.get(reverse("sites:bulk"), {"verb": "trials", "site": [site.pk for site in sites]})
    body = {"verb": "trials", "choice": asked.context["choice"], "trials": ["canary-files"]}
    client.post(reverse("sites:bulk"), body)
    assert set(Site.objects.values_list("trials", flat=True)) == {"canary-files"}
    client.post(reverse("sites:bulk-undo", args=[BulkChange.objects.get().pk]))
    assert list(Site.objects.order_by("name").values_list("trials", flat=True)) == ["canary-files bisect-plugins", ""]
