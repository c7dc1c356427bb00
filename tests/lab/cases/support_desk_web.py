# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""The host's side as a support desk meets it, and sites on web servers that are well for all that."""

from __future__ import annotations

import time
from collections.abc import Mapping

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, PHP, Truth, case, well
from tests.lab.cases.fronts import BEFORE, always, nginx_line, plain_page
from tests.lab.cases.permissions import script
from tests.lab.cases.php_settings import setting
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, page_source, php
from tests.lab.stack.front import Answer

_WELL = Truth("none", statuses=(200,))


# --- the host's side
@case(("fronted",), "php")
def report_that_nobody_waits_for(s: Scene) -> Truth:
    """One page reckons for minutes; the host's proxy waits for one of them, and all other pages are quick."""
    site = describe(s)
    answer = plain_page(504, "504 Gateway Time-out", "")
    s.write(
        s.at(site.page),
        page_source(
            s,
            site,
            "Report",
            more=["set_time_limit(600);", "ignore_user_abort(true);", "// every order since 2009, and each of its lines", "sleep(7);"],
        ),
    )

    def rule(path: str, _headers: Mapping[str, str]) -> Answer | None:
        if not path.startswith(f"/{site.page}"):
            return None
        s.old_lines(
            [
                nginx_line(
                    "upstream timed out (110: Connection timed out) while reading response header from upstream",
                    path,
                    ', upstream: "http://127.0.0.1:8080/"',
                )
            ]
        )
        return answer

    s.front(rule)
    return Truth("script-too-slow", s.at(site.page), (), ("upstream-timeout",), f"/{site.page}", (504,))


@case(BEFORE, "static", "php", "wordpress")
def nothing_left_to_send_it_to(s: Scene) -> Truth:
    """As caches and balancers say it that no machine behind them is well."""
    status, body, headers = s.rng.choice((
        (503, "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n", {"Cache-Control": "no-cache"}),
        (503, "<!DOCTYPE html><html><head><title>503 Backend fetch failed</title></head><body><h1>Error 503 Backend fetch failed</h1><p>Backend fetch failed</p><h3>Guru Meditation:</h3><p>XID: 32770</p><hr><p>Varnish cache server</p></body></html>", {"Via": "1.1 varnish (Varnish/7.1)", "X-Varnish": "32770", "Retry-After": "5"}),
        (502, "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>", {"Server": "awselb/2.0"}),
    ))  # fmt: skip
    s.front(always(Answer(status, body, headers)))
    return Truth("upstream-bad-gateway", statuses=(status,))


# --- well, for all that
@well(APACHE, "static", "php")
def rules_whose_link_leads_nowhere(s: Scene) -> Truth:
    """A link to rules that are gone: Apache takes it for no rules at all."""
    s.path(s.at(".htaccess")).unlink(missing_ok=True)
    s.path(s.at(".htaccess")).symlink_to(f"../releases/{s.rng.randint(1, 90)}/.htaccess")
    s.place.account.own(s.path(s.at(".htaccess")))
    return _WELL


@well(APACHE, "static", "php", "wordpress")
def switch_for_maintenance_that_is_off(s: Scene) -> Truth:
    """Rules that would close the site, did a certain file exist, and some that look as if they went round."""
    folder = s.rng.choice(("public", "cache/pages", "static"))
    lines = (
        "RewriteCond %{DOCUMENT_ROOT}/maintenance.flag -f", "RewriteCond %{REQUEST_URI} !^/maintenance\\.html$", "RewriteRule ^ - [R=503,L]",
        f"RewriteCond %{{DOCUMENT_ROOT}}/{folder}/$1 -f", f"RewriteRule ^(.*)$ /{folder}/$1 [L]",
    )  # fmt: skip
    old = s.read(s.at(".htaccess")).decode() if s.path(s.at(".htaccess")).exists() else ""
    s.write(s.at(".htaccess"), "\n".join(("RewriteEngine On", *lines, "ErrorDocument 503 /maintenance.html", "")) + old)
    s.write(s.at("maintenance.html"), words.html(s.rng, "Back soon"))
    return _WELL


@well(LOGGED, "static", "php")
def knocked_at_every_door(s: Scene) -> Truth:
    """Robots try what they know, in this very minute; the log is full of it, and the site is well."""
    stamp = time.strftime("%a %b %d %H:%M:%S.000000 %Y", time.localtime())
    www, stranger = s.path(s.www), f"203.0.113.{s.rng.randint(2, 250)}"
    said = (
        ("proxy_fcgi:error", "AH01071: Got error 'Primary script unknown'"), ("authz_core:error", f"AH01630: client denied by server configuration: {www}/.git/config"),
        ("core:error", "AH10244: invalid URI path (/cgi-bin/.%2e/.%2e/.%2e/bin/sh)"), ("cgid:error", f"AH02811: stderr from {www}/cgi-bin/test.cgi: script not found or unable to stat"),
        ("auth_basic:error", "AH01618: user admin not found: /wp-admin/"), ("core:error", "AH00036: access to /" + "a" * 300 + " failed: File name too long"),
        ("security2:error", 'ModSecurity: Access denied with code 403 (phase 2). Matched phrase "sleep(" at ARGS:id. [id "942160"] [uri "/xmlrpc.php"]'),
    )  # fmt: skip
    chosen = [s.rng.choice(said) for _ in range(s.rng.randint(20, 90))]
    s.old_lines([f"[{stamp}] [{kind}] [pid 4711:tid 90] [client {stranger}:4{n:04d}] {words_}" for n, (kind, words_) in enumerate(chosen)])
    return _WELL


@well(PHP, "php")
def guard_that_is_there(s: Scene) -> Truth:
    """A file before every page and none after, bounds that are wide enough, a folder for sessions that is there."""
    s.folder("sessions", 0o700)
    s.write(
        s.at("guard/before.php"),
        php("// looks who comes", "if (isset($_GET['union select'])) {", "    http_response_code(403);", "    exit;", "}"),
    )
    lines = [
        f'auto_prepend_file = "{s.path(s.at("guard/before.php"))}"',
        "auto_append_file = none",
        f"open_basedir = {s.place.home}/:/tmp:/usr/share",
        f'session.save_path = "0;0600;{s.path("sessions")}"',
    ]
    setting(s, *lines)
    return _WELL


@well(APACHE, "static", "php")
def guest_book_that_was_closed(s: Scene) -> Truth:
    """The script works, and says by itself that what it was for is over."""
    path = script(s)
    lines = (
        "#!/bin/sh",
        "# closed by the board",
        "echo 'Status: 410 Gone'",
        "echo 'Content-Type: text/html; charset=utf-8'",
        "echo",
        "echo '<h1>The guest book is closed</h1>'",
        "echo 'closed, as said' >&2",
        "",
    )
    s.write(path, "\n".join(lines), s.place.setup.folder_mode)
    return Truth("none", statuses=(200, 410))


@well(APACHE, "static", "php")
def folders_that_may_be_crossed_only(s: Scene) -> Truth:
    """Nobody but the owner lists them; who knows a name gets the file."""
    bits = s.rng.choice((0o711, 0o2711, 0o701))
    for entry in s.path(s.www).rglob("*"):
        if entry.is_dir() and not entry.is_symlink():
            entry.chmod(bits)
        elif entry.is_file():
            entry.chmod(0o604 if s.rng.random() < 0.5 else 0o444)
    s.chmod(s.www, bits)
    return _WELL
