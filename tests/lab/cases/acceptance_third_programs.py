# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Programs that people wrote for themselves: what a newer PHP, a move or an upload does to them."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, filler, page_source, php


@case((*SHOWN, "ovh"), "php")
def guest_book_of_long_ago(s: Scene) -> Truth:
    """Nobody touched it for years; the host switched the old PHP off."""
    name = s.rng.choice(("gaestebuch", "livre-dor", "guestbook", "libro-visitas")) + ".php"
    line = s.rng.choice((
        "$link = mysql_connect('localhost', 'gast', 'geheim');",
        "list($day, $month, $year) = split('[.]', date('d.m.Y'));",
        "if (ereg('^[a-z]+$', isset($_GET['name']) ? $_GET['name'] : 'anna')) { $ok = true; }",
        "if (get_magic_quotes_gpc()) { $_POST = array_map('stripslashes', $_POST); }",
        "while (list($key, $value) = each($_SERVER)) { $all[$key] = $value; }",
        "$sort = create_function('$a,$b', 'return strcmp($a, $b);');",
    ))  # fmt: skip
    s.write(
        s.at(name),
        php(filler(s.rng, s.rng.randint(2, 20)), f"{line} // here", "?>" + words.html(s.rng, name.partition(".")[0])),
        days=s.rng.uniform(1500, 4000),
    )
    s.pages = ["/"]
    return Truth("php-removed-function", s.at(name), (s.line_of(s.at(name), "// here"),), page=f"/{name}")


@case(PHP, "php")
def forgiven_until_php_8(s: Scene) -> Truth:
    """What PHP 7 only warned of ends the page in PHP 8, to which the host moved everybody."""
    site = describe(s)
    lines = s.rng.choice((
        ["$basket = isset($_SESSION['basket']) ? $_SESSION['basket'] : null;", "$pieces = count($basket); // here"],
        ["$tags = array('neu', 'rot', 'gross');", "$line = implode($tags, ', '); // here"],
        ["$total = '';", "foreach (array(12, 8) as $price) {", "    $total = $total + $price; // here", "}"],
        ["$options = null;", "$known = array_key_exists('colour', (array) $options);", "$size = strlen(array('a', 'b')); // here"],
        ["$today = date('d.m.Y', mktime()); // here"],
    ))  # fmt: skip
    s.keep(s.at(site.page), page_source(s, site, site.page.removesuffix(".php"), more=lines))
    line = s.line_of(s.at(site.page), "// here")
    return Truth("php-version-incompatible-code", s.at(site.page), (line,), ("php-uncaught-exception",), page=f"/{site.page}")


@case(PHP, "php")
def page_that_ends_in_the_middle(s: Scene) -> Truth:
    """After the move a page stops half-way down, without a word: prices were formatted by an extension that the new server lacks."""
    site = describe(s)
    name = s.rng.choice(("preise", "tarifs", "prices", "precios")) + ".php"
    line, also = s.rng.choice((
        ("$format = new NumberFormatter('de_DE', NumberFormatter::CURRENCY);", ("php-class-not-found", "php-fatal-hidden")),
        ("$format = new IntlDateFormatter('fr_FR', 1, 3);", ("php-class-not-found", "php-fatal-hidden")),
        ("$feed = simplexml_load_string('<a><b>1</b></a>');", ("php-fatal-hidden",)),
        ("$small = imagecreatetruecolor(60, 40);", ("php-fatal-hidden",)),
    ))  # fmt: skip
    top = words.html(s.rng, name.partition(".")[0].capitalize()).partition("</body>")[0]
    s.keep(
        s.at(name),
        php(f"require __DIR__ . '/{site.start}';", "?>")
        + top
        + f'<table>\n<?php\n{line} // here\nforeach (array(4, 9) as $n) {{ echo "<tr><td>$n</td></tr>"; }}\n?>\n</table>\n</body>\n</html>\n',
    )
    s.pages = ["/"]
    return Truth(
        "php-missing-extension", s.at(name), (s.line_of(s.at(name), "// here"),), also, page=f"/{name}", statuses=(200,), body=b"<table>"
    )


@case(PHP, "php")
def statistics_of_all_visits(s: Scene) -> Truth:
    """The site's own statistics read all visits at once, which grew more and more until the memory was not enough."""
    name = s.rng.choice(("statistik", "stats", "visiteurs", "estadisticas")) + ".php"
    log = s.rng.choice(("data/visits.log", "logs/zugriffe.txt", "stats/hits.csv"))
    lines = [
        f"$lines = file(__DIR__ . '/{log}', FILE_IGNORE_NEW_LINES); // here", "$days = [];", "foreach ($lines as $line) {", "    $day = substr($line, 0, 10);",
        "    $days[$day] = ($days[$day] ?? 0) + 1;", "}", "foreach ($days as $day => $count) { echo \"<p>$day: $count</p>\"; }",
    ]  # fmt: skip
    s.keep(s.at(name), php(filler(s.rng, s.rng.randint(0, 9)), lines))
    s.write(s.at(log), b"2026-05-04;192.0.2.17;/\n" * 1_150_000)
    s.pages = ["/"]
    return Truth("php-memory-limit", s.at(name), (s.line_of(s.at(name), "// here"),), page=f"/{name}", paths=(s.at(log),))


@case((*PHP, "ovh"), "php")
def firewall_of_the_old_host(s: Scene) -> Truth:
    """A file that is to run before every page was left behind at the old host, or deleted by somebody who cleaned up."""
    gone = s.rng.choice(
        (
            f"{s.path(s.www)}/firewall/start.php",
            "/home/u48213/public_html/wordfence-waf.php",
            "/www/htdocs/w01a2b3c/ninjafirewall.php",
            f"{s.path(s.www)}/_stats/count.php",
        )
    )
    key = "auto_prepend_file"
    lines = [
        "; settings of this site",
        "upload_max_filesize = 32M",
        "post_max_size = 32M",
        *s.rng.choice(((), ("max_input_vars = 3000",))),
        f"{key} = '{gone}'",
        "",
    ]
    s.write(s.at(".user.ini"), "\n".join(lines))
    time.sleep(1.2)  # PHP remembers these settings for a second
    return Truth("user-ini-bad-prepend", s.at(".user.ini"), (s.line_of(s.at(".user.ini"), key),), ("php-missing-file",))


@case((*SHOWN, "ovh"), "php", "club")
def upload_that_broke_off(s: Scene) -> Truth:
    """The line broke while a file was uploaded: half of it is there."""
    path = s.at(describe(s).helpers) if hasattr(s, "php_site") else s.at(s.club_site.functions)  # type: ignore[attr-defined]
    whole = s.read(path)
    mark = b"return '<!doctype" if hasattr(s, "php_site") else b"return db" if b"return db" in whole else b"$result = db()"
    cut = whole.index(mark) + s.rng.randint(3, 7)
    s.write(path, whole[:cut])
    last = whole[:cut].count(b"\n") + 1
    return Truth("php-truncated-file", path, tuple(range(max(1, last - 6), last + 1)), ("php-parse-error",))
