# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""PHP sites that are well although something looks otherwise."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.acceptance_code import controller, name_of
from tests.lab.cases.base import PHP, Truth, well
from tests.lab.scene import Scene
from tests.lab.sites.frameworks import base_of
from tests.lab.sites.php_site import describe, filler, page_source, php

_ANYWHERE = (*PHP, "ovh", "shown")


@well(_ANYWHERE, "php")
def article_about_messages_of_php(s: Scene) -> Truth:
    """Somebody who explains errors to others quotes them."""
    site, name = describe(s), name_of(s, "php-errors", "erreur-500", "debugging", "course-7")
    quotes = s.rng.sample((
        "<b>Fatal error</b>: Uncaught Error: Call to undefined function foo() in /home/you/www/index.php:12", "PHP Parse error: syntax error, unexpected end of file in functions.php on line 88",
        "500 Internal Server Error", "Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes)", "No application encryption key has been specified.",
        "Error establishing a database connection", "SQLSTATE[HY000] [1045] Access denied for user", "Oops! An Error Occurred", "Whoops, looks like something went wrong.",
    ), 4)  # fmt: skip
    body = "".join(f"<h2>What means this?</h2><pre>{quote}</pre><p>{s.rng.choice(words.SENTENCES[:6])}</p>" for quote in quotes).replace(
        "'", ""
    )
    source = page_source(
        s, site, s.rng.choice(("500 Internal Server Error: what now?", "Fatal error on your page", "Messages of PHP and what they mean"))
    )
    s.write(s.at(f"{name}.php"), source.replace("echo layout(", f"$article = '{body}';\necho $article . layout("))
    s.pages.append(f"/{name}.php")
    return Truth("none", page=f"/{name}.php", statuses=(200,))


@well(_ANYWHERE, "php")
def broken_copies_that_nobody_loads(s: Scene) -> Truth:
    """Drafts and copies with real errors in them lie about; no page needs them."""
    site = describe(s)
    broken = php(filler(s.rng, 5), "function half(", "    return [1, 2;", "}")
    for name in s.rng.sample(
        (
            "index_old.php",
            "index.php.bak",
            "test/index-new.php",
            "_draft.php",
            f"{site.helpers}.orig",
            f"{site.library}/config_backup.php",
            "old/2019/start.php",
            ".user.ini.bak",
        ),
        4,
    ):
        (s.write if s.rng.random() < 0.5 else s.keep)(
            s.at(name), "memory_limit = 1M\nauto_prepend_file = /nowhere.php\n" if "ini" in name else broken
        )
    s.keep(s.at("old/legacy.php"), php("mysql_connect('localhost', 'root', '');", "$f = create_function('', 'return 1;');"))
    return Truth("none", statuses=(200,))


@well((*PHP, "ovh"), "laravel", "symfony", "yii2", "codeigniter4")
def log_of_a_framework_with_errors_since_mended(s: Scene) -> Truth:
    """What went wrong some days ago is in the framework's own log; the page has answered since."""
    base, path = base_of(s), controller(s)
    days = s.rng.uniform(3, 20)
    moment = time.time() - days * 86_400
    stamp, day, line = (
        time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment)),
        time.strftime("%Y-%m-%d", time.gmtime(moment)),
        s.rng.randint(3, 9),
    )
    said = s.rng.choice(("Call to undefined function price_of()", 'Class "Imagick" not found', "Undefined variable $rates"))
    logs = {
        "storage/logs": (
            "laravel.log",
            f'[{stamp}] production.ERROR: {said} {{"exception":"[object] (Error(code: 0): {said} at {s.path(path)}:{line})\n[stacktrace]\n#0 {{main}}\n"}} \n',
        ),
        "var/log": (
            "prod.log",
            f'[{day}T10:12:13.123456+01:00] request.CRITICAL: Uncaught PHP Exception Error: "{said}" at {s.path(path).name} line {line} {{"exception":"[object] (Error(code: 0): {said} at {s.path(path)}:{line})"}} []\n',
        ),
        "runtime/logs": (
            "app.log",
            f"{stamp} [127.0.0.1][-][-][error][Error] Error: {said} in {s.path(path)}:{line}\nStack trace:\n#0 {{main}}\n",
        ),
        "writable/logs": (
            f"log-{day}.log",
            f"CRITICAL - {stamp} --> Error: {said}\n[Method: GET, Route: /]\nin APPPATH/Controllers/Home.php on line {line}.\n",
        ),
    }
    folder, (name, text) = next((folder, told) for folder, told in logs.items() if s.path(f"{base}{folder}").is_dir())
    s.write(f"{base}{folder}/{name}", text * s.rng.randint(1, 40), days=days)
    return Truth("none", statuses=(200,))


