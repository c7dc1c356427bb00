"""A login written into the settings of each program: PHP itself reads what was wanted, and every other byte stays."""

from __future__ import annotations

import difflib
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.facts.settings import any_login
from diagnostics.facts.settings.secret import Secret
from diagnostics.facts.settings.writing import NotWritable, login_in, with_login
from tests.programs import binary

HARD = "p\"a's#\\s ${x} $(id)\\"  # what means something in PHP, in a shell or in a settings file
WORDPRESS = """<?php\r
// the old one: define('DB_PASSWORD', 'older');\r
define( 'DB_NAME', 'shop' ); define('DB_USER','me');\r
define('DB_PASSWORD', 'me'); # me\r
define('DB_HOST', 'localhost');\r
$table_prefix = 'wp_';\r
"""
OF_PHP = {
    "wordpress": (WORDPRESS, "[DB_USER, DB_PASSWORD, DB_NAME, DB_HOST]"),
    "joomla": (
        "<?php\nclass JConfig {\n\tpublic $dbtype = 'mysqli';\n\tpublic $host = 'localhost';\n\tpublic $user = 'me';\n"
        "\tpublic $password = \"o\\$ld\";\n\tpublic $db = 'shop';\n\tpublic $dbprefix = 'j_';\n}\n",
        "(function () { $c = new JConfig; return [$c->user, $c->password, $c->db, $c->host]; })()",
    ),
    "drupal": (
        "<?php\n$databases['default']['default'] = array (\n  'database' => 'shop',\n  'username' => 'me',\n  'password' =>\n    'old',\n"
        "  'prefix' => '',\n  'host' => 'localhost',\n  'port' => '3306',\n  'driver' => 'mysql',\n);\n",
        "(function ($d) { return [$d['username'], $d['password'], $d['database'], $d['host']]; })($databases['default']['default'])",
    ),
    "prestashop": (
        "<?php return array (\n  'parameters' =>\n  array (\n    'database_host' => '127.0.0.1',\n    'database_port' => '',\n"
        "    'database_name' => 'shop',\n    'database_user' => 'me',\n    'database_password' => 'old',\n    'database_prefix' => 'ps_',\n"
        "  ),\n);\n",
        "(function ($d) { return [$d['database_user'], $d['database_password'], $d['database_name'], $d['database_host']]; })"
        "($returned['parameters'])",
    ),
    "magento": (
        "<?php\nreturn [\n    'db' => [\n        'table_prefix' => '',\n        'connection' => [\n            'default' => [\n"
        "                'host' => 'localhost',\n                'dbname' => 'shop',\n                'username' => 'me',\n"
        "                'password' => 'old',\n            ],\n        ],\n    ],\n];\n",
        "(function ($d) { return [$d['username'], $d['password'], $d['dbname'], $d['host']]; })($returned['db']['connection']['default'])",
    ),
    "typo3": (
        "<?php\nreturn [\n    'DB' => [\n        'Connections' => [\n            'Default' => [\n                'dbname' => 'shop',\n"
        "                'driver' => 'mysqli',\n                'host' => 'localhost',\n                'password' => 'old',\n"
        "                'port' => 3306,\n                'user' => 'me',\n            ],\n        ],\n    ],\n];\n",
        "(function ($d) { return [$d['user'], $d['password'], $d['dbname'], $d['host']]; })($returned['DB']['Connections']['Default'])",
    ),
}  # fmt: skip
SETTINGS = "/home/me/www/settings.php"


def written(program: str, source: str, path: str = SETTINGS, **changes: object) -> str:
    now = login_in(program, path, {path: source}, {})
    assert now is not None
    made, _parts = with_login(program, path, {path: source}, replace(now, **changes), {})  # type: ignore[arg-type]
    return made[path]


@pytest.mark.parametrize("secret", [HARD, "plain-Kx93", "ünïcode-€", "$abc", "0", "shop"])
@pytest.mark.parametrize("program", OF_PHP)
def test_php_reads_the_new_password_and_nothing_else_changed(program: str, secret: str, tmp_path: Path) -> None:
    if not binary("php"):
        pytest.skip("PHP is not installed")
    source, told = OF_PHP[program]
    now = login_in(program, SETTINGS, {SETTINGS: source}, {})
    assert now is not None
    after = written(program, source, password=Secret(secret))
    file = tmp_path / "settings.php"
    file.write_bytes(after.encode())
    script = f"$returned = include {json.dumps(str(file))}; echo json_encode({told});"
    said = subprocess.run(["php", "-n", "-r", script], capture_output=True, text=True, check=True, timeout=20)
    assert json.loads(said.stdout) == [now.user, secret, now.name, now.host]
    changed = [line for line in difflib.ndiff(source.splitlines(True), after.splitlines(True)) if line[0] in "+-"]
    assert len(changed) == 2


