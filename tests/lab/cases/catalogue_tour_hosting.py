# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Once through the catalogue: the host's own limits, and sites that are well."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping

from tests.lab import words
from tests.lab.cases.base import APACHE, PHP, SHOWN, Truth, case, well
from tests.lab.cases.catalogue_tour_htaccess import at_the_end
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import REWRITING, Block, blocks, text, with_lines
from tests.lab.sites.php_site import describe, page_source, php
from tests.lab.stack.front import Answer

# --- the host


@case(("fronted", "cdn"), "static", "php")
def too_much_at_once(s: Scene) -> Truth:
    """Now and then the host refuses, since the plan allows so many programs at a time."""
    status, title = s.rng.choice(
        ((508, "Resource Limit Is Reached"), (508, "508 Resource Limit Is Reached"), (503, "Resource Limit Is Reached"))
    )
    said = "The website is temporarily unable to service your request as it exceeded resource limit. Please try again later."
    page = f"<!DOCTYPE HTML>\n<html><head><title>{title}</title></head><body><h1>{title}</h1>\n{said}\n<hr></body></html>\n"
    turns = itertools.cycle(s.rng.choice(((True, False), (True, True, False), (False, True, True))))

    def rule(_path: str, _headers: Mapping[str, str]) -> Answer | None:
        return Answer(status, page) if next(turns) else None

    s.front(rule)
    return Truth("resource-limit-reached", statuses=(status,), of=4)


# --- sites that are well


@well(APACHE, "static", "php")
def rules_of_many_years(s: Scene) -> Truth:
    """Odd, long, with Windows line ends, half of it for servers that are not there: and sound."""
    around = [block for block in blocks(s.rng, 2, 6) if block not in REWRITING and not any("\\" in line[-1:] for line in block)]
    odd: list[Block] = [
        ("<IfModule mod_php5.c>", "php_value memory_limit 128M", "php_flag register_globals off", "</IfModule>"),
        ("<IfVersion < 2.4>", "  Order Allow,Deny", "  Deny from env=bad_bot", "</IfVersion>"),
        ("<IfModule LiteSpeed>", "CacheLookup on", "</IfModule>"), ("# RewriteRule ^(.*$ /broken [L", "#</IfModule>"),
        ("<ifmodule MOD_REWRITE.C>", "rewriteengine ON", "RewriteCond %{HTTP_USER_AGENT} (libwww-perl|^$|[<>']) [nc]", "RewriteRule .* - [f,l]", "</ifmodule>"),
    ]  # fmt: skip
    s.rng.shuffle(odd)
    s.write(s.at(".htaccess"), text([*odd, *around], s.rng.choice(("\r\n", "\n"))))
    return Truth("none", statuses=(200,))


@well(PHP, "php")
def program_that_complains_without_end(s: Scene) -> Truth:
    """Warnings at every page, errors of a service elsewhere that it lives without, and modes that somebody gave in despair."""
    site = describe(s)
    more = [
        "$unknown = $_GET['lang'] . '';", "trigger_error('Rates are older than a day', E_USER_WARNING);", "try {",
        "    throw new RuntimeException('Connection to rates.example:443 failed: timed out');", "} catch (RuntimeException $e) {",
        "    error_log('PHP Fatal error:  Uncaught ' . $e);", "}",
    ]  # fmt: skip
    s.write(s.at("index.php"), page_source(s, site, site.title, more=more))
    for name in (site.helpers, site.class_file):
        s.chmod(s.at(name), 0o666)
    return Truth("none", statuses=(200,))


@well(APACHE, "php", "static")
def closed_for_the_evening(s: Scene) -> Truth:
    """Everybody but the owner is told when to come back."""
    hours = s.rng.choice((1800, 3600, 7200))
    s.write(s.at("closed.html"), words.html(s.rng, "We are rebuilding", f"<p>{s.rng.choice(words.SENTENCES)}</p>" * 4))
    planted = (
        "ErrorDocument 503 /closed.html", f'Header always set Retry-After "{hours}"', "RewriteCond %{REMOTE_ADDR} !^203\\.0\\.113\\.\\d+$",
        "RewriteCond %{REQUEST_URI} !^/closed\\.html$", "RewriteRule ^ - [R=503,L]",
    )  # fmt: skip
    with_lines(s, s.at(".htaccess"), planted, rewriting=True)
    return Truth("none", statuses=(503,))


@well(SHOWN, "php")
def answers_for_web_masters(s: Scene) -> Truth:
    """A page on errors, beside broken files that nobody asks for and a log of an error that was repaired weeks ago."""
    site, name = describe(s), f"{s.rng.choice(('faq', 'tips', 'glossary'))}.php"
    www = s.path(s.www)
    quoted = [
        "Fatal error: Uncaught Error: Call to undefined function mysql_connect() in /home/you/public_html/config.php:12", "500 Internal Server Error",
        "Connection failed: Access denied for user 'you'@'localhost' (using password: YES)", "Allowed memory size of 134217728 bytes exhausted",
    ]  # fmt: skip
    body = "".join(f"<h2>What does this mean?</h2><pre>{line}</pre><p>{s.rng.choice(words.SENTENCES)}</p>" for line in quoted)
    s.write(s.at(name), php(f"require __DIR__ . '/{site.start}';", f"$body = <<<HTML\n{body}\nHTML;", "echo layout('Questions', $body);"))
    s.keep(s.at("old/index.php"), "<?php\nif (true) {\n    mysql_connect('localhost'\n")
    s.keep(s.at("old/.htaccess.bak"), "Order deny,allow\nphp_value memory_limit 8M\n<IfModule\n")
    s.keep(s.at(f"{site.library}/{site.noun}.php.orig"), "<?php class {\n")
    stamp = time.strftime("%d-%b-%Y %H:%M:%S", time.gmtime(time.time() - s.rng.uniform(20, 60) * 86_400))
    s.keep(
        s.at("old/error_log"), f"[{stamp} UTC] PHP Parse error:  syntax error, unexpected end of file in {www}/{site.helpers} on line 9\n"
    )
    s.pages = ["/", f"/{name}"]
    return Truth("none", page=f"/{name}", statuses=(200,))


@well(APACHE, "static")
def shut_doors(s: Scene) -> Truth:
    """One folder is for the house alone, one page is gone for good: as the owner wants it."""
    folder, gone = f"{s.rng.choice(words.FOLDERS)}-intern", f"{s.rng.choice(words.PAGES)}-{s.rng.randint(2001, 2015)}.html"
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
    s.keep(
        s.at(f"{folder}/.htaccess"),
        s.rng.choice(("Require ip 203.0.113.0/24\n", "Require all denied\n", "RewriteEngine On\nRewriteRule ^ - [F]\n")),
    )
    at_the_end(s, s.at(".htaccess"), (f"Redirect gone /{gone}",))
    page, status = s.rng.choice(((f"/{folder}/", 403), (f"/{gone}", 410)))
    s.pages = ["/", page]
    return Truth("none", page=page, statuses=(200, status))
