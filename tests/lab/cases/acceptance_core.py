# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: WordPress's own files, its settings, its database."""

from __future__ import annotations

import time

from tests.lab.cases.base import SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.blog_surroundings import network_settings
from tests.lab.sites.php_site import php
from tests.lab.sites.wordpress_site import config

_EVERYWHERE = (*SHOWN, "ovh")


@case(_EVERYWHERE, "wordpress")
def settings_with_a_slip(s: Scene) -> Truth:
    """Somebody edited wp-config.php in a hurry: the error is said of that line or of the next."""
    path = s.at("wp-config.php")
    wrong, rest = s.rng.choice((
        ("define( 'WP_MEMORY_LIMIT', '256M );", ""),  # the quote
        ("define( 'WP_POST_REVISIONS', 5 )", ""),  # the semicolon
        ("define( 'DISALLOW_FILE_EDIT', true ;", ""),  # the bracket
        ("define( 'SMTP_PASSWORD', 'rock'n'roll' );", ""),  # a quote within
        ("increase the upload size to 64 MB", "@ini_set( 'upload_max_filesize', '64M' );"),  # not made a comment
        ("define( 'WP_AUTO_UPDATE_CORE' => false );", ""),
        ("define( 'EMPTY_TRASH_DAYS', 7 ));", ""),
    ))  # fmt: skip
    at = s.rng.randint(1, 3)
    more = [f"define( 'WP_SETTING_{n}', {n} );" for n in range(at)]
    s.write(path, config(s, more=[*more, wrong, *([rest] if rest else [])]))
    line = s.line_of(path, wrong)
    return Truth("wordpress-config-syntax", path, (line, line + 1), ("php-parse-error",))


