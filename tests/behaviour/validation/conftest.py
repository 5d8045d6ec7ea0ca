"""The device that backups are validated for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.databases import fresh


@pytest.fixture
def device(tmp_path: Path) -> Path:
    return fresh(tmp_path)
