# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Databases after a move, an update or a letter of the host: rights, names, owners, modes, limits."""

from __future__ import annotations

import subprocess
import time

from tests.lab import words
from tests.lab.cases.base import PHP, Truth, case, well
from tests.lab.scene import Scene
from tests.lab.sites.frameworks import base_of
from tests.lab.sites.php_site import describe, page_source, php
from tests.lab.sites.wordpress_site import config
from tests.lab.stack.blog import Database
from tests.programs import binary

_WELL = Truth("none", statuses=(200,))
_SEEN = (*PHP, "ovh")


def _shop(s: Scene, tables: str) -> Database:
    made = s.make_database("none")
    s.databases.run(tables, made.name)
    return made


def _every(s: Scene, made: Database, change: str) -> None:
    """`change` with the site's user in place of `WHOM`."""
    for host in ("localhost", "127.0.0.1"):
        s.databases.run(change.replace("WHOM", f"'{made.user}'@'{host}'"))


def _asks(s: Scene, made: Database, *queries: str, host: str = "127.0.0.1") -> str:
    """Settings beside the start page, a class that asks by PDO or mysqli, a page; the path of the class."""
    site = describe(s)
    settings, store = s.at(f"{site.library}/database.php"), s.at(f"{site.library}/{site.noun}Store.php")
    s.keep(settings, php("return [", f"    'host' => '{host}',", f"    'port' => {s.databases.port},", f"    'name' => '{made.name}',", f"    'user' => '{made.user}',", f"    'password' => '{made.password}',", "];"))  # fmt: skip
    opened = s.rng.choice(("        $this->db = new PDO(\"mysql:host={$c['host']};port={$c['port']};dbname={$c['name']};charset=utf8mb4\", $c['user'], $c['password']);", "        $this->db = new mysqli($c['host'], $c['user'], $c['password'], $c['name'], $c['port']);"))  # fmt: skip
    s.keep(store, php(f"class {site.noun}Store", "{", "    private $db;", "", "    public function __construct()", "    {", "        $c = require __DIR__ . '/database.php';", opened, "    }", "", "    public function load()", "    {",
                      *[f"        {line}" if line.endswith(";") else f'        $this->db->query("{line}");' for line in queries], "        return true;", "    }", "}"))  # fmt: skip
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=[f"$ready = (new {site.noun}Store())->load();"]))
    return store


def _at(s: Scene, store: str, query: str, cause: str, *also: str) -> Truth:
    settings = f"{store.rpartition('/')[0]}/database.php"
    return Truth(cause, store, (s.line_of(store, query),), also, paths=(settings,) if cause.startswith("database-") else ())


_VISITS = "CREATE TABLE visits (id INT AUTO_INCREMENT PRIMARY KEY, page VARCHAR(99), seen INT) ENGINE=InnoDB; INSERT INTO visits (page) VALUES ('a');"


@case(PHP, "php")
def rights_to_write_were_taken_away(s: Scene) -> Truth:
    """The database grew beyond the plan: the host lets it be read, and no more."""
    made = _shop(s, _VISITS)
    query = s.rng.choice(("INSERT INTO visits (page) VALUES ('/')", "UPDATE visits SET seen = 1 WHERE id = 1", "REPLACE INTO visits (id, page) VALUES (1, 'b')"))  # fmt: skip
    store = _asks(s, made, "SELECT page FROM visits", query)
    _every(s, made, f"REVOKE ALL ON {made.name}.* FROM WHOM; GRANT SELECT, DELETE ON {made.name}.* TO WHOM;")
    return _at(s, store, query, "database-access-denied", "disk-full")


@case(PHP, "php")
def server_that_hangs_up_on_those_who_wait(s: Scene) -> Truth:
    """Between two questions the program waits for a slow partner; the server has a shorter patience."""
    query = "SELECT page FROM visits WHERE seen IS NULL"
    store = _asks(s, _shop(s, _VISITS), "$this->db->query('SET SESSION wait_timeout = 1');", "sleep(2); // the partner's answer;", query)
    return _at(s, store, query, "php-uncaught-exception", "database-server-down")


