# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Quotas, databases, machines behind, and uploads that went elsewhere."""

from __future__ import annotations

import socket
import subprocess

from tests.lab import words
from tests.lab.cases.base import APACHE, PHP, Truth, case, well
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, page_source
from tests.lab.stack.blog import Database

_STRICT = "set_error_handler(function ($no, $text, $file, $line) { throw new ErrorException($text, 0, $no, $file, $line); });"
_REACHED = ("plain", "shared", "engine", "own-log")


def _shop(s: Scene) -> tuple[Database, str]:
    """A database with a table of offers, and the words that connect to it."""
    made = s.make_database("none")
    s.databases.run("CREATE TABLE offers (id INT PRIMARY KEY, title VARCHAR(80)); INSERT INTO offers VALUES (1, 'Bread'); CREATE TABLE visits (at DATETIME, page VARCHAR(80))", made.name)  # fmt: skip
    return made, f"new PDO('mysql:host=127.0.0.1;port={s.databases.port};dbname={made.name}', '{made.user}', '{made.password}')"


def _on_every_page(s: Scene, lines: list[str]) -> str:
    """In the file of helpers; its path."""
    path = s.at(describe(s).helpers)
    s.keep(path, s.read(path).decode() + "\n".join(lines) + "\n")
    return path


# --- room
@case(PHP, "php")
def sessions_by_the_thousand(s: Scene) -> Truth:
    """There is room for bytes, and none for one more file."""
    s.remove("tmp")
    s.folder("tmp", 0o700)
    who = s.place.account
    options = f"size=4m,nr_inodes=24,mode=700,uid={who.uid},gid={who.gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(s.path("tmp"))], check=True)
    s._closing.callback(subprocess.run, ["umount", "-l", str(s.path("tmp"))], check=True)
    for number in range(100):
        try:
            s.write(f"tmp/sess_{s.rng.randrange(16**26):026x}", "cart|a:0:{}", 0o600, days=number / 10)
        except OSError:
            break
    site = describe(s)
    start = s.read(s.at(site.start)).decode()
    s.keep(s.at(site.start), start.replace("session_start();", f"{_STRICT}\nsession_start();"))
    return Truth("disk-full", "tmp", (), ("php-session-path-not-writable",), paths=(s.at(site.start),))


# --- databases
@case(_REACHED, "php")
def database_over_its_quota(s: Scene) -> Truth:
    """The host took away the right to write, and to write alone."""
    made, connect = _shop(s)
    for host in ("localhost", "127.0.0.1"):
        user = f"'{made.user}'@'{host}'"
        s.databases.run(f"REVOKE ALL PRIVILEGES ON {made.name}.* FROM {user}; GRANT SELECT, DELETE, DROP ON {made.name}.* TO {user}")
    path = _on_every_page(s, [f"$db = {connect};", "$title = $db->query('SELECT title FROM offers')->fetchColumn();", "$db->exec(\"INSERT INTO visits VALUES (NOW(), 'start')\"); /* here */"])  # fmt: skip
    return Truth("database-access-denied", path, (s.line_of(path, "/* here */"),), ("php-uncaught-exception",))


@case(_REACHED, "php")
def one_connection_too_many(s: Scene) -> Truth:
    """The shop holds one, the forum in it wants another, and the plan allows just the first."""
    made, connect = _shop(s)
    for host in ("localhost", "127.0.0.1"):
        s.databases.run(f"ALTER USER '{made.user}'@'{host}' WITH MAX_USER_CONNECTIONS 1")
    path = _on_every_page(s, [f"$shop = {connect};", f"$forum = {connect}; /* here */"])
    line = s.line_of(path, "/* here */")
    return Truth("database-too-many-connections", path, (line, line - 1))


@case(_REACHED, "php")
def column_of_the_next_release(s: Scene) -> Truth:
    """The files were updated, the tables were not."""
    _made, connect = _shop(s)
    path = _on_every_page(s, [f"$db = {connect};", f"$rows = $db->query('SELECT id, title, {s.rng.choice(('price_net', 'slug', 'deleted_at'))} FROM offers')->fetchAll(); /* here */"])  # fmt: skip
    return Truth("php-uncaught-exception", path, (s.line_of(path, "/* here */"),), ("database-table-missing",))


