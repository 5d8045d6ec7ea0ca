"""The device that every test of automatic backups begins with."""

from __future__ import annotations

import pytest

from sidecar.system.paths import Places
from tests.support.automatic_device import Device


@pytest.fixture
def device(places: Places) -> Device:
    return Device(places)
