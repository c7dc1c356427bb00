"""What AllowOverride and AllowOverrideList let in, in the forms that hosts write: the linter's verdict against that of a real Apache."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from diagnostics.checks.htaccess_messages import complaint_in
from diagnostics.htaccess.lint import first_refused, lint
from diagnostics.htaccess.server import ServerKnowledge, overriding
from tests.diagnostics.htaccess.differing import SERVER, status_of
from tests.lab.apache import DEFAULT_MODULES, apache, why_missing

pytestmark = pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is here")

FILES = (
    b"Options None\n", b"Options All\n", b"Options Indexes\n", b"Options +MultiViews\n", b"Options +SymLinksIfOwnerMatch\n",
    b"Options +FollowSymLinks\n", b"Options +Includes\n", b"Options +IncludesNOEXEC\n", b"Options -ExecCGI\n", b"Options RunScripts\n",
    b"# one\nOptions -Indexes +ExecCGI\n", b"ErrorDocument 404 /x\n", b"DirectoryIndex a\n", b"Require all granted\n",
    b"RewriteEngine On\n", b"<IfModule mod_dir.c>\nDirectoryIndex x\n</IfModule>\n", b"<Files x>\nRequire all granted\n</Files>\n",
    b"<Limit GET>\nRequire all granted\n</Limit>\n", b"<RequireAny>\nRequire all granted\n</RequireAny>\n", b"ServerSignature Off\n",
    b"<If true>\n</If>\n", b"ServerName x\n", b"NoSuch x\n", b"<FilesMatch x>\nHeader set A b\n</FilesMatch>\n",
    b"ExpiresActive On\n\nAuthName x\n", b"LimitRequestBody 1\n",
    b"Redirect /a /b\n<IfModule nothing.c>\nNoSuch\n</IfModule>\n", b"# nothing\n",
)  # fmt: skip
# the last three are what Virtualmin, DirectAdmin and Plesk write
ALLOWED = (
    ("All", ""), ("None", ""), ("FileInfo", ""), ("FileInfo Indexes", ""), ("AuthConfig Limit", ""), ("Options FileInfo", ""),
    ("Options=Indexes", ""), ("Options=All,MultiViews FileInfo", ""), ("None", "Redirect RewriteEngine"), ("None", "Options"),
    ("None", "<IfModule Require <RequireAny"), ("Indexes", "Options ErrorDocument"), ("Limit Nonfatal=Override", ""),
    ("FileInfo Nonfatal=Unknown", ""), ("FileInfo Nonfatal=All", ""),
    ("All Options=ExecCGI,Includes,IncludesNOEXEC,Indexes,MultiViews,SymLinksIfOwnerMatch", ""),
    ("AuthConfig FileInfo Indexes Limit Options=Indexes,Includes,IncludesNOEXEC,MultiViews,SymLinksIfOwnerMatch,FollowSymLinks,None", ""),
    ("AuthConfig FileInfo Indexes Limit Options=Indexes,SymLinksIfOwnerMatch,MultiViews,ExecCGI,Includes,IncludesNOEXEC", ""),
)  # fmt: skip


def _differing(
    base: Path, files: Sequence[bytes], overrides: Sequence[tuple[str, str]], server: ServerKnowledge,
    modules: Sequence[str] = DEFAULT_MODULES, extra: str = "",
) -> list[str]:  # fmt: skip
    """Where the two differ in verdict, cause or line; one Apache with a folder for each pair."""
    docroot, blocks = base / "www", [extra]
    for place, (allow, listed) in enumerate(overrides):
        lines = f"AllowOverride {allow}\n" + (f"AllowOverrideList {listed}\n" if listed else "")
        blocks.append(f'<Directory "{docroot}/{place}">\n{lines}</Directory>')
        for number, content in enumerate(files):
            folder = docroot / f"{place}" / f"{number}"
            folder.mkdir(parents=True)
            (folder / ".htaccess").write_bytes(content)
            (folder / "page.txt").write_text("here")
    differing = []
    with apache(docroot, base / "logs", allow_override="None", extra="\n".join(blocks), modules=modules) as running:
        pairs = [(place, number) for place in range(len(overrides)) for number in range(len(files))]
        refused = {pair: status_of(f"{running.url}/{pair[0]}/{pair[1]}/page.txt") == 500 for pair in pairs}
        log = running.error_log.read_text("utf-8", "surrogateescape")
    said = {(int(m[1]), int(m[2])): m[0] for m in re.finditer(r"/www/(\d+)/(\d+)/\.htaccess(?::\d+)?: .*", log)}
    assert 5 < sum(refused.values()) < len(pairs) - 5
    for pair in pairs:
        allow, listed = overrides[pair[0]]
        fault = first_refused(lint(files[pair[1]], overriding(server, allow, listed)))
        complaint = complaint_in(said.get(pair, ""))
        causes = (fault.cause, *fault.also) if fault else ()
        if refused[pair] != (fault is not None) or (complaint and complaint.cause not in causes):
            differing.append(f"AllowOverride {allow} | {listed}: {files[pair[1]]!r}: {said.get(pair, 'taken')}; linter {fault}")
    return differing


def test_linter_agrees_with_apache_on_what_allow_override_lets_in(base: Path) -> None:
    assert _differing(base, FILES, ALLOWED, SERVER) == []


def test_linter_agrees_with_apache_on_settings_of_php_as_a_module(base: Path) -> None:
    library = next(Path("/usr/lib/apache2/modules").glob("libphp*.so"), None)
    if library is None:
        pytest.skip("Apache's PHP module is not here")
    files = (b"php_flag display_errors off\n", b"php_value memory_limit 64M\n", b"php_admin_value x 1\n", b"DirectoryIndex a\n")
    modules = ("mpm_prefork", *(name for name in DEFAULT_MODULES if not name.startswith(("mpm_", "cgid"))))
    server = ServerKnowledge(loaded=SERVER.loaded | {"mod_php"}, absent=SERVER.absent - {"mod_php"})
    overrides = (("All", ""), ("FileInfo", ""), ("Options", ""), ("None", "php_flag"), ("FileInfo Indexes", "php_value"))
    assert _differing(base, files, overrides, server, modules, f"LoadModule php_module {library}") == []


@pytest.mark.parametrize(
    ("content", "allow", "line", "cause"),
    [
        (b"DirectoryIndex a\n\nOptions -Indexes\n", "AuthConfig FileInfo Indexes Limit", 3, "htaccess-directive-not-allowed"),
        (b"# x\nphp_value memory_limit 1\n", "FileInfo", 2, "htaccess-directive-not-allowed"),
        (b"\nphp_admin_flag engine off\n", "All", 2, "htaccess-php-directive-under-fpm"),
        (b"<IfModule mod_dir.c>\nDirectoryIndex a\n</IfModule>\n", "None Nonfatal=Unknown", 1, "htaccess-directive-not-allowed"),
    ],
)
def test_line_that_is_not_allowed_is_named_though_its_module_is_not_known_of(content: bytes, allow: str, line: int, cause: str) -> None:
    first = first_refused(lint(content, overriding(ServerKnowledge(), allow)))
    assert first is not None and (first.line, first.cause) == (line, cause)