@case(_REACHED, "php")
def order_of_letters_of_another_server(s: Scene) -> Truth:
    """Words of MySQL 8, which MariaDB does not know: the dump was corrected for the move, the program was not."""
    _made, connect = _shop(s)
    line = s.rng.choice((
        "$db->exec('SET NAMES utf8mb4 COLLATE utf8mb4_0900_ai_ci'); /* here */", "$rows = $db->query('SELECT * FROM offers ORDER BY title COLLATE utf8mb4_de_pb_0900_ai_ci')->fetchAll(); /* here */",
    ))  # fmt: skip
    path = _on_every_page(s, [f"$db = {connect};", line])
    return Truth("php-uncaught-exception", path, (s.line_of(path, "/* here */"),))


# --- PHP and what it waits for
@case(PHP, "php")
def service_that_never_answers(s: Scene) -> Truth:
    """A page fetches rates from a machine that takes the call and says nothing."""
    listener = socket.socket()
    s._closing.callback(listener.close)
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    site, address = describe(s), f"127.0.0.1:{listener.getsockname()[1]}"
    s.write(s.at(site.page), page_source(s, site, site.title, more=[s.rng.choice((f"$rates = file_get_contents('http://{address}/rates.json'); /* here */",
            f"$line = fsockopen('127.0.0.1', {address.partition(':')[2]}); fwrite($line, 'rates'); $rates = fgets($line); /* here */"))]))  # fmt: skip
    return Truth("script-too-slow", s.at(site.page), (), page=f"/{site.page}", statuses=(504, 500))


@case(PHP, "php")
def recursion_below_php(s: Scene) -> Truth:
    """It goes through a function of PHP itself, so that no limit of memory stops it: the process falls."""
    site, name = describe(s), f"{words.identifier(s.rng)}_tree"
    lines = s.rng.choice((
        [f"function {name}($node) {{ return array_map('{name}', [$node]); }}", f"{name}(1);"],
        [f"class {name}_node implements Countable {{ public function count(): int {{ return count($this) + 1; }} }}", f"count(new {name}_node());"],
    ))  # fmt: skip
    s.write(s.at(site.page), page_source(s, site, site.title, more=["ini_set('memory_limit', '1G');", *lines]))
    return Truth("php-process-crash", s.at(site.page), page=f"/{site.page}", statuses=(500, 502, 503))


# --- uploads
@case((*APACHE, "engine"), "static", "php")
def start_page_in_other_letters(s: Scene) -> Truth:
    """To the machine at home that was the same name."""
    old = "index.php" if s.path(s.at("index.php")).exists() else "index.html"
    stem, ending = old.split(".")
    new = s.rng.choice((f"Index.{ending}", f"INDEX.{ending.upper()}", f"index.{ending}.txt", f"{stem} (1).{ending}", f"{stem}.{ending.upper()}"))  # fmt: skip
    s.path(s.at(old)).rename(s.path(s.at(new)))
    return Truth("index-file-missing", s.www, statuses=(403, 404), paths=(s.at(old), s.at(new)))


@case((*APACHE, "engine"), "static", "php")
def uploaded_one_folder_too_deep(s: Scene) -> Truth:
    """The folder was dragged across, not what is in it."""
    folder = s.rng.choice(("website", "dist", "public_html", "mysite", "www"))
    inside = s.path(f"{folder}-moving")
    s.path(s.www).rename(inside)
    s.folder(s.www)
    inside.rename(s.path(s.at(folder)))
    s.pages = ["/"]
    return Truth("index-file-missing", s.www, statuses=(403, 404), paths=(s.at(folder), s.at("index.html"), s.at("index.php"), s.at(f"{folder}/index.html"), s.at(f"{folder}/index.php")))  # fmt: skip


# --- well, for all that
@well(PHP, "php")
def disk_that_has_room_yet(s: Scene) -> Truth:
    """Two thirds are used, and what the page stores finds its place."""
    site = describe(s)
    s.small_disk(s.at("cache"), 256)
    old = s.path(s.at("cache/old.bin"))
    old.write_bytes(b"\0" * 170_000)
    s.place.account.own(old)
    s.write(s.at("index.php"), page_source(s, site, site.title, more=["if (file_put_contents(__DIR__ . '/cache/page.html', str_repeat('x', 9000)) !== 9000) { throw new RuntimeException('No space left on device'); }"]))  # fmt: skip
    return Truth("none", statuses=(200,))
