"""A database with much in it, and a name for a part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.system.paths import Places
from tests.conftest import DATA
from tests.support.databases import copy_of

RICH = "2025-09-08-periodic-templates"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(copy_of(DATA / f"{RICH}.db", tmp_path / "app"), tmp_path / "work")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "garden-partial.kpbackup"
