"""Causes that lie in PHP code or in PHP's settings."""

from __future__ import annotations

from diagnostics.causes.base import Cause, RepairableBy
from sites.texts import mark as _

_A, _D, _H = RepairableBy.ACCOUNT, RepairableBy.DEVELOPER, RepairableBy.HOST

CAUSES = (
    Cause(
        "php-parse-error",
        _("A PHP file that PHP cannot read"),
        _("There is a typing error in a PHP file. It was probably edited or uploaded shortly before the failure."),
        _A,
        repairs=("take-out-conflict", "restore-file"),
        confused_with=("php-truncated-file",),
    ),
    Cause(
        "php-truncated-file",
        _("A PHP file that ends in the middle"),
        _("The file is cut off, mostly because an upload or an update was interrupted."),
        _A,
        repairs=("restore-file",),
        confused_with=("php-parse-error",),
    ),
    Cause(
        "php-uncaught-exception",
        _("The program gave up with an error"),
        _("The site's own code met something it could not handle and stopped."),
        _A,
        repairs=("restore-file",),
    ),
    Cause(
        "php-undefined-function",
        _("A function of the site's own code is missing"),
        _("The code calls a function that is defined nowhere, often after an incomplete update."),
        _A,
        repairs=("write-php-tag", "restore-file"),
        confused_with=("php-missing-extension", "php-removed-function"),
    ),
    Cause(
        "php-missing-extension",
        _("PHP lacks an extension that the site needs"),
        _("The code uses a part of PHP that is not switched on at this host."),
        _H,
        confused_with=("php-undefined-function",),
    ),
    Cause(
        "php-removed-function",
        _("The code uses something that newer PHP no longer has"),
        _("This function was taken out of PHP. The site worked with an older PHP version."),
        _A,
        confused_with=("php-undefined-function",),
    ),
    Cause(
        "php-version-incompatible-code",
        _("The code does not fit this PHP version"),
        _("The way this code is written is no longer accepted by the PHP version in use."),
        _A,
    ),
    Cause(
        "php-class-not-found",
        _("A part of the program is missing"),
        _("The code asks for a class whose file is not there, often after an incomplete upload."),
        _A,
        repairs=("restore-file",),
        confused_with=("php-missing-file",),
    ),
    Cause(
        "php-missing-file",
        _("A file of the program is missing"),
        _("The code asks for a file that is not there, often after an incomplete upload or a deletion."),
        _A,
        repairs=("restore-file",),
        confused_with=("php-class-not-found",),
    ),
    Cause(
        "php-memory-limit",
        _("PHP ran out of memory"),
        _("A page needed more memory than PHP may use."),
        _A,
        confused_with=("user-ini-memory-limit-too-low",),
    ),
    Cause("php-max-execution-time", _("A page took too long"), _("PHP stopped a page because it ran longer than allowed."), _A),
    Cause(
        "script-too-slow",
        _("One page is too slow"),
        _("Some pages take so long that the web server stops waiting, while others answer."),
        _D,
        confused_with=("upstream-timeout",),
    ),
    Cause(
        "php-fatal-hidden",
        _("A hidden PHP error"),
        _("The page is empty because PHP stopped with an error that it does not show."),
        _A,
        repairs=("restore-file",),
    ),
    Cause(
        "php-byte-order-mark",
        _("An invisible mark at the beginning of a PHP file"),
        _("A text editor put three invisible bytes before the first letter of a PHP file."),
        _A,
        repairs=("remove-php-mark", "restore-file"),
    ),
    Cause(
        "php-session-path-not-writable",
        _("PHP cannot store sessions"),
        _("The folder in which PHP keeps who is logged in cannot be written."),
        _A,
        repairs=("give-owner-write", "comment-out-php-setting"),
    ),
    Cause(
        "user-ini-bad-prepend",
        _("PHP is told to load a file that is not there"),
        _("auto_prepend_file or auto_append_file in .user.ini names a file that does not exist, often left by a removed security plugin."),
        _A,
        repairs=("comment-out-php-setting",),
    ),
    Cause(
        "user-ini-memory-limit-too-low",
        _("The memory limit in .user.ini is far too low"),
        _("A setting of the site itself allows PHP next to no memory."),
        _A,
        repairs=("raise-memory-limit", "comment-out-php-setting"),
        confused_with=("php-memory-limit",),
    ),
    Cause(
        "open-basedir",
        _("PHP may not open a file outside its folders"),
        _("A setting confines PHP to some folders, and the site needs a file elsewhere."),
        _A,
        repairs=("comment-out-php-setting",),
    ),
    Cause(
        "disk-full",
        _("The storage is full"),
        _("There is no room left, so the site cannot write. Decide what may be deleted."),
        _A,
    ),
    Cause(
        "application-answers-500",
        _("The program itself answers with an error"),
        _("Neither the web server nor PHP complains: the program decided to answer with an error. Its own log tells why."),
        _A,
    ),
    Cause(
        "application-stuck-maintenance",
        _("The program is held in maintenance"),
        _("A file or a setting keeps the site shut for maintenance, mostly since an update that was broken off or never ended."),
        _A,
        confused_with=("none",),
    ),
    Cause(
        "php-process-crash",
        _("PHP crashes on some pages"),
        _("The PHP process ended abruptly while making the page."),
        _A,
        confused_with=("php-service-crash",),
    ),
)
