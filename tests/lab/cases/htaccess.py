# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Faults of a `.htaccess` that Apache names in its log, or refuses without a word: spelling, modules, sections, arguments."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import APACHE, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import Block, blocks, text, with_lines

_SPELT = (
    "RewriteEngine On", "RewriteRule ^a$ /b [L]", "RewriteCond %{HTTPS} off", "DirectoryIndex index.html", "ErrorDocument 404 /404.html",
    "Options -Indexes", "AddType text/plain .log", "ExpiresActive On", "Header set X-A b", "SetEnvIf Host x y", "AddDefaultCharset utf-8",
    "AddHandler cgi-script .cgi", "Redirect 301 /a /b", "AuthType Basic", "Require all granted", "FileETag None", "AddCharset UTF-8 .js",
    "RedirectMatch 301 ^/a$ /b", "SetEnv A b", "DefaultType text/html",
)  # fmt: skip
_KNOWN = frozenset(line.split()[0].lower() for line in _SPELT) | {"header", "headers", "option", "redirects"}
_ABSENT = (
    "SecRuleEngine Off", "SecFilterEngine Off", "ModPagespeed on", "CheckSpelling On", "AuthDigestDomain /private/", "SubstituteMaxLineLength 2M",
    "BrotliCompressionQuality 5", "CacheDisable /x", "AuthLDAPURL ldap://ldap.example.com/o=x", "SessionCookieName session path=/",
    "SSLRequireSSL", "SSLOptions +StrictRequire", "Substitute s/a/b/i", "DAV On", "ImapMenu none", "CharsetSourceEnc ISO-8859-1",
    "LuaHookFixups /x.lua x", "MetaFiles on", "BufferSize 1024", "SetOutputFilterX INFLATE", "DeflateBufferSizes 1", "AuthDBDUserPWQuery x",
    "CookieTracking on", "PassengerEnabled on", "SuPHP_ConfigPath /home", "LsPhpX 1", "lsapi_engine on",
)[:12]  # fmt: skip
_HERE_NOT = (
    "ServerName www.example.com", "DocumentRoot /home/www", "CustomLog logs/own.log combined", "Listen 8080", "RewriteMap x txt:/x.txt",
    "ProxyPass /api http://127.0.0.1:1/", "Alias /x /y", "ScriptAlias /cgi/ /home/cgi/", "LogLevel debug", "Timeout 300", "KeepAlive On",
    "ErrorLog /home/own.log", "MaxRequestWorkers 10", "AllowOverride All", "ServerAlias example.com",
)  # fmt: skip


def plant(scene: Scene, lines: Block, *, where: str = "", rewriting: bool = False, without: str = "\0") -> tuple[str, int, str]:
    """Sound lines with these among them in a `.htaccess` of the docroot, of a folder in it or above it: its path, the line, a page."""
    rng = scene.rng
    where = where or rng.choice(("root", "root", "sub", "deep", "above"))
    name, page = scene.at(".htaccess"), "/"
    if where in ("sub", "deep"):
        folder = "/".join(rng.sample(words.FOLDERS, 1 if where == "sub" else 3))
        scene.keep(scene.at(f"{folder}/index.html"), words.html(rng, folder))
        name, page = scene.at(f"{folder}/.htaccess"), f"/{folder}/"
        scene.pages = [*scene.pages[:2], page]
    elif where == "above":
        name = ".htaccess"
    line = with_lines(scene, name, lines, rewriting=rewriting, without=without)
    return name, line, page


def _planted(
    scene: Scene, cause: str, lines: Block, *, at: int = 0, also: tuple[str, ...] = (), where: str = "", rewriting: bool = False
) -> Truth:
    """`at`: which of the lines is the bad one."""
    path, line, page = plant(scene, lines, where=where, rewriting=rewriting)
    return Truth(cause, path, (line + at,), also, page)


@case(APACHE, "static", "php", "wordpress", times=3)
def misspelt(s: Scene) -> Truth:
    line = s.rng.choice(_SPELT)
    word = line.split()[0]
    return _planted(s, "htaccess-invalid-directive", (words.misspelt(s.rng, word, _KNOWN) + line.removeprefix(word),))


