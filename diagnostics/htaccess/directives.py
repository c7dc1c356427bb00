"""What is known of one directive, and which known one a misspelled word probably meant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from diagnostics.htaccess.directive_table import IN_HTACCESS, SERVER_ONLY
from diagnostics.htaccess.word_sets import word_set


@dataclass(frozen=True, slots=True)
class Directive:
    """`arguments` as in the table; `override` empty: not allowed in a `.htaccess`."""

    name: str
    module: str
    override: str
    arguments: str = "raw"


# Containers that may stand in a .htaccess, and those that may not.
SECTIONS = {
    section.lower(): Directive(section, module, override)
    for section, module, override in (
        ("Files", "core", "any"),
        ("FilesMatch", "core", "any"),
        ("If", "core", "any"),
        ("ElseIf", "core", "any"),
        ("Else", "core", "any"),
        ("IfModule", "core", "any"),
        ("IfDefine", "core", "any"),
        ("IfFile", "core", "any"),
        ("IfDirective", "core", "any"),
        ("IfSection", "core", "any"),
        ("IfVersion", "mod_version", "any"),
        ("Limit", "core", "AuthConfig/Limit"),
        ("LimitExcept", "core", "AuthConfig/Limit"),
        ("RequireAll", "mod_authz_core", "AuthConfig"),
        ("RequireAny", "mod_authz_core", "AuthConfig"),
        ("RequireNone", "mod_authz_core", "AuthConfig"),
        ("Macro", "mod_macro", "any"),
        ("LuaHookPreTranslateName", "mod_lua", "any"),
        ("LuaHookTranslateName", "mod_lua", "any"),
        ("LuaHookFixups", "mod_lua", "any"),
        ("LuaHookMapToStorage", "mod_lua", "any"),
        ("LuaHookCheckUserID", "mod_lua", "any"),
        ("LuaHookTypeChecker", "mod_lua", "any"),
        ("LuaHookAccessChecker", "mod_lua", "any"),
        ("LuaHookAuthChecker", "mod_lua", "any"),
        ("LuaQuickHandler", "mod_lua", "any"),
    )
}
SERVER_SECTIONS = {
    "directory": "core",
    "directorymatch": "core",
    "location": "core",
    "locationmatch": "core",
    "virtualhost": "core",
    "proxy": "mod_proxy",
    "proxymatch": "mod_proxy",
    "authnprovideralias": "mod_authn_core",
    "authzprovideralias": "mod_authz_core",
    "mdomain": "mod_md",
    "mdomainset": "mod_md",
}
CONDITIONAL = frozenset({"ifmodule", "ifdefine", "iffile", "ifversion", "ifdirective", "ifsection"})

# Directives of modules that do not come with Apache: real ones, known by how they begin.
FOREIGN_PREFIXES = {
    "php_": "mod_php",
    "suphp": "mod_suphp",
    "sec": "mod_security2",
    "modpagespeed": "mod_pagespeed",
    "mod_gzip": "mod_gzip",
    "passenger": "mod_passenger",
    "wsgi": "mod_wsgi",
    "perl": "mod_perl",
    "python": "mod_python",
    "geoip": "mod_geoip",
    "maxminddb": "mod_maxminddb",
    "dos": "mod_evasive20",
    "oidc": "mod_auth_openidc",
    "mellon": "mod_auth_mellon",
    "xsendfile": "mod_xsendfile",
    "litespeed": "LiteSpeed",
    "cachelookup": "LiteSpeed",
    "lsphp": "LiteSpeed",
    "jk": "mod_jk",
    "fastcgi": "mod_fastcgi",
    "brotlifilter": "mod_brotli",
    "shibboleth": "mod_shib",
    "shib": "mod_shib",
    "cas": "mod_auth_cas",
    "auth_mysql": "mod_auth_mysql",
    "authmysql": "mod_auth_mysql",
    "rpaf": "mod_rpaf",
}
_MIN_PREFIXED = {"sec": ("secrule", "secfilter", "secruleengine", "secaudit", "secrequest", "secresponse", "secupload", "sectmp")}
PHP_DIRECTIVES = frozenset({"php_value", "php_flag", "php_admin_value", "php_admin_flag"})
_PHP_CLASSES = {"php_value": "Options", "php_flag": "Options", "php_admin_value": "", "php_admin_flag": ""}  # sapi/apache2handler
ACCESS_22 = frozenset({"order", "allow", "deny", "satisfy"})
RESTRICTING = word_set(
    "require deny order allow satisfy authtype authname authuserfile authgroupfile authbasicprovider authdigestprovider "
    "sslrequiressl sslrequire allowmethods limitrequestbody requireall requireany requirenone limit limitexcept"
)  # fmt: skip


@cache
def directives() -> dict[str, Directive]:
    """Every directive of Apache's own modules, by its name in lower case."""
    known: dict[str, Directive] = {}
    for module, names in SERVER_ONLY.items():
        for name in names.split():
            known[name.lower()] = Directive(name, module, "")
    for (module, override), names in IN_HTACCESS.items():
        for entry in names.split():
            name, arguments = entry.rsplit(":", 1)
            known[name.lower()] = Directive(name, module, override, arguments)
    return known


def find_directive(name: str) -> Directive | None:
    """The directive of that name, of Apache's modules or of a well-known foreign one."""
    key = name.lower()
    if found := directives().get(key):
        return found
    for prefix, module in FOREIGN_PREFIXES.items():
        if not key.startswith(prefix):
            continue
        if prefix in _MIN_PREFIXED and not key.startswith(_MIN_PREFIXED[prefix]):
            continue
        if prefix in ("dos", "jk", "cas", "perl", "python") and len(key) < len(prefix) + 3:
            continue
        if prefix == "php_" and key not in PHP_DIRECTIVES:
            continue
        return Directive(name, module, _PHP_CLASSES.get(key, "any"))
    return None


@lru_cache(maxsize=4096)
def nearest(name: str) -> str:
    """The known directive this word is most probably a misspelling of, "" when none is near or two are equally near."""
    key = name.lower()
    allowed = 1 if len(key) <= 5 else 2 if len(key) <= 12 else 3
    best: list[tuple[int, str]] = []
    candidates = [(entry.name, entry.override) for entry in directives().values()] + [(php, "any") for php in PHP_DIRECTIVES]
    for candidate, override in candidates:
        if not override or abs(len(candidate) - len(key)) > allowed:
            continue
        distance = edit_distance(key, candidate.lower(), allowed)
        if distance <= allowed:
            best.append((distance, candidate))
    best.sort()
    if not best or (len(best) > 1 and best[0][0] == best[1][0]):
        return ""
    return best[0][1]


@lru_cache(maxsize=512)
def nearest_section(name: str) -> str:
    """The section this word is most probably a misspelling of, "" when none is near."""
    ranked = sorted((edit_distance(name.lower(), key, 2), entry.name) for key, entry in SECTIONS.items() if abs(len(key) - len(name)) <= 2)
    return ranked[0][1] if ranked and ranked[0][0] <= 2 else ""


def edit_distance(first: str, second: str, bound: int) -> int:
    """Letters to insert, drop, change or swap; more than `bound` is answered as `bound + 1`."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, left in enumerate(first, 1):
        current = [i]
        for j, right in enumerate(second, 1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (left != right))
            if i > 1 and j > 1 and left == second[j - 2] and first[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > bound:
            return bound + 1
        before, row = row, current
    return row[-1]
