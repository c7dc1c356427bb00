"""Files that a program made from its own code and settings, by their places, and that it makes anew where they are not there.

Laravel: https://laravel.com/docs/configuration#configuration-caching. Symfony: Kernel::initializeContainer, ConfigCache. Compiled pages of
Twig, Blade and Smarty. What is made by a command alone, as Magento's `generated`, is none of these.
"""

from __future__ import annotations

import posixpath
import re

_OF_SETTINGS = re.compile(r"(?:^|/)bootstrap/cache/(?:config|packages|services|events|compiled|routes(?:-v\d)?)\.php")
_OF_SYMFONY = re.compile(r"(?P<folder>(?:^|.*/)(?:var|app)/cache/(?P<env>\w+))/(?P<rest>.+)\.php")
_OF_PAGES = re.compile(
    r"(?:^|.*/)(?:templates_c|smarty/compile|storage/framework/views|sites/[^/]+/files/php/twig|storage/cache/template|cache/twig)/.+\.php"
)
_OF_CLASSES = re.compile(r"(?:^|.*/)(?:cache/class_index|administrator/cache/autoload_psr4)\.php")  # PrestaShop, Joomla
# The parts of a container are loaded by its first file alone, and made anew with it.
_CONTAINER = re.compile(r"Container\w+/")
LARAVELS_SETTINGS = "bootstrap/cache/config.php"


def to_set_aside(path: str) -> tuple[str, ...]:
    """The file without which the program makes this one anew: itself, or one of these names; nothing where it is no such file."""
    found = _OF_SYMFONY.fullmatch(path)
    if found is not None and _CONTAINER.match(found["rest"]):
        names = ("App_Kernel{}Container", "srcApp_Kernel{}Container", "AppKernel{}Container", "app{}ProjectContainer")
        return tuple(f"{found['folder']}/{name.format(found['env'].capitalize())}.php" for name in names)
    return (path,) if found or _of_settings(path) or _OF_PAGES.fullmatch(path) or _OF_CLASSES.fullmatch(path) else ()


def holds_settings(path: str) -> bool:
    """Whether places and classes stand in it as they were, rather than a page whose own mistake would only come back."""
    found = _OF_SYMFONY.fullmatch(path)
    return _of_settings(path) or (found is not None and not _OF_PAGES.fullmatch(path) and "/twig/" not in f"/{found['rest']}")


def _of_settings(path: str) -> bool:
    return bool(_OF_SETTINGS.search(path)) and posixpath.splitext(path)[1] == ".php"
