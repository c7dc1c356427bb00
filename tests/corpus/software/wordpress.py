# ruff: noqa: E501 (a page or a setting stays on one line, to be compared with the next)
"""WordPress as Debian ships it, in five languages: database down, critical error, maintenance, refusals; and a well blog about errors."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from sites.probing.outcome import Kind
from tests.corpus.case import Case
from tests.corpus.software.running import Shown, ask, binary, free_port, running
from tests.programs import mariadb

_SOURCE = Path("/usr/share/wordpress")
_LOCALES = {"en": "", "fr": "fr_FR", "de": "de_DE", "es": "es_ES", "it": "it_IT"}
_THEME = (
    "<!doctype html><html <?php language_attributes(); ?>><head><meta charset='utf-8'><title><?php wp_title(''); bloginfo('name'); ?></title>"
    "<?php wp_head(); ?></head><body <?php body_class(); ?>><h1><?php bloginfo('name'); ?></h1><?php while (have_posts()) { the_post(); ?>"
    "<article><h2><?php the_title(); ?></h2><?php the_content(); ?></article><?php } wp_footer(); ?></body></html>"
)
_FATAL = "<?php\n/* Plugin Name: Prices */\nif (isset($_GET['fatal'])) { add_action('init', function () { nothing_of_that_name(); }); }\n"
_REFUSED = (
    "if (isset($_GET['die'])) { add_action('init', function () { wp_die('<p>Sorry, the shop cannot do that.</p>', 'Shop', "
    "['response' => (int) $_GET['die']]); }); }\n"
)
_SOON = {
    "fr": "<title>Maintenance</title><h1>Le site revient dans un instant</h1>", "de": "<title>Wartung</title><h1>Gleich zurück</h1>",
    "es": "<title>Mantenimiento</title><h1>Volvemos enseguida</h1>", "it": "<title>Manutenzione</title><h1>Torniamo subito</h1>",
}  # fmt: skip
_POSTS = {
    "en": ("Error establishing a database connection: what now?", "This is what WordPress says when the database is down. There has been a "
           "critical error on this website? Stay calm. 500 Internal Server Error explained."),
    "fr": ("Erreur lors de la connexion à la base de données", "Votre site affiche ce message ? Il y a eu une erreur critique sur ce site : "
           "voici que faire. Le site est-il en maintenance ?"),
    "de": ("Fehler beim Aufbau einer Datenbankverbindung", "Es gab einen kritischen Fehler auf deiner Website? So beheben Sie den Fehler 500. "
           "Wartungsmodus, Weiterleitungsschleife und mehr."),
    "es": ("Error al establecer una conexión con la base de datos", "Ha habido un error crítico en esta web: qué hacer con el error 500."),
    "it": ("Errore nello stabilire una connessione al database", "Si è verificato un errore critico sul tuo sito: cosa fare con l'errore 500."),
}  # fmt: skip


def cases(folder: Path) -> Iterator[Case]:
    """Without a database first, then with a real MariaDB."""
    folder.chmod(0o755)
    away = free_port()
    for language, locale in _LOCALES.items():
        root = lay_out(folder / f"away-{language}", locale, f"127.0.0.1:{away}")
        with _php(root) as port:
            yield from ask(f"wordpress-{language}", port, [
                Shown("database-down", "/", Kind.DATABASE_ERROR, language), Shown("rest-database-down", "/wp-login.php", Kind.DATABASE_ERROR, language),
            ])  # fmt: skip
            (root / ".maintenance").write_text("<?php $upgrading = time();")
            if locale:  # as language packs have it: the drop-in that WordPress shows in place of its own page
                (root / "wp-content/maintenance.php").write_text(
                    f"<?php http_response_code(503); header('Retry-After: 600'); ?>{_SOON[language]}"
                )
            yield from ask(f"wordpress-{language}", port, [Shown("maintenance", "/", Kind.MAINTENANCE, language)])
    with mariadb(folder / "db") as line:
        for language, locale in _LOCALES.items():
            yield from _with_database(folder / f"well-{language}", language, locale, line)


def lay_out(root: Path, locale: str, database: str, name: str = "wp") -> Path:
    """Debian's WordPress with a plain theme and a plugin that fails on request. `database`: as in DB_HOST."""
    shutil.copytree(
        _SOURCE, root, symlinks=False, ignore=lambda at, _names: {"wp-config.php", "wp-content"} if at == str(_SOURCE) else set()
    )
    content = root / "wp-content"
    (content / "themes" / "plain").mkdir(parents=True)
    (content / "mu-plugins").mkdir()
    (content / "languages").symlink_to(_SOURCE / "wp-content/languages")
    (content / "themes/plain/style.css").write_text("/* Theme Name: Plain */")
    (content / "themes/plain/index.php").write_text(_THEME)
    (content / "mu-plugins/prices.php").write_text(_FATAL + _REFUSED)
    (root / "wp-config.php").write_text(
        f"<?php\ndefine('DB_NAME', '{name}'); define('DB_USER', 'root'); define('DB_PASSWORD', ''); define('DB_HOST', '{database}');\n"
        f"define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', ''); $table_prefix = 'wp_'; define('WPLANG', '{locale}');\n"
        "define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true); define('WP_DEBUG', false);\n"
        "define('WP_DEFAULT_THEME', 'plain'); define('ABSPATH', __DIR__ . '/'); require_once ABSPATH . 'wp-settings.php';\n"
    )
    return root


