"""A server's own reports: signed, bounded, counted once; sent by the pieces that the page shows, with real curl, openssl and PHP."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from sites.models import Incident, Site, VisitorFailure, VisitorWatch
from sites.probing.engine import USER_AGENT
from sites.visitors import counting as visitors
from sites.visitors import report_examples, server_reports
from tests.factories import make_site, make_team, make_user
from tests.servers import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return make_site(make_team(members=(make_user("alice"),)), name="shop")


class Server:
    """The server of a site, which reports."""

    def __init__(self, site: Site) -> None:
        self.token, self.secret = server_reports.make_secret(site)

    def send(self, report: Any, *, ago: float = 0, secret: str = "", body: bytes | None = None, **headers: str) -> Any:
        body = json.dumps(report).encode() if body is None else body
        stamp = headers.pop("stamp", str(int(time.time() - ago)))
        signed = headers.pop("signed", server_reports.signature(secret or self.secret, stamp, body))
        return Client(enforce_csrf_checks=True).post(
            f"/report/{self.token}/", body, content_type="application/json",
            headers={"X-Sitemend-Timestamp": stamp, "X-Sitemend-Signature": signed}, **headers,
        )  # fmt: skip


@pytest.fixture
def server(site: Site) -> Server:
    return Server(site)


def error(**more: Any) -> dict[str, Any]:
    return {"status": 500, "path": "/checkout?card=1", "user_agent": "Mozilla/5.0 Chrome/142 Safari/537.36"} | more


def test_reports_count_and_open_an_incident(site: Site, server: Server) -> None:
    answer = server.send([error(address="192.0.2.1", request_id="r1"), error(address="203.0.113.9", at=timezone.now().isoformat())])
    assert (answer.status_code, answer.json()) == (202, {"counted": 2, "known": 0})
    row = VisitorFailure.objects.get()
    assert (row.site, row.path, row.count, len(row.addresses), row.request_id) == (site, "/checkout", 2, 2, "r1")
    assert (row.sources, row.agents) == ({"report": 2}, {"Chrome": 2})
    assert Incident.objects.get().paths == ["/checkout"]
    assert VisitorWatch.objects.get().report_used_at is not None


def test_one_entry_may_stand_for_several(server: Server) -> None:
    assert server.send(error(count=40, at=time.time())).status_code == 202
    assert VisitorFailure.objects.get().count == 40


def test_same_report_counts_once(server: Server) -> None:
    stamp = str(int(time.time()))
    body = json.dumps([error(), error()]).encode()
    assert server.send(None, body=body, stamp=stamp).json() == {"counted": 2, "known": 0}
    assert server.send(None, body=body, stamp=stamp).json() == {"counted": 0, "known": 2}
    assert server.send(error(id="x")).json()["counted"] == 1
    assert server.send(error(id="x", count=2)).json() == {"counted": 0, "known": 1}
    assert server.send([error(request_id="y"), error(request_id="y")]).json()["counted"] == 1
    assert sum(VisitorFailure.objects.values_list("count", flat=True)) == 4


def test_our_own_probes_do_not_count(server: Server) -> None:
    assert server.send(error(user_agent=USER_AGENT)).status_code == 202
    assert VisitorFailure.objects.count() == 0


@pytest.mark.parametrize(
    ("report", "status", "code"),
    [
        (error(status=200), 400, "status"),
        (error(status="500"), 400, "status"),
        (error(status=True), 400, "status"),
        (error(path="checkout"), 400, "path"),
        (error(path=None), 400, "path"),
        (error(count=0), 400, "count"),
        (error(count=10**9), 400, "count"),
        (error(at="yesterday"), 400, "at"),
        (error(at=1e300), 400, "at"),
        (error(at="2020-01-01T00:00:00Z"), 400, "at"),
        ([], 400, "json"),
        ([1], 400, "json"),
        ("x", 400, "json"),
        ([error(), error(status=7)], 400, "status"),
        ([{}] * 501, 413, "too-many"),
    ],
)
def test_report_that_makes_no_sense_is_refused_whole(server: Server, report: Any, status: int, code: str) -> None:
    answer = server.send(report)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert VisitorFailure.objects.count() == 0


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 50_000])
def test_body_that_is_no_json_is_refused(server: Server, body: bytes) -> None:
    answer = server.send(None, body=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "json")


def test_body_that_is_too_large_is_refused(server: Server) -> None:
    assert server.send(None, body=b" " * 65_537).status_code == 413


@pytest.mark.parametrize(
    "more",
    [{"secret": "wrong"}, {"signed": ""}, {"signed": "sha256="}, {"signed": "é"}, {"ago": 320}, {"ago": -320}],  # five minutes are allowed
)
def test_message_that_is_not_signed_or_too_old_is_refused(server: Server, more: dict[str, Any]) -> None:
    answer = server.send(error(), **more)
    assert answer.status_code == 401 and VisitorFailure.objects.count() == 0
    assert answer.headers["Cache-Control"].startswith("max-age=0")


def test_time_that_is_no_number_is_refused(server: Server) -> None:
    assert server.send(error(), stamp="soon").json()["error"]["code"] == "timestamp"


def test_unknown_address_is_answered_like_a_wrong_signature(server: Server) -> None:
    wrong = server.send(error(), secret="wrong")
    server.token = "nobody"
    unknown = server.send(error())
    assert (unknown.status_code, unknown.json()) == (wrong.status_code, wrong.json())


def test_guessing_is_slowed_down(server: Server) -> None:
    answers = [server.send(error(), secret="wrong").status_code for _ in range(server_reports.GUESSES + 1)]
    assert answers == [401] * server_reports.GUESSES + [429]
    assert server.send(error()).status_code == 202  # who signs is not held up by who guesses


def test_too_many_messages_are_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_reports, "MESSAGES", 2)
    answers = [server.send(error(id=str(n))) for n in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429] and int(answers[2].headers["Retry-After"]) >= 1


def test_too_many_errors_in_one_hour_are_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_reports, "ENTRIES", 3)
    assert server.send([error(), error()]).status_code == 202
    answer = server.send([error(id="x"), error(id="y")])
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too-many-entries")


def test_only_post_is_taken(server: Server) -> None:
    assert Client().get(f"/report/{server.token}/").status_code == 405


def test_new_secret_and_revoking_end_the_old_one(site: Site, server: Server) -> None:
    stored = str(list(VisitorWatch.objects.values()))
    assert server.secret not in stored
    newer = Server(site)
    assert (server.send(error()).status_code, newer.send(error()).status_code) == (401, 202)
    server_reports.revoke(site)
    assert newer.send(error()).status_code == 401


def test_report_of_long_ago_is_pruned_and_may_come_again(site: Site, server: Server) -> None:
    assert server.send(error(id="x")).json()["counted"] == 1
    site.visitor_reports.update(at=timezone.now() - timedelta(days=3))
    assert visitors.prune()["reports"] == 1


# --- the pieces that the page shows -------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_shell_piece_reports(site: Site, live_server: Any) -> None:
    token, secret = server_reports.make_secret(site)
    piece = report_examples.shell(f"{live_server.url}/report/{token}/", secret)
    done = subprocess.run(["sh", "-c", piece], capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(done.stdout) == {"counted": 1, "known": 0}
    assert (row := VisitorFailure.objects.get()).path == "/checkout" and row.request_id == "example-1"


@pytest.mark.django_db(transaction=True)
def test_php_piece_reports_fatal_errors_and_statuses_and_nothing_else(site: Site, live_server: Any, tmp_path: Path) -> None:
    php = shutil.which("php")
    if php is None or "curl" not in subprocess.run([php, "-m"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("php with curl is not installed")
    token, secret = server_reports.make_secret(site)
    (tmp_path / "sitemend-report.php").write_text(report_examples.php(f"{live_server.url}/report/{token}/", secret))
    pages = {"well": "echo 'well';", "fatal": "undefined_function();", "parse": "eval('(');", "busy": "http_response_code(503);"}
    for name, code in pages.items():
        (tmp_path / f"{name}.php").write_text(f"<?php require 'sitemend-report.php'; {code}")
    port = free_port()
    web = subprocess.Popen(
        [php, "-d", "display_errors=0", "-S", f"127.0.0.1:{port}", "-t", str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 10
        while subprocess.run(["curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}/none"], check=False).returncode:
            assert time.monotonic() < until
            time.sleep(0.05)
        for name in pages:
            subprocess.run(["curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}/{name}.php?secret=1"], check=True)
    finally:
        web.terminate()
        web.wait(10)
    found = {row.path: (row.status, row.count, row.agents) for row in VisitorFailure.objects.all()}
    assert found == {"/fatal.php": (500, 1, {"Tool": 1}), "/parse.php": (500, 1, {"Tool": 1}), "/busy.php": (503, 1, {"Tool": 1})}
