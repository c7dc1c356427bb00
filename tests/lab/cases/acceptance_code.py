# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""PHP sites of own making and on frameworks: what was edited, uploaded or left behind in the code."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.edits import lines_at
from tests.lab.sites.frameworks import base_of
from tests.lab.sites.php_site import class_source, describe, filler, page_source, php

CONTROLLERS = (
    "app/Http/Controllers/HomeController.php",
    "src/Controller/HomeController.php",
    "app/Controllers/Home.php",
    "controllers/SiteController.php",
)


def controller(s: Scene) -> str:
    """The one controller of this framework's site."""
    return next(f"{base_of(s)}{name}" for name in CONTROLLERS if s.path(f"{base_of(s)}{name}").is_file())


def name_of(s: Scene, *names: str) -> str:
    """A name for a further page, which the site does not have yet."""
    return s.rng.choice([name for name in names if not s.path(s.at(f"{name}.php")).exists()])


@case((*SHOWN, "ovh"), "php")
def holiday_notice_typed_into_the_settings(s: Scene) -> Truth:
    """Somebody who is no programmer changed the notice: a quotation mark or comma is wrong."""
    site = describe(s)
    path, key = s.at(site.settings), s.rng.choice(("notice", "hours", "banner", "info", "message"))
    wrong = s.rng.choice((
        f"    '{key}' => 'Fermé jusqu'au {s.rng.randint(2, 28)} août',",
        f"    '{key}' => 'We're closed until the {s.rng.randint(2, 28)}th of January',",
        f"    '{key}' => ‘Open again on day {s.rng.randint(2, 28)}‘,",
        f'    "{key}" => "Our new menu "Autumn {s.rng.randint(2024, 2027)}" is there",',
        f"    '{key}' = 'Back on Monday the {s.rng.randint(2, 28)}th',",
        f"    '{key}' => 'Back on Monday the {s.rng.randint(2, 28)}th'",
    ))  # fmt: skip
    mail = f"    'mail' => '{s.rng.choice(('office', 'info', 'hello'))}@example.org',"
    s.write(path, php(filler(s.rng, s.rng.randint(0, 9)), "$settings = [", f"    'title' => {site.title!r},", "    'cache' => __DIR__ . '/../cache',", wrong, mail, "];"))  # fmt: skip
    at = s.line_of(path, wrong)
    return Truth("php-parse-error", path, (at,) if wrong.endswith(",") else (at, at + 1))


@case(PHP, "php")
def part_that_only_some_visitors_get(s: Scene) -> Truth:
    """By language, by cookie or by telephone: only one of the parts has an error in it."""
    site, way = describe(s), s.rng.choice(("language", "cookie", "phone"))
    if way == "phone":
        folder, names, bad = s.rng.choice(("layouts", "skins", "menus")), ("desktop", "phone"), "phone"
        chosen = "$part = preg_match('/iPhone|Android.+Mobile/', $_SERVER['HTTP_USER_AGENT'] ?? '') ? 'phone' : 'desktop';"
        headers = {
            "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
        }
    else:
        folder, names, bad = s.rng.choice(("lang", "i18n", "translations")), ("en", "de", "fr", "it"), s.rng.choice(("de", "fr", "it"))
        wanted = "substr($_SERVER['HTTP_ACCEPT_LANGUAGE'] ?? 'en', 0, 2)" if way == "language" else "$_COOKIE['lang'] ?? 'en'"
        chosen = f"$part = in_array({wanted}, ['en', 'de', 'fr', 'it'], true) ? {wanted} : 'en';"
        headers = {"Accept-Language": f"{bad},en;q=0.5"} if way == "language" else {"Cookie": f"lang={bad}"}
    keys = s.rng.sample(("home", "prices", "contact", "basket", "search", "login", "hours", "team"), s.rng.randint(4, 7))
    for name in names:
        s.keep(s.at(f"{folder}/{name}.php"), php("return [", *(f"    '{key}' => '{key.capitalize()} ({name})'," for key in keys), "];"))
    path, key = s.at(f"{folder}/{bad}.php"), s.rng.choice(keys[:-1])
    entry, at = f"    '{key}' => '{key.capitalize()} ({bad})',", s.line_of(path, f"    '{key}' =>")
    slip, lines = s.rng.choice(((entry[:-1], (at, at + 1)), (entry.replace(" (", " d'ici ("), (at,)), (entry.replace("=>", "= >"), (at,))))
    s.write(path, s.read(path).decode().replace(entry, slip))
    more = [chosen, f"$words = require __DIR__ . '/{folder}/' . $part . '.php';"]
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=more))
    return Truth("php-parse-error", path, lines, headers=headers)


