# ruff: noqa: E501 (a pattern stays in one piece)
"""What a message says of a database, by the words and numbers of MySQL and MariaDB (their error references) and of PDO."""

from __future__ import annotations

import re
from typing import NamedTuple

# The login is taken, what it asks for is not: MySQL's and MariaDB's 1142, 1143, 1227, 1370 and 1419, PostgreSQL's 42501.
_REFUSED_RIGHT = (
    r"\bcommand denied to user '|Access denied; you need|You do not have the SUPER privilege and binary logging"
    r"|SQLSTATE\[42000\][^\n]{0,60}?\b1(?:142|143|227|370)\b|\b42501\b[^\n]{0,60}?ERROR:|SQLSTATE\[42501\]"
    r"|ERROR:\s+(?:permission denied (?:for|to) \w|must be owner of \w)"
)
# The same, where it is the whole server that refuses: MySQL's and MariaDB's 1036, 1290, 1792, 1836 and 1881, PostgreSQL's 25006.
_SERVER_REFUSES = (
    r"server is running with the --?[\w-]{1,60}(?: or --?[\w-]{1,60})*(?:=\w{1,20})? option|\bRunning in read[- ]only mode\b"
    r"|Cannot execute statement in a READ ONLY transaction|not allowed when innodb_force_recovery|\bTable '[^'\n]{1,200}' is read only"
    r"|General error: 1(?:036|290|836|881)\b|SQLSTATE\[25006\]"
    r"|ERROR:\s+cannot execute [A-Z ]{2,40} (?:in a read-only transaction|during recovery)"
)
# Each cause with what a database alone says, and with what means one only where a database is spoken of: numbers in brackets are
# years in articles, and other servers go away, too.
_WORDS: tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...] = (
    (
        "database-missing",
        re.compile(
            r"Access denied for user '[^'\n]{0,80}'@'[^'\n]{0,200}' to database|Unknown database '|[\[(/]HY000[\])/ ]{0,3}\[?104[49]\b"
            r"|FATAL:\s+database \"[^\"\n]{1,80}\" does not exist"
        ),
        re.compile(r"Cannot select database|[\[(](?:42000)?[\])/ ]{0,3}[\[(]?104[49][\])]"),
    ),
    (
        "database-access-denied",
        re.compile(
            r"Access denied for user '|Access denied, this account is locked|password authentication failed for user"
            r"|[\[(/]HY000[\])/ ]{0,3}\[?(?:1(?:045|251|275|698|130|862)|2054|2059|3118|4151)\b|no pg_hba\.conf entry for"
            r"|FATAL:\s+role \"[^\"\n]{1,80}\" (?:does not exist|is not permitted to log in)"
            r"|1820 You must (?:SET PASSWORD|reset your password)|Your password has expired\. To log in you must change it"
            rf"|{_REFUSED_RIGHT}|{_SERVER_REFUSES}"
        ),
        re.compile(
            r"[\[(/]1(?:045|698|130|862)[\])]|Host '[^'\n]{1,200}' is not allowed to connect"
            r"|You must (?:SET PASSWORD|reset your password) before"
            r"|(?:server requested authentication method unknown|does not support authentication protocol requested)"
        ),
    ),
    (
        "database-too-many-connections",
        re.compile(
            r"more than '?max_(?:user_)?connections|'max_\w*connections\w*'|has exceeded the 'max_\w{1,40}' resource"
            r"|[\[(/]HY000[\])/ ]{0,3}\[?1(?:040|203|226)\b"
        ),
        re.compile(
            r"Host '[^'\n]{1,200}' is blocked because of many connection errors"
            r"|Too many connections|[\[(/]1(?:040|203|226)[\])]|too many clients already|remaining connection slots"
        ),
    ),
    (
        "database-server-down",
        re.compile(
            r"Can't connect to (?:local )?(?:MySQL |MariaDB )server|(?:MySQL|MariaDB) server has gone away"
            r"|mysqli_sql_exception: (?:Connection (?:refused|timed out|reset by peer)|No such file or directory|No route to host"
            r"|Network is unreachable|Operation timed out|Host is down|(?:Temporary failure in name resolution|Name or service not known))"
            r"|Lost connection to (?:MySQL|MariaDB)|SQLSTATE\[08006\]|[\[(/]HY000[\])/ ]{0,3}\[?20(?:0[2-6]|13)\b"
        ),
        re.compile(
            r"[\[(/]20(?:0[2-6]|13)[\])]|php_network_getaddresses|Can't connect to (?:local )?server|server has gone away"
            r"|Lost connection to server|could not connect to server"
        ),
    ),
    (
        "database-table-crashed",
        re.compile(
            r"Table '[^'\n]{1,200}' doesn't exist in engine|Tablespace (?:has been discarded|is missing) for table"
            r"|(?:is )?marked as crashed|Table '[^'\n]{1,200}' is crashed|(?:Incorrect|Old) key file for table"
            r"|Index for table '[^'\n]{1,200}' is corrupt|Index \S{1,80} is corrupted|Table '?[^'\n]{1,200}'? is corrupted"
            r"|General error: (?:1(?:2[67]|3[45]|4[45]|03[45]|19[45]|712|877))\b"
            r"|Got error 1(?:2[67]|3[0245]|4[145])\b[^\n]{0,80} from storage engine"
        ),
        re.compile(r"[\[(/](?:145|1194|1195)[\])]"),
    ),
    (
        "database-table-missing",
        re.compile(
            r"Table '[^'\n]{1,200}' doesn't exist|SQLSTATE\[42(?:S02|P01)\]|Base table or view not found"
            r"|One or more database tables are unavailable"
        ),
        re.compile(r"[\[(/]1146[\])]"),
    ),
)
_LOST_TABLE = re.compile(r"Table '(?:[^'.\n]{1,80}\.)?([^'\n]{1,120})' doesn't exist")
_REFUSED_USER = re.compile(
    r"Access denied for user '([^'\n]{1,80})'@'|(?:password authentication failed for user|FATAL:\s+role) \"([^\"\n]{1,80})\""
)
_REFUSED_NAME = re.compile(
    r"(?:Access denied for user '[^'\n]{0,80}'@'[^'\n]{0,200}' to database|Unknown database) '([^'\n]{1,80})'"
    r"|FATAL:\s+database \"([^\"\n]{1,80})\" does not exist"
)
_RIGHT = re.compile(_REFUSED_RIGHT)
_HELD = re.compile(_SERVER_REFUSES)
_TO_DATABASE = re.compile(r"\b1044\b|Access denied for user '[^'\n]{0,80}'@'[^'\n]{0,200}' to database")
_FIRST_FRAME = re.compile(r"^#0 [^\n]{1,600}?\(\d+\): (?P<call>[^\n(]{1,120})\((?P<given>[^\n]{0,200})", re.MULTILINE)
_ASKS = re.compile(r"(?:^|->|_)(?:query|exec|execute|prepare|real_query|multi_query|unbuffered_query|beginTransaction)\Z", re.IGNORECASE)
_OF_DATABASE = re.compile(
    r"mysqli|PDO|SQLSTATE|database|mysql|mariadb|wpdb|\bConnect(?:ion)? (?:error|failed):? ?\(?[12]\d{3}\b", re.IGNORECASE
)
_PATH = re.compile(r"(?<![\w/])(?:/|[A-Za-z]:\\)[^\s:'\"()<>]{1,600}")  # its folders may bear any name
_NEAR = 300  # characters


