# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""CodeIgniter of both ages: in the docroot as a whole, and with its public folder beside the program."""

from __future__ import annotations

from tests.lab import words
from tests.lab.scene import Scene
from tests.lab.sites.frameworks import BODY, base_of, page, up_to
from tests.lab.sites.php_site import php


def fill_codeigniter3(scene: Scene) -> None:
    """In the docroot as a whole. Its log is a `.php` file a day."""
    s, text = scene, scene.rng.choice(words.SENTENCES[:6]).replace("'", "")
    s.keep(s.at("index.php"), php(
        "define('ENVIRONMENT', 'production');", "error_reporting(0);", "$system_path = 'system';", "$application_folder = 'application';",
        "if (!is_dir($system_path)) { header('HTTP/1.1 503 Service Unavailable.', TRUE, 503); echo 'Your system folder path does not appear to be set correctly. Please open the following file and correct this: ' . pathinfo(__FILE__, PATHINFO_BASENAME); exit(3); }",
        "define('BASEPATH', __DIR__ . '/' . $system_path . '/');", "define('APPPATH', __DIR__ . '/' . $application_folder . '/');", "require_once BASEPATH . 'core/CodeIgniter.php';"))  # fmt: skip
    s.keep(s.at("system/core/CodeIgniter.php"), php(
        "defined('BASEPATH') OR exit('No direct script access allowed');", "const CI_VERSION = '3.1.13';",
        "function log_message($level, $message) { $file = APPPATH . 'logs/log-' . date('Y-m-d') . '.php'; $new = !is_file($file); if (is_writable(dirname($file))) { file_put_contents($file, ($new ? \"<?php defined('BASEPATH') OR exit('No direct script access allowed'); ?>\\n\\n\" : '') . strtoupper($level) . ' - ' . date('Y-m-d H:i:s') . ' --> ' . $message . \"\\n\", FILE_APPEND); } }",
        "function show_error($message, $heading = 'An Error Was Encountered') { http_response_code(500); echo '<!DOCTYPE html><html><head><title>Error</title></head><body><div id=\"container\"><h1>' . $heading . '</h1><p>' . $message . '</p></div></body></html>'; exit(1); }",
        "set_exception_handler(function (Throwable $e) { log_message('error', 'Severity: error --> Exception: ' . $e->getMessage() . ' ' . $e->getFile() . ' ' . $e->getLine()); http_response_code(500); exit(1); });",
        "require APPPATH . 'config/config.php';", "require APPPATH . 'config/autoload.php';",
        "class CI_Controller { public function model($name) { $file = APPPATH . 'models/' . $name . '.php'; if (!is_file($file)) { log_message('error', $said = 'Unable to locate the model you have specified: ' . $name); show_error($said); } require_once $file; return new $name(); }",
        "    public function view($name) { $file = APPPATH . 'views/' . $name . '.php'; if (!is_file($file)) { log_message('error', $said = 'Unable to load the requested file: ' . $name . '.php'); show_error($said); } include $file; } }",
        "require APPPATH . 'controllers/Welcome.php';", "(new Welcome())->index();"))  # fmt: skip
    s.keep(
        s.at("application/config/config.php"),
        php(
            "defined('BASEPATH') OR exit('No direct script access allowed');",
            f"$config['base_url'] = '{s.place.url}/';",
            "$config['log_threshold'] = 1;",
            "$config['encryption_key'] = '';",
        ),
    )
    s.keep(
        s.at("application/config/autoload.php"),
        php(
            "defined('BASEPATH') OR exit('No direct script access allowed');",
            "$autoload['libraries'] = array();",
            "$autoload['model'] = array('Prices_model');",
        ),
    )
    s.keep(
        s.at("application/controllers/Welcome.php"),
        php(
            "class Welcome extends CI_Controller",
            "{",
            "    public function index()",
            "    {",
            "        $this->model('Prices_model')->rows();",
            "        $this->view('welcome_message');",
            "    }",
            "}",
        ),
    )
    s.keep(
        s.at("application/models/Prices_model.php"),
        php("class Prices_model", "{", "    public function rows()", "    {", "        return array(1, 2, 3);", "    }", "}"),
    )
    s.keep(s.at("application/views/welcome_message.php"), page("Shop", f"<p>{text}</p>" * 4) + "\n")
    s.folder(s.at("application/logs"))
    s.folder(s.at("application/cache"))
    s.pages = ["/"]