@case(APACHE, "static", "php")
def misspelt_above_the_docroot(s: Scene) -> Truth:
    word = s.rng.choice(("RewriteEngine", "DirectoryIndex", "ErrorDocument", "SetEnvIf"))
    return _planted(s, "htaccess-invalid-directive", (words.misspelt(s.rng, word, _KNOWN) + " On",), where="above")


@case(APACHE, "static", "php")
def misspelt_in_a_section(s: Scene) -> Truth:
    word = words.misspelt(s.rng, s.rng.choice(("ExpiresByType", "AddOutputFilterByType", "RewriteRule", "Header")), _KNOWN)
    module = s.rng.choice(("mod_rewrite.c", "mod_headers.c", "mod_expires.c"))
    return _planted(s, "htaccess-invalid-directive", (f"<IfModule {module}>", "  # keep", f"  {word} a b", "</IfModule>"), at=2)


@case(APACHE, "static", "php", times=2)
def pasted(s: Scene) -> Truth:
    """What does not belong there at all: another server's words, a web page, a mark of a merge."""
    line = s.rng.choice((
        "location / {", "<?php", "try_files $uri $uri/ /index.php;", "Please put this file into the main folder of your site.",
        "=======", "rewrite ^/a$ /b permanent;", "memory_limit = 256M", "server {", "// redirects", "/* redirects */", "}", "import x from y",
    ))  # fmt: skip
    return _planted(s, "htaccess-invalid-directive", (line,), also=("htaccess-unclosed-section",) if line[0] == "<" else ())


@case(APACHE, "static", "php")
def invisible_space(s: Scene) -> Truth:
    """A no-break space, as word processors and web pages put it."""
    word, gap = s.rng.choice((("RewriteEngine", "On"), ("Options", "-Indexes"), ("DirectoryIndex", "index.php"))), "\u00a0"
    line = s.rng.choice((f"{gap}{word[0]} {word[1]}", f"{word[0]}{gap}{word[1]}"))
    return _planted(s, "htaccess-invalid-directive", (line,))


@case(APACHE, "static", "php", "wordpress", times=2)
def module_not_loaded(s: Scene) -> Truth:
    return _planted(s, "htaccess-module-not-loaded", (s.rng.choice(_ABSENT),))


@case(APACHE, "php", "wordpress", times=2)
def php_setting(s: Scene) -> Truth:
    line = s.rng.choice((
        "php_value upload_max_filesize 64M", "php_value memory_limit 256M", "php_flag display_errors on", "php_value max_execution_time 300",
        "php_flag magic_quotes_gpc Off", "php_admin_value open_basedir none", "PHP_VALUE post_max_size 32M", "php_value session.gc_maxlifetime 900",
    ))  # fmt: skip
    if s.rng.random() < 0.3:
        return _planted(s, "htaccess-php-directive-under-fpm", ("<IfModule mod_rewrite.c>", line, "</IfModule>"), at=1)
    return _planted(s, "htaccess-php-directive-under-fpm", (line,))


@case(APACHE, "static", "php", "wordpress", times=2)
def access_of_apache_22(s: Scene) -> Truth:
    lines = s.rng.choice((
        ("Order allow,deny", "Allow from all"), ("Order Deny,Allow", "Deny from 192.0.2.0/24"), ("Deny from 198.51.100.9",), ("allow from all",),
        ("Satisfy Any",),
    ))  # fmt: skip
    if s.rng.random() < 0.4:
        opened = s.rng.choice(('<FilesMatch "\\.(html|php)$">', '<Files "*">'))
        return _planted(s, "htaccess-apache22-syntax", (opened, *lines, opened[0] + "/" + opened[1:].split()[0] + ">"), at=1)
    return _planted(s, "htaccess-apache22-syntax", lines)


@case(APACHE, "static", "php", times=2)
def not_allowed_here(s: Scene) -> Truth:
    return _planted(s, "htaccess-directive-not-allowed", (s.rng.choice(_HERE_NOT),))


@case(APACHE, "static", "php")
def section_not_allowed_here(s: Scene) -> Truth:
    kind, what = s.rng.choice((("Directory", '"/home/www"'), ("VirtualHost", "*:80"), ("Location", "/admin"), ("DirectoryMatch", '"x"')))
    return _planted(s, "htaccess-directive-not-allowed", (f"<{kind} {what}>", "Require all granted", f"</{kind}>"))


