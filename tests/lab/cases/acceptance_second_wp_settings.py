# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: settings, databases and .htaccess files of a blog, after moves, updates and advice."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import option, prefix_of, renewed
from tests.lab.sites.edits import changed, lines_at
from tests.lab.sites.wordpress_site import describe

_HTACCESS = ("plain", "shared", "fcgid", "ovh")
_JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(400)


def _inserted(s: Scene, path: str, lines: list[str]) -> None:
    """At the top or at the end, as plugins and people do."""
    old = s.read(path).decode().rstrip("\n").split("\n")
    new = [*lines, "", *old] if s.rng.random() < 0.5 else [*old, "", *lines]
    s.write(path, "\n".join(new) + "\n")


@case((*SHOWN, "ovh"), "wordpress")
def password_of_the_database_was_changed(s: Scene) -> Truth:
    """In the host's panel, and not in the file."""
    assert s.database is not None
    s.databases.with_new_password(s.database, f"New-{s.rng.randrange(16**8):08x}.")
    path = s.at("wp-config.php")
    return Truth(
        "database-access-denied", path, lines_at(s, path, "'DB_PASSWORD'", "'DB_USER'"), body=b"Error establishing a database connection"
    )


@case((*SHOWN, "ovh"), "wordpress")
def prefix_of_the_tables_differs_after_a_move(s: Scene) -> Truth:
    """The tables came with their old prefix: visitors are sent to the installation."""
    assert s.database is not None
    path, real = s.at("wp-config.php"), s.database.prefix
    wrong = s.rng.choice([each for each in ("wp_", "wp1_", "wordpress_", "wpstg0_", f"wp{s.rng.randint(10, 99)}_") if each != real])
    changed(s, path, f"$table_prefix = '{real}';", f"$table_prefix = '{wrong}';")
    return Truth("database-table-missing", path, lines_at(s, path, "$table_prefix"), statuses=(302,))


@case(_HTACCESS, "wordpress")
def more_memory_by_htaccess(s: Scene) -> Truth:
    """Lines that served with another kind of PHP, from an old host or from advice on upload limits."""
    lines = s.rng.sample([
        f"php_value memory_limit {s.rng.choice((128, 256, 512))}M", f"php_value upload_max_filesize {s.rng.choice((32, 64))}M", "php_value post_max_size 64M",
        "php_value max_execution_time 300", "php_flag display_errors Off", "php_value max_input_vars 5000", "php_flag output_buffering on",
    ], s.rng.randint(1, 4))  # fmt: skip
    head = s.rng.choice((["# larger uploads"], [], ["# BEGIN Upload limits", "# END Upload limits"]))
    path = s.at(".htaccess")
    _inserted(s, path, [*head[:1], *lines, *head[1:]])
    return Truth("htaccess-php-directive-under-fpm", path, lines_at(s, path, *lines))


@case(_HTACCESS, "wordpress")
def block_still_of_the_subfolder(s: Scene) -> Truth:
    """The blog moved up from a folder to the root: the front page answers, no article does."""
    folder, path = s.rng.choice(("blog", "wp", "new", "site", "wordpress", "2019")), s.at(".htaccess")
    changed(s, path, "RewriteBase /\n", f"RewriteBase /{folder}/\n")
    changed(s, path, "RewriteRule . /index.php [L]", f"RewriteRule . /{folder}/index.php [L]")
    option(s, "permalink_structure", "/%postname%/")
    option(s, "rewrite_rules", "")
    page = s.rng.choice(("/opening-hours/", "/hello-world/"))
    return Truth(
        "htaccess-wordpress-block",
        path,
        lines_at(s, path, f"RewriteBase /{folder}/", f"/{folder}/index.php [L]"),
        ("htaccess-rewrite-loop",),
        page=page,
    )


