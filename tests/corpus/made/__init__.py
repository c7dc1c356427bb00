"""Answers of our own making, built as the pages of hosts, firewalls and applications are built that cannot be run here."""

from __future__ import annotations

from tests.corpus.case import Case
from tests.corpus.made import applications, firewalls, hosts, lookalikes, wire


def cases() -> list[Case]:
    """All of them."""
    return [*hosts.CASES, *firewalls.CASES, *applications.CASES, *lookalikes.CASES, *wire.cases()]
