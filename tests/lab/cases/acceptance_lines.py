# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Lines of a `.htaccess` that the server does not take."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.acceptance_at_hand import HTACCESS_PLACES, grown, numbers, own_folder, password_line, write_grown
from tests.lab.cases.base import Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import Block, text

_DIRECTIVES = ("RewriteEngine On", "DirectoryIndex index.php index.html", "ErrorDocument 404 /404.html", "AddType image/webp .webp",
               "ExpiresActive On", "Redirect 301 /alt.html /", "Options -Indexes", "AddCharset UTF-8 .css", "SetEnv TZ Europe/Paris")  # fmt: skip
_KNOWN = frozenset(line.split()[0].lower() for line in _DIRECTIVES)


def _own_or_sub_folder(s: Scene) -> tuple[str, str]:
    """The `.htaccess` of the docroot, or of a folder of it; and the page that it is read for."""
    if s.rng.random() < 0.6:
        return s.at(".htaccess"), "/"
    folder = own_folder(s, "aktion", "landing", "promo", "infos", "lp", "campagne")
    return s.at(f"{folder}/.htaccess"), f"/{folder}/"


@case(HTACCESS_PLACES, "wordpress", "php", "club")
def upload_limit_raised_in_the_usual_way(s: Scene) -> Truth:
    """The advice was written for another way of running PHP."""
    many = [
        f"php_value upload_max_filesize {s.rng.choice((64, 128, 256))}M", f"php_value post_max_size {s.rng.choice((64, 128, 300))}M",
        f"php_value memory_limit {s.rng.choice((256, 512))}M", f"php_value max_execution_time {s.rng.choice((120, 300, 600))}",
        "php_value max_input_vars 5000", "php_flag display_errors Off", "php_value session.gc_maxlifetime 14400",
    ]  # fmt: skip
    limits = s.rng.sample(many, s.rng.randint(1, 4))
    block: Block = (*s.rng.choice(((), ("# bigger uploads for the gallery",), ("", "# PHP"))), *limits)
    (start,) = write_grown(s, s.at(".htaccess"), block)
    return Truth("htaccess-php-directive-under-fpm", s.at(".htaccess"), numbers(start, block, "php_"))


@case(HTACCESS_PLACES, "wordpress", "static", "club")
def file_shut_in_the_words_of_years_ago(s: Scene) -> Truth:
    """A list of hints for safety that is as old as the server before the last."""
    name = s.rng.choice(("xmlrpc.php", "wp-config.php", "config.php", ".htaccess", "readme.html", "error_log"))
    address = f"192.0.2.{s.rng.randint(2, 250)}"
    block: Block = s.rng.choice((
        (f"<Files {name}>", "order deny,allow", "deny from all", "</Files>"),
        (f"<Files \"{name}\">", "  Order Allow,Deny", "  Deny from all", "</Files>"),
        ("<FilesMatch \"\\.(ini|sql|bak|sh)$\">", "    Order deny,allow", "    Deny from all", f"    Allow from {address}", "</FilesMatch>"),
        ("# spam", "Order Allow,Deny", "Allow from all", f"Deny from {address}", f"Deny from 198.51.100.{s.rng.randint(0, 250)}"),
        ("SetEnvIfNoCase User-Agent \"HTTrack\" stay_out", "Deny from env=stay_out"),
        ("<Limit PUT DELETE>", "deny from all", "</Limit>"),
    ))  # fmt: skip
    (start,) = write_grown(s, s.at(".htaccess"), block)
    return Truth("htaccess-apache22-syntax", s.at(".htaccess"), numbers(start, block, "rder ", "eny from", "llow from"))


