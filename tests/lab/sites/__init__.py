"""Sites that are well: static pages, small programs in PHP, WordPress, programs in the folder trees of frameworks and systems."""

from __future__ import annotations

from collections.abc import Callable

from tests.lab.scene import Scene
from tests.lab.sites import clubs_and_shops, codeigniter, frameworks, systems
from tests.lab.sites.php_site import fill as fill_php
from tests.lab.sites.static_site import fill as fill_static
from tests.lab.sites.wordpress_site import fill as fill_wordpress

FILL: dict[str, Callable[[Scene], None]] = {
    "static": fill_static, "php": fill_php, "wordpress": fill_wordpress, "laravel": frameworks.fill_laravel,
    "symfony": frameworks.fill_symfony, "codeigniter3": codeigniter.fill_codeigniter3, "codeigniter4": codeigniter.fill_codeigniter4,
    "yii2": frameworks.fill_yii2, "slim": frameworks.fill_slim,
    "drupal": systems.fill_drupal, "joomla": systems.fill_joomla, "magento": systems.fill_magento, "moodle": systems.fill_moodle,
    "nextcloud": systems.fill_nextcloud, "phpbb": systems.fill_phpbb, "grav": systems.fill_grav,
    "club": clubs_and_shops.fill_club, "opencart": clubs_and_shops.fill_opencart, "prestashop": clubs_and_shops.fill_prestashop,
    "mediawiki": clubs_and_shops.fill_mediawiki, "board": clubs_and_shops.fill_board,
}  # fmt: skip
