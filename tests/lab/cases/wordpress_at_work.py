# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""WordPress as an agency's desk meets it: snippets, add-ons, old themes, a scanner's quarantine, hooks that give nothing back."""

from __future__ import annotations

import os
import time

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case, well
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import class_of, ended, option, plugin_file, renewed, theme_file
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import describe, plugin

_WELL = Truth("none", statuses=(200,))
_THROWN = ("php-uncaught-exception", "php-undefined-function")


@case(PHP, "wordpress")
def snippet_that_is_kept_in_the_database(s: Scene) -> Truth:
    """A plugin for snippets runs what its owner typed into a form: no file of the site holds the faulty line."""
    slug = s.rng.choice(describe(s).plugins)
    code = "\n".join([f"// {words.SENTENCES[s.rng.randrange(5)].replace(chr(39), '')}", f"$rows = {s.rng.randint(2, 9)};", s.rng.choice((f"{words.identifier(s.rng)}_{s.rng.randint(10, 99)}($rows);", "$shown = array_map('trim', $rows;", "wc_get_loyalty_points($rows);"))])  # fmt: skip
    name = f"{slug.replace('-', '_')}_snippets"
    option(s, name, f'a:1:{{i:{s.rng.randint(3, 40)};s:{len(code.encode())}:"{code}";}}')
    path = renewed(s, slug, [f"    foreach ((array) get_option('{name}', []) as $id => $code) {{", "        $result = eval($code);", "    }"], is_old=True)  # fmt: skip
    return Truth("wordpress-plugin", path, (s.line_of(path, "eval($code)"),), (*_THROWN, "php-parse-error"))


@case(PHP, "wordpress")
def visitor_is_asked_for_too_early(s: Scene) -> Truth:
    """WordPress has these functions, only not yet when its plugins are loaded."""
    slug = s.rng.choice(describe(s).plugins)
    asked = s.rng.choice(("is_user_logged_in()", "is_plugin_active('woocommerce/woocommerce.php')", "current_user_can('edit_posts')", "wp_get_current_user()->ID"))  # fmt: skip
    renewed(s, slug, [])
    main = plugin_file(s, slug, f"{slug}.php")
    ended(s, main, f"if ({asked}) {{", f"    define('{slug.upper().replace('-', '_')}_SHOWN', true);", "}")
    return Truth("wordpress-plugin", main, (s.line_of(main, f"if ({asked})"),), _THROWN, paths=(s.at("wp-includes/capabilities.php"),))


@case(PHP, "wordpress")
def answer_of_a_maker_that_is_away(s: Scene) -> Truth:
    """Nothing was changed here: the plugin asks its maker's server, and takes the refusal for an answer."""
    host = f"https://api.{s.rng.choice(('licences', 'rates', 'reviews'))}.invalid/v{s.rng.randint(1, 3)}/status"
    body = [f"    $answer = wp_remote_get('{host}', ['timeout' => 2]);", "    $said = json_decode($answer['body'], true);"]
    path = renewed(s, s.rng.choice(describe(s).plugins), body, is_old=True)
    return Truth("wordpress-plugin", path, (s.line_of(path, "$answer['body']"),), ("php-uncaught-exception",))


@case(PHP, "wordpress")
def style_sheet_that_cannot_be_stored(s: Scene) -> Truth:
    """A page builder writes into its folder of uploads, which was copied as read-only; the error speaks of types."""
    slug = s.rng.choice(describe(s).plugins)
    folder = s.at(f"wp-content/uploads/{slug}/css")
    body = [f"    $file = fopen(WP_CONTENT_DIR . '/uploads/{slug}/css/post-' . (int) ($_GET['p'] ?? 1) . '.css', 'w');", "    fwrite($file, '.wrap { max-width: 60em }');", "    fclose($file);"]  # fmt: skip
    path = renewed(s, slug, body, is_old=True)
    s.folder(folder)
    s.chmod(folder, s.rng.choice((0o555, 0o505, 0o500)))
    return Truth("folder-not-writable", folder, (), ("wordpress-plugin",), paths=(path,))


