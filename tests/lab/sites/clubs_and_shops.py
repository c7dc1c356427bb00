# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Sites of a club with pages, forms and a database, and small programs in the folder trees of shops, wikis and boards.

Each is written anew for the lab; places and forms of logs are those that these programs are known for.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab import words
from tests.lab.scene import Scene
from tests.lab.sites.php_site import filler, php
from tests.lab.stack.blog import Database


@dataclass(frozen=True)
class Club:
    """What lies where."""

    inc: str
    config: str
    functions: str
    table: str
    title: str
    database: Database


def club(scene: Scene) -> Club:
    """The names of this scene's club: the same for the same scene."""
    made = getattr(scene, "club_site", None)
    if made is None:
        rng = scene.rng
        inc = rng.choice(("inc", "includes", "partials", "php", "_site"))
        config = f"{inc}/{rng.choice(('config', 'config.inc', 'constants', 'site'))}.php"
        functions = f"{inc}/{rng.choice(('functions', 'functions.inc', 'lib', 'func'))}.php"
        table = rng.choice(("news", "aktuelles", "actualites", "notices"))
        made = Club(inc, config, functions, table, rng.choice(words.TITLES), scene.make_database("none"))
        scene.club_site = made  # type: ignore[attr-defined]
    return made


def text_of(scene: Scene) -> str:
    return scene.rng.choice(words.SENTENCES[:6]).replace("'", "")


def club_page(scene: Scene, title: str, before: list[str] | None = None, body: str = "", *, up: str = "") -> str:
    """A page as it is written by hand: what is asked first, then HTML between two included parts. `up`: the way to the docroot."""
    c = club(scene)
    lines = [f"$title = '{title}';", f"require_once '{up}{c.config}';", f"require_once '{up}{c.functions}';", *(before or []), f"include '{up}{c.inc}/header.php';", "?>"]  # fmt: skip
    text = body or words.paragraphs(scene.rng, 5)
    return php(lines) + f"<h2>{title}</h2>\n{text}\n<?php include '{up}{c.inc}/footer.php'; ?>\n"


def _defines(scene: Scene, made: Database) -> list[str]:
    return [
        "define('DB_HOST', '127.0.0.1');", f"define('DB_PORT', {scene.databases.port});", f"define('DB_NAME', '{made.name}');",
        f"define('DB_USER', '{made.user}');", f"define('DB_PASS', '{made.password}');",
    ]  # fmt: skip


