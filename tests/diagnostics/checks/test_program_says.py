# ruff: noqa: E501 (a message stays on one line)
"""Programs whose code lies beside the docroot: what their logs and pages say of files there."""

from __future__ import annotations

import time

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import PageSeen, SiteSeen
from diagnostics.facts import application_logs
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding, Severity
from diagnostics.transports.base import FileKind
from tests.diagnostics.evidences import AT, PATHS, apache_line, evidence, site
from tests.fakes import FakeHost, Node

_START = b"<?php\nrequire __DIR__ . '/../shop/vendor/autoload.php';\n"
_PROGRAM: dict[str, bytes | tuple[bytes, int]] = {
    "www/index.php": _START, "shop/vendor/autoload.php": b"<?php\n", "shop/config/app.php": b"<?php\nreturn [\n 'salt' => '',\n];\n",
    "shop/app/Controllers/Home.php": b"<?php\n", "shop/var/keep": b"", "shop/.env.test": b"A=1\n",
}  # fmt: skip


def first(said: str, more: dict[str, object] | None = None) -> Finding:
    """The first finding where the program told a log of its own, beside the docroot."""
    log = Node(content=f"[{AT:%Y-%m-%d %H:%M:%S}] app.ERROR: {said}\n".encode(), mtime=AT.timestamp() + 1)
    seen = evidence(_PROGRAM | {"shop/var/logs/app.log": log} | (more or {}))  # type: ignore[arg-type, operator]
    return run_checks(seen).findings[0]


def test_log_beside_the_docroot_is_found_by_the_start_file() -> None:
    found = first("DomainException: No price in /home/demo/shop/app/Price.php:12")
    assert (found.cause, found.path, found.line) == ("application-answers-500", "shop/app/Price.php", 12)


def test_place_by_a_constant_is_the_file_that_ends_so() -> None:
    found = first("Error: no rows\n[Method: GET, Route: /]\nin APPPATH/Controllers/Home.php on line 8.")
    assert (found.path, found.line) == ("shop/app/Controllers/Home.php", 8)


@pytest.mark.parametrize(
    "said", ['Cache unable to write to "/home/demo/shop/var/".', "Unable to create the directory /home/demo/shop/var/x"]
)
def test_folder_beside_the_docroot_that_refuses_is_named(said: str) -> None:
    found = first(f"RuntimeException: {said}", None)
    assert found.cause in ("folder-not-writable", "application-answers-500")


def test_place_of_another_machine_is_found_in_the_settings() -> None:
    settings = b"<?php\nreturn [\n 'cache' => '/Users/anna/shop/var/cache',\n];\n"
    found = first(
        "ErrorException: mkdir(/Users/anna/shop/var/cache/x): No such file or directory at /home/demo/shop/x.php:3",
        {"shop/config/app.php": settings},
    )
    assert (found.cause, found.path, found.line) == ("application-answers-500", "shop/config/app.php", 3)


@pytest.mark.parametrize("docroot", ["/home/demo/www", "/home/www", "/www"])
def test_place_of_another_account_is_one_of_another_machine_whatever_the_login_sees(docroot: str) -> None:
    """An uncaught exception in PHP's log is told as what it is. A login may see its account as "/home"."""
    home = docroot.removesuffix("/www")
    said = "Uncaught ErrorException: file_put_contents(/home/old/shop/views/a.php): Failed to open stream: No such file or directory"
    line = apache_line(f"AH01071: Got error 'PHP message: PHP Fatal error:  {said} in /srv/jail/home/shop/vendor/Files.php:9'")
    files: dict[str, bytes | tuple[bytes, int] | Node] = {
        f"{docroot}/index.php": (b"<?php\nrequire dirname(__DIR__) . '/shop/bootstrap/app.php';\n", 0o604),
        f"{home}/shop/bootstrap/app.php": (b"<?php\n", 0o604),
        f"{home}/shop/bootstrap/cache/config.php": (b"<?php\nreturn ['compiled' => '/home/old/shop/views'];\n", 0o604),
        f"{home}/logs/error.log": Node(content=line.encode(), mode=0o604, mtime=AT.timestamp()),
    }
    seen = gather(FakeHost(files), site(), SitePaths(docroot, f"{home}/logs/error.log"), "ovh-mutualise", AT)
    found = run_checks(seen).findings[0]
    assert (found.cause, found.path, found.line) == ("php-uncaught-exception", "shop/bootstrap/cache/config.php", 2)