@case((*SHOWN, "ovh"), "wordpress")
def line_added_to_the_configuration(s: Scene) -> Truth:
    """A constant was added by hand. The file lies beside the installation or, as some like it, one folder above."""
    name, value = s.rng.choice(
        (
            ("WP_MEMORY_LIMIT", "'256M'"),
            ("WP_POST_REVISIONS", "5"),
            ("FORCE_SSL_ADMIN", "true"),
            ("WP_AUTO_UPDATE_CORE", "'minor'"),
            ("EMPTY_TRASH_DAYS", "7"),
        )
    )
    wrong, also = s.rng.choice((
        (f"define( '{name}', {value} ", ("php-parse-error",)), (f"define( '{name}', {value} ;", ("php-parse-error",)), (f"define( ‘{name}’, {value} );", ("php-uncaught-exception", "php-parse-error")),
        (f"define( '{name}', {value} ));", ("php-parse-error",)), (f"define( '{name}' {value} );", ("php-parse-error",)), (f"define( '{name}'; {value} );", ("php-parse-error",)),
    ))  # fmt: skip
    source, path = s.read(s.at("wp-config.php")).decode(), s.at("wp-config.php")
    if s.rng.random() < 0.5:
        s.remove(path)
        path = "wp-config.php"
    s.write(path, source.replace("define( 'DISABLE_WP_CRON'", f"{wrong}\ndefine( 'DISABLE_WP_CRON'"))
    return Truth("wordpress-config-syntax", path, (s.line_of(path, wrong),), also)


@case(_HTACCESS, "wordpress")
def every_picture_fails(s: Scene) -> Truth:
    """A security plugin wrote a file into the uploads that only another kind of PHP understands; pages are complete but for pictures."""
    picture = (
        f"wp-content/uploads/20{s.rng.randint(19, 25)}/0{s.rng.randint(1, 9)}/{s.rng.choice(('team', 'house', 'IMG_2041', 'logo'))}.jpg"
    )
    s.keep(s.at(picture), _JPEG)
    bad = s.rng.choice(("php_flag engine off", "php_flag engine 0", "php_value engine off"))
    around = s.rng.choice(
        (["# No scripts here"], ["Options -Indexes"], ['<FilesMatch "\\.(php|phtml)$">', "Require all denied", "</FilesMatch>"])
    )
    path = s.at(s.rng.choice(("wp-content/uploads/.htaccess", f"{picture.rpartition('/')[0]}/.htaccess")))
    s.write(path, "\n".join([*around, bad]) + "\n")
    return Truth("htaccess-php-directive-under-fpm", path, (s.line_of(path, bad),), page=f"/{picture}")


@case((*SHOWN, "ovh"), "wordpress")
def firewall_of_the_old_path(s: Scene) -> Truth:
    """The plugin was removed, or the account's path is another one since the move; the setting stayed."""
    name = s.rng.choice(("wordfence-waf.php", "waf-guard.php", "firewall-loader.php", "aios-bootstrap.php"))
    where = s.rng.choice(
        (
            f"/home/{s.rng.choice(('client12', 'u48213', 'oldshop'))}/public_html/{name}",
            str(s.path(s.at(name))),
            f"/homepages/4/d77/htdocs/{name}",
        )
    )
    lines = s.rng.choice(([], ["upload_max_filesize = 64M", "post_max_size = 64M"], ["; limits", "max_input_vars = 4000"]))
    mark = s.rng.choice(("Firewall", "WAF"))
    path = s.at(".user.ini")
    s.keep(path, "\n".join([*lines, f"; {mark}", f"auto_prepend_file = '{where}'", f"; END {mark}"]) + "\n")
    time.sleep(1.1)
    return Truth("user-ini-bad-prepend", path, (s.line_of(path, "auto_prepend_file"),))


@case(("plain", "shared", "fcgid", "ovh"), "wordpress")
def slip_in_htaccess_before_a_broken_plugin(s: Scene) -> Truth:
    """Two faults at once: only the first shows, which was made in the search for the second."""
    slug = s.rng.choice(describe(s).plugins)
    renewed(s, slug, [f"    {prefix_of(slug)}_upgrade_tables();"])
    wrong = s.rng.choice(
        (
            "RewritEngine On",
            "Redirct 301 /old-shop /shop",
            "Heder set X-Frame-Options SAMEORIGIN",
            "DirectoyIndex index.php",
            "ErrorDocumet 404 /index.php?error=404",
        )
    )
    path = s.at(".htaccess")
    _inserted(s, path, [f"# {s.rng.choice(words.SENTENCES[:3])}", wrong])
    return Truth("htaccess-invalid-directive", path, (s.line_of(path, wrong),))
