"""Where the model sends a request, against where a real Apache sends it."""

from __future__ import annotations

import http.client
import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from diagnostics.htaccess.rules import rules_of
from diagnostics.htaccess.simulating import Ending, Place, Visit, follow, follow_outside
from tests.diagnostics.htaccess.corpus import WORDPRESS
from tests.diagnostics.htaccess.differing import SERVER
from tests.lab.apache import apache, why_missing

FILES = ("index.html", "about.html", "shop/index.html", "shop/item.html", "public/index.html", "deep/a/b.html", "index.txt")
PATHS = (
    "/", "/about.html", "/nothing", "/shop/", "/shop", "/shop/none", "/deep/a/b.html", "/about.html/x", "/about", "/a?b=c",
    "/shop/item.html", "/about/", "/about/print", "/nothing/", "/about.html/",
)  # fmt: skip
Htaccess = Mapping[str, str]  # folder -> content

KNOWN: dict[str, Htaccess] = {
    "wordpress": {"": WORDPRESS.decode().replace("index.php", "index.html").replace("index\\.php", "index\\.html")},
    "damaged block": {"": "RewriteEngine On\nRewriteBase /\nRewriteRule . /nowhere/index.html [L]\n"},
    "into a folder": {
        "": "RewriteEngine On\nRewriteRule ^(.*)$ public/$1 [L]\n",
        "public": "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^ index.html [L]\n",
    },
    "loop": {"": "RewriteEngine On\nRewriteRule ^(.*)$ /x/$1 [L]\n"},
    "loop of one folder": {"": "RewriteEngine On\nRewriteRule ^shop/(.*)$ /shop/y/$1 [L]\n"},
    "ending added to what is there": {
        "": "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-d\n"
        "RewriteCond %{REQUEST_FILENAME}\\.html -f\nRewriteRule ^(.*)$ $1.html [NC,L]\n"
    },
    "ending added, with a look at the address": {
        "": "RewriteEngine On\nRewriteCond %{DOCUMENT_ROOT}/$1.html -f\nRewriteRule ^([^/]+)/?$ $1.html [L]\n"
    },
    "ending added to what is not there": {"": "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^(.*?)/?$ $1.html [L]\n"},
    "end stops": {"": "RewriteEngine On\nRewriteRule ^(.*)$ /about.html [END]\n"},
    "same again stops": {"": "RewriteEngine On\nRewriteRule .* /about.html [L]\n"},
    "next without an end": {"": "RewriteEngine On\nRewriteRule ^(.*)a(.*)$ $1aa$2 [N]\n"},
    "next that ends": {"": "RewriteEngine On\nRewriteRule ^(.*)out(.*)$ $1-$2 [N]\n"},
    "extension": {"": "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME}.html -f\nRewriteRule ^(.*)$ $1.html [L]\n"},
    "extension for ever": {"": "RewriteEngine On\nRewriteRule ^(.+)$ /$1.html [L]\n"},
    "skip and chain": {
        "": "RewriteEngine On\nRewriteRule ^about - [S=1]\nRewriteRule ^(?!index) index.html [L]\nRewriteRule ^no - [C]\nRewriteRule . /x"
    },
    "forbidden": {"": "RewriteEngine On\nRewriteRule ^shop - [F]\nRewriteRule ^deep - [G]\n"},
    "inner without engine": {"": "RewriteEngine On\nRewriteRule ^(.*)$ /about.html [L]\n", "shop": "RewriteRule ^none$ - [F]\n"},
    "inner switches off": {"": "RewriteEngine On\nRewriteRule ^(.*)$ /about.html [L]\n", "shop": "RewriteEngine Off\n"},
    "redirects": {"": "Redirect 301 /about /x\nRedirectMatch 302 ^/deep/(.*)$ /shop/$1\n"},
    "to itself": {"": "RewriteEngine On\nRewriteRule ^(.*)$ /$1 [R=301,L]\n"},
    "once only": {"": "RewriteEngine On\nRewriteCond %{ENV:REDIRECT_STATUS} ^$\nRewriteRule ^(.*)$ /shop/$1 [L]\n"},
    "fallback": {"": "FallbackResource /index.html\n"},
    "engine off": {"": "RewriteEngine Off\nRewriteRule ^(.*)$ /x/$1 [L]\n"},
    "query": {"": "RewriteEngine On\nRewriteCond %{QUERY_STRING} ^b=(.)$\nRewriteRule ^(.*)$ /shop/?d=%1 [R=302,L]\n"},
    "base": {"shop": "RewriteEngine On\nRewriteBase /\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^(.*)$ about.html [L]\n"},
    "not": {"": "RewriteEngine On\nRewriteCond %{REQUEST_URI} !^/public/\nRewriteRule !\\.html$ public/ [L]\n"},
    "or": {"": "RewriteEngine On\nRewriteCond %{REQUEST_URI} =/nothing [OR]\nRewriteCond %{REQUEST_URI} ^/shop/no\nRewriteRule ^ - [F]\n"},
}
KNOWN |= {
    "files": {"": "RewriteEngine On\nRewriteRule ^ /about.html [L]\n<Files item.html>\nRewriteRule ^ - [F]\n</Files>\n"},
    "files alone": {"": "<Files about.html>\nRewriteEngine On\nRewriteRule . /shop/item.html [L]\n</Files>\n"},
    "files with a relative target": {"": "<Files about.html>\nRewriteEngine On\nRewriteRule . shop/item.html [L]\n</Files>\n"},
    "files with an anchor": {"": "<Files about.html>\nRewriteEngine On\nRewriteRule ^about /shop/item.html [L]\n</Files>\n"},
    "files of another folder": {"shop": "<Files about.html>\nRewriteEngine On\nRewriteRule . /shop/item.html [L]\n</Files>\n"},
    "files by pattern": {"": "<Files *.html>\nRewriteEngine On\nRewriteRule . - [G]\n</Files>\n"},
    "files by expression": {"": "<FilesMatch ^(item|b)\\.html$>\nRewriteEngine On\nRewriteRule . /index.txt [L]\n</FilesMatch>\n"},
    "files by tilde": {"": '<Files ~ "^no">\nRewriteEngine On\nRewriteRule . /index.txt [L]\n</Files>\n'},
    "files go round": {"": "<FilesMatch x$>\nRewriteEngine On\nRewriteRule ^(.*)$ /yx [L]\n</FilesMatch>\nRewriteEngine On\n"
                       "RewriteRule !x$ /zx [L]\n"},
    "files with a redirect": {"": "Redirect 301 /about.html /index.txt\n<Files about.html>\nRedirect 302 /about /x\n</Files>\n"},
    "files switch off": {"": "RewriteEngine On\nRewriteRule ^ /about.html [L]\n<Files nothing>\nRewriteEngine Off\n</Files>\n"},
    "files of a folder": {"": "<Files shop>\nRewriteEngine On\nRewriteRule . /about.html [L]\n</Files>\n"},
    "index in files": {"": 'DirectoryIndex about.html\n<FilesMatch "^$">\nDirectoryIndex index.txt\n</FilesMatch>\n'},
    "both": {"": "<Files item.html>\nRewriteEngine On\nRewriteRule . /about.html [L]\n</Files>\n",
             "shop": "RewriteEngine On\nRewriteRule ^item /index.txt [L]\n"},
}  # fmt: skip
_RULES = ("^(.*)$", "^shop/(.*)$", ".", "^about", "!\\.html$", "^(.+)/$", "^([a-z]+)$", "^index\\.html$", "^$", "^x/(.*)$")
_TARGETS = ("/index.html", "shop/$1", "-", "/x/$1", "about.html", "$1.html", "/shop/$1?a=b", "public/$1", "/", "/$1")
_SECTIONS = (
    ("<Files about.html>", "</Files>"), ("<FilesMatch html$>", "</FilesMatch>"), ("<Files n*>", "</Files>"),
    ('<Files ~ "^(item|b)">', "</Files>"),
)  # fmt: skip
_FLAGS = ("L", "L", "", "R=301,L", "QSA,L", "END", "NC,L", "F", "S=1", "C", "N", "PT")
_CONDITIONS = (
    "%{REQUEST_FILENAME} !-f", "%{REQUEST_FILENAME} !-d", "%{REQUEST_URI} !^/shop", "%{HTTP_HOST} ^case", "%{HTTPS} off",
    "%{QUERY_STRING} ^$",
    "%{ENV:REDIRECT_STATUS} ^$", "%{REQUEST_URI} ^/([a-z]+) [OR]", "%{DOCUMENT_ROOT}/$1.html -f",
)  # fmt: skip


