"""In which layer a fault lies: small files of our own are put into the docroot for a moment and asked for, at most four of them."""

from __future__ import annotations

import posixpath
import re
import secrets
import time
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from diagnostics.checks.common import failing_pages
from diagnostics.connections.locking import LEASE_S
from diagnostics.evidence import Evidence
from diagnostics.examining import Examination
from diagnostics.installed import Application
from diagnostics.models import Step
from diagnostics.profiles import get_profile
from diagnostics.repairs.plan import CreateFile, Plan
from diagnostics.trying import canary_files
from diagnostics.trying.bench import Bench
from sites.models import Page
from sites.probing.outcome import Outcome, Purpose
from sites.recording import probe_pages

ID = "canary-files"
LIVES_S = 600  # a file that could not be removed answers nobody after that
_ANSWER = re.compile(rf"{canary_files.MARK} (\w{{1,64}})")


@dataclass(frozen=True, slots=True)
class Canary:
    """One file. `layer`: what answers when it does."""

    layer: str  # "static", "php", "database", "start"
    name: str
    content: bytes


def why_not(examination: Examination) -> str:
    """Why it is not offered; empty when it is."""
    if examination.evidence.connection == "none":
        return _("There is no connection to the files of this site.")
    return "" if examination.evidence.docroot else _("The folder of this site is not known.")


def canaries_of(evidence: Evidence, word: str, until: int) -> tuple[Canary, ...]:
    """The files for this site, the lowest layer first."""
    base = f"sitemend-{secrets.token_hex(8)}"
    made = [Canary("static", f"{base}-1.txt", canary_files.text(word)), Canary("php", f"{base}-2.php", canary_files.php(word, until))]
    wordpress = _wordpress(evidence)
    if wordpress is not None:
        docroot = evidence.docroot.rstrip("/")
        if wordpress.settings_path:
            place = posixpath.relpath(wordpress.settings_path, posixpath.basename(docroot))
            made.append(Canary("database", f"{base}-3.php", canary_files.database(word, until, place)))
        loader = posixpath.relpath(f"{wordpress.core}/wp-load.php", docroot)
        made.append(Canary("start", f"{base}-4.php", canary_files.start(word, until, loader)))
    return tuple(made)


def _wordpress(evidence: Evidence) -> Application | None:
    failing = {page.path for page in failing_pages(evidence.site)}
    return next((each for each in evidence.applications if each.name == "wordpress" and failing & set(each.serves)), None)


def run(bench: Bench, examination: Examination) -> Step:
    """Raises Ended, LockLost."""
    evidence = examination.evidence
    word = secrets.token_hex(16)
    canaries = canaries_of(evidence, word, int(time.time()) + LIVES_S)
    mode = _mode(evidence)
    docroot = evidence.docroot.rstrip("/")
    top = posixpath.basename(docroot)
    changes = tuple(CreateFile(f"{docroot}/{each.name}", f"{top}/{each.name}", each.content, mode) for each in canaries)
    plan = Plan(ID, "", _("Small files that tell where the fault lies"), "", changes)
    answers = bench.while_it_stands(plan, lambda: _ask(bench, canaries, word))
    return bench.conclude(_told(answers, canaries), tried={"looks": len(answers), "layers": answers})


def _mode(evidence: Evidence) -> int:
    """That of a file of the main folder that the web server reads, else the host's usual one."""
    top = posixpath.basename(evidence.docroot.rstrip("/"))
    entries = evidence.tree if isinstance(evidence.tree, tuple) and evidence.modes is True else ()
    for name in ("index.php", "index.html"):
        for entry in entries:
            if entry.path == f"{top}/{name}" and entry.kind == "file" and entry.mode & 0o004:
                return entry.mode & 0o755 & ~0o111
    rules = get_profile(evidence.profile).rules
    return next((rule.fix for rule in rules if rule.kind == "file" and not rule.match), 0o644)


def _ask(bench: Bench, canaries: tuple[Canary, ...], word: str) -> list[dict[str, object]]:
    """From below upwards, until one does not answer: what lies above it cannot."""
    site = bench.step.case.site
    bench.executor.keep(LEASE_S + len(canaries) * site.time_limit_s / max(settings.SITEMEND_PROBES_PER_ADDRESS, 1))
    answers: list[dict[str, object]] = []
    for canary in canaries:
        path = f"/{canary.name}" + ("" if canary.layer == "static" else f"?k={word}")
        outcome = next(iter(probe_pages([Page(pk=0, site=site, path=path)], Purpose.CACHE_PROOF)), None)
        answers.append({"layer": canary.layer, **_answer(outcome)})
        bench.executor.keep()
        if answers[-1]["answer"] == "failed" and canary.layer != "database":
            break
    return answers


def _answer(outcome: Outcome | None) -> dict[str, object]:
    """ "ok", "failed" or, where it could not be asked what it is about, "unknown"."""
    if outcome is None:
        return {"answer": "unknown", "status": None, "code": ""}
    body = outcome.body.decode("utf-8", "replace")
    found = _ANSWER.search(body) if "<?php" not in body else None
    if found is None:
        return {"answer": "failed", "status": outcome.status, "code": "source" if "<?php" in body else ""}
    code = found[1]
    if code == "unknown":
        return {"answer": "unknown", "status": outcome.status, "code": ""}
    well = code == "0" or len(code) == 64
    return {"answer": "ok" if well else "failed", "status": outcome.status, "code": "" if well else code}


def _told(answers: list[dict[str, object]], canaries: tuple[Canary, ...]) -> str:
    failed = next((each["layer"] for each in answers if each["answer"] == "failed"), "")
    if failed == "static":
        return _("A plain text file in the main folder is not answered either: the fault is in .htaccess or in the web server.")
    if failed == "php":
        return _("A plain file is answered, one line of PHP is not: the fault is in PHP or its settings, not in the site's program.")
    if failed == "database":
        return _("PHP works, but the database refuses the login of the site's settings.")
    if failed == "start":
        return _("PHP works, but WordPress does not start, not even without plugins and theme: the fault is in its own files or settings.")
    if any(canary.layer == "start" for canary in canaries):
        return _("The web server, PHP and WordPress itself work: the fault is in a plugin or in the theme.")
    return _("The web server and PHP work: the fault is in the site's own program.")
