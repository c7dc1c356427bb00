"""The commands that may be run on a host, all of them: each reads, none changes anything, and no secret stands in their words.

Whoever wants one more adds it here. What a command needs to know in secret is given to it on its standard input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from diagnostics.transports.base import Reader, Unsupported
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
        raise Unsupported(_("This connection runs no commands."))
    found: Ran = runner(command, given)
    return found


# For each name: "+" and the content of a regular file of at most so many bytes, else "-"; then the mark on a line of its own.
_CONTENTS = (
    'most=$1; mark=$2; shift 2; for f; do if [ -f "$f" ] && [ ! -L "$f" ] && [ -r "$f" ] && [ "$(wc -c <"$f")" -le "$most" ]; '
    'then printf +; cat -- "$f"; else printf -; fi; printf "\\n%s\\n" "$mark"; done'
)


def contents(paths: Sequence[str], most: int, mark: str) -> Command:
    """Several small files at once, each ended by a line with `mark`. Links are not followed."""
    return Command(("sh", "-c", _CONTENTS, "sh", str(most), mark, *paths), limit=4 * 1024 * 1024)
