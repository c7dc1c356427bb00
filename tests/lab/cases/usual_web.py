# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""What the support desk meets day by day in `.htaccess`, in modes and in scripts: lines of another host, blocks cut apart, old Perl and Python."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, Truth, case, well
from tests.lab.cases.htaccess import plant
from tests.lab.cases.permissions import script
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import blocks, text
from tests.lab.sites.wordpress_site import BLOCK

_WELL = Truth("none", statuses=(200,))
_ROBOTS = tuple(
    f"{first}{last}"
    for first in ("Page", "Copy\\ All\\ ", "Mail", "Link", "Web!", "Mirror")
    for last in ("Vacuum", "Picker", "Otter", "Crane", "Sponge")
)


# --- lines of another host
@case(APACHE, "static", "php", "wordpress")
def block_of_a_plugin_cut_apart(s: Scene) -> Truth:
    """A caching plugin was removed by hand: one line too many went with its block."""
    name, pattern, lines = s.rng.choice((
        ("W3TC Browser Cache", '"\\.(css|js|htc)$"', ("Header set Pragma public",)), ("WP Fastest Cache", '"\\.(webm|ogg|mp4|woff)(\\.gz)?$"', ("ExpiresActive On", "ExpiresDefault A10368000")),
        ("WPSuperCache", '"\\.(html|gz)$"', ("Header set Vary Accept-Encoding", "Header set Cache-Control 'max-age=3, must-revalidate'")),
    ))  # fmt: skip
    planted = ("<IfModule mod_headers.c>", f"  <FilesMatch {pattern}>", *(f"    {line}" for line in lines), "</IfModule>", f"# END {name}")
    path, line, page = plant(s, planted)
    return Truth("htaccess-unclosed-section", path, (line + 1, line + 2 + len(lines)), (), page)


@case(APACHE, "php", "wordpress")
def php_settings_behind_a_turned_guard(s: Scene) -> Truth:
    """The guard asks for a module that is *not* there, or for a kind of file: both let the settings through."""
    setting = s.rng.choice(("php_value max_input_vars 5000", "php_value session.cookie_httponly 1", "php_flag register_globals off", "php_value date.timezone Europe/Berlin"))  # fmt: skip
    lines = s.rng.choice((
        ("<IfModule !mod_suphp.c>", f"  {setting}", "</IfModule>"), ("<IfModule !mod_php5.c>", "  <IfModule !lsapi_module>", f"    {setting}", "  </IfModule>", "</IfModule>"),
        ('<FilesMatch "\\.(php|phtml)$">', f"  {setting}", "</FilesMatch>"), ("<IfVersion >= 2.4>", f"  {setting}", "</IfVersion>"),
    ))  # fmt: skip
    where = "root" if lines[0].startswith("<Files") else ""
    path, line, page = plant(s, lines, where=where, without="php_")
    at = next(n for n, text_ in enumerate(lines) if setting in text_)
    return Truth("htaccess-php-directive-under-fpm", path, (line + at,), (), page)


@case(APACHE, "php", "wordpress")
def own_php_ini_protected_the_old_way(s: Scene) -> Truth:
    """As an old panel's guide had it: the first half is guarded well, the second is of Apache 2.2."""
    where = f"/home/{s.rng.choice(('c1shop', 'web042', 'verein'))}/public_html"
    lines = ("<IfModule mod_suphp.c>", f"  suPHP_ConfigPath {where}", "</IfModule>", "<Files php.ini>", "  Order allow,deny", "  Deny from all", "</Files>")  # fmt: skip
    path, line, page = plant(s, lines, without="Require")
    return Truth("htaccess-apache22-syntax", path, (line + 4, line + 5), (), page)