@contextlib.contextmanager
def _php(root: Path) -> Iterator[int]:
    port = free_port()
    # display_errors off, as on hosting: WordPress' own page stands alone
    with running([binary("php"), "-d", "display_errors=0", "-S", f"127.0.0.1:{port}", "-t", root], port=port):
        yield port


def install(root: Path, url: str, posts: Sequence[tuple[str, str]], locale: str = "") -> None:
    """Fills the empty database of what `lay_out` laid out. Raises RuntimeError with PHP's own words."""
    script = (
        f"$_SERVER['HTTP_HOST'] = {url.partition('//')[2]!r}; define('WP_INSTALLING', true); require '{root}/wp-load.php';\n"
        f"require ABSPATH . 'wp-admin/includes/upgrade.php'; wp_install('Mugs', 'admin', 'a@example.org', true, '', 'pw', '{locale}');\n"
        "update_option('template', 'plain'); update_option('stylesheet', 'plain');\n"
        f"update_option('siteurl', '{url}'); update_option('home', '{url}');\n"
    )
    for title, text in posts:
        script += f"wp_insert_post(['post_title' => {title!r}, 'post_content' => {text!r}, 'post_status' => 'publish']);\n"
    done = subprocess.run([binary("php"), "-r", script], capture_output=True, timeout=120, check=False)
    if done.returncode:
        raise RuntimeError(f"WordPress was not installed: {(done.stdout + done.stderr).decode('utf-8', 'replace')[-2000:]}")


def _with_database(root: Path, language: str, locale: str, line: str) -> Iterator[Case]:
    database = f"wp_{language}"
    lay_out(root, locale, f"localhost:{line}", database)
    subprocess.run(
        [binary("mariadb"), "--no-defaults", "-u", "root", "-S", line, "-e", f"CREATE DATABASE {database}"], check=True, timeout=30
    )
    title, text = _POSTS[language]
    with _php(root) as port:
        install(root, f"http://127.0.0.1:{port}", [(title, f"<p>{text}</p>" * 8), (title, "")], locale)
        yield from ask(f"wordpress-{language}", port, [
            Shown("blog-about-errors", "/", Kind.OK, language, True), Shown("article-about-database-error", "/?p=4", Kind.OK, language, True),
            Shown("article-of-a-title-only", "/?p=5", Kind.OK, language, True), Shown("feed", "/?feed=rss2", Kind.OK, language, True),
            Shown("rest", "/?rest_route=/wp/v2/posts", Kind.OK, language, True), Shown("login", "/wp-login.php", Kind.OK, language, True),
            Shown("critical-error", "/?fatal=1", Kind.FATAL_IN_BODY, language), Shown("not-found", "/?p=99", Kind.CLIENT_ERROR, language),
            Shown("refused", "/?die=403", Kind.CLIENT_ERROR, language), Shown("died", "/?die=500", Kind.FATAL_IN_BODY, language),
        ])  # fmt: skip
        shutil.rmtree(root / "wp-content/themes/plain")
        if language == "en":
            yield from ask("wordpress-en", port, [Shown("no-theme", "/", Kind.WHITE_PAGE, language)])