@case(HTACCESS_PLACES, "static", "php", "wordpress", "prestashop")
def line_of_a_lacking_module_above_the_docroot(s: Scene) -> Truth:
    """It was made for the whole account, at a host that had more modules."""
    line = s.rng.choice(("SSLRequireSSL", "SecFilterEngine Off", "SecRuleEngine Off", "CheckSpelling On", f"suPHP_ConfigPath /home/web{s.rng.randint(10, 999)}/public_html",
                         "ModPagespeed off", "SSLOptions +StrictRequire"))  # fmt: skip
    block: Block = (*s.rng.choice(((), ("# for all domains",), ("# by support, ticket 20417",))), line)
    whole = [
        *s.rng.sample([("Options -Indexes",), ("", "AddDefaultCharset UTF-8"), ('<Files ".env">', "Require all denied", "</Files>")], 2)
    ]
    at = s.rng.randint(0, 2)
    s.write(".htaccess", text([*whole[:at], block, *whole[at:]]))
    return Truth("htaccess-module-not-loaded", ".htaccess", (s.line_of(".htaccess", line),))


@case(HTACCESS_PLACES, "static", "php", "wordpress", "joomla")
def rule_for_the_secure_address_with_a_slip_in_its_flags(s: Scene) -> Truth:
    flags = s.rng.choice(
        ("[R=301, L]", "[R=301 L]", "[R=301,L", "(R=301,L)", "[R:301,L]", "[301,L]", "[R=301,Lst]", "[L,R=301,NQ]", "R=301,L]")
    )
    host = s.rng.choice(("example.com", "boutique.example", "verein.example"))
    conditions = s.rng.choice((("RewriteCond %{HTTPS} !=on",), ("RewriteCond %{HTTP:X-Forwarded-Proto} !https", "RewriteCond %{HTTPS} off"),
                               (f"RewriteCond %{{HTTP_HOST}} ^{host.replace('.', chr(92) + '.')}$ [NC]",)))  # fmt: skip
    target = s.rng.choice(("https://%{HTTP_HOST}%{REQUEST_URI}", f"https://www.{host}/$1"))
    block: Block = ("RewriteEngine On", *conditions, f"RewriteRule ^(.*)$ {target} {flags}")
    path, page = _own_or_sub_folder(s)
    (start,) = write_grown(s, path, block)
    return Truth("htaccess-bad-rewrite-flag", path, numbers(start, block, "RewriteRule"), page=page)


@case(HTACCESS_PLACES, "static", "php", "wordpress")
def pattern_that_was_not_finished(s: Scene) -> Truth:
    """A list of robots, of old addresses or of endings, in which a bracket was lost."""
    robots = s.rng.sample(("AhrefsBot", "SemrushBot", "MJ12bot", "DotBot", "PetalBot", "Bytespider"), 3)
    block: Block = s.rng.choice((
        ("RewriteEngine On", f"RewriteCond %{{HTTP_USER_AGENT}} ^.*({'|'.join(robots)}.*$ [NC]", "RewriteRule .* - [F,L]"),
        ("RewriteEngine On", f"RewriteCond %{{HTTP_USER_AGENT}} {robots[0]} [NC,OR]", "RewriteCond %{HTTP_USER_AGENT} *spider [NC]", "RewriteRule ^ - [F]"),
        ("RedirectMatch 301 ^/(produits|articles/(.*)$ /boutique/$2",),
        (f"RedirectMatch 301 ^/20{s.rng.randint(10, 22)}/([0-9+)/(.*)$ /archive/$2",),
        ("<FilesMatch \"\\.(sql|bak|log$\">", "Require all denied", "</FilesMatch>"),
        (f"SetEnvIfNoCase User-Agent \"({'|'.join(robots)}\" bad_bot", "<RequireAll>", "Require all granted", "Require not env bad_bot", "</RequireAll>"),
        ("RewriteEngine On", "RewriteRule ^artikel-([0-9]+)-[a-z-+\\.html$ /index.php?id=$1 [L]"),
    ))  # fmt: skip
    marks = (".*(", "*spider", "RedirectMatch", 'FilesMatch "', "SetEnvIf", "artikel")
    path, page = _own_or_sub_folder(s)
    (start,) = write_grown(s, path, block)
    return Truth("htaccess-bad-regex", path, numbers(start, block, *marks), page=page)


