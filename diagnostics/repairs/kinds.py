"""The kinds of repairs that a site's settings may allow without a person, by the id of the repair. One that is not named here never is."""

from __future__ import annotations

_OF_KIND = {
    "htaccess-correct": (
        "close-htaccess-section", "correct-errordocument", "correct-htaccess-line", "correct-rewrite-flag", "guard-rewrite-loop",
        "modern-access-syntax", "plain-htaccess-spaces", "remove-byte-order-mark", "restore-wordpress-block",
        "take-out-conflict", "wrap-in-ifmodule",
    ),
    "htaccess-comment-out": ("comment-out-htaccess-line", "comment-out-htaccess-lines"),
    "permissions": ("cgi-mode", "give-owner-read", "give-owner-write", "set-permissions"),
    "folders": ("create-folder",),
    "scripts": ("cgi-first-line", "cgi-line-endings", "remove-php-mark", "write-php-tag"),
    "php-settings": ("comment-out-php-setting", "raise-memory-limit"),
    "names": ("rename-htaccess-folder", "rename-index"),
    "maintenance": ("end-maintenance",),
    "restore-file": ("restore-file",),
    "set-aside": ("set-aside-part",),
}  # fmt: skip
_KIND_OF = {repair_id: kind for kind, repairs in _OF_KIND.items() for repair_id in repairs}


def kind_of(repair_id: str) -> str:
    """The kind of a repair; empty for one that only a person starts."""
    return _KIND_OF.get(repair_id, "")


def repairs_of(kind: str) -> tuple[str, ...]:
    """The repairs of a kind."""
    return _OF_KIND.get(kind, ())
