# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Small programs in the folder trees of content management systems, shops and others: what they read, where they log, how they end.

Each is written anew for the lab; places, forms and sentences are those that a visitor or an owner of the real program meets.
"""

from __future__ import annotations

from tests.lab import words
from tests.lab.scene import Scene
from tests.lab.sites.frameworks import BODY, page
from tests.lab.sites.php_site import php


def _text(scene: Scene) -> str:
    return scene.rng.choice(words.SENTENCES[:6]).replace("'", "")


def _shown(scene: Scene, title: str) -> list[str]:
    """Lines that answer with a page."""
    return [
        f"$text = '{_text(scene)}';",
        f"echo '<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>' . {BODY} . '</body></html>';",
    ]


def fill_drupal(scene: Scene) -> None:
    """Without settings it sends to its installer; what it cannot handle goes into PHP's log."""
    s = scene
    s.keep(s.at("core/lib/Drupal.php"), php("class Drupal { const VERSION = '10.3.6'; }"))
    s.keep(s.at("autoload.php"), php("return require __DIR__ . '/vendor/autoload.php';"))
    s.keep(s.at("vendor/autoload.php"), php("return true;"))
    s.keep(
        s.at("core/install.php"),
        php(
            "http_response_code(200); echo '<html><head><title>Choose language | Drupal</title></head><body><h1>Drupal 10.3.6</h1><form action=\"/core/install.php\"><label>Choose language</label><select></select></form></body></html>';"
        ),
    )
    s.keep(
        s.at("sites/default/settings.php"),
        php(
            "$databases['default']['default'] = ['driver' => 'sqlite'];",
            "$settings['hash_salt'] = 'a8f3';",
            "$settings['file_private_path'] = '';",
        ),
        0o444,
    )
    s.keep(
        s.at("modules/custom/prices/prices.module"),
        php("function prices_page_top(array &$page) {", "    $page['prices'] = ['#markup' => 'ok'];", "}"),
    )
    s.keep(s.at("modules/custom/prices/prices.info.yml"), "name: Prices\ntype: module\ncore_version_requirement: ^10\n")
    s.folder(s.at("sites/default/files/php/twig"))
    s.keep(s.at("index.php"), php(
        "require_once 'autoload.php';", "if (!is_file('sites/default/settings.php')) { header('Location: /core/install.php'); exit; }",
        "set_exception_handler(function (Throwable $e) {", "    error_log(sprintf('Uncaught PHP Exception %s: \"%s\" at %s line %d', get_class($e), $e->getMessage(), $e->getFile(), $e->getLine()));",
        "    http_response_code(500); header('Content-Type: text/html');", "    echo 'The website encountered an unexpected error. Try again later.';", "});",
        "require 'sites/default/settings.php';", "if (isset($settings['trusted_host_patterns']) && !preg_match('#' . implode('|', $settings['trusted_host_patterns']) . '#', $_SERVER['HTTP_HOST'])) { http_response_code(400); exit('The provided host name is not valid for this server.'); }",
        "if (!is_writable('sites/default/files/php/twig')) { throw new RuntimeException('Unable to create the \"' . __DIR__ . '/sites/default/files/php/twig\" directory.'); }",
        "$page = [];", "require 'modules/custom/prices/prices.module';", "prices_page_top($page);", *_shown(s, "Drupal")))  # fmt: skip
    s.pages = ["/"]


