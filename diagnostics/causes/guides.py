"""Where OVHcloud's own guides speak of a cause: https://docs.ovh.com/fr/hosting/erreur-500-internal-server-error/ and what it links to."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.causes.base import Cause, RepairableBy
from sites.texts import mark as _

_BASE = "https://docs.ovh.com/fr/hosting/"
_ERROR_500 = f"{_BASE}erreur-500-internal-server-error/"


@dataclass(frozen=True, slots=True)
class Guide:
    """One section of a guide. It is written in French; `section` is its name there."""

    title: str
    section: str
    url: str


_HTACCESS = Guide(_("Test the .htaccess file"), "Tester le fichier .htaccess", _ERROR_500)
_PERMISSIONS = Guide(_("Check the permissions"), "Vérifiez les permissions sur les dossiers et les fichiers", _ERROR_500)
_DETAILS = Guide(_("See the details of script errors"), "Accédez aux détails des erreurs sur vos scripts", _ERROR_500)
_RESTORE = Guide(_("Restore the site to its earlier state"), "Restaurez votre site à son état antérieur", _ERROR_500)
_FURTHER = Guide(_("What else there is"), "Aller plus loin", _ERROR_500)
_PHP_VERSION = Guide(
    _("Go back to the earlier PHP version"),
    "Configurer le PHP sur son hébergement web",
    f"{_BASE}configurer-le-php-sur-son-hebergement-web-mutu-2014/",
)
_DATABASE = Guide(
    _("Restore the database"), "Restaurer une sauvegarde depuis l'espace client",
    f"{_BASE}mutualise-guide-importation-dune-base-de-donnees-mysql/#restaurer-une-sauvegarde-depuis-lespace-client",
)  # fmt: skip
_WHITE_PAGE = Guide(
    _("What to do about a blank page"), "Comment diagnostiquer une page blanche ?", f"{_BASE}comment-diagnostiquer-page-blanche/"
)

_BY_CODE = {
    "php-fatal-hidden": _WHITE_PAGE,
    "php-missing-extension": _PHP_VERSION,
    "php-removed-function": _PHP_VERSION,
    "php-version-incompatible-code": _PHP_VERSION,
    "wordpress-plugin-php-incompatible": _PHP_VERSION,
    "php-truncated-file": _RESTORE,
    "php-missing-file": _RESTORE,
    "php-class-not-found": _RESTORE,
    "wordpress-core-file": _RESTORE,
    "recent-change": _RESTORE,
    "index-file-missing": _RESTORE,
    "redirect-loop": _HTACCESS,
}
_BY_START = (
    ("htaccess-unreadable", _PERMISSIONS),
    ("htaccess-", _HTACCESS),
    ("file-", _PERMISSIONS),
    ("folder-", _PERMISSIONS),
    ("root-", _PERMISSIONS),
    ("cgi-not-", _PERMISSIONS),
    ("cgi-writable-", _PERMISSIONS),
    ("database-", _DATABASE),
)


def guide_of(cause: Cause) -> Guide | None:
    """The section that speaks of this cause, or of what it is one of; None where nothing is wrong."""
    if cause.repairable_by is RepairableBy.NOBODY:
        return None
    if found := _BY_CODE.get(cause.code):
        return found
    if found := next((guide for start, guide in _BY_START if cause.code.startswith(start)), None):
        return found
    return _FURTHER if cause.repairable_by is RepairableBy.HOST else _DETAILS
