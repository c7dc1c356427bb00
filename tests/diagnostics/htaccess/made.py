"""`.htaccess` files made from a seed: lines as people write them, changed as people and programs change them, and plain nonsense."""

from __future__ import annotations

import random
from dataclasses import dataclass

from diagnostics.htaccess.directive_table import IN_HTACCESS, SERVER_ONLY

SOUND_LINES = tuple(
    line.encode()
    for line in r"""
Options -Indexes
Options +FollowSymLinks -MultiViews
Options None
Options All
DirectoryIndex index.php index.html
DirectorySlash Off
FallbackResource /index.php
AddDefaultCharset utf-8
AddDefaultCharset Off
AddCharset utf-8 .css .js
AddType application/font-woff2 .woff2
AddType video/mp4 mp4 m4v
AddEncoding x-gzip .gz
AddLanguage fr .fr
AddHandler cgi-script .cgi .pl
RemoveHandler .cgi
SetHandler none
ForceType text/plain
ErrorDocument 404 /404.html
ErrorDocument 403 "No entry, sorry"
ErrorDocument 500 default
ErrorDocument 503 https://example.org/busy?from=%{REQUEST_URI}
FileETag None
FileETag MTime Size
ServerSignature Off
LimitRequestBody 1048576
AcceptPathInfo On
EnableSendfile off
RewriteEngine On
RewriteBase /
RewriteBase /blog/
RewriteOptions Inherit
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d [OR]
RewriteCond %{HTTP_HOST} ^www\.example\.org$ [NC]
RewriteCond %{HTTPS} off
RewriteCond %{QUERY_STRING} (^|&)id=(\d+)(&|$) [NC,OR]
RewriteCond %{HTTP_USER_AGENT} "^(Mozilla/4\.0|curl|wget)" [NC]
RewriteCond %{TIME_HOUR}%{TIME_MIN} >0700
RewriteCond expr "%{HTTP_HOST} == 'example.org'"
RewriteCond %{REQUEST_URI} ^/(?!admin/).*\.php$
RewriteRule ^index\.php$ - [L]
RewriteRule . /index.php [L]
RewriteRule ^(.*)$ https://%{HTTP_HOST}/$1 [R=301,L,NE]
RewriteRule ^product/([0-9]+)/?$ product.php?id=$1 [QSA,L]
RewriteRule "^old path/(.+)$" "/new path/$1" [R=permanent,L]
RewriteRule ^secret - [F]
RewriteRule ^gone$ - [G,NC]
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteRule \.(gif|jpe?g|png)$ - [NC,T=image/png]
RewriteRule ^set$ - [CO=seen:1:example.org:60,S=2]
Redirect 301 /old https://example.org/new
Redirect permanent /a /b
Redirect /x https://example.org/y
Redirect gone /dead
Redirect 410 /dead2
RedirectMatch 302 ^/a/(.*)$ /b/$1
RedirectMatch (.*)\.bak$ /none.html
RedirectPermanent /p https://example.org/p
RedirectTemp /t https://example.org/t
Header set X-Frame-Options SAMEORIGIN
Header always set Strict-Transport-Security "max-age=31536000; includeSubDomains"
Header append Vary User-Agent env=!dont-vary
Header unset ETag
Header always unset X-Powered-By
Header edit Set-Cookie ^(.*)$ "$1;HttpOnly;Secure"
Header set Cache-Control "max-age=84600, public"
Header set X-Time "%D %t"
Header merge Cache-Control no-store "expr=%{REQUEST_STATUS} == 404"
RequestHeader unset Proxy early
RequestHeader set X-Forwarded-Proto "https" env=HTTPS
ExpiresActive On
ExpiresDefault "access plus 1 month"
ExpiresByType image/jpeg "access plus 1 year 2 days"
ExpiresByType text/css A604800
SetEnv APPLICATION_ENV production
SetEnv NAME "two words"
SetEnv EMPTY
UnsetEnv NAME OTHER
PassEnv PATH
SetEnvIf User-Agent "^BadBot" bad_bot
SetEnvIf Request_URI "\.(css|js)$" static=1 !dynamic
SetEnvIfNoCase Referer "spam\.example" spam
BrowserMatch ^Mozilla/4 gzip-only-text/html
BrowserMatchNoCase "bot|crawl" robot=yes
SetEnvIfExpr "%{REQUEST_URI} =~ m#^/a#" a=1
AuthType Basic
AuthName "Members only"
AuthUserFile /home/someone/.htpasswd
AuthBasicProvider file
Require all granted
Require all denied
Require valid-user
Require user alice bob
Require ip 192.0.2.0/24 10.1 2001:db8::/32
Require not ip 192.0.2.7
Require host example.org
Require env allowed
Require method GET POST
Require expr "%{HTTP_USER_AGENT} != 'BadBot'"
Require local
SetOutputFilter DEFLATE
AddOutputFilterByType DEFLATE text/html text/css application/javascript
IndexOptions FancyIndexing HTMLTable NameWidth=*
IndexIgnore *.bak *~
IndexOrderDefault Descending Date
AddIcon /icons/zip.gif .zip
AddDescription "A picture" *.png
HeaderName head.html
LanguagePriority en fr de
ForceLanguagePriority Prefer Fallback
MultiviewsMatch Any
DefaultLanguage en
""".strip().splitlines()
)

