"""Error pages of content management systems and frameworks, and of a database that does not answer.

Sources: WordPress wp-includes/functions.php (`_default_wp_die_handler`) and functions.php (`dead_db`); MediaWiki
includes/exception/MWExceptionRenderer.php (`reportOutageHTML`); Drupal core/lib/Drupal/Core/EventSubscriber/FinalExceptionSubscriber.php;
Joomla templates/*/error.php; TYPO3 ProductionExceptionHandler; Magento pub/errors; Symfony ErrorHandler HtmlErrorRenderer;
filp/whoops; DokuWiki inc/init.php (`init_paths`).
"""

from __future__ import annotations

import re
from dataclasses import replace

from sites.probing.outcome import Kind
from sites.recognition import Found
from sites.recognition.answer import SHORT_TEXT, Answer
from sites.recognition.page_text import visible
from sites.texts import mark as _

_WP_DIE = re.compile(r"<body\b[^<>]{0,300}\bid=[\"']error-page[\"']", re.IGNORECASE)
_WP_MESSAGE = re.compile(r"class=[\"']wp-die-message[\"'][^<>]*>\s*(?:<(?P<first>h1|p)\b)?", re.IGNORECASE)
_WP_TROUBLE_LINK = re.compile(r"href=[\"']https?://[\w.-]*wordpress\.org/[^\"'<>]{0,120}(?:troubleshooting|debug|faq)", re.IGNORECASE)
_DATABASE_NEEDLES = (
    "database",
    "base de d",
    "datenbank",
    "banco de dados",
    "mysql",
    "mariadb",
    "sqlstate",
    "connection",
    "connexion",
    "verbindung",
    "access denied for",
)
_DATABASE_WORDS = re.compile(
    r"error establishing a database connection"
    r"|(?:could not|unable to|cannot|failed to|can.t) (?:connect to|contact|access) (?:the |your )?(?:database|mysql|mariadb)"
    r"|can.t connect to (?:local )?(?:mysql|mariadb|server)|can.t contact the database server|link to database cannot be established"
    r"|database connection (?:failed|error|could not)|access denied for user '|too many (?:mysql )?connections"
    r"|(?:mysql|mariadb)(?: server)? has gone away|unknown database '"
    r"|sqlstate\[(?:hy000|08\w\w\w|42000)\] \[(?:1040|1044|1045|1049|1203|1226|200[236])\]"
    r"|erreur (?:lors de la |de )connexion à la base de données"
    r"|(?:impossible|n.arrive pas) (?:de|à) (?:se connecter|joindre|contacter)\w* (?:à )?la base de données"
    r"|accès à la base de données impossible"
    r"|fehler beim aufbau einer datenbankverbindung|keine verbindung zu[rm]? (?:datenbank|mysql)"
    r"|(?:verbindung zur datenbank|datenbankverbindung) (?:fehlgeschlagen|ist fehlgeschlagen|konnte nicht)"
    r"|auf die datenbank konnte nicht zugegriffen"
    r"|error al (?:establecer una conexión|conectar) con la base de datos"
    r"|no se (?:pudo|puede|ha podido) (?:conectar (?:a|con)|acceder a) la base de datos"
    r"|errore (?:nello stabilire una|di) connessione al database"
    r"|impossibile (?:connettersi|accedere|collegarsi) al (?:server del )?database"
    r"|erro ao estabelecer uma conexão com o banco de dados|fout bij het maken van een databaseverbinding",
    re.IGNORECASE,
)
# A page of one's own that ends at `die("Connection failed: " . $conn->connect_error)`: few words of the site, then those of the driver
# (MySQL's errmsg-utf8.txt and client library, libpq, PHP's mysqlnd).
_OF_DRIVER = re.compile(
    r"access denied for user ['‘`]|unknown database ['‘`]|can.t connect to (?:local )?(?:mysql|mariadb|server)"
    r"|too many (?:mysql )?connections"
    r"|(?:mysql|mariadb)(?: server)? has gone away|host '.{1,80}' is (?:not allowed to connect|blocked because)"
    r"|user '?.{1,80} has exceeded the 'max_\w+' resource|password authentication failed for user|connection to server (?:at|on socket) \""
    r"|sqlstate\[(?:hy000|08\w\w\w|42000)\] ?\[(?:\d{4})\]"
    r"|(?:connection (?:failed|error)|(?:could not|cannot|unable to|failed to) connect|connexion échouée|verbindung fehlgeschlagen)"
    r"[^.!?:]{0,40}:\s{0,3}(?:connection (?:refused|timed out)|no such file or directory|no route to host|network is unreachable)\W{0,5}\Z"
    r"|php_network_getaddresses: getaddrinfo",
    re.IGNORECASE,
)
_DRIVER_NEEDLES = ("access denied", "unknown database", "connect", "gone away", "max_", "authentication", "sqlstate", "getaddrinfo")
_END_OF_CUT = 1500  # characters of markup
_BEFORE_DRIVER = 90  # characters: "Connection failed:", "Error: Unable to connect to MySQL. Debugging errno: 1045 Debugging error:"
_DRIVER_ALONE = 400  # of a page that is nothing else; an article that quotes such words has more of its own
_MEDIAWIKI_OUTAGE = "<h1>sorry! this site is experiencing technical difficulties.</h1>"  # in English whatever the wiki's language