@case(("shared",), "static", "php")
def option_not_allowed_here(s: Scene) -> Truth:
    line = s.rng.choice(("Options +FollowSymLinks", "Options All -Indexes", "Options Includes", "Options +Indexes +FollowSymLinks"))
    return _planted(s, "htaccess-directive-not-allowed", (line,), also=("htaccess-bad-argument",) if "All -" in line else ())


@case(("shared",), "static", "php")
def class_not_allowed_here(s: Scene) -> Truth:
    """Directives of classes that AllowOverride leaves out: those are refused as unknown places are."""
    line = s.rng.choice(("Options -Indexes +Includes", "Options ExecCGI FollowSymLinks", "Options +SymLinksIfOwnerMatch +IncludesNOEXEC"))
    return _planted(s, "htaccess-directive-not-allowed", (line,))


def _section(s: Scene) -> tuple[str, str, str]:
    kind, what, inner = s.rng.choice((
        ("IfModule", "mod_rewrite.c", "RewriteEngine On"), ("IfModule", "mod_headers.c", "Header set X-B c"),
        ("FilesMatch", '"\\.(bak|sql)$"', "Require all denied"), ("Files", '".env"', "Require all denied"),
        ("IfModule", "mod_expires.c", "ExpiresActive On"), ("RequireAny", "", "Require all granted"),
    ))  # fmt: skip
    return kind, f"<{kind} {what}".strip() + ">", inner


@case(APACHE, "static", "php", "wordpress", times=2)
def section_left_open(s: Scene) -> Truth:
    """Of a section whose module is there; of others Apache does not notice."""
    kind, opened, inner = _section(s)
    while kind == "IfModule":
        kind, opened, inner = _section(s)
    truth = _planted(s, "htaccess-unclosed-section", (opened, inner))
    tail = text([("# end of file",)]).encode()
    s.write(truth.path, s.read(truth.path) + tail)
    if any(line.startswith(b"</") for line in s.read(truth.path).split(b"\n")[truth.lines[0] :]):
        return Truth(truth.cause, truth.path, _ends(s, truth.path, truth.lines[0]), truth.also, truth.page)
    return truth


def _ends(s: Scene, path: str, opened: int) -> tuple[int, ...]:
    """The line that opens, and every one after it where another end stands in its place."""
    lines = s.read(path).split(b"\n")
    return (opened, *(number for number, line in enumerate(lines, 1) if number > opened and line.strip().startswith((b"</", b"<"))))


@case(APACHE, "static", "php")
def section_ended_by_another(s: Scene) -> Truth:
    kind, opened, inner = _section(s)
    other = "Files" if kind != "Files" else "IfModule"
    path, line, page = plant(s, (opened, inner, f"</{other}>"))
    return Truth("htaccess-unclosed-section", path, (line, line + 2), (), page)


@case(APACHE, "static", "php")
def end_without_a_section(s: Scene) -> Truth:
    kind, _opened, _inner = _section(s)
    return _planted(s, "htaccess-unclosed-section", (f"</{kind}>",))


@case(APACHE, "static", "php")
def bracket_missing(s: Scene) -> Truth:
    kind, opened, inner = _section(s)
    while kind == "RequireAny":  # of these Apache does not mind
        kind, opened, inner = _section(s)
    return _planted(s, "htaccess-unclosed-section", (opened.removesuffix(">"), inner, f"</{kind}>"))


@case(APACHE, "static", "php", "wordpress")
def flag_unknown(s: Scene) -> Truth:
    flag = s.rng.choice(("R=301,Lst", "NX", "L,QSAA", "PTT", "L,X", "redirect301", "LAST,NOCASES", "F,Q"))
    return _planted(s, "htaccess-bad-rewrite-flag", (f"RewriteRule ^{s.rng.choice(words.PAGES)}$ /index.html [{flag}]",), rewriting=True)


@case(APACHE, "static", "php")
def flags_with_a_space(s: Scene) -> Truth:
    flags = s.rng.choice(("[R=301, L]", "[L ,QSA]", "[NC, L]", "[QSA, NC, L]"))
    return _planted(s, "htaccess-bad-rewrite-flag", (f"RewriteRule ^{s.rng.choice(words.PAGES)}$ /index.html {flags}",), rewriting=True,
                    also=("htaccess-bad-argument",))  # fmt: skip


