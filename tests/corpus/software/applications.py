# ruff: noqa: E501 (a page or a setting stays on one line, to be compared with the next)
"""Application servers of other languages: Django, Flask, gunicorn, uWSGI, Puma, Python's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sites.probing.outcome import Kind
from tests.corpus.case import Case
from tests.corpus.software.running import Shown, ask, binary, free_port, running

_DJANGO = """
import sys
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpResponse, JsonResponse
from django.urls import path
debug = "debug" in __name__
settings.configure(DEBUG=debug, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="x", LANGUAGE_CODE="en",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}], LOGGING_CONFIG=None, MIDDLEWARE=[
    "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/nonexistent/db.sqlite3"}})
def fail(request): raise ValueError("no price for mug 7")
def query(request):
    from django.db import connection
    connection.ensure_connection()
def refuse(request): raise PermissionDenied
def odd(request): raise SuspiciousOperation
def well(request): return HttpResponse("<!doctype html><title>Mugs</title><h1>Mugs</h1>")
def api(request): return JsonResponse({"error": False, "status": "ok", "fatal error": None, "maintenance": False, "database": "up"})
def quiet(request): return HttpResponse(status=204)
urlpatterns = [path("", well), path("fail", fail), path("query", query), path("refuse", refuse), path("odd", odd), path("api", api), path("quiet", quiet)]
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""
_FLASK = """
from flask import Flask, abort
app = Flask(__name__)
@app.route("/")
def well(): return "<!doctype html><title>Mugs</title><h1>Mugs</h1>"
@app.route("/fail")
def fail(): raise ValueError("no price for mug 7")
@app.route("/abort/<int:status>")
def stop(status): abort(status)
if __name__ == "__main__":
    import sys
    app.run(port=int(sys.argv[1]), debug=sys.argv[2] == "debug", use_reloader=False)
"""
_WSGI = """
def application(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise ValueError("no price for mug 7")
    if environ["PATH_INFO"] == "/hang":
        import time
        time.sleep(30)
    if environ["PATH_INFO"] == "/part":
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", "4000")])
        return [b"<title>Mugs</title><h1>Mugs</h1>"]
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<title>Mugs</title><h1>Mugs</h1>"]
"""


def django(folder: Path) -> Iterator[Case]:
    """Django with and without DEBUG, under gunicorn."""
    pages = [
        ("well", "/", Kind.OK, False), ("fail", "/fail", Kind.SERVER_ERROR, False), ("database", "/query", Kind.SERVER_ERROR, False),
        ("refused", "/refuse", Kind.CLIENT_ERROR, False), ("odd", "/odd", Kind.CLIENT_ERROR, False), ("missing", "/none", Kind.CLIENT_ERROR, False),
        ("api", "/api", Kind.OK, True), ("no-content", "/quiet", Kind.OK, True),
    ]  # fmt: skip
    for module in ("plain", "debug"):
        (folder / f"app_{module}.py").write_text(_DJANGO)
        shown = [Shown(name, path, kind, lookalike=alike) for name, path, kind, alike in pages]
        with _gunicorn(folder, f"app_{module}") as port:
            yield from ask(f"django-{module}", port, shown)
            yield from ask(f"django-{module}", port, [Shown("wrong-host", "/", Kind.CLIENT_ERROR)], host="other.example")


def _gunicorn(folder: Path, module: str):  # noqa: ANN202
    import contextlib

    @contextlib.contextmanager
    def started() -> Iterator[int]:
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--timeout", "2", "--workers", "2", "--chdir", folder,
                   "--no-control-socket", f"{module}:application"]  # fmt: skip
        with running(command, port=port, cwd=folder):
            yield port

    return started()


def gunicorn(folder: Path) -> Iterator[Case]:
    """What gunicorn says when an application fails or is killed."""
    (folder / "raw.py").write_text(_WSGI)
    with _gunicorn(folder, "raw") as port:
        yield from ask("gunicorn", port, [
            Shown("well", "/", Kind.OK), Shown("fail", "/fail", Kind.SERVER_ERROR), Shown("cut-off", "/part", Kind.TRUNCATED),
            Shown("killed", "/hang", Kind.SERVER_ERROR),
        ])  # fmt: skip


def python_server(folder: Path) -> Iterator[Case]:
    """`python -m http.server`."""
    (folder / "index-of-errors").mkdir()
    (folder / "index-of-errors" / "fatal error.txt").write_text("x")
    (folder / "nothing.html").write_text("")
    port = free_port()
    with running([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)], port=port, cwd=folder):
        yield from ask("http.server", port, [
            Shown("missing", "/none", Kind.CLIENT_ERROR), Shown("listing", "/index-of-errors/", Kind.OK, lookalike=True),
            Shown("empty", "/nothing.html", Kind.WHITE_PAGE), Shown("listing-as-text", "/index-of-errors/fatal%20error.txt", Kind.OK, lookalike=True),
        ])  # fmt: skip


def flask(folder: Path) -> Iterator[Case]:
    """Flask's pages and its debugger."""
    (folder / "shop.py").write_text(_FLASK)
    for mode in ("plain", "debug"):
        port = free_port()
        with running(["/usr/bin/python3", "shop.py", str(port), mode], port=port, cwd=folder, env={"PYTHONPATH": "", "VIRTUAL_ENV": ""}):
            more = [Shown(f"{status}", f"/abort/{status}", kind) for status, kind in (
                (403, Kind.CLIENT_ERROR), (404, Kind.CLIENT_ERROR), (418, Kind.CLIENT_ERROR), (429, Kind.BLOCKED), (500, Kind.SERVER_ERROR),
                (502, Kind.GATEWAY_ERROR), (503, Kind.GATEWAY_ERROR))] if mode == "plain" else []  # fmt: skip
            yield from ask(f"flask-{mode}", port, [Shown("well", "/", Kind.OK), Shown("fail", "/fail", Kind.SERVER_ERROR), *more])


def uwsgi(folder: Path) -> Iterator[Case]:
    """uWSGI's own words for an application that fails or was not found."""
    (folder / "raw.py").write_text(_WSGI)
    for name, module, kind in (("fail", "raw", Kind.UNREACHABLE), ("no-app", "no_such_module", Kind.SERVER_ERROR)):
        port = free_port()
        command = [binary("uwsgi"), "--plugin", "http,python3", "--http-socket", f"127.0.0.1:{port}", "--chdir", folder, "--module",
                   f"{module}:application", *([] if name == "no-app" else ["--need-app"])]  # fmt: skip
        with running(command, port=port, cwd=folder):
            yield from ask("uwsgi", port, [Shown(name, "/fail", kind)])


def puma(folder: Path) -> Iterator[Case]:
    """Ruby's Puma and Rack."""
    (folder / "config.ru").write_text(
        'run lambda { |env| raise "no price" if env["PATH_INFO"] == "/fail"; [200, {"content-type" => "text/html"}, ["<h1>Mugs</h1>"]] }\n'
    )
    for mode in ("production", "development"):
        port = free_port()
        with running([binary("puma"), "-e", mode, "-b", f"tcp://127.0.0.1:{port}", folder / "config.ru"], port=port, cwd=folder):
            yield from ask(f"puma-{mode}", port, [Shown("well", "/", Kind.OK), Shown("fail", "/fail", Kind.SERVER_ERROR)])
