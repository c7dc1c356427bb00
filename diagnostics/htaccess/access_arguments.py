"""The arguments of what lets visitors in or keeps them out: Require, Order, Allow, Deny, the providers of passwords."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence

from diagnostics.htaccess.complaints import Complaint, bad, bad_expression
from diagnostics.htaccess.parser import Line, first_word
from diagnostics.htaccess.server import ServerKnowledge
from diagnostics.htaccess.word_sets import word_set

METHODS = word_set(
    "GET HEAD PUT POST DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK VERSION-CONTROL CHECKOUT "
    "UNCHECKOUT CHECKIN UPDATE LABEL REPORT MKWORKSPACE MKACTIVITY BASELINE-CONTROL MERGE"
)
# What may stand behind Require, and the module that brings it.
_PROVIDERS = {
    "all": "mod_authz_core", "env": "mod_authz_core", "method": "mod_authz_core", "expr": "mod_authz_core",
    "user": "mod_authz_user", "valid-user": "mod_authz_user", "group": "mod_authz_groupfile",
    "ip": "mod_authz_host", "host": "mod_authz_host", "forward-dns": "mod_authz_host", "local": "mod_authz_host",
    "file-owner": "mod_authz_owner", "file-group": "mod_authz_owner", "dbm-group": "mod_authz_dbm",
    "dbm-file-group": "mod_authz_dbm", "dbd-group": "mod_authz_dbd", "dbd-login": "mod_authz_dbd", "dbd-logout": "mod_authz_dbd",
    "ldap-user": "mod_authnz_ldap", "ldap-group": "mod_authnz_ldap", "ldap-dn": "mod_authnz_ldap",
    "ldap-attribute": "mod_authnz_ldap", "ldap-filter": "mod_authnz_ldap", "ldap-search": "mod_authnz_ldap",
}  # fmt: skip
_FOREIGN = ("ldap-", "dbm-", "dbd-", "shib", "saml", "claim", "oauth", "unix-", "cas-", "idp", "pam-")
_PASSWORDS = {
    "file": "mod_authn_file", "dbm": "mod_authn_dbm", "dbd": "mod_authn_dbd", "anon": "mod_authn_anon", "socache": "mod_authn_socache",
    "ldap": "mod_authnz_ldap",
}  # fmt: skip
_FOREIGN_PASSWORDS = ("wsgi", "pam", "mysql", "pgsql", "external", "radius", "sspi", "kerb", "perl", "python", "crowd", "yubikey", "sql")
_PARTIAL = re.compile(r"\d{1,3}(\.\d{1,3}){0,3}\.?$")


def require(line: Line, server: ServerKnowledge, around: Sequence[str]) -> Complaint | None:
    name, rest = first_word(line.args)
    negated = name.lower() == "not"
    if negated:
        name, rest = first_word(rest)
    provider = name  # their names are compared letter by letter
    if not provider:
        return bad("Require does not say whom it lets in", line.args)
    module = _PROVIDERS.get(provider)
    if module is None and not provider.startswith(_FOREIGN):
        return bad(f"Require knows no {name}", name)
    if module and server.has(module) is False:
        return bad(f"Require {name} belongs to {module}, which is not there", name)
    if complaint := _required(provider, rest):
        return complaint
    boxes = [box for box in around if box.startswith("require")]
    if negated and (not boxes or boxes[-1] in ("requireany", "requirenone")):
        return bad("Require not works inside <RequireAll> only", line.args)
    return None


def _required(provider: str, rest: str) -> Complaint | None:
    words = [word for word in _words(rest) if word]
    if provider == "all" and rest.lower() not in ("granted", "denied"):
        return bad("Require all must be granted or denied", rest)
    if provider == "ip":
        if not words:
            return bad("Require ip names no address", "")
        wrong = next((word for word in words if not is_subnet(word)), "")
        return bad(f"{wrong} is not an IP address", wrong) if wrong else None
    if provider == "method":
        wrong = next((word for word in words if word not in METHODS), "")
        return bad(f"{wrong} is not a method of HTTP", wrong) if wrong else None
    if provider == "expr":
        whole = rest[1:-1] if len(rest) > 1 and rest[0] == rest[-1] == '"' else rest
        return bad_expression(whole, "Require expr")
    if provider in ("user", "group", "host", "forward-dns", "dbm-group"):
        return bad_expression(rest, f"Require {provider}", is_string=True)
    return None


def _words(text: str) -> list[str]:
    found = []
    while text:
        word, text = first_word(text)
        found.append(word)
    return found


def is_subnet(text: str) -> bool:
    """As `apr_ipsubnet_create` reads it: an address, the first numbers of one, or one with a mask."""
    address, slash, mask = text.partition("/")
    if ":" in address:
        return _is_v6(address) and (not slash or (mask.isdigit() and 1 <= int(mask) <= 128))
    if not _PARTIAL.match(address) or any(int(part) > 255 for part in address.split(".") if part):
        return False
    if not slash:
        return True
    if mask.isdigit():
        return address.count(".") == 3 and not address.endswith(".") and 1 <= int(mask) <= 32
    return address.count(".") == 3 and re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", mask) is not None


def _is_v6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _allow_deny(line: Line, server: ServerKnowledge) -> Complaint | None:
    if line.words[0].lower() != "from":
        return bad(f"{line.name} must be followed by from", line.words[0])
    for where in line.words[1:]:
        if where.lower() == "all" or where.lower().startswith("env="):
            continue
        if "/" in where and not is_subnet(where):
            return bad(f"{where} is not an IP address with a mask", where)
        if "#" in where:
            return bad(f"{line.name} takes no remark at the end of its line", where)
    return None


def _one_of(*allowed: str) -> Callable[[Line, ServerKnowledge], Complaint | None]:
    def check(line: Line, server: ServerKnowledge) -> Complaint | None:
        word = line.words[0]
        return None if word.lower() in allowed else bad(f"{line.name} must be one of {', '.join(allowed)}", word)

    return check


def _password_provider(line: Line, server: ServerKnowledge) -> Complaint | None:
    for name in line.words:
        module = _PASSWORDS.get(name.lower())
        if not name:
            return None
        if name not in _PASSWORDS and not name.lower().startswith(_FOREIGN_PASSWORDS):
            hint = f": it is written {name.lower()}" if module else ""
            return bad(f"{line.name} knows no {name}{hint}", name)
        if module and server.has(module) is False:
            return bad(f"{line.name} {name} belongs to {module}, which is not there", name)
    return None


RULES: dict[str, Callable[[Line, ServerKnowledge], Complaint | None]] = {
    "order": _one_of("allow,deny", "deny,allow", "mutual-failure"),
    "satisfy": _one_of("all", "any"),
    "allow": _allow_deny,
    "deny": _allow_deny,
    "authmerging": _one_of("off", "and", "or"),
    "authbasicprovider": _password_provider,
    "authdigestprovider": _password_provider,
    "authformprovider": _password_provider,
    "authbasicusedigestalgorithm": _one_of("off", "md5"),
    "authdigestqop": _one_of("auth"),
    "authdigestalgorithm": _one_of("md5"),
}
