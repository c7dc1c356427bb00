# ruff: noqa: E501 (a page or a setting stays on one line, to be compared with the next)
"""What stands in front of a site: nginx, lighttpd, HAProxy, Varnish, Squid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sites.probing.outcome import Kind
from tests.corpus.case import Case
from tests.corpus.software.apache import answering, silent
from tests.corpus.software.running import Shown, ask, binary, free_port, running, worker_lines

_PAGE = b"<!doctype html><title>Mugs</title><h1>Mugs</h1><p>Made in small numbers.</p>"
_WELL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(_PAGE), _PAGE)
_SHORT = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4000\r\nConnection: close\r\n\r\n" + _PAGE

_ODD = b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"


def nginx(folder: Path) -> Iterator[Case]:
    """nginx's own pages, those of its limits, and those for a backend that is away, mute or cut off."""
    root, port = folder / "root", free_port()
    (root / "list").mkdir(parents=True)
    (root / "index.html").write_bytes(_PAGE)
    (root / "list" / "error-500.html").write_bytes(_PAGE)
    (root / "sorry.html").write_text("<title>Wartung</title><h1>Wir sind gleich zurück</h1>")
    for path in (folder, root, root / "list"):
        path.chmod(0o755)
    default = Path("/usr/share/nginx/html")
    with silent() as mute, answering(_SHORT) as cut, answering(_ODD) as odd:
        (folder / "nginx.conf").write_text(
            f"{worker_lines('user root;')}\ndaemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{\n"
            f"access_log off;\nclient_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; "
            f"uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\ninclude /etc/nginx/mime.types;\ngzip on; gzip_min_length 1;\n"
            "limit_req_zone $server_addr zone=all:1m rate=1r/m;\nlimit_req_status 429;\n"
            f"server {{ listen 127.0.0.1:{port}; root {root}; proxy_read_timeout 1s; large_client_header_buffers 2 1k;\n"
            "location = /500 { return 500; } location = /501 { return 501; } location = /502 { return 502; }\n"
            "location = /503 { return 503; } location = /504 { return 504; } location = /403 { return 403; }\n"
            "location = /405 { return 405; } location = /413 { return 413; } location = /410 { return 410; }\n"
            "location = /cycle { rewrite ^ /cycle last; } location = /loop { return 302 /loop; }\n"
            "location = /text { default_type text/html; return 500 'Sorry, something broke.'; }\n"
            "location = /later { add_header Retry-After 300 always; return 503; }\n"
            "location = /works { error_page 503 /sorry.html; return 503; }\n"
            "location = /quiet { return 204; } location = /drop { return 444; } location = /status { stub_status; }\n"
            "location = /busy { limit_req zone=all; try_files /index.html =404; }\nlocation /list/ { autoindex on; }\n"
            f"location /away/ {{ proxy_pass http://127.0.0.1:{free_port()}/; }}\nlocation /mute/ {{ proxy_pass http://127.0.0.1:{mute}/; }}\n"
            f"location /odd/ {{ proxy_pass http://127.0.0.1:{odd}/; }}\nlocation /cut/ {{ proxy_buffering off; proxy_pass http://127.0.0.1:{cut}/; }}\n"
            f"location /fpm/ {{ fastcgi_pass unix:{folder}/none.sock; }}\n"
            f"location /welcome/ {{ alias {default}/; index index.html; }}\n}}\n}}\n"
        )  # fmt: skip
        pages = [
            Shown("well-gzip", "/", Kind.OK), Shown("500", "/500", Kind.SERVER_ERROR), Shown("501", "/501", Kind.SERVER_ERROR),
            Shown("502", "/502", Kind.GATEWAY_ERROR), Shown("503", "/503", Kind.GATEWAY_ERROR), Shown("504", "/504", Kind.GATEWAY_ERROR),
            Shown("403", "/403", Kind.CLIENT_ERROR), Shown("404", "/missing", Kind.CLIENT_ERROR), Shown("405", "/405", Kind.CLIENT_ERROR),
            Shown("413", "/413", Kind.CLIENT_ERROR), Shown("410", "/410", Kind.CLIENT_ERROR), Shown("rewrite-cycle", "/cycle", Kind.SERVER_ERROR),
            Shown("redirect-loop", "/loop", Kind.REDIRECT_LOOP), Shown("own-500", "/text", Kind.SERVER_ERROR),
            Shown("retry-after", "/later", Kind.MAINTENANCE), Shown("own-maintenance", "/works", Kind.MAINTENANCE, "de"),
            Shown("no-content", "/quiet", Kind.OK, lookalike=True), Shown("dropped", "/drop", Kind.UNREACHABLE),
            Shown("stub-status", "/status", Kind.OK, lookalike=True), Shown("listing", "/list/", Kind.OK, lookalike=True),
            Shown("backend-away", "/away/", Kind.GATEWAY_ERROR), Shown("backend-mute", "/mute/", Kind.GATEWAY_ERROR),
            Shown("backend-no-http", "/odd/", Kind.GATEWAY_ERROR), Shown("backend-cut", "/cut/", Kind.TRUNCATED),
            Shown("fpm-away", "/fpm/x.php", Kind.GATEWAY_ERROR), Shown("long-address", "/" + "x" * 3000, Kind.CLIENT_ERROR),
            *([Shown("welcome-page", "/welcome/", Kind.SUSPENDED)] if (default / "index.html").exists() else []),
        ]  # fmt: skip
        with running([binary("nginx"), "-c", folder / "nginx.conf", "-p", folder], port=port):
            yield from ask("nginx", port, pages)
            yield from list(ask("nginx", port, [Shown("busy-first", "/busy", Kind.OK), Shown("busy", "/busy", Kind.BLOCKED)], at_once=1))[
                1:
            ]