def test_path_that_a_trace_cuts_off_is_no_place_of_another_machine() -> None:
    """PHP ends what a call was given at 15 characters (zend.exception_string_param_max_len)."""
    said = (
        "Uncaught Exception: No price in /var/www/sitehost/demo/www/inc/a.php:3\\nStack trace:\\n"
        "#0 /var/www/sitehost/demo/www/index.php(2): require_once('/var/www/siteho...')\\n#1 {main}\\n  thrown"
    )
    line = apache_line(f"AH01071: Got error 'PHP message: PHP Fatal error:  {said}'", level="proxy_fcgi:error")
    settings = b"<?php\ndefine('DIR_APPLICATION', '/var/www/sitehost/demo/www/');\n"
    found = run_checks(evidence({"www/inc/a.php": b"<?php\n\nthrow 1;\n", "www/config.php": settings}, line)).findings
    assert found[0].path == "www/inc/a.php" and all(each.path != "www/config.php" for each in found)


def test_file_that_is_not_there_is_named_and_not_the_code_that_asks() -> None:
    said = 'Uncaught RuntimeException: Unable to read the "/home/demo/shop/.env" environment file. in /home/demo/shop/vendor/Dotenv.php:9'
    line = apache_line(
        f"AH01071: Got error 'PHP message: PHP Fatal error:  {said}\\nStack trace:\\n#0 {{main}}\\n  thrown'", level="proxy_fcgi:error"
    )
    found = run_checks(evidence(_PROGRAM, line)).findings[0]
    assert (found.cause, found.path) == ("php-missing-file", "shop/.env")


def test_setting_that_nobody_made_is_named_with_its_line() -> None:
    found = first("RuntimeException: App::salt must be configured with a secret key.")
    assert (found.cause, found.path, found.line) == ("application-answers-500", "shop/config/app.php", 3)


def test_maintenance_that_nobody_announces_is_told_with_what_holds_it() -> None:
    files = {
        "artisan": b"",
        "bootstrap/app.php": b"",
        "routes/web.php": b"",
        "storage/framework/down": b"{}",
        "www/index.php": b"<?php\nrequire __DIR__ . '/../bootstrap/app.php';\n",
    }
    found = next(each for each in run_checks(evidence(files, status=503)).findings if each.check == "held")
    assert (found.cause, found.path, found.severity) == ("application-stuck-maintenance", "storage/framework/down", Severity.CRITICAL)


def test_well_site_is_told_nothing() -> None:
    log = Node(content=b"[2026-11-22 03:12:04] app.ERROR: Unable to write /home/demo/shop/var\n", mtime=AT.timestamp())
    seen = evidence(_PROGRAM | {"shop/var/logs/app.log": log}, status=200)  # type: ignore[arg-type, operator]
    assert not [each for each in run_checks(seen).findings if each.severity is not Severity.NOTE]


def of_page(body: bytes, files: dict[str, bytes | tuple[bytes, int] | Node], status: int = 503) -> Finding:
    """The first finding where only the page tells."""
    page = PageSeen("/", "https://shop.example/", "server-error", status, AT, body=body, token="tok123")
    seen = SiteSeen("shop", "https://shop.example/", "down", "server-error", (page,), AT)
    host = FakeHost({f"/home/demo/{name}": (given, 0o604) if isinstance(given, bytes) else given for name, given in files.items()})
    return run_checks(gather(host, seen, PATHS, "ovh-mutualise", AT)).findings[0]


def test_folder_that_only_a_setting_names_is_looked_up() -> None:
    said = b"<p>Fatal error: $CFG->dataroot is not writable, admin has to fix directory permissions! Exiting.</p>"
    start, settings = b"<?php require 'config.php';", b"<?php\n$CFG = new stdClass();\n$CFG->dataroot = '%s';\n"
    found = of_page(said, {"www/index.php": start, "www/config.php": settings % b"/home/old/moodledata"})
    assert (found.cause, found.path, found.line) == ("application-answers-500", "www/config.php", 3)
    own = Node(FileKind.FOLDER, mode=0o755)  # of the same name as the other host's
    found = of_page(said, {"www/index.php": start, "www/config.php": settings % b"/home/old/moodledata", "moodledata": own})
    assert (found.cause, found.path, found.line) == ("application-answers-500", "www/config.php", 3)
    folder = Node(FileKind.FOLDER, mode=0o555)
    found = of_page(said, {"www/index.php": start, "www/config.php": settings % b"/home/demo/moodledata", "moodledata": folder})
    assert (found.cause, found.path) == ("folder-not-writable", "moodledata")


