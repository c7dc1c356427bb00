"""A log server over HTTPS: whose certificate is believed, what is not followed, and how much is read of what has no end."""

from __future__ import annotations

import time
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from diagnostics import log_servers
from diagnostics.evidence import PageSeen, SiteSeen
from diagnostics.log_server_talk import LogServerError, Talk
from sites.models import Site
from tests.certificates import Certificates
from tests.factories import make_host, make_site, make_user
from tests.log_host import PASSWORD, TOKEN, USER, LogHost, error_line, log_host

pytestmark = pytest.mark.django_db
GB = 1_000_000_000


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch, certificates: Certificates) -> None:
    """The authority of the tests is one of those that this installation knows; loopback may be contacted."""
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))
    monkeypatch.setattr(settings, "SITEMEND_CA_FILE", certificates.ca_file)


@pytest.fixture
def site() -> Site:
    host = make_host(profile="ovh-mutualise")
    return make_site(host.team, name="shop", url="http://shop.example/", host=host)


@contextmanager
def shown(certificates: Certificates, **how: object) -> Iterator[LogHost]:
    with log_host("shop.example", certificates.context("127.0.0.1", **how)) as host:
        host.write("error", error_line("/homez.42/shop/www/.htaccess: Invalid command 'RewritEngine', perhaps misspelled"))
        yield host


def failing(since: timedelta = timedelta(0)) -> SiteSeen:
    now = timezone.now()
    page = PageSeen("/", "http://shop.example/", "server-error", 500, now)
    return SiteSeen("shop", "http://shop.example/", "down", "server-error", (page,), now - since)


def texts(site: Site, host: LogHost, since: timedelta = timedelta(0)) -> list[str]:
    log_servers.store(site, host.url, USER, PASSWORD)
    found = log_servers.read(site, failing(since), timezone.now())
    assert found is not None and isinstance(found.lines, tuple), found
    return [line.text for line in found.lines]


def test_certificate_of_a_known_authority_is_believed(site: Site, certificates: Certificates) -> None:
    with shown(certificates) as host:
        assert log_servers.try_out(site, host.url, USER, PASSWORD) == ""
        assert log_servers.try_out(site, host.url, "", TOKEN) == ""
        assert any("RewritEngine" in text for text in texts(site, host))


@pytest.mark.parametrize(
    ("how", "words"),
    [({"self_signed": True}, "self-signed"), ({"days": -1}, "has expired. Its owner must renew it"), ({}, "SITEMEND_CA_FILE")],
)
def test_certificate_that_is_not_valid_gets_no_password(
    site: Site, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, how: dict[str, object], words: str
) -> None:
    if not how:  # of an authority that this installation does not know
        monkeypatch.setattr(settings, "SITEMEND_CA_FILE", "")
    with shown(certificates, **how) as host:
        why = log_servers.try_out(site, host.url, USER, PASSWORD)
        assert words in why and why.endswith("The password was not sent.")
        assert host.asked == []


def test_certificate_for_another_name_gets_no_password(site: Site, certificates: Certificates) -> None:
    with log_host("shop.example", certificates.context("127.0.0.2")) as host:
        why = log_servers.try_out(site, host.url, USER, PASSWORD)
        assert "for another name" in why and "letter by letter" in why and host.asked == []


def test_redirect_is_not_followed_and_named_without_its_query(site: Site, certificates: Certificates) -> None:
    with shown(certificates) as host, log_host("elsewhere") as other:
        host.status, host.redirects_to = 301, f"{other.url}?token={TOKEN}"
        why = log_servers.try_out(site, host.url, USER, PASSWORD)
        assert other.url in why and TOKEN not in why and other.asked == []


def test_wrong_login_is_told_and_kept_as_refused(site: Site, certificates: Certificates) -> None:
    with shown(certificates) as host:
        assert "refuses this login" in log_servers.try_out(site, host.url, USER, "wrong")
        log_servers.store(site, host.url, USER, "wrong")
        log_servers.read(site, failing(), timezone.now())
        assert log_servers.of(site).state == "refused"


