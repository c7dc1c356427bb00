"""Under which address a folder is probably served: told by settings, rules and names. Nothing else of those files leaves this module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from sites.texts import mark as _


def words(text: str) -> frozenset[str]:
    """The words of a text, each once."""
    return frozenset(text.split())


LONGEST = 300
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST = re.compile(rf"(?:{_LABEL}\.){{1,8}}[^\W\d_]{{2,24}}")
_PATH = re.compile(r"/[A-Za-z0-9._~/-]{0,200}")
_NO_DOMAIN = words(
    "php html htm txt zip bak old orig tmp new save copy tar gz tgz bz2 sql log logs js css conf cnf ini git svn json xml yml yaml md "
    "local test invalid localhost lock dist sh pl py rb phar swp cache off disabled backup"
)
# A text that is never closed ends with the file: else each quote in it would be tried as a beginning.
_PHP_COMMENT = re.compile(r"('(?:\\.|[^'\\])*+(?:'|\\?\Z)|\"(?:\\.|[^\"\\])*+(?:\"|\\?\Z))|/\*.*?(?:\*/|\Z)|//[^\n]*|#[^\n]*", re.DOTALL)

_SETTINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"define\(\s*['\"](?:WP_HOME|WP_SITEURL|DOMAIN_CURRENT_SITE)['\"]\s*,\s*['\"]([^'\"]{4,300})['\"]"), _("wp-config.php")),
    (re.compile(r"\$live_site\s*=\s*['\"]([^'\"]{4,300})['\"]"), _("configuration.php")),
    (re.compile(r"\$base_url\s*=\s*['\"]([^'\"]{4,300})['\"]"), _("settings.php")),
    (re.compile(r"'base_url'\s*=>\s*'([^']{4,300})'"), _("env.php")),
)
_ENV = re.compile(r"^[ \t]*(?:export[ \t]+)?(?:WP_HOME|WP_SITEURL|APP_URL|DEFAULT_URI)[ \t]*=[ \t]*['\"]?([^\s'\"#]{4,300})", re.MULTILINE)
_YAML = re.compile(r"^base:[ \t]*['\"]?(https?://[^\s'\"]{4,300})", re.MULTILINE)
_TRUSTED = re.compile(r"trusted_host_patterns'\]\s*=\s*(?:\[|array\()([^;]{0,2000});")
_QUOTED = re.compile(r"'([^']{4,200})'")
_RULE_HOST = re.compile(r"^[ \t]*RewriteCond[ \t]+\"?%\{HTTP_HOST\}\"?[ \t]+\"?!?(\S{4,200}?)\"?(?:[ \t]|$)", re.MULTILINE | re.IGNORECASE)
_RULE_TARGET = re.compile(
    r"^[ \t]*(?:RewriteRule|Redirect(?:Permanent|Match)?)[ \t][^\n]{0,300}?[ \t\"](https?://[^\s\"'$%]{4,300})",
    re.MULTILINE | re.IGNORECASE,
)
_PRESTASHOP = re.compile(r"^#[ \t]*Domain:[ \t]*(\S{4,200})", re.MULTILINE)
_SITEMAP = re.compile(r"^[ \t]*Sitemap:[ \t]*(https?://\S{4,300})", re.MULTILINE | re.IGNORECASE)
_CANONICAL = re.compile(r"<link[^>]{0,200}?\brel=[\"']?canonical[\"']?[^>]{0,200}?\bhref=[\"'](https?://[^\"'>]{4,300})", re.IGNORECASE)
_OG_URL = re.compile(r"<meta[^>]{0,200}?\bproperty=[\"']og:url[\"'][^>]{0,200}?\bcontent=[\"'](https?://[^\"'>]{4,300})", re.IGNORECASE)
_LOG_ENDS = re.compile(r"(?:[-_.](?:ssl|access|error))*(?:[-_.]logs?)?(?:-\w{3}-\d{4})?(?:\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address with what names it."""

    url: str
    why: str


