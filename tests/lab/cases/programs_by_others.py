# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""PHP and programs by others: frameworks after a deployment, shops after an update, old code, odd files."""

from __future__ import annotations

import os
import time

from tests.lab import words
from tests.lab.cases.base import APACHE, PHP, SHOWN, Truth, case, well
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, filler, page_source, php

_WELL = Truth("none", statuses=(200,))
_STRICT = "set_error_handler(function ($no, $text, $file, $line) { throw new ErrorException($text, 0, $no, $file, $line); });"
_LARAVEL = "'[' . date('Y-m-d H:i:s') . '] production.ERROR: ' . $e->getMessage() . ' {\"exception\":\"[object] (' . get_class($e) . '(code: ' . $e->getCode() . '): ' . $e->getMessage() . ' at ' . $e->getFile() . ':' . $e->getLine() . ')' . PHP_EOL . '[stacktrace]' . PHP_EOL . $e->getTraceAsString() . PHP_EOL . '\"}'"  # fmt: skip


def _program(s: Scene, files: dict[str, str], entry: str, *, log: str = "") -> str:
    """A program beside the docroot, as hosts make people put it; the start page loads `entry`. `log`: where it tells of errors, and only there."""
    folder = s.rng.choice(("backend", "laravel-app", "platform", "project"))
    for name, content in files.items():
        s.keep(f"{folder}/{name}", content)
    handler = []
    if log:
        s.keep(f"{folder}/{log}", "")
        handler = ["set_exception_handler(function (Throwable $e) {", f"    file_put_contents(__DIR__ . '/{log}', {_LARAVEL} . PHP_EOL, FILE_APPEND);",
                   "    http_response_code(500);", "    echo '<!DOCTYPE html><html lang=\"en\"><head><title>Server Error</title></head><body><div>500</div><div>Server Error</div></body></html>';", "    exit;", "});"]  # fmt: skip
    s.keep(f"{folder}/start.php", php(handler, f"require __DIR__ . '/{entry}';"))
    site = describe(s)
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=[f"require dirname(__DIR__) . '/{folder}/start.php';"]))
    return folder


# --- frameworks
@case((*PHP, "ovh"), "php")
def folder_for_compiled_pages_left_out(s: Scene) -> Truth:
    """Empty folders are not in the repository, and realpath() of what is not there is false."""
    compiler = "vendor/laravel/framework/src/Illuminate/View/Compilers/Compiler.php"
    log = "storage/logs/laravel.log" if s.place.setup.name == "ovh" or s.rng.random() < 0.5 else ""
    folder = _program(s, {
        "artisan": "#!/usr/bin/env php\n<?php\n", ".env": "APP_NAME=Site\nAPP_ENV=production\n", "storage/app/.gitignore": "*\n",
        "config/view.php": php("return [", "    'compiled' => realpath(dirname(__DIR__) . '/storage/framework/views'),", "];"),
        compiler: php("", "namespace Illuminate\\View\\Compilers;", "", "class Compiler", "{", "    public function __construct(protected $cachePath)", "    {", "        if (! $cachePath) {",
                      "            throw new \\InvalidArgumentException('Please provide a valid cache path.'); /* here */", "        }", "    }", "}"),
        "bootstrap/app.php": php(f"require dirname(__DIR__) . '/{compiler}';", "$view = require dirname(__DIR__) . '/config/view.php';", "new Illuminate\\View\\Compilers\\Compiler($view['compiled']);"),
    }, "bootstrap/app.php", log=log)  # fmt: skip
    also = ("application-answers-500", "folder-not-writable", "php-missing-file")
    paths = tuple(f"{folder}/{name}" for name in ("storage/framework/views", "storage/framework", "config/view.php", "storage/logs/laravel.log"))  # fmt: skip
    return Truth("php-uncaught-exception", f"{folder}/{compiler}", (s.line_of(f"{folder}/{compiler}", "/* here */"),), also, paths=paths)


