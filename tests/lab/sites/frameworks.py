# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Small programs in the folder trees of frameworks: what lies where, which settings are read, what is logged and in which form.

Each is written anew for the lab; places and forms are those that the frameworks' own documentation names.
"""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.scene import Scene
from tests.lab.sites.php_site import php

BODY = "str_repeat('<p>' . $text . '</p>', 6)"


def page(title: str, body: str = "") -> str:
    """A page of plain HTML, as a text of PHP between single quotes may hold it."""
    return f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"


def base_of(scene: Scene) -> str:
    """The folder of the program, which lies above the docroot or beside it; ends with a slash where it is not the home."""
    made = getattr(scene, "framework_base", None)
    if made is None:
        made = scene.rng.choice(("", "", "app/", "project/"))
        scene.framework_base = made  # type: ignore[attr-defined]
    return made


def up_to(scene: Scene) -> str:
    """From the docroot to the program's folder, as start files write it."""
    return f"/../{base_of(scene)}".rstrip("/")


def fill_laravel(scene: Scene) -> None:
    """Settings from `.env` or from the cache of them, a key, compiled views, sessions in files, one log."""
    s, base, text = scene, base_of(scene), scene.rng.choice(words.SENTENCES[:6])
    s.keep(f"{base}artisan", "#!/usr/bin/env php\n" + php("echo 'console';"))
    s.keep(f"{base}composer.json", '{"name": "shop/site", "require": {"php": "^8.1", "laravel/framework": "^10.10"}}\n')
    s.keep(f"{base}.env", "\n".join([
        "APP_NAME=Shop", "APP_ENV=production", "APP_KEY=base64:cGxlYXNlIGRvIG5vdCByZWFkIHRoaXMga2V5IDEyMzQ=", "APP_DEBUG=false",
        f"APP_URL={s.place.url}", "", "LOG_CHANNEL=single", "SESSION_DRIVER=file", "CACHE_DRIVER=file", ""]), 0o600)  # fmt: skip
    s.keep(
        f"{base}config/app.php",
        php(
            "return [", "    'name' => env('APP_NAME', 'Laravel'),", "    'key' => env('APP_KEY'),", "    'cipher' => 'AES-256-CBC',", "];"
        ),
    )
    s.keep(f"{base}config/view.php", php("return [", "    'compiled' => realpath(base_path('storage/framework/views')),", "];"))
    s.keep(
        f"{base}config/session.php",
        php("return [", "    'driver' => env('SESSION_DRIVER', 'file'),", "    'files' => base_path('storage/framework/sessions'),", "];"),
    )
    s.keep(f"{base}routes/web.php", php("return ['/' => App\\Http\\Controllers\\HomeController::class];"))
    s.keep(
        f"{base}app/Http/Controllers/HomeController.php",
        php(
            "",
            "namespace App\\Http\\Controllers;",
            "",
            "class HomeController",
            "{",
            "    public function __invoke(): string",
            "    {",
            f"        $text = '{text.replace(chr(39), '')}';",
            f"        return {BODY};",
            "    }",
            "}",
        ),
    )
    s.keep(f"{base}bootstrap/app.php", php("return new Illuminate\\Foundation\\Application(dirname(__DIR__));"))
    s.keep(f"{base}vendor/autoload.php", php(
        "spl_autoload_register(function (string $class) {", "    $base = dirname(__DIR__);",
        "    foreach (['App\\\\' => '/app/', 'Illuminate\\\\' => '/vendor/laravel/framework/src/Illuminate/'] as $prefix => $folder) {",
        "        $file = $base . $folder . str_replace('\\\\', '/', substr($class, strlen($prefix))) . '.php';",
        "        if (str_starts_with($class, $prefix) && is_file($file)) { require $file; }", "    }", "});",
        "function base_path(string $path) { return dirname(__DIR__) . '/' . $path; }", "function env(string $name, $default = null) { return $_ENV[$name] ?? $default; }"))  # fmt: skip
    s.keep(
        f"{base}vendor/laravel/framework/src/Illuminate/Encryption/MissingAppKeyException.php",
        php(
            "namespace Illuminate\\Encryption;",
            "class MissingAppKeyException extends \\RuntimeException",
            "{",
            "    public function __construct($message = 'No application encryption key has been specified.')",
            "    {",
            "        parent::__construct($message);",
            "    }",
            "}",
        ),
    )
    s.keep(f"{base}vendor/laravel/framework/src/Illuminate/Foundation/Application.php", _LARAVEL)
    for folder in ("logs", "framework/views", "framework/sessions", "framework/cache"):
        s.folder(f"{base}storage/{folder}")
    s.folder(f"{base}bootstrap/cache")
    s.folder(f"{base}resources/views")
    s.keep(
        s.at("index.php"),
        php(
            f"require __DIR__.'{up_to(s)}/vendor/autoload.php';",
            f"$app = require_once __DIR__.'{up_to(s)}/bootstrap/app.php';",
            "$app->handleRequest();",
        ),
    )
    s.pages = ["/"]


