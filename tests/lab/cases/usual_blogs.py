# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""What the support desk meets day by day in WordPress: updates gone wrong, old themes under a new PHP, settings after a move, leftovers of caches."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, PHP, SHOWN, Truth, case, well
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import plugin_file, renewed, theme_file
from tests.lab.sites.edits import added
from tests.lab.sites.htaccess_lines import blocks, text
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import BLOCK, config, describe

_WELL = Truth("none", statuses=(200,))
_OF_CODE = ("php-undefined-function", "php-uncaught-exception", "php-class-not-found")


def _at(s: Scene, path: str, mark: str = "/* here */") -> tuple[int, ...]:
    return (s.line_of(path, mark),)


def _login(s: Scene, *names: str) -> tuple[int, ...]:
    return tuple(s.line_of(s.at("wp-config.php"), f"'{name}'") for name in names or ("DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST"))


# --- plugins
@case(SHOWN, "wordpress")
def way_to_pay_without_what_the_shop_wants_now(s: Scene) -> Truth:
    """The shop was updated, and its base class asks for one method more; the add-on was not."""
    shop, addon = describe(s).plugins[0], describe(s).plugins[-1]
    name = f"Shop_{s.rng.choice(words.NOUNS)}_Gateway"
    kind, method = s.rng.choice((("abstract class", "abstract public function get_token_title(): string;"), ("interface", "public function is_block_ready(): bool;")))  # fmt: skip
    s.write(plugin_file(s, shop, "includes/gateway.php"), php(filler(s.rng, 3), f"{kind} {name}", "{", f"    {method}", "}"))
    added(s, plugin_file(s, shop), ["require_once __DIR__ . '/includes/gateway.php';"], fresh=True)
    word = "extends" if kind.startswith("abstract") else "implements"
    path = plugin_file(s, addon, "includes/pay.php")
    s.keep(path, php(filler(s.rng, 4), f"class My_{name} {word} {name} /* here */", "{", "    public $title = 'Invoice';", "}"))
    added(s, plugin_file(s, addon), ["add_action('plugins_loaded', function () { require_once __DIR__ . '/includes/pay.php'; });"])
    also = ("php-uncaught-exception", "php-version-incompatible-code", "php-parse-error", "php-class-not-found")
    return Truth("wordpress-plugin", path, _at(s, path), also, paths=(plugin_file(s, shop, "includes/gateway.php"), plugin_file(s, addon)))


@case(SHOWN, "wordpress")
def plugin_of_the_days_of_php_4(s: Scene) -> Truth:
    """Never updated, for nobody makes it any more; the host switched the version."""
    line = s.rng.choice(("$list = &new ArrayObject(array());", "$n = sizeof(explode(',', 'a,b')); asort_copy(&$n);", "$first = 'abc'; $first = $first{0};", "for ($n = 2; $n > 0; $n--) { break $n; }"))  # fmt: skip
    slug = s.rng.choice(describe(s).plugins)
    path = plugin_file(s, slug, "includes/start.php")
    s.keep(path, s.read(path).decode().replace("    return true;\n}\n", f"    {line} /* here */\n    return true;\n}}\n"))
    s.age(path, s.rng.uniform(3000, 5000))
    also = ("wordpress-plugin", "php-version-incompatible-code", "php-parse-error")
    return Truth("wordpress-plugin-php-incompatible", path, _at(s, path), also)


@case(SHOWN, "wordpress")
def plugin_half_new_half_old(s: Scene) -> Truth:
    """The update replaced the main file and stopped before the folder beside it."""
    slug = s.rng.choice(describe(s).plugins)
    name, method = f"{slug.replace('-', '_').title()}_Loader", s.rng.choice(("register_blocks", "boot_rest", "migrate_options"))
    loader = plugin_file(s, slug, "includes/class-loader.php")
    s.keep(loader, php(filler(s.rng, 5), f"class {name}", "{", "    public static function run() { return true; }", "}"))
    path = plugin_file(s, slug)
    s.write(path, php("/**", f" * Plugin Name: {slug}", " * Version: 5.0.0", " */", filler(s.rng, 4), "require_once __DIR__ . '/includes/class-loader.php';", f"{name}::run();", f"{name}::{method}(__FILE__); /* here */"))  # fmt: skip
    return Truth("wordpress-plugin", path, _at(s, path), _OF_CODE, paths=(loader,))