def fill_club(scene: Scene) -> None:
    s, c, rng = scene, club(scene), scene.rng
    s.databases.run(
        f"CREATE TABLE {c.table} (id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(90), body TEXT, posted DATE) ENGINE=InnoDB;"
        f"INSERT INTO {c.table} (title, body, posted) VALUES ('Summer party', 'Bring chairs.', '2026-06-01'), ('Walk', 'At nine.', '2026-09-12');"
        "CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60), mail VARCHAR(90), pass VARCHAR(99)) ENGINE=InnoDB;",
        c.database.name,
    )
    s.keep(s.at(c.config), php(f"// {rng.choice(words.SENTENCES[:5])}", f"define('SITE_NAME', '{c.title}');", *_defines(s, c.database), "define('TIMEZONE', 'Europe/Paris');", "define('MAIL_TO', 'office@example.org');"))  # fmt: skip
    s.keep(s.at(c.functions), php(
        filler(rng, rng.randint(0, 14)), "function db(): mysqli", "{", "    static $db = null;", "    if ($db === null) {", "        $db = new mysqli(DB_HOST, DB_USER, DB_PASS, DB_NAME, DB_PORT);",
        "        $db->set_charset('utf8mb4');", "    }", "    return $db;", "}", "", "function e(string $text): string", "{", "    return htmlspecialchars($text, ENT_QUOTES);", "}", "",
        filler(rng, rng.randint(0, 20)), "function latest(int $count): array", "{", f"    $result = db()->query('SELECT id, title, body, posted FROM {c.table} ORDER BY posted DESC LIMIT ' . $count);",
        "    return $result->fetch_all(MYSQLI_ASSOC);", "}", ""))  # fmt: skip
    s.keep(s.at(f"{c.inc}/header.php"), "<!doctype html>\n<html>\n<head><meta charset=\"utf-8\"><title><?php echo $title . ' - ' . SITE_NAME; ?></title></head>\n<body>\n<ul>\n"
           + "".join(f'<li><a href="/{name}.php"><?php echo \'{name.capitalize()}\'; ?></a></li>\n' for name in ("index", "news", "contact", "gallery", "login")) + "</ul>\n")  # fmt: skip
    s.keep(s.at(f"{c.inc}/footer.php"), "<p>&copy; <?php echo date('Y'); ?> <?php echo SITE_NAME; ?></p>\n</body>\n</html>\n")
    s.keep(s.at("index.php"), club_page(s, "Welcome", ["$rows = latest(2);"], "<?php foreach ($rows as $row): ?>\n<h3><?php echo e($row['title']); ?></h3>\n<?php endforeach; ?>\n" + words.paragraphs(rng, 4)))  # fmt: skip
    s.keep(s.at("news.php"), club_page(s, "News", ["$rows = latest(20);"], "<?php foreach ($rows as $row): ?>\n<h3><?php echo e($row['title']); ?></h3>\n<p><?php echo e($row['body']); ?></p>\n<?php if ($row['posted']): ?>\n<p>Posted on <?php echo e($row['posted']); ?></p>\n<?php endif; ?>\n<?php endforeach; ?>\n" + words.paragraphs(rng, 3)))  # fmt: skip
    form = '<form method="post" action="contact.php">\n<input name="name">\n<textarea name="text"></textarea>\n<button>Send</button>\n</form>\n'
    s.keep(s.at("contact.php"), club_page(s, "Contact", ["$sent = false;", "if ($_SERVER['REQUEST_METHOD'] === 'POST' && !empty($_POST['text'])) {", "    $sent = mail(MAIL_TO, 'From the site', strip_tags($_POST['text']));", "}"], form + words.paragraphs(rng, 3)))  # fmt: skip
    s.keep(s.at("gallery.php"), club_page(s, "Gallery", ["$pictures = glob('uploads/*.jpg') ?: [];"]))
    s.keep(s.at("login.php"), club_page(s, "Members", ["session_start();"], form.replace("contact", "login")))
    s.keep(s.at("uploads/party.jpg"), b"\xff\xd8\xff\xe0" + bytes(300))
    s.folder(s.at("cache"))
    s.pages = ["/", "/news.php", rng.choice(("/contact.php", "/gallery.php", "/login.php"))]


