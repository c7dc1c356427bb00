# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: code of plugins, themes, drop-ins and core files that stops a blog."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import class_of, ended, plugin_file, plugin_head, prefix_of, renewed, theme_file
from tests.lab.sites.edits import changed, lines_at
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import describe

_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"


@case((*SHOWN, "ovh"), "wordpress")
def plugin_update_left_half_its_files(s: Scene) -> Truth:
    """The new main file came, one that it loads did not; or the archive was taken without its libraries."""
    slug = s.rng.choice(describe(s).plugins)
    main, tail = plugin_file(s, slug), slug.replace("-", "_")
    missing = s.rng.choice(
        ("vendor/autoload.php", f"includes/class-{slug}-admin.php", "src/Plugin.php", "lib/helpers.php", "freemius/start.php")
    )
    form = s.rng.choice((f"require_once __DIR__ . '/{missing}';", f"require_once plugin_dir_path( __FILE__ ) . '{missing}';",
                         f"require {tail.upper()}_DIR . '{missing}';"))  # fmt: skip
    version = f"{s.rng.randint(3, 9)}.{s.rng.randint(0, 9)}.0"
    s.write(main, php(
        plugin_head(slug, version, "Requires PHP: 7.4"), f"define( '{tail.upper()}_DIR', plugin_dir_path( __FILE__ ) );", filler(s.rng, s.rng.randint(0, 18)),
        form, "require_once __DIR__ . '/includes/start.php';", f"add_action( 'init', '{tail}_start' );"))  # fmt: skip
    if s.rng.random() < 0.5:
        s.write(s.at(f"wp-content/upgrade/{slug}.{version}/{slug}/readme.txt"), f"=== {slug} ===\nStable tag: {version}\n")
    path = plugin_file(s, slug, missing)
    return Truth("wordpress-plugin", main, (s.line_of(main, form),), ("php-missing-file",), paths=(path,))


@case((*SHOWN, "ovh"), "wordpress")
def snippet_from_a_tutorial_in_functions_php(s: Scene) -> Truth:
    """Pasted with the editor of the dashboard."""
    name = words.identifier(s.rng) + "_snippet"
    mark, lines, also = s.rng.choice((
        ("‘excerpt_length’", [f"function {name}() {{", "    return 24;", "}", f"add_filter( ‘excerpt_length’, ‘{name}’, 99 );"], ("php-uncaught-exception", "php-parse-error")),
        ("<?php // Shorter", ["<?php // Shorter texts", f"function {name}() {{", "    return 24;", "}", f"add_filter( 'excerpt_length', '{name}' );"], ("php-parse-error",)),
        ("<script async", ["<script async src=\"https://stats.example/tag.js?id=G-4711\"></script>", "<script>", "  window.layer = window.layer || [];", "</script>"], ("php-parse-error",)),
        ("return $classes", [f"function {name}( $classes ) {{", "    $classes[] = 'has-sidebar'", "    return $classes;", "}", f"add_filter( 'body_class', '{name}' );"], ("php-parse-error",)),
        ("wp_enqueue_style( 'extra'", [f"function {name}() {{", "    wp_enqueue_style( 'extra', get_stylesheet_uri() ));", "}", f"add_action( 'wp_enqueue_scripts', '{name}' );"], ("php-parse-error",)),
    ))  # fmt: skip
    path, spread = theme_file(s), ["", f"// {s.rng.choice(words.SENTENCES[:6])}", *lines, ""]
    if s.rng.random() < 0.5:
        ended(s, path, *spread)
    else:
        changed(s, path, "add_action('after_setup_theme'", "\n".join(spread) + "\nadd_action('after_setup_theme'")
    return Truth("wordpress-theme", path, (s.line_of(path, mark),), also)


