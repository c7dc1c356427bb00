"""A directory of releases as WordPress's own: packages and lists of checksums over real HTTP, from folders or contents that a test gives.

with Publisher() as publisher, publisher.in_use():
    publisher.publish("plugin", "forms", "2.1", {"forms.php": b"<?php ..."})
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import override_settings

from tests.http_server import HttpServer, Received, Reply


class Publisher(HttpServer):
    """Serves what was published, in parts where it is asked so; anything else is not there."""

    def publish(self, kind: str, slug: str, version: str, files: Mapping[str, bytes], locale: str = "", *, wrong: str = "") -> bytes:
        """One release with its list. `wrong`: a file whose checksum is another. The package as it is served."""
        top = "wordpress" if kind == "core" else slug
        package = zipped({f"{top}/{name}": content for name, content in files.items()})
        listed: dict[str, Any] = {name: hashlib.md5(b"other" if name == wrong else content).hexdigest() for name, content in files.items()}
        if kind == "core":
            self.route(f"/release/{locale}/wordpress-{version}.zip" if locale else f"/release/wordpress-{version}.zip", served(package))
            self.route(f"/core/checksums/1.0/?version={version}&locale={locale or 'en_US'}", said({"checksums": listed}))
        else:
            self.route(f"/{kind}/{slug}.{version}.zip", served(package))
        if kind == "plugin":
            both = {name: {"md5": md5, "sha256": hashlib.sha256(files[name]).hexdigest()} for name, md5 in listed.items() if name != wrong}
            both |= {wrong: {"md5": [listed[wrong]], "sha256": ["0" * 64]}} if wrong else {}
            self.route(f"/plugin-checksums/{slug}/{version}.json", said({"plugin": slug, "version": version, "files": both}))
        return package

    @contextlib.contextmanager
    def in_use(self) -> Iterator[Publisher]:
        """The product fetches from here, and keeps what it fetched in a state folder of its own."""
        allowed = (*settings.SITEMEND_ALLOWED_NETWORKS, ip_network("127.0.0.0/8"))
        with tempfile.TemporaryDirectory(prefix="sitemend-releases-") as folder:
            here = {"SITEMEND_RELEASES": self.url(""), "SITEMEND_RELEASES_API": self.url(""), "SITEMEND_RELEASES_DIR": Path(folder)}
            with override_settings(SITEMEND_ALLOWED_NETWORKS=allowed, **here):
                yield self

    def packages(self) -> list[Received]:
        """The requests for packages."""
        return [request for request in self.requests if request.path.endswith(".zip")]


def zipped(files: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A package of these files, by their whole names."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def served(content: bytes) -> Any:
    """As a web server gives a file: whole, or from a byte on."""

    def answer(request: Received) -> Reply:
        start = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if "range" not in request.headers:
            return Reply(200, content, content_type="application/zip")
        if start >= len(content):
            return Reply(416, b"", content_type="text/plain")
        told = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        return Reply(206, content[start:], told, content_type="application/zip")

    return answer


def said(document: Any) -> Reply:
    return Reply(200, json.dumps(document).encode(), content_type="application/json")
