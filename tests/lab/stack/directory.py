"""WordPress's directory, as far as this machine has it: the WordPress of all blogs here, and Akismet, which Debian ships with it.

Plugins and themes that the lab makes up are private ones: no directory has them, and here they are not found either.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.http_server import Received, Reply
from tests.publisher import Publisher, said, served, zipped

AKISMET = Path("/usr/share/wordpress/wp-content/plugins/akismet")
_WORDPRESS_VERSION = re.compile(r"^\$wp_version = '([^']+)'", re.MULTILINE)
_PLUGIN_VERSION = re.compile(r"^[ *]*Version:\s*(\S+)", re.MULTILINE)


@contextlib.contextmanager
def directory(wordpress: Path) -> Iterator[Publisher]:
    """Serves until the block ends. `wordpress`: as every blog gets it, without content and settings."""
    with Publisher() as started:
        version = _of(_WORDPRESS_VERSION, wordpress / "wp-includes/version.php")
        _publish(
            started, wordpress, "wordpress", f"/release/wordpress-{version}.zip", f"/core/checksums/1.0/?version={version}&locale=en_US"
        )
        if AKISMET.is_dir():
            version = _of(_PLUGIN_VERSION, AKISMET / "akismet.php")
            _publish(started, AKISMET, "akismet", f"/plugin/akismet.{version}.zip", f"/plugin-checksums/akismet/{version}.json")
        yield started


def _of(pattern: re.Pattern[str], file: Path) -> str:
    found = pattern.search(file.read_text(encoding="utf-8", errors="replace"))
    assert found is not None, file
    return found[1]


def _publish(publisher: Publisher, folder: Path, top: str, package: str, listed: str) -> None:
    """Packed when it is first asked for: most runs never do."""

    @functools.cache
    def files() -> dict[str, bytes]:
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

    @functools.cache
    def packed() -> bytes:
        return zipped({f"{top}/{name}": content for name, content in files().items()}, zipfile.ZIP_STORED)  # many cases wait for it

    @functools.cache
    def told() -> Reply:
        return said({"checksums": {name: hashlib.md5(content).hexdigest() for name, content in files().items()}})

    def give(request: Received) -> Reply:
        return served(packed())(request)

    publisher.route(package, give)
    publisher.route(listed, lambda _request: told())
