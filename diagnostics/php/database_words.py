"""What a message says of a database, by the words and numbers of MySQL and MariaDB (their error references) and of PDO."""

from __future__ import annotations

import re

_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"Access denied for user '[^'\n]{0,80}'@'[^'\n]{0,200}' to database|Unknown database '|Cannot select database"
            r"|[\[(](?:42000|HY000)?[\])/ ]{0,3}[\[(]?104[49][\])]"
        ),
        "database-missing",
    ),
    (
        re.compile(
            r"Access denied for user '|[\[(]1(?:045|698|130)[\])]|Host '[^'\n]{1,200}' is not allowed to connect"
            r"|password authentication failed for user"
        ),
        "database-access-denied",
    ),
    (
        re.compile(
            r"more than '?max_(?:user_)?connections|Too many connections|'max_\w*connections\w*'|[\[(]1(?:040|203|226)[\])]"
            r"|too many clients already|remaining connection slots"
        ),
        "database-too-many-connections",
    ),
    (
        re.compile(
            r"[\[(/](?:HY000/)?20(?:0[2-6]|13)[\])]|php_network_getaddresses|Can't connect to (?:local )?(?:MySQL |MariaDB )?server"
            r"|server has gone away|Lost connection to (?:MySQL|MariaDB|server)|SQLSTATE\[08006\]|could not connect to server"
        ),
        "database-server-down",
    ),
    (
        re.compile(r"(?:is )?marked as crashed|Table '[^'\n]{1,200}' is crashed|Incorrect key file for table|[\[(](?:145|1194|1195)[\])]"),
        "database-table-crashed",
    ),
    (
        re.compile(
            r"Table '[^'\n]{1,200}' doesn't exist|SQLSTATE\[42S02\]|[\[(]1146[\])]|Base table or view not found"
            r"|One or more database tables are unavailable|SQLSTATE\[42P01\]"
        ),
        "database-table-missing",
    ),
)


def database_cause(text: str) -> tuple[str, re.Match[str]] | None:
    """The cause that a text names, and the words that decide; None where it says nothing of a database."""
    return next(((cause, match) for pattern, cause in _WORDS if (match := pattern.search(text))), None)
