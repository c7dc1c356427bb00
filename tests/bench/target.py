"""What the benches probe: Debian's nginx on many loopback addresses, over HTTP and HTTPS, with an authority of its own.

Each answer is a page of 20 KB of HTML; one in a hundred is a 500. With `mix`, answers take 0, 50 or 200 ms (50, 30 and 20 of 100),
for which nginx's echo module is needed (Debian: libnginx-mod-http-echo).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.servers import free_port

ADDRESSES = tuple(f"127.0.1.{n}" for n in range(1, 51))
ECHO = Path("/usr/lib/nginx/modules/ngx_http_echo_module.so")
PAGE_BYTES = 20 * 1024


class Missing(RuntimeError):
    """A program that the bench needs is not installed; the message names the Debian package."""


def program(name: str, package: str) -> str:
    """The path of a program. Raises Missing."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Missing(f"{name} is not installed: apt-get install {package}")
    return found


@dataclass(frozen=True)
class Target:
    """The running nginx."""

    http_port: int
    https_port: int
    ca_file: Path
    log: Path

    def url(self, number: int, *, tls: bool = False, mix: bool = False) -> str:
        """The address of one of the sites."""
        scheme, port = ("https", self.https_port) if tls else ("http", self.http_port)
        return f"{scheme}://{ADDRESSES[number % len(ADDRESSES)]}:{port}/{'mix' if mix else 'site'}/{number}/"

    def first_of_each(self, since: float) -> dict[str, float]:
        """When each site was asked for the first time from then on."""
        time.sleep(1.2)
        first: dict[str, float] = {}
        for line in self.log.read_text().splitlines():
            at, path, _query = line.split(" ", 2)
            if float(at) >= since:
                first.setdefault(path, float(at))
        return first

    def seen(self, since: float, until: float) -> Seen:
        """What came in between two moments (seconds since 1970), by nginx's own log."""
        time.sleep(1.2)  # nginx keeps its lines for up to a second
        moments: dict[str, list[float]] = defaultdict(list)
        total = 0
        first, last = until, since
        with self.log.open() as lines:
            for line in lines:
                at_text, path, query = line.rstrip("\n").split(" ", 2)
                at = float(at_text)
                if not since <= at < until:
                    continue
                total += 1
                first, last = min(first, at), max(last, at)
                if query == "-":
                    moments[path].append(at)
        gaps = sorted(later - earlier for ats in moments.values() for earlier, later in pairwise(ats))
        return Seen(total, len(moments), tuple(gaps), first, last)


@dataclass(frozen=True)
class Seen:
    """Requests of a stretch of time: how many, on how many sites, and the seconds between plain ones for the same site."""

    requests: int
    sites: int
    gaps: tuple[float, ...]
    first: float
    last: float

    def gap(self, part: float) -> float:
        """The gap that so large a part of all gaps does not exceed."""
        return self.gaps[min(len(self.gaps) - 1, int(part * len(self.gaps)))] if self.gaps else 0.0

    @property
    def per_s(self) -> float:
        """Requests per second between the first and the last."""
        return self.requests / max(0.001, self.last - self.first)


