"""One hosting account with one site: broken, repaired through the pages of the running product, interrupted, and looked at afterwards."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import time
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from random import Random
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from diagnostics import repairing
from diagnostics.baselines import taking
from diagnostics.changes import undoing
from diagnostics.models import ConnectionPause, Diagnosis, HostLock, JournalEntry, RepairCase, Step
from diagnostics.offering import Offer
from diagnostics.profiles import get_profile
from sites import queueing, registration
from sites.credentials import set_host_secrets
from sites.models import Host, Incident, Membership, Site, Team
from sites.probing_now import probe_now
from tests.ftp_servers import FtpServer
from tests.kills.bakery import FAULTS, PAGES, Bakery
from tests.kills.kinds import Kind
from tests.kills.targets import holder_of, lives

SETTLED_S = 120.0
_NUDGED_EVERY_S = 1.5
_CAPABILITIES = ["read", "write", "rename", "chmod", "list-modes"]
_TOKEN = "k" * 32


@dataclass
class Lane:
    """Uses the product's database for what a person would read, and its pages for what a person does."""

    bakery: Bakery
    port: int
    site: Site = field(init=False)
    case: RepairCase = field(init=False)
    _cookie: str = ""
    _known: dict[str, Diagnosis] = field(default_factory=dict)

    @property
    def host(self) -> Host:
        assert self.site.host is not None
        return self.site.host

    def register(self) -> None:
        """The account, its site, a person who may repair it; and a baseline of the site while it is well."""
        server, name = self.bakery.server, self.bakery.transport
        team = Team.objects.create(name=name)
        person = get_user_model().objects.create(username=name)
        Membership.objects.create(team=team, user=person, role="owner")
        client = Client()
        client.force_login(person)
        self._cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        reached = {"protocol": name, "address": server.address, "port": server.port, "user": server.user, "host_key": server.host_key}
        host = Host(team=team, name=name, state="works", profile="cpanel-suexec", capabilities=_CAPABILITIES, **reached)
        secret = {"password": server.password} if isinstance(server, FtpServer) else {"private_key": server.private_key_text}
        set_host_secrets(host, **secret)
        host.save()
        assert get_profile(host.profile).title
        lies = {"docroot": self.bakery.remote_www, "error_log": self.bakery.remote_error_log}
        self.site = Site.objects.create(team=team, name=name, url=self.bakery.web.url + "/", host=host, interval_s=3600, **lies)
        registration.set_pages(self.site, list(PAGES))
        probed = next((seen for seen in (probe_now(self.site) for _attempt in range(5)) if seen.verdict == "up"), None)
        assert probed, f"the site is well before it is broken: {[self.bakery.status(page) for page in PAGES]}"
        taking.take(Site.objects.select_related("host").get(pk=self.site.pk))

    # --- before -----------------------------------------------------------------------------------
    def break_for(self, kind: Kind) -> None:
        """The site is broken anew, in a repair of its own that knows why."""
        for case in RepairCase.objects.filter(site=self.site, closed_at=None):
            repairing.close_case(case, None, "left")
        # The files are made anew by hand now: what an earlier repair was waiting for on this host is no longer of interest.
        JournalEntry.objects.filter(step__case__site=self.site).update(look_again_at=None)
        # As a site that fails for the first time: it does not come and go.
        Incident.objects.filter(site=self.site, resolved_at=None).update(resolved_at=timezone.now())
        later = timezone.now() + timedelta(hours=1)
        self.site.pages.update(state={}, verdict="unknown", kind="", since=None, failing_since=None, goods_since=0, due_at=later)
        Site.objects.filter(pk=self.site.pk).update(verdict="unknown", pattern="none")
        os.truncate(self.bakery.web.error_log, 0)
        self.bakery.fill(FAULTS[kind.fault])
        self.case = repairing.open_case(self.site)
        self._diagnose(kind.fault)

    def _diagnose(self, fault: str) -> None:
        """Once for each fault; afterwards the same is known again."""
        known = self._known.get(fault)
        if known is None:
            step = repairing.new_step(self.case, "read-log", "look", "read", None, here=True)
            step = repairing.run_step(step.pk)
            assert step.state == Step.State.DONE, step.message
            self._known[fault] = Diagnosis.objects.get(pk=step.result["diagnosis"])
            return
        findings = list(known.findings.all())
        again = Diagnosis.objects.get(pk=known.pk)
        again.pk, again.requested_at = None, timezone.now()
        again.save()
        for finding in findings:
            finding.pk, finding.diagnosis = None, again
            finding.save()
        RepairCase.objects.filter(pk=self.case.pk).update(diagnosis=again)
        self.case.refresh_from_db()

    def offer(self, kind: Kind) -> Offer:
        """What is to be agreed to."""
        return max(
            (each for each in repairing.offers(self.case) if each.repair_id == kind.repair),
            key=lambda each: _changes_of(each) == kind.changes,
        )

    # --- a person's click -------------------------------------------------------------------------
    def click(self, kind: Kind) -> bool:
        """The form that begins the repair is sent; whether an answer came. `step` finds what was stored."""
        if kind.is_trial:
            form = {"step": "htaccess", "action": "trial", "repair": kind.repair}
        else:
            offer = self.offer(kind)
            form = {"step": offer.guide_step, "action": "repair", "repair": offer.repair_id, "cause": offer.cause, "digest": offer.digest}
        return self._posted(reverse("diagnostics:repair-step-start", args=[self.case.pk]), form)

    def click_undo(self, step: Step) -> bool:
        return self._posted(reverse("diagnostics:repair-undo", args=[step.pk]), {})

    def _posted(self, path: str, form: dict[str, str]) -> bool:
        try:
            status, _text = self._asked("POST", path, urlencode({**form, "csrfmiddlewaretoken": _TOKEN}))
        except (OSError, http.client.HTTPException):
            return False
        assert status == 302, f"{path} answered {status}"
        return True

    def page(self, guide_step: str) -> str:
        """The words of the repair's page, once the web process is there."""
        path = reverse("diagnostics:repair", args=[self.case.pk]) + f"?step={guide_step}"
        until = time.monotonic() + 180
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, text = self._asked("GET", path)
                assert status == 200, f"{path} answered {status}"
                return text
            assert time.monotonic() < until, "no page within three minutes"
            time.sleep(0.1)

    def _asked(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        cookies = f"{settings.SESSION_COOKIE_NAME}={self._cookie}; {settings.CSRF_COOKIE_NAME}={_TOKEN}"
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))
        finally:
            connection.close()

    # --- afterwards -------------------------------------------------------------------------------
    def settle(self, step_id: int | None) -> bool:
        """Until the product's own tasks have brought the step to an end; whether they have. Time that nobody needs to wait for is let pass.

        Nothing else is done here than what time does: the lease of a dead worker ends, a pause of the connection ends, the clock's
        next round of `recover_journal` comes.
        """
        until, nudged = time.monotonic() + SETTLED_S, 0.0
        while not is_settled(step_id):
            if time.monotonic() > until:
                return False
            holder = holder_of(self.host)
            if holder and not lives(holder):
                HostLock.objects.filter(host=self.host, holder__contains=f":{holder}:").update(lease_until=None)
            ConnectionPause.objects.filter(host=self.host).update(until=timezone.now())
            long_ago = timezone.now() - timedelta(seconds=11)
            waiting = Step.objects.filter(pk=step_id, state="queued", created_at__gt=long_ago)
            waiting.update(created_at=F("created_at") - timedelta(seconds=11))
            if time.monotonic() - nudged > _NUDGED_EVERY_S:
                nudged = time.monotonic()
                queueing.enqueue("diagnostics.tasks.recover_journal", expires=30.0)
            time.sleep(0.1)
        return True


def _changes_of(offer: Offer) -> int:
    """So many of the plan: each is shown in a piece of its own."""
    return len(re.findall(r"^(?:--- |rename |\S+: [0-7]{3,4} -> )", offer.diff, re.MULTILINE))


def is_settled(step_id: int | None) -> bool:
    """Whether nothing more is done about the step by itself."""
    step = Step.objects.filter(pk=step_id).first()
    if step is None:
        return True
    waits = step.state in repairing.IN_WORK or undoing.ASKED in step.result
    return not waits and not (step.state == Step.State.NEEDS_ATTENTION and step.result.get("retry"))


def seeded(*words: Any) -> Random:
    return Random(" ".join(map(str, words)))
