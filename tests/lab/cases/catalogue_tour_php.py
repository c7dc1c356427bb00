# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Once through the catalogue: PHP, its settings, storage and databases of sites that are not blogs."""

from __future__ import annotations

import contextlib
import itertools
import time

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, filler, page_source, php

_FRAMEWORKS = ("laravel", "symfony", "slim")


def _settings(s: Scene, path: str, lines: list[str]) -> None:
    """Writes a `.user.ini`; what PHP remembers of the one before is forgotten afterwards."""
    s.write(path, "\n".join(lines) + "\n")
    time.sleep(1.1)


# --- PHP


@case((*PHP, "ovh"), "php")
def merge_left_open(s: Scene) -> Truth:
    """The marks of a merge are in the settings, and the program forbids PHP to say anything, in the log as well."""
    site = describe(s)
    start = page_source(s, site, site.title).replace("<?php\n", "<?php\nerror_reporting(0);\nini_set('display_errors', '0');\n", 1)
    s.keep(s.at("index.php"), start)
    path = s.at(site.settings)
    branch = s.rng.choice(("feature/cart", "staging", "origin/main", "hotfix-mail", f"{s.rng.randrange(16**7):07x}"))
    s.write(path, php(
        filler(s.rng, s.rng.randint(2, 14)), "<<<<<<< HEAD", f"$settings = ['title' => {site.title!r}, 'cache' => __DIR__ . '/../cache'];", "=======",
        f"$settings = ['title' => {site.title!r}, 'cache' => __DIR__ . '/../cache', 'language' => 'fr'];", f">>>>>>> {branch}"))  # fmt: skip
    return Truth("php-parse-error", path, (s.line_of(path, "<<<<<<<"),), ("php-fatal-hidden",))


@case(SHOWN, "php")
def class_uploaded_as_nothing(s: Scene) -> Truth:
    """The upload was broken off before the first byte: a file is there, and empty."""
    path = s.at(describe(s).class_file)
    s.write(path, b"")
    return Truth("php-truncated-file", path, (), ("php-class-not-found",))


@case((*SHOWN, "ovh"), "php")
def export_that_lacks_an_extension(s: Scene) -> Truth:
    """One page only, whose code lies in a namespace of its own."""
    site, name = describe(s), f"{s.rng.choice(('export', 'feed', 'sync', 'labels', 'import'))}.php"
    wanted = s.rng.choice((
        "$client = new \\SoapClient('https://service.example/v2?wsdl');", "$archive = new \\ZipArchive();", "$line = curl_init('https://rates.example/today.json');",
        "$head = mb_strtoupper('Größe');", "$day = new \\IntlDateFormatter('fr_FR', \\IntlDateFormatter::FULL, \\IntlDateFormatter::NONE);",
        "$feed = simplexml_load_string('<rates><eur>1</eur></rates>');", "$image = imagecreatetruecolor(320, 200);",
    ))  # fmt: skip
    s.write(s.at(name), php(
        f"namespace {s.rng.choice(words.NOUNS)}\\{s.rng.choice(('Export', 'Tools', 'Service'))};", "", f"require __DIR__ . '/{site.start}';", "",
        filler(s.rng, s.rng.randint(0, 12)), wanted, f"echo \\layout('Export', '<p>{s.rng.choice(words.SENTENCES[:6])}</p>');"))  # fmt: skip
    return Truth("php-missing-extension", s.at(name), (s.line_of(s.at(name), wanted),), page=f"/{name}")


@case(SHOWN, "php")
def code_of_another_decade(s: Scene) -> Truth:
    """No file was changed: the host took the old PHP away."""
    site = describe(s)
    wrong, lines = s.rng.choice((
        ("$n == 1 ?", ["function basket_label($n) {", "    return $n == 0 ? 'nothing' : $n == 1 ? 'one thing' : $n . ' things';", "}"]),
        ("function __autoload", ["function __autoload($name) {", "    require_once dirname(__FILE__) . '/' . $name . '.php';", "}"]),
        ("$word{0}", ["function initial($word) {", "    return strtoupper($word{0});", "}"]),
        ("= Labels::", ["class Labels", "{", "    public function currency($code) {", "        return $code == 'EUR' ? '&euro;' : $code;", "    }", "}",
                        "$currency = Labels::currency('EUR');"]),
    ))  # fmt: skip
    path = s.at(site.helpers)
    s.keep(path, s.read(path).decode() + "\n".join([*filler(s.rng, s.rng.randint(0, 20)), *lines]) + "\n")
    return Truth("php-version-incompatible-code", path, (s.line_of(path, wrong),))


