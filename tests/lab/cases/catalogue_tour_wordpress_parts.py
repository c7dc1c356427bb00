# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Once through the catalogue: plugins, themes, drop-ins and own files of WordPress."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.cases.wordpress_parts import activate
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import plugin_head, prefix_of, some_plugin
from tests.lab.sites.edits import changed
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import describe

_EVERYWHERE = (*PHP, "ovh")


def _free_and_paid_at_once(s: Scene) -> Truth:
    """Both editions of a plugin are active, and both define the same function."""
    slug = f"{words.slug(s.rng)}-{s.rng.choice(('forms', 'shop', 'slider', 'booking'))}"
    paid = f"{slug}-{s.rng.choice(('pro', 'premium', 'plus'))}"
    shared = f"{prefix_of(slug)}_{s.rng.choice(('get_settings', 'format_price', 'load_textdomain', 'sanitize'))}"
    files, lines = [], []
    for name, version in ((slug, "2.4.1"), (paid, "2.5.0")):
        main = s.at(f"wp-content/plugins/{name}/{name}.php")
        s.write(main, php(plugin_head(name, version), filler(s.rng, s.rng.randint(0, 25)), f"function {shared}( $key = '' ) {{",
                          f"\treturn get_option( '{prefix_of(slug)}_' . $key, [] );", "}"))  # fmt: skip
        files.append(main)
        lines.append(s.line_of(main, f"function {shared}"))
    activate(s, *(f"{name}/{name}.php" for name in sorted([*describe(s).plugins, slug, paid])))
    return Truth("wordpress-plugin", files[0], tuple(lines), paths=(files[1],))


@case(PHP, "wordpress")
def plugin_in_pieces(s: Scene) -> Truth:
    """An update that stopped half way, a folder whose name is in small letters since it was packed on a Mac, two editions at once."""
    kind = s.rng.randrange(3)
    if kind == 0:
        return _free_and_paid_at_once(s)
    folder, main = some_plugin(s)
    slug = main.rpartition("/")[2].removesuffix(".php")
    if kind == 1:
        part = s.rng.choice(("includes/class-loader.php", "src/Container.php", "vendor/autoload.php", "inc/Core/Installer.php"))
        s.write(main, php(plugin_head(slug, "5.0.1", "Requires at least: 6.0"), f"define( '{prefix_of(slug).upper()}_FILE', __FILE__ );", filler(s.rng, 6),
                          f"require_once plugin_dir_path( __FILE__ ) . '{part}';", "require_once __DIR__ . '/includes/start.php';",
                          f"add_action( 'init', '{prefix_of(slug)}_start' );"))  # fmt: skip
        return Truth("wordpress-plugin", main, (s.line_of(main, part),), ("php-missing-file",), paths=(f"{folder}/{part}",))
    upper, lower = s.rng.choice(
        (("Rest/Controller.php", "rest/Controller.php"), ("Api/Routes.php", "api/Routes.php"), ("API/Orders.php", "api/orders.php"))
    )
    s.write(f"{folder}/includes/{lower}", php("defined( 'ABSPATH' ) || exit;", filler(s.rng, 8)))
    source = s.read(main).decode()
    s.write(main, source + "\nadd_action( 'rest_api_init', function () {\n" + f"\trequire_once __DIR__ . '/includes/{upper}';\n" + "} );\n")
    return Truth("wordpress-plugin", main, (s.line_of(main, upper),), ("php-missing-file",), "/?rest_route=/",
                 paths=(f"{folder}/includes/{lower}", f"{folder}/includes/{upper}"))  # fmt: skip