@case(HTACCESS_PLACES, "wordpress", "php", "static")
def guard_of_the_pictures_cut_short(s: Scene) -> Truth:
    """No program may run among the uploads; since then no picture is shown, though all pages answer."""
    folder = "wp-content/uploads" if s.path(s.at("wp-config.php")).exists() else s.rng.choice(("uploads", "bilder", "photos", "media"))
    picture = f"{folder}/{s.rng.randint(2018, 2025)}/{s.rng.choice(('team', 'summer', 'logo', 'front'))}.jpg"
    s.keep(s.at(picture), b"\xff\xd8\xff\xe0" + bytes(700))
    opening = s.rng.choice(('<FilesMatch "\\.(php|phtml|phar)$">', "<Files *.php>", '<FilesMatch "(?i)\\.php">'))
    word = opening[1:].split()[0]
    wrong = "Files" if word == "FilesMatch" else "FilesMatch"
    block, marks = s.rng.choice((
        ((opening, "Require all denied"), (opening,)),
        ((opening, "    Require all denied", f"</{wrong}>"), (opening, f"</{wrong}>")),
        ((opening[:-1], "Require all denied", f"</{word}>"), (opening[:-1],)),
        ((opening, "Require all denied", f"</{word}>", "", "</IfModule>"), ("</IfModule>",)),
    ))  # fmt: skip
    lines = [*s.rng.choice(((), ("# no programs here",), ("Options -Indexes", ""))), *block]
    path = s.at(f"{folder}/.htaccess")
    s.write(path, text([tuple(lines)]))
    return Truth("htaccess-unclosed-section", path, tuple(s.line_of(path, mark) for mark in marks), page=f"/{picture}")


@case(HTACCESS_PLACES, "static", "php", "wordpress", "grav")
def saved_by_an_editor_of_windows(s: Scene) -> Truth:
    """With three bytes before the first line, or all in another encoding."""
    whole, _starts = grown(s, ("RewriteEngine On", "RewriteRule ^alt/?$ /neu/ [R=301,L]"))
    content = text(whole, s.rng.choice(("\n", "\r\n"))).lstrip()
    path, page = _own_or_sub_folder(s)
    if s.rng.random() < 0.75:
        s.write(path, b"\xef\xbb\xbf" + content.encode())
        return Truth("htaccess-byte-order-mark", path, (1,), page=page)
    s.write(path, b"\xff\xfe" + content.encode("utf-16-le"))
    return Truth("htaccess-byte-order-mark", path, (1,), ("htaccess-invalid-directive",), page=page)


@case(HTACCESS_PLACES, "static", "php", "wordpress")
def members_area_with_a_word_too_many(s: Scene) -> Truth:
    """The password is asked for in one folder, by lines from memory or out of a text program."""
    folder = own_folder(s, "intern", "members-only", "clients", "espace-membres", "presse", "vorstand")
    s.keep(".htpasswd", password_line(s, s.rng.choice(("anna", "presse", "club"))))
    right = {"AuthType": "AuthType Basic", "AuthName": 'AuthName "Members"', "Require": "Require valid-user"}
    key, slip = s.rng.choice((
        ("AuthName", "AuthName Espace membres"), ("AuthName", "AuthName “Members only”"), ("AuthName", "AuthName Nur für Mitglieder"), ("AuthName", "AuthName «Zone privée»"),
        ("Require", "Require valid user"), ("Require", "Require granted"), ("Require", f"Require ip 203.0.113.{s.rng.randint(2, 90)}, 203.0.113.{s.rng.randint(100, 200)}"),
        ("Require", "Require all grant"), ("AuthType", "AuthType Basic Auth"),
    ))  # fmt: skip
    lines = [slip if name == key else line for name, line in right.items()]
    lines.insert(2, f"AuthUserFile {s.path('.htpasswd')}")
    path = s.at(f"{folder}/.htaccess")
    s.write(path, text([tuple(lines)]))
    return Truth("htaccess-bad-argument", path, (s.line_of(path, slip),), page=f"/{folder}/")


