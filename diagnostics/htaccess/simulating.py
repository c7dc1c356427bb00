"""Where a request goes through the `.htaccess` files of a site: a small model of per-directory rewriting (mod_rewrite, mod_dir, mod_alias).

The tree stands for the file system. What is not known (cookies, variables of foreign modules) is taken for empty.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlsplit

from diagnostics.htaccess.regexes import search
from diagnostics.htaccess.rules import FolderRules, Rule
from diagnostics.htaccess.variables import Variables

_INDEX = ("index.php", "index.html", "index.htm")
MOST_ROUNDS = 10  # LimitInternalRecursion
_MOST_RESTARTS = 50  # the server gives up after 10,000
_MOST_LENGTH = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """A site's files: `kinds` of what is there ("file", "folder", "link") by absolute path, and the rules by folder."""

    docroot: str  # absolute, without a slash at its end
    kinds: Mapping[str, str]
    rules: Mapping[str, FolderRules]
    sizes: Mapping[str, int] = field(default_factory=dict)
    open_holds: bool = False  # whether `<If>` sections, which are not evaluated, are taken to hold

    def layers(self, filename: str) -> list[FolderRules]:
        """What holds for a file name, in the order in which the server merges it: folders from outside in, `<Files>`, `<If>`."""
        folders = [self.rules[folder] for folder in _chain(self, filename)]
        sections = [section for each in folders for section in each.sections]
        name = posixpath.basename(filename)
        named = [section.rules for section in sections if not section.is_open and section.fits(name)]
        return folders + named + [section.rules for section in sections if section.is_open and self.open_holds]


