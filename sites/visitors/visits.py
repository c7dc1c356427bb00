"""One failed request of a visitor, as an access log or the server itself tells it: cleaned, grouped, counted, never traced to a person."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from sites.probing.urls import TOKEN_PARAMETER
from sites.redaction import GONE, redact

PATH_LENGTH, KEY_LENGTH = 500, 300
UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class Visit:
    """A 5xx answer to a visitor. `who` is a salted hash of the shortened address, `count` how many alike within one minute."""

    at: datetime
    status: int
    path: str  # cleaned
    method: str = "GET"
    agent: str = ""  # a family, never the whole text
    who: str = ""
    request_id: str = ""
    count: int = 1
    junk: bool = False  # somebody who tries doors

    @property
    def key(self) -> str:
        return page_key(self.path)


@dataclass(frozen=True, slots=True)
class Threshold:
    """When a page that failed for visitors is more than a hiccup: one visitor who reloads twice, or two who met the same."""

    addresses: int = 2
    requests: int = 3
    window_s: float = 600.0
    lasting_s: float = 0.0  # from the first to the last of them, at least


# --- paths ------------------------------------------------------------------------------------------
# What follows such a word in a path is mostly a key that opens something: a link to set a new password, an invitation.
_OPENING = (
    r"(?:reset|password|passwd|token|invite|invitation|confirm|confirmation|activate|activation|verify|verification|unsubscribe|"
    r"magic|share|shared|key|apikey|secret)[\w-]{0,20}"
)
_OPENED = re.compile(rf"(/{_OPENING}/)((?=[^/]*\d)[^/]{{8,}})", re.IGNORECASE)
_SESSION = re.compile(r";(?:jsessionid|sid|phpsessid)=[^/?#]*", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}", re.IGNORECASE)
_TOKEN = re.compile(r"(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{24,}")
_NUMBER = re.compile(r"(?<![A-Za-z0-9])\d+(?![A-Za-z0-9])")


@lru_cache(maxsize=4096)
def clean_path(target: str) -> str:
    """The path of a request target (RFC 9112, section 3.2) without query, secrets and what is no text; "/" for none."""
    text = target.strip()[:4000]
    if "://" in text[:12]:
        try:
            text = urlsplit(text).path
        except ValueError:
            return "/"
    path = re.split(r"[?#]", text, maxsplit=1)[0]
    path = _SESSION.sub("", path)
    path = "".join(char if char.isprintable() and char != "\ufffd" else "?" for char in path)
    path = _OPENED.sub(rf"\1{GONE}", path)
    path = "/".join(redact(part) for part in path.split("/")[:60])
    return ("/" + path.lstrip("/"))[:PATH_LENGTH]


@lru_cache(maxsize=4096)
def page_key(path: str) -> str:
    """The page that a path belongs to: "/order/{n}" for "/order/17". Kept apart are only pages that differ by their words."""
    return "/".join(_grouped(part) for part in path.split("/"))[:KEY_LENGTH]


def _grouped(part: str) -> str:
    if _UUID.fullmatch(part) or _HEX.fullmatch(part) or _TOKEN.fullmatch(part):
        return "{id}"
    return _NUMBER.sub("{n}", _UUID.sub("{id}", part))


def below(path: str, base: str) -> str | None:
    """The path as seen from a site that lies at `base` ("/shop"); None when it does not belong to it."""
    base = base.rstrip("/")
    if not base:
        return path
    return (path[len(base) :] or "/") if path == base or path.startswith(base + "/") else None


_MOVING = re.compile(
    r"/(?:[\w-]*(?:log-?out|sign-?out|delete|remove|destroy|unsubscribe|confirm|activate|cancel|cron|install|upgrade|reset|wp-admin|"
    r"add-to-cart|checkout/(?:place|success))[\w.-]*)(?:/|$)",
    re.IGNORECASE,
)


def may_be_probed(path: str) -> bool:
    """Whether asking for this page again and again is harmless as far as its name tells: nothing is logged out, deleted or started."""
    return GONE not in path and "?" not in path and " " not in path and len(path) < KEY_LENGTH and not _MOVING.search(path)


# --- what is no visitor -----------------------------------------------------------------------------
_JUNK = re.compile(
    r"(?:/xmlrpc\.php|/wp-login\.php|/wlwmanifest\.xml|/\.(?:env|git|svn|aws|ssh|vscode|DS_Store)|/phpmyadmin|/pma/|/adminer|/phpunit|"
    r"eval-stdin|/boaform|/HNAP1|/actuator|/solr/|/cgi-bin/luci|/owa/|/autodiscover|/shell|/c99|/r57|/alfa|/wp-content/[^ ]*\.(?:sql|bak)"
    r"|/wp-config|\.(?:sql|bak|old|swp|tar|tgz|7z)$|\.\./|%2e%2e|\\x|/etc/passwd|[<>\"`]|\$\{)",
    re.IGNORECASE,
)
_SCANNER = re.compile(
    r"nikto|sqlmap|nuclei|zgrab|masscan|nmap|wpscan|acunetix|nessus|dirbuster|gobuster|ffuf|feroxbuster|openvas|censys|l9explore"
    r"|expanse|internet-measurement|netcraft",
    re.IGNORECASE,
)


def is_junk(path: str, agent: str = "") -> bool:
    """Whether this looks like somebody who tries doors: counted and shown, but nobody is woken for it. `agent` as it was sent."""
    return bool(_JUNK.search(path) or path.startswith("//") or _SCANNER.search(agent))


def is_ours(target: str, agent: str) -> bool:
    """Whether one of our own probes asked: by the name that it gives, or by its token."""
    return "Sitemend/" in agent or f"{TOKEN_PARAMETER}=" in target


# --- who, without knowing who -----------------------------------------------------------------------
def shortened(address: str) -> str:
    """The network of an address: the first 24 bits of IPv4, 48 of IPv6. Of a name its last two parts; empty for what is neither."""
    text = address.strip().strip("[]").partition("%")[0]
    if text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(text)
    except ValueError:
        return ".".join(text.lower().split(".")[-2:]) if "." in text else ""
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((int(parsed), 24 if parsed.version == 4 else 48), strict=False))


@lru_cache(maxsize=4096)
def who(address: str, salt: str) -> str:
    """By which visits of one network are known to be of one: useless without the installation's salt."""
    network = shortened(address)
    return hmac.new(salt.encode(), network.encode(), hashlib.sha256).hexdigest()[:10] if network else ""


