"""One hosting at the simulated API: what it is, and which part of it answers what."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, RLock
from typing import Any
from urllib.parse import unquote

from .databases import Databases
from .gate import SKEW_S, Call, Gate
from .php import Php
from .schema import unknown_object, unknown_path, valid
from .storage import Storage
from .work import Clock, Work

SERVICE = "shop.cluster042.hosting.ovh.net"


@dataclass
class OvhcloudHost:
    """The parts of the hosting, and how the API misbehaves."""

    home: Path
    port: int = 0
    service: str = SERVICE
    gate: Gate = field(default_factory=Gate)
    work: Work = field(default_factory=Work)
    domains: list[str] = field(default_factory=lambda: ["shop.example", "www.shop.example"])
    state: str = "active"
    paid: str = "ok"
    access: str = "active"
    new_errors: bool = False  # errors in their newer form
    has_abuse_state: bool = True
    fails_with: list[str] = field(default_factory=list)  # for the next calls: "429", "500-html", "reset", "after-doing", "huge", "drips"
    hangs_at: str = ""  # the end of a path: such a POST is never answered, and `hung` is set; it is carried out if `hangs_after`
    hangs_after: bool = True
    hung: Event = field(default_factory=Event)
    log: list[Call] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)

    def __post_init__(self) -> None:
        self.php = Php(self.home, self.work, self.service)
        self.databases = Databases(self.work)
        self.storage = Storage(self.home, self.work, self.service)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/1.0"

    @property
    def clock(self) -> Clock:
        return self.work.clock

    def calls(self, method: str = "") -> list[str]:
        return [f"{call.method} {call.path}" for call in self.log if not method or call.method == method]

    def answer(self, call: Call, headers: dict[str, str], url: str, raw: bytes) -> Any:
        """Raises Refused."""
        self.work.run()
        if call.path == "/auth/time":
            return int(time.time()) + SKEW_S
        if call.path == "/auth/credential" and call.method == "POST":
            return self.gate.ask_for_credential(call, headers, self.port)
        rules = self.gate.rules_of(call, headers, url, raw)
        if call.path == "/auth/currentCredential":
            return {"status": "validated", "rules": rules, "applicationId": 1, "expiration": None, "allowedIPs": None}
        self.gate.require(call, rules)
        parts = [unquote(part) for part in call.path.strip("/").split("/")]
        if parts[:2] != ["hosting", "web"]:
            raise unknown_path()
        if len(parts) == 2:
            return [self.service]
        if parts[2] != self.service:
            raise unknown_object(f"serviceName = {parts[2]}")
        return self._of_service(call, parts[3:])

    def _of_service(self, call: Call, parts: list[str]) -> Any:
        match (call.method, *parts):
            case ("GET",):
                return self._service()
            case ("GET", "serviceInfos"):
                return valid("infos", {"creation": "2020-01-01", "expiration": "2031-05-01", "status": self.paid})
            case ("GET", "abuseState") if self.has_abuse_state:
                return valid("abuse", {"accessState": self.access, "mailsoutState": "ok", "outState": "ok", "webState": "ok"})
            case ("GET", "tasks"):
                return self.work.listed(call.query.get("status"), call.query.get("function"))
            case ("GET", "tasks", number):
                return self.work.told(number)
            case ("GET", "attachedDomain"):
                return [*self.domains, self.service]
            case ("POST", "restoreSnapshot"):
                return self.storage.restore(call.body or {}, self.state)
            case (_, "database", *rest):
                return self.databases.answer(call, rest)
            case (_, first, *_rest) if first.startswith("ovhConfig"):
                return self.php.answer(call, parts)
        raise unknown_path()

    def _service(self) -> dict[str, Any]:
        used, size = ({"value": value, "unit": "GB"} for value in self.storage.quota)
        found = {"serviceName": self.service, "displayName": None, "offer": "PRO_2014", "state": self.state, "cluster": "cluster042",
                 "home": "/homez.42/shop", "primaryLogin": "shop", "quotaSize": size, "quotaUsed": used}  # fmt: skip
        return valid("service", found)
