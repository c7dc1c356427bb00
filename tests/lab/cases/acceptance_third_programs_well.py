# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""A portal, a club, a wiki and a shop that are well though their logs, rules and pages look otherwise."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import Truth, well
from tests.lab.scene import Scene
from tests.lab.sites.edits import changed
from tests.lab.sites.php_site import php

WELL = Truth("none", statuses=(200,))


def _day(ago: int, form: str) -> str:
    return time.strftime(form, time.gmtime(time.time() - ago * 86_400))


@well(("plain", "shared", "ovh", "fcgid"), "joomla")
def joomla_with_its_long_rules(s: Scene) -> Truth:
    """Joomla's own rules as it brings them, the installer's folder renamed, and a log of last month's errors and of guessed passwords."""
    s.keep(s.at(".htaccess"), "\n".join([
        "##", "# READ THIS COMPLETELY IF YOU CHOOSE TO USE THIS FILE!", "# The line 'Options +FollowSymLinks' may cause problems with some server configurations.", "##", "", "<IfModule mod_autoindex.c>", "  IndexIgnore *", "</IfModule>", "## Options +FollowSymlinks", "## Options -Indexes", "",
        "<IfModule mod_headers.c>", "\tHeader always set X-Content-Type-Options \"nosniff\"", "\t<FilesMatch \"\\.svg$\">", "\t\tHeader always set Content-Security-Policy \"script-src 'none'\"", "\t</FilesMatch>", "</IfModule>", "",
        "RewriteEngine On", "# RewriteBase /", "RewriteCond %{QUERY_STRING} base64_encode[^(]*\\([^)]*\\) [OR]", "RewriteCond %{QUERY_STRING} (<|%3C)([^s]*s)+cript.*(>|%3E) [NC,OR]", "RewriteCond %{QUERY_STRING} GLOBALS(=|\\[|\\%[0-9A-Z]{0,2}) [OR]",
        "RewriteCond %{QUERY_STRING} _REQUEST(=|\\[|\\%[0-9A-Z]{0,2})", "RewriteRule .* index.php [F]", "", "RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]", "RewriteCond %{REQUEST_URI} !^/index\\.php", "RewriteCond %{REQUEST_FILENAME} !-f", "RewriteCond %{REQUEST_FILENAME} !-d", "RewriteRule .* index.php [L]", "",
        "<IfModule mod_php7.c>", "php_value upload_max_filesize 32M", "</IfModule>", ""]))  # fmt: skip
    rows = [
        f'{_day(n, "%Y-%m-%dT%H:%M:%S+00:00")}\tCRITICAL 192.0.2.{n}\terror\tUncaught Throwable of type Error thrown with message "Class "JFactory" not found". Stack trace: #0 [ROOT]/plugins/system/old/old.php(31): onAfterRoute()'
        for n in range(40, 30, -1)
    ]
    rows += [
        f"{_day(0, '%Y-%m-%dT%H:%M:%S+00:00')}\tINFO 203.0.113.{s.rng.randint(1, 250)}\tjoomlafailure\tUsername and password do not match or you do not have an account yet."
    ] * s.rng.randint(5, 60)
    s.keep(
        s.at("administrator/logs/error.php"),
        "#\n#<?php die('Forbidden.'); ?>\n#Date: 2026-10-01 00:00:00 UTC\n#Fields: datetime\tpriority clientip\tcategory\tmessage\n"
        + "\n".join(rows)
        + "\n",
    )
    s.keep(s.at("_installation_old/index.php"), php("require 'there/is/none.php';"))
    s.keep(s.at("configuration.php.dist"), "<?php\nclass JConfig {\n\tpublic $offline = '1'\n}\n")
    s.pages = ["/", f"/{s.rng.choice(words.PAGES)}"]
    return WELL


