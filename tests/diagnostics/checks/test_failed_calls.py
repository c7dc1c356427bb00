# ruff: noqa: E501 (a line of a log, or of code, stays on one line)
"""PHP complains of `false` that a call gave: what that call wanted is what has to be repaired."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence
from diagnostics.facts.gather import gather
from diagnostics.findings import Finding, Severity
from tests.diagnostics.evidences import AT, PATHS, evidence, site
from tests.fakes import FakeHost, Node

Files = dict[str, bytes | tuple[bytes, int]]
HOME = "/var/www/vhosts/shop/home"  # as the server names it


def fatal(said: str, line: int, path: str = "www/index.php") -> str:
    return (
        f"[{AT:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  Uncaught TypeError: {said} in {HOME}/{path}:{line}\n"
        f"Stack trace:\n#0 {{main}}\n  thrown in {HOME}/{path} on line {line}\n"
    )


def seen(
    code: str, said: str, line: int, files: Files | None = None, folders: dict[str, int] | None = None, path: str = "www/index.php"
) -> Evidence:
    everything: dict[str, bytes | tuple[bytes, int] | Node] = {
        "/home/demo/www/index.php": b"<?php\n",
        f"/home/demo/{path}": code.encode(),
        "/home/demo/logs/error.log": Node(content=fatal(said, line, path).encode(), mode=0o604, mtime=AT.timestamp()),
        **{f"/home/demo/{name}": given for name, given in (files or {}).items()},
    }
    host = FakeHost(everything, folders={f"/home/demo/{name}": mode for name, mode in (folders or {}).items()})
    return gather(host, site(), PATHS, "ovh-mutualise", AT)


def first(made: Evidence) -> Finding:
    return next(each for each in run_checks(made).findings if each.severity is Severity.CRITICAL)


LISTED = "array_diff(): Argument #1 ($array) must be of type array, bool given"
LOCKED = "flock(): Argument #1 ($stream) must be of type resource, bool given"


@pytest.mark.parametrize("mode", [0o000, 0o200, 0o300, 0o100])
@pytest.mark.parametrize(
    ("code", "said", "line"),
    [
        ("<?php\n$all = array_diff(scandir(__DIR__ . '/photos'), ['.', '..']);\n", LISTED, 2),
        ("<?php\n$all = array_diff(\n    scandir(dirname(__FILE__) . '/photos'),\n    ['.']\n);\n", LISTED, 2),
        ("<?php\ndefine('PHOTOS', __DIR__ . '/photos');\n$d = opendir(PHOTOS);\nreaddir($d);\n",
         "readdir(): Argument #1 ($dir_handle) must be of type resource or null, bool given", 4),
        ("<?php\n$where = \"{$_SERVER['DOCUMENT_ROOT']}/photos\";\n$where = $_SERVER['DOCUMENT_ROOT'] . '/photos';\n$found = @scandir($where);\necho count($found);\n",
         "count(): Argument #1 ($value) must be of type Countable|array, bool given", 5),
        ("<?php\n$found = scandir('photos');\nsort($found);\n", "sort(): Argument #1 ($array) must be of type array, bool given", 3),
    ],
)  # fmt: skip
def test_a_folder_that_could_not_be_listed_is_named(mode: int, code: str, said: str, line: int) -> None:
    found = first(seen(code, said, line, {"www/photos/a.jpg": b"x"}, {"www/photos": mode}))
    assert (found.cause, found.path) == ("folder-not-traversable", "www/photos")


@pytest.mark.parametrize("mode", ["r+", "a+", "c+", "w", "wb"])
def test_a_file_that_may_not_be_written_is_named(mode: str) -> None:
    code = f"<?php\nclass Counter {{\n  private $file = __DIR__ . '/data/hits.txt';\n  function count() {{\n    $h = fopen($this->file, '{mode}');\n    flock($h, LOCK_EX);\n"
    found = first(seen(code, LOCKED, 6, {"www/data/hits.txt": (b"9", 0o444)}))
    assert (found.cause, found.path) == ("folder-not-writable", "www/data/hits.txt")


@pytest.mark.parametrize(
    "given",
    [
        "WP_CONTENT_DIR . '/uploads/css/post-' . (int) $_GET['p'] . '.css'",
        "ABSPATH . 'wp-content/uploads/css/' . md5($x)",
        "wp_upload_dir()['basedir'] . \"/css/{$name}.css\"",
        "trailingslashit(WP_CONTENT_DIR) . 'uploads/css/' . $id",
        "dirname(__DIR__, 2) . '/uploads/css/style.css'",
        "plugin_dir_path(__FILE__) . '../../uploads/css/style.css'",
    ],
)
def test_a_folder_that_may_not_be_written_is_named_though_the_file_has_no_name_yet(given: str) -> None:
    code = f"<?php\n$file = fopen({given}, 'w');\nfwrite($file, 'a');\n"
    said = "fwrite(): Argument #1 ($stream) must be of type resource, bool given"
    made = seen(
        code,
        said,
        3,
        {"www/wp-content/uploads/css/a.css": b"a"},
        {"www/wp-content/uploads/css": 0o555},
        "www/wp-content/plugins/looks/looks.php",
    )
    assert (first(made).cause, first(made).path) == ("folder-not-writable", "www/wp-content/uploads/css")


@pytest.mark.parametrize(
    "given", ["fopen(sys_get_temp_dir() . '/export.lock', 'c')", "tmpfile()", "tempnam(sys_get_temp_dir(), 'x')", "fopen('/tmp/x', 'w')"]
)
def test_a_temporary_file_outside_of_what_is_allowed_leads_to_the_setting(given: str) -> None:
    own = f"; ours\nopen_basedir = {HOME}/www:{HOME}/data/\n".encode()
    found = first(seen(f"<?php\n$lock = {given};\nflock($lock, LOCK_EX);\n", LOCKED, 3, {"www/.user.ini": own}))
    assert (found.cause, found.path, found.line) == ("open-basedir", "www/.user.ini", 2)
    own = f"; ours\nopen_basedir = {HOME}/www:/tmp\n".encode()
    found = first(seen(f"<?php\n$lock = {given};\nflock($lock, LOCK_EX);\n", LOCKED, 3, {"www/.user.ini": own}))
    assert found.cause == "php-uncaught-exception" and found.path == "www/index.php"


def test_what_is_not_there_is_named_and_a_place_of_another_machine_at_the_line_that_names_it() -> None:
    said = "implode(): Argument #1 ($array) must be of type array, bool given"
    found = first(seen("<?php\n$rows = @file(__DIR__ . '/data/news.csv');\necho implode($rows);\n", said, 3))
    assert (found.cause, found.path) == ("php-missing-file", "www/data/news.csv")
    found = first(seen("<?php\n$h = @fopen(__DIR__ . '/cache/a.txt', 'w');\nflock($h, 2);\n", LOCKED, 3))
    assert (found.cause, found.path) == ("folder-not-writable", "www/cache")
    found = first(seen("<?php\n\n$rows = @file('/kunden/homepages/11/d123/htdocs/news.csv');\necho implode($rows);\n", said, 4))
    assert (found.cause, found.path, found.line) == ("php-missing-file", "www/index.php", 3)


def test_a_folder_that_is_gone_is_told_with_whether_it_is_only_read() -> None:
    found = first(seen("<?php\n$all = array_diff(scandir(__DIR__ . '/app'), ['.']);\n", LISTED, 2))
    assert (found.cause, found.datum("lost-folder"), found.datum("is-read")) == ("php-missing-file", "www/app", "yes")
    found = first(seen("<?php\n$h = @fopen(__DIR__ . '/cache/a.txt', 'w');\nflock($h, 2);\n", LOCKED, 3))
    assert (found.datum("lost-folder"), found.datum("is-read")) == ("www/cache", "")


def test_a_constant_of_another_file_makes_the_path() -> None:
    code = "<?php\nrequire_once __DIR__ . '/config.php';\n$d = dir(DATA . '/texts');\nwhile ($n = $d->read()) {}\n"
    files: Files = {"www/config.php": b"<?php\nconst DATA = __DIR__ . '/data';\n", "www/data/texts/a": b""}
    made = seen(code, "x", 4, files, {"www/data/texts": 0o300})
    said = fatal("x", 4).replace("TypeError: x", "Error: Call to a member function read() on bool")
    host = FakeHost({"/home/demo/www/index.php": code.encode(), **{f"/home/demo/{name}": given for name, given in files.items()},
                     "/home/demo/logs/error.log": Node(content=said.encode(), mode=0o604, mtime=AT.timestamp())},
                    folders={"/home/demo/www/data/texts": 0o300})  # fmt: skip
    found = first(gather(host, site(), PATHS, "ovh-mutualise", AT))
    assert (found.cause, found.path) == ("folder-not-traversable", "www/data/texts") and made.php.scripts


@pytest.mark.parametrize(
    ("code", "said", "line", "cause"),
    [
        (
            "<?php\n$n = false;\necho count($n);\n",
            "count(): Argument #1 ($value) must be of type Countable|array, bool given",
            3,
            "php-uncaught-exception",
        ),
        (
            "<?php\n$n = null;\necho count($n);\n",
            "count(): Argument #1 ($value) must be of type Countable|array, null given",
            3,
            "php-version-incompatible-code",
        ),
        (
            "<?php\n\nprice($_ENV['X']);\n",
            f"price(): Argument #1 ($n) must be of type string, null given, called in {HOME}/www/index.php on line 3 and defined",
            3,
            "php-uncaught-exception",
        ),
        (
            "<?php\n\necho implode($a, ',');\n",
            "implode(): Argument #2 ($array) must be of type ?array, string given",
            3,
            "php-version-incompatible-code",
        ),
    ],
)
def test_php_s_version_decides_only_over_what_an_earlier_one_took(code: str, said: str, line: int, cause: str) -> None:
    found = first(seen(code, said, line))
    assert (found.cause, found.path, found.line) == (cause, "www/index.php", line)


def test_a_folder_whose_listing_php_itself_tells_of_is_named() -> None:
    for said in (
        f"UnexpectedValueException: DirectoryIterator::__construct({HOME}/www/photos): Failed to open directory: Permission denied",
        f"UnexpectedValueException: RecursiveDirectoryIterator::__construct({HOME}/www/photos): failed to open dir: Permission denied",
    ):
        log = fatal("x", 3).replace("TypeError: x", said)
        made = evidence({"www/photos/a.jpg": b"x"}, log)
        assert first(made).cause == "php-uncaught-exception"
        host = FakeHost({"/home/demo/www/index.php": b"<?php\n", "/home/demo/www/photos/a": b"",
                         "/home/demo/logs/error.log": Node(content=log.encode(), mode=0o604, mtime=AT.timestamp())},
                        folders={"/home/demo/www/photos": 0o300})  # fmt: skip
        found = first(gather(host, site(), PATHS, "ovh-mutualise", AT))
        assert (found.cause, found.path) == ("folder-not-traversable", "www/photos")


@pytest.mark.parametrize(
    ("function", "code"),
    [
        ("file_put_contents", "<?php\n\nfile_put_contents(__DIR__ . '/media/cache/' . md5($x) . '.jpg', $thumb);\n"),
        ("fwrite", "<?php\n$file = fopen(__DIR__ . '/media/cache/list.csv', 'a');\n@fwrite($file, 'x');\n"),
        ("fputcsv", "<?php\n$file = fopen('media/cache/list.csv', 'a');\nfputcsv($file, ['x']);\n"),
        ("copy", "<?php\n\ncopy($from, $_SERVER['DOCUMENT_ROOT'] . \"/media/cache/$name\");\n"),
    ],
)
def test_the_folder_in_which_nothing_can_be_written_any_more_is_named(function: str, code: str) -> None:
    said = f"{function}(): Write of 30000 bytes failed with errno=28 No space left on device"
    log = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] PHP Notice:  {said} in {HOME}/www/index.php on line 3\n" + fatal("x", 5)
    made = {"/home/demo/www/index.php": code.encode(), "/home/demo/www/media/cache/a.jpg": b"",
            "/home/demo/logs/error.log": Node(content=log.encode(), mode=0o604, mtime=AT.timestamp())}  # fmt: skip
    found = first(gather(FakeHost(made), site(), PATHS, "ovh-mutualise", AT))
    assert (found.cause, found.path) == ("disk-full", "www/media/cache")
    made["/home/demo/www/index.php"] = b"<?php\n\nstore($thumb);\n"
    found = first(gather(FakeHost(made), site(), PATHS, "ovh-mutualise", AT))
    assert (found.cause, found.path, found.line) == ("disk-full", "www/index.php", 3)


def test_a_variable_that_an_owner_s_script_misses_is_told_by_the_line_that_asks() -> None:
    log = fatal("x", 3).replace("TypeError: x", 'RuntimeException: Environment variable not found: "SHOP_SECRET".')
    found = first(evidence({}, log))
    assert (found.cause, found.path, found.line) == ("php-uncaught-exception", "www/index.php", 3)


@pytest.mark.parametrize(
    "code", ["require realpath(__DIR__ . '/../app/start.php');", "$start = realpath(__DIR__ . '/../app/start.php');\nrequire_once $start;"]
)
def test_a_file_out_of_bounds_whose_path_became_empty_leads_to_the_setting(code: str) -> None:
    own: Files = {"www/.user.ini": f"; ours\nopen_basedir = {HOME}/www:/tmp\n".encode()}
    made = seen(f"<?php\n{code}\n", "Path cannot be empty", code.count("\n") + 2, own)
    assert (first(made).cause, first(made).path, first(made).line) == ("open-basedir", "www/.user.ini", 2)