@case((*PHP, "ovh"), "php")
def scripts_and_styles_not_built(s: Scene) -> Truth:
    """`public/build` is made on the developer's machine and was not uploaded."""
    vite = "vendor/laravel/framework/src/Illuminate/Foundation/Vite.php"
    folder = _program(s, {
        "artisan": "#!/usr/bin/env php\n<?php\n", ".env": "APP_ENV=production\n", "vite.config.js": "export default {}\n",
        vite: php("", "namespace Illuminate\\Foundation;", "", "class ViteManifestNotFoundException extends \\Exception", "{", "}", "", "class Vite", "{", "    public function manifest($path)", "    {",
                  "        if (! is_file($path)) {", '            throw new ViteManifestNotFoundException("Vite manifest not found at: $path"); /* here */', "        }", "", "        return json_decode(file_get_contents($path), true);", "    }", "}"),
        "bootstrap/app.php": php(f"require dirname(__DIR__) . '/{vite}';", f"(new Illuminate\\Foundation\\Vite)->manifest(dirname(__DIR__, 2) . '/{s.www}/build/manifest.json');"),
    }, "bootstrap/app.php", log="storage/logs/laravel.log")  # fmt: skip
    also, paths = ("php-uncaught-exception", "php-missing-file"), (s.at("build/manifest.json"), s.at("build"), f"{folder}/storage/logs/laravel.log")  # fmt: skip
    return Truth("application-answers-500", f"{folder}/{vite}", (s.line_of(f"{folder}/{vite}", "/* here */"),), also, paths=paths)


@case(SHOWN, "php")
def package_for_developers_in_the_cached_list(s: Scene) -> Truth:
    """The list was cached where it is installed; here it was left out (`--no-dev`)."""
    name = s.rng.choice(("Barryvdh\\\\Debugbar\\\\ServiceProvider", "Laravel\\\\Sail\\\\SailServiceProvider", "Spatie\\\\LaravelIgnition\\\\IgnitionServiceProvider"))  # fmt: skip
    loader = "vendor/laravel/framework/src/Illuminate/Foundation/ProviderRepository.php"
    folder = _program(s, {
        "artisan": "#!/usr/bin/env php\n<?php\n", "bootstrap/cache/services.php": php("return [", "  'providers' => [", f"    0 => '{name}',", "  ],", "];"),
        loader: php("", "namespace Illuminate\\Foundation;", "", "class ProviderRepository", "{", "    public function createProvider($provider)", "    {", "        return new $provider($this); /* here */", "    }", "}"),
        "bootstrap/app.php": php(f"require dirname(__DIR__) . '/{loader}';", "foreach ((require __DIR__ . '/cache/services.php')['providers'] as $provider) {", "    (new Illuminate\\Foundation\\ProviderRepository)->createProvider($provider);", "}"),
    }, "bootstrap/app.php")  # fmt: skip
    line = s.line_of(f"{folder}/{loader}", "/* here */")
    return Truth("php-class-not-found", f"{folder}/{loader}", (line,), paths=(f"{folder}/bootstrap/cache/services.php",))


@case(PHP, "php")
def log_that_belongs_to_root(s: Scene) -> Truth:
    """A command was run as the administrator once, and made today's file."""
    handler, log = "vendor/monolog/monolog/src/Monolog/Handler/StreamHandler.php", f"storage/logs/laravel-{time.strftime('%Y-%m-%d')}.log"
    folder = _program(s, {
        "artisan": "#!/usr/bin/env php\n<?php\n", log: "[2026-01-01 00:00:01] production.INFO: cleaned\n",
        handler: php("", "namespace Monolog\\Handler;", "", "class StreamHandler", "{", "    public function write($url, $record)", "    {", "        $stream = @fopen($url, 'a');", "        if (!is_resource($stream)) {",
                     "            $error = error_get_last()['message'] ?? '';",
                     "            throw new \\UnexpectedValueException(sprintf('The stream or file \"%s\" could not be opened in append mode: '.preg_replace('{^fopen\\(.*?\\): }', '', $error).\"\\nThe exception occurred while attempting to log: %s\", $url, $record)); /* here */",
                     "        }", "        fwrite($stream, $record);", "    }", "}"),
        "bootstrap/app.php": php(f"require dirname(__DIR__) . '/{handler}';", f"(new Monolog\\Handler\\StreamHandler)->write(dirname(__DIR__) . '/{log}', 'visit');"),
    }, "bootstrap/app.php")  # fmt: skip
    os.chown(s.path(f"{folder}/{log}"), 0, 0)
    s.chmod(f"{folder}/{log}", 0o644)
    paths = (f"{folder}/storage/logs", f"{folder}/{handler}")
    return Truth("folder-not-writable", f"{folder}/{log}", (), ("file-unreadable",), paths=paths)


