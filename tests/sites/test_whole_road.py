"""From a registered site to a mail: each part does its work on what the one before has stored."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sites import notifications, scheduling, tasks
from sites.models import Incident, Notification, ProbeResult
from tests.factories import make_site, make_team, make_user


class Web(ThreadingHTTPServer):
    """A website that answers what the test says."""

    daemon_threads = True
    status, body = 200, b"<html><body><p>Welcome to the shop</p></body></html>"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(self.server.status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.django_db
def test_site_that_fails_is_mailed_and_its_recovery_too(web, settings, tmp_path):
    settings.SITEMEND_MAIL_DIR = tmp_path
    team = make_team(members=(make_user("alice"),))
    site = make_site(team, name="shop", url=web.url, practice=True)
    page = site.pages.get()
    web.status, web.body = 500, b"<h1>Internal Server Error</h1>"

    assert tasks.probe_batch([page.pk], "routine") == 1
    page.refresh_from_db()
    assert page.verdict == "suspect"
    assert Incident.objects.count() == 0
    assert page.due_at - page.last_at == timedelta(seconds=5)

    assert tasks.probe_batch([page.pk], "confirmation") == 1
    incident = Incident.objects.get()
    assert (incident.kind, incident.status, incident.paths, incident.scope) == ("server-error", 500, ["/"], "all-pages")
    assert incident.confirmed_by == "2 of 2 probes in 0 s"
    assert notifications.deliver_due() == 1
    [mail] = tmp_path.glob("*.eml")
    assert "500 on 127.0.0.1: every page" in mail.read_text()
    assert Notification.objects.get().state == "sent"
    assert ProbeResult.objects.filter(evidence__isnull=False).count() == 2
    assert scheduling.lag_s(datetime.now(UTC)) >= 0