ABSENT_LINES = (
    b"php_value upload_max_filesize 64M", b"php_flag display_errors off", b"php_admin_value x y", b"Order allow,deny", b"Allow from all",
    b"Deny from 192.0.2.1", b"Satisfy any", b"SecRuleEngine Off", b"SecFilterEngine off", b"ModPagespeed off", b"mod_gzip_on Yes",
    b"SSLRequireSSL", b"Substitute s/a/b/", b"CheckSpelling on", b"suPHP_ConfigPath /home/x", b"PassengerEnabled on", b"Foo bar",
    b"ServerName example.org", b"DocumentRoot /x", b"LoadModule x y", b"ProxyPass / http://127.0.0.1/", b"CustomLog /x y", b"Listen 80",
    b"<Directory /x>\n</Directory>", b"<VirtualHost *>\n</VirtualHost>", b"<Location /x>\n</Location>", b"RewriteMap a txt:/x",
    b"RewriteLog /x", b"AllowOverride All", b"ErrorLog /x", b"Include /x", b"Alias /a /b", b"=======", b">>>>>>> theirs",
    b"<?php echo 1;", b"\xc2\xa0RewriteEngine On", b"\xe2\x80\x8bOptions -Indexes", b"RewriteEngine\xc2\xa0On",
)  # fmt: skip

