"""Access logs read over a real sshd, written by a real Apache and as OVHcloud writes them: what visitors met becomes an incident."""

from __future__ import annotations

import gzip
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from threading import Thread

import pytest
from django.conf import settings
from django.utils import timezone

from diagnostics import diagnosing, visiting
from diagnostics.models import AccessLog, ConnectionPause, Diagnosis, LogReading
from sites import queueing
from sites.models import Host, Incident, Site, VisitorFailure, VisitorWatch
from sites.pages import finding as finding_pages
from sites.probing.engine import USER_AGENT
from sites.probing.urls import TOKEN_PARAMETER
from tests.factories import make_host, make_incident, make_site, make_team, make_user
from tests.lab import apache as lab
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("sshd")) as started:
        yield started


@pytest.fixture
def folder(server: SshServer) -> Path:
    """A home of its own for each test."""
    home = server.home / f"t{time.monotonic_ns()}"
    (home / "www").mkdir(parents=True)
    (home / "logs").mkdir()
    for path in (home, home / "www", home / "logs"):
        server.own(path)
    return home


@pytest.fixture
def host(server: SshServer) -> Host:
    return make_host(
        make_team(members=(make_user("alice"),)), protocol="sftp", address=server.address, port=server.port, user=server.user,
        private_key=server.private_key_text, host_key=server.host_key, state=Host.State.WORKS, practice=True,
    )  # fmt: skip


def site_of(host: Host, folder: Path, **more: object) -> Site:
    return make_site(host=host, docroot=str(folder / "www"), **({"url": "https://shop.example/"} | more))


def line(
    path: str = "/checkout", status: int = 500, address: str = "192.0.2.1", *, ago: float = 60, agent: str = CHROME, vhost: str = ""
) -> str:
    at = (datetime.now(UTC) - timedelta(seconds=ago)).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'{address} {vhost or "-"} - [{at}] "GET {path} HTTP/1.1" {status} 512 "-" "{agent}"\n'


