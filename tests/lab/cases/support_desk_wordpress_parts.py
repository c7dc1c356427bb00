# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Plugins, themes, drop-ins and WordPress's own files, as a support desk meets them: libraries that clash, hooks, services, half a back office."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.cases.wordpress_parts import activate
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import class_of, ended, plugin_file, renewed, theme_file
from tests.lab.sites.blog_surroundings import service_that_tires
from tests.lab.sites.edits import lines_at
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import describe

_THROWN = ("php-uncaught-exception", "php-undefined-function", "php-class-not-found")


# --- plugins
@case(SHOWN, "wordpress")
def container_that_two_plugins_bring(s: Scene) -> Truth:
    """One was updated to the strict form of an interface that both carry along; the other still has the loose one."""
    first, second = describe(s).plugins[0], describe(s).plugins[-1]
    space = f"{s.rng.choice(('Common', 'Shared', 'Php'))}\\{s.rng.choice(('Container', 'Log', 'Cache'))}"
    name = f"{space.rpartition(chr(92))[2]}Interface"
    for slug, method in ((first, "has(string $id): bool"), (second, "has($id)")):
        interface = plugin_file(s, slug, f"vendor/{name}.php")
        (s.write if slug == first else s.keep)(interface, php("", f"namespace {space};", "", f"interface {name}", "{", "    public function get(string $id);", f"    public function {method};", "}"))  # fmt: skip
        ended(s, plugin_file(s, slug), f"if (!interface_exists('{space}\\{name}')) {{ require __DIR__ . '/vendor/{name}.php'; }}", is_old=slug != first)  # fmt: skip
    path = plugin_file(s, second, "src/Registry.php")
    s.keep(path, php("", f"namespace {class_of(second)};", "", f"use {space}\\{name};", "", f"class Registry implements {name}", "{", "    private $kept = [];", "", "    public function get(string $id)", "    {",
                     "        return $this->kept[$id] ?? null;", "    }", "", "    public function has($id)", "    {", "        return isset($this->kept[$id]);", "    }", "}"))  # fmt: skip
    ended(s, plugin_file(s, second), "require __DIR__ . '/src/Registry.php';", is_old=True)
    also = ("php-version-incompatible-code", "php-uncaught-exception", "php-parse-error")
    return Truth("wordpress-plugin", path, lines_at(s, path, "has($id)"), also, paths=(plugin_file(s, first, f"vendor/{name}.php"), plugin_file(s, first), plugin_file(s, second)))  # fmt: skip


@case(SHOWN, "wordpress")
def add_on_of_a_shop_that_is_switched_off(s: Scene) -> Truth:
    """WordPress took the shop out of use when its files were away for a moment; what builds upon it stayed in use."""
    shop, addon = describe(s).plugins[0], describe(s).plugins[-1]
    base = f"{class_of(shop)}_{s.rng.choice(('Payment_Gateway', 'Shipping_Method', 'Email', 'Integration'))}"
    s.keep(plugin_file(s, shop, "includes/base.php"), php(filler(s.rng, 4), f"abstract class {base} {{", "    public $id = '';", "}"))
    ended(s, plugin_file(s, shop), "require_once __DIR__ . '/includes/base.php';", is_old=True)
    path = plugin_file(s, addon, f"includes/class-{addon}.php")
    s.keep(path, php(filler(s.rng, 6), f"class {class_of(addon)}_Own extends {base} {{", "    public function __construct() {", f"        $this->id = '{addon}';", "    }", "}"))  # fmt: skip
    hook = s.rng.choice(("plugins_loaded", "init", "wp_loaded"))
    ended(s, plugin_file(s, addon), f"add_action('{hook}', function () {{", f"    require_once __DIR__ . '/includes/class-{addon}.php';", f"    new {class_of(addon)}_Own();", "}, 11);", is_old=True)  # fmt: skip
    activate(s, *(f"{slug}/{slug}.php" for slug in describe(s).plugins[1:]))
    return Truth("wordpress-plugin", path, lines_at(s, path, f"extends {base}"), ("php-class-not-found", "php-uncaught-exception"), paths=(plugin_file(s, addon),))  # fmt: skip


@case(PHP, "wordpress")
def filter_that_is_given_one_of_three(s: Scene) -> Truth:
    """The pages are well; the interface that the app and the editor ask is not: the number of words was forgotten."""
    slug = s.rng.choice(describe(s).plugins)
    name = f"{slug.replace('-', '_')}_{s.rng.choice(('add_image', 'add_price', 'shorten'))}"
    path = renewed(s, slug, [f"    add_filter('rest_prepare_post', '{name}');"])
    ended(s, path, "", f"function {name}($response, $post, $request) {{", "    $response->data['extra'] = get_post_meta($post->ID, 'extra', true);", "    return $response;", "}")  # fmt: skip
    page = s.rng.choice(("/?rest_route=/wp/v2/posts", "/?rest_route=/wp/v2/posts&per_page=3"))
    return Truth("wordpress-plugin", path, lines_at(s, path, f"function {name}(", "add_filter('rest_prepare_post'"), ("php-uncaught-exception",), page=page)  # fmt: skip


