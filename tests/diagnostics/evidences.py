"""Evidence made by the real `gather` from a host in memory."""

from __future__ import annotations

from datetime import UTC, datetime

from diagnostics.evidence import Evidence, PageSeen, SiteSeen
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding
from diagnostics.repairs import plan_repair
from diagnostics.repairs.plan import Plan
from tests.fakes import FakeHost, Node

AT = datetime(2026, 11, 22, 3, 12, 4, tzinfo=UTC)
PATHS = SitePaths("/home/demo/www", "/home/demo/logs/error.log", "/home/demo/logs/access.log")


def site(status: int = 500, path: str = "/", token: str = "tok123") -> SiteSeen:
    well = status == 200
    kind = "ok" if well else "server-error" if status == 500 else "gateway-error" if status >= 502 else "client-error"
    page = PageSeen(path, f"https://shop.example{path}", kind, status, AT, token=token)
    return SiteSeen("shop", "https://shop.example/", "up" if well else "down", kind, (page,), None if well else AT)


def apache_line(message: str, at: datetime = AT, client: str = "192.0.2.7:4711", level: str = "core:alert") -> str:
    return f"[{at:%a %b %d %H:%M:%S}.000001 {at:%Y}] [{level}] [pid 1:tid 2] [client {client}] {message}\n"


def evidence(files: dict[str, bytes | tuple[bytes, int]], log: str | None = "", *, status: int = 500, path: str = "/",
             profile: str = "ovh-mutualise", access: str = "", protocol: str = "sftp") -> Evidence:  # fmt: skip
    """Paths in `files` are relative to the account's root; `log` None: there is none to read."""
    all_files: dict[str, bytes | tuple[bytes, int] | Node] = {"/home/demo/www/index.php": (b"<?php\n", 0o604)}
    all_files |= {f"/home/demo/{name}": (given, 0o604) if isinstance(given, bytes) else given for name, given in files.items()}
    if log is not None:
        all_files["/home/demo/logs/error.log"] = Node(content=log.encode("utf-8", "surrogateescape"), mode=0o604, mtime=AT.timestamp())
    if access:
        all_files["/home/demo/logs/access.log"] = Node(content=access.encode(), mode=0o604, mtime=AT.timestamp())
    host = FakeHost(all_files, protocol=protocol)
    made = gather(host, site(status, path), PATHS, profile, AT)
    assert not host.writes
    return made


def first_plan(seen: Evidence, finding: Finding) -> Plan | None:
    plans = (plan_repair(repair, seen, finding) for repair in finding.repairs)
    return next((plan for plan in plans if plan is not None), None)
