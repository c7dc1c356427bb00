"""Logs that the host shows by HTTP: found by the index, read from their end, told in words when they cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from diagnostics import diagnosing, log_servers
from diagnostics.evidence import PageSeen, SiteSeen, Unreadable
from diagnostics.models import Diagnosis, HostAction, LogServer
from sites import key_rotation, queueing
from sites.models import Host, Site
from tests.diagnostics.hosts_made import host_on, serving
from tests.factories import make_host, make_incident, make_site, make_team, make_user
from tests.http_server import HttpServer, Reply
from tests.log_host import PASSWORD, TOKEN, USER, YESTERDAY, LogHost, error_line, log_host

pytestmark = pytest.mark.django_db
SAID = "/homez.42/shop/www/.htaccess: Invalid command 'RewritEngine', perhaps misspelled or defined by a module not included"


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))
    monkeypatch.setattr(queueing, "enqueue_on_commit", lambda *_a, **_k: None)


@pytest.fixture
def shown() -> Iterator[LogHost]:
    with log_host("shop.example") as host:
        host.write("error", error_line(SAID))
        host.write("", '192.0.2.7 - - [22/Nov/2026:03:12:04 +0100] "GET / HTTP/1.1" 500 5 "-" "x"\n')
        host.write("ftp", "no log of ours\n")
        yield host


@pytest.fixture
def site() -> Site:
    """At OVHcloud, where the account holds no log."""
    host = make_host(profile="ovh-mutualise")
    return make_site(host.team, name="shop", url="http://shop.example/", host=host)


def failing(since: datetime | None = None, token: str = "") -> SiteSeen:
    now = timezone.now()
    page = PageSeen("/", "http://shop.example/", "server-error", 500, now, token=token)
    return SiteSeen("shop", "http://shop.example/", "down", "server-error", (page,), since or now)


def texts(site: Site, view: SiteSeen | None = None) -> list[str]:
    found = log_servers.read(site, view or failing(), timezone.now())
    assert found is not None and isinstance(found.lines, tuple), found
    return [line.text for line in found.lines]


def test_log_of_today_is_found_by_the_index_and_read_from_its_end(site: Site, shown: LogHost) -> None:
    path = shown.write("error", "")
    shown.files[path] = error_line("of old", timezone.now() - timedelta(hours=20)).encode() * 20_000 + shown.files[path]
    log_servers.store(site, shown.url, USER, PASSWORD)
    assert any("RewritEngine" in text for text in texts(site))
    assert (path, f"bytes=-{512 * 1024}") in shown.asked
    assert not any("/ftp/" in asked for asked, _range in shown.asked)
    shown.offers_ranges = False
    assert any("RewritEngine" in text for text in texts(site))


def test_our_own_request_in_the_access_log_proves_the_line(site: Site, shown: LogHost) -> None:
    now = datetime.now(UTC)
    shown.write("", f'192.0.2.7 - - [{now:%d/%b/%Y:%H:%M:%S} +0000] "GET /?sitemend=abcdefgh1234 HTTP/1.1" 500 5 "-" "x"\n')
    log_servers.store(site, shown.url, USER, PASSWORD)
    found = log_servers.read(site, failing(token="abcdefgh1234"), timezone.now())
    assert found is not None and isinstance(found.lines, tuple)
    assert [(line.paired, line.log_path) for line in found.lines] == [(True, shown.url + f"osl/error/shop.example-{now:%d-%m-%Y}.log")]


def test_failure_of_yesterday_is_looked_for_in_the_packed_log(site: Site, shown: LogHost) -> None:
    since = timezone.now() - YESTERDAY
    path = shown.write("error", error_line("Invalid command 'OfYesterday'", since), since.date())
    log_servers.store(site, shown.url, USER, PASSWORD)
    assert any("OfYesterday" in text for text in texts(site, failing(since)))
    assert path in [asked for asked, _range in shown.asked]


def test_token_serves_where_there_is_no_user(site: Site, shown: LogHost) -> None:
    assert log_servers.try_out(site, shown.url, "", TOKEN) == ""
    assert "refuses" in log_servers.try_out(site, shown.url, "", "wrong")


def test_index_does_not_lead_to_other_servers_or_upwards(site: Site, shown: LogHost) -> None:
    with HttpServer() as other:
        shown.extra_links = f'<a href="{other.url("/osl/")}">x</a> <a href="/secret/osl/">x</a> <a href="osl/../../secret/">x</a>'
        assert log_servers.try_out(site, shown.url, USER, PASSWORD) == ""
        assert other.requests == []
    assert not any("secret" in asked for asked, _range in shown.asked)


def test_refused_login_is_not_tried_again_until_it_is_typed_anew(site: Site, shown: LogHost) -> None:
    log_servers.store(site, shown.url, USER, "changed meanwhile")
    for _time in range(2):
        found = log_servers.read(site, failing(), timezone.now() + timedelta(hours=1))
        assert found is not None and isinstance(found.lines, Unreadable) and "refuses this login" in found.lines.why
    assert len(shown.asked) == 1
    assert log_servers.of(site).state == LogServer.State.REFUSED and not log_servers.is_usable(site)
    log_servers.store(site, shown.url, USER, PASSWORD)
    assert texts(site)


def test_server_that_fails_is_left_alone_for_minutes(site: Site, shown: LogHost) -> None:
    log_servers.store(site, shown.url, USER, PASSWORD)
    shown.status = 503
    now = timezone.now()
    for moment in (now, now + timedelta(minutes=1), now + timedelta(minutes=6)):
        found = log_servers.read(site, failing(), moment)
        assert found is not None and isinstance(found.lines, Unreadable) and "503" in found.lines.why
    assert len(shown.asked) == 2


@pytest.mark.parametrize(("status", "words"), [(302, "another address"), (404, "nothing at this address"), (500, "status 500")])
def test_other_answers_are_told_in_words(site: Site, shown: LogHost, status: int, words: str) -> None:
    shown.status = status
    assert words in log_servers.try_out(site, shown.url, USER, PASSWORD)


def test_networks_that_are_not_allowed_are_not_contacted(site: Site, shown: LogHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", ())
    assert "not contacted" in log_servers.try_out(site, shown.url, USER, PASSWORD)
    assert shown.asked == []


def test_silent_server_costs_no_more_than_its_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpServer() as silent:
        silent.route("/logs/", Reply(delay_s=30))
        monkeypatch.setattr(log_servers.Talk, "limit_s", 0.5)
        talk = log_servers.Talk(silent.url("/logs/"), USER, PASSWORD, log_servers.guard_from_settings(), 0.5)
        with pytest.raises(log_servers.LogServerError, match="in time"):
            talk.fetch(silent.url("/logs/"), 1000, False)


def broken(site: Site, **values: object) -> Iterator[Site]:
    """The site while it answers 500."""
    with HttpServer() as web:
        web.route("/", Reply(500, body=b"<h1>Internal Server Error</h1>"))
        Site.objects.filter(pk=site.pk).update(url=web.url("/"), **values)
        yield Site.objects.get(pk=site.pk)


def test_failure_is_explained_by_it_without_any_connection_to_the_files(shown: LogHost, site: Site) -> None:
    shown.write("error", error_line("PHP Parse error:  syntax error, unexpected end of file in /homez.42/shop/www/index.php on line 7"))
    for failing_site in broken(site, host=None):
        log_servers.store(failing_site, shown.url, USER, PASSWORD)
        incident = make_incident(failing_site)
        diagnosing.of_incident(incident)
        made = diagnosing.run(Diagnosis.objects.get(incident=incident).pk)
        first = made.findings.first()
        assert first is not None and (first.cause, first.line) == ("php-truncated-file", 7), made.error


def test_failure_is_explained_by_it_and_by_the_files(shown: LogHost, site: Site, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        (server.home / "www/.htaccess").write_bytes(b"Options -Indexes\nRewritEngine On\n")
        host = host_on(server, "sftp")
        for failing_site in broken(site, host=host, team=host.team, docroot=f"{server.remote_home}/www"):
            log_servers.store(failing_site, shown.url, USER, PASSWORD)
            made = diagnosing.diagnose_now(failing_site)
            first = made.findings.first()
            assert first is not None and (first.cause, first.path, first.line) == ("htaccess-invalid-directive", "www/.htaccess", 2)
            assert any(proof["source"] == "error-log" and "RewritEngine" in proof["text"] for proof in first.evidence), first.evidence
            assert HostAction.objects.filter(host=host, verb="fetch", purpose="diagnosis", outcome="done").count() == 1


def test_reading_is_noted_with_the_account_and_the_password_nowhere(shown: LogHost, site: Site) -> None:
    assert log_servers.try_out(site, shown.url, USER, PASSWORD) == ""
    row = HostAction.objects.get(host=site.host)
    assert (row.verb, row.outcome, row.path) == ("fetch", "done", shown.url)
    server = log_servers.store(site, shown.url, USER, PASSWORD)
    assert PASSWORD not in server.sealed_password
    assert (LogServer, "sealed_password") in key_rotation.sealed_columns()


def test_log_that_lags_is_asked_for_again(shown: LogHost, site: Site, tmp_path: Path) -> None:
    """OVHcloud writes its logs some minutes late."""
    shown.files = {path: b"" if "/error/" in path else content for path, content in shown.files.items()}
    with serving(tmp_path) as server:
        host = host_on(server, "sftp")
        Host.objects.filter(pk=host.pk).update(profile="ovh-mutualise")
        for failing_site in broken(site, host=host, team=host.team, docroot=f"{server.remote_home}/www"):
            log_servers.store(failing_site, shown.url, USER, PASSWORD)
            diagnosis = diagnosing.diagnose_now(failing_site, make_incident(failing_site))
            assert diagnosis.again_at is not None and diagnosis.again_at > timezone.now() + timedelta(minutes=4)


# --- the page -----------------------------------------------------------------------------------
@pytest.fixture
def owner(site: Site) -> Client:
    client = Client()
    client.force_login(make_user(team=site.team))
    return client


def test_page_tries_out_before_it_stores(owner: Client, site: Site, shown: LogHost) -> None:
    page = f"/sites/{site.pk}/log-server/"
    refused = owner.post(page, {"url": shown.url, "user": USER, "password": "wrong"})
    assert "refuses this login" in refused.content.decode() and log_servers.of(site) is None
    assert owner.post(page, {"url": shown.url.rstrip("/"), "user": USER, "password": PASSWORD}).status_code == 302
    stored = log_servers.of(site)
    assert stored is not None and (stored.url, stored.user) == (shown.url, USER)
    again = owner.get(page).content.decode()
    assert shown.url in again and PASSWORD not in again and "OVHcloud" in again
    assert owner.post(page, {"url": shown.url, "user": USER, "password": ""}).status_code == 302


def test_stored_password_is_not_sent_to_another_server(owner: Client, site: Site, shown: LogHost) -> None:
    log_servers.store(site, shown.url, USER, PASSWORD)
    with HttpServer() as other:
        answer = owner.post(f"/sites/{site.pk}/log-server/", {"url": other.url("/"), "user": USER, "password": ""})
        assert "Type it again" in answer.content.decode() and other.requests == []


@pytest.mark.parametrize(
    "url", ["ftp://logs.example/", "logs.example", "https://u:p@logs.example/", "https://logs.example/?token=1", "https:///x"]
)
def test_addresses_that_make_no_sense_are_refused(owner: Client, site: Site, url: str) -> None:
    answer = owner.post(f"/sites/{site.pk}/log-server/", {"url": url, "user": USER, "password": "x"})
    assert answer.status_code == 200 and log_servers.of(site) is None


def test_log_server_is_forgotten(owner: Client, site: Site, shown: LogHost) -> None:
    log_servers.store(site, shown.url, USER, PASSWORD)
    assert owner.post(f"/sites/{site.pk}/log-server/forget/").status_code == 302
    assert log_servers.of(site) is None


def test_others_see_nothing_of_it(site: Site) -> None:
    client = Client()
    client.force_login(make_user(team=make_team()))
    assert client.get(f"/sites/{site.pk}/log-server/").status_code == 404
    assert client.post(f"/sites/{site.pk}/log-server/forget/").status_code == 404
