"""The program's own files beside the docroot as they are now: those that the last baseline from before the failure knew of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts import tree
from diagnostics.manifests import places
from diagnostics.manifests.places import Place, Scope
from diagnostics.transports.base import Entry, Reader, TransportError

TIME_LIMIT_S = 8.0


def read(reader: Reader, evidence: Evidence, scope: Scope, deadline: float) -> Evidence:
    """With what lies in these places; one that could not be listed as a whole is left out, with all that lies in it. Never raises."""
    until = min(deadline, time.monotonic() + TIME_LIMIT_S)
    found: list[TreeEntry] = []
    listed: list[Place] = []
    for place in scope:
        try:
            entries = list(_listed(reader, evidence.docroot, place, until))
        except (TransportError, _NotWhole):
            continue
        found += tree.parse(entries, evidence.docroot)[0]
        listed.append(place)
    return replace(evidence, program=tuple(found), program_scope=tuple(listed))


class _NotWhole(Exception):
    """There is more of it than can be listed in time."""


def _listed(reader: Reader, docroot: str, place: Place, until: float) -> Iterator[Entry]:
    seen = 0
    if time.monotonic() > until:
        raise _NotWhole
    with closing(places.batches(reader, docroot.rstrip("/"), place, most=tree.MOST_ENTRIES + 1)) as batches:
        for batch in batches:
            seen += len(batch)
            if seen > tree.MOST_ENTRIES or time.monotonic() > until:
                raise _NotWhole
            yield from batch