@well(("plain", "shared", "ovh", "fcgid"), "static")
def club_that_tidied_up(s: Scene) -> Truth:
    """A page of an old feast is gone on purpose, the board's folder asks for a password, pictures have no list; the file is of Windows."""
    gone = s.rng.choice(("fest-2014.html", "kermesse-2016.html", "turnier2015.htm", "festa-2013.html"))
    s.keep("passwoerter", "kassier:$apr1$Zk3b1v0p$Wc1wU8c1yq0Tt1xYc7m1u0\n")
    s.keep(
        s.at("weg.html"),
        words.html(
            s.rng,
            "Diese Seite gibt es nicht mehr",
            '<p>Der Beitrag wurde auf Wunsch der Abgebildeten entfernt. Zur <a href="/">Startseite</a>.</p>' * 2,
        ),
    )
    s.keep(s.at(".htaccess"), "\r\n".join([
        "# Webmaster: Heinz, 2019", "DirectoryIndex index.html", "ErrorDocument 410 /weg.html", f"Redirect gone /{gone}", "RedirectMatch 301 ^/bilder/(\\d{4})/$ /index.html", "Options -Indexes", "<FilesMatch \"\\.(bak|old|doc)$\">", "  Require all denied", "</FilesMatch>", "AddType text/html .htm", ""]))  # fmt: skip
    s.keep(
        s.at("vorstand/.htaccess"),
        f'AuthType Basic\r\nAuthName "Nur für den Vorstand"\r\nAuthUserFile {s.path("passwoerter")}\r\nRequire valid-user\r\n',
    )
    s.keep(s.at("vorstand/index.html"), words.html(s.rng, "Protokolle"))
    s.keep(s.at("bilder/sommer/01.jpg"), b"\xff\xd8\xff\xe0" + bytes(400))
    s.keep(s.at("index.html.bak"), "<html><body>Internal Server Error")
    for page in ("/vorstand/", "/vorstand/", "/bilder/sommer/", "/index.html.bak", f"/{gone}"):
        s.place.get(page)
    s.pages = ["/", f"/{gone}"]
    return Truth("none", statuses=(200, 410))


@well(("plain", "fcgid", "engine", "own-log", "ovh"), "mediawiki")
def wiki_that_is_read_only(s: Scene) -> Truth:
    """Nobody may write in the wiki while it is being moved; an extension that failed is commented out, one of its pages tells of errors."""
    path = s.at("LocalSettings.php")
    more = [
        "$wgReadOnly = 'Umzug auf den neuen Server bis Freitag; Lesen geht weiter.';",
        "$wgShowExceptionDetails = true;",
        "#wfLoadExtension( 'OldCalendar' );",
        '# require_once "$IP/extensions/OldCalendar/OldCalendar.php";',
    ]
    changed(s, path, "# Add more configuration options below.", "\n".join(["# Add more configuration options below.", *more]), fresh=False)
    s.keep(s.at("extensions/OldCalendar/OldCalendar.php"), "<?php\nclass OldCalendar extends SpecialPage\n\tfunction __construct() {\n")
    s.keep(
        s.at("images/.htaccess"),
        "# Protect against bug T30235\n<IfModule rewrite_module>\n\tRewriteEngine On\n\tRewriteCond %{QUERY_STRING} \\.[^\\\\/:*?\\x22<>|%]+(#|\\?|$) [nocase]\n\tRewriteRule . - [forbidden]\n\tOptions +FollowSymLinks\n</IfModule>\n",
    )
    name = s.rng.choice(("hilfe-fehler-500.html", "erreur-500.html", "server-errors.html"))
    s.keep(
        s.at(name),
        words.html(
            s.rng,
            "500 Internal Server Error",
            "<p>MediaWiki internal error. Exception caught inside exception handler.</p><p>Sorry! This site is experiencing technical difficulties. (Cannot access the database)</p><p>So sieht es aus, wenn der Datenbankserver steht; bitte dem Wikimeister melden.</p>"
            * 2,
        ),
    )
    s.pages = ["/", f"/{name}", "/index.php?title=Fehler_500"]
    return WELL


