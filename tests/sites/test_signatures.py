from __future__ import annotations

import pytest

from sites.probing.outcome import Expectation, Kind
from sites.signatures import classify

HTML = (("Content-Type", "text/html; charset=utf-8"),)
PLAIN = (("Content-Type", "text/plain"),)
PAGE = "<!doctype html><html><head><title>Shop</title></head><body><h1>Welcome</h1><p>{}</p></body></html>"
NO_DECODER = (
    "Site error: the file <b>/home/a/www/x.php</b> requires the ionCube PHP Loader ioncube_loader_lin_8.2.so "
    "to be installed by the website operator."
)
PHP_FATAL = (
    "<br />\n<b>Fatal error</b>:  Uncaught Error: Call to undefined function shop_price() in "
    "/home/shop/www/wp-content/plugins/shop/shop.php:12\n"
    "Stack trace:\n#0 /home/shop/www/index.php(17): require()\n#1 {main}\n"
    "  thrown in <b>/home/shop/www/wp-content/plugins/shop/shop.php</b>"
    " on line <b>12</b><br />\n"
)
PHP_PARSE = '\nParse error: syntax error, unexpected token "}" in /home/shop/www/functions.php on line 40\n'
WP_FRAME = (
    '<!DOCTYPE html><html lang="en-US"><head><title>{title}</title><style type="text/css">html {{ background: #f1f1f1; }}</style></head>'
    '<body id="error-page"><div class="wp-die-message">{message}</div></body></html>'
)
WP_CRITICAL = WP_FRAME.format(
    title="WordPress &rsaquo; Error",
    message='<p>Hubo un fallo.</p><p><a href="https://wordpress.org/documentation/article/faq-troubleshooting/">Más información.</a></p>',
)
WP_DATABASE = WP_FRAME.format(title="Chyba databáze", message="<h1>Chyba při navazování spojení s databází</h1>")
WP_MAINTENANCE = WP_FRAME.format(title="Maintenance", message="Briefly unavailable for scheduled maintenance. Check back in a minute.")


def judged(status: int, body: str | bytes = PAGE, headers=HTML, **more):
    return classify(status, headers, body.encode() if isinstance(body, str) else body, **more)


