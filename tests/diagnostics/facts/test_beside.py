"""Files beside the docroot, as messages name them and as the login sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.evidence import Evidence, LogLine
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