_LARAVEL = php(
    "namespace Illuminate\\Foundation;", "class Application", "{", "    const VERSION = '10.48.22';", "    public function __construct(private string $base) {}",
    "    public function handleRequest(): void", "    {", "        set_error_handler(function ($level, $message, $file, $line) {",
    "            if (error_reporting() & $level) { throw new \\ErrorException($message, 0, $level, $file, $line); }", "        });",
    "        if (is_file($this->base . '/storage/framework/down')) {", "            http_response_code(503);", "            $down = json_decode(file_get_contents($this->base . '/storage/framework/down'), true);",
    "            if (isset($down['retry'])) { header('Retry-After: ' . $down['retry']); }",
    f"            exit('{page('Service Unavailable', '<p>503 Service Unavailable</p>')}');", "        }",
    "        try { echo $this->run(); } catch (\\Throwable $e) {", "            $this->report($e);", "            http_response_code(500);", f"            echo '{page('Server Error', '<p>500 | Server Error</p>')}';", "        }", "    }",
    "    private function report(\\Throwable $e): void", "    {", "        $log = $this->base . '/storage/logs/laravel.log';",
    "        $said = json_encode(['exception' => 0]);", "        $text = '[' . date('Y-m-d H:i:s') . '] production.ERROR: ' . $e->getMessage() . ' {\"exception\":\"[object] (' . str_replace('\\\\', '\\\\\\\\', get_class($e)) . '(code: ' . $e->getCode() . '): ' . addslashes($e->getMessage()) . ' at ' . $e->getFile() . ':' . $e->getLine() . ')';",
    "        $text .= \"\\n[stacktrace]\\n\" . $e->getTraceAsString() . \"\\n\\\"} \\n\";",
    "        set_error_handler(fn () => true);", "        if (file_put_contents($log, $text, FILE_APPEND) === false) {",
    "            throw new \\UnexpectedValueException(sprintf('The stream or file \"%s\" could not be opened in append mode: Failed to open stream: Permission denied' . \"\\nThe exception occurred while attempting to log: %s\", $log, $e->getMessage()));", "        }", "    }",
    "    private function run(): string", "    {", "        $cached = $this->base . '/bootstrap/cache/config.php';",
    "        if (is_file($cached)) { $config = require $cached; } else {",
    "            foreach (is_file($this->base . '/.env') ? file($this->base . '/.env') : [] as $line) { if (strpos($line, '=')) { [$name, $value] = explode('=', trim($line), 2); $_ENV[$name] = trim($value, '\"'); } }",
    "            $config = []; foreach (['app', 'view', 'session'] as $name) { $config[$name] = require $this->base . \"/config/$name.php\"; }", "        }",
    "        if (empty($config['view']['compiled'])) { throw new \\InvalidArgumentException('Please provide a valid cache path.'); }",
    "        if (empty($config['app']['key'])) { throw new \\Illuminate\\Encryption\\MissingAppKeyException(); }",
    "        if (strlen(base64_decode(substr($config['app']['key'], 7))) !== 32 && $config['app']['cipher'] === 'AES-256-CBC') { throw new \\RuntimeException('Unsupported cipher or incorrect key length. Supported ciphers are: aes-128-cbc, aes-256-cbc, aes-128-gcm, aes-256-gcm.'); }",
    "        file_put_contents($config['session']['files'] . '/' . bin2hex(random_bytes(9)), 'a:0:{}', LOCK_EX);",
    "        file_put_contents($config['view']['compiled'] . '/' . bin2hex(random_bytes(9)) . '.php', '<?php echo 1;');",
    "        $routes = require $this->base . '/routes/web.php'; $class = $routes['/'];",
    "        return '<!doctype html><html><head><title>Shop</title></head><body><h1>Shop</h1>' . (new $class())() . '</body></html>';", "    }", "}",
)  # fmt: skip