BEGUN = "<!doctype html><html lang='en'><head><title>Bakery</title></head><body>"
WARNINGS = "".join(
    f"<br />\n<b>Warning</b>:  require(settings.{name}.php): Failed to open stream: No such file or directory in "
    "<b>/home/www-data/customers/shop/www/sites/default/settings.php</b> on line <b>8</b><br />\n"
    for name in ("live", "prod", "redis", "secret")
)
GENERATOR = '<meta name="generator" content="WordPress 6.5.2"></head>'
LINKS = "<link rel='stylesheet' href='/a.css'><link rel='icon' href='/i.png'>"
HEAD_ALONE = f"<!doctype html><html><head><meta charset='utf-8'><title>Bakery</title>{LINKS}"
EXCUSE = "<!doctype html><html><head><title>A club</title></head><body><h1>{}</h1><p>Our team has been informed.</p></body></html>"
BARE_CODE = (
    "/**\n * Members.\n *\n * @package Club\n */\n\nfunction member( $name ) {\n\t$found = find( $name );\n\treturn $found->first();\n}\n"
)


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "detail"),
    [
        (200, PAGE, HTML, Kind.OK, ""),
        (204, "", (), Kind.OK, ""),
        (200, "", (("Content-Type", "image/png"),), Kind.OK, ""),
        (200, "", (("Content-Type", "application/json"),), Kind.OK, ""),
        (200, "<body><script src='/app.js'></script></body>", HTML, Kind.OK, ""),
        (200, "", HTML, Kind.WHITE_PAGE, "empty"),
        (200, "", (), Kind.WHITE_PAGE, "empty"),
        (200, " \n\ufeff ", HTML, Kind.WHITE_PAGE, "empty"),
        (200, "<!DOCTYPE html><html><head></head><body>\n</body></html>", HTML, Kind.WHITE_PAGE, "empty"),
        (500, "", HTML, Kind.SERVER_ERROR, "http-500"),
        (500, PAGE, HTML, Kind.SERVER_ERROR, "http-500"),
        (501, PAGE, HTML, Kind.SERVER_ERROR, "http-501"),
        (508, PAGE, HTML, Kind.SERVER_ERROR, "http-508"),
        (599, PAGE, HTML, Kind.SERVER_ERROR, "http-599"),
        (502, PAGE, HTML, Kind.GATEWAY_ERROR, "http-502"),
        (503, PAGE, HTML, Kind.GATEWAY_ERROR, "http-503"),
        (504, "", (), Kind.GATEWAY_ERROR, "http-504"),
        (520, PAGE, HTML, Kind.GATEWAY_ERROR, "cdn-520"),
        (503, PAGE, (*HTML, ("Retry-After", "600")), Kind.MAINTENANCE, "maintenance"),
        (503, WP_MAINTENANCE, HTML, Kind.MAINTENANCE, "maintenance"),
        (503, "<title>Wartungsarbeiten</title>", HTML, Kind.MAINTENANCE, "maintenance"),
        (
            503,
            "<title>503 Backend fetch failed</title><h1>Error 503</h1><h3>Guru Meditation:</h3><p>XID: 3277</p>",
            (*HTML, ("Retry-After", "5")),
            Kind.GATEWAY_ERROR,
            "http-503",
        ),
        (500, WP_CRITICAL, HTML, Kind.FATAL_IN_BODY, "wordpress-critical-error"),
        (200, WP_CRITICAL, HTML, Kind.FATAL_IN_BODY, "wordpress-critical-error"),
        (500, WP_DATABASE, HTML, Kind.DATABASE_ERROR, "database"),
        (200, WP_DATABASE, HTML, Kind.DATABASE_ERROR, "database"),
        (500, "<h1>Erreur lors de la connexion à la base de données</h1>", HTML, Kind.DATABASE_ERROR, "database"),
        (200, "<h1>Error establishing a database connection</h1>", HTML, Kind.DATABASE_ERROR, "database"),
        (500, "Link to database cannot be established: SQLSTATE[HY000] [2002]", HTML, Kind.DATABASE_ERROR, "database"),
        (200, "Connection failed: Access denied for user 'shop'@'localhost' (using password: YES)", HTML, Kind.DATABASE_ERROR, "database"),
        (200, "<p>Verbindung fehlgeschlagen: Unknown database 'usr_web3'</p>", HTML, Kind.DATABASE_ERROR, "database"),
        (200, "Connection failed: No such file or directory", HTML, Kind.DATABASE_ERROR, "database"),
        (200, "Could not connect: Can't connect to MySQL server on 'db' (110)", HTML, Kind.DATABASE_ERROR, "database"),
        (200, "Error: SQLSTATE[HY000] [1049] Unknown database 'x'", HTML, Kind.DATABASE_ERROR, "database"),
        (
            200,
            PAGE.partition("</body>")[0] + "<ul>" + '<li><a href="/x">A page</a>' * 30 + "</ul>Connection failed: Connection refused",
            HTML,
            Kind.DATABASE_ERROR,
            "database",
        ),
        (200, PHP_FATAL, HTML, Kind.FATAL_IN_BODY, "php-fatal"),
        (200, "\ufeff<?php\necho 1;\n", HTML, Kind.UNEXPECTED, "php-source"),
        (200, "<?php echo 1;", (("Content-Type", "application/x-httpd-php"),), Kind.UNEXPECTED, "php-source"),
        (200, PAGE.replace("<p>", "<?php include 'numbers.inc'; echo date('Y'); ?><p>", 1), HTML, Kind.UNEXPECTED, "php-source"),
        (200, PAGE.replace("<p>", "<?= $x ?><p>", 1), (("Content-Type", "application/x-httpd-php5"),), Kind.UNEXPECTED, "php-source"),
        (200, PAGE.replace("<p>", "<?php x() ?><p>", 1), (("Content-Type", "application/x-httpd-php"),), Kind.UNEXPECTED, "php-source"),
        (200, PAGE, (("Content-Type", "application/x-httpd-php"),), Kind.OK, ""),
        (200, PAGE.replace("<p>", "<pre><?php echo date('Y'); ?></pre><p>", 1), HTML, Kind.OK, ""),
        (200, PAGE.replace("<p>", "<!-- <?php echo date('Y'); ?> --><p>", 1), HTML, Kind.OK, ""),
        (
            200,
            NO_DECODER,
            HTML,
            Kind.FATAL_IN_BODY,
            "php-no-decoder",
        ),
        (
            500,
            NO_DECODER,
            HTML,
            Kind.FATAL_IN_BODY,
            "php-no-decoder",
        ),
        (200, BEGUN + "<main><div class='entry'><p>Our week", HTML, Kind.TRUNCATED, "ends-early"),
        (200, BEGUN + "<main><div class='entry'><p>Our week</div></main>", HTML, Kind.OK, ""),  # end tags that may be left out
        (200, BEGUN + "<div><p>One forgotten end is an author's slip.", HTML, Kind.OK, ""),
        (200, BEGUN.replace("</head>", GENERATOR) + "<article><h2>Our week</h2>\n", HTML, Kind.TRUNCATED, "ends-early"),
        (200, BEGUN.replace("</head>", GENERATOR) + "<article><h2>Our week</h2></article>\n", HTML, Kind.OK, ""),
        (200, BEGUN.replace("</head>", GENERATOR) + "<h1>Our week</h1>\n<p class='sub'>", HTML, Kind.TRUNCATED, "ends-early"),
        (200, BEGUN.replace("</head>", GENERATOR) + "<h1>Our week</h1>\n<p>It was long.\n", HTML, Kind.OK, ""),
        (200, BEGUN + "<ul><li>Home</li></ul><h2>News</h2>\n<p>", HTML, Kind.TRUNCATED, "ends-early"),
        (200, BEGUN + "<h2>News</h2>Our week<p>is long<p>and full<p>", HTML, Kind.OK, ""),  # written in the nineties
        (200, BEGUN + "<svg viewBox='0 0 9 9'/><svg viewBox='0 0 9 9'/><p>Our week", HTML, Kind.OK, ""),
        (200, BEGUN + "<main><div><code-block>x</code-block></div></main><p>Our week", HTML, Kind.OK, ""),
        (200, BEGUN + "<h2>News</h2><em>", HTML, Kind.TRUNCATED, "ends-early"),
        (200, BEGUN + "<h2>News</h2>\n<p>Our week is <a href='/week", HTML, Kind.TRUNCATED, "ends-early"),
        (200, BEGUN + "<h2>News</h2>\n<p>Our week <b>is long</b><br />\n", HTML, Kind.OK, ""),
        (200, BEGUN + "<h2>News</h2>\n<p>Our week <b>is long</b><hr>\n", HTML, Kind.OK, ""),
        (200, BEGUN + "<h2>News</h2>\n<p>Less than < that", HTML, Kind.OK, ""),
        (200, BEGUN + "<h2>News</h2>\n<p>Our week<script>count()</script><!-- <p> -->", HTML, Kind.OK, ""),
        (200, BEGUN + "<div><div><pre></pre></div></div><!-- <div><div><div> -->", HTML, Kind.OK, ""),
        (200, BEGUN + "<script>write('<div><div>')</script>", HTML, Kind.OK, ""),
        (200, BEGUN + "<main><div><p>Our week</body>", HTML, Kind.OK, ""),
        (200, "<main><div><div><p>A part that a script asks for", HTML, Kind.OK, ""),
        (200, BEGUN + "<main><div>" + "x" * 262_144, HTML, Kind.OK, ""),  # no more of it was read
        (200, HEAD_ALONE, HTML, Kind.TRUNCATED, "ends-early"),
        (200, HEAD_ALONE + "<p>Words without an end tag.", HTML, Kind.OK, ""),
        (200, HEAD_ALONE + "<script>location.href = '/de/'</script>", HTML, Kind.OK, ""),
        (200, "<?\nfunction a() { }\n", HTML, Kind.UNEXPECTED, "php-short-tag"),
        (200, BARE_CODE + PAGE, HTML, Kind.UNEXPECTED, "php-no-tag"),
        (200, BARE_CODE, HTML, Kind.UNEXPECTED, "php-no-tag"),
        (200, EXCUSE.format("Sorry, something went wrong"), HTML, Kind.FATAL_IN_BODY, "excuse"),
        (200, EXCUSE.format("Oops! An unexpected error has occurred."), HTML, Kind.FATAL_IN_BODY, "excuse"),
        (200, EXCUSE.format("Es ist ein Fehler aufgetreten"), HTML, Kind.FATAL_IN_BODY, "excuse"),
        (200, BEGUN + "<h2>News</h2>\n<h3>" + EXCUSE.format("Sorry, something went wrong"), HTML, Kind.FATAL_IN_BODY, "excuse"),
        (200, BEGUN + "<h2>News</h2>\n<h3>" + EXCUSE.format("Something for everybody"), HTML, Kind.OK, ""),
        (200, BEGUN + "<pre>" + EXCUSE.format("Sorry, something went wrong") + "</pre><p>is what we saw.</body>", HTML, Kind.OK, ""),
        (200, BEGUN + "<iframe srcdoc='" + EXCUSE.format("Sorry, something went wrong") + "'></iframe></body>", HTML, Kind.OK, ""),
        (200, EXCUSE.format("Une erreur est survenue"), HTML, Kind.FATAL_IN_BODY, "excuse"),
        (
            200,
            EXCUSE.format("Error displaying the error page: Instantiation Error: x"),
            HTML,
            Kind.FATAL_IN_BODY,
            "joomla-error",
        ),
        (200, "<?xml-stylesheet href='a.css'?><html><body><p>A feed of our own, shown as a page.</p></body></html>", HTML, Kind.OK, ""),
        (200, "<?xml version='1.0'?><html><body><p>&lt;?php echo 1;</p></body></html>", HTML, Kind.OK, ""),
        (500, PHP_FATAL, HTML, Kind.FATAL_IN_BODY, "php-fatal"),
        (200, PHP_PARSE, HTML, Kind.FATAL_IN_BODY, "php-fatal"),
        (200, PHP_PARSE, PLAIN, Kind.FATAL_IN_BODY, "php-fatal"),
        (200, PAGE.removesuffix("</body></html>") + PHP_FATAL, HTML, Kind.FATAL_IN_BODY, "php-fatal"),
        (200, PHP_FATAL + WP_CRITICAL, HTML, Kind.FATAL_IN_BODY, "php-fatal"),
        (
            200,
            "<br />\n<b>Warning</b>:  Undefined x in <b>/a.php</b> on line <b>3</b><br />\n" + PHP_FATAL,
            HTML,
            Kind.FATAL_IN_BODY,
            "php-fatal",
        ),
        (500, "The website encountered an unexpected error. Please try again later.", HTML, Kind.FATAL_IN_BODY, "drupal-error"),
        (200, WARNINGS + "The website encountered an unexpected error. Try again later.", HTML, Kind.FATAL_IN_BODY, "drupal-error"),
        (200, WARNINGS + "<html><body><p>Open every day.</p></body></html>", HTML, Kind.OK, ""),
        (404, PAGE, HTML, Kind.CLIENT_ERROR, "http-404"),
        (403, "<title>403 Forbidden</title><h1>Forbidden</h1>", HTML, Kind.CLIENT_ERROR, "http-403"),
        (401, PAGE, HTML, Kind.CLIENT_ERROR, "http-401"),
        (429, PAGE, HTML, Kind.BLOCKED, "too-many-requests"),
        (403, "<title>Attention Required! | Cloudflare</title>", HTML, Kind.BLOCKED, "firewall"),
        (503, "<title>Just a moment...</title>", (*HTML, ("cf-mitigated", "challenge")), Kind.BLOCKED, "firewall"),
        (403, "<title>Sucuri WebSite Firewall - Access Denied</title>", HTML, Kind.BLOCKED, "firewall"),
        (403, "<h1>Forbidden</h1><p>Your IP 192.0.2.7 has been banned.</p>", HTML, Kind.BLOCKED, "firewall"),
        (403, "<p>Votre adresse IP a été bannie</p>", HTML, Kind.BLOCKED, "firewall"),
        (
            406,
            "<h1>Not Acceptable!</h1><p>An appropriate representation of the requested resource could not be found on this server. "
            "This error was generated by Mod_Security.</p>",
            HTML,
            Kind.BLOCKED,
            "firewall",
        ),
        (
            200,
            "<title>Account Suspended</title><p>This Account has been suspended. Contact your hosting provider</p>",
            HTML,
            Kind.SUSPENDED,
            "suspended",
        ),
        (200, "<script src='https://img.sedoparking.com/a.js'></script>", HTML, Kind.SUSPENDED, "suspended"),
        (304, "", (), Kind.UNEXPECTED, "status"),
        (302, "", HTML, Kind.UNEXPECTED, "status"),
    ],
)
def test_kind_of_an_answer(status, body, headers, kind, detail):
    found = judged(status, body, headers)
    assert (found.kind, found.detail) == (kind, detail)
    assert bool(found.message) == (kind is not Kind.OK)