def fill_opencart(scene: Scene) -> None:
    """Warnings go into a log of its own, the rest to PHP."""
    s, made, text = scene, scene.make_database("none"), text_of(scene)
    s.databases.run("CREATE TABLE oc_setting (setting_id INT PRIMARY KEY, `key` VARCHAR(60), `value` TEXT); INSERT INTO oc_setting VALUES (1, 'config_name', 'Shop');", made.name)  # fmt: skip
    root = f"{s.path(s.www)}/"
    s.keep(s.at("config.php"), php(
        "// HTTP", f"define('HTTP_SERVER', '{s.place.url}/');", "", "// DIR", f"define('DIR_APPLICATION', '{root}catalog/');", f"define('DIR_SYSTEM', '{root}system/');", f"define('DIR_IMAGE', '{root}image/');",
        "define('DIR_STORAGE', DIR_SYSTEM . 'storage/');", "define('DIR_LOGS', DIR_STORAGE . 'logs/');", "define('DIR_SESSION', DIR_STORAGE . 'session/');", "", "// DB", "define('DB_DRIVER', 'mysqli');", "define('DB_HOSTNAME', '127.0.0.1');",
        f"define('DB_USERNAME', '{made.user}');", f"define('DB_PASSWORD', '{made.password}');", f"define('DB_DATABASE', '{made.name}');", f"define('DB_PORT', '{s.databases.port}');", "define('DB_PREFIX', 'oc_');"))  # fmt: skip
    s.keep(s.at("index.php"), php(
        "// Version", "define('VERSION', '3.0.3.8');", "", "// Configuration", "if (is_file('config.php')) {", "\trequire_once('config.php');", "}", "", "// Install", "if (!defined('DIR_APPLICATION')) {", "\theader('Location: install/index.php');", "\texit;", "}", "",
        "// Startup", "require_once(DIR_SYSTEM . 'startup.php');", "", "start('catalog');"))  # fmt: skip
    s.keep(s.at("system/startup.php"), php(
        "error_reporting(E_ALL);", "", "spl_autoload_register(function ($class) {", "\t$file = DIR_SYSTEM . 'library/' . str_replace('\\\\', '/', strtolower($class)) . '.php';", "\tif (is_file($file)) {", "\t\tinclude_once($file);", "\t}", "});", "",
        "function start($application) {", "\trequire_once(DIR_SYSTEM . 'framework.php');", "}"))  # fmt: skip
    s.keep(s.at("system/framework.php"), php(
        "set_error_handler(function ($code, $message, $file, $line) {", "\t$names = [E_WARNING => 'Warning', E_NOTICE => 'Notice', E_USER_WARNING => 'Warning'];",
        "\tfile_put_contents(DIR_LOGS . 'error.log', date('Y-m-d H:i:s') . ' - PHP ' . ($names[$code] ?? 'Unknown') . ':  ' . $message . ' in ' . $file . ' on line ' . $line . \"\\n\", FILE_APPEND);", "\treturn true;", "});", "",
        "$db = new DB\\MySQLi(DB_HOSTNAME, DB_USERNAME, DB_PASSWORD, DB_DATABASE, DB_PORT);", "$name = $db->query('SELECT `value` FROM `' . DB_PREFIX . \"setting` WHERE `key` = 'config_name'\");", "$session = new Session\\File();", "$session->write(bin2hex(random_bytes(13)), ['language' => 'en-gb']);",
        "require_once(DIR_APPLICATION . 'controller/common/home.php');", "echo (new ControllerCommonHome())->index($name);"))  # fmt: skip
    s.keep(s.at("system/library/db/mysqli.php"), php(
        "namespace DB;", "final class MySQLi {", "\tprivate $connection;", "", "\tpublic function __construct($hostname, $username, $password, $database, $port = '3306') {", "\t\ttry {", "\t\t\t$this->connection = @new \\mysqli($hostname, $username, $password, $database, (int)$port);",
        "\t\t} catch (\\mysqli_sql_exception $e) {", "\t\t\tthrow new \\Exception('Error: Could not make a database link using ' . $username . '@' . $hostname . '!');", "\t\t}", "\t}", "",
        "\tpublic function query($sql) {", "\t\ttry {", "\t\t\treturn $this->connection->query($sql)->fetch_row()[0] ?? '';", "\t\t} catch (\\mysqli_sql_exception $e) {",
        "\t\t\tthrow new \\Exception('Error: ' . $e->getMessage() . '<br />Error No: ' . $e->getCode() . '<br />' . $sql);", "\t\t}", "\t}", "}"))  # fmt: skip
    s.keep(s.at("system/library/session/file.php"), php(
        "namespace Session;", "class File {", "\tpublic function write($id, $data) {", "\t\t$file = DIR_SESSION . 'sess_' . $id;", "\t\t$handle = fopen($file, 'c');", "\t\tflock($handle, LOCK_EX);", "\t\tfwrite($handle, serialize($data));", "\t\tfflush($handle);", "\t\tflock($handle, LOCK_UN);", "\t\tfclose($handle);", "\t\treturn true;", "\t}", "}"))  # fmt: skip
    s.keep(s.at("catalog/controller/common/home.php"), php("class ControllerCommonHome {", "\tpublic function index($name) {", f"\t\t$text = '{text}';", "\t\treturn '<!doctype html><html><head><title>' . $name . '</title></head><body><h1>' . $name . '</h1>' . str_repeat('<p>' . $text . '</p>', 6) . '</body></html>';", "\t}", "}"))  # fmt: skip
    s.keep(s.at("admin/config.php"), s.read(s.at("config.php")).decode().replace("catalog/", "admin/"))
    for folder in ("image/cache", "system/storage/cache", "system/storage/logs", "system/storage/modification", "system/storage/session"):
        s.folder(s.at(folder))
    s.keep(s.at("system/storage/logs/error.log"), "2026-03-02 10:11:12 - PHP Notice:  Undefined index: filter in /home/old/catalog/controller/product/search.php on line 9\n")  # fmt: skip
    s.pages = ["/"]


