# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Sites that are as they should be, though it looks otherwise."""

from __future__ import annotations

import shutil

from tests.lab import words
from tests.lab.cases.acceptance_at_hand import HTACCESS_PLACES, grown, own_folder, password_line, script, write_grown
from tests.lab.cases.base import PHP, Truth, well
from tests.lab.scene import Scene
from tests.lab.sites import noise
from tests.lab.sites.htaccess_lines import Block, text
from tests.lab.sites.php_site import describe


@well(HTACCESS_PLACES, "static", "php", "wordpress")
def rules_in_odd_handwriting(s: Scene) -> Truth:
    """Line ends of Windows, lines that go on, letters large and small, lines that are read by other servers only."""
    odd: tuple[Block, ...] = (
        ("rewriteENGINE on", 'REWRITERULE "^alter name\\.html$" "/neuer-name.html" [r=301,l]'),
        ("AddType \\", "    image/avif \\", "    .avif"), ("\toptions -INDEXES",), ("ErrorDocument 403 \"Nothing for you here", "ErrorDocument 410 'Gone for good'"),
        ("<ifmodule mod_php5.c>", "php_value memory_limit 256M", "</ifmodule>"), ("<IfModule mod_access_compat.c>", "Order allow,deny", "Allow from all", "</IfModule>"),
        ("<IfVersion < 2.4>", "Deny from all", "</IfVersion>"), ("<IfDefine OLD_SERVER>", "SSLRequireSSL", "RewritEngine On", "</IfDefine>"),
        ("<If \"%{QUERY_STRING} =~ /debug=1/\">", "Header set X-Debug on", "</If>"), ("## <Directory /> php_value Order deny,allow \\", "   this is a remark still"),
        ("SetEnvIf Request_URI \"\\.(?:gif|png)$\" picture", "Header set Cache-Control \"max-age=600\" env=picture"),
    )  # fmt: skip
    blocks = s.rng.sample(odd, s.rng.randint(4, len(odd)))
    write_grown(s, s.at(".htaccess"), *blocks, most=2, newline=s.rng.choice(("\r\n", "\n")))
    return Truth("none", statuses=(200,))


@well(HTACCESS_PLACES, "static")
def rules_that_seem_to_turn_in_circles(s: Scene) -> Truth:
    """The site lies in a folder; a condition ends what would go on for ever."""
    folder = s.rng.choice(("site", "web2025", "relaunch", "htdocs-new", "public"))
    s.folder(s.at(folder))
    for entry in list(s.path(s.www).iterdir()):
        if entry.name not in (folder, ".htaccess"):
            shutil.move(entry, s.path(s.at(f"{folder}/{entry.name}")))
    block: Block = s.rng.choice((
        ("RewriteEngine On", "RewriteCond %{ENV:REDIRECT_STATUS} ^$", f"RewriteRule ^(.*)$ /{folder}/$1 [L]"),
        ("RewriteEngine On", f"RewriteCond %{{REQUEST_URI}} !^/{folder}/", f"RewriteRule ^(.*)$ /{folder}/$1 [L]"),
        ("RewriteEngine On", f"RewriteRule ^{folder}/ - [L]", f"RewriteRule (.*) {folder}/$1"),
        ("RewriteEngine On", f"RewriteRule ^(?!{folder}/)(.*)$ /{folder}/$1 [L]"),
    ))  # fmt: skip
    s.write(s.at(".htaccess"), text([("# the new site", "Options -Indexes"), block]))
    return Truth("none", statuses=(200,))


@well(HTACCESS_PLACES, "static", "php", "wordpress")
def folder_that_asks_for_a_password(s: Scene) -> Truth:
    """And is meant to."""
    folder = own_folder(s, "intern", "members-only", "clients", "espace-prive", "vorstand")
    s.keep(".htpasswd", password_line(s, "anna") + password_line(s, "bert"))
    lines = ["AuthType Basic", 'AuthName "Members"', f'AuthUserFile "{s.path(".htpasswd")}"', "Require valid-user"]
    s.write(s.at(f"{folder}/.htaccess"), text([tuple(lines)]))
    s.pages.append(f"/{folder}/")
    return Truth("none", page=f"/{folder}/", statuses=(200, 401))


@well(HTACCESS_PLACES, "static", "php")
def closed_for_a_planned_hour(s: Scene) -> Truth:
    """503 for everybody but the owner, and when to come back."""
    page = s.rng.choice(("maintenance.html", "wartung.html", "back-soon.html"))
    s.write(s.at(page), words.html(s.rng, "Back soon", "<p>We are renewing the shop. Planned maintenance until this evening.</p>\n" * 3))
    block: Block = (
        f"ErrorDocument 503 /{page}", f"Header always set Retry-After {s.rng.choice((1800, 3600, 7200))}", "RewriteEngine On", f"RewriteCond %{{REMOTE_ADDR}} !^203\\.0\\.113\\.{s.rng.randint(2, 250)}$",
        f"RewriteCond %{{REQUEST_URI}} !^/{page.replace('.', chr(92) + '.')}$", "RewriteRule ^ - [R=503,L]",
    )  # fmt: skip
    write_grown(s, s.at(".htaccess"), block)
    return Truth("none", statuses=(503,))


