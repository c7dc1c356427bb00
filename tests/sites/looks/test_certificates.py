"""Certificates of a real TLS server: read, announced 21, 7 and 1 days before their end, once each."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from sites import delivery, tasks
from sites.looks import certificates
from sites.models import Certificate, CertificateWatch, Incident, Notification, Page
from sites.probing.certificate import read_certificate, read_certificates
from sites.probing.engine import probe_many
from sites.probing.guard import AddressNotAllowed, Guard
from sites.probing_now import probe_now
from tests.factories import make_site, make_team, make_user
from tests.http_server import HttpServer, Reply, redirect
from tests.sites.samples import START

LOOPBACK = Guard((ip_network("127.0.0.0/8"),))


def make_certificate(
    folder: Path, days: float, *, life: int = 90, name: str = "127.0.0.1", issuer: str = "Test authority", ca_file: Path | None = None
) -> ssl.SSLContext:
    """A server's context with a certificate that ends after so many days; with `ca_file`, one that who trusts this file trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    signer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, issuer), x509.NameAttribute(NameOID.COMMON_NAME, "R1")])
    builder = x509.CertificateBuilder().issuer_name(signer).public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.subject_name(signer if ca_file else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
    builder = builder.not_valid_before(now + timedelta(days=days - life)).not_valid_after(now + timedelta(days=days))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
    found = builder.sign(key, hashes.SHA256())
    if ca_file:
        ca_file.write_bytes(found.public_bytes(serialization.Encoding.PEM))
    path = folder / f"{x509.random_serial_number()}.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + found.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@contextmanager
def serving(context: ssl.SSLContext, port: int = 0) -> Iterator[HttpServer]:
    with HttpServer(port=port, tls=context) as server:
        server.route("/", Reply())
        yield server


@pytest.fixture
def open_loopback(settings):
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)


def test_certificate_is_read_though_nobody_trusts_it(tmp_path):
    with serving(make_certificate(tmp_path, 30)) as server:
        read = certificates.parse(read_certificate(*server.address, LOOPBACK))
    assert (read.issuer, (read.not_after - datetime.now(UTC)).days, len(read.fingerprint)) == ("Test authority", 29, 64)


def test_private_address_is_not_contacted_for_its_certificate(tmp_path):
    with serving(make_certificate(tmp_path, 30)) as server:
        with pytest.raises(AddressNotAllowed):
            read_certificate(*server.address, Guard())
        assert read_certificates([server.address], Guard()) == {}


def test_what_speaks_no_tls_is_left_out():
    with HttpServer() as server:
        server.route("/", Reply())
        assert read_certificates([server.address, ("127.0.0.1", 1), ("", 443)], LOOPBACK, time_limit_s=2) == {}


@pytest.mark.parametrize(
    ("life", "left", "expected"),
    [
        (90, 30, None), (90, 20.9, 21), (90, 7.1, 21), (90, 6.9, 7), (90, 0.9, 1), (90, 0, None), (90, -1, None),
        (45, 14, None), (45, 6.9, 7), (6, 2, None), (6, 0.9, 1), (2, 0.9, None),
    ],
)  # fmt: skip
def test_threshold_fits_the_life_of_the_certificate(life, left, expected):
    now = timezone.now()
    end = now + timedelta(days=left)
    assert certificates.threshold(end - timedelta(days=life), end, now) == expected


def test_reading_is_due_when_a_threshold_is_reached():
    now = timezone.now()
    far, soon, near = (now + timedelta(days=days) for days in (60, 21.5, 10))
    assert certificates.next_reading([far], now) == now + timedelta(hours=24)
    assert certificates.next_reading([far, soon], now) == now + timedelta(hours=12)
    assert certificates.next_reading([near], now) == now + timedelta(hours=6)


def deliver() -> list[Notification]:
    delivery.deliver_due(timezone.now() + timedelta(minutes=5))
    return list(Notification.objects.filter(state="sent").order_by("pk"))


@pytest.mark.django_db
def test_end_is_mailed_once_per_threshold_in_one_thread_and_a_renewed_one_begins_anew(tmp_path, open_loopback):
    team = make_team(members=(make_user(),))
    with serving(make_certificate(tmp_path, 20)) as server:
        site = make_site(team, name="Shop", url=server.url("/"))
        certificates.prepare()
        now = timezone.now()
        for moment in (now, now + timedelta(hours=6), now + timedelta(days=14), now + timedelta(days=19.5)):
            certificates.read_sites([site.pk], moment)
        row = Certificate.objects.get()
        assert (row.host, row.issuer, row.told_days) == (f"127.0.0.1:{server.port}", "Test authority", 1)
        first, second, third = deliver_each()
        assert [mail.dedupe_key.split(":")[3] for mail in (first, second, third)] == ["21", "7", "1"]
        assert {first.message_id} == {second.thread_id, third.thread_id}
        assert "within 21 days" in first.subject and "Test authority" in first.body_text and "<b>" in first.body_html
        port = server.port
    with serving(make_certificate(tmp_path, 80), port):
        certificates.read_sites([site.pk])
    assert (Certificate.objects.get().told_days, Notification.objects.count()) == (None, 3)


