"""Outcomes as the engine returns them, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sites.models import Page, Site
from sites.probing.outcome import Kind, Outcome, Purpose
from sites.recording import record_batch

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def outcome(page: Page, seconds: float, kind: Kind = Kind.OK, **more: Any) -> Outcome:
    """What a probe of this page saw, so many seconds after START."""
    values: dict[str, Any] = {"purpose": Purpose.ROUTINE, "status": 500 if kind.is_failure else 200, "ms": 40.0}
    if kind.is_failure:
        values |= {"message": "The site answers 500.", "body": b"<h1>Internal Server Error</h1>", "excerpt": "Internal Server Error"}
    return Outcome(key=page.pk, url=page.url, at=after(seconds), kind=kind, **(values | more))


def see(pages: Iterable[Page], seconds: float, kind: Kind = Kind.OK, **more: Any) -> int:
    """Stores one outcome of each page."""
    return record_batch([outcome(page, seconds, kind, **more) for page in pages], now=after(seconds))


def fail(site: Site, seconds: float = 0, **more: Any) -> None:
    """A first failure and the one that confirms it 5 s later, of all pages."""
    pages = list(site.pages.select_related("site"))
    see(pages, seconds, Kind.SERVER_ERROR, **more)
    see(pages, seconds + 5, Kind.SERVER_ERROR, **({"purpose": Purpose.CONFIRMATION} | more))


def recover(site: Site, seconds: float) -> None:
    """Two good probes, 30 s apart, of all pages; the recovery is certain at `seconds` + 30."""
    pages = list(site.pages.select_related("site"))
    see(pages, seconds)
    see(pages, seconds + 30)