@case(SHOWN, "wordpress")
def classes_in_a_folder_of_other_letters(s: Scene) -> Truth:
    """Made on a Mac, where `Admin` and `admin` are the same folder."""
    slug, noun = s.rng.choice(describe(s).plugins), s.rng.choice(words.NOUNS)
    space = "".join(word.capitalize() for word in slug.split("-"))
    s.write(plugin_file(s, slug, f"src/admin/{noun}.php"), php("", f"namespace {space}\\Admin;", "", f"class {noun} {{ }}"))
    loads = ["spl_autoload_register(function ($name) {", f"    $file = __DIR__ . '/src/' . str_replace('\\\\', '/', substr($name, {len(space) + 1})) . '.php';", f"    if (strpos($name, '{space}') === 0 && is_file($file)) {{ require $file; }}", "});"]  # fmt: skip
    path = added(s, plugin_file(s, slug), [*loads, f"new \\{space}\\Admin\\{noun}(); /* here */"], fresh=True)
    return Truth("wordpress-plugin", path, _at(s, path), ("php-class-not-found",), paths=(plugin_file(s, slug, f"src/admin/{noun}.php"), plugin_file(s, slug, "src/admin")))  # fmt: skip


@case(SHOWN, "wordpress")
def page_pressed_smaller_and_smaller(s: Scene) -> Truth:
    """A plugin that shortens pages buffers its output where PHP is at its buffer already."""
    name = f"{words.identifier(s.rng)}_minify"
    slug = s.rng.choice(describe(s).plugins)
    path = renewed(s, slug, [f"    ob_start('{name}');"])
    added(s, path, [f"function {name}($page) {{", "    ob_start(); /* here */", "    echo preg_replace('/\\s+/', ' ', $page);", "    return ob_get_clean();", "}"], fresh=True)  # fmt: skip
    return Truth("wordpress-plugin", path, _at(s, path), ("php-uncaught-exception", "php-fatal-hidden"), statuses=(200, 500), is_empty=True)


# --- themes
@case(SHOWN, "wordpress")
def menu_of_an_old_theme(s: Scene) -> Truth:
    """Its classes take fewer words than WordPress's own; PHP 8 does not let that pass."""
    parent, method = s.rng.choice((
        ("Walker_Nav_Menu", "start_el(&$output, $item, $depth, $args)"), ("Walker_Nav_Menu", "start_lvl(&$output, $depth)"), ("WP_Widget", "widget($args)"), ("Walker_Page", "end_el(&$output, $page, $depth)"),
        ("WP_Widget", "update($new)"),
    ))  # fmt: skip
    path = theme_file(s, s.rng.choice(("inc/menu.php", "functions.php", "lib/walker.php")))
    lines = ["", f"class {describe(s).theme.split('-')[0].capitalize()}_{s.rng.choice(words.NOUNS)} extends {parent}", "{", f"    function {method} /* here */", "    {", "        return '';", "    }", "}"]  # fmt: skip
    if path.endswith("functions.php"):
        added(s, path, lines)
    else:
        s.keep(path, php(filler(s.rng, 3), lines))
        added(s, theme_file(s), [f"require get_template_directory() . '/{path.partition(describe(s).theme + '/')[2]}';"])
    also = ("php-version-incompatible-code", "php-uncaught-exception", "php-parse-error")
    return Truth("wordpress-theme", path, _at(s, path), also)


@case((*PHP, "ovh"), "wordpress")
def theme_without_its_last_template(s: Scene) -> Truth:
    """The upload of its new version broke off before `index.php`: pages of nothing, and no error."""
    s.write(theme_file(s, "style.css"), s.read(theme_file(s, "style.css")))
    s.write(theme_file(s, "functions.php"), s.read(theme_file(s, "functions.php")))
    s.remove(theme_file(s, "index.php"))
    folder = theme_file(s, "index.php").rpartition("/")[0]
    return Truth(
        "wordpress-theme", folder, (), ("php-missing-file",), statuses=(200, 500), is_empty=True, paths=(theme_file(s, "index.php"),)
    )


@case(SHOWN, "wordpress")
def template_of_articles_cut_short(s: Scene) -> Truth:
    """The start page is well; every article is not."""
    path = theme_file(s, "single.php")
    whole = s.read(theme_file(s, "index.php")).decode() + php(filler(s.rng, 8))
    end = s.rng.choice(("function related_posts($id) {\n    $found = [];\n    foreach (get_posts() as $one) {\n        if ($one->ID !== $id", "/* the list of what is related\n * to this article, by its"))  # fmt: skip
    s.write(path, whole + end)
    lines = tuple(range(1, (whole + end).count("\n") + 2))
    return Truth("wordpress-theme", path, lines, ("php-truncated-file", "php-parse-error"), page="/?p=4")