@case(SHOWN, "wordpress")
def plugin_for_another_php(s: Scene) -> Truth:
    """PHP was changed, or the plugin was: it is too old or too new."""
    folder, main = some_plugin(s)
    slug = main.rpartition("/")[2].removesuffix(".php")
    name = prefix_of(slug)
    also: tuple[str, ...] = ("wordpress-plugin", "php-version-incompatible-code")
    kind = s.rng.randrange(4)
    if kind == 0:  # a class constant with a type needs 8.3
        mark = "const string EDITION"
        inner = php(filler(s.rng, s.rng.randint(3, 20)), f"final class {name}_plugin", "{", f"    public {mark} = 'standard';", "}", f"function {name}_start() {{",
                    f"    return {name}_plugin::EDITION;", "}")  # fmt: skip
        also += ("php-parse-error",)
        s.write(
            main,
            php(
                plugin_head(slug, "8.0.0", "Requires PHP: 8.3"),
                "require_once __DIR__ . '/includes/start.php';",
                f"add_action( 'init', '{name}_start' );",
            ),
        )
    elif kind == 1:
        mark = s.rng.choice(("get_magic_quotes_gpc()", "each( $parts )", "create_function( '$a,$b', 'return strcmp($a, $b);' )"))
        inner = php(
            filler(s.rng, s.rng.randint(3, 20)),
            f"function {name}_start() {{",
            "    $parts = array( 'a' => 1, 'b' => 2 );",
            f"    $first = {mark};",
            "    return $first;",
            "}",
        )
        also += ("php-removed-function",)
    elif kind == 2:
        mark = "$settings['count'] + 1"
        inner = php(
            filler(s.rng, s.rng.randint(3, 20)),
            f"function {name}_start() {{",
            f"    $settings = get_option( '{name}', array( 'count' => '' ) );",
            f"    $next = {mark};",
            "    return $next;",
            "}",
        )
        also += ("php-uncaught-exception",)
    else:
        mark = "$word{0}"
        inner = php(
            filler(s.rng, s.rng.randint(3, 20)),
            f"function {name}_start() {{",
            "    $word = get_locale();",
            f"    return strtoupper( {mark} );",
            "}",
        )
        also += ("php-parse-error",)
    path = f"{folder}/includes/start.php"
    write = s.write if kind == 0 else s.keep
    write(path, inner)
    return Truth("wordpress-plugin-php-incompatible", path, (s.line_of(path, mark),), also)


@case(PHP, "wordpress")
def plugin_takes_all_memory(s: Scene) -> Truth:
    """An export that loads everything at once; other pages answer."""
    folder, main = some_plugin(s)
    name = prefix_of(main.rpartition("/")[2].removesuffix(".php"))
    key, path = s.rng.choice(("export", "feed_for", "sitemap_of")), f"{folder}/includes/export.php"
    s.write(path, php("defined( 'ABSPATH' ) || exit;", filler(s.rng, s.rng.randint(5, 30)), f"function {name}_collect() {{", "    $rows = array();", "    for ( $number = 1; $number <= 400000; $number++ ) {",
                      f"        $rows[] = str_pad( '{s.rng.choice(words.NOUNS)} ' . $number, 4000, ' ' );", "    }", "    return implode( \"\\n\", $rows );", "}",
                      "add_action( 'template_redirect', function () {", f"    if ( isset( $_GET['{key}'] ) ) {{", f"        echo {name}_collect();", "        exit;", "    }", "} );"))  # fmt: skip
    s.write(main, s.read(main).decode() + "require_once __DIR__ . '/includes/export.php';\n")
    return Truth(
        "wordpress-plugin-memory", path, (s.line_of(path, "str_pad("),), ("php-memory-limit", "wordpress-plugin"), f"/?{key}=products"
    )


@case((*SHOWN, "ovh"), "wordpress")
def snippet_in_the_theme(s: Scene) -> Truth:
    """Lines from a tutorial were put at the end of functions.php."""
    path = s.at(f"wp-content/themes/{describe(s).theme}/functions.php")
    snippet, mark = s.rng.choice((
        (["", "// Hide the version", "<?php", "remove_action('wp_head', 'wp_generator');", "?>"], "<?php\nremove"),
        (["", "add_filter('excerpt_length', function () {", "    return 24;", "});", "}); // until here"], "}); // until here"),
        (["", "add_action('wp_head', function () {", "    echo '<meta name=\"author\" content='Claire'>';", "});"], "content='Claire'"),
        (["", "add_filter( 'the_title', 'shorten_title' );", "function shorten_title( $title ) }", "    return mb_substr( $title, 0, 60 );", "}"], "( $title ) }"),
    ))  # fmt: skip
    s.write(path, s.read(path).decode() + "\n".join(snippet) + "\n")
    line = s.read(path)[: s.read(path).rindex(mark.encode())].count(b"\n") + 1
    return Truth("wordpress-theme", path, (line,), ("php-parse-error",))


@case(PHP, "wordpress")
def theme_misses_its_plugin(s: Scene) -> Truth:
    """The plugin for further fields was switched off, and the template of single articles calls it: a 200 that ends in the middle."""
    path = s.at(f"wp-content/themes/{describe(s).theme}/singular.php")
    call = s.rng.choice(("the_field( 'subtitle' );", "pll_e( 'Read more' );", "echo do_rating_stars( get_the_ID() );", "bcn_display();"))
    s.keep(path, "<!doctype html>\n<html <?php language_attributes(); ?>>\n<head><meta charset=\"utf-8\"><?php wp_head(); ?></head>\n<body <?php body_class(); ?>>\n"
                 + "<!-- the head of the page -->\n" * s.rng.randint(1, 9) + "<?php while ( have_posts() ) : the_post(); ?>\n<h1><?php the_title(); ?></h1>\n"
                 f"<p class=\"sub\"><?php {call} ?></p>\n<?php the_content(); ?>\n<?php endwhile; ?>\n<?php wp_footer(); ?>\n</body></html>\n")  # fmt: skip
    return Truth(
        "wordpress-theme",
        path,
        (s.line_of(path, call),),
        ("php-undefined-function", "php-fatal-hidden"),
        "/?p=4",
        (200,),
        b'<p class="sub">',
    )


