"""What somebody does who trusts the guided repair and has the host's panel open beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from diagnostics import diagnosing, tasks
from diagnostics.models import Diagnosis, RepairCase, Step
from sites.models import Membership, Site
from tests.lab.scene import Scene

_STEPS = ("read-log", "room", "htaccess", "permissions", "php", "parts", "restore")  # as the page lists them
_DATABASE = "database"
_SENDS_TO_PANEL = re.compile(r"unlock the user there, and set a new password|Set a new one in your host's panel, then type it")


@dataclass
class Person:
    """One owner at one site. What the panel shows is known to the person alone: the product hears of it only what is typed."""

    site: Site
    scene: Scene
    login: tuple[str, str] | None = None  # the user name and password with which visitors of this site come
    _client: Client = field(init=False)
    _told_login: bool = False
    _mended_tables: bool = False
    _chose_password: bool = False

    def __post_init__(self) -> None:
        person, _made = get_user_model().objects.get_or_create(username="owner")
        Membership.objects.get_or_create(user=person, team=self.site.team, defaults={"role": "owner"})
        self._client = Client(HTTP_HOST="localhost")
        self._client.force_login(person)

    def answers(self) -> bool:
        """Agrees to the first proposal of the step that is recommended, or types what that step asks for. False: neither is there."""
        self._client.post(reverse("diagnostics:site-repair", args=[self.site.pk]))
        case = RepairCase.objects.get(site=self.site, closed_at=None)
        work_off(self.site)
        for step in ("", *_STEPS, _DATABASE):
            context = self._page(case, step)
            if self._agrees(case, context) or self._says_who_may_enter(case, context):
                return True
            if context["current"] == _DATABASE and self._looks_into_the_database(case, context):
                return True
        return self._tries(case)

    def _page(self, case: RepairCase, step: str) -> dict[str, Any]:
        page = reverse("diagnostics:repair", args=[case.pk])
        return self._client.get(f"{page}?{urlencode({'step': step})}" if step else page).context_data  # type: ignore[attr-defined]

    def _sends(self, name: str, case: RepairCase, values: dict[str, str]) -> None:
        self._client.post(reverse(f"diagnostics:{name}", args=[case.pk]), values)
        work_off(self.site)

    def _agrees(self, case: RepairCase, context: dict[str, Any]) -> bool:
        offer = context["offer"]
        if not offer or offer["obstacle"] or not context["may_act"]:
            return False
        answers = {f"answer-{name}": value for name, value in offer["answers"]}
        wanted = {"step": context["current"], "action": "repair", "repair": offer["repair_id"], "cause": offer["cause"]}
        typed = {"confirmed": offer["confirm"]} if offer["lasting"] else {}  # as the page asks for it
        self._sends("repair-step-start", case, {**wanted, **answers, **typed, "digest": offer["digest"]})
        return True

    def _says_who_may_enter(self, case: RepairCase, context: dict[str, Any]) -> bool:
        """Types the name and password that visitors use, where the page asks for those of a new password file, and agrees to it."""
        if self.login is None or self._chose_password or not context["password_file"] or not context["may_act"]:
            return False
        self._chose_password = True
        user_name, password = self.login
        folder = str(self.scene.path(self.scene.www))  # as the panel shows it
        self._sends("repair-password-file", case, {"user_name": user_name, "password": password, "server_folder": folder})
        return self._agrees(case, self._page(case, context["current"]))

    def _tries(self, case: RepairCase) -> bool:
        """Makes the trial that the page recommends, where nothing is proposed and it recommends one."""
        context = self._page(case, "")
        advised = next((each for each in context["advice"] if each.why), None)
        if advised is None or not context["may_act"] or context["is_well"]:
            return False
        self._sends("repair-step-start", case, {"step": advised.kind.guide_step, "action": "trial", "repair": advised.kind.id})
        return True

    # --- the database -----------------------------------------------------------------------------
    def _looks_into_the_database(self, case: RepairCase, context: dict[str, Any]) -> bool:
        """As the page advises: damaged tables first where it speaks of them, else the login."""
        if context["is_well"] or not context["may_act"]:
            return False
        if context["database"]["tables_first"]:
            return self._mends_tables(case)
        return self._tells_login(case, context)

    def _tells_login(self, case: RepairCase, context: dict[str, Any]) -> bool:
        """Types what is not as the panel has it, and agrees to what is proposed then."""
        if self._told_login or self.scene.database is None:
            return False
        if context["database"]["settings"] is None:
            self._sends("repair-look", case, {"step": _DATABASE})
            context = self._page(case, _DATABASE)
        if (shown := context["database"]["settings"]) is None:
            return False
        self._told_login = True
        findings = context["diagnosis"].findings.all()
        asks_password = any(finding.cause == "database-access-denied" for finding in findings)
        if any(_SENDS_TO_PANEL.search(finding.hint) for finding in findings):
            self._opens_the_user()
        self._sends("repair-database-login", case, self._what_is_wrong(shown, asks_password=asks_password))
        return self._agrees(case, self._page(case, _DATABASE))

    def _opens_the_user(self) -> None:
        """As the finding says for a user that is locked, or a password that has expired: in the panel, with a new password."""
        databases, right = self.scene.databases, self.scene.database
        assert right is not None
        if databases.is_shut(right):
            self.scene.database = databases.with_new_password(right, self._new_password(), unlock=True)

    def _new_password(self) -> str:
        return f"{self.scene.rng.randrange(16**10):010x}-New"

    def _what_is_wrong(self, shown: dict[str, Any], *, asks_password: bool) -> dict[str, str]:
        databases, right = self.scene.databases, self.scene.database
        assert right is not None
        if databases.refuses_password(right):  # the panel shows none: whoever does not know it sets a new one there
            right = self.scene.database = databases.with_new_password(right, self._new_password())
            asks_password = True
        wrong = {"user_name": right.user} if shown["user"] != right.user else {}
        wrong |= {"name": right.name} if shown["name"] != right.name else {}
        server, local = shown["server"], f"localhost:{databases.line}"
        if server not in (local, *(f"{host}:{databases.port}" for host in ("127.0.0.1", "localhost"))):
            wrong["server"] = local if "/" in server else f"127.0.0.1:{databases.port}"
        return {"password": right.password, **wrong} if asks_password or not wrong else wrong

    def _mends_tables(self, case: RepairCase) -> bool:
        """Has the tables checked, and those repaired that the check names."""
        if self._mended_tables:
            return False
        self._mended_tables = True
        self._sends("repair-database-tables-check", case, {})
        context = self._page(case, _DATABASE)
        found = context["database"]
        if not found["can_repair"]:
            return bool(context["is_well"])  # the check alone takes a mark of damage from a table that is whole
        self._sends("repair-database-tables", case, {"name": found["damaged"]["database"]})
        return True


def work_off(site: Site) -> None:
    """As a worker does, whose queue nobody runs here: the steps, and the diagnoses that follow from them."""
    for step in Step.objects.filter(case__site=site, state=Step.State.QUEUED).order_by("pk"):
        tasks.run_step(step.pk)
    for diagnosis in Diagnosis.objects.filter(site=site, state__in=diagnosing.OPEN).order_by("pk"):
        diagnosing.run(diagnosis.pk)
