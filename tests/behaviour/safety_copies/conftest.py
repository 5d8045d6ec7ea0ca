"""The device whose imports leave safety copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import EVERY_KIND, Copy


@pytest.fixture
def device(database_copy: Copy) -> Path:
    return database_copy(EVERY_KIND)
