"""Causes that lie in a `.htaccess`."""

from __future__ import annotations

from diagnostics.causes.base import Cause
from sites.texts import mark as _

_LAST = ("restore-file", "comment-out-htaccess-faults", "rename-htaccess")
_OUT = ("comment-out-htaccess-line", *_LAST)

CAUSES = (
    Cause(
        "htaccess-invalid-directive",
        _("A word in .htaccess that the web server does not know"),
        _("The web server reads .htaccess before every page. A word it does not know, often a misspelling, makes it refuse every page."),
        repairs=(
            "correct-htaccess-line",
            "make-htaccess-plain",
            "plain-htaccess-spaces",
            "correct-htaccess-section",
            "take-out-conflict",
            "split-htaccess-line",
            "join-htaccess-line",
            *_OUT,
        ),
        confused_with=("htaccess-module-not-loaded", "htaccess-byte-order-mark"),
    ),
    Cause(
        "htaccess-module-not-loaded",
        _("A line in .htaccess for a module that this host does not have"),
        _("The line is correct, but the part of the web server that understands it is missing here. Usual after a move."),
        repairs=("wrap-in-ifmodule", *_OUT),
        confused_with=("htaccess-invalid-directive",),
    ),
    Cause(
        "htaccess-php-directive-under-fpm",
        _("PHP settings in .htaccess"),
        _("This host runs PHP beside the web server, and so PHP settings in .htaccess are not understood. They belong in .user.ini."),
        repairs=("wrap-in-ifmodule", *_OUT),
        confused_with=("htaccess-module-not-loaded",),
    ),
    Cause(
        "htaccess-apache22-syntax",
        _("Access rules in the old way of writing"),
        _("Order, Allow and Deny were replaced by Require in Apache 2.4, and this host no longer understands the old words."),
        repairs=("modern-access-syntax", *_LAST),
    ),
    Cause(
        "htaccess-directive-not-allowed",
        _("A line in .htaccess that this host does not allow"),
        _("The web server knows the word, but the host lets nobody use it in .htaccess."),
        repairs=("plain-htaccess-spaces", *_OUT),
        confused_with=("htaccess-invalid-directive",),
    ),
    Cause(
        "htaccess-unclosed-section",
        _("A section in .htaccess that is not closed as it was opened"),
        _("Sections such as <IfModule …> must end with their own </IfModule>. Here one is missing, of another kind, or too many."),
        repairs=(
            "make-htaccess-plain",
            "plain-htaccess-spaces",
            "take-out-conflict",
            "correct-htaccess-section",
            "close-htaccess-section",
            *_LAST,
        ),
    ),
    Cause(
        "htaccess-bad-rewrite-flag",
        _("A rewrite rule with a wrong flag"),
        _("The letters in brackets at the end of a rewrite rule are flags. One of them does not exist, or there is a space among them."),
        repairs=("plain-htaccess-spaces", "correct-rewrite-flag", *_OUT),
    ),
    Cause(
        "htaccess-bad-regex",
        _("A pattern in .htaccess that cannot be read"),
        _("A pattern lacks a bracket or is written in another impossible way, so the web server cannot use the rule."),
        repairs=("plain-htaccess-spaces", *_OUT),
    ),
    Cause(
        "htaccess-bad-argument",
        _("A line in .htaccess with a wrong value"),
        _("The web server knows the word, but not what follows it: a value is missing, misspelt, or one too many."),
        repairs=("make-htaccess-plain", "plain-htaccess-spaces", "split-htaccess-line", "correct-htaccess-section", *_OUT),
    ),
    Cause(
        "htaccess-bad-errordocument",
        _("An error page for an error that does not exist"),
        _("ErrorDocument names the number of an HTTP error. The number in this line is not one."),
        repairs=("correct-errordocument", *_OUT),
    ),
    Cause(
        "htaccess-rewrite-loop",
        _("Rewrite rules that go round in a circle"),
        _("The rules send every address to another one that the same rules send on again. After ten rounds the web server gives up."),
        repairs=("restore-wordpress-block", "guard-rewrite-loop", "comment-out-htaccess-line", "restore-file", "rename-htaccess"),
        confused_with=("redirect-loop", "htaccess-wordpress-block"),
    ),
    Cause(
        "htaccess-wordpress-block",
        _("WordPress's own block in .htaccess is damaged"),
        _("The lines between “# BEGIN WordPress” and “# END WordPress” are not as WordPress writes them."),
        repairs=("restore-wordpress-block", "restore-file", "rename-htaccess"),
        confused_with=("htaccess-rewrite-loop",),
    ),
    Cause(
        "htaccess-byte-order-mark",
        _("An invisible mark at the beginning of .htaccess"),
        _("A text editor put three invisible bytes before the first letter. The web server takes them for part of the first word."),
        repairs=("remove-byte-order-mark", "make-htaccess-plain", "restore-file", "rename-htaccess"),
        confused_with=("htaccess-invalid-directive",),
    ),
    Cause(
        "htaccess-auth-file-missing",
        _("The password file that .htaccess names is not there"),
        _("Visitors are asked for a password, but the file with the passwords is not where .htaccess says."),
        repairs=("correct-password-file", "make-password-file", "restore-file"),
    ),
    Cause(
        "htaccess-proxy-target-down",
        _("A rule passes requests on to a program that does not answer"),
        _("A rewrite rule with the flag P hands requests to another address, and nothing answers there."),
        repairs=_OUT,
    ),
    Cause(
        "htaccess-php-handler-override",
        _("A line left from another host switches PHP off"),
        _("SetHandler or AddHandler names a PHP that this host does not have, so the source of the pages is sent instead of the pages."),
        repairs=_OUT,
    ),
    Cause(
        "htaccess-unreadable",
        _("The web server may not read .htaccess"),
        _("When .htaccess cannot be read, the web server refuses every page, since the file might forbid it."),
        repairs=("set-permissions", "lead-link-again", "restore-file", "rename-htaccess-folder", "set-link-aside"),
        confused_with=("folder-not-traversable",),
    ),
)
