# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: systems, shops, boards, clouds and their extensions."""

from __future__ import annotations

import contextlib
import itertools

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.edits import added, changed
from tests.lab.sites.php_site import filler, php


def kind_of(s: Scene) -> str:
    """Which of the programs lies there, by a file that no other has."""
    marks = {
        "configuration.php": "joomla", "LocalSettings.php": "mediawiki", "catalog": "opencart", "phpbb/db": "board", "app/etc/env.php": "magento",
        "data/.ocdata": "nextcloud", "core/lib/Drupal.php": "drupal", "modules/ps_banner": "prestashop", "user/config/system.yaml": "grav",
        "ext/prices/board/ext.php": "phpbb", "lib/setup.php": "moodle",
    }  # fmt: skip
    return next((kind for mark, kind in marks.items() if s.path(s.at(mark)).exists()), "club")


@case((*SHOWN, "ovh"), "drupal")
def settings_of_the_old_host_are_required(s: Scene) -> Truth:
    """The settings load a second file that only the host before had, or that was kept out of the upload."""
    path = s.at("sites/default/settings.php")
    local = s.rng.choice(("settings.redis.php", "settings.prod.php", "settings.secret.php", "services.inc"))
    outside = s.rng.choice(("/var/www/site-php/live/settings.inc", "/home/kunde17/private/drupal-db.php", "/mnt/config/settings.local.php"))
    is_local = s.rng.random() < 0.6
    line = f"require __DIR__ . '/{local}';" if is_local else f"require_once '{outside}';"
    more = [
        "",
        f"// {s.rng.choice(words.SENTENCES[:5])}",
        "$settings['file_temp_path'] = '/tmp';",
        line,
        "$config['system.logging']['error_level'] = 'hide';",
    ]
    added(s, path, more, fresh=s.rng.random() < 0.5)
    paths = (s.at(f"sites/default/{local}"),) if is_local else ()
    return Truth("php-missing-file", path, (s.line_of(path, line),), statuses=(200, 500), body=b"unexpected error", paths=paths)


@case((*SHOWN, "ovh"), "joomla", "opencart", "board", "mediawiki")
def settings_with_a_slip_of_the_pen(s: Scene) -> Truth:
    """A name or a password with a quote of the same kind in it, or a line without its end."""
    rng, kind = s.rng, kind_of(s)
    path, mark = {
        "joomla": ("configuration.php", "$sitename ="), "opencart": ("config.php", "'DB_PASSWORD'"), "board": ("config.php", "$dbpasswd ="),
        "mediawiki": ("LocalSettings.php", "$wgSitename ="),
    }[kind]  # fmt: skip
    path = s.at(path)
    number = s.line_of(path, mark)
    line = s.read(path).decode().split("\n")[number - 1]
    if rng.random() < 0.65:
        name = rng.choice(("Chez l'Ami Paul", "Anna's garden", "Rock'n'Roll Club", "L'atelier d'Eve"))
        secret = f"{rng.randrange(16**4):04x}'{rng.choice('kmxz')}{rng.randrange(16**4):04x}!"
        new = {
            "joomla": f"\tpublic $sitename = '{name}';", "opencart": f"define('DB_PASSWORD', '{secret}');", "board": f"$dbpasswd = '{secret}';",
            "mediawiki": f'$wgSitename = "The "{rng.choice(("old", "new", "great"))}" wiki";',
        }[kind]  # fmt: skip
        lines: tuple[int, ...] = (number,)
    else:
        new, lines = line.rstrip(";"), (number, number + 1)
    changed(s, path, f"{line}\n", f"{new}\n")
    return Truth("php-parse-error", path, lines)


@case((*SHOWN, "ovh"), "joomla", "magento", "nextcloud")
def extension_made_for_the_version_before(s: Scene) -> Truth:
    """It asks for a class that the new release of the program has no more; only the program's own report tells."""
    rng, kind = s.rng, kind_of(s)
    if kind == "joomla":
        path, head = (
            "plugins/system/prices/src/Extension/Prices.php",
            [
                "namespace Joomla\\Plugin\\System\\Prices\\Extension;",
                "",
                "class Prices",
                "{",
                "    public function onAfterRoute(): void",
                "    {",
            ],
        )
        wrong = rng.choice(
            (
                "$app = \\JFactory::getApplication();",
                "$task = \\JRequest::getCmd('task');",
                "\\JLoader::register('PricesHelper', __DIR__ . '/helper.php');",
            )
        )
        tail = ["    }", "}"]
    elif kind == "nextcloud":
        path, head = (
            "apps/prices/lib/AppInfo/Application.php",
            ["namespace OCA\\Prices\\AppInfo;", "", "class Application", "{", "    public function boot(): void", "    {"],
        )
        wrong = rng.choice(
            (
                "$info = \\OC_App::getAppInfo('prices');",
                "\\OCP\\App::registerAdmin('prices', 'settings');",
                "$user = \\OCP\\User::getUser();",
            )
        )
        tail = ["    }", "}"]
    else:
        path, head = (
            "app/code/Shop/Prices/Model/Price.php",
            ["namespace Shop\\Prices\\Model;", "", "class Price", "{", "    public function final(): float", "    {"],
        )
        wrong = rng.choice(
            (
                "$filter = new \\Zend_Filter_LocalizedToNormalized();",
                "$writer = new \\Zend_Log_Writer_Stream('php://stderr');",
                "$price = \\Zend_Json::decode('{\"price\": 1}')['price'];",
            )
        )
        tail = ["        return 1.0;", "    }", "}"]
    at = head.index("class Prices" if kind == "joomla" else "class Application" if kind == "nextcloud" else "class Price")
    s.write(
        s.at(path),
        php(
            head[:at], filler(rng, rng.randint(0, 18)), head[at:], f"        // {rng.choice(words.SENTENCES[:6])}", f"        {wrong}", tail
        ),
    )
    return Truth("php-class-not-found", s.at(path), (s.line_of(s.at(path), wrong),))


