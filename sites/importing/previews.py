"""An import that waits for its yes: its rows lie here sealed, since they may hold secrets, and for an hour at most."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from sites import credentials
from sites.importing.rows import Row
from sites.importing.sources import Parsed
from sites.models import SiteImport, Team

KEPT_FOR = timedelta(hours=1)
MOST_WAITING = 5  # previews of one person: an older one makes room


def keep(parsed: Parsed, *, user: AbstractBaseUser, team: Team, file_name: str) -> SiteImport:
    """Stores what was read, sealed."""
    preview = SiteImport(team=team, user=user, source=parsed.source, file_name=file_name[-200:])
    _seal(preview, parsed.rows, parsed.notes)
    preview.save()
    waiting = SiteImport.objects.filter(user=user, state=SiteImport.State.PREVIEW).order_by("-at", "-pk")
    SiteImport.objects.filter(pk__in=list(waiting.values_list("pk", flat=True)[MOST_WAITING:])).delete()
    return preview


def opened(preview: SiteImport) -> tuple[list[Row], list[str]]:
    """The rows and the notes about the file as a whole."""
    document = json.loads(zlib.decompress(credentials.unseal_bytes(bytes(preview.sealed_rows))))
    return [Row(*fields) for fields in document["rows"]], document["notes"]


def is_over(preview: SiteImport) -> bool:
    """Whether its hour is over."""
    return preview.state == SiteImport.State.PREVIEW and preview.at < timezone.now() - KEPT_FOR


def correct(preview: SiteImport, corrections: dict[int, dict[str, str]]) -> None:
    """Puts what a person corrected into the rows of these numbers; what the source ruled out stays ruled out."""
    rows, notes = opened(preview)
    for row in rows:
        row.values |= corrections.get(row.number, {})
    _seal(preview, rows, notes)
    preview.save(update_fields=["sealed_rows"])


def claim(preview: SiteImport) -> bool:
    """Whether this call is the one that carries the import out: a form may be sent twice."""
    waiting = SiteImport.objects.filter(pk=preview.pk, state=SiteImport.State.PREVIEW)
    return bool(waiting.update(state=SiteImport.State.MADE, made_at=timezone.now(), sealed_rows=b""))


def _seal(preview: SiteImport, rows: Sequence[Row], notes: Sequence[str]) -> None:
    document = {"rows": [row.as_json() for row in rows], "notes": list(notes)}
    preview.sealed_rows = credentials.seal_bytes(zlib.compress(json.dumps(document).encode()))
