from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from diagnostics.accounts import importing
from sites import credentials
from sites.importing.sources import parse_file
from sites.models import Host, Page, Site, SiteImport, Team
from tests.factories import make_host, make_site, make_team

pytestmark = pytest.mark.django_db


def run(tmp_path: Path, text: str, *options: str) -> tuple[dict[str, Any], int]:
    path = tmp_path / "sites.csv"
    path.write_text(text, encoding="utf-8")
    out, status = StringIO(), 0
    try:
        call_command("import_sites", str(path), "--json", *options, stdout=out, stderr=StringIO())
    except SystemExit as end:
        status = int(end.code or 0)
    return json.loads(out.getvalue()), status


def test_rows_that_are_well_are_stored_and_the_others_named(tmp_path: Path) -> None:
    make_site(make_team("Agency"), name="Old")
    document, status = run(
        tmp_path,
        "name,url,pages,interval,tags\n"
        "Shop,https://shop.example/,/cart /login,120,a b\n"
        "Old,https://old.example/,,,\n"
        "Shop,https://shop2.example/,,,\n"
        "Bad,ftp://bad.example/,,,\n"
        "Quick,https://quick.example/,,5,\n"
        "Text,https://text.example/,,soon,\n"
        ",https://nameless.example/,,,\n"
        "Query,https://query.example/?a=1,,,\n"
        "Login,https://u:p@login.example/,,,\n"
        "Last,https://last.example/,,,\n",
    )  # fmt: skip
    assert (document["created"], status) == (2, 1)
    assert [refusal["row"] for refusal in document["refused"]] == [3, 4, 5, 6, 7, 8, 9, 10]
    shop = Site.objects.get(name="Shop")
    assert (shop.team.name, shop.interval_s, shop.tags, shop.imported_in.source) == ("Agency", 120, "a b", "csv")
    assert [page.path for page in shop.pages.all()] == ["/", "/cart", "/login"]
    assert all(page.due_at and page.anchor_at for page in shop.pages.all())
    assert Site.objects.count() == 3


def test_dry_run_says_the_same_and_stores_nothing(tmp_path: Path) -> None:
    text = "name,url,connect,secret\nA,https://a.example/,sftp://u@h.example,x\nA,https://b.example/,,\n"
    document, status = run(tmp_path, text, "--dry-run")
    assert (document["created"], len(document["refused"]), status) == (1, 1, 1)
    assert not (Site.objects.exists() or Host.objects.exists() or Team.objects.exists() or SiteImport.objects.exists())
    assert run(tmp_path, text)[0]["refused"] == document["refused"]


def test_file_that_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    document, status = run(tmp_path, "address\nhttps://a.example/\n")
    assert (document["error"]["code"], status) == ("file-unreadable", 2)
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("import_sites", str(tmp_path / "none.csv"), "--json", stdout=out, stderr=StringIO())
    assert (json.loads(out.getvalue())["error"]["code"], end.value.code) == ("no-such-file", 2)


def test_connection_is_stored_untested_with_its_secret_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITEMEND_SECRET_H", "from the environment")
    text = (
        "name,url,connect,secret,secret_env,host,docroot\n"
        "A,https://a.example/,sftp://u@h.example,top secret,,,/www/a\n"
        "B,https://b.example/,sftp://u@h.example:22,,,,/www/b\n"
        "C,https://c.example/,ssh://v@cluster1.hosting.ovh.net,,SITEMEND_SECRET_H,OVH,\n"
    )
    document, status = run(tmp_path, text)
    assert (document["created"], document["refused"], status) == (3, [], 0)
    shared, ovh = Host.objects.order_by("pk")
    assert [site.host for site in Site.objects.order_by("name")] == [shared, shared, ovh]
    assert (shared.name, shared.state, ovh.name, ovh.profile) == ("u@h.example", "untested", "OVH", "ovh-mutualise")
    assert "top secret" not in shared.sealed_password
    assert [credentials.host_secrets(host)[0] for host in (shared, ovh)] == ["top secret", "from the environment"]
    assert shared.test_due_at and ovh.test_due_at and shared.tested_at is None


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("sftp://u@h.example,another,,", "row 2 gives another one"),
        ("sftp://u@standing.example,new,,", "stands already"),
        ("sftp://u:pw@h2.example,,,", "password must not stand in a URL"),
        ("scp://u@h2.example,,,", "must begin with ssh://, sftp://, ftps://, ftp:// or local:"),
        (",secret alone,,", "needs a connection"),
        ("sftp://u@h2.example,,HOME,", "must begin with SITEMEND_SECRET_"),
        ("sftp://u@h2.example,,SITEMEND_SECRET_UNSET,", "is not set"),
        (",,,Nowhere", "no hosting account named Nowhere"),
        ("sftp://u@h2.example,,,Standing", "is another connection"),
    ],
)
def test_connection_that_cannot_be_used_refuses_its_row_alone(tmp_path: Path, cells: str, words: str) -> None:
    team = make_team()
    make_host(team, name="Standing", address="standing.example", user="u", password="x")
    first = "A,https://a.example/,sftp://u@h.example,one,,\n"
    document, _status = run(tmp_path, f"name,url,connect,secret,secret_env,host\n{first}B,https://b.example/,{cells}\n")
    assert document["created"] == 1 and len(document["refused"]) == 1
    assert document["refused"][0]["row"] == 3 and words in document["refused"][0]["why"]
    assert "secret alone" not in json.dumps(document) and "another" not in document["refused"][0]["why"].replace("another one", "").replace(
        "another conn", ""
    )
    assert sorted(Host.objects.values_list("name", flat=True)) == ["Standing", "u@h.example"]