def append(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.writelines(lines)


def test_log_is_read_on_and_its_failures_become_an_incident(host: Host, folder: Path) -> None:
    log = folder / "logs" / "access.log"
    append(log, line("/", 200), line(ago=90), line(f"/?{TOKEN_PARAMETER}=1"), line(agent=USER_AGENT))
    site = site_of(host, folder, access_log=str(log))
    assert visiting.read_host(host.pk) == 1
    append(log, line(address="203.0.113.9"), line("/", 200))
    assert visiting.read_host(host.pk) == 1
    incident = Incident.objects.get()
    assert (incident.site, incident.paths, incident.visitors.count) == (site, ["/checkout"], 2)
    log.rename(f"{log}.1")
    append(log, line("/", 200))
    append(Path(f"{log}.1"), line(address="198.51.100.1"))
    assert visiting.read_host(host.pk) == 1 and visiting.read_host(host.pk) == 0
    watch = VisitorWatch.objects.get()
    assert (watch.log, watch.log_detail, watch.log_path) == ("read", "", str(log))
    assert (watch.log_lines, watch.log_bad_lines) == (8, 0)
    stored = str(list(VisitorFailure.objects.values())) + str(list(AccessLog.objects.values()))
    assert "192.0.2" not in stored and "203.0.113" not in stored


def test_one_connection_serves_all_sites_of_a_log_that_names_them(host: Host, folder: Path, server: SshServer) -> None:
    log = folder / "logs" / "access.log"
    shop = site_of(host, folder, access_log=str(log), name="shop")
    blog = site_of(host, folder, access_log=str(log), name="blog", url="https://www.blog.example/")
    append(log, *(line(vhost="shop.example") for _ in range(3)), line(vhost="blog.example"), line(vhost="other.example"))
    before = server.log.read_text().count("Accepted publickey")
    assert visiting.read_host(host.pk) == 4
    assert server.log.read_text().count("Accepted publickey") == before + 1
    assert {row.site: row.count for row in VisitorFailure.objects.all()} == {shop: 3, blog: 1}


def test_log_that_does_not_tell_sites_apart_is_said_to_be_unclear(host: Host, folder: Path) -> None:
    log = folder / "logs" / "access.log"
    append(log, *[line() for _ in range(5)])
    site_of(host, folder, access_log=str(log), name="shop")
    site_of(host, folder, access_log=str(log), name="blog", url="https://blog.example/")
    assert visiting.read_host(host.pk) == 0
    assert set(VisitorWatch.objects.values_list("log", flat=True)) == {"unclear"}
    assert "shop" in VisitorWatch.objects.first().log_detail


def test_error_log_is_no_access_log(host: Host, folder: Path) -> None:
    log = folder / "logs" / "error.log"
    append(log, *["[Sun Nov 22 03:12:04.1 2026] [core:error] [pid 1] AH00124: exceeded\n"] * 5)
    site_of(host, folder, access_log=str(log))
    visiting.read_host(host.pk)
    assert VisitorWatch.objects.get().log == "foreign"


def test_log_is_found_where_it_can_be_nobody_elses(host: Host, folder: Path) -> None:
    log = folder / "logs" / "access.log"
    append(log, *[line() for _ in range(3)])
    site = site_of(host, folder)
    other = folder.parent / f"{folder.name}b" / "www"
    blog = make_site(host=host, docroot=str(other), name="blog", url="https://blog.example/")
    assert visiting.read_host(host.pk) == 3
    site.refresh_from_db(), blog.refresh_from_db()
    assert (site.access_log, blog.access_log) == (str(log), "")
    assert VisitorWatch.objects.get(site=blog).log == "not-found"


def test_missing_and_forbidden_logs_are_told(host: Host, folder: Path) -> None:
    site = site_of(host, folder, access_log=str(folder / "logs" / "gone.log"))
    visiting.read_host(host.pk)
    assert VisitorWatch.objects.get().log == "not-found"
    secret = folder / "logs" / "secret.log"
    secret.write_text(line())
    secret.chmod(0o000)
    Site.objects.filter(pk=site.pk).update(access_log=str(secret))
    visiting.read_host(host.pk)
    assert VisitorWatch.objects.get().log == "unreadable"


def test_packed_logs_as_ovhcloud_writes_them(host: Host, folder: Path) -> None:
    today = folder / "logs" / "shop.example-22-11-2026.log"
    yesterday = folder / "logs" / "shop.example-21-11-2026.log"
    append(yesterday, *(line(vhost="www.shop.example", ago=7200) for _ in range(3)))
    Host.objects.filter(pk=host.pk).update(profile="ovh-mutualise")
    site = site_of(host, folder, access_log=str(yesterday))
    assert visiting.read_host(host.pk) == 3
    append(yesterday, line(vhost="shop.example", ago=5000))
    with gzip.open(f"{yesterday}.gz", "wb") as packed:
        packed.write(yesterday.read_bytes())
    os.utime(f"{yesterday}.gz", (time.time() - 50,) * 2)
    yesterday.unlink()
    append(today, line(vhost="shop.example"), line(vhost="shop.example", address="203.0.113.9"))
    assert visiting.read_host(host.pk) == 3
    assert VisitorWatch.objects.get().log_lag_s == 300
    assert Incident.objects.get().visitors.count == 2  # what was over for more than an hour is shown only
    assert sum(VisitorFailure.objects.filter(site=site).values_list("count", flat=True)) == 6


def test_refused_login_stops_reading_and_an_unreachable_host_is_put_off(host: Host, folder: Path, server: SshServer) -> None:
    site_of(host, folder, access_log=str(folder / "logs" / "access.log"))
    Host.objects.filter(pk=host.pk).update(port=1)
    pauses = []
    for _ in range(4):
        visiting.read_host(host.pk)
        reading = LogReading.objects.get()
        pauses.append(round((reading.due_at - timezone.now()).total_seconds() / 60))
        ConnectionPause.objects.update(until=timezone.now())  # by the time it is due, the account may be tried again
    assert pauses == [6, 12, 24, 48] and reading.last_error
    assert VisitorWatch.objects.get().log == "unreadable"
    Host.objects.filter(pk=host.pk).update(port=server.port, user="nobody-here")
    visiting.read_host(host.pk)
    assert Host.objects.get(pk=host.pk).state == Host.State.REFUSED
    tries = server.log.read_text().count("Invalid user nobody-here")
    visiting.read_host(host.pk)
    assert server.log.read_text().count("Invalid user nobody-here") == tries
    LogReading.objects.update(due_at=timezone.now())
    assert list(LogReading.objects.filter(host__in=visiting._hosts())) == []


def test_due_hosts_are_handed_over_once_and_only_few(host: Host, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site_of(host, folder)
    sent: list[int] = []
    waiting = {"hosts": 0}
    monkeypatch.setattr(queueing, "queue_sizes", lambda names: waiting)
    monkeypatch.setattr(queueing, "enqueue", lambda task, host_id, expires: sent.append(host_id) or True)
    waiting["hosts"] = 99
    assert visiting.dispatch() == 0
    waiting["hosts"] = 0
    assert (visiting.dispatch(), visiting.dispatch(), sent) == (1, 0, [host.pk])
    assert visiting.dispatch(timezone.now() + timedelta(minutes=4)) == 1


def test_fifty_megabytes_are_read_in_one_run(host: Host, folder: Path) -> None:
    log = folder / "logs" / "access.log"
    append(log, line("/", 200))
    site_of(host, folder, access_log=str(log))
    visiting.read_host(host.pk)
    good = "".join(line(f"/page/{n}?q={'x' * 60}", 200) for n in range(99))
    block = good + line("/checkout", 500, ago=30)
    rounds = 50_000_000 // len(block)
    with log.open("a") as file:
        for _ in range(rounds):
            file.write(block)
    started = time.monotonic()
    assert visiting.read_host(host.pk) == rounds
    assert time.monotonic() - started < 30
    assert AccessLog.objects.get().state["offset"] == log.stat().st_size


def test_real_apache_its_log_and_its_rotation(host: Host, folder: Path, tmp_path: Path) -> None:
    if why := lab.why_missing():
        pytest.skip(why)
    docroot, logs = folder / "www", folder / "logs"
    (docroot / "index.html").write_text("well")
    (docroot / "bad").mkdir()
    (docroot / "bad" / ".htaccess").write_text("RewritEngine On\n")
    with lab.apache(docroot, logs) as web:
        site = site_of(host, folder, url=web.url + "/", access_log=str(web.access_log), error_log=str(web.error_log))
        ask(f"{web.url}/", f"{web.url}/bad/", f"{web.url}/bad/?token=secret")
        assert visiting.read_host(host.pk) == 2
        web.access_log.rename(f"{web.access_log}.1")
        ask(f"{web.url}/bad/")
        subprocess.run(["kill", "-USR1", str(web._process.pid)], check=True)
        time.sleep(0.5)
        ask(f"{web.url}/bad/", f"{web.url}/")
        assert visiting.read_host(host.pk) == 2
        assert visiting.read_host(host.pk) == 0
        row = VisitorFailure.objects.get()
        assert (row.site, row.path, row.status, row.count, len(row.addresses)) == (site, "/bad/", 500, 4, 1)
        incident = Incident.objects.get()
        assert incident.message.startswith("Visitors got HTTP 500 on /bad/ 4 times")


def ask(*urls: str) -> None:
    for url in urls:
        subprocess.run(["curl", "-s", "-o", os.devnull, "-A", CHROME, url], check=True)


def test_pages_that_people_visit_most_are_proposed(host: Host, folder: Path) -> None:
    log = folder / "logs" / "access.log"
    hits = {"/shop": 30, "/": 50, "/contact?from=mail": 15, "/style.css": 90, "/logout": 40, "/wp-login.php": 60}
    append(log, *(line(path, 200) for path, n in hits.items() for _ in range(n)), *(line("/bot", 200, agent="curl/8") for _ in range(99)))
    site = site_of(host, folder, access_log=str(log))
    visiting.read_host(host.pk)
    assert visiting.proposed_pages(site) == [
        ("/shop", "32 % of the visits in the access log"), ("/contact", "16 % of the visits in the access log"),
    ]  # fmt: skip
    append(log, *(line("/news", 200) for _ in range(40)))
    visiting.read_host(host.pk)
    assert visiting.proposed_pages(site)[0][0] == "/news"
    assert visiting.proposed_pages(make_site()) == []
    proposals = [proposal.path for source in finding_pages._sources for proposal in source(site)]
    assert proposals == ["/news", "/shop", "/contact"]


# --- the cause ----------------------------------------------------------------------------------------
def test_cause_of_what_visitors_met_is_read_from_the_log(host: Host, folder: Path, http_ok: str) -> None:
    log, error_log = folder / "logs" / "access.log", folder / "logs" / "error.log"
    append(log, line(), line(address="203.0.113.9"))
    now = datetime.now(UTC) - timedelta(seconds=60)
    append(
        error_log,
        f"[{now:%a %b %d %H:%M:%S.000000 %Y}] [php:error] [pid 1] [client 192.0.2.1:5] PHP Fatal error:  Uncaught Error: Call to undefined "
        f"function pay() in {folder}/www/checkout.php:7\n",
    )
    (folder / "www" / "index.php").write_text("<?php\n")
    (folder / "www" / "index.php").chmod(0o666)
    site = site_of(host, folder, url=http_ok, access_log=str(log), error_log=str(error_log))
    visiting.read_host(host.pk)
    incident = Incident.objects.get()
    diagnosis = diagnosing.diagnose_now(site, incident)
    assert [finding.check_id for finding in diagnosis.findings.all()] == ["php-errors"]
    incident.refresh_from_db()
    assert incident.cause_place == "www/checkout.php:7" and "pay()" in incident.cause_proof


@pytest.fixture
def http_ok(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A site that is well for us."""

    class Well(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html><body><h1>All is well here</h1></body></html>")

        def log_message(self, *_: object) -> None: ...

    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))
    with ThreadingHTTPServer(("127.0.0.1", 0), Well) as web:
        Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}/"
        web.shutdown()


def test_diagnosis_whose_log_lagged_is_asked_for_once_more(host: Host, folder: Path, http_ok: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Host.objects.filter(pk=host.pk).update(profile="ovh-mutualise")
    error_log = folder / "logs" / "error.log"
    error_log.touch()
    site = site_of(host, folder, url=http_ok, error_log=str(error_log))
    incident = make_incident(site)
    monkeypatch.setattr(queueing, "enqueue_on_commit", lambda *_a, **_k: None)
    first = diagnosing.diagnose_now(site, incident)
    wait = (first.again_at - timezone.now()).total_seconds()
    assert 300 < wait < 331
    diagnosing.sweep()
    assert Diagnosis.objects.count() == 1
    Diagnosis.objects.update(again_at=timezone.now())
    diagnosing.sweep(), diagnosing.sweep()
    again = Diagnosis.objects.get(is_again=True)
    assert (again.incident, again.state) == (incident, "queued")
    assert diagnosing.run(again.pk).again_at is None


def test_diagnosis_is_not_asked_for_again_where_it_would_bring_nothing(host: Host, folder: Path, http_ok: str) -> None:
    site = site_of(host, folder, url=http_ok)
    assert diagnosing.diagnose_now(site, make_incident(site)).again_at is None  # no lag, no log
    Host.objects.filter(pk=host.pk).update(profile="ovh-mutualise")
    site = Site.objects.select_related("host").get(pk=site.pk)
    assert diagnosing.diagnose_now(site, make_incident(site)).again_at is None  # no log