SECTIONS = (
    b"<IfModule mod_rewrite.c>", b"<IfModule !mod_rewrite.c>", b"<IfModule mod_php7.c>", b"<IfModule mod_headers.c>", b"<Files x.txt>",
    b'<Files ~ "^\\.ht">', b'<FilesMatch "\\.(bak|sql)$">', b"<Limit POST PUT>", b"<LimitExcept GET>", b"<RequireAll>", b"<RequireAny>",
    b"<RequireNone>", b"<If \"%{HTTP_HOST} == 'a'\">", b"<IfVersion >= 2.4>", b"<IfVersion < 2.4>", b"<IfModule rewrite_module>",
    b"<IfDefine NOTHING>", b"<Else>",
)  # fmt: skip
PATTERNS = (
    "a", ".", "^", "$", "*", "+", "?", "(", ")", "[", "]", "{", "}", "|", "\\", "[a-z]", "[^/]+", "(?:x)", "(?=y)", "(?!z)", "(?<n>q)",
    "\\d", "\\.", "{2}", "{2,}", "{,3}", "[[:alpha:]]", ".*", "\\s+", "(?i)", "-", "[z-a]", "(?<=a)", "(?P<m>r)", "\\1", "\\2", "??",
    "*?", "++", "/", "=", "é",
)  # fmt: skip
EXPRESSIONS = (
    "%{HTTP_HOST}", "%{REQUEST_URI}", "'a'", '"b"', "==", "!=", "=~", "!~", "-eq", "&&", "||", "!", "(", ")", "/x/", "m#y#", "-z", "-n",
    "-f", "-in", "{'a','b'}", "true", "5", "tolower('A')", "%{NOPE}", ",", "-ipmatch", "'10.0.0.0/8'", ".", "foo", "%{req:Host}", "-lt",
    "and", "or", "not", "/(/", "$1",
)  # fmt: skip
FLAGS = (
    "L", "R=301", "R", "NC", "QSA", "F", "G", "END", "PT", "NE", "N", "OR", "E=a:b", "S=2", "R=999", "LL", "QSX", "nc,l", "[", "]",
    "[L", "P", "DPI", "DX", "CO=a:b:c", "T=text/plain", "R=permanent", "B", "BNP", "H=x", "R=foo", "nocase", "last",
)  # fmt: skip
WORDS = (
    "on", "off", "1", "/x", "text/html", ".php", '"a', 'b"', "'c'", "x=y", "-5", "+x", "all", "none", '""', "env=x", "%{HTTP_HOST}",
    "10M", "always", "from", '"unclosed',
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """`line`: where the one line stands that may be wrong; 0 where a whole structure was made."""

    kind: str
    content: bytes
    line: int = 0


def make(seed: int) -> Made:
    """Always the same for the same seed."""
    chance = random.Random(seed)
    kind = chance.choices(list(_KINDS), [weight for _make, weight in _KINDS.values()])[0]
    made = _KINDS[kind][0](chance)
    if isinstance(made, Made):
        return made
    before = chance.sample(_HARMLESS, chance.randrange(3))
    after = chance.sample(_HARMLESS, chance.randrange(2))
    return Made(kind, b"\n".join([*before, made, *after]) + b"\n", len(before) + 1)


_HARMLESS = [b"# a remark", b"", b"Options -Indexes", b"RewriteEngine On", b"AddType text/plain .note", b"ExpiresActive On"]


def _sound(chance: random.Random) -> bytes:
    return chance.choice(SOUND_LINES)


def _changed(chance: random.Random) -> bytes:
    line = chance.choice(SOUND_LINES)
    for _ in range(chance.choice((1, 1, 1, 2))):
        line = _change(chance, line)
    return line.replace(b"\n", b" ") or b"#"


def _change(chance: random.Random, line: bytes) -> bytes:
    at = chance.randrange(len(line)) if line else 0
    words = line.split(b" ")
    way = chance.randrange(9)
    if way == 0:
        return line[:at] + line[at + 1 :]
    if way == 1:
        return line[:at] + line[at : at + 1] * 2 + line[at + 1 :]
    if way == 2:
        return line[:at] + line[at + 1 : at + 2] + line[at : at + 1] + line[at + 2 :]
    if way == 3:
        return b" ".join(words[:-1]) or line
    if way == 4:
        return line + b" " + chance.choice((b"extra", b"# remark", b'"', b"[L]", b"on"))
    if way == 5:
        return line.replace(b'"', b"") if b'"' in line else line.replace(b" ", b'" ', 1)
    if way == 6:
        return line.swapcase()
    if way == 7:
        chance.shuffle(words)
        return words[0] + b" " + b" ".join(words[1:])
    return line[:at] + bytes([chance.choice(b"()[]{}*+?\\\"'<>%!,=;:#$^|&@~`x7 ")]) + line[at:]


def _absent(chance: random.Random) -> bytes:
    return chance.choice(ABSENT_LINES)


def _any_directive(chance: random.Random) -> bytes:
    names = [entry.rsplit(":", 1)[0] for entries in IN_HTACCESS.values() for entry in entries.split() if not entry.startswith("Lua")]
    names += [name for entries in SERVER_ONLY.values() for name in entries.split()] if chance.random() < 0.1 else []
    return " ".join([chance.choice(names), *(chance.choice(WORDS) for _ in range(chance.randrange(5)))]).encode()


def _pattern(chance: random.Random) -> bytes:
    pattern = "".join(chance.choice(PATTERNS) for _ in range(chance.randrange(1, 7)))
    form = chance.choice(
        (
            "RewriteRule {} - [L]",
            "RewriteCond %{{HTTP_HOST}} {}",
            "RedirectMatch 301 {} /x",
            'SetEnvIf Host "{}" a',
            "RewriteRule !{} - [F]",
        )
    )
    return form.format(pattern).encode()


def _expression(chance: random.Random) -> bytes | Made:
    text = " ".join(chance.choice(EXPRESSIONS) for _ in range(chance.randrange(1, 6)))
    if chance.random() < 0.5:
        text = f"%{{HTTP_HOST}} == 'a' && {text}" if chance.random() < 0.5 else f"({text})"
    escaped = text.replace('"', '\\"')
    if chance.random() < 0.3:
        return Made("expression", f'<If "{escaped}">\nOptions -Indexes\n</If>\n'.encode(), 1)
    return chance.choice(('Require expr "{}"', 'SetEnvIfExpr "{}" a=1', 'Header set X-A b "expr={}"')).format(escaped).encode()


def _flags(chance: random.Random) -> bytes:
    flags = ",".join(chance.choice(FLAGS) for _ in range(chance.randrange(1, 4)))
    rule = chance.random() < 0.7
    return (f"RewriteRule ^a$ /b [{flags}]" if rule else f"RewriteCond %{{HTTPS}} off [{flags}]").encode()


def _structure(chance: random.Random) -> Made:
    lines = _nested(chance, 0)
    for _ in range(chance.choice((0, 1, 1))):
        at = chance.randrange(len(lines))
        way = chance.randrange(5)
        if way == 0:
            del lines[at]
        elif way == 1:
            lines[at] = lines[at][:-1] if lines[at].endswith(b">") else lines[at]
        elif way == 2:
            lines[at] += chance.choice((b" # remark", b" ", b">", b" x"))
        elif way == 3:
            lines.insert(at, chance.choice((b"</IfModule>", b"</Files>", b"</FilesMatch>", b"<IfModule mod_rewrite.c>", b"</Limit >")))
        else:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
    return Made("structure", b"\n".join(lines) + b"\n")


def _nested(chance: random.Random, depth: int) -> list[bytes]:
    lines: list[bytes] = []
    for _ in range(chance.randrange(1, 4)):
        if depth < 3 and chance.random() < 0.5:
            opening = chance.choice(SECTIONS[:-1])
            name = opening[1:].split(b" ")[0].rstrip(b">")
            lines += [opening, *_nested(chance, depth + 1), b"</" + name + b">"]
        else:
            lines.append(
                chance.choice((b"RewriteEngine On", b"Require all granted", b"Require ip 10.0.0.1", b"Header set A b", b"NoSuch x", b"# x"))
            )
    return lines


def _bytes(chance: random.Random) -> Made:
    lines = [chance.choice(SOUND_LINES) for _ in range(chance.randrange(1, 5))]
    text = b"\n".join(lines) + b"\n"
    way = chance.randrange(9)
    if way == 0:
        text = b"\xef\xbb\xbf" + text
    elif way == 1:
        text = text.replace(b"\n", b"\r\n")
    elif way == 2:
        text = text.decode().encode(chance.choice(("utf-16", "utf-16-le", "utf-16-be")))
    elif way == 3:
        at = chance.randrange(len(text))
        text = text[:at] + b"\0" + text[at:]
    elif way == 4:
        text = b"# " + b"x" * chance.choice((8180, 8185, 8186, 8187, 8188, 8189, 8190, 8191, 8192, 8193, 9000, 20000)) + b"\n" + text
    elif way == 5:
        text = text.replace(b" ", b" \\\n ", 1)
    elif way == 6:
        text = text.replace(b"\n", b"\\\n")
    elif way == 7:
        text = text.replace(b"\n", b"\r")
    else:
        text = b"\xef\xbb\xbf<IfModule mod_rewrite.c>\n" + text + b"</IfModule>\n"
    return Made("bytes", text)


_KINDS = {
    "sound": (_sound, 15),
    "changed": (_changed, 40),
    "absent": (_absent, 6),
    "any": (_any_directive, 20),
    "pattern": (_pattern, 12),
    "expression": (_expression, 8),
    "flags": (_flags, 6),
    "structure": (_structure, 16),
    "bytes": (_bytes, 5),
}
