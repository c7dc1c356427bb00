from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.checks.php_messages import read_php_message
from diagnostics.php.database_words import database_cause
from diagnostics.tried import Tried, TriedLayer
from tests.diagnostics.evidences import AT, evidence


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("SQLSTATE[HY000] [1045] Accès refusé pour l'utilisateur: 'shop'@'localhost'", "database-access-denied"),
        ("mysqli_real_connect(): (HY000/1045): Benutzer 'shop'@'localhost' hat keine Zugriffsberechtigung", "database-access-denied"),
        ("mysqli_connect(): (HY000/1698): Access denied", "database-access-denied"),
        ("SQLSTATE[HY000] [4151] Access denied, this account is locked", "database-access-denied"),
        ("SQLSTATE[HY000]: General error: 1820 You must SET PASSWORD before executing this statement", "database-access-denied"),
        ("SQLSTATE[HY000] [2054] The server requested authentication method unknown to the client", "database-access-denied"),
        ('SQLSTATE[08006] [7] FATAL:  role "shop" does not exist', "database-access-denied"),
        ('SQLSTATE[08006] [7] FATAL:  database "shop" does not exist', "database-missing"),
        (
            "Host '10.0.0.9' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'",
            "database-too-many-connections",
        ),
        (
            "SQLSTATE[42000]: Syntax error or access violation: 1226 User 'shop' has exceeded the 'max_queries_per_hour' resource",
            "database-too-many-connections",
        ),
        ("mysqli_sql_exception: Connection refused", "database-server-down"),
        ("mysqli_sql_exception: No such file or directory", "database-server-down"),
        ("SQLSTATE[HY000]: General error: 1814 Tablespace has been discarded for table `visits`", "database-table-crashed"),
        ("SQLSTATE[42S02]: Table 'shop.visits' doesn't exist in engine", "database-table-crashed"),
        ("SQLSTATE[42S02]: Base table or view not found: 1146 Table 'shop.visits' doesn't exist", "database-table-missing"),
        ("You must reset your password before you go on", ""),
        ("Connection refused", ""),
        ("SQLSTATE[42000] [1044] Acceso denegado", "database-missing"),
        ("mysqli_connect(): (42000/1049): Base inconnue", "database-missing"),
        ("SQLSTATE[HY000] [2002] No such file or directory", "database-server-down"),
        ("mysqli::__construct(): (HY000/2006): MySQL server has gone away", "database-server-down"),
        ("PDO::__construct(): php_network_getaddresses: getaddrinfo failed: Name or service not known", "database-server-down"),
        ("SQLSTATE[08004] [1040] Trop de connexions", "database-too-many-connections"),
        ("WordPress database error (145): x", "database-table-crashed"),
        ("mysqli_sql_exception: Index for table './db_1/visits.MYI' is corrupt; try to repair it", "database-table-crashed"),
        ("mysqli_sql_exception: Old key file for table 'visits'; repair it!", "database-table-crashed"),
        ("WordPress database error Got error 127 'Record file is crashed' from storage engine MyISAM", "database-table-crashed"),
        ("SQLSTATE[HY000]: General error: 1194 La table 'visits' est marquée", "database-table-crashed"),
        ("Index for the table of contents is corrupt", ""),
        ("Access denied for user 'shop'@'localhost' (using password: YES)", "database-access-denied"),
        ("Can't connect to local server through socket '/run/mysqld/mysqld.sock' (2)", ""),
        ("mysqli_sql_exception: Can't connect to local server through socket '/run/s.sock' (2)", "database-server-down"),
    ],
)
def test_words_and_numbers_of_a_database_name_the_cause(text: str, cause: str) -> None:
    found = database_cause(text)
    assert (found[0] if found else "") == cause


@pytest.mark.parametrize(
    "said",
    [
        "fsockopen(): php_network_getaddresses: getaddrinfo failed for api.example.com in /home/demo/www/plugins/database-backup/a.php:12",
        "could not connect to server smtp.example.com in /home/demo/www/mysqli/mail.php:12",
        "Redis server has gone away in /home/demo/www/wpdb/cache.php:7",
        "Film not found: Gravity (2013) in /home/demo/www/database/films.php:7",
    ],
)
def test_folder_that_is_named_after_a_database_makes_none_of_another_error(said: str) -> None:
    message = read_php_message(f"PHP Fatal error:  Uncaught RuntimeException: {said}")
    assert message is not None and message.cause == "php-uncaught-exception"


def test_error_in_sql_is_no_error_in_php() -> None:
    said = 'PDOException: SQLSTATE[42601]: Syntax error: 7 ERROR:  syntax error at or near "from" in /home/demo/www/a.php:3'
    message = read_php_message(f"PHP Fatal error:  Uncaught {said}")
    assert message is not None and message.cause == "php-uncaught-exception"


@pytest.mark.parametrize("shown", [b"<h1>Gravity (2013)</h1><p>Oops</p>", b"<li>Prices [1049]</li><li>Mugs (1146)</li>"])
def test_years_and_numbers_on_a_failing_page_are_no_error_of_a_database(shown: bytes) -> None:
    seen = evidence({}, None)
    site = replace(seen.site, pages=tuple(replace(page, body=b"<html>" + shown) for page in seen.site.pages))
    found = run_checks(replace(seen, site=site)).findings
    assert not [finding.cause for finding in found if finding.cause.startswith("database-")]


_QUERY = "#0 /home/demo/www/lib/store.php(9): PDO->query('CREATE TEMPORARY...')"
_LOGIN = "#0 /home/demo/www/lib/store.php(9): PDO->__construct('mysql:host=127....')"


