# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Shops, portals and frameworks after an update, a move or a deployment by hand."""

from __future__ import annotations

import os
import time

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case, well
from tests.lab.scene import Scene
from tests.lab.sites.frameworks import base_of
from tests.lab.sites.php_site import filler, php

_WELL = Truth("none", statuses=(200,))
_OWN = ("application-answers-500", "php-uncaught-exception")
_SEEN = (*PHP, "ovh")


def _answers(s: Scene, title: str) -> list[str]:
    """The last lines of a start file."""
    return [f"echo '<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>' . str_repeat('<p>{s.rng.choice(words.TITLES)}</p>', 9) . '</body></html>';"]  # fmt: skip


@case(SHOWN, "php")
def override_of_an_older_shop(s: Scene) -> Truth:
    """The shop was updated with one click; a module's override of one class is as it was."""
    name, method, old, new = s.rng.choice((("Cart", "getProducts", "$refresh = false, $id_product = false", "$refresh = false, $id_product = false, $keepOrderPrices = false"), ("Tools", "getPath", "$id_category, $path = ''", "$url_base, $id_category, $path = '', $highlight = ''"), ("Product", "getPriceStatic", "$id_product, $usetax = true", "$id_product, $usetax = true, $id_attribute = null")))  # fmt: skip
    core, own = s.at(f"classes/{name}.php"), s.at(f"override/classes/{name}.php")
    s.write(core, php(filler(s.rng, 12), f"class {name}Core", "{", f"    public static function {method}({new})", "    {", "        return array();", "    }", "}"))  # fmt: skip
    s.keep(own, php("/**", " * Override of a module.", " */", f"class {name} extends {name}Core", "{", "    /*", "    * module: fastcheckout", f"    * version: 2.{s.rng.randint(0, 9)}.1", "    */", f"    public static function {method}({old})", "    {", "        return array();", "    }", "}"))  # fmt: skip
    s.write(s.at("config/defines.inc.php"), php(f"define('_PS_VERSION_', '1.7.{s.rng.randint(6, 8)}.{s.rng.randint(1, 9)}');", "define('_PS_MODE_DEV_', false);", "define('_PS_ROOT_DIR_', dirname(__DIR__));"))  # fmt: skip
    s.write(s.at("config/config.inc.php"), php("require_once __DIR__ . '/defines.inc.php';", "spl_autoload_register(function ($class) {", "    $file = _PS_ROOT_DIR_ . '/' . (str_ends_with($class, 'Core') ? 'classes/' . substr($class, 0, -4) : 'override/classes/' . $class) . '.php';", "    if (is_file($file)) { require $file; }", "});"))  # fmt: skip
    s.write(
        s.at("index.php"),
        php("require dirname(__FILE__) . '/config/config.inc.php';", f"$shown = {name}::{method}(1, 2);", *_answers(s, "Shop")),
    )
    return Truth("php-uncaught-exception", own, (s.line_of(own, f"function {method}"),), ("php-version-incompatible-code",), paths=(core,))  # fmt: skip


@case(_SEEN, "magento")
def shop_whose_code_was_not_compiled(s: Scene) -> Truth:
    """The deployment emptied `generated/`, and the step that fills it again never ran."""
    kind = s.rng.choice(("PriceFactory", "Price\\Interceptor", "Price\\Proxy"))
    factory, price = s.at("vendor/magento/framework/ObjectManager/Factory/Compiled.php"), s.at("app/code/Shop/Prices/Model/Price.php")
    s.keep(factory, php("namespace Magento\\Framework\\ObjectManager\\Factory;", "", "class Compiled", "{", "    public function create(string $type)", "    {", "        $file = dirname(__DIR__, 5) . '/generated/code/' . str_replace('\\\\', '/', $type) . '.php';", "        if (is_file($file)) {", "            require $file;", "        }", "        $class = new \\ReflectionClass($type);", "        return $class->newInstance();", "    }", "}"))  # fmt: skip
    s.keep(price, php("namespace Shop\\Prices\\Model;", "", "require_once dirname(__DIR__, 5) . '/vendor/magento/framework/ObjectManager/Factory/Compiled.php';", "", "class Price", "{", "    public function final(): float", "    {", f"        (new \\Magento\\Framework\\ObjectManager\\Factory\\Compiled())->create('Shop\\\\Prices\\\\Model\\\\{kind.replace(chr(92), chr(92) * 2)}');", "        return 1.0;", "    }", "}"))  # fmt: skip
    os.utime(s.path(s.at("generated/code")))
    missing = s.at(f"generated/code/Shop/Prices/Model/{kind.replace(chr(92), '/')}.php")
    return Truth("php-class-not-found", missing, (), (*_OWN, "php-missing-file"), paths=(s.at("generated/code"), s.at("generated"), factory, price))  # fmt: skip


