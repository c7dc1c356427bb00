# ruff: noqa: E501 (a page or a setting stays on one line, to be compared with the next)
"""Error and maintenance pages of applications that cannot be run here in a moment, as they are built."""

from __future__ import annotations

from sites.probing.outcome import Kind
from tests.corpus.case import Case
from tests.corpus.made.pages import HTML, document

_RETRY = (*HTML, ("Retry-After", "3600"))


def _case(name: str, kind: Kind, status: int, body: bytes, language: str = "en", headers: tuple = HTML) -> Case:
    return Case(f"applications/{name}", kind, status, headers, body, language)


_DRUPAL = b"The website encountered an unexpected error. Try again later.<br>"
_DRUPAL_SHOWN = (
    b"The website encountered an unexpected error. Try again later.<br><br><em class=\"placeholder\">Error</em>: Call to undefined function x() in "
    b'<em class="placeholder">mugs_page()</em> (line <em class="placeholder">12</em> of <em class="placeholder">modules/custom/mugs/mugs.module</em>).'
)  # fmt: skip
_JOOMLA = (
    '<div class="container"><h1 class="page-header">The requested page can\'t be found.</h1><p>An error has occurred while processing your request.</p>'
    '<blockquote><span class="badge bg-secondary">500</span> Call to undefined function x()</blockquote></div>'
)
_WHOOPS = (
    '<div class="Whoops container"><div class="stack-container"><div class="left-panel cf empty"><header><div class="exception">'
    '<div class="exc-title"><span class="exc-title-primary">RuntimeException</span></div><p class="exc-message">No price for mug 7</p></div></header>'
    "</div></div></div>"
)
_PREFACE = b"html><!--\n\n\nRuntimeException: No price for mug 7 in /var/www/app/Price.php:12\n-->"
_IGNITION = (
    b"<!-- RuntimeException: No price for mug 7 in file /var/www/app/Price.php on line 12\n\n#0 /var/www/app/Shop.php(3): price()\n-->\n<!doctype html>"
    b'<html class="theme-light"><!--\nRuntimeException: No price for mug 7\n--><head><title>Mugs</title></head><body class="scrollbar-lg">'
    b'<script>window.data = {"report":{"message":"No price"}};</script><script>window.ignite(window.data);</script></body></html>'
)
_LARAVEL = (
    '<div class="relative flex items-top justify-center min-h-screen"><div class="px-4 text-lg text-gray-500 border-r tracking-wider">{0}</div>'
    '<div class="ml-4 text-lg text-gray-500 uppercase tracking-wider">{1}</div></div>'
)
_MAGENTO = (
    "<h1>There has been an error processing your request</h1><p>Exception printing is disabled by default for security reasons.</p><p>Error log record "
    "number: {0}</p>"
)
_RAILS = '<div class="rails-default-error-page"><div class="dialog"><h1>{0}</h1><p>{1}</p></div></div>'