@case((*PHP, "ovh"), "php")
def page_of_a_template_engine_fails(s: Scene) -> Truth:
    """What runs is a compiled copy with a name of digits; what somebody changed is the template."""
    compiled, view = f"storage/framework/views/{s.rng.randrange(16**32):032x}.php", f"resources/views/{s.rng.choice(('home', 'welcome', 'shop/index'))}.blade.php"  # fmt: skip
    name = s.rng.choice(("offer", "price", "event"))
    folder = _program(s, {
        "artisan": "#!/usr/bin/env php\n<?php\n",
        "bootstrap/app.php": php("namespace Illuminate\\View;", "class ViewException extends \\ErrorException { }", _STRICT.replace("ErrorException", "\\ErrorException"), f"${name} = null;", "ob_start();", "try {", f"    require dirname(__DIR__) . '/{compiled}';", "} catch (\\Throwable $e) {", "    ob_end_clean();",
                                 f"    throw new ViewException($e->getMessage() . ' (View: ' . dirname(__DIR__) . '/{view})', 0, 1, $e->getFile(), $e->getLine(), $e);", "}"),
    }, "bootstrap/app.php", log="storage/logs/laravel.log")  # fmt: skip
    s.write(f"{folder}/{view}", f"@extends('layouts.app')\n<h1>{{{{ $title ?? '' }}}}</h1>\n<p>{{{{ ${name}->title }}}}</p>\n")
    s.write(f"{folder}/{compiled}", f"<h1><?php echo e($title ?? ''); ?></h1>\n<p><?php echo ${name}->title; ?></p>\n<?php /**PATH {s.path(folder)}/{view} ENDPATH**/ ?>".replace("<?php echo e($title ?? ''); ?>", "<?php echo $title ?? ''; ?>"))  # fmt: skip
    paths = (f"{folder}/{compiled}", f"{folder}/storage/logs/laravel.log")
    return Truth("application-answers-500", f"{folder}/{view}", (2, 3), ("php-uncaught-exception",), paths=paths)


@case(PHP, "php")
def container_that_lost_a_part(s: Scene) -> Truth:
    """The compiled container was cleared by hand, but for its main file."""
    site, mark = describe(s), "".join(s.rng.choices("abcdefghXYZQR", k=7))
    part, main = f"Container{mark}/get{s.rng.choice(('Cache', 'Router', 'Twig'))}Service.php", s.at(f"var/cache/prod/Container{mark}/appProdProjectContainer.php")  # fmt: skip
    s.keep(main, php("", f"namespace Container{mark};", "", "class appProdProjectContainer", "{", "    public function load($file)", "    {", "        return require dirname(__DIR__) . '/' . $file; /* here */", "    }", "}"))  # fmt: skip
    s.keep(s.at("var/cache/prod/appProdProjectContainer.php"), php("", f"require __DIR__ . '/Container{mark}/appProdProjectContainer.php';", f"(new Container{mark}\\appProdProjectContainer)->load('{part}');"))  # fmt: skip
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=["require __DIR__ . '/var/cache/prod/appProdProjectContainer.php';"]))
    s.age(s.at(f"var/cache/prod/Container{mark}"), 0.01)
    return Truth("php-missing-file", main, (s.line_of(main, "/* here */"),), paths=(s.at(f"var/cache/prod/{part}"), s.at(f"var/cache/prod/Container{mark}")))  # fmt: skip


