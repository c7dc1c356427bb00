"""One entry of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RepairableBy(StrEnum):
    ACCOUNT = "account"  # the account can bring the site back
    HOST = "host"
    DEVELOPER = "developer"
    NOBODY = "nobody"  # nothing is wrong


@dataclass(frozen=True, slots=True)
class Cause:
    """`explanation` is for somebody who is no specialist; `repairs` are ids, the one that removes least first."""

    code: str
    title: str
    explanation: str
    repairable_by: RepairableBy = RepairableBy.ACCOUNT
    repairs: tuple[str, ...] = ()
    confused_with: tuple[str, ...] = ()
