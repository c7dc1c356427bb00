from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from django.template import Context, Template
from django.utils import timezone

from sites import wording
from sites.drawing import Bar, Point, curve, nice_top, parse_diff
from sites.templatetags import sitemend


def render(template: str, **values: object) -> BeautifulSoup:
    return BeautifulSoup(Template("{% load sitemend %}" + template).render(Context(values)), "html.parser")


def test_log_shows_markup_and_control_characters_as_text() -> None:
    line = "\x1b[2J<script>alert(1)</script>\u202efdp.exe\x00"
    shown = render("{% log line %}", line=line)
    assert shown.select("script") == []
    assert shown.get_text() == "\\x1b[2J<script>alert(1)</script>\\u202efdp.exe\\x00"


def test_names_are_shown_with_the_joiners_they_are_written_with() -> None:
    assert (
        sitemend.visible("\u0645\u06cc\u200c\u062e \U0001f469\u200d\U0001f4bb\u200b")
        == "\u0645\u06cc\u200c\u062e \U0001f469\u200d\U0001f4bb\\u200b"
    )


def test_log_sets_off_the_words_that_prove_it_without_trusting_them() -> None:
    shown = render("{% log line mark=mark named=1 %}", line="first\nInvalid <b>", mark="<b>")
    assert shown.mark.get_text() == "<b>"
    assert [span["class"] for span in shown.select("span")] == [["log-line"], ["log-line", "named"]]


def test_diff_numbers_lines_and_says_without_colour_what_they_are() -> None:
    text = "--- www/.htaccess\n+++ www/.htaccess\n@@ -11,3 +11,3 @@\n <If>\n-RewritEngine On\n+RewriteEngine On <x>\n -- not a header\n"
    shown = render("{% diff text %}", text=text)
    assert shown.select_one(".diff-head").get_text() == "www/.htaccess"
    rows = [tuple(span.get_text() for span in line.select("span")) for line in shown.select(".diff-line")]
    assert rows == [("11", "", "<If>"), ("12", "-", "RewritEngine On"), ("12", "+", "RewriteEngine On <x>"), ("13", "", "-- not a header")]


def test_diff_of_renames_and_modes_is_read() -> None:
    files = parse_diff("rename www/.htaccess\n    to www/.htaccess.old\n\nwww/a: b.php: 777 -> 604\n")
    assert [(file.path, [(line.sign, line.text) for line in file.lines]) for file in files] == [
        ("www/.htaccess", [("-", "www/.htaccess"), ("+", "www/.htaccess.old")]),
        ("www/a: b.php", [("-", "777"), ("+", "604")]),
    ]


def test_diff_of_several_files_keeps_them_apart() -> None:
    text = "new folder w/inc/ (755)\n\n--- w/a\n+++ w/a\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n\n"
    text += "--- w/b\n+++ w/b\n@@ -0,0 +1 @@\n+one\n\nnew: w/c (14 bytes)\n"
    files = parse_diff(text)
    assert [(file.path, [line.text for line in file.lines]) for file in files] == [
        ("", ["new folder w/inc/ (755)"]), ("w/a", ["x", "y", "z"]), ("w/b", ["one"]), ("", ["new: w/c (14 bytes)"]),
    ]  # fmt: skip


def test_diff_of_a_removed_line_that_looks_like_a_header_stays_a_line() -> None:
    files = parse_diff("--- a\n+++ a\n@@ -1,2 +1,1 @@\n--- x\n b\n")
    assert [(line.sign, line.text) for line in files[0].lines] == [("-", "-- x"), ("", "b")]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (12000, "3 h 20 min"),
        (90000, "1 day"),
        (900000, "10 days"),
    ],
)
def test_duration_is_said_in_its_largest_unit(seconds: int, words: str) -> None:
    assert wording.duration_words(seconds) == words


@pytest.mark.parametrize(("ms", "words"), [(None, "–"), (0.4, "0 ms"), (38.2, "38 ms"), (1900, "1.9 s")])
def test_milliseconds_are_said_as_people_do(ms: float | None, words: str) -> None:
    assert wording.ms_words(ms) == words


def test_time_carries_the_exact_moment_in_the_persons_zone() -> None:
    at = datetime(2026, 11, 22, 2, 12, 4, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Paris")):
        tag = BeautifulSoup(sitemend.moment(at), "html.parser").time
    assert (tag["datetime"], tag["data-exact"], tag["tabindex"]) == ("2026-11-22T02:12:04+00:00", "22 November 2026, 03:12:04 CET", "0")


def test_ago_counts_full_units_and_never_is_in_the_future() -> None:
    now = timezone.now()
    ages = {0: "0 s ago", 59: "59 s ago", 61: "1 min ago", 7300: "2 h ago", 200000: "2 d ago", -5: "0 s ago"}
    assert {age: wording.ago_words(now - timedelta(seconds=age), now) for age in ages} == ages
    assert "never" in sitemend.ago(None)


def test_bars_are_said_for_those_who_do_not_see_them() -> None:
    svg = BeautifulSoup(sitemend.bars([Bar("ok", "1 Nov: well"), Bar("bad", "2 Nov: 3 % <failed>")]), "html.parser").svg
    assert svg["aria-label"] == "2 days: 1 with failures, 0 with hiccups"
    assert svg.select_one("path.ok")["d"] == "M0 0h4v22h-4z"
    assert svg.select_one("rect").title.get_text() == "2 Nov: 3 % <failed>"


def test_curve_keeps_gaps_and_ends_on_a_round_figure() -> None:
    drawn = curve([Point(0, 100), Point(0.5, 350), Point(0.6, None), Point(1, 50)], [(0.9, 0.901)])
    assert (drawn.top, drawn.line) == (400, "M0 75.0 L500.0 12.5 M1000 87.5 L1001 87.5")
    assert drawn.spans == ((900.0, 4.0),)


@pytest.mark.parametrize(("value", "top"), [(0, 10), (10, 10), (11, 20), (350, 400), (601, 1000), (9000, 10000)])
def test_axis_ends_on_a_round_figure(value: float, top: float) -> None:
    assert nice_top(value) == top
