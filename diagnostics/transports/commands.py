"""The commands that may be run on a host, all of them: each reads, none changes anything, and no secret stands in their words.

Whoever wants one more adds it here. What a command needs to know in secret is given to it on its standard input.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.transports.base import Reader, Unsupported
from diagnostics.transports.failures import explained
from sites.texts import mark as _


@dataclass(frozen=True, slots=True)
class Command:
    """Words that are quoted one by one for the host's shell, how many bytes of answer are taken and how long it may run."""

    words: tuple[str, ...]
    limit: int = 65_536
    seconds: float = 10.0
    with_errors: bool = False  # what it prints as errors comes with the answer


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command answered. `is_cut`: there was more than was asked for, and how it ended is not known (`status` None)."""

    status: int | None
    output: bytes
    is_cut: bool = False


def run(reader: Reader, command: Command, given: bytes = b"") -> Ran:
    """Runs one of the commands of this module. Raises Unsupported where the connection runs none, and TransportError."""
    runner = getattr(reader, "run", None)
    if runner is None:
        raise explained(Unsupported, _("This connection runs no commands."))
    found: Ran = runner(command, given)
    return found