@well((*HTACCESS_PLACES, "engine"), "static", "php")
def broken_copies_that_nobody_reads(s: Scene) -> Truth:
    """Trials of last week lie beside the file that counts; a page tells what went wrong then."""
    bad = (
        "Order allow,deny\nAllow from all\n",
        "php_value memory_limit 512M\n",
        "<IfModule mod_rewrite.c>\nRewriteEngine On\n",
        "RewriteRule ^(.*)$ /index.php/$1 [R=301, L]\n",
        "RewritEngine On\n",
    )
    for name in s.rng.sample(
        (".htaccess.old", ".htaccess.bak", "htaccess.txt", ".htaccess_", ".htaccess~", ".htaccess.save", "_htaccess"), 3
    ):
        s.write(s.at(name), text(grown(s)[0]) + s.rng.choice(bad), days=s.rng.uniform(1, 9))
    told = (
        "<h2>500 Internal Server Error: what it was</h2>\n<p>The server encountered an internal error or misconfiguration and was unable to complete your request.</p>\n"
        f"<pre>{s.path(s.www)}/.htaccess: Invalid command 'RewritEngine', perhaps misspelled or defined by a module not included in the server configuration</pre>\n"
        "<pre>PHP Fatal error:  Uncaught Error: Call to undefined function layout() in index.php on line 7</pre>\n<p>One letter, two evenings. We are back.</p>\n"
    )
    page = s.rng.choice(("diary", "news-of-the-site", "werkstatt", "journal"))
    s.keep(s.at(f"{page}.html"), words.html(s.rng, "From the workshop", told))
    s.pages.append(f"/{page}.html")
    s.old_lines(noise.old(s, s.rng.randint(4, 30)))
    return Truth("none", page=f"/{page}.html", statuses=(200,))


@well(("plain", "shared", "ovh", "fcgid"), "static", "php")
def script_that_runs_for_its_owner_only(s: Scene) -> Truth:
    """Its mode is unusual and enough; its data are beside it, a broken one is kept without being asked for."""
    name = s.rng.choice(("cgi-bin/guestbook.pl", "cgi-bin/counter.cgi", "scripts/termine.pl"))
    folder = name.partition("/")[0]
    s.keep(s.at(name), script(s), s.rng.choice((0o700, 0o500, 0o711, 0o755, 0o555)))
    s.keep(s.at(f"{folder}/data/entries.txt"), "2026-01-04;Anna;Nice pages!\r\n" * s.rng.randint(3, 30), 0o600)
    s.keep(s.at(f"{folder}/library.inc"), "# read by the script\r\nsub line { return '-' x 20; }\r\n1;\r\n", 0o600)
    s.pages.append(f"/{name}")
    s.old_lines(noise.old(s, s.rng.randint(0, 20)))
    return Truth("none", page=f"/{name}", statuses=(200,))


@well(HTACCESS_PLACES, "static", "php", "wordpress")
def addresses_that_are_gone_on_purpose(s: Scene) -> Truth:
    """410, 403 and 404, as the owner wants it."""
    gone = s.rng.choice(("alter-shop", "summer-2019", "ancien-forum", "pharma"))
    shut = own_folder(s, "backup-store", "archiv-intern", "quellen")
    block: Block = s.rng.choice((
        (f"Redirect gone /{gone}", f"RedirectMatch 404 ^/{shut}/"), (f"Redirect 410 /{gone}", "RewriteEngine On", f"RewriteRule ^{shut}/ - [F]"),
        ("RewriteEngine On", f"RewriteRule ^{gone} - [G]", f"RewriteRule ^{shut}(/|$) - [R=404,L]"),
    ))  # fmt: skip
    write_grown(s, s.at(".htaccess"), block)
    s.pages += [f"/{gone}/", f"/{shut}/"]
    return Truth("none", page=f"/{gone}/", statuses=(200, 403, 404, 410))


@well((*PHP, "ovh"), "php")
def modes_and_links_of_a_careful_owner(s: Scene) -> Truth:
    """Programs are for the owner alone, the library is reached by a link: PHP runs as the owner."""
    site = describe(s)
    shared = s.rng.choice(("shared", "releases/current", "private"))
    s.folder(shared.partition("/")[0], 0o700)
    s.folder(shared, 0o700)
    shutil.move(s.path(s.at(site.library)), s.path(f"{shared}/{site.library}"))
    up = "../" if s.rng.random() < 0.7 else f"{s.place.home}/"
    s.path(s.at(site.library)).symlink_to(f"{up}{shared}/{site.library}")
    s.place.account.own(s.path(s.at(site.library)))
    for file in s.path(f"{shared}/{site.library}").iterdir():
        file.chmod(s.rng.choice((0o600, 0o400, 0o640)))
    s.chmod(f"{shared}/{site.library}", s.rng.choice((0o700, 0o500, 0o750)))
    s.chmod(s.at(site.page), s.rng.choice((0o600, 0o444, 0o644, 0o640)))
    s.chmod(s.at("cache"), 0o700)
    return Truth("none", statuses=(200,))