def test_log_of_ten_gigabytes_is_read_from_its_end(site: Site, certificates: Certificates) -> None:
    with shown(certificates) as host:
        path = next(path for path in host.files if "/error/" in path)
        host.huge[path] = 10 * GB
        began = time.monotonic()
        tracemalloc.start()
        try:
            assert any("RewritEngine" in text for text in texts(site, host))
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert time.monotonic() - began < 6 and most < 50_000_000


def test_log_of_ten_gigabytes_that_comes_only_whole_is_refused_in_words(site: Site, certificates: Certificates) -> None:
    with shown(certificates) as host:
        host.huge[next(path for path in host.files if "/error/" in path)] = 10 * GB
        host.offers_ranges = False
        began = time.monotonic()
        why = log_servers.try_out(site, host.url, USER, PASSWORD)
        assert "only from their beginning" in why and "9.3" in why and time.monotonic() - began < 5


def test_index_without_an_end_is_read_up_to_a_bound(site: Site, certificates: Certificates) -> None:
    with shown(certificates) as host:
        index = f"/{host.site}/"
        host.files[index], host.huge[index] = b"", 10 * GB
        began = time.monotonic()
        assert "no error log of today" in log_servers.try_out(site, host.url, USER, PASSWORD)
        assert time.monotonic() - began < 5


def test_server_that_sends_byte_after_byte_costs_no_more_than_its_time(site: Site, certificates: Certificates) -> None:
    with shown(certificates) as host:
        host.drips = True
        talk = Talk(host.url, USER, PASSWORD, log_servers.guard_from_settings(), 1.0)
        began = time.monotonic()
        with pytest.raises(LogServerError, match="in time"):
            talk.fetch(host.url, 100_000, False)
        assert time.monotonic() - began < 3


def test_days_before_today_are_read_packed_and_only_those_of_the_failure(site: Site, certificates: Certificates) -> None:
    with shown(certificates) as host:
        now = timezone.now()
        paths = {}
        for days in range(1, 40):
            day = now - timedelta(days=days)
            paths[days] = host.write("error", error_line(f"Invalid command 'Of{days}DaysAgo'", day), day.date())
            host.write("", f'192.0.2.7 - - [{day:%d/%b/%Y}:03:12:04 +0100] "GET / HTTP/1.1" 200 5 "-" "x"\n', day.date())
        found = " ".join(texts(site, host, timedelta(days=1)))
        assert "Of1DaysAgo" in found and "Of20DaysAgo" not in found
        read = [path for path, _range in host.asked if path.endswith(".gz")]
        assert paths[1] in read and paths[20] not in read and len(read) <= 3
        assert len(host.asked) <= 14


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(b"\0" * 1_000_000) for _part in range(megabytes)) + packer.flush()


@pytest.mark.parametrize("what", ["bomb", "damaged"])
def test_packed_log_that_is_a_trap_costs_little(site: Site, certificates: Certificates, what: str) -> None:
    with shown(certificates) as host:
        day = timezone.now() - timedelta(days=1)
        path = host.write("error", error_line("Invalid command 'OfYesterday'", day), day.date())
        packed = host.files[path]
        host.files[path] = _bomb(1500) if what == "bomb" else packed[: len(packed) - 12] + b"\xff" * 12
        began = time.monotonic()
        found = texts(site, host, timedelta(days=1))
        assert any("RewritEngine" in text for text in found) and time.monotonic() - began < 6


def test_address_inside_the_network_is_not_contacted(site: Site, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", ())
    with shown(certificates) as host:
        assert "not contacted" in log_servers.try_out(site, host.url, USER, PASSWORD) and host.asked == []


def test_stored_server_without_a_secret_asks_for_it(site: Site, client: Client) -> None:
    log_servers.store_untested([(site, log_servers.checked("https://logs.example/shop.example", USER))])
    assert log_servers.of(site).state == "refused" and not log_servers.is_usable(site)
    client.force_login(make_user(team=site.team))
    page = f"/sites/{site.pk}/log-server/"
    assert "Type it on the page" in client.get(page).content.decode()
    answer = client.post(page, {"url": "https://logs.example/shop.example/", "user": USER, "password": ""})
    assert "none is stored" in answer.content.decode()
