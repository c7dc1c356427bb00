# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Once through the catalogue: `.htaccess`, modes and scripts of sites that are not blogs."""

from __future__ import annotations

import os

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.frameworks import base_of
from tests.lab.sites.htaccess_lines import REWRITING, Block, blocks, text, with_lines
from tests.lab.sites.php_site import describe, filler, page_source, php

_FRAMEWORKS = ("laravel", "symfony", "slim")


def _some_folder(s: Scene, chance: float = 0.5) -> str:
    """The docroot or a folder in it that has a start page; ends with a slash where it is not the docroot."""
    if s.rng.random() > chance:
        return ""
    name = f"{s.rng.choice(words.FOLDERS)}-{s.rng.randint(2014, 2026)}"
    s.keep(s.at(f"{name}/index.html"), words.html(s.rng, name))
    s.pages = ["/", f"/{name}/"]
    return f"{name}/"


def at_the_end(s: Scene, name: str, planted: Block) -> int:
    """Writes a `.htaccess` of sound lines that ends with these; returns the number of the first of these."""
    before = text(blocks(s.rng, 1, 5))
    s.write(name, before + text([planted]))
    return before.count("\n") + 1


# --- .htaccess


@case(APACHE, "static", "php")
def setting_of_the_whole_server(s: Scene) -> Truth:
    """Copied from an answer in a forum that was meant for the server's own settings."""
    folder = _some_folder(s)
    old = f"/home/{s.rng.choice(words.NOUNS).lower()}/public_html"
    at, planted = s.rng.choice((
        (1, ("# the import of our articles takes long", f"Timeout {s.rng.choice((300, 600, 1200))}")),
        (0, ("ProxyPass /api http://127.0.0.1:3000/api", "ProxyPassReverse /api http://127.0.0.1:3000/api")),
        (0, (f'<Directory "{old}">', "    Options -Indexes", "</Directory>")),
        (1, ("# --- speed ---", "KeepAlive On")),
        (0, ("<Location /admin>", "    Require all denied", "</Location>")),
        (0, (f"LimitRequestLine {s.rng.choice((16380, 32760))}",)),
    ))  # fmt: skip
    path = s.at(f"{folder}.htaccess")
    line = with_lines(s, path, planted) + at
    return Truth("htaccess-directive-not-allowed", path, (line,), page=f"/{folder}")


@case(APACHE, "static", "php")
def php_settings_above_the_docroot(s: Scene) -> Truth:
    """The whole account came from a host with PHP as a module, with the file beside the docroot."""
    megabytes = s.rng.choice((32, 64, 128, 256))
    lines = [
        "# for all sites of this account", "<IfModule mod_php5.c>", "    php_flag magic_quotes_gpc off", "</IfModule>", "",
        s.rng.choice((f"php_value upload_max_filesize {megabytes}M", "php_flag display_errors off", "php_value date.timezone Europe/Berlin")),
        f"php_value post_max_size {megabytes}M",
    ]  # fmt: skip
    s.write(".htaccess", "\n".join(lines) + "\n")
    return Truth("htaccess-php-directive-under-fpm", ".htaccess", (6, 7))


@case(APACHE, "static", "php")
def section_without_its_end(s: Scene) -> Truth:
    folder = _some_folder(s, 0.3)
    path = s.at(f"{folder}.htaccess")
    right, planted = s.rng.choice((
        ((0, 2), ('<FilesMatch "\\.(sql|bak|log|zip)$">', "    Require all denied", "</Files>")),
        ((0,), ("<Files .env>", "    Require all denied")),
        ((0,), ("<IfModule mod_expires.c", "    ExpiresActive On", '    ExpiresByType image/webp "access plus 3 months"', "</IfModule>")),
        ((3, 4), ("<IfModule mod_headers.c>", "    Header set X-Frame-Options SAMEORIGIN", "    Header unset ETag", "</IfModule>", "</IfModule>")),
    ))  # fmt: skip
    line = at_the_end(s, path, planted)
    return Truth("htaccess-unclosed-section", path, tuple(line + more for more in right), page=f"/{folder}")


@case(APACHE, "static", "php")
def list_of_unwanted_crawlers(s: Scene) -> Truth:
    """Lengthened by hand, with a star as in names of files, or a bracket too few."""
    bots = s.rng.sample(("AhrefsBot", "MJ12bot", "SemrushBot", "DotBot", "PetalBot", "BLEXBot", "Bytespider", "DataForSeoBot"), 4)
    pattern = s.rng.choice(("({0}|{1}|*{2}|{3})", "({0}|{1}|{2}|{3}", "^({0}|{1}|*{2}*)", "({0}|{1})|{2})")).format(*bots)
    path = s.at(".htaccess")
    if s.rng.random() < 0.3:
        planted: Block = (
            f'SetEnvIfNoCase User-Agent "{pattern}" unwelcome',
            "<RequireAll>",
            "Require all granted",
            "Require not env unwelcome",
            "</RequireAll>",
        )
        return Truth("htaccess-bad-regex", path, (with_lines(s, path, planted),))
    planted = (f"RewriteCond %{{HTTP_USER_AGENT}} {pattern} [NC]", "RewriteRule .* - [F,L]")
    return Truth("htaccess-bad-regex", path, (with_lines(s, path, planted, rewriting=True),))


