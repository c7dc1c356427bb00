"""A hosting at a simulated OVHcloud, whose home is a folder of this machine, and a site on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from diagnostics import repairing
from diagnostics.changes import changing
from diagnostics.changes.through_panel import pace
from diagnostics.models import HostPanel, RepairCase
from diagnostics.panels import connecting, ovhcloud
from diagnostics.panels.connecting import Given
from diagnostics.panels.rights import PHP, READ, RESTORE
from sites import queueing
from sites.models import Host, Site
from tests.factories import make_host, make_incident, make_site
from tests.ovhcloud import APPLICATION_KEY, APPLICATION_SECRET, SERVICE, OvhcloudHost, ovhcloud_host


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "enqueue", lambda *_a, **_k: True)
    monkeypatch.setitem(os.environ, "OAUTHLIB_INSECURE_TRANSPORT", "1")  # the simulation speaks plain HTTP


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits between two steps of a change."""
    monkeypatch.setattr(changing, "SPACING_S", 0.0)
    monkeypatch.setattr(pace, "UNHEARD", timedelta(0))
    monkeypatch.setattr(pace, "APART", timedelta(0))


@pytest.fixture
def ovh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OvhcloudHost]:
    home = tmp_path / "home"
    (home / "www").mkdir(parents=True)
    with ovhcloud_host(home) as made:
        made.php.configure(engineVersion="8.1")
        monkeypatch.setattr(settings, "SITEMEND_OVHCLOUD_API", made.url)
        yield made


@pytest.fixture
def host() -> Host:
    return make_host(address="ssh.cluster042.hosting.ovh.net", user="shop", profile="ovh-mutualise")


@pytest.fixture
def site(host: Host) -> Site:
    return make_site(host.team, name="shop", url="http://shop.example/", host=host)


def given(consumer: str = "", **more: object) -> Given:
    values = {"region": "ovh-eu", "way": ovhcloud.KEYS, "name": APPLICATION_KEY, "service": SERVICE, "rights": (READ, PHP, RESTORE)}
    values |= {"secret": APPLICATION_SECRET, "consumer": consumer}
    return Given(**(values | more))  # type: ignore[arg-type]


@pytest.fixture
def panel(ovh: OvhcloudHost, host: Host) -> HostPanel:
    """Connected, confirmed, tested."""
    connecting.connect(host, given(), None)
    ovh.gate.confirm()
    made = connecting.test(connecting.of(host))
    assert made.state == HostPanel.State.WORKS, made.detail
    ovh.log.clear()
    return made


@pytest.fixture
def case(site: Site, panel: HostPanel) -> RepairCase:
    return repairing.open_case(site, make_incident(site))