def fill_codeigniter4(scene: Scene) -> None:
    """Its log names files by the constants of its folders."""
    s, base, text = scene, base_of(scene), scene.rng.choice(words.SENTENCES[:6]).replace("'", "")
    s.keep(f"{base}spark", php("echo 'spark';"))
    s.keep(f"{base}.env", "CI_ENVIRONMENT = production\n", 0o600)
    s.keep(
        f"{base}app/Config/Paths.php",
        php(
            "namespace Config;",
            "class Paths",
            "{",
            "    public string $systemDirectory = __DIR__ . '/../../vendor/codeigniter4/framework/system';",
            "    public string $appDirectory = __DIR__ . '/..';",
            "    public string $writableDirectory = __DIR__ . '/../../writable';",
            "}",
        ),
    )
    s.keep(f"{base}app/Config/App.php", php("namespace Config;", "class App", "{", f"    public string $baseURL = '{s.place.url}/';", "}"))
    s.keep(
        f"{base}app/Controllers/Home.php",
        php(
            "namespace App\\Controllers;",
            "class Home",
            "{",
            "    public function index(): string",
            "    {",
            f"        $text = '{text}';",
            f"        return {BODY};",
            "    }",
            "}",
        ),
    )
    s.keep(f"{base}vendor/codeigniter4/framework/system/Boot.php", php(
        "namespace CodeIgniter;", "class Boot", "{", "    public static function bootWeb(\\Config\\Paths $paths): int", "    {",
        "        define('APPPATH', realpath($paths->appDirectory) . '/'); define('ROOTPATH', dirname(APPPATH) . '/'); define('SYSTEMPATH', __DIR__ . '/'); define('WRITEPATH', realpath($paths->writableDirectory) . '/');",
        "        try {", "            if (!is_writable(WRITEPATH . 'cache')) { throw new \\RuntimeException('Cache unable to write to \"' . WRITEPATH . 'cache/\".'); }",
        "            require APPPATH . 'Controllers/Home.php';", "            echo '<!doctype html><html><head><title>Shop</title></head><body>' . (new \\App\\Controllers\\Home())->index() . '</body></html>';",
        "        } catch (\\Throwable $e) {", "            $clean = fn ($file) => str_replace([APPPATH, SYSTEMPATH, ROOTPATH], ['APPPATH/', 'SYSTEMPATH/', 'ROOTPATH/'], $file);",
        "            $text = 'CRITICAL - ' . date('Y-m-d H:i:s') . ' --> ' . get_class($e) . ': ' . $e->getMessage() . \"\\n[Method: GET, Route: /]\\nin \" . $clean($e->getFile()) . ' on line ' . $e->getLine() . \".\\n 1 SYSTEMPATH/Boot.php(10): App\\\\Controllers\\\\Home->index()\\n\";",
        "            @file_put_contents(WRITEPATH . 'logs/log-' . date('Y-m-d') . '.log', $text, FILE_APPEND);", "            http_response_code(500);",
        f"            echo '{page('Whoops!', '<p>We seem to have hit a snag. Please try again later...</p>')}';", "        }", "        return 0;", "    }", "}"))  # fmt: skip
    for folder in ("logs", "cache", "session", "uploads"):
        s.folder(f"{base}writable/{folder}")
    s.keep(
        s.at("index.php"),
        php(
            f"require realpath(__DIR__ . '{up_to(s)}/app/Config/Paths.php');",
            "$paths = new Config\\Paths();",
            "require $paths->systemDirectory . '/Boot.php';",
            "exit(CodeIgniter\\Boot::bootWeb($paths));",
        ),
    )
    s.pages = ["/"]
