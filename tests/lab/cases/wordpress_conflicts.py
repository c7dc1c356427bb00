# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""WordPress whose parts do not get on with each other, with their place, with what was stored or with what the host gives them."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case, well
from tests.lab.cases.healthy import WELL
from tests.lab.cases.wordpress_parts import at_mark, update
from tests.lab.scene import Scene
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import config, describe, plugin

_OF_CODE = ("php-undefined-function", "php-uncaught-exception", "php-class-not-found")
_FATAL = ("render_of_no_one();", "throw new LogicException('not ready');", "(null)->boot();", "Lost_Helper::run();")


def _store(s: Scene, name: str, value: str) -> None:
    assert s.database is not None
    s.databases.run(f"REPLACE INTO {s.database.prefix}options (option_name, option_value) VALUES ('{name}', '{value}')", s.database.name)


# --- parts against each other
@case(PHP, "wordpress")
def library_that_another_plugin_brought_first(s: Scene) -> Truth:
    """Both bring the same library; the older one is loaded first and lacks what the other calls."""
    first, second = describe(s).plugins[:2]
    name = f"{s.rng.choice(words.NOUNS)}_Api"
    older = s.at(f"wp-content/plugins/{first}/lib/api.php")
    s.keep(older, php(f"class {name} {{", "    public function get() { return []; }", "}"))
    main = s.at(f"wp-content/plugins/{first}/{first}.php")
    s.keep(main, s.read(main).decode() + "require_once __DIR__ . '/lib/api.php';\n")
    path = update(s, second, [f"    if (!class_exists('{name}')) {{ require dirname(__DIR__) . '/lib/api.php'; }}",
                              f"    $rows = (new {name}())->getAll(); /* here */"])  # fmt: skip
    s.write(
        s.at(f"wp-content/plugins/{second}/lib/api.php"),
        php(f"class {name} {{", "    public function get() { return []; }", "    public function getAll() { return []; }", "}"),
    )
    return Truth("wordpress-plugin", path, at_mark(s, path), _OF_CODE, paths=(older,))


@case(SHOWN, "wordpress")
def stored_settings_of_another_kind(s: Scene) -> Truth:
    """An import left a word where the plugin expects a list. No file was changed."""
    slug = s.rng.choice(describe(s).plugins)
    path = s.at(f"wp-content/plugins/{slug}/includes/start.php")
    line = s.rng.choice(
        ("$all = array_merge($kept, ['a' => 1]); /* here */", "$n = count($kept); /* here */", "$one = array_keys($kept); /* here */")
    )
    for name, content in plugin(s.rng, slug, body=[f"    $kept = get_option('{slug}_rows', []);", f"    {line}"]).items():
        s.keep(s.at(f"wp-content/plugins/{slug}/{name}"), content)
    _store(s, f"{slug}_rows", s.rng.choice(("1", 'a:2:{i:0;s:1:"x', "ja")))
    also = ("php-uncaught-exception", "wordpress-plugin-php-incompatible", "php-version-incompatible-code")
    return Truth("wordpress-plugin", path, at_mark(s, path), also)


@case(PHP, "wordpress")
def database_drop_in_of_another_release(s: Scene) -> Truth:
    """What WordPress asks of it is asked in WordPress's own files."""
    s.write(s.at("wp-content/db.php"), php("/* Plugin Name: Database Drop-In */", filler(s.rng, 3), f"class {words.identifier(s.rng)}_DB {{ public $ready = true; public $base_prefix = ''; }}".replace("class ", "class X"),
                                           "$GLOBALS['wpdb'] = new " + s.rng.choice(("stdClass", "ArrayObject")) + "();"))  # fmt: skip
    return Truth("wordpress-dropin", s.at("wp-content/db.php"), (), _OF_CODE)


@case(PHP, "wordpress")
def page_cache_that_misses_its_functions(s: Scene) -> Truth:
    """It is careful enough to ask for its plugin, and calls it all the same."""
    slug = words.slug(s.rng)
    path, call = s.at("wp-content/advanced-cache.php"), f"{slug.replace('-', '_')}_serve();"
    s.keep(
        path, php("/* Page cache */", filler(s.rng, 4), f"@include WP_CONTENT_DIR . '/plugins/{slug}/engine.php';", f"{call} /* here */")
    )
    s.keep(s.at("wp-config.php"), config(s, more=["define( 'WP_CACHE', true );"]))
    return Truth("wordpress-dropin", path, at_mark(s, path), _OF_CODE)


