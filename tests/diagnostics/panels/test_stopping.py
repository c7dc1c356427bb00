"""A hosting that its host has blocked: nothing is written to it, whoever asks; what was written can be undone; unblocked, it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from diagnostics import repairing
from diagnostics.changes.executor import Executor, NotApplied
from diagnostics.connections import connecting as hosts
from diagnostics.connections.locking import held
from diagnostics.models import HostAction, HostPanel
from diagnostics.panels import connecting, stopping
from sites.models import Host
from tests.diagnostics.hosts_made import CONTENT, host_on, plan_for, serving, step_on
from tests.diagnostics.panels.conftest import given
from tests.factories import make_user
from tests.ovhcloud import OvhcloudHost
from tests.servers import SshServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))
    with serving(tmp_path) as running:
        yield running


@pytest.fixture
def blocked(ovh: OvhcloudHost, server: SshServer) -> Host:
    """Blocked since its panel was asked last."""
    host = host_on(server)
    connecting.connect(host, given(), None)
    ovh.gate.confirm()
    assert connecting.test(connecting.of(host)).state == HostPanel.State.WORKS
    ovh.access = "blocked"
    HostPanel.objects.update(seen={})
    return host


def test_nothing_is_written_and_what_was_can_be_undone(ovh: OvhcloudHost, server: SshServer, blocked: Host) -> None:
    step = step_on(blocked)
    page = server.home / "www/.htaccess"
    with held(blocked) as lock, Executor(lambda: hosts.writer_for(blocked), lock) as executor:
        with pytest.raises(NotApplied, match="blocked this hosting") as refused:
            executor.apply(step, plan_for(server))
        assert refused.value.taken_back and page.read_bytes() == CONTENT
        assert not HostAction.objects.filter(host=blocked, verb="write").exists()
        ovh.access = "active"  # somebody had it opened again: what the panel told a minute ago does not stop it
        told = HostPanel.objects.get().seen
        HostPanel.objects.update(seen={**told, "seen_at": (timezone.now() - timedelta(minutes=1)).isoformat()})
        executor.apply(step, plan_for(server))
        assert page.read_bytes() != CONTENT
        ovh.access = "blocked"
        HostPanel.objects.update(seen={})
        assert stopping.now(blocked) and executor.take_back(step).complete
    assert page.read_bytes() == CONTENT


def test_repair_page_says_so_and_starts_nothing(ovh: OvhcloudHost, blocked: Host, client: Client) -> None:
    step = step_on(blocked, state="done")
    stopping.now(blocked)
    with pytest.raises(repairing.RepairRefused, match="blocked this hosting"):
        repairing.start(step.case, guide_step="htaccess", action="trial")
    client.force_login(make_user("alice", team=blocked.team))
    shown = client.get(f"/repairs/{step.case_id}/").content.decode()
    assert "OVHcloud has blocked this hosting" in shown and "can still be undone" in shown


def test_panel_that_does_not_answer_stops_nothing_by_itself(ovh: OvhcloudHost, blocked: Host) -> None:
    ovh.access, ovh.fails_with = "active", ["reset"] * 4
    assert stopping.now(blocked) == ""
    HostPanel.objects.update(tried_at=timezone.now() - connecting.LEFT_ALONE * 2)
    ovh.fails_with, ovh.access = [], "hardBlocked"
    assert "blocked this hosting" in stopping.now(blocked)