@pytest.mark.parametrize("value", [b"/", b"", b"moodledata", b"/h"])
def test_setting_that_was_cut_is_named_though_it_names_no_folder(value: bytes) -> None:
    said = b"<p>Fatal error: $CFG->dataroot is not configured properly! Exiting.</p>"
    start, settings = b"<?php require 'config.php';", b"<?php\n$CFG = new stdClass();\n$CFG->dataroot = '%s';\n"
    found = of_page(said, {"www/index.php": start, "www/config.php": settings % value})
    assert (found.cause, found.path, found.line) == ("application-answers-500", "www/config.php", 3)


@pytest.mark.parametrize("settings", ["sites/default/settings.php", "config/system/settings.php"])
@pytest.mark.parametrize("key", [b"$settings['hash_salt'] = '';", b"# $settings['hash_salt'] = 'x';"])
def test_settings_that_lack_a_value_are_told_apart_where_several_bear_the_name(settings: str, key: bytes) -> None:
    """Those of the program that is known, or those that have the key; the code that asks for it is right."""
    at = "/srv/demo/www/core/lib/Site.php"
    said = f"<b>Fatal error</b>:  Uncaught RuntimeException: Missing $settings['hash_salt'] in settings.php. in {at}:10\nStack trace:\n"
    said += f"#0 /srv/demo/www/index.php(11): Site::salt(Array)\n#1 {{main}}\n  thrown in <b>{at}</b> on line <b>10</b><br />"
    files: dict[str, bytes | tuple[bytes, int] | Node] = {
        "www/index.php": b"<?php require 'core/lib/Site.php';", "www/core/lib/Site.php": b"<?php\n", "www/app/settings.php": b"<?php\n$a = 1;\n",
        f"www/{settings}": b"<?php\n" + key + b"\n",
    }  # fmt: skip
    is_known = settings.startswith("sites/")
    found = of_page(said.encode(), files, 500)
    if is_known or key.startswith(b"$"):
        assert (found.cause, found.path) == ("php-uncaught-exception", f"www/{settings}")
        assert found.line == (2 if key.startswith(b"$") else None) and found.confidence >= 0.95
    else:
        assert found.cause == "php-uncaught-exception" and found.path != "www/app/settings.php"


def test_secret_that_begins_like_a_path_is_not_told() -> None:
    said = b"<p>Fatal error: $CFG->dbpass is not configured properly</p>"
    start, settings = b"<?php require 'config.php';", b"<?php\n$CFG->dbpass = '/S3cretPw';\n"
    assert "S3cretPw" not in repr(of_page(said, {"www/index.php": start, "www/config.php": settings}))


def test_program_that_says_which_of_its_files_is_not_there() -> None:
    said = b"<p>The config.php file could not be found.</p><p><a href='./install/app.php'>Click here to install phpBB</a></p>"
    found = of_page(said, {"www/index.php": b"<?php require 'common.php';", "www/common.php": b"<?php"})
    assert (found.cause, found.path) == ("php-missing-file", "www/config.php")


@pytest.mark.parametrize(
    ("content", "cause", "line"), [(b"\xef\xbb\xbf<?php\n", "php-byte-order-mark", 1), (b"\n<?php\n", "php-uncaught-exception", 1)]
)
def test_file_that_puts_out_something_too_early_is_named(content: bytes, cause: str, line: int) -> None:
    said = "Uncaught ErrorException: Cannot modify header information - headers already sent by (output started at /home/demo/www/conf.php:1) in "
    log = apache_line(
        f"AH01071: Got error 'PHP message: PHP Fatal error:  {said}/home/demo/www/index.php:3\\nStack trace:\\n#0 {{main}}\\n  thrown'",
        level="proxy_fcgi:error",
    )
    found = run_checks(evidence({"www/conf.php": content}, log)).findings[0]
    assert (found.cause, found.path, found.line) == (cause, "www/conf.php", line)