@case(PHP, "wordpress")
def fatal_error_handler_of_its_own(s: Scene) -> Truth:
    """It answers with one friendly line; PHP still says what happened."""
    s.keep(
        s.at("wp-content/fatal-error-handler.php"),
        php(
            "class Our_Handler {",
            "    public function handle() {",
            "        if (error_get_last()) { http_response_code(500); echo '<p>Wir sind gleich wieder da.</p>'; }",
            "    }",
            "}",
            "return new Our_Handler();",
        ),
    )
    path = update(s, s.rng.choice(describe(s).plugins), [f"    {s.rng.choice(_FATAL)} /* here */"])
    return Truth("wordpress-plugin", path, at_mark(s, path), _OF_CODE)


@case(PHP, "wordpress")
def theme_that_needs_a_plugin(s: Scene) -> Truth:
    """The plugin whose function the template calls was taken out of use."""
    path = s.at(f"wp-content/themes/{describe(s).theme}/index.php")
    call = s.rng.choice(("the_field('subtitle')", "wc_get_page_id('shop')", "pll_current_language()", "yoast_breadcrumb()"))
    s.keep(path, f"<?php {call}; /* here */ ?>\n" + s.read(path).decode())
    return Truth("wordpress-theme", path, at_mark(s, path), _OF_CODE)


# --- only some addresses
def _only(s: Scene, page: str, hook: str, holds: str = "true") -> Truth:
    slug = s.rng.choice(describe(s).plugins)
    body = [
        f"    add_action('{hook}', function () {{",
        f"        if (!{holds}) {{ return; }}",
        f"        {s.rng.choice(_FATAL)} /* here */",
        "    });",
    ]
    path = update(s, slug, body)
    return Truth("wordpress-plugin", path, at_mark(s, path), _OF_CODE, page=page)


@case(PHP, "wordpress")
def interface_fails(s: Scene) -> Truth:
    return _only(s, s.rng.choice(("/?rest_route=/", "/?rest_route=/wp/v2/posts")), "rest_api_init")


@case(PHP, "wordpress")
def login_page_fails(s: Scene) -> Truth:
    return _only(s, "/wp-login.php", s.rng.choice(("login_init", "login_form_login")))


@case(PHP, "wordpress")
def background_call_fails(s: Scene) -> Truth:
    return _only(s, "/wp-admin/admin-ajax.php?action=cart", "wp_ajax_nopriv_cart")


@case(PHP, "wordpress")
def feed_fails(s: Scene) -> Truth:
    return _only(s, "/?feed=rss2", "template_redirect", "is_feed()")


# --- places
@case(PHP, "wordpress")
def wordpress_in_a_folder_of_its_own(s: Scene) -> Truth:
    """The site begins above it, and a plugin in it fails."""
    inner = s.rng.choice(("wp", "wordpress", "core"))
    s.folder(s.at(inner))
    for entry in sorted(s.path(s.www).iterdir()):
        if entry.name.startswith("wp-") or entry.name == "xmlrpc.php":
            entry.rename(s.path(s.at(inner)) / entry.name)
    s.keep(s.at("index.php"), php("define( 'WP_USE_THEMES', true );", f"require __DIR__ . '/{inner}/wp-blog-header.php';"))
    s.keep(s.at(f"{inner}/wp-config.php"), config(s, more=[f"define( 'WP_SITEURL', '{s.place.url}/{inner}' );"]))
    slug = s.rng.choice(describe(s).plugins)
    for name, content in plugin(s.rng, slug, body=[f"    {s.rng.choice(_FATAL)} /* here */"]).items():
        s.write(s.at(f"{inner}/wp-content/plugins/{slug}/{name}"), content)
    path = s.at(f"{inner}/wp-content/plugins/{slug}/includes/start.php")
    return Truth("wordpress-plugin", path, at_mark(s, path), _OF_CODE)


