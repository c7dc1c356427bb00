# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Content management systems, shops, clouds and boards: settings lost or mistyped, folders that refuse, maintenance that never ended."""

from __future__ import annotations

import json
import time

from tests.lab.cases.base import PHP, Truth, case, well
from tests.lab.cases.healthy import WELL
from tests.lab.scene import Scene

EVERYWHERE = (*PHP, "ovh")
_OWN = ("php-uncaught-exception",)


@case(PHP, "drupal")
def drupal_module_fails(s: Scene) -> Truth:
    """What Drupal cannot handle it tells PHP's log in words of its own."""
    name = s.at("modules/custom/prices/prices.module")
    s.write(
        name,
        s.read(name).replace(
            b"    $page[", b"    throw new InvalidArgumentException('The prices entity type does not exist.');\n    $page["
        ),
    )
    return Truth("application-answers-500", name, (3,), _OWN)


@case(EVERYWHERE, "drupal")
def drupal_files_read_only(s: Scene) -> Truth:
    folder = s.at("sites/default/files/php/twig")
    s.chmod(folder, 0o555)
    return Truth("folder-not-writable", folder)


@case(EVERYWHERE, "joomla")
def joomla_without_configuration(s: Scene) -> Truth:
    s.remove(s.at("configuration.php"))
    return Truth(
        "php-missing-file", s.at("configuration.php"), (), ("application-answers-500",), statuses=(200,), body=b"No configuration file"
    )


@case(EVERYWHERE, "joomla")
def joomla_left_offline(s: Scene) -> Truth:
    name = s.at("configuration.php")
    s.write(
        name,
        s.read(name).replace(b"$offline = false", s.rng.choice((b"$offline = true", b"$offline = '1'"))),
        0o444,
        days=s.rng.uniform(1, 9),
    )
    return Truth("application-stuck-maintenance", name, (s.line_of(name, "$offline ="),), statuses=(503,))


@case(EVERYWHERE, "joomla")
def joomla_plugin_fails(s: Scene) -> Truth:
    name = s.at("plugins/system/prices/src/Extension/Prices.php")
    s.write(name, s.read(name).replace(b"    {\n    }", b"    {\n        $this->app->getDocument();\n    }"))
    return Truth(
        "application-answers-500",
        name,
        (s.line_of(name, "getDocument"),),
        (*_OWN, "php-version-incompatible-code"),
        paths=(s.at("administrator/logs/error.php"),),
    )


@case(EVERYWHERE, "magento")
def magento_left_in_maintenance(s: Scene) -> Truth:
    flag = s.at("var/.maintenance.flag")
    s.write(flag, "", days=s.rng.uniform(0.5, 9))
    return Truth("application-stuck-maintenance", flag, statuses=(503,))


@case(EVERYWHERE, "magento")
def magento_generated_code_read_only(s: Scene) -> Truth:
    s.chmod(s.at("generated/code"), 0o555)
    return Truth("folder-not-writable", s.at("generated/code"))


@case(EVERYWHERE, "magento")
def magento_module_fails(s: Scene) -> Truth:
    name = s.at("app/code/Shop/Prices/Model/Price.php")
    s.write(name, s.read(name).replace(b"return 1.0", b"return strtoprice('1')"))
    return Truth("php-undefined-function", name, (s.line_of(name, "strtoprice"),), ("application-answers-500", *_OWN))


@case(EVERYWHERE, "moodle")
def moodle_data_read_only(s: Scene) -> Truth:
    s.chmod("moodledata", 0o555)
    return Truth("folder-not-writable", "moodledata", (), statuses=(503,), paths=(s.at("config.php"),))


@case(EVERYWHERE, "moodle")
def moodle_data_of_another_host(s: Scene) -> Truth:
    name = s.at("config.php")
    s.write(name, s.read(name).replace(str(s.path("moodledata")).encode(), b"/home/oldaccount/moodledata"))
    also = ("folder-not-writable", "php-missing-file")
    return Truth("application-answers-500", name, (s.line_of(name, "dataroot"),), also, statuses=(503,))


