from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from sites import probing_now
from tests.factories import make_site
from tests.http_server import HttpServer, Reply
from tests.sites.samples import fail

pytestmark = pytest.mark.django_db


def run(capsys, *arguments: str) -> tuple[int, dict]:
    code = 0
    try:
        call_command(*arguments)
    except SystemExit as left:
        code = left.code
    return code, json.loads(capsys.readouterr().out)


def test_probe_answers_one_document_and_its_exit_status(capsys, monkeypatch):
    monkeypatch.setattr(probing_now, "_PAUSE_S", 0.05)
    with HttpServer() as server:
        server.route("/", Reply())
        site = make_site(name="shop", url=server.url("/"), practice=True)
        code, document = run(capsys, "probe", "shop", "--json")
        assert (code, document["pages"][0].pop("ms") > 0) == (0, True)
        looked = {look["look"]: look["kind"] for look in document.pop("looks")}
        assert looked == dict.fromkeys(("cache-proof", "desktop", "phone", "bot"), "ok")
        assert document == {
            "site": "shop",
            "url": site.url,
            "verdict": "up",
            "kind": "ok",
            "scope": "none",
            "pattern": "none",
            "pages": [{"path": "/", "status": 200, "kind": "ok"}],
        }
        server.route("/", Reply(500, body=b"<h1>Internal Server Error</h1>"))
        code, document = run(capsys, "probe", "shop", "--json")
        assert (code, document["verdict"], document["scope"]) == (1, "down", "all-pages")
        assert "Internal Server Error" in document["pages"][0]["excerpt"]


def test_probe_of_an_unknown_name_is_wrong_usage(capsys):
    code, document = run(capsys, "probe", "nobody", "--json")
    assert (code, document["error"]["code"]) == (2, "no-such-site")


def test_status_counts(capsys):
    make_site()
    code, document = run(capsys, "status", "--json")
    assert (code, document["sites"]) == (0, {"up": 0, "suspect": 0, "down": 0, "unknown": 1})
    assert set(document["queues"]) == {"probes", "hosts", "mail"}
    assert (document["open_incidents"], document["probes_last_minute"], document["last_mail_failure"]) == (0, 0, None)
    fail(make_site())
    code, document = run(capsys, "status", "--json")
    assert (code, document["sites"]["down"], document["open_incidents"]) == (1, 1, 1)
