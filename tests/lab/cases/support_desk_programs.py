# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Shops, wikis, boards, portals and frameworks, as a support desk meets them: moved, updated; and some that only look bad."""

from __future__ import annotations

import os
import re
import subprocess
import time

from tests.lab import words
from tests.lab.cases.base import PHP, Truth, case, well
from tests.lab.scene import Scene
from tests.lab.sites.clubs_and_shops import club
from tests.lab.sites.edits import added, changed, lines_at
from tests.lab.sites.frameworks import base_of
from tests.lab.sites.php_site import php
from tests.programs import binary

_WELL = Truth("none", statuses=(200,))
_EVERYWHERE = (*PHP, "ovh")
_REACHED = ("plain", "shared", "engine", "own-log")  # where the database is asked as well
_THROWN = ("php-uncaught-exception",)


# --- shops
@case(_REACHED, "opencart")
def shop_with_the_port_of_the_old_server(s: Scene) -> Truth:
    """The program keeps the reason to itself and names only the user and the machine. Some have lost the way to their sessions as well, which shows only later."""
    path = s.at("config.php")
    host, port = s.rng.choice((("127.0.0.1", "3307"), ("127.0.0.1", "33061"), ("127.0.0.1", "3336"), ("db5000.hosting.invalid", "3306")))
    text = s.read(path).decode().replace("'DB_HOSTNAME', '127.0.0.1'", f"'DB_HOSTNAME', '{host}'")
    s.write(path, re.sub(r"'DB_PORT', '\d+'", f"'DB_PORT', '{port}'", text))
    if s.rng.random() < 0.5:
        s.chmod(s.at("system/storage/session"), 0o555)
    return Truth("database-server-down", path, lines_at(s, path, "DB_HOSTNAME", "DB_PORT"), paths=(s.at("system/library/db/mysqli.php"),))


@case(PHP, "opencart")
def shop_that_cannot_keep_its_visitors(s: Scene) -> Truth:
    """The refusal stands in its own log; PHP's tells of a handle that is none."""
    folder = s.at("system/storage/session")
    s.chmod(folder, 0o555)
    driver = s.at("system/library/session/file.php")
    return Truth("folder-not-writable", folder, (), ("php-session-path-not-writable",), paths=(driver,))


@case((*_REACHED, "fcgid"), "prestashop")
def shop_with_the_short_name_of_its_database(s: Scene) -> Truth:
    """Here the customer's number stands before it; the shop's own list of the day tells, with paths of its own."""
    made, path = s.database, s.at("app/config/parameters.php")
    assert made is not None
    s.databases.run(f"GRANT SELECT ON *.* TO '{made.user}'@'127.0.0.1'; GRANT SELECT ON *.* TO '{made.user}'@'localhost'")
    changed(s, path, f"'{made.name}'", f"'{s.rng.choice(('prestashop', 'shop', 'ps_live'))}'")
    return Truth("database-missing", path, lines_at(s, path, "'database_name'"), ("database-access-denied", "application-answers-500"), paths=(s.at("classes/db/Db.php"),))  # fmt: skip


# --- wikis and boards
@case((*PHP, "ovh"), "mediawiki")
def wiki_that_misses_a_part_after_its_update(s: Scene) -> Truth:
    """The new release came in a new folder; what had been added to the old one stayed there."""
    name = s.rng.choice(("MobileFrontend", "PdfEmbed", "HeadScript", "UserMerge", "Lockdown"))
    path = added(s, s.at("LocalSettings.php"), [f"wfLoadExtension( '{name}' );", f"$wg{name}Options = [ 'a' => 1 ];"])
    return Truth("php-missing-file", path, lines_at(s, path, f"'{name}'"), _THROWN, paths=(s.at("includes/registration/ExtensionRegistry.php"), s.at(f"extensions/{name}/extension.json"), s.at(f"extensions/{name}")))  # fmt: skip


@case((*PHP, "ovh"), "mediawiki")
def wiki_that_asks_for_parts_of_php_on_its_page(s: Scene) -> Truth:
    """After an update it wants what this PHP has not; it stops by itself, and no log hears of it."""
    wanted = s.rng.choice(
        ("'mb_substr' => 'mbstring'", "'normalizer_normalize' => 'intl'", "'mb_substr' => 'mbstring', 'normalizer_normalize' => 'intl'")
    )
    changed(s, s.at("includes/PHPVersionCheck.php"), "'ctype_digit' => 'ctype'", f"'ctype_digit' => 'ctype', {wanted}")
    return Truth("php-missing-extension")


