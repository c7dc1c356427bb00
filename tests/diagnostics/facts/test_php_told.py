"""Which PHP version files and answers name: lines as OVHcloud, cPanel, CloudLinux, Plesk and Debian write them."""

from __future__ import annotations

import pytest

from diagnostics.facts.php_told import of_file


@pytest.mark.parametrize(
    ("content", "version", "line"),
    [
        (b"app.engine=php\napp.engine.version=8.2\n\nhttp.firewall=none\n", (8, 2), 2),
        (b"; app.engine.version=7.4\r\napp.engine.version = 5.6 ; old\r\n", (5, 6), 2),
        (b"app.engine=phpcgi\n", None, 0),
        (b"", None, 0),
    ],
)
def test_version_of_ovhconfig(content: bytes, version: tuple[int, int] | None, line: int) -> None:
    told = of_file("/home/me/.ovhconfig", content, "/home/me/www")
    assert (told and (told.version, told.line, told.path, told.source)) == (version and (version, line, ".ovhconfig", "ovhconfig"))


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("AddHandler application/x-httpd-ea-php74 .php .php7 .phtml", (7, 4)),
        ("AddHandler application/x-httpd-alt-php82___lsphp .php", (8, 2)),
        ('SetHandler "proxy:unix:/run/php/php8.2-fpm.sock|fcgi://localhost"', (8, 2)),
        ('SetHandler "proxy:unix:/opt/plesk/php/7.4/var/run/x.sock|fcgi://127.0.0.1:9000"', (7, 4)),
        ("FcgidWrapper /home/me/php81-cgi .php", (8, 1)),
        ("SetEnv PHP_VER 5_4", (5, 4)),
        ("AddType x-mapp-php5 .php", None),
        ("AddHandler cgi-script .php8.2", None),
        ("RewriteRule ^php8.2/ /x", None),
        ("# AddHandler application/x-httpd-ea-php74 .php", None),
    ],
)
def test_version_of_a_handler_line(line: str, version: tuple[int, int] | None) -> None:
    told = of_file("/home/me/www/.htaccess", f"Options -Indexes\n{line}\n".encode(), "/home/me/www")
    assert (told.version if told else None) == version
    assert told is None or (told.line, told.path, told.source) == (2, "www/.htaccess", "handler")