def test_from_the_web_neither_folders_of_this_machine_nor_variables_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITEMEND_SECRET_H", "never")
    team = make_team()
    text = "name,url,connect,secret_env\nA,https://a.example/,local:,\nB,https://b.example/,sftp://u@h.example,SITEMEND_SECRET_H\n"
    rows = parse_file((text + "C,https://c.example/, LOCAL:/etc,\n").encode(), 10).rows
    assert ["command line only" in row.why for row in importing.check(rows, [team])] == [True, True, True]
    assert [row.why for row in importing.check(rows[:2], [team], command_line=True)] == ["", ""]


def test_expectations_pause_and_team_of_a_row_are_kept(tmp_path: Path) -> None:
    make_team("First")
    make_team("Second")
    document, _status = run(
        tmp_path,
        "name,url,team,paused,expected_status,must_contain,must_not_contain,time_limit\n"
        'A,https://a.example/,Second,yes,"200,401","one\ntwo",three,20\n'
        "B,https://b.example/,Third,,,,,\n"
        "C,https://c.example/,,perhaps,,,,\n"
        "D,https://d.example/,,,9999,,,\n",
    )
    assert [refusal["row"] for refusal in document["refused"]] == [3, 4, 5]
    site = Site.objects.get()
    page = site.pages.get()
    assert (site.team.name, site.time_limit_s, bool(site.paused_at), page.due_at) == ("Second", 20, True, None)
    assert (page.expected_statuses, page.must_contain, page.must_not_contain) == ("200 401", "one\ntwo", "three")


def test_hostile_values_are_refused_or_kept_as_text(tmp_path: Path) -> None:
    document, _status = run(
        tmp_path,
        'name,url,docroot\n=HYPERLINK("x"),https://a.example/,\n'
        '"two\nlines",https://b.example/,\nlong,https://c.example/,' + "x" * 2000 + "\n" + "n" * 101 + ",https://d.example/,\n",
    )
    assert [refusal["row"] for refusal in document["refused"]] == [3, 4, 5]
    assert Site.objects.get().name == '=HYPERLINK("x")'


def test_lone_surrogate_from_json_is_refused() -> None:
    rows = parse_file(b'{"sites": [{"name": "a\\ud800", "url": "https://a.example/"}]}', 5).rows
    assert "cannot be stored" in importing.check(rows, [make_team()])[0].why


def test_name_taken_between_check_and_storing_costs_only_its_own_row() -> None:
    team = make_team()
    rows = parse_file("\n".join(["name,url", *(f"s{n},https://s{n}.example/" for n in range(30))]).encode(), 100).rows
    checked = importing.check(rows, [team])
    make_site(team, name="s7")
    made_by = SiteImport.objects.create(team=team, source="csv")
    assert importing.make(checked, made_by) == 29
    assert [row.number for row in checked if row.why] == [9]
    assert (Site.objects.count(), Page.objects.count(), made_by.created, made_by.left_out) == (30, 30, 29, 1)


def test_many_rows_cost_few_statements() -> None:
    team = make_team()
    lines = ["name,url,pages,connect,secret"]
    lines += [f"s{n},https://s{n}.example/,/a /b,sftp://u{n}@h{n % 7}.example,x{n}" for n in range(1000)]
    parsed = parse_file("\n".join(lines).encode(), 2000)
    with CaptureQueriesContext(connection) as captured:
        assert importing.import_all(parsed, file_name="x.csv", dry_run=False) == (1000, [])
    assert len(captured) < 120
    first = Page.objects.filter(site__team=team).order_by("due_at").values_list("due_at", flat=True)
    assert timedelta(seconds=5) < first.last() - first.first() < timedelta(seconds=15)  # not all in the same moment
    assert first.last() < timezone.now() + timedelta(seconds=15)