@case(PHP, "wordpress")
def service_that_counts_its_guests(s: Scene) -> Truth:
    """Now and then: beyond its quota the service answers with words of regret, which have no list in them."""
    slug, key = s.rng.choice(describe(s).plugins), s.rng.choice(("rates", "reviews", "slots", "posts"))
    port = service_that_tires(s, f'{{"{key}": [3, 4, 5]}}', '{"error": {"code": 429, "message": "Daily quota exceeded."}}')
    call = s.rng.choice((f"$sum = array_sum($told['{key}']);", f"$number = count($told['{key}']);", f"$last = end($told['{key}']); $all = array_slice($told['{key}'], 0, 2);"))  # fmt: skip
    body = [f"    $answer = wp_remote_get('http://127.0.0.1:{port}/v2/{key}?id={s.rng.randint(1000, 9999)}', ['timeout' => 3]);", "    $told = json_decode(wp_remote_retrieve_body($answer), true);", f"    {call}"]  # fmt: skip
    path = renewed(s, slug, body, is_old=True)
    return Truth("wordpress-plugin", path, lines_at(s, path, call), ("php-uncaught-exception",), of=4)


@case(PHP, "wordpress")
def language_pack_cut_short(s: Scene) -> Truth:
    """It arrived by night, of itself, when there was room for half of it."""
    slug, locale = s.rng.choice(describe(s).plugins), s.rng.choice(("de_DE", "nl_NL", "fr_FR", "it_IT", "pl_PL"))
    name = f"wp-content/languages/plugins/{slug}-{locale}.l10n.php"
    texts = [f"    '{words.identifier(s.rng)}' => '{text.replace(chr(39), chr(92) + chr(39))}'," for text in s.rng.choices(words.SENTENCES, k=s.rng.randint(6, 40))]  # fmt: skip
    s.write(s.at(name), php(f"return ['domain' => '{slug}', 'language' => '{locale}', 'messages' => [", *texts) + f"    'cart_{s.rng.randint(1, 9)}' => 'In den Waren")  # fmt: skip
    renewed(s, slug, [f"    $pack = WP_LANG_DIR . '/plugins/{slug}-{locale}.l10n.php';", "    $texts = is_readable($pack) ? include $pack : [];"], is_old=True)  # fmt: skip
    last = s.read(s.at(name)).count(b"\n") + 1
    also = ("php-truncated-file", "php-parse-error")
    return Truth("wordpress-plugin", s.at(name), (last, last - 1), also, paths=(plugin_file(s, slug, "includes/start.php"),))


@case(SHOWN, "wordpress")
def plugin_that_is_ahead_of_this_php(s: Scene) -> Truth:
    """Written for the PHP of next year; what it says of itself was not looked at, for it came by FTP."""
    line, version = s.rng.choice((
        ("$is_sound = json_validate((string) get_option('blogname'));", "8.3"), ("$first = array_find([3, 8, 12], fn ($n) => $n > 4);", "8.4"), ("$today = new DateTimeImmutable('today')->format('c');", "8.4"),
        ("$form = DateTimeInterface::{'ATOM'};", "8.3"), ("$key = ' A b ' |> trim(...);", "8.5"), ("$box = new readonly class { public int $n; };", "8.3"),
    ))  # fmt: skip
    path = renewed(s, s.rng.choice(describe(s).plugins), [f"    {line}"], header=f" * Requires PHP: {version}")
    also = ("php-version-incompatible-code", "wordpress-plugin", "php-parse-error", "php-undefined-function")
    return Truth("wordpress-plugin-php-incompatible", path, lines_at(s, path, line), also)


@case(PHP, "wordpress")
def method_that_is_called_without_an_object(s: Scene) -> Truth:
    """PHP 7 let it pass with a notice. What PHP 8 says names a file of WordPress and a class of the plugin."""
    slug = s.rng.choice(describe(s).plugins)
    name, method = (
        f"{class_of(slug)}_{s.rng.choice(('Setup', 'Frontend', 'Widgets'))}",
        s.rng.choice(("register", "enqueue", "load_options")),
    )
    hook = s.rng.choice(("init", "wp_loaded", "after_setup_theme", "template_redirect"))  # before a byte is sent
    path = plugin_file(s, slug, "includes/class-frontend.php")
    s.keep(path, php(filler(s.rng, 5), f"class {name} {{", "    public $done = false;", "", f"    function {method}() {{", "        $done = true;", "    }", "}", "", f"add_action('{hook}', array('{name}', '{method}'));"))  # fmt: skip
    ended(s, plugin_file(s, slug), "require_once __DIR__ . '/includes/class-frontend.php';", is_old=True)
    also = ("wordpress-plugin", "php-version-incompatible-code", "php-uncaught-exception")
    return Truth("wordpress-plugin-php-incompatible", path, lines_at(s, path, f"function {method}()", f"add_action('{hook}'"), also)


