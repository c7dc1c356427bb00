# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Clubs' pages written by hand, as a support desk meets them: moved, half uploaded, forgotten by their jobs."""

from __future__ import annotations

import json
import time

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.clubs_and_shops import club, club_page
from tests.lab.sites.edits import added, changed, lines_at
from tests.lab.sites.php_site import filler, php

_REACHED = ("plain", "shared", "engine", "own-log")  # where the database is asked as well
_THROWN = ("php-uncaught-exception",)


# --- a club's pages, written by hand
@case(_REACHED, "club")
def answer_of_a_query_that_nobody_looks_at(s: Scene) -> Truth:
    """The table was made by hand at the old host, and is in no dump."""
    c, table = club(s), s.rng.choice(("events", "termine", "fixtures", "results"))
    added(s, s.at(c.config), ["mysqli_report(MYSQLI_REPORT_OFF);"])
    path = s.at(f"{table}.php")
    s.keep(path, club_page(s, table.capitalize(), [f'$sql = "SELECT id, name, day FROM {table} WHERE day >= CURDATE() ORDER BY day"; /* asked */', *filler(s.rng, s.rng.randint(0, 5)), "$result = mysqli_query(db(), $sql); /* sent */", "$rows = [];",
                                               s.rng.choice(("while ($row = mysqli_fetch_assoc($result)) { /* read */", "while ($row = mysqli_fetch_array($result)) { /* read */", "for ($n = mysqli_num_rows($result); $n > 0; $n--) { /* read */")), "    $rows[] = $row ?? mysqli_fetch_assoc($result);", "}"]))  # fmt: skip
    return Truth("database-table-missing", path, lines_at(s, path, "/* asked */", "/* sent */", "/* read */"), (*_THROWN, "php-version-incompatible-code"), page=f"/{table}.php")  # fmt: skip


@case((*_REACHED, "fcgid"), "club")
def settings_chosen_by_the_name_of_the_site(s: Scene) -> Truth:
    """The live settings belong to the old name; under the new one those of the machine at home are taken."""
    c = club(s)
    path, made = s.at(c.config), c.database
    text = s.read(path).decode()
    own = f"define('DB_USER', '{made.user}');\ndefine('DB_PASS', '{made.password}');\n"
    assert own in text
    chosen = s.rng.choice(("if (preg_match('/(^|\\.)old-name\\.example$/', $_SERVER['HTTP_HOST'] ?? '')) {", "if (in_array($_SERVER['HTTP_HOST'] ?? '', ['old-name.example', 'www.old-name.example'])) {"))  # fmt: skip
    home = s.rng.choice(("webdev", "local_dev", "homestead"))
    parts = [chosen, f"    define('DB_USER', '{made.user}');", f"    define('DB_PASS', '{made.password}');", "} else {", f"    define('DB_USER', '{home}'); // at home", f"    define('DB_PASS', '{s.rng.choice(('secret', 'dev', '12345'))}'); // at home", "}", ""]  # fmt: skip
    s.keep(path, text.replace(own, "\n".join(parts)))
    first = s.line_of(path, chosen)
    return Truth("database-access-denied", path, tuple(range(first, first + 7)), paths=(s.at(c.functions),))


@case((*SHOWN, "ovh"), "club")
def mail_library_in_its_new_shape(s: Scene) -> Truth:
    """Uploaded anew; the old file's name is gone, or the old class has no namespace any more."""
    c, folder = club(s), s.rng.choice(("PHPMailer", "phpmailer", "lib/PHPMailer"))
    for name in ("PHPMailer", "SMTP", "Exception"):
        s.write(s.at(f"{folder}/src/{name}.php"), php("namespace PHPMailer\\PHPMailer;", f"class {name}" + (" extends \\Exception" if name == "Exception" else ""), "{", "}"))  # fmt: skip
    path = s.at("contact.php")
    old = s.rng.random() < 0.5
    before = [f"require '{folder}/{s.rng.choice(('PHPMailerAutoload', 'class.phpmailer'))}.php'; /* here */" if old else f"require_once '{folder}/src/PHPMailer.php';", "$mail = new PHPMailer(); /* new */", "$mail->CharSet = 'UTF-8';"]  # fmt: skip
    s.keep(path, club_page(s, "Contact", before))
    cause = "php-missing-file" if old else "php-class-not-found"
    assert c.inc
    return Truth(cause, path, lines_at(s, path, "/* here */" if old else "/* new */"), page="/contact.php")


