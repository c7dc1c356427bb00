"""What keeps each cause from coming back, in words for whoever owns the site."""

from __future__ import annotations

from sites.texts import mark as _

_TRY_FIRST = _("Try changes to the site on a copy first, and look at the real site right after each change.")
_KEEP_COPY = _("Keep a copy of a file before it is edited, so that it can be put back within a minute.")
_ONE_HAND = _("Agree on who may edit .htaccess, and let programs that write into it do so one at a time.")
_UPDATE_ONE = _("Update plugins and themes one at a time, after a backup, and look at the site after each.")
_UPDATE_PHP = _("Before the PHP version is changed, update the site's programs to versions that say they support it.")
_UNUSED = _("Remove plugins and themes that nobody uses or that their makers no longer look after.")
_UPLOAD = _("Upload with a program that checks what arrived (SFTP or the release's own updater), and not while visitors are on the site.")
_PLAIN_TEXT = _("Edit such files with a plain-text editor, saved as UTF-8 without a mark at its beginning, with Unix line ends.")
_MODES = _("Leave permissions as the host asks for them: after uploads and moves, look at those of folders and scripts once.")
_LIMITS = _("Watch how much memory and time the site needs, and choose a plan with room to spare.")
_SPACE = _("Watch how full the storage is, and have old backups, logs and caches cleared by themselves.")
_DB_LOGIN = _("When the database's password is changed at the host, change it in the site's settings in the same minute.")
_DB_BACKUP = _("Have the database backed up daily, and try once a year to restore it.")
_ASK_HOST = _("Ask the host what it does so that this does not happen again, and whether it is announced on a status page.")
_CODE = _("Have the code checked by a machine before it goes live (a syntax check and a look at the pages that were changed).")
_UPDATES_END = _("Let updates come to their end: do not close the page or the connection while one runs.")
_LOOK_AFTER = _("Look at the site after every change at the host: PHP version, limits, moves and certificates.")

_BY_CODE: dict[str, tuple[str, ...]] = {
    "htaccess-module-not-loaded": (_("Take over rules from elsewhere only if this host's servers know them."), _TRY_FIRST),
    "htaccess-php-directive-under-fpm": (_("Set PHP's values in .user.ini or in the host's panel, not in .htaccess."), _LOOK_AFTER),
    "htaccess-apache22-syntax": (_("Use today's form of access rules; guides older than 2012 show one that is gone."), _TRY_FIRST),
    "htaccess-directive-not-allowed": (_("Ask the host which settings .htaccess may hold before a rule is added."), _TRY_FIRST),
    "htaccess-byte-order-mark": (_PLAIN_TEXT,),
    "htaccess-auth-file-missing": (_("Move the file with the passwords together with the site, and note where it lies."), _MODES),
    "htaccess-proxy-target-down": (_("Have the program that pages are handed on to started again by itself, and watched."), _ASK_HOST),
    "htaccess-php-handler-override": (_UPDATE_PHP, _ONE_HAND),
    "htaccess-unreadable": (_MODES,),
    "root-disabled-by-host": (
        _("Keep every program of the site up to date, remove what is not used, and change all passwords of the account."),
        _("Ask the host to tell you by mail before it shuts something."),
    ),
    "folder-not-writable": (_MODES, _ASK_HOST),
    "php-parse-error": (_CODE, _KEEP_COPY),
    "php-truncated-file": (_UPLOAD, _SPACE),
    "php-missing-extension": (_LOOK_AFTER, _UPDATE_PHP),
    "php-removed-function": (_UPDATE_PHP, _UNUSED),
    "php-version-incompatible-code": (_UPDATE_PHP, _UNUSED),
    "php-class-not-found": (_UPLOAD, _UPDATE_ONE),
    "php-missing-file": (_UPLOAD, _KEEP_COPY),
    "php-memory-limit": (_LIMITS, _UNUSED),
    "php-max-execution-time": (_LIMITS, _("Let long work run by night and in the background.")),
    "script-too-slow": (_LIMITS, _("Let long work run by night and in the background.")),
    "php-byte-order-mark": (_PLAIN_TEXT,),
    "php-session-path-not-writable": (_MODES, _LOOK_AFTER),
    "user-ini-bad-prepend": (_("When a plugin that loads itself before every page goes, take its line in .user.ini out too."), _KEEP_COPY),
    "user-ini-memory-limit-too-low": (_LIMITS, _KEEP_COPY),
    "open-basedir": (_LOOK_AFTER, _ASK_HOST),
    "disk-full": (_SPACE,),
    "application-stuck-maintenance": (_UPDATES_END,),
    "wordpress-stuck-maintenance": (_UPDATES_END,),
    "php-process-crash": (_ASK_HOST, _LOOK_AFTER),
    "database-access-denied": (_DB_LOGIN,),
    "database-missing": (_DB_LOGIN, _DB_BACKUP),
    "database-server-down": (_ASK_HOST,),
    "database-table-missing": (_DB_BACKUP, _UPDATES_END),
    "database-table-crashed": (_DB_BACKUP, _SPACE),
    "database-too-many-connections": (_LIMITS, _UNUSED),
    "wordpress-plugin-memory": (_LIMITS, _UNUSED),
    "wordpress-plugin-php-incompatible": (_UPDATE_PHP, _UPDATE_ONE),
    "wordpress-core-file": (_UPDATES_END, _UPLOAD),
    "wordpress-config-syntax": (_KEEP_COPY, _CODE),
    "upstream-timeout": (_LIMITS, _ASK_HOST),
    "web-application-firewall": (_("Ask the host to tell you before it sharpens the rules of its firewall."),),
    "resource-limit-reached": (_LIMITS, _UNUSED),
    "hosting-out-of-service": (_("Have a second person be mailed about bills and the end of contracts with the host."),),
    "request-too-long": (_LIMITS,),
    "index-file-missing": (_UPLOAD, _KEEP_COPY),
    "redirect-loop": (_("Set the site's address in one place only, and look at it with and without www and https after each change."),),
}  # fmt: skip
_BY_START: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("htaccess-", (_ONE_HAND, _KEEP_COPY)),
    ("file-", (_MODES,)),
    ("folder-", (_MODES,)),
    ("cgi-", (_PLAIN_TEXT, _MODES)),
    ("php-service-", (_ASK_HOST,)),
    ("php-", (_CODE, _UPDATE_ONE)),
    ("application-", (_CODE, _LOOK_AFTER)),
    ("database-", (_DB_BACKUP,)),
    ("wordpress-", (_UPDATE_ONE, _UNUSED)),
    ("user-ini-", (_KEEP_COPY,)),
    ("upstream-", (_ASK_HOST,)),
    ("web-server-", (_ASK_HOST,)),
)


def prevention_of(code: str) -> tuple[str, ...]:
    """Advice for whoever owns the site, the most telling first; of a cause that is not known, what helps against most."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    return next((advice for start, advice in _BY_START if code.startswith(start)), (_TRY_FIRST, _KEEP_COPY))