# --- what caches and security leave behind
@case(PHP, "wordpress")
def page_cache_with_the_path_of_the_old_host(s: Scene) -> Truth:
    """The drop-in asks the settings where its plugin is, and they tell of another machine."""
    old = f"/home/{s.rng.choice(('clients/web12', 'u4711', 'old'))}/public_html/wp-content/plugins/page-cache-{s.rng.randint(2, 9)}/"
    path, name = s.at("wp-content/advanced-cache.php"), f"PAGE_CACHE_{s.rng.choice(('HOME', 'PATH', 'DIR'))}"
    s.keep(plugin_file(s, old.rstrip("/").rpartition("/")[2], "phase1.php"), php("function page_cache_phase1() { return false; }"))
    s.keep(path, php("// Page cache, drop-in", filler(s.rng, 3), f"include_once {name} . 'phase1.php'; /* load */", "page_cache_phase1(); /* call */"))  # fmt: skip
    s.write(s.at("wp-config.php"), config(s, more=["define( 'WP_CACHE', true );", f"define( '{name}', '{old}' );"]))
    lines = (*_at(s, path, "/* load */"), *_at(s, path, "/* call */"))
    return Truth("wordpress-dropin", path, lines, ("php-undefined-function", "php-missing-file"), paths=(s.at("wp-config.php"),))


@case(SHOWN, "wordpress")
def constant_lost_with_the_old_settings(s: Scene) -> Truth:
    """wp-config.php was written anew after the move, without what a security plugin had put into it."""
    name = s.rng.choice(("HARDEN_LOGIN_SLUG", "SITE_GUARD_KEY", "WAF_STORAGE_PATH"))
    path = s.at(f"wp-content/mu-plugins/{s.rng.choice(('guard', '00-waf', 'harden-login'))}.php")
    s.keep(path, php("/* Plugin Name: Guard */", filler(s.rng, 4), f"$guard = rtrim({name}, '/'); /* here */"))
    s.write(s.at("wp-config.php"), config(s))
    return Truth("wordpress-mu-plugin", path, _at(s, path), ("php-uncaught-exception",), paths=(s.at("wp-config.php"),))


@case(APACHE, "wordpress")
def rules_cut_short_on_a_full_disk(s: Scene) -> Truth:
    """WordPress wrote its block anew when there was room for half of it."""
    whole = "\n".join(BLOCK)
    cut = whole[: whole.index(s.rng.choice((" !-d", " !-f", " /index.php [L]", " - [L]")))]
    around = [block for block in blocks(s.rng, 1, 4) if not any("Rewrite" in line for line in block)]
    s.write(s.at(".htaccess"), text(around) + cut)
    line = s.read(s.at(".htaccess")).count(b"\n") + 1
    also = ("htaccess-bad-argument", "htaccess-unclosed-section")
    return Truth("htaccess-wordpress-block", s.at(".htaccess"), tuple(range(line - cut.count("\n"), line + 1)), also)


@case(PHP, "wordpress")
def folder_of_wordpress_shut_by_a_repair(s: Scene) -> Truth:
    """ "Set the right modes" went over folders with the mode of files."""
    folder = s.at(f"wp-includes/{s.rng.choice(('rest-api', 'sitemaps', 'block-supports', 'blocks'))}")
    s.chmod(folder, s.rng.choice((0o644, 0o600, 0o444)))
    also = ("file-unreadable", "wordpress-core-file")
    return Truth("folder-not-traversable", folder, (), also, paths=(s.at("wp-settings.php"),))


# --- settings and tables after a move
@case(PHP, "wordpress")
def database_host_written_as_an_address(s: Scene) -> Truth:
    port = s.databases.port
    host = s.rng.choice((f"http://127.0.0.1:{port}", f"127.0.0.1;port={port}", f"127.0.0.1, {port}", f"mysql:host=127.0.0.1;port={port}", f"tcp(127.0.0.1:{port})", "https://127.0.0.1/phpmyadmin"))  # fmt: skip
    s.write(s.at("wp-config.php"), config(s, host=host))
    return Truth("database-server-down", s.at("wp-config.php"), _login(s, "DB_HOST"))