@case(_REACHED, "board")
def board_with_a_damaged_table(s: Scene) -> Truth:
    """Of the old kind, since the server was cut off; the page says so, and no log does."""
    made = s.database
    assert made is not None
    text = s.read(s.at("config.php")).decode()
    found = re.search(r"table_prefix = '(\w+)'", text)
    assert found
    table = found[1] + "sessions"
    s.databases.run(f"FLUSH TABLES {table}", made.name)
    index = s.databases.data / made.name / f"{table}.MYI"
    content = bytearray(index.read_bytes())
    content[26] |= 2  # the byte of its state: crashed
    index.write_bytes(content)
    s.databases.run(f"FLUSH TABLES {table}", made.name)
    return Truth("database-table-crashed", "", statuses=(503,))


# --- portals
@case(PHP, "joomla")
def portal_that_begins_with_a_mark(s: Scene) -> Truth:
    """An editor put three bytes before the first tag: the answer has begun, and no session can. With a 200."""
    path = s.at("configuration.php")
    s.keep(s.at("libraries/src/Session/Storage/JoomlaStorage.php"), php(
        "namespace Joomla\\CMS\\Session\\Storage;", "class JoomlaStorage", "{", "    public function start(): void", "    {", "        if (headers_sent($file, $line)) {",
        "            throw new \\RuntimeException(sprintf('Failed to start the session because headers already been sent by \"%s\" at line %d.', $file, $line));", "        }", "        session_start();", "    }", "}"))  # fmt: skip
    app = s.at("includes/app.php")
    lines = ["require JPATH_ROOT . '/libraries/src/Session/Storage/JoomlaStorage.php';", "try { (new Joomla\\CMS\\Session\\Storage\\JoomlaStorage())->start(); } catch (RuntimeException $e) {",
             "    if (!headers_sent()) { http_response_code(500); }", "    exit('Error displaying the error page: Application Instantiation Error: ' . $e->getMessage());", "}"]  # fmt: skip
    added(s, app, lines)
    if s.rng.random() < 0.4:
        path = s.at("libraries/loader.php")
        changed(s, app, "require JPATH_ROOT . '/configuration.php';", "require JPATH_ROOT . '/libraries/loader.php'; require JPATH_ROOT . '/configuration.php';", fresh=False)  # fmt: skip
    s.write(path, "\ufeff" + s.read(path).decode())
    return Truth("php-byte-order-mark", path, (1,), ("application-answers-500", "php-uncaught-exception"), statuses=(200,), body=b"Error displaying the error page")  # fmt: skip


@case(_REACHED, "joomla")
def portal_that_seeks_tables_of_another_beginning(s: Scene) -> Truth:
    """Settings of a second copy, whose tables begin otherwise; a page with the database's words and no log."""
    made, path = s.make_database("none"), s.at("configuration.php")
    right, wrong = f"{''.join(s.rng.choices('abcdefgh', k=5))}_", s.rng.choice(("jos_", "j4_", "dev_", "xk2p9_"))
    s.databases.run(
        f"CREATE TABLE {right}session (id INT PRIMARY KEY); CREATE TABLE {right}extensions (id INT PRIMARY KEY, name VARCHAR(30));",
        made.name,
    )
    lines = f"\tpublic $dbtype = 'mysqli';\n\tpublic $host = '127.0.0.1:{s.databases.port}';\n\tpublic $user = '{made.user}';\n\tpublic $password = '{made.password}';\n\tpublic $db = '{made.name}';\n\tpublic $dbprefix = '{wrong}';\n}}"
    s.write(path, s.read(path).decode().rstrip().removesuffix("}") + lines + "\n", 0o444)
    table = s.rng.choice(("session", "extensions"))
    added(s, s.at("includes/app.php"), [
        "try {", "    [$host, $port] = explode(':', $config->host);", "    $db = new mysqli($host, $config->user, $config->password, $config->db, (int) $port);", f"    $db->query(str_replace('#__', $config->dbprefix, 'SELECT id FROM #__{table}'));", "} catch (mysqli_sql_exception $e) {", "    http_response_code(500);",
        "    exit('<!DOCTYPE html><html><head><title>Error: ' . $e->getCode() . '</title></head><body><h1>The requested page can&#039;t be found.</h1><blockquote><span class=\"badge bg-secondary\">' . $e->getCode() . '</span> ' . htmlspecialchars($e->getMessage()) . '</blockquote></body></html>');", "}"])  # fmt: skip
    return Truth("database-table-missing", path, lines_at(s, path, "$dbprefix"), ("application-answers-500",))