@case(_SEEN, "wordpress")
def password_that_the_surroundings_should_know(s: Scene) -> Truth:
    """Written for a machine that hands it over by itself."""
    path, name = s.at("wp-config.php"), s.rng.choice(("WORDPRESS_DB_PASSWORD", "DB_PASS", "MYSQL_PASSWORD"))
    assert s.database is not None
    s.write(path, config(s).replace(f"'{s.database.password}'", s.rng.choice((f"getenv( '{name}' )", f"$_SERVER['{name}'] ?? ''", f"getenv( '{name}' ) ?: 'example'"))))  # fmt: skip
    line = s.line_of(path, "DB_PASSWORD")
    return Truth("database-access-denied", path, tuple(range(line - 2, line + 2)))


@case(_SEEN, "yii2")
def framework_with_the_password_of_the_rehearsal(s: Scene) -> Truth:
    """Told in the framework's own log alone."""
    base, made = base_of(s), _shop(s, _VISITS)
    path, site = f"{base}config/db.php", f"{base}controllers/SiteController.php"
    dsn, old = f"mysql:host=127.0.0.1;port={s.databases.port};dbname={made.name}", s.rng.choice(("secret", "staging-2023", "yii2basic"))
    s.write(path, php("return [", "    'class' => 'yii\\db\\Connection',", f"    'dsn' => '{dsn}',", f"    'username' => '{made.user}',", f"    'password' => '{old}',", "    'charset' => 'utf8mb4',", "];"))  # fmt: skip
    s.keep(site, s.read(site).decode().replace("        $text", "        $db = require dirname(__DIR__) . '/config/db.php';\n        $rows = (new \\PDO($db['dsn'], $db['username'], $db['password']))->query('SELECT page FROM visits');\n        $text", 1))  # fmt: skip
    line = s.line_of(path, "'password'")
    return Truth("database-access-denied", path, tuple(range(line - 2, line + 1)), ("application-answers-500",), paths=(site,))


@case(_SEEN, "nextcloud")
def cloud_with_the_name_of_the_old_database(s: Scene) -> Truth:
    """The new host puts the customer's number before every name; the log is one line of JSON a request."""
    made, path, app = _shop(s, _VISITS), s.at("config/config.php"), s.at("apps/prices/lib/AppInfo/Application.php")
    lines = [f"  'dbtype' => 'mysql',\n  'dbname' => '{s.rng.choice(('nextcloud', 'oc_cloud', 'cloud1'))}',\n  'dbhost' => '127.0.0.1:{s.databases.port}',\n  'dbuser' => '{made.user}',\n  'dbpassword' => '{made.password}',"]  # fmt: skip
    s.write(path, s.read(path).decode().replace("  'dbtype' => 'sqlite3',", lines[0]))
    s.keep(app, php("namespace OCA\\Prices\\AppInfo;", "class Application", "{", "    public function boot(): void", "    {", "        global $CONFIG;", "        [$host, $port] = explode(':', $GLOBALS['CONFIG']['dbhost']);", "        new \\PDO(\"mysql:host=$host;port=$port;dbname=\" . $GLOBALS['CONFIG']['dbname'], $CONFIG['dbuser'], $CONFIG['dbpassword']);", "    }", "}"))  # fmt: skip
    s.databases.run(f"GRANT SELECT ON *.* TO '{made.user}'@'127.0.0.1'; GRANT SELECT ON *.* TO '{made.user}'@'localhost'")
    return Truth(
        "database-missing", path, (s.line_of(path, "'dbname'"),), ("database-access-denied",), paths=(app, s.at("data/nextcloud.log"))
    )


def _opened(s: Scene, made: Database) -> str:
    return f"new \\PDO('mysql:host=127.0.0.1;port={s.databases.port};dbname={made.name}', '{made.user}', '{made.password}')"


