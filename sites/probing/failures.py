"""What went wrong on the wire, in a stable code and a plain sentence."""

from __future__ import annotations

import pycurl

from sites.probing.outcome import Kind
from sites.texts import mark as _

Failure = tuple[Kind, str, str]  # kind, detail, message

MESSAGES: dict[str, str] = {
    "bad-url": _("The address of the page cannot be asked for."),
    "bad-header": _("One of the page's own request headers cannot be sent."),
    "address-refused": _("The name leads to an address inside a private or reserved network, which is not contacted."),
    "redirect-refused": _("The page redirects to an address that is not contacted."),
    "dns": _("The name of the site could not be looked up."),
    "refused": _("The server refused the connection: nothing listens on that port."),
    "unreachable": _("There is no way to the server at the moment."),
    "connect-timeout": _("The server did not accept the connection in time."),
    "timeout": _("The page was not complete within the time limit."),
    "tls-expired": _("The site's certificate has expired."),
    "tls-name": _("The site's certificate is for another name."),
    "tls-untrusted": _("The site's certificate was not issued by an authority that browsers trust, or the chain is incomplete."),
    "tls": _("No secure connection could be made."),
    "empty": _("The server closed the connection without an answer."),
    "reset": _("The connection broke off before the answer."),
    "protocol": _("What the server sent is not HTTP."),
    "encoding": _("The page says that it is compressed, but cannot be unpacked."),
    "headers-too-large": _("The server's answer has too many headers."),
    "too-many-redirects": _("The page redirects again and again without an end."),
    "cut-off": _("The answer was cut off before its end."),
    "internal": _("The probe could not be made."),
}

_BY_ERROR: dict[int, str] = {
    pycurl.E_UNSUPPORTED_PROTOCOL: "protocol",
    pycurl.E_URL_MALFORMAT: "bad-url",
    pycurl.E_COULDNT_RESOLVE_HOST: "dns",
    pycurl.E_COULDNT_CONNECT: "refused",
    pycurl.E_GOT_NOTHING: "empty",
    pycurl.E_SEND_ERROR: "reset",
    pycurl.E_RECV_ERROR: "reset",
    pycurl.E_PARTIAL_FILE: "cut-off",
    pycurl.E_BAD_CONTENT_ENCODING: "encoding",
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_SSL_CIPHER: "tls",
    8: "protocol",  # CURLE_WEIRD_SERVER_REPLY
    pycurl.E_HTTP2: "protocol",
    92: "protocol",  # CURLE_HTTP2_STREAM
    100: "headers-too-large",  # CURLE_TOO_LARGE
}
_HAS_EXPIRED = frozenset({10, 12})  # OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CRL_HAS_EXPIRED


def failure(detail: str) -> Failure:
    """The failure of that code, as a page without an answer has it."""
    kind = {"too-many-redirects": Kind.REDIRECT_LOOP, "cut-off": Kind.TRUNCATED}.get(detail, Kind.UNREACHABLE)
    return kind, detail, MESSAGES[detail]


def detail_of_error(error: int, text: str, *, verify_result: int, connected: bool) -> str:
    """The code for libcurl's error; how far the connection came tells the time-outs apart."""
    if error == pycurl.E_OPERATION_TIMEDOUT:
        return "timeout" if connected else "connect-timeout"
    if error == pycurl.E_PEER_FAILED_VERIFICATION:
        return _tls_detail(text.lower(), verify_result)
    if error == pycurl.E_COULDNT_CONNECT and "refused" not in text.lower():
        return "unreachable" if any(word in text.lower() for word in ("no route", "unreachable")) else "refused"
    return _BY_ERROR.get(error, "internal")


def _tls_detail(text: str, verify_result: int) -> str:
    if verify_result in _HAS_EXPIRED or "expired" in text:
        return "tls-expired"
    if "subject name" in text or "does not match" in text or "hostname mismatch" in text:
        return "tls-name"
    return "tls-untrusted"