def database_error(answer: Answer) -> Found | None:
    """The site says that it cannot reach its database."""
    said = (Kind.DATABASE_ERROR, "database", _("The site says that it cannot reach its database."))
    if _wordpress_page(answer) == "database":
        return said
    if len(answer.text) > _SMALL:
        return None
    if _is_cut_at_driver(answer):
        return said
    if not _may_be(answer) or not answer.mentions(*_DATABASE_NEEDLES):
        return None
    if answer.status >= 500 and answer.title == "MediaWiki" and answer.mentions(_MEDIAWIKI_OUTAGE):
        return said
    if answer.status < 500 and (len(answer.words) > SHORT_TEXT // 2 or not answer.stands_alone):
        return None
    if not answer.says_one_thing or "json" in answer.content_type:
        return None
    # An article may quote the words; the page that means them says nothing else before.
    found = _DATABASE_WORDS.search(answer.opening) if answer.status >= 500 else _DATABASE_WORDS.match(answer.opening)
    return said if found or _is_driver_alone(answer) else None


def _is_cut_at_driver(answer: Answer) -> bool:
    """A page that was begun and never closed: its last words are the driver's, since the script ended there."""
    end = answer.text[-_END_OF_CUT:]
    if "</html>" in end or not any(word in end.lower() for word in _DRIVER_NEEDLES) or "<" not in answer.text:
        return False
    if answer.mentions("</html", "</body") or not answer.is_html or "json" in answer.content_type:
        return False
    return _OF_DRIVER.search(visible(end)[-_DRIVER_ALONE:]) is not None


def _is_driver_alone(answer: Answer) -> bool:
    """Next to nothing but what the database's driver said."""
    found = _OF_DRIVER.search(answer.opening) if len(answer.words) <= _DRIVER_ALONE else None
    return found is not None and found.start() <= _BEFORE_DRIVER


_INSTALLER = re.compile(r"/wp-admin/(?:install|setup-config)\.php(?:[?#]|\Z)")
_ASKS = re.compile(r"action=[\"'](?:[^\"'<>]{0,200}/)?(?:install|setup-config)\.php\?step=|setup-config\.php\?step=", re.IGNORECASE)


def installer(answer: Answer) -> Found | None:
    """The site sends its visitors to its own installer: it found no table or no settings (wp_not_installed, wp-load.php)."""
    if "/wp-admin/" not in answer.url or not _INSTALLER.search(answer.url) or not _ASKS.search(answer.text):
        return None
    return Kind.UNEXPECTED, "installer", _("In place of the site comes the installer of WordPress, as if nothing had been set up.")


_SMALL = 64 * 1024  # characters, more than a page needs that says one thing


def _may_be(answer: Answer) -> bool:
    """Whether it is worth reading for an error page: a refusal is none, and a page that says it is well has to look like one."""
    return answer.status >= 500 or (answer.status < 300 and answer.is_sparse)


def _wordpress_page(answer: Answer) -> str:
    """Which page `wp_die` made: "database" (a heading alone), "critical" (leads to the troubleshooting guide), "other" or none.

    The same frame carries refusals such as an expired link; those come with a 4xx.
    """
    if not _may_be(answer) or not answer.mentions("error-page") or not _WP_DIE.search(answer.bare):
        return ""
    message = _WP_MESSAGE.search(answer.bare)
    if _WP_TROUBLE_LINK.search(answer.bare):
        return "critical"
    if message and (message.group("first") or "").lower() == "h1":
        return "database"
    return "other"


_JOOMLA = re.compile(r"<blockquote>\s*<span\b[^<>]{0,80}\b(?:badge|label)\b[^<>]{0,80}>\s*500\s*</span>", re.IGNORECASE)
_DEBUG_PAGES = (
    # the comment that stands above the document, so that developers see it in a console
    ("symfony-debug", re.compile(r"\A\s*<!--.{1,2000}?\(\d{3} [^()\n]{1,100}\)\s*-->\s*<!doctype", re.IGNORECASE | re.DOTALL)),
    (
        "laravel-debug",
        re.compile(r"\A\s*<!--\s*[\w\\]+(?:Exception|Error|Throwable)\b.{1,20000}?-->\s*<!doctype", re.IGNORECASE | re.DOTALL),
    ),
    ("whoops-debug", re.compile(r"\A\s*<!doctype html>\s*<!--.*?<div class=[\"']whoops container[\"']", re.IGNORECASE | re.DOTALL)),
)
_OPENINGS = (
    ("drupal-error", re.compile(r"the website encountered an unexpected error\. (?:please )?try again later", re.IGNORECASE)),
    ("typo3-error", re.compile(r"oops, an error occurred!\s*(?:code:|$)", re.IGNORECASE)),
    ("magento-error", re.compile(r"there has been an error processing your request", re.IGNORECASE)),
    ("dokuwiki-error", re.compile(r"dokuwiki setup error", re.IGNORECASE)),
    ("symfony-error", re.compile(r"oops! an error occurred the server returned a", re.IGNORECASE)),
    ("laravel-error", re.compile(r"whoops, looks like something went wrong", re.IGNORECASE)),
    ("joomla-error", re.compile(r"error displaying the error page", re.IGNORECASE)),
)
# Where people's own programs catch what went wrong, and answer 200 all the same.
_EXCUSE = re.compile(
    r"(?:(?:we(?:['’]re| are) )?(?:so |very )?sorry\b[\s,.!:–-]*(?:but )?"
    r"|(?:oops|uh-oh|whoops|ups|hoppla|error|fehler|erreur)\b[\s,.!:–-]*)*"
    r"(?:something (?:went|has gone) wrong|an? (?:(?:unexpected|unknown|internal|technical|server|application|fatal) )*error (?:has )?occur"
    r"|(?:internal server|unexpected) error\b|there (?:was|has been) an? (?:\w+ )?error\b"
    r"|es ist ein (?:\w+ )?fehler (?:aufgetreten|passiert)|(?:da|hier|leider) ist etwas schief\s?(?:ge)?"
    r"|une erreur (?:\w+ )?(?:s['’]est produite|est survenue)|(?:se ha producido|ha ocurrido) un error|si è verificato un errore"
    r"|ocorreu um erro|er is (?:een fout opgetreten|iets (?:mis|fout)\s?gegaan))",
    re.IGNORECASE,
)
_EXCUSE_WORDS = ("error", "wrong", "fehler", "schief", "erreur", "errore", "erro", "fout", "gegaan")
_LONGEST_EXCUSE = 280  # characters; a page that explains, asks or offers something has more, or a form
_UNEXPECTED = _("The site shows its page for an unexpected error.")
_VISITORS_PAGES = frozenset({"symfony-error", "laravel-error"})  # the framework's plain page for a 500: its status says it all


# Programs that end by themselves, with 200 and one sentence, where a file of theirs is not there: Joomla includes/app.php, Grav index.php,
# Nextcloud index.php, phpBB common.php, CodeIgniter index.php, and those that miss what Composer brings.
_UNFINISHED = re.compile(
    r"no configuration file found and no installation code available|please run: bin/grav install"
    r"|composer autoload(?:er)? (?:is )?not found|the config\.php file could not be found"
    r"|your (?:system|application) folder path does not appear to be set correctly"
    r"|(?:please |you (?:must|need to) )(?:run|execute) \W{0,3}(?:php )?composer(?:\.phar)? install",
    re.IGNORECASE,
)


def _unfinished(answer: Answer) -> Found | None:
    if answer.status >= 300 or not answer.is_sparse or not answer.mentions("install", "composer", "config.php", "folder path"):
        return None
    if len(answer.words) > SHORT_TEXT // 2 or not _UNFINISHED.match(answer.opening):
        return None
    return Kind.FATAL_IN_BODY, "file-missing", _("The site says that one of its own files is not there.")


def error_page(answer: Answer) -> Found | None:
    """The page of a CMS or a framework for an error that nobody handled."""
    wordpress = _wordpress_page(answer)
    if wordpress == "critical" or (wordpress == "other" and answer.status >= 500):
        return Kind.FATAL_IN_BODY, "wordpress-critical-error", _("WordPress shows its page for a critical error.")
    if 300 <= answer.status <= 499 or not answer.is_html:
        return None
    return _debug_page(answer) or _unfinished(answer) or _visitors_page(answer)


def _debug_page(answer: Answer) -> Found | None:
    commented = "<!--" in answer.text[:200]
    if not commented:
        return None
    for detail, built in _DEBUG_PAGES:
        if built.search(answer.text):
            return Kind.FATAL_IN_BODY, detail, _("The site shows its developers' page for an unexpected error.")
    return None


def _within_a_page(answer: Answer) -> Answer | None:
    """The page that begins in the middle of another one and ends it: the program had sent the first half before it gave up."""
    text = answer.bare
    at = text.lower().rfind("<!doctype html")
    if at <= 0 or len(text) - at > _SMALL or not text[:at].rstrip().endswith(">") or "<html" not in text[:at].lower():
        return None
    return replace(answer, body=text[at:].encode(), headers=(("content-type", "text/html; charset=utf-8"),))


def _visitors_page(answer: Answer) -> Found | None:
    if answer.status < 300 and answer.mentions(*_EXCUSE_WORDS) and (within := _within_a_page(answer)) is not None:
        return _visitors_page(within)
    if not _may_be(answer) or len(answer.text) > _SMALL or not answer.mentions(*_EXCUSE_WORDS) or not answer.says_one_thing:
        return None
    if answer.status >= 500 and _JOOMLA.search(answer.text):
        return Kind.FATAL_IN_BODY, "joomla-error", _UNEXPECTED
    if not answer.stands_alone:
        return None
    for detail, words in _OPENINGS:
        if words.match(answer.opening) and not (answer.status >= 500 and detail in _VISITORS_PAGES):
            return Kind.FATAL_IN_BODY, detail, _UNEXPECTED
    if answer.status < 300 and len(answer.words) <= _LONGEST_EXCUSE and _EXCUSE.match(answer.opening) and not answer.mentions("<form"):
        return Kind.FATAL_IN_BODY, "excuse", _("The page says nothing but that something went wrong.")
    return None
