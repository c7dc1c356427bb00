"""Sound and faulty `.htaccess` files, used against the linter and against a real Apache."""

from __future__ import annotations

WORDPRESS = b"""
# BEGIN WordPress
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase /
RewriteRule ^index\\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.php [L]
</IfModule>
# END WordPress
"""

# name -> content: sound on a usual Apache 2.4 (the modules of tests.lab.apache.DEFAULT_MODULES)
SOUND: dict[str, bytes] = {
    "empty": b"",
    "comments": b"# nothing\n\n   # here\n",
    "wordpress": WORDPRESS,
    "joomla": b"""Options +FollowSymLinks
Options -Indexes
RewriteEngine On
RewriteCond %{QUERY_STRING} base64_encode[^(]*\\([^)]*\\) [OR]
RewriteCond %{QUERY_STRING} (<|%3C)([^s]*s)+cript.*(>|%3E) [NC,OR]
RewriteCond %{QUERY_STRING} GLOBALS(=|\\[|\\%[0-9A-Z]{0,2}) [OR]
RewriteCond %{QUERY_STRING} _REQUEST(=|\\[|\\%[0-9A-Z]{0,2})
RewriteRule .* index.php [F]
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteCond %{REQUEST_URI} !^/index\\.php
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule .* index.php [L]
""",
    "drupal": b"""<FilesMatch "\\.(engine|inc|install|module|profile|po|sh|.*sql|theme|twig|yml)(~|\\.sw[op]|\\.bak)?$|^(\\.(?!well-known).*|Entries.*)$">
  <IfModule mod_authz_core.c>
    Require all denied
  </IfModule>
  <IfModule !mod_authz_core.c>
    Order allow,deny
  </IfModule>
</FilesMatch>
Options -Indexes
DirectoryIndex index.php index.html index.htm
<IfModule mod_php.c>
  php_value assert.active 0
</IfModule>
<IfModule mod_expires.c>
  ExpiresActive On
  ExpiresDefault A1209600
  <FilesMatch \\.php$>
    ExpiresActive Off
  </FilesMatch>
</IfModule>
<IfModule mod_rewrite.c>
  RewriteEngine on
  RewriteRule ^ - [E=protossl]
  RewriteCond %{HTTPS} on
  RewriteRule ^ - [E=protossl:s]
  RewriteRule "/\\.|^\\.(?!well-known/)" - [F]
  RewriteCond %{REQUEST_FILENAME} !-f
  RewriteRule ^ index.php [L]
</IfModule>
<IfModule mod_headers.c>
  Header always set X-Content-Type-Options nosniff
  Header onsuccess unset X-Powered-By
</IfModule>
""",  # noqa: E501
    "laravel": b"""<IfModule mod_rewrite.c>
    <IfModule mod_negotiation.c>
        Options -MultiViews -Indexes
    </IfModule>
    RewriteEngine On
    RewriteCond %{HTTP:Authorization} .
    RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
    RewriteCond %{REQUEST_FILENAME} !-d
    RewriteCond %{REQUEST_URI} (.+)/$
    RewriteRule ^ %1 [L,R=301]
    RewriteCond %{REQUEST_FILENAME} !-d
    RewriteCond %{REQUEST_FILENAME} !-f
    RewriteRule ^ index.php [L]
</IfModule>
""",
    "windows-ends": WORDPRESS.replace(b"\n", b"\r\n"),
    "no-newline-at-end": b"Options -Indexes",
    "odd-case": b"opTIONS -indexes\nREWRITEengine oN\n<IFMODULE MOD_REWRITE.C>\nrewriterule ^x$ - [l,nc]\n</ifmodule>\n",
    "continued": b"RewriteEngine On\nRewriteRule ^old$ \\\n   /new \\\n   [R=301,L]\n",
    "comment-that-continues": b"# a remark \\\nthis is still the remark\nOptions -Indexes\n",
    "absent-module-guarded": b"<IfModule mod_security2.c>\nSecRuleEngine Off\nNoSuchThing x\n</IfModule>\n",
    "php-guarded": b"<IfModule mod_php7.c>\nphp_value memory_limit 128M\n</IfModule>\n<IfModule php_module>\nphp_flag x on\n</IfModule>\n",
    "quotes": b'ErrorDocument 404 "Not here, sorry"\nErrorDocument 403 /403.html\nHeader set X-A "a \\"b\\" c"\n',
    "access": b"<RequireAll>\nRequire all granted\nRequire not ip 192.0.2.0/24\n</RequireAll>\n",
    "access-22-guarded": b"<IfModule !mod_authz_core.c>\nOrder deny,allow\nDeny from all\n</IfModule>\n",
    "files": b'<Files "secret.txt">\nRequire all denied\n</Files>\n<Files ~ "^\\.ht">\nRequire all denied\n</Files>\n',
    "if": b"<If \"%{HTTP_HOST} == 'nowhere.example'\">\nRedirect /x https://nowhere.example/y\n</If>\n<Else>\nHeader set X-B c\n</Else>\n",
    "expires": b'ExpiresActive on\nExpiresByType image/png "access plus 1 month 2 days"\nExpiresByType text/css M86400\n',
    "redirects": b"Redirect 301 /old https://example.org/new\nRedirect gone /dead\nRedirectMatch 302 ^/a/(.*)$ /b/$1\nRedirect 410 /x\n",
    "spaces-in-flags-quoted": b'RewriteEngine On\nRewriteRule ^a$ /b "[R=301, L]"\n',
    "escaped-space": b"RewriteEngine On\nRewriteRule ^a\\ b$ /c [L]\n",
    "regex-oddities": b"RewriteEngine On\nRewriteRule ^(?:a|b)(?!c)[]a-z\\]]+?\\.{2,}(?<n>x){,3}$ - [L]\nRewriteRule ^]}x$ - [L]\n",
    "unclosed-ifmodule-loaded": b"<IfModule mod_rewrite.c>\nRewriteEngine On\n",
    "limit": b"<Limit POST PUT>\nRequire all denied\n</Limit>\n<LimitExcept GET HEAD POST>\nRequire all denied\n</LimitExcept>\n",
    "env": b'SetEnv A\nSetEnv B "c d"\nSetEnvIf User-Agent "^Bad(Bot|Thing)" bad !good\nBrowserMatchNoCase ^x y\n',
    "auth": b'AuthType None\nAuthName "A b"\nRequire all granted\n',
    "mime": b"AddType application/x-foo .foo\nAddHandler cgi-script .cgi .pl\nAddDefaultCharset utf-8\nForceType none\n",
    "not-utf-8": b'# caf\xe9 \xff\xfe\nHeader set X-Name "caf\xe9"\n',
    "long-line": b"# " + b"x" * 7000 + b"\nOptions -Indexes\n",
    "words-after-a-switch": b"RewriteEngine On now\nRedirect 301 /a\n",
    "tabs": b"\tRewriteEngine\tOn\n\tRewriteRule\t^a$\t/b\t[L]\n",
    "conditions": b"RewriteEngine On\nRewriteCond %{TIME_HOUR} >30\nRewriteCond %{HTTP_HOST} =a [NC]\nRewriteCond expr \"%{HTTP_HOST} == 'x'\"\nRewriteRule ^ - [F]\n",  # noqa: E501
}