def random_rules(seed: int) -> Htaccess:
    chance, of_sections = random.Random(seed), random.Random(f"{seed} sections")
    made: dict[str, str] = {}
    for folder in ("", *chance.choice(((), ("shop",), ("public",)))):
        lines = ["RewriteEngine On"] if chance.random() < 0.9 else []
        for _ in range(chance.randrange(1, 4)):
            lines += [f"RewriteCond {chance.choice(_CONDITIONS)}" for _ in range(chance.choice((0, 0, 1, 2)))]
            flags = chance.choice(_FLAGS)
            lines.append(f"RewriteRule {chance.choice(_RULES)} {chance.choice(_TARGETS)}{f' [{flags}]' if flags else ''}")
        if of_sections.random() < 0.25:
            head, end = of_sections.choice(_SECTIONS)
            lines += [head, f"RewriteRule {of_sections.choice(_RULES)} {of_sections.choice(_TARGETS)} [L]", end]
        made[folder] = "\n".join(lines) + "\n"
    return made


def build(base: Path, files: Htaccess) -> None:
    for name in FILES:
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(f"this is {name}")
    for folder, content in files.items():
        (base / folder / ".htaccess").write_text(content)


def place_of(base: Path, files: Htaccess) -> Place:
    kinds = {str(path): "folder" if path.is_dir() else "file" for path in [base, *base.rglob("*")]}
    rules = {}
    for folder, content in files.items():
        where = str(base / folder) if folder else str(base)
        rules[where] = rules_of(content.encode(), where, f"{folder}/.htaccess".lstrip("/"), SERVER)
    return Place(str(base), kinds, rules)


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    location: str