def test_warning_of_a_lost_file_is_no_output_of_the_settings() -> None:
    """The warning is what stood before the headers: the lost file is to be brought back."""
    place = "/home/demo/www/conf.php"
    said = (
        f"<br />\n<b>Warning</b>:  require({place[:-8]}live.php): Failed to open stream: No such file or directory in <b>{place}</b> on line"
        f" <b>2</b><br />\n<br />\n<b>Warning</b>:  Cannot modify header information - headers already sent by (output started at {place}:2)"
        " in <b>/home/demo/www/index.php</b> on line <b>6</b><br />\nThe website encountered an unexpected error. Try again later."
    )
    found = of_page(
        said.encode(), {"www/index.php": b"<?php require 'conf.php';", "www/conf.php": b"<?php\nrequire __DIR__ . '/live.php';\n"}
    )
    assert found.cause == "php-missing-file"


@pytest.mark.parametrize(
    ("mode", "cause", "path"), [("a", "folder-not-writable", "www/tmp/thumbs"), ("r", "php-missing-file", "www/tmp/thumbs/visits.csv")]
)
def test_folder_is_what_lacks_where_the_file_would_be_made(mode: str, cause: str, path: str) -> None:
    said = (
        "PHP Fatal error:  Uncaught ErrorException: fopen(/home/demo/www/tmp/thumbs/visits.csv): Failed to open stream: No such file or"
        " directory in /home/demo/www/index.php:3\\nStack trace:\\n#0 {main}\\n  thrown"
    )
    start = f"<?php\n// counts\n$list = fopen(__DIR__ . '/tmp/thumbs/visits.csv', '{mode}');\n".encode()
    log = apache_line(f"AH01071: Got error 'PHP message: {said}'", level="proxy_fcgi:error")
    found = run_checks(evidence({"www/index.php": start}, log)).findings[0]
    assert (found.cause, found.path) == (cause, path)


def test_mixed_packages_are_named_where_they_do_not_fit() -> None:
    said = 'Uncaught Error: Class "ComposerAutoloaderInit0a1b" not found in /home/demo/www/vendor/autoload.php:3\\nStack trace:\\n#0 /home/demo/www/index.php(2): require()\\n#1 {main}\\n  thrown'
    log = apache_line(f"AH01071: Got error 'PHP message: PHP Fatal error:  {said}'", level="proxy_fcgi:error")
    found = run_checks(evidence({"www/vendor/autoload.php": b"<?php\n"}, log)).findings[0]
    assert (found.cause, found.path, found.line) == ("php-class-not-found", "www/vendor/autoload.php", 3)


def test_word_amid_a_setting_is_not_the_setting_that_is_asked_for() -> None:
    settings = b"<?php\nreturn [\n 'subtitle' => 'x',\n 'name' => 'the title of it',\n];\n"
    found = first("RuntimeException: The title must be set. in /home/demo/shop/app/Page.php:9", {"shop/config/app.php": settings})
    assert (found.path, found.line) != ("shop/config/app.php", 3) and (found.path, found.line) != ("shop/config/app.php", 4)


def test_way_that_climbs_is_looked_up_where_it_leads() -> None:
    said = 'RuntimeException: Unable to read "/home/demo/www/../shop/config/gone.yaml", nor "/home/demo/shop/../../else/x.yaml"'
    log = Node(content=f"[{AT:%Y-%m-%d %H:%M:%S}] app.ERROR: {said}\n".encode(), mtime=AT.timestamp() + 1)
    seen = evidence(_PROGRAM | {"shop/var/logs/app.log": log})  # type: ignore[arg-type, operator]
    assert seen.exists("shop/config/gone.yaml") is False
    assert not [each.absolute for each in seen.beside if ".." in each.absolute or not each.absolute.startswith("/home/demo/")]


def test_what_lies_in_a_closed_folder_is_not_told_to_be_missing() -> None:
    folder = Node(FileKind.FOLDER, mode=0o000)
    log = Node(content=f"[{AT:%Y-%m-%d %H:%M:%S}] app.ERROR: RuntimeException: failed to open /home/demo/shop/data/x.yaml\n".encode(),
               mtime=AT.timestamp() + 1)  # fmt: skip
    seen = evidence(_PROGRAM | {"shop/var/logs/app.log": log, "shop/data": folder})  # type: ignore[arg-type, operator]
    assert seen.exists("shop/data/x.yaml") is not False


def test_setting_that_is_commented_out_holds_nothing() -> None:
    files = {"www/configuration.php": b"<?php\n// $offline = true;\n\tpublic $offline = false;\n", "www/.env": b"# MAINTENANCE=1\n"}
    assert evidence(files, status=503).held == ()
    held = evidence({"www/configuration.php": b"<?php\n// $offline = true;\n\tpublic $offline = true;\n"}, status=503).held
    assert [(each.path, each.line) for each in held] == [("www/configuration.php", 3)]


