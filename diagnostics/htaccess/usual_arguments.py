"""The arguments of directives of the core and of the modules that shape addresses, listings, types and filters."""

from __future__ import annotations

import re
from collections.abc import Callable

from diagnostics.htaccess.complaints import Complaint, bad, bad_expression, bad_pattern
from diagnostics.htaccess.directives import edit_distance
from diagnostics.htaccess.parser import Line
from diagnostics.htaccess.server import ServerKnowledge
from diagnostics.htaccess.word_sets import word_set

OPTIONS = word_set("indexes includes includesnoexec followsymlinks symlinksifownermatch execcgi multiviews runscripts all none")
STATUSES = frozenset(
    [100, 101, 102, 103, *range(200, 209), 226, *range(300, 309), *range(400, 419), *range(421, 427), 428, 429, 431, 451,
     *range(500, 509), 510, 511]
)  # fmt: skip
_REDIRECT_WORDS = {"permanent": 301, "temp": 302, "seeother": 303, "gone": 410}
_LISTING = word_set(
    "addaltclass fancyindexing foldersfirst htmltable iconheight iconwidth iconsarelinks ignorecase ignoreclient namewidth none "
    "scanhtmltitles showforbidden suppresscolumnsorting suppressdescription suppresshtmlpreamble suppressicon suppresslastmodified "
    "suppressrules suppresssize trackmodified useolddateformat versionsort xhtml descriptionwidth"
)
_LISTING_VALUES = ("charset=", "descriptionwidth=", "iconheight=", "iconwidth=", "namewidth=", "type=")
# Filters of Apache's own modules: one whose module is missing is not known either.
_FILTERS = {
    "deflate": "mod_deflate", "inflate": "mod_deflate", "brotli_compress": "mod_brotli", "includes": "mod_include",
    "substitute": "mod_substitute", "sed": "mod_sed", "ratelimit": "mod_ratelimit",
}  # fmt: skip


def one_of(*allowed: str, place: int = 0) -> Callable[[Line], Complaint | None]:
    def check(line: Line) -> Complaint | None:
        word = line.words[place] if len(line.words) > place else ""
        return None if word.lower() in allowed else bad(f"{line.name} must be one of {', '.join(allowed)}", word)

    return check


def status_number(word: str) -> int:
    """As atoi reads it: the digits at the beginning, 0 without any."""
    match = re.match(r"\s*[+-]?\d+", word)
    return int(match.group()) if match else 0


def _options(line: Line, server: ServerKnowledge) -> Complaint | None:
    first, merge, alone = True, False, False
    for word in line.words:
        bare = word[1:] if word[:1] in ("+", "-") else word
        signed = bare != word
        if (signed and not merge and not first and not alone) or (not signed and not first and merge):
            return bad("either all options start with + or -, or none does", line.args)
        merge = merge or signed
        key = bare.lower()
        if key not in OPTIONS:
            return bad(f"{word} is not an option", bare)
        if key in ("all", "none"):
            if not first or merge:
                return bad(f"{word} can only stand first and without a sign", word)
            alone = True
        if not server.allows_option(key):
            return "htaccess-directive-not-allowed", f"the option {bare} is not allowed here by this host", bare
        first = False
    return None


def doubtful_option(line: Line, server: ServerKnowledge) -> str:
    """The first word of `Options` that some hosts of this kind turn down, "" without one."""
    bare = (word.lstrip("+-") for word in line.words)
    return next((word for word in bare if word.lower() in server.doubtful_options), "")


def _error_document(line: Line) -> Complaint | None:
    code, text = line.words
    if status_number(code) not in STATUSES:
        return "htaccess-bad-errordocument", f"{code} is not an HTTP error status", code
    return None if text.lower() == "default" else bad_expression(text, "ErrorDocument", is_string=True)


def _is_url(text: str) -> bool:
    return re.match(r"[A-Za-z0-9+.-]+:", text) is not None


def _redirect(line: Line) -> Complaint | None:
    return _redirected(line, list(line.words), 302, is_pattern=False)


def _redirect_match(line: Line) -> Complaint | None:
    return _redirected(line, list(line.words), 302, is_pattern=True)


def _redirect_fixed(line: Line) -> Complaint | None:
    return _redirected(line, list(line.words), 301 if line.key == "redirectpermanent" else 302, is_pattern=False)


