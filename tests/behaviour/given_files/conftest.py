"""The device that files are given to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.archives import SHIPPED
from tests.support.oracle import Device


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path, SHIPPED.with_suffix(".db"))
