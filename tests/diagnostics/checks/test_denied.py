"""What the web server was refused, where the permissions that a listing shows would allow it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import LogLine, TreeEntry
from diagnostics.findings import Finding, Severity
from tests.diagnostics.evidences import AT, apache_line, evidence


def found(message: str, mode: int) -> list[Finding]:
    files = {"www/price.html": (b"<p>x</p>", mode)}
    log = apache_line(message, level="core:error")
    return [each for each in run_checks(evidence(files, log, status=403, path="/price.html")).findings if each.check == "denied"]


@pytest.mark.parametrize("mode", [0o604, 0o600])
@pytest.mark.parametrize(
    "message",
    [
        "(13)Permission denied: AH00132: file permissions deny server access: /home/demo/www/price.html",
        "(13)Permission denied: AH00035: access to /price.html denied (filesystem path '/home/demo/www/price.html') because "
        "search permissions are missing on a component of the path",
    ],
)
def test_file_that_the_server_was_refused_is_named_whatever_its_mode_says(message: str, mode: int) -> None:
    first = found(message, mode)[0]
    assert (first.cause, first.path, first.severity) == ("file-unreadable", "www/price.html", Severity.CRITICAL)
    assert ("would allow" in first.summary) == (mode == 0o604)
    assert (first.repairs == ("write-file-anew", "lead-link-again")) == (mode == 0o604)  # another mode would change nothing


def test_file_that_only_the_line_knows_is_not_blamed() -> None:
    assert not found("(13)Permission denied: AH00132: file permissions deny server access: /home/demo/www/other.html", 0o604)


@pytest.mark.parametrize("way", ["/home/demo/www/../project/vendor/autoload.php", "/home/demo/project/vendor/autoload.php"])
def test_folder_beside_the_docroot_that_may_not_be_entered_is_to_blame_for_what_is_missing_in_it(way: str) -> None:
    log = apache_line(
        f"PHP Fatal error:  Uncaught Error: Failed opening required '{way}' (include_path='.') in /home/demo/www/index.php:2",
        level="proxy_fcgi:error",
    )
    made = evidence({"www/index.php": (f"<?php\nrequire '{way}';\n".encode(), 0o644)}, log)
    beside = tuple(
        TreeEntry(path, f"/home/demo/{path}", "folder", mode, 4096, 0.0) for path, mode in (("project", 0o755), ("project/vendor", 0o644))
    )
    first = run_checks(replace(made, beside=beside)).findings[0]
    assert (first.cause, first.path, first.line) == ("folder-not-traversable", "project/vendor", None)
    open_ones = tuple(replace(entry, mode=0o755) for entry in beside)
    first = run_checks(replace(made, beside=open_ones)).findings[0]
    assert (first.cause, first.path, first.line) == ("php-missing-file", "www/index.php", 2)
    assert "missing as a whole" not in first.hint + first.summary


DENIED = (
    "<br />\n<b>Warning</b>:  require(/srv/x/www/lib/price.php): Failed to open stream: Permission denied in <b>/srv/x/www/index.php</b> "
    "on line <b>3</b><br />\n<br />\n<b>Fatal error</b>:  Uncaught Error: "
    "Failed opening required '/srv/x/www/lib/price.php' (include_path='.') "
    "in /srv/x/www/index.php:3\nStack trace:\n#0 {main}\n  thrown in <b>/srv/x/www/index.php</b> on line <b>3</b><br />"
)


@pytest.mark.parametrize("way", ["page", "application-log"])
def test_file_that_php_was_refused_is_named_wherever_it_is_told(way: str) -> None:
    files: dict[str, object] = {"www/index.php": b"<?php\n\nrequire 'lib/price.php';\n", "www/lib/price.php": (b"<?php\n", 0o000)}
    seen = evidence(files, None)  # type: ignore[arg-type]
    if way == "page":
        pages = tuple(replace(page, body=DENIED.encode()) for page in seen.site.pages)
        seen = replace(seen, site=replace(seen.site, pages=pages))
    else:
        said = "app.ERROR: Failed opening required '/srv/x/www/lib/price.php' (include_path='.') /srv/x/www/index.php 3"
        seen = replace(seen, application_log=(LogLine("application-log", "www/app.log", AT, said),))
    first = run_checks(seen).findings[0]
    assert (first.cause, first.path) == ("file-unreadable", "www/lib/price.php")


@pytest.mark.parametrize(("gid", "is_shut"), [(0, True), (33, False)])
def test_file_of_the_administrator_is_open_to_its_group_which_an_account_is_never_of(gid: int, is_shut: bool) -> None:
    seen = evidence({"www/index.php": b"<?php\n\nrequire 'lib/price.php';\n", "www/lib/price.php": (b"<?php\n", 0o640)}, None)
    own = tuple(replace(each, uid=1001, gid=1001) for each in seen.tree)  # type: ignore[union-attr]
    tree = tuple(replace(each, uid=0, gid=gid) if each.path == "www/lib/price.php" else each for each in own)
    pages = tuple(replace(page, body=DENIED.encode()) for page in seen.site.pages)
    found = [each for each in run_checks(replace(seen, tree=tree, site=replace(seen.site, pages=pages))).findings if each.check == "denied"]
    assert [(each.cause, each.path) for each in found] == ([("file-unreadable", "www/lib/price.php")] if is_shut else [])


@pytest.mark.parametrize(("uid", "repairs"), [(1000, ("let-pass-through",)), (0, ())])
def test_folder_above_the_site_has_a_repair_of_its_own(uid: int, repairs: tuple[str, ...]) -> None:
    log = apache_line("(13)Permission denied: AH00035: access to /index.html denied (filesystem path '/home/demo/www/index.html')")
    made = evidence({"www/index.html": (b"<p>Here</p>", 0o644)}, log)
    assert isinstance(made.tree, tuple)
    above = TreeEntry(".", made.docroot.rpartition("/")[0], "folder", 0o700, 4096, 0.0, uid=uid)
    own = tuple(replace(each, uid=1000) for each in made.tree)
    first = run_checks(replace(made, profile="apache-755", tree=own, folders_above=(above,))).findings[0]
    assert (first.cause, first.path, first.repairs) == ("folder-not-traversable", ".", repairs)