@case((*SHOWN, "ovh"), "club")
def page_cut_between_its_lines_of_html(s: Scene) -> Truth:
    """What is missing is the end of a loop in the other way of writing."""
    path = s.at("news.php")
    text = s.read(path).decode()
    start = text.index("<?php if ($row['posted'])")
    at = s.rng.randint(start + 34, text.index("<?php endif"))
    s.write(path, text[:at])
    last = len(text[:at].split("\n"))
    return Truth("php-truncated-file", path, (last, last - 1), ("php-parse-error",), page="/news.php")


@case(PHP, "club")
def answer_of_a_service_that_was_kept(s: Scene) -> Truth:
    """What it said when the subscription had ended was stored as if it were rates."""
    c = club(s)
    stored = s.at(f"cache/rates-{s.rng.choice(('ecb', 'api', 'daily'))}.json")
    s.write(stored, json.dumps({"success": False, "error": {"code": 104, "info": "Your monthly usage limit has been reached. Please upgrade your plan."}}))  # fmt: skip
    where = f"__DIR__ . '/../{stored.partition('/')[2]}'"
    lib = s.at(f"{c.inc}/{s.rng.choice(('Currency', 'Rates', 'Exchange'))}.php")
    name = lib.rpartition("/")[2].removesuffix(".php")
    body = s.rng.choice((
        ["    public function inDollars(float $euros): float", "    {", "        return $euros / (1 / intdiv(100, (int) ($this->rates['rates']['USD'] ?? 0))); /* here */", "    }"],
        ["    public function inDollars(float $euros): float", "    {", "        return $euros / (float) ($this->rates['rates']['EUR'] ?? 0) * 1.1; /* here */", "    }"],
        ["    public function inDollars(float $euros): float", "    {", "        return $this->convert($euros, $this->rates['rates']['USD'] ?? null); /* here */", "    }", "", "    private function convert(float $sum, float $rate): float /* there */", "    {", "        return $sum * $rate;", "    }"],
    ))  # fmt: skip
    s.keep(lib, php(filler(s.rng, s.rng.randint(0, 6)), f"class {name}", "{", "    private array $rates;", "", "    public function __construct()", "    {", f"        $this->rates = json_decode(file_get_contents({where}), true);", "    }", "", body, "}"))  # fmt: skip
    page = s.at("prices.php")
    s.keep(page, club_page(s, "Prices", [f"require_once '{c.inc}/{name}.php';", f"$price = (new {name}())->inDollars(12.5);"]))
    marks = ("/* here */", "/* there */") if "/* there */" in "".join(body) else ("/* here */",)
    return Truth("php-uncaught-exception", lib, lines_at(s, lib, *marks), page="/prices.php", paths=(stored,))


@case(PHP, "club")
def folders_of_pictures_in_a_circle(s: Scene) -> Truth:
    """An album that was put into itself in the office's form; the way up to the first never ends."""
    c, own = club(s), s.rng.randint(4, 90)
    s.databases.run(f"CREATE TABLE albums (id INT PRIMARY KEY, parent INT, name VARCHAR(40)); INSERT INTO albums VALUES (1, 0, 'All'), ({own}, {own}, 'Summer'), ({own + 1}, {own}, 'Lake');", c.database.name)  # fmt: skip
    helper = added(s, s.at(c.functions), ["function way_up(array $albums, int $id): array", "{", "    $way = [];", "    while ($id > 0) { /* turn */", "        $way[] = ['id' => $id, 'name' => str_repeat($albums[$id]['name'], 40)]; /* here */", "        $id = (int) $albums[$id]['parent']; /* up */", "    }", "    return array_reverse($way);", "}"])  # fmt: skip
    page = s.at("albums.php")
    s.keep(page, club_page(s, "Albums", ["$albums = [];", "foreach (db()->query('SELECT id, parent, name FROM albums') as $row) {", "    $albums[$row['id']] = $row;", "}", f"$way = way_up($albums, {own + 1});"]))  # fmt: skip
    return Truth("php-memory-limit", helper, lines_at(s, helper, "/* turn */", "/* here */", "/* up */"), ("php-max-execution-time",), page="/albums.php")  # fmt: skip