@case(EVERYWHERE, "moodle")
def moodle_left_in_maintenance(s: Scene) -> Truth:
    mark = "moodledata/climaintenance.html"
    s.write(
        mark,
        "<!DOCTYPE html><html><head><title>Back soon</title></head><body><h1>This site is undergoing maintenance and is currently not available</h1></body></html>\n",
        days=s.rng.uniform(1, 20),
    )
    return Truth("application-stuck-maintenance", mark, statuses=(503,))


@case(EVERYWHERE, "nextcloud")
def nextcloud_app_fails(s: Scene) -> Truth:
    name = s.at("apps/prices/lib/AppInfo/Application.php")
    s.write(name, s.read(name).replace(b"    {\n    }", b"    {\n        throw new \\LogicException('No prices registered');\n    }"))
    return Truth("application-answers-500", name, (s.line_of(name, "LogicException"),), _OWN, paths=(s.at("data/nextcloud.log"),))


@case(EVERYWHERE, "nextcloud")
def nextcloud_left_in_maintenance(s: Scene) -> Truth:
    name = s.at("config/config.php")
    s.write(name, s.read(name).replace(b"'maintenance' => false", b"'maintenance' => true"), days=s.rng.uniform(1, 20))
    return Truth("application-stuck-maintenance", name, (s.line_of(name, "'maintenance'"),), statuses=(503,))


@case(EVERYWHERE, "nextcloud")
def nextcloud_data_not_copied(s: Scene) -> Truth:
    s.remove(s.at("data/.ocdata"))
    return Truth("php-missing-file", s.at("data/.ocdata"), (), ("application-answers-500",), statuses=(503,))


@case(EVERYWHERE, "phpbb")
def phpbb_without_config(s: Scene) -> Truth:
    s.remove(s.at("config.php"))
    return Truth("php-missing-file", s.at("config.php"), (), ("application-answers-500",), statuses=(503,))


@case(PHP, "phpbb")
def phpbb_cache_read_only(s: Scene) -> Truth:
    s.chmod(s.at("cache/production"), 0o555)
    return Truth("folder-not-writable", s.at("cache/production"))


@case(EVERYWHERE, "grav")
def grav_settings_mistyped(s: Scene) -> Truth:
    name = s.at("user/config/system.yaml")
    s.write(name, s.read(name).replace(b"  prefix: g", b"  prefix: g: x"))
    return Truth("php-uncaught-exception", name, (6,), ("application-answers-500", "php-parse-error"))


@case(EVERYWHERE, "grav")
def grav_without_vendor(s: Scene) -> Truth:
    s.remove(s.at("vendor"))
    return Truth(
        "php-missing-file",
        s.at("vendor/autoload.php"),
        (),
        ("application-answers-500",),
        statuses=(200,),
        body=b"grav install",
        paths=(s.at("vendor"), s.at("index.php")),
    )


# --- sites that are well
@well(EVERYWHERE, "nextcloud")
def nextcloud_that_logs_a_lot(s: Scene) -> Truth:
    rows = [{"reqId": f"x{n}", "level": 3, "time": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - 50 * n)), "app": "cron", "method": "", "url": "--", "message": "Could not resolve host: updates.nextcloud.com",
             "exception": {"Exception": "RuntimeException", "Message": "Could not resolve host", "File": str(s.path(s.at("lib/base.php"))), "Line": 2}} for n in range(20, 0, -1)]  # fmt: skip
    s.write(s.at("data/nextcloud.log"), "".join(json.dumps(row) + "\n" for row in rows))
    return WELL


@well(EVERYWHERE, "nextcloud")
def nextcloud_in_an_update(s: Scene) -> Truth:
    name = s.at("config/config.php")
    s.write(name, s.read(name).replace(b"'maintenance' => false", b"'maintenance' => true"), days=0.004)
    return Truth("none", statuses=(503,))


@well(EVERYWHERE, "joomla")
def joomla_with_an_old_log(s: Scene) -> Truth:
    s.keep(
        s.at("administrator/logs/error.php"),
        "#\n#<?php die('Forbidden.'); ?>\n2026-01-03T04:05:06+00:00\tCRITICAL 127.0.0.1\terror\tUncaught Throwable of type Error thrown with message \"x\". Stack trace: #0 [ROOT]/index.php(3): a()\n",
    )
    return WELL