@case(PHP, "drupal")
def template_of_a_portal_with_a_bracket_too_few(s: Scene) -> Truth:
    """The error knows the file and line of the template, which is no PHP."""
    theme = s.rng.choice(words.THEME_WORDS)
    template = f"themes/custom/{theme}/templates/{s.rng.choice(('page', 'node--article', 'layout/region--content'))}.html.twig"
    good = [
        f'<div class="{s.rng.choice(words.FOLDERS)}">{{{{ content.{s.rng.choice(("body", "field_image", "links"))} }}}}</div>'
        for _ in range(s.rng.randint(3, 20))
    ]
    at = s.rng.randint(1, len(good) - 1)
    good[at] = "<h2{{ title_attributes }>{{ label }}</h2>"
    s.write(s.at(template), "\n".join(good) + "\n")
    lexer = s.at("vendor/twig/twig/src/Lexer.php")
    s.keep(lexer, php(
        "namespace Twig;", "class Lexer", "{", "    public function tokenize(string $name, string $file): void", "    {", "        foreach (file($file) as $n => $text) {", "            if (preg_match('/{{(?:(?!}}).)*?}(?!})/', $text)) {",
        "                throw new Error\\SyntaxError('Unexpected \"}\".', $name, $n + 1, $file);", "            }", "        }", "    }", "}"))  # fmt: skip
    s.keep(s.at("vendor/twig/twig/src/Error/SyntaxError.php"), php(
        "namespace Twig\\Error;", "class SyntaxError extends \\Exception", "{", "    public function __construct(string $message, string $name, int $line, string $file)", "    {",
        "        parent::__construct(rtrim($message, '.') . sprintf(' in \"%s\" at line %d.', $name, $line));", "        $this->file = $file;", "        $this->line = $line;", "    }", "}"))  # fmt: skip
    text = s.read(s.at("index.php")).decode()
    start = text.index("$page = [];")
    more = f"require 'vendor/twig/twig/src/Lexer.php';\nrequire 'vendor/twig/twig/src/Error/SyntaxError.php';\n(new Twig\\Lexer())->tokenize('{template}', __DIR__ . '/{template}');\n"
    s.keep(s.at("index.php"), text[:start] + more + text[start:])
    return Truth("php-uncaught-exception", s.at(template), (at + 1,), ("application-answers-500", "php-parse-error"))


# --- frameworks
@case((*_REACHED, "fcgid"), "laravel")
def workers_that_hold_all_lines_to_the_database(s: Scene) -> Truth:
    """Started by hand over SSH again and again, and never ended; the plan allows the user so many. The framework's own log tells."""
    base, made, most = base_of(s), s.make_database("none"), s.rng.randint(2, 4)
    s.databases.run("CREATE TABLE pages (id INT PRIMARY KEY, title VARCHAR(30));", made.name)
    for host in ("localhost", "127.0.0.1"):
        s.databases.run(f"ALTER USER '{made.user}'@'{host}' WITH MAX_USER_CONNECTIONS {most}")
    env = f"{base}.env"
    s.keep(env, s.read(env).decode() + f"\nDB_CONNECTION=mysql\nDB_HOST=127.0.0.1\nDB_PORT={s.databases.port}\nDB_DATABASE={made.name}\nDB_USERNAME={made.user}\nDB_PASSWORD={made.password}\n", 0o600)  # fmt: skip
    folder = f"{base}vendor/laravel/framework/src/Illuminate"
    connector, app = f"{folder}/Database/Connectors/Connector.php", f"{folder}/Foundation/Application.php"
    s.keep(connector, php("namespace Illuminate\\Database\\Connectors;", "class Connector", "{", "    public function createConnection(array $env): \\PDO", "    {", "        return new \\PDO(\"mysql:host={$env['DB_HOST']};port={$env['DB_PORT']};dbname={$env['DB_DATABASE']}\", $env['DB_USERNAME'], $env['DB_PASSWORD']); /* here */", "    }", "}"))  # fmt: skip
    changed(s, app, "        $routes = require", "        (new \\Illuminate\\Database\\Connectors\\Connector())->createConnection($_ENV)->query('select `title` from `pages`');\n        $routes = require", fresh=False)  # fmt: skip
    command = [binary("mariadb"), "--no-defaults", "-h", "127.0.0.1", "-P", str(s.databases.port), "--protocol=TCP", "-u", made.user, made.name]  # fmt: skip
    for _ in range(most):
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "MYSQL_PWD": made.password})  # fmt: skip
        s.afterwards(_ended, worker)
    time.sleep(1.0)
    return Truth(
        "database-too-many-connections", connector, lines_at(s, connector, "/* here */"), ("resource-limit-reached",), paths=(env, app)
    )


