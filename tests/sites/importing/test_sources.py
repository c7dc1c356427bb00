"""The shapes are those that the tools write; the values are made up here."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sites.importing.rows import Row
from sites.importing.sources import parse_file


def kuma(*monitors: dict[str, Any], by_id: bool = False) -> list[Row]:
    usual = {"type": "http", "active": True, "interval": 60, "accepted_statuscodes": ["200-299"], "tags": [], "method": "GET"}
    rows = [usual | {"id": n, "name": f"m{n}", "url": f"https://m{n}.example/"} | monitor for n, monitor in enumerate(monitors, 1)]
    document = {"version": "1.23.16", "notificationList": [], "monitorList": {str(row["id"]): row for row in rows} if by_id else rows}
    parsed = parse_file(json.dumps(document, indent=4).encode(), 1000)
    assert parsed.source == "uptime-kuma"
    return parsed.rows


@pytest.mark.parametrize("by_id", [False, True])
def test_uptime_kuma_monitor_keeps_name_interval_tags_and_pause(by_id: bool) -> None:
    shop, blog = kuma({"interval": 300, "tags": [{"name": "Client A", "value": ""}]}, {"active": False}, by_id=by_id)
    assert (shop.get("name"), shop.get("url"), shop.get("interval"), shop.get("tags")) == ("m1", "https://m1.example/", "300", "Client-A")
    assert (shop.get("paused"), blog.get("paused")) == ("", "yes")


def test_uptime_kuma_keyword_becomes_words_that_must_or_must_not_be_there() -> None:
    there, not_there = kuma({"type": "keyword", "keyword": "Basket"}, {"type": "keyword", "keyword": "Error", "invertKeyword": True})
    assert (there.get("must_contain"), there.get("must_not_contain")) == ("Basket", "")
    assert (not_there.get("must_contain"), not_there.get("must_not_contain")) == ("", "Error")


def test_uptime_kuma_interval_beyond_ours_is_brought_within_and_told() -> None:
    quick, slow = kuma({"interval": 5}, {"interval": 200_000})
    assert (quick.get("interval"), slow.get("interval")) == ("20", "86400")
    assert "every 5 s; here it is every 20 s" in quick.notes[0] and slow.notes


def test_uptime_kuma_group_becomes_a_tag_of_its_monitors() -> None:
    rows = kuma({"type": "group", "name": "Agency sites"}, {"parent": 1})
    assert [(row.get("name"), row.get("tags")) for row in rows] == [("m2", "Agency-sites")]


@pytest.mark.parametrize("kind", ["ping", "port", "dns", "docker", "push", "steam", "mqtt", "grpc-keyword", None, 7])
def test_uptime_kuma_monitor_of_something_else_is_refused_with_its_kind(kind: object) -> None:
    assert "Only websites are watched here" in kuma({"type": kind})[0].refusal


@pytest.mark.parametrize(("what", "words"), [({"upsideDown": True}, "upside down"), ({"method": "POST"}, "sends POST")])
def test_uptime_kuma_monitor_that_would_be_judged_otherwise_is_refused(what: dict[str, Any], words: str) -> None:
    assert words in kuma(what)[0].refusal


def test_uptime_kuma_statuses_login_and_headers_are_taken_over_or_told() -> None:
    row = kuma({"accepted_statuscodes": ["401", "403"], "authMethod": "basic", "basic_auth_user": "u", "basic_auth_pass": "p w",
                "headers": '{"X": "1"}', "ignoreTls": True})[0]  # fmt: skip
    assert (row.get("expected_status"), row.get("basic_user"), row.values["basic_password"]) == ("401 403", "u", "p w")
    assert len(row.notes) == 2 and "p w" not in repr(row)
    assert "300-399" in kuma({"accepted_statuscodes": ["200-299", "300-399"]})[0].notes[0]


UPTIMEROBOT_CSV = """\
ID,Type,Status,Friendly Name,URL/IP,Keyword Type,Keyword Value,Port
1,HTTP(s),Up,Shop,https://shop.example/,,,
2,Keyword,Paused,Blog,https://blog.example/,not exists,Welcome,
3,Keyword,Up,News,https://news.example/,exists,Fatal error,
4,Ping,Up,Router,192.0.2.1,,,
5,Port,Up,Mail,mail.example,,,25
6,Keyword,Up,Odd,https://odd.example/,,word,
"""


def test_uptimerobot_csv_alarms_the_same_way() -> None:
    parsed = parse_file(UPTIMEROBOT_CSV.encode(), 100)
    shop, blog, news, router, mail, odd = parsed.rows
    assert parsed.source == "uptimerobot" and "interval" in parsed.notes[0]
    assert (shop.get("name"), shop.get("url"), shop.get("paused")) == ("Shop", "https://shop.example/", "")
    assert (blog.get("paused"), blog.get("must_contain")) == ("yes", "Welcome")  # it alarmed when the word did not exist
    assert (news.get("must_not_contain"), news.get("must_contain")) == ("Fatal error", "")
    assert "ping" in router.refusal and "port" in mail.refusal and "must be there or not" in odd.refusal


@pytest.mark.parametrize(
    "document",
    [
        {"stat": "ok", "monitors": [
            {"friendly_name": "Shop", "url": "https://shop.example/", "type": 2, "keyword_type": 2, "keyword_value": "Basket",
             "interval": 300, "status": 0},
            {"friendly_name": "Beat", "url": "https://beat.example/", "type": 5, "interval": 300, "status": 2}]},
        {"nextLink": None, "data": [
            {"friendlyName": "Shop", "url": "https://shop.example/", "type": "KEYWORD", "keywordType": "ALERT_NOT_EXISTS",
             "keywordValue": "Basket", "interval": 300, "status": "PAUSED", "tags": [{"name": "a b"}]},
            {"friendlyName": "Beat", "url": "https://beat.example/", "type": "HEARTBEAT", "interval": 300, "status": "UP"}]},
    ],
    ids=["version 2", "version 3"],
)  # fmt: skip
def test_uptimerobot_answer_of_the_api_is_read(document: dict[str, Any]) -> None:
    parsed = parse_file(json.dumps(document).encode(), 100)
    shop, beat = parsed.rows
    assert parsed.source == "uptimerobot"
    assert (shop.get("must_contain"), shop.get("interval"), shop.get("paused")) == ("Basket", "300", "yes")
    assert "heartbeat" in beat.refusal.lower()


def test_mainwp_export_is_read_without_what_logs_in_to_wordpress() -> None:
    lines = [
        "#", "# Your password is never stored …", "#",
        "site name,url,admin name,admin password,tag,security id,http username,http password,verify certificate,ssl version",
        '"My ""Blog""","https://blog.example/","root","hunter2","Client A,shop","sec-id","htuser","htpass","1","auto"',
        '"","https://nameless.example/","root","hunter2","","","","","1","auto"',
    ]  # fmt: skip
    parsed = parse_file("\r".join(lines).encode(), 100)
    blog, nameless = parsed.rows
    assert parsed.source == "mainwp" and "neither read nor kept" in parsed.notes[0]
    assert (blog.get("name"), blog.get("tags"), blog.get("basic_user")) == ('My "Blog"', "Client-A shop", "htuser")
    assert nameless.get("name") == "nameless.example"
    assert not any(word in str(row.values) for row in parsed.rows for word in ("hunter2", "sec-id", "root"))


@pytest.mark.parametrize("odd", [[1], {}, {"a": 1}, None, 1.5, True])
def test_uptime_kuma_numbers_that_are_none_name_no_group(odd: Any) -> None:
    rows = kuma({"type": "group", "name": "Agency sites", "id": odd}, {"parent": [1]}, {"parent": {}}, {"parent": {"a": 1}})
    assert [row.get("tags") for row in rows] == ["", "", ""]


def test_halves_of_characters_are_replaced_and_their_row_refused() -> None:
    odd, group, well = kuma({"name": "a\ud800b", "authMethod": "\udc00"}, {"type": "\ud800"}, {})
    assert odd.get("name") == "a\ufffdb" and "cannot be stored" in odd.refusal and group.refusal and not well.refusal
    json.dumps([row.as_json() for row in (odd, group, well)], ensure_ascii=False).encode()
