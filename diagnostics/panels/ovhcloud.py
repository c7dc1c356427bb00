"""OVHcloud's panel of a web hosting, by its API: https://eu.api.ovh.com/console/?section=%2Fhosting%2Fweb"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from . import ovhcloud_answers as answers
from . import rights
from .base import (
    DUMP_NOW,
    TIME_LIMITS_S,
    Ability,
    DatabaseSeen,
    DumpSeen,
    PanelError,
    PanelTask,
    PhpConfig,
    PhpPair,
    ServiceSeen,
    TaskState,
)

if TYPE_CHECKING:
    from .ovhcloud_client import ApiClient

TITLE = "OVHcloud"
REGIONS = {"ovh-eu": "eu.api.ovh.com", "ovh-ca": "ca.api.ovh.com"}  # web hostings are sold there
KEYS, SERVICE_ACCOUNT = "keys", "service-account"
_MOST_ROWS = 20  # of a list that is read one by one
_MOST_DOMAINS = 2000
_MOST_DATABASES = 50
_MOST_DUMPS = 31  # one of each day that they are kept, and one more
_MOST_NUMBERS = 5000  # of a list whose numbers are only compared
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_OPEN = ("init", "todo", "doing")


@dataclass(frozen=True, slots=True)
class Keys:
    """How the API lets us in. `name` is the application key, or the id of a service account; `consumer` is empty for the latter."""

    region: str
    way: str
    name: str
    secret: str = field(repr=False)
    consumer: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A credential that a person confirms at OVHcloud."""

    consumer: str = field(repr=False)
    url: str


def _client(*given: str, **more: Any) -> ApiClient:
    """A conversation. The SDK is loaded with the first one: most processes never hold any, and each would carry it."""
    from .ovhcloud_client import ApiClient

    return ApiClient(*given, **more)


def ask_for_credential(keys: Keys, profiles: Sequence[str], service: str, back_to: str) -> Asked:
    """Asks for a consumer key with the least rights. Nothing is granted before the person confirms it. Raises PanelError."""
    with _client(keys.region, keys.way, keys.name, keys.secret) as client:
        body = {"accessRules": rights.rules_of(profiles, service), "redirection": back_to or None}
        found = client.ask("POST", "/auth/credential", body, signed=False)
    url, consumer = str(found.get("validationUrl", "")), str(found.get("consumerKey", ""))
    simulated = urlsplit(settings.SITEMEND_OVHCLOUD_API or "")
    if not consumer or not (url.startswith("https://") or (simulated.netloc and urlsplit(url).netloc == simulated.netloc)):
        raise PanelError("odd-answer", _("OVHcloud gave no address to confirm the rights at."), _("Try again later."))
    return Asked(consumer, url)