def lighttpd(folder: Path) -> Iterator[Case]:
    """lighttpd's own pages, its placeholder, and a FastCGI backend that is away."""
    root, port = folder / "root", free_port()
    (root / "secret").mkdir(parents=True)
    (root / "index.html").write_bytes(_PAGE)
    (root / "x.php").write_text("x")
    placeholder = Path("/usr/share/lighttpd/index.html")
    if placeholder.exists():
        (root / "new").mkdir()
        (root / "new" / "index.html").write_bytes(placeholder.read_bytes())
    (folder / "lighttpd.conf").write_text(
        f'server.modules = ("mod_access", "mod_fastcgi", "mod_redirect", "mod_proxy")\nserver.document-root = "{root}"\n'
        f'server.port = {port}\nserver.bind = "127.0.0.1"\nindex-file.names = ("index.html")\n'
        'mimetype.assign = (".html" => "text/html", "" => "application/octet-stream")\n'
        f'url.access-deny = ("secret/")\nfastcgi.server = (".php" => (("socket" => "{folder}/none.sock")))\n'
        f'url.redirect = ("^/loop" => "/loop")\n$HTTP["url"] =~ "^/away" {{ proxy.server = ("" => (("host" => "127.0.0.1", "port" => {free_port()}))) }}\n'
    )  # fmt: skip
    pages = [
        Shown("well", "/", Kind.OK), Shown("denied", "/secret/", Kind.CLIENT_ERROR), Shown("missing", "/missing", Kind.CLIENT_ERROR),
        Shown("php-away", "/x.php", Kind.GATEWAY_ERROR), Shown("redirect-loop", "/loop", Kind.REDIRECT_LOOP),
        Shown("backend-away", "/away", Kind.GATEWAY_ERROR),
        *([Shown("placeholder", "/new/", Kind.SUSPENDED)] if placeholder.exists() else []),
    ]  # fmt: skip
    with running([binary("lighttpd"), "-D", "-f", folder / "lighttpd.conf"], port=port):
        yield from ask("lighttpd", port, pages)


def haproxy(folder: Path) -> Iterator[Case]:
    """HAProxy's own pages: nobody behind it, nonsense from behind it, too slow, refused by a rule."""
    port = free_port()
    with silent() as mute, answering(_ODD) as odd, answering(_WELL) as well, answering(_SHORT) as cut:
        backends = {"away": free_port(), "mute": mute, "odd": odd, "well": well, "cut": cut}
        rules = "".join(f" use_backend {name} if {{ path /{name} }}\n" for name in (*backends, "none"))
        tails = "".join(f"backend {name}\n server one 127.0.0.1:{number}\n" for name, number in backends.items())
        (folder / "haproxy.cfg").write_text(
            "global\n maxconn 100\ndefaults\n mode http\n timeout connect 1s\n timeout client 5s\n timeout server 1s\n retries 0\n"
            f"frontend all\n bind 127.0.0.1:{port}\n http-request deny if {{ path /deny }}\n http-request deny deny_status 429 if {{ path /busy }}\n"
            " http-request deny deny_status 500 if { path /500 }\n http-request tarpit deny_status 503 if { path /503 }\n timeout tarpit 200ms\n"
            ' http-request return status 503 content-type text/html string "<h1>Wartungsarbeiten</h1>" hdr Retry-After 600 if { path /works }\n'
            ' http-request return status 200 content-type text/html string "<h1>500 mugs, 503 plates</h1><p>error free</p>" if { path /mugs }\n'
            f" monitor-uri /alive\n{rules}backend none\n{tails}"
        )  # fmt: skip
        pages = [
            Shown("well", "/well", Kind.OK), Shown("backend-away", "/away", Kind.GATEWAY_ERROR), Shown("backend-mute", "/mute", Kind.GATEWAY_ERROR),
            Shown("backend-no-http", "/odd", Kind.GATEWAY_ERROR), Shown("no-backend", "/none", Kind.GATEWAY_ERROR),
            Shown("backend-cut", "/cut", Kind.TRUNCATED), Shown("denied", "/deny", Kind.CLIENT_ERROR), Shown("429", "/busy", Kind.BLOCKED),
            Shown("500", "/500", Kind.SERVER_ERROR), Shown("503", "/503", Kind.GATEWAY_ERROR), Shown("maintenance", "/works", Kind.MAINTENANCE, "de"),
            Shown("alive", "/alive", Kind.OK, lookalike=True), Shown("mugs", "/mugs", Kind.OK, lookalike=True),
        ]  # fmt: skip
        with running([binary("haproxy"), "-db", "-f", folder / "haproxy.cfg"], port=port):
            yield from ask("haproxy", port, pages)


