from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.utils import timezone

from sites import receivers
from sites.evidence import screenshots
from sites.evidence import showing as evidence
from sites.models import FailureEvidence, Incident, ProbeResult, Site
from sites.tasks import complete_evidence
from tests.factories import make_site
from tests.http_server import HttpServer, Reply
from tests.sites.looks.test_certificates import make_certificate
from tests.sites.samples import fail

pytestmark = pytest.mark.django_db


def keep(
    site: Site, body: bytes = b"<h1>Broken</h1>", headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html"),), **more
) -> FailureEvidence:
    result = ProbeResult.objects.create(page=site.pages.get(), at=timezone.now(), purpose="routine", kind="server-error", status=500)
    values = {"url": site.url, "final_url": site.url, "headers": [list(pair) for pair in headers], "body": body}
    return FailureEvidence.objects.create(result=result, **(values | more))


def test_secrets_of_headers_and_body_are_left_out() -> None:
    kept = keep(
        make_site(),
        b"<p>mysqli_connect('db', 'shop', 'hunter2')</p> DB_PASSWORD='hunter3' Authorization: Bearer abcdefgh12345678 anna@example.org",
        (
            ("Set-Cookie", "PHPSESSID=k3j4h5g6f7; path=/; HttpOnly"), ("Authorization", "Basic c2hvcDpodW50ZXI0"), ("Cookie", "a=b"),
            ("X-Debug", "password=hunter5"), ("Server", "Apache"),
        ),
        url="https://shop.example/?api_key=hunter6",
    )  # fmt: skip
    said = evidence.as_text(kept)
    for secret in ("hunter", "k3j4h5g6f7", "c2hvcDpodW50ZXI0", "abcdefgh12345678", "anna@", "a=b"):
        assert secret not in said
    assert "Set-Cookie: PHPSESSID=[removed]; path=/; HttpOnly" in said
    assert "Server: Apache" in said


@pytest.mark.parametrize(
    ("body", "content_type", "shown"),
    [
        ("Café".encode("latin-1"), "text/html; charset=iso-8859-1", "Café"),
        ("Café".encode("utf-16"), "text/html", "Café"),
        ("Café".encode("latin-1"), "text/html; charset=utf-8", "Caf\ufffd"),
        (b"one\r\ntwo\rthree", "text/html", "one\ntwo\nthree"),
        (b"a\x00b\x1b[31mc\xe2\x80\xaed", "text/html", "a\ufffdb\ufffd[31mc\ufffdd"),
        (b"x" * 70_000, "text/plain", "x" * 70_000),
    ],
)
def test_body_is_text_whatever_was_sent(body: bytes, content_type: str, shown: str) -> None:
    found = evidence.body_of(keep(make_site(), body, (("Content-Type", content_type),)))
    assert found.text == shown


def test_picture_is_shown_by_its_first_bytes() -> None:
    found = evidence.body_of(keep(make_site(), b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, (("Content-Type", "image/png"),)))
    assert found.text.splitlines()[0] == "0000  89 50 4e 47 0d 0a 1a 0a 00 01 02 03 04 05 06 07  .PNG............"
    assert len(found.text.splitlines()) == 64
    assert found.note.startswith("This is no text")


def test_what_was_not_sent_is_said() -> None:
    site = make_site()
    assert evidence.body_of(keep(site, b"")).note == "Nothing was sent after the headers."
    assert evidence.body_of(keep(site, b"", ())).note == "There was no answer."
    assert evidence.body_of(keep(site, b"x" * 65_536)).note == "Only the first 64 KB were kept."


def test_times_that_were_not_reached_are_left_out() -> None:
    kept = keep(make_site(), timings={"connect_ms": 3.0, "tls_ms": None, "total_ms": 1240.0})
    assert [words for words, _value in evidence.timings_of(kept)] == ["connected", "whole answer"]


def test_evidence_of_an_incident_is_the_answer_that_was_noticed() -> None:
    site = make_site()
    fail(site)
    incident = Incident.objects.get()
    found = evidence.of_incident(incident)
    assert found is not None
    assert found.result.at == incident.first_failure_at
    Incident.objects.update(first_failure_at=timezone.now() + timedelta(days=1))
    assert evidence.of_incident(Incident.objects.select_related("site").get()) is None


def test_certificate_is_read_when_the_incident_opens(tmp_path: Path, settings) -> None:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with HttpServer(tls=make_certificate(tmp_path, 30)) as server:
        server.route("/", Reply(500))
        site = make_site(url=server.url("/").replace("http://", "https://"))
        fail(site, body=b"")
        incident = Incident.objects.get()
        assert complete_evidence(incident.pk) is False
    facts = dict(evidence.certificate_facts(evidence.of_incident(incident)))
    assert "Test authority" in facts["issued by"]
    assert facts["valid until"].endswith("UTC")


def test_certificate_inside_the_network_is_not_read(tmp_path: Path) -> None:
    with HttpServer(tls=make_certificate(tmp_path, 30)) as server:
        kept = keep(make_site(url=server.url("/").replace("http://", "https://")))
        assert evidence._certificate(kept) == {}
        assert server.requests == []


def test_completing_an_incident_that_is_gone_does_nothing() -> None:
    assert complete_evidence(1) is False


def test_new_incident_asks_for_its_evidence_to_be_completed(monkeypatch, django_capture_on_commit_callbacks) -> None:
    asked: list[tuple] = []
    monkeypatch.setattr("sites.receivers.enqueue", lambda *args, **_more: asked.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        fail(make_site())
    assert asked == [("sites.tasks.complete_evidence", Incident.objects.get().pk)]


def test_storm_of_incidents_asks_for_no_evidence(monkeypatch) -> None:
    asked: list[tuple] = []
    monkeypatch.setattr("sites.receivers.enqueue", lambda *args, **_more: asked.append(args))
    site, now = make_site(), timezone.now()
    moments = {"first_failure_at": now, "opened_at": now, "last_seen_at": now}
    for number in range(receivers.MANY + 3):
        incident = Incident.objects.create(site=site, fingerprint=f"1:{number}", kind="server-error", **moments)
        receivers.complete_evidence(None, incident.pk)
    assert len(asked) == receivers.MANY


def test_pictures_go_with_their_evidence() -> None:
    screenshots.prune()
    first, second = keep(make_site()), keep(make_site())
    for kept in (first, second):
        screenshots._keep(kept, "<h1>Error</h1>", b"\x89PNG\r\n\x1a\n")
    assert screenshots.prune() == 0
    path = screenshots.path_of(first)
    first.result.delete()
    assert (screenshots.prune(), path.exists(), screenshots.has_picture(second)) == (1, False, True)
