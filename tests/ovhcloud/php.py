"""The PHP configuration of the hosting: what its panel knows of it, and the file in the home folder that it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .gate import Call
from .schema import ENUMS, PAIRS, bad_request, conflict, unknown_object, unknown_path, valid
from .work import Work

_IN_FILE = {"engineName": "app.engine", "engineVersion": "app.engine.version", "httpFirewall": "http.firewall",
            "environment": "environment", "container": "container.image"}  # fmt: skip


@dataclass
class Php:
    home: Path
    work: Work
    service: str
    configs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.home / ".ovhconfig"

    def configure(self, **values: str) -> dict[str, Any]:
        """The configuration of the hosting, as its panel knows it and as its file has it."""
        usual = {"engineName": "php", "engineVersion": "8.1", "environment": "production", "httpFirewall": "none", "container": "stable64"}
        self._supersede(usual | values)
        self._write_file()
        return self.config()

    def config(self) -> dict[str, Any]:
        return next(each for each in reversed(self.configs) if not each["historical"])

    def read_file(self) -> None:
        """What the panel learns by a refresh."""
        pairs = dict(line.split("=", 1) for line in self.file.read_text().splitlines() if "=" in line and not line.startswith(";"))
        found = {ours: pairs[name] for ours, name in _IN_FILE.items() if name in pairs}
        current = self.config()
        if any(current[name] != value for name, value in found.items()):
            self._supersede({name: current[name] for name in _IN_FILE} | found)
        self._settle()

    def _write_file(self) -> None:
        config = self.config()
        lines = [f"{name}={config[ours]}" for ours, name in _IN_FILE.items()]
        self.file.write_text("\n".join(lines) + "\n")
        self.file.chmod(0o604)

    def _supersede(self, values: dict[str, str]) -> None:
        for each in self.configs:
            each["historical"] = True
        self.configs.append(
            values | {"id": next(self.work.numbers), "path": "", "fileExist": True, "historical": False,
                      "creationDate": self.work.clock.moment(), "status": "created", "taskId": None}
        )  # fmt: skip

    def _settle(self) -> None:
        self.config().update(status="created", taskId=None)

    # --- what is asked ------------------------------------------------------------------------
    def answer(self, call: Call, parts: list[str]) -> Any:
        match (call.method, *parts):
            case ("GET", "ovhConfigCapabilities"):
                return [{"version": version, "containerImage": images} for version, images in PAIRS.items()]
            case ("GET", "ovhConfig"):
                wanted = {"true": True, "false": False}.get(call.query.get("historical", ""))
                return [each["id"] for each in self.configs if wanted in (None, each["historical"])]
            case ("POST", "ovhConfigRefresh"):
                return self._begin("ovhConfig/refresh", "updating", self.read_file)
            case (_, "ovhConfig", number, *rest):
                return self._one(call, number, rest)
        raise unknown_path()

    def _one(self, call: Call, number: str, rest: list[str]) -> Any:
        config = next((each for each in self.configs if str(each["id"]) == number), None)
        if config is None:
            raise unknown_object(f"id = {number}")
        match (call.method, *rest):
            case ("GET",):
                return valid("config", config)
            case ("POST", "changeConfiguration"):
                wanted = self._wanted(call.body or {}, config)
                return self._begin("ovhConfig/update", "updating", lambda: self._put(wanted))
            case ("POST", "rollback"):
                kept = next((each for each in self.configs if each["id"] == (call.body or {}).get("rollbackId")), None)
                if kept is None or not kept["historical"]:
                    raise bad_request("Body parameter rollbackId isn't formated correctly")
                wanted = {name: kept[name] for name in _IN_FILE}
                return self._begin("ovhConfig/rollback", "rollbacking", lambda: self._put(wanted))
        raise unknown_path()

    def _wanted(self, body: dict[str, str], config: dict[str, Any]) -> dict[str, str]:
        if config["historical"]:
            raise bad_request("This configuration is historical")
        for name, value in body.items():
            allowed = PAIRS if name == "engineVersion" else ENUMS.get(f"config.{name}", set())
            if value not in allowed:
                raise bad_request(f"Body parameter {name} isn't formated correctly")
        wanted = {name: config[name] for name in _IN_FILE} | body
        if wanted["container"] not in PAIRS[wanted["engineVersion"]]:
            raise bad_request("This engine version is not available on this container")
        return wanted

    def _begin(self, function: str, status: str, effect: Callable[[], None]) -> dict[str, Any]:
        if self.config()["status"] != "created":
            raise conflict("There is already a task on this configuration")
        task = self.work.start(function, self.service, effect, self._settle)
        self.config().update(status=status, taskId=task.id)
        return self.work.as_told(task)

    def _put(self, values: dict[str, str]) -> None:
        self._settle()
        self._supersede(values)
        self._write_file()