@pytest.mark.parametrize("program", OF_PHP)
def test_all_parts_are_written_at_once(program: str) -> None:
    source = OF_PHP[program][0]
    after = written(program, source, user="other", name="blog", host="db7.example", password=Secret("x1"))
    found = login_in(program, SETTINGS, {SETTINGS: after}, {})
    assert found is not None and (found.user, found.name, found.host, found.password.reveal()) == ("other", "blog", "db7.example", "x1")
    before, again = source.splitlines(), after.splitlines()
    assert len(before) == len(again) and sum(1 for pair in zip(before, again, strict=True) if pair[0] != pair[1]) <= 4


def test_port_is_written_where_the_program_has_it() -> None:
    assert "define('DB_HOST', 'db7:3307');" in written("wordpress", WORDPRESS, host="db7", port=3307)
    assert "define('DB_HOST', 'localhost:/run/s.sock');" in written("wordpress", WORDPRESS, socket="/run/s.sock")
    assert "'port' => 3307," in written("typo3", OF_PHP["typo3"][0], port=3307)
    with pytest.raises(NotWritable, match="port"):
        written("magento", OF_PHP["magento"][0], port=3307)


def test_variable_between_double_quotes_is_replaced_as_a_whole() -> None:
    source = WORDPRESS.replace("'DB_PASSWORD', 'me'", "'DB_PASSWORD', \"hunter$2x$abc\"")
    assert "define('DB_PASSWORD', 'hunter$2x$abc'); # me" in written("wordpress", source, password=Secret("hunter$2x$abc"))


def test_value_in_an_included_file_is_written_there() -> None:
    files = {SETTINGS: "<?php\nrequire __DIR__ . '/conf/db.php';\n$table_prefix = 'wp_';\n",
             "/home/me/www/conf/db.php": WORDPRESS.replace("$table_prefix = 'wp_';\r\n", "")}  # fmt: skip
    now = login_in("wordpress", SETTINGS, files, {})
    assert now is not None
    made, parts = with_login("wordpress", SETTINGS, files, replace(now, password=Secret("new")), {})
    assert list(made) == ["/home/me/www/conf/db.php"] and parts == ("password",)


@pytest.mark.parametrize(
    "value",
    ["getenv( 'DB_PASSWORD' )", "getenv('X') ?: 'me'", "$_SERVER['X'] ?? ''", "getenv_docker('X', 'me')", "(string) env('X', 'me')"],
)
@pytest.mark.parametrize("secret", ["new-Kx93", HARD])
def test_value_that_is_asked_of_the_surroundings_is_written_out_as_a_whole(value: str, secret: str) -> None:
    source = WORDPRESS.replace("'DB_PASSWORD', 'me'", f"'DB_PASSWORD', {value}")
    escaped = secret.replace("\\", "\\\\").replace("'", "\\'")
    assert written("wordpress", source, password=Secret(secret)) == source.replace(value, f"'{escaped}'")


@pytest.mark.parametrize("value", ["base64_decode('bWU=')", "file_get_contents('/run/secret')", "decrypted('me')"])
def test_value_that_comes_from_elsewhere_is_left_alone(value: str) -> None:
    source = WORDPRESS.replace("'DB_PASSWORD', 'me'", f"'DB_PASSWORD', {value}")
    with pytest.raises(NotWritable):
        written("wordpress", source, password=Secret("new"))


ANY = {
    "variables": "<?php\n$servername = 'db1'; // me\n$username = 'me';\n$password = 'old';\n$dbname = 'shop';\n",
    "constants": WORDPRESS.replace("DB_USER','me'", "DB_USER','me' ").replace("'DB_PASSWORD', 'me'", "'DB_PASSWORD', 'old'"),
    "array": "<?php return ['db' => ['host' => 'db1', 'user' => 'me',\n 'pass' => 'old', 'name' => 'shop', 'port' => 3306]];\n",
    "call": "<?php\n$db = new mysqli('db1', 'me', 'old', 'shop', 3306);\n",
    "dsn": "<?php\n$db = new PDO('mysql:host=db1;port=3306;dbname=shop;charset=utf8', 'me', 'old');\n",
    "keys": "<?php return [\n'class' => 'C',\n'dsn' => 'mysql:host=db1;dbname=shop',\n'username' => 'me',\n'password' => 'old',\n];\n",
    "ini": "[mail]\nhost = mail1\n[database]\ndb_host = db1\ndb_user = me\ndb_pass = old\ndb_name = shop ; ours\n",
}


