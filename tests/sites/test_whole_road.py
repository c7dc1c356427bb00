"""From a registered site to two mails: each part does its work on what the one before has stored."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sites import delivery, tasks
from sites.models import Incident, Notification, Page, ProbeResult
from tests.factories import make_site, make_team, make_user
from tests.http_server import HttpServer, Reply


@pytest.mark.django_db
def test_site_that_fails_is_mailed_and_its_recovery_too(settings, tmp_path):
    settings.SITEMEND_MAIL_DIR = tmp_path
    settings.SITEMEND_MAIL_BY_SMTP = False
    with HttpServer() as server:
        site = make_site(make_team(members=(make_user("alice"),)), name="shop", url=server.url("/"), practice=True)
        site.pages.update(anchor_at=timezone.now())  # else its regular time, drawn by chance, may come before the confirmation
        page = site.pages.get()
        server.route("/", Reply(500, body=b"<h1>Internal Server Error</h1>"))

        assert tasks.probe_batch([page.pk], "routine") == 1
        page.refresh_from_db()
        assert (page.verdict, page.due_at - page.last_at, Incident.objects.count()) == ("suspect", timedelta(seconds=5), 0)

        assert tasks.probe_batch([page.pk], "confirmation") == 1
        incident = Incident.objects.get()
        assert (incident.kind, incident.status, incident.paths, incident.scope) == ("server-error", 500, ["/"], "all-pages")
        assert [request.query != "" for request in server.requests] == [False, True]
        assert ProbeResult.objects.exclude(evidence=None).count() == 2
        assert tasks.deliver_notifications() == 1

        server.route("/", Reply())
        tasks.probe_batch([page.pk], "routine")
        long_ago = timezone.now() - timedelta(seconds=31)
        page.refresh_from_db()
        Page.objects.update(state=page.state | {"good_since": long_ago.isoformat()})
        tasks.probe_batch([page.pk], "confirmation")
    incident.refresh_from_db()
    assert incident.resolution == "recovery"
    delivery.deliver_due(timezone.now() + timedelta(seconds=61))
    new, back = [path.read_text() for path in sorted(tmp_path.glob("*.eml"))]
    assert "Subject: shop is down: every page (500)" in new
    assert "Subject: shop is well again" in back
    assert set(Notification.objects.values_list("state", flat=True)) == {"sent"}
