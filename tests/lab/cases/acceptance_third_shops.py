# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Shops, forums, wikis, clubs and other systems after moves, updates and restores."""

from __future__ import annotations

import os
import re

from tests.lab import words
from tests.lab.cases.base import Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.edits import changed, lines_at
from tests.lab.sites.php_site import filler, php


@case(("plain", "engine", "ovh", "cdn"), "prestashop")
def shop_with_the_old_database(s: Scene) -> Truth:
    """The shop was moved; its parameters still name the database of the old host."""
    assert s.database is not None
    path = s.at("app/config/parameters.php")
    old = s.rng.choice(("boutique_ps", "usr_web12_3", "k4711_shop", "prestashop"))
    changed(s, path, f"'database_name' => '{s.database.name}'", f"'database_name' => '{old}'", fresh=s.rng.random() < 0.5)
    lines = lines_at(s, path, "'database_host'", "'database_name'", "'database_user'", "'database_password'")
    return Truth("database-missing", path, lines, ("database-access-denied",))


@case(("shared", "fcgid", "ovh", "fronted"), "joomla")
def joomla_five_without_the_old_names(s: Scene) -> Truth:
    """Joomla was updated to its next major release; an extension still uses the classes that were called J-something."""
    path = s.at("plugins/system/prices/src/Extension/Prices.php")
    line = s.rng.choice((
        "$app = \\JFactory::getApplication();", "$id = \\JRequest::getInt('id', 0);", "$label = \\JText::_('PLG_PRICES_LABEL');", "$now = new \\JDate('now');", "$db = \\JFactory::getDbo();",
    ))  # fmt: skip
    s.keep(
        path,
        php(
            "namespace Joomla\\Plugin\\System\\Prices\\Extension;",
            "",
            "class Prices",
            "{",
            "    private $taxes = [7, 19];",
            "",
            "    public function onAfterRoute(): void",
            "    {",
            f"        {line}",
            "    }",
            "}",
        ),
    )
    s.write(s.at("administrator/manifests/files/joomla.xml"), '<?xml version="1.0"?><extension><version>5.2.1</version></extension>\n')
    return Truth("php-class-not-found", path, (s.line_of(path, line),), ("php-uncaught-exception",))


@case(("shared",), "joomla")
def htaccess_as_joomla_brings_it(s: Scene) -> Truth:
    """The owner renamed htaccess.txt for pretty addresses; one line of it is not allowed at this host."""
    path = s.at(".htaccess")
    option = s.rng.choice(("Options +FollowSymlinks", "Options +FollowSymLinks", "Options FollowSymLinks"))
    s.write(path, "\n".join([
        "##", "# @package    Joomla", "# @license    GNU General Public License version 2 or later; see LICENSE.txt", "##", "", "## No directory listings", "<IfModule autoindex>", "  IndexIgnore *", "</IfModule>", "",
        "## Can be commented out if causes errors, see notes above.", option, "Options -Indexes", "", "RewriteEngine On", "",
        "RewriteCond %{QUERY_STRING} base64_encode[^(]*\\([^)]*\\) [OR]", "RewriteCond %{QUERY_STRING} (<|%3C)([^s]*s)+cript.*(>|%3E) [NC]", "RewriteRule .* index.php [F]", "",
        "RewriteCond %{REQUEST_URI} !^/index\\.php", "RewriteCond %{REQUEST_FILENAME} !-f", "RewriteCond %{REQUEST_FILENAME} !-d", "RewriteRule .* index.php [L]", ""]))  # fmt: skip
    return Truth("htaccess-directive-not-allowed", path, (s.line_of(path, option),))


@case(("plain", "shared", "fcgid", "engine"), "drupal")
def twig_folder_restored_by_another(s: Scene) -> Truth:
    """Drupal's files came out of a backup as nobody may write there; its templates are compiled into that folder."""
    folder = s.at("sites/default/files/php/twig")
    s.keep(
        s.at("sites/default/files/.htaccess"), "# Turn off all options we don't need.\nOptions -Indexes -ExecCGI -Includes -MultiViews\n"
    )
    if s.rng.random() < 0.5:
        for name in (s.at("sites/default/files/php"), folder):
            os.chown(s.path(name), 0, 0)
            s.chmod(name, 0o755)
    else:
        for name in (folder, s.at("sites/default/files/php")):
            s.chmod(name, s.place.setup.folder_mode & 0o555)
    above = (s.at("sites/default/files/php"), s.at("sites/default/files"))
    return Truth("folder-not-writable", folder, paths=above)