ARTICLE = "<p>When PHP stops, visitors read a line such as the one below, and the whole page ends there. </p>" * 40


@pytest.mark.parametrize(
    "body",
    [
        PAGE.format(f"Quoted: <pre>{PHP_FATAL}</pre>"),
        PAGE.format(f"Quoted: <code>{PHP_FATAL}</code>"),
        PAGE.format(f"<textarea>{PHP_PARSE}</textarea>"),
        PAGE.format(f"<!-- {PHP_FATAL} -->"),
        PAGE.format("&lt;b&gt;Fatal error&lt;/b&gt;:  Uncaught x in &lt;b&gt;/a.php&lt;/b&gt; on line &lt;b&gt;3&lt;/b&gt;"),
        PAGE.format("Fatal error: Uncaught Error: x in /a.php on line 3"),
        PAGE.format(f"{ARTICLE}\nFatal error: Uncaught Error: x in /a.php on line 3\n{ARTICLE}"),
        PAGE.format(f"How to mend <b>Fatal error</b>:  Uncaught x in <b>/a.php</b> on line <b>3</b>: {ARTICLE}"),
        PAGE.format("How to repair “Error establishing a database connection” in WordPress. " + ARTICLE),
        PAGE.format("How to repair “Error establishing a database connection”"),
        EXCUSE.format("Sorry, something went wrong with your order? Write to us") + "<form action=/x><input name=a></form>",
        EXCUSE.format("Something went wrong, and other songs") + ARTICLE,
        EXCUSE.format("The error of Captain Ames: an error occurred at sea"),
        "/* the page of Ann */ <h1>Ann</h1><p>Prices: $5, $7 and $9</p>" + ARTICLE,
        PAGE.format("Connection failed: Access denied for user 'me'@'localhost' is what MySQL says when a password is wrong. " + ARTICLE),
        PAGE.format(ARTICLE + "<p>Connection failed: Connection refused</p>"),
        "<p>Our connections: no such file or directory of trains is as complete as this one, says the operator of the line. " * 5,
        PAGE.format("There has been a critical error on this website: what now? " + ARTICLE),
        PAGE.format("<h2>500 Internal Server Error</h2> and <h2>503 Service Unavailable</h2> explained. " + ARTICLE),
        PAGE.format("Your IP has been banned? This account has been suspended? Site under construction? " + ARTICLE),
        PAGE.format('We use <a href="https://wordpress.org/documentation/article/faq-troubleshooting/">this guide</a>'),
        "<title>Site under construction</title><h1>Marbles by hand</h1>" + ARTICLE,
    ],
)
def test_page_about_errors_is_none(body):
    assert judged(200, body).kind is Kind.OK


