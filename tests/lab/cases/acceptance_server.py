# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: what security plugins, other hosts and good advice leave around a WordPress."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import APACHE, PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import ended, plugin_file, some_plugin, theme_file
from tests.lab.sites.htaccess_lines import blocks, text
from tests.lab.sites.php_site import php
from tests.lab.sites.wordpress_site import BLOCK, describe

_OF_APACHE = (*APACHE, "fcgid", "own-log", "shown")
_FIREWALLS = ("wp-fence", "site-guard", "shield-wall", "bulwark", "all-safe", "ninja-gate")


@case((*SHOWN, "ovh"), "wordpress")
def firewall_of_a_plugin_that_is_gone(s: Scene) -> Truth:
    """Its folder was deleted over FTP, or the whole was moved; PHP is still told to load its file before each page."""
    name = s.rng.choice(_FIREWALLS)
    file = f"{name}-{s.rng.choice(('waf', 'firewall', 'prepend'))}.php"
    where = s.rng.choice((
        s.path(s.at(file)), s.path(s.at(f"wp-content/plugins/{name}/{file}")), f"/home/customers/www/old-shop.example/public_html/{file}",
        f"/homepages/{s.rng.randint(10, 50)}/d{s.rng.randint(10**6, 10**7)}/htdocs/blog/{file}",
    ))  # fmt: skip
    quote = s.rng.choice(("'", '"', ""))
    lines = [
        f"; {name.title()} {s.rng.choice(('WAF', 'firewall, do not delete'))}",
        f"auto_prepend_file = {quote}{where}{quote}",
        f"; END {name.title()}",
    ]
    before = s.rng.sample(["upload_max_filesize = 64M", "post_max_size = 64M", "max_input_vars = 5000", ""], s.rng.randint(0, 3))
    path = s.at(".user.ini")
    s.keep(path, "\n".join([*before, *lines]) + "\n")
    time.sleep(1.1)
    return Truth("user-ini-bad-prepend", path, (s.line_of(path, "auto_"),), ("php-missing-file",))


@case(_OF_APACHE, "wordpress")
def guard_in_the_words_of_apache_22(s: Scene) -> Truth:
    """In a folder only: the dashboard, or all pictures, answer with an error; the pages are there."""
    folder, page = s.rng.choice(
        (("wp-admin", "/wp-admin/"), ("wp-content/uploads", ""), ("wp-includes", "/wp-includes/css/buttons.min.css"))
    )
    if not page:
        picture = f"{s.rng.randint(2015, 2025)}/{s.rng.randint(1, 12):02d}/{s.rng.choice(words.PAGES)}.jpg"
        s.keep(s.at(f"{folder}/{picture}"), b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(400) + b"\xff\xd9")
        page = f"/{folder}/{picture}"
    bad = s.rng.choice((
        ["Order deny,allow", "Deny from all", f"Allow from 203.0.113.{s.rng.randint(1, 200)}", "Allow from 127.0.0.1"],
        ["Order Allow,Deny", "Allow from all", "Deny from 198.51.100.0/24"],
        ["order deny,allow", "deny from all"],
    ))  # fmt: skip
    around = (
        s.rng.choice((("", ""), ('<FilesMatch "\\.(php|phtml|phar)$">', "</FilesMatch>"), ("<Files xmlrpc.php>", "</Files>")))
        if len(bad) == 2
        else ("", "")
    )
    lines = [
        f"# {s.rng.choice(_FIREWALLS)}: hardening",
        "Options -Indexes",
        *([around[0]] if around[0] else []),
        *bad,
        *([around[1]] if around[1] else []),
        "# end",
    ]
    path = s.at(f"{folder}/.htaccess")
    s.write(path, "\n".join(lines) + "\n")
    first = s.line_of(path, bad[0])
    return Truth("htaccess-apache22-syntax", path, tuple(range(first, first + len(bad))), page=page)