@case(PHP, "wordpress")
def contents_in_a_folder_called_app(s: Scene) -> Truth:
    """As Composer lays it out: a loader takes the must-use plugins from their folders."""
    s.path(s.at("wp-content")).rename(s.path(s.at("app")))
    more = ["define( 'WP_CONTENT_DIR', __DIR__ . '/app' );", f"define( 'WP_CONTENT_URL', '{s.place.url}/app' );"]
    s.keep(s.at("wp-config.php"), config(s, more=more))
    slug = words.slug(s.rng)
    path = s.at(f"app/mu-plugins/{slug}/{slug}.php")
    s.keep(
        s.at("app/mu-plugins/bedrock-autoloader.php"),
        php("/* Plugin Name: Autoloader */", "foreach (glob(__DIR__ . '/*/*.php') as $file) { require_once $file; }"),
    )
    s.write(path, php(f"/* Plugin Name: {slug} */", filler(s.rng, 5), f"{s.rng.choice(_FATAL)} /* here */"))
    return Truth("wordpress-mu-plugin", path, at_mark(s, path), _OF_CODE)


@case(PHP, "wordpress")
def packages_above_the_site_not_there(s: Scene) -> Truth:
    """As Composer lays it out: the settings take everything from a folder above, which was not uploaded."""
    path = s.at("wp-config.php")
    s.write(path, config(s).replace("<?php\n", "<?php\nrequire_once dirname(__DIR__) . '/vendor/autoload.php'; /* here */\n", 1))
    return Truth("php-missing-file", path, at_mark(s, path), ("wordpress-config-syntax",), paths=("vendor/autoload.php",))


# --- WordPress's own files
@case(PHP, "wordpress")
def core_file_nobody_may_read(s: Scene) -> Truth:
    path = s.at(f"wp-includes/{s.rng.choice(('formatting.php', 'meta.php', 'class-wp-query.php', 'taxonomy.php'))}")
    s.chmod(path, s.rng.choice((0o000, 0o200)))
    return Truth("file-unreadable", path, (), ("wordpress-core-file",))


@case(PHP, "wordpress")
def core_file_emptied(s: Scene) -> Truth:
    """A full disk left a file of nothing."""
    path = s.at(f"wp-includes/{s.rng.choice(('class-wp-hook.php', 'class-wp-query.php', 'class-wp-post.php'))}")
    s.write(path, "")
    return Truth("wordpress-core-file", path, (), ("php-truncated-file", "php-class-not-found"))


@case(PHP, "wordpress")
def core_file_of_an_older_release(s: Scene) -> Truth:
    """It lacks a function that the others call."""
    path, name = s.rng.choice(
        (
            ("functions.php", "wp_parse_args"),
            ("formatting.php", "untrailingslashit"),
            ("option.php", "wp_load_alloptions"),
            ("link-template.php", "home_url"),
        )
    )
    path = s.at(f"wp-includes/{path}")
    s.write(path, s.read(path).decode().replace(f"function {name}(", f"function {name}_of_old(", 1))
    return Truth("wordpress-core-file", path, (), ("php-undefined-function",))


# --- settings and host
@case(PHP, "wordpress")
def memory_set_in_the_settings(s: Scene) -> Truth:
    path, limit = s.at("wp-config.php"), s.rng.choice(("6M", "8M", "7340032"))
    s.write(
        path,
        config(
            s,
            more=[
                f"define( 'WP_MEMORY_LIMIT', '{limit}' );",
                f"{s.rng.choice(('@ini_set', 'ini_set'))}( 'memory_limit', '{limit}' ); /* here */",
            ],
        ),
    )
    return Truth(
        "php-memory-limit", path, (*at_mark(s, path), *(line - 1 for line in at_mark(s, path))), ("user-ini-memory-limit-too-low",)
    )