def fill_symfony(scene: Scene) -> None:
    """`.env` or `.env.local`, the kernel's cache, one log of production."""
    s, base, text = scene, base_of(scene), scene.rng.choice(words.SENTENCES[:6]).replace("'", "")
    s.keep(f"{base}bin/console", php("echo 'console';"))
    s.keep(
        f"{base}config/bundles.php",
        php("return [", "    Symfony\\Bundle\\FrameworkBundle\\FrameworkBundle::class => ['all' => true],", "];"),
    )
    s.keep(f"{base}config/services.yaml", "services:\n    _defaults:\n        autowire: true\n    App\\:\n        resource: '../src/'\n")
    s.keep(f"{base}config/packages/doctrine.yaml", "doctrine:\n    dbal:\n        url: '%env(resolve:DATABASE_URL)%'\n")
    s.keep(f"{base}.env", "APP_ENV=prod\nAPP_SECRET=5f1c2a9b3d4e\nMAILER_DSN=null://null\n")
    s.keep(f"{base}.env.local", 'DATABASE_URL="sqlite:///%kernel.project_dir%/var/data.db"\n', 0o600)
    s.keep(f"{base}src/Kernel.php", php("namespace App;", "class Kernel extends \\Symfony\\Component\\HttpKernel\\Kernel", "{", "}"))
    s.keep(
        f"{base}src/Controller/HomeController.php",
        php(
            "namespace App\\Controller;",
            "class HomeController",
            "{",
            "    public function index(): string",
            "    {",
            f"        $text = '{text}';",
            f"        return {BODY};",
            "    }",
            "}",
        ),
    )
    s.keep(f"{base}vendor/symfony/http-kernel/Kernel.php", _SYMFONY)
    s.keep(f"{base}vendor/autoload_runtime.php", php(
        "spl_autoload_register(function (string $class) {", "    foreach (['App\\\\' => '/src/', 'Symfony\\\\Component\\\\HttpKernel\\\\' => '/vendor/symfony/http-kernel/'] as $prefix => $folder) {",
        "        $file = dirname(__DIR__) . $folder . str_replace('\\\\', '/', substr($class, strlen($prefix))) . '.php';",
        "        if (str_starts_with($class, $prefix) && is_file($file)) { require $file; }", "    }", "});",
        "(require $_SERVER['SCRIPT_FILENAME'])(dirname(__DIR__))->handle();", "exit;"))  # fmt: skip
    s.folder(f"{base}var/cache/prod")
    s.folder(f"{base}var/log")
    s.keep(
        s.at("index.php"),
        php(
            "use App\\Kernel;",
            f"require_once dirname(__DIR__).'{up_to(s)[3:]}/vendor/autoload_runtime.php';",
            "return function (string $base) {",
            "    return new Kernel($base);",
            "};",
        ),
    )
    s.pages = ["/"]


