"""Gets the package of a release from where it is published, or from a mirror: once, within the time that the caller has.

What did not come in time stays as a part, and a worker fetches the rest: then the diagnosis that asked for it is made again.
"""

from __future__ import annotations

import io
import logging
import time

from django.conf import settings

from sites import queueing
from sites.probing.downloading import NotDownloaded, download
from sites.recording import guard_from_settings

from . import store
from .package import Package, PackageUnreadable
from .published import CORE, Release, read_checksums

log = logging.getLogger(__name__)

TASK = "diagnostics.tasks.fetch_release"
IN_BACKGROUND_S = 240.0
_MOST_PACKAGE = 100 * 1024 * 1024
_MOST_LIST = 4 * 1024 * 1024
_LEAST_S = 0.3  # in less nothing is begun


def is_on() -> bool:
    """Whether releases are fetched at all."""
    return bool(settings.SITEMEND_RELEASES and settings.SITEMEND_RELEASES_API)


def opened(release: Release, time_limit_s: float) -> Package | None:
    """The package, fetched now if it is not here and comes in time. None: there is none, or not yet. Never raises for what others do."""
    if not is_on():
        return None
    until = time.monotonic() + time_limit_s
    package = store.opened(release)
    if package is not None or not may_come(release) or time_limit_s < _LEAST_S:
        return package
    with store.held(release, time_limit_s) as is_ours:
        if is_ours and (package := store.opened(release)) is None and until - time.monotonic() > _LEAST_S:
            _fetch(release, until, time_limit_s)
    return package or store.opened(release)


def may_come(release: Release) -> bool:
    """Whether it is worth to wait for: it is published for all that is known, and the directory was reached when it was last asked."""
    return is_on() and not store.is_absent(release) and not store.is_away()


def later(release: Release, site_id: int) -> None:
    """Has a worker fetch it, and the failure of this site looked at again then."""
    values = (release.kind, release.slug, release.version, release.locale, release.title)
    queueing.enqueue_on_commit(TASK, values, site_id, expires=600.0)


def _fetch(release: Release, until: float, time_limit_s: float) -> None:
    """The list first: it is small, and says whether there is such a release at all."""
    is_joined = _has_part(release)
    try:
        checksums = _checksums(release, until)
        with store.part_of(release).open("ab+") as file:
            _get(settings.SITEMEND_RELEASES, release.package, file, _MOST_PACKAGE, until, goes_on=True)
        store.keep(release, checksums, is_joined=is_joined)
        store.note_reached()
    except NotDownloaded as error:
        if error.is_absent:
            store.note_absent(release)
        elif error.code != "timeout" or time_limit_s >= IN_BACKGROUND_S:  # who has little time learns little of the directory
            store.note_away(str(error))
            log.warning("%s could not be fetched: %s", release.named, error)
    except (PackageUnreadable, ValueError) as error:
        if not is_joined:  # else it comes whole the next time
            store.note_absent(release)
        log.warning("%s is not what it should be: %s", release.named, error)
    except OSError as error:  # a disk that is full takes no package, and stops no diagnosis
        store.note_away(str(error))
        log.warning("%s could not be kept: %s", release.named, error)


def _has_part(release: Release) -> bool:
    part = store.part_of(release)
    return part.is_file() and part.stat().st_size > 0


def _checksums(release: Release, until: float) -> bytes:
    """Empty where none are published for this kind. Raises NotDownloaded, ValueError."""
    if not release.checksums:
        return b""
    base = settings.SITEMEND_RELEASES_API if release.kind == CORE else settings.SITEMEND_RELEASES
    file = io.BytesIO()
    _get(base, release.checksums, file, _MOST_LIST, until)
    read_checksums(file.getvalue())
    return file.getvalue()


def _get(base: str, path: str, file: io.BytesIO, most: int, until: float, *, goes_on: bool = False) -> None:
    url = f"{base.rstrip('/')}/{path}"
    contact, left_s = settings.SITEMEND_BASE_URL, max(0.0, until - time.monotonic())
    download(
        url, file, guard=guard_from_settings(), most_bytes=most, time_limit_s=left_s, contact_url=contact, goes_on=goes_on,
    )  # fmt: skip
