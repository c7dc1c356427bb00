# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: plugins of a WordPress that break all pages, one page, the login, or now and then."""

from __future__ import annotations

import json

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import class_of, option, plugin_file, plugin_head, prefix_of, renewed
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import describe


def ends_early(s: Scene, page: str) -> bool:
    """What was sent before the error is there, the end of the page is not."""
    return b"</html>" not in s.place.get(page)[1]


def switched_on(s: Scene, slugs: list[str]) -> None:
    """These plugins are active, and no others; in the order that WordPress keeps."""
    names = sorted(f"{slug}/{slug}.php" for slug in slugs)
    option(s, "active_plugins", f"a:{len(names)}:{{" + "".join(f'i:{n};s:{len(name)}:"{name}";' for n, name in enumerate(names)) + "}")


def _version(s: Scene) -> str:
    return f"{s.rng.randint(2, 9)}.{s.rng.randint(0, 14)}.{s.rng.randint(0, 6)}"


@case((*SHOWN, "ovh"), "wordpress")
def plugin_update_broke_off(s: Scene) -> Truth:
    """The new main file is there, a part of the new folder is not."""
    slug, new = s.rng.choice(describe(s).plugins), _version(s)
    main, name = plugin_file(s, slug), class_of(slug)
    s.write(plugin_file(s, slug, "readme.txt"), f"=== {slug.replace('-', ' ').title()} ===\nStable tag: {new}\n")
    head = [*plugin_head(slug, new, f"Author: {s.rng.choice(words.TITLES)}"), f"define( '{name.upper()}_FILE', __FILE__ );"]
    if s.rng.random() < 0.5:
        lost = s.rng.choice(("src/class-plugin.php", "inc/core/bootstrap.php", "vendor/autoload.php", "lib/freemius/start.php"))
        wrong = f"require_once plugin_dir_path( __FILE__ ) . '{lost}';"
        s.write(
            main,
            php(head, filler(s.rng, s.rng.randint(0, 20)), wrong, f"add_action( 'plugins_loaded', array( '{name}_Plugin', 'instance' ) );"),
        )
        s.write(plugin_file(s, slug, "assets/admin.css"), "#wpbody { margin: 0 }\n")
        return Truth("wordpress-plugin", main, (s.line_of(main, wrong),), ("php-missing-file",), paths=(plugin_file(s, slug, lost),))
    part = s.rng.choice(("Assets", "Settings", "Router", "Migrations", "Blocks"))
    wrong = f"{name}_{part}::boot( __FILE__ );"
    s.write(main, php(
        head, "spl_autoload_register( function ( $class ) {", f"    if ( strpos( $class, '{name}_' ) === 0 ) {{",
        f"        $file = __DIR__ . '/classes/' . substr( $class, {len(name) + 1} ) . '.php';",
        "        if ( is_readable( $file ) ) { require_once $file; }", "    }", "} );",
        filler(s.rng, s.rng.randint(0, 12)), f"{name}_Loader::boot( __FILE__ );", wrong))  # fmt: skip
    s.write(
        plugin_file(s, slug, "classes/Loader.php"),
        php(f"class {name}_Loader {{", "    public static function boot( $file ) { return is_file( $file ); }", "}"),
    )
    return Truth("wordpress-plugin", main, (s.line_of(main, wrong),), ("php-class-not-found", "php-missing-file"),
                 paths=(plugin_file(s, slug, f"classes/{part}.php"),))  # fmt: skip


@case(SHOWN, "wordpress")
def free_and_paid_edition_both_on(s: Scene) -> Truth:
    """Both declare the same name; the paid one was switched on without switching the free one off."""
    plugins = describe(s).plugins
    free = s.rng.choice([slug for slug in plugins if not slug.endswith(("-pro", "-plus"))] or plugins)
    paid = f"{free}-{s.rng.choice(('premium', 'business', 'extended', 'paid'))}"
    if s.rng.random() < 0.6:
        wrong, rest = f"function {prefix_of(free)}_settings()", " {"
        body = ["    return get_option( 'blogname' );", "}"]
    else:
        wrong, rest = f"class {class_of(free)}_Admin", " {"
        body = ["    public $screen = 'settings';", "", "    public function hook() {", "        return $this->screen;", "    }", "}"]
    for slug, age in ((free, 300.0), (paid, None)):
        source = php(plugin_head(slug, _version(s)), filler(s.rng, s.rng.randint(0, 25)), wrong + rest, body)
        s.write(plugin_file(s, slug), source, days=age)
    switched_on(s, [*plugins, paid])  # "x-premium/…" comes before "x/…"
    path = plugin_file(s, free)
    return Truth("wordpress-plugin", path, (s.line_of(path, wrong),), paths=(plugin_file(s, paid),))