@case(PHP, "wordpress")
def settings_twice_the_old_ones_first(s: Scene) -> Truth:
    """The new ones were put below the old ones, which PHP keeps."""
    assert s.database is not None
    name, old, cause = s.rng.choice((("DB_PASSWORD", "Winter2021", "database-access-denied"), ("DB_USER", "old_shop", "database-access-denied"), ("DB_NAME", f"{s.database.name}_alt", "database-missing")))  # fmt: skip
    whole = config(s)
    s.write(s.at("wp-config.php"), whole.replace("<?php\n", f"<?php\ndefine( '{name}', '{old}' ); // before the move\n", 1))
    also = ("database-access-denied",) if cause == "database-missing" else ()
    again = s.read(s.at("wp-config.php")).decode().split("\n").index(next(line for line in whole.split("\n") if f"'{name}'" in line)) + 1
    return Truth(cause, s.at("wp-config.php"), (2, again), also)


@case(SHOWN, "wordpress")
def password_that_ends_with_a_backslash(s: Scene) -> Truth:
    """It takes the quote behind it along."""
    password = s.rng.choice(("Kx7!q\\", "pass\\", "a$9\\\\\\"))
    s.write(s.at("wp-config.php"), config(s, password=password))
    (line,) = _login(s, "DB_PASSWORD")
    return Truth("wordpress-config-syntax", s.at("wp-config.php"), (line, line + 1, line + 2), ("php-parse-error",))


@case(PHP, "wordpress")
def settings_as_they_are_delivered(s: Scene) -> Truth:
    """The upload took the sample along and gave it the other's name."""
    s.write(s.at("wp-config.php"), config(s, name="database_name_here", user="username_here", password="password_here"))
    return Truth("database-access-denied", s.at("wp-config.php"), _login(s), ("database-missing",))


@case(PHP, "wordpress")
def settings_that_grew_beyond_memory(s: Scene) -> Truth:
    """A plugin's statistics in the table of settings, all of them loaded for every page."""
    assert s.database is not None
    rows = ", ".join(f"('stats_cache_{n}', REPEAT('x', 1000000), 'yes')" for n in range(36))
    s.databases.run(f"INSERT INTO {s.database.prefix}options (option_name, option_value, autoload) VALUES {rows}", s.database.name)
    return Truth("php-memory-limit", also=("wordpress-plugin-memory",))


# --- well, for all that
@well(LOGGED, "wordpress")
def object_cache_that_does_without(s: Scene) -> Truth:
    """Its server is not there; it says so and lets WordPress's own cache do the work."""
    lines = ["if (!@fsockopen('127.0.0.1', 1, $number, $problem, 1)) {", "    error_log('Object cache: Fatal: connection to Redis failed: ' . $problem);", "}", "require_once ABSPATH . WPINC . '/cache.php';"]  # fmt: skip
    s.keep(s.at("wp-content/object-cache.php"), php("/* Plugin Name: Object Cache Drop-In */", filler(s.rng, 3), lines))
    return _WELL


@well(PHP, "wordpress")
def password_with_every_sign(s: Scene) -> Truth:
    """Written as PHP wants it."""
    assert s.database is not None
    for host in ("localhost", "127.0.0.1"):
        s.databases.run(f"ALTER USER '{s.database.user}'@'{host}' IDENTIFIED BY 'a''b$c\\\\d\"#;e'")
    s.write(s.at("wp-config.php"), config(s, password="a\\'b$c\\\\d\"#;e"))
    return _WELL


@well(PHP, "wordpress")
def plugin_for_a_later_php_that_waits(s: Scene) -> Truth:
    """It looks at the version first, and does nothing yet; the folder of the last update's copy is still there."""
    slug = s.rng.choice(describe(s).plugins)
    renewed(s, slug, ["    if (PHP_VERSION_ID < 80400) { error_log('PHP 8.4 is required, this is ' . PHP_VERSION . '. The plugin does not start.'); return; }", "    require __DIR__ . '/modern.php';"])  # fmt: skip
    s.write(plugin_file(s, slug, "includes/modern.php"), "<?php\nclass Modern { public string $name { get => 'a'; } }\n")
    s.write(s.at(f"wp-content/upgrade-temp-backup/plugins/{slug}/{slug}.php"), "<?php\nfunction broken( {\n")
    return _WELL
