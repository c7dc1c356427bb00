"""The site's database, tried with the site's own login from the host itself: one connection, reading only.

The login goes through the standard input of PHP or of the `mysql` client, so that no process list, log or note shows it. What is
asked: connect, select the database, list its tables, read one row of each; of WordPress also which theme and plugins are active.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from diagnostics.evidence import Evidence, Unreadable
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.settings.logins import DatabaseLogin
from diagnostics.installed import Application, DatabaseTrial
from diagnostics.transports.base import Capability, Reader, TransportError
from diagnostics.transports.commands import database_client, php_with_database, run
from sites.texts import mark as _

Words = list[list[str]]  # what a program that asked says: a word and its values each
Asker = Callable[[DatabaseLogin, str, int], Words]  # login, the table of options, how many tables are read; raises TransportError
MOST_TABLES = 80
NO_SUCH_NAME = _("seen from here no server has this name")
_WELL = frozenset({"ok", "maintenance", "blocked", ""})
_OF_DATABASE = re.compile(r"mysqli|PDO|SQLSTATE|\bwpdb\b|WordPress database error|MySQL|MariaDB")
# Without which a program does not start: wpdb::$tables, and what the others' installers make first.
REQUIRED = {
    "wordpress": ("options", "posts", "postmeta", "terms", "term_taxonomy", "term_relationships", "termmeta", "comments", "commentmeta",
                  "users", "usermeta"),
    "joomla": ("extensions", "users", "session", "menu"), "prestashop": ("configuration", "shop", "shop_url", "lang"),
    "drupal": ("key_value", "users"), "magento": ("core_config_data", "store"), "typo3": ("pages",),
}  # fmt: skip
# Those of them that are never without a row: a program that is set up keeps its own settings there.
FILLED = {
    "wordpress": ("options", "users"), "joomla": ("extensions", "users"), "prestashop": ("configuration", "shop", "shop_url", "lang"),
    "drupal": ("key_value", "users"), "magento": ("store",), "typo3": ("pages",),
}  # fmt: skip
# What a network of blogs loads before it knows which of them is meant (wp-includes/ms-load.php; wpdb::$ms_global_tables).
OF_NETWORK = ("blogs", "site", "sitemeta")
_NOBODY_THERE = frozenset({2002, 2003, 2005})  # of the client library: the server that is named does not answer
_PLAIN = re.compile(r"[A-Za-z0-9_$.-]{1,64}\Z")
_ERROR = re.compile(r"^ERROR (\d{3,5})(?: \([0-9A-Z]{5}\))?(?: at line \d+)?: (.*)$")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*\Z")
_SERIALISED = re.compile(r's:\d+:"([^"]{1,300})"')

# Runs on the host. Written for every PHP from 5.5 on; it prints lines of a word and values, each in base64.
_PROGRAM = r"""
function say() { $w = func_get_args(); echo array_shift($w); foreach ($w as $v) { echo " ", base64_encode((string) $v); } echo "\n"; }
$in = json_decode(stream_get_contents(STDIN), true);
if (!is_array($in)) { exit(1); }
mysqli_report(MYSQLI_REPORT_OFF);
$db = mysqli_init();
mysqli_options($db, MYSQLI_OPT_CONNECT_TIMEOUT, 4);
if (defined("MYSQLI_OPT_READ_TIMEOUT")) { mysqli_options($db, MYSQLI_OPT_READ_TIMEOUT, 6); }
$host = $in["host"] === "" ? null : $in["host"];
$ok = @mysqli_real_connect($db, $host, $in["user"], $in["password"], null, $in["port"], $in["socket"] === "" ? null : $in["socket"]);
if (!$ok) { say("error", "connect", mysqli_connect_errno(), mysqli_connect_error()); exit; }
if (!@mysqli_select_db($db, $in["name"])) { say("error", "select", mysqli_errno($db), mysqli_error($db)); exit; }
$names = array();
$rows = @mysqli_query($db, "SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'");
if (!$rows) { say("error", "tables", mysqli_errno($db), mysqli_error($db)); exit; }
while ($row = mysqli_fetch_row($rows)) { $names[] = $row[0]; }
foreach (array_slice($names, 0, 3000) as $name) { say("table", $name); }
$mine = array();
foreach ($names as $name) { if ($in["prefix"] === "" || strpos($name, $in["prefix"]) === 0) { $mine[] = $name; } }
foreach (array_slice($mine, 0, $in["most"]) as $name) {
    $rows = @mysqli_query($db, "SELECT * FROM `" . str_replace("`", "``", $name) . "` LIMIT 1");
    if (!$rows) { say("error", "read", mysqli_errno($db), mysqli_error($db), $name); }
    elseif (!mysqli_fetch_row($rows)) { say("empty", $name); }
}
if ($in["options"] !== "" && in_array($in["options"], $names)) {
    $rows = @mysqli_query($db, "SELECT option_name, LEFT(option_value, 20000) FROM `" . str_replace("`", "``", $in["options"])
        . "` WHERE option_name IN ('template', 'stylesheet', 'active_plugins')");
    while ($rows && $row = mysqli_fetch_row($rows)) { say("option", $row[0], $row[1]); }
}
say("end");
"""


def with_database(reader: Reader, evidence: Evidence, logins: Mapping[str, DatabaseLogin], ask_from_here: Asker | None = None) -> Evidence:
    """The evidence with what the database says, where a failing page's program has one and nothing else explains its failure yet.

    `ask_from_here` is used where no command can be run on the host.
    """
    application = next((each for each in evidence.applications if each.absolute in logins and _is_wanted(each, evidence)), None)
    if application is None:
        return evidence
    return replace(evidence, database=read(reader, application, logins[application.absolute], ask_from_here))


def _is_wanted(application: Application, evidence: Evidence) -> bool:
    pages = [page for page in evidence.site.pages if page.path in application.serves and page.kind not in _WELL]
    if not pages:
        return False
    if any(page.kind == "database-error" for page in pages):
        return True
    lines = [line.text for line in evidence.error_log] if isinstance(evidence.error_log, tuple) else []
    if any(_OF_DATABASE.search(text[:4000]) for text in lines):
        return True
    return not any(is_telling(text) for text in lines) and not any(b"atal error" in page.body for page in pages)


def read(
    reader: Reader, application: Application, login: DatabaseLogin, ask_from_here: Asker | None = None, lost: str = ""
) -> DatabaseTrial | Unreadable:
    """Tries the login from the host or from here. Never raises: what cannot be tried is Unreadable, with why.

    `lost`: a table that was missed, without its prefix, where the program is not one of those whose tables are known.
    """
    what = _("the database")
    if login.unknown:
        return Unreadable(what, _("its settings are not all known: {why}").format(why="; ".join(login.unknown)))
    if not login.is_mysql:
        return Unreadable(what, _("it is of a kind that cannot be asked here ({kind})").format(kind=login.driver[:40]))
    by_command = Capability.RUN_COMMANDS in reader.capabilities
    try:
        found = (_by_php(reader, application, login, lost) or _by_client(reader, application, login, lost)) if by_command else None
        if found is None and ask_from_here is not None:
            options = f"{login.prefix}options" if application.name == "wordpress" else ""
            found = _concluded("here", application, login, ask_from_here(login, options, MOST_TABLES), lost)
        if found is not None:
            return found
        if by_command:
            return Unreadable(what, _("the host has neither a PHP with mysqli nor the mysql client on its command line"))
        return Unreadable(what, _("this connection runs no commands on the host, and the database answers only there"))
    except TransportError as error:
        return Unreadable(what, error.message)


def _by_php(reader: Reader, application: Application, login: DatabaseLogin, lost: str = "") -> DatabaseTrial | None:
    given = {
        "host": login.host, "user": login.user, "password": login.password.reveal(), "name": login.name, "port": login.port,
        "socket": login.socket, "prefix": login.prefix, "most": MOST_TABLES,
        "options": f"{login.prefix}options" if application.name == "wordpress" else "",
    }  # fmt: skip
    ran = run(reader, php_with_database(_PROGRAM), json.dumps(given).encode())
    if ran.status not in (0, None):
        return None
    words = [_decoded(line) for line in ran.output.decode("ascii", "replace").splitlines()]
    return _concluded("php", application, login, [each for each in words if each], lost)


def _decoded(line: str) -> list[str]:
    first, *rest = line.strip().split(" ")
    try:
        return [first, *(base64.b64decode(each, validate=True).decode("utf-8", "replace") for each in rest)] if first.isalpha() else []
    except (binascii.Error, ValueError):
        return []


def _by_client(reader: Reader, application: Application, login: DatabaseLogin, lost: str = "") -> DatabaseTrial | None:
    """The same with the `mysql` client, whose names must be plain to be quoted safely."""
    if not _PLAIN.match(login.name) or (login.prefix and not _PLAIN.match(login.prefix)):
        return None
    tables = [f"{login.prefix}{name}" for name in REQUIRED.get(application.name, ())]
    statements = [f"USE `{login.name}`", "SELECT 'selected'", "SHOW TABLES", "SELECT 'listed'"]
    for table in tables:
        statements += [f"SELECT 'reads {table}'", f"SELECT 'x' FROM (SELECT * FROM `{table}` LIMIT 1) AS one"]  # noqa: S608 (plain names, as checked above)
    if application.name == "wordpress":
        wanted = "option_name IN ('template', 'stylesheet', 'active_plugins')"
        statements.append(f"SELECT 'option', option_name, HEX(LEFT(option_value, 20000)) FROM `{login.prefix}options` WHERE {wanted}")  # noqa: S608 (a plain prefix)
    ran = run(reader, database_client("; ".join([*statements, "SELECT 'end'"])), option_file(login))
    if ran.status != 0:
        return None
    return _concluded("mysql", application, login, list(_of_client(ran.output.decode("utf-8", "replace").splitlines())), lost)


def option_file(login: DatabaseLogin) -> bytes:
    """The settings file of a client, [client] as the manual of MySQL has it: in quotes, with backslashes before what would end them."""
    values = {"user": login.user, "password": login.password.reveal(), "host": login.host or "localhost", "port": str(login.port)}
    if login.socket:
        values["socket"] = login.socket
    lines = ["[client]"]
    for name, value in values.items():
        written = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
        lines.append(f'{name}="{written}"')
    return ("\n".join(lines) + "\n").encode()


def _of_client(lines: Iterable[str]) -> Iterable[list[str]]:
    """What the client prints, as the words that PHP's program says."""
    stage, table, has_row = "connect", "", True
    for line in lines:
        if table and not has_row and (line.startswith(("reads ", "option\t")) or line == "end"):
            yield ["empty", table]
        if failed := _ERROR.match(line):
            yield ["error", stage, failed[1], failed[2], table]
        elif line in ("selected", "listed"):
            stage = "tables" if line == "selected" else "read"
        elif line.startswith("reads "):
            table, has_row = line[6:], False
        elif table and line == "x":
            has_row = True
        elif line == "end":
            yield ["end"]
        elif line.startswith("option\t") and line.count("\t") == 2:
            _word, name, value = line.split("\t")
            yield ["option", name, binascii.unhexlify(value).decode("utf-8", "replace") if _HEX.match(value) else ""]
        elif stage == "tables":
            yield ["table", line]


