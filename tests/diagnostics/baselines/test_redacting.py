"""Secrets of configuration files are not shown, and that they changed is."""

from __future__ import annotations

import time

import pytest

from diagnostics.baselines.redacting import difference, redacted
from diagnostics.repairs.merging import merge
from diagnostics.repairs.plan import content_diff

CONFIG = rb"""<?php
define( 'DB_NAME', 'shop' );
define( 'DB_USER', 'hush0' );
define( 'DB_PASSWORD', 'it\'s);hush1' ); // was hush2
define('AUTH_KEY',
  'abc
hush3');
$table_prefix = 'wp_';
$db['default']['password'] = "hush4;x";
$config = array('password' => 'hush5', 'host' => 'x');
define('WP_DEBUG', false);
"""
OTHERS = b"""SetEnv DB_PW hush6
php_value my.password "hush7"
RequestHeader set X-Api hush8
mysql.default_password = hush9
"github-oauth": {"github.com": "hush10"}
AuthUserFile /home/x/.htpasswd
RewriteRule ^(.*)$ index.php [L]
"""


def test_secrets_are_taken_out_and_the_rest_stays() -> None:
    text = redacted(CONFIG) + redacted(OTHERS)
    assert "hush" not in text
    for kept in (
        "'DB_NAME', 'shop'",
        "$table_prefix = 'wp_';",
        "'WP_DEBUG', false",
        "/home/x/.htpasswd",
        "RewriteRule ^(.*)$ index.php [L]",
    ):
        assert kept in text
    assert redacted(CONFIG).count("\n") == CONFIG.count(b"\n")


def test_password_file_of_a_web_server_shows_its_names_only() -> None:
    users = b"anna:$apr1$hush1$hush2\neva:$2y$08$hush3/.\r\nota:{SHA}hush4=\n# of the old host\nplain: words\n"
    text = redacted(users, ".htpasswd")
    assert "hush" not in text and text.count("(the hash of a password)") == 3
    assert all(kept in text for kept in ("anna:", "eva:", "ota:", "# of the old host", "plain: words"))


def test_difference_shows_that_a_secret_changed_without_showing_it() -> None:
    text = difference("www/wp-config.php", CONFIG, CONFIG.replace(b"hush1", b"hush99").replace(b"false", b"true"))
    assert "hush" not in text
    assert "-define('WP_DEBUG', false);" in text and "+define('WP_DEBUG', true);" in text
    (line,) = [line for line in text.splitlines() if "not shown here has changed" in line]
    assert line.startswith("+define( 'DB_PASSWORD',")


def test_same_content_has_no_difference() -> None:
    assert difference("x", CONFIG, CONFIG) == ""


def test_private_key_over_several_lines_is_not_shown() -> None:
    key = b"-----BEGIN RSA PRIVATE KEY-----\nhush1\nhush2\n-----END RSA PRIVATE KEY-----\nOptions -Indexes\n"
    assert "hush" not in difference(".htaccess", key, key.replace(b"hush1", b"hush3").replace(b"-Indexes", b"+Indexes"))


