"""Whom to ask about each cause, and for what: the sentence that a message to them is built around."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.causes.base import Cause, RepairableBy
from sites.texts import mark as _


@dataclass(frozen=True, slots=True)
class Asking:
    """`of_host`: the host's support can help; otherwise whoever looks after the site can."""

    of_host: bool
    request: str


_DATABASE = _("Please tell us whether the database server runs, and whether our user may log in to this database from the web server.")
_LIMIT = _("Please tell us which limit applies to our plan, and whether it can be raised.")
_PHP = _("Please look at the PHP service of our account and start it again.")

OF_HOST = {
    "php-service-down": _PHP,
    "php-service-crash": _("Please look why PHP ends abruptly for every script of our account, and tell us when it runs again."),
    "upstream-timeout": _("Please look at the machine behind your web server: it does not answer in time, whatever page is asked for."),
    "upstream-bad-gateway": _("Please look at the machine behind your web server: it cannot be reached."),
    "web-application-firewall": _("Please tell us which rule of your firewall refuses this request, and let it through for our site."),
    "resource-limit-reached": _("Please tell us which limit of our plan was reached, when, and by which program."),
    "web-server-unreachable": _("Please look at the web server of our site: it does not answer at all."),
    "request-too-long": _("Please tell us how large a request to PHP may be, and raise that limit for our site."),
    "root-disabled-by-host": _("Please tell us why our account was shut, which files you found, and what you need from us to open it."),
    "folder-not-writable": _("Please tell us which user PHP runs as, and give that user the folder that is named."),
    "cgi-interpreter-missing": _("Please tell us where on your machines the program lies that this script needs."),
    "htaccess-module-not-loaded": _("Please tell us whether this module of Apache is available for our plan, and how it is switched on."),
    "htaccess-directive-not-allowed": _("Please tell us what we may use in .htaccess in place of this line."),
    "php-missing-extension": _("Please switch this PHP extension on for our account, or tell us how we can do so."),
    "php-memory-limit": _LIMIT,
    "php-max-execution-time": _LIMIT,
    "script-too-slow": _LIMIT,
    "php-process-crash": _("Please look into your own log why the PHP process ends abruptly on these pages."),
    "php-session-path-not-writable": _("Please tell us the folder that PHP of our account keeps its sessions in."),
    "open-basedir": _("Please tell us which folders PHP of our account may open."),
    "disk-full": _("Please tell us how much of our storage is used, how many files, and what counts towards it."),
    "database-access-denied": _DATABASE,
    "database-missing": _("Please tell us whether this database was removed or renamed, and which backups of it you have."),
    "database-server-down": _DATABASE,
    "database-table-missing": _("Please tell us which backups of our database you have, and from when."),
    "database-table-crashed": _("Please repair this table, or tell us how we can."),
    "database-too-many-connections": _("Please tell us how many connections our database may have at once, and who holds them now."),
}  # fmt: skip

_CHANGED = _("Please tell us what was changed in it last, and bring it back to its last good state.")
_BY_START = (
    ("htaccess-", _("Please correct this in .htaccess. Nothing else in the site needs to be touched for it.")),
    ("cgi-", _("Please look at this script: it does not answer as the web server expects.")),
    ("wordpress-", _CHANGED),
    ("php-", _CHANGED),
)


def asking_for(cause: Cause) -> Asking | None:
    """Whom to ask, and what; None where nothing is wrong."""
    if cause.repairable_by is RepairableBy.NOBODY:
        return None
    if request := OF_HOST.get(cause.code):
        return Asking(True, request)
    if cause.repairable_by is RepairableBy.HOST:
        return Asking(True, _("Please look at this on your side, and tell us when it is mended."))
    start = next((request for prefix, request in _BY_START if cause.code.startswith(prefix)), "")
    return Asking(False, start or _("Please look at this, and tell us what you find."))