@case(("plain", "engine", "own-log", "fcgid"), "mediawiki")
def wiki_without_its_extension(s: Scene) -> Truth:
    """The wiki's new release was unpacked into a fresh folder; LocalSettings.php came along, one of the extensions did not."""
    name = s.rng.choice(("ParserFunctions", "UserMerge", "ContactPage", "Lockdown", "HitCounters"))
    path = changed(
        s, s.at("LocalSettings.php"), "wfLoadExtension( 'Cite' );", f"wfLoadExtension( 'Cite' );\nwfLoadExtension( '{name}' );", fresh=False
    )
    s.write(s.at("RELEASE-NOTES-1.41"), "= MediaWiki 1.41 =\n== MediaWiki 1.41.2 ==\n")
    missing = s.at(f"extensions/{name}")
    return Truth(
        "php-missing-file", path, (s.line_of(path, f"'{name}'"),), ("php-uncaught-exception",), paths=(missing, f"{missing}/extension.json")
    )


@case(("plain", "shared", "engine", "ovh"), "opencart")
def shop_with_the_old_folders(s: Scene) -> Truth:
    """The shop was moved to a new account; its config.php names the folders of the old one."""
    path = s.at("config.php")
    old = s.rng.choice(
        (
            "/home/oldshop/public_html/",
            "/homez.88/ceramique/www/",
            "/var/www/clients/client7/web31/web/",
            "/kunden/123456_10115/webseiten/shop/",
        )
    )
    root = f"{s.path(s.www)}/"
    for name in (path, s.at("admin/config.php")):
        s.keep(name, s.read(name).decode().replace(root, old))
    return Truth("php-missing-file", path, lines_at(s, path, "'DIR_APPLICATION'", "'DIR_SYSTEM'", "'DIR_IMAGE'"))


@case(("plain", "fcgid", "own-log", "ovh"), "board")
def forum_with_a_crashed_table(s: Scene) -> Truth:
    """The database server was switched off hard; one of the forum's tables of the old kind is marked as crashed since."""
    assert s.database is not None
    found = re.search(r"\$table_prefix = '(\w+)'", s.read(s.at("config.php")).decode())
    assert found
    table = f"{found[1]}{s.rng.choice(('sessions', 'config'))}"
    s.databases.run(f"FLUSH TABLES {table}", s.database.name)
    index = s.databases.data / s.database.name / f"{table}.MYI"
    content = bytearray(index.read_bytes())
    content[26] |= 2  # storage/myisam: the state of the table
    index.write_bytes(content)
    s.databases.run(f"FLUSH TABLES {table}", s.database.name)
    return Truth("database-table-crashed", statuses=(503,), paths=(s.at("config.php"),))


@case(("plain", "shared", "own-log", "shown"), "static", "club")
def guestbook_of_the_club(s: Scene) -> Truth:
    """The club's guestbook was written for PHP 5; since the host retired that version it fails, the other pages do not."""
    name = s.rng.choice(("gaestebuch.php", "livre-dor.php", "guestbook.php", "termine.php", "libro-visite.php"))
    lines, mark = s.rng.choice((
        (["$link = mysql_connect('localhost', 'verein', 'geheim');", "mysql_select_db('verein', $link);", "$result = mysql_query('SELECT * FROM eintraege ORDER BY datum DESC');"], "mysql_connect"),
        (["$mail = isset($_POST['mail']) ? $_POST['mail'] : 'keine';", "if (!eregi('^[a-z0-9._-]+@[a-z0-9.-]+$', $mail)) {", "    $fehler = 'Bitte eine Adresse angeben';", "}"], "eregi("),
        (["$daten = split(';', 'Fest;2009-06-01;Dorfplatz');", "list($was, $wann, $wo) = $daten;"], "split("),
        (["$eintraege = array('Anna' => 'Schön war es', 'Paul' => 'Bis bald');", "while (list($wer, $was) = each($eintraege)) {", "    $alle[] = \"$wer: $was\";", "}"], "each("),
    ))  # fmt: skip
    body = f"?>\n<html>\n<head><title>{name}</title></head>\n<body>\n{words.paragraphs(s.rng, 4)}\n</body>\n</html>"
    s.keep(s.at(name), php("// Programmiert von unserem Kassier, 2008", *filler(s.rng, s.rng.randint(0, 8)), lines, body))
    return Truth("php-removed-function", s.at(name), (s.line_of(s.at(name), mark),), ("php-undefined-function",), page=f"/{name}")
