# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""WordPress's plugins and themes, as support desks meet them after updates, moves and edits."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import LOGGED, PHP, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import class_of, ended, option, plugin_file, plugin_head, prefix_of, renewed, theme_file
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import describe


@case(("plain", "fcgid", "engine", "shown"), "wordpress")
def extension_of_the_old_host(s: Scene) -> Truth:
    """After the move to a new host every page fails: a plugin asks for a PHP extension that is not switched on there."""
    lines, mark, also = s.rng.choice((
        (["    try {", "        $client = new SoapClient(null, ['location' => 'https://vat.example.org/check', 'uri' => 'urn:vat', 'trace' => 0]);",
          "    } catch (SoapFault $fault) {", "        return false;", "    }"], "new SoapClient", "php-class-not-found"),
        (["    $money = new NumberFormatter('de_DE', NumberFormatter::CURRENCY);", "    $GLOBALS['shop_money'] = $money->formatCurrency(19.9, 'EUR');"],
         "new NumberFormatter", "php-class-not-found"),
        (["    $side = 160;", "    $image = imagecreatetruecolor($side, $side);", "    imagedestroy($image);"], "imagecreatetruecolor", "php-undefined-function"),
        (["    $net = '84.03';", "    $gross = bcmul($net, '1.19', 2);"], "bcmul(", "php-undefined-function"),
        (["    $name = get_bloginfo('name');", "    $GLOBALS['page_name'] = mb_convert_case($name, 2, 'UTF-8');"], "mb_convert_case", "php-undefined-function"),
    ))  # fmt: skip
    path = renewed(s, s.rng.choice(describe(s).plugins), lines, is_old=s.rng.random() < 0.6)
    return Truth("php-missing-extension", path, (s.line_of(path, mark),), (also, "wordpress-plugin"))


@case(("shared", "own-log", "engine", "shown"), "wordpress")
def parent_theme_took_the_name(s: Scene) -> Truth:
    """The parent theme's update brings a function that the child theme has had for years under the same name."""
    parent = describe(s).theme
    child = f"{parent}-child"
    name = f"{prefix_of(parent)}_{s.rng.choice(('excerpt_more', 'posted_on', 'entry_footer', 'social_links', 'site_logo'))}"
    s.keep(s.at(f"wp-content/themes/{child}/style.css"), f"/*\nTheme Name: {parent.title()} Child\nTemplate: {parent}\nVersion: 1.0\n*/\n")
    mine = s.at(f"wp-content/themes/{child}/functions.php")
    s.keep(mine, php("// Eigene Anpassungen, bleiben beim Update erhalten", "", f"function {name}($text = '') {{", f"    return '<span class=\"{child}\">' . $text . '</span>';", "}"))  # fmt: skip
    option(s, "stylesheet", child)
    path = theme_file(s)
    s.write(path, php(filler(s.rng, s.rng.randint(12, 40)), "/** Since 2.4 a part of the theme. */", f"function {name}( $text = '' ) {{", "\treturn '<div class=\"entry\">' . esc_html( $text ) . '</div>';", "}", "",
                      filler(s.rng, 6)))  # fmt: skip
    s.write(theme_file(s, "style.css"), f"/*\nTheme Name: {parent.title()}\nVersion: 2.4\n*/\nbody {{ margin: 1em }}\n")
    here = s.line_of(path, f"function {name}(")
    return Truth(
        "wordpress-theme", path, (here, s.line_of(mine, f"function {name}(")), ("php-parse-error", "php-uncaught-exception"), paths=(mine,)
    )


@case(("plain", "shared", "fcgid", "own-log"), "wordpress")
def snippet_with_curly_quotes(s: Scene) -> Truth:
    """A snippet was copied from a blog into the theme's functions.php; the blog had made typographic quotation marks of the plain ones."""
    lines, mark = s.rng.choice((
        (("// Kürzere Auszüge auf der Startseite", "add_filter( ‘excerpt_length’, function ( $length ) {", "\treturn 25;", "} );"), "‘excerpt_length’"),
        (("// On enlève la version de WordPress", "remove_action( ‘wp_head’, ‘wp_generator’ );"), "‘wp_generator’"),
        (("// Disable XML-RPC", "add_filter( “xmlrpc_enabled”, “__return_false” );"), "“xmlrpc_enabled”"),
        (("// Emojis abschalten", "remove_action( ‚wp_head‘, ‚print_emoji_detection_script‘, 7 );"), "‚wp_head‘"),
    ))  # fmt: skip
    path = ended(s, theme_file(s), "", *lines)
    return Truth("wordpress-theme", path, (s.line_of(path, mark),), ("php-uncaught-exception",))


