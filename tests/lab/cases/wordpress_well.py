# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""WordPress that is well and bears the marks of what was not: traces, leftovers, errors of others."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import APACHE, PHP, Truth, well
from tests.lab.cases.healthy import WELL
from tests.lab.cases.wordpress_parts import update
from tests.lab.scene import Scene
from tests.lab.sites.php_site import php
from tests.lab.sites.wordpress_site import config, describe


@well(PHP, "wordpress")
def plugin_that_failed_is_gone(s: Scene) -> Truth:
    """It failed half an hour ago, and was deleted."""
    path, stamp = (
        s.path(s.at(f"wp-content/plugins/{words.slug(s.rng)}-x/main.php")),
        time.strftime("%d-%b-%Y %H:%M:%S UTC", time.gmtime(time.time() - 1900)),
    )
    s.write(
        s.at("wp-content/debug.log"),
        f"[{stamp}] PHP Fatal error:  Uncaught Error: Call to undefined function gone() in {path}:9\nStack trace:\n#0 {{main}}\n  thrown in {path} on line 9\n",
    )
    return WELL


@well(PHP, "wordpress")
def plugin_switched_off_by_its_name(s: Scene) -> Truth:
    slug = s.rng.choice(describe(s).plugins)
    update(s, slug, ["    $a = ;"])
    folder = s.path(s.at(f"wp-content/plugins/{slug}"))
    folder.rename(folder.with_name(f"{slug}.off"))
    return WELL


@well((*APACHE, "engine"), "wordpress")
def article_with_a_trace(s: Scene) -> Truth:
    assert s.database is not None
    text = "<pre>PHP Fatal error: Uncaught Error: Call to undefined function get_header() in /home/x/www/wp-content/themes/a/index.php:3 Stack trace: #0 {main} thrown</pre><p>There has been a critical error on this website.</p>"
    s.databases.run(
        f"UPDATE {s.database.prefix}posts SET post_title = 'Error 500: Fatal error', post_content = '{text}' WHERE post_status = 'publish'",
        s.database.name,
    )
    return WELL


@well(PHP, "wordpress")
def notices_are_logged(s: Scene) -> Truth:
    debug = "define( 'WP_DEBUG', true );\ndefine( 'WP_DEBUG_LOG', true );\ndefine( 'WP_DEBUG_DISPLAY', false );"
    s.write(s.at("wp-config.php"), config(s).replace("define( 'WP_DEBUG', false );", debug))
    update(
        s,
        describe(s).plugins[0],
        [
            "    $sum = $nothing + 1; $list = []; $one = $list['first'];",
            "    trigger_error('failed to open stream of news', E_USER_WARNING);",
            "    include 'there-is-none.php';",
        ],
    )
    return WELL


@well(PHP, "wordpress")
def leftovers_of_an_old_update(s: Scene) -> Truth:
    s.write(s.at(".maintenance"), f"<?php $upgrading = {int(time.time()) - 5400}; ?>", days=0.0625)
    s.write(s.at("wp-content/upgrade/wordpress-6-4/wordpress/wp-settings.php"), "<?php\nrequire ABSPATH . 'not-there.php'\n", days=0.0625)
    s.write(s.at("wp-content/maintenance.php"), php("http_response_code(503);", "echo 'Back soon';"), days=90)
    return WELL


@well(("plain", "shared"), "wordpress")
def timed_job_of_another_site_fails(s: Scene) -> Truth:
    """In a log that several sites of the account share."""
    other = s.path("other-shop")
    stamps = [time.strftime("%a %b %d %H:%M:%S.000000 %Y", time.gmtime(time.time() - 60 * minutes)) for minutes in range(40, 0, -4)]
    s.old_lines([f"[{stamp}] [proxy_fcgi:error] [pid 77:tid 78] [client 192.0.2.8:5{n}11] AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught Error: Call to undefined function sync() in {other}/wp-content/plugins/sync/cron.php:7\\nStack trace:\\n#0 {{main}}\\n  thrown in {other}/wp-content/plugins/sync/cron.php on line 7'"
                 for n, stamp in enumerate(stamps)])  # fmt: skip
    return WELL


@well(PHP, "wordpress")
def coming_soon_on_purpose(s: Scene) -> Truth:
    update(
        s,
        describe(s).plugins[0],
        [
            "    header('Retry-After: 7200');",
            "    wp_die('<h1>Coming soon</h1><p>We open our new site on Monday.</p>', 'Soon', ['response' => 503]);",
        ],
    )
    return Truth("none", statuses=(503,))