@well((*PHP, "ovh"), "laravel")
def maintenance_that_was_announced(s: Scene) -> Truth:
    """The owner took the program down for a while, and says until when."""
    s.write(
        f"{base_of(s)}storage/framework/down",
        f'{{"except":[],"redirect":null,"retry":{s.rng.choice((300, 600, 3600))},"refresh":null,"secret":null,"status":503,"template":null}}\n',
    )
    return Truth("none", statuses=(503,))


@well(_ANYWHERE, "php")
def failure_elsewhere_that_is_caught(s: Scene) -> Truth:
    """The weather of another site cannot be had; the page says nothing of it and notes it in the log."""
    site = describe(s)
    port = s.rng.choice((1, 9))
    more = [
        "function weather(): string", "{", f"    $line = @fsockopen('127.0.0.1', {port}, $code, $text, 1);", "    if (!$line) {", "        throw new RuntimeException('weather: ' . $text, $code);", "    }", "    return trim((string) fgets($line));", "}",
        "try {", "    $weather = weather();", "} catch (RuntimeException $e) {", "    error_log('caught ' . $e);", "    $weather = 'sunny';", "}", "$hint = @$settings['hint']['text'];",
    ]  # fmt: skip
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=more))
    return Truth("none", statuses=(200,))


@well((*PHP, "ovh"), "php")
def unusual_settings_that_work(s: Scene) -> Truth:
    """Settings that look like trouble: far limits, a file run first from elsewhere, a cage that is wide enough, things nobody knows."""
    first = f"{s.rng.choice(('private', 'inc-global', 'etc'))}/{s.rng.choice(('before', 'prepend', 'waf'))}.php"
    s.keep(first, php("header('X-Served: yes');"))
    ends = s.rng.choice(("\n", "\r\n"))
    lines = [
        f'auto_prepend_file = "{s.path(first)}"', s.rng.choice(("memory_limit = 1024M", "memory_limit = -1", "memory_limit = 48M")), f"open_basedir = {s.path(s.www).parent}/:/tmp/",
        "upload_max_filesize = 2000M", "; memory_limit = 2M", ";auto_append_file = /home/old/stats.php", "disable_functions = exec,system", "some.old_module.setting = 1", "max_execution_time = 600",
        f"session.save_path = {s.path('tmp')}",
    ]  # fmt: skip
    s.rng.shuffle(lines)
    s.write(s.at(".user.ini"), ends.join(lines) + ends)
    time.sleep(1.1)
    return Truth("none", statuses=(200,))


@well(_ANYWHERE, "php")
def pages_that_refuse_or_are_gone_on_purpose(s: Scene) -> Truth:
    """A members' page answers 401 or 403, an offer that is over 410, an order nobody made 404."""
    site = describe(s)
    name, (status, text) = (
        name_of(s, "offer", "members", "order-status", "summer-2024"),
        s.rng.choice(((401, "Please sign in"), (403, "Only for members"), (404, "No such order"), (410, "This offer is over"))),
    )
    header = "header('WWW-Authenticate: Basic realm=\"Members\"');" if status == 401 else "header('Cache-Control: no-store');"
    s.write(s.at(f"{name}.php"), page_source(s, site, text, more=[f"http_response_code({status});", header]))
    s.pages.append(f"/{name}.php")
    return Truth("none", page=f"/{name}.php", statuses=(200, status))


@well(_ANYWHERE, "php")
def old_calls_behind_a_question(s: Scene) -> Truth:
    """Functions that PHP gave up and extensions that are not there are asked for before they are used."""
    site = describe(s)
    path = s.at(site.helpers)
    guarded = [
        "if (PHP_VERSION_ID < 50400 && get_magic_quotes_gpc()) {", "    $_GET = array_map('stripslashes', $_GET);", "}",
        "$upper = function_exists('mb_strtoupper') ? mb_strtoupper('title') : strtoupper('title');", "if (class_exists('Imagick')) {", "    $picture = new Imagick();", "}",
        "if (version_compare(PHP_VERSION, '7.2', '<')) {", "    $by = create_function('$a, $b', 'return strcmp($a, $b);');", "}",
        "if (extension_loaded('intl')) {", "    $money = new NumberFormatter('de_DE', NumberFormatter::CURRENCY);", "}",
        "if (!function_exists('each')) {", "    function each(array &$rows) { $key = key($rows); next($rows); return $key === null ? false : [$key, $rows[$key]]; }", "}",
        "@include __DIR__ . '/local-settings.php';", "if (is_file(__DIR__ . '/Extra.php')) { require __DIR__ . '/Extra.php'; }",
    ]  # fmt: skip
    (s.write if s.rng.random() < 0.5 else s.keep)(path, s.read(path).decode() + "\n".join(guarded) + "\n")
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=[f"usleep({s.rng.randint(1, 15)}00000);"]))
    return Truth("none", statuses=(200,))
