"""Causes that lie in the database or in a part of WordPress."""

from __future__ import annotations

from diagnostics.causes.base import Cause, RepairableBy
from sites.texts import mark as _

_H = RepairableBy.HOST

CAUSES = (
    Cause(
        "database-access-denied",
        _("The database refuses the site's password"),
        _("The user name or password in the site's settings is not the one the database knows."),
        repairs=("database-login", "restore-file"),
    ),
    Cause(
        "database-missing",
        _("The database is not there"),
        _("The site's settings name a database that does not exist."),
        repairs=("database-login", "restore-file"),
    ),
    Cause(
        "database-server-down",
        _("The database does not answer"),
        _("The machine with the database cannot be reached, or its name in the settings is wrong."),
        _H,
        repairs=("database-login", "restore-file"),
    ),
    Cause(
        "database-table-missing",
        _("A table of the database is missing"),
        _("The database is there, but a part of its content is not."),
        repairs=("correct-table-prefix", "wordpress-network-off", "table-letter-case", "database-login"),
    ),
    Cause(
        "database-table-crashed",
        _("A table of the database is damaged"),
        _("A table was marked as crashed and must be repaired before it can be used."),
        repairs=("database-tables", "wordpress-table-repair"),
    ),
    Cause(
        "database-too-many-connections",
        _("The database takes no more connections"),
        _("More visitors or programs use the database at once than it allows. It often passes by itself."),
        _H,
        confused_with=("database-server-down",),
    ),
    Cause(
        "wordpress-plugin",
        _("A WordPress plugin fails"),
        _("An error in one plugin stops the whole site."),
        repairs=(
            "take-out-conflict",
            "remove-php-mark",
            "correct-php-line",
            "lead-link-again",
            "rename-back",
            "restore-file",
            "set-aside-part",
        ),
        confused_with=("wordpress-plugin-php-incompatible", "wordpress-plugin-memory"),
    ),
    Cause(
        "wordpress-plugin-php-incompatible",
        _("A WordPress plugin does not fit this PHP version"),
        _("The plugin uses something that this PHP version does not have, so the whole site stops."),
        repairs=("set-aside-part",),
        confused_with=("wordpress-plugin",),
    ),
    Cause(
        "wordpress-plugin-memory",
        _("A WordPress plugin uses up all memory"),
        _("One plugin needs more memory than PHP may use."),
        repairs=("set-aside-part",),
        confused_with=("php-memory-limit",),
    ),
    Cause(
        "wordpress-theme",
        _("The WordPress theme fails"),
        _("An error in the theme stops the whole site."),
        repairs=(
            "take-out-conflict",
            "remove-php-mark",
            "correct-php-line",
            "lead-link-again",
            "rename-theme-back",
            "rename-back",
            "restore-file",
            "write-plain-template",
            "write-plain-theme",
            "set-aside-theme-file",
            "set-aside-theme",
        ),
    ),
    Cause(
        "wordpress-mu-plugin",
        _("A must-use plugin of WordPress fails"),
        _("Plugins of this kind are always active and not shown among the others. One of them has an error."),
        repairs=("take-out-conflict", "correct-php-line", "restore-file", "set-aside-part"),
    ),
    Cause(
        "wordpress-dropin",
        _("A drop-in file of WordPress fails"),
        _("A file that replaces a part of WordPress, such as object-cache.php, has an error or lost its plugin."),
        repairs=("restore-file", "set-aside-part"),
    ),
    Cause(
        "wordpress-core-file",
        _("A file of WordPress itself is damaged or missing"),
        _("A file that comes with WordPress is not as it should be, often after an interrupted update."),
        repairs=("lead-link-again", "rename-back", "correct-foreign-path", "restore-file"),
    ),
    Cause(
        "recent-change",
        _("Something was changed just before the failure"),
        _("Nothing names the cause, but files of the site were changed shortly before it began to fail. Look at these first."),
        repairs=("restore-file",),
    ),
    Cause(
        "wordpress-config-syntax",
        _("An error in wp-config.php"),
        _("The settings file of WordPress has a typing error."),
        repairs=(
            "take-out-conflict",
            "complete-wp-config",
            "correct-php-line",
            "correct-table-prefix",
            "correct-foreign-path",
            "restore-file",
        ),
    ),
    Cause(
        "wordpress-stuck-maintenance",
        _("WordPress is stuck in maintenance"),
        _("An update was interrupted and left the file .maintenance behind."),
        repairs=("end-maintenance",),
        confused_with=("none",),
    ),
)
