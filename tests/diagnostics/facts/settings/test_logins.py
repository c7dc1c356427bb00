"""Where each program keeps how it logs in at its database, and that a password shows nowhere."""

from __future__ import annotations

import json
import pickle
import time

import pytest

from diagnostics.facts.settings.env_files import env_lines, env_with_spaces, read_env
from diagnostics.facts.settings.logins import OF_PHP, DatabaseLogin, of_environment, split_host
from diagnostics.facts.settings.php_settings import read_php
from diagnostics.facts.settings.secret import Secret

WORDPRESS = """<?php define('DB_NAME', 'shop'); define('DB_USER', 'me'); define('DB_PASSWORD', 'hunter2');
define('DB_HOST', 'db.example:3307'); $table_prefix = 'x_';"""
JOOMLA = """<?php class JConfig { public $host = 'db.example:3307'; public $user = 'me'; public $password = 'hunter2';
 public $db = 'shop'; public $dbprefix = 'x_'; public $dbtype = 'mysqli'; }"""
DRUPAL = """<?php $databases['default']['default'] = ['database' => 'shop', 'username' => 'me', 'password' => 'hunter2',
 'host' => 'db.example', 'port' => '3307', 'driver' => 'mysql', 'prefix' => 'x_'];"""
PRESTASHOP = """<?php return array ('parameters' => array ('database_host' => 'db.example', 'database_port' => '3307',
 'database_name' => 'shop', 'database_user' => 'me', 'database_password' => 'hunter2', 'database_prefix' => 'x_'));"""
PRESTASHOP_OLD = """<?php define('_DB_SERVER_', 'db.example:3307'); define('_DB_NAME_', 'shop'); define('_DB_USER_', 'me');
 define('_DB_PASSWD_', 'hunter2'); define('_DB_PREFIX_', 'x_');"""
MAGENTO = """<?php return ['db' => ['table_prefix' => 'x_', 'connection' => ['default' => ['host' => 'db.example:3307',
 'dbname' => 'shop', 'username' => 'me', 'password' => 'hunter2']]]];"""
TYPO3 = """<?php return ['DB' => ['Connections' => ['Default' => ['driver' => 'mysqli', 'dbname' => 'shop', 'host' => 'db.example',
 'port' => 3307, 'user' => 'me', 'password' => 'hunter2']]]];"""


def told(login: DatabaseLogin | None) -> tuple[object, ...]:
    assert login is not None
    return login.host, login.port, login.user, login.password.reveal(), login.name, login.is_mysql, login.unknown


@pytest.mark.parametrize(
    ("software", "source"),
    [("wordpress", WORDPRESS), ("joomla", JOOMLA), ("drupal", DRUPAL), ("prestashop", PRESTASHOP), ("prestashop", PRESTASHOP_OLD),
     ("magento", MAGENTO), ("typo3", TYPO3)],
)  # fmt: skip
def test_login_of_each_program_is_read(software: str, source: str) -> None:
    login = OF_PHP[software](read_php("/home/me/www/settings.php", source))
    assert told(login) == ("db.example", 3307, "me", "hunter2", "shop", True, ())
    assert login is not None and login.prefix == ("" if software == "typo3" else "x_")


def test_login_of_the_environment_is_read() -> None:
    laravel = 'APP_KEY=base64:x=\nDB_CONNECTION=mysql\nDB_HOST=db.example # the server\nDB_PORT=3307\nDB_DATABASE="shop"\n'
    laravel += "DB_USERNAME='me'\nSECRET=hunter\nDB_PASSWORD=\"${SECRET}2\"\n"
    assert told(of_environment(read_env(laravel))) == ("db.example", 3307, "me", "hunter2", "shop", True, ())
    symfony = 'DATABASE_URL="mysql://me:hunter%32@db.example:3307/shop?serverVersion=10.11"\n'
    assert told(of_environment(read_env(symfony))) == ("db.example", 3307, "me", "hunter2", "shop", True, ())
    other = of_environment(read_env("DATABASE_URL=postgresql://a:b@c/d"))
    assert other is not None and not other.is_mysql
    assert of_environment(read_env("APP_ENV=prod\nDATABASE_URL=\n")) is None