@case(PHP, "wordpress")
def journal_that_is_read_whole(s: Scene) -> Truth:
    """A plugin shows the last lines of what it notes down, and takes all of it into memory for that. It grew for years."""
    slug = s.rng.choice(describe(s).plugins)
    journal = f"wp-content/uploads/{slug}/{s.rng.choice(('events.log', 'import.log', 'mail-log.txt'))}"
    line = s.rng.choice((f"$rows = explode(\"\\n\", file_get_contents(ABSPATH . '{journal}'));", f"$rows = file(ABSPATH . '{journal}');"))
    path = renewed(s, slug, [f"    {line}", "    $last = array_slice($rows, -5);"], is_old=True)
    noted = f"2024-03-{s.rng.randint(10, 28)} 10:11:12 mail sent to shop@example.org, {words.SENTENCES[0]}\n".encode()
    s.write(s.at(journal), noted * (s.rng.randint(70, 90) * 1_000_000 // len(noted)))
    return Truth("wordpress-plugin-memory", path, lines_at(s, path, line), ("php-memory-limit", "wordpress-plugin"), paths=(s.at(journal),))


@case(PHP, "wordpress")
def extension_that_only_articles_need(s: Scene) -> Truth:
    """The start page is well. The host's new PHP lacks a part that a plugin uses on the page of an article."""
    line = s.rng.choice(("$first = mb_strtoupper(mb_substr(get_the_title(), 0, 1));", "$line = curl_init('https://api.example.org/share');", "$tree = new DOMDocument();", "$feed = simplexml_load_string('<a/>');", "$picture = imagecreatetruecolor(30, 30);", "$price = new NumberFormatter('de_DE', NumberFormatter::CURRENCY);"))  # fmt: skip
    slug = s.rng.choice(describe(s).plugins)
    hook = s.rng.choice(("template_redirect", "wp"))
    path = renewed(s, slug, [f"    add_action('{hook}', function () {{", "        if (!is_single()) { return; }", f"        {line}", "    });"], is_old=True)  # fmt: skip
    return Truth("php-missing-extension", path, lines_at(s, path, line), ("wordpress-plugin",), page="/?p=4")


# --- themes
@case(SHOWN, "wordpress")
def snippet_with_the_signs_of_a_web_page(s: Scene) -> Truth:
    """Copied out of the source of a blog, where `&&` and `->` are written otherwise."""
    line = s.rng.choice(("if (!is_admin() &amp;&amp; is_front_page()) { return 'home'; }", "$found = get_queried_object()-&gt;post_title;", "$settings = array('width' =&gt; 300, 'crop' =&gt; true);", "if (count($classes) &lt; 3) { $classes[] = 'few'; }"))  # fmt: skip
    path = ended(s, theme_file(s), "", f"// {words.SENTENCES[s.rng.randrange(5)]}", "add_filter('body_class', function ($classes) {", f"    {line}", "    return $classes;", "});")  # fmt: skip
    return Truth("wordpress-theme", path, lines_at(s, path, line), ("php-parse-error",))


@case((*PHP, "ovh"), "wordpress")
def choice_of_a_template_that_chooses_none(s: Scene) -> Truth:
    """White pages, and not a word in any log: the owner's filter knows what to say for one page only."""
    page = s.rng.choice(words.PAGES)
    start = "add_filter('template_include', function ($template) {"
    path = ended(s, theme_file(s), start, f"    if (is_page('{page}')) {{", f"        return get_theme_file_path('page-{page}.php');", "    }", f"}}, {s.rng.randint(11, 99)});")  # fmt: skip
    line = s.line_of(path, start)
    also = ("recent-change", "php-fatal-hidden")
    return Truth("wordpress-theme", path, tuple(range(line, line + 5)), also, statuses=(200,), is_empty=True)


@case(("plain", "shared", "own-log"), "wordpress")
def list_that_never_moves_on(s: Scene) -> Truth:
    """`the_post()` was forgotten: there is always one more article. PHP ends it where it happens to be."""
    path, name = theme_file(s, "index.php"), s.rng.choice(("latest", "teasers", "related"))
    loop = ["set_time_limit(1); // nobody waits longer", f"${name} = new WP_Query(['posts_per_page' => {s.rng.randint(3, 9)}, 'ignore_sticky_posts' => true]);", "$number = 0;", f"while (${name}->have_posts()) {{", "    $number++;", "}", "wp_reset_postdata();", "?>"]  # fmt: skip
    s.write(path, php(filler(s.rng, 4), loop) + s.read(path).decode())
    line = s.line_of(path, f"while (${name}->have_posts())")
    also = ("wordpress-theme", "script-too-slow")
    return Truth(
        "php-max-execution-time", path, (line, line + 1), also, statuses=(500, 502, 504), paths=(s.at("wp-includes/class-wp-query.php"),)
    )


# --- must-use plugins and drop-ins
@case(PHP, "wordpress")
def plugin_put_among_those_that_must_be_used(s: Scene) -> Truth:
    """So that the customer cannot switch it off; only its first file was put there."""
    slug = describe(s).idle
    path = s.at(f"wp-content/mu-plugins/{slug}.php")
    s.write(path, s.read(plugin_file(s, slug)))
    return Truth("wordpress-mu-plugin", path, lines_at(s, path, "includes/start.php"), ("php-missing-file",), paths=(s.at("wp-content/mu-plugins/includes/start.php"),))  # fmt: skip


@case(PHP, "wordpress")
def rest_of_an_infection_among_those_that_must_be_used(s: Scene) -> Truth:
    """A scanner cut out what it knew; what is left unpacks to half a program."""
    inner = f"if (isset($_GET['{words.identifier(s.rng)}'])) {{ foreach (array(1, 2) as $k) {{ $z = strrev('{s.rng.randrange(16**8):08x}');"
    coded = "".join(f"\\x{ord(sign):02x}" for sign in inner)
    path = s.at(f"wp-content/mu-plugins/{s.rng.choice(('wp-cache-core', 'class-wp-mail', 'index', 'db-health'))}.php")
    s.keep(path, php(f"/* {s.rng.randrange(16**12):012x} */", [f"$v{n} = '{s.rng.randrange(16**20):020x}';" for n in range(s.rng.randint(1, 6))], f"$o = \"{coded}\";", "eval($o);", "unset($o);"))  # fmt: skip
    return Truth("wordpress-mu-plugin", path, lines_at(s, path, "eval($o)"), ("php-parse-error",))


@case(SHOWN, "wordpress")
def database_meter_of_the_last_release(s: Scene) -> Truth:
    """`db.php` stands in for a class of WordPress, and takes other arguments than that does today."""
    path, name = s.at("wp-content/db.php"), f"{s.rng.choice(('Meter', 'Watch', 'Replica', 'Shard'))}_DB"
    method = s.rng.choice(
        ("prepare($query, $args)", "check_connection()", "get_results($query, $output)", "get_var($query, $x, $y)", "query()")
    )
    s.keep(path, php("/**", " * Plugin Name: Database drop-in", f" * Version: 1.{s.rng.randint(0, 9)}", " */", filler(s.rng, 5), f"class {name} extends wpdb {{", "    public $asked = 0;", "", f"    public function {method} {{", "        $this->asked++;",
                     "        return parent::" + method + ";", "    }", "}", "", f"$wpdb = new {name}(DB_USER, DB_PASSWORD, DB_NAME, DB_HOST);"))  # fmt: skip
    also = ("php-version-incompatible-code", "php-uncaught-exception", "php-parse-error")
    return Truth("wordpress-dropin", path, lines_at(s, path, f"public function {method}"), also)


# --- WordPress's own files
@case((*PHP, "shown"), "wordpress")
def first_line_of_a_core_file_cleaned_away(s: Scene) -> Truth:
    """The hidden code stood behind `<?php`, and the cleaner took the whole line: the file is text now, and is sent to the visitor."""
    name = s.rng.choice(("user.php", "taxonomy.php", "link-template.php", "category.php", "meta.php", "comment.php"))
    path = s.at(f"wp-includes/{name}")
    s.write(path, s.read(path).decode().partition("\n")[2])
    also = ("php-undefined-function", "php-parse-error", "php-uncaught-exception")
    return Truth("wordpress-core-file", path, (1, 2), also, statuses=(200, 500), body=b"@package WordPress")


@case(PHP, "wordpress")
def half_of_the_back_office(s: Scene) -> Truth:
    """Visitors see nothing of it: an upload of WordPress's own files broke off in the folder of its administration."""
    start = s.at("wp-admin/includes/admin.php")
    name = s.rng.choice(("misc.php", "template.php", "class-wp-screen.php", "plugin.php", "user.php", "update.php"))
    missing = s.at(f"wp-admin/includes/{name}")
    s.remove(missing)
    page = s.rng.choice(("/wp-admin/", "/wp-admin/index.php", "/wp-admin/plugins.php"))
    return Truth("wordpress-core-file", start, lines_at(s, start, f"/{name}'"), ("php-missing-file",), page=page, paths=(missing,))