def test_wordpress_refusal_is_a_client_error():
    body = WP_FRAME.format(title="Error", message="<p>Sorry, you are not allowed to do that.</p>")
    assert judged(403, body).kind is Kind.CLIENT_ERROR


def test_suspension_is_known_by_the_path_it_redirects_to():
    assert judged(200, PAGE, url="https://shop.example/cgi-sys/suspendedpage.cgi").kind is Kind.SUSPENDED


def test_cut_off_answer_is_truncated_but_an_error_stays_one():
    assert judged(200, PAGE, complete=False).kind is Kind.TRUNCATED
    assert judged(200, "", complete=False).kind is Kind.TRUNCATED
    assert judged(500, PAGE, complete=False).kind is Kind.SERVER_ERROR
    assert judged(200, PHP_FATAL, complete=False).kind is Kind.FATAL_IN_BODY


@pytest.mark.parametrize(
    ("body", "is_whole"),
    [
        (BEGUN + "<article><h2>Our week</h2></article>\n", False),
        (BEGUN + "<article><h2>Our week</h2></article></body>", True),
        (BEGUN + "<article><h2>Our week</h2></article></body></HTML>\n<!-- 0.2 s -->", True),
        ("<!doctype html><html><title>Shop</title><p>What may be left out is left out by a minifier: all of it.", True),
        ("<main><p>A part that a script asks for", True),
    ],
)
def test_page_that_ended_with_its_last_tag_breaks_off_without_it(body: str, is_whole: bool):
    found = judged(200, body, headers=HTML, expectation=Expectation(ends=True))
    assert (found.kind, found.detail) == ((Kind.OK, "") if is_whole else (Kind.TRUNCATED, "end-missing"))
    assert judged(200, body, headers=HTML).kind is Kind.OK, "nobody knows how it ended before"