def fill_joomla(scene: Scene) -> None:
    s = scene
    s.keep(
        s.at("configuration.php"),
        php(
            "class JConfig {",
            "\tpublic $offline = false;",
            "\tpublic $offline_message = 'This site is down for maintenance.';",
            "\tpublic $sitename = 'Shop';",
            f"\tpublic $log_path = '{s.path(s.at('administrator/logs'))}';",
            f"\tpublic $tmp_path = '{s.path(s.at('tmp'))}';",
            "}",
        ),
        0o444,
    )
    for name in ("administrator/manifests/files/joomla.xml", "libraries/loader.php", "components/com_content/content.php"):
        s.keep(
            s.at(name),
            '<?xml version="1.0"?><extension><version>5.1.4</version></extension>\n' if name.endswith("xml") else php("// Joomla"),
        )
    s.keep(
        s.at("plugins/system/prices/src/Extension/Prices.php"),
        php(
            "namespace Joomla\\Plugin\\System\\Prices\\Extension;",
            "class Prices",
            "{",
            "    public function onAfterRoute(): void",
            "    {",
            "    }",
            "}",
        ),
    )
    s.folder(s.at("administrator/logs"))
    s.folder(s.at("tmp"))
    s.keep(s.at("includes/app.php"), php(
        "if (!is_file(JPATH_ROOT . '/configuration.php') || filesize(JPATH_ROOT . '/configuration.php') < 10) { if (is_dir(JPATH_ROOT . '/installation')) { header('Location: installation/index.php'); exit; } echo 'No configuration file found and no installation code available. Exiting...'; exit; }",
        "require JPATH_ROOT . '/configuration.php'; $config = new JConfig();",
        "if ($config->offline) { http_response_code(503); exit('<!DOCTYPE html><html><head><title>' . $config->sitename . '</title></head><body><h1>' . $config->sitename . '</h1><p>Please check back again soon.</p></body></html>'); }",
        "try { require JPATH_ROOT . '/plugins/system/prices/src/Extension/Prices.php'; (new Joomla\\Plugin\\System\\Prices\\Extension\\Prices())->onAfterRoute();", "} catch (Throwable $e) {",
        "    $at = str_replace(JPATH_ROOT, '[ROOT]', $e->getFile());",
        "    file_put_contents($config->log_path . '/error.php', (is_file($config->log_path . '/error.php') ? '' : \"#\\n#<?php die('Forbidden.'); ?>\\n#Date: 2026-11-01 00:00:00 UTC\\n#Fields: datetime\\tpriority clientip\\tcategory\\tmessage\\n\") . gmdate('Y-m-d\\TH:i:s+00:00') . \"\\tCRITICAL 127.0.0.1\\terror\\tUncaught Throwable of type \" . get_class($e) . ' thrown with message \"' . $e->getMessage() . '\". Stack trace: #0 ' . $at . '(' . $e->getLine() . \"): onAfterRoute()\\n\", FILE_APPEND);",
        "    http_response_code(500); exit('<!DOCTYPE html><html><head><title>Error: 500</title></head><body><h1>The requested page can&#039;t be found.</h1><blockquote><span class=\"badge bg-secondary\">500</span> Whoops</blockquote></body></html>');", "}"))  # fmt: skip
    s.keep(s.at("index.php"), php("define('JPATH_ROOT', __DIR__);", "require JPATH_ROOT . '/includes/app.php';", *_shown(s, "Joomla")))
    s.pages = ["/"]


def fill_magento(scene: Scene) -> None:
    """Errors become reports with a number; a flag holds it in maintenance."""
    s = scene
    for folder in ("bin", "lib", "pub/errors", "generated/code", "var/report", "var/log", "var/cache"):
        s.folder(s.at(folder))
    s.keep(
        s.at("app/etc/env.php"), php("return [", "    'backend' => ['frontName' => 'admin_x'],", "    'crypt' => ['key' => 'a1b2'],", "];")
    )
    s.keep(
        s.at("app/code/Shop/Prices/Model/Price.php"),
        php(
            "namespace Shop\\Prices\\Model;",
            "class Price",
            "{",
            "    public function final(): float",
            "    {",
            "        return 1.0;",
            "    }",
            "}",
        ),
    )
    s.keep(s.at("pub/.keep"), "")
    s.keep(s.at("index.php"), php(
        "if (is_file(__DIR__ . '/var/.maintenance.flag')) { http_response_code(503); exit('<!doctype html><html><head><title>Service Temporarily Unavailable</title></head><body><h1>Service Temporarily Unavailable</h1><p>The server is temporarily unable to service your request.</p></body></html>'); }",
        "try {", "    $env = require __DIR__ . '/app/etc/env.php';", "    if (!is_writable(__DIR__ . '/generated/code')) { throw new RuntimeException('Can\\'t create directory ' . __DIR__ . '/generated/code/Magento/Framework/App/ResourceConnection/.'); }",
        "    require __DIR__ . '/app/code/Shop/Prices/Model/Price.php';", "    (new Shop\\Prices\\Model\\Price())->final();", "} catch (Throwable $e) {", "    $number = substr(hash('sha256', microtime()), 0, 64); $folder = __DIR__ . '/var/report/' . substr($number, 0, 2) . '/' . substr($number, 2, 2);",
        "    @mkdir($folder, 0770, true); file_put_contents($folder . '/' . $number, json_encode(['0' => $e->getMessage(), '1' => '#1 ' . $e->getFile() . '(' . $e->getLine() . '): run()', 'url' => '/', 'script_name' => '/index.php', 'report_id' => $number]));",
        "    http_response_code(500);", "    exit('<!doctype html><html><head><title>There has been an error processing your request</title></head><body><h1>There has been an error processing your request</h1><p>Exception printing is disabled by default for security reasons.</p><p>Error log record number: <strong>' . $number . '</strong></p></body></html>');", "}", *_shown(s, "Shop")))  # fmt: skip
    s.pages = ["/"]


