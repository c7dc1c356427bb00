# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Owners, scripts of old machines, disks, and what a site took for granted of the host that it came from."""

from __future__ import annotations

import os
import time

from tests.lab import words
from tests.lab.cases.base import LOGGED, PHP, Truth, case, well
from tests.lab.cases.permissions import script
from tests.lab.cases.php_settings import setting
from tests.lab.scene import Scene
from tests.lab.sites.php_site import class_source, describe, page_source

_HERE = "/* here */"
_FAILS = ("cgi-no-output",)


def _page(s: Scene, lines: list[str], *, name: str = "") -> tuple[str, int, str]:
    """These lines in a page of the program: its path, the line with the mark, its address."""
    site = describe(s)
    name = name or s.rng.choice(("index.php", site.page))
    s.write(s.at(name), page_source(s, site, site.title, more=lines))
    return (
        s.at(name),
        s.line_of(s.at(name), _HERE) if any(_HERE in line for line in lines) else 0,
        "/" if name == "index.php" else f"/{name}",
    )


# --- rights and owners
@case(PHP, "php")
def counter_that_belongs_to_somebody_else(s: Scene) -> Truth:
    """Copied by the administrator, readable for all: the program opens it for writing and locks what it did not get."""
    name = s.rng.choice(("data/counter.txt", "counter/hits.dat", "data/visits.csv"))
    s.keep(s.at(name), f"{s.rng.randint(100, 99999)}\n", 0o644)
    if s.rng.random() < 0.6:
        os.chown(s.path(s.at(name)), 0, 0)
    else:
        s.chmod(s.at(name), 0o444)
    path, line, page = _page(
        s,
        [
            f"$counter = fopen(__DIR__ . '/{name}', '{s.rng.choice(('r+', 'a+', 'c+'))}'); {_HERE}",
            "flock($counter, LOCK_EX);",
            "$count = (int) fgets($counter);",
            "fclose($counter);",
        ],
    )
    return Truth("folder-not-writable", s.at(name), (), ("file-unreadable",), page, paths=(path, s.at(name).rpartition("/")[0]))


@case(PHP, "php")
def gallery_that_may_not_be_listed(s: Scene) -> Truth:
    """The folder came from the FTP program with the rights of a file, or with none."""
    folder = s.rng.choice(("photos", "galerie", "pictures/2025", "bilder"))
    for number in range(3):
        s.keep(s.at(f"{folder}/{number}.jpg"), b"\xff\xd8\xff\xe0" + bytes(300))
    s.path(s.at(folder)).chmod(s.rng.choice((0o000, 0o200, 0o300, 0o100)))
    s.afterwards(s.path(s.at(folder)).chmod, 0o755)
    line = s.rng.choice(
        (
            f"$photos = array_diff(scandir(__DIR__ . '/{folder}'), ['.', '..']);",
            f"foreach (new DirectoryIterator(__DIR__ . '/{folder}') as $photo) {{ $photos[] = (string) $photo; }}",
        )
    )
    path, _, page = _page(s, [f"{line} {_HERE}"])
    return Truth("folder-not-traversable", s.at(folder), (), ("file-unreadable",), page, paths=(path,))


# --- scripts
@case(LOGGED, "static", "php")
def form_mailer_without_its_mailer(s: Scene) -> Truth:
    """The program that sent the mails on the old machine is not here."""
    path = script(s)
    mailer = s.rng.choice(("/usr/lib/sendmail -t -oi", "/var/qmail/bin/qmail-inject", "/usr/local/bin/sendmail -t", "/usr/sbin/exim4 -t"))
    program = mailer.split()[0]
    source = s.rng.choice((
        f"#!/usr/bin/perl\nuse strict;\nmy $mailer = '{mailer}';\n# open\nopen(MAIL, \"|$mailer\") or die \"Can't open $mailer: $!\";\nprint MAIL \"To: anna\\@example.com\\n\\nHello\\n\";\nclose(MAIL);\n",
        f"#!/usr/bin/perl -w\n# form mail 1.92\nuse strict;\nmy $mailer = '{program}';\n-x $mailer or die \"Cannot find $mailer\\n\";\n",
        f"#!/usr/bin/env python3\nimport subprocess\n\n# send\nsubprocess.run({mailer.split()!r}, input=b'To: anna@example.com\\n\\nHello\\n', check=True)\n",
    ))  # fmt: skip
    rest = (
        "print('Content-Type: text/html\\n\\n<h1>Thank you</h1>')\n"
        if "python" in source
        else 'print "Content-Type: text/html\\n\\n<h1>Thank you</h1>\\n";\n'
    )
    s.keep(path, source + rest, s.place.setup.folder_mode)
    return Truth("cgi-script-error", path, (5,), _FAILS, s.pages[-1])


