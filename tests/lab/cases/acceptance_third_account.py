# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""What lies around a program: scripts of the old kind, permissions, room on the disk, other people's servers, the host's PHP."""

from __future__ import annotations

import socket

from tests.lab import words
from tests.lab.cases.base import LOGGED, PHP, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, filler, page_source, php


def _script(s: Scene, first: str, lines: list[str]) -> str:
    """A script of the old kind that may be run; its path."""
    name = s.rng.choice(("formmail", "guestbook", "termine", "compteur", "anmeldung", "search")) + s.rng.choice((".cgi", ".pl"))
    path = s.at(f"cgi-bin/{name}")
    s.keep(path, "\n".join([first, *lines, ""]), 0o755)
    s.pages = ["/"]
    return path


def _perl(s: Scene) -> list[str]:
    text = s.rng.choice(words.SENTENCES[:6]).replace("'", "")
    return [
        "use strict;",
        "use warnings;",
        f"# {s.rng.choice(words.TITLES)}",
        'print "Content-type: text/html\\n\\n";',
        f"print '<h1>OK</h1>', '<p>{text}</p>' x 5;",
    ]


@case((*LOGGED, "ovh"), "static", "php")
def form_mailer_without_its_module(s: Scene) -> Truth:
    """A script in Perl that ran for fifteen years; the new server's Perl lacks a module. Only who runs it learns the line."""
    module = s.rng.choice(("CGI qw(:standard)", "Mail::Sendmail", "HTML::Template", "CGI::Session", "MIME::Lite"))
    lines = _perl(s)
    lines[2:2] = [f"use {module};"]
    path = _script(s, s.rng.choice(("#!/usr/bin/perl", "#!/usr/bin/perl -w")), lines)
    return Truth("cgi-script-error", path, (), ("cgi-no-output",), page=f"/{path.partition('/')[2]}")


@case((*LOGGED, "ovh"), "static", "php")
def script_for_another_machine(s: Scene) -> Truth:
    """The first line names the interpreter where the old host had it, or one that is no longer there."""
    if s.rng.random() < 0.6:
        first, lines = s.rng.choice(("#!/usr/local/bin/perl", "#!/usr/bin/perl5.8", "#!/opt/perl/bin/perl -w")), _perl(s)
    else:
        first = s.rng.choice(("#!/usr/bin/python", "#!/usr/bin/python2.7"))
        lines = ["# -*- coding: utf-8 -*-", "print('Content-Type: text/html')", "print('')", "print('<h1>OK</h1>' * 20)"]
    path = _script(s, first, lines)
    return Truth("cgi-interpreter-missing", path, (1,), page=f"/{path.partition('/')[2]}")


@case((*PHP, "ovh"), "php")
def counter_that_may_not_count(s: Scene) -> Truth:
    """The files came back from a CD, where nothing can be written; the number of visitors cannot go up any more."""
    site = describe(s)
    name = s.rng.choice(("counter", "zaehler", "compteur", "visits"))
    where = s.rng.choice((f"{site.library}/{name}.txt", f"{name}.txt", f"data/{name}.dat"))
    script = s.at(f"{name}.php")
    lines = [
        "function visits(string $file): int", "{", "    $handle = fopen($file, 'r+');", "    flock($handle, LOCK_EX);", "    $count = (int) fgets($handle) + 1;",
        "    rewind($handle);", "    fwrite($handle, (string) $count);", "    fclose($handle);", "    return $count;", "}",
    ]  # fmt: skip
    s.keep(script, php(filler(s.rng, s.rng.randint(0, 12)), lines))
    s.keep(
        s.at("index.php"),
        page_source(s, site, site.title, more=[f"require __DIR__ . '/{name}.php';", f"$visits = visits(__DIR__ . '/{where}');"]),
    )
    s.keep(s.at(where), f"{s.rng.randint(900, 90_000)}\n", 0o444)
    return Truth("folder-not-writable", s.at(where), (), ("file-unreadable",), paths=(script,))


@case(("plain", "engine", "own-log", "shared"), "php")
def backups_that_fill_the_room(s: Scene) -> Truth:
    """Nightly backups pile up where the program keeps its pages, until there is no room for one more."""
    site = describe(s)
    mounted = s.small_disk(s.at("cache"), 512)
    names = [f"backup-2026-{month:02d}-01.zip" for month in range(1, 9)] if mounted else []
    for name in names:
        path = s.path(s.at(f"cache/{name}"))
        with path.open("wb", buffering=0) as file:
            try:
                for _ in range(16):
                    file.write(b"PK\x03\x04" * 1024)
            except OSError:
                pass
        s.place.account.own(path)
    lines = [
        "$page = str_repeat('<p>' . date('c') . '</p>', 400);", "if (file_put_contents(__DIR__ . '/cache/' . md5(__FILE__) . '.html', $page) !== strlen($page)) {",
        "    throw new RuntimeException('The page could not be kept in the cache.');", "}",
    ]  # fmt: skip
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=lines))
    return Truth("disk-full", s.at("cache"), paths=(s.at("index.php"), *(s.at(f"cache/{name}") for name in names)))


@case(("plain", "shared", "engine"), "php")
def weather_from_elsewhere(s: Scene) -> Truth:
    """One page asks another company's server at every visit, and that server takes calls without ever answering."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    s.afterwards(listener.close)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/{s.rng.choice(('forecast', 'tides', 'rates', 'trains'))}?id={s.rng.randint(100, 9999)}"
    site = describe(s)
    lines = [
        "$context = stream_context_create(['http' => ['timeout' => 12, 'header' => 'Accept: application/json']]);",
        f"$answer = json_decode((string) file_get_contents('{url}', false, $context), true);", "$temperature = $answer['now'] ?? '?';",
    ]  # fmt: skip
    s.write(s.at(site.page), page_source(s, site, site.page.removesuffix(".php").capitalize(), more=lines))
    s.pages = ["/"]
    line = s.line_of(s.at(site.page), "file_get_contents(")
    return Truth("script-too-slow", s.at(site.page), (line,), page=f"/{site.page}", statuses=(504,))


@case(("dead",), "php")
def php_of_the_host_stopped(s: Scene) -> Truth:
    """Since the host's maintenance of last night pages in PHP are unavailable; what is plain HTML still comes."""
    s.keep(s.at("hinweis.html"), words.html(s.rng, s.rng.choice(words.TITLES)))
    return Truth("php-service-down", statuses=(503,))