@pytest.mark.parametrize(
    ("said", "frame"),
    [
        ("SQLSTATE[42000]: Syntax error or access violation: 1142 INSERT command denied to user 'u'@'h' for table `d`.`t`", _QUERY),
        ("SQLSTATE[42000]: Syntax error or access violation: 1142 Le droit INSERT est refusé", _QUERY),
        ("UPDATE command denied to user 'u'@'h' for table 't'", "#0 /home/demo/www/lib/store.php(9): mysqli->query('UPDATE t')"),
        ("SELECT command denied to user 'u'@'h' for column 'price' in table 't'", _QUERY),
        ("execute command denied to user 'u'@'h' for routine 'd.prices'", _QUERY),
        (
            "SQLSTATE[42000]: Syntax error or access violation: 1227 Access denied; you need (at least one of) the SUPER privilege(s)",
            _QUERY,
        ),
        ("SQLSTATE[42000]: Syntax error or access violation: 1044 Access denied for user 'u'@'h' to database 'd'", _QUERY),
        ("SQLSTATE[42501]: Insufficient privilege: 7 ERROR:  permission denied for table visits", _QUERY),
        ("pg_query(): Query failed: ERROR:  must be owner of table visits", "#0 /home/demo/www/lib/store.php(9): pg_query('ALTER')"),
    ],
)
def test_right_that_is_refused_though_the_login_works(said: str, frame: str) -> None:
    log = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  Uncaught PDOException: {said} in /home/demo/www/lib/store.php:9\n"
    found = run_checks(evidence({"www/lib/store.php": b"<?php\n"}, f"{log}Stack trace:\n{frame}\n")).findings[0]
    assert (found.cause, found.path, found.line) == ("database-access-denied", "www/lib/store.php", 9)
    assert found.summary.startswith("The database lets the site in") and "right to write" in found.hint
    assert found.repairs == ()


_READ_ONLY = "The MySQL server is running with the --read-only option so it cannot execute this statement"


@pytest.mark.parametrize(
    "said",
    [
        f"SQLSTATE[HY000]: General error: 1290 {_READ_ONLY}", _READ_ONLY,
        _READ_ONLY.replace("MySQL", "MariaDB").replace("read-only", "super-read-only"),
        "The MySQL server is running with the --skip-grant-tables option so it cannot execute this statement",
        f"SQLSTATE[HY000]: General error: 1290 {_READ_ONLY.replace('read-only', 'secure-file-priv')}",
        "SQLSTATE[HY000]: General error: 1290 Le serveur MySQL a été démarré avec l'option --read-only.",
        "SQLSTATE[HY000]: General error: 1836 Running in read-only mode", "Table 'sessions' is read only",
        "SQLSTATE[25006]: Read only sql transaction: 7 ERROR:  cannot execute INSERT in a read-only transaction",
    ],
)  # fmt: skip
def test_server_that_forbids_writing_altogether_is_no_matter_of_the_users_rights(said: str) -> None:
    log = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  Uncaught PDOException: {said} in /home/demo/www/lib/store.php:9\n"
    found = run_checks(evidence({"www/lib/store.php": b"<?php\n"}, log)).findings[0]
    assert (found.cause, found.path, found.line) == ("database-access-denied", "www/lib/store.php", 9)
    assert found.summary.startswith("The database lets the site in") and "whole database server" in found.hint and found.repairs == ()


def test_server_that_forbids_writing_is_told_from_the_page() -> None:
    seen = evidence({}, None)
    site = replace(seen.site, pages=tuple(replace(page, body=f"<p>Fatal error: {_READ_ONLY}</p>".encode()) for page in seen.site.pages))
    found = run_checks(replace(seen, site=site)).findings[0]
    assert found.cause == "database-access-denied" and "whole database server" in found.hint and found.repairs == ()


def test_login_that_works_makes_a_refused_right_no_less_likely() -> None:
    said = "UPDATE command denied to user 'u'@'h' for table 't' in /home/demo/www/index.php:9"
    seen = evidence({}, f"[{AT:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  Uncaught mysqli_sql_exception: {said}\n")
    layers = tuple(TriedLayer(layer, "ok", 200) for layer in ("static", "php", "database"))
    assert run_checks(replace(seen, tried=(Tried("layers", AT, 3, layers=layers),))).findings[0].confidence >= 0.9


def test_login_that_is_refused_is_told_as_before() -> None:
    for said, frame, cause in (
        ("SQLSTATE[HY000] [1044] Access denied for user 'u'@'h' to database 'd'", _LOGIN, "database-missing"),
        ("Access denied for user 'u'@'h' to database 'd'", "#0 /a.php(9): mysqli->query('USE d')", "database-missing"),
        ("SQLSTATE[HY000] [1045] Access denied for user 'u'@'h' (using password: YES)", _LOGIN, "database-access-denied"),
    ):
        message = read_php_message(f"PHP Fatal error:  Uncaught PDOException: {said} in /a.php:9\nStack trace:\n{frame}")
        assert message is not None and (message.cause, message.is_right) == (cause, False)


def test_right_that_the_database_refuses_is_told_by_its_page_too() -> None:
    seen = evidence({}, None)
    said = b"<p>Database error: SELECT command denied to user 'u'@'h' for table 't'</p>"
    site = replace(seen.site, pages=tuple(replace(page, body=b"<html>" + said) for page in seen.site.pages))
    found = run_checks(replace(seen, site=site)).findings[0]
    assert found.cause == "database-access-denied" and found.summary.startswith("The database lets the site in")