class OvhCloud:
    """One hosting. Every method asks the API and raises PanelError."""

    title = TITLE

    def __init__(self, keys: Keys, service: str, profiles: Sequence[str], time_limits_s: tuple[float, float] = TIME_LIMITS_S) -> None:
        self.keys, self.name, self.profiles = keys, service, tuple(profiles)
        self._client = _client(keys.region, keys.way, keys.name, keys.secret, keys.consumer, time_limits_s=time_limits_s)
        self._path = f"/hosting/web/{quote(service, safe='')}"

    def __enter__(self) -> OvhCloud:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def end_after(self, seconds: float) -> None:
        """All that is asked from now on takes so long at the most."""
        self._client.end_after(seconds)

    def abilities(self) -> frozenset[Ability]:
        found = {Ability.SERVICE, Ability.TASKS, Ability.PHP, Ability.DATABASES}
        given = {rights.PHP: Ability.PHP_CHANGE, rights.RESTORE: Ability.RESTORE}
        return frozenset(found | {ability for profile, ability in given.items() if profile in self.profiles})

    # --- what it tells --------------------------------------------------------------------------
    def missing_rights(self) -> list[str]:
        """Rules that are needed and were not granted. A service account's rights are told nowhere: it is tried out instead."""
        if self.keys.way != KEYS:
            return []
        found = self._client.ask("GET", "/auth/currentCredential")
        if str(found.get("status")) != "validated":
            raise PanelError("not-confirmed", _("The rights are not confirmed at OVHcloud yet."), _("Open the link, log in and confirm."))
        rules = found.get("rules")
        return rights.missing(rules if isinstance(rules, list) else [], self.profiles, self.name)

    def service(self) -> ServiceSeen:
        """State, quota, and whether it is paid and not blocked."""
        now = timezone.now()
        general = self._client.ask("GET", self._path)
        paid = self._client.ask("GET", f"{self._path}/serviceInfos")
        try:
            abuse = self._client.ask("GET", f"{self._path}/abuseState")
        except PanelError as error:  # not every hosting has it, and not every key may ask
            if error.code not in ("not-found", "not-granted", "bad-request"):
                raise
            abuse = {}
        return answers.service(self.name, general, paid, abuse, now)

    def created_on(self) -> str:
        """The day since which there is the hosting, as 2020-01-31; empty where that is not told."""
        return answers.day(self._client.ask("GET", f"{self._path}/serviceInfos").get("creation"))

    def tasks(self) -> tuple[PanelTask, ...]:
        found: dict[int, PanelTask] = {}
        for status in _OPEN:
            for number in self._numbers(f"/tasks?status={status}"):
                task = self.task(number)
                if task.state.is_open:
                    found[number] = task
        return tuple(found[number] for number in sorted(found))

    def task(self, task_id: int) -> PanelTask:
        try:
            return answers.task(self._client.ask("GET", f"{self._path}/tasks/{task_id}"))
        except PanelError as error:
            if error.code == "not-found":
                return PanelTask(task_id, "", TaskState.VANISHED)
            raise

    def php(self) -> PhpConfig:
        found = [each for each in self._configs(historical=False) if not each.folder]
        if not found:
            hint = _("The file .ovhconfig in the root of the account is missing. Make one in the panel of OVHcloud, then look again.")
            raise PanelError("no-php", _("OVHcloud tells no PHP version for the whole hosting."), hint)
        return max(found, key=lambda each: each.id)

    def php_of_folders(self) -> list[PhpConfig]:
        return [each for each in self._configs(historical=False) if each.folder]

    def php_before(self) -> list[PhpConfig]:
        return sorted((each for each in self._configs(historical=True) if not each.folder), key=lambda each: -each.id)

    def php_pairs(self) -> list[PhpPair]:
        found = self._client.ask_list("GET", f"{self._path}/ovhConfigCapabilities")
        return answers.pairs(found)

    def domains(self) -> list[str]:
        found = self._client.ask_list("GET", f"{self._path}/attachedDomain")
        return sorted(answers.name(each) for each in found if isinstance(each, str))[:_MOST_DOMAINS]

    def databases(self) -> list[str]:
        found = self._client.ask_list("GET", f"{self._path}/database")
        return sorted(each for each in found if isinstance(each, str) and _NAME.fullmatch(each))[:_MOST_DATABASES]

    def database(self, name: str) -> DatabaseSeen:
        return answers.database(self._client.ask("GET", self._database(name)))

    def dumps(self, database: str, most: int = _MOST_DUMPS) -> list[DumpSeen]:
        numbers = self._numbers(f"{self._of_database(database)}/dump", most)
        found = [dump for number in numbers if (dump := self.dump(database, number)) is not None]
        return sorted(found, key=lambda dump: (dump.at is not None, dump.at, dump.id), reverse=True)

    def dump(self, database: str, dump_id: int) -> DumpSeen | None:
        try:
            return answers.dump(self._client.ask("GET", f"{self._database(database)}/dump/{dump_id}"))
        except PanelError as error:
            if error.code == "not-found":
                return None
            raise

    def dump_numbers(self, database: str) -> frozenset[int]:
        """Which dumps there are, also those that are being made."""
        return frozenset(self._numbers(f"{self._of_database(database)}/dump", _MOST_NUMBERS))

    def task_numbers(self, function: str) -> frozenset[int]:
        return frozenset(self._numbers(f"/tasks?function={quote(function, safe='')}", _MOST_NUMBERS))

    # --- what it changes: called by the executor only -------------------------------------------
    def refresh_php(self) -> PanelTask:
        """Reads the configuration anew from the files of the hosting, where somebody may have edited it."""
        return self._post("/ovhConfigRefresh", None)

    def change_php(self, now: PhpConfig, wanted: PhpConfig, *, back: bool = False) -> PanelTask:
        """`back`: by the panel's own rollback, where it still keeps such a configuration."""
        if back:
            kept = next((each for each in self.php_before() if each.same_as(wanted)), None)
            if kept is not None:
                return self._post(f"/ovhConfig/{now.id}/rollback", {"rollbackId": kept.id})
        body = {answers.PHP_NAMES[name]: value for name, value in wanted.values().items() if value and value != getattr(now, name)}
        return self._post(f"/ovhConfig/{now.id}/changeConfiguration", body)

    def save_database(self, database: str) -> PanelTask:
        """Nobody is mailed about it: who has it made follows it here."""
        return self._post(f"{self._of_database(database)}/dump", {"date": DUMP_NOW, "sendEmail": False})

    def restore_database(self, database: str, dump_id: int) -> PanelTask:
        return self._post(f"{self._of_database(database)}/dump/{dump_id}/restore", None)

    def restore_storage(self, backup: str) -> PanelTask:
        return self._post("/restoreSnapshot", {"backup": backup})

    # --- reading lists --------------------------------------------------------------------------
    def _post(self, path: str, body: dict[str, Any] | None) -> PanelTask:
        return answers.task(self._client.ask("POST", self._path + path, body))

    def _configs(self, *, historical: bool) -> list[PhpConfig]:
        numbers = self._numbers(f"/ovhConfig?historical={'true' if historical else 'false'}")
        return [answers.php(self._client.ask("GET", f"{self._path}/ovhConfig/{number}")) for number in numbers]

    def _of_database(self, name: str) -> str:
        return f"/database/{quote(name, safe='')}"

    def _database(self, name: str) -> str:
        return self._path + self._of_database(name)

    def _numbers(self, path: str, most: int = _MOST_ROWS) -> list[int]:
        found = self._client.ask_list("GET", self._path + path)
        return sorted(number for number in found if isinstance(number, int))[-most:]