@case(PHP, "php")
def advertisement_in_turn_that_is_broken(s: Scene) -> Truth:
    """One of several is shown by chance; the newest has an error: the page fails now and then."""
    site, folder = describe(s), s.rng.choice(("ads", "banners", "quotes", "tips"))
    count = s.rng.randint(3, 6)
    for number in range(1, count + 1):
        s.keep(
            s.at(f"{folder}/{number:02d}.php"),
            f"<div>\n<?php if (date('n') > 0) {{ ?>\n<p>{s.rng.choice(words.SENTENCES[:6])}</p>\n<?php }} ?>\n</div>\n",
        )
    path = s.at(f"{folder}/{s.rng.randint(1, count):02d}.php")
    wrong = s.rng.choice(
        (
            "<?php if (date('n') > 5 { ?>",
            "<?php if date('n') > 5) { ?>",
            "<?php echo 'Only today' . date('d.m.' ?>",
            "<?php foreach ([1, 2] a $n) { ?>",
        )
    )
    s.write(
        path,
        f"<div>\n<p>{s.rng.choice(words.SENTENCES[:6])}</p>\n{wrong}\n<p>{s.rng.choice(words.SENTENCES[:6])}</p>\n"
        + ("<?php } ?>\n" if "{" in wrong else "")
        + "</div>\n",
    )
    more = [
        f"$all = glob(__DIR__ . '/{folder}/*.php');",
        "ob_start();",
        "include $all[array_rand($all)];",
        "$advertisement = ob_get_clean();",
    ]
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=more))
    return Truth("php-parse-error", path, (s.line_of(path, wrong),), of=70)


@case((*SHOWN, "ovh"), "php")
def upload_that_ended_in_the_middle(s: Scene) -> Truth:
    """The line was lost while a changed file was sent."""
    site = describe(s)
    path = s.at(s.rng.choice((site.helpers, site.class_file, site.start)))
    tail = [
        "/**", " * What a group pays, children half.", " */", "function group_price(array $rows, string $currency = 'EUR'): string", "{", "    $sum = 0.0;",
        "    foreach ($rows as $row) {", "        $sum += $row['price'] * $row['count'] * ($row['child'] ? 0.5 : 1);", "    }", "    return 'Together: ' . number_format($sum, 2) . ' ' . $currency;", "}",
    ]  # fmt: skip
    whole = php(filler(s.rng, s.rng.randint(4, 60)), tail)
    end = s.rng.choice(
        (
            " * What a gr",
            "foreach ($rows as $row) {",
            "$sum += $row['price'] * $row['co",
            "return 'Together: ' . number_f",
            "    $sum = 0.0;\n",
            "return 'Toget",
        )
    )
    s.write(path, whole[: whole.index(end) + len(end)])
    return Truth("php-truncated-file", path, (), ("php-parse-error",))


@case((*PHP, "ovh"), "symfony")
def cache_of_the_container_half_written(s: Scene) -> Truth:
    """Warming up the cache was broken off; what is broken is a file that nobody wrote by hand."""
    path = f"{base_of(s)}var/cache/prod/App_KernelProdContainer.php"
    services = []
    for number in range(s.rng.randint(3, 40)):
        services += [
            f"    public function get{s.rng.choice(words.NOUNS)}{number}Service()",
            "    {",
            f"        return $this->services['app.{s.rng.choice(words.VERBS)}'] ?? null;",
            "    }",
            "",
        ]
    s.write(
        path,
        php(
            "namespace ContainerX1;",
            "",
            "class App_KernelProdContainer",
            "{",
            "    protected $services = [];",
            "",
            services,
            "    public function getLoggerService()",
            "    {",
            "        return $this->services['monolog.log",
        )[:-1],
    )
    return Truth("php-truncated-file", path, (), ("php-parse-error",))