@case(PHP, "wordpress")
def part_of_the_shop_copied_into_the_theme(s: Scene) -> Truth:
    """The shop's plugin was updated; the theme holds its own copy of a template, that asks for what is no more."""
    slug = s.rng.choice(describe(s).plugins)
    name, gone = s.rng.choice((("cart/mini-cart.php", "get_cart_url"), ("loop/price.php", "get_price_html_from_to"), ("myaccount/login.php", "get_page_link")))  # fmt: skip
    path = renewed(s, slug, [f"    {slug.replace('-', '_')}_template('{name}');"])
    ended(s, path, f"class {class_of(slug)}_Cart {{", "    public function items(): array {", "        return [];", "    }", "}",
           f"function {slug.replace('-', '_')}_template($name) {{", f"    $shop = new {class_of(slug)}_Cart();", f"    $own = get_stylesheet_directory() . '/{slug}/' . $name;", "    require is_file($own) ? $own : __DIR__ . '/../templates/' . $name;", "}")  # fmt: skip
    s.write(plugin_file(s, slug, f"templates/{name}"), "<?php $shown = count($shop->items()); ?>\n")
    template = theme_file(s, f"{slug}/{name}")
    s.keep(template, f"<?php\n/**\n * {name}\n *\n * @version 2.{s.rng.randint(1, 6)}.0\n */\n\n$link = $shop->{gone}();\n?>\n")
    return Truth("wordpress-theme", template, (s.line_of(template, gone),), _THROWN, paths=())


@case(PHP, "wordpress")
def add_on_that_lacks_a_method(s: Scene) -> Truth:
    """The plugin it builds upon asks for one more since its update."""
    base, other = describe(s).plugins[0], describe(s).plugins[-1]
    name, method = f"{class_of(base)}_Widget", s.rng.choice(("get_icon", "render_plain", "get_schema"))
    main, path = plugin_file(s, base, f"{base}.php"), plugin_file(s, other, "includes/class-widget.php")
    ended(s, main, f"abstract class {name} {{", "    abstract public function render();", f"    abstract public function {method}();", "}")
    s.keep(path, php("/**", " * The widget.", " */", filler(s.rng, 3), f"class {class_of(other)}_Own_Widget extends {name} {{", "    public function render() {", "        return '';", "    }", "}"))  # fmt: skip
    start = plugin_file(s, other, f"{other}.php")
    ended(s, start, "require_once __DIR__ . '/includes/class-widget.php';", is_old=True)
    return Truth("wordpress-plugin", path, (s.line_of(path, "_Own_Widget extends"),), ("php-uncaught-exception",), paths=(main,))


@case(PHP, "wordpress")
def arguments_as_php_7_took_them(s: Scene) -> Truth:
    """Nothing was changed but the number of PHP."""
    name = f"{words.identifier(s.rng)}_box"
    call = s.rng.choice((f"call_user_func_array('{name}', array('posts' => 3, 'style' => 'list'));", f"$total = count(get_option('{name}', null));", f"$has = array_key_exists('{name}', (object) array('a' => 1));", f"$last = array_merge('', (array) get_option('{name}'));"))  # fmt: skip
    path = renewed(s, s.rng.choice(describe(s).plugins), [f"    {call}"], is_old=True)
    ended(s, path, f"function {name}($count, $kind) {{", "    return $count . $kind;", "}", is_old=True)
    return Truth("wordpress-plugin-php-incompatible", path, (s.line_of(path, call),), ("wordpress-plugin", "php-version-incompatible-code", "php-uncaught-exception"))  # fmt: skip


@case(SHOWN, "wordpress")
def theme_that_joins_the_other_way_round(s: Scene) -> Truth:
    """A theme that nobody maintains, under the PHP that the host chose for it."""
    path = theme_file(s)
    name = describe(s).theme.partition("-")[0]
    line = s.rng.choice((f"${name}_classes = implode(array('wide', 'light'), ' ');", f"${name}_since = date('Y') - date('Y', mktime());", f"${name}_width = round(get_theme_mod('sidebar_width', ''));"))  # fmt: skip
    ended(s, path, line, *filler(s.rng, 4), is_old=True)
    return Truth("wordpress-theme", path, (s.line_of(path, line),), ("php-version-incompatible-code", "php-uncaught-exception", "php-removed-function"))  # fmt: skip


@case(PHP, "wordpress")
def child_that_copied_a_function_of_its_parent(s: Scene) -> Truth:
    """The parent theme's update brought no `function_exists` around it any more."""
    parent, name = describe(s).theme, f"{describe(s).theme.replace('-', '_')}_{s.rng.choice(('posted_on', 'setup', 'entry_meta'))}"
    child = s.at(f"wp-content/themes/{parent}-child")
    s.keep(f"{child}/style.css", f"/*\nTheme Name: {parent.title()} Child\nTemplate: {parent}\n*/\n")
    s.keep(f"{child}/functions.php", php(filler(s.rng, 4), f"function {name}() {{", "    return '';", "}"))
    ended(s, theme_file(s), f"function {name}() {{", "    return get_the_date();", "}")
    option(s, "stylesheet", f"{parent}-child")
    path = theme_file(s)
    return Truth("wordpress-theme", path, (s.line_of(path, f"function {name}"),), ("php-uncaught-exception",), paths=(f"{child}/functions.php",))  # fmt: skip