def ask(url: str, host: str, path: str) -> Answer:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read().decode("utf-8", "replace"), answer.headers.get("Location", ""))
    finally:
        connection.close()


def agrees(ending: Ending, answer: Answer, base: Path) -> bool:
    if ending.kind == "loop":
        return answer.status == 500
    if ending.kind == "file":
        return answer.status == 200 and answer.body == f"this is {ending.target.removeprefix(f'{base}/')}"
    if ending.kind == "redirect":
        path = urlsplit(ending.target)
        given = urlsplit(answer.location)
        return answer.status == ending.status and (path.path, path.query) == (given.path, given.query)
    wanted = {"folder": 403, "missing": 404, "status": ending.status}[ending.kind]
    return answer.status == wanted


def differences(base: Path, cases: Sequence[Htaccess]) -> tuple[int, list[str]]:
    docroots = [base / "www" / f"case{number}" for number in range(len(cases))]
    for docroot, files in zip(docroots, cases, strict=True):
        build(docroot, files)
    hosts = "\n".join(
        f'<VirtualHost *>\nServerName case{n}.example\nDocumentRoot "{docroot}"\n</VirtualHost>' for n, docroot in enumerate(docroots)
    )
    wrong, asked = [], 0
    with apache(base / "www", base / "logs", extra=hosts) as server:
        for number, (docroot, files) in enumerate(zip(docroots, cases, strict=True)):
            place = place_of(docroot, files)
            for path in PATHS:
                bare, _mark, query = path.partition("?")
                ending = follow(place, Visit(bare, query, f"case{number}.example"))
                answer = ask(server.url, f"case{number}.example", path)
                asked += 1
                if not agrees(ending, answer, docroot):
                    wrong.append(f"{files} {path}\n  Apache {answer.status} {answer.location or answer.body[:60]!r}\n  model {ending}")
    return asked, wrong


@pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is here")
def test_model_goes_where_apache_goes_with_rules_as_people_write_them(base: Path) -> None:
    _asked, wrong = differences(base, list(KNOWN.values()))
    assert wrong == []


@pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is here")
def test_model_mostly_goes_where_apache_goes_with_rules_made_from_todays_seed(base: Path) -> None:
    seed = int(os.environ.get("TEST_SEED") or time.strftime("%Y%m%d", time.gmtime()))
    asked, wrong = differences(base, [random_rules(seed * 100 + number) for number in range(60)])
    assert len(wrong) <= 0.03 * asked, "\n".join(wrong)


def test_loop_names_the_rule_that_goes_round() -> None:
    place = Place(
        "/w", {"/w": "folder"}, {"/w": rules_of(b"RewriteEngine On\n\nRewriteRule ^(.*)$ /x/$1 [L]\n", "/w", "w/.htaccess", SERVER)}
    )
    ending = follow(place, Visit("/a"))
    assert ending.kind == "loop"
    assert ending.loop_step is not None and (ending.loop_step.path, ending.loop_step.line) == ("w/.htaccess", 3)


@pytest.mark.parametrize(
    ("rules", "https", "always", "kind"),
    [
        ("RewriteCond %{HTTPS} off\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]", True, None, "missing"),
        ("RewriteCond %{HTTPS} off\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]", True, False, "loop"),
        ("RewriteCond %{HTTP_HOST} !^www\\.\nRewriteRule ^(.*)$ http://shop.example/$1 [R=301,L]", False, None, "loop"),
        ("RewriteCond %{HTTP_HOST} ^www\\.\nRewriteRule ^(.*)$ http://shop.example/$1 [R=301,L]", False, None, "missing"),
        ("Redirect 301 / http://shop.example/new", False, None, "loop"),
        ("RewriteRule ^ http://other.example/ [R,L]", False, None, "redirect"),
    ],
)
def test_redirects_that_browsers_follow_for_ever_are_seen(rules: str, https: bool, always: bool | None, kind: str) -> None:
    content = f"RewriteEngine On\n{rules}\n".encode()
    place = Place("/w", {"/w": "folder"}, {"/w": rules_of(content, "/w", "w/.htaccess", SERVER)})
    assert follow_outside(place, Visit("/a", "", "shop.example", https), always=always).kind == kind