@case((*SHOWN, "ovh"), "prestashop", "opencart", "drupal")
def extension_from_the_days_of_php_five(s: Scene) -> Truth:
    """No file was touched: the version of PHP was raised."""
    rng, kind = s.rng, kind_of(s)
    wrong, rest = rng.choice((
        ("while (list($key, $value) = each($rows)) {", ["    $sum += $value;", "}"]),
        ("$compare = create_function('$a, $b', 'return $a - $b;');", ["usort($rows, $compare);"]),
        ("list($day, $month) = split('/', '24/12');", ["$sum += (int) $day;"]),
        ("if (eregi('^[a-z]+$', 'abc')) {", ["    $sum++;", "}"]),
        ("$label = money_format('%i', 12.5);", ["$sum += strlen($label);"]),
        ("if (get_magic_quotes_gpc()) {", ["    $_GET = array_map('stripslashes', $_GET);", "}"]),
    ))  # fmt: skip
    body = [f"        {line}" for line in ("$rows = array(3, 1, 2);", "$sum = 0;", wrong, *rest)]
    few = filler(rng, rng.randint(0, 20))
    if kind == "prestashop":
        path = "modules/ps_banner/ps_banner.php"
        source = php(
            few,
            "class Ps_Banner",
            "{",
            "    public function hookDisplayHome(): string",
            "    {",
            body,
            "        return 'Banner ' . $sum;",
            "    }",
            "}",
        )
    elif kind == "opencart":
        path = "catalog/controller/common/home.php"
        source = php(
            few,
            "class ControllerCommonHome {",
            "    public function index($name) {",
            body,
            "        return '<h1>' . $name . '</h1>' . $sum;",
            "    }",
            "}",
        )
    else:
        path = "modules/custom/prices/prices.module"
        source = php(few, "function prices_page_top(array &$page) {", body, "        $page['prices'] = ['#markup' => $sum];", "}")
    s.keep(s.at(path), source)
    if s.place.setup.name == "ovh":
        s.write(
            ".ovhconfig",
            "app.engine=php\napp.engine.version=8.2\n\nhttp.firewall=none\nenvironment=production\n\ncontainer.image=stable64\n",
        )
    return Truth("php-removed-function", s.at(path), (s.line_of(s.at(path), wrong),))


@case((*SHOWN, "ovh"), "opencart")
def shop_moved_with_the_paths_of_the_old_host(s: Scene) -> Truth:
    """Files and database were moved; both settings still hold the folders of before."""
    old = s.rng.choice(
        (
            "/home/muster/public_html/",
            "/var/www/vhosts/mugs.example/httpdocs/",
            "/homez.412/mugs/www/",
            "/home/u71634/domains/mugs.example/public_html/",
        )
    )
    for name in ("config.php", "admin/config.php"):
        s.write(s.at(name), s.read(s.at(name)).decode().replace(f"{s.path(s.www)}/", old))
    path = s.at("config.php")
    return Truth("php-missing-file", path, (s.line_of(path, "'DIR_SYSTEM'"),), paths=(s.at("index.php"),))


@case((*SHOWN, "ovh"), "opencart")
def no_room_for_one_more_session(s: Scene) -> Truth:
    """As many files as the plan allows: sessions of robots. The shop's own log says what the fatal error does not."""
    folder = s.at("system/storage/session")
    assert s.small_disk(folder, 4096, files=s.rng.randint(60, 300))
    with contextlib.suppress(OSError):
        for _number in itertools.count():
            name = s.path(f"{folder}/sess_{s.rng.randrange(16**26):026x}")
            name.write_bytes(b"")
            s.place.account.own(name)
    return Truth("disk-full")


@case((*PHP, "ovh"), "moodle", "magento", "phpbb", "grav")
def folder_came_back_read_only(s: Scene) -> Truth:
    """A backup was put back, with the modes of the medium it came from."""
    folder = {"moodle": "moodledata", "magento": s.at("generated/code"), "phpbb": s.at("cache/production"), "grav": s.at("cache")}[
        kind_of(s)
    ]
    s.chmod(folder, s.rng.choice((0o555, 0o555, 0o505, 0o500)))
    return Truth("folder-not-writable", folder, statuses=(500, 503))
