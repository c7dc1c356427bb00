"""Causes that lie in permissions, and in scripts run as programs of their own (CGI)."""

from __future__ import annotations

from diagnostics.causes.base import Cause, RepairableBy
from sites.texts import mark as _

_MODES = ("set-permissions",)

CAUSES = (
    Cause(
        "file-unreadable",
        _("A file that the web server may not read"),
        _("The permissions of a file keep the web server from reading it."),
        repairs=(*_MODES, "give-owner-read", "write-file-anew", "lead-link-again"),
    ),
    Cause(
        "folder-not-traversable",
        _("A folder that the web server may not enter"),
        _("Everything below this folder is out of reach, whatever its own permissions say."),
        repairs=(*_MODES, "let-pass-through"),
        confused_with=("file-unreadable",),
    ),
    Cause(
        "folder-not-writable",
        _("A folder that the site may not write into"),
        _("The site wants to store something and its own folder refuses it."),
        repairs=("give-owner-write", "correct-foreign-path", "create-folder"),
    ),
    Cause(
        "root-disabled-by-host",
        _("The host has shut this account"),
        _(
            "The host took away the permissions of the account's root folder, mostly after finding harmful files. "
            "Clean up and ask the host; giving the permissions back by oneself is not the way."
        ),
        RepairableBy.HOST,
    ),
    Cause(
        "cgi-not-executable",
        _("A script that may not be run"),
        _("Scripts of this kind are programs and need the right to be executed."),
        repairs=("cgi-mode", "lead-link-again", "copy-script-for-link"),
    ),
    Cause(
        "cgi-writable-by-others",
        _("A script or its folder may be written by others"),
        _("For safety, the host refuses to run a script that somebody else could have changed."),
        repairs=("cgi-mode", "set-permissions"),
    ),
    Cause(
        "cgi-windows-line-endings",
        _("A script with Windows line ends"),
        _("The first line of the script ends with a character that makes the program it names impossible to find."),
        repairs=("cgi-line-endings",),
    ),
    Cause(
        "cgi-interpreter-missing",
        _("A script for a program that is not installed here"),
        _("The first line of the script names a program that this host does not have at that place."),
        repairs=("cgi-first-line",),
    ),
    Cause(
        "cgi-malformed-header",
        _("A script that answers in the wrong form"),
        _("The script printed something before the header that every answer begins with."),
        RepairableBy.DEVELOPER,
    ),
    Cause(
        "cgi-no-output",
        _("A script that ends without a word"),
        _("The script was started and ended without printing anything."),
        RepairableBy.DEVELOPER,
    ),
    Cause(
        "cgi-script-error",
        _("A script that fails"),
        _("The script was started and stopped with an error of its own."),
        RepairableBy.DEVELOPER,
    ),
)
