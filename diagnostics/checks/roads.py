"""Where the requests for the failing pages go through the rewrite rules of the site, by the files as they are now."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from diagnostics.checks.common import failing_pages, htaccess_files, server_of
from diagnostics.evidence import Evidence, PageSeen, TextFile
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Proof
from diagnostics.htaccess.parser import parse
from diagnostics.htaccess.rules import rules_of
from diagnostics.htaccess.simulating import Ending, Place, Step, Visit, follow, follow_outside

MOST_PAGES = 8
_OPEN = re.compile(rb"^[ \t]*<(?:if|elseif|else)[\s>]", re.IGNORECASE | re.MULTILINE)
# Rules that look at the browser mostly tell these apart.
BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
)


def place_of(evidence: Evidence, *, open_holds: bool = False) -> Place | None:
    """The site for the model; None where its files are not known. `open_holds`: what `<If>` sections are taken for."""
    if not isinstance(evidence.tree, tuple) or not evidence.docroot:
        return None
    docroot = evidence.docroot.rstrip("/")
    kinds = {entry.absolute.rstrip("/"): entry.kind for entry in evidence.tree} | {docroot: "folder"}
    sizes = {entry.absolute: entry.size for entry in evidence.tree}
    server = server_of(evidence)
    rules = {}
    for file in htaccess_files(evidence):
        folder = posixpath.dirname(file.absolute)
        rules[folder] = rules_of(file.content, folder, file.path, server)
    return Place(docroot, kinds, rules, sizes, open_holds)


def open_sections(evidence: Evidence) -> list[tuple[TextFile, int]]:
    """`<If>` sections that decide where a request goes, with their lines: whether they hold cannot be told from here."""
    server = server_of(evidence)
    found = []
    for file in htaccess_files(evidence):
        if not _OPEN.search(file.content):
            continue
        rules = rules_of(file.content, posixpath.dirname(file.absolute), file.path, server)
        found += [(file, section.line) for section in rules.sections if section.is_open]
    return found


def visit_of(page: PageSeen, browser: str = BROWSERS[0]) -> Visit:
    url = urlsplit(page.url or page.path)
    return Visit(unquote(url.path) or "/", url.query, url.netloc, url.scheme == "https", browser)


def endings(evidence: Evidence, kind: str) -> Iterator[tuple[PageSeen, Ending]]:
    """The failing pages whose request ends like this, whatever the browser; of each page the first browser that meets it.

    Where `<If>` sections have a say, only what comes out whether they hold or not.
    """
    place = place_of(evidence)
    other = place_of(evidence, open_holds=True) if open_sections(evidence) else None
    for page in failing_pages(evidence.site)[:MOST_PAGES] if place else ():
        for browser in BROWSERS:
            visit = visit_of(page, browser)
            ending = follow(place, visit)  # type: ignore[arg-type]
            if ending.kind == kind and (other is None or follow(other, visit).kind == kind):
                yield page, ending
                break


def left_open(evidence: Evidence, kind: str) -> tuple[TextFile, int] | None:
    """The `<If>` section on which it depends whether a failing page's request ends like this; None where it does not."""
    sections = open_sections(evidence)
    places = (place_of(evidence), place_of(evidence, open_holds=True)) if sections else (None, None)
    if places[0] is None or places[1] is None:
        return None
    for page in failing_pages(evidence.site)[:MOST_PAGES]:
        kinds = {follow(place, visit_of(page)).kind for place in places if place}
        if len(kinds) > 1 and kind in kinds:
            return sections[0]
    return None


def endless_redirect(evidence: Evidence, page: PageSeen) -> Ending | None:
    """The redirects of this page where they never end: as the address says, or behind something that ends the encryption."""
    place = place_of(evidence)
    if place is None:
        return None
    for always in (None, False, True):
        for browser in BROWSERS[:2]:
            ending = follow_outside(place, visit_of(page, browser), always=always)
            if ending.kind == "loop" and ending.status != 500:
                return ending
    return None


def sent_back(evidence: Evidence, page: PageSeen) -> tuple[str, str, Step] | None:
    """The redirect of a page that never arrives, by a rule that changes no more than what programs put right in an address.

    That is the slash at its end and the "www." (WordPress wp-includes/canonical.php, `redirect_canonical`): the rule sends there, and
    the program that answers there sends back. Returns both addresses, as far as they differ, and the rule.
    """
    place = place_of(evidence)
    asked = visit_of(page)
    for visit in (asked, *_as_programs_write(asked)) if place else ():
        ending = follow(place, visit)  # type: ignore[arg-type]
        url = urlsplit(ending.target)
        there = replace(visit, path=unquote(url.path) or "/", query=url.query, host=url.netloc or visit.host)
        if ending.kind != "redirect" or not ending.steps or (there.path, there.host) == (visit.path, visit.host):
            continue
        if _plain(there) == _plain(visit) and follow(place, there).kind == "file":  # type: ignore[arg-type]
            tells_host = there.host != visit.host
            return _told(visit, tells_host=tells_host), _told(there, tells_host=tells_host), ending.steps[-1]
    return None


def _told(visit: Visit, *, tells_host: bool) -> str:
    return f"{visit.host}{visit.path}" if tells_host else visit.path


def _as_programs_write(visit: Visit) -> Iterator[Visit]:
    if visit.path != "/":
        yield replace(visit, path=visit.path.rstrip("/") if visit.path.endswith("/") else f"{visit.path}/")
    yield replace(visit, host=visit.host.removeprefix("www.") if visit.host.startswith("www.") else f"www.{visit.host}")


def _plain(visit: Visit) -> tuple[str, str]:
    return visit.path.rstrip("/"), visit.host.lower().removeprefix("www.")


def is_on_the_road(file: TextFile, evidence: Evidence) -> bool | None:
    """Whether this `.htaccess` is read for a failing page: by its address, or where rules lead to. None where that cannot be told."""
    folder, name = file.path.rpartition("/")[0], docroot_name(evidence)
    if folder in ("", ".", "..", name) or not folder.startswith(name + "/"):
        return True
    prefix = folder[len(name) :] + "/"
    pages = failing_pages(evidence.site)
    if any((unquote(page.path.split("?")[0]).rstrip("/") + "/").startswith(prefix) for page in pages):
        return True
    place, absolute = place_of(evidence), posixpath.dirname(file.absolute)
    if place is None:
        return None
    met = {where for page in pages[:MOST_PAGES] for where in follow(place, visit_of(page)).folders}
    return True if absolute in met else None


def step_proof(step: Step, evidence: Evidence) -> tuple[Proof, ...]:
    """The line of the rule, as it stands in its file."""
    file = next((file for file in htaccess_files(evidence) if file.path == step.path), None)
    line = parse(file.content).at(step.line) if file else None
    return (Proof("file", f"{step.path}:{step.line}: {line.text.strip()}"[:2000]),) if line else ()


def trail(ending: Ending, most: int = 4) -> str:
    """The addresses one after the other, as far as a person reads."""
    stops = [ending.steps[0].before] + [step.after for step in ending.steps[:most]] if ending.steps else []
    shown = [stop if len(stop) <= 60 else f"{stop[:57]}…" for stop in stops]
    return " → ".join([*shown, "…"])