@case((*PHP, "ovh"), "laravel", "symfony", "codeigniter4", "yii2")
def controller_saved_with_a_byte_order_mark(s: Scene) -> Truth:
    """A text was changed with an editor of Windows."""
    path = controller(s)
    source = s.read(path).decode().replace("$text = '", f"$text = '{s.rng.choice(('New', 'Now', 'Today'))}: ")
    if s.rng.random() < 0.5:
        source = source.replace("\n", "\r\n")
    s.write(path, b"\xef\xbb\xbf" + source.encode())
    return Truth("php-byte-order-mark", path, (1, *lines_at(s, path, "namespace")))


@case((*PHP, "ovh"), "laravel", "symfony", "slim", "codeigniter4", "yii2")
def packages_that_were_not_deployed(s: Scene) -> Truth:
    """The program came out of Git, which does not hold the packages; or their upload was given up."""
    base, start = base_of(s), s.at("index.php")
    mark = next(mark for mark in ("vendor/", "Boot.php") if mark.encode() in s.read(start))
    s.remove(f"{base}vendor")
    s.write(f"{base}.gitignore", "/node_modules\n/vendor\n.env\n")
    if s.rng.random() < 0.4:
        s.write(f"{base}vendor/composer/installed.json", '{"packages": [], "dev": false}\n')
    files = (
        "autoload.php",
        "autoload_runtime.php",
        "slim/slim/Slim/App.php",
        "yiisoft/yii2/Yii.php",
        "codeigniter4/framework/system/Boot.php",
    )
    paths = (f"{base}vendor", f"{base}app/Config/Paths.php", *(f"{base}vendor/{name}" for name in files))
    return Truth("php-missing-file", start, (s.line_of(start, mark),), paths=paths)


@case((*SHOWN, "ovh"), "php")
def page_that_requires_what_is_elsewhere(s: Scene) -> Truth:
    """A library in a folder of another name, a path of the old host, or other letters: one page only."""
    site, name = describe(s), name_of(s, "form", "order", "write-us", "anmeldung", "registration")
    tool = s.rng.choice(("Mailer", "Captcha", "FormBuilder", "Pdf"))
    there, wanted = s.rng.choice((
        (f"{tool}-{s.rng.randint(2, 6)}.{s.rng.randint(0, 9)}.1/src/{tool}.php", f"__DIR__ . '/{tool}/src/{tool}.php'"),
        (f"tools/{tool}.php", f"'/home/{s.rng.choice(('web412', 'clients/ab12cd', 'kunde77'))}/public_html/tools/{tool}.php'"),
        (f"tools/{tool.lower()}.php", f"__DIR__ . '/tools/{tool}.php'"),
        (f"Tools/{tool}.php", f"__DIR__ . '/tools/{tool}.php'"),
        (f"tools/{tool}.php", f"$_SERVER['DOCUMENT_ROOT'] . '/neu/tools/{tool}.php'"),
    ))  # fmt: skip
    s.keep(s.at(there), class_source(s.rng, tool))
    line = f"{s.rng.choice(('require', 'require_once'))} {wanted};"
    s.write(s.at(f"{name}.php"), page_source(s, site, name.capitalize(), more=[line, f"$tool = new {tool}();"]))
    asked = wanted.rpartition("'/")[2].rstrip("'")
    return Truth(
        "php-missing-file",
        s.at(f"{name}.php"),
        (s.line_of(s.at(f"{name}.php"), line),),
        page=f"/{name}.php",
        paths=(s.at(there), s.at(asked)),
    )


@case((*PHP, "ovh"), "laravel", "codeigniter3")
def file_in_other_letters_than_its_class(s: Scene) -> Truth:
    """Made on Windows or a Mac, where it worked."""
    if s.path(s.at("application")).is_dir():
        right, models = s.at("application/models/Prices_model.php"), "application/models/"
        wrong = s.at(f"{models}{s.rng.choice(('prices_model', 'Prices_Model', 'PRICES_MODEL'))}.php")
        others = (right, s.at("application/config/autoload.php"), s.at("application/controllers/Welcome.php"))
        told, also = "application-answers-500", ("php-missing-file", "php-class-not-found")
    else:
        right = controller(s)
        wrong = right.replace("HomeController", s.rng.choice(("Homecontroller", "homeController", "homecontroller")))
        others = (right, f"{base_of(s)}routes/web.php")
        told, also = "php-class-not-found", ("php-missing-file",)
    source = s.read(right)
    s.remove(right)
    s.write(wrong, source)
    return Truth(told, wrong, (), also, paths=others)


