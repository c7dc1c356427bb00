"""The site's database asked from here stands in the list of what was done on its account, without the password."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from diagnostics import databases
from diagnostics.connections import action_words, purposes
from diagnostics.facts.database import NO_SUCH_NAME
from diagnostics.facts.settings.secret import Secret
from diagnostics.models import HostAction
from tests.diagnostics.facts.test_database import SECRET, Server, login, server
from tests.factories import make_host, make_site, make_user
from tests.servers import free_port

__all__ = ["server"]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("change", "outcome", "words"),
    [
        ({}, "done", ""),
        ({"password": Secret("wrong-Kx93")}, "refused", "user or secret"),
        ({"name": "other"}, "refused", "not there"),
        ({"port": 0}, "refused", "nothing answers"),
    ],
)
def test_database_asked_from_here_is_noted(server: Server, settings: Any, change: dict[str, Any], outcome: str, words: str) -> None:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    host = make_host(protocol="sftp", address="127.0.0.1")
    site = make_site(host.team, host=host)
    change = {"port": free_port()} if "port" in change else change
    used = login(server, **{"host": "127.0.0.1", "socket": "", "port": server.port, **change})
    with purposes.doing("diagnosis", site=site):
        databases.asker(host)(used, "x_options", 1)
    row = HostAction.objects.get(host=host)
    assert (row.verb, row.outcome, row.purpose, row.site) == ("database", outcome, "diagnosis", site)
    assert row.path == f"{used.name} ({used.user}, 127.0.0.1:{used.port})" and words in action_words.reason_of(row.code)
    client = Client()
    client.force_login(make_user(team=host.team))
    page = client.get(reverse("diagnostics:host-actions", args=[host.pk])).content.decode()
    assert "Asked the site" in page and row.path in page and SECRET not in page and "wrong-Kx93" not in page


@pytest.mark.parametrize(("address", "is_told"), [("127.0.0.1", True), ("192.0.2.7", False)])
def test_server_whose_name_nobody_has_is_told(server: Server, address: str, is_told: bool) -> None:
    """From the site's own machine that is certain; from elsewhere it may be a name that only the host's machines know."""
    ask = databases.asker(make_host(protocol="sftp", address=address))
    used = login(server, host="db7.no-such-host.invalid", socket="")
    if is_told:
        assert ask(used, "x_options", 1)[0][:3] == ["error", "connect", "2005"]
        return
    with pytest.raises(databases.ConnectionLost) as refused:
        ask(used, "x_options", 1)
    assert NO_SUCH_NAME in str(refused.value.message)


def test_address_that_nobody_allowed_is_noted_as_not_reached(server: Server) -> None:
    host = make_host(protocol="sftp", address="127.0.0.1")
    with pytest.raises(databases.ConnectionLost):
        databases.asker(host)(login(server, host="127.0.0.1", socket="", port=server.port), "x_options", 1)
    assert HostAction.objects.get(host=host).outcome == "lost"
