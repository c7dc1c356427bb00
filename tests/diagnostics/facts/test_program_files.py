"""WordPress beside another copy of its release, Composer's libraries beside what Composer says: in hosts in memory and real files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding, Severity
from diagnostics.transports.local import LocalReader
from tests.diagnostics.checks.test_wordpress import fatal
from tests.diagnostics.evidences import AT, apache_line, site
from tests.diagnostics.facts.test_applications import CORE
from tests.fakes import FakeHost, Node

HOME = "/home/demo"
MORE = {
    "wp-includes/post.php": b"<?php // post\n",
    "wp-includes/option.php": b"<?php // option\n",
    "wp-includes/load.php": b"<?php // load\n",
}
SETTINGS = b"<?php define('DB_NAME', 'x'); require_once ABSPATH . 'wp-settings.php';\n"
WORDPRESS: dict[str, bytes] = {**CORE, **MORE, "wp-config.php": SETTINGS}


def seen(
    files: Mapping[str, bytes], log: str = "", *, neighbours: tuple[str, ...] = (), status: int = 500, counted: list[str] | None = None
) -> Evidence:
    held: dict[str, bytes | tuple[bytes, int] | Node] = {f"{HOME}/{name}": content for name, content in files.items()}
    held[f"{HOME}/logs/error.log"] = Node(content=log.encode(), mtime=AT.timestamp())
    host = FakeHost(held)
    if counted is not None:
        listing = host.list

        def told(path: str) -> object:
            counted.append(path)
            return listing(path)

        host.list = told  # type: ignore[assignment,method-assign]
    paths = SitePaths(f"{HOME}/www", f"{HOME}/logs/error.log", "", neighbours)
    return gather(host, site(status), paths, "apache-755", AT)


def both(changed: Mapping[str, bytes | None], other: str = "blog") -> dict[str, bytes]:
    """The site, with these files changed or missing, and a sound copy of the same release beside it."""
    mine = {name: content for name, content in {**WORDPRESS, **changed}.items() if content is not None}
    return {f"www/{name}": content for name, content in mine.items()} | {f"{other}/{name}": content for name, content in WORDPRESS.items()}


def core(found: Evidence) -> list[Finding]:
    return [each for each in run_checks(found).findings if each.cause == "wordpress-core-file" and each.severity is not Severity.NOTE]


@pytest.mark.parametrize(("other", "neighbours"), [("blog", ()), ("sites/two/www", (f"{HOME}/sites/two/www",)), ("www/old", ())])
def test_missing_file_of_wordpress_is_told_by_the_other_copy(other: str, neighbours: tuple[str, ...]) -> None:
    found = core(seen(both({"wp-includes/post.php": None}, other), neighbours=neighbours))
    assert [(each.path, each.confidence) for each in found] == [("www/wp-includes/post.php", 0.88)]
    assert other in found[0].summary and "6.4.2" in found[0].summary and "php-missing-file" in found[0].also


def test_file_of_another_size_is_told_and_more_surely_where_the_log_names_it() -> None:
    files = both({"wp-includes/post.php": b"<?php // po"})
    assert [(each.path, each.confidence) for each in core(seen(files))] == [("www/wp-includes/post.php", 0.72)]
    log = fatal("Uncaught Error: Call to undefined function x() in ~/wp-includes/post.php:1")
    assert max(each.confidence for each in core(seen(files, log))) >= 0.85


def test_file_of_the_same_size_is_compared_where_the_log_names_it() -> None:
    log = fatal("Uncaught Error: Call to undefined function x() in ~/wp-includes/post.php:1")
    found = core(seen(both({"wp-includes/post.php": b"<?php // pist\n"}), log))
    assert [(each.path, each.line) for each in found] == [("www/wp-includes/post.php", 1)]
    assert any("differs from the same release" in proof.text for proof in found[0].evidence)


def test_many_files_that_differ_are_an_unfinished_update() -> None:
    extra = {f"wp-includes/a{n}.php": b"<?php // new and long\n" for n in range(30)}
    files = both(dict.fromkeys(extra)) | {f"blog/{name}": content for name, content in extra.items()}
    found = core(seen(files))
    assert [each.path for each in found] == ["www/wp-includes"] and "30 of its files" in found[0].summary


def test_sound_wordpress_and_copies_of_other_releases_yield_nothing() -> None:
    assert core(seen(both({}))) == []
    assert (
        core(seen(both({"wp-config.php": SETTINGS + b"# mine\n", "wp-includes/version.php": CORE["wp-includes/version.php"] + b"\n"})))
        == []
    )
    newer = both({"wp-includes/post.php": None}) | {"blog/wp-includes/version.php": b"<?php\n$wp_version = '6.5';\n"}
    assert core(seen(newer)) == []
    assert core(seen(both({"wp-includes/post.php": b"<?php // po"}), status=200)) == []


def test_copy_is_not_looked_for_where_the_log_explains_the_failure() -> None:
    asked: list[str] = []
    seen(both({}), fatal("Uncaught Error: no in ~/wp-content/plugins/a/a.php:3"), counted=asked)
    assert f"{HOME}/blog/wp-includes" not in asked


def test_damaged_file_of_the_real_wordpress_is_found_by_its_copy(tmp_path: Path) -> None:
    source = Path("/usr/share/wordpress")
    if not (source / "wp-includes").is_dir():
        pytest.skip("WordPress is not installed")
    for name in ("www", "other"):
        shutil.copytree(source, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("wp-content", "*.js", "*.css", "*.svg"))
        (tmp_path / name / "wp-config.php").unlink(missing_ok=True)
        (tmp_path / name / "wp-config.php").write_bytes(SETTINGS)
    broken = tmp_path / "www/wp-includes/formatting.php"
    broken.write_bytes(broken.read_bytes()[:-900])
    found = core(gather(LocalReader([str(tmp_path)]), site(), SitePaths(str(tmp_path / "www")), "", AT))
    assert "www/wp-includes/formatting.php" in [each.path for each in found] and len({each.path for each in found}) == 1


# --- Composer -------------------------------------------------------------------------------------------
def package(name: str, version: str = "1.2.0", **more: object) -> dict[str, object]:
    return {"name": name, "version": version, "type": "library", "install-path": f"../{name}", **more}


MAIL = package("acme/mail", autoload={"psr-4": {"Acme\\Mail\\": "src/"}, "files": ["src/helpers.php"]})
PACKAGES = [MAIL, package("acme/log"), package("psr/container", "v2.0.1")]


def project(
    packages: list[dict[str, object]], locked: list[dict[str, object]] | None = None, without: str = "", at: str = "www", whole: bool = True
) -> dict[str, bytes]:
    files = {f"{at}/vendor/{each['name']}/composer.json": b"{}" for each in packages if each["name"] != without}
    files[f"{at}/vendor/acme/mail/src/helpers.php"] = b"<?php"
    files = {name: content for name, content in files.items() if not without or f"/{without}/" not in name}
    files[f"{at}/vendor/composer/installed.json"] = json.dumps({"packages": packages} if whole else packages).encode()
    files[f"{at}/composer.lock"] = json.dumps(
        {"packages": packages if locked is None else locked, "packages-dev": [package("x/dev")]}
    ).encode()
    files[f"{at}/vendor/autoload.php"], files["www/index.php"] = b"<?php", b"<?php require __DIR__ . '/vendor/autoload.php';"
    return files


def libraries(found: Evidence) -> list[tuple[str, str, float]]:
    told = [each for each in run_checks(found).findings if each.check == "program-files"]
    return [(each.path, each.severity.value, round(each.confidence, 2)) for each in told]


@pytest.mark.parametrize("whole", [True, False])
def test_library_whose_folder_is_not_there_is_named(whole: bool) -> None:
    assert libraries(seen(project(PACKAGES, without="acme/log", whole=whole))) == [("www/vendor/acme/log", "critical", 0.8)]


def test_library_that_is_missing_is_the_root_of_the_class_that_is_not_found() -> None:
    log = apache_line(
        'AH01071: Got error \'PHP message: PHP Fatal error:  Uncaught Error: Class "Acme\\\\Mail\\\\Post" not found in '
        "/home/demo/www/index.php:3\\nStack trace:\\n#0 {main}\\n  thrown in /home/demo/www/index.php on line 3", level="proxy_fcgi:error",
    )  # fmt: skip
    found = run_checks(seen(project(PACKAGES, without="acme/mail"), log)).findings
    assert (found[0].cause, found[0].path) == ("php-missing-file", "www/vendor/acme/mail")
    assert [each.severity for each in found if each.cause == "php-class-not-found"] == [Severity.WARNING]


def test_file_that_every_page_loads_and_version_that_differs_are_named() -> None:
    files = project(PACKAGES, [MAIL, package("acme/log", "2.0.0"), package("psr/container", "2.0.1"), package("acme/new", "3.1.4")])
    del files["www/vendor/acme/mail/src/helpers.php"]
    assert libraries(seen(files)) == [
        ("www/vendor/acme/mail/src/helpers.php", "critical", 0.93),
        ("www/vendor/acme/new", "critical", 0.8),
        ("www/vendor/acme/log", "warning", 0.45),
    ]


def test_libraries_above_the_docroot_are_listed_within_bounds() -> None:
    files = {**project(PACKAGES, without="acme/log", at="."), "www/index.php": b"<?php", "artisan": b"", "bootstrap/app.php": b"<?php",
             "public/index.php": b"<?php require __DIR__.'/../vendor/autoload.php';"}  # fmt: skip
    held: dict[str, bytes | tuple[bytes, int] | Node] = {f"{HOME}/{name.removeprefix('./')}": content for name, content in files.items()}
    found = gather(FakeHost(held), site(), SitePaths(f"{HOME}/public"), "apache-755", AT)
    assert [application.name for application in found.applications] == ["laravel"]
    assert libraries(found) == [("vendor/acme/log", "critical", 0.8)]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1, 2]", b'{"packages": 7}', b"[" * 100_000, b'{"packages": [{"name": "../../x/y", "install-path": 3}]}']
)
def test_what_is_not_composers_yields_nothing(content: bytes) -> None:
    files = project(PACKAGES)
    files["www/vendor/composer/installed.json"] = content
    assert libraries(seen(files)) == []


def test_sound_libraries_yield_nothing() -> None:
    assert libraries(seen(project(PACKAGES))) == []
    assert libraries(replace(seen(project(PACKAGES, without="acme/log")), site=site(200))) == []