@case(SHOWN, "wordpress")
def plugin_of_another_php_version(s: Scene) -> Truth:
    """Bought long ago and never updated; or updated to what the host's PHP does not know yet."""
    removed, changed_, gone = "php-removed-function", "php-version-incompatible-code", "php-undefined-function"
    slug = s.rng.choice(describe(s).plugins)
    old = s.rng.random() < 0.7
    if old:
        line, also = s.rng.choice((
            ("add_filter('widget_title', create_function('$t', 'return ucfirst($t);'));", (removed, gone)),
            ("while (list($key, $value) = each($defaults)) { $options[$key] = $value; }", (removed, gone)),
            ("if (get_magic_quotes_gpc()) { $_POST = stripslashes_deep($_POST); }", (removed, gone)),
            ("$mail = mysql_real_escape_string('office@example.org');", (removed, gone)),
            ("$first = $title{0};", (changed_, "php-parse-error")),
            ("$list = implode(array_keys($defaults), ', ');", (changed_, "php-uncaught-exception")),
            ("$number = count($found);", (changed_, "php-uncaught-exception")),
            ("$width = $title * 2;", (changed_, "php-uncaught-exception")),
            ("$known = array_key_exists('rows', (object) $defaults);", (changed_, "php-uncaught-exception")),
        ))  # fmt: skip
    else:
        line, also = s.rng.choice((
            ("$valid = json_validate('{\"columns\": 3}');", (changed_, gone)),
            ("$wide = array_find($defaults, fn ($value) => $value > 2);", (changed_, gone)),
            ("$label = mb_trim($title);", (changed_, gone)),
            ("$api = new class { const string VERSION = '3.0'; };", (changed_, "php-parse-error")),
        ))  # fmt: skip
    body = ["    $defaults = ['columns' => 3, 'rows' => 2];", "    $title = 'Gallery';", "    $found = null;", f"    {line}"]
    path = renewed(s, slug, body, header=" * Requires PHP: " + ("5.3" if old else "8.4"), is_old=old)
    return Truth("wordpress-plugin-php-incompatible", path, (s.line_of(path, line),), ("wordpress-plugin", *also))


@case((*SHOWN, "ovh"), "wordpress")
def tools_of_the_former_host_in_mu_plugins(s: Scene) -> Truth:
    """They came along when the site moved; the list of plugins in the dashboard does not show them among the others."""
    name = s.rng.choice(("host-tools", "managed-cache", "000-platform", "sso-login", "vendor-mail-relay"))
    folder = s.rng.choice(("/home/clients/1f2e/platform", "/opt/managed-wp/current", "/nas/wp/platform"))
    line, also = s.rng.choice((
        (f"require_once '{folder}/{name}/load.php';", ("php-missing-file",)),
        (f"require_once __DIR__ . '/{name}/load.php';", ("php-missing-file",)),
        (f"require WPMU_PLUGIN_DIR . '/{name}/bootstrap.php';", ("php-missing-file",)),
    ))  # fmt: skip
    path = s.at(f"wp-content/mu-plugins/{name}.php")
    s.keep(
        path,
        php(plugin_head(name, f"{s.rng.randint(1, 4)}.2", "Description: Provided by your host."), filler(s.rng, s.rng.randint(0, 9)), line),
    )
    return Truth("wordpress-mu-plugin", path, (s.line_of(path, line),), also)