# --- shops and portals
@case(PHP, "php")
def template_engine_without_a_place_to_write(s: Scene) -> Truth:
    """Its exception tells itself in a way of its own, with arrows."""
    site, compile_ = describe(s), s.at("var/cache/prod/smarty/compile")
    s.folder(compile_, 0o555)
    s.chmod(compile_, 0o555)
    writer = s.at("vendor/smarty/smarty/libs/sysplugins/smarty_internal_runtime_writefile.php")
    s.keep(s.at("vendor/smarty/smarty/libs/smartyexception.php"), php("class SmartyException extends Exception", "{", "    public function __toString()", "    {", "        return ' --> Smarty: ' . $this->message . ' <-- ';", "    }", "}"))  # fmt: skip
    s.keep(writer, php("require_once dirname(__DIR__) . '/smartyexception.php';", "class Smarty_Internal_Runtime_WriteFile", "{", "    public function writeFile($path)", "    {", "        if (!is_dir($path) && !@mkdir($path, 0771, true)) {",
                       '            throw new SmartyException("unable to create directory {$path}"); /* here */', "        }", "    }", "}"))  # fmt: skip
    s.keep(s.at("config/defines.inc.php"), php("define('_PS_VERSION_', '1.7.8.10');"))
    more = [f"require __DIR__ . '/{writer.partition('/')[2]}';", f"(new Smarty_Internal_Runtime_WriteFile)->writeFile(__DIR__ . '/{compile_.partition('/')[2]}/{s.rng.randrange(256):02x}/{s.rng.randrange(256):02x}');"]  # fmt: skip
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=more))
    return Truth("folder-not-writable", compile_, paths=(writer, *(s.at(f"var{rest}") for rest in ("", "/cache", "/cache/prod", "/cache/prod/smarty"))))  # fmt: skip


@case((*PHP, "ovh"), "php")
def extension_of_an_older_portal(s: Scene) -> Truth:
    """Joomla says on its own page what is missing, and tells no log."""
    name = s.rng.choice(("uikit3", "jcemediabox", "sliderpro"))
    for file in (
        "administrator/index.php",
        "components/index.html",
        "includes/framework.php",
        "libraries/bootstrap.php",
        "modules/index.html",
        "templates/index.html",
    ):
        s.keep(s.at(file), "<?php\n" if file.endswith("php") else "<html></html>\n")
    s.keep(s.at("administrator/manifests/files/joomla.xml"), "<extension><name>files_joomla</name><version>5.0.3</version></extension>\n")
    s.keep(s.at("configuration.php"), php("class JConfig {", "\tpublic $offline = false;", "\tpublic $error_reporting = 'default';", "\tpublic $log_path = '/administrator/logs';", "}"))  # fmt: skip
    s.keep(s.at(f"plugins/system/{name}/{name}.php"), php("defined('_JEXEC') or die;", f"class PlgSystem{name.capitalize()} extends JPlugin", "{", "    public function onAfterInitialise() { }", "}"))  # fmt: skip
    s.write(s.at("index.php"), php("define('_JEXEC', 1);", "require __DIR__ . '/configuration.php';", "try {", f"    require __DIR__ . '/plugins/system/{name}/{name}.php';", f"    echo '{words.TITLES[0]}';", "} catch (Throwable $e) {",
            "    http_response_code(500);", "    $text = htmlspecialchars($e->getMessage());",
            "    echo \"<!DOCTYPE html><html lang=\\\"de-de\\\"><head><title>Fehler: 0</title></head><body><h1>Die angeforderte Seite kann nicht angezeigt werden.</h1><p><strong>Es ist ein Fehler aufgetreten.</strong></p><blockquote><span class=\\\"badge\\\">0</span> $text</blockquote></body></html>\";", "}"))  # fmt: skip
    s.pages = ["/"]
    return Truth("application-answers-500", also=("php-class-not-found", "php-uncaught-exception"))


