"""Files beside the docroot, as messages name them and as the login sees them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.evidence import Evidence, LogLine, TreeEntry
from diagnostics.facts import beside
from diagnostics.facts.small_files import SmallFiles
from diagnostics.transports.local import LocalReader
from tests.diagnostics.evidences import AT, site


@pytest.mark.parametrize("server", ["/var/www/vhosts/shop.example", "/home/kunden/u17"])
def test_file_beside_the_docroot_is_looked_up_where_the_login_sees_it(tmp_path: Path, server: str) -> None:
    """An FTP login has another root than the server, and a folder of the account may be called like one of the server's."""
    for folder in ("web", "var/log", "vendor/symfony"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "web/index.php").write_text("<?php require_once dirname(__DIR__) . '/vendor/autoload_runtime.php';\n")
    (tmp_path / "vendor/symfony/Kernel.php").write_text("<?php\n")
    said = (
        f'PHP Fatal error:  Uncaught RuntimeException: Unable to read the "{server}/.env" environment file. in '
        f"{server}/vendor/symfony/Kernel.php:21\nStack trace:\n#0 {server}/web/index.php(3): require_once()\n#1 {{main}}\n  thrown"
    )
    evidence = Evidence(site(), "", "ftp", docroot=f"{tmp_path}/web", error_log=(LogLine("error-log", "/log", AT, said, paired=True),))
    seen = beside.read(SmallFiles(LocalReader(str(tmp_path))), evidence, {})
    assert (".env", False) in seen.existing
    assert any(entry.path == "vendor/symfony/Kernel.php" for entry in seen.beside)


def test_folder_above_the_servers_docroot_may_bear_its_name(tmp_path: Path) -> None:
    """/var/www holds most sites of a machine, and many of them call their own folder so."""
    for name in ("www/core", "www/index.php"):
        (tmp_path / name).mkdir(parents=True) if "." not in name else (tmp_path / name).write_text("<?php require 'core/start.php';\n")
    (tmp_path / "www/core/start.php").write_text("<?php session_start();\n")
    said = (
        "PHP Fatal error:  Uncaught ErrorException: session_start(): open(/var/www/shop/home/tmp/sess_1, O_RDWR) failed: No such file or "
        "directory (2) in /var/www/shop/home/www/core/start.php:1"
    )
    evidence = Evidence(site(), "", "sftp", docroot=f"{tmp_path}/www", error_log=(LogLine("error-log", "/log", AT, said, paired=True),))
    evidence = replace(evidence, tree=tree_of(tmp_path / "www"))
    assert ("tmp", False) in beside.read(SmallFiles(LocalReader(str(tmp_path))), evidence, {}).existing


def tree_of(docroot: Path) -> tuple[TreeEntry, ...]:
    return tuple(
        TreeEntry(str(path.relative_to(docroot.parent)), str(path), "folder" if path.is_dir() else "file", 0o644, 1, 0.0)
        for path in sorted(docroot.rglob("*"))
    )