@case(APACHE, "static")
def addresses_without_an_end(s: Scene) -> Truth:
    """Everything is led into a folder again and again; or a missing page gets one ending after the other, and only missing pages fail."""
    sound = [block for block in blocks(s.rng, 1, 4) if block not in REWRITING]
    path = s.at(".htaccess")
    if s.rng.random() < 0.5:
        folder = s.rng.choice(("public", "web", "site", "v2"))
        s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
        planted: Block = ("RewriteEngine On", f"RewriteRule ^(.*)$ {folder}/$1 [L]")
        page = "/"
    else:
        planted = ("RewriteEngine On", "# addresses without .html", "RewriteCond %{REQUEST_FILENAME} !-f", "RewriteRule ^(.+)$ $1.html [L]")
        page = f"/{s.rng.choice(words.NOUNS).lower()}-{s.rng.randint(1, 99)}"
    s.write(path, text([*sound, planted]))
    last = s.line_of(path, "RewriteRule ^(.")
    return Truth("htaccess-rewrite-loop", path, (last, last - 1) if page != "/" else (last,), page=page)


@case(APACHE, "php")
def handler_of_the_last_host(s: Scene) -> Truth:
    """Everybody can read the program."""
    version = s.rng.choice(("56", "72", "74", "80"))
    name = s.rng.choice((f"application/x-httpd-ea-php{version}", f"application/x-httpd-alt-php{version}___lsphp", f"x-mapp-php{version}"))
    planted = (
        "# php -- BEGIN handler of the control panel, do not edit", f"# Use the “php{version}” package.",
        '<FilesMatch "\\.(php4|php5|php7|php8|phtml|php)$">', f"  SetHandler {name}", "</FilesMatch>", "# php -- END handler",
    )  # fmt: skip
    path = s.at(".htaccess")
    line = at_the_end(s, path, planted)
    return Truth("htaccess-php-handler-override", path, (line + 3, line + 2), statuses=(200,), body=b"<?php")


@case(APACHE, "php")
def rule_that_hides_a_second_fault(s: Scene) -> Truth:
    """Both were changed in the same hour; nobody gets as far as the program."""
    site = describe(s)
    s.write(s.at(site.helpers), s.read(s.at(site.helpers)).replace(b"</body></html>';", b"</body></html>'", 1))
    flags = s.rng.choice(("[R=301, L]", "[L,R=301", "[L,R=301,PERMANENT]", "[R=301 ,L]"))
    planted = ("RewriteCond %{HTTP_HOST} ^www\\.(.+)$ [NC]", f"RewriteRule ^(.*)$ https://%1/$1 {flags}")
    path = s.at(".htaccess")
    return Truth("htaccess-bad-rewrite-flag", path, (with_lines(s, path, planted, rewriting=True) + 1,), body=b"Internal Server Error")


# --- permissions and scripts


@case((*SHOWN, "ovh"), *_FRAMEWORKS)
def one_mode_for_files_and_folders(s: Scene) -> Truth:
    """Everything below was set to the mode of files by the program that uploads."""
    folder = f"{base_of(s)}vendor"
    s.chmod(folder, s.rng.choice((0o644, 0o640, 0o604, 0o600)))
    return Truth("folder-not-traversable", folder)


@case(PHP, "php")
def templates_restored_by_root(s: Scene) -> Truth:
    """What the templates are compiled into belongs to somebody else since a backup was put back."""
    site, folder = describe(s), s.rng.choice(("templates_c", "var/compiled", "tmp/smarty/compile"))
    s.keep(s.at(f"{site.library}/View.php"), php(
        filler(s.rng, 4), "class View", "{", f"    private string $compiled = __DIR__ . '/../{folder}';", "",
        "    public function fetch(string $name): string", "    {", "        $target = $this->compiled . '/' . sha1($name) . '_0.file.' . $name . '.php';",
        "        if (@file_put_contents($target, '<?php return 1;') === false) {", '            throw new RuntimeException("unable to write file {$target}");',
        "        }", "        return $target;", "    }", "}"))  # fmt: skip
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=["$view = new View();", "$page = $view->fetch('page.tpl');"]))
    s.folder(s.at(folder))
    os.chown(s.path(s.at(folder)), 0, 0)
    s.chmod(s.at(folder), 0o755)
    return Truth("folder-not-writable", s.at(folder))


@case(LOGGED, "static", "php")
def form_that_lacks_a_module(s: Scene) -> Truth:
    """Perl at the new host has fewer modules than at the old one."""
    path = s.at(f"cgi-bin/{s.rng.choice(('formmail', 'contact', 'guestbook', 'order'))}.{s.rng.choice(('pl', 'cgi'))}")
    module = s.rng.choice(("Mail::Sender", "Mail::Sendmail", "CGI::FormBuilder", "MIME::Lite::TT", "Text::CSV::Simple"))
    s.keep(path, "\n".join([
        s.rng.choice(("#!/usr/bin/perl -w", "#!/usr/bin/perl")), "#", f"# {s.rng.choice(words.SENTENCES[:6])}", "#", "use strict;",
        *(["use POSIX qw(strftime);"] if s.rng.random() < 0.5 else []), f"use {module};", "",
        "my $today = localtime;", 'print "Content-Type: text/html\\n\\n";', 'print "<html><body><p>Thank you, $today</p></body></html>";', "",
    ]), s.place.setup.folder_mode)  # fmt: skip
    page = path.removeprefix(s.www)
    return Truth("cgi-script-error", path, (), ("cgi-no-output",), page)
