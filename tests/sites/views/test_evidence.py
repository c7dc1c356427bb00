from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from sites.evidence import screenshots
from sites.models import FailureEvidence, Incident, Site
from tests.factories import make_site, make_team, make_user
from tests.sites.evidence.test_showing import keep
from tests.sites.samples import fail

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(client: Client) -> Site:
    user = make_user("anna")
    client.force_login(user)
    return make_site(make_team(members=(user,)), name="Shop")


def page(client: Client, kept: FailureEvidence, name: str = "evidence") -> object:
    return client.get(reverse(f"sites:{name}", args=[kept.pk]))


def test_answer_is_shown_as_text(client: Client, site: Site) -> None:
    kept = keep(site, b"<script>alert(1)</script><h1>Broken</h1>", request_id="ABC-123", timings={"connect_ms": 3.0})
    shown = page(client, kept).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;h1&gt;Broken" in shown
    assert "<script>alert(1)" not in shown
    assert "ABC-123" in shown
    assert "connected" in shown


def test_text_is_a_file_that_no_browser_runs(client: Client, site: Site) -> None:
    answer = page(client, keep(site, b"<script>alert(1)</script>"), "evidence-text")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="failing-answer-')
    assert "<script>alert(1)</script>" in answer.content.decode()


def test_picture_is_for_those_alone_who_may_see_the_site(client: Client, site: Site) -> None:
    kept = keep(site)
    assert page(client, kept, "evidence-picture").status_code == 404
    screenshots._keep(kept, "<h1>Error</h1>", b"\x89PNG\r\n\x1a\npicture")
    answer = page(client, kept, "evidence-picture")
    assert b"".join(answer.streaming_content) == b"\x89PNG\r\n\x1a\npicture"
    assert (answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert "private" in answer.headers["Cache-Control"]
    assert reverse("sites:evidence-picture", args=[kept.pk]) in page(client, kept).content.decode()
    client.force_login(make_user("eve"))
    assert {page(client, kept, name).status_code for name in ("evidence", "evidence-text", "evidence-picture")} == {404}


def test_incident_and_probes_lead_to_the_answer(client: Client, site: Site) -> None:
    fail(site)
    incident = Incident.objects.get()
    kept = FailureEvidence.objects.order_by("pk").first()
    link = reverse("sites:evidence", args=[kept.pk])
    assert link in client.get(reverse("sites:incident", args=[incident.pk])).content.decode()
    assert link in client.get(reverse("sites:site", args=[site.pk])).content.decode()
    screenshots._keep(kept, "<h1>Error</h1>", b"\x89PNG\r\n\x1a\n")
    shown = client.get(reverse("sites:incident", args=[incident.pk])).content.decode()
    assert f'src="{reverse("sites:evidence-picture", args=[kept.pk])}"' in shown
    assert 'alt="The failing page as a browser draws it."' in shown