@case(PHP, "wordpress")
def put_into_quarantine_by_a_scanner(s: Scene) -> Truth:
    """The host's scanner gave a file another name, so that nobody runs it."""
    tail = s.rng.choice(("suspected", "infected", "virus"))
    if s.rng.random() < 0.5:
        path = s.at(f"wp-includes/{s.rng.choice(('class-wp-query.php', 'class-wp-rewrite.php', 'class-wp-http.php', 'rest-api.php'))}")
        truth = Truth("wordpress-core-file", path, (), ("php-missing-file",), paths=(s.at("wp-settings.php"), f"{path}.{tail}"))
    else:
        slug = s.rng.choice(describe(s).plugins)
        path = plugin_file(s, slug, "includes/start.php")
        truth = Truth("wordpress-plugin", path, (), ("php-missing-file",), paths=(plugin_file(s, slug, f"{slug}.php"), f"{path}.{tail}"))
    s.path(path).rename(s.path(f"{path}.{tail}"))
    return truth


@case(PHP, "wordpress")
def must_use_plugin_of_the_hoster_before(s: Scene) -> Truth:
    """Moved with everything else; the old hoster's PHP had what this one has not."""
    call = s.rng.choice(("apcu_fetch('platform')", "newrelic_set_appname(DB_NAME)", "igbinary_serialize(array(1, 2))", "geoip_country_code_by_name('127.0.0.1')"))  # fmt: skip
    path = s.at(f"wp-content/mu-plugins/{s.rng.choice(('platform', 'hosting-tools', 'wp-cloud', 'managed-cache'))}.php")
    s.keep(path, php("/**", f" * Plugin Name: {s.rng.choice(words.TITLES)} platform", " */", filler(s.rng, 5), f"$platform = {call};"))
    return Truth("wordpress-mu-plugin", path, (s.line_of(path, call),), ("php-missing-extension", "php-undefined-function"))


@case(PHP, "wordpress")
def filter_that_gives_nothing_back(s: Scene) -> Truth:
    """PHP complains in a file of WordPress, and no file of the theme stands in the trace."""
    path = theme_file(s)
    ended(s, path, "add_filter('request', function ($vars) {", f"    if (isset($vars['{s.rng.choice(('feed', 'author', 'attachment'))}'])) {{", "        return $vars;", "    }", "});")  # fmt: skip
    line = s.line_of(path, "add_filter('request'")
    return Truth("wordpress-theme", path, tuple(range(line, line + 5)), ("php-uncaught-exception", "recent-change"))


@case(SHOWN, "wordpress")
def merge_that_nobody_ended(s: Scene) -> Truth:
    """Git asked which of two lines to keep, and nobody answered."""
    path, number = theme_file(s), s.rng.randint(20, 60)
    ended(s, path, "<<<<<<< HEAD", f"add_filter('excerpt_length', fn () => {number});", "=======", f"add_filter('excerpt_length', fn () => {number + 5});", f">>>>>>> {s.rng.choice(('origin/main', 'feature/header', 'develop'))}")  # fmt: skip
    return Truth("wordpress-theme", path, (s.line_of(path, "<<<<<<< HEAD"),), ("php-parse-error",))


# --- well, for all that
@well((*PHP, "ovh"), "wordpress")
def drop_in_that_leads_nowhere(s: Scene) -> Truth:
    """A link into a plugin that was deleted: WordPress sees no file there and does without."""
    name, slug = s.rng.choice((("db.php", "query-watch"), ("object-cache.php", "redis-store"), ("advanced-cache.php", "page-store")))
    os.symlink(s.path(s.at(f"wp-content/plugins/{slug}/drop-ins/{name}")), s.path(s.at(f"wp-content/{name}")))
    return _WELL


@well(PHP, "wordpress")
def update_that_was_taken_back(s: Scene) -> Truth:
    """The new version failed for two minutes; then the old one was put back, and all is well."""
    slug = s.rng.choice(describe(s).plugins)
    path = s.path(plugin_file(s, slug, "includes/class-loader.php"))
    stamp = time.strftime("%d-%b-%Y %H:%M:%S UTC", time.gmtime(time.time() - s.rng.randint(240, 420)))
    line = f"[{stamp}] PHP Fatal error:  Uncaught Error: Class \"{class_of(slug)}_Loader\" not found in {path}:{s.rng.randint(9, 90)}\nStack trace:\n#0 {{main}}\n  thrown in {path} on line 9\n"  # fmt: skip
    s.write(s.at("wp-content/debug.log"), line * 3)
    for name, content in plugin(s.rng, slug).items():
        s.write(plugin_file(s, slug, name), content)
    s.folder(s.at("wp-content/upgrade-temp-backup/plugins"))
    return _WELL
