"""Log servers given with `add_site` and with a CSV: tried out, stored sealed, refused in words; never a secret in the open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from diagnostics import log_servers
from diagnostics.coverage import queries
from diagnostics.coverage.queries import Wanted
from diagnostics.models import LogServer
from diagnostics.sight import note_error_log
from sites import credentials, queueing
from sites.many import exporting
from sites.models import Site
from tests.certificates import Certificates
from tests.factories import make_host, make_site, make_team, make_user
from tests.log_host import PASSWORD, TOKEN, USER, LogHost, error_line, log_host

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LogHost]:
    certificates = Certificates(tmp_path)
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))
    monkeypatch.setattr(settings, "SITEMEND_CA_FILE", certificates.ca_file)
    monkeypatch.setenv("SITEMEND_SECRET_LOGS", PASSWORD)
    monkeypatch.setenv("SITEMEND_SECRET_TOKEN", TOKEN)
    monkeypatch.setenv("SITEMEND_SECRET_WRONG", "something-else")
    with log_host("shop.example", certificates.context("127.0.0.1")) as host:
        host.write("error", error_line("Invalid command 'RewritEngine'"))
        yield host


def run(*words: str) -> tuple[dict[str, Any], int, str]:
    out, err, status = StringIO(), StringIO(), 0
    try:
        call_command(*words, "--json", stdout=out, stderr=err)
    except SystemExit as end:
        status = int(end.code or 0)
    return json.loads(out.getvalue()), status, out.getvalue() + err.getvalue()


def given(*more: str) -> tuple[dict[str, Any], int, str]:
    return run("add_site", "shop", "http://shop.example/", *more)


# --- add_site -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "login", [("--log-user", USER, "--log-secret-env", "SITEMEND_SECRET_LOGS"), ("--log-secret-env", "SITEMEND_SECRET_TOKEN")]
)
def test_add_site_tries_the_log_server_and_stores_it_sealed(shown: LogHost, login: tuple[str, ...]) -> None:
    document, status, said = given("--log-server", shown.url.rstrip("/"), *login)
    assert (status, document["found"]["log_server"]) == (0, shown.url), document
    stored = log_servers.of(Site.objects.get(name="shop"))
    assert stored is not None and stored.state == LogServer.State.WORKS
    assert PASSWORD not in said + stored.sealed_password and credentials.unseal(stored.sealed_password) in (PASSWORD, TOKEN)


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (("--log-server", "URL", "--log-user", USER, "--log-secret-env", "SITEMEND_SECRET_WRONG"), "log-server", "refuses this login"),
        (("--log-server", "URL", "--log-user", USER), "bad-log-server", "--log-secret-env"),
        (("--log-user", USER), "bad-log-server", "without its address"),
        (("--log-server", "ftp://x/", "--log-secret-env", "SITEMEND_SECRET_LOGS"), "bad-log-server", "begins with https://"),
        (("--log-server", "https://u:p@x.example/", "--log-secret-env", "SITEMEND_SECRET_LOGS"), "bad-log-server", "out of the address"),
        (("--log-server", "URL", "--log-secret-env", "PATH"), "bad-secret-env", "--log-secret-env names"),
        (("--log-server", "URL", "--log-secret-env", "SITEMEND_SECRET_NONE"), "bad-secret-env", "is not set"),
    ],
)
def test_add_site_stores_nothing_of_what_does_not_work(shown: LogHost, more: tuple[str, ...], code: str, words: str) -> None:
    document, status, _said = given(*(shown.url if word == "URL" else word for word in more))
    error = document["error"]
    assert (status, error["code"]) == (2, code) and words in f"{error['message']} {error['hint']}", error
    assert not Site.objects.exists() and not LogServer.objects.exists()


# --- import -------------------------------------------------------------------------------------
def imported(tmp_path: Path, *rows: str) -> tuple[dict[str, Any], int, str]:
    path = tmp_path / "sites.csv"
    path.write_text("name,url,log_server,log_user,log_secret_env\n" + "\n".join(rows) + "\n")
    return run("import_sites", str(path))


def test_imported_log_servers_are_tried_in_the_background(shown: LogHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[int] = []
    monkeypatch.setattr(queueing, "enqueue", lambda task, pk, **_how: handed.append(pk) if task == log_servers.TASK else None)
    document, status, said = imported(
        tmp_path,
        f"good,http://shop.example/,{shown.url},{USER},SITEMEND_SECRET_LOGS",
        f"wrong,http://shop2.example/,{shown.url},{USER},SITEMEND_SECRET_WRONG",
        f"untold,http://shop3.example/,{shown.url},{USER},",
        "plain,http://shop4.example/,,,",
    )
    assert (status, document["created"]) == (0, 4) and PASSWORD not in said and shown.asked == []
    states = dict(LogServer.objects.values_list("site__name", "state"))
    assert states == {"good": "untested", "wrong": "untested", "untold": "refused"}
    assert log_servers.hand_over() == 2 == len(handed)
    for pk in (*handed, *handed):  # harmless when run twice
        log_servers.try_stored(pk)
    states = dict(LogServer.objects.values_list("site__name", "state"))
    assert states == {"good": "works", "wrong": "refused", "untold": "refused"} and log_servers.hand_over() == 0
    assert "refuses this login" in LogServer.objects.get(site__name="wrong").detail


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a,http://a.example/,https://u:p@x.example/,,", "log_server: Leave user name"),
        ("a,http://a.example/,,user,", "log_server: its user or secret is given"),
        ("a,http://a.example/,https://x.example/,,HOME", "log_secret_env: the name of the variable must begin with"),
        ("a,http://a.example/,https://x.example/,,SITEMEND_SECRET_NONE", "log_secret_env: the environment variable"),
    ],
)
def test_rows_with_a_log_server_that_makes_no_sense_are_refused(tmp_path: Path, row: str, why: str) -> None:
    document, status, _said = imported(tmp_path, row)
    assert (status, document["created"]) == (1, 0) and why in document["refused"][0]["why"]
    assert not Site.objects.exists() and not LogServer.objects.exists()


def test_from_the_web_address_and_user_are_taken_but_no_variable_of_the_machine(shown: LogHost) -> None:
    team = make_team()
    client = Client()
    client.force_login(make_user(team=team))
    text = f"name,url,log_server,log_user,log_secret_env\na,http://a.example/,{shown.url},{USER},\nb,http://b.example/,{shown.url},{USER},SITEMEND_SECRET_LOGS\n"
    page = client.post(reverse("diagnostics:imports"), {"text": text}, follow=True)
    body = page.content.decode()
    assert "command line only" in body and shown.url in body
    client.post(page.request["PATH_INFO"], {"action": "confirm"})
    assert list(LogServer.objects.values_list("site__name", "state", "user")) == [("a", "refused", USER)]
    assert shown.asked == []


def test_export_names_address_and_user_and_no_secret() -> None:
    site = make_site(make_team(), name="a")
    log_servers.store(site, "https://logs.example/a/", USER, PASSWORD)
    row = exporting.row_of(Site.objects.get(pk=site.pk))
    assert (row["log_server"], row["log_user"]) == ("https://logs.example/a/", USER) and PASSWORD not in json.dumps(row)


# --- coverage -----------------------------------------------------------------------------------
def problems(site: Site) -> list[str]:
    rows = queries.listing(make_user(team=site.team), Wanted()).rows
    return [problem.code for row in rows for problem in row.problems]


def test_log_that_cannot_be_read_is_covered_where_a_log_server_answers() -> None:
    host = make_host(state="works")
    site = make_site(host.team, host=host, docroot="/www", error_log="/logs/error.log")
    note_error_log(site, was_read=False)
    assert "no-error-log" in problems(site)
    log_servers.store(site, "https://logs.example/a/", USER, PASSWORD)
    assert not {"no-error-log", "log-server"} & set(problems(site))
    LogServer.objects.update(state="refused", detail="The server refuses this login.")
    assert {"no-error-log", "log-server"} <= set(problems(site))
    client = Client()
    client.force_login(make_user(team=site.team))
    body = client.get(reverse("diagnostics:coverage")).content.decode()
    assert "Log server not read" in body and "The server refuses this login." in body