def test_expectation_of_words():
    def found(**expected):
        return judged(200, "<h1>Caf&eacute; &amp; <b>Bar</b></h1>", expectation=Expectation(**expected))

    assert found(must_contain=("Café & Bar",)).kind is Kind.OK
    assert found(must_contain=("<b>Bar</b>",)).kind is Kind.OK
    assert found(must_contain=("Bistro",)).detail == "words-missing"
    assert found(must_not_contain=("Bar",)).detail == "words-forbidden"
    assert found(must_not_contain=("Casino",)).kind is Kind.OK


def test_expectation_of_a_status():
    def found(status):
        return judged(status, PAGE, expectation=Expectation(statuses=frozenset({401, 503})))

    assert [found(status).kind for status in (401, 503)] == [Kind.OK, Kind.OK]
    assert (found(200).kind, found(200).detail) == (Kind.UNEXPECTED, "status")
    assert found(500).kind is Kind.SERVER_ERROR
    assert found(404).kind is Kind.CLIENT_ERROR


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ((("X-Request-Id", "7f-1"),), "request ID: ABC-123", "7f-1"),
        ((), "<p>Server logs contain details of this error with request ID: ABC-123.</p>", "ABC-123"),
        ((), "<p>Les détails sont dans les journaux avec l'identifiant de requête&nbsp;: ABC-123.</p>", "ABC-123"),
        ((("CF-Ray", "8c1-CDG"),), "Error reference number: 12.ab.7", "12.ab.7"),
        ((("CF-Ray", "8c1-CDG"),), "", "8c1-CDG"),
        ((("X-IPLB-Request-ID", "C0A8:1F90_1"),), "", "C0A8:1F90_1"),
        ((("X-OVH-Queryid", "EU.ext-3.67"),), "", "EU.ext-3.67"),
        ((), "The request ID was not recorded.", ""),
    ],
)
def test_request_id_of_a_failure(headers, body, expected):
    assert judged(500, body, (*HTML, *headers)).request_id == expected