_ROBOTS = re.compile(
    r"(Googlebot|bingbot|DuckDuckBot|YandexBot|Baiduspider|Applebot|AhrefsBot|SemrushBot|facebookexternalhit)", re.IGNORECASE
)
_ROBOT = re.compile(r"bot\b|bot/|externalhit|crawl|spider|slurp|monitor|uptime|scan|http-?client|feed|preview", re.IGNORECASE)
_TOOL = re.compile(r"^(curl|wget|python|go-http|java|okhttp|axios|node|php|ruby|perl|libwww|guzzle|postman|apache-)", re.IGNORECASE)
_BROWSERS = (
    ("Edge", re.compile(r"Edg(?:e|A|iOS)?/")),
    ("Opera", re.compile(r"OPR/|Opera")),
    ("Samsung Internet", re.compile(r"SamsungBrowser/")),
    ("Firefox", re.compile(r"Firefox/|FxiOS/")),
    ("Chrome", re.compile(r"Chrome/|CriOS/|Chromium/")),
    ("Safari", re.compile(r"Safari/|iPhone|iPad")),
)
_PHONE = re.compile(r"Mobile|Android|iPhone|iPad")


@lru_cache(maxsize=4096)
def agent_family(agent: str) -> str:
    """The kind of browser or program, as people know it: "Chrome (phone)", "Googlebot", "Tool"; UNNAMED for none."""
    text = agent.strip()[:1000]
    if not text or text == "-":
        return UNNAMED
    if known := _ROBOTS.search(text):
        return known.group(1)
    if _ROBOT.search(text):
        return "Robot"
    if _TOOL.match(text):
        return "Tool"
    for name, rule in _BROWSERS:
        if rule.search(text):
            return f"{name} (phone)" if _PHONE.search(text) else name
    return "Other"


def same_host(one: str, other: str) -> bool:
    """Whether two names mean one website: port, case and a leading "www." do not matter."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    name = name.strip().lower().rstrip(".")
    name = name.partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return name.removeprefix("www.")


def readable(path: str) -> str:
    """A path with its percent escapes of text opened, for people."""
    shown = unquote(path, errors="replace")
    return shown if shown.isprintable() and "\ufffd" not in shown else path


# --- more than a hiccup ------------------------------------------------------------------------------
Moment = tuple[float, str, int]  # seconds since 1970, who, how many


def crossed(moments: Iterable[Moment], threshold: Threshold, since: float = 0.0) -> float | None:
    """The moment at which so many failed within one window that it counts; None when they never did. Not before `since`."""
    window: list[Moment] = []
    for moment in sorted(moments):
        window.append(moment)
        while moment[0] - window[0][0] > threshold.window_s:
            window.pop(0)
        if moment[0] >= since and _is_enough(window, threshold):
            return moment[0]
    return None


def _is_enough(window: Sequence[Moment], threshold: Threshold) -> bool:
    named = {who for _at, who, _n in window if who}
    if window[-1][0] - window[0][0] < threshold.lasting_s:
        return False
    return len(named) >= threshold.addresses or sum(n for _at, _who, n in window) >= threshold.requests
