from __future__ import annotations

import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sites.evidence import screenshots
from sites.evidence.devtools import Browser, BrowserError, memory_of_session
from tests.factories import make_site
from tests.http_server import HttpServer, Reply
from tests.sites.evidence.test_showing import keep

needs_chromium = pytest.mark.skipif(not screenshots.program(), reason="chromium is not installed")


def pixel(picture: bytes, x: int, y: int) -> tuple[int, ...]:
    """The colour of one point of a PNG of 8 bits without palette (PNG 1.2, chapter 9: filters)."""
    width, _height, bits, colours = struct.unpack(">IIBB", picture[16:26])
    assert bits == 8
    size = {2: 3, 6: 4}[colours]
    packed, at = b"", 8
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        if picture[at + 4 : at + 8] == b"IDAT":
            packed += picture[at + 8 : at + 8 + length]
        at += 12 + length
    raw, before, step = zlib.decompress(packed), bytearray(width * size), width * size + 1
    for row in range(y + 1):
        way, line = raw[row * step], bytearray(raw[row * step + 1 : (row + 1) * step])
        for n in range(len(line)):
            left, up, corner = line[n - size] if n >= size else 0, before[n], before[n - size] if n >= size else 0
            line[n] = (line[n] + _predicted(way, left, up, corner)) & 255
        before = line
    return tuple(before[x * size : x * size + 3])


def _predicted(way: int, left: int, up: int, corner: int) -> int:
    if way == 4:
        distances = [(abs(up - corner), 0, left), (abs(left - corner), 1, up), (abs(left + up - 2 * corner), 2, corner)]
        return min(distances)[2]
    return (0, left, up, (left + up) // 2)[way]


@needs_chromium
def test_page_is_drawn_and_nothing_is_fetched() -> None:
    with HttpServer() as server:
        server.route("/", Reply())
        there = server.url("/").rstrip("/")
        page = f"""<!doctype html><html><head><title>x</title><link rel="stylesheet" href="{there}/a.css">
            <link rel="preconnect" href="{there}"><style>@import url("{there}/d.css");</style>
            <link rel="prefetch" href="{there}/b"><meta http-equiv="refresh" content="0; url={there}/c"><base href="{there}/">
            <style>body {{ margin: 0; background: rgb(0, 128, 0) }}
            div {{ background: url({there}/e.png) }}</style>
            </head><body><div>x</div><img src="{there}/f.png"><iframe src="{there}/g"></iframe>
            <iframe src="file:///etc/passwd"></iframe>
            <object data="{there}/h"></object><video src="{there}/i" autoplay></video><embed src="{there}/j">
            <script>document.body.style.background = "rgb(255, 0, 0)"; fetch("{there}/k")</script>
            <img src="x" onerror="document.body.style.background='rgb(255, 0, 0)'"><svg><image href="{there}/l"/></svg></body></html>"""
        picture = screenshots.draw(page)
        time.sleep(0.3)
        assert server.requests == []
    assert struct.unpack(">II", picture[16:24]) == (screenshots.WIDTH, screenshots.HEIGHT)
    assert pixel(picture, 980, 30) == (0, 128, 0)
    assert len(picture) < screenshots.PICTURE_LIMIT


@needs_chromium
@pytest.mark.django_db
def test_picture_of_evidence_is_kept_once() -> None:
    kept = keep(make_site(), b"<h1>Internal Server Error</h1>")
    assert screenshots.take(kept) is True
    assert screenshots.path_of(kept).read_bytes().startswith(b"\x89PNG")
    assert screenshots.take(kept) is False
    assert screenshots.take(keep(make_site(), b"{}", (("Content-Type", "application/json"),))) is False
    assert screenshots.take(keep(make_site(), b"")) is False


@needs_chromium
@pytest.mark.django_db
def test_equal_pages_are_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    draw = screenshots.draw
    monkeypatch.setattr(screenshots, "draw", lambda page: drawn.append(page) or draw(page))
    first, second, other = (keep(make_site(), body) for body in (b"<h1>Equal</h1>", b"<h1>Equal</h1>", b"<h1>Other</h1>"))
    assert [screenshots.take(kept) for kept in (first, second, other)] == [True, True, True]
    assert drawn == ["<h1>Equal</h1>", "<h1>Other</h1>"]
    assert screenshots.path_of(first).read_bytes() == screenshots.path_of(second).read_bytes()

    first.delete()
    other.delete()
    assert screenshots.prune() >= 2
    assert screenshots.take(keep(make_site(), b"<h1>Equal</h1>", url="https://later.example/")) is True
    assert len(drawn) == 2  # the second still has the picture
    assert screenshots.take(keep(make_site(), b"<h1>Other</h1>", url="https://later.example/")) is True
    assert len(drawn) == 3


@pytest.mark.django_db
def test_without_a_chromium_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screenshots, "_PROGRAMS", ("no-such-browser",))
    assert screenshots.take(keep(make_site())) is False
    with pytest.raises(screenshots.NoPicture):
        screenshots.draw("<h1>x</h1>")


