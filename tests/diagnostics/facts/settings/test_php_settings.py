"""Settings read without executing them; where PHP is installed, what it says of the same file decides."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from diagnostics.facts.settings.php_settings import PhpSettings, read_php
from diagnostics.facts.settings.php_tokens import lex
from diagnostics.facts.settings.php_values import Unknown

CONFIG = r"""<?php
/** The base configuration. define('DB_NAME', 'in_a_comment'); */
# define('DB_NAME', 'in_another');
// define('DB_NAME', 'in_a_third'); ?> <?php
if ( ! defined( 'WP_CACHE' ) ) define( 'WP_CACHE', true );
define( 'DB_NAME', 'shop' );
define('DB_NAME', 'second');
DEFINE("DB_USER", "sh\x6fp");
define( 'DB_PASSWORD', 'a\'b\\c"d);#//$x' ); // the secret
define( 'DB_HOST', 'db.example:3307' );
define('WP_MEMORY', 64 * 2 . 'M');
const DISALLOW_FILE_EDIT = true, SECOND = 'two' . "\t";
$table_prefix  = 'wp9_';
$there = 'x'; $text = "{$there}y$there";
define('WP_CONTENT_DIR', __DIR__ . '/content');
define('UP', dirname(__DIR__, 1) . '/up');
define('LONG', <<<'NOW'
    two lines
    of 'text' $no
    NOW
);
$list['a']['b'][] = 1; $list['a']['b'][] = 0x10; $list['c'] = array('k' => -5, 7, 'last');
defined('LATE') or define('LATE', 'late');
if (defined('DB_NAME') && !defined('NOTHING')): define('CHOSEN', 'yes'); else: define('CHOSEN', 'no'); endif;
if (false) { define('NEVER', 1); } elseif (DB_NAME === 'shop') { define('NEVER', 2); } else { define('NEVER', 3); }
function not_run() { define('IN_FUNCTION', 1); return ['x' => '}']; }
define('SHORT', true ? 'one' : 'two');
define('ELVIS', '' ?: 'else');
define('FLAG', ! WP_CACHE);
"""

NAMES = [
    "WP_CACHE", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST", "WP_MEMORY", "DISALLOW_FILE_EDIT", "SECOND", "WP_CONTENT_DIR", "UP",
    "LONG", "LATE", "CHOSEN", "NEVER", "SHORT", "ELVIS", "FLAG",
]  # fmt: skip


def read(source: str, **more: object) -> PhpSettings:
    return read_php("/home/me/www/wp-config.php", source, **more)  # type: ignore[arg-type]


def test_what_is_read_is_what_php_itself_says(tmp_path: Path) -> None:
    if shutil.which("php") is None:
        pytest.skip("php is not installed")
    file = tmp_path / "wp-config.php"
    file.write_text(CONFIG)
    names = json.dumps(NAMES)
    tell = f"error_reporting(0); include $argv[1]; $c = []; foreach (json_decode('{names}') as $n) $c[$n] = constant($n);"
    tell += "echo json_encode([$c, ['table_prefix' => $table_prefix, 'text' => $text, 'list' => $list]]);"
    said = json.loads(subprocess.run(["php", "-r", tell, str(file)], capture_output=True, check=True, timeout=30).stdout)
    found = read_php(str(file), CONFIG)
    assert {name: found.constants[name] for name in NAMES} == said[0]
    variables = {name: found.variables[name] for name in ("table_prefix", "text", "list")}
    assert json.loads(json.dumps(variables)) == {**said[1], "list": {"a": {"b": {"0": 1, "1": 16}}, "c": {"k": -5, "0": 7, "1": "last"}}}
    assert "IN_FUNCTION" not in found.constants and found.trouble is None


def test_where_a_constant_is_set_is_told() -> None:
    found = read("<?php\n\ndefine('DB_NAME', 'x');\n$table_prefix = 'a_';\n")
    assert found.lines == {"DB_NAME": ("/home/me/www/wp-config.php", 3), "$table_prefix": ("/home/me/www/wp-config.php", 4)}


@pytest.mark.parametrize(
    "value",
    [
        "getenv('DB')", "getenv('DB') ?: 'x'", "$_ENV['DB']", "$_SERVER['DB'] ?? 'x'", "getenv_docker('DB', 'x')", "'a' . getenv('DB')",
        "env('DB', 'x')",
    ],
)  # fmt: skip
def test_what_the_environment_holds_is_unknown_and_said(value: str) -> None:
    found = read(f"<?php define('DB_PASSWORD', {value}); define('NEXT', 1);")
    assert isinstance(found.constants["DB_PASSWORD"], Unknown) and "DB" in found.constants["DB_PASSWORD"].depends
    assert found.constants["DB_PASSWORD"].env == "DB" and found.constants["NEXT"] == 1
    known = read(f"<?php define('DB_PASSWORD', {value});", environment={"DB": "told"})
    assert known.constants["DB_PASSWORD"] in ("told", "atold")


def test_branch_that_depends_on_the_address_is_taken_by_it() -> None:
    source = "<?php if ($_SERVER['HTTP_HOST'] == 'localhost') { define('DB_NAME', 'here'); } else { define('DB_NAME', 'there'); }"
    assert read(source, server={"HTTP_HOST": "shop.example"}).constants["DB_NAME"] == "there"
    assert isinstance(read(source).constants["DB_NAME"], Unknown)


def test_values_of_loops_and_calls_are_unknown() -> None:
    source = "<?php foreach ($a as $b) { define('X', 'y'); } define('Y', make_it(1, [2])); $z = $object->call('a')['b']; define('W', 'w');"
    found = read(source)
    assert isinstance(found.constants["X"], Unknown) and isinstance(found.constants["Y"], Unknown)
    assert isinstance(found.variables["z"], Unknown) and found.constants["W"] == "w"


def test_second_config_is_read_and_the_program_is_not() -> None:
    files = {"/home/me/private/db.php": "<?php define('DB_NAME', basename(__FILE__)); define('DB_HOST', 'h');"}
    asked: list[str] = []

    def load(path: str) -> str | None:
        asked.append(path)
        return files.get(path)

    source = """<?php if (file_exists(dirname(__DIR__) . '/private/db.php')) { require_once dirname(__DIR__) . '/private/db.php'; }
    else { define('DB_HOST', 'wrong'); } include 'gone.php'; require __DIR__ . '/local.php';
    if ( ! defined( 'ABSPATH' ) ) { define( 'ABSPATH', __DIR__ . '/' ); } require_once ABSPATH . 'wp-settings.php';"""
    found = read(source, load=load, exists=lambda path: path in files)
    assert found.constants["DB_HOST"] == "h" and found.constants["ABSPATH"] == "/home/me/www/"
    assert asked == ["/home/me/private/db.php", "/home/me/www/gone.php", "/home/me/www/local.php"]
    assert found.missing == [("/home/me/www/local.php", 2)]  # what is merely included may be away
    assert found.included == ["/home/me/private/db.php"]


def test_file_that_includes_itself_or_many_comes_to_an_end() -> None:
    found = read("<?php require 'a.php'; define('X', 1);", load=lambda path: f"<?php require '{path}x'; require 'wp-config.php';")
    assert found.constants["X"] == 1 and len(found.included) <= 6


def test_class_of_settings_gives_its_properties() -> None:
    found = read("<?php\nclass JConfig {\n public $host = 'localhost';\n public string $db = 'j';\n var $x = [1];\n"
                 " public function f($a = 'b') { $this->host = 'other'; }\n protected ?int $n = 3;\n}\n")  # fmt: skip
    assert found.variables == {"host": "localhost", "db": "j", "x": {0: 1}, "n": 3}


def test_file_that_returns_an_array_gives_it() -> None:
    found = read("<?php return ['db' => ['connection' => ['default' => ['host' => 'h', 'password' => 'p;]']]], 'x' => [1, 2,],];")
    assert found.returned == {"db": {"connection": {"default": {"host": "h", "password": "p;]"}}}, "x": {0: 1, 1: 2}}


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("<?php\ndefine('A', 'x);\ndefine('B', 1);\n// it is\n", 4), ("<?php\ndefine('A', 'x)\n;", 2), ("<?php\ndefine('A', 1;\n", 2),
        ("<?php\ndefine('A', 1))\n;", 2), ("<?php\nif (1) {\ndefine('A', 1);\n", 2), ("<?php\n/* no end\n", 2),
        ("<?php\n$x = <<<EOT\nabc\n", 2), ("<?php\ndefine('A', 1)\ndefine('B', 2);\n", 2), ("<?php\n}\n", 2),
    ],
)  # fmt: skip
def test_place_where_php_would_stop_is_told(source: str, line: int) -> None:
    found = read(source)
    assert found.trouble is not None and abs(found.trouble.line - line) <= 2


@pytest.mark.parametrize("name", ["wp-config.php", "configuration.php-dist"])
def test_sound_files_have_no_trouble(name: str) -> None:
    sample = Path("/usr/share/wordpress/wp-config-sample.php")
    if not sample.exists():
        pytest.skip("WordPress is not installed")
    assert read(sample.read_text()).trouble is None
    assert read(sample.read_text()).constants["DB_NAME"] == "database_name_here"


def test_whole_of_wordpress_is_taken_apart_without_trouble() -> None:
    """Every file of a real application is balanced to this reader too."""
    root = Path("/usr/share/wordpress")
    if not root.exists():
        pytest.skip("WordPress is not installed")
    files = [*sorted(root.glob("wp-includes/*.php"))[:120], *sorted(root.glob("*.php")), *sorted(root.glob("wp-admin/includes/*.php"))]
    bad = {str(file): trouble for file in files if (trouble := read_php(str(file), file.read_text("utf-8", "replace")).trouble)}
    assert bad == {}


def test_hostile_files_take_a_moment() -> None:
    for source in (
        "(" * 100_000, "define('A', " + "!" * 50_000, "$a" + "[0]" * 30_000 + "=1;", "if(1)" * 20_000, "'" + "\\" * 100_001,
        "[" * 50_000 + "]" * 50_000, "{" * 50_000, "define('A', " + "1 ? " * 50_000, "$a = " + "x(" * 50_000,
    ):  # fmt: skip
        started = time.process_time()
        assert read(f"<?php {source}").included == []
        assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "source",
    [
        "$a='xxxxxxxxxx';" + "".join(f"${chr(98 + n)}={'.'.join(['$' + chr(97 + n)] * 10)};" for n in range(12)),
        "$a='xxxxxxxxxx';" + "".join(f'${chr(98 + n)}="{("$" + chr(97 + n) + " ") * 10}";' for n in range(12)),
        "$a[] = 1;" * 25_000,
        "1;" * 40_000 + '$t = "' + "".join(f"$a{n} " for n in range(15_000)) + '";',
    ],
)
def test_settings_that_an_intruder_wrote_take_little_time_and_memory(source: str) -> None:
    began = time.monotonic()
    found = read_php("/home/demo/www/wp-config.php", f"<?php {source}")
    assert time.monotonic() - began < 20.0
    assert sum(len(str(value)) for value in found.variables.values()) < 1_000_000


@pytest.mark.parametrize("mark", ["‘{}’", "“{}”", "„{}“", "«{}»"])
def test_quotation_marks_of_a_word_processor_are_letters_to_php(mark: str) -> None:
    source = f"<?php\n// “as it was”\ndefine( 'A', 'don’t' );\ndefine( {mark.format('WP_DEBUG')}, false );\n"
    trouble = lex(source).trouble
    assert trouble is not None and trouble.line == 4 and "WP_DEBUG" in trouble.why


def test_names_with_letters_of_other_languages_are_no_trouble() -> None:
    assert lex('<?php\n$größe = Ärger::ÜBER;\necho "“so”"; ?>\n<p>“so”</p>\n').trouble is None