@case(PHP, "club")
def lock_left_by_a_job_that_died(s: Scene) -> Truth:
    """Every page waits for the end of an import that was killed last night."""
    c, name = club(s), s.rng.choice(("import.lock", ".import.running", "sync.pid"))
    s.write(s.at(f"cache/{name}"), "18231\n", days=s.rng.uniform(0.3, 2))
    waits = s.rng.choice((["    while (is_file($lock)) { /* here */", "        for ($n = 0; $n < 900000; $n++); // a little patience", "        clearstatcache();", "    }"], ["    do { /* here */", "        $n = array_sum(range(1, 90000)); // a little patience", "        clearstatcache(true, $lock);", "    } while (is_file($lock));"]))  # fmt: skip
    path = s.at(f"{c.inc}/stock.php")
    s.keep(path, php("function wait_for_import(string $lock): void", "{", "    // the list is half written while the import runs", waits, "}", "", f"wait_for_import(__DIR__ . '/../cache/{name}');"))  # fmt: skip
    added(s, s.at(c.config), ["set_time_limit(1);", "require_once __DIR__ . '/stock.php';"])
    first = s.line_of(path, "/* here */")
    return Truth("php-max-execution-time", path, tuple(range(first, first + 4)), ("script-too-slow", "upstream-timeout"), statuses=(500, 504), paths=(s.at(f"cache/{name}"),))  # fmt: skip


@case(SHOWN, "club")
def guestbook_of_the_time_of_php_4(s: Scene) -> Truth:
    """A constructor by the name of its class is an ordinary method since PHP 8, which nobody calls."""
    c, name = club(s), s.rng.choice(("Guestbook", "Counter", "Calendar", "Poll"))
    path, data = s.at(f"{name.lower()}.class.php"), s.at(f"data/{name.lower()}.txt")
    s.keep(data, "".join(f"2009-0{n}-1{n}|{s.rng.choice(words.SENTENCES)}\n" for n in range(1, 9)))
    use = s.rng.choice(("return array_slice($this->rows, 0, 5); /* here */", "return array_reverse($this->rows); /* here */", "return array_map('trim', $this->rows); /* here */"))  # fmt: skip
    s.keep(path, php(f"class {name}", "{", "    var $rows;", "    var $file;", "", f"    function {name}($file) /* made */", "    {", "        $this->file = $file;", "        $this->rows = file($file);", "    }", "", "    function latest()", "    {", f"        {use}", "    }", "}"))  # fmt: skip
    page = s.at("book.php")
    s.keep(page, club_page(s, "Guests", [f"require_once '{name.lower()}.class.php';", f"$book = new {name}('data/{name.lower()}.txt');", "$rows = $book->latest();"]))  # fmt: skip
    s.age(path, s.rng.uniform(3000, 5500))
    assert c.inc
    return Truth("php-version-incompatible-code", path, lines_at(s, path, "/* here */", "/* made */"), _THROWN, page="/book.php")


@case((*PHP, "ovh"), "club")
def deployment_that_never_came_to_its_end(s: Scene) -> Truth:
    """Its first step shuts the site, its last one opens it."""
    c, name = club(s), s.rng.choice(("updating", ".deploying", "maintenance.on", "offline.flag"))
    s.write(name, f"deploy {s.rng.randrange(16**7):07x} started\n", days=s.rng.uniform(0.2, 3))
    lines = [f"if (file_exists(dirname(__DIR__, 2) . '/{name}')) {{", "    http_response_code(503);", f"    exit('<!doctype html><html><head><title>{c.title}</title></head><body><h1>{s.rng.choice(('One moment please', 'We are updating our site', 'Wartungsarbeiten'))}</h1><p>We are back in a minute.</p></body></html>');", "}"]  # fmt: skip
    s.keep(s.at(c.config), s.read(s.at(c.config)).decode().replace("<?php\n", "<?php\n" + "\n".join(lines) + "\n", 1))
    s.keep("deploy.sh", f'#!/bin/sh\nset -e\necho "deploy $1 started" > {name}\ngit pull\ncomposer install --no-dev\nrm {name}\n', 0o700)
    return Truth("application-stuck-maintenance", name, (), ("application-answers-500",), statuses=(503,), paths=(s.at(c.config),))


@case((*PHP, "ovh"), "club")
def excuse_that_is_sent_with_200(s: Scene) -> Truth:
    """A notice without a title; the program notes it in a list of its own and begs the visitors' pardon."""
    c, log = club(s), s.rng.choice((f"private/site-{time.strftime('%Y-%m')}.txt", f"data/errors-{time.strftime('%Y')}.log"))
    s.folder(log.rpartition("/")[0])
    handler = ["set_exception_handler(function (Throwable $ex) {", f"    error_log(date('Y-m-d H:i:s') . ' | ' . get_class($ex) . ' | ' . $ex->getMessage() . ' | ' . $ex->getFile() . ':' . $ex->getLine() . ' | ' . ($_SERVER['REQUEST_URI'] ?? '') . \"\\n\", 3, dirname(__DIR__, 2) . '/{log}');",
               f"    exit('<!doctype html><html><head><title>{c.title}</title></head><body><h1>Sorry, something went wrong</h1><p>Our team has been informed.</p></body></html>');", "});"]  # fmt: skip
    added(s, s.at(c.config), handler)
    s.databases.run(f"INSERT INTO {c.table} (title, body, posted) VALUES (NULL, 'Untitled', '2026-11-20')", c.database.name)
    page, helper = s.at("news.php"), s.at(c.functions)
    changed(s, page, "$rows = latest(20);", "$rows = latest(20);\n$titles = [];\nforeach ($rows as $row) {\n    $titles[] = e($row['title']); // for the list\n}", fresh=False)  # fmt: skip
    return Truth("php-uncaught-exception", helper, lines_at(s, helper, "function e("), ("application-answers-500", "php-fatal-hidden"), page="/news.php", statuses=(200,), body=b"something went wrong", paths=(page, log))  # fmt: skip


