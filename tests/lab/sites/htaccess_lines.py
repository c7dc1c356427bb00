# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Sound lines for a `.htaccess`: what people really have in theirs."""

from __future__ import annotations

from random import Random

from tests.lab.scene import Scene

Block = tuple[str, ...]

BLOCKS: tuple[Block, ...] = (
    ("# Nobody needs to see lists of files", "Options -Indexes"),
    ("DirectoryIndex index.php index.html index.htm",),
    ('<FilesMatch "\\.(ini|log|sql|bak|inc)$">', "    Require all denied", "</FilesMatch>"),
    ("<IfModule mod_expires.c>", "ExpiresActive On", 'ExpiresByType image/png "access plus 1 month"', "ExpiresDefault A3600", "</IfModule>"),
    ("<IfModule mod_deflate.c>", "\tAddOutputFilterByType DEFLATE text/html text/css", "\tAddOutputFilterByType DEFLATE \\",
     "\t\tapplication/json", "</IfModule>"),
    ("ErrorDocument 404 /404.html",),
    ("ErrorDocument 403 \"Not for you, sorry.\"",),
    ("Header set X-Content-Type-Options nosniff", 'Header always set Referrer-Policy "strict-origin"'),
    ("AddType font/woff2 .woff2", "AddType image/webp webp"),
    ("AddCharset UTF-8 .css .js",),
    ("Redirect 301 /alt /neu", 'RedirectMatch permanent "^/20(1[0-9])/(.*)\\.htm$" "/archive/$1/$2"'),
    ("<IfModule mod_security.c>", "  SecFilterEngine Off", "  SecFilterScanPOST Off", "</IfModule>"),
    ("<IfModule mod_php7.c>", "  php_value upload_max_filesize 64M", "  php_flag display_errors off", "</IfModule>"),
    ("<IfModule !mod_authz_core.c>", "Order deny,allow", "Deny from 192.0.2.7", "</IfModule>"),
    ('<Files ".htpasswd">', "Require all denied", "</Files>"),
    ("SetEnv TZ Europe/Paris",),
    ('SetEnvIfNoCase User-Agent "MegaCrawler" unwanted', "<RequireAll>", "Require all granted", "Require not env unwanted", "</RequireAll>"),
    ("", "# -------- be careful below this line --------", ""),
    ("<IfModule mod_pagespeed.c>", "ModPagespeed off", "</IfModule>"),
    ("fileetag none",),
    ("<IfModule mod_headers.c>", '<FilesMatch "\\.(jpe?g|png|gif|css)$">', 'Header set Cache-Control "max-age=86400, public"',
     "</FilesMatch>", "</IfModule>"),
)  # fmt: skip
REWRITING: tuple[Block, ...] = (
    ("RewriteEngine On", "RewriteRule ^old/(.*)$ /new/$1 [R=301,L]"),
    ("RewriteEngine on", "RewriteCond %{HTTP_HOST} ^www\\.example\\.(com|net)$ [NC]", "RewriteRule ^(.*)$ https://example.com/$1 [R=301,L]"),
    ("RewriteEngine On", "RewriteRule ^go-(\\d+)$ /index.html?n=$1 [QSA,L]", "RewriteRule \\.(git|svn) - [F,NC]"),
    ("RewriteEngine On", "RewriteCond %{REQUEST_FILENAME} !-f", "RewriteCond %{REQUEST_FILENAME} !-d",
     "RewriteCond %{QUERY_STRING} ^ref=[a-z]+&x=\\d{1,3}$", "RewriteRule ^campaign/?$ /index.html [L]"),
)  # fmt: skip


def blocks(rng: Random, least: int = 2, most: int = 7) -> list[Block]:
    """Some of them, in any order, at most one of those that rewrite."""
    chosen = rng.sample(BLOCKS, rng.randint(least, most))
    if rng.random() < 0.7:
        chosen.insert(rng.randint(0, len(chosen)), rng.choice(REWRITING))
    return chosen


def text(lines: list[Block], newline: str = "\n") -> str:
    return "".join(line + newline for block in lines for line in block)


def with_lines(scene: Scene, name: str, planted: Block, *, least: int = 2, rewriting: bool = False, without: str = "\0") -> int:
    """Writes a `.htaccess` of sound lines with these among them; returns the number of the first of these.

    `rewriting`: the lines need a RewriteEngine before them, and are preceded by one. `without`: a word that no other line holds.
    """
    rng = scene.rng
    around = [block for block in blocks(rng, least) if not any(without in line for line in block)]
    if rewriting:
        around = [block for block in around if block not in REWRITING]
        planted = ("RewriteEngine On", *planted)
    at = rng.randint(0, len(around))
    scene.write(name, text([*around[:at], planted, *around[at:]]))
    return sum(len(block) for block in around[:at]) + 1 + int(rewriting)
