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

from diagnostics import diagnosing
from diagnostics.accounts import registering
from diagnostics.baselines import taking
from diagnostics.models import Diagnosis
from sites import registration
from sites.models import Host, Site
from sites.probing_now import probe_now
from tests.lab.cases import Case
from tests.lab.judging import Score, judge
from tests.lab.mending import Mended, Mender
from tests.lab.planting import LabFault, Planted, planted
from tests.lab.scene import Scene
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
    early: bool = False  # the site was known while it was well
    fault: str = ""  # of the lab itself, or why the product could not be asked
    mended: Mended | None = None  # what became of the second half, where it was asked for


Look = Callable[[Planted, Site], None]


def run_case(
    stack: Stack, case: Case, seed: str, transports: tuple[str, ...], *, early: bool = False, look: Look | None = None,
    mend: bool = False,
) -> list[Run]:  # fmt: skip
    """Plants the case and asks over each transport.

    `early`: the site is registered while it is well, and a baseline is taken, before the fault; else it is registered broken, by
    somebody who comes to Sitemend because of the fault. `look`: called with the diagnosed site, before all is taken away.
    `mend`: the site is repaired and all is undone, before that.
    """
    mender = Mender()
    runs: list[Run] = []
    for transport in transports:
        known: list[Site] = []

        def meet(scene: Scene, transport: str = transport, known: list[Site] = known) -> None:
            known.append(_register(stack, scene, transport))
            probe_now(known[0], with_looks=True)
            taking.take(known[0])

        base = Run(case.name, "", "", "", transport, Score())
        try:
            with planted(stack, case, seed, while_well=meet if early and case.can_be_met_well else None) as site:
                place = site.scene.place
                base = replace(base, cause=site.truth.cause, place=place.setup.name, site=site.site, early=bool(known))
                done = _asked(stack, site, known, base, mender.look if mend else look)
                runs.append(replace(done, mended=mender.found.pop() if mender.found else None))
        except LabFault as fault:
            runs.append(replace(base, fault=str(fault)))
        except registering.AddRefused as refused:
            runs.append(replace(base, fault=f"not registered: {refused.code}: {refused.message}"))
        except Exception as error:  # noqa: BLE001 - whatever the product stumbles over is a miss of this case; the others are asked all the same
            runs.append(replace(base, fault="".join(traceback.format_exception(error)[-3:]).replace("\n", " | ")))
        finally:
            _forget()
    return runs


def _asked(stack: Stack, site: Planted, known: list[Site], base: Run, look: Look | None) -> Run:
    if known:
        registration.set_pages(known[0], site.scene.pages)
    else:
        known.append(_register(stack, site.scene, base.transport))
    registered = known[0]
    probe_now(registered, with_looks=True)
    began = time.monotonic()
    diagnosis = diagnosing.diagnose_now(registered)
    seconds = time.monotonic() - began
    answer = diagnosing.as_json(diagnosis)
    if look:
        look(site, registered)
    if diagnosis.state == Diagnosis.State.FAILED:
        return replace(base, seconds=seconds, answer=answer, fault=f"the diagnosis failed: {diagnosis.error}")
    return replace(base, seconds=seconds, answer=answer, score=judge(site.truth, answer, is_well=site.case.is_well))


def _register(stack: Stack, scene: Scene, transport: str) -> Site:
    """As a person does who knows the address and the account, and lets the rest be found out."""
    place, doors = scene.place, stack.doors
    name = f"site-{Random().randrange(16**8):08x}"
    secret = {"secret": doors.ftp.password} if transport == "ftp" and doors.ftp else {"key": doors.shell.private_key_text}
    wanted = registering.Wanted(
        name, f"{place.url}/", pages=[page for page in scene.pages if page != "/"], profile=place.setup.profile,
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
