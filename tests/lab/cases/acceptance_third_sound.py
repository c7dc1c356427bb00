# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Sites that answer as their owners want, though something about them looks wrong."""

from __future__ import annotations

import json
import time

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, PHP, Truth, well
from tests.lab.scene import Scene
from tests.lab.sites.clubs_and_shops import club
from tests.lab.sites.frameworks import base_of
from tests.lab.sites.htaccess_lines import with_lines
from tests.lab.sites.php_site import describe, filler, php

WELL = Truth("none", statuses=(200,))
_WEEK = 7 * 86_400


def _stamp(ago_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00", time.gmtime(time.time() - ago_s))


@well(APACHE, "static")
def gone_for_good(s: Scene) -> Truth:
    """A shop that was given up: search engines are told so."""
    old = s.rng.choice(("shop", "boutique", "tienda", "webshop-2019"))
    line = s.rng.choice((f"Redirect gone /{old}", f"RedirectMatch 410 ^/{old}(/.*)?$"))
    s.keep(s.at("404.html"), words.html(s.rng, "404"))
    s.keep(
        s.at(".htaccess"), f'Options -Indexes\nErrorDocument 404 /404.html\nErrorDocument 410 "This shop has closed. Thank you!"\n{line}\n'
    )
    s.pages = ["/", f"/{old}/"]
    return Truth("none", statuses=(200, 410))


@well((*LOGGED, "ovh"), "static", "php")
def preview_behind_a_password(s: Scene) -> Truth:
    """A site that is not published yet: whoever has no password is asked for it, everywhere."""
    name = s.rng.choice((".htpasswd", "private/.htpasswd-preview", ".htusers"))
    s.keep(name, "kundin:$apr1$Kd81xQ2p$/mAdWnrVXjXGrFbre2r7/.\n")
    said = s.rng.choice(("Vorschau: Internal Server", "Aperçu avant ouverture", "Preview - ask the office"))
    lines = [
        "AuthType Basic",
        f'AuthName "{said}"',
        f'AuthUserFile "{s.path(name)}"',
        "Require valid-user",
        f'ErrorDocument 401 "{said}"',
        "",
    ]
    s.write(s.at(".htaccess"), "\n".join(lines))
    return Truth("none", statuses=(401,))


@well((*LOGGED, "ovh"), "php")
def lines_of_every_host_so_far(s: Scene) -> Truth:
    """What control panels of three hosts wrote into it, each for its own server; here they change nothing."""
    block = (
        "# php -- BEGIN cPanel-generated handler, do not edit", "# Set the “ea-php74” package as the default “PHP” programming language.", "<IfModule mime_module>",
        "  AddHandler application/x-httpd-ea-php74___lsphp .php74", "</IfModule>", "# php -- END cPanel-generated handler, do not edit", "<IfModule LiteSpeed>", "CacheEnable public /", "</IfModule>",
        "<IfModule mod_php5.c>", "php_value memory_limit 32M", "php_flag register_globals off", "</IfModule>", "<IfModule mod_suphp.c>", f"suPHP_ConfigPath /home/u{s.rng.randint(1000, 9999)}/public_html", "</IfModule>",
    )  # fmt: skip
    with_lines(s, s.at(".htaccess"), block, rewriting=False)
    s.age(s.at(".htaccess"), s.rng.uniform(0.01, 200))
    return WELL


@well(("plain", "shared", "engine"), "static", "php")
def releases_side_by_side(s: Scene) -> Truth:
    """The docroot is a link to the release that is in use; one that failed lies beside it."""
    now, failed = "20261101093000", "20261102110412"
    s.folder("releases")
    s.path(s.www).rename(s.path(f"releases/{now}"))
    s.path(s.www).symlink_to(f"releases/{now}")
    s.place.account.own(s.path(s.www))
    s.afterwards(s.path(s.www).unlink)
    s.write(f"releases/{failed}/index.php", php(filler(s.rng, 9), "return array(1, 2;"))
    s.write(f"releases/{failed}/.htaccess", "RewriteEngin On\n")
    s.write("releases/FAILED.txt", f"{failed}: smoke test answered 500, rolled back to {now}\n")
    return WELL


@well((*LOGGED, "engine", "ovh"), "laravel")
def down_for_an_hour(s: Scene) -> Truth:
    """`artisan down` with a time to come back, while data is moved; the developer wants it so."""
    down = {
        "except": [],
        "redirect": None,
        "retry": s.rng.choice((900, 1800, 3600)),
        "refresh": None,
        "secret": f"{s.rng.randrange(16**9):09x}",
        "status": 503,
        "template": None,
    }
    s.write(f"{base_of(s)}storage/framework/down", json.dumps(down, indent=4))
    return Truth("none", statuses=(503,))


@well(("plain", "engine", "fcgid"), "static")
def permissions_of_many_hands(s: Scene) -> Truth:
    """Three people and four programs uploaded files, each with permissions of its own; the web server reads them all."""
    for path in sorted(s.path(s.www).rglob("*")):
        path.chmod(
            s.rng.choice((0o711, 0o751, 0o755, 0o775, 0o2755)) if path.is_dir() else s.rng.choice((0o604, 0o644, 0o664, 0o444, 0o755))
        )
    s.path(s.www).chmod(s.rng.choice((0o711, 0o751, 0o2755)))
    return WELL


@well(LOGGED, "static", "php")
def script_beside_its_ancestors(s: Scene) -> Truth:
    """A script of the old kind that works; earlier ones lie about it, with Windows's line ends, lost interpreters and no permission to run."""
    text = s.rng.choice(words.SENTENCES[:6]).replace("'", "")
    name = s.rng.choice(("termine", "agenda", "tides", "search"))
    head = ["#!/bin/sh", f"# {s.rng.choice(words.TITLES)}", "echo 'Content-Type: text/html; charset=utf-8'", "echo", "echo '<h1>OK</h1>'"]
    s.keep(
        s.at(f"cgi-bin/{name}.cgi"),
        "\n".join([*head, *(f"echo '<p>{text}</p>'" for _ in range(6)), ""]),
        s.rng.choice((0o755, 0o705, 0o555)),
    )
    s.keep(s.at(f"cgi-bin/{name}.cgi.old"), '#!/usr/local/bin/perl\r\nprint "hello\\n"\r\n', 0o644)
    s.keep(s.at(f"cgi-bin/{name}-2009.pl.txt"), "#!/usr/bin/perl4\nrequire 'ctime.pl';\n", 0o600)
    s.keep(s.at("cgi-bin/formmail.off"), "#!/usr/bin/perl\nuse CGI;\n", 0o000)
    s.pages = ["/", f"/cgi-bin/{name}.cgi"]
    return WELL


@well((*PHP, "ovh"), "club")
def news_about_failures(s: Scene) -> Truth:
    """A computer club that writes about what its members' sites say when they fail."""
    c = club(s)
    texts = (
        ("Error establishing a database connection", "SQLSTATE[HY000] [1045] Access denied for user root@localhost (using password: YES)"),
        (
            "500 Internal Server Error",
            "Fatal error: Uncaught Error: Call to undefined function mysql_connect() in /home/alt/www/index.php:12",
        ),
        ("Was tun bei HTTP ERROR 503?", "Service Unavailable. AH01079: failed to make connection to backend: httpd-UDS"),
    )
    rows = ", ".join(
        f"('{title}', '{text} - {s.rng.choice(words.SENTENCES[:5])}', '2026-11-{s.rng.randint(1, 20):02d}')" for title, text in texts
    )
    s.databases.run(f"INSERT INTO {c.table} (title, body, posted) VALUES {rows};", c.database.name)
    s.pages = ["/", "/news.php"]
    return WELL


@well((*PHP, "ovh"), "php")
def start_page_in_the_visitors_language(s: Scene) -> Truth:
    """Nothing but a redirect at the front door, to pages that are well."""
    site = describe(s)
    first, second = s.rng.sample(("de", "fr", "es", "it", "nl", "en"), 2)
    for language in (first, second):
        rows = f"implode('', array_map(fn ($row) => '<p>' . $row . '</p>', (new {site.noun}())->rows()))"
        s.keep(s.at(f"{language}/index.php"), php(f"require __DIR__ . '/../{site.start}';", f"echo layout({site.title!r}, {rows});"))
    lines = [
        f"$wanted = substr($_SERVER['HTTP_ACCEPT_LANGUAGE'] ?? '', 0, 2) === '{second}' ? '{second}' : '{first}';",
        "header('Vary: Accept-Language');",
        "header('Location: /' . $wanted . '/', true, 302);",
        "exit;",
    ]
    s.keep(s.at("index.php"), php(filler(s.rng, 2), lines))
    s.pages = ["/", f"/{first}/", f"/{second}/"]
    return Truth("none", statuses=(200, 302))


@well((*LOGGED, "engine", "ovh"), "symfony")
def log_full_of_strangers(s: Scene) -> Truth:
    """The log of a program grows by what robots try, by notes about old ways of doing things, and by a failure that was repaired weeks ago."""
    rng, lines = s.rng, []
    for weeks in (6, 5):
        lines += [
            f'[{_stamp(weeks * _WEEK + rng.uniform(0, 9000))}] request.CRITICAL: Uncaught PHP Exception Doctrine\\DBAL\\Exception\\ConnectionException: "An exception occurred in the driver: SQLSTATE[HY000] [2002] Connection refused" at ExceptionConverter.php line 87 {{}} []'
        ] * 3
    for ago_s in sorted((rng.uniform(20, 3 * 86_400) for _ in range(rng.randint(30, 160))), reverse=True):
        tried = rng.choice(
            ("wp-login.php", ".env", "xmlrpc.php", "administrator/", "old/index.php", "vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php")
        )
        lines.append(rng.choice((
            f'[{_stamp(ago_s)}] request.ERROR: Uncaught PHP Exception Symfony\\Component\\HttpKernel\\Exception\\NotFoundHttpException: "No route found for "GET {s.place.url}/{tried}"" at RouterListener.php line 156 {{}} []',
            f'[{_stamp(ago_s)}] deprecation.INFO: User Deprecated: Since symfony/http-foundation 6.3: Calling "Symfony\\Component\\HttpFoundation\\Request::getContentType()" is deprecated. {{}} []',
            f'[{_stamp(ago_s)}] security.INFO: Authenticator failed. {{"exception":"[object] (BadCredentialsException(code: 0): Bad credentials.)"}} []',
        )))  # fmt: skip
    s.write(f"{base_of(s)}var/log/prod.log", "\n".join(lines) + "\n")
    return WELL


@well((*PHP, "ovh"), "php")
def settings_collected_over_the_years(s: Scene) -> Truth:
    """Settings that no PHP knows any more, dangerous ones that are commented out, a limit without effect."""
    lines = [
        "; -- from the first host, 2011", "register_globals = Off", "magic_quotes_gpc = Off", "suhosin.post.max_vars = 5000", "; auto_prepend_file = /home/www/old/firewall.php",
        ";open_basedir = /home/www/old:/tmp", "[PHP]", "memory_limit = 96M", "# max_execution_time = 1", "post_max_size = 8M", "upload_max_filesize = 64M", "session.gc_maxlifetime = 1", "",
    ]  # fmt: skip
    s.write(s.at(".user.ini"), "\n".join(line for line in lines if not line.startswith("#")))
    time.sleep(1.2)  # PHP remembers these settings for a second
    return WELL


@well((*PHP, "ovh"), "php", "static")
def backups_above_the_site(s: Scene) -> Truth:
    """Copies from before each change lie above the docroot, broken ones among them; nobody asks for them."""
    for year in (2019, 2022):
        folder = f"{s.rng.choice(('backup', 'sicherung', 'old', s.www))}-{year}"
        s.keep(f"{folder}/.htaccess", "php_value memory_limit 64M\nOrder allow,deny\nAllow from all\n<IfModule mod_rewrite.c>\n")
        s.keep(f"{folder}/index.php", php(filler(s.rng, 12), "mysql_connect('localhost', 'web1', 'geheim') or die(mysql_error());"), 0o600)
        s.keep(f"{folder}/includes/functions.php", php(filler(s.rng, 6)).rstrip() + "\nfunction half(")
        s.keep(
            f"{folder}/error_log",
            "[12-Mar-2019 10:11:12 UTC] PHP Fatal error:  Uncaught Error: Call to undefined function half() in /home/old/index.php:14\n",
        )
    s.write("db-export.sql", "-- MySQL dump 10.13\nCREATE TABLE `news` (`id` int);\n")
    return WELL
