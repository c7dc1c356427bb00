# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""WordPress sites that are well, though they look odd: networks, firewalls, caches, closed doors, a site that is not open yet, leftovers."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import Truth, well
from tests.lab.scene import Scene
from tests.lab.sites import noise
from tests.lab.sites.blog_parts import option, plugin_file, renewed
from tests.lab.sites.blog_surroundings import make_network, network_settings
from tests.lab.sites.htaccess_lines import text
from tests.lab.sites.php_site import php
from tests.lab.sites.wordpress_site import BLOCK, config, describe, plugin

WELL = Truth("none", statuses=(200,))
_APACHE = ("plain", "shared", "ovh", "fcgid")


@well(("plain", "shared", "engine", "ovh"), "wordpress")
def network_of_two_blogs(s: Scene) -> Truth:
    """A network in folders, with the rules of one and a second blog that has tables of its own."""
    second = s.rng.choice(("jugend", "equipe", "kids", "section-nord"))
    make_network(s, second)
    s.keep(s.at("wp-config.php"), config(s, more=network_settings(s)))
    if s.place.setup.server == "apache":
        s.keep(s.at(".htaccess"), "\n".join([
            "# BEGIN WordPress Multisite", "# Using subfolder network type", "RewriteEngine On", "RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]", "RewriteBase /", "RewriteRule ^index\\.php$ - [L]", "",
            "# add a trailing slash to /wp-admin", "RewriteRule ^([_0-9a-zA-Z-]+/)?wp-admin$ $1wp-admin/ [R=301,L]", "", "RewriteCond %{REQUEST_FILENAME} -f [OR]", "RewriteCond %{REQUEST_FILENAME} -d", "RewriteRule ^ - [L]",
            "RewriteRule ^([_0-9a-zA-Z-]+/)?(wp-(content|admin|includes).*) $2 [L]", "RewriteRule ^([_0-9a-zA-Z-]+/)?(.*\\.php)$ $2 [L]", "RewriteRule . index.php [L]", "", "# END WordPress Multisite", ""]))  # fmt: skip
    s.pages = ["/", f"/{second}/"]
    return WELL


@well(("shared", "fcgid", "own-log", "ovh"), "wordpress")
def firewall_before_every_page(s: Scene) -> Truth:
    """A security plugin's loader, named rightly in .user.ini; .htaccess keeps the old host's path in a section that does not count."""
    waf = s.at("wordfence-waf.php")
    s.keep(waf, php("// Before removing this file, please verify the PHP ini setting `auto_prepend_file` does not point to this.", "", "if (file_exists(__DIR__ . '/wp-content/plugins/wordfence/waf/bootstrap.php')) {", "\tdefine('WFWAF_LOG_PATH', __DIR__ . '/wp-content/wflogs/');",
                    "\tinclude_once __DIR__ . '/wp-content/plugins/wordfence/waf/bootstrap.php';", "}"))  # fmt: skip
    s.keep(s.at(".user.ini"), f"; Wordfence WAF\nauto_prepend_file = '{s.path(waf)}'\n; END Wordfence WAF\n")
    if s.place.setup.server == "apache":
        s.keep(s.at(".htaccess"), text([BLOCK, (
            "", "# Wordfence WAF", "<IfModule mod_php5.c>", "\tphp_value auto_prepend_file '/home/oldone/public_html/wordfence-waf.php'", "</IfModule>", "<IfModule LiteSpeed>", "\tphp_value auto_prepend_file '/home/oldone/public_html/wordfence-waf.php'", "</IfModule>",
            '<Files ".user.ini">', "<IfModule mod_authz_core.c>", "\tRequire all denied", "</IfModule>", "<IfModule !mod_authz_core.c>", "\tOrder deny,allow", "\tDeny from all", "</IfModule>", "</Files>", "", "# END Wordfence WAF")]))  # fmt: skip
    return WELL