@case((*SHOWN, "ovh"), "club")
def quotation_mark_lost_in_the_settings(s: Scene) -> Truth:
    """PHP stumbles where the next one stands, some lines below."""
    c = club(s)
    path, title = s.at(c.config), c.title.replace("'", "")
    notes = [f"// {words.SENTENCES[n].replace(chr(39), '')}" for n in (1, 2, 4)]
    text = s.read(path).decode()
    start, end = text.index("define('SITE_NAME'"), text.index("define('DB_HOST'")
    s.write(path, text[:start] + "\n".join([f"define('SITE_NAME', '{title});", *notes[: s.rng.randint(0, 3)], ""]) + text[end:])
    return Truth("php-parse-error", path, lines_at(s, path, "SITE_NAME", "DB_HOST"))


@case((*SHOWN, "ovh"), "club")
def library_of_the_release_before(s: Scene) -> Truth:
    """The pages are new; the file of functions was put back from last year's backup."""
    c, name = club(s), f"{s.rng.choice(words.VERBS)}_{s.rng.choice(('notices', 'archive', 'dates'))}"
    page = s.at("news.php")
    text = s.read(page).decode().replace("$rows = latest(20);", f"$years = {name}(date('Y')); /* here */\n$rows = latest(20);")
    s.keep(page, text)
    return Truth("php-undefined-function", page, lines_at(s, page, "/* here */"), page="/news.php", paths=(s.at(c.functions),))


@case((*SHOWN, "ovh"), "club")
def search_that_wants_words_of_long_ago(s: Scene) -> Truth:
    """Only where something is sought; the empty form is shown to everybody."""
    c = club(s)
    line = s.rng.choice((
        "if (get_magic_quotes_gpc()) { /* here */", "while (list($key, $value) = each($_GET)) { /* here */", "foreach (split(' ', $word) as $part) { /* here */", "if (eregi('[a-z]', $word)) { /* here */", "if ($word = mysql_real_escape_string($word)) { /* here */",
    ))  # fmt: skip
    path = s.at(f"{c.inc}/search.inc.php")
    s.keep(path, php(f"function found_{c.table}($word)", "{", "    $parts = array();", f"    {line}", "        $parts[] = stripslashes($word);", "        if (count($parts) > 9) {", "            return $parts;", "        }", "    }", "    return $parts;", "}"))  # fmt: skip
    s.age(path, s.rng.uniform(2500, 5000))
    s.keep(s.at("search.php"), club_page(s, "Search", [f"require_once '{c.inc}/search.inc.php';", "$word = isset($_GET['q']) ? $_GET['q'] : '';", f"$hits = $word !== '' ? found_{c.table}($word) : array();"]))  # fmt: skip
    return Truth(
        "php-removed-function", path, lines_at(s, path, "/* here */"), page=f"/search.php?q={s.rng.choice(('walk', 'party', 'chairs'))}"
    )


@case((*PHP, "ovh"), "club")
def one_picture_of_four_is_not_there(s: Scene) -> Truth:
    """The start page draws lots which notice it shows at its top."""
    c, folder = club(s), s.rng.choice(("banners", "teaser", "aktionen"))
    gone = s.rng.randint(1, 4)
    for number in range(1, 5):
        if number != gone:
            s.keep(s.at(f"{folder}/{number}.php"), f"<?php $teaser = '{words.PAGES[number]}';\n")
    path = s.at(f"{c.inc}/teaser.php")
    s.keep(
        path, php("$number = mt_rand(1, 4);", "$teaser = '';", f"require dirname(__DIR__) . '/{folder}/' . $number . '.php'; /* here */")
    )
    changed(s, s.at("index.php"), "$rows = latest(2);", f"require '{c.inc}/teaser.php';\n$rows = latest(2);", fresh=False)
    return Truth("php-missing-file", path, lines_at(s, path, "/* here */"), of=24, paths=(s.at(f"{folder}/{gone}.php"),))