@case(APACHE, "static", "php")
def size_with_a_unit(s: Scene) -> Truth:
    """PHP takes 64M for a number, Apache does not."""
    lines, at = s.rng.choice((
        (("# larger uploads", "LimitRequestBody 64M"), 1), (("LimitRequestBody 104857600 # 100 MB",), 0),
        (('<FilesMatch "upload">', "  LimitRequestBody 32M", "</FilesMatch>"), 1),
    ))  # fmt: skip
    path, line, page = plant(s, lines, where="root" if at == 1 and len(lines) == 3 else "")
    if len(lines) == 3:
        page = "/upload.html"
        s.keep(s.at("upload.html"), words.html(s.rng, "Upload"))
        s.pages = [*s.pages[:2], page]
    return Truth("htaccess-bad-argument", path, (line + at,), (), page)


@case(APACHE, "static", "php")
def robots_that_are_not_wanted(s: Scene) -> Truth:
    """The list that everybody copies; one line of thirty was changed by hand."""
    names = list(_ROBOTS)
    at = s.rng.randrange(3, len(names) - 3)
    conditions = [f"RewriteCond %{{HTTP_USER_AGENT}} ^{name} [OR]" for name in names[:-1]] + [f"RewriteCond %{{HTTP_USER_AGENT}} ^{names[-1]}"]  # fmt: skip
    cause, new = s.rng.choice((
        ("htaccess-bad-rewrite-flag", f"RewriteCond %{{HTTP_USER_AGENT}} ^{names[at]} [OR"), ("htaccess-bad-rewrite-flag", f"RewriteCond %{{HTTP_USER_AGENT}} ^{names[at]} [NC OR]"),
        ("htaccess-bad-regex", f"RewriteCond %{{HTTP_USER_AGENT}} ^(Semrush|*{names[at]}) [NC,OR]"), ("htaccess-bad-rewrite-flag", "RewriteCond %{HTTP_USER_AGENT} ^Site Sucker [OR]"),
        ("htaccess-bad-regex", f"RewriteCond %{{HTTP_USER_AGENT}} ^{names[at]}[bot [OR]"),
    ))  # fmt: skip
    conditions[at] = new
    path, line, page = plant(s, (*conditions, "RewriteRule ^.* - [F,L]"), rewriting=True)
    return Truth(cause, path, (line + at,), ("htaccess-bad-argument",), page)


@case(APACHE, "wordpress")
def wordpress_block_written_off_by_hand(s: Scene) -> Truth:
    """From a screenshot, on a telephone: a space too few."""
    old, new = s.rng.choice((
        ("RewriteCond %{REQUEST_FILENAME} !-f", "RewriteCond %{REQUEST_FILENAME}!-f"), ("RewriteCond %{REQUEST_FILENAME} !-d", "RewriteCond%{REQUEST_FILENAME} !-d"),
        ("RewriteRule . /index.php [L]", "RewriteRule./index.php [L]"), ("RewriteBase /", "RewriteBase"), ("RewriteEngine On", "RewriteEngine"),
    ))  # fmt: skip
    around = [block for block in blocks(s.rng, 1, 4) if not any("Rewrite" in line for line in block)]
    s.write(s.at(".htaccess"), text([*around, tuple(line.replace(old, new) for line in BLOCK)]))
    line = next(n for n, each in enumerate(s.read(s.at(".htaccess")).decode().split("\n"), 1) if each == new)
    also = ("htaccess-wordpress-block", "htaccess-invalid-directive")
    return Truth("htaccess-bad-argument" if new.startswith(("RewriteCond ", "RewriteBase", "RewriteE")) else "htaccess-invalid-directive", s.at(".htaccess"), (line,), (*also, "htaccess-bad-argument"))  # fmt: skip


@case(APACHE, "static", "php")
def redirect_with_a_slip_in_its_code(s: Scene) -> Truth:
    page = s.rng.choice(words.PAGES)
    line, rewriting = s.rng.choice((
        (f"RewriteRule ^{page}$ /index.html [R=3O1,L]", True), (f"RewriteRule ^{page}$ /index.html [R=31,L]", True), (f"RewriteRule ^{page}$ /index.html [L,R=301", True),
        (f"Redirect 3001 /{page} /", False), (f"Redirect gone /{page} /index.html", False), (f"RedirectMatch 30 ^/{page}$ /", False),
    ))  # fmt: skip
    path, number, at = plant(s, (line,), rewriting=rewriting)
    cause, other = ("htaccess-bad-rewrite-flag", "htaccess-bad-argument") if rewriting else ("htaccess-bad-argument", "htaccess-bad-rewrite-flag")  # fmt: skip
    return Truth(cause, path, (number,), (other,) if rewriting else (), at)


