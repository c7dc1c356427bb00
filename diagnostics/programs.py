"""Which programs a site consists of, as the last diagnosis that could read its files saw them: for pages and for `diagnose --json`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites.models import Site

from .changes.journal import printable
from .evidence import Evidence
from .installed import Application, DatabaseTrial
from .models import Diagnosis


def rows(evidence: Evidence) -> list[dict[str, Any]]:
    """As a diagnosis keeps them, without a setting of theirs."""
    return [_row(application, evidence) for application in evidence.applications]


def _row(application: Application, evidence: Evidence) -> dict[str, Any]:
    trial = evidence.database if isinstance(evidence.database, DatabaseTrial) else None
    is_asked = trial is not None and trial.settings_path == application.settings_path
    return {
        "name": application.name, "title": application.title, "version": printable(application.version)[:40],
        "path": printable(application.path)[:300], "pages": [printable(page)[:200] for page in application.serves[:5]],
        "parts": dict(Counter(part.kind for part in application.components)),
        "theme": printable(trial.theme)[:100] if trial and is_asked else "",
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Program:
    """One program in words: "WordPress 6.1.9", "3 plugins, 2 themes"."""

    title: str
    details: str
    path: str


def of_site(site: Site) -> tuple[list[Program], datetime | None]:
    """What was installed when the files were last read, and when that was."""
    last = Diagnosis.objects.filter(site=site, state=Diagnosis.State.DONE).exclude(installed=[]).order_by("-requested_at", "-pk")
    found = last.values_list("installed", "finished_at").first()
    return ([_program(row, site) for row in found[0]], found[1]) if found else ([], None)


def _program(row: dict[str, Any], site: Site) -> Program:
    parts = row.get("parts", {})
    plugins, themes = parts.get("plugin", 0), parts.get("theme", 0)
    words = [ngettext("%(n)d plugin", "%(n)d plugins", plugins) % {"n": plugins}] if plugins else []
    words += [ngettext("%(n)d theme", "%(n)d themes", themes) % {"n": themes}] if themes else []
    if row.get("theme"):
        words.append(_("active: %(theme)s") % {"theme": row["theme"]})
    elsewhere = row.get("path", "") if row.get("path", "") != site.docroot.rstrip("/").rpartition("/")[2] else ""
    return Program(f"{row['title']} {row.get('version', '')}".strip(), ", ".join(words), elsewhere)