@well(("plain", "shared", "engine", "cdn"), "prestashop")
def slow_shop_with_a_past(s: Scene) -> Truth:
    """A shop that takes its time, with generated rules, exceptions of last week in its own log and a broken module that is not in use."""
    day = s.rng.randint(4, 9)
    said = "[PrestaShopDatabaseException] Link to database cannot be established: SQLSTATE[HY000] [2002] Connection refused at line 133 in file classes/db/Db.php"
    s.keep(
        s.at(f"var/logs/{_day(day, '%Y%m%d')}_exception.log"),
        "".join(f"*ERROR* \tv8.1.7\t{_day(day, '%Y/%m/%d')} - 03:{n:02d}:11: {said}\r\n" for n in range(10, 40)),
    )
    s.keep(
        s.at("modules/oldpayment/oldpayment.php"),
        "<?php\nclass OldPayment extends PaymentModule\n{\n    public function install() {\n        return parent::install() && $this->registerHook('payment';\n",
    )
    s.keep(s.at("modules/.htaccess"), '<FilesMatch "\\.(tpl|log)$">\nRequire all denied\n</FilesMatch>\n')
    changed(
        s,
        s.at("modules/ps_banner/ps_banner.php"),
        "        return '",
        f"        usleep({s.rng.randint(900_000, 1_700_000)});\n        return '",
        fresh=False,
    )
    if s.place.setup.server == "apache":
        s.keep(s.at(".htaccess"), "\n".join([
            "# ~~start~~ Do not remove this comment, Prestashop will keep automatically the code outside this comment when .htaccess will be generated again", "# .htaccess automaticaly generated by PrestaShop e-commerce open-source solution", "",
            "<IfModule mod_rewrite.c>", "<IfModule mod_env.c>", "SetEnv HTTP_MOD_REWRITE On", "</IfModule>", "", "# Disable Multiviews", "RewriteEngine on", "", "#Domain: 127.0.0.1", "RewriteRule . - [E=REWRITEBASE:/]", "RewriteRule ^api(?:/(.*))?$ %{ENV:REWRITEBASE}webservice/dispatcher.php?url=$1 [QSA,L]", "",
            "# Images", "RewriteCond %{HTTP_HOST} ^127.0.0.1$", "RewriteRule ^([0-9])(\\-[_a-zA-Z0-9-]*)?(-[0-9]+)?/.+\\.jpg$ %{ENV:REWRITEBASE}img/p/$1/$1$2$3.jpg [L]", "# AlphaImageLoader for IE and fancybox", "RewriteRule ^images_ie/?([^/]+)\\.(jpe?g|png|gif)$ js/jquery/plugins/fancybox/images/$1.$2 [L]", "",
            "# Dispatcher", "RewriteCond %{REQUEST_FILENAME} -s [OR]", "RewriteCond %{REQUEST_FILENAME} -l [OR]", "RewriteCond %{REQUEST_FILENAME} -d", "RewriteRule ^.*$ - [NC,L]", "RewriteRule ^.*\\.(?:css|js|jpg|jpeg|gif|png|ico|map)$ - [R=404,L]", "RewriteRule ^.*$ %{ENV:REWRITEBASE}index.php [NC,L]", "</IfModule>", "",
            "AddType application/vnd.ms-fontobject .eot", "AddType font/woff2 .woff2", "<IfModule mod_headers.c>", "\t<FilesMatch \"\\.(ttf|otf|woff|svg)$\">", "\t\tHeader set Access-Control-Allow-Origin \"*\"", "\t</FilesMatch>", "</IfModule>", "<Files composer.lock>", "    # Apache 2.2", "    <IfModule !mod_authz_core.c>",
            "        Order deny,allow", "        Deny from all", "    </IfModule>", "    # Apache 2.4", "    <IfModule mod_authz_core.c>", "        Require all denied", "    </IfModule>", "</Files>",
            "#If rewrite mod isn't enabled", "ErrorDocument 404 /index.php?controller=404", "", "# ~~end~~ Do not remove this comment, Prestashop will keep automatically the code outside this comment when .htaccess will be generated again", ""]))  # fmt: skip
    return WELL