@case(APACHE, "static", "php")
def second_domain_in_a_renamed_folder(s: Scene) -> Truth:
    """The rule was changed with the folder's name, the condition that guards it was not."""
    old, new = s.rng.sample(words.FOLDERS, 2)
    s.keep(s.at(f"{new}/index.html"), words.html(s.rng, new))
    lines = ("RewriteCond %{HTTP_HOST} ^(www\\.)?[a-z0-9.:-]+$ [NC]", f"RewriteCond %{{REQUEST_URI}} !^/{old}/", f"RewriteRule ^(.*)$ /{new}/$1 [L]")  # fmt: skip
    path, line, page = plant(s, lines, where="root", rewriting=True)
    return Truth("htaccess-rewrite-loop", path, (line, line + 1, line + 2), (), page)


@case(APACHE, "static", "php", "wordpress")
def copied_from_the_source_of_a_page(s: Scene) -> Truth:
    """With `&lt;` where the article showed `<`, or with its numbers of lines."""
    if s.rng.random() < 0.6:
        lines = ("&lt;IfModule mod_headers.c&gt;", "Header set X-Frame-Options SAMEORIGIN", "&lt;/IfModule&gt;")
        at = (0, 2)
    else:
        lines, at = ("1  <IfModule mod_headers.c>", "2    Header set X-Frame-Options SAMEORIGIN", "3  </IfModule>"), (0, 1, 2)
    path, line, page = plant(s, lines)
    return Truth("htaccess-invalid-directive", path, tuple(line + n for n in at), ("htaccess-unclosed-section",), page)


@case(APACHE, "static", "php")
def line_broken_by_a_mail_program(s: Scene) -> Truth:
    """After seventy-odd letters, as mails are."""
    first, rest = s.rng.choice((
        ("Header set Content-Security-Policy \"default-src 'self'; img-src 'self' data:;", "style-src 'self' 'unsafe-inline'; font-src 'self' data:\""),
        ("AddOutputFilterByType DEFLATE text/plain text/html text/xml text/css", "application/xml application/xhtml+xml application/rss+xml"),
        ("Redirect 301 /the-old-catalogue-of-the-year-before-last.html", "/catalogue/"), ("SetEnvIfNoCase User-Agent \"(curious|greedy|rude)-(crawler|spider)\"", "unwanted=1"),
    ))  # fmt: skip
    path, line, page = plant(s, (first, rest))
    return Truth("htaccess-invalid-directive", path, (line, line + 1), ("htaccess-bad-argument",), page)


# --- scripts
@case(LOGGED, "static", "php")
def module_of_perl_that_is_not_here(s: Scene) -> Truth:
    """CGI.pm is no part of Perl any more."""
    path = script(s)
    use = s.rng.choice(("use CGI qw(:standard);", "use CGI;\nuse CGI::Carp qw(fatalsToBrowser);", "use Switch;", "use MIME::Lite;", "use HTML::Template;"))  # fmt: skip
    s.keep(path, f'#!/usr/bin/perl -w\n# {s.rng.choice(words.NOUNS)}, version 2.1\n\nuse strict;\n{use}\n\nprint "Content-Type: text/html\\n\\n<h1>{s.rng.choice(words.TITLES)}</h1>\\n";\n', s.place.setup.folder_mode)  # fmt: skip
    return Truth("cgi-script-error", path, (5,), ("cgi-no-output",), s.pages[-1])