@case(SHOWN, "php")
def settings_without_their_salt(s: Scene) -> Truth:
    """A settings file of Drupal written anew, by hand."""
    site, where = describe(s), s.at("core/lib/Drupal/Core/Site/Settings.php")
    s.keep(where, php("", "namespace Drupal\\Core\\Site;", "", "final class Settings", "{", "  public static function getHashSalt(array $settings)", "  {", "    if (empty($settings['hash_salt'])) {",
                      "      throw new \\RuntimeException('Missing $settings[\\'hash_salt\\'] in settings.php.'); /* here */", "    }", "    return $settings['hash_salt'];", "  }", "}"))  # fmt: skip
    s.keep(s.at("core/lib/Drupal.php"), php("class Drupal {", "  const VERSION = '10.2.3';", "}"))
    s.write(s.at("sites/default/settings.php"), php(filler(s.rng, 3), "$settings['update_free_access'] = FALSE;", s.rng.choice(("$settings['hash_salt'] = '';", "# $settings['hash_salt'] = 'x';"))))  # fmt: skip
    more = [f"require __DIR__ . '/{where.partition('/')[2]}';", "require __DIR__ . '/sites/default/settings.php';", "Drupal\\Core\\Site\\Settings::getHashSalt($settings);"]  # fmt: skip
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=more))
    return Truth("php-uncaught-exception", where, (s.line_of(where, "/* here */"),), paths=(s.at("sites/default/settings.php"),))


@case((*PHP, "ovh", "shown"), "php")
def module_that_is_encoded(s: Scene) -> Truth:
    """Bought and encrypted; what decodes it is not part of this PHP. It says so, with a 200."""
    site, kind = describe(s), s.rng.choice(("ionCube Loader", "SourceGuardian"))
    name, extension = s.at(f"modules/{s.rng.choice(words.NOUNS).lower()}pro/license.php"), "ionCube Loader" if kind[0] == "i" else "SourceGuardian"  # fmt: skip
    junk = "\n".join("".join(s.rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=76)) for _ in range(30))
    s.keep(name, f"<?php //0{s.rng.randrange(16**4):04x}\nif (!extension_loaded('{extension}')) {{ echo 'Site error: the file <b>' . __FILE__ . '</b> requires the {kind} to be installed by the site administrator.'; exit(199); }}\n?>\nHR+{junk}\n")  # fmt: skip
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=[f"require __DIR__ . '/{name.partition('/')[2]}';"]))
    return Truth("php-missing-extension", name, statuses=(200, 500), body=kind.encode())


# --- code of the site's own
@case(SHOWN, "php")
def list_of_classes_out_of_date(s: Scene) -> Truth:
    """Composer's optimised list was not made anew: the new class lies where it should, and nobody looks there."""
    site, noun = describe(s), f"{s.rng.choice(words.NOUNS)}Service"
    s.keep(s.at("vendor/composer/autoload_classmap.php"), php("", "// autoload_classmap.php @generated by Composer", "$baseDir = dirname(__DIR__, 2);", "return array(", "    'App\\\\Kernel' => $baseDir . '/src-app/Kernel.php',", ");"))  # fmt: skip
    s.keep(s.at("vendor/autoload.php"), php("// autoload.php @generated by Composer", "spl_autoload_register(function ($class) {", "    $map = require __DIR__ . '/composer/autoload_classmap.php';", "    if (isset($map[$class])) { require $map[$class]; }", "});"))  # fmt: skip
    s.keep(s.at("src-app/Kernel.php"), php("namespace App;", "class Kernel { }"))
    s.write(s.at(f"src-app/Service/{noun}.php"), php("namespace App\\Service;", f"class {noun} {{ public function all(): array {{ return []; }} }}"))  # fmt: skip
    s.write(s.at("index.php"), page_source(s, site, site.title, more=["require __DIR__ . '/vendor/autoload.php';", f"$rows = (new App\\Service\\{noun}())->all(); /* here */"]))  # fmt: skip
    return Truth("php-class-not-found", s.at("index.php"), (s.line_of(s.at("index.php"), "/* here */"),), paths=(s.at(f"src-app/Service/{noun}.php"), s.at("vendor/composer/autoload_classmap.php")))  # fmt: skip


