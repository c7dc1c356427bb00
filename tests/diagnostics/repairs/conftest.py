"""A docroot of its own for each test of repairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnostics.repairs.real_folder import fill


@pytest.fixture
def docroot(tmp_path: Path, settings: object) -> Path:
    settings.SITEMEND_LOCAL_ROOTS = (tmp_path,)  # type: ignore[attr-defined]
    fill(tmp_path / "www", {"index.php": b"<?php echo 1;\n"})
    return tmp_path / "www"