@case(APACHE, "static", "php")
def script_for_python_2(s: Scene) -> Truth:
    """The host has only Python 3 now."""
    path = script(s).removesuffix(".pl").removesuffix(".cgi") + ".cgi"
    lines, at = s.rng.choice((
        (['print "Content-Type: text/html"', "print", 'print "<h1>Guest book</h1>"'], 0), (["import urllib2, os", "print('Content-Type: text/html')", "print()"], 0),
        (["import os", "try:", "    name = os.environ['QUERY_STRING']", "except KeyError, e:", "    name = ''", "print('Content-Type: text/html\\n\\n' + name)"], 3),
    ))  # fmt: skip
    s.write(path, "\n".join(["#!/usr/bin/python3", f"# {s.rng.choice(words.NOUNS)}", *lines, ""]), s.place.setup.folder_mode)
    s.pages[-1] = f"/{path.partition('/')[2]}"
    return Truth("cgi-script-error", path, (3 + at,), ("cgi-no-output",), s.pages[-1])


@case(APACHE, "static", "php")
def program_with_a_switch_behind_env(s: Scene) -> Truth:
    """`env` takes the program and its switch for one name."""
    path = script(s)
    first = s.rng.choice((b"#!/usr/bin/env perl -w", b"#!/usr/bin/env perl -wT", b"#!/usr/bin/env python3 -u", b"#!/usr/bin/perl5", b"#!perl -w"))  # fmt: skip
    s.write(path, first + b"\n" + s.read(path).partition(b"\n")[2], s.place.setup.folder_mode)
    return Truth("cgi-interpreter-missing", path, (1,), ("cgi-script-error",) if b"env" in first else (), s.pages[-1])


# --- well, for all that
@well(APACHE, "static", "wordpress")
def hardened_by_the_book(s: Scene) -> Truth:
    """Nothing may be written any more, and nothing needs to be."""
    name = s.at(".htaccess")
    for each in (name, s.at("index.html"), s.at("wp-config.php"), s.at("index.php")):
        if s.path(each).is_file():
            s.chmod(each, 0o444)
    s.chmod(s.www, 0o555)
    s.afterwards(s.chmod, s.www, s.place.setup.folder_mode)
    return _WELL


@well(APACHE, "php", "wordpress")
def old_panels_lines_well_guarded(s: Scene) -> Truth:
    lines = ("<IfModule mod_suphp.c>", "  suPHP_ConfigPath /home/old/public_html", "</IfModule>", "<IfModule mod_gzip.c>", "  mod_gzip_on Yes", "</IfModule>", "<IfVersion < 2.4>", "  Order allow,deny",
             "  Deny from all", "</IfVersion>", "<IfModule mod_php.c>", "  php_value upload_max_filesize 64M", "</IfModule>", "<IfDefine OLDHOST>", "  SecFilterEngine Off", "</IfDefine>", "# php_value memory_limit 256M")  # fmt: skip
    plant(s, lines, where="root")
    return _WELL


@well(APACHE, "static", "php")
def second_domain_in_its_folder(s: Scene) -> Truth:
    folder = f"{s.rng.choice(words.FOLDERS)}-{s.rng.randint(10, 99)}"
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
    lines = ("RewriteCond %{HTTP_HOST} ^127\\. [NC]", f"RewriteCond %{{REQUEST_URI}} !^/{folder}/", f"RewriteRule ^(.*)$ /{folder}/$1 [L]")
    plant(s, lines, where="root", rewriting=True, without="Redirect")
    s.pages = ["/", f"/{folder}/"]
    return _WELL


@well(LOGGED, "static", "php")
def script_that_does_without_a_module(s: Scene) -> Truth:
    """It says into the log what it would like to have, and goes on."""
    path = script(s)
    s.keep(path, '#!/usr/bin/perl\nuse strict;\neval { require CGI; 1 } or print STDERR $@;\nprint "Content-Type: text/html\\r\\n\\r\\n";\nprint "<h1>Form</h1>", "<p>Write to us, we answer.</p>" x 9;\n', s.place.setup.folder_mode)  # fmt: skip
    return _WELL