@pytest.mark.parametrize("piece", [b">", b"pass", b"'", b"define('key',", b"$pass=", b" ", b"SetEnv ", b"x'pass", b"$a['pass", b"<\n"])
def test_file_that_was_made_to_be_slow_takes_no_more_than_a_moment(piece: bytes) -> None:
    started = time.process_time()
    redacted((piece * (65_536 // len(piece)))[:65_536])
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    "line",
    [
        b"$pdo = new PDO('mysql:host=x', 'bob', 'hush1');",
        b"$pdo = new PDO('mysql:host=x;port=3306;dbname=y', 'bob', 'hush1');",
        b"$db = new \\PDO(\n  'mysql:host=x;dbname=y',\n  'bob',\n  'hu;sh1 hush2');",
        b"$db = mysqli_connect('h', 'bob', 'a;hush1', 'n');",
        b"mysqli_real_connect($db, 'h', 'bob', 'hush1');",
        b"$db_pw = 'hush1';",
        b"define('DB_PASSWORD', 'a);\nhush1');",
        b"define('DB_PASSWORD' /* new */, 'hush1');",
        b"$db['default']['password']\t= 'hush1';",
        b"define('ALL', array('password' =>\n 'hush1'));",
        b'session.save_path = "tcp://h:6379?auth=hush1"',
        b"AuthBasicFake bob hush1",
    ],
)
def test_secret_in_an_odd_place_is_not_shown(line: bytes) -> None:
    assert "hush" not in redacted(line)
    assert redacted(line).count("\n") == line.count(b"\n")


@pytest.mark.parametrize("pair", [(b"a\n" * 30_000, b"a\n" * 29_999 + b"b\n"), (b"a\nb\n" * 15_000, b"b\nc\n" * 15_000)])
def test_lines_that_repeat_take_no_more_than_a_moment_to_compare(pair: tuple[bytes, bytes]) -> None:
    started = time.process_time()
    shown, planned = difference("x", *pair), content_diff("x", *pair)
    assert merge(pair[0], *pair) is None or pair[0].endswith(b"a\n")
    assert time.process_time() - started < 5
    assert "\n-a" in shown and "\n-a" in planned


HOSTILE = [
    b"$keykeykey =",
    b">" * 40 + b"key=",
    b"$" * 40 + b"key =",
    b"->key[" * 6 + b"=",
    b"define('" + b"key" * 26 + b"',",
    b"$key='\\",
    b"'key' =>",
    b"new PDO(",
    b"new PDO('",
    b"new PDO('a';",
]


def taken_by(content: bytes) -> float:
    """Seconds of the processor, the least of three."""
    times = []
    for _time in range(3):
        started = time.process_time()
        redacted(content)
        times.append(time.process_time() - started)
    return min(times)


@pytest.mark.parametrize("piece", HOSTILE)
def test_twice_as_much_takes_no_more_than_about_twice_the_time(piece: bytes) -> None:
    small, large = ((piece * (size // len(piece))) for size in (32_768, 65_536))
    assert taken_by(large) < 3 * taken_by(small) + 0.05
    assert taken_by(large) < 1


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"$a = $key = 'hush';", "$a = $key = [removed];"),
        (b"$this->pass['x'] = f('hush', 1); // hush", "$this->pass['x'] = [removed];"),
        (b"if ($token == 'hush') { x(); }\n", "if ($token = [removed];\n"),
        (b"$secret=\n'hush\n1';\n$b = 2;", "$secret= [removed];\n\n\n$b = 2;"),
        (b"$keys => 'kept', $x = 1;", "$keys => 'kept', $x = 1;"),
        (b"$plain = 1; $pass\t= 'hush';\n", "$plain = 1; $pass\t= [removed];\n"),
    ],
)
def test_assigned_value_is_taken_out_and_nothing_else(line: bytes, shown: str) -> None:
    assert redacted(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        "define(‘DB_PASSWORD’, ‘hush99’);",
        "define(“DB_PASSWORD”, “hush 99”);",
        "define('DB_PASSWORD' 'hush99');",
        "define('DB_PASSWORD'\n  'hush99');",
        "define('DB_PASSWORD', 'a'hush99');",
        "define('DB_PASSWORD, 'hush99');",
        "define(DB_PASSWORD hush99);",
        "const DB_PASSWORD = 'a'hush99'",
        "const DB_PASSWORD = 'a;\nhush99';",
        "const DB_PASSWORD =\n  hush99;",
        "$password 'hush99';",
        "$password = 'a;\nhush99';",
        "$password = 'a;b'\n  . 'hush;99'\n  . 'hush';",
        "$password = 'a;b'hush;c'\n  . 'hush99';",
        "$token !== 'hush99';",
        "// the old password is hush99",
        "'stripe_sk' => 'hush99',",
        "$a = ['password' => 'a\nhush99\n', 'b' => 1];",
        "const MYSQL_PSW = 'hush99';",
        "$x = '-----BEGIN RSA PRIVATE KEY-----\nhush99==\n-----END RSA PRIVATE KEY-----';",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nhush99==\n",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "cp1252"])
def test_secret_in_a_line_of_php_that_is_none_is_not_shown(line: str, codec: str) -> None:
    before, after = f"<?php\n$first = 1;\n{line}\n$last = 2;\n".encode(codec), b"<?php\n$first = 1;\n$last = 3;\n"
    for shown in (difference("www/wp-config.php", before, after), difference("www/a.txt", after, before), redacted(before)):
        assert "hush" not in shown and "$first = 1;" in shown
    assert redacted(before).count("\n") == before.count(b"\n")


def test_code_that_names_a_secret_and_holds_none_is_shown() -> None:
    code = "<?php\nfunction check_password($user, $password)\n{\n    if (empty($token) || !is_valid($keys[0])) {\n        echo 'kept';\n"
    assert redacted(code.encode()) == code
    header = "<title><?php bloginfo('name'); ?></title>\n<?php echo get_bloginfo( 'charset' ); ?>\n<p>Text</p>\n"
    assert redacted(header.encode(), "www/wp-content/themes/x/header.php") == header
    assert "hush" not in redacted(b"<?php\n$a = loginForm('hush1', 'hush2');\n$login = 'hush3';\n")


ENV = b"""# Settings of the shop
APP_NAME="hush 1"
export STRIPE_SK=hush2
MYSQL_PSW='hush3'
mailer.Host = hush4
EMPTY=
KEY="-----BEGIN RSA PRIVATE KEY-----
MIIEhush5
hush6==
-----END RSA PRIVATE KEY-----"
OTHER="one
hushName=two
# hush seven
hush8"
hUsh9hush=
hushhushhush10==
# OLD_PASSWORD=hush11
# hush12
DB_HOST: hush13
hush fourteen
"""


@pytest.mark.parametrize("path", ["www/.env", "www/.env.local", ".env-old", "www/prod.env", ""])
def test_of_an_environment_file_names_are_shown_and_no_values(path: str) -> None:
    shown = redacted(ENV, path)
    assert "hush" not in shown.lower() and "MIIE" not in shown and shown.count("\n") == ENV.count(b"\n")
    for kept in (
        "# Settings of the shop\n",
        "APP_NAME= [removed]\n",
        "export STRIPE_SK= [",
        "mailer.Host = [",
        "EMPTY=\n",
        "# OLD_PASSWORD= [",
    ):
        assert kept in shown
    assert "<?" not in shown and "hush" not in redacted(ENV + b"# <?\n", path or ".env")


@pytest.mark.parametrize("junk", [b"hush99", b"hush ninety nine", b"  hush ninety nine", b"it's hush"])
def test_line_that_is_made_a_comment_is_not_shown(junk: bytes) -> None:
    before, after = ENV + junk + b"\nLAST=1\n", ENV + b"# " + junk + b"\nLAST=1\n"
    for pair in ((before, after), (after, before)):
        shown = difference("www/.env", *pair)
        assert "hush" not in shown and "LAST= [removed]" in shown and "# [removed]" in shown


@pytest.mark.parametrize(
    "piece",
    [
        b"pass ",
        b"$key;\n",
        b"$key='a\n",
        b"token[",
        b"pass$a",
        b"'key' => '\\",
        b"'key':\"a",
        b"pass ''",
        b"key->a",
        b"if key",
        b"-----BEGIN PRIVATE KEY-----",
    ],
)
@pytest.mark.parametrize(("head", "path"), [(b"<?php\n", "a.php"), (b"", ".env"), (b"A='", ".env"), (b"# a ", ".env")])
def test_program_or_environment_that_was_made_to_be_slow_takes_no_more_than_a_moment(piece: bytes, head: bytes, path: str) -> None:
    started = time.process_time()
    redacted(head + (piece * (65_536 // len(piece))), path)
    assert time.process_time() - started < 3