def fill_moodle(scene: Scene) -> None:
    """Its data lie beside the docroot."""
    s = scene
    s.keep(
        s.at("config.php"),
        php(
            "unset($CFG);",
            "global $CFG;",
            "$CFG = new stdClass();",
            "",
            "$CFG->dbtype    = 'mariadb';",
            "$CFG->dbhost    = 'localhost';",
            f"$CFG->wwwroot   = '{s.place.url}';",
            f"$CFG->dataroot  = '{s.path('moodledata')}';",
            "$CFG->admin     = 'admin';",
            "",
            "require_once(__DIR__ . '/lib/setup.php');",
        ),
    )
    s.keep(s.at("version.php"), php("$release = '4.4.2 (Build: 20240812)';"))
    s.keep(s.at("lib/setup.php"), php(
        "if (is_file($CFG->dataroot . '/climaintenance.html')) { http_response_code(503); header('Status: 503 Moodle under maintenance'); readfile($CFG->dataroot . '/climaintenance.html'); die; }",
        "if (!is_writable($CFG->dataroot)) { header($_SERVER['SERVER_PROTOCOL'] . ' 503 Service Unavailable'); echo('<!DOCTYPE html><html><head><title>Error</title></head><body>Fatal error: $CFG->dataroot is not writable, admin has to fix directory permissions! Exiting.</body></html>'); exit(1); }"))  # fmt: skip
    s.keep(s.at("mod/quiz/version.php"), php("$plugin->version = 2024042200;"))
    for folder in ("moodledata/cache", "moodledata/filedir", "moodledata/sessions"):
        s.folder(folder)
    s.keep(
        s.at("index.php"),
        php(
            "if (!file_exists('./config.php')) { header('Location: install.php'); die; }",
            "require_once('config.php');",
            *_shown(s, "Moodle"),
        ),
    )
    s.pages = ["/"]


def fill_nextcloud(scene: Scene) -> None:
    """One log of JSON lines in its data."""
    s = scene
    s.keep(
        s.at("config/config.php"),
        php(
            "$CONFIG = array (",
            "  'instanceid' => 'oc8k1',",
            f"  'datadirectory' => '{s.path(s.at('data'))}',",
            "  'dbtype' => 'sqlite3',",
            "  'version' => '29.0.5.1',",
            "  'installed' => true,",
            "  'maintenance' => false,",
            ");",
        ),
    )
    s.keep(s.at("data/.ocdata"), "")
    s.keep(s.at("version.php"), php("$OC_VersionString = '29.0.5';"))
    s.keep(
        s.at("apps/prices/lib/AppInfo/Application.php"),
        php("namespace OCA\\Prices\\AppInfo;", "class Application", "{", "    public function boot(): void", "    {", "    }", "}"),
    )
    s.keep(s.at("lib/base.php"), php(
        "require __DIR__ . '/../config/config.php'; $root = dirname(__DIR__);",
        "if ($CONFIG['maintenance']) { http_response_code(503); header('X-Nextcloud-Maintenance-Mode: 1'); header('Retry-After: 120'); exit('<!doctype html><html><head><title>Nextcloud</title></head><body><h2>Maintenance mode</h2><p>This Nextcloud instance is currently in maintenance mode, which may take a while.</p></body></html>'); }",
        "if (!is_file($CONFIG['datadirectory'] . '/.ocdata')) { http_response_code(503); exit('<!doctype html><html><head><title>Nextcloud</title></head><body><h2>Error</h2><p>Your data directory is invalid.</p><p>Ensure there is a file called \".ocdata\" in the root of the data directory. ' . $CONFIG['datadirectory'] . '/.ocdata is missing</p></body></html>'); }",
        "try { require $root . '/apps/prices/lib/AppInfo/Application.php'; (new OCA\\Prices\\AppInfo\\Application())->boot();", "} catch (Throwable $e) {",
        "    $row = ['reqId' => bin2hex(random_bytes(10)), 'level' => 3, 'time' => date('c'), 'remoteAddr' => '127.0.0.1', 'user' => '--', 'app' => 'index', 'method' => 'GET', 'url' => '/', 'message' => $e->getMessage(), 'userAgent' => '--', 'version' => '29.0.5.1', 'exception' => ['Exception' => get_class($e), 'Message' => $e->getMessage(), 'Code' => 0, 'Trace' => [['file' => $root . '/index.php', 'line' => 3, 'function' => 'boot']], 'File' => $e->getFile(), 'Line' => $e->getLine()]];",
        "    file_put_contents($CONFIG['datadirectory'] . '/nextcloud.log', json_encode($row) . \"\\n\", FILE_APPEND);", "    http_response_code(500); exit('<!doctype html><html><head><title>Nextcloud</title></head><body><h2>Internal Server Error</h2><p>The server was unable to complete your request.</p><p>More details can be found in the server log.</p></body></html>');", "}"))  # fmt: skip
    s.keep(s.at("index.php"), php("require_once __DIR__ . '/lib/base.php';", *_shown(s, "Nextcloud")))
    s.pages = ["/"]


