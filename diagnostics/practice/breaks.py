"""The ways to break the practice site: each one a mistake that people make, and each answers 500."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sites.texts import mark as _

from .content import HTACCESS


@dataclass(frozen=True, slots=True)
class BreakKind:
    """One way to break it; `title` and `description` are for people."""

    kind: str
    title: str
    description: str
    apply: Callable[[Path], None]


def _insert(lines: str) -> Callable[[Path], None]:
    def apply(docroot: Path) -> None:
        (docroot / ".htaccess").write_text(HTACCESS + "\n" + lines, encoding="utf-8")

    return apply


def _misspell(docroot: Path) -> None:
    (docroot / ".htaccess").write_text(HTACCESS.replace("RewriteEngine On", "RewritEngine On"), encoding="utf-8")


def _open_to_all(docroot: Path) -> None:
    for path in (docroot, *docroot.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)


_ALL = (
    BreakKind(
        "misspelled-directive",
        _("A typing mistake in .htaccess"),
        _("One instruction in .htaccess is misspelled. The web server stops at it and answers every page with an error."),
        _misspell,
    ),
    BreakKind(
        "unclosed-section",
        _("A section in .htaccess that is not closed"),
        _("A section was opened in .htaccess and its last line was forgotten."),
        _insert('<FilesMatch "\\.(bak|sql)$">\nRequire all denied\n'),
    ),
    BreakKind(
        "apache22-syntax",
        _("Old instructions in .htaccess"),
        _("Lines for an older web server were copied into .htaccess. This one does not know them."),
        _insert("Order allow,deny\nAllow from all\n"),
    ),
    BreakKind(
        "php-directive",
        _("A PHP setting in .htaccess"),
        _("A PHP setting was put into .htaccess, on a host that does not accept it there."),
        _insert("php_value memory_limit 256M\n"),
    ),
    BreakKind(
        "bad-rewrite-rule",
        _("A rewrite rule that cannot be read"),
        _("A rule for short addresses in .htaccess has a flag that does not exist."),
        _insert("RewriteEngine On\nRewriteRule ^old/(.*)$ /products [R=301,Lst]\n"),
    ),
    BreakKind(
        "wrong-permissions",
        _("Files that everybody may change"),
        _("All files and folders were opened for writing by everybody (777 and 666). The web server refuses to run them."),
        _open_to_all,
    ),
)
BREAK_KINDS: dict[str, BreakKind] = {one.kind: one for one in _ALL}