_SYMFONY = php(
    "namespace Symfony\\Component\\HttpKernel;", "abstract class Kernel", "{", "    const VERSION = '6.4.12';", "    public function __construct(private string $base) {}",
    "    public function handle(): void", "    {", "        $this->boot();",
    "        try { echo $this->answer(); } catch (\\Throwable $e) {",
    "            $line = '[' . date('Y-m-d\\TH:i:s.uP') . '] request.CRITICAL: Uncaught PHP Exception ' . get_class($e) . ': \"' . $e->getMessage() . '\" at ' . basename($e->getFile()) . ' line ' . $e->getLine();",
    "            $line .= ' {\"exception\":\"[object] (' . str_replace('\\\\', '\\\\\\\\', get_class($e)) . '(code: 0): ' . addslashes($e->getMessage()) . ' at ' . $e->getFile() . ':' . $e->getLine() . ')\"} []';",
    "            file_put_contents($this->base . '/var/log/prod.log', $line . \"\\n\", FILE_APPEND);", "            http_response_code(500);",
    "            echo '<!DOCTYPE html><html><head><title>An Error Occurred: Internal Server Error</title></head><body><h1>Oops! An Error Occurred</h1><h2>The server returned a \"500 Internal Server Error\".</h2><p>Something is broken.</p></body></html>';", "        }", "    }",
    "    private function boot(): void", "    {", "        if (!is_file($this->base . '/.env') && !is_file($this->base . '/.env.local.php')) {",
    "            throw new \\RuntimeException(sprintf('Unable to read the \"%s\" environment file.', $this->base . '/.env'));", "        }",
    "        foreach (['.env', '.env.local'] as $name) { foreach (is_file($file = $this->base . '/' . $name) ? file($file) : [] as $n => $line) {",
    "            if (!preg_match('/^(?:#.*|\\s*|(?:export )?[A-Za-z_]\\w*=.*)$/', rtrim($line))) { throw new \\RuntimeException(sprintf(\"Missing = in the environment variable declaration in \\\"%s\\\" at line %d.\\n...%s...\", $file, $n + 1, rtrim($line))); }",
    "            if (strpos($line, '=')) { [$key, $value] = explode('=', trim($line), 2); $_ENV[$key] = trim($value, '\"'); } } }",
    "        $folder = $this->base . '/var/cache/prod';",
    "        if (!is_dir($folder) && !@mkdir($folder, 0777, true) && !is_dir($folder)) { throw new \\RuntimeException(sprintf('Unable to create the \"%s\" directory (%s).', 'cache', $folder)); }",
    "        if (!is_writable($folder)) { throw new \\RuntimeException(sprintf('Unable to write in the \"%s\" directory (%s).', 'cache', $folder)); }", "    }",
    "    private function answer(): string", "    {", "        if (!isset($_ENV['DATABASE_URL'])) { throw new \\LogicException('Environment variable not found: \"DATABASE_URL\".'); }",
    "        $bundles = require $this->base . '/config/bundles.php';",
    "        if (is_file($extra = $this->base . '/var/cache/prod/App_KernelProdContainer.php')) { require $extra; }",
    "        return '<!doctype html><html><head><title>Shop</title></head><body><h1>Shop</h1>' . (new \\App\\Controller\\HomeController())->index() . '</body></html>';", "    }", "}",
)  # fmt: skip


