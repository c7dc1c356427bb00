# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Everyday and rarer faults of `.htaccess`, as they are brought to a support desk."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import APACHE, Truth, case, well
from tests.lab.cases.htaccess import plant
from tests.lab.scene import Scene

_WELL = Truth("none", statuses=(200,))
_VISITOR = {"Authorization": "Basic YW5uYTpicmVhZA=="}
_GUARD = "RewriteCond %{HTTP_REFERER} !^https?://(www\\.)?"


@case(APACHE, "static", "php", "wordpress")
def redirects_exported_from_a_table(s: Scene) -> Truth:
    """The list of old and new addresses as a spreadsheet saves it, below sound lines."""
    old = s.rng.sample(words.PAGES, 4)
    shape = s.rng.choice(("301;/{0}.html;https://www.example.com/{0}/", "/{0}.html\thttps://www.example.com/{0}/", "https://example.com/{0}.html,https://www.example.com/{0}/", "/{0}.php -> /{0}/", '"/{0}.htm","/{0}/","301"'))  # fmt: skip
    path, line, page = plant(s, ("# redirects, new shop", *(shape.format(name) for name in old), "# end of redirects"))
    return Truth("htaccess-invalid-directive", path, tuple(range(line + 1, line + 5)), (), page)


@case(APACHE, "static", "php")
def password_file_named_without_its_folder(s: Scene) -> Truth:
    """It lies right beside, and the web server looks for it in a folder of its own."""
    folder = s.rng.choice(("intern", "admin", "members", "vorstand", "preview"))
    users = s.rng.choice(
        (
            ".htpasswd",
            f"./{s.rng.choice(('.htpasswd', '.users'))}",
            f"{folder}/.htpasswd",
            f"/{folder}/.htpasswd",
            f"~/{s.www}/{folder}/.htpasswd",
        )
    )
    lines = ["AuthType Basic", f'AuthName "{folder.capitalize()}"', f"AuthUserFile {users}", "Require valid-user"]
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
    s.keep(s.at(f"{folder}/{users.rpartition('/')[2]}"), "anna:{SHA}b/KR2BdbHWJIks1FlEQQT7186H8=\n")
    s.write(s.at(f"{folder}/.htaccess"), "\n".join(lines) + "\n")
    s.pages = [*s.pages[:2], f"/{folder}/"]
    return Truth("htaccess-auth-file-missing", s.at(f"{folder}/.htaccess"), (3,), page=f"/{folder}/", headers=_VISITOR)


@case(APACHE, "static", "php", "wordpress")
def pictures_guarded_against_themselves(s: Scene) -> Truth:
    """Other sites are to see a picture that says no: which is a picture as well."""
    folder = s.rng.choice(("images", "bilder", "img", "photos"))
    instead = s.rng.choice((f"/{folder}/hotlink.gif", "/stop.png", f"/{folder}/no-hotlinking.jpg"))
    picture = f"{folder}/{s.rng.choice(words.NOUNS).lower()}-{s.rng.randint(1, 99)}.jpg"
    for name in (picture, instead[1:]):
        s.keep(s.at(name), b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(s.rng.randrange(256) for _ in range(900)))
    lines = (f"{_GUARD}example\\.com [NC]", f"{_GUARD}{s.rng.choice(('google', 'bing', 'facebook'))}\\. [NC]", f"RewriteRule {s.rng.choice(('', '.*'))}\\.(jpe?g|gif|png)$ {instead} {s.rng.choice(('[L]', '[NC,L]', '[NC]'))}")  # fmt: skip
    path, line, _ = plant(s, lines, where="root", rewriting=True)
    s.pages = [*s.pages[:2], f"/{picture}"]
    return Truth("htaccess-rewrite-loop", path, (line, line + 1, line + 2), page=f"/{picture}")


@case(APACHE, "static", "php", "wordpress")
def unwanted_robots_with_stars(s: Scene) -> Truth:
    """Stars as in names of files, in a list for SetEnvIf: Apache says nothing of the pattern."""
    names = s.rng.sample(("Ahrefs", "Semrush", "MJ12", "DotBot", "PetalBot", "Bytespider", "GPTBot", "BLEXBot", "SeekportBot"), 6)
    word = s.rng.choice(("BrowserMatchNoCase", "SetEnvIfNoCase User-Agent", "BrowserMatch"))
    at = s.rng.randrange(6)
    spoilt = s.rng.choice((f'"*{names[at]}*"', f'"({names[at]}|Crawler"', f'"*{names[at]}"', f'"[{names[at]}"'))
    lines = [f'{word} "{name}" unwanted' for name in names]
    lines[at] = f"{word} {spoilt} unwanted"
    path, line, page = plant(
        s, (*lines, "<RequireAll>", "  Require all granted", "  Require not env unwanted", "</RequireAll>"), without="Require"
    )
    return Truth("htaccess-bad-regex", path, (line + at,), ("htaccess-bad-argument",), page)


