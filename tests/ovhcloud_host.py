"""OVHcloud's API of one web hosting as its schema and its SDK have it: signed requests, rights, tasks that take their time, real effects.

    with ovhcloud_host(home) as host:          # home: the folder that the test's SSH, SFTP or FTP server serves
        settings.SITEMEND_OVHCLOUD_API = host.url
        host.confirm()                         # what a person does at the address to confirm
        host.clock.forward(30)                 # tasks go on by this clock
        host.calls("POST")                     # what was asked

Rules: https://eu.api.ovh.com/1.0/hosting/web.json (paths, parameters, models, enums) and https://github.com/ovh/python-ovh (signature).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, RLock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

SERVICE = "shop.cluster042.hosting.ovh.net"
APPLICATION_KEY, APPLICATION_SECRET = "ak" * 8, "0vh-application-secret-Zq7"
ACCOUNT, ACCOUNT_SECRET = "EU.0123456789abcdef", "0vh-account-secret-Wy3"
PAIRS = {
    **{version: ["legacy", "stable"] for version in ("5.4", "5.5", "5.6", "7.0")},
    **{version: ["stable"] for version in ("7.1", "7.2", "7.3")},
    **{version: ["stable64"] for version in ("7.4", "8.0", "8.1", "8.2", "8.3", "8.4")},
}
ENUMS = {
    "service.state": {"active", "bloqued", "maintenance"},
    "task.status": {"init", "todo", "doing", "done", "cancelled"},
    "config.engineName": {"php", "phpcgi"},
    "config.environment": {"production", "development"},
    "config.httpFirewall": {"none", "security"},
    "config.container": {"legacy", "stable", "stable64", "jessie.i386", "testing"},
    "config.status": {"created", "updating", "rollbacking"},
    "infos.status": {"ok", "expired", "unPaid", "inCreation"},
}
FIELDS = {
    "service": {"serviceName", "displayName", "offer", "state", "cluster", "home", "primaryLogin", "quotaSize", "quotaUsed"},
    "task": {"id", "function", "status", "objectType", "objectId", "startDate", "lastUpdate", "doneDate"},
    "config": {"id", "path", "engineName", "engineVersion", "environment", "httpFirewall", "container", "fileExist", "historical",
               "creationDate", "status", "taskId"},
    "infos": {"creation", "expiration", "status"},
}  # fmt: skip
_IN_FILE = {"engineName": "app.engine", "engineVersion": "app.engine.version", "httpFirewall": "http.firewall",
            "environment": "environment", "container": "container.image"}  # fmt: skip
SKEW_S = 50  # its clock is not ours
_TOLERATED_S = 30


class Refused(Exception):
    """An error as the API tells it: status, older code, newer class, words."""

    def __init__(self, status: int, code: str, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.kind, self.message = status, code, kind, message


@dataclass
class Clock:
    """Seconds that pass for tasks: by themselves, and by `forward`."""

    ahead: float = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def forward(self, seconds: float) -> None:
        self.ahead += seconds

    def moment(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).isoformat()


@dataclass
class Task:
    """todo, then doing, then done with its effect, then told of no more."""

    id: int
    function: str
    about: str
    begun: float
    effect: Callable[[], None]
    status: str = "todo"
    ends: str = "done"  # or "cancelled", "vanished", "stuck"


@dataclass
class Call:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int = 0


@dataclass
class OvhcloudHost:
    """One hosting and who may ask for it. Times of tasks in seconds: waiting, in work, and told of after their end."""

    home: Path
    port: int = 0
    clock: Clock = field(default_factory=Clock)
    service: str = SERVICE
    credentials: dict[str, dict[str, Any]] = field(default_factory=dict)  # by consumer key
    tokens: dict[str, float] = field(default_factory=dict)
    account_may: bool = True
    tasks: list[Task] = field(default_factory=list)
    task_ends: str = "done"
    waits_s: float = 5.0
    works_s: float = 20.0
    told_s: float = 30.0
    configs: list[dict[str, Any]] = field(default_factory=list)
    state: str = "active"
    paid: str = "ok"
    access: str = "active"
    quota: tuple[float, float] = (12.0, 100.0)  # GB used, GB in all
    new_errors: bool = False  # errors in their newer form
    has_abuse_state: bool = True
    fails_with: list[str] = field(default_factory=list)  # for the next calls: "429", "500-html", "reset", "after-doing"
    hangs_at: str = ""  # the end of a path: such a POST is never answered, and `hung` is set; it is carried out if `hangs_after`
    hangs_after: bool = True
    hung: Event = field(default_factory=Event)
    log: list[Call] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1001, 9999)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/1.0"

    # --- what tests do ------------------------------------------------------------------------
    def calls(self, method: str = "") -> list[str]:
        return [f"{call.method} {call.path}" for call in self.log if not method or call.method == method]

    def confirm(self) -> str:
        """A person confirms what was asked for last. Returns the consumer key."""
        consumer, credential = list(self.credentials.items())[-1]
        credential["status"] = "validated"
        return consumer

    def granted(self, *rules: tuple[str, str]) -> str:
        """A consumer key that was confirmed; by default with every right."""
        consumer = secrets.token_hex(16)
        wanted = rules or tuple((method, "/*") for method in ("GET", "POST"))
        made = {"status": "validated", "rules": [{"method": method, "path": path} for method, path in wanted]}
        self.credentials[consumer] = made | {"application": APPLICATION_KEY}
        return consumer

    def configure(self, **values: str) -> dict[str, Any]:
        """The PHP configuration of the hosting, as its panel knows it and as its file has it."""
        usual = {"engineName": "php", "engineVersion": "8.1", "environment": "production", "httpFirewall": "none", "container": "stable64"}
        self._supersede(usual | values)
        self._write_file()
        return self.config()

    def config(self) -> dict[str, Any]:
        return next(each for each in reversed(self.configs) if not each["historical"])

    def start(self, function: str, about: str = "", effect: Callable[[], None] = lambda: None) -> Task:
        task = Task(next(self.numbers), function, about, self.clock.now(), effect, ends=self.task_ends)
        self.tasks.append(task)
        return task

    def run_tasks(self) -> None:
        """Brings every task to where it is by the clock; what ends has its effect in that moment."""
        for task in list(self.tasks):
            age = self.clock.now() - task.begun
            if task.status == "todo" and age >= self.waits_s:
                task.status = "doing"
            if task.status == "doing" and age >= self.waits_s + self.works_s and task.ends != "stuck":
                task.status = "cancelled" if task.ends == "cancelled" else "done"
                if task.status == "done":
                    task.effect()
                elif task.function.startswith("ovhConfig/"):
                    self.config().update(status="created", taskId=None)
            over = 0.0 if task.ends == "vanished" else self.told_s
            if task.status in ("done", "cancelled") and age >= self.waits_s + self.works_s + over:
                self.tasks.remove(task)

    # --- the file in the home folder ----------------------------------------------------------
    @property
    def file(self) -> Path:
        return self.home / ".ovhconfig"

    def _write_file(self) -> None:
        config = self.config()
        lines = [f"{name}={config[ours]}" for ours, name in _IN_FILE.items()]
        self.file.write_text("\n".join(lines) + "\n")
        self.file.chmod(0o604)

    def _read_file(self) -> None:
        """What the panel learns by a refresh."""
        pairs = dict(line.split("=", 1) for line in self.file.read_text().splitlines() if "=" in line and not line.startswith(";"))
        found = {ours: pairs[name] for ours, name in _IN_FILE.items() if name in pairs}
        current = self.config()
        if any(current[name] != value for name, value in found.items()):
            self._supersede({name: current[name] for name in _IN_FILE} | found)
        self.config().update(status="created", taskId=None)

    def _supersede(self, values: dict[str, str]) -> None:
        for each in self.configs:
            each["historical"] = True
        self.configs.append(
            values | {"id": next(self.numbers), "path": "", "fileExist": True, "historical": False, "creationDate": self.clock.moment(),
                      "status": "created", "taskId": None}
        )  # fmt: skip

    # --- what is asked ------------------------------------------------------------------------
    def answer(self, call: Call, headers: dict[str, str], url: str, raw: bytes) -> Any:
        """Raises Refused."""
        self.run_tasks()
        if call.path == "/auth/time":
            return int(time.time()) + SKEW_S
        if call.path == "/auth/credential" and call.method == "POST":
            return self._credential(call, headers)
        allowed = self._authenticated(call, headers, url, raw)
        if call.path == "/auth/currentCredential":
            return {"status": "validated", "rules": allowed, "applicationId": 1, "expiration": None, "allowedIPs": None}
        if not any(rule["method"] == call.method and fnmatchcase(call.path, rule["path"]) for rule in allowed):
            raise Refused(403, "NOT_GRANTED_CALL", "Client::Forbidden", "This call has not been granted")
        parts = [unquote(part) for part in call.path.strip("/").split("/")]
        if parts[:2] != ["hosting", "web"]:
            raise Refused(404, "NOT_FOUND", "Client::NotFound", "Got an invalid (or empty) URL")
        if len(parts) == 2:
            return [self.service]
        if parts[2] != self.service:
            raise Refused(404, "NOT_FOUND", "Client::NotFound", f"The requested object (serviceName = {parts[2]}) does not exist")
        return self._of_service(call, parts[3:])

    def _credential(self, call: Call, headers: dict[str, str]) -> dict[str, Any]:
        if headers.get("x-ovh-application") != APPLICATION_KEY:
            raise Refused(403, "INVALID_KEY", "Client::Forbidden", "This application key is invalid")
        if not call.body or not call.body.get("accessRules"):
            raise Refused(400, "BAD_REQUEST", "Client::BadRequest", "Body parameter accessRules is missing")
        consumer, token = secrets.token_hex(16), secrets.token_hex(32)
        made = {"status": "pendingValidation", "rules": call.body["accessRules"], "application": APPLICATION_KEY, "token": token}
        self.credentials[consumer] = made | {"redirection": call.body.get("redirection")}
        page = f"http://127.0.0.1:{self.port}/auth/?credentialToken={token}"
        return {"consumerKey": consumer, "state": "pendingValidation", "validationUrl": page}

    def _authenticated(self, call: Call, headers: dict[str, str], url: str, raw: bytes) -> list[dict[str, str]]:
        """The rules of who asks."""
        if (bearer := headers.get("authorization", "")).startswith("Bearer "):
            if self.tokens.get(bearer.removeprefix("Bearer "), 0) < time.time():
                raise Refused(401, "INVALID_TOKEN", "Client::Unauthorized", "Invalid or expired token")
            if not self.account_may:
                raise Refused(403, "FORBIDDEN", "Client::Forbidden", "User not granted for this request")
            return [{"method": method, "path": "/hosting/web*"} for method in ("GET", "POST")]
        if "x-ovh-signature" not in headers:
            raise Refused(401, "NOT_LOGGED_IN", "Client::Unauthorized", "You must login first")
        if headers.get("x-ovh-application") != APPLICATION_KEY:
            raise Refused(403, "INVALID_KEY", "Client::Forbidden", "This application key is invalid")
        if abs(int(headers.get("x-ovh-timestamp", "0")) - (time.time() + SKEW_S)) > _TOLERATED_S:
            raise Refused(400, "QUERY_TIME_OUT", "Client::BadRequest", "Query out of time")
        consumer = headers.get("x-ovh-consumer", "")
        credential = self.credentials.get(consumer)
        if credential is None:
            raise Refused(403, "INVALID_CREDENTIAL", "Client::Forbidden", "This credential is not valid")
        signed = "+".join([APPLICATION_SECRET, consumer, call.method, url, raw.decode(), headers["x-ovh-timestamp"]])
        right = "$1$" + hashlib.sha1(signed.encode()).hexdigest()
        if credential["status"] != "validated" or headers["x-ovh-signature"] != right:
            raise Refused(400, "INVALID_SIGNATURE", "Client::BadRequest", "Invalid signature")
        return credential["rules"]

    def token(self, headers: dict[str, str], form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """Of a service account, whose login comes as HTTP Basic or in the form."""
        basic = headers.get("authorization", "").removeprefix("Basic ")
        given = b64decode(basic).decode() if basic else ":".join(form.get(name, [""])[0] for name in ("client_id", "client_secret"))
        if given != f"{ACCOUNT}:{ACCOUNT_SECRET}" or form.get("grant_type") != ["client_credentials"]:
            return 401, {"error": "invalid_client"}
        made = secrets.token_urlsafe(20)
        self.tokens[made] = time.time() + 3599
        return 200, {"access_token": made, "token_type": "Bearer", "expires_in": 3599, "scope": "all"}

    # --- one hosting --------------------------------------------------------------------------
    def _of_service(self, call: Call, parts: list[str]) -> Any:
        match (call.method, *parts):
            case ("GET",):
                return self._service()
            case ("GET", "serviceInfos"):
                return _valid("infos", {"creation": "2020-01-01", "expiration": "2031-05-01", "status": self.paid})
            case ("GET", "abuseState") if self.has_abuse_state:
                return {"accessState": self.access, "mailsoutState": "ok", "outState": "ok", "webState": "ok"}
            case ("GET", "tasks"):
                return [task.id for task in self._shuffled() if call.query.get("status") in (None, task.status)]
            case ("GET", "tasks", number):
                return self._task(next((task for task in self.tasks if str(task.id) == number), None))
            case ("GET", "attachedDomain"):
                return ["shop.example", "www.shop.example", self.service]
            case ("GET", "ovhConfigCapabilities"):
                return [{"version": version, "containerImage": images} for version, images in PAIRS.items()]
            case ("GET", "ovhConfig"):
                wanted = {"true": True, "false": False}.get(call.query.get("historical", ""))
                return [each["id"] for each in self.configs if wanted in (None, each["historical"])]
            case ("POST", "ovhConfigRefresh"):
                return self._begin("ovhConfig/refresh", "updating", self._read_file)
            case (_, "ovhConfig", number, *rest):
                return self._config(call, number, rest)
        raise Refused(404, "NOT_FOUND", "Client::NotFound", "Got an invalid (or empty) URL")

    def _service(self) -> dict[str, Any]:
        used, size = ({"value": value, "unit": "GB"} for value in self.quota)
        found = {"serviceName": self.service, "displayName": None, "offer": "PRO_2014", "state": self.state, "cluster": "cluster042",
                 "home": "/homez.42/shop", "primaryLogin": "shop", "quotaSize": size, "quotaUsed": used}  # fmt: skip
        return _valid("service", found)

    def _shuffled(self) -> list[Task]:
        """Lists come in no order."""
        return sorted(self.tasks, key=lambda task: hashlib.sha1(str(task.id).encode()).digest())

    def _task(self, task: Task | None) -> dict[str, Any]:
        if task is None:
            raise Refused(404, "NOT_FOUND", "Client::NotFound", "The requested object (id) does not exist")
        begun = datetime.fromtimestamp(task.begun, UTC).isoformat()
        found = {"id": task.id, "function": task.function, "status": task.status, "objectType": None, "objectId": task.about or None,
                 "startDate": begun, "lastUpdate": self.clock.moment(), "doneDate": None}  # fmt: skip
        return _valid("task", found)

    def _config(self, call: Call, number: str, rest: list[str]) -> Any:
        config = next((each for each in self.configs if str(each["id"]) == number), None)
        if config is None:
            raise Refused(404, "NOT_FOUND", "Client::NotFound", f"The requested object (id = {number}) does not exist")
        match (call.method, *rest):
            case ("GET",):
                return _valid("config", config)
            case ("POST", "changeConfiguration"):
                wanted = self._wanted(call.body or {}, config)
                return self._begin("ovhConfig/update", "updating", lambda: self._put(wanted))
            case ("POST", "rollback"):
                kept = next((each for each in self.configs if each["id"] == (call.body or {}).get("rollbackId")), None)
                if kept is None or not kept["historical"]:
                    raise Refused(400, "BAD_REQUEST", "Client::BadRequest", "Body parameter rollbackId isn't formated correctly")
                wanted = {name: kept[name] for name in _IN_FILE}
                return self._begin("ovhConfig/rollback", "rollbacking", lambda: self._put(wanted))
        raise Refused(404, "NOT_FOUND", "Client::NotFound", "Got an invalid (or empty) URL")

    def _wanted(self, body: dict[str, str], config: dict[str, Any]) -> dict[str, str]:
        if config["historical"]:
            raise Refused(400, "BAD_REQUEST", "Client::BadRequest", "This configuration is historical")
        for name, value in body.items():
            allowed = PAIRS if name == "engineVersion" else ENUMS.get(f"config.{name}", set())
            if value not in allowed:
                raise Refused(400, "BAD_REQUEST", "Client::BadRequest", f"Body parameter {name} isn't formated correctly")
        wanted = {name: config[name] for name in _IN_FILE} | body
        if wanted["container"] not in PAIRS[wanted["engineVersion"]]:
            raise Refused(400, "BAD_REQUEST", "Client::BadRequest", "This engine version is not available on this container")
        return wanted

    def _begin(self, function: str, status: str, effect: Callable[[], None]) -> dict[str, Any]:
        if self.config()["status"] != "created":
            raise Refused(409, "CONFLICT", "Client::Conflict", "There is already a task on this configuration")
        task = self.start(function, self.service, effect)
        self.config().update(status=status, taskId=task.id)
        return self._task(task)

    def _put(self, values: dict[str, str]) -> None:
        self.config().update(status="created", taskId=None)
        self._supersede(values)
        self._write_file()


def _valid(model: str, found: dict[str, Any]) -> dict[str, Any]:
    """No field and no value beyond the schema."""
    assert set(found) <= FIELDS[model], f"{model} has no {set(found) - FIELDS[model]}"
    for name, value in found.items():
        allowed = ENUMS.get(f"{model}.{name}")
        assert allowed is None or value in allowed, f"{model}.{name} is never {value}"
    return found


@contextmanager
def ovhcloud_host(home: Path, port: int = 0) -> Iterator[OvhcloudHost]:
    made = OvhcloudHost(home)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._handle()

        do_POST = do_GET

        def _handle(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            with made.lock:
                if parts.path == "/auth/":
                    self._confirmed(parse_qs(parts.query).get("credentialToken", [""])[0])
                elif parts.path == "/auth/oauth2/token":
                    status, body = made.token(headers, parse_qs(raw.decode()))
                    self._send(status, json.dumps(body).encode())
                else:
                    self._api(parts.path, dict(re.findall(r"([^&=]+)=([^&]*)", parts.query)), headers, raw)

        def _api(self, path: str, query: dict[str, str], headers: dict[str, str], raw: bytes) -> None:
            call = Call(self.command, re.sub(r"^/(1\.0|v1)", "", path), query, json.loads(raw) if raw else None)
            made.log.append(call)
            trouble = made.fails_with.pop(0) if made.fails_with and not call.path.startswith("/auth/") else ""
            if trouble in ("reset", "500-html"):
                (self._reset if trouble == "reset" else lambda: self._send(500, b"<html>Internal error</html>", "text/html"))()
                return
            hangs = bool(made.hangs_at) and call.method == "POST" and call.path.endswith(made.hangs_at)
            if hangs and not made.hangs_after:
                self._hang()
                return
            try:
                if trouble == "429":
                    raise Refused(429, "TOO_MANY_REQUESTS", "Client::TooManyRequests", "Too many requests")
                found: Any = made.answer(call, headers, f"http://{headers['host']}{self.path}", raw)
                call.status = 200
            except Refused as error:
                call.status = error.status
                old = {"errorCode": error.code, "httpCode": f"{error.status} x", "message": error.message}
                found = {"class": error.kind, "message": error.message} if made.new_errors else old
            if hangs:
                self._hang()
            elif trouble == "after-doing":  # it is carried out, and nobody hears of it
                self._reset()
            else:
                self._send(call.status, json.dumps(found).encode())

        def _reset(self) -> None:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(2)

        def _hang(self) -> None:
            made.hangs_at = ""
            made.hung.set()
            self.connection.recv(1)  # until the other side is gone
            self.close_connection = True

        def _confirmed(self, token: str) -> None:
            credential = next((each for each in made.credentials.values() if each.get("token") == token), None)
            if credential is None:
                self._send(404, b"unknown", "text/plain")
                return
            credential["status"] = "validated"
            back = credential["redirection"] or "#"
            self._send(200, f'<p>Confirmed.</p><a href="{back}">Back</a>'.encode(), "text/html")

        def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            for name, value in (("Content-Length", str(len(body))), ("Content-Type", kind), ("X-OVH-QUERYID", "FR.ws-1." + "0" * 8)):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that goes away is what some tests are about
        made.port = server.server_port
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield made
        finally:
            server.shutdown()