@case((*LOGGED, "engine"), "wordpress")
def theme_without_its_plugin(s: Scene) -> Truth:
    """The owner deleted a plugin that he thought was unused; the theme's template reads its fields."""
    slug = s.rng.choice(describe(s).plugins)
    name = f"{prefix_of(slug)}_{s.rng.choice(('get_field', 'option', 'value', 'meta'))}"
    title = s.rng.choice(("intro", "hero_text", "oeffnungszeiten", "accroche"))
    template = theme_file(s, "index.php")
    part = theme_file(s, s.rng.choice(("template-parts/hero.php", "inc/top.php", "parts/banner.php")))
    call = f"$top = {name}( '{title}' );"
    if s.rng.random() < 0.5:
        s.keep(part, php("/* Above every page */", *filler(s.rng, s.rng.randint(0, 6)), call))
        s.keep(template, f"<?php require __DIR__ . '/{part.partition(f'{describe(s).theme}/')[2]}'; ?>\n{s.read(template).decode()}")
    else:
        part = template
        s.keep(template, f"<?php\n/**\n * The main template file\n */\n{call}\n?>\n{s.read(template).decode()}")
    ended(s, plugin_file(s, slug), f"function {name}( $key ) {{", "\treturn get_option( $key, '' );", "}", is_old=True)
    folder = s.at(f"wp-content/plugins/{slug}")
    if s.rng.random() < 0.5:
        s.remove(folder)
    else:
        s.path(folder).rename(s.path(f"{folder}.deactivated"))
    also = ("php-undefined-function", "wordpress-plugin", "php-uncaught-exception")
    return Truth("wordpress-theme", part, (s.line_of(part, call),), also, paths=(folder, f"{folder}.deactivated"))


@case(PHP, "wordpress")
def two_plugins_one_library(s: Scene) -> Truth:
    """A plugin was updated and calls what its new library can do, but another plugin has loaded an older copy of that library first."""
    first, second = describe(s).plugins[:2]
    library = s.rng.choice(("Parcel_Rates_Client", "Mini_Template_Engine", "Open_Feed_Reader", "License_Manager_SDK"))
    method = s.rng.choice(("with_retries", "set_locale", "enable_cache", "register_rest_routes"))
    name = f"vendor/class-{library.lower().replace('_', '-')}.php"
    for slug, more, save in (
        (first, [], s.keep),
        (second, [f"\t\tpublic function {method}( $value = 1 ) {{", "\t\t\treturn $this;", "\t\t}"], s.write),
    ):
        save(plugin_file(s, slug, name), php(f"if ( ! class_exists( '{library}' ) ) {{", f"\tclass {library} {{", f"\t\tconst VERSION = '{'2.0.1' if more else '1.3.4'}';", "", "\t\tpublic function start() {", "\t\t\treturn $this;", "\t\t}", *more, "\t}", "}"))  # fmt: skip
        main = plugin_file(s, slug)
        save(
            main,
            s.read(main).decode()
            + f"require_once __DIR__ . '/{name}';\n$GLOBALS['{prefix_of(slug)}_client'] = ( new {library}() )"
            + (f"\n\t->{method}( 3 )" if more else "")
            + "->start();\n",
        )
    path = plugin_file(s, second)
    last = s.line_of(path, f"->{method}(")
    others = (plugin_file(s, first, name), plugin_file(s, second, name), s.at(f"wp-content/plugins/{first}"))
    return Truth("wordpress-plugin", path, (last - 1, last), ("php-undefined-function", "php-uncaught-exception"), paths=others)