def fill_yii2(scene: Scene) -> None:
    """The basic template; assets are published into the docroot."""
    s, base, text = scene, base_of(scene), scene.rng.choice(words.SENTENCES[:6]).replace("'", "")
    s.keep(f"{base}yii", php("echo 'yii';"))
    s.keep(
        f"{base}config/web.php",
        php(
            "return [",
            "    'id' => 'basic',",
            "    'basePath' => dirname(__DIR__),",
            "    'components' => [",
            "        'request' => ['cookieValidationKey' => 'k3y'],",
            "        'db' => require __DIR__ . '/db.php',",
            "    ],",
            "];",
        ),
    )
    s.keep(
        f"{base}config/db.php",
        php("return [", "    'class' => 'yii\\db\\Connection',", "    'dsn' => 'mysql:host=localhost;dbname=yii2basic',", "];"),
    )
    s.keep(
        f"{base}controllers/SiteController.php",
        php(
            "namespace app\\controllers;",
            "class SiteController",
            "{",
            "    public function actionIndex()",
            "    {",
            f"        $text = '{text}';",
            f"        return {BODY};",
            "    }",
            "}",
        ),
    )
    s.keep(f"{base}vendor/yiisoft/yii2/Yii.php", php(
        "class Yii", "{", "    public static function run(array $config, string $web): void", "    {", "        $base = $config['basePath'];", "        try {",
        "            if (!is_writable($web . '/assets')) { throw new \\RuntimeException('The directory is not writable by the Web process: ' . $web . '/assets'); }",
        "            if (empty($config['components']['request']['cookieValidationKey'])) { throw new \\RuntimeException('yii\\web\\Request::cookieValidationKey must be configured with a secret key.'); }",
        "            require $base . '/controllers/SiteController.php';", "            echo '<!doctype html><html><head><title>Shop</title></head><body>' . (new \\app\\controllers\\SiteController())->actionIndex() . '</body></html>';",
        "        } catch (\\Throwable $e) {", "            $text = date('Y-m-d H:i:s') . ' [127.0.0.1][-][-][error][' . get_class($e) . '] ' . get_class($e) . ': ' . $e->getMessage() . ' in ' . $e->getFile() . ':' . $e->getLine() . \"\\nStack trace:\\n\" . $e->getTraceAsString() . \"\\n\";",
        "            @file_put_contents($base . '/runtime/logs/app.log', $text, FILE_APPEND);", "            http_response_code(500);", f"            echo '{page('Error', '<p>An internal server error occurred.</p><p>The above error occurred while the Web server was processing your request.</p>')}';", "        }", "    }", "}"))  # fmt: skip
    s.folder(f"{base}runtime/logs")
    s.folder(s.at("assets"))
    s.keep(
        s.at("index.php"),
        php(
            f"require __DIR__ . '{up_to(s)}/vendor/yiisoft/yii2/Yii.php';",
            f"$config = require __DIR__ . '{up_to(s)}/config/web.php';",
            "Yii::run($config, __DIR__);",
        ),
    )
    s.pages = ["/"]


def fill_slim(scene: Scene) -> None:
    """Errors go into PHP's own log, a line of text for each of their parts."""
    s, base, text = scene, base_of(scene), scene.rng.choice(words.SENTENCES[:6]).replace("'", "")
    s.keep(
        f"{base}app/settings.php",
        php(
            "return [",
            "    'displayErrorDetails' => false,",
            "    'logErrors' => true,",
            "    'rates' => __DIR__ . '/../data/rates.json',",
            "];",
        ),
    )
    s.keep(f"{base}data/rates.json", '{"eur": 1, "usd": 1.08}\n')
    s.keep(
        f"{base}app/routes.php",
        php(
            "return function (array $settings): string {",
            "    $rates = json_decode(file_get_contents($settings['rates']), true, 9, JSON_THROW_ON_ERROR);",
            f"    $text = '{text} ' . count($rates);",
            f"    return {BODY};",
            "};",
        ),
    )
    s.keep(f"{base}vendor/slim/slim/Slim/App.php", php(
        "namespace Slim;", "class App", "{", "    const VERSION = '4.12.0';", "    public static function run(string $base): void", "    {", "        try {", "            $settings = require $base . '/app/settings.php';", "            $routes = require $base . '/app/routes.php';",
        "            echo '<!doctype html><html><head><title>Shop</title></head><body>' . $routes($settings) . '</body></html>';", "        } catch (\\Throwable $e) {",
        "            error_log(\"500 Internal Server Error\\nType: \" . get_class($e) . \"\\nCode: \" . $e->getCode() . \"\\nMessage: \" . $e->getMessage() . \"\\nFile: \" . $e->getFile() . \"\\nLine: \" . $e->getLine() . \"\\nTrace: \" . $e->getTraceAsString() . \"\\nView in rendered output by enabling the \\\"displayErrorDetails\\\" setting.\\n\");",
        "            http_response_code(500);", f"            echo '{page('Slim Application Error', '<p>A website error has occurred. Sorry for the temporary inconvenience.</p>')}';", "        }", "    }", "}"))  # fmt: skip
    s.keep(
        s.at("index.php"), php(f"require __DIR__ . '{up_to(s)}/vendor/slim/slim/Slim/App.php';", f"Slim\\App::run(__DIR__ . '{up_to(s)}');")
    )
    s.pages = ["/"]


def today() -> str:
    """As the lab's PHP names the day, which lives in Paris."""
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3600))