def deliver_each() -> list[Notification]:
    """The waiting mails, one at a time: together they would be one."""
    rows = list(Notification.objects.order_by("pk"))
    for number, row in enumerate(rows):
        Notification.objects.exclude(pk=row.pk).filter(state="queued").update(send_after=timezone.now() + timedelta(days=9))
        Notification.objects.filter(pk=row.pk).update(send_after=timezone.now())
        delivery.deliver(row.pk, timezone.now() + timedelta(minutes=2 * number))
        row.refresh_from_db()
        assert row.state == "sent", row.last_error
    return rows


@pytest.mark.django_db
def test_sites_with_the_same_certificate_are_told_in_one_mail(tmp_path, open_loopback):
    team = make_team(members=(make_user(),))
    with serving(make_certificate(tmp_path, 6)) as server:
        ids = [make_site(team, name=name, url=server.url("/")).pk for name in ("Alpha", "Beta", "Gamma")]
        stranger = make_site(make_team(members=(make_user(),)), name="Other", url=server.url("/"))
        certificates.prepare()
        certificates.read_sites([*ids, stranger.pk])
    ours = Notification.objects.get(site__team=team)
    deliver()
    ours.refresh_from_db()
    assert "and used by" not in ours.subject and "used by 2 more sites" in ours.subject
    assert all(name in ours.body_text and name in ours.body_html for name in ("Alpha", "Beta", "Gamma"))
    assert "Other" not in ours.body_text
    assert Notification.objects.count() == 2


@pytest.mark.django_db
def test_certificate_of_the_address_that_the_site_leads_to_is_read_too(tmp_path, open_loopback, monkeypatch):
    ca_file = tmp_path / "ca.pem"
    monkeypatch.setattr(certificates, "probe_many", partial(probe_many, ca_file=str(ca_file)))
    with serving(make_certificate(tmp_path, 50, ca_file=ca_file)) as server, HttpServer() as plain:
        plain.route("/", redirect(server.url("/")))
        site = make_site(url=plain.url("/"))
        certificates.prepare()
        assert certificates.read_sites([site.pk]) == 1
        assert Certificate.objects.get().host == f"127.0.0.1:{server.port}"
        plain.route("/", Reply())
        with serving(make_certificate(tmp_path, 50)) as other:
            type(site).objects.filter(pk=site.pk).update(url=other.url("/"))
            certificates.read_sites([site.pk])
        assert Certificate.objects.get().host == f"127.0.0.1:{other.port}"


@pytest.mark.django_db
def test_site_of_a_team_on_holiday_is_told_after_the_window(tmp_path, open_loopback):
    from sites.windows import maintenance

    with serving(make_certificate(tmp_path, 6)) as server:
        site = make_site(make_team(members=(make_user(),)), url=server.url("/"))
        certificates.prepare()
        now = timezone.now()
        maintenance.create_once(site, now - timedelta(minutes=1), timedelta(hours=1), title="Moving")
        certificates.read_sites([site.pk], now)
        assert (Notification.objects.count(), Certificate.objects.get().told_days) == (0, None)
        certificates.read_sites([site.pk], now + timedelta(hours=6))
        assert Notification.objects.count() == 1


@pytest.mark.django_db
def test_certificates_are_prepared_and_claimed_once(monkeypatch):
    site = make_site()
    make_site(practice=True)
    assert (certificates.prepare(), certificates.prepare()) == (1, 0)
    later = timezone.now() + timedelta(seconds=3)
    assert certificates.claim_due(later) == [site.pk]
    assert certificates.claim_due(later) == []
    handed = []
    monkeypatch.setattr(tasks, "enqueue", lambda name, *args, **more: bool(handed.append((name, *args))) or True)
    CertificateWatch.objects.update(due_at=timezone.now())
    assert (tasks.dispatch_due_certificates(), handed) == (1, [("sites.tasks.probe_certificates", [site.pk])])


@pytest.mark.django_db
@pytest.mark.parametrize("days", [-1, 20])
def test_expired_or_untrusted_certificate_is_an_incident_that_says_so(tmp_path, open_loopback, days):
    with serving(make_certificate(tmp_path, days)) as server:
        site = make_site(make_team(members=(make_user(),)), url=server.url("/"))
        probe_now(site)
    incident = Incident.objects.get()
    assert incident.kind == "unreachable"
    assert incident.detail in ("tls-expired", "tls-untrusted") and "certificate" in incident.message
    assert Page.objects.get().verdict == "down"


@pytest.mark.django_db
def test_certificate_of_a_muted_site_is_told_for_the_others_that_have_it():
    alice = make_user("alice")
    team = make_team(members=(alice,))
    muted, shop = make_site(team, name="muted"), make_site(team, name="shop")
    muted.muted_until = START + timedelta(hours=1)
    rows = [
        Certificate(
            site=site, host="shop.example", fingerprint="ff", not_before=START - timedelta(days=80), not_after=START + timedelta(days=6)
        )
        for site in (muted, shop)
    ]
    for row in rows:
        certificates._announce(row, START)
    assert [(mail.site.name, mail.state) for mail in Notification.objects.all()] == [("shop", "queued")]
    assert [row.told_days for row in rows] == [None, 7]
    certificates._announce(rows[0], START + timedelta(hours=2))
    assert (rows[0].told_days, Notification.objects.count()) == (7, 1)
