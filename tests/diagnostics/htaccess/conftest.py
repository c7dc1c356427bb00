from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def base(open_folder: Path) -> Path:
    """A folder that Apache's workers may enter."""
    return open_folder
