"""What the numbers of MySQL's and MariaDB's errors mean: those of the server and of its client library (their error references)."""

from __future__ import annotations

_REFUSED = frozenset({1045, 1130, 1251, 1275, 1524, 1698, 1820, 1862, 2049, 2054, 2059, 3118, 4151})
RIGHTS = frozenset({1036, 1142, 1143, 1227, 1290, 1370, 1792, 1836, 1881})  # the login is taken, what it asks for is refused
_FULL = frozenset({1040, 1203, 1226})
_MISSING = frozenset({1044, 1049})
_CRASHED = frozenset({126, 127, 130, 132, 134, 135, 141, 144, 145, 1034, 1035, 1194, 1195, 1712, 1812, 1814, 1815, 1877})
_NO_TABLE = frozenset({1051, 1109, 1146, 1932})
_DOWN = frozenset({1053, 1129, 1927, 2002, 2003, 2005, 2006, 2009, 2012, 2013, 2055})


def cause_of(code: int) -> str:
    """The cause that an error number names; empty for one that says nothing of these."""
    table = (
        (_REFUSED | RIGHTS, "database-access-denied"), (_MISSING, "database-missing"), (_FULL, "database-too-many-connections"),
        (_CRASHED, "database-table-crashed"), (_NO_TABLE, "database-table-missing"), (_DOWN, "database-server-down"),
    )  # fmt: skip
    return next((cause for codes, cause in table if code in codes), "")
