# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""WordPress's own files, settings and database, and what stands before it."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, PHP, SHOWN, Truth, case
from tests.lab.cases.wordpress_parts import at_mark, update
from tests.lab.scene import Scene
from tests.lab.sites.php_site import php
from tests.lab.sites.wordpress_site import config, describe


def login_lines(s: Scene, path: str) -> tuple[int, ...]:
    return tuple(s.line_of(path, f"'{name}'") for name in ("DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST"))


# --- WordPress's own files
@case(PHP, "wordpress")
def update_of_wordpress_stopped_half_way(s: Scene) -> Truth:
    """The new wp-settings.php names a file of the new release that did not arrive."""
    path, part = s.at("wp-settings.php"), s.rng.choice(("block-bindings.php", "fonts.php", "class-wp-block-templates-registry.php"))
    text = s.read(path).decode()
    anchor = "require ABSPATH . WPINC . '/formatting.php';"
    s.write(path, text.replace(anchor, f"{anchor}\nrequire ABSPATH . WPINC . '/{part}'; /* here */"))
    return Truth("wordpress-core-file", path, at_mark(s, path), ("php-missing-file",), paths=(s.at(f"wp-includes/{part}"),))


@case(SHOWN, "wordpress")
def folder_of_wordpress_not_uploaded(s: Scene) -> Truth:
    folder, first = s.rng.choice((("rest-api", "rest-api/class-wp-rest-server.php"), ("sitemaps", "sitemaps/class-wp-sitemaps.php")))
    line = s.line_of(s.at("wp-settings.php"), f"/{first}'")
    s.remove(s.at(f"wp-includes/{folder}"))
    paths = (s.at(f"wp-includes/{first}"), s.at(f"wp-includes/{folder}"))
    return Truth("wordpress-core-file", s.at("wp-settings.php"), (line,), ("php-missing-file",), paths=paths)


@case(SHOWN, "wordpress")
def wordpress_moved_out_of_its_folder(s: Scene) -> Truth:
    """The start file still looks for it where it was."""
    folder, path = s.rng.choice(("wordpress", "wp", "blog", "cms")), s.at("index.php")
    s.write(path, php("define( 'WP_USE_THEMES', true );", "", f"require __DIR__ . '/{folder}/wp-blog-header.php'; /* here */"))
    return Truth("php-missing-file", path, at_mark(s, path), ("wordpress-core-file",), paths=(s.at(f"{folder}/wp-blog-header.php"),))


@case(PHP, "wordpress")
def memory_of_another_age(s: Scene) -> Truth:
    """WordPress itself does not fit, and may not take more."""
    lines, limit = (
        s.rng.sample(("upload_max_filesize = 16M", "; from the old host", "max_input_vars = 1500"), 2),
        s.rng.choice(("8M", "10M")),
    )
    at = s.rng.randint(0, 2)
    s.keep(s.at("wp-config.php"), config(s, more=[f"define( 'WP_MEMORY_LIMIT', '{limit}' );"]))
    s.write(s.at(".user.ini"), "\n".join([*lines[:at], f"memory_limit = {limit}", *lines[at:], ""]))
    time.sleep(1.1)
    also = ("php-memory-limit",)
    return Truth("user-ini-memory-limit-too-low", s.at(".user.ini"), (at + 1,), also, paths=(s.at("wp-config.php"),))


# --- wp-config.php
@case(SHOWN, "wordpress")
def settings_with_curly_quotes(s: Scene) -> Truth:
    """Pasted from an article, whose quotes are no quotes to PHP."""
    bad = s.rng.choice(("define( ‘WP_CACHE’, true );", "define( “WP_POST_REVISIONS”, 3 );", "define( ‘AUTOSAVE_INTERVAL’, 120 );"))
    s.write(s.at("wp-config.php"), config(s, more=[f"{bad} /* here */"]))
    return Truth(
        "wordpress-config-syntax", s.at("wp-config.php"), at_mark(s, s.at("wp-config.php")), ("php-uncaught-exception", "php-parse-error")
    )


@case(PHP, "wordpress")
def settings_that_load_a_missing_file(s: Scene) -> Truth:
    name = s.rng.choice(("wp-salt.php", "wp-config-local.php", "../private/keys.php"))
    s.write(s.at("wp-config.php"), config(s, more=[f"require __DIR__ . '/{name}'; /* here */"]))
    path = s.at("wp-config.php")
    return Truth("php-missing-file", path, at_mark(s, path), ("wordpress-config-syntax",), paths=(s.at(name),))


@case(PHP, "wordpress")
def network_that_was_never_installed(s: Scene) -> Truth:
    """Settings of a multisite over the tables of a single one. Where they name its address too, it sends visitors on to itself."""
    more = ["define( 'MULTISITE', true ); /* here */", "define( 'SUBDOMAIN_INSTALL', false );"]
    if s.rng.random() < 0.3:
        more += [f"define( 'DOMAIN_CURRENT_SITE', '{s.place.url.removeprefix('http://')}' );", "define( 'PATH_CURRENT_SITE', '/' );"]
    s.write(s.at("wp-config.php"), config(s, more=more))
    return Truth("database-table-missing", s.at("wp-config.php"), (), ("redirect-loop",), statuses=(302, 500))