@case((*PHP, "ovh"), *_FRAMEWORKS, "codeigniter4")
def confined_to_the_docroot(s: Scene) -> Truth:
    """Advice on safety, followed where the program lies beside the docroot."""
    path, www = s.at(".user.ini"), s.path(s.www)
    lines = [
        "; safety",
        "expose_php = Off",
        f"open_basedir = {www}/:/tmp/",
        "allow_url_include = Off",
        f"upload_max_filesize = {s.rng.choice((8, 16, 32))}M",
    ]
    s.rng.shuffle(lines)
    _settings(s, path, lines)
    return Truth("open-basedir", path, (s.line_of(path, "open_basedir"),))


@case((*PHP, "ovh"), "php")
def guard_of_the_members(s: Scene) -> Truth:
    """A file that was to run before each page of one folder is gone; the other pages answer."""
    site, folder = describe(s), s.rng.choice(("members", "intern", "clients", "espace", "backoffice"))
    source = page_source(s, site, folder.capitalize()).replace(f"/{site.start}'", f"/../{site.start}'")
    s.keep(s.at(f"{folder}/index.php"), source)
    guard = s.rng.choice(
        (f"{s.path(s.www)}/guard/prepend.php", "/home/oldaccount/public_html/firewall-waf.php", f"{s.path(s.www)}/antibot.php")
    )
    quote = s.rng.choice(("", '"', "'"))
    lines = s.rng.sample(["max_input_vars = 3000", "; do not touch", "default_charset = UTF-8", "session.gc_maxlifetime = 7200"], 2)
    lines.insert(s.rng.randint(0, 2), f"auto_prepend_file = {quote}{guard}{quote}")
    path = s.at(f"{folder}/.user.ini")
    _settings(s, path, lines)
    return Truth("user-ini-bad-prepend", path, (s.line_of(path, "auto_prepend_file"),), page=f"/{folder}/index.php")


@case(PHP, "php")
def so_many_small_files(s: Scene) -> Truth:
    """There is room for bytes, but none for one more file: old sessions were never taken away."""
    site, folder = describe(s), s.rng.choice(("cache", "var/sessions", "storage/cache", "data/stats"))
    assert s.small_disk(s.at(folder), 4096, files=s.rng.randint(60, 400))
    with contextlib.suppress(OSError):
        for _number in itertools.count():
            name = s.path(s.at(f"{folder}/sess_{s.rng.randrange(16**13):026x}"))
            name.touch()
            s.place.account.own(name)
    file = f"__DIR__ . '/{folder}/' . uniqid('{s.rng.choice(('page', 'visit', 'sess'))}_')"
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=[
        f"if (file_put_contents({file}, date('c')) === false) {{", "    throw new RuntimeException('Cannot store the visit');", "}"]))  # fmt: skip
    return Truth("disk-full")


@case((*PHP, "shown"), "php")
def sessions_of_the_old_host(s: Scene) -> Truth:
    """The settings came along with the files; the program takes every warning for an error."""
    site = describe(s)
    strict = "set_error_handler(function ($level, $text, $file, $line) { if (error_reporting() & $level) { throw new ErrorException($text, 0, $level, $file, $line); } });"
    s.keep(s.at(site.start), s.read(s.at(site.start)).decode().replace("<?php\n", f"<?php\n{strict}\n", 1))
    where = s.rng.choice(("/home/www/sites/shop/sessions", "/var/www/vhosts/old.example/tmp", f"{s.path('sessions')}", "/mnt/web412/tmp"))
    lines = [
        f"upload_max_filesize = {s.rng.choice((8, 16, 32))}M",
        "",
        "; sessions apart from those of others",
        f"session.save_path = {where}",
        "session.name = SID",
    ]
    path = s.at(".user.ini")
    _settings(s, path, lines)
    return Truth("php-session-path-not-writable", path, (4,))


@case(SHOWN, "php")
def list_that_grew_too_long(s: Scene) -> Truth:
    """One page reads a whole file at once that a supplier sends, longer every month."""
    site, name = describe(s), f"{s.rng.choice(('articles', 'stock', 'pricelist', 'catalogue'))}"
    row = f"{s.rng.randrange(10**9)};{s.rng.choice(words.NOUNS)};19.90\n"
    s.write(s.at(f"data/{name}.csv"), row * 1_000_000)
    more = [f"$lines = file(__DIR__ . '/data/{name}.csv');", "foreach ($lines as $line) {", "    $row = str_getcsv($line, ';');", "}"]
    s.keep(s.at(f"{name}.php"), page_source(s, site, name.capitalize(), more=more))
    return Truth("php-memory-limit", s.at(f"{name}.php"), (s.line_of(s.at(f"{name}.php"), "$lines = file("),), page=f"/{name}.php")