@case((*SHOWN, "ovh"), "wordpress")
def drop_in_left_by_a_cache_plugin(s: Scene) -> Truth:
    """The plugin was deleted over FTP, or the server of the cache stayed at the old host."""
    kind, gone = s.rng.choice(("object-cache", "object-cache", "advanced-cache", "db")), words.slug(s.rng, count=3)
    path = s.at(f"wp-content/{kind}.php")
    if kind == "object-cache":
        service, port = s.rng.choice((("Redis", 6379), ("Memcached", 11211)))
        mark, also = f"new {service}()", ("php-missing-extension", "php-class-not-found")
        connect = (
            "$this->server->connect( '127.0.0.1', 6379 );" if service == "Redis" else "$this->server->addServer( '127.0.0.1', 11211 );"
        )
        lines = [
            "function wp_cache_init() {", "\t$GLOBALS['wp_object_cache'] = new WP_Object_Cache();", "}", "", "class WP_Object_Cache {", "\tprivate $server;", "", "\tpublic function __construct() {",
            f"\t\t$this->server = {mark};", f"\t\t{connect}", "\t}", "",
            "\tpublic function get( $key, $group = 'default' ) {", "\t\treturn $this->server->get( \"$group:$key\" );", "\t}", "}", "",
            *(f"function wp_cache_{verb}( ...$a ) {{ return $GLOBALS['wp_object_cache']->{verb}( ...$a ); }}" for verb in ("get", "set", "add", "delete", "flush")),
        ]  # fmt: skip
    else:
        mark, also = f"plugins/{gone}/", ("php-missing-file",)
        lines = [
            *filler(s.rng, s.rng.randint(0, 8)),
            f"require_once WP_CONTENT_DIR . '/plugins/{gone}/{s.rng.choice(('inc', 'src', 'dropin'))}/{kind}.php';",
        ]
    s.keep(path, php("/**", f" * Written by {gone}. Do not edit.", " */", "defined( 'ABSPATH' ) || exit;", lines))
    if kind == "advanced-cache":
        changed(
            s,
            s.at("wp-config.php"),
            "define( 'WP_DEBUG', false );",
            f"define( 'WP_CACHE', true ); // Added by {gone}\ndefine( 'WP_DEBUG', false );",
            fresh=False,
        )
    return Truth("wordpress-dropin", path, (s.line_of(path, mark),), also)