def browser(tmp_path: Path, script: str, seconds: float = 1.0, memory: int = 1 << 40) -> Browser:
    program = tmp_path / "browser"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Browser([str(program)], str(tmp_path), time_limit_s=seconds, memory_limit=memory)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sleep 60", "too long"),
        ("exit 1", "ended"),
        ("printf 'nonsense\\0' >&4; sleep 60", "cannot be read"),
        ('printf \'{"id": 1, "error": {"message": "no such thing"}}\\0\' >&4; sleep 60', "no such thing"),
    ],
)
def test_browser_that_misbehaves_is_ended(tmp_path: Path, script: str, words: str) -> None:
    with browser(tmp_path, script) as started, pytest.raises(BrowserError, match=words):
        started.call("Target.createTarget")
    assert started._process is not None
    assert started._process.returncode is not None


def test_browser_that_takes_much_memory_is_ended(tmp_path: Path) -> None:
    with browser(tmp_path, "sleep 60", seconds=20, memory=1) as started, pytest.raises(BrowserError, match="memory"):
        started.call("Target.createTarget")


def test_memory_of_a_session_counts_its_processes() -> None:
    assert memory_of_session(os.getsid(0)) > 1 << 20
    assert memory_of_session(-1) == 0


def test_rule_stands_before_all_that_a_page_says() -> None:
    said = screenshots.harmless(
        '<!-- x --><!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src *"><base href="/"><p>Hi'
    )
    assert said.startswith('<!-- x --><!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src \'none\'')
    assert "default-src *" not in said
    assert "<base" not in said
    assert said.endswith("<p>Hi")


@needs_chromium
@pytest.mark.django_db
def test_secrets_are_left_out_of_the_picture_too() -> None:
    pages = [f"<h1>Broken</h1><p style='font-size: 90px'>password={word}</p>".encode() for word in ("hunter2", "correct-horse")]
    kept = [keep(make_site(), page) for page in pages]
    assert all(screenshots.take(each) for each in kept)
    first, second = (screenshots.path_of(each).read_bytes() for each in kept)
    assert first == second
    assert "hunter2" not in screenshots._page_of(kept[0])


@pytest.fixture
def spy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], list[str]]]:
    """Draws with a browser that does what the script says, and answers how it was started."""
    with TemporaryDirectory() as open_to_all:
        folder = Path(open_to_all)
        folder.chmod(0o777)  # noqa: S103 - for root the browser is run by nobody
        program, log = folder / "browser", folder / "log"
        monkeypatch.setattr(screenshots, "_PROGRAMS", (str(program),))
        monkeypatch.setattr(screenshots, "TIME_LIMIT_S", 1.0)

        def started(script: str) -> list[str]:
            program.write_text(f'#!/bin/sh\ncase "$*" in *--no-sandbox*) echo open >>{log};; *) echo shut >>{log};; esac\n{script}\n')
            program.chmod(0o755)
            with pytest.raises(screenshots.NoPicture):
                screenshots.draw("<h1>x</h1>")
            return log.read_text().split()

        yield started


_ASKED = "head -c 1 <&3 >/dev/null"  # the first call has come: else the pipe could break before anything was said
_FIRST = _ASKED + r"""; printf '{"id": 1, "result": {"targetId": "t"}}\0' >&4"""


@pytest.mark.parametrize("script", [f"{_FIRST}; exit 1", f"{_FIRST}; sleep 9", "sleep 9", _ASKED + r"; printf '{\0' >&4; exit 1"])
def test_sandbox_stays_whatever_a_page_does(spy: Callable[[str], list[str]], script: str) -> None:
    assert spy(script) == ["shut"]


def test_sandbox_is_left_out_where_the_browser_does_not_start_with_it(spy: Callable[[str], list[str]]) -> None:
    assert spy("exit 1") == (["shut", "open"] if os.geteuid() == 0 else ["shut"])