@case(APACHE, "static", "php", "wordpress")
def checklist_of_a_server_administrator(s: Scene) -> Truth:
    """Good advice for whoever has a server of his own, and not for `.htaccess`."""
    bad = s.rng.choice(
        (
            "TraceEnable off",
            "ServerTokens Prod",
            "Protocols h2 http/1.1",
            "HostnameLookups Off",
            "UseCanonicalName On",
            "LimitRequestLine 8190",
            "KeepAliveTimeout 5",
            "AllowEncodedSlashes On",
        )
    )
    sound = [
        ("ServerSignature Off",),
        ("FileETag None",),
        ("<IfModule mod_headers.c>", "Header always unset X-Powered-By", "</IfModule>"),
        ("<Limit OPTIONS>", "Require all granted", "</Limit>"),
    ]
    before = [line for block in s.rng.sample(sound, s.rng.randint(1, 3)) for line in block]
    path, line, page = plant(s, ("# hide what runs here, be faster", *before, bad, "# done"))
    return Truth("htaccess-directive-not-allowed", path, (line + 1 + len(before),), (), page)


@case(APACHE, "static", "php")
def translated_by_the_browser(s: Scene) -> Truth:
    """Copied from a guide that the browser had put into the reader's own language."""
    lines, at, cause = s.rng.choice((
        (("RewriteEngine Activé", "RewriteRule ^ancien$ /nouveau [R=301,L]"), 0, "htaccess-bad-argument"), (("Options -Index", "DirectoryIndex index.html"), 0, "htaccess-bad-argument"),
        (("ExpiresActive Ein", 'ExpiresByType image/png "access plus 1 month"'), 0, "htaccess-bad-argument"), (("En-tête définit X-Frame-Options SAMEORIGIN",), 0, "htaccess-invalid-directive"),
        (("Motor de reescritura activado", "RewriteRule ^viejo$ /nuevo [L]"), 0, "htaccess-invalid-directive"), (("Umleitung 301 /alt.html /neu.html",), 0, "htaccess-invalid-directive"),
        (("<FilesMatch « \\.(ini|log)$ »>", "Require all denied", "</FilesMatch>"), 0, "htaccess-bad-argument"), (("Require alle verweigert",), 0, "htaccess-bad-argument"),
    ))  # fmt: skip
    path, line, page = plant(s, lines, where=s.rng.choice(("root", "sub")))
    return Truth(cause, path, (line + at,), ("htaccess-unclosed-section",) if "«" in lines[0] else (), page)


@case(APACHE, "static", "php")
def mark_of_an_old_editor(s: Scene) -> Truth:
    """The sign that ended files under DOS, or one that a terminal left."""
    path, _, page = plant(s, ("<Files .user.ini>", "Require all denied", "</Files>"), without="Require")
    whole = s.read(path)
    s.write(path, whole + s.rng.choice((b"\x1a", b"\x1a\n", b"\x1a\x1a\x1a", b"\x04\n")))
    return Truth("htaccess-invalid-directive", path, (whole.count(b"\n") + 1,), (), page)


@case(APACHE, "static", "php", "wordpress")
def folder_of_a_program_that_was_updated(s: Scene) -> Truth:
    """A gallery's own `.htaccess` below its uploads: pictures answer 500, and the pages do not."""
    folder = s.rng.choice(("uploads", "media", "galerie/bilder", "files/public"))
    planted, at, cause = s.rng.choice((
        (("# no programs here", "php_flag engine off", "Options -Indexes"), (2,), "htaccess-php-directive-under-fpm"), (("# no programs here", "RemoveHandler .php .phtml", "RemoveTypes .php .phtml"), (3,), "htaccess-invalid-directive"),
        (('<FilesMatch "(?i)\\.(php|php3?|phtml)$">', "  Order Deny,Allow", "  Deny from All", "</FilesMatch>", "Options -Indexes"), (2, 3), "htaccess-apache22-syntax"),
    ))  # fmt: skip
    s.keep(s.at(f"{folder}/photo.jpg"), b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(s.rng.randrange(256) for _ in range(700)))
    s.write(s.at(f"{folder}/.htaccess"), "\n".join(planted) + "\n")
    s.pages = [*s.pages[:2], f"/{folder}/photo.jpg"]
    return Truth(cause, s.at(f"{folder}/.htaccess"), at, (), f"/{folder}/photo.jpg")


# --- well, for all that
@well(APACHE, "static", "php", "wordpress")
def pictures_guarded_as_they_should_be(s: Scene) -> Truth:
    folder = s.rng.choice(("images", "bilder", "img"))
    for name in (f"{folder}/shop.jpg", f"{folder}/stop.png"):
        s.keep(s.at(name), b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(s.rng.randrange(256) for _ in range(900)))
    lines = ("RewriteCond %{HTTP_REFERER} !^$", f"{_GUARD}example\\.com [NC]", f"RewriteCond %{{REQUEST_URI}} !/{folder}/stop\\.png$ [NC]", f"RewriteRule \\.(jpe?g|gif|png)$ /{folder}/stop.png [L]")  # fmt: skip
    plant(s, lines, where="root", rewriting=True)
    s.pages = [*s.pages[:2], f"/{folder}/shop.jpg"]
    return _WELL