@case(("plain", "shared", "engine"), "php")
def category_below_itself(s: Scene) -> Truth:
    """A category was made its own parent: the page that shows the tree brings PHP down, the others answer."""
    site, page = describe(s), s.rng.choice(("tree", "categories", "sitemap", "navigation"))
    one, other = s.rng.sample(range(2, 40), 2)
    s.write(
        s.at("data/categories.json"),
        f'[{{"id": {one}, "parent": {other}}}, {{"id": {other}, "parent": {one}}}, {{"id": 1, "parent": 0}}]\n',
    )
    more = [
        "$rows = json_decode(file_get_contents(__DIR__ . '/data/categories.json'), true);", "function branch(array $rows, int $id): array {",
        "    $below = array_filter($rows, fn ($row) => $row['parent'] === $id);", "    return array_map(function ($row) use ($rows) {",
        "        return ['id' => $row['id'], 'below' => branch($rows, $row['id'])];", "    }, $below);", "}", f"$tree = branch($rows, {one});",
    ]  # fmt: skip
    s.keep(s.at(f"{page}.php"), page_source(s, site, page.capitalize(), more=more))
    return Truth("php-process-crash", page=f"/{page}.php", statuses=(500, 502, 503))


# --- databases


def _connection(s: Scene) -> tuple[str, str, str, str, int]:
    """A database of the site's own: its name, user, password, and where it listens."""
    made = s.make_database("none")
    return made.name, made.user, made.password, "127.0.0.1", s.databases.port


@case((*PHP, "ovh"), "php")
def password_changed_at_the_host(s: Scene) -> Truth:
    """The program says so on a page that is answered with 200."""
    site, (name, user, password, host, port) = describe(s), _connection(s)
    path = s.at(f"{site.library}/{s.rng.choice(('connect', 'db', 'dbconn', 'connexion'))}.php")
    s.keep(path, php(
        f'$servername = "{host}";', f'$username = "{user}";', f'$password = "{password[::-1]}";', f'$dbname = "{name}";', "",
        "mysqli_report(MYSQLI_REPORT_OFF);", f"$conn = new mysqli($servername, $username, $password, $dbname, {port});",
        "if ($conn->connect_error) {", '    die("Connection failed: " . $conn->connect_error);', "}"))  # fmt: skip
    more = [f"require __DIR__ . '/{path.removeprefix(s.www + '/')}';", '$conn->set_charset("utf8mb4");']
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=more))
    lines = tuple(s.line_of(path, word) for word in ("$password =", "$username =", "new mysqli", "die("))
    return Truth("database-access-denied", path, lines, statuses=(200,), body=b"Connection failed")


@case(SHOWN, "php")
def import_that_ended_early(s: Scene) -> Truth:
    """The tables of the end of the alphabet did not arrive; one page needs one of them."""
    site, (name, user, password, host, port) = describe(s), _connection(s)
    table = f"{s.rng.choice(('cms', 'shop', 'site'))}_{s.rng.choice(('users', 'votes', 'texts', 'tours', 'translations'))}"
    s.keep(s.at(f"{site.library}/pdo.php"), php(
        f"$pdo = new PDO('mysql:host={host};port={port};dbname={name};charset=utf8mb4', '{user}', '{password}', [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);"))  # fmt: skip
    page = f"{s.rng.choice(('archive', 'list', 'show', 'agenda'))}.php"
    more = [
        f"require __DIR__ . '/{site.library}/pdo.php';", "$limit = 20;", f'$found = $pdo->query("SELECT * FROM {table} ORDER BY id DESC LIMIT $limit");',
        "$rows = $found->fetchAll(PDO::FETCH_ASSOC);",
    ]  # fmt: skip
    s.keep(s.at(page), page_source(s, site, "Archive", more=more))
    return Truth("database-table-missing", s.at(page), (s.line_of(s.at(page), "->query("),), page=f"/{page}")


@case(PHP, "php")
def counter_marked_as_crashed(s: Scene) -> Truth:
    """The database server was stopped hard while the table of visits was written."""
    site, (name, user, password, host, port) = describe(s), _connection(s)
    table = s.rng.choice(("visits", "statistics", "counter_log", "sessions_log"))
    s.databases.run(
        f"CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, page VARCHAR(200), KEY (page)) ENGINE=MyISAM;"
        f"INSERT INTO {table} (page) SELECT REPEAT('x', 150) FROM seq_1_to_400; FLUSH TABLES;",
        name,
    )
    index = s.databases.data / name / f"{table}.MYI"
    with index.open("r+b") as file:
        if s.rng.random() < 0.3:
            file.truncate(index.stat().st_size // 2)
        else:
            file.seek(26)  # the byte that says whether the table is sound
            file.write(b"\x02")
    more = [
        "mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);", f"$db = mysqli_connect('{host}', '{user}', '{password}', '{name}', {port});",
        f"$db->query(\"INSERT INTO {table} (page) VALUES ('\" . $db->real_escape_string($_SERVER['SCRIPT_NAME']) . \"')\");",
    ]  # fmt: skip
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=more))
    return Truth("database-table-crashed", s.at("index.php"), (s.line_of(s.at("index.php"), "->query("),))
