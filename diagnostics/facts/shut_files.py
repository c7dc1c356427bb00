"""Files that hold a site at 503 by the owner's own rules: his code, or a `.htaccess`, asks whether they are there.

Deployments make such a file first and take it away last (Capistrano's maintenance page, Deployer, scripts of people's own): one that
was broken off leaves it.
"""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Iterator

from diagnostics.evidence import Evidence, Held
from diagnostics.facts.paths import above, shown
from diagnostics.facts.php_files import PhpFiles
from diagnostics.facts.small_files import SmallFiles
from diagnostics.php.path_words import Code, Where, way_of
from diagnostics.php.seen import Script
from diagnostics.php.shut_by_file import guards, switched_on, switches
from diagnostics.transports.base import TransportError
from sites.texts import mark as _

_MOST = 12  # files that are asked for
_ASKS = re.compile(r"^\s*RewriteCond\s+\"?(?P<path>[^\s\"]{2,300})\"?\s+-[fs](?:\s|$)", re.IGNORECASE)
_SHUTS = re.compile(r"^\s*RewriteRule\s.*\[[^\]]*\bR=503\b", re.IGNORECASE)
_RULE = re.compile(r"^\s*RewriteRule\s", re.IGNORECASE)
_DOCROOT = re.compile(r"%\{(?:DOCUMENT_ROOT|CONTEXT_DOCUMENT_ROOT)\}", re.IGNORECASE)


def read(files: SmallFiles, evidence: Evidence, deadline: float) -> tuple[Held, ...]:
    """Looked for where a page answers 503. Never raises. `deadline` in monotonic seconds."""
    if not any(page.status == 503 for page in evidence.site.pages) or time.monotonic() > deadline:
        return ()
    try:
        scripts = PhpFiles(files, evidence, deadline).answering(503)
        asked = [*_by_rules(evidence), *_by_code(scripts, evidence)][:_MOST]
        there = files.stats(path for paths, _by in asked for path in paths)
    except TransportError:
        return ()
    found = {path: by for paths, by in asked for path in paths[:1] if path in there}
    found |= {path: by for paths, by in asked for path in paths[1:] if path in there and not found}
    held = tuple(Held(shown(path, evidence.docroot), None, there[path].mtime, by) for path, by in found.items())
    return held or tuple(_by_settings(scripts))


def _by_settings(scripts: list[Script]) -> Iterator[Held]:
    """A constant or variable of the program's own that is on, and over which it answers 503."""
    texts = [(script, script.content.decode("latin-1")) for script in scripts]
    for name in dict.fromkeys(name for _script, text in texts for name in switches(text)):
        places = ((script, line) for script, text in texts if (line := switched_on(text, name)) is not None)
        for script, line in places:
            yield Held(script.path, line, script.mtime)
            return


def _by_code(scripts: list[Script], evidence: Evidence) -> Iterator[tuple[list[str], str]]:
    codes = [Code(script.absolute, script.content.decode("latin-1")) for script in scripts]
    for script, code in zip(scripts, codes, strict=True):
        for guard in guards(code.text):
            way = way_of(guard.words, guard.at, [code, *(each for each in codes if each is not code)], Where(evidence.docroot.rstrip("/")))
            if way is not None and way.is_whole and "://" not in way.path:
                by = _("{path}, line {line}, asks for it").format(path=script.path, line=guard.line)
                yield _places(way.path, posixpath.dirname(script.absolute), evidence.docroot), by


def _by_rules(evidence: Evidence) -> Iterator[tuple[list[str], str]]:
    for file in evidence.htaccess if isinstance(evidence.htaccess, tuple) else ():
        asked: list[tuple[str, int]] = []
        for number, line in enumerate(file.content.decode("utf-8", "replace").split("\n"), 1):
            if match := _ASKS.match(line):
                asked.append((_DOCROOT.sub(lambda _match: evidence.docroot.rstrip("/"), match["path"]), number))
            elif _RULE.match(line):
                for path, at in asked if _SHUTS.match(line) else ():
                    if "%{" not in path and path.startswith("/"):
                        by = _("{path}, line {line}, asks for it").format(path=file.path, line=at)
                        yield _places(path, evidence.docroot, evidence.docroot), by
                asked = []


def _places(path: str, folder: str, docroot: str) -> list[str]:
    """Where the file lies as this login sees it: it may see another root than the server, by whose name a path is written out."""
    docroot, home = docroot.rstrip("/"), above(docroot)
    if not path.startswith("/"):
        return list(dict.fromkeys(posixpath.normpath(posixpath.join(base, path)) for base in (docroot, folder)))
    path = posixpath.normpath(path)
    if f"{path}/".startswith(f"{home.rstrip('/')}/"):
        return [path]
    name = posixpath.basename(docroot)
    inside = [path[each.end() :] for each in re.finditer(f"/{re.escape(name)}(?=/)", path)] if name else []
    parts = path.strip("/").split("/")
    return [path, *(f"{docroot}{tail}" for tail in inside), *(posixpath.join(home, *parts[-count:]) for count in (1, 2))]