@case(PHP, "php")
def settings_with_a_bracket(s: Scene) -> Truth:
    """A new password in a file of settings, of signs that mean something there."""
    site, password = describe(s), s.rng.choice(("geheim(7", "so!gut)", "x^(2", "a|b(c"))
    ini = s.at(f"{site.library}/settings.ini")
    s.write(ini, f"; {words.TITLES[1]}\n[database]\nhost = localhost\npassword = {password}\n")
    line = "$settings = array_merge($settings, parse_ini_file(__DIR__ . '/settings.ini', true)); /* here */"
    s.keep(s.at(site.settings), s.read(s.at(site.settings)).decode() + line + "\n")
    return Truth("php-uncaught-exception", ini, (4,), ("php-parse-error",), paths=(s.at(site.settings),))


@case(SHOWN, "php")
def habits_of_php_5(s: Scene) -> Truth:
    """Constructors by the name of their class, methods called without an object: PHP 8 wants neither."""
    site = describe(s)
    if s.rng.random() < 0.5:
        s.keep(s.at(site.class_file), php(filler(s.rng, 5), f"class {site.noun}", "{", "    var $list;", "", f"    function {site.noun}()", "    {", "        $this->list = new ArrayObject(array('a', 'b', 'c'));", "    }", "",
               "    function rows()", "    {", "        return $this->list->getArrayCopy(); /* here */", "    }", "}"))  # fmt: skip
        lines = (s.line_of(s.at(site.class_file), "/* here */"), s.line_of(s.at(site.class_file), f"function {site.noun}()"))
        return Truth("php-version-incompatible-code", s.at(site.class_file), lines, ("php-uncaught-exception",))
    helper = f"{s.rng.choice(words.NOUNS)}Tools"
    s.keep(s.at(site.helpers), s.read(s.at(site.helpers)).decode() + f"class {helper}\n{{\n    function clean($text)\n    {{\n        return trim($text);\n    }}\n}}\n$title = {helper}::clean(' x '); /* here */\n")  # fmt: skip
    return Truth("php-version-incompatible-code", s.at(site.helpers), (s.line_of(s.at(site.helpers), "/* here */"),), ("php-uncaught-exception",))  # fmt: skip


@case((*SHOWN, "ovh"), "php")
def spaces_that_are_none(s: Scene) -> Truth:
    """Pasted from a web page, whose blanks are of another kind to PHP."""
    site, gap = describe(s), "\u00a0"
    line = s.rng.choice((f"    foreach{gap}($rows as $row) {{ $row = 1; }}", f"    return{gap}$rows;", f"    if{gap}($rows) {{ $rows = []; }}", f"    echo{gap}'x';"))  # fmt: skip
    source = s.read(s.at(site.helpers)).decode()
    s.write(s.at(site.helpers), source + f"function pasted_{s.rng.randrange(999)}($rows)\n{{\n{line}\n}}\n")
    return Truth("php-parse-error", s.at(site.helpers), (s.line_of(s.at(site.helpers), line),))


@case((*PHP, "ovh"), "php")
def start_file_of_no_length(s: Scene) -> Truth:
    """Saved when there was no room, or opened and never written: a white page, and no error anywhere."""
    s.write(s.at("index.php"), s.rng.choice(("", "", "\n", "<?php\n")))
    return Truth("php-truncated-file", s.at("index.php"), (), ("php-fatal-hidden",), statuses=(200,), is_empty=True)