def in_settings(text: str, kind: str) -> Iterator[Candidate]:
    """Addresses that a settings file lays down. `kind`: how the file ends, "php", "env" or "yaml"."""
    if kind == "php":
        text = _PHP_COMMENT.sub(lambda match: match[1] or "", text)
        for pattern, why in _SETTINGS:
            yield from _given(pattern.findall(text), why)
        for part in _TRUSTED.findall(text):
            yield from _given(filter(None, map(host_of_pattern, _QUOTED.findall(part))), _("settings.php"))
    elif kind == "yaml":
        yield from _given(_YAML.findall(text), _("config.yaml"))
    else:
        yield from _given(_ENV.findall(text), _(".env"))


def in_rules(text: str) -> Iterator[Candidate]:
    """Addresses that an .htaccess file redirects to or asks for."""
    yield from _given(_PRESTASHOP.findall(text), _(".htaccess"))
    yield from _given((_site_of(target) for target in _RULE_TARGET.findall(text)), _(".htaccess"))
    yield from _given(filter(None, map(host_of_pattern, _RULE_HOST.findall(text))), _(".htaccess"))


def in_robots(text: str) -> Iterator[Candidate]:
    """The site whose sitemap a robots.txt names."""
    yield from _given((_site_of(url) for url in _SITEMAP.findall(text)), _("robots.txt"))


def in_page(text: str) -> Iterator[Candidate]:
    """The address that a page calls its own, at its beginning."""
    text = text[:32_768]
    yield from _given((*_CANONICAL.findall(text)[:1], *_OG_URL.findall(text)[:1]), _("its first page"))


def in_path(parts: Iterable[str], usual: Iterable[str]) -> Iterator[Candidate]:
    """Addresses that the folders above a docroot name, the nearest first. `parts`: below the home; `usual`: names of docroots."""
    folders, plain = list(parts), {*usual, "subdomains", "domains", "current", "html", "pub"}
    for place in range(len(folders) - 1, -1, -1):
        domain = domain_of(folders[place])
        if not domain:
            continue
        rest = [folder for folder in folders[place + 1 :] if folder not in plain]
        yield from below(f"https://{domain}/", rest, _("the name of its folder"))
        return


def below(address: str, folders: list[str], why: str) -> Iterator[Candidate]:
    """What a folder below a docroot may be served as: a path of that site, or a name below its domain."""
    path = "/".join(folders)
    yield from _given([f"{address.rstrip('/')}/{path}/" if path else address], why)
    host = urlsplit(address).hostname or ""
    if len(folders) == 1 and re.fullmatch(_LABEL, folders[0]):
        yield from _given([f"https://{folders[0].lower()}.{host.removeprefix('www.')}/"], why)


def in_log_name(name: str) -> str:
    """The domain that the name of a log or of a folder for mail bears, empty for none."""
    return domain_of(_LOG_ENDS.sub("", name))


def domain_of(name: str) -> str:
    """The name itself in lower case if it looks like a domain, else empty."""
    name = name.lower()
    return name if _HOST.fullmatch(name) and name.rpartition(".")[2] not in _NO_DOMAIN else ""


def host_of_pattern(pattern: str) -> str:
    r"""The one domain that a pattern such as `^(www\.)?example\.org$` stands for, empty when it stands for more."""
    plain = re.sub(r"^\^?(?:\((?:\?:)?www\\?\.\)\?)?", "", pattern.strip()).removesuffix("$").removesuffix("(:[0-9]+)?")
    return domain_of(plain.replace("\\.", ".").replace("\\-", "-"))


def normal(text: str) -> str:
    """An address that can be registered, without what does not belong there; empty when it is none. Never with a user or password."""
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or "@" in parts.netloc or not _HOST.fullmatch(host):
        return ""
    path = re.sub(r"/(?:index\.php|index\.html?)$", "/", parts.path) or "/"
    if not _PATH.fullmatch(path) or ".." in path:
        return ""
    found = f"{parts.scheme.lower()}://{host}{f':{port}' if port else ''}{path.rstrip('/')}/"
    return found if len(found) <= LONGEST else ""


def _site_of(url: str) -> str:
    """Only scheme and host: what follows is a page of it."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.partition('/')[0]}/"


def _given(found: Iterable[str], why: str) -> Iterator[Candidate]:
    for text in found:
        url = normal(text)
        if url:
            yield Candidate(url, why)