@case(("ovh", "plain"), "wordpress")
def log_at_a_place_of_its_own(s: Scene) -> Truth:
    """WP_DEBUG_LOG names a file: what PHP says stands there and nowhere else."""
    name = s.rng.choice(("wp-content/uploads/logs/site.log", "wp-content/logs/php-errors.txt"))
    s.folder(s.at(name).rpartition("/")[0])
    debug = f"define( 'WP_DEBUG', true );\ndefine( 'WP_DEBUG_LOG', __DIR__ . '/{name}' );\ndefine( 'WP_DEBUG_DISPLAY', false );"
    s.keep(s.at("wp-config.php"), config(s).replace("define( 'WP_DEBUG', false );", debug))
    path = update(s, s.rng.choice(describe(s).plugins), [f"    {s.rng.choice(_FATAL)} /* here */"])
    return Truth("wordpress-plugin", path, at_mark(s, path), _OF_CODE)


@case(PHP, "wordpress")
def cache_folder_shut(s: Scene) -> Truth:
    """A plugin that cannot store its cache gives up."""
    folder, slug = s.at(f"wp-content/{s.rng.choice(('cache', 'et-cache', 'uploads/css'))}"), s.rng.choice(describe(s).plugins)
    s.folder(folder)
    s.chmod(folder, 0o555)
    name = folder.partition("wp-content/")[2]
    path = update(
        s,
        slug,
        [
            f"    if (file_put_contents(WP_CONTENT_DIR . '/{name}/all.css', 'a') === false) {{",
            "        throw new RuntimeException('The cache cannot be stored.'); /* here */",
            "    }",
        ],
    )
    return Truth("folder-not-writable", folder, (), ("wordpress-plugin",), paths=(path,))


@case(PHP, "wordpress")
def plugin_that_needs_an_extension(s: Scene) -> Truth:
    line = s.rng.choice(
        ("$mail = imap_open('{a}', 'b', 'c');", "$soap = new SoapClient(null, []);", "$sum = ldap_connect('a');", "$p = pspell_new('en');")
    )
    path = update(s, s.rng.choice(describe(s).plugins), [f"    {line} /* here */"])
    return Truth("php-missing-extension", path, at_mark(s, path), ("wordpress-plugin",))


@case(PHP, "wordpress")
def one_line_too_many_in_the_theme(s: Scene) -> Truth:
    """Somebody tried something and left `exit` behind: an empty page, and not a word anywhere."""
    path = s.at(f"wp-content/themes/{describe(s).theme}/functions.php")
    s.write(path, s.read(path).decode() + s.rng.choice(("exit; /* here */\n", "die(); /* here */\n")))
    also = ("application-answers-500", "php-fatal-hidden")
    return Truth("wordpress-theme", path, at_mark(s, path), also, statuses=(200,), is_empty=True)


@case(PHP, "wordpress")
def table_without_its_space(s: Scene) -> Truth:
    """The file that holds a table's rows was lost in a move of the server."""
    assert s.database is not None
    s.databases.run(f"ALTER TABLE {s.database.prefix}options DISCARD TABLESPACE", s.database.name)
    return Truth("database-table-crashed", "", (), ("database-table-missing",), statuses=(302, 500))


# --- well
@well(PHP, "wordpress")
def drop_ins_that_are_not_in_use(s: Scene) -> Truth:
    """WP_CACHE is off, there is no network, and nothing has failed: none of these is loaded."""
    for name in ("advanced-cache.php", "sunrise.php", "db-error.php", "php-error.php", "blog-suspended.php"):
        s.write(s.at(f"wp-content/{name}"), php("require __DIR__ . '/there-is-none.php';"))
    return WELL


@well(PHP, "wordpress")
def for_members_only(s: Scene) -> Truth:
    """Every page leads to the login, which is well."""
    update(
        s,
        describe(s).plugins[0],
        ["    if (!is_user_logged_in() && strpos($_SERVER['REQUEST_URI'], 'wp-login') === false) { wp_redirect(wp_login_url()); exit; }"],
    )
    return Truth("none", statuses=(200, 302))


@well(PHP, "wordpress")
def update_that_went_well(s: Scene) -> Truth:
    """Everything of a plugin, a theme and the settings was written a moment ago."""
    for slug in describe(s).plugins:
        update(s, slug, [])
    theme = s.at(f"wp-content/themes/{describe(s).theme}/functions.php")
    s.write(theme, s.read(theme))
    s.write(s.at("wp-config.php"), config(s))
    s.write(s.at("wp-content/upgrade-temp-backup/plugins/old/old.php"), "<?php\n$a = ;\n")
    return WELL