def database_cause(text: str) -> tuple[str, re.Match[str]] | None:
    """The cause that a text names, and the words that decide; None where it says nothing of a database."""
    for cause, alone, beside in _WORDS:
        if match := alone.search(text):
            return cause, match
        if (match := beside.search(text)) and _speaks_of_one(text[max(0, match.start() - _NEAR) : match.end() + _NEAR]):
            return cause, match
    return None


# What programs say in their own words where the driver's are not told: that they cannot reach their database, in whatever order.
_DB = (
    r"(?:\bdata ?bases?\b|\bdb\b(?!\s*(?:::|->))|\bmysqli?\b|\bmariadb\b|\bpostgres\w*|\bsql[- ]server\b|\bdatenbank\w*|\bbases? de (?:données|datos|dados)\b"
    r"|\bbanco de dados\b|\bBDD\b|\bdatabank\b|\bbaz[ayąę] danych\b)"
)
_LINK = (
    r"(?:\b(?:re)?connect(?:ion|ing|ed|s|ivity)?\b|\blink\b(?! (?:the|a|an|this|found|for)\b)|\breach(?:ed|able)?\b|\bverb(?:inden|indung|unden)\w*|\w*verbindung\w*|\berreich\w*"
    r"|\bconne(?:xion|cter|ssione|ttersi)\b|\bse connecter\b|\bjoindre\b|\bconexi[oó]n\b|\bconectar\w*|\bconexão\b|\bverbinding\b|\bpołącz\w*)"
)
_NOT = (
    r"(?:\bcould ?n[o'’]t\b|\bcan(?:not|'t|’t| not)\b|\bunable to\b|\bfail(?:ed|s|ure)?\b|\bnot (?:possible|able)\b|\bno\b|\blost\b|\bproblems?\b|\berror (?=\w+ing\b|in\b|while\b)"
    r"|\bis not\b|\bwas not\b|\bnot (?:yet )?(?:be )?(?=connect|reach)|\bnicht\b|\bkeine?\b|\bimpossible\b|\bimpossibile\b|\bne peut\b|\bn'a pas\b|\bno se (?:puede|pudo|ha)\b"
    r"|\bniet\b|\bgeen\b|\bnão\b|\bnie (?:można|udało)\b|\berreur (?:de|lors)\b|\berror (?:de|al)\b|\berrore (?:di|nella)\b|\berro (?:de|ao)\b)"
)
_FAILED = (
    r"(?:\bfail\w*|\berrors?\b|\b(?:can|could)(?: ?not|n't) be \w+|\brefused\b|\btimed? ?out\b|\blost\b|\bdown\b|\bunavailable\b|\bnot (?:be )?(?:made|established|opened|available|possible|successful|working|reachable|created)\b"
    r"|\bfehlgeschlagen\b|\bgescheitert\b|\bnicht \w+|\béchou\w*|\bimpossible\b|\bfall(?:ó|ida)\b|\bfallita\b|\bnon riuscita\b|\bmislukt\b|\bfalhou\b|\bnie powiodło\b)"
)
_GAP, _SHORT_GAP = r"[^\n.!?;\\]{0,60}?", r"[^\n.!?;:\\]{0,40}?"
_CANNOT_CONNECT = re.compile(
    rf"{_NOT}{_GAP}{_LINK}{_GAP}{_DB}|{_NOT}{_SHORT_GAP}{_DB}{_SHORT_GAP}{_LINK}|{_DB}{_SHORT_GAP}{_LINK}{_SHORT_GAP}{_FAILED}"
    rf"|{_LINK}{_SHORT_GAP}{_DB}{_SHORT_GAP}{_FAILED}|{_DB}{_SHORT_GAP}{_NOT}{_SHORT_GAP}{_LINK}"
    # PHP's manual and many a tutorial print what `mysqli_connect_error()` says, and nothing of what was connected to.
    r"|(?:^|[\n:>] ?)Connect(?:ion)? (?:failed|error): ?(?:Connection (?:refused|timed out)|No such file or directory|No route to host)"
    rf"|{_DB}(?:[- ]server)? (?:(?:is|was|seems|ist|est|está)(?: \w+){{0,2}} )?(?:unavailable|unreachable|not available|not responding|down\b|offline|"
    r"nicht (?:verfügbar|erreichbar)|indisponible|no disponible)",
    re.IGNORECASE,
)
_OF_CODE = re.compile(r"\b\w+(?:\\{1,2}\w+)+|\b\w*(?:::|->)\w+| in (?:/|[A-Za-z]:\\)[^\n]{1,600}?(?::\d+| on line \d+)")