@case(LOGGED, "static", "php")
def script_that_trusts_nobody(s: Scene) -> Truth:
    """Perl's taint mode, where the host passes on a PATH, or the visitor's words."""
    path = script(s)
    line = s.rng.choice(("my $now = `date`;", 'system("date > /dev/null");', 'open(my $in, "-|", "date") or die $!;'))
    s.keep(
        path,
        f'#!/usr/bin/perl -T\nuse strict;\n# {s.rng.choice(words.NOUNS)}\nmy $title = "Home";\n{line}\nprint "Content-Type: text/html\\r\\n\\r\\n<h1>$title</h1>";\n',
        s.place.setup.folder_mode,
    )
    return Truth("cgi-script-error", path, (5,), _FAILS, s.pages[-1])


@case(LOGGED, "static", "php")
def texts_in_the_letters_of_another_system(s: Scene) -> Truth:
    """A script in Python reads a file that Windows wrote."""
    path = script(s).rpartition(".")[0] + ".cgi"
    data = f"{path.rpartition('/')[0]}/{s.rng.choice(('texts.txt', 'guests.csv', 'menu.txt'))}"
    s.write(data, "Öffnungszeiten;Di-Sa\nGrüße;aus Köln\nCafé;3,50 €\n".encode("cp1252"))
    name = data.rpartition("/")[2]
    s.keep(
        path,
        f"#!/usr/bin/env python3\nimport os\n\nfolder = os.path.dirname(os.path.abspath(__file__))\nrows = open(os.path.join(folder, '{name}'), encoding='utf-8').read().split('\\n')\nprint('Content-Type: text/html; charset=utf-8\\n')\nprint('<h1>' + rows[0] + '</h1>')\n",
        s.place.setup.folder_mode,
    )
    s.pages[-1] = f"/{path.partition('/')[2]}"
    return Truth("cgi-script-error", path, (5,), _FAILS, s.pages[-1], paths=(data,))


# --- the host
@case(("plain", "shared", "engine", "own-log"), "php")
def confined_without_its_temporary_folder(s: Scene) -> Truth:
    """Somebody made the site safer, and left out the folder where everything temporary goes."""
    setting_line = setting(s, f"open_basedir = {s.path(s.www)}{s.rng.choice(('', '/', ':' + str(s.path('data'))))}")
    path, _, page = _page(s, [f"$lock = fopen(sys_get_temp_dir() . '/export.lock', 'c'); {_HERE}", "flock($lock, LOCK_EX | LOCK_NB);"])
    return Truth("open-basedir", s.at(".user.ini"), (setting_line,), (), page, paths=(path,))


@case(PHP, "php")
def thumbnails_that_filled_the_disk(s: Scene) -> Truth:
    """PHP counts what it could write, and says nothing of quotas or numbers."""
    folder = s.rng.choice(("media/cache", "thumbs", "cache/images"))
    if not s.small_disk(s.at(folder), 256):
        raise RuntimeError("no disk can be mounted here")
    with (s.path(s.at(folder)) / "large.bin").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass
    s.place.account.own(s.path(s.at(f"{folder}/large.bin")))
    path, _, page = _page(
        s,
        [
            "$thumb = str_repeat('x', 30000);",
            f"$written = file_put_contents(__DIR__ . '/{folder}/' . md5((string) microtime(true)) . '.jpg', $thumb); {_HERE}",
            "if ($written !== strlen($thumb)) {",
            "    throw new RuntimeException('Thumbnail was not stored');",
            "}",
        ],
    )
    return Truth("disk-full", s.at(folder), (), (), page, paths=(path, s.at(f"{folder}/large.bin")))


@case(("fcgid",), "php")
def page_that_waits_under_mod_fcgid(s: Scene) -> Truth:
    """mod_fcgid answers 500 where others say 504."""
    line = s.rng.choice(
        (
            "sleep(14);",
            "for ($try = 0; $try < 5; $try++) { usleep(3000000); }",
            "$link = stream_socket_server('tcp://127.0.0.1:0'); $call = @stream_socket_accept($link, 14);",
        )
    )
    path, number, page = _page(s, [f"{line} {_HERE}"], name=describe(s).page)
    return Truth("script-too-slow", path, (number,), (), page)


@case(("plain", "shared", "engine"), "php")
def page_that_waits_for_its_own_session(s: Scene) -> Truth:
    """It fetches a part of itself over the web in the visitor's name; that part waits for the session, which the page holds."""
    site, part = describe(s), s.rng.choice(("news", "basket", "sidebar"))
    lines = [
        "$options = ['http' => ['header' => 'Cookie: ' . session_name() . '=' . session_id()]];", f"for ($try = 0; $try < 2 && !isset($_GET['{part}']); $try++) {{",
        f"    ${part} = @file_get_contents('http://' . $_SERVER['HTTP_HOST'] . '/{site.page}?{part}=1', false, stream_context_create($options)); {_HERE}", "}",
    ]  # fmt: skip
    path, line, page = _page(s, lines, name=site.page)
    s.afterwards(time.sleep, 11.0)  # until PHP is free again
    return Truth("script-too-slow", path, (line,), ("upstream-timeout",), page, statuses=(504,))


