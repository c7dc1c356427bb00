# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: what the host does, and what stands before it; services that do not answer."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from tests.lab import words
from tests.lab.cases.base import Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.clubs_and_shops import club_page
from tests.lab.sites.php_site import php
from tests.lab.stack.front import Answer

_SAYS = {
    502: "Bad Gateway",
    504: "Gateway Time-out",
    520: "Web server is returning an unknown error",
    521: "Web server is down",
    522: "Connection timed out",
}


@case(("cdn",), "static", "php", "joomla", "opencart", "wordpress")
def content_network_cannot_reach_the_host(s: Scene) -> Truth:
    """Every address, pictures as well: what stands before the site says so in its own words."""
    status = s.rng.choice((502, 504, 520, 521, 522, 522))
    mark = f"{s.rng.randrange(16**16):016x}"
    text = (
        f"<!DOCTYPE html><html><head><title>shop.example | {status}: {_SAYS[status]}</title></head><body><h1>Error code {status}</h1><p>{_SAYS[status]}</p>"
        f"<p>You: Working. Network: Working. Host: Error.</p><p>The origin web server did not answer as it should. Ray ID: {mark}</p></body></html>"
    )
    headers = {"Server": "cloudflare", "CF-RAY": f"{mark}-CDG", "Cache-Control": "private, no-store"}
    s.front(lambda _path, _headers: Answer(status, text, headers))
    cause = "upstream-timeout" if status in (504, 522) else "upstream-bad-gateway"
    return Truth(cause, statuses=(status,))


@case(("fronted",), "joomla", "prestashop", "club", "php")
def proxy_of_the_host_gets_no_answer_for_scripts(s: Scene) -> Truth:
    """Pictures and texts come, no script does, and none of the requests arrives in the site's own log."""
    status = s.rng.choice((502, 502, 504))
    s.keep(s.at("robots.txt"), "User-agent: *\nDisallow:\n")
    s.keep(s.at("css/site.css"), "body { margin: 2em; font-family: serif }\n" * 4)
    text = f"<html>\r\n<head><title>{status} {_SAYS[status]}</title></head>\r\n<body>\r\n<center><h1>{status} {_SAYS[status]}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

    def rule(path: str, _headers: Mapping[str, str]) -> Answer | None:
        last = path.partition("?")[0].rpartition("/")[2]
        return Answer(status, text, {"Server": "nginx"}) if last.endswith(".php") or "." not in last else None

    s.front(rule)
    return Truth("upstream-timeout" if status == 504 else "upstream-bad-gateway", statuses=(status,))


@case(("dead",), "static")
def form_of_a_static_site_while_php_is_down(s: Scene) -> Truth:
    """Nothing but the form and the counter are made in PHP; the pages answer."""
    name, word = s.rng.choice((("contact", "Contact"), ("kontakt", "Kontakt"), ("formmail", "Write to us"), ("anmeldung", "Anmeldung")))
    form = '<form method="post"><input name="mail"><textarea name="text"></textarea><button>Send</button></form>'
    s.keep(s.at(f"{name}.php"), php(
        "if ($_SERVER['REQUEST_METHOD'] === 'POST') {", "    mail('office@example.org', 'From the site', strip_tags($_POST['text'] ?? ''));", "}", "?>") + words.html(s.rng, word, form))  # fmt: skip
    s.keep(s.at("counter.php"), php("header('Content-Type: text/plain');", "echo filesize(__FILE__);"))
    return Truth("php-service-down", page=f"/{name}.php", statuses=(503,))


@case(("strict",), "club")
def service_asked_by_one_page_never_answers(s: Scene) -> Truth:
    """It takes the call and says nothing; the host ends what takes too long. The other pages answer."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    s.afterwards(listener.close)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/{s.rng.choice(('v1/today', 'rates', 'api/weather', 'feed'))}.json"
    name = s.rng.choice(("weather", "rates", "tides", "kurse"))
    asking = s.rng.choice((f"$answer = file_get_contents('{url}');", f"$lines = file('{url}');", f"$handle = fopen('{url}', 'r');"))
    s.keep(s.at(f"{name}.php"), club_page(s, name.capitalize(), [f"// {s.rng.choice(words.SENTENCES[:5])}", asking]))
    path = s.at(f"{name}.php")
    return Truth(
        "script-too-slow", path, (s.line_of(path, asking),), ("php-process-crash",), page=f"/{name}.php", statuses=(500, 502, 503, 504)
    )