@case(("plain", "shared", "ovh", "fcgid"), "php")
def header_that_is_no_header(s: Scene) -> Truth:
    """PHP sends it, Apache does not let it through."""
    site, name = describe(s), s.rng.choice(("X Frame Options: DENY", "Content Security Policy: default-src *", "Cache Control: no-cache"))
    s.write(s.at(site.page), page_source(s, site, site.title, more=[f"header('{name}'); /* here */"]))
    return Truth("cgi-malformed-header", s.at(site.page), (s.line_of(s.at(site.page), "/* here */"),), page=f"/{site.page}")


# --- well, for all that
@well((*PHP, "ovh"), "php")
def interface_that_wants_a_key(s: Scene) -> Truth:
    s.keep(s.at("api/index.php"), php("http_response_code(401);", "header('Content-Type: application/json');", "header('WWW-Authenticate: Bearer');", "echo json_encode(['error' => ['code' => 401, 'message' => 'Unauthenticated. Exception: none.'], 'trace' => [], 'documentation' => str_repeat('see the manual. ', 8)]);"))  # fmt: skip
    s.pages = ["/", "/api/"]
    return Truth("none", statuses=(200, 401))


@well((*PHP, "ovh"), "php")
def addresses_that_nobody_knows(s: Scene) -> Truth:
    """Symfony notes strangers who try addresses as errors, this minute too."""
    stamps = [time.strftime("%Y-%m-%dT%H:%M:%S.123456+00:00", time.gmtime(time.time() - 60 * minutes)) for minutes in (60, 31, 12, 2, 0.2)]
    pages = ("/wp-login.php", "/.env", "/administrator/", "/xmlrpc.php", "/wp-admin/setup-config.php")
    where = s.path("vendor/symfony/http-kernel/EventListener/RouterListener.php")
    s.keep("var/log/prod.log", "".join(f'[{stamp}] request.ERROR: Uncaught PHP Exception Symfony\\Component\\HttpKernel\\Exception\\NotFoundHttpException: "No route found for "GET {page}"" at {where} line 127 {{"exception":"[object] (Symfony\\\\Component\\\\HttpKernel\\\\Exception\\\\NotFoundHttpException(code: 0): No route found at {where}:127)"}} []\n'
                                       for stamp, page in zip(stamps, pages, strict=True)))  # fmt: skip
    return _WELL


@well((*APACHE, "engine"), "php")
def portal_that_is_switched_off(s: Scene) -> Truth:
    """Joomla's own switch in its settings, thrown by its owner."""
    for file in ("administrator/index.php", "includes/framework.php", "libraries/bootstrap.php"):
        s.keep(s.at(file), "<?php\n")
    s.keep(s.at("configuration.php"), php("class JConfig {", "\tpublic $offline = true;", "\tpublic $offline_message = 'We are rebuilding our shelves.';", "}"))  # fmt: skip
    s.keep(s.at("index.php"), php("define('_JEXEC', 1);", "require __DIR__ . '/configuration.php';", "$config = new JConfig();", "if ($config->offline) {", "    http_response_code(503);", "    header('Retry-After: 86400');", "    echo '<!doctype html><title>Offline</title><h1>This site is down for maintenance.</h1><p>' . $config->offline_message . ' Please check back again soon.</p>';", "    exit;", "}"))  # fmt: skip
    s.pages = ["/"]
    return Truth("none", statuses=(503,))


@well(PHP, "php")
def nightly_job_that_fails(s: Scene) -> Truth:
    """Not a page: a program that the host runs by the clock, beside the docroot, with a log beside itself."""
    stamp, name = time.strftime("%d-%b-%Y %H:%M:%S UTC", time.gmtime(time.time() - 95)), s.rng.choice(("backup", "sync", "newsletter"))
    path = s.path(f"cron/{name}.php")
    s.keep(f"cron/{name}.php", php(filler(s.rng, 3), "$target = new SoapClient('http://192.0.2.1/');"))
    s.write("cron/error_log", f'[{stamp}] PHP Fatal error:  Uncaught Error: Class "SoapClient" not found in {path}:5\nStack trace:\n#0 {{main}}\n  thrown in {path} on line 5\n')  # fmt: skip
    return _WELL