@contextlib.contextmanager
def running(folder: Path, *, core: int | None = None) -> Iterator[Target]:
    """nginx from `with` to its end, pinned to a core when one is given. Raises Missing."""
    nginx = program("nginx", "nginx-light")
    folder.mkdir(parents=True, exist_ok=True)
    http_port, https_port = free_port(), free_port()
    _make_certificates(folder)
    (folder / "site.html").write_text(page())
    (folder / "nginx.conf").write_text(_config(folder, http_port, https_port))
    pin = [] if core is None else ["taskset", "-c", str(core)]
    process = subprocess.Popen([*pin, nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")])
    target = Target(http_port, https_port, folder / "ca.pem", folder / "access.log")
    try:
        _wait(target, process, folder / "error.log")
        yield target
    finally:
        process.terminate()
        process.wait(20)


def _wait(target: Target, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection((ADDRESSES[0], target.http_port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"nginx does not start: {log.read_text()[-500:] if log.exists() else ''}") from None
            time.sleep(0.05)


def _config(folder: Path, http_port: int, https_port: int) -> str:
    load = f"load_module {ECHO};" if ECHO.exists() else ""
    user = "user root;" if os.geteuid() == 0 else ""
    mix = "location /mix/ { if ($fails) { return 500; } echo_sleep $sleep; echo_exec /page/; }" if ECHO.exists() else ""
    return f"""{load}
{user}
daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 8000; }}
http {{
    log_format times "$msec $uri0 $args0";
    map $request_uri $uri0 {{ ~^(?<path>[^?]*) $path; default -; }}
    map $args $args0 {{ "" -; default $args; }}
    access_log {folder}/access.log times buffer=64k flush=1s;
    default_type text/html; keepalive_timeout 0; server_tokens off;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    split_clients "$request_id" $fails {{ 1% 1; * ""; }}
    split_clients "$request_id." $sleep {{ 50% 0; 30% 0.05; * 0.2; }}
    open_file_cache max=10;
    ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/key.pem;
    ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off;
    server {{
        listen {http_port} backlog=4096; listen {https_port} ssl backlog=4096;
        error_page 500 /error.html;
        location = /error.html {{ internal; return 500 "<title>500</title><h1>Internal Server Error</h1>"; }}
        location /site/ {{
            if ($fails) {{ return 500; }}
            rewrite ^ /page/ last;
        }}
        location /page/ {{ internal; alias {folder}/; try_files /site.html =404; }}
        {mix}
    }}
}}
"""


def page() -> str:
    """A page of 20 KB as a content management system makes it: head, navigation, articles, scripts."""
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The shop of the old mill</title>'
        '<meta name="description" content="Bread, flour and cake from the old mill"><link rel="stylesheet" href="/wp-content/style.css">'
        "<style>body{font:16px/1.5 sans-serif}.card{border:1px solid #ccc;padding:1rem}</style>"
        '<script>window.shop={"currency":"EUR","items":[]};</script></head><body class="home page"><header><nav><ul>'
    )
    menu = "".join(f'<li class="menu-item"><a href="/category/{n}/">Category {n}</a></li>' for n in range(20))
    foot = "<footer><p>Old mill, Mill Lane 1</p></footer><script>document.body.dataset.ready='yes';</script></body></html>"
    text, number = head + menu + "</ul></nav></header><main>", 0
    while len(text) < PAGE_BYTES - len(foot) - 400:
        number += 1
        text += (
            f'<article id="post-{number}" class="card"><h2><a href="/product/{number}/">Bread number {number}</a></h2>'
            f'<img src="/wp-content/uploads/{number}.jpg" alt="Bread {number}" width="300" height="200" loading="lazy">'
            f"<p>Made of flour, water and salt &amp; baked in the stone oven for {number} minutes: &euro;&nbsp;{number},50</p></article>"
        )
    return (text + "</main>").ljust(PAGE_BYTES - len(foot)) + foot


def _make_certificates(folder: Path) -> None:
    """An authority, one below it, and a certificate for all addresses: a chain as sites have it."""
    root_key, middle_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root = _certificate("Bench root", root_key, "Bench root", root_key, x509.BasicConstraints(ca=True, path_length=None))
    middle = _certificate("Bench issuer", middle_key, "Bench root", root_key, x509.BasicConstraints(ca=True, path_length=0))
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address)) for address in ADDRESSES])
    leaf = _certificate("Bench", key, "Bench issuer", middle_key, names)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(root.public_bytes(pem))
    (folder / "chain.pem").write_bytes(leaf.public_bytes(pem) + middle.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name(issuer)).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    return builder.not_valid_after(now + timedelta(days=30)).add_extension(extension, critical=False).sign(issuer_key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
