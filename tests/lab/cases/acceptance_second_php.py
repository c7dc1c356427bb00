# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""What a support desk meets in PHP code, its settings, permissions and scripts of sites that are not blogs."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.clubs_and_shops import club, club_page
from tests.lab.sites.edits import changed
from tests.lab.sites.frameworks import base_of
from tests.lab.sites.php_site import describe, filler, php

# --- permissions and scripts


@case((*SHOWN, "ovh"), "php", "club", "joomla")
def scanner_locked_a_file(s: Scene) -> Truth:
    """The host's scanner took a script for malware and took all its rights away."""
    if s.path(s.at("configuration.php")).exists():
        path = s.at("plugins/system/prices/src/Extension/Prices.php")
    elif s.database:
        path = s.at(s.rng.choice((club(s).functions, club(s).config)))
    else:
        site = describe(s)
        path = s.at(s.rng.choice((site.helpers, site.class_file, site.settings, site.start)))
    s.chmod(path, s.rng.choice((0o000, 0o000, 0o200)))
    if s.place.setup.shows_errors:  # a page that has begun stays a 200
        return Truth("file-unreadable", path, statuses=(200, 500), body=b"Permission denied")
    return Truth("file-unreadable", path)


@case((*PHP, "ovh"), "yii2", "codeigniter4", "grav", "opencart")
def made_read_only_against_hackers(s: Scene) -> Truth:
    """Nobody can write any more, the program itself neither: its cache, its sessions, what it publishes."""
    base = base_of(s)
    if s.path(f"{base}spark").exists():
        path = f"{base}writable/cache"
    elif s.path(s.at("user/config")).exists():
        path = s.at("cache")
    elif s.path(s.at("catalog")).exists():
        path = s.at("system/storage/session")
    else:
        path = s.at("assets")
    s.chmod(path, s.rng.choice((0o555, 0o505, 0o500)) if path.startswith(s.www) else 0o555)
    return Truth("folder-not-writable", path)


@case(("plain", "shared", "ovh", "fcgid"), "static", "php")
def guestbook_in_perl_after_the_move(s: Scene) -> Truth:
    """One old script; the files came by FTP from a computer with Windows, or their modes were guessed."""
    name = s.rng.choice(("guestbook.pl", "formmail.cgi", "counter.cgi", "gaestebuch.pl", "livredor.cgi"))
    lines = ["#!/usr/bin/perl", "use strict;", f"# {s.rng.choice(words.SENTENCES[:5])}", 'print "Content-type: text/html\\n\\n";', f'print "<h1>{name}</h1>";', 'print "<p>Nobody has written yet.</p>" x 8;']  # fmt: skip
    path, mode, found = s.at(f"cgi-bin/{name}"), 0o755, ()
    cause = s.rng.choice(("cgi-windows-line-endings", "cgi-not-executable", "cgi-writable-by-others", "cgi-interpreter-missing"))
    newline = "\n"
    if cause == "cgi-windows-line-endings":
        newline, found = "\r\n", (1,)
    elif cause == "cgi-interpreter-missing":
        lines[0], found = s.rng.choice(("#!/usr/local/bin/perl", "#!/usr/bin/perl5", "#!C:/xampp/perl/bin/perl.exe")), (1,)
    else:
        mode = s.rng.choice((0o644, 0o604, 0o600) if cause == "cgi-not-executable" else (0o777, 0o775))
    s.write(path, newline.join(lines) + newline, mode)
    return Truth(cause, path, found, page=f"/cgi-bin/{name}")


# --- code


@case((*SHOWN, "ovh"), "php")
def apostrophe_in_a_language_file(s: Scene) -> Truth:
    """A text was changed in the host's file manager."""
    site, language = describe(s), s.rng.choice(("fr", "it", "nl", "en"))
    texts = {"welcome": "Bienvenue", "opening": "9 - 18 h", "phone": "Tel.", "legal": "Mentions", "basket": "Panier", "send": "Envoyer"}
    wrong = s.rng.choice(
        ("L'atelier est ouvert", "Jusqu'à 18 heures", "We're open", "L'ora del pranzo", "Foto's van de tuin", "Today's menu")
    )
    rows = [f"    '{key}' => '{value}'," for key, value in texts.items()]
    rows.insert(s.rng.randint(0, len(rows)), f"    'title' => '{wrong}',")
    path = s.at(f"{site.library}/lang/{language}.php")
    s.keep(s.at(site.start), s.read(s.at(site.start)).decode() + f"$texts = require __DIR__ . '/lang/{language}.php';\n")
    s.write(path, php("// texts of the site", "return [", rows, "];"))
    return Truth("php-parse-error", path, (s.line_of(path, wrong),))


@case((*SHOWN, "ovh"), "laravel", "symfony", "slim")
def upload_without_the_libraries(s: Scene) -> Truth:
    """The FTP client skipped what the repository ignores."""
    base, index = base_of(s), s.at("index.php")
    s.remove(f"{base}vendor")
    names = ("vendor", "vendor/autoload.php", "vendor/autoload_runtime.php", "vendor/slim/slim/Slim/App.php")
    return Truth("php-missing-file", index, (s.line_of(index, "vendor/"),), paths=tuple(base + name for name in names))


