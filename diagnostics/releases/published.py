"""Which releases WordPress's directory publishes, where each lies, and what its list of checksums says.

Rules: wp-cli's `WpOrgApi` (checksums of WordPress: api.wordpress.org/core/checksums/1.0/?version=…&locale=…, MD5 by file; of plugins:
downloads.wordpress.org/plugin-checksums/SLUG/VERSION.json, MD5 and SHA-256 by file, one or a list of them: meta.trac.wordpress.org #3192).
Packages as WordPress's own updates name them (`_site_transient_update_core`, `…_plugins`, `…_themes`): release/wordpress-VERSION.zip,
release/LOCALE/wordpress-VERSION.zip, plugin/SLUG.VERSION.zip, theme/SLUG.VERSION.zip. Of themes no checksums are published.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

CORE, PLUGIN, THEME = "core", "plugin", "theme"
USUAL_LOCALE = "en_US"
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,150}")
_VERSION = re.compile(r"[0-9v][0-9A-Za-z.+_-]{0,40}")
_LOCALE = re.compile(r"[a-z]{2,3}(?:_[A-Za-z0-9]{2,12}){0,2}")
_DIGEST = {"md5": re.compile(r"[0-9a-f]{32}"), "sha256": re.compile(r"[0-9a-f]{64}")}
Digests = frozenset[tuple[str, str]]  # algorithm and hex digest; any of them is right


class NotPublished(ValueError):
    """No release of the directory has such a name: nothing is asked for."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release. `slug` is the name of its folder; `title` is what people call it. Raises NotPublished."""

    kind: str
    slug: str
    version: str
    locale: str = ""  # of WordPress: the language its package was made in
    title: str = ""

    def __post_init__(self) -> None:
        fits = self.kind in (CORE, PLUGIN, THEME) and _SLUG.fullmatch(self.slug) and _VERSION.fullmatch(self.version)
        if not fits or ".." in self.version or (self.locale and not _LOCALE.fullmatch(self.locale)):
            raise NotPublished(f"{self.kind} {self.slug} {self.version} {self.locale}")

    @property
    def key(self) -> str:
        """Names its files in the store."""
        return f"{self.kind}.{self.slug}.{self.version}{f'.{self.locale}' if self.is_localized else ''}"

    @property
    def is_localized(self) -> bool:
        return self.locale not in ("", USUAL_LOCALE)

    @property
    def named(self) -> str:
        """As a person knows it: "WordPress 6.5.2"."""
        return f"{self.title or self.slug} {self.version}"

    @property
    def package(self) -> str:
        """The path of its package, below the address of the downloads."""
        if self.kind != CORE:
            return f"{self.kind}/{quote(self.slug)}.{quote(self.version)}.zip"
        folder = f"release/{quote(self.locale)}" if self.is_localized else "release"
        return f"{folder}/wordpress-{quote(self.version)}.zip"

    @property
    def checksums(self) -> str:
        """The path of its list: below the address of the API for WordPress itself, else of the downloads; empty where none is published."""
        if self.kind == CORE:
            return f"core/checksums/1.0/?{urlencode({'version': self.version, 'locale': self.locale or USUAL_LOCALE})}"
        return f"plugin-checksums/{quote(self.slug)}/{quote(self.version)}.json" if self.kind == PLUGIN else ""

    @property
    def folder(self) -> str:
        """The one that the package holds everything in."""
        return "wordpress" if self.kind == CORE else self.slug


def wordpress(version: str, locale: str = "") -> Release:
    """WordPress itself. Raises NotPublished."""
    return Release(CORE, "wordpress", version, locale, "WordPress")


def read_checksums(content: bytes) -> dict[str, Digests]:
    """What a list says, by the file's path in its release. Raises ValueError for anything else than such a list."""
    said = json.loads(content)
    files = (said.get("checksums") or said.get("files")) if isinstance(said, dict) else None
    if not isinstance(files, dict) or not files:
        raise ValueError("no list of checksums")
    return {path: digests for path, values in files.items() if isinstance(path, str) and (digests := _digests(values))}


def _digests(values: Any) -> Digests:
    """`values`: one MD5, or by algorithm one or several."""
    by_name: Mapping[str, Any] = values if isinstance(values, dict) else {"md5": values}
    found = set()
    for name, pattern in _DIGEST.items():
        given = by_name.get(name)
        each = given if isinstance(given, list) else [given]
        found |= {(name, one) for one in each if isinstance(one, str) and pattern.fullmatch(one)}
    return frozenset(found)


def is_as_listed(content: bytes, digests: Digests) -> bool:
    """By the strongest algorithm that the list names."""
    names = {name for name, _digest in digests}
    name = "sha256" if "sha256" in names else "md5"
    return (name, hashlib.new(name, content, usedforsecurity=False).hexdigest()) in digests