@case(_SEEN, "symfony")
def field_that_nobody_fills(s: Scene) -> Truth:
    """The new server is strict where the old one put in nothing by itself."""
    kind, query = s.rng.choice((("phone VARCHAR(30) NOT NULL", "INSERT INTO visit (name) VALUES ('x')"), ("born DATE", "INSERT INTO visit (name, born) VALUES ('x', '0000-00-00')"), ("age INT", "INSERT INTO visit (name, age) VALUES ('x', '')"), ("kind VARCHAR(4)", "INSERT INTO visit (name, kind) VALUES ('x', 'visitor')")))  # fmt: skip
    made, base = _shop(s, f"CREATE TABLE visit (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(30), {kind});"), base_of(s)
    store, controller = f"{base}src/Repository/VisitRepository.php", f"{base}src/Controller/HomeController.php"
    if "born" in kind:
        s.databases.run("SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'")
        s.afterwards(s.databases.run, "SET GLOBAL sql_mode = DEFAULT")
    s.keep(store, php("namespace App\\Repository;", "", "class VisitRepository", "{", "    public function add(): void", "    {", f"        $db = {_opened(s, made)};", f'        $db->exec("{query}");', "    }", "}"))  # fmt: skip
    s.keep(controller, s.read(controller).decode().replace("        $text", "        (new \\App\\Repository\\VisitRepository())->add();\n        $text", 1))  # fmt: skip
    return Truth("php-uncaught-exception", store, (s.line_of(store, query),), ("application-answers-500",))


@case(_SEEN, "laravel")
def program_newer_than_its_tables(s: Scene) -> Truth:
    """The files were deployed; the step that changes the tables was not run."""
    column, base = s.rng.choice(("rating", "tax_rule_id", "delivery_days", "is_virtual")), base_of(s)
    made = _shop(s, "CREATE TABLE products (id INT PRIMARY KEY, name VARCHAR(30), active TINYINT);")
    connection = f"{base}vendor/laravel/framework/src/Illuminate/Database/Connection.php"
    controller, migration = f"{base}app/Http/Controllers/HomeController.php", f"{base}database/migrations/2026_11_{s.rng.randint(10, 20)}_093011_add_{column}_to_products_table.php"  # fmt: skip
    query = f"select `name`, `{column}` from `products` where `active` = 1"
    s.keep(f"{base}vendor/laravel/framework/src/Illuminate/Database/QueryException.php", php("namespace Illuminate\\Database;", "class QueryException extends \\PDOException {}"))  # fmt: skip
    s.keep(connection, php("namespace Illuminate\\Database;", "class Connection", "{", "    public function select(string $query): array", "    {", f"        $pdo = {_opened(s, made)};", "        try {", "            return $pdo->query($query)->fetchAll();", "        } catch (\\PDOException $e) {", "            throw new QueryException($e->getMessage() . ' (Connection: mysql, SQL: ' . $query . ')');", "        }", "    }", "}"))  # fmt: skip
    s.write(controller, s.read(controller).decode().replace("        $text", f"        $rows = (new \\Illuminate\\Database\\Connection())->select('{query}');\n        $text", 1))  # fmt: skip
    s.write(
        migration,
        php("return new class {", "    public function up(): void", "    {", f"        // $table->integer('{column}');", "    }", "};"),
    )
    also = ("application-answers-500", "database-table-missing")
    return Truth("php-uncaught-exception", controller, (s.line_of(controller, query),), also, paths=(connection, migration))