@case((*SHOWN, "ovh"), "php")
def class_in_small_letters(s: Scene) -> Truth:
    """It was written on a computer to which both names are the same."""
    site = describe(s)
    small = s.at(f"{site.library}/{site.noun.lower()}.php")
    s.write(small, s.read(s.at(site.class_file)))
    s.remove(s.at(site.class_file))
    path = s.at("index.php")
    return Truth(
        "php-class-not-found", path, (s.line_of(path, f"new {site.noun}("),), ("php-missing-file",), paths=(small, s.at(site.class_file))
    )


@case((*SHOWN, "ovh"), "club")
def contact_form_of_2009(s: Scene) -> Truth:
    """The host has switched to a newer PHP; no file was changed, and only the contact page fails."""
    c = club(s)
    name, use = s.rng.choice((
        ("get_magic_quotes_gpc", ["    if (get_magic_quotes_gpc()) {", "        $fields = array_map('stripslashes', $fields);", "    }"]),
        ("each(", ["    reset($fields);", "    while (list($key, $value) = each($fields)) {", "        $fields[$key] = trim($value);", "    }"]),
        ("create_function", ["    $fields = array_map(create_function('$v', 'return trim($v);'), $fields);"]),
        ("ereg(", ["    $good = ereg('^[a-z0-9._-]+@[a-z0-9.-]+$', 'office@example.org');"]),
        ("split(", ["    list($user, $domain) = split('@', 'office@example.org');"]),
        ("mysql_escape_string", ["    foreach ($fields as $key => $value) {", "        $fields[$key] = mysql_escape_string($value);", "    }"]),
    ))  # fmt: skip
    path = s.at(f"{c.inc}/{s.rng.choice(('formmail', 'mailer', 'form', 'antispam'))}.php")
    s.keep(path, php(filler(s.rng, s.rng.randint(0, 15)), "function clean_fields($fields)", "{", use, "    return $fields;", "}"))
    s.keep(s.at("contact.php"), club_page(s, "Contact", [f"require_once '{path.removeprefix(s.www + '/')}';", "$fields = clean_fields($_GET + array('lang' => 'en'));"]))  # fmt: skip
    return Truth("php-removed-function", path, (s.line_of(path, name),), page="/contact.php")


@case(SHOWN, "club")
def half_a_page_of_news(s: Scene) -> Truth:
    """The head of the page is there, then nothing more: a function was renamed in one file only."""
    name = s.rng.choice(("nl2p", "make_links", "format_news", "escape_html", "markdown_light", "shorten"))
    path = changed(s, s.at("news.php"), "echo e($row['body'])", f"echo {name}($row['body'])")
    return Truth(
        "php-undefined-function", path, (s.line_of(path, f"{name}("),), ("php-fatal-hidden",), page="/news.php", statuses=(200, 500)
    )


@case((*SHOWN, "ovh"), "php")
def limit_meant_for_uploads(s: Scene) -> Truth:
    """The wrong one of several limits was lowered."""
    site = describe(s)
    rows = s.rng.choice((300_000, 400_000, 500_000))
    s.keep(s.at(site.helpers), s.read(s.at(site.helpers)).decode() + f"$postcodes = range(1, {rows});\n$known = array_flip($postcodes);\n")
    limit = s.rng.choice(("4M", "8M", "6M", "8192K"))
    lines = ["upload_max_filesize = 8M", "post_max_size = 10M", "max_file_uploads = 5", "; no big mails please"]
    s.rng.shuffle(lines)
    lines.insert(s.rng.randint(0, len(lines)), f"memory_limit = {limit}")
    path = s.at(".user.ini")
    s.write(path, "\n".join(lines) + "\n")
    time.sleep(1.1)
    return Truth("user-ini-memory-limit-too-low", path, (s.line_of(path, "memory_limit"),))


@case((*SHOWN, "ovh"), "club")
def gallery_on_a_host_without_pictures(s: Scene) -> Truth:
    """The new host's PHP lacks an extension that the old one had."""
    c = club(s)
    mark, lines = s.rng.choice((
        ("imagecreatefromjpeg", ["    $image = imagecreatefromjpeg($file);", "    return imagesx($image) . ' x ' . imagesy($image);"]),
        ("new Imagick", ["    $image = new Imagick($file);", "    return $image->getImageWidth() . ' px';"]),
        ("imagecreatetruecolor", ["    $small = imagecreatetruecolor(160, 120);", "    return imagesx($small) . ' px';"]),
        ("numfmt_create", ["    return numfmt_format(numfmt_create('fr_FR', 1), filesize($file));"]),
    ))  # fmt: skip
    path = s.at(f"{c.inc}/{s.rng.choice(('thumbs', 'images', 'vignettes', 'bilder'))}.php")
    s.keep(path, php(filler(s.rng, s.rng.randint(0, 12)), "function thumb_size(string $file): string", "{", lines, "}"))
    before = [
        "$pictures = glob('uploads/*.jpg') ?: [];",
        f"require_once '{path.removeprefix(s.www + '/')}';",
        "$sizes = array_map('thumb_size', $pictures);",
    ]
    s.keep(s.at("gallery.php"), club_page(s, "Gallery", before))
    return Truth("php-missing-extension", path, (s.line_of(path, mark),), page="/gallery.php")