def _redirected(line: Line, words: list[str], status: int, *, is_pattern: bool) -> Complaint | None:
    """`add_redirect_internal` of mod_alias: the first of two arguments may be a status, the first of three must be one."""
    given = words[0].lower()
    knows = given in _REDIRECT_WORDS or given[:1].isdigit()
    if knows:
        status = _REDIRECT_WORDS.get(given, 0) or status_number(given)
    is_redirect = 300 <= status < 400
    if len(words) == 3 and not knows:
        return bad(f"{words[0]} is not a status of Redirect", words[0])
    if (knows and is_redirect and len(words) == 2) or (not knows and len(words) == 1):
        return bad_expression(words[1] if knows else words[0], line.name, is_string=True)
    if knows and not is_redirect and len(words) == 1:
        return None
    path, url = (words[0], words[1]) if not knows else (words[1] if len(words) > 1 else "", words[2] if len(words) > 2 else "")
    if is_pattern and (complaint := bad_pattern(path, line.name)):
        return complaint
    if not is_redirect:
        return bad(f"{words[0]} sends nowhere, so {line.name} takes no target", url) if url else None
    if not url:
        return bad(f"{line.name} lacks the address to send to", line.args)
    if not is_pattern and not _is_url(url) and not url.startswith("/"):
        return bad(f"{line.name} sends to {url}, which is neither an address nor a path that begins with /", url)
    return None


def _etag(line: Line) -> Complaint | None:
    for word in line.words:
        bare = word.lstrip("+-") if word[:1] in ("+", "-") else word
        if bare.lower() not in ("none", "all", "size", "lmtime", "mtime", "lastmodified", "inode", "digest"):
            return bad(f"FileETag knows no {word}", bare)
        if bare != word and bare.lower() in ("none", "all"):
            return bad(f"{bare} of FileETag takes no sign", word)
    return None


def _listing(line: Line) -> Complaint | None:
    for word in filter(None, line.words):
        bare = word[1:] if word[:1] in ("+", "-") else word
        key = bare.lower()
        if key not in _LISTING and not key.startswith(_LISTING_VALUES):
            return bad(f"IndexOptions knows no {word}", bare)
        if word.startswith("-") and key.startswith(("descriptionwidth=", "iconheight=", "iconwidth=", "namewidth=")):
            return bad(f"{bare} of IndexOptions cannot be taken away", bare)
        if key == "none" and len(line.words) > 1:
            return bad("None of IndexOptions must stand alone", line.args)
    return None


def _listing_order(line: Line) -> Complaint | None:
    if line.words[0].lower() not in ("ascending", "descending"):
        return bad("IndexOrderDefault begins with Ascending or Descending", line.words[0])
    return one_of("name", "date", "size", "description", place=1)(line)


def _whole_number(line: Line) -> Complaint | None:
    return None if re.fullmatch(r"\+?\d+", line.words[0]) else bad(f"{line.name} takes a number that is not negative", line.words[0])


def _positive(line: Line) -> Complaint | None:
    return None if status_number(line.words[0]) > 0 else bad(f"{line.name} takes a number above zero", line.words[0])


def _not_negative(line: Line) -> Complaint | None:
    return bad(f"{line.name} takes a number that is not negative", line.words[0]) if status_number(line.words[0]) < 0 else None


def _no_longer(line: Line) -> Complaint | None:
    return bad(f"{line.name} is not supported any longer", line.name)


def _said_by_the_file(line: Line) -> Complaint | None:
    return bad("the file itself tells the server to stop, by Error", line.args)


def _icon(line: Line) -> Complaint | None:
    icon = line.words[0]
    return bad("the icon lacks its closing parenthesis", icon) if icon.startswith("(") and ")" not in icon else None


def _substitute(line: Line) -> Complaint | None:
    text = line.words[0]
    if text[:1].lower() != "s" or len(text) < 2:
        return bad("Substitute takes a pattern of the form s/old/new/", text)
    parts = text[2:].split(text[1], 2)
    if len(parts) < 2 or not parts[0]:
        return bad("Substitute takes a pattern of the form s/old/new/", text)
    flags = parts[2].lower() if len(parts) > 2 else ""
    if set(flags) - set("infq"):
        return bad(f"Substitute knows no flag {flags}", text)
    return None if "n" in flags else bad_pattern(parts[0], "Substitute")