@case(_EVERYWHERE, "wordpress")
def theme_folder_renamed(s: Scene) -> Truth:
    """Somebody renamed the folder of the active theme: every page is white."""
    theme = s.at(f"wp-content/themes/{describe(s).theme}")
    s.path(theme).rename(s.path(theme + s.rng.choice(("-old", ".bak", "-1", "_original", "-main"))))
    return Truth("wordpress-theme", statuses=(200,), is_empty=True)


@case(PHP, "wordpress")
def left_by_the_managed_host(s: Scene) -> Truth:
    """A must-use plugin of the host before: its own folder, or its service, is not here."""
    name = s.rng.choice(("host-tools", "platform", "managed-cache", "wp-stack-cache", "sso-login"))
    path = s.at(f"wp-content/mu-plugins/{name}.php")
    if s.rng.random() < 0.5:
        mark = s.rng.choice(
            (f"WPMU_PLUGIN_DIR . '/{name}/bootstrap.php'", f"__DIR__ . '/{name}-includes/plugin.php'", f"'/opt/{name}/current/loader.php'")
        )
        line, also = f"require_once {mark};", "php-missing-file"
    else:
        mark = f"\\{name.title().replace('-', '')}\\Client::instance()"
        line, also = f"$service = {mark};", "php-class-not-found"
    s.keep(path, php(plugin_head(name, "3.2"), filler(s.rng, s.rng.randint(0, 12)), line))
    return Truth("wordpress-mu-plugin", path, (s.line_of(path, mark),), (also,))


@case(PHP, "wordpress")
def dropin_of_another_place(s: Scene) -> Truth:
    """The object cache wants Redis that PHP lacks, or the page cache wants its plugin at the old address."""
    if s.rng.random() < 0.5:
        path = s.at("wp-content/object-cache.php")
        mark = s.rng.choice(("new Redis()", "new Memcached()"))
        s.keep(path, php(plugin_head("object-cache", "2.0"), filler(s.rng, s.rng.randint(0, 20)), "function wp_cache_init() {", "\t$GLOBALS['wp_object_cache'] = new WP_Object_Cache();", "}", "class WP_Object_Cache {",
                         "\tpublic $store;", "\tpublic function __construct() {", f"\t\t$this->store = {mark};", "\t}", "\tpublic function get( $key, $group = 'default' ) { return false; }",
                         "\tpublic function set( $key, $data, $group = 'default' ) { return true; }", "}",
                         *(f"function wp_cache_{verb}( ...$given ) {{ return false; }}" for verb in ("add", "set", "get", "delete", "flush", "replace", "incr", "decr", "close", "get_multiple",
                           "add_global_groups", "add_non_persistent_groups", "switch_to_blog"))))  # fmt: skip
        return Truth("wordpress-dropin", path, (s.line_of(path, mark),), ("php-missing-extension", "php-class-not-found"))
    path, slug = s.at("wp-content/advanced-cache.php"), words.slug(s.rng) + "-cache"
    old = s.rng.choice(
        (
            "/home/clients/4711/sites/shop",
            "/var/www/vhosts/example.com/httpdocs",
            "/homepages/12/d345/htdocs/wp",
            "/kunden/123_45/webseiten",
        )
    )
    target = f"{old}/wp-content/plugins/{slug}/inc/front.php"
    s.keep(
        path,
        php(
            "defined( 'ABSPATH' ) || exit;",
            f"define( '{prefix_of(slug).upper()}_DROPIN', true );",
            filler(s.rng, s.rng.randint(0, 9)),
            f"require '{target}';",
        ),
    )
    changed(s, s.at("wp-config.php"), "<?php\n", "<?php\ndefine( 'WP_CACHE', true );\n")
    return Truth("wordpress-dropin", path, (s.line_of(path, target),), ("php-missing-file",), paths=(s.at("wp-config.php"),))


@case(_EVERYWHERE, "wordpress")
def core_file_without_content(s: Scene) -> Truth:
    """The disk was full during an update, and one file of WordPress was left with no byte."""
    name = s.rng.choice(
        ("kses.php", "formatting.php", "pluggable.php", "post.php", "class-wp-query.php", "link-template.php", "general-template.php")
    )
    path = s.at(f"wp-includes/{name}")
    s.write(path, b"")
    return Truth("wordpress-core-file", path, (), ("php-truncated-file",))