@case(APACHE, "static", "php", times=2)
def pattern_that_does_not_compile(s: Scene) -> Truth:
    page = s.rng.choice(words.PAGES)
    line, rewriting = s.rng.choice((
        (f"RewriteRule ^({page}$ /index.html [L]", True), (f"RewriteRule ^{page}/[a-z$ /index.html [L]", True), (f"RewriteRule *.{page} / [L]", True),
        (f"RewriteCond %{{HTTP_USER_AGENT}} ^(bot|{page} [NC]\nRewriteRule ^ - [F]", True), (f'RedirectMatch 301 "^/({page}" /', False),
        (f"RewriteCond %{{QUERY_STRING}} ++{page}\nRewriteRule ^ - [F]", True), (f'RedirectMatch 301 "^/{page}/(?<n" /', False),
        (f"SetEnvIf User-Agent \"({page}\" bad", False), (f'<FilesMatch "\\.({page}">\nRequire all denied\n</FilesMatch>', False),
    ))  # fmt: skip
    return _planted(s, "htaccess-bad-regex", tuple(line.split("\n")), rewriting=rewriting)


@case(APACHE, "static", "php", "wordpress", times=4)
def argument(s: Scene) -> Truth:
    line, rewriting = s.rng.choice((
        ("RewriteEngine Onn", False), ("RewriteCond %{HTTPS}", True), ("RewriteRule ^lonely$", True), ("Options -Indexes SymLinksIfOwnerMatch", False),
        ("Options Indexs", False), ("Require al granted", False), ("Require all grantd", False), ("Header sett X-A b", False), ("AddType text/plain", False),
        ("ErrorDocument 404", False), ("Redirect permanent", False), ("ExpiresActive Yes", False),
        ("FileETag Nothing", False), ("SetEnvIf User-Agent", False), ("Header set", False), ("RewriteBase relative", False), ("DirectorySlash maybe", False),
        ("Redirect 301 /a b c d", False), ("RewriteCond a b c d", True), ("RewriteOptions nothing", True), ("AddOutputFilterByType DEFLATE", False),
        ("Require ip 300.1.2.3", False), ("IndexOptions Fancy", False), ("RequestHeader remove X-A", False),
    ))  # fmt: skip
    also = ("htaccess-bad-rewrite-flag",) if line == "RewriteCond a b c d" else ()  # Apache takes the third word for flags, and says so
    return _planted(s, "htaccess-bad-argument", (line,), rewriting=rewriting, also=also)


@case(APACHE, "static", "php")
def error_page_of_no_error(s: Scene) -> Truth:
    return _planted(s, "htaccess-bad-errordocument", (f"ErrorDocument {s.rng.choice((4040, 99, 600, 'not-found', 1, 999))} /404.html",))


@case(APACHE, "static", "php", "wordpress")
def byte_order_mark(s: Scene) -> Truth:
    name = s.at(".htaccess")
    s.write(name, b"\xef\xbb\xbf" + text([("Options -Indexes",), *blocks(s.rng)]).encode())
    return Truth("htaccess-byte-order-mark", name, (1,))


@case(APACHE, "static", "php")
def saved_as_utf_16(s: Scene) -> Truth:
    name = s.at(".htaccess")
    s.write(name, text(blocks(s.rng)).encode("utf-16"))
    return Truth("htaccess-byte-order-mark", name, (1,), ("htaccess-invalid-directive",))


@case(APACHE, "static", "php")
def two_at_once(s: Scene) -> Truth:
    """Apache stops at the first; the second shows when that is repaired."""
    second = s.rng.choice(
        ("Headr set X-A b", "Require al granted", "RewriteRule ^(a$ /b [L]", "php_value memory_limit 1G", "Order allow,deny")
    )
    first = words.misspelt(s.rng, "RewriteEngine", _KNOWN) + " On"
    return _planted(s, "htaccess-invalid-directive", (first, "# and", second), where="root")


@case(APACHE, "static", "php")
def one_in_the_root_one_below(s: Scene) -> Truth:
    """Only a folder's pages meet the second; the start page meets the first alone."""
    path, line, page = plant(s, (words.misspelt(s.rng, "ExpiresActive", _KNOWN) + " On",), where="root")
    plant(s, ("php_flag engine off",), where="sub")
    return Truth("htaccess-invalid-directive", path, (line,), page=page)