@case((*SHOWN, "ovh"), "php")
def page_newer_than_its_helpers(s: Scene) -> Truth:
    """The new page came up, the helpers that go with it did not. Copies of before and after lie beside, nobody loads them."""
    site, name = describe(s), name_of(s, "vouchers", "season", "groups", "delivery")
    function = f"{words.identifier(s.rng)}_{s.rng.choice(('html', 'row', 'eur', 'list'))}"
    s.keep(s.at(f"{site.helpers}.bak"), php(filler(s.rng, 12), "function layout($title, $body", "{"))
    if s.rng.random() < 0.5:
        s.write(
            s.at(f"{site.library}/new/{site.helpers.rpartition('/')[2]}"),
            php(f"function {function}(array $rows): string", "{", "    return implode(', ', $rows);", "}"),
        )
    line = f"$intro = {function}(['one', 'two', '{s.rng.randint(3, 90)}']);"
    s.write(s.at(f"{name}.php"), page_source(s, site, name.capitalize(), more=[line]))
    return Truth(
        "php-undefined-function",
        s.at(f"{name}.php"),
        (s.line_of(s.at(f"{name}.php"), line),),
        page=f"/{name}.php",
        paths=(s.at(site.helpers),),
    )


@case((*SHOWN, "ovh"), "php", "static")
def old_part_that_calls_what_php_gave_up(s: Scene) -> Truth:
    """A part of its own in a sub-folder that nobody touched for years."""
    folder = s.rng.choice(("guestbook", "gaestebuch", "livre-or", "poll", "counter", "webcam"))
    gone = s.rng.sample((
        "list($key, $value) = each($rows);", "$by_name = create_function('$a, $b', 'return strcmp($a, $b);');", "$parts = split(';', 'one;two;three');",
        "if (get_magic_quotes_gpc()) { $rows = array_map('stripslashes', $rows); }", "$price = money_format('%i', 12.5);", "$ok = eregi('^[a-z]+$', $rows[0]);",
        "session_register('visits');", "$link = mysql_connect('localhost', 'guest', 'guest');", "$hebrew = hebrevc('text');", "set_magic_quotes_runtime(0);",
    ), 2)  # fmt: skip
    path = s.at(f"{folder}/{s.rng.choice(('functions', 'gb', 'lib', 'inc'))}.php")
    s.keep(path, php(filler(s.rng, s.rng.randint(2, 30)), "$rows = array('one', 'two');", gone[0], filler(s.rng, 3), gone[1]))
    text = words.paragraphs(s.rng, 5)
    s.keep(
        s.at(f"{folder}/index.php"),
        php(f"include '{path.rpartition('/')[2]}';", "?>") + f"<html><body>\n<h1>{folder.capitalize()}</h1>\n{text}\n</body></html>\n",
    )
    return Truth("php-removed-function", path, lines_at(s, path, *gone), page=f"/{folder}/index.php")