@case(_OF_APACHE, "wordpress")
def rewriting_for_the_old_folder(s: Scene) -> Truth:
    """The blog was moved out of its folder, its rules were not: the front page answers, all others do not."""
    old = s.rng.choice(("blog", "wp", "wordpress", "site", "neu", "v2", "staging"))
    changed = tuple(
        line.replace("RewriteBase /", f"RewriteBase /{old}/").replace("/index.php [L]", f"/{old}/index.php [L]") for line in BLOCK
    )
    around = blocks(s.rng, 0, 2)
    around.insert(s.rng.randint(0, len(around)), changed)
    path = s.at(".htaccess")
    s.keep(path, text(around))
    marks = (f"RewriteBase /{old}/", f"/{old}/index.php [L]")
    page = f"/{s.rng.choice(words.PAGES)}/"
    return Truth("htaccess-wordpress-block", path, tuple(s.line_of(path, mark) for mark in marks), ("htaccess-rewrite-loop",), page=page)


@case((*PHP, "ovh"), "wordpress")
def https_forced_while_the_address_says_http(s: Scene) -> Truth:
    """Every page sends to itself: the code wants HTTPS and takes the address from the database, which says http."""
    condition = s.rng.choice(("! is_ssl()", "empty( $_SERVER['HTTPS'] ) || 'off' === $_SERVER['HTTPS']", "443 != $_SERVER['SERVER_PORT']"))
    goal = s.rng.choice(
        (
            "home_url( $_SERVER['REQUEST_URI'] )",
            "get_option( 'home' ) . $_SERVER['REQUEST_URI']",
            "untrailingslashit( get_bloginfo( 'url' ) ) . $_SERVER['REQUEST_URI']",
        )
    )
    wrong = f"wp_redirect( {goal}, 301 );"
    lines = [
        "// always HTTPS",
        "add_action( 'template_redirect', function () {",
        f"    if ( {condition} ) {{",
        f"        {wrong}",
        "        exit;",
        "    }",
        "}, 1 );",
    ]
    where, also = s.rng.choice((("mu", "wordpress-mu-plugin"), ("theme", "wordpress-theme"), ("plugin", "wordpress-plugin")))
    if where == "mu":
        path = s.at("wp-content/mu-plugins/https.php")
        s.keep(path, php("/* Plugin Name: HTTPS */", lines))
    else:
        path = ended(s, theme_file(s) if where == "theme" else some_plugin(s)[1], "", *lines)
    return Truth("redirect-loop", path, (s.line_of(path, condition), s.line_of(path, wrong)), (also,), statuses=(301,))


@case(_OF_APACHE, "wordpress")
def two_faults_after_the_move(s: Scene) -> Truth:
    """What the old host understood in .htaccess stops all now; behind it waits a plugin that is not whole."""
    slug, name = s.rng.choice(describe(s).plugins), s.rng.choice(_FIREWALLS)
    main = plugin_file(s, slug)
    whole = s.read(main).decode()
    s.keep(main, whole[: whole.index("require_once __DIR__") + 14])
    bad = s.rng.choice((
        [f"php_value auto_prepend_file '/home/old/public_html/{name}-waf.php'"],
        ["php_value memory_limit 256M", "php_value max_execution_time 300"],
        ["php_flag display_errors off", "php_value upload_max_filesize 64M", "php_value post_max_size 64M"],
    ))  # fmt: skip
    path = s.at(".htaccess")
    old = [f"# {name}", *bad, f"# END {name}"]
    around = [block for block in blocks(s.rng, 0, 3) if not any("php_" in line for line in block)]
    around.insert(s.rng.randint(0, len(around)), BLOCK)
    around.insert(s.rng.randint(0, len(around)), tuple(old))
    s.keep(path, text(around))
    first = s.line_of(path, bad[0])
    return Truth("htaccess-php-directive-under-fpm", path, tuple(range(first, first + len(bad))))