@well(("plain", "shared", "engine", "own-log"), "wordpress")
def talkative_debug_log(s: Scene) -> Truth:
    """WP_DEBUG was left on; every page adds warnings and notes of old code to debug.log, and visitors see none of them."""
    slug = s.rng.choice(describe(s).plugins)
    body = ["    $options = get_option('cookie_bar', array());", "    if ($options['colour'] ?? false) { return false; }", "    $label = $options['label'];", "    $text = utf8_encode((string) $label);", "    trigger_error('Timer: cache is cold, fatal error handler not needed', E_USER_NOTICE);"]  # fmt: skip
    path = s.path(renewed(s, slug, body, is_old=True))
    debug = "define( 'WP_DEBUG', true );\ndefine( 'WP_DEBUG_LOG', true );\ndefine( 'WP_DEBUG_DISPLAY', false );\n@ini_set( 'display_errors', 0 );"
    s.keep(s.at("wp-config.php"), s.read(s.at("wp-config.php")).decode().replace("define( 'WP_DEBUG', false );", debug))
    old = time.strftime("%d-%b-%Y %H:%M:%S UTC", time.gmtime(time.time() - 86_400 * s.rng.randint(3, 60)))
    s.keep(
        s.at("wp-content/debug.log"),
        f"[{old}] PHP Fatal error:  Uncaught TypeError: strlen(): Argument #1 ($string) must be of type string, array given in {path}:88\nStack trace:\n#0 {{main}}\n  thrown in {path} on line 88\n"
        * 3,
    )
    for page in ("/", "/?p=4", "/?s=brot"):
        s.place.get(page)
    return WELL


@well(_APACHE, "wordpress")
def pages_from_the_cache(s: Scene) -> Truth:
    """Rules before WordPress's own serve pages from a cache of files; its drop-in goes on where the plugin is not there any more."""
    s.keep(
        s.at("wp-config.php"),
        config(
            s, more=["define( 'WP_CACHE', true );", f"define( 'WPCACHEHOME', '{s.path(s.at('wp-content/plugins/wp-super-cache'))}/' );"]
        ),
    )
    s.keep(s.at("wp-content/advanced-cache.php"), php("# WP SUPER CACHE 1.2", "if ( ! defined( 'WPCACHEHOME' ) || ! file_exists( WPCACHEHOME . 'wp-cache-phase1.php' ) ) {", "\treturn;", "}", "include_once WPCACHEHOME . 'wp-cache-phase1.php';"))  # fmt: skip
    title = s.rng.choice(words.TITLES)
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - 7200))
    page = words.html(s.rng, title).replace(
        "</html>",
        f"</html>\n<!-- Dynamic page generated in 0.642 seconds. -->\n<!-- Cached page generated by WP-Super-Cache on {stamp} -->",
    )
    s.write(s.at("wp-content/cache/supercache/127.0.0.1/index.html"), page, days=7200 / 86_400)
    s.keep(
        s.at("wp-content/cache/.htaccess"),
        "# BEGIN supercache\n<IfModule mod_headers.c>\n  Header set Vary \"Accept-Encoding, Cookie\"\n  Header set Cache-Control 'max-age=3, must-revalidate'\n</IfModule>\n# END supercache\n",
    )
    s.keep(s.at(".htaccess"), text([(
        "# BEGIN WPSuperCache", "<IfModule mod_rewrite.c>", "RewriteEngine On", "RewriteBase /", "#If you serve pages from behind a proxy you may want to change 'RewriteCond %{HTTPS} on'", "AddDefaultCharset UTF-8", "RewriteCond %{REQUEST_URI} !^.*[^/]$", "RewriteCond %{REQUEST_URI} !^.*//.*$", "RewriteCond %{REQUEST_METHOD} !POST",
        "RewriteCond %{QUERY_STRING} ^$", "RewriteCond %{HTTP:Cookie} !^.*(comment_author_|wordpress_logged_in|wp-postpass_).*$", "RewriteCond %{HTTP:X-Wap-Profile} !^[a-z0-9\\\"]+ [NC]", "RewriteCond %{DOCUMENT_ROOT}/wp-content/cache/supercache/%{SERVER_NAME}/$1index.html -f",
        'RewriteRule ^(.*) "/wp-content/cache/supercache/%{SERVER_NAME}/$1index.html" [L]', "</IfModule>", "", "# END WPSuperCache", ""), BLOCK]))  # fmt: skip
    return WELL


@well(("plain", "shared", "fcgid"), "wordpress")
def doors_closed_on_purpose(s: Scene) -> Truth:
    """The login is for one address only and some doors are shut; strangers fill the log with refusals."""
    s.keep(s.at(".htaccess"), text([
        ("<Files wp-login.php>", f"    Require ip 198.51.100.{s.rng.randint(2, 99)} 2001:db8::/64", "</Files>", '<FilesMatch "^(xmlrpc\\.php|readme\\.html|wp-config.*)$">', "    Require all denied", "</FilesMatch>", ""),
        ("<IfModule mod_rewrite.c>", "RewriteEngine On", "RewriteCond %{QUERY_STRING} ^author=\\d+ [NC]", "RewriteRule ^ - [F]", "RewriteCond %{HTTP_USER_AGENT} (nikto|sqlmap|MJ12bot|^$) [NC]", "RewriteRule ^ - [F,L]", "RewriteRule ^wp-admin/includes/ - [F,L]", "RewriteRule ^wp-includes/[^/]+\\.php$ - [F,L]",
         "RewriteRule ^(\\.git|\\.env|backup) - [R=404,L]", "</IfModule>", ""), BLOCK,
    ]))  # fmt: skip
    s.keep(s.at("wp-content/uploads/.htaccess"), '<FilesMatch "\\.ph(p[3-8]?|tml|ar)$">\nRequire all denied\n</FilesMatch>\n')
    for page in (
        "/wp-login.php",
        "/xmlrpc.php",
        "/?author=1",
        "/.env",
        "/wp-admin/includes/file.php",
        "/wp-login.php?action=register",
        "/wp-config.php.bak",
    ):
        s.place.get(page)
    return WELL


