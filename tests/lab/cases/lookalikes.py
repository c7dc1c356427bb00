# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""More sites that are well: shut, gone, thin or loud on purpose."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, PHP, Truth, well
from tests.lab.cases.healthy import WELL
from tests.lab.cases.htaccess import plant
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, page_source, php
from tests.lab.sites.wordpress_site import config
from tests.lab.sites.wordpress_site import describe as describe_wordpress


@well(LOGGED, "static", "php")
def for_the_office_only(s: Scene) -> Truth:
    plant(s, ("Require ip 10.20.0.0/16",), where="root", without="Require")
    return Truth("none", statuses=(403,))


@well(LOGGED, "static", "php")
def behind_a_password(s: Scene) -> Truth:
    """The whole site, with a password file that is there and can be read."""
    s.keep(".htpasswd", "anna:{SHA}b/KR2BdbHWJIks1FlEQQT7186H8=\n", 0o644)
    plant(
        s,
        ("AuthType Basic", 'AuthName "Preview"', f'AuthUserFile "{s.path(".htpasswd")}"', "Require valid-user"),
        where="root",
        without="Require",
    )
    return Truth("none", statuses=(401,))


@well(APACHE, "static", "php")
def gone_on_purpose(s: Scene) -> Truth:
    plant(s, ("RewriteRule ^summer-sale$ - [G]",), where="root", rewriting=True)
    s.pages = [s.pages[0], "/summer-sale"]
    return Truth("none", statuses=(200, 410))


@well((*APACHE, "engine"), "static", times=2)
def program_in_the_browser(s: Scene) -> Truth:
    """A page of almost nothing, filled by its script."""
    s.keep(s.at("app.js"), "document.getElementById('app').textContent = 'Fatal error: none';\n")
    s.keep(
        s.at("index.html"),
        '<!doctype html><html><head><meta charset="utf-8"><title>App</title></head><body><div id="app"></div><script src="/app.js"></script></body></html>\n',
    )
    return WELL


@well(PHP, "php", "wordpress")
def firewall_that_is_there(s: Scene) -> Truth:
    s.keep(
        s.at("wordfence-waf.php"),
        php(
            "// Before removing this file, please verify the PHP ini setting `auto_prepend_file` does not point to this.",
            "if (file_exists(__DIR__ . '/none.php')) { include __DIR__ . '/none.php'; }",
        ),
    )
    s.write(s.at(".user.ini"), f"; Wordfence WAF\nauto_prepend_file = '{s.path(s.at('wordfence-waf.php'))}'\n; END Wordfence WAF\n")
    time.sleep(1.1)
    return WELL


@well(APACHE, "static", "php")
def htaccess_of_two_thousand_lines(s: Scene) -> Truth:
    rng = s.rng
    lines = [f"Redirect 301 /{rng.choice(words.PAGES)}-{n}.html /{rng.choice(words.PAGES)}/" for n in range(1500)]
    lines += ["<RequireAll>", "Require all granted", *(f"Require not ip 203.0.{n // 250}.{n % 250}" for n in range(500)), "</RequireAll>"]
    s.keep(s.at(".htaccess"), "\n".join(lines) + "\n")
    return WELL


@well(PHP, "wordpress")
def command_that_failed_lately(s: Scene) -> Truth:
    """What somebody ran by hand or a timed job stumbled, a minute ago; no page did."""
    debug = "define( 'WP_DEBUG', true );\ndefine( 'WP_DEBUG_LOG', true );\ndefine( 'WP_DEBUG_DISPLAY', false );"
    s.keep(s.at("wp-config.php"), config(s).replace("define( 'WP_DEBUG', false );", debug))
    slug = describe_wordpress(s).plugins[0]
    stamp = time.strftime("%d-%b-%Y %H:%M:%S UTC", time.gmtime(time.time() - 60))
    path = s.path(s.at(f"wp-content/plugins/{slug}/includes/start.php"))
    s.write(
        s.at("wp-content/debug.log"),
        f'[{stamp}] PHP Fatal error:  Uncaught Error: Class "WP_CLI" not found in {path}:3\nStack trace:\n#0 {{main}}\n  thrown in {path} on line 3\n',
    )
    return WELL


@well(PHP, "php")
def maintenance_by_the_program(s: Scene) -> Truth:
    site = describe(s)
    lines = [
        "http_response_code(503);",
        "header('Retry-After: 3600');",
        "exit('<h1>We are back in an hour</h1>" + "<p>Planned maintenance: new shelves.</p>" * 5 + "');",
    ]
    for name in ("index.php", site.page):
        s.write(s.at(name), page_source(s, site, site.title, more=lines))
    return Truth("none", statuses=(503,))


@well(PHP, "php")
def packages_for_other_versions(s: Scene) -> Truth:
    """A package brings code for every PHP; only what fits is loaded."""
    s.write(s.at("vendor/polyfill/bootstrap84.php"), php("class A { public private(set) string $name; }", "$x = new A()->name;"))
    s.write(s.at("vendor/polyfill/bootstrap52.php"), php("function &old($a{0}) { return split(',', $a); }"))
    s.write(s.at("tests/broken.php"), php("function broken( {"))
    return WELL