@case((*SHOWN, "ovh"), "wordpress")
def plugin_older_than_this_php(s: Scene) -> Truth:
    """Nobody changed a file: the host took away the PHP for which it was written."""
    slug = s.rng.choice(describe(s).plugins)
    p, removed = prefix_of(slug), "php-removed-function"
    wrong, lines, also = s.rng.choice((
        ("create_function(", ["    add_filter( 'widget_title', create_function( '$title', 'return trim( $title );' ) );"], removed),
        ("each( $", ["    $settings = array( 'columns' => 3, 'order' => 'date' );", "    while ( list( $key, $value ) = each( $settings ) ) {",
                     f"        define( '{p}_' . $key, $value );", "    }"], removed),
        ("get_magic_quotes_gpc()", ["    $text = isset( $_GET['q'] ) ? $_GET['q'] : '';", "    if ( get_magic_quotes_gpc() ) {", "        $text = stripslashes( $text );", "    }"], removed),
        ("= split(", ["    $formats = 'jpg,png,gif';", "    $allowed = split( ',', $formats );"], removed),
        ("= implode( $", ["    $classes = array( 'box', 'wide' );", "    $attribute = implode( $classes, ' ' );"], "php-version-incompatible-code"),
        ("count( $items )", [f"    $items = get_option( '{p}_items', null );", "    if ( count( $items ) > 0 ) {", "        shuffle( $items );", "    }"], "php-version-incompatible-code"),
        ("$width * 2", ["    $width = 'auto';", "    $half = $width * 2;"], "php-version-incompatible-code"),
        ("array_key_exists( 'utm'", ["    $query = (object) $_GET;", "    if ( array_key_exists( 'utm', $query ) ) {", "        setcookie( 'utm', '1' );", "    }"], "php-version-incompatible-code"),
    ))  # fmt: skip
    path = renewed(s, slug, lines, header=f" * Requires at least: 3.{s.rng.randint(1, 9)}", is_old=True)
    s.keep(
        plugin_file(s, slug, "readme.txt"), f"=== {slug} ===\nTested up to: 4.{s.rng.randint(0, 6)}\nStable tag: 1.{s.rng.randint(0, 9)}\n"
    )
    return Truth("wordpress-plugin-php-incompatible", path, (s.line_of(path, wrong),), (also, "wordpress-plugin"))


@case(SHOWN, "wordpress")
def plugin_that_reads_all_its_log(s: Scene) -> Truth:
    """It notes every visit, for years, and takes all of that into memory at each."""
    slug = s.rng.choice(describe(s).plugins)
    name = s.rng.choice(("visits", "redirects", "not-found", "hits", "sent-mails"))
    if s.rng.random() < 0.5:
        row = {"time": 1_600_000_000 + s.rng.randrange(10**7), "uri": f"/{s.rng.choice(words.PAGES)}/", "code": s.rng.choice((200, 404))}
        file, wrong = f"{name}.json", "json_decode( $stored, true )"
        s.keep(s.at(f"wp-content/uploads/{slug}/{file}"), "[" + ",\n".join([json.dumps(row)] * 220_000) + "]\n")
        lines = ["    $stored = file_get_contents( $file );", f"    $rows = {wrong};"]
    else:
        file, wrong = f"{name}.log", "= file( $file )"
        s.keep(s.at(f"wp-content/uploads/{slug}/{file}"), f"{s.rng.randrange(10**6)}\t/{s.rng.choice(words.PAGES)}/\t404\n" * 1_200_000)
        lines = [f"    $rows {wrong};"]
    path = renewed(
        s,
        slug,
        [f"    $file = WP_CONTENT_DIR . '/uploads/{slug}/{file}';", *lines, "    $GLOBALS['seen_so_far'] = count( $rows );"],
        is_old=True,
    )
    return Truth("wordpress-plugin-memory", path, (s.line_of(path, wrong),), ("php-memory-limit", "wordpress-plugin"))