def varnish(folder: Path) -> Iterator[Case]:
    """Varnish's own page, which it sends with Retry-After for every 503, and what its rules can answer."""
    port = free_port()
    with answering(_WELL) as well:
        (folder / "default.vcl").write_text(
            f'vcl 4.0;\nbackend away {{ .host = "127.0.0.1"; .port = "{free_port()}"; }}\n'
            f'backend well {{ .host = "127.0.0.1"; .port = "{well}"; }}\n'
            'sub vcl_recv {\n if (req.url == "/deny") { return (synth(403, "Forbidden")); }\n'
            ' if (req.url == "/busy") { return (synth(429, "Too many requests")); }\n'
            ' if (req.url == "/500") { return (synth(500, "Internal Server Error")); }\n'
            ' if (req.url == "/750") { return (synth(503, "Service unavailable")); }\n'
            ' if (req.url == "/well") { set req.backend_hint = well; } else { set req.backend_hint = away; }\n}\n'
        )  # fmt: skip
        pages = [
            Shown("well", "/well", Kind.OK), Shown("backend-away", "/", Kind.GATEWAY_ERROR), Shown("denied", "/deny", Kind.CLIENT_ERROR),
            Shown("429", "/busy", Kind.BLOCKED), Shown("500", "/500", Kind.SERVER_ERROR), Shown("synthetic-503", "/750", Kind.GATEWAY_ERROR),
        ]  # fmt: skip
        command = [binary("varnishd"), "-F", "-j", "none", "-f", folder / "default.vcl", "-a", f"127.0.0.1:{port}", "-s", "default,8m"]
        with running([*command, "-n", folder / "n", "-T", "none"], port=port):
            yield from ask("varnish", port, pages)


_SQUID_LANGUAGES = {"en": "English", "fr": "French", "de": "German", "es": "Spanish", "it": "Italian"}


def squid(folder: Path) -> Iterator[Case]:
    """Squid as a reverse proxy, its pages in five languages."""
    for language, name in _SQUID_LANGUAGES.items():
        pages = Path("/usr/share/squid/errors") / name
        if not pages.is_dir():
            pages = Path("/usr/share/squid/errors") / (language if language != "en" else "en-us")
        if pages.is_dir():
            yield from _squid_in(folder / language, language, pages)


def _squid_in(folder: Path, language: str, pages: Path) -> Iterator[Case]:
    folder.mkdir()
    folder.chmod(0o777)
    port = free_port()
    with silent() as mute, answering(_ODD) as odd:
        peers = "".join(
            f"cache_peer 127.0.0.1 parent {number} 0 no-query originserver name={name} no-digest no-netdb-exchange connect-timeout=1\n"
            f"acl is_{name} urlpath_regex ^/{name}\ncache_peer_access {name} allow is_{name}\n"
            for name, number in (("away", free_port()), ("mute", mute), ("odd", odd))
        )
        (folder / "squid.conf").write_text(
            f"http_port 127.0.0.1:{port} accel defaultsite=127.0.0.1 no-vhost\n{peers}acl denied urlpath_regex ^/deny\nhttp_access deny denied\n"
            f"http_access allow all\nerror_directory {pages}\nread_timeout 1 second\nrequest_timeout 5 seconds\nforward_timeout 2 seconds\n"
            f"pid_filename {folder}/pid\ncache_log {folder}/cache.log\naccess_log none\ncache_store_log none\ncoredump_dir {folder}\n"
            "visible_hostname proxy.example\nnever_direct allow all\ncache deny all\nnetdb_filename none\npinger_enable off\nicp_port 0\n"
            "shutdown_lifetime 0 seconds\n"
        )  # fmt: skip
        shown = [
            Shown("backend-away", "/away", Kind.GATEWAY_ERROR, language), Shown("denied", "/deny", Kind.CLIENT_ERROR, language),
            Shown("backend-mute", "/mute", Kind.GATEWAY_ERROR, language), Shown("backend-no-http", "/odd", Kind.GATEWAY_ERROR, language),
        ]  # fmt: skip
        with running([binary("squid"), "-N", "-f", folder / "squid.conf", "-n", f"c{port}"], port=port):
            yield from ask(f"squid-{language}", port, shown)