@case(("plain", "own-log", "shown"), "wordpress")
def statistics_grew_too_big(s: Scene) -> Truth:
    """A visitor counter reads all of its log at every request; over the years that became more than PHP may hold."""
    slug = s.rng.choice(describe(s).plugins)
    log = s.at(f"wp-content/uploads/{slug}/visits-{s.rng.randint(2015, 2021)}.csv")
    row = f"2021-0{s.rng.randint(1, 9)}-11;/{s.rng.choice(words.PAGES)}/;Mozilla/5.0;{s.rng.randint(1000, 9999)};200\n"
    s.keep(log, row * 300_000)
    reads = s.rng.choice((
        "    $rows = array_map(function ($row) { return explode(';', $row); }, file($file));",
        "    $rows = array_map(fn ($row) => str_getcsv($row, ';'), file($file, FILE_IGNORE_NEW_LINES));",
    ))  # fmt: skip
    path = renewed(
        s,
        slug,
        [f"    $file = WP_CONTENT_DIR . '/uploads/{slug}/{log.rpartition('/')[2]}';", reads, "    $GLOBALS['visits'] = count($rows);"],
        is_old=True,
    )
    return Truth("wordpress-plugin-memory", path, (s.line_of(path, reads.strip()),), ("php-memory-limit", "wordpress-plugin"), paths=(log,))


@case(("shared", "fcgid", "engine", "shown"), "wordpress")
def plugin_from_before_php_eight(s: Scene) -> Truth:
    """The host put the site on PHP 8 last night; a plugin that nobody has updated since 2018 is not fit for it."""
    slug = s.rng.choice(describe(s).plugins)
    lines, mark = s.rng.choice((
        ([f"    $price = get_option('{prefix_of(slug)}_price');", "    $gross = $price * 1.19;"], "* 1.19"),
        (["    $classes = array('widget', 'widget-left');", "    $html = '<div class=\"' . implode($classes, ' ') . '\">';"], "implode("),
        ([f"    $tabs = get_option('{prefix_of(slug)}_tabs_none');", "    for ($i = 0; $i < count($tabs); $i++) {", "        $tabs[$i] = trim($tabs[$i]);", "    }"], "count("),
        (["    $items = array('a' => 1, 'b' => 2);", "    while (list($key, $item) = each($items)) {", "        $all[] = $key . $item;", "    }"], "each("),
        (["    add_action('widgets_init', create_function('', 'return null;'));", "    do_action('widgets_init');"], "create_function("),
        (["    if (get_magic_quotes_gpc()) {", "        $_POST = stripslashes_deep($_POST);", "    }"], "get_magic_quotes_gpc("),
    ))  # fmt: skip
    option(s, f"{prefix_of(slug)}_price", "")
    path = renewed(s, slug, lines, header=" * Tested up to: 4.9.8\n * Requires PHP: 5.3", is_old=True)
    also = ("php-removed-function", "php-version-incompatible-code", "wordpress-plugin")
    return Truth("wordpress-plugin-php-incompatible", path, (s.line_of(path, mark),), also)


@case(("plain", "own-log", "fcgid", "ovh"), "wordpress")
def tools_of_the_old_host(s: Scene) -> Truth:
    """Moved from a managed host: its must-use plugin came along, the folder with the code behind it did not."""
    slug = s.rng.choice(("hosting-platform", "mwp-system", "managed-cache", "site-care-loader", "easyhost-tools"))
    path = s.at(f"wp-content/mu-plugins/{slug}.php")
    line = s.rng.choice((
        f"require_once WPMU_PLUGIN_DIR . '/{slug}/bootstrap.php';", f"require __DIR__ . '/{slug}/{slug}.php';",
        f"require_once( dirname( __FILE__ ) . '/{slug}/vendor/autoload.php' );",
    ))  # fmt: skip
    s.keep(
        path,
        php(
            *plugin_head(slug, f"{s.rng.randint(2, 5)}.{s.rng.randint(0, 30)}", "Description: Caching and care by your host."),
            f"define( '{class_of(slug).upper()}_LOADED', true );",
            "",
            line,
        ),
    )
    gone = s.at(f"wp-content/mu-plugins/{slug}")
    missing = next(f"{gone}/{name}" for name in ("bootstrap.php", "vendor/autoload.php", f"{slug}.php") if f"/{name}'" in line)
    return Truth("wordpress-mu-plugin", path, (s.line_of(path, line),), ("php-missing-file",), paths=(gone, missing))