@case((*SHOWN, "ovh"), "php")
def program_written_for_php_seven(s: Scene) -> Truth:
    """Nobody changed a file: the host moved on to PHP 8."""
    site = describe(s)
    noun = s.rng.choice(words.NOUNS)
    where, mark, also, lines = s.rng.choice((
        (site.start, "count($menu)", ("php-uncaught-exception",), ["$menu = isset($settings['menu']) ? $settings['menu'] : null;", "for ($i = 0; $i < count($menu); $i++) {", "    $menu[$i] = trim($menu[$i]);", "}"]),
        (site.helpers, "function match(", ("php-parse-error",), ["function match($pattern, $text) {", "    return preg_match('/' . $pattern . '/', $text) > 0;", "}"]),
        (site.start, "implode($names", ("php-uncaught-exception",), ["$names = array('one', 'two');", "define('KEYWORDS', implode($names, ', '));"]),
        (site.start, "= mktime()", ("php-uncaught-exception",), ["$now = mktime();", "define('SEASON', $now % 4);"]),
        (site.start, "array_key_exists('lang", ("php-uncaught-exception",), ["$user = new stdClass();", "$user->name = 'guest';", "$known = array_key_exists('lang', $user);"]),
        (site.helpers, "public function show($", ("php-parse-error", "php-uncaught-exception"), [
            f"class {noun}_List", "{", "    public function show($rows, $limit = 10) {", "        return array_slice($rows, 0, $limit);", "    }", "}", "",
            f"class {noun}_Table extends {noun}_List", "{", "    public function show($rows) {", "        return count($rows);", "    }", "}"]),
    ))  # fmt: skip
    path = s.at(where)
    s.keep(path, s.read(path).decode() + "\n".join([*filler(s.rng, s.rng.randint(0, 12)), *lines]) + "\n")
    at = s.line_of(path, "public function show($rows) {" if "show" in mark else mark)
    return Truth("php-version-incompatible-code", path, (at,), also)


@case(PHP, "php")
def copy_of_a_file_in_a_folder_that_is_loaded_whole(s: Scene) -> Truth:
    """A copy was put beside the file "to be safe"; both are loaded. PHP names whichever comes second."""
    site, folder = describe(s), s.rng.choice(("parts", "extensions", "blocks", "hooks"))
    name, function = s.rng.choice(("menu", "prices", "footer", "calendar")), words.identifier(s.rng)
    source = php(
        *(f"// {s.rng.choice(words.SENTENCES)}" for _ in range(s.rng.randint(0, 14))),
        f"function {function}_of_today(array $rows): string",
        "{",
        "    return implode(' | ', $rows);",
        "}",
    )
    copy = s.rng.choice(
        (f"{name} - Copy", f"{name} (1)", f"{name}_old", f"{name}-backup", f"Kopie von {name}", f"{name}_{s.rng.randint(2023, 2025)}")
    )
    s.keep(s.at(f"{folder}/{name}.php"), source)
    s.write(s.at(f"{folder}/{copy}.php"), source)
    load = f"foreach (glob(__DIR__ . '/../{folder}/*.php') as $part) {{ require_once $part; }}"
    s.keep(s.at(site.start), s.read(s.at(site.start)).decode() + load + "\n")
    path = s.at(f"{folder}/{copy}.php")
    also = ("php-parse-error", "php-undefined-function", "php-version-incompatible-code")
    return Truth("php-uncaught-exception", path, lines_at(s, path, f"function {function}_of"), also, paths=(s.at(f"{folder}/{name}.php"),))


@case(PHP, "php")
def white_page_that_hides_a_fatal_error(s: Scene) -> Truth:
    """The program throws away what was printed when it ends in an error, and answers 200 with nothing."""
    site = describe(s)
    end = s.rng.choice(("while (ob_get_level()) { ob_end_clean(); }", "ob_clean();", "ob_end_clean();"))
    guard = [
        "ini_set('display_errors', '1');",
        "ob_start();",
        f"register_shutdown_function(function () {{ if (error_get_last()) {{ {end} }} }});",
    ]
    s.keep(s.at("index.php"), page_source(s, site, site.title).replace("<?php\n", "<?php\n" + "\n".join(guard) + "\n", 1))
    told, line = s.rng.choice((
        ("php-undefined-function", f"        $rows = {words.identifier(s.rng)}_sorted(['b', 'a']);"),
        ("php-uncaught-exception", f"        $rate = {s.rng.choice(('VAT', 'TAX', 'FEE'))}_{s.rng.choice(('FOOD', 'BOOKS', 'ROOMS'))} * 100;"),
        ("php-uncaught-exception", "        $day = new DateTime('31st of Foobruary');"),
    ))  # fmt: skip
    path = s.at(site.class_file)
    s.write(path, class_source(s.rng, site.noun, method=[line]))
    return Truth(told, path, lines_at(s, path, line), ("php-fatal-hidden",), statuses=(200,), is_empty=True)