# name -> (content, cause, line, directive or container named): all answer 500 on that Apache
FAULTY: dict[str, tuple[bytes, str, int]] = {
    "misspelt": (b"# x\nRewritEngine On\n", "htaccess-invalid-directive", 2),
    "misspelt-section": (b"<IfModul mod_rewrite.c>\nRewriteEngine On\n</IfModul>\n", "htaccess-invalid-directive", 1),
    "nonsense": (b"Options -Indexes\nfoobarbaz 1 2\n", "htaccess-invalid-directive", 2),
    "html-inside": (b"<!DOCTYPE html>\n<html>\n", "htaccess-invalid-directive", 1),
    "absent-module": (b"ProxyErrorOverride On\n", "htaccess-module-not-loaded", 1),
    "php-value": (b"\nphp_value upload_max_filesize 64M\n", "htaccess-php-directive-under-fpm", 2),
    "php-flag": (b"php_flag display_errors off\n", "htaccess-php-directive-under-fpm", 1),
    "apache22": (b"<Files x>\nOrder allow,deny\nDeny from all\n</Files>\n", "htaccess-apache22-syntax", 2),
    "server-only": (b"ServerAlias www.example.org\n", "htaccess-directive-not-allowed", 1),
    "directory-section": (b"<Directory /var/www>\nOptions -Indexes\n</Directory>\n", "htaccess-directive-not-allowed", 1),
    "documentroot": (b"DocumentRoot /x\n", "htaccess-directive-not-allowed", 1),
    "unclosed-files": (b"# a\n<Files x>\nRequire all denied\n", "htaccess-unclosed-section", 2),
    "unclosed-ifmodule-absent": (b"<IfModule mod_nothing.c>\nFoo\n", "htaccess-unclosed-section", 1),
    "stray-close": (b"Options -Indexes\n</IfModule>\n", "htaccess-unclosed-section", 2),
    "mismatch": (b"<IfModule mod_rewrite.c>\n<Files x>\n</IfModule>\n</Files>\n", "htaccess-unclosed-section", 3),
    "no-bracket": (b"<IfModule mod_rewrite.c\nRewriteEngine On\n</IfModule>\n", "htaccess-unclosed-section", 1),
    "bad-flag": (b"RewriteEngine On\nRewriteRule ^a$ /b [R=301,LL]\n", "htaccess-bad-rewrite-flag", 2),
    "flag-space": (b"RewriteEngine On\nRewriteRule ^a$ /b [R=301, L]\n", "htaccess-bad-rewrite-flag", 2),
    "flag-unclosed": (b"RewriteEngine On\nRewriteRule ^a$ /b [L\n", "htaccess-bad-rewrite-flag", 2),
    "cond-flag": (b"RewriteEngine On\nRewriteCond %{HTTPS} off [XX]\nRewriteRule ^ - [L]\n", "htaccess-bad-rewrite-flag", 2),
    "bad-regex": (b"RewriteEngine On\nRewriteRule ^(a$ /b [L]\n", "htaccess-bad-regex", 2),
    "bad-class": (b"RewriteEngine On\nRewriteCond %{HTTP_HOST} ^[a-z\nRewriteRule ^ - [L]\n", "htaccess-bad-regex", 2),
    "bad-star": (b"RewriteEngine On\nRewriteRule *.php - [L]\n", "htaccess-bad-regex", 2),
    "bad-range": (b"RewriteEngine On\nRewriteRule ^[z-a]$ - [L]\n", "htaccess-bad-regex", 2),
    "filesmatch-regex": (b'<FilesMatch "(a">\nRequire all denied\n</FilesMatch>\n', "htaccess-bad-regex", 1),
    "redirectmatch-regex": (b"RedirectMatch 301 ^/(a$ /b\n", "htaccess-bad-regex", 1),
    "rule-argument": (b"RewriteEngine On\nRewriteRule ^a$\n", "htaccess-bad-argument", 2),
    "engine": (b"RewriteEngine Onn\n", "htaccess-bad-argument", 1),
    "options-mixed": (b"Options -Indexes FollowSymLinks\n", "htaccess-bad-argument", 1),
    "options-unknown": (b"Options +Followsymlink\n", "htaccess-bad-argument", 1),
    "require-unknown": (b"Require everybody\n", "htaccess-bad-argument", 1),
    "require-all": (b"Require all allowed\n", "htaccess-bad-argument", 1),
    "require-ip": (b"Require ip office.example\n", "htaccess-bad-argument", 1),
    "require-not": (b"Require not ip 192.0.2.1\n", "htaccess-bad-argument", 1),
    "error-code": (b"ErrorDocument 4040 /404.html\n", "htaccess-bad-errordocument", 1),
    "error-args": (b"ErrorDocument 404 Not found\n", "htaccess-bad-argument", 1),
    "header-action": (b"Header sett X-A b\n", "htaccess-bad-argument", 1),
    "header-value": (b"Header set X-A\n", "htaccess-bad-argument", 1),
    "redirect-status": (b"Redirect forever /a /b\n", "htaccess-bad-argument", 1),
    "empty-flag": (b"RewriteEngine On\nRewriteRule ^a$ - [L,]\n", "htaccess-bad-rewrite-flag", 2),
    "starred-anchor": (b"RewriteEngine On\nRewriteRule ^*x$ - [L]\n", "htaccess-bad-regex", 2),
    "expires-args": (b"ExpiresActive On\nExpiresDefault access plus 1 month\n", "htaccess-bad-argument", 2),
    "expires-code": (b'ExpiresActive On\nExpiresDefault "tomorrow plus 1 month"\n', "htaccess-bad-argument", 2),
    "addtype": (b"AddType text/html\n", "htaccess-bad-argument", 1),
    "setenvif": (b"SetEnvIf User-Agent\n", "htaccess-bad-argument", 1),
    "byte-order-mark": (b"\xef\xbb\xbf# first\nOptions -Indexes\n", "htaccess-byte-order-mark", 1),
    "error-directive": (b"SecRuleEngine Off\n", "htaccess-module-not-loaded", 1),
    "pagespeed": (b"ModPagespeed off\n", "htaccess-module-not-loaded", 1),
}