def fill_phpbb(scene: Scene) -> None:
    s = scene
    s.keep(
        s.at("config.php"),
        php("$dbms = 'phpbb\\\\db\\\\driver\\\\sqlite3';", "$table_prefix = 'phpbb_';", "@define('PHPBB_INSTALLED', true);"),
    )
    s.keep(s.at("common.php"), php(
        "if (is_file($phpbb_root_path . 'config.php')) { require $phpbb_root_path . 'config.php'; }",
        "if (!defined('PHPBB_INSTALLED')) { http_response_code(503); exit('<html><head><title>phpBB</title></head><body><p>The config.php file could not be found.</p><p><a href=\"./install/app.php\">Click here to install phpBB</a></p></body></html>'); }",
        "if (!is_writable($phpbb_root_path . 'cache/production')) { throw new RuntimeException('Unable to write in the \"cache/production\" directory (' . realpath($phpbb_root_path . 'cache/production') . ')'); }"))  # fmt: skip
    s.keep(s.at("ext/prices/board/ext.php"), php("namespace prices\\board;", "class ext { }"))
    for folder in ("cache/production", "store", "files"):
        s.folder(s.at(folder))
    s.keep(s.at("viewtopic.php"), php("exit;"))
    s.keep(s.at("index.php"), php("$phpbb_root_path = __DIR__ . '/';", "require $phpbb_root_path . 'common.php';", *_shown(s, "Forum")))
    s.pages = ["/"]


def fill_grav(scene: Scene) -> None:
    """Settings in YAML, logs in its own folder."""
    s = scene
    s.keep(
        s.at("user/config/system.yaml"),
        "absolute_urls: false\npages:\n  theme: quark\ncache:\n  enabled: true\n  prefix: g\nerrors:\n  display: 0\n  log: true\n",
    )
    s.keep(s.at("user/pages/01.home/default.md"), "---\ntitle: Home\n---\nWelcome\n")
    s.keep(s.at("system/defines.php"), php("define('GRAV_VERSION', '1.7.46');"))
    s.folder(s.at("logs"))
    s.folder(s.at("cache"))
    s.keep(s.at("index.php"), php(
        "if (!is_file(__DIR__ . '/vendor/autoload.php')) { exit('Please run: <i>bin/grav install</i>'); }", "require __DIR__ . '/vendor/autoload.php';", "Grav::run(__DIR__);", *_shown(s, "Grav")))  # fmt: skip
    s.keep(s.at("vendor/autoload.php"), php(
        "class Grav { public static function run(string $base): void {", "    try {", "        foreach (file($base . '/user/config/system.yaml') as $n => $line) {", "            if (!preg_match('/^\\s*(?:#.*|[\\w-]+:(?: [^:\\t]*)?)?$/', rtrim($line, \"\\n\"))) { throw new RuntimeException(sprintf('A colon cannot be used in an unquoted mapping value in \"%s\" at line %d (near \"%s\").', $base . '/user/config/system.yaml', $n + 1, trim($line))); }", "        }",
        "        if (!is_writable($base . '/cache')) { throw new RuntimeException('Unable to create directory ' . $base . '/cache/compiled'); }",
        "    } catch (Throwable $e) {", "        file_put_contents($base . '/logs/grav.log', '[' . date('Y-m-d\\TH:i:s.uP') . '] grav.CRITICAL: ' . $e->getMessage() . ' - Trace: #0 ' . __FILE__ . '(' . __LINE__ . \"): Grav::run()\\n#1 {main} [] []\\n\", FILE_APPEND);",
        "        http_response_code(500);", f"        exit('{page('Server Error', '<p>Sorry, something went terribly wrong!</p><p>0 - For further details please review your logs/ folder, or enable displaying of errors in your system configuration.</p>')}');", "    }", "} }"))  # fmt: skip
    s.pages = ["/"]
