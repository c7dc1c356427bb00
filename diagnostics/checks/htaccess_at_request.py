"""Lines of a `.htaccess` that the server reads without a word, and that make it refuse the requests that meet them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, is_failing, lines_of_failure, proof_of, repairs_for
from diagnostics.checks.effective import Counted, lines_for, links_refused, taken_away
from diagnostics.checks.registry import check
from diagnostics.checks.roads import place_of, visit_of
from diagnostics.evidence import Evidence, LogLine, PageSeen
from diagnostics.facts.cgi_scripts import is_cgi
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.htaccess.simulating import follow
from sites.texts import mark as _

CHECK = "htaccess-at-request"
_MOST_PAGES = 3
_USERS = frozenset({"valid-user", "user", "group", "file-owner", "file-group"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:?")  # the name of a header: RFC 9110, 5.1
_GIVES_A_VALUE = frozenset({"set", "append", "add", "merge", "setifempty"})
_STATUS = re.compile(r"\d{3}|permanent|temp|seeother", re.IGNORECASE)
_ADDRESS = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*:|\$\d|%\{")
# What hosts mostly have of those whose names `.htaccess` gives (mod_authn_*, mod_filter's providers).
_USUAL = {
    "authbasicprovider": frozenset({"file", "anon"}),
    "addoutputfilterbytype": frozenset({"deflate", "includes", "inflate"}),
    "authtype": frozenset({"basic", "none", "form"}),
}
_SAID = {
    "auth": re.compile(r"AH00027|AH01615|AH01796|AH00025|AH00026"),
    "nobody": re.compile(r"AH01619|AuthUserFile not specified|AH01664|No group file was specified"),
    "redirect": re.compile(r"AH00676"),
    "header": re.compile(r"AH02429|AH02430"),
    "links": re.compile(r"AH00670|AH00037"),
    "scripts": re.compile(r"Options ExecCGI is off"),
}


@check(id=CHECK, title=_("Whether a line of .htaccess refuses the requests that meet it"), needs=("htaccess",), order=18)
def htaccess_at_request(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    seen: set[tuple[str, int]] = set()
    for page in failing_pages(evidence.site)[:_MOST_PAGES]:
        path = _path_of(page, evidence)
        lines = lines_for(path, evidence)
        for found in _found(page, path, lines, evidence):
            if (found.path, found.line or 0) not in seen:
                seen.add((found.path, found.line or 0))
                yield found


def _path_of(page: PageSeen, evidence: Evidence) -> str:
    """What the page's address leads to, as `TreeEntry.path`."""
    place, name = place_of(evidence), docroot_name(evidence)
    ending = follow(place, visit_of(page)) if place else None
    if ending is not None and ending.kind == "file" and ending.target.startswith(f"{evidence.docroot.rstrip('/')}/"):
        return f"{name}{ending.target[len(evidence.docroot.rstrip('/')) :]}"
    return f"{name}/{unquote(page.path.split('?')[0]).strip('/')}".rstrip("/")


def _found(page: PageSeen, path: str, lines: list[Counted], evidence: Evidence) -> Iterator[Finding]:
    if page.kind == "redirect-loop":
        yield from _error_page(page, lines, evidence)
    elif page.status == 500:
        yield from _passwords(page, lines, evidence)
        yield from _redirects(page, lines, evidence)
        yield from _headers(page, lines, evidence)
    elif page.status == 401:
        yield from _nobody_known(page, lines, evidence)
    elif page.status == 403:
        yield from _options(page, path, lines, evidence)