@case(_EVERYWHERE, "wordpress")
def core_update_broke_off(s: Scene) -> Truth:
    """A file of the release did not arrive, or half of it; sometimes one that only the dashboard needs."""
    kind = s.rng.choice(("lost", "cut", "cut", "empty", "dashboard"))
    if kind == "dashboard":
        name = s.rng.choice(("misc", "post", "screen", "template", "theme", "user", "class-wp-list-table", "media", "class-wp-site-icon"))
        path = s.at(f"wp-admin/includes/{name}.php")
        s.remove(path)
        return Truth(
            "wordpress-core-file", path, (), ("php-missing-file",), page="/wp-admin/", paths=(s.at("wp-admin/includes/admin.php"),)
        )
    if kind == "lost":
        name = s.rng.choice(
            ("kses", "shortcodes", "class-wp-query", "class-wp-term", "canonical", "l10n", "taxonomy", "rest-api", "class-wp-tax-query")
        )
        path = s.at(f"wp-includes/{name}.php")
        s.remove(path)
        return Truth("wordpress-core-file", path, (), ("php-missing-file",), paths=(s.at("wp-settings.php"),))
    name = s.rng.choice(("formatting", "general-template", "link-template", "media", "taxonomy", "comment", "class-wp-query"))
    path = s.at(f"wp-includes/{name}.php")
    whole = s.read(path)
    if kind == "empty":
        s.write(path, b"")
        return Truth(
            "wordpress-core-file",
            path,
            (),
            ("php-truncated-file", "php-undefined-function", "php-class-not-found"),
            paths=(s.at("wp-includes"),),
        )
    opened = whole.index(b" {\n", s.rng.randrange(len(whole) // 4, len(whole) // 2)) + 3
    kept = whole[: opened + s.rng.randint(1, 6)]
    s.write(path, kept)
    lines = (whole[:opened].count(b"\n"), kept.count(b"\n") + 1)
    return Truth("wordpress-core-file", path, lines, ("php-truncated-file", "php-parse-error"))


@case(_EVERYWHERE, "wordpress")
def update_that_never_ended(s: Scene) -> Truth:
    """The mark of an update is days old and says "now", or says a time to come; some have a page of their own for it."""
    path = s.at(".maintenance")
    hours = s.rng.choice((s.rng.uniform(3, 20), s.rng.uniform(30, 300)))
    upgrading = s.rng.choice(("time()", "time()", str(int(time.time()) + s.rng.randint(50, 4000) * 3600)))
    s.write(path, s.rng.choice((f"<?php $upgrading = {upgrading}; ?>", f"<?php\n$upgrading = {upgrading};\n")), days=hours / 24)
    if s.rng.random() < 0.3:
        s.keep(s.at("wp-content/maintenance.php"), php(
            "header( 'HTTP/1.1 503 Service Unavailable' );", "header( 'Content-Type: text/html; charset=utf-8' );",
            f"echo '<!doctype html><title>{s.rng.choice(('Wartung', 'Maintenance', 'Back soon'))}</title><h1>We are updating our pages</h1><p>This takes a minute or two. Thank you for your patience.</p>';"))  # fmt: skip
    for name in ("index.php", "hello.txt"):
        s.keep(
            s.at(f"wp-content/upgrade/{s.rng.choice(('wordpress', 'plugin'))}-{s.rng.randrange(16**6):06x}/{name}"),
            "<?php // Silence is golden.\n",
        )
    return Truth("wordpress-stuck-maintenance", path, (s.line_of(path, "$upgrading"),), statuses=(503,))


# --- the database


@case(_EVERYWHERE, "wordpress")
def password_changed_in_the_panel(s: Scene) -> Truth:
    """And not in wp-config.php, which may lie above the docroot."""
    made = s.database
    assert made is not None
    wrong = s.rng.choice(("summer2019", made.password[:-1], made.user.upper(), "changeme"))
    text = config(s, password=wrong) if s.rng.random() < 0.7 else config(s, user=wrong)
    path = s.at("wp-config.php")
    if s.rng.random() < 0.35:
        s.remove(path)
        path = "wp-config.php"
        text = text.replace("__DIR__ . '/'", f"__DIR__ . '/{s.www}/'")
    s.keep(path, text)
    return Truth("database-access-denied", path, (s.line_of(path, "'DB_PASSWORD'"), s.line_of(path, "'DB_USER'")))


@case(_EVERYWHERE, "wordpress")
def database_settings_of_the_old_host(s: Scene) -> Truth:
    """The files were moved; where the database is, or what it is called, stayed what it was. Some keep that in a file of its own."""
    made = s.database
    assert made is not None
    if s.rng.random() < 0.6:
        host = s.rng.choice(
            (
                f"127.0.0.1:{s.rng.randint(3301, 3399)}",
                "localhost:/var/run/mysqld/mysqld5.sock",
                "localhost:/tmp/mysql8.sock",
                f"db{s.rng.randint(1, 99)}.old-host.invalid",
            )
        )
        cause, mark, also, text = "database-server-down", "'DB_HOST'", (), config(s, host=host)
    else:
        name = s.rng.choice((f"dbs{s.rng.randint(10**5, 10**6)}", f"web{s.rng.randint(2, 99)}_db1", "wordpress", f"{made.name}_old"))
        cause, mark, also, text = "database-missing", "'DB_NAME'", ("database-access-denied",), config(s, name=name)
    path = s.at("wp-config.php")
    if s.rng.random() < 0.4:
        own = s.rng.choice(("wp-config-db.php", "local-config.php", "config/database.php"))
        apart = [line for line in text.split("\n") if "define( 'DB_" in line]
        s.keep(s.at(own), php(f"// {s.rng.choice(('live', 'production', 'one per machine'))}", apart))
        first = text.index(apart[0])
        text = "\n".join(line for line in text.split("\n") if line not in apart)
        text = f"{text[:first]}require __DIR__ . '/{own}';\n{text[first:]}"
        s.keep(path, text)
        path = s.at(own)
    else:
        s.keep(path, text)
    return Truth(cause, path, (s.line_of(path, mark),), also)


@case(_EVERYWHERE, "wordpress")
def prefix_of_another_installation(s: Scene) -> Truth:
    """The tables are there under another name: visitors are sent to the installation."""
    made, path = s.database, s.at("wp-config.php")
    assert made is not None
    other = s.rng.choice(
        [each for each in ("wp_", "wp1_", "wpx7_", "blog_", f"{made.prefix[:-1]}2_", made.prefix.upper()) if each != made.prefix]
    )
    s.keep(path, s.read(path).decode().replace(f"$table_prefix = '{made.prefix}';", f"$table_prefix = '{other}';"))
    return Truth("database-table-missing", path, (s.line_of(path, "$table_prefix"),), statuses=(302,))


@case(_EVERYWHERE, "wordpress")
def table_of_settings_crashed_or_not_imported(s: Scene) -> Truth:
    """WordPress says the same of both: the table of its settings is marked as crashed, or the import left it out."""
    made = s.database
    assert made is not None
    table = f"{made.prefix}options"
    if s.rng.random() < 0.35:
        s.databases.run(f"DROP TABLE {table}", made.name)
        return Truth("database-table-missing")
    s.databases.run(f"ALTER TABLE {table} ENGINE=MyISAM; FLUSH TABLES;", made.name)
    index = s.databases.data / made.name / f"{table}.MYI"
    with index.open("r+b") as file:
        file.seek(26)  # the byte that says whether the table is sound: it is not, and sometimes was not mended either
        file.write(s.rng.choice((b"\x02", b"\x03", b"\x06")))
    return Truth("database-table-crashed")


@case(_EVERYWHERE, "wordpress")
def network_without_its_tables(s: Scene) -> Truth:
    """One blog was taken out of a network: its settings still say that it is one, its database does not."""
    path, told = s.at("wp-config.php"), network_settings(s)
    s.keep(path, config(s, more=["/* Multisite */", *told]))
    return Truth("database-table-missing", path, tuple(s.line_of(path, line) for line in told))