@case(PHP, "drupal")
def module_deleted_while_it_was_in_use(s: Scene) -> Truth:
    """Its folder went with a tidying up; the portal still has it among those that are on."""
    s.remove(s.at("modules/custom/prices"))
    path = s.at("modules/custom/prices/prices.module")
    return Truth("php-missing-file", path, (), ("php-uncaught-exception",), paths=(s.at("index.php"), s.at("modules/custom/prices"), s.at("modules/custom")))  # fmt: skip


@case(_SEEN, "laravel")
def sessions_until_the_disk_was_full(s: Scene) -> Truth:
    """What the framework says of it stands in its own log, which lies on another disk."""
    folder = f"{base_of(s)}storage/framework/sessions"
    if s.small_disk(folder, 64):
        for number in range(15):
            (s.path(folder) / f"{number:040x}").write_bytes(b'a:3:{s:6:"_token";s:40:"x";}' * 140)
        with open(s.path(folder) / f"{15:040x}", "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 1024):
                    pass
            except OSError:
                pass
        for session in s.path(folder).iterdir():
            s.place.account.own(session)
    return Truth("disk-full", folder, (), (), paths=(f"{base_of(s)}vendor/laravel/framework/src/Illuminate/Foundation/Application.php", f"{base_of(s)}storage/logs/laravel.log"))  # fmt: skip


@case(_SEEN, "symfony")
def address_of_the_database_with_a_sign_that_ends_it(s: Scene) -> Truth:
    """A password with signs that an address wants written otherwise."""
    base, secret = base_of(s), s.rng.choice(("pa#12x", "b/r4t", "k7?k#9", "o/o#1"))
    manager, controller, env = (
        f"{base}vendor/doctrine/dbal/src/DriverManager.php",
        f"{base}src/Controller/HomeController.php",
        f"{base}.env.local",
    )
    s.keep(manager, php("namespace Doctrine\\DBAL;", "", "final class DriverManager", "{", "    public static function getConnection(array $params): array", "    {", "        $url = preg_replace('#^((?:pdo_)?sqlite3?):///#', '$1://localhost/', $params['url']);", "        $url = parse_url($url);", "        if ($url === false) {", "            throw new \\UnexpectedValueException('Malformed parameter \"url\".');", "        }", "        return $url;", "    }", "}"))  # fmt: skip
    text = s.read(controller).decode().replace("        $text", "        require_once dirname(__DIR__, 2) . '/vendor/doctrine/dbal/src/DriverManager.php';\n        $db = \\Doctrine\\DBAL\\DriverManager::getConnection(['url' => $_ENV['DATABASE_URL']]);\n        $text", 1)  # fmt: skip
    s.keep(controller, text)
    s.write(env, f'DATABASE_URL="mysql://shop:{secret}@127.0.0.1:3306/shop?serverVersion=10.11.2-MariaDB"\n', 0o600)
    return Truth("application-answers-500", env, (1,), ("php-uncaught-exception", "database-access-denied"), paths=(manager, controller))


@case(_SEEN, "codeigniter4")
def framework_that_wants_words_of_all_languages(s: Scene) -> Truth:
    """PHP at the new host comes without `intl`."""
    path = f"{base_of(s)}app/Controllers/Home.php"
    line = s.rng.choice(("\\Locale::setDefault('de');", "$price = new \\NumberFormatter('fr_FR', \\NumberFormatter::CURRENCY);", "$day = \\IntlDateFormatter::formatObject(new \\DateTime(), 'EEEE', 'de');"))  # fmt: skip
    s.keep(path, s.read(path).decode().replace("        $text", f"        {line}\n        $text", 1))
    return Truth("php-missing-extension", path, (s.line_of(path, line),), ("php-class-not-found", "application-answers-500"))


@case(PHP, "php")
def copies_that_a_shop_changed_for_itself(s: Scene) -> Truth:
    """The shop runs its own changed copies of its files; since the update they ask for what is no more."""
    store, gone = s.rng.choice(("system/storage", "storage")), s.rng.choice(("getTotalCoupons", "countProducts", "getRecurringProducts"))
    name = "catalog/controller/common/header.php"
    copy, cart = s.at(f"{store}/modification/{name}"), s.at("system/library/cart/cart.php")
    header = ["class ControllerCommonHeader {", "    public function index($cart) {", "        $data['logo'] = 'image/logo.png';", "        $data['count'] = $cart->%s();", "        return $data;", "    }", "}"]  # fmt: skip
    s.write(s.at(name), php([line.replace("%s", "getProducts") for line in header]))
    s.keep(copy, php(filler(s.rng, 3), [line.replace("%s", gone) for line in header]))
    s.write(cart, php("namespace Cart;", "class Cart {", "    public function getProducts() {", "        return array();", "    }", "}"))
    s.write(s.at("system/startup.php"), php("function modification($name) {", f"    $file = DIR_OPENCART . '{store}/modification/' . $name;", "    return is_file($file) ? $file : DIR_OPENCART . $name;", "}"))  # fmt: skip
    s.write(s.at("index.php"), php("define('VERSION', '3.0.3.8');", "define('DIR_OPENCART', __DIR__ . '/');", "require_once DIR_OPENCART . 'system/startup.php';", "require_once DIR_OPENCART . 'system/library/cart/cart.php';", f"require_once modification('{name}');", "(new ControllerCommonHeader())->index(new Cart\\Cart());", *_answers(s, "Shop")))  # fmt: skip
    return Truth("php-uncaught-exception", copy, (s.line_of(copy, gone),), ("php-undefined-function",), paths=(cart,))


# --- well, for all that
@well(_SEEN, "magento")
def shop_with_reports_of_yesterday(s: Scene) -> Truth:
    """A folder full of numbered reports of a bad night, and none since."""
    for _ in range(s.rng.randint(20, 60)):
        number = f"{s.rng.randrange(16**64):064x}"
        s.write(s.at(f"var/report/{number[:2]}/{number[2:4]}/{number}"), f'{{"0":"SQLSTATE[HY000] [2002] Connection refused","1":"#1 {s.path(s.at("vendor/magento/framework/DB/Adapter/Pdo/Mysql.php"))}(411): connect()","url":"/","script_name":"/index.php","report_id":"{number}"}}', days=s.rng.uniform(0.6, 1.2))  # fmt: skip
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00", time.gmtime(time.time() - 70_000))
    s.write(s.at("var/log/exception.log"), f"[{stamp}] main.CRITICAL: PDOException: SQLSTATE[HY000] [2002] Connection refused in vendor/magento/framework/DB/Adapter/Pdo/Mysql.php:411\n" * 20, days=0.8)  # fmt: skip
    return _WELL


@well(PHP, "drupal")
def portal_that_notes_who_may_not_come_in(s: Scene) -> Truth:
    """At every request, in PHP's log, with the class of an exception: somebody tries the addresses of its editors."""
    path = s.at("modules/custom/prices/prices.module")
    s.keep(path, s.read(path).decode().replace("    $page['prices']", "    error_log('access denied: Path: /admin/content. Drupal\\\\Core\\\\Http\\\\Exception\\\\CacheableAccessDeniedHttpException: The \\'access content overview\\' permission is required. in Drupal\\\\Core\\\\Routing\\\\AccessAwareRouter->checkAccess() (line 117 of core/lib/Drupal/Core/Routing/AccessAwareRouter.php).');\n    $page['prices']"))  # fmt: skip
    return _WELL
