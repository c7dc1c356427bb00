# ruff: noqa: E501 (a page or a setting stays on one line, to be compared with the next)
"""Apache: its own error pages, also in five languages, its gateway's, its default page, ModSecurity's refusals."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from sites.probing.outcome import Kind
from tests.corpus.case import Case
from tests.corpus.software.running import Shown, ask, free_port
from tests.lab.apache import DEFAULT_MODULES, apache

_ERRORS = Path("/usr/share/apache2/error")
_DEFAULT = Path("/usr/share/apache2/default-site/index.html")
_RULES = Path("/usr/share/modsecurity-crs")
_PAGES = {".htaccess": "", "index.html": "<!doctype html><title>Mugs</title><h1>Mugs</h1><p>Made in small numbers.</p>"}
_LANGUAGES = ("en", "fr", "de", "es", "it")
_BY_STATUS = {
    403: ("HTTP_FORBIDDEN", Kind.CLIENT_ERROR), 404: ("HTTP_NOT_FOUND", Kind.CLIENT_ERROR),
    410: ("HTTP_GONE", Kind.CLIENT_ERROR), 500: ("HTTP_INTERNAL_SERVER_ERROR", Kind.SERVER_ERROR),
    502: ("HTTP_BAD_GATEWAY", Kind.GATEWAY_ERROR), 503: ("HTTP_SERVICE_UNAVAILABLE", Kind.GATEWAY_ERROR),
}  # fmt: skip


def cases(folder: Path) -> Iterator[Case]:
    """Plain pages, the error pages in each language, a gateway with bad backends, ModSecurity where it is installed."""
    yield from _plain(folder)
    if _ERRORS.is_dir():
        for language in _LANGUAGES:
            yield from _in_language(folder, language)
    yield from _gateway(folder)
    if _RULES.is_dir():
        yield from _firewall(folder)


def _fill(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for path in (root, *root.rglob("*"), *root.parents[:2]):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return root


def _plain(folder: Path) -> Iterator[Case]:
    root = _fill(folder / "plain", _PAGES | {
        "typo/.htaccess": "RewritEngine On\n", "typo/index.html": "x",
        "text/.htaccess": 'ErrorDocument 500 "The shop has a problem. Please come back later."\nRewritEngine On\n',
        "own/.htaccess": "ErrorDocument 503 /own/sorry.html\nRewriteEngine On\nRewriteRule ^$ - [R=503,L]\n"
                         'Header always set Retry-After "600" "expr=%{REQUEST_STATUS} == 503"\n',
        "own/sorry.html": "<title>Back soon</title><h1>We are working on the shop</h1>",
        "loop/.htaccess": "RewriteEngine On\nRewriteRule ^(.*)$ /loop/x$1 [R=302,L]\n",
        "inner/.htaccess": "RewriteEngine On\nRewriteRule ^(.*)$ /inner/$1.html [L]\n",
        "list/.htaccess": "Options +Indexes\n", "list/500-internal-server-error.txt": "x", "list/database-error.log": "x",
        "secret/.htaccess": "Require all denied\n", "noindex/notes.txt": "x",
        "busy/.htaccess": "RewriteEngine On\nRewriteRule ^ - [R=429,L]\n", "gone/.htaccess": "RewriteEngine On\nRewriteRule ^ - [G]\n",
        "odd/.htaccess": "RewriteEngine On\nRewriteRule ^ - [R=503,L]\n", "teapot/.htaccess": "RewriteEngine On\nRewriteRule ^ - [R=406,L]\n",
        "login/.htaccess": "AuthType Basic\nAuthName x\nAuthUserFile /dev/null\nRequire valid-user\n",
        "cgi/.htaccess": "Options +ExecCGI\nAddHandler cgi-script .sh\n", "cgi/dead.sh": "#!/bin/false\n",
        "empty.html": "", "it-works/index.html": _DEFAULT.read_text() if _DEFAULT.exists() else _PAGES["index.html"],
    })  # fmt: skip
    (root / "cgi/dead.sh").chmod(0o755)
    pages = [
        Shown("well", "/", Kind.OK), Shown("htaccess-typo", "/typo/", Kind.SERVER_ERROR), Shown("own-words", "/text/", Kind.SERVER_ERROR),
        Shown("own-503", "/own/", Kind.MAINTENANCE), Shown("redirect-loop", "/loop/", Kind.REDIRECT_LOOP),
        Shown("inner-loop", "/inner/x", Kind.SERVER_ERROR), Shown("listing-of-error-logs", "/list/", Kind.OK, lookalike=True),
        Shown("denied", "/secret/", Kind.CLIENT_ERROR), Shown("no-index", "/noindex/", Kind.CLIENT_ERROR),
        Shown("missing", "/missing", Kind.CLIENT_ERROR), Shown("too-many", "/busy/", Kind.BLOCKED), Shown("gone", "/gone/", Kind.CLIENT_ERROR),
        Shown("bare-503", "/odd/", Kind.GATEWAY_ERROR), Shown("not-acceptable", "/teapot/", Kind.CLIENT_ERROR),
        Shown("login", "/login/", Kind.CLIENT_ERROR), Shown("login-expected", "/login/", Kind.OK, statuses=(401,), lookalike=True),
        Shown("cgi-dies", "/cgi/dead.sh", Kind.SERVER_ERROR), Shown("empty-file", "/empty.html", Kind.WHITE_PAGE),
        *([Shown("debian-default-page", "/it-works/", Kind.SUSPENDED)] if _DEFAULT.exists() else []),
    ]  # fmt: skip
    with apache(root, folder / "logs", extra=f'<Directory "{root}/list">\nOptions +Indexes\n</Directory>\n') as server:
        yield from ask("apache", int(server.url.rpartition(":")[2]), pages)


def _in_language(folder: Path, language: str) -> Iterator[Case]:
    """The error pages that Apache brings along, in the language that the server prefers (mod_negotiation)."""
    root = _fill(folder / f"language-{language}", _PAGES)
    lines = ['Alias /error/ "/usr/share/apache2/error/"', "RewriteEngine On"]
    lines += [f"RewriteRule ^/status/{status}$ - [R={status},L]\nErrorDocument {status} /error/{name}.html.var"
              for status, (name, _kind) in _BY_STATUS.items()]  # fmt: skip
    lines += [
        '<Directory "/usr/share/apache2/error">\nOptions IncludesNoExec\nAddOutputFilter Includes html\nAddHandler type-map var\n'
        f"Require all granted\nLanguagePriority {language} en\nForceLanguagePriority Prefer Fallback\n</Directory>"
    ]
    pages = [Shown(f"{status}", f"/status/{status}", kind, language) for status, (_name, kind) in _BY_STATUS.items()]
    with apache(root, folder / f"logs-{language}", modules=(*DEFAULT_MODULES, "include"), extra="\n".join(lines)) as server:
        yield from ask(f"apache-{language}", int(server.url.rpartition(":")[2]), pages)


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """A port that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        yield listener.getsockname()[1]


