"""Sites that are well: static pages, small programs in PHP, WordPress."""

from __future__ import annotations

from collections.abc import Callable

from tests.lab.scene import Scene
from tests.lab.sites.php_site import fill as fill_php
from tests.lab.sites.static_site import fill as fill_static
from tests.lab.sites.wordpress_site import fill as fill_wordpress

FILL: dict[str, Callable[[Scene], None]] = {"static": fill_static, "php": fill_php, "wordpress": fill_wordpress}