CASES = (
    _case("drupal-500", Kind.FATAL_IN_BODY, 500, _DRUPAL), _case("drupal-200", Kind.FATAL_IN_BODY, 200, _DRUPAL),
    _case("drupal-shown", Kind.FATAL_IN_BODY, 500, _DRUPAL_SHOWN),
    _case("drupal-maintenance", Kind.MAINTENANCE, 503, document("Site under maintenance | Mugs", '<div class="maintenance-page"><h1>Site under maintenance'
          "</h1>Mugs is currently under maintenance. We should be back shortly.</div>")),
    _case("drupal-maintenance-fr", Kind.MAINTENANCE, 503, document("Site en maintenance | Tasses", "<h1>Site en maintenance</h1>", language="fr"), "fr"),
    _case("drupal-database-down", Kind.DATABASE_ERROR, 500, b"The website encountered an unexpected error. Try again later.<br><br><em class=\"placeholder\">"
          b"Drupal\\Core\\Database\\DatabaseAccessDeniedException</em>: Failed to connect to your database server. SQLSTATE[HY000] [1045] in x"),
    _case("joomla-500", Kind.FATAL_IN_BODY, 500, document("Error: 500 Call to undefined function x()", _JOOMLA)),
    _case("joomla-database", Kind.DATABASE_ERROR, 500, document("Error", "<h1>Error displaying the error page</h1><p>Could not connect to MySQL.: Could not "
          "connect to MySQL.</p>")),
    _case("joomla-offline", Kind.MAINTENANCE, 503, document("Mugs", '<div id="frame" class="outline"><p>This site is down for maintenance.<br>Please check back '
          'again soon.</p><form id="form-login" action="/index.php"></form></div>')),
    _case("joomla-offline-de", Kind.MAINTENANCE, 503, document("Becher", '<p>Diese Website befindet sich im Wartungsmodus.</p><form id="form-login"></form>',
          language="de"), "de"),
    _case("joomla-database-de", Kind.DATABASE_ERROR, 500, document("Fehler", "<p>Es konnte keine Verbindung zur Datenbank hergestellt werden: Verbindung zu MySQL "
          "fehlgeschlagen</p>", language="de"), "de"),
    _case("typo3-oops-500", Kind.FATAL_IN_BODY, 500, document("Oops, an error occurred!", "<h1>Oops, an error occurred!</h1><p>Code: "
          "20261122031204a1b2c3d4</p>")),
    _case("typo3-oops-200", Kind.FATAL_IN_BODY, 200, document("Mugs", "<h1>Oops, an error occurred!</h1><p>Code: 20261122031204a1b2c3d4</p>")),
    _case("typo3-503", Kind.GATEWAY_ERROR, 503, document("Service Unavailable (503)", '<div class="callout"><h1 class="callout-title">Service Unavailable (503)'
          "</h1><p>The page is not configured</p></div>")),
    _case("prestashop-maintenance", Kind.MAINTENANCE, 503, document("Tazze", '<section id="main"><h1>We\'ll be back soon.</h1><p>We are currently updating our '
          "shop and will be back really soon.</p></section>", language="it"), "it", _RETRY),
    _case("prestashop-maintenance-es", Kind.MAINTENANCE, 503, document("Tazas", '<body id="maintenance"><h1>Volveremos pronto.</h1></body>', language="es"), "es"),
    _case("prestashop-database", Kind.DATABASE_ERROR, 500, b"Link to database cannot be established: SQLSTATE[HY000] [2002] Connection refused"),
    _case("prestashop-500", Kind.SERVER_ERROR, 500, b""),
    _case("magento-500", Kind.FATAL_IN_BODY, 500, document("There has been an error processing your request", _MAGENTO.format("1a2b3c4d5e6f"))),
    _case("magento-200", Kind.FATAL_IN_BODY, 200, document("Mugs", _MAGENTO.format("77"))),
    _case("magento-503", Kind.MAINTENANCE, 503, document("Service Temporarily Unavailable", "<h1>Service Temporarily Unavailable</h1><p>We're down for "
          "maintenance.</p>")),
    _case("whoops-500", Kind.FATAL_IN_BODY, 500, document("Whoops! There was an error.", _WHOOPS).replace(b"html>", _PREFACE, 1)),
    _case("whoops-200", Kind.FATAL_IN_BODY, 200, document("Whoops! There was an error.", _WHOOPS).replace(b"html>", _PREFACE, 1)),
    _case("ignition-500", Kind.FATAL_IN_BODY, 500, _IGNITION), _case("ignition-200", Kind.FATAL_IN_BODY, 200, _IGNITION),
    _case("laravel-500", Kind.SERVER_ERROR, 500, document("Server Error", _LARAVEL.format(500, "Server Error"))),
    _case("laravel-503", Kind.GATEWAY_ERROR, 503, document("Service Unavailable", _LARAVEL.format(503, "Service Unavailable"))),
    _case("laravel-429", Kind.BLOCKED, 429, document("Too Many Requests", _LARAVEL.format(429, "Too Many Requests"))),
    _case("laravel-419", Kind.CLIENT_ERROR, 419, document("Page Expired", _LARAVEL.format(419, "Page Expired"))),
    _case("rails-500", Kind.SERVER_ERROR, 500, document("We're sorry, but something went wrong (500)", _RAILS.format("We're sorry, but something went wrong.", "x"))),
    _case("rails-404", Kind.CLIENT_ERROR, 404, document("The page you were looking for doesn't exist (404)", _RAILS.format("x", "y"))),
    _case("shopware-maintenance-de", Kind.MAINTENANCE, 503, document("Wartungsmodus", "<h1>Wegen Wartungsarbeiten nicht erreichbar</h1>", language="de"), "de"),
    _case("nextcloud-maintenance", Kind.MAINTENANCE, 503, document("Nextcloud", "<h2>Maintenance mode</h2><p>This Nextcloud instance is currently in maintenance "
          "mode, which may take a while.</p>"), headers=(*HTML, ("X-Nextcloud-Maintenance-Mode", "1"))),
    _case("nextcloud-error", Kind.SERVER_ERROR, 500, document("Nextcloud", "<h2>Internal Server Error</h2><p>The server was unable to complete your request.</p>")),
    _case("spip-database-fr", Kind.DATABASE_ERROR, 503, document("Site indisponible", "<h1>Impossible de se connecter à la base de données</h1>", language="fr"), "fr"),
    _case("own-database-es", Kind.DATABASE_ERROR, 500, document("Error", "<p>No se pudo conectar a la base de datos.</p>", language="es"), "es"),
    _case("own-database-it", Kind.DATABASE_ERROR, 500, document("Errore", "<p>Impossibile connettersi al database.</p>", language="it"), "it"),
    _case("too-many-connections", Kind.DATABASE_ERROR, 500, b"SQLSTATE[HY000] [1040] Too many connections"),
    _case("mysql-access-denied", Kind.DATABASE_ERROR, 200, b"Access denied for user 'mugs'@'localhost' (using password: YES)"),
    _case("mysql-gone", Kind.DATABASE_ERROR, 500, document("Error", "<p>MySQL server has gone away</p>")),
    _case("iis-500", Kind.SERVER_ERROR, 500, document("500 - Internal server error.", '<div id="header"><h1>Server Error</h1></div><fieldset><h2>500 - Internal '
          "server error.</h2></fieldset>")),
    _case("aspnet", Kind.SERVER_ERROR, 500, document("Runtime Error", "<h1>Server Error in '/' Application.<hr></h1><h2><i>Runtime Error</i></h2>")),
    _case("tomcat-500", Kind.SERVER_ERROR, 500, document("HTTP Status 500 – Internal Server Error", "<h1>HTTP Status 500 – Internal Server Error</h1>")),
    _case("express-500", Kind.SERVER_ERROR, 500, b"<!DOCTYPE html><html lang=\"en\"><head><title>Error</title></head><body><pre>Error: no price<br> &nbsp; "
          b"&nbsp;at /srv/app.js:3:9</pre></body></html>"),
    _case("litespeed-503", Kind.GATEWAY_ERROR, 503, document("503 Service Unavailable", "<h1>503</h1><h2>Service Unavailable</h2><p>The server is temporarily busy, "
          "try again later!</p>")),
    _case("resource-limit-508", Kind.SERVER_ERROR, 508, document("508 Resource Limit Is Reached", "<h1>Resource Limit Is Reached</h1><p>The website is temporarily "
          "unable to service your request as it exceeded resource limit.</p>")),
    _case("ovh-500", Kind.SERVER_ERROR, 500, document("500 Internal Server Error", "<h1>Internal Server Error</h1><p>Server logs contain details of this error with "
          "request ID: ABC-123</p>")),
    _case("api-500", Kind.SERVER_ERROR, 500, b'{"error":true,"message":"boom"}', headers=(("Content-Type", "application/json"),)),
    _case("maintenance-page-200", Kind.MAINTENANCE, 503, document("Back soon", '<body class="maintenance-mode"><h1>Back soon</h1></body>')),
)  # fmt: skip
