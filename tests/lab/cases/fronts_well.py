# ruff: noqa: E501 (what a server says stays on one line)
"""Sites that are well behind what answers before them."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import Truth, well
from tests.lab.cases.fronts import BEFORE, always, nginx_line, plain_page
from tests.lab.cases.healthy import WELL
from tests.lab.scene import Scene
from tests.lab.stack.front import Answer


@well(BEFORE, "static", "php")
def robots_are_challenged(s: Scene) -> Truth:
    """Browsers see the site; a program is asked to prove that it is none."""
    page = '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body><noscript>Enable JavaScript and cookies to continue</noscript><script>window._cf_chl_opt={};</script></body></html>'
    s.front(always(Answer(403, page, {"Server": "cloudflare", "cf-mitigated": "challenge", "CF-RAY": "8f2b1c0d9e3a4f5b-FRA"})))
    return Truth("none", statuses=(403,))


@well(BEFORE, "static", "php", "wordpress")
def maintenance_at_the_front(s: Scene) -> Truth:
    page = words.html(s.rng, "Maintenance", "<p>We are moving to a new server tonight and will be back at six.</p>" * 4)
    s.front(always(Answer(503, page, {"Retry-After": "7200", "Server": "nginx"})))
    return Truth("none", statuses=(503,))


@well(("fronted",), "static", "php", "wordpress")
def others_are_turned_away(s: Scene) -> Truth:
    """The log tells of limits and of a server behind that failed strangers; our own requests are answered."""
    s.old_lines([
        nginx_line('limiting requests, excess: 20.450 by zone "perip"', "/wp-login.php").replace("127.0.0.1,", "203.0.113.9,"),
        nginx_line("upstream prematurely closed connection while reading response header from upstream", "/xmlrpc.php", ', upstream: "http://10.0.0.7:8080/xmlrpc.php"').replace("127.0.0.1,", "203.0.113.9,"),
        f"[{time.strftime('%d-%b-%Y %H:%M:%S', time.gmtime())}] WARNING: [pool other] server reached pm.max_children setting (5), consider raising it",
        f"[{time.strftime('%d-%b-%Y %H:%M:%S', time.gmtime())}] WARNING: [pool other] child 81 exited on signal 11 (SIGSEGV) after 3.1 seconds from start",
    ])  # fmt: skip
    return WELL


@well(BEFORE, "static", "php")
def first_redirects_to_the_visitors_language(s: Scene) -> Truth:
    s.front(lambda path, _headers: Answer(302, "", {"Location": f"{s.place.url}/?lang=en"}) if path == "/" else None)
    s.pages = [page for page in s.pages if page != "/"] + ["/"]
    return Truth("none", statuses=(200, 302))


@well(("fronted",), "static", "php")
def article_about_blocked_visitors(s: Scene) -> Truth:
    text = "Sorry, you have been blocked. Error 521: web server is down. Account Suspended. 508 Resource Limit Is Reached. 502 Bad Gateway."
    s.keep(s.at("help.html"), words.html(s.rng, "What these messages mean", f"<p>{text}</p>" + words.paragraphs(s.rng, 8)))
    s.pages = ["/", "/help.html"]
    return WELL


@well(("fronted",), "static", "php")
def slow_front(s: Scene) -> Truth:
    def rule(_path: str, _headers: object) -> None:
        time.sleep(1.5)

    s.front(rule)
    return WELL


@well(("cdn",), "static")
def page_that_says_too_many(s: Scene) -> Truth:
    """Whoever asks too often is asked to wait, and told how long."""
    s.front(always(Answer(429, plain_page(429, "429 Too Many Requests", "Slow down.").body, {"Retry-After": "30"})))
    return Truth("none", statuses=(429,))