def cannot_connect(text: str) -> re.Match[str] | None:
    """Where a program says in its own words that it cannot reach its database; names of classes, functions and files say nothing."""
    return _CANNOT_CONNECT.search(_PATH.sub(" ", _OF_CODE.sub(" ", text[:3000])))


def lost_table(text: str) -> str:
    """The table that a database does not have, without the database's own name; "" where it says no such thing."""
    found = _LOST_TABLE.search(text)
    return found[1] if found else ""


class Refused(NamedTuple):
    """The values that refusals name: as the program sent them, so as its settings have them."""

    names: frozenset[str]
    users: frozenset[str]

    def fits(self, user: str, name: str) -> bool:
        """Whether a login may be the refused one; what is not known of it speaks against nothing."""
        return not (user and self.users and user not in self.users) and not (name and self.names and name not in self.names)


def refused_values(text: str) -> Refused:
    """The databases and users that a database refused, by what it said; empty where it named none."""
    found = ({match[1] or match[2] for match in each.finditer(text)} for each in (_REFUSED_NAME, _REFUSED_USER))
    return Refused(*map(frozenset, found))


def is_refused_right(text: str, trace: str = "") -> bool:
    """Whether a database let the login in and refused what it asked for, such as to write.

    1044 is said of a database that the login may not enter, and of temporary tables and locks that it may not have: `trace` tells which.
    """
    if _RIGHT.search(text) or _HELD.search(text):
        return True
    asked = _FIRST_FRAME.search(trace) if _TO_DATABASE.search(text) else None
    return asked is not None and _ASKS.search(asked["call"]) is not None and not re.match(r"\W*USE\b", asked["given"], re.IGNORECASE)


def is_refused_by_server(text: str) -> bool:
    """Whether a setting of the whole server refuses, whoever asks: it is read-only, or runs without its table of rights."""
    return _HELD.search(text) is not None


def _speaks_of_one(text: str) -> bool:
    return _OF_DATABASE.search(_PATH.sub(" ", text)) is not None