def test_excerpt_is_the_title_and_the_text_without_markup():
    found = judged(500, "<title>Oh &amp; no</title><style>b{}</style><script>x()</script><h1>It\x07 <i>broke</i></h1>" + "long " * 200)
    assert found.excerpt.startswith("Oh & no: It broke long long")
    assert len(found.excerpt) <= 300


def test_excerpt_of_a_fatal_is_its_message_wherever_it_stands():
    found = judged(200, PAGE.format("word " * 500).removesuffix("</body></html>") + PHP_FATAL)
    assert found.excerpt.startswith("Fatal error : Uncaught Error: Call to undefined function shop_price()")


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "utf-16", "rot13", "hex", "no-such", "undefined"])
def test_any_charset_is_survived(charset):
    found = classify(500, (("Content-Type", f"text/html; charset={charset}"),), "<h1>Défaut</h1>".encode("latin-1"))
    assert found.kind is Kind.SERVER_ERROR


@pytest.mark.parametrize(
    "piece", ["<", "<script", "<!--", "<pre>", "<b>Fatal error</b>: ", "\nFatal error: ", "<title>", "&", "request id ", "<a "]
)
def test_hostile_body_is_judged_in_little_time(piece):
    import time

    started = time.process_time()
    judged(500, (piece * (256 * 1024 // len(piece)))[: 256 * 1024])
    assert time.process_time() - started < 2.0


def test_fatal_in_the_place_of_json_is_one():
    assert judged(200, PHP_FATAL, (("Content-Type", "application/json"),)).kind is Kind.FATAL_IN_BODY
    assert judged(200, '{"said": "\\nFatal error: x in /a.php on line 3\\n"}', (("Content-Type", "application/json"),)).kind is Kind.OK


def test_menu_of_a_page_tells_it_from_a_host_s():
    said = "<title>Account Suspended</title><p>This account has been suspended. Contact your hosting provider.</p>"
    menu = '<a href="/shop/">Shop</a><a href="/journal/">Journal</a><a href="/about/">About</a>'
    assert judged(200, said).kind is Kind.SUSPENDED
    assert judged(200, menu + said).kind is Kind.OK


def test_byte_order_mark_counts_more_than_what_is_declared():
    assert judged(500, WP_CRITICAL.encode("utf-16"), HTML).detail == "wordpress-critical-error"
