# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: themes and child themes, what must be used, and what was left of another host or plugin."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.acceptance_plugins import ends_early, switched_on
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import ended, option, plugin_file, plugin_head, prefix_of, theme_file
from tests.lab.sites.edits import changed
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import config, describe


def _child(s: Scene) -> str:
    """The folder of a child of the theme, which is now the active one."""
    parent = describe(s).theme
    slug = f"{parent}-{s.rng.choice(('child', 'enfant', 'kind', 'custom'))}"
    folder = s.at(f"wp-content/themes/{slug}")
    s.keep(
        f"{folder}/style.css",
        f"/*\n Theme Name: {slug.title()}\n Template: {parent}\n Version: 1.0\n*/\nh1 {{ color: #{s.rng.randrange(16**6):06x} }}\n",
    )
    s.keep(f"{folder}/functions.php", php(
        "add_action( 'wp_enqueue_scripts', function () {", "    wp_enqueue_style( 'parent', get_template_directory_uri() . '/style.css' );", "} );"))  # fmt: skip
    option(s, "stylesheet", slug)
    return folder


@case((*SHOWN, "ovh"), "wordpress")
def snippet_pasted_from_a_web_page(s: Scene) -> Truth:
    """Into the functions of a child theme: quotes of a printer, entities of HTML, a second beginning, or no PHP at all."""
    path = f"{_child(s)}/functions.php"
    name, parse = f"{words.identifier(s.rng)}_{s.rng.randint(2, 99)}", ("php-parse-error",)
    wrong, lines, also = s.rng.choice((
        ("‘excerpt_length’", [f"function {name}() {{", f"    return {s.rng.randint(15, 60)};", "}", f"add_filter( ‘excerpt_length’, ‘{name}’ );"], ("php-uncaught-exception",)),
        ("“login_headerurl”", [f"add_filter( “login_headerurl”, “home_url” ); // {s.rng.choice(('logo', 'own logo'))}"], ("php-uncaught-exception",)),
        ("=&gt;", ["add_action( 'init', function () {", "    register_nav_menus( array( 'top' =&gt; 'Top menu' ) );", "} );"], parse),
        ("-&gt;", [f"function {name}( $query ) {{", "    if ( is_search() &amp;&amp; $query-&gt;is_main_query() ) { return; }", "}"], parse),
        ("<?php // end", ["<?php // end of the redirect", "add_filter( 'xmlrpc_enabled', '__return_false' );"], parse),
        ("<script async", ["<!-- statistics -->", "<script async src=\"https://stats.example/t.js\"></script>"], parse),
    ))  # fmt: skip
    if wrong == "<script async":
        wrong = "<!-- statistics"
    ended(s, path, *filler(s.rng, s.rng.randint(0, 15)), "", *lines, "", *filler(s.rng, s.rng.randint(0, 8)))
    return Truth("wordpress-theme", path, (s.line_of(path, wrong),), also)


@case((*SHOWN, "ovh"), "wordpress")
def theme_folder_under_another_name(s: Scene) -> Truth:
    """White pages and no line in a log: the theme in use, or the one above it, was renamed or thrown away."""
    parent = describe(s).theme
    folder = s.at(f"wp-content/themes/{parent}")
    paths: tuple[str, ...] = ()
    if s.rng.random() < 0.5:
        child = _child(s)
        paths = (f"{child}/style.css", child)
    new = s.at(f"wp-content/themes/{parent}{s.rng.choice(('-old', '.bak', '_disabled', ' (copy)', '-1'))}")
    s.path(folder).rename(s.path(new))
    return Truth("wordpress-theme", folder, (), (), statuses=(200,), paths=(*paths, new, s.at("wp-content/themes")), is_empty=True)


@case(SHOWN, "wordpress")
def half_a_page_since_a_plugin_was_switched_off(s: Scene) -> Truth:
    """The theme uses a function of a plugin that lies there and is no longer active: what was sent before stays a 200."""
    site, path = describe(s), theme_file(s, "index.php")
    slug = s.rng.choice(site.plugins)
    function = f"{prefix_of(slug)}_{s.rng.choice(('field', 'crumbs', 'stars', 'share_links', 'phone'))}"
    s.keep(
        plugin_file(s, slug),
        php(
            plugin_head(slug, f"2.{s.rng.randint(0, 9)}"),
            f"function {function}( $where = '' ) {{",
            "    return '<span>' . esc_html( $where ) . '</span>';",
            "}",
        ),
    )
    wrong, line = s.rng.choice((
        (f"echo {function}(", f"<div class=\"box\"><?php echo {function}( 'footer' ); ?></div>"),
        (f"{function}( get_the_ID()", f"<footer><?php print {function}( get_the_ID() ); ?></footer>"),
    ))  # fmt: skip
    changed(s, path, "wp_footer(); ?>", f"?>\n{line}\n<?php wp_footer(); ?>", fresh=False)
    switched_on(s, [other for other in site.plugins if other != slug])
    assert ends_early(s, "/")
    also = ("php-undefined-function", "php-fatal-hidden")
    return Truth("wordpress-theme", path, (s.line_of(path, wrong),), also, statuses=(200,), body=b"<article>")