def _passwords(page: PageSeen, lines: list[Counted], evidence: Evidence) -> Iterator[Finding]:
    """AuthType, AuthName and Require belong together (mod_authn_core, mod_auth_basic)."""
    last = {counted.line.key: counted for counted in lines}
    wants = next(
        (
            counted
            for counted in reversed(lines)
            if counted.line.key == "require" and _USERS & {word.lower() for word in counted.line.words[:1]}
        ),
        None,
    )
    if wants is not None:
        missing = next((name for name in ("AuthType", "AuthName") if name.lower() not in last), "")
        if missing:
            what = _("Line {line} of {path} asks for a password, but no line says {name}: the server gives up on every request.")
            text = what.format(line=wants.line.number, path=wants.file.path, name=missing)
            yield _finding("htaccess-bad-argument", wants, text, page, _line(evidence, "auth"), 0.9)
            return
    nobody = list(_nobody_known(page, lines, evidence))
    if nobody:
        yield from nobody
        return
    for key, usual in _USUAL.items():
        counted = last.get(key)
        words = [word.lower() for word in counted.line.words if word] if counted is not None else []
        named = [word for word in re.split(r"[\s;,]+", words[0] if key == "addoutputfilterbytype" and words else " ".join(words)) if word]
        unusual = next((word for word in named if word not in usual), "")
        logged = _line(evidence, "auth") if key == "authtype" else None
        if counted is None or not unusual or (logged is None and _log_speaks(evidence)):
            continue
        what = _("Line {line} of {path} asks for “{name}”, which this server may not have.")
        text = what.format(line=counted.line.number, path=counted.file.path, name=unusual)
        yield _finding("htaccess-module-not-loaded", counted, text, page, logged, 0.62, "htaccess-bad-argument")


def _nobody_known(page: PageSeen, lines: list[Counted], evidence: Evidence) -> Iterator[Finding]:
    """A password is asked for, and no file says who has which: whoever brings one meets a 500 (mod_authn_file, AH01619).

    Of groups that no file lists nobody is a member: whoever comes is asked again and again (mod_authz_groupfile).
    """
    last = {counted.line.key: counted for counted in lines}
    asks, kind = last.get("require"), last.get("authtype")
    words, type_, providers = (_words_of(last.get(key)) for key in ("require", "authtype", "authbasicprovider"))
    if asks is None or kind is None or type_ != ["basic"] or not _USERS & set(words[:1]) or providers not in ([], ["file"]):
        return
    if not any(key.startswith("auth") and key.endswith("file") and "user" in key for key in last):
        what = _("Line {line} of {path} asks for a password, but no line says in which file the passwords are (AuthUserFile).")
        text = what.format(line=kind.line.number, path=kind.file.path)
        yield _finding("htaccess-auth-file-missing", kind, text, page, _line(evidence, "nobody"), 0.85, "htaccess-bad-argument")
    elif words[0] == "group" and not any("group" in key and key.startswith("auth") for key in last):
        what = _("Line {line} of {path} lets in a group, but no line says in which file its members are (AuthGroupFile).")
        text = what.format(line=asks.line.number, path=asks.file.path)
        yield _finding("htaccess-auth-file-missing", asks, text, page, _line(evidence, "nobody"), 0.85, "htaccess-bad-argument")


def _words_of(counted: Counted | None) -> list[str]:
    return [word.lower() for word in counted.line.words if word] if counted is not None else []


def _redirects(page: PageSeen, lines: list[Counted], evidence: Evidence) -> Iterator[Finding]:
    """mod_alias redirects to an address or to a path, and finds out only when it does."""
    for counted in lines:
        words = [word for word in counted.line.words if word]
        if counted.line.key != "redirectmatch" or len(words) < 2 or _ADDRESS.match(words[-1]) or words[0].lower() in ("gone", "410"):
            continue
        pattern = words[-2] if len(words) > 2 or not _STATUS.fullmatch(words[0]) else ""
        if not _fits(pattern, page):
            continue
        text = _("Line {line} of {path} redirects to “{to}”, which is neither an address nor a path: a word is missing.")
        text = text.format(line=counted.line.number, path=counted.file.path, to=words[-1][:100])
        yield _finding("htaccess-bad-argument", counted, text, page, _line(evidence, "redirect"), 0.9, "htaccess-bad-regex")
        return


def _fits(pattern: str, page: PageSeen) -> bool:
    try:
        return re.search(pattern, unquote(page.path.split("?")[0])) is not None
    except re.error:
        return False


def _headers(page: PageSeen, lines: list[Counted], evidence: Evidence) -> Iterator[Finding]:
    """A header whose name is no name ends the request (modules/http/http_filters.c, check_headers)."""
    for counted in lines:
        words = [word for word in counted.line.words if word and word.lower() not in ("always", "onsuccess")]
        if counted.line.key != "header" or len(words) < 2 or words[0].lower() not in _GIVES_A_VALUE or _TOKEN.fullmatch(words[1]):
            continue
        text = _("Line {line} of {path} sets a header named “{name}”: a name has no spaces and none of these signs.")
        text = text.format(line=counted.line.number, path=counted.file.path, name=words[1][:100])
        yield _finding("htaccess-bad-argument", counted, text, page, _line(evidence, "header"), 0.9)
        return


