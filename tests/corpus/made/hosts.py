# ruff: noqa: E501 (a page or a setting stays on one line, to be compared with the next)
"""Pages that a host shows in place of the site: suspended, parked, nothing uploaded yet."""

from __future__ import annotations

from sites.probing.outcome import Kind
from tests.corpus.case import Case
from tests.corpus.made.pages import document

_STYLE = "<style>body{font-family:sans-serif;background:#fff}.box{margin:10% auto;max-width:40em}</style>"


def _shown(name: str, language: str, title: str, body: str, *, status: int = 200, url: str = "", head: str = _STYLE) -> Case:
    return Case(
        f"hosts/{name}", Kind.SUSPENDED, status, body=document(title, body, language=language, head=head), language=language, url=url
    )


_SUSPENDED = (
    ("cpanel", "en", "Account Suspended", "<h1>Account Suspended</h1><p>This Account has been suspended.</p><p>Contact your hosting provider for "
     "more information.</p>", 200),
    ("whm-contact", "en", "Contact Support", "<h2>Contact Support</h2><p>This site has been suspended. Please contact your hosting provider.</p>", 200),
    ("plesk", "en", "This site is currently unavailable", '<link href="https://assets.plesk.com/static/public/suspended/style.css" rel="stylesheet">'
     "<h1>This site is currently unavailable</h1><p>If you're the owner of this website, please contact your hosting provider to get this "
     "resolved.</p>", 503),
    ("directadmin", "en", "Site Suspended", "<h1>This site has been suspended</h1><p>Please contact the billing department of the host.</p>", 200),
    ("billing", "en", "Website Suspended", "<p>This website has been suspended for non-payment. If this is your site, settle the invoice in your "
     "hosting account.</p>", 402),
    ("ovh", "fr", "Hébergement suspendu", "<h1>Hébergement suspendu</h1><p>Cet hébergement a été suspendu. Contactez le support d'OVHcloud.</p>", 403),
    ("fr-account", "fr", "Compte suspendu", "<h1>Compte suspendu</h1><p>Ce compte a été suspendu. Contactez votre hébergeur.</p>", 200),
    ("fr-site", "fr", "Site désactivé", "<h1>Ce site a été désactivé</h1><p>Veuillez contacter votre hébergeur pour le réactiver.</p>", 200),
    ("de-website", "de", "Webseite gesperrt", "<h1>Diese Website wurde gesperrt</h1><p>Bitte wenden Sie sich an Ihren Hosting-Anbieter.</p>", 200),
    ("de-package", "de", "Konto gesperrt", "<p>Dieses Webhosting-Konto ist vorübergehend gesperrt. Der Inhaber wende sich an den Provider.</p>", 503),
    ("es-account", "es", "Cuenta suspendida", "<h1>Cuenta suspendida</h1><p>Esta cuenta ha sido suspendida. Contacte con su proveedor de alojamiento.</p>", 200),
    ("es-site", "es", "Sitio web suspendido", "<h1>Este sitio web ha sido suspendido</h1><p>Póngase en contacto con su proveedor de hosting.</p>", 403),
    ("it-account", "it", "Account sospeso", "<h1>Account sospeso</h1><p>Questo account è stato sospeso. Contattare il fornitore di hosting.</p>", 200),
    ("it-site", "it", "Sito sospeso", "<h1>Il sito è stato sospeso</h1><p>Per informazioni contattare il proprio provider.</p>", 503),
)  # fmt: skip
_PARKED = (
    ("sedo", "en", "mugs.example", '<iframe src="https://sedoparking.com/frmpark/mugs.example/park.js" title="x"></iframe>'),
    ("parkingcrew", "en", "mugs.example", '<script src="//www.parkingcrew.net/jsparkcaf.php?regcn=1"></script>'),
    ("bodis", "en", "mugs.example", '<div id="target"></div><script src="https://www.bodis.com/park.js"></script>'),
    ("lander", "en", "", '<div id="contentMain"></div><script src="https://img1.wsimg.com/parking-lander/static/js/main.js"></script>'),
    ("lander-script", "en", "", '<script>window.onload=function(){window.location.href="/lander"}</script>'),
    ("hostinger", "en", "Parked Domain name on Hostinger DNS system", "<h1>Domain is parked</h1><p>Happy to see your domain with Hostinger!</p>"),
    ("namecheap", "en", "mugs.example - Registered at Namecheap", "<p>mugs.example was recently registered at Namecheap.com. Please check back later!</p>"),
    ("gandi", "fr", "Nom de domaine réservé", "<h1>Ce nom de domaine est enregistré chez Gandi</h1><p>Ce nom de domaine a été réservé par son propriétaire.</p>"),
    ("infomaniak", "fr", "Site en construction", "<h1>Site en construction</h1><p>Ce nom de domaine est hébergé par Infomaniak.</p>"),
    ("ovh-welcome", "fr", "Félicitations ! Votre domaine a bien été créé chez OVHcloud !", "<h1>Félicitations !</h1><p>Votre domaine a bien été créé "
     "chez OVHcloud.</p>"),
    ("ovh-construction", "fr", "Site en construction", "<p>Site en construction. Ce site est hébergé par OVHcloud.</p>"),
    ("strato", "de", "STRATO - Domain reserviert", "<h1>Diese Domain ist reserviert</h1><p>Die Domain wurde bei STRATO registriert. Die Internetpräsenz "
     "ist noch nicht freigeschaltet.</p>"),
    ("ionos", "de", "mugs.example", "<h1>Diese Domain ist bereits registriert</h1><p>Hier entsteht eine neue Internetpräsenz - hosted by IONOS.</p>"),
    ("de-new", "de", "Hier entsteht eine neue Website", "<h1>Hier entsteht eine neue Internetpräsenz</h1><p>Ihr Provider hat diesen Webspace "
     "eingerichtet.</p>"),
    ("es-parked", "es", "Dominio registrado", "<h1>Este dominio está registrado</h1><p>Dominio aparcado en su proveedor de hosting.</p>"),
    ("es-construction", "es", "Sitio en construcción", "<h1>Página en construcción</h1><p>Este dominio está alojado en Arsys.</p>"),
    ("it-parked", "it", "Dominio registrato", "<h1>Questo dominio è stato registrato</h1><p>Il dominio è parcheggiato presso Aruba.</p>"),
    ("it-construction", "it", "Sito in costruzione", "<h1>Sito in costruzione</h1><p>Spazio web attivato dal fornitore di hosting Aruba.</p>"),
    ("for-sale", "en", "mugs.example is for sale", "<h1>mugs.example</h1><p>This domain is for sale. Buy this domain.</p>"),
)  # fmt: skip
_DEFAULTS = (
    ("plesk-default", "en", "Web Server's Default Page", '<img src="https://assets.plesk.com/static/default-website-content/public/img/logo.png" alt="">'
     "<h1>Web Server's Default Page</h1><p>This page is generated by Plesk. You see this page because there is no Web site at this address.</p>"),
    ("plesk-domain", "de", "Domain Default page", "<h1>Domain Default page</h1><p>If you are seeing this message, the website for mugs.example is not "
     "available at this time. This page is autogenerated by Plesk.</p>"),
    ("cpanel-default", "en", "Default Web Site Page", "<h1>Sorry!</h1><p>If you are the owner of this website, please contact your hosting provider.</p>"
     '<a href="https://cpanel.example/">cPanel</a>'),
    ("directadmin-default", "en", "mugs.example", "<h1>Welcome to mugs.example</h1><p>This is the default index.html that was created when the domain was "
     "added to the hosting control panel. Upload your own files to replace it.</p>"),
    ("hosting-default", "en", "Default page", "<h1>You are all set to go!</h1><p>All you have to do now is upload your website files and start your "
     "journey. Your hosting account is ready.</p>"),
)  # fmt: skip
CASES = (
    *(_shown(f"suspended-{name}", language, title, body, status=status) for name, language, title, body, status in _SUSPENDED),
    *(_shown(f"parked-{name}", language, title, body) for name, language, title, body in _PARKED),
    *(_shown(f"default-{name}", language, title, body) for name, language, title, body in _DEFAULTS),
    _shown("suspended-by-path", "en", "Welcome", "<h1>Back soon</h1>", url="http://mugs.example/cgi-sys/suspendedpage.cgi"),
    _shown("default-by-path", "en", "Welcome", "<h1>Hello</h1>", url="http://mugs.example/cgi-sys/defaultwebpage.cgi"),
)