@case((*SHOWN, "ovh"), "wordpress")
def core_update_broken_off(s: Scene) -> Truth:
    """One file of the system arrived in part, or not at all."""
    name = s.rng.choice(
        ("class-wp-query.php", "formatting.php", "post.php", "class-wp-hook.php", "link-template.php", "rest-api.php", "taxonomy.php")
    )
    path = s.at(f"wp-includes/{name}")
    also = ("php-missing-file", "php-truncated-file", "php-parse-error", "php-undefined-function", "php-class-not-found")
    how = s.rng.choice(("cut", "cut", "missing"))
    if how == "missing":
        s.remove(path)
    else:
        lines = s.read(path).split(b"\n")
        at = int(len(lines) * s.rng.uniform(0.3, 0.8))
        while not lines[at].startswith(b"\t\t") or len(lines[at]) < 12:
            at -= 1
        s.write(path, b"\n".join([*lines[:at], lines[at][: len(lines[at]) // 2]]))
    return Truth(
        "wordpress-core-file", path, (), also, paths=(s.at("wp-settings.php"), s.at("wp-includes/plugin.php")) if how == "missing" else ()
    )


@case(SHOWN, "wordpress")
def related_posts_eat_the_memory(s: Scene) -> Truth:
    """The front page answers; each single article asks a plugin for everything there is."""
    slug = s.rng.choice(describe(s).plugins)
    row = s.rng.choice(
        (
            "['id' => $number, 'words' => str_repeat('lorem ', 40)]",
            "(object) ['post' => $number, 'score' => mt_rand(), 'text' => str_repeat('x', 300)]",
        )
    )
    body = ["    add_action('template_redirect', function () {", "        if (!is_singular()) {", "            return;", "        }", "        $candidates = [];",
            f"        for ($number = 1; $number < {s.rng.randint(40, 90)}0000; $number++) {{", f"            $candidates[] = {row};", "        }", "        shuffle($candidates);",
            "        wp_cache_set('related', array_slice($candidates, 0, 3));", "    });"]  # fmt: skip
    path = renewed(s, slug, body, is_old=s.rng.random() < 0.5)
    return Truth(
        "wordpress-plugin-memory", path, (s.line_of(path, "$candidates[] ="),), ("php-memory-limit", "wordpress-plugin"), page="/?p=4"
    )


@case((*PHP, "ovh", "shown"), "wordpress")
def theme_folder_has_another_name(s: Scene) -> Truth:
    """Renamed over FTP "to be tidy": every page is white, nothing is logged."""
    theme = describe(s).theme
    here = s.at(f"wp-content/themes/{theme}")
    other = here + s.rng.choice(("-old", ".bak", "_2024", "-master", "-1.4"))
    s.path(here).rename(s.path(other))
    style = f"{other}/style.css"
    return Truth(
        "wordpress-theme",
        here,
        statuses=(200,),
        is_empty=True,
        paths=(other, style, f"{here}/index.php", f"{here}/style.css", f"{here}/functions.php"),
    )


@case(SHOWN, "wordpress")
def only_the_login_fails(s: Scene) -> Truth:
    """A plugin against robots; a function of its own is defined on pages of the dashboard only."""
    slug = s.rng.choice(describe(s).plugins)
    function = f"{prefix_of(slug)}_{s.rng.choice(('captcha_field', 'too_many_attempts', 'login_token', 'remember_ip'))}"
    hook = s.rng.choice(("login_init", "login_form_login", "login_init"))
    body = [
        "    if (is_admin()) {",
        "        require_once __DIR__ . '/guard.php';",
        "    }",
        f"    add_action('{hook}', function () {{",
        f"        $token = {function}($_SERVER['REMOTE_ADDR']);",
        "    });",
    ]
    path = renewed(s, slug, body)
    s.write(
        plugin_file(s, slug, "includes/guard.php"), php(f"function {function}($address) {{", "    return md5($address . date('H'));", "}")
    )
    return Truth("wordpress-plugin", path, (s.line_of(path, f"{function}($_SERVER"),), ("php-undefined-function",), page="/wp-login.php")


@case(SHOWN, "wordpress")
def only_on_telephones(s: Scene) -> Truth:
    """The theme has another menu for small screens, whose file was never uploaded."""
    part = s.rng.choice(("parts/menu-mobile.php", "mobile/header.php", "template-parts/touch-nav.php", "inc/Mobile_Menu.php"))
    call = s.rng.choice(
        (
            f"require get_template_directory() . '/{part}';",
            f"require_once __DIR__ . '/{part}';",
            f"require( get_theme_file_path( '{part}' ) );",
        )
    )
    path = theme_file(s, "index.php")
    s.write(path, php(filler(s.rng, s.rng.randint(0, 7)), "if ( wp_is_mobile() ) {", f"\t{call}", "}", "?>") + s.read(path).decode())
    return Truth(
        "wordpress-theme",
        path,
        (s.line_of(path, call),),
        ("php-missing-file",),
        headers={"User-Agent": _IPHONE},
        paths=(theme_file(s, part),),
    )


@case((*SHOWN, "ovh"), "wordpress")
def plugin_folder_with_the_mode_of_a_file(s: Scene) -> Truth:
    """644 was given to everything below, folders as well."""
    slug = s.rng.choice(describe(s).plugins)
    folder = plugin_file(s, slug, "includes")
    s.chmod(folder, s.rng.choice((0o644, 0o600, 0o604)))
    return Truth("folder-not-traversable", folder, (), ("file-unreadable",), paths=(f"{folder}/start.php", plugin_file(s, slug)))


@case((*PHP, "shown"), "wordpress")
def one_of_several_quotations_fails(s: Scene) -> Truth:
    """A widget shows one of a few texts at random; one of them brings the page down."""
    slug = s.rng.choice(describe(s).plugins)
    names = s.rng.sample(("anna", "bernard", "chiara", "dirk"), 3)
    bad = s.rng.randrange(3)
    rows = [f"            ['name' => '{name}', 'stars' => {'null' if n == bad else s.rng.randint(3, 5)}]," for n, name in enumerate(names)]
    body = [
        "    add_action('template_redirect', function () {",
        "        $all = [",
        *rows,
        "        ];",
        "        $one = $all[array_rand($all)];",
        f"        $GLOBALS['quoted'] = {class_of(slug)}_stars($one['stars']);",
        "    });",
    ]
    path = renewed(s, slug, body)
    ended(s, path, f"function {class_of(slug)}_stars(int $count) {{", "    return '<p>' . str_repeat('*', $count) . '</p>';", "}")
    lines = (*lines_at(s, path, "_stars($one"), *lines_at(s, path, "_stars(int"), *lines_at(s, path, "'stars' => null"))
    return Truth("wordpress-plugin", path, lines, ("php-uncaught-exception",), of=30)