@case((*PHP, "shown"), "wordpress")
def menu_for_phones(s: Scene) -> Truth:
    """Only those who come with a telephone see the error."""
    path = theme_file(s)
    agent = s.rng.choice((
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36",
    ))  # fmt: skip
    paths: tuple[str, ...] = ()
    if s.rng.random() < 0.5:
        lost = s.rng.choice(("mobile/menu.php", "inc/mobile-nav.php", "template-parts/phone-header.php"))
        wrong, also, paths = f"require get_template_directory() . '/{lost}';", ("php-missing-file",), (theme_file(s, lost),)
    else:
        wrong = s.rng.choice(("$detect = new Mobile_Detect();", "$device = new Device_Detector( $_SERVER['HTTP_USER_AGENT'] );"))
        also = ("php-class-not-found",)
    ended(s, path, f"function {prefix_of(describe(s).theme)}_phones() {{", "    if ( wp_is_mobile() ) {", f"        {wrong}", "    }", "}",
          f"add_action( 'template_redirect', '{prefix_of(describe(s).theme)}_phones' );")  # fmt: skip
    return Truth("wordpress-theme", path, (s.line_of(path, wrong),), also, headers={"User-Agent": agent}, paths=paths)


@case((*SHOWN, "ovh"), "wordpress")
def must_use_plugin_of_the_old_host(s: Scene) -> Truth:
    """It came along with the files and asks for what only the old host had."""
    host = s.rng.choice(("northhost", "webbox", "cloudpress", "managed-wp", "hosting-tools", "provider"))
    path, p = s.at(f"wp-content/mu-plugins/{host}.php"), host.replace("-", "_")
    paths: tuple[str, ...] = ()
    wrong, also = s.rng.choice((
        (f"require_once WPMU_PLUGIN_DIR . '/{host}/loader.php';", "php-missing-file"),
        (f"require_once '/opt/{host}/wp/agent.php';", "php-missing-file"),
        (f"${p}_zone = {p}_environment( 'zone' );", "php-undefined-function"),
        (f"{p.title()}\\Purge\\Varnish::listen( home_url() );", "php-class-not-found"),
    ))  # fmt: skip
    if "WPMU_PLUGIN_DIR" in wrong:
        paths = (s.at(f"wp-content/mu-plugins/{host}/loader.php"),)
    s.keep(path, php("/*", f"Plugin Name: {host.title()} platform", "Description: Keeps this site fast. Do not remove.", "*/", "",
                     filler(s.rng, s.rng.randint(0, 20)), wrong))  # fmt: skip
    if s.rng.random() < 0.5:
        s.keep(s.at("wp-content/mu-plugins/no-emoji.php"), php("remove_action( 'wp_head', 'print_emoji_detection_script', 7 );"))
    return Truth("wordpress-mu-plugin", path, (s.line_of(path, wrong),), (also,), paths=paths)


@case((*SHOWN, "ovh"), "wordpress")
def cache_left_behind(s: Scene) -> Truth:
    """A file right in wp-content, of a cache whose server, or whose plugin, is not here."""
    kind = s.rng.choice(("object", "object", "page", "db"))
    if kind == "object":
        client = s.rng.choice(("Memcached", "Memcache", "Redis", "Predis\\Client"))
        path, also, wrong = (
            s.at("wp-content/object-cache.php"),
            ("php-missing-extension", "php-class-not-found"),
            f"$this->client = new \\{client}(",
        )
        rest = [f"        {wrong});", "        $this->prefix = md5( ABSPATH );", "    }",
                "    public function get( $key ) { return $this->client->get( $this->prefix . $key ); }", "}"]  # fmt: skip
        source = php("/*", f"Plugin Name: {client.split(chr(92))[0]} object cache", f"Version: {s.rng.randint(1, 4)}.0", "*/", filler(s.rng, s.rng.randint(0, 20)),
                     "function wp_cache_init() { $GLOBALS['wp_object_cache'] = new Kept_Objects(); }", "class Kept_Objects {", "    private $client, $prefix;",
                     "    public function __construct() {", rest)  # fmt: skip
        s.keep(path, source)
        return Truth("wordpress-dropin", path, (s.line_of(path, wrong),), also)
    slug = f"{s.rng.choice(('rapid', 'hyper', 'total', 'quick', 'super'))}-{s.rng.choice(('cache', 'pages', 'boost'))}"
    if kind == "page":
        path, where = (
            s.at("wp-content/advanced-cache.php"),
            s.rng.choice(
                (
                    f"WP_CONTENT_DIR . '/plugins/{slug}/inc/serve.php'",
                    f"'/home/www/{s.rng.randint(100, 999)}/html/wp-content/plugins/{slug}/serve.php'",
                )
            ),
        )
        s.keep(s.at("wp-config.php"), config(s, more=["define( 'WP_CACHE', true ); // " + slug]))
    else:
        path, where = s.at("wp-content/db.php"), f"WP_CONTENT_DIR . '/plugins/{slug}/db/class-queries.php'"
    wrong = f"require_once {where};"
    s.keep(path, php(f"// Added by {slug.replace('-', ' ')}", "defined( 'ABSPATH' ) || exit;", filler(s.rng, s.rng.randint(0, 10)), wrong))
    return Truth("wordpress-dropin", path, (s.line_of(path, wrong),), ("php-missing-file",))
