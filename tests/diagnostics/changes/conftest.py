"""A site on a folder of this machine, with one broken .htaccess in it, unless a file says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from sites.models import Site
from tests.diagnostics.changes_made import BEFORE, put, site_in


@pytest.fixture
def docroot(tmp_path: Path) -> Path:
    folder = tmp_path / "www"
    folder.mkdir()
    put(folder / ".htaccess", BEFORE)
    return folder


@pytest.fixture
def site(docroot: Path, settings: object) -> Site:
    return site_in(docroot, settings)