def _concluded(by: str, application: Application, login: DatabaseLogin, said: list[list[str]], lost: str) -> DatabaseTrial | None:
    names = [words[1] for words in said if words[0] == "table" and len(words) > 1]
    errors = [words for words in said if words[0] == "error" and len(words) > 3 and words[2].isdigit()]
    if not errors and ["end"] not in said:
        return None
    mine = [name for name in names if name.startswith(login.prefix)]
    stage, code, message, table = "well", 0, "", ""
    if errors:
        stage, code, message, table = errors[0][1], int(errors[0][2]), errors[0][3], errors[0][4] if len(errors[0]) > 4 else ""
        stage = "select" if code in (1044, 1049) else stage
    emptied = {words[1].lower() for words in said if words[0] == "empty" and len(words) > 1}
    empty = tuple(f"{login.prefix}{name}" for name in FILLED.get(application.name, ()) if f"{login.prefix}{name}".lower() in emptied)
    wanted = [f"{login.prefix}{name}" for name in (*REQUIRED.get(application.name, ()), *(OF_NETWORK if application.is_network else ()))]
    low = {name.lower() for name in names}
    missing = tuple(name for name in wanted if name.lower() not in low) if stage in ("well", "read") else ()
    options = {words[1]: words[2] for words in said if words[0] == "option" and len(words) > 2}
    plugins = tuple(_SERIALISED.findall(options["active_plugins"])) if "active_plugins" in options else None
    path, line = _place(application, stage, code, _lacking(login, missing, mine))
    return DatabaseTrial(
        by, login.where, login.name, login.prefix, application.settings_path, stage, code, message[:500], len(mine), table,
        _others(names, application, lost) if not mine else (), missing, options.get("stylesheet", ""), options.get("template", ""), plugins,
        line=line, empty=empty if stage == "well" else (), line_path=path if path != application.settings_path else "",
        names=tuple(names),
    )  # fmt: skip


def _lacking(login: DatabaseLogin, missing: tuple[str, ...], mine: list[str]) -> str:
    """The setting that asks for tables that are not there: that of the network where only its own are missing, else the prefix."""
    if missing and set(missing) <= {f"{login.prefix}{name}" for name in OF_NETWORK}:
        return "network"
    return "prefix" if missing or not mine else ""


def _others(names: list[str], application: Application, lost: str) -> tuple[str, ...]:
    """Prefixes under which the program's first table, or the one that was missed, is there after all."""
    first = REQUIRED.get(application.name, (lost,))[0]
    found = {name[: -len(first)] for name in names if first and name.endswith(first)}
    return tuple(sorted(found))[:5]


def _place(application: Application, stage: str, code: int, lacking: str) -> tuple[str, int | None]:
    """The file and the line that set what was refused."""
    at: dict[str, tuple[str, int | None]] = {part: (path, line) for part, path, line in application.login_at}
    part = {"connect": "password", "select": "name", "tables": "name"}.get(stage, lacking or "name")
    part = "host" if code in _NOBODY_THERE and "host" in at else part
    return at.get(part, ("", None))
