# ruff: noqa: E501 (a page stays on one line)
"""Who answers in a site's place: the pages of balancers, caches and networks, and those that only look like them."""

from __future__ import annotations

import pytest

from sites.probing.outcome import Kind
from sites.recognition.answer import Answer, Headers
from sites.recognition.intermediaries import BUSY, LATE, LIMITED, NOT_KNOWN, PHP_GONE, UNREACHABLE, speaker_of
from sites.signatures import classify

HTML = ("Content-Type", "text/html; charset=utf-8")
PLAIN = ("Content-Type", "text/plain; charset=utf-8")


def titled(title: str, body: str = "") -> str:
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"


_PAGES: list[tuple[str, str, int, Headers, str]] = [
    ("", LIMITED, 508, (HTML,), titled("508 Resource Limit Is Reached", "<p>The website is temporarily unable to service your request as it exceeded resource limit.</p>")),
    ("", LIMITED, 503, (HTML,), titled("Resource Limit Is Reached", "<p>Please try again later.</p>")),
    ("", LIMITED, 509, (HTML,), titled("509 Bandwidth Limit Exceeded", "<p>The server is temporarily unable to service your request due to the site owner reaching his/her bandwidth limit.</p>")),
    ("HAProxy", UNREACHABLE, 503, (HTML, ("Cache-Control", "no-cache")), "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>"),
    ("HAProxy", UNREACHABLE, 502, (HTML,), "<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>"),
    ("HAProxy", LATE, 504, (HTML,), "<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>"),
    ("Varnish", UNREACHABLE, 503, (HTML, ("Retry-After", "5")), titled("503 Backend fetch failed", "<p>Backend fetch failed</p><h3>Guru Meditation:</h3><p>XID: 77</p><hr><p>Varnish cache server</p>")),
    ("Fastly", LATE, 503, (HTML, ("X-Served-By", "cache-cdg-1")), titled("503 first byte timeout", "<p>first byte timeout</p><h3>Error 54113</h3><p>Varnish cache server</p>")),
    ("Fastly", NOT_KNOWN, 500, (HTML,), "<html><body><p>Fastly error: unknown domain: shop.example. Please check that this domain has been added to a service.</p></body></html>"),
    ("AWS Elastic Load Balancing", UNREACHABLE, 502, (HTML, ("Server", "awselb/2.0")), titled("502 Bad Gateway")),
    ("AWS Elastic Load Balancing", UNREACHABLE, 503, (HTML, ("Server", "awselb/2.0")), titled("503 Service Temporarily Unavailable")),
    ("AWS Elastic Load Balancing", LATE, 504, (HTML, ("server", "awselb/2.0")), titled("504 Gateway Time-out")),
    ("CloudFront", UNREACHABLE, 502, (HTML, ("X-Cache", "Error from cloudfront")), titled("ERROR: The request could not be satisfied", "<p>CloudFront wasn't able to connect to the origin.</p>")),
    ("CloudFront", LATE, 504, (HTML,), titled("ERROR: The request could not be satisfied", "<p>CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin closed the connection.</p>")),
    ("Cloudflare", UNREACHABLE, 502, (HTML, ("Server", "cloudflare")), titled("shop.example | 502: Bad gateway", "<p>Frankfurt Cloudflare Working</p><p>Cloudflare Ray ID: 8f1c</p>")),
    ("Cloudflare", LATE, 504, (PLAIN, ("Server", "cloudflare")), "error code: 504"),
    ("Imperva", UNREACHABLE, 503, (HTML,), "<html><body>Error code 20. The proxy failed to connect to the web server, due to TCP connection rejection. Incapsula incident ID: 1-2</body></html>"),
    ("Sucuri", LATE, 504, (HTML,), titled("Sucuri WebSite Firewall - Backend or gateway connection timeout")),
    ("Akamai", UNREACHABLE, 503, (HTML, ("Server", "AkamaiGHost")), titled("Service Unavailable - Fail to connect", "<p>The server is temporarily unable to service your request.</p>")),
    ("Akamai", UNREACHABLE, 503, (HTML,), "<html><body>An error occurred while processing your request.<p>Reference&#32;&#35;97&#46;8f</body></html>"),
    ("Azure Application Gateway", UNREACHABLE, 502, (HTML,), titled("502 Bad Gateway", "<hr><center>Microsoft-Azure-Application-Gateway/v2</center>")),
    ("Azure Front Door", UNREACHABLE, 503, (HTML,), "<html><body><h2>Our services aren't available right now</h2><p>We're working to restore all services as soon as possible.</p></body></html>"),
    ("Google's load balancer", UNREACHABLE, 502, (HTML,), titled("502 Server Error", "<h2>The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds.</h2>")),
    ("Envoy", UNREACHABLE, 503, (PLAIN,), "no healthy upstream"),
    ("Envoy", UNREACHABLE, 503, (PLAIN,), "upstream connect error or disconnect/reset before headers. reset reason: connection failure"),
    ("Envoy", LATE, 504, (PLAIN,), "upstream request timeout"),
    ("Traefik", UNREACHABLE, 503, (PLAIN,), "no available server\n"),
    ("Kubernetes", NOT_KNOWN, 404, (PLAIN,), "default backend - 404"),
    ("Caddy", UNREACHABLE, 502, (("Server", "Caddy"),), ""),
    ("Squid", UNREACHABLE, 503, (HTML, ("X-Squid-Error", "ERR_CONNECT_FAIL 111")), titled("ERROR: The requested URL could not be retrieved", "<p>Connection to 10.0.0.7 failed.</p>")),
    ("Traffic Server", UNREACHABLE, 502, (HTML, ("Server", "ATS/9.2.0")), titled("Could Not Connect")),
    ("NetScaler", UNREACHABLE, 503, (HTML,), "<html><body><b>Http/1.1 Service Unavailable</b></body> </html>"),
    ("Pound", UNREACHABLE, 503, (HTML,), "The service is not available. Please try again later."),
    ("IIS", UNREACHABLE, 503, (HTML, ("Server", "Microsoft-HTTPAPI/2.0")), "<HTML><HEAD><TITLE>Service Unavailable</TITLE></HEAD><BODY><h2>Service Unavailable</h2><hr><p>HTTP Error 503. The service is unavailable.</p></BODY></HTML>"),
    ("IIS", UNREACHABLE, 502, (HTML,), titled("502 - Web server received an invalid response while acting as a gateway or proxy server.")),
    ("Apache", UNREACHABLE, 502, (HTML,), titled("502 Proxy Error", "<p>The proxy server received an invalid response from an upstream server. The proxy server could not handle the request. Reason: Error reading from remote server</p>")),
    ("Apache", LATE, 504, (HTML,), titled("504 Gateway Timeout", "<p>The gateway did not receive a timely response from the upstream server or application.</p>")),
    ("LiteSpeed", PHP_GONE, 503, (HTML, ("Server", "LiteSpeed")), titled("503 Service Unavailable", "<p>The server is temporarily busy, try again later!</p>")),
    ("Phusion Passenger", BUSY, 503, (HTML,), titled("This website is under heavy load", "<p>We're sorry, too many people are accessing this website at the same time.</p>")),
    ("", UNREACHABLE, 503, (HTML,), titled("503 Service Unavailable", "<p>No healthy backend servers are available.</p>")),
    ("", UNREACHABLE, 502, (PLAIN,), "The origin server is unreachable"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "problem", "status", "headers", "body"), _PAGES)