@contextlib.contextmanager
def answering(raw: bytes) -> Iterator[int]:
    """A port that answers every request with these bytes and hangs up."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:

        def serve() -> None:
            while True:
                try:
                    line, _peer = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), line:
                    line.settimeout(2)
                    line.recv(65536)
                    line.sendall(raw)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def _gateway(folder: Path) -> Iterator[Case]:
    root = _fill(folder / "gateway", _PAGES)
    short = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4000\r\n\r\n<title>Mugs</title><h1>Mugs</h1>"
    with silent() as mute, answering(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n") as odd, answering(short) as cut:
        lines = "\n".join(
            f"ProxyPass /{name}/ http://127.0.0.1:{port}/ {more}"
            for name, port, more in (("refused", free_port(), ""), ("mute", mute, "timeout=1"), ("odd", odd, ""), ("cut", cut, ""))
        )
        pages = [
            Shown("refused", "/refused/", Kind.GATEWAY_ERROR), Shown("time-out", "/mute/", Kind.GATEWAY_ERROR),
            Shown("no-http", "/odd/", Kind.GATEWAY_ERROR), Shown("cut-off", "/cut/", Kind.TRUNCATED),
        ]  # fmt: skip
        with apache(root, folder / "logs-gateway", modules=(*DEFAULT_MODULES, "proxy", "proxy_http"), extra=lines) as server:
            yield from ask("apache-gateway", int(server.url.rpartition(":")[2]), pages)


def _firewall(folder: Path) -> Iterator[Case]:
    """ModSecurity's own status and page: with nothing but a 403 nobody can tell it from the site's; with its words one can."""
    root = _fill(folder / "firewall", _PAGES)
    lines = (
        'SecRuleEngine On\nSecDefaultAction "phase:1,deny,log,status:403"\n'
        'SecRule ARGS "@contains union" "id:1,phase:1,deny,status:403"\nSecRule ARGS "@contains flood" "id:2,phase:1,deny,status:429"\n'
        'SecRule ARGS "@contains passwd" "id:3,phase:1,deny,status:406"\n'
        'ErrorDocument 406 "<h1>Not Acceptable!</h1><p>An appropriate representation of the requested resource could not be found on this '
        'server. This error was generated by Mod_Security.</p>"\n'
    )
    pages = [
        Shown("plain-403", "/?q=union", Kind.CLIENT_ERROR), Shown("429", "/?q=flood", Kind.BLOCKED), Shown("406", "/?q=passwd", Kind.BLOCKED),
        Shown("well", "/?q=mugs", Kind.OK),
    ]  # fmt: skip
    with apache(root, folder / "logs-firewall", modules=(*DEFAULT_MODULES, "unique_id", "security2"), extra=lines) as server:
        yield from ask("modsecurity", int(server.url.rpartition(":")[2]), pages)
