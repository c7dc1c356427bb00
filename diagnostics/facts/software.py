"""Which software lies in a folder, told by the names in it, and where its version and its address are written. Read, never executed."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from diagnostics.facts.addresses import words
from sites.texts import mark as _

PHP, PAGES = "php", "html"
_NUMBER = r"([0-9][0-9A-Za-z.+-]{0,30})"
_CONST = re.compile(rf"const\s+VERSION\s*=\s*['\"]{_NUMBER}['\"]")


@dataclass(frozen=True, slots=True)
class Software:
    """`marks`: sets of names, one of which must be there as a whole. `proof`: a file that must exist besides, relative to the folder.

    `docroots` are tried in their order, empty: the folder itself. `settings` may tell the address; `own` folders hold no other site.
    """

    name: str
    title: str
    marks: tuple[frozenset[str], ...]
    versions: tuple[tuple[str, re.Pattern[str]], ...] = ()
    settings: tuple[str, ...] = ()
    proof: str = ""
    docroots: tuple[str, ...] = ("",)
    own: frozenset[str] = frozenset()

    def fits(self, names: Collection[str]) -> bool:
        """Whether a folder with these names may hold it; its proof has to be looked for."""
        return any(mark <= set(names) for mark in self.marks)


def _marks(*groups: str) -> tuple[frozenset[str], ...]:
    return tuple(words(group) for group in groups)


# Places and constants as the projects' own sources have them; the first that fits is taken.
SOFTWARE: tuple[Software, ...] = (
    Software(
        "wordpress", "WordPress", _marks("wp-includes wp-load.php", "wp-config.php index.php"),
        tuple((f"{folder}wp-includes/version.php", re.compile(rf"\$wp_version\s*=\s*['\"]{_NUMBER}['\"]")) for folder in ("", "wp/")),
        ("wp-config.php", "../wp-config.php", "../.env"), own=frozenset({"wp-admin", "wp-content", "wp-includes"}),
    ),
    Software(
        "joomla", "Joomla", _marks("configuration.php administrator"),
        (("administrator/manifests/files/joomla.xml", re.compile(rf"<version>{_NUMBER}</version>")),),
        ("configuration.php",),
        own=words("administrator api cache cli components includes installation language layouts libraries media modules "
                      "plugins templates tmp images"),
    ),
    Software(
        "drupal", "Drupal", _marks("sites core index.php", "sites includes misc index.php"),
        (("core/lib/Drupal.php", _CONST), ("includes/bootstrap.inc", re.compile(rf"define\('VERSION',\s*'{_NUMBER}'\)"))),
        ("sites/default/settings.php",), own=words("core includes misc modules profiles scripts sites themes"),
    ),
    Software(
        "prestashop", "PrestaShop", _marks("classes controllers themes config modules"),
        (("src/Core/Version.php", _CONST), ("app/AppKernel.php", _CONST),
         ("config/settings.inc.php", re.compile(rf"define\('_PS_VERSION_',\s*'{_NUMBER}'\)"))),
        ("app/config/parameters.php", "config/settings.inc.php"),
        own=words("app bin cache classes config controllers download img js localization mails modules override pdf src themes "
                      "tools translations upload var webservice"),
    ),
    Software(
        "magento", "Magento", _marks("app bin pub", "app lib pub"),
        (("composer.json", re.compile(rf"\"magento/product-[a-z]+-edition\"\s*:\s*\"[~^=v]*{_NUMBER}\"")),
         ("composer.json", re.compile(rf"\"version\"\s*:\s*\"{_NUMBER}\""))),
        ("app/etc/env.php",), proof="app/etc/env.php", docroots=("pub", ""),
        own=words("app bin dev generated lib phpserver pub setup var"),
    ),
    Software(
        "laravel", "Laravel", _marks("artisan public", "artisan bootstrap routes"),
        (("vendor/laravel/framework/src/Illuminate/Foundation/Application.php", _CONST),),
        (".env",), docroots=("public",),
        own=words("app bootstrap config database lang public resources routes storage tests"),
    ),
    Software(
        "typo3", "TYPO3", _marks("config public vendor"),
        (("vendor/typo3/cms-core/Classes/Information/Typo3Version.php", _CONST),), ("config/sites/*/config.yaml",),
        proof="config/system/settings.php", docroots=("public",), own=words("config packages public var"),
    ),
    Software(
        "typo3", "TYPO3", _marks("typo3 typo3conf index.php"),
        (("typo3/sysext/core/Classes/Information/Typo3Version.php", _CONST),),
        ("typo3conf/sites/*/config.yaml", "../config/sites/*/config.yaml"),
        own=words("fileadmin typo3 typo3_src typo3conf typo3temp uploads"),
    ),
    Software(
        "symfony", "Symfony", _marks("bin config public src"),
        (("vendor/symfony/http-kernel/Kernel.php", _CONST),), (".env.local", ".env"), proof="config/bundles.php",
        docroots=("public",), own=words("assets bin config migrations public src templates tests translations var"),
    ),
)  # fmt: skip

TITLES = {each.name: each.title for each in SOFTWARE} | {PHP: _("PHP pages"), PAGES: _("HTML pages")}


def version_in(text: str, pattern: re.Pattern[str]) -> str:
    """The version that a file names, empty for none: digits, letters and dots only."""
    found = pattern.search(text)
    return found[1] if found else ""