def test_page_of_what_stands_in_front_names_it_and_what_became_of_the_request(
    name: str, problem: str, status: int, headers: Headers, body: str
) -> None:
    found = speaker_of(Answer(status, headers, body.encode()))
    assert found is not None and (found.name, found.problem) == (name, problem)
    if status in (502, 503, 504):
        waits = classify(status, (*headers, ("Retry-After", "5")), body.encode())
        assert waits.kind is Kind.GATEWAY_ERROR  # whatever it says of when to come back: nobody maintains anything


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (503, (HTML, ("Retry-After", "600")), titled("Maintenance", "<p>Our shop is being updated.</p>")),
        (503, (HTML, ("Server", "cloudflare")), titled("Closed", "<p>We are back in an hour.</p>")),
        (502, (HTML, ("Server", "nginx")), titled("502 Bad Gateway", "<hr><center>nginx</center>")),
        (503, (HTML, ("X-Powered-By", "PHP/8.2")), titled("Shop", "<p>The backend is down, our people look at it.</p>")),
        (200, (HTML,), titled("What “No server is available to handle this request” means")),
        (
            503,
            (HTML,),
            titled("Blog", "<p>No server is available to handle this request: what to do.</p>" + "<p>Much more is said here.</p>" * 40),
        ),
        (404, (HTML,), titled("404 Not Found", "<p>The requested URL was not found on this server.</p>")),
        (500, (HTML, ("Server", "Apache")), titled("500 Internal Server Error")),
    ],
)
def test_page_of_the_site_or_of_its_plain_web_server_is_nobodys_in_front(status: int, headers: Headers, body: str) -> None:
    assert speaker_of(Answer(status, headers, body.encode())) is None


def test_maintenance_of_the_site_stays_one() -> None:
    page = titled("Maintenance", "<p>Our shop is being updated, its backend as well.</p>").encode()
    assert classify(503, (HTML, ("Retry-After", "600")), page).kind is Kind.MAINTENANCE


@pytest.mark.parametrize(
    "said",
    [
        "Please check back again soon.", "We'll be right back shortly", "Wir sind bald wieder für Sie da", "Nous serons de retour très bientôt",
        "We are back on Monday",
    ],
)  # fmt: skip
def test_page_with_503_that_says_when_it_comes_back_is_a_maintenance(said: str) -> None:
    assert classify(503, (HTML,), titled("Flowers & more", f"<h1>Flowers & more</h1><p>{said}</p>").encode()).kind is Kind.MAINTENANCE


@pytest.mark.parametrize(
    "said", ["Please try again later.", "The server has too much to do. Please check back later.", "Resource limit is reached"]
)
def test_server_that_has_too_much_to_do_is_none(said: str) -> None:
    assert classify(503, (HTML,), titled("Flowers", f"<p>{said}</p>").encode()).kind is not Kind.MAINTENANCE