def test_page_for_maintenance_that_only_lies_there_holds_nothing() -> None:
    assert evidence({"www/.maintenance.html": b"<p>Back soon.</p>"}, status=503).held == ()


def test_settings_of_nothing_but_blank_lines_are_read_in_time() -> None:
    began = time.process_time()
    assert evidence({"www/config/config.ini.php": b"\n" * 200_000}, status=503).held == ()
    assert time.process_time() - began < 10


def test_logs_of_a_program_beside_the_docroot_are_looked_for_in_a_few_folders() -> None:
    names = ("var", "storage", "runtime", "tmp", "data", "app")
    deep: dict[str, bytes] = {f"{a}/{b}/{c}/x": b"" for a in names for b in names for c in names}
    host = FakeHost({f"/home/demo/{name}": (given, 0o604) for name, given in {"www/index.php": b"<?php 1;", **deep}.items()})
    looked: list[str] = []
    listing = host.list
    host.list = lambda path: looked.append(path) or listing(path)  # type: ignore[method-assign, func-returns-value]
    made = evidence({"www/index.php": b"<?php 1;"})
    application_logs.read(host, made)
    assert 0 < len(looked) <= 16


@pytest.mark.parametrize(
    "said",
    [
        'A YAML file cannot contain tabs as indentation in "/home/demo/shop/config/services.yaml" at line 4 (near "x").',
        'The file "/home/demo/shop/config/services.yaml" does not contain valid YAML: Unable to parse at line 4 (near "x").',
    ],
)
def test_settings_in_yaml_that_their_parser_refuses_are_told_with_their_line(said: str) -> None:
    place = "/home/demo/shop/vendor/symfony/yaml/Parser.php"
    log = apache_line(
        f"AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught Symfony\\Component\\Yaml\\Exception\\ParseException: {said} in {place}:211\\n"
        f"Stack trace:\\n#0 /home/demo/shop/vendor/symfony/yaml/Yaml.php(33): Symfony\\Component\\Yaml\\Parser->parse()\\n#1 {{main}}\\n  thrown'",
        level="proxy_fcgi:error",
    )
    files: dict[str, bytes | tuple[bytes, int]] = {
        "shop/config/services.yaml": b"parameters:\n  a: 1\nservices:\n\tApp: ~\n",
        "shop/vendor/symfony/yaml/Parser.php": b"<?php\n",
    }
    found = run_checks(evidence(files, log)).findings[0]
    assert (found.path, found.line) == ("shop/config/services.yaml", 4) and found.cause in (
        "php-uncaught-exception",
        "application-answers-500",
    )


def test_session_that_cannot_be_opened_is_no_missing_file_of_the_program() -> None:
    said = "PHP Fatal error:  Uncaught ErrorException: session_start(): open(/mnt/web4/tmp/sess_0a1b, O_RDWR) failed: No such file or directory (2) in /home/demo/www/index.php:5"
    log = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] {said}\nStack trace:\n#0 {{main}}\n  thrown in /home/demo/www/index.php on line 5\n"
    files = {"www/.user.ini": b"session.save_path = /mnt/web4/tmp\n", "tmp/.keep": b""}
    found = run_checks(evidence(files, log)).findings
    assert [(each.cause, each.path, each.line) for each in found[:1]] == [("php-session-path-not-writable", "www/.user.ini", 1)]
    assert not any(each.cause == "php-missing-file" for each in found)


def test_required_file_of_another_machine_is_a_missing_file_named_by_the_settings() -> None:
    said = "PHP Fatal error:  Uncaught Error: Failed opening required '/homez.4/me/shop/system/startup.php' (include_path='.') in /home/demo/www/index.php:3"
    log = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] {said}\nStack trace:\n#0 {{main}}\n  thrown in /home/demo/www/index.php on line 3\n"
    files = {
        "www/config.php": b"<?php\ndefine('DIR_SYSTEM', '/homez.4/me/shop/system/');\n",
        "www/index.php": b"<?php\nrequire 'config.php';\n",
    }
    found = run_checks(evidence(files, log)).findings[0]
    assert (found.cause, found.path, found.line) == ("php-missing-file", "www/config.php", 2)