def fill_prestashop(scene: Scene) -> None:
    """Exceptions go into a file a day, with paths from the docroot on."""
    s, made, text = scene, scene.make_database("none"), text_of(scene)
    s.databases.run("CREATE TABLE ps_configuration (id INT PRIMARY KEY, name VARCHAR(60), value TEXT); INSERT INTO ps_configuration VALUES (1, 'PS_SHOP_NAME', 'Shop');", made.name)  # fmt: skip
    s.keep(s.at("app/config/parameters.php"), php(
        "return array (", "  'parameters' =>", "  array (", "    'database_host' => '127.0.0.1',", f"    'database_port' => '{s.databases.port}',", f"    'database_name' => '{made.name}',", f"    'database_user' => '{made.user}',",
        f"    'database_password' => '{made.password}',", "    'database_prefix' => 'ps_',", "    'cookie_key' => 'Kd81',", "  ),", ");"))  # fmt: skip
    s.keep(s.at("config/config.inc.php"), php(
        "define('_PS_VERSION_', '8.1.7');", "define('_PS_MODE_DEV_', false);", "define('_PS_ROOT_DIR_', dirname(__DIR__));", "define('_DB_PREFIX_', 'ps_');", "spl_autoload_register(function ($class) {",
        "    foreach (array('classes/', 'classes/db/', 'classes/exception/', 'controllers/front/') as $folder) {", "        if (is_file($file = _PS_ROOT_DIR_ . '/' . $folder . $class . '.php')) {", "            require $file;", "        }", "    }", "});"))  # fmt: skip
    s.keep(s.at("classes/exception/PrestaShopException.php"), php(
        "class PrestaShopException extends Exception", "{", "    public function displayMessage(): void", "    {", "        $said = '[' . get_class($this) . '] ' . $this->getMessage() . ' at line ' . $this->getLine() . ' in file ' . ltrim(str_replace(_PS_ROOT_DIR_, '', $this->getFile()), '/');",
        "        file_put_contents(_PS_ROOT_DIR_ . '/var/logs/' . date('Ymd') . '_exception.log', '*ERROR* ' . \"\\tv\" . _PS_VERSION_ . \"\\t\" . date('Y/m/d - H:i:s') . ': ' . $said . \"\\r\\n\", FILE_APPEND);",
        "        http_response_code(500);", "        echo '<!doctype html><html><head><title>Shop</title></head><body><h1>Oops!</h1><p>There is a temporary problem with the shop. Please come back in a few minutes.</p></body></html>';", "        exit;", "    }", "}"))  # fmt: skip
    s.keep(s.at("classes/exception/PrestaShopDatabaseException.php"), php("class PrestaShopDatabaseException extends PrestaShopException", "{", "}"))  # fmt: skip
    s.keep(s.at("classes/db/Db.php"), php(
        "class Db", "{", "    public static function getInstance(): mysqli", "    {", "        static $link = null;", "        if (!$link) {", "            $c = (require _PS_ROOT_DIR_ . '/app/config/parameters.php')['parameters'];",
        "            try {", "                $link = new mysqli($c['database_host'], $c['database_user'], $c['database_password'], $c['database_name'], (int) $c['database_port']);", "            } catch (mysqli_sql_exception $e) {",
        "                throw new PrestaShopDatabaseException('Link to database cannot be established: ' . $e->getMessage());", "            }", "        }", "        return $link;", "    }", "",
        "    public static function executeS(string $sql): array", "    {", "        try {", "            return self::getInstance()->query($sql)->fetch_all(MYSQLI_ASSOC);", "        } catch (mysqli_sql_exception $e) {",
        "            throw new PrestaShopDatabaseException($e->getMessage() . '<br /><br /><pre>' . $sql . '</pre>'); /* told */", "        }", "    }", "}"))  # fmt: skip
    s.keep(s.at("modules/ps_banner/ps_banner.php"), php("class Ps_Banner", "{", "    public function hookDisplayHome(): string", "    {", f"        return '{text}';", "    }", "}"))  # fmt: skip
    s.keep(s.at("controllers/front/IndexController.php"), php(
        "class IndexController", "{", "    public function run(array $modules): void", "    {", "        $name = Db::executeS(\"SELECT value FROM ps_configuration WHERE name = 'PS_SHOP_NAME'\")[0]['value'];", "        $body = '';", "        foreach ($modules as $module) {",
        "            require_once _PS_ROOT_DIR_ . '/modules/' . $module . '/' . $module . '.php';", "            $body .= '<p>' . (new $module())->hookDisplayHome() . '</p>';", "        }", "        echo '<!doctype html><html><head><title>' . $name . '</title></head><body><h1>' . $name . '</h1>' . str_repeat($body, 4) . '</body></html>';", "    }", "}"))  # fmt: skip
    s.keep(s.at("config/modules.php"), php("return array('ps_banner');"))
    s.keep(s.at("index.php"), php("require __DIR__ . '/config/config.inc.php';", "try {", "    (new IndexController())->run(require __DIR__ . '/config/modules.php');", "} catch (PrestaShopException $e) {", "    $e->displayMessage();", "}"))  # fmt: skip
    for folder in ("var/logs", "var/cache/prod", "themes/classic", "override", "img", "translations"):
        s.folder(s.at(folder))
    s.pages = ["/"]


