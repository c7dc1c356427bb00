# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""What is around a WordPress: its tables as a network, services it asks, other users of its database."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.lab.scene import Scene
from tests.programs import binary


def make_network(scene: Scene, second: str) -> None:
    """The tables of a network of two blogs, the second at this path; it has tables of its own."""
    made = scene.database
    assert made is not None
    p, domain = made.prefix, scene.place.url.removeprefix("http://")
    sql = [
        f"CREATE TABLE {p}site (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, domain varchar(200) NOT NULL, path varchar(100) NOT NULL)",
        f"INSERT INTO {p}site VALUES (1, '{domain}', '/')",
        f"CREATE TABLE {p}blogs (blog_id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, site_id bigint NOT NULL DEFAULT 1, domain varchar(200) NOT NULL, path varchar(100) NOT NULL, registered datetime NOT NULL DEFAULT '2022-05-01', last_updated datetime NOT NULL DEFAULT '2024-05-01', "
        "public tinyint NOT NULL DEFAULT 1, archived tinyint NOT NULL DEFAULT 0, mature tinyint NOT NULL DEFAULT 0, spam tinyint NOT NULL DEFAULT 0, deleted tinyint NOT NULL DEFAULT 0, lang_id int NOT NULL DEFAULT 0)",
        f"INSERT INTO {p}blogs (blog_id, domain, path) VALUES (1, '{domain}', '/'), (2, '{domain}', '/{second}/')",
        f"CREATE TABLE {p}blogmeta (meta_id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, blog_id bigint NOT NULL, meta_key varchar(255), meta_value longtext)",
        f"CREATE TABLE {p}sitemeta (meta_id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, site_id bigint NOT NULL, meta_key varchar(255), meta_value longtext)",
        f"INSERT INTO {p}sitemeta (site_id, meta_key, meta_value) VALUES (1, 'site_name', 'All blogs'), (1, 'main_site', '1'), (1, 'siteurl', '{scene.place.url}/')",
    ]
    for name in (
        "options",
        "posts",
        "postmeta",
        "terms",
        "termmeta",
        "term_taxonomy",
        "term_relationships",
        "comments",
        "commentmeta",
        "links",
    ):
        sql += [f"CREATE TABLE {p}2_{name} LIKE {p}{name}", f"INSERT INTO {p}2_{name} SELECT * FROM {p}{name}"]
    sql.append(f"UPDATE {p}2_options SET option_value = '{scene.place.url}/{second}' WHERE option_name IN ('siteurl', 'home')")
    scene.databases.run("; ".join(sql), made.name)


def network_settings(scene: Scene) -> list[str]:
    """What wp-config.php says of a network in folders."""
    return ["define( 'WP_ALLOW_MULTISITE', true );", "define( 'MULTISITE', true );", "define( 'SUBDOMAIN_INSTALL', false );",
            f"define( 'DOMAIN_CURRENT_SITE', '{scene.place.url.removeprefix('http://')}' );", "define( 'PATH_CURRENT_SITE', '/' );",
            "define( 'SITE_ID_CURRENT_SITE', 1 );", "define( 'BLOG_ID_CURRENT_SITE', 1 );"]  # fmt: skip


def service_that_tires(scene: Scene, good: str, tired: str) -> int:
    """The port of a service that gives a good answer to every other question, and the other one to the rest."""
    turns = iter(range(10**9))

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_good = next(turns) % 2 == 0
            body = (good if is_good else tired).encode()
            self.send_response(200 if is_good else 429)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    scene.afterwards(server.server_close)
    scene.afterwards(server.shutdown)
    return int(server.server_address[1])


def occupy(scene: Scene) -> None:
    """Somebody else uses the blog's own login for a question that takes long; no more than that one may be at once."""
    made = scene.database
    assert made is not None
    for host in ("localhost", "127.0.0.1"):
        scene.databases.run(f"ALTER USER '{made.user}'@'{host}' WITH MAX_USER_CONNECTIONS 1")
    login = [binary("mariadb"), "--no-defaults", f"--user={made.user}", f"--password={made.password}"]
    for where in (["-S", scene.databases.line], ["-h", "127.0.0.1", "-P", str(scene.databases.port), "--protocol=tcp"]):
        worker = subprocess.Popen(
            [*login, *where, made.name, "-e", "SELECT SLEEP(900)"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        scene.afterwards(worker.wait)
        scene.afterwards(worker.kill)
    time.sleep(0.7)