@dataclass(frozen=True, slots=True)
class Visit:
    path: str  # of the URL, decoded
    query: str = ""
    host: str = ""
    https: bool = False
    user_agent: str = ""
    request: str = ""  # what was asked for first, for THE_REQUEST
    is_redirected: bool = False  # internally
    is_ended: bool = False  # by the flag END
    is_index: bool = False  # the index file of a folder, for which the server asks itself: it does not send itself elsewhere
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A rule or redirect that changed where the request goes."""

    path: str  # of the .htaccess, as shown
    line: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Ending:
    """`kind`: "file", "folder", "missing", "loop" (inside the server), "redirect", "status" or "proxy"."""

    kind: str
    target: str = ""
    status: int = 0
    steps: tuple[Step, ...] = ()
    folders: tuple[str, ...] = ()  # whose .htaccess were read on the way

    @property
    def loop_step(self) -> Step | None:
        """The rule that goes round: the one that was carried out most often."""
        if not self.steps:
            return None
        counts: dict[tuple[str, int], int] = {}
        for step in self.steps:
            counts[step.path, step.line] = counts.get((step.path, step.line), 0) + 1
        most = max(counts.values())
        return next(step for step in reversed(self.steps) if counts[step.path, step.line] == most)


def follow(place: Place, visit: Visit) -> Ending:
    """Where one request ends, all internal redirects carried out."""
    steps: list[Step] = []
    folders: list[str] = []
    visit = replace(visit, request=visit.request or f"GET {quote(visit.path)}{'?' if visit.query else ''}{visit.query} HTTP/1.1")
    for _round in range(MOST_ROUNDS + 1):
        filename, info = _on_disk(place, visit.path)
        folders += [folder for folder in _chain(place, filename) if folder not in folders]
        turn = _Round(place, visit, filename, info, steps)
        ended = turn.run()
        if ended is not None:
            return replace(ended, steps=tuple(steps), folders=tuple(folders))
        if not turn.goes_on:
            return replace(_served(place, visit, filename, info), steps=tuple(steps), folders=tuple(folders))
        visit = replace(turn.visit, is_redirected=True, env={f"REDIRECT_{name}": value for name, value in turn.visit.env.items()})
        if len(visit.path) > _MOST_LENGTH:
            break
    return Ending("loop", visit.path, 500, tuple(steps), tuple(folders))


def follow_outside(place: Place, visit: Visit, *, always: bool | None = None) -> Ending:
    """The same with redirects to the site itself followed as browsers do; "loop" with status 301 where they never end.

    `always`: what HTTPS is for the server whatever the address says, where something in front of it ends the encryption.
    """
    seen: set[tuple[str, str, bool, str]] = set()
    steps: list[Step] = []
    for _hop in range(12):
        key = (visit.path, visit.query, visit.https, visit.host.lower())
        ending = follow(place, replace(visit, https=visit.https if always is None else always))
        steps += ending.steps
        if key in seen or (ending.kind == "redirect" and _hop == 11):
            return replace(ending, kind="loop", status=ending.status or 301, steps=tuple(steps))
        seen.add(key)
        if ending.kind != "redirect":
            return replace(ending, steps=tuple(steps))
        url = urlsplit(ending.target)
        host = url.netloc or visit.host
        if host.lower().removeprefix("www.") != visit.host.lower().removeprefix("www."):
            return replace(ending, steps=tuple(steps))
        https = url.scheme == "https" if url.scheme else visit.https
        visit = Visit(unquote(url.path) or "/", url.query, host, https, visit.user_agent)
    return Ending("redirect", steps=tuple(steps))


def _on_disk(place: Place, path: str) -> tuple[str, str]:
    """The file a path leads to and what remains of the path, as `ap_directory_walk` parts them."""
    current, rest = place.docroot, [part for part in path.split("/") if part]
    trailing = path.endswith("/")
    while rest:
        below = f"{current}/{rest[0]}"
        kind = place.kinds.get(below)
        current = below
        rest.pop(0)
        if kind not in ("folder", "link"):
            break
    info = "/" + "/".join(rest) if rest else ""
    if trailing and (rest or (current != place.docroot and place.kinds.get(current) not in ("folder", "link"))):
        info += "/"  # behind what is no folder, or is not there, the slash is no part of the file's name
    folder_end = "/" if trailing and not info else ""
    return current + folder_end, info


def _chain(place: Place, filename: str) -> list[str]:
    """The folders with a .htaccess on the way to this file, outermost first."""
    folder = filename.rstrip("/") if place.kinds.get(filename.rstrip("/")) == "folder" else posixpath.dirname(filename)
    return [name for name in sorted(place.rules, key=len) if folder == name or folder.startswith(name.rstrip("/") + "/")]


def _served(place: Place, visit: Visit, filename: str, info: str) -> Ending:
    bare = filename.rstrip("/")
    kind = place.kinds.get(bare, "")
    if kind == "folder":
        if not filename.endswith("/") and bare != place.docroot:
            return Ending("redirect", f"{visit.path}/", 301)
        return Ending("folder", visit.path, 403)
    if kind in ("file", "link") and (not info or bare.endswith((".php", ".cgi", ".pl"))):
        return Ending("file", bare, 200)
    return Ending("missing", visit.path, 404)


class _Round:
    """One pass through the rules that hold for one file name."""

    def __init__(self, place: Place, visit: Visit, filename: str, info: str, steps: list[Step]) -> None:
        self.place, self.visit, self.steps = place, visit, steps
        self.filename, self.info = filename, info
        self.start, self.query = filename, visit.query
        self.env = dict(visit.env)
        self.goes_on = False
        self.variables = self._variables()

    def run(self) -> Ending | None:
        """An ending, or None: `visit` then says where to go on, unchanged where no rule took effect."""
        chain = self.place.layers(self.filename)
        rewriting = self._engine(chain)
        if rewriting is not None and not self.visit.is_ended:
            ended = self._rewrite(rewriting)
            if ended is not None and not (ended.kind == "redirect" and self.visit.is_index):
                return ended
            if ended is not None:
                self.filename = self.start
        if self.filename == self.start:
            ended = self._redirected(chain)
            if ended is None:
                self._index(chain)
            return ended
        if not self.filename.startswith("/"):
            return Ending("status", self.visit.path, 400)  # a section is no folder that a relative target could be put to
        if self.place.kinds.get(self.start) == "folder" and self.start != self.place.docroot:
            return Ending("redirect", f"{self.visit.path}/", 301)  # mod_dir adds the slash whatever the rules say
        self._go_on(self._as_url(rewriting))
        return None

    def _go_on(self, path: str) -> None:
        self.goes_on = True
        self.visit = replace(self.visit, path=path, query=self.query, env=self.env, is_index=False)

    def _engine(self, chain: list[FolderRules]) -> FolderRules | None:
        """The innermost file that speaks of rewriting decides, if the engine is on there or was above it."""
        engine, found = False, None
        for each in chain:
            engine = each.engine if each.engine is not None else engine
            found = each if each.mentions_rewriting else found
        return found if engine and found is not None and found.rules else None

    def _rewrite(self, of: FolderRules) -> Ending | None:
        """`apply_rewrite_list`."""
        if self.filename == of.folder:
            return None  # a folder without its slash is left to mod_dir
        index, restarts = 0, 0
        while index < len(of.rules):
            rule = of.rules[index]
            did, ended = self._apply(rule, of)
            if ended is not None:
                return ended
            if not did:
                index += 1
                while rule.flag("c") is not None and index < len(of.rules):
                    rule = of.rules[index]  # a chain is left as a whole
                    index += 1
                continue
            if rule.flag("n") is not None and rule.target != "-":
                restarts += 1
                if restarts > _MOST_RESTARTS or len(self.filename) > _MOST_LENGTH:
                    return Ending("loop", self.visit.path, 500)
                index = 0
                continue
            if rule.flag("end") is not None:
                self.visit = replace(self.visit, is_ended=True)
            if any(rule.flag(name) is not None for name in ("l", "end", "pt", "p")):
                break
            skip = rule.flag("s")
            index += 1 + (int(skip) if skip and skip.isdigit() else 0)
        return None

    def _apply(self, rule: Rule, of: FolderRules) -> tuple[bool, Ending | None]:
        uri = self.filename + self.info
        prefix = of.folder + "/"
        local = uri.removeprefix(prefix) if uri.startswith(prefix) else uri
        found = search(rule.pattern, local, ignore_case=rule.flag("nc") is not None)
        if (found is None) != rule.negated:
            return False, None
        self.variables = self._variables(found or ())
        if not self.variables.all_hold(rule.conditions):
            return False, None
        for name, value in rule.flags:
            if name == "e":
                key, _colon, text = self.variables.filled(value).partition(":")
                self.env[key.removeprefix("!")] = text
        status = rule.flag("r")
        if rule.flag("f") is not None or rule.flag("g") is not None:
            return True, Ending("status", self.visit.path, 403 if rule.flag("f") is not None else 410)
        if status and status.isdigit() and not 300 <= int(status) < 400:
            return True, Ending("status", self.visit.path, int(status))
        if rule.target == "-":
            return True, None
        return self._substitute(rule, of)

    def _substitute(self, rule: Rule, of: FolderRules) -> tuple[bool, Ending | None]:
        target, mark, own = self.variables.filled(rule.target).partition("?")
        if mark:
            keeps = rule.flag("qsa") is not None and self.query
            self.query = "&".join(part for part in (own, self.query if keeps else "") if part)
        elif rule.flag("qsd") is not None:
            self.query = ""
        absolute = re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", target) is not None
        if rule.flag("p") is not None:
            return True, Ending("proxy", target)
        before = self.filename.removeprefix(self.place.docroot) or "/"
        if not absolute and not target.startswith("/"):
            target = f"{of.folder}/{target}"
        self.steps.append(Step(of.path, rule.line, before, target.removeprefix(self.place.docroot)))
        if absolute or rule.flag("r") is not None:
            self.filename = target
            based = of.base and target.startswith(of.folder + "/")
            where = of.base.rstrip("/") + target.removeprefix(of.folder) if based else target
            code = rule.flag("r") or ""
            number = int(code) if code.isdigit() else 301 if code.lower() == "permanent" else 302
            return True, Ending("redirect", where + (f"?{self.query}" if self.query else ""), number)
        self.filename = target
        if rule.flag("dpi") is not None:
            self.info = ""
        return True, None

    def _as_url(self, of: FolderRules | None) -> str:
        """The path of the URL that a rewritten file name stands for."""
        prefix = of.folder + "/" if of else ""
        if of and of.base and self.filename.startswith(prefix):
            return of.base.rstrip("/") + "/" + self.filename.removeprefix(prefix)
        if self.filename.startswith(self.place.docroot + "/"):
            return self.filename.removeprefix(self.place.docroot)
        return self.filename

    def _redirected(self, chain: list[FolderRules]) -> Ending | None:
        """`Redirect` and `RedirectMatch` of mod_alias."""
        path, query = self.visit.path, f"?{self.visit.query}" if self.visit.query else ""
        for each in reversed(chain):
            for redirect in each.redirects:
                if redirect.is_pattern:
                    found = search(redirect.path, path)
                    target = _groups(redirect.target, found) if found else ""
                else:
                    fits = path == redirect.path or path.startswith(redirect.path.rstrip("/") + "/")
                    target = redirect.target + path[len(redirect.path) :] if fits else ""
                if target:
                    self.steps.append(Step(each.path, redirect.line, path, target))
                    return Ending("redirect", target + query, redirect.status)
        return None

    def _index(self, chain: list[FolderRules]) -> None:
        """The index file of a folder, else FallbackResource for what is not there."""
        bare = self.start.rstrip("/")
        fallback = next((each.fallback for each in reversed(chain) if each.fallback), "")
        if self.start.endswith("/") or bare == self.place.docroot:
            names = next((each.index for each in reversed(chain) if each.index), _INDEX)
            for name in names:
                if self.place.kinds.get(f"{bare}/{name}") in ("file", "link"):
                    self._go_on(f"{self.visit.path.rstrip('/')}/{name}")
                    self.visit = replace(self.visit, is_index=True)
                    return
                if fallback:
                    break  # it stands in for the first name that is not there
        if fallback and (bare not in self.place.kinds or self.start.endswith("/")) and not self.visit.is_redirected:
            self._go_on(fallback)

    def _variables(self, groups: tuple[str, ...] = ()) -> Variables:
        visit = self.visit
        port = visit.host.partition(":")[2] or ("443" if visit.https else "80")
        name = self.filename if self.filename.rstrip("/") != self.place.docroot else f"{self.place.docroot}/"
        known = {
            "REQUEST_URI": visit.path, "REQUEST_FILENAME": name, "SCRIPT_FILENAME": name, "QUERY_STRING": self.query,
            "HTTP_HOST": visit.host, "SERVER_NAME": visit.host.partition(":")[0], "SERVER_PORT": port,
            "HTTPS": "on" if visit.https else "off", "REQUEST_SCHEME": "https" if visit.https else "http", "THE_REQUEST": visit.request,
            "REQUEST_METHOD": "GET", "DOCUMENT_ROOT": self.place.docroot, "HTTP_USER_AGENT": visit.user_agent, "PATH_INFO": self.info,
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "192.0.2.1", "HTTP_ACCEPT": "*/*",
        }  # fmt: skip
        env = {**self.env, **({"REDIRECT_STATUS": "200"} if visit.is_redirected else {})}
        headers = {"HOST": visit.host, "USER-AGENT": visit.user_agent}
        return Variables(known, env, headers, self.place.kinds, self.place.sizes, groups)


def _groups(text: str, found: tuple[str, ...]) -> str:
    return re.sub(r"\$(\d)", lambda match: found[int(match.group(1))] if int(match.group(1)) < len(found) else "", text)