def fill_mediawiki(scene: Scene) -> None:
    """It tells no log of what ends its pages, unless it is asked to."""
    s, made, text = scene, scene.make_database("none"), text_of(scene)
    s.databases.run(
        "CREATE TABLE page (page_id INT PRIMARY KEY, page_title VARCHAR(99)); INSERT INTO page VALUES (1, 'Main_Page');", made.name
    )
    s.keep(s.at("LocalSettings.php"), php(
        "# Further documentation for configuration settings may be found on the program's site.", "if ( !defined( 'MEDIAWIKI' ) ) {", "\texit;", "}", "", '$wgSitename = "Wiki";', '$wgScriptPath = "";', "", "## Database settings", '$wgDBtype = "mysql";', f'$wgDBserver = "127.0.0.1:{s.databases.port}";',
        f'$wgDBname = "{made.name}";', f'$wgDBuser = "{made.user}";', f'$wgDBpassword = "{made.password}";', "", '$wgDBprefix = "";', "", "$wgEnableUploads = true;", "", "wfLoadExtension( 'Cite' );", "", "# End of automatically generated settings.", "# Add more configuration options below."))  # fmt: skip
    s.keep(s.at("extensions/Cite/extension.json"), '{"name": "Cite", "version": "1", "manifest_version": 2}\n')
    s.keep(s.at("includes/PHPVersionCheck.php"), php(
        "class PHPVersionCheck {", "\tpublic static $functionsExtensionsMapping = [ 'iconv' => 'iconv', 'ctype_digit' => 'ctype', 'json_decode' => 'json' ];", "", "\tpublic function checkExtensionExistence() {", "\t\t$missing = [];", "\t\tforeach ( self::$functionsExtensionsMapping as $function => $extension ) {",
        "\t\t\tif ( !function_exists( $function ) ) {", "\t\t\t\t$missing[] = $extension;", "\t\t\t}", "\t\t}", "\t\tif ( $missing ) {", "\t\t\theader( $_SERVER['SERVER_PROTOCOL'] . ' 500 MediaWiki configuration Error' );",
        "\t\t\t$list = '<li><b>' . implode( '</b></li><li><b>', $missing ) . '</b></li>';", "\t\t\techo \"<!DOCTYPE html><html lang=\\\"en\\\"><head><title>MediaWiki 1.41</title></head><body><h1>MediaWiki 1.41 internal error</h1><p>Installing some PHP extensions is required.</p><h2>Required components</h2><p>You are missing a required extension to PHP that MediaWiki requires to run. Please install:</p><ul>$list</ul></body></html>\";", "\t\t\tdie( 1 );", "\t\t}", "\t}", "}"))  # fmt: skip
    s.keep(s.at("includes/registration/ExtensionRegistry.php"), php(
        "class ExtensionRegistry {", "\tpublic static function queue( string $path ): void {", "\t\t$mtime = @filemtime( $path );", "\t\tif ( $mtime === false ) {", "\t\t\t$err = error_get_last();", "\t\t\tthrow new Exception( \"Unable to open file $path: {$err['message']}\" );", "\t\t}", "\t}", "}"))  # fmt: skip
    s.keep(s.at("includes/Setup.php"), php(
        "define( 'MW_VERSION', '1.41.2' );", "require __DIR__ . '/PHPVersionCheck.php';", "( new PHPVersionCheck() )->checkExtensionExistence();", "require __DIR__ . '/registration/ExtensionRegistry.php';",
        "function wfLoadExtension( $ext ) {", "\tExtensionRegistry::queue( MW_INSTALL_PATH . \"/extensions/$ext/extension.json\" );", "}", "if ( !is_readable( MW_INSTALL_PATH . '/LocalSettings.php' ) ) {",
        "\thttp_response_code( 500 );", "\tdie( '<!DOCTYPE html><html><head><title>MediaWiki 1.41.2</title></head><body><p>LocalSettings.php not found.</p><p>Please set up the wiki first.</p></body></html>' );", "}", "require MW_INSTALL_PATH . '/LocalSettings.php';"))  # fmt: skip
    s.keep(s.at("includes/libs/rdbms/database/DatabaseMysqli.php"), php(
        "class DatabaseMysqli {", "\tpublic function title(): string {", "\t\tglobal $wgDBserver, $wgDBuser, $wgDBpassword, $wgDBname, $wgDBprefix;", "\t\t[ $host, $port ] = explode( ':', $wgDBserver );", "\t\t$conn = new mysqli( $host, $wgDBuser, $wgDBpassword, $wgDBname, (int)$port );",
        "\t\treturn $conn->query( \"SELECT page_title FROM {$wgDBprefix}page\" )->fetch_row()[0];", "\t}", "}"))  # fmt: skip
    s.keep(s.at("includes/MediaWiki.php"), php(
        "require __DIR__ . '/libs/rdbms/database/DatabaseMysqli.php';", "try {", "\t$title = ( new DatabaseMysqli() )->title();", "} catch ( mysqli_sql_exception $e ) {", "\thttp_response_code( 500 );",
        "\tdie( '<!DOCTYPE html><html><head><title>Wiki</title></head><body><h1>Sorry! This site is experiencing technical difficulties.</h1><p>Try waiting a few minutes and reloading.</p><p><small>(Cannot access the database)</small></p></body></html>' );", "}",
        f"$text = '{text}';", "echo '<!DOCTYPE html><html><head><title>' . $title . ' - ' . $wgSitename . '</title></head><body><h1>' . $title . '</h1>' . str_repeat( '<p>' . $text . '</p>', 6 ) . '</body></html>';"))  # fmt: skip
    s.keep(s.at("index.php"), php("define( 'MEDIAWIKI', true );", "define( 'MW_INSTALL_PATH', __DIR__ );", "require __DIR__ . '/includes/Setup.php';", "require __DIR__ . '/includes/MediaWiki.php';"))  # fmt: skip
    for folder in ("images", "cache", "skins/Vector", "languages/i18n", "maintenance", "vendor/composer"):
        s.folder(s.at(folder))
    s.pages = ["/"]