# --- database
@case(PHP, "wordpress")
def prefix_in_capitals(s: Scene) -> Truth:
    """A table's name is a file's name, and case matters to it."""
    assert s.database is not None
    path = s.at("wp-config.php")
    s.write(path, config(s).replace(f"'{s.database.prefix}'", f"'{s.database.prefix.upper()}'"))
    return Truth("database-table-missing", path, (s.line_of(path, "$table_prefix"),), statuses=(302, 500))


@case(PHP, "wordpress")
def database_host_of_the_old_hoster(s: Scene) -> Truth:
    """A name that resolves to nothing."""
    path = s.at("wp-config.php")
    s.write(path, config(s, host=s.rng.choice(("mysql51-66.perso.invalid", "db4711.old-hoster.invalid", "rdbms.invalid:3307"))))
    return Truth("database-server-down", path, login_lines(s, path))


@case(PHP, "wordpress")
def database_user_locked(s: Scene) -> Truth:
    """By the host: the password is right and does not help."""
    assert s.database is not None
    how = s.rng.choice(("ACCOUNT LOCK", "REQUIRE X509", "IDENTIFIED BY 'set-anew-by-the-host'"))
    for host in ("localhost", "127.0.0.1"):
        s.databases.run(f"ALTER USER '{s.database.user}'@'{host}' {how}")
    return Truth("database-access-denied", s.at("wp-config.php"))


@case(PHP, "wordpress")
def database_error_page_of_its_own(s: Scene) -> Truth:
    """`db-error.php` says in another language that all is under control."""
    s.keep(
        s.at("wp-content/db-error.php"),
        php("http_response_code(500);", "echo '<h1>Nous revenons bientôt</h1><p>Le site est momentanément indisponible.</p>';"),
    )
    path = s.at("wp-config.php")
    s.write(path, config(s, password=s.rng.choice(("Automne-2021", "changeme", "x9!kk"))))
    return Truth("database-access-denied", path, login_lines(s, path))


# --- what stands before WordPress
@case(PHP, "wordpress")
def maintenance_page_of_its_own(s: Scene) -> Truth:
    """An update that never came back, behind a page that does not look like WordPress's."""
    s.keep(
        s.at("wp-content/maintenance.php"),
        php("http_response_code(503);", "echo '<h1>Estamos trabajando</h1><p>Vuelva en unos minutos, por favor.</p>';"),
    )
    s.keep(s.at(f"wp-content/upgrade/{describe(s).plugins[0]}.2.1/readme.txt"), "=== New ===\n")
    s.write(s.at(".maintenance"), "<?php $upgrading = time(); ?>", days=s.rng.uniform(0.05, 2))
    return Truth("wordpress-stuck-maintenance", s.at(".maintenance"), statuses=(503,), paths=(s.at("wp-content/maintenance.php"),))


@case(LOGGED, "wordpress")
def source_is_shown(s: Scene) -> Truth:
    """A line that was meant for downloads takes PHP away from PHP."""
    path, handler = s.at(".htaccess"), s.rng.choice(("default-handler", "None"))
    s.write(path, f'<FilesMatch "\\.(php|zip|pdf)$">\nSetHandler {handler}\n</FilesMatch>\n' + s.read(path).decode())
    return Truth("htaccess-php-handler-override", path, (2,), statuses=(200,), body=b"<?php")


@case(("plain", "ovh", "fcgid"), "wordpress")
def uploads_shut_by_a_security_plugin(s: Scene) -> Truth:
    """Pages are well; every picture is a 500."""
    s.keep(s.at("wp-content/uploads/2024/05/plan.svg"), "<svg xmlns='http://www.w3.org/2000/svg'>" + "<rect/>" * 30 + "</svg>\n")
    path = s.at("wp-content/uploads/.htaccess")
    s.write(path, f"# {s.rng.choice(words.SENTENCES[:4])}\nOptions -Indexes\nphp_flag engine off\n")
    return Truth("htaccess-php-directive-under-fpm", path, (3,), page="/wp-content/uploads/2024/05/plan.svg")


@case((*APACHE, "engine"), "wordpress")
def start_file_of_wordpress_gone(s: Scene) -> Truth:
    s.remove(s.at("index.php"))
    return Truth("index-file-missing", s.www, (), ("wordpress-core-file",), statuses=(403, 404), paths=(s.at("index.php"),))


@case(LOGGED, "wordpress")
def pages_for_members_go_in_circles(s: Scene) -> Truth:
    """Whoever is not logged in is sent to a page that sends on to itself."""
    page = s.rng.choice(("members", "login", "espace-client"))
    path = update(
        s, s.rng.choice(describe(s).plugins), [f"    if (!is_user_logged_in()) {{ wp_redirect(home_url('/?page={page}')); exit; }}"]
    )
    return Truth("redirect-loop", path, statuses=(302,))
