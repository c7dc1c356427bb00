# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""PHP's processes and what they wait for: all of them busy, ended by the host, hanging at somebody else's server."""

from __future__ import annotations

import socket
import threading
import time

from tests.lab.cases.base import Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, page_source


def silent_server(s: Scene) -> int:
    """The port of a server that takes calls and never says a word, until the scene is closed."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    s.afterwards(listener.close)
    return int(listener.getsockname()[1])


@case(("plain", "shared"), "php")
def all_processes_are_busy(s: Scene) -> Truth:
    """With something slow that is called from elsewhere; every page then waits for a free one."""
    s.keep(s.at("export.php"), "<?php\nsleep(5);\necho 'done';\n")
    is_over = threading.Event()

    def call() -> None:
        while not is_over.is_set():
            s.place.get("/export.php", seconds=25.0)

    for _ in range(24):
        threading.Thread(target=call, daemon=True).start()
    time.sleep(1.0)
    s.afterwards(time.sleep, 10.0)  # until they are free for the next site
    s.afterwards(is_over.set)
    return Truth("upstream-timeout", also=("script-too-slow",), statuses=(503, 504))


@case(("strict",), "php", times=2)
def ended_by_the_host(s: Scene) -> Truth:
    """PHP-FPM ends what takes too long, without a word in any log of the account."""
    site = describe(s)
    port = silent_server(s)
    line = s.rng.choice(
        ("sleep(10);", f"$x = file_get_contents('http://127.0.0.1:{port}/rates');", f"$s = fsockopen('127.0.0.1', {port}); fgets($s);")
    )
    s.write(s.at(site.page), page_source(s, site, site.title, more=[line]))
    return Truth("script-too-slow", s.at(site.page), also=("php-process-crash",), page=f"/{site.page}", statuses=(502, 503, 504))


@case(("plain", "shared", "engine"), "php", times=2)
def page_waits_for_anothers_server(s: Scene) -> Truth:
    """Rates, a newsletter, a mail server: it takes the call and never answers."""
    site, port = describe(s), silent_server(s)
    line = s.rng.choice((
        f"$rates = json_decode(file_get_contents('http://127.0.0.1:{port}/rates.json'), true);",
        f"$mail = fsockopen('127.0.0.1', {port}, $no, $text, 30); fgets($mail); fclose($mail);",
        f"$db = new mysqli('127.0.0.1', 'stock', 'x', 'stock', {port});",
    ))  # fmt: skip
    s.write(s.at(site.page), page_source(s, site, site.title, more=[line]))
    return Truth("script-too-slow", s.at(site.page), page=f"/{site.page}", statuses=(504,))


@case(("plain", "shared", "engine"), "php")
def every_page_waits_for_anothers_server(s: Scene) -> Truth:
    site, port = describe(s), silent_server(s)
    s.write(
        s.at(site.settings),
        s.read(s.at(site.settings)).decode() + f"$settings['rates'] = file_get_contents('http://127.0.0.1:{port}/rates.json');\n",
    )
    return Truth("upstream-timeout", also=("script-too-slow",), statuses=(504,))


@case(("plain", "shared", "engine"), "php")
def every_page_ends_php(s: Scene) -> Truth:
    """A library that brings PHP down whenever it is loaded."""
    site = describe(s)
    s.write(s.at(site.helpers), s.read(s.at(site.helpers)).decode() + "exec('kill -11 ' . getmypid()); sleep(1);\n")
    return Truth("php-service-crash", also=("php-process-crash",), statuses=(502, 503))