@case(_SEEN, "joomla")
def table_names_of_a_windows_machine(s: Scene) -> Truth:
    """There large and small letters were one."""
    name, path, settings = s.rng.choice(("Customers", "OrderItems", "Prices", "NEWS")), s.at("plugins/system/prices/src/Extension/Prices.php"), s.at("configuration.php")  # fmt: skip
    made = _shop(s, f"CREATE TABLE jos_{name.lower()} (id INT PRIMARY KEY, name VARCHAR(30));")
    lines = f"\tpublic $dbtype = 'mysqli';\n\tpublic $host = '127.0.0.1:{s.databases.port}';\n\tpublic $user = '{made.user}';\n\tpublic $password = '{made.password}';\n\tpublic $db = '{made.name}';\n\tpublic $dbprefix = 'jos_';\n}}"  # fmt: skip
    s.keep(settings, s.read(settings).decode().rstrip().removesuffix("}") + lines + "\n", 0o444)
    query = f"SELECT id, name FROM jos_{name} ORDER BY id"
    s.keep(path, php("namespace Joomla\\Plugin\\System\\Prices\\Extension;", "class Prices", "{", "    public function onAfterRoute(): void", "    {", "        $c = new \\JConfig();", "        [$host, $port] = explode(':', $c->host);", "        $db = new \\mysqli($host, $c->user, $c->password, $c->db, (int) $port);", f"        $db->query('{query}');", "    }", "}"))  # fmt: skip
    return Truth("database-table-missing", path, (s.line_of(path, query),), ("application-answers-500",), paths=(settings,))


@case(PHP, "php")
def part_whose_owner_stayed_behind(s: Scene) -> Truth:
    """A view or a trigger, imported from the old host with the name of the user there."""
    made = _shop(s, "CREATE TABLE prices (id INT AUTO_INCREMENT PRIMARY KEY, price INT);")
    owner = s.rng.choice(("'web83_usr1'@'localhost'", "'d0213'@'%'", "'root'@'192.0.2.7'"))
    made_of, query = s.rng.choice((("SQL SECURITY DEFINER VIEW price_list AS SELECT id, price FROM prices", "SELECT id, price FROM price_list"), ("TRIGGER price_set BEFORE INSERT ON prices FOR EACH ROW SET NEW.price = 1", "INSERT INTO prices (price) VALUES (2)")))  # fmt: skip
    s.databases.run(f"CREATE DEFINER={owner} {made_of}", made.name)
    return _at(s, _asks(s, made, query), query, "php-uncaught-exception", "database-access-denied", "database-table-missing")


@case(PHP, "php")
def all_lines_to_the_server_are_taken(s: Scene) -> Truth:
    """By whoever else is on it."""
    store = _asks(s, _shop(s, _VISITS), "SELECT page FROM visits")
    s.databases.run("SET GLOBAL max_connections = 10")
    s.afterwards(s.databases.run, "SET GLOBAL max_connections = 151")
    command = [binary("mariadb"), "--no-defaults", "-u", "root", "-S", s.databases.line]
    for _ in range(10):
        other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        s.afterwards(_away, other)
    time.sleep(1.0)
    return _at(s, store, "$this->db = new", "database-too-many-connections")


def _away(other: subprocess.Popen[bytes]) -> None:
    other.kill()
    other.communicate()


# --- well, for all that
@well(_SEEN, "wordpress")
def tables_of_the_release_before(s: Scene) -> Truth:
    """The files were updated by the host; the tables follow when somebody logs in, and nobody must."""
    assert s.database is not None
    s.databases.run(f"UPDATE {s.database.prefix}options SET option_value = '{s.rng.choice((49752, 51917, 48748))}' WHERE option_name = 'db_version'", s.database.name)  # fmt: skip
    return _WELL


@well(_SEEN, "php")
def backup_that_may_not_log_in(s: Scene) -> Truth:
    """A job by night, and settings of last year beside those in use: the pages need neither."""
    site, stamp = describe(s), time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - s.rng.randint(90, 900)))
    s.write("backup/backup.log", f"{stamp} start\nmysqldump: Got error: 1045: \"Access denied for user 'web12'@'localhost' (using password: YES)\" when trying to connect\n{stamp} FAILED\n")  # fmt: skip
    s.keep("backup/backup.sh", '#!/bin/sh\nmysqldump -u web12 -p"$P" web12_shop > /dev/null\n', 0o700)
    s.keep(s.at(f"{site.library}/database.old.php"), php("return [", "    'host' => 'db7.old-host.invalid',", f"    'name' => 'web{s.rng.randint(1, 99)}',", "    'user' => 'web12',", f"    'password' => '{s.rng.choice(words.NOUNS)}',", "];"))  # fmt: skip
    return _WELL
