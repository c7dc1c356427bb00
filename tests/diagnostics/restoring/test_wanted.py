"""Which files a finding speaks of, below the docroot and beside it, as the repair that puts them back names them."""

from __future__ import annotations

import pytest

from diagnostics.evidence import Evidence, SiteSeen
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.restoring.wanted import named, shown

KNOWN = ("../app/Http/Kernel.php", "../config/app.php", "../project/config/app.php", "../start.php")
LOST = "PHP Warning:  require({}): Failed to open stream: No such file or directory"


def look(path: str, said: str = "", docroot: str = "/home/me/www") -> list[str]:
    evidence = Evidence(SiteSeen("shop", "http://shop.example/", "down", "server-error"), "", "ssh", docroot=docroot)
    proofs = (Proof("error-log", LOST.format(said)),) if said else ()
    found = named(Finding("t", "php-missing-file", Severity.CRITICAL, 0.9, "s", path=path, evidence=proofs), evidence, KNOWN)
    assert all(shown(each, evidence) for each in found)
    return found


@pytest.mark.parametrize(
    ("path", "said", "found"),
    [
        ("www/index.php", "", ["index.php"]),
        ("app/Http/Kernel.php", "", ["../app/Http/Kernel.php"]),
        ("../lib/src/x.php", "", ["../../lib/src/x.php"]),
        ("www", "", []),
        ("", "/srv/u1/config/app.php", ["../config/app.php"]),
        ("", "/srv/u1/project/config/app.php", ["../project/config/app.php"]),
        ("", "/home/me/start.php", ["../start.php"]),
        ("", "/somewhere/else/start.php", []),
        ("", "/srv/u1/other.php", []),
        ("www/index.php", "/srv/u1/www/inc/start.php", ["inc/start.php", "index.php"]),
    ],
)
def test_files_that_a_finding_speaks_of(path: str, said: str, found: list[str]) -> None:
    assert look(path, said) == found


def test_login_that_lands_in_the_docroot_finds_its_files_too() -> None:
    assert look("inc/a.php", docroot="/") == ["inc/a.php"]
