"""Files that could be put back, with what they could become: frozen values, as facts bring them back and a repair sees them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnostics.evidence import LostLink

KEPT, SNAPSHOT, RELEASE, BESIDE = "kept", "snapshot", "release", "beside"  # in this order they are to be trusted


@dataclass(frozen=True, slots=True)
class Copy:
    """One content that a file could have again. `at`: seconds; of a kept one when the site was last seen well with it.

    `release`: the published release that it was fetched with ("WordPress 6.5.2"). `is_proven`: its published checksum is right.
    `others`: how many more of the release's files are not as published; nobody knows why. `left`: how many more are not there and are
    too many to be put back with it in one step.
    """

    source: str
    content: bytes = field(repr=False)
    at: float
    where: str = ""  # of one on the account: its path, relative to the folder above the docroot
    mode: int | None = None
    release: str = ""
    is_proven: bool = False
    others: int = 0
    left: int = 0

    @property
    def key(self) -> str:
        """Names it in the answers of a plan, the same from the same content."""
        return f"{self.source}-{hashlib.sha256(self.content).hexdigest()[:16]}"


def is_rest_of(content: bytes, whole: bytes) -> bool:
    """Whether a file holds nothing but the beginning or the end of what it should: emptied, cut off, zeros in place of the rest."""
    rest = content.rstrip(b"\0")
    return not rest.strip() or (len(rest) < len(whole) and (whole.startswith(rest) or whole.endswith(rest)))


@dataclass(frozen=True, slots=True)
class Restorable:
    """One file and its copies, the best first. `current` is what it holds now, None where it is not there.

    `wanted_by`: cause, path and line of each finding that it would answer. `others_changed`: how many more files of the same plugin,
    theme or folder are not as they were kept: an old file may not fit beside them. `lost`: of a folder that is not there, how many more
    files lay in it that nobody kept. `links`: what leads to nothing in its place, or in that of a folder above.
    """

    path: str  # relative to the folder above the docroot
    absolute: str
    current: bytes | None = field(repr=False)
    mode: int
    copies: tuple[Copy, ...]
    wanted_by: tuple[tuple[str, str, int | None], ...]
    others_changed: int = 0
    is_folder_there: bool = True
    lost: int = 0
    links: tuple[LostLink, ...] = ()


@dataclass(frozen=True, slots=True)
class SinceWell:
    """All that was changed in programs and settings since the site was last read while it was well.

    `put_back`: changed or gone, each with the content that was kept then. `added`: path, absolute and SHA-256 of what was not there.
    """

    at: float
    put_back: tuple[Restorable, ...]
    added: tuple[tuple[str, str, str], ...]