@case((*PHP, "shown"), "wordpress")
def plugin_that_breaks_the_login(s: Scene) -> Truth:
    """All pages answer but the one where the owner signs in."""
    slug = s.rng.choice(describe(s).plugins)
    p = prefix_of(slug)
    wrong, lines = s.rng.choice((
        ("array_filter( $lockouts", [f"        $lockouts = get_option( '{p}_lockouts', '' );", "        $open = array_filter( $lockouts, 'is_numeric' );"]),
        ("->render_challenge(", [f"        $captcha = new ArrayObject( array( 'kind' => '{s.rng.choice(('sum', 'image', 'word'))}' ) );", "        $captcha->render_challenge( 'login' );"]),
        (f"{p}_country_of(", [f"        $country = {p}_country_of( $_SERVER['REMOTE_ADDR'] );", "        setcookie( 'seen_from', $country );"]),
        ("new DateInterval(", ["        $minutes = get_option( 'posts_per_rss' ) . ' min';", "        $wait = new DateInterval( $minutes );"]),
    ))  # fmt: skip
    path = renewed(s, slug, ["    add_action( 'login_init', function () {", *lines, "    } );"])
    return Truth(
        "wordpress-plugin", path, (s.line_of(path, wrong),), ("php-uncaught-exception", "php-undefined-function"), page="/wp-login.php"
    )


@case((*PHP, "shown"), "wordpress")
def shortcode_of_one_page(s: Scene) -> Truth:
    """What somebody wrote into a page is more than the plugin bears; the page ends where it stands."""
    slug = s.rng.choice(describe(s).plugins)
    tag, made = s.rng.choice(("gallery_grid", "countdown", "pricelist", "opening", "team_cards")), s.database
    wrong, written, line = s.rng.choice((
        ("intdiv(", f'[{tag} columns="0"]', "$width = intdiv( 100, (int) $given['columns'] );"),
        ("array_chunk(", f'[{tag} columns=""]', "$rows = array_chunk( range( 1, 12 ), (int) $given['columns'] );"),
        ("new DateTime(", f'[{tag} until="31.02.{s.rng.randint(2025, 2029)} 25h"]', "$until = new DateTime( $given['until'] );"),
        ("+ $given['from']", f'[{tag} from="monday"]', "$first = 1 + $given['from'];"),
    ))  # fmt: skip
    path = renewed(s, slug, [
        f"    add_shortcode( '{tag}', function ( $given ) {{", "        $given = shortcode_atts( array( 'columns' => 3, 'until' => 'tomorrow', 'from' => 1 ), $given );",
        f"        {line}", "        return '<div class=\"box\"></div>';", "    } );"], is_old=True)  # fmt: skip
    assert made is not None
    text = f"<p>{s.rng.choice(words.SENTENCES[:6])}</p>".replace("'", "''") + f"\n\n{written}\n"
    s.databases.run(f"UPDATE {made.prefix}posts SET post_content = '{text}' WHERE ID = 2 AND post_type = 'page'", made.name)
    assert ends_early(s, "/?page_id=2")
    also = ("php-uncaught-exception", "php-fatal-hidden")
    return Truth("wordpress-plugin", path, (s.line_of(path, wrong),), also, page="/?page_id=2", statuses=(200,), body=b"<h2>Sample Page")


@case((*PHP, "shown"), "wordpress")
def banner_that_is_missing_at_random(s: Scene) -> Truth:
    """One of several files that are shown in turn was not uploaded."""
    slug = s.rng.choice(describe(s).plugins)
    names = s.rng.sample(("spring", "summer", "autumn", "winter", "sale", "voucher", "newsletter", "club"), s.rng.randint(2, 4))
    lost, folder = s.rng.choice(names), s.rng.choice(("banners", "templates", "views", "partials"))
    listed = ", ".join(f"'{name}'" for name in names)
    wrong = f"require dirname( __DIR__ ) . '/{folder}/' . $pick . '.php';"
    path = renewed(s, slug, [
        f"    $all = array( {listed} );", s.rng.choice(("    $pick = $all[ array_rand( $all ) ];", "    $pick = $all[ mt_rand( 0, count( $all ) - 1 ) ];")),
        "    ob_start();", f"    {wrong}", "    $GLOBALS['banner_of_today'] = ob_get_clean();"], is_old=True)  # fmt: skip
    for name in names:
        if name != lost:
            s.keep(plugin_file(s, slug, f"{folder}/{name}.php"), f"<div class=\"banner\"><?php echo esc_html( '{name}' ); ?></div>\n")
    return Truth(
        "wordpress-plugin",
        path,
        (s.line_of(path, wrong),),
        ("php-missing-file",),
        of=60,
        paths=(plugin_file(s, slug, f"{folder}/{lost}.php"),),
    )