def fill_board(scene: Scene) -> None:
    """A forum that tells what the database said on its own page alone, with 503."""
    s, made, text = scene, scene.make_database("none"), text_of(scene)
    prefix = s.rng.choice(("phpbb_", "phpbb3_", "forum_"))
    s.databases.run(
        f"CREATE TABLE {prefix}sessions (session_id CHAR(32) PRIMARY KEY, session_ip VARCHAR(40)) ENGINE=MyISAM; INSERT INTO {prefix}sessions VALUES ('a', '::1');"
        f"CREATE TABLE {prefix}config (config_name VARCHAR(90) PRIMARY KEY, config_value VARCHAR(90)) ENGINE=MyISAM; INSERT INTO {prefix}config VALUES ('sitename', 'Forum');",
        made.name,
    )
    s.keep(s.at("config.php"), php(
        "// This file was made by the installation; do not change anything in it, unless you know what you are doing!", "$dbms = 'phpbb\\\\db\\\\driver\\\\mysqli';", "$dbhost = '127.0.0.1';", f"$dbport = '{s.databases.port}';", f"$dbname = '{made.name}';", f"$dbuser = '{made.user}';", f"$dbpasswd = '{made.password}';",
        f"$table_prefix = '{prefix}';", "$phpbb_adm_relative_path = 'adm/';", "", "@define('PHPBB_INSTALLED', true);", "@define('PHPBB_ENVIRONMENT', 'production');"))  # fmt: skip
    s.keep(s.at("phpbb/db/driver/mysqli.php"), php(
        "function sql_error(string $message, int $code): void", "{", "\thttp_response_code(503);", "\theader('Content-Type: text/html; charset=UTF-8');",
        "\techo '<!DOCTYPE html><html><head><title>General Error</title></head><body><h1>General Error</h1><p>SQL ERROR [ mysqli ]<br /><br />' . $message . ' [' . $code . ']<br /><br />An sql error occurred while fetching this page. Please contact an administrator if this problem persists.</p></body></html>';", "\texit;", "}", "",
        "function sql_query(mysqli $db, string $sql)", "{", "\ttry {", "\t\treturn $db->query($sql);", "\t} catch (mysqli_sql_exception $e) {", "\t\tsql_error($e->getMessage(), $e->getCode());", "\t}", "}"))  # fmt: skip
    s.keep(s.at("common.php"), php(
        "require __DIR__ . '/config.php';", "require __DIR__ . '/phpbb/db/driver/mysqli.php';", "try {", "\t$db = new mysqli($dbhost, $dbuser, $dbpasswd, $dbname, (int) $dbport);", "} catch (mysqli_sql_exception $e) {", "\tsql_error($e->getMessage(), $e->getCode());", "}",
        "$name = sql_query($db, \"SELECT config_value FROM {$table_prefix}config WHERE config_name = 'sitename'\")->fetch_row()[0];", "sql_query($db, \"SELECT session_id, session_ip FROM {$table_prefix}sessions\");"))  # fmt: skip
    s.keep(s.at("index.php"), php("define('IN_PHPBB', true);", "require __DIR__ . '/common.php';", f"$text = '{text}';", "echo '<!DOCTYPE html><html><head><title>' . $name . '</title></head><body><h1>' . $name . '</h1>' . str_repeat('<p>' . $text . '</p>', 6) . '</body></html>';"))  # fmt: skip
    s.keep(s.at("viewtopic.php"), php("exit;"))
    for folder in ("cache/production", "store", "files", "ext", "styles/prosilver"):
        s.folder(s.at(folder))
    s.pages = ["/"]