def test_later_file_of_the_environment_counts() -> None:
    assert read_env("A=2\n#A=3\nexport B=x y \n", read_env("A=1\nC='#c'\n")) == {"A": "2", "C": "#c", "B": "x y"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("localhost", ("localhost", 3306, "")),
        ("db:3307", ("db", 3307, "")), ("localhost:/run/my.sock", ("localhost", 3306, "/run/my.sock")),
        (":/run/my.sock", ("", 3306, "/run/my.sock")), ("[::1]:3307", ("::1", 3307, "")), ("::1", ("::1", 3306, "")),
        ("db:3307:/s", ("db", 3307, "/s")), ("[fe80::1]", ("fe80::1", 3306, "")), ("", ("", 3306, "")),
    ],
)  # fmt: skip
def test_host_is_taken_apart_as_wordpress_does(text: str, parts: tuple[str, int, str]) -> None:
    assert split_host(text) == parts


def test_what_is_left_to_the_environment_is_said() -> None:
    login = OF_PHP["wordpress"](read_php("/w/wp-config.php", "<?php define('DB_NAME', 'x'); define('DB_PASSWORD', getenv('PW'));"))
    assert login is not None and any("PW" in why for why in login.unknown) and len(login.unknown) == 4


def test_file_without_a_login_gives_none() -> None:
    assert [read(read_php("/w/x.php", "<?php $a = 1;")) for read in OF_PHP.values()] == [None] * len(OF_PHP)


def test_secret_shows_nowhere() -> None:
    login = OF_PHP["wordpress"](read_php("/w/wp-config.php", WORDPRESS))
    assert login is not None
    for shown in (repr(login), str(login), f"{login.password} {login.password!r}", "%s" % login.password, str([login])):  # noqa: UP031
        assert "hunter2" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(login.password)
    with pytest.raises(TypeError):
        json.dumps(login.password)
    assert Secret("a") and not Secret("")


def test_environment_that_an_intruder_wrote_takes_little_time_and_memory() -> None:
    names = "A=xxxxxxxxxx\n" + "".join(f"{chr(66 + n)}={('$' + chr(65 + n)) * 10}\n" for n in range(14))
    began = time.monotonic()
    assert sum(len(value) for value in read_env(names + "X=" + "${x-" * 50_000).values()) < 1_000_000
    assert time.monotonic() - began < 20.0


def test_lines_that_give_the_login_are_known() -> None:
    drupal = OF_PHP["drupal"](read_php("/home/me/www/settings.php", DRUPAL))
    assert drupal is not None and drupal.lines["password"][0] == "/home/me/www/settings.php"
    laravel = "APP_NAME=a\nDB_DATABASE=shop\nDB_PASSWORD=x\n"
    lines = {name: (".env", number) for name, number in env_lines(laravel).items()}
    found = of_environment(read_env(laravel), lines)
    assert found is not None and found.lines == {"name": (".env", 2), "password": (".env", 3)}


@pytest.mark.parametrize(
    ("text", "said"),
    [("A=1\nAPP_NAME=My shop\n", ("APP_NAME", 2)), ("A=\"my shop\"\nB=x # no\nC='a b'\nD=${A} b\n", None), ("", None)],
)
def test_value_with_a_space_and_no_quotes_is_found(text: str, said: tuple[str, int] | None) -> None:
    assert env_with_spaces(text) == said


def test_variable_that_nothing_sets_is_empty_in_a_text() -> None:
    found = read_php(
        "/a/wp-config.php", "<?php define('DB_PASSWORD', \"pa$word9\"); $x = 'y'; define('B', \"a$x\"); define('C', 'pa$word9');"
    )
    assert (found.text("DB_PASSWORD"), found.text("B"), found.text("C")) == ("pa", "ay", "pa$word9")
    assert found.with_variables == ["DB_PASSWORD"]