@case(("plain", "shared", "engine", "own-log"), "php")
def functions_of_apache_itself(s: Scene) -> Truth:
    """On the old host PHP was a part of Apache."""
    line = s.rng.choice(
        (
            "$rewriting = in_array('mod_rewrite', apache_get_modules());",
            "apache_setenv('no-gzip', '1');",
            "virtual('/404.html');",
            "apache_note('visitor', 'guest');",
            "$server = apache_get_version();",
        )
    )
    path, number, page = _page(s, [f"{line} {_HERE}"])
    return Truth("php-missing-extension", path, (number,), ("php-undefined-function", "php-version-incompatible-code"), page)


@case(("engine", "plain", "shared"), "php")
def variables_of_the_old_web_server(s: Scene) -> Truth:
    """The settings come from the environment; the line that put them there stayed behind."""
    site = describe(s)
    name = s.rng.choice(("SHOP_SECRET", "MAIL_DSN", "APP_SECRET", "STRIPE_KEY"))
    lines = s.rng.choice((
        [f"if (getenv('{name}') === false) {{", f"    throw new RuntimeException('Environment variable not found: \"{name}\".'); {_HERE}", "}"],
        [f"$secret = $_SERVER['{name}'] ?? throw new LogicException('{name} is not set in the environment'); {_HERE}"],
        ["function secret(string $value): string { return strrev($value); }", f"$secret = secret($_ENV['{name}']); {_HERE}"],
    ))  # fmt: skip
    s.keep(s.at(site.settings), s.read(s.at(site.settings)).decode() + "\n".join(lines) + "\n")
    return Truth("php-uncaught-exception", s.at(site.settings), (s.line_of(s.at(site.settings), _HERE),))


@case(("plain", "shared", "engine", "fcgid"), "php")
def each_error_in_a_file_of_its_own(s: Scene) -> Truth:
    """The program keeps what it caught in a report per incident, and tells visitors its number only."""
    site = describe(s)
    folder = s.rng.choice(("var/reports", "reports", "tmp/incidents"))
    handler = [
        "set_exception_handler(function (Throwable $e) {", "    $id = date('Ymd-His') . '-' . substr(md5(uniqid()), 0, 6);",
        f"    $folder = dirname(__DIR__) . '/{folder}';", "    @mkdir($folder, 0755, true);",
        "    $report = ['id' => $id, 'url' => $_SERVER['REQUEST_URI'], 'type' => get_class($e), 'message' => $e->getMessage(), 'file' => $e->getFile(), 'line' => $e->getLine(), 'trace' => $e->getTraceAsString()];",
        f"    file_put_contents($folder . '/{s.rng.choice(('report-', 'error_', ''))}' . $id . '{s.rng.choice(('.txt', '.log', '.report'))}', {s.rng.choice(('print_r($report, true)', 'var_export($report, true)'))});",
        "    http_response_code(500);", "    echo '<h1>Something went wrong</h1><p>Please tell us this number: ' . $id . '</p>';", "});",
    ]  # fmt: skip
    start = s.read(s.at(site.start)).decode()
    s.keep(s.at(site.start), start.replace("session_start();", "\n".join([*handler, "session_start();"])))
    bad = s.rng.choice(
        (
            "$first = (new DateTime('32.13.2025'))->format('d.m.');",
            "$share = intdiv(100, count([]));",
            "throw new DomainException('No price for article ' . 417);",
            "$date = null; $text = $date->format('Y');",
        )
    )
    s.write(s.at(site.class_file), class_source(s.rng, site.noun, method=[f"        {bad} {_HERE}"]))
    return Truth("php-uncaught-exception", s.at(site.class_file), (s.line_of(s.at(site.class_file), _HERE),), ("application-answers-500",))


# --- well, for all that
@well(("plain", "shared", "engine", "own-log"), "php")
def sessions_that_are_not_swept(s: Scene) -> Truth:
    """Into the folder of sessions PHP may write, but may not list it: it says so at every page, and all is well."""
    s.write(s.at(".user.ini"), "session.gc_probability = 1\nsession.gc_divisor = 1\n")
    s.chmod("tmp", 0o300)
    s.afterwards(s.chmod, "tmp", 0o700)
    return Truth("none", statuses=(200,))


@well(("engine",), "php", "static")
def rules_that_nobody_reads_here(s: Scene) -> Truth:
    """nginx takes no notice of a `.htaccess`, however bad."""
    lines = s.rng.sample(
        (
            "RewriteEngin On",
            "php_value memory_limit 512M",
            "Order deny,allow",
            "<IfModule mod_rewrite.c>",
            "RewriteRule ^(.*)$ /index.php/$1 [L",
            "Require all denied",
            "SecFilterEngine Off",
        ),
        4,
    )
    s.write(s.at(".htaccess"), "\n".join(["# of the old host", *lines, ""]))
    return Truth("none", statuses=(200,))
