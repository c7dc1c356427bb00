"""The product meets a planted site: registered over a transport, probed, diagnosed, and forgotten again. In this process."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from django.conf import settings

from diagnostics import diagnosing, registering
from diagnostics.models import Diagnosis
from sites.models import Host, Site
from sites.recording import probe_now
from tests.lab.cases import Case
from tests.lab.judging import Score, judge
from tests.lab.planting import LabFault, Planted, planted
from tests.lab.stack import Stack


@dataclass(frozen=True)
class Run:
    """One case over one transport. `answer` is what `diagnose --json` prints."""

    case: str
    cause: str  # the right one
    place: str
    site: str
    transport: str
    score: Score
    seconds: float = 0.0
    answer: Any = None
    fault: str = ""  # of the lab itself, or why the product could not be asked


def run_case(
    stack: Stack, case: Case, seed: str, transports: tuple[str, ...], look: Callable[[Planted, Site], None] | None = None
) -> list[Run]:
    """Plants the case once and asks for each transport. `look`: called with the diagnosed site, before all is taken away."""
    try:
        with planted(stack, case, seed) as site:
            return [_asked(stack, site, transport, look) for transport in transports]
    except LabFault as fault:
        return [Run(case.name, "", "", "", transport, Score(), fault=str(fault)) for transport in transports]


def _asked(stack: Stack, site: Planted, transport: str, look: Callable[[Planted, Site], None] | None) -> Run:
    place = site.scene.place
    base = Run(site.case.name, site.truth.cause, place.setup.name, site.site, transport, Score())
    try:
        registered = _register(stack, site, transport)
        probe_now(registered, with_looks=True)
        began = time.monotonic()
        diagnosis = diagnosing.diagnose_now(registered)
        seconds = time.monotonic() - began
        answer = diagnosing.as_json(diagnosis)
        if look:
            look(site, registered)
        if diagnosis.state == Diagnosis.State.FAILED:
            return replace(base, seconds=seconds, answer=answer, fault=f"the diagnosis failed: {diagnosis.error}")
        return replace(
            base, seconds=seconds, answer=answer, score=judge(site.truth, answer, place.setup.docroot, is_well=site.case.is_well)
        )
    except registering.AddRefused as refused:
        return replace(base, fault=f"not registered: {refused.code}: {refused.message}")
    except Exception as error:  # noqa: BLE001 - whatever the product stumbles over is a miss of this case, and the others are asked all the same
        return replace(base, fault="".join(traceback.format_exception(error)[-3:]).replace("\n", " | "))
    finally:
        _forget()


def _register(stack: Stack, site: Planted, transport: str) -> Site:
    """As a person does who knows the address and the account, and lets the rest be found out."""
    place, doors = site.scene.place, stack.doors
    name = f"site-{Random().randrange(16**8):08x}"
    secret = {"secret": doors.ftp.password} if transport == "ftp" and doors.ftp else {"key": doors.shell.private_key_text}
    wanted = registering.Wanted(
        name, f"{place.url}/", pages=[page for page in site.scene.pages if page != "/"], profile=place.setup.profile,
        connect=doors.connect_url(transport, place.account.name), accept_host_key=True, **secret,
    )  # fmt: skip
    registering.add(wanted)
    return Site.objects.get(name=name)


def _forget() -> None:
    """No case learns from another."""
    Site.objects.all().delete()
    Host.objects.all().delete()
    for name in ("evidence", "mail"):
        shutil.rmtree(settings.SITEMEND_VAR_DIR / name, ignore_errors=True)