@case(HTACCESS_PLACES, "static", "php", "wordpress", "opencart")
def words_that_are_no_setting(s: Scene) -> Truth:
    """Slips of the finger, a remark that was broken over two lines, marks of a merge, lines for another server."""
    line = s.rng.choice(_DIRECTIVES)
    name, _space, rest = line.partition(" ")
    slip = f"{words.misspelt(s.rng, name, _KNOWN)} {rest}"
    hard = line.replace(" ", "\u00a0", 1)
    block, marks = s.rng.choice((
        ((slip,), (slip,)), ((slip,), (slip,)), ((hard,), (hard,)),
        (("# The old addresses are still printed on our cards, so they go on", "being sent to the new ones until next year", "Redirect 301 /karte /"), ("being sent",)),
        (("<<<<<<< HEAD", "ErrorDocument 404 /404.html", "=======", "ErrorDocument 404 /index.php", ">>>>>>> live"), ("<<<<<<<", "=======", ">>>>>>>")),
        (("location /uploads/ {", "    deny all;", "}"), ("location", "deny all", "}")),
        (("// short addresses", "RewriteEngine On"), ("// short",)),
        (("ErrorDocument 404 /404.html", "/* cache */", "ExpiresActive On"), ("/* cache",)),
    ))  # fmt: skip
    path, page = _own_or_sub_folder(s)
    (start,) = write_grown(s, path, block)
    also = ("htaccess-unclosed-section",) if marks[0].startswith("<") else ()  # what the server takes it for
    return Truth("htaccess-invalid-directive", path, numbers(start, block, *marks), also, page)


@case((*HTACCESS_PLACES, "shared", "shared"), "static", "php", "wordpress")
def settings_that_are_the_hosts_alone(s: Scene) -> Truth:
    """From a guide for people who have the server to themselves."""
    served = [
        (f'<Directory "{s.path(s.www)}">', "    Require all granted", "</Directory>"), ("ServerTokens Prod",), ("TraceEnable off",), ("KeepAlive On",),
        ("<Location /admin>", "Require all granted", "</Location>"), ("FcgidMaxRequestLen 134217728",), (f"ProxyPass /app http://127.0.0.1:{s.rng.randint(3000, 3009)}/",),
        ("LimitInternalRecursion 20",), ("AllowOverride All",), ("ServerName www.example.org",),
    ]  # fmt: skip
    options = [("Options +FollowSymLinks",), ("Options +FollowSymlinks -Indexes",), ("Options FollowSymLinks",), ("Options +Includes",)]
    block: Block = s.rng.choice(options if s.place.setup.name == "shared" and s.rng.random() < 0.7 else served)
    path, page = _own_or_sub_folder(s)
    (start,) = write_grown(s, path, block)
    return Truth("htaccess-directive-not-allowed", path, (start,), page=page)


@case(HTACCESS_PLACES, "static", "php", "wordpress", "mediawiki")
def two_old_habits_in_one_file(s: Scene) -> Truth:
    """Repairing one shows the next."""
    first, second = s.rng.sample((
        ("htaccess-php-directive-under-fpm", (f"php_value memory_limit {s.rng.choice((128, 256))}M",)),
        ("htaccess-apache22-syntax", ("Order allow,deny", "Allow from all")),
        ("htaccess-bad-rewrite-flag", ("RewriteEngine On", "RewriteRule ^shop$ /boutique [R=301, L]")),
        ("htaccess-module-not-loaded", ("SecFilterEngine Off",)),
        ("htaccess-invalid-directive", (f"{words.misspelt(s.rng, 'DirectoryIndex', _KNOWN)} index.php index.html",)),
        ("htaccess-bad-errordocument", ("ErrorDocument 4O4 /404.html",)),
    ), 2)  # fmt: skip
    one, other = first[1], second[1]
    starts = write_grown(s, s.at(".htaccess"), one, other)
    skipped = [int(block[0] == "RewriteEngine On") for block in (one, other)]
    lines = tuple(start + skip for start, skip in zip(starts, skipped, strict=True))
    return Truth(first[0], s.at(".htaccess"), lines, (second[0],))