@pytest.mark.parametrize("kind", ANY)
def test_login_of_a_program_that_nobody_knows_is_written_in_the_same_way(kind: str) -> None:
    source, path = ANY[kind], "/home/me/www/db.ini" if kind == "ini" else SETTINGS
    for changes in ({"password": Secret("Kx93-neu!" if kind != "ini" else "Kx93-neu")}, {"user": "u2"}, {"name": "shop2"}, {"host": "db2"}):
        after = written("php", source, path, **changes)
        found = login_in("php", path, {path: after}, {})
        assert found is not None
        for name, value in changes.items():
            told = getattr(found, name)
            assert (told.reveal() if isinstance(told, Secret) else told) == (value.reveal() if isinstance(value, Secret) else value)
        differing = [pair for pair in zip(source.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
        assert len(differing) == 1 and after.count("\n") == source.count("\n")


def test_port_and_name_in_a_dsn_are_written_where_they_stand() -> None:
    after = written("php", ANY["dsn"], host="db2", port=3307, name="blog")
    assert "'mysql:host=db2;port=3307;dbname=blog;charset=utf8', 'me', 'old'" in after


def test_what_a_settings_file_of_another_kind_may_read_otherwise_is_refused() -> None:
    with pytest.raises(NotWritable):
        written("php", ANY["ini"], "/home/me/www/db.ini", password=Secret(HARD))
    with pytest.raises(NotWritable):
        written("php", ANY["variables"], port=3307)


ENV = "APP_KEY=base64:x=\n# DB_PASSWORD=older\nDB_CONNECTION=mysql\nDB_HOST=127.0.0.1\nDB_PORT=3306\nDB_DATABASE=shop\nDB_USERNAME=me\n" \
      "DB_PASSWORD=\"o\\\"ld #1\" # of the panel\nMAIL_PASSWORD=me\n"  # fmt: skip


@pytest.mark.parametrize("secret", [HARD, "plain", "a b", "a#b", "it's $HOME", "x=y", "é€"])
def test_environment_file_gives_the_new_password_and_keeps_the_rest(secret: str) -> None:
    path = "/home/me/app/.env"
    after = written("laravel", ENV, path, password=Secret(secret))
    found = login_in("laravel", path, {path: after}, {})
    assert found is not None and found.password.reveal() == secret
    lines = list(zip(ENV.splitlines(), after.splitlines(), strict=True))
    assert [n for n, (old, new) in enumerate(lines) if old != new] == [7] and lines[7][1].endswith(" # of the panel")


def test_address_of_the_database_keeps_its_options() -> None:
    path = "/home/me/app/.env"
    source = 'APP_ENV=prod\nDATABASE_URL="mysql://me:o%21d@127.0.0.1:3306/shop?serverVersion=10.11&charset=utf8mb4"\n'
    after = written("symfony", source, path, password=Secret("a@b/c:d%"))
    assert after.splitlines()[1] == ("DATABASE_URL='mysql://me:a%40b%2Fc%3Ad%25@127.0.0.1:3306/shop?serverVersion=10.11&charset=utf8mb4'")
    found = login_in("symfony", path, {path: after}, {})
    assert found is not None and (found.password.reveal(), found.name, found.host) == ("a@b/c:d%", "shop", "127.0.0.1")


def test_later_file_that_counts_is_the_one_written() -> None:
    first, later = "/home/me/app/.env", "/home/me/app/.env.local"
    files = {first: "DATABASE_URL=mysql://a:b@h/n\n", later: "DATABASE_URL=mysql://me:old@127.0.0.1/shop\n"}
    now = login_in("symfony", first, files, {})
    assert now is not None
    made, _parts = with_login("symfony", first, files, replace(now, password=Secret("new")), {})
    assert made == {later: "DATABASE_URL=mysql://me:new@127.0.0.1/shop\n"}


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    raw = WORDPRESS.encode().replace(b"# me", b"# \xe9\xff")
    after = written("wordpress", raw.decode("utf-8", "surrogateescape"), password=Secret("new")).encode("utf-8", "surrogateescape")
    assert after == raw.replace(b"'DB_PASSWORD', 'me'", b"'DB_PASSWORD', 'new'")


@pytest.mark.parametrize(
    "call", ["new mysqli($h, $u, $p, $d, {})", "mysqli_connect($h, $u, $cfg['p'], $d, {}, $s)", "$db->real_connect($h, $u, $p, $d, {})"]
)
def test_port_of_a_call_that_is_given_variables_is_read(call: str) -> None:
    text = "<?php\n$servername = 'db1';\n$username = 'me';\n$password = 'old';\n$dbname = 'shop';\n$conn = " + call.format(3307) + ";\n"
    found = any_login.login_in(text, "/a.php")
    assert found is not None and (found.host, found.port, found.user, found.name) == ("db1", 3307, "me", "shop")
    twice = any_login.login_in(text + "$other = new mysqli($h, $u, $p, $d, 3308);\n", "/a.php")
    assert twice is not None and twice.port == 3306