def _ended(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    worker.communicate()


@case(_EVERYWHERE, "symfony")
def framework_left_in_the_way_of_its_developers(s: Scene) -> Truth:
    """`APP_ENV=dev`, and packages installed without what is only for development."""
    base = base_of(s)
    bundles, kernel, env = f"{base}config/bundles.php", f"{base}vendor/symfony/http-kernel/Kernel.php", f"{base}.env.local"
    name = s.rng.choice(("Symfony\\Bundle\\WebProfilerBundle\\WebProfilerBundle", "Symfony\\Bundle\\DebugBundle\\DebugBundle", "Symfony\\Bundle\\MakerBundle\\MakerBundle"))  # fmt: skip
    s.keep(f"{base}vendor/symfony/framework-bundle/FrameworkBundle.php", php("namespace Symfony\\Bundle\\FrameworkBundle;", "class FrameworkBundle", "{", "}"))  # fmt: skip
    changed(s, f"{base}vendor/autoload_runtime.php", "'Symfony\\\\Component\\\\HttpKernel\\\\' =>", "'Symfony\\\\Bundle\\\\FrameworkBundle\\\\' => '/vendor/symfony/framework-bundle/', 'Symfony\\\\Component\\\\HttpKernel\\\\' =>", fresh=False)  # fmt: skip
    changed(s, bundles, "['all' => true],", f"['all' => true],\n    {name}::class => ['dev' => true, 'test' => true],", fresh=False)
    changed(s, kernel, "        $bundles = require $this->base . '/config/bundles.php';", "        $bundles = require $this->base . '/config/bundles.php';\n        foreach ($bundles as $class => $envs) {\n            if ($envs[$_ENV['APP_ENV']] ?? $envs['all'] ?? false) {\n                new $class(); /* here */\n            }\n        }", fresh=False)  # fmt: skip
    changed(s, kernel, "/var/log/prod.log'", "/var/log/' . $_ENV['APP_ENV'] . '.log'", fresh=False)
    s.write(env, s.read(env).decode() + "APP_ENV=dev\n", 0o600)
    return Truth("php-class-not-found", env, lines_at(s, env, "APP_ENV"), (*_THROWN, "application-answers-500"), paths=(kernel, bundles))


@case((*PHP, "ovh"), "codeigniter3")
def visitors_kept_in_a_folder_of_the_old_host(s: Scene) -> Truth:
    """An exception of the program's own driver, in its log of the day."""
    path = s.at("application/config/config.php")
    old = s.rng.choice(("/home/oldhost/ci_sessions", "/var/lib/php5/sessions", "/srv/sessions/web17"))
    changed(s, path, "$config['log_threshold'] = 1;", f"$config['log_threshold'] = 1;\n$config['sess_driver'] = 'files';\n$config['sess_save_path'] = '{old}';")  # fmt: skip
    driver = s.at("system/libraries/Session/drivers/Session_files_driver.php")
    s.keep(driver, php("class CI_Session_files_driver", "{", "    public function open($save_path)", "    {", "        if (!is_dir($save_path) && !@mkdir($save_path, 0700, true)) {",
                       "            throw new Exception(\"Session: Configured save path '\" . $save_path . \"' is not a directory, doesn't exist or cannot be created.\");", "        }", "    }", "}"))  # fmt: skip
    changed(s, s.at("system/core/CodeIgniter.php"), "require APPPATH . 'controllers/Welcome.php';", "require BASEPATH . 'libraries/Session/drivers/Session_files_driver.php';\n(new CI_Session_files_driver())->open($config['sess_save_path']);\nrequire APPPATH . 'controllers/Welcome.php';", fresh=False)  # fmt: skip
    return Truth("php-session-path-not-writable", path, lines_at(s, path, "sess_save_path"), (*_THROWN, "folder-not-writable", "application-answers-500"), paths=(driver,))  # fmt: skip


# --- well, for all that
@well(PHP, "opencart")
def shop_whose_own_log_grows(s: Scene) -> Truth:
    """Two warnings at every request, in its own log, and a whole page."""
    path = s.at("catalog/controller/common/home.php")
    s.write(path, s.read(path).decode().replace("\t\t$text", "\t\t$banner = file_get_contents(DIR_IMAGE . 'catalog/banner.json');\n\t\t$first = json_decode($banner ?: '[]', true)[0];\n\t\t$text", 1))  # fmt: skip
    return _WELL


@well((*PHP, "ovh"), "prestashop")
def shop_whose_feed_failed_an_hour_ago(s: Scene) -> Truth:
    """A timed job met the end of a database's patience; customers see nothing of it."""
    stamp = time.gmtime(time.time() + 3600 - s.rng.randint(900, 4000))
    lines = "".join(f"*ERROR* \tv8.1.7\t{time.strftime('%Y/%m/%d - %H:%M:%S', stamp)}: [PrestaShopDatabaseException] MySQL server has gone away<br /><br /><pre>SELECT id_product FROM ps_feed LIMIT {n}00, 100</pre> at line 20 in file classes/db/Db.php\r\n" for n in range(1, 6))  # fmt: skip
    s.write(s.at(f"var/logs/{time.strftime('%Y%m%d', stamp)}_exception.log"), lines)
    s.keep(
        s.at("modules/feed/cron.php"),
        php("require dirname(__DIR__, 2) . '/config/config.inc.php';", "if (PHP_SAPI !== 'cli') { http_response_code(403); exit; }"),
    )
    return _WELL


@well((*PHP, "ovh"), "club")
def examples_of_faulty_files_in_a_library(s: Scene) -> Truth:
    """A package for checking code brings files that nobody could run, as its tests; and a page that was replaced is kept beside."""
    for name, text in (("ParseError", "<?php\nfunction broken( {\n"), ("Unclosed", "<?php\nclass A {\n    public function b() {\n"), ("MergeConflict", "<?php\n<<<<<<< HEAD\n$a = 1;\n=======\n$a = 2;\n>>>>>>> x\n"), ("Removed", "<?php\n$a = create_function('$b', 'return $b;');\n")):  # fmt: skip
        s.write(s.at(f"vendor/checks/sniffer/tests/Fixtures/{name}Test.inc.php"), text)
    s.write(s.at("contact.php.save"), "<?php\nrequire 'gone/mailer.php';\nmysql_connect(\n")
    return _WELL


@well((*PHP, "ovh"), "club")
def settings_of_three_machines(s: Scene) -> Truth:
    """Samples and copies with passwords that open nothing, beside those in use; and an `.env` that no program reads."""
    c = club(s)
    s.write(s.at(f"{c.config}.bak"), s.read(s.at(c.config)).decode().replace(c.database.password, "old-password"))
    s.write(s.at(f"{c.inc}/config.sample.php"), php("define('DB_HOST', 'localhost');", "define('DB_NAME', 'your_database');", "define('DB_USER', 'your_user');", "define('DB_PASS', 'your_password');"))  # fmt: skip
    s.write(".env", "APP_KEY=\nDB_HOST=db\nDB_PASSWORD=change me please\nMAIL_FROM=My Club <a@example.org>\n", 0o600)
    return _WELL


@well((*PHP, "ovh"), "mediawiki")
def wiki_with_a_page_about_its_own_errors(s: Scene) -> Truth:
    """A help page that quotes what the program says when it fails, in the program's own words."""
    path = s.at("includes/MediaWiki.php")
    quoted = "<h2>What to do when</h2><p>Sorry! This site is experiencing technical difficulties. (Cannot access the database)</p><pre>[a1b2c3] 2026-01-01 10:00:00: Fatal exception of type &quot;Wikimedia Rdbms DBQueryError&quot;</pre><p>PHP Fatal error:  Uncaught Error: Call to undefined function mb_substr() in /w/includes/x.php:12 appears: ask for mbstring.</p><p>MediaWiki internal error.</p>"
    s.write(path, s.read(path).decode().replace("str_repeat( '<p>'", f"'{quoted}' . str_repeat( '<p>'", 1))
    return _WELL


@well((*PHP, "ovh"), "symfony")
def framework_that_notes_strangers(s: Scene) -> Truth:
    """Addresses that nobody has, forms without their token and an old release's cache beside the new one, all of the last minutes."""
    base = base_of(s)
    rows = []
    for n in range(s.rng.randint(5, 40), 0, -1):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 3600 - n * 20))
        rows.append(s.rng.choice((
            f"[{stamp}.101+01:00] request.ERROR: Uncaught PHP Exception Symfony\\Component\\HttpKernel\\Exception\\NotFoundHttpException: \"No route found for \"GET http://localhost/wp-login.php\"\" at RouterListener.php line 127 {{}} []",
            f"[{stamp}.203+01:00] security.ERROR: Invalid CSRF token. {{}} []",
            f"[{stamp}.310+01:00] request.CRITICAL: Uncaught PHP Exception Symfony\\Component\\HttpKernel\\Exception\\AccessDeniedHttpException: \"Access Denied.\" at AccessListener.php line 91 {{}} []",
        )))  # fmt: skip
    s.write(f"{base}var/log/prod.log", "\n".join(rows) + "\n")
    s.keep(f"{base}var/cache/prod_old/App_KernelProdContainer.php", php("require 'gone.php';"))
    return _WELL