@well(("plain", "fcgid", "ovh", "fronted"), "wordpress")
def not_open_yet(s: Scene) -> Truth:
    """The owner's plugin shows visitors a page of its own until the opening day, with 503 and a Retry-After as it should be."""
    slug = s.rng.choice(describe(s).plugins)
    title, said = s.rng.choice((
        ("Bald ist es soweit", "Unsere neue Seite geht am 1. Dezember online. Bis dahin erreichen Sie uns wie gewohnt am Telefon."), ("Bientôt en ligne", "Notre nouveau site ouvre ses portes le 1er décembre. D'ici là, appelez-nous, nous répondons avec plaisir."),
        ("Coming soon", "Our new site opens on the first of December. Until then please give us a call, we are happy to help you."), ("Muy pronto", "Nuestra nueva web abre el 1 de diciembre. Mientras tanto puede llamarnos por teléfono, con mucho gusto."),
    ))  # fmt: skip
    s.keep(plugin_file(s, slug, "templates/soon.php"), words.html(s.rng, title, f"<p>{said}</p>" * 3))
    renewed(s, slug, ["    add_action('template_redirect', function () {", "        if (is_user_logged_in()) { return; }", "        nocache_headers();", "        status_header(503);", f"        header('Retry-After: {s.rng.choice((3600, 86400, 172800))}');", "        include dirname(__DIR__) . '/templates/soon.php';", "        exit;", "    });"], is_old=True)  # fmt: skip
    return Truth("none", statuses=(503,))


@well(("plain", "shared", "engine", "ovh"), "wordpress")
def in_a_folder_of_its_own(s: Scene) -> Truth:
    """WordPress lies in a folder, its addresses do not show it; beside it a half-forgotten copy of years ago that nobody links to."""
    folder = s.rng.choice(("wp", "cms", "wordpress", "site"))
    s.folder(s.at(folder))
    for entry in list(s.path(s.www).iterdir()):
        if entry.name not in (".htaccess", folder):
            entry.rename(s.path(s.at(f"{folder}/{entry.name}")))
    option(s, "siteurl", f"{s.place.url}/{folder}")
    s.keep(
        s.at("index.php"),
        php(
            "/**",
            " * Front to the WordPress application.",
            " */",
            "define( 'WP_USE_THEMES', true );",
            "",
            f"require __DIR__ . '/{folder}/wp-blog-header.php';",
        ),
    )
    s.keep(s.at("alt_2017/wp-config.php"), php("define('DB_NAME', 'usr_web1_1');", "define('DB_PASSWORD' 'verloren');"))
    s.keep(s.at("alt_2017/index.php"), php("require('./wp-blog-header.php');"))
    s.keep(s.at("alt_2017/.htaccess"), "Order deny,allow\nphp_value memory_limit 64M\nDeny from all\n")
    return WELL


@well(("plain", "fcgid", "engine", "own-log"), "wordpress")
def leftovers_of_an_update(s: Scene) -> Truth:
    """An update broke off this morning and was repeated with success; what it left lies about, and the log remembers."""
    slug = s.rng.choice(describe(s).plugins)
    for name, content in plugin(s.rng, slug, version="9.1.0").items():
        s.write(plugin_file(s, slug, name), content, days=0.2)
        s.write(s.at(f"wp-content/upgrade/{slug}.9.1.0-k3Xq/{slug}/{name}"), content[: len(content) * 2 // 3], days=0.25)
    s.write(
        s.at(f"wp-content/upgrade-temp-backup/plugins/{slug}/{slug}.php"),
        "<?php\n/* Plugin Name: Before */\nrequire_once __DIR__ . '/includes/none.php';\n",
        days=0.25,
    )
    s.write(s.at(".maintenance"), f"<?php $upgrading = {int(time.time()) - 21_000}; ?>", days=0.24)
    option(s, "auto_updater.lock", str(int(time.time()) - 21_000))
    s.old_lines(noise.old(s, s.rng.randint(4, 25)))
    return WELL
