"""One repair with its diagnosis, as workers leave it behind: what the pages of diagnostics have to show."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from diagnostics.models import Diagnosis, FindingRecord, RepairCase, Step
from diagnostics.offering import Offer
from sites.models import Site
from tests.factories import make_host, make_incident, make_site, make_team, make_user
from tests.sites.views.pages import client_of

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202egpj.exe"
BAD, GOOD = (
    [{"path": "/", "browser": "desktop", "kind": "server-error", "status": 500, "ms": 4.0}],
    [{"path": "/", "browser": "desktop", "kind": "ok", "status": 200, "ms": 4.0}],
)


@dataclass
class Scene:
    case: RepairCase
    site: Site
    diagnosis: Diagnosis
    owner: Client
    reader: Client
    outsider: Client

    def page(self, step: str = "", client: Client | None = None) -> BeautifulSoup:
        response = (client or self.owner).get(f"/repairs/{self.case.pk}/", {"step": step} if step else {})
        assert response.status_code == 200
        return BeautifulSoup(response.content, "html.parser")

    def step(self, state: str, *, action: str = "repair", guide_step: str = "htaccess", seconds_ago: float = 1.0, **more: Any) -> Step:
        at = timezone.now() - timedelta(seconds=seconds_ago)
        values = {"title": "Correct line 6 of www/.htaccess", "created_at": at, "finished_at": at, "diff": diff_of()}
        if action == "repair":
            values["plan_digest"] = "a" * 64
        return Step.objects.create(case=self.case, guide_step=guide_step, action=action, state=state, **(values | more))


def diff_of() -> str:
    return "--- www/.htaccess\n+++ www/.htaccess\n@@ -6 +6 @@\n-RewritEngine On\n+RewriteEngine On\n"


def offer(digest: str = "a", check: str = "htaccess-lint", title: str = "Correct line 6 of www/.htaccess") -> dict[str, Any]:
    finding = {"check": check, "cause": "htaccess-invalid-directive", "path": "www/.htaccess", "line": 6}
    made = Offer(
        "correct-htaccess-line", "htaccess-invalid-directive", title, "It is misspelled.", diff_of(), digest * 64, "The log says so",
        "Every page below www/", "", (), "htaccess", finding,
    )  # fmt: skip
    return asdict(made)


def make_scene(*, name: str = "Shop", offers: list[dict[str, Any]] | None = None, summary: str = "Line 6 is misspelled.") -> Scene:
    team = make_team()
    site = make_site(team, name=name, host=make_host(team), docroot="/www")
    now = timezone.now()
    Site.objects.filter(pk=site.pk).update(verdict="down", kind="server-error", last_probe_at=now - timedelta(seconds=30))
    site.refresh_from_db()
    incident = make_incident(site)
    diagnosis = Diagnosis.objects.create(
        site=site, incident=incident, state="done", requested_at=now, connection="sftp", offers=[offer()] if offers is None else offers,
        log_lines=[{"at": "", "text": f"[core:alert] {HOSTILE}"}],
    )  # fmt: skip
    FindingRecord.objects.create(
        diagnosis=diagnosis, position=0, check_id="htaccess-lint", cause="htaccess-invalid-directive", severity="critical", confidence=0.97,
        summary=summary, path="www/.htaccess", line=6,
        evidence=[{"source": "error-log", "at": "", "text": f"Invalid command {HOSTILE}", "paired": True}],
    )  # fmt: skip
    case = RepairCase.objects.create(site=site, incident=incident, diagnosis=diagnosis, opened_at=now)
    return Scene(
        case,
        site,
        diagnosis,
        client_of(make_user(team=team)),
        client_of(make_user(team=team, role="reader")),
        client_of(make_user(team=make_team())),
    )


def words(page: BeautifulSoup) -> str:
    return " ".join(page.select_one("main").get_text(" ").split())


def primaries(page: BeautifulSoup) -> list[str]:
    return [" ".join(it.get_text().split()) for it in page.select("main .btn.primary")]