def _options(page: PageSeen, path: str, lines: list[Counted], evidence: Evidence) -> Iterator[Finding]:
    entries = {entry.path: entry for entry in evidence.tree} if isinstance(evidence.tree, tuple) else {}
    entry = entries.get(path)
    if entry is not None and is_cgi(entry) and (by := taken_away("ExecCGI", lines)):
        text = _("Line {line} of {path} forbids scripts here ({options}), and so {script} is refused.")
        text = text.format(line=by.line.number, path=by.file.path, options=by.line.args[:80], script=path)
        yield _finding("cgi-not-executable", by, text, page, _line(evidence, "scripts"), 0.93, "htaccess-directive-not-allowed")
        return
    by = links_refused(lines)
    if by is None:
        return
    rewrites = next(
        (counted for counted in lines if counted.line.key == "rewriteengine" and counted.line.args.strip().lower() == "on"), None
    )
    parts = path.split("/")
    on_the_way = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    names = [*on_the_way, *(f"{path}/{name}" for name in ("index.html", "index.php", "index.htm"))]
    link = next((name for name in names if name in entries and entries[name].kind == "link"), "")
    if rewrites is not None or link:
        what = _("rewriting in line {number} of {file}").format(number=rewrites.line.number, file=rewrites.file.path) if rewrites else link
        text = _("Line {line} of {path} forbids to follow links ({options}); the server then refuses {what} as well.")
        text = text.format(line=by.line.number, path=by.file.path, options=by.line.args[:80], what=what)
        yield _finding("htaccess-directive-not-allowed", by, text, page, _line(evidence, "links"), 0.94, "htaccess-bad-argument")


def _error_page(page: PageSeen, lines: list[Counted], evidence: Evidence) -> Iterator[Finding]:
    """An error page at a whole address is redirected to, and where it is missing or forbidden itself, to itself again (core.c)."""
    files = {entry.path for entry in evidence.tree} if isinstance(evidence.tree, tuple) else set()
    host = urlsplit(page.url or evidence.site.url).netloc
    for counted in lines:
        words = [word for word in counted.line.words if word]
        if counted.line.key != "errordocument" or len(words) < 2:
            continue
        to = urlsplit(words[1])
        is_there = f"{docroot_name(evidence)}{unquote(to.path)}" in files
        if to.netloc != host or (is_there and words[0] in ("404", "410")):
            continue
        text = _("Line {line} of {path} redirects every error {code} to {to}, which ends in the same error.")
        text = text.format(line=counted.line.number, path=counted.file.path, code=words[0], to=words[1][:200])
        yield _finding("redirect-loop", counted, text, page, None, 0.9)
        return


def _line(evidence: Evidence, of: str) -> LogLine | None:
    return next((line for line in lines_of_failure(evidence) if _SAID[of].search(line.text)), None)


def _log_speaks(evidence: Evidence) -> bool:
    return bool(lines_of_failure(evidence))


def _repairs(cause: str) -> tuple[str, ...]:
    """Those of the cause that change a line; a new password file brings its line along."""
    known = repairs_for(cause)
    of_lines = tuple(repair for repair in known if "htaccess" in repair) or ("comment-out-htaccess-line",)
    return (*(repair for repair in known if repair == "make-password-file"), *of_lines)


def _finding(cause: str, by: Counted, text: str, page: PageSeen, logged: LogLine | None, sure: float, *also: str) -> Finding:
    """`sure` where no log tells; a line of the log makes it surer, a condition of unknown outcome around it less."""
    confidence = (0.97 if logged.paired else 0.95) if logged else sure if by.certain else min(sure, 0.6)
    place = f"{by.file.path}:{by.line.number}: {by.line.text.strip()}"[:2000]
    return Finding(
        check=CHECK,
        cause=cause,
        severity=Severity.CRITICAL,
        confidence=confidence,
        summary=text,
        hint=CAUSES[cause].explanation,
        path=by.file.path,
        line=by.line.number,
        also=also,
        evidence=(proof_of(logged) if logged else Proof("probe", f"{page.path}: {page.status or page.kind}"), Proof("file", place)),
        repairs=_repairs(cause),
        data=(("directive", by.line.name), ("argument", by.line.args)),
    )