def _language_priority(line: Line) -> Complaint | None:
    wrong = next((word for word in line.words if word.lower() not in ("none", "prefer", "fallback")), "")
    return bad(f"ForceLanguagePriority knows no {wrong}", wrong) if wrong else None


def _multiviews(line: Line) -> Complaint | None:
    wrong = next((word for word in line.words if word.lower() not in ("any", "negotiatedonly", "filters", "handlers")), "")
    return bad(f"MultiviewsMatch knows no {wrong}", wrong) if wrong else None


def _index_redirect(line: Line) -> Complaint | None:
    word = line.words[0].lower()
    if word in ("on", "off", "permanent", "temp", "seeother") or 300 <= status_number(word) < 400:
        return None
    return bad("DirectoryIndexRedirect takes on, off or a status of 3xx", line.words[0])


def _environment(line: Line) -> Complaint | None:
    if len(line.words) > 2:
        return bad("SetEnv takes a name and one value: put the value in quotes", line.args)
    return None


def _action(line: Line) -> Complaint | None:
    if len(line.words) == 3 and line.words[2].lower() != "virtual":
        return bad(f"Action knows no {line.words[2]}", line.words[2])
    return None


def _filter_by_type(line: Line, server: ServerKnowledge) -> Complaint | None:
    for name in line.words[0].split(";") if line.words else ():
        module = _FILTERS.get(name.lower())
        if "/" in name:
            return bad(f"AddOutputFilterByType takes the filter first, and {name} is a type", name)
        near = next((known for known in _FILTERS if known != name.lower() and edit_distance(name.lower(), known, 2) <= 2), "")
        if near and module is None:
            return bad(f"there is no filter {name}; {near.upper()} is probably meant", name)
        if module and server.has(module) is False:
            return bad(f"the filter {name} belongs to {module}, which is not there", name)
    return None if len(line.words) >= 2 else bad("AddOutputFilterByType takes a filter and at least one type", line.args)


_ON_OFF = one_of("on", "off")
RULES: dict[str, Callable[[Line], Complaint | None]] = {
    "errordocument": _error_document,
    "error": _said_by_the_file,
    "redirect": _redirect,
    "redirectmatch": _redirect_match,
    "redirecttemp": _redirect_fixed,
    "redirectpermanent": _redirect_fixed,
    "fileetag": _etag,
    "indexoptions": _listing,
    "indexorderdefault": _listing_order,
    "limitrequestbody": _whole_number,
    "limitxmlrequestbody": _not_negative,
    "deflateinflatelimitrequestbody": _whole_number,
    "deflateinflateratiolimit": _positive,
    "deflateinflateratioburst": _positive,
    "fancyindexing": _no_longer,
    "ssllog": _no_longer,
    "sslloglevel": _no_longer,
    "addicon": _icon,
    "addiconbytype": _icon,
    "addiconbyencoding": _icon,
    "substitute": _substitute,
    "forcelanguagepriority": _language_priority,
    "multiviewsmatch": _multiviews,
    "directoryindexredirect": _index_redirect,
    "setenv": _environment,
    "action": _action,
    "serversignature": one_of("on", "off", "email"),
    "acceptpathinfo": one_of("on", "off", "default"),
    "enablesendfile": _ON_OFF,
    "enablemmap": _ON_OFF,
    "xbithack": one_of("on", "off", "full"),
    "cookiestyle": one_of("netscape", "cookie", "cookie2", "rfc2109", "rfc2965"),
    "cookiesamesite": one_of("strict", "lax", "none"),
    "proxyfcgibackendtype": one_of("generic", "fpm"),
    "ldapreferrals": one_of("on", "off", "default"),
    "h2push": _ON_OFF,
    "h2upgrade": _ON_OFF,
    "h2copyfiles": _ON_OFF,
    "h2proxyrequests": _ON_OFF,
    "luascope": one_of("once", "request", "conn", "thread", "server"),
    "luainherit": one_of("none", "parent-first", "parent-last"),
    "luacodecache": one_of("never", "stat", "forever"),
    "sslverifyclient": one_of("none", "off", "optional", "require", "on", "optional_no_ca"),
}
RULES_OF_SERVER: dict[str, Callable[[Line, ServerKnowledge], Complaint | None]] = {
    "options": _options,
    "addoutputfilterbytype": _filter_by_type,
}
