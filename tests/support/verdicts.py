"""What validation says of a backup, held against what every other job makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.errors.backups import BackupError
from sidecar.jobs.validating import validate_basic
from sidecar.progress import Progress
from sidecar.results import BackupValidationResult
from tests.support.databases import bring_in, places_of, preview, restore, validate


def judged(device: Path, archive: Path) -> BackupValidationResult:
    """The verdict, held against basic validation, preview and import: none may disagree with it."""
    verdict = validate(device, archive)
    if verdict.is_valid:
        validate_basic(places_of(device), str(archive), Progress())
        for overwrite in (False, True):
            restore(device, archive, overwrite, allow_loss=True)
        return verdict
    before = device.read_bytes()
    attempts: list[Callable[[], object]] = [
        lambda: validate_basic(places_of(device), str(archive), Progress()),
        lambda: preview(device, archive, overwrite=False, allow_loss=True),
        lambda: bring_in(device, archive, overwrite=True, allow_loss=True),
    ]
    for attempt in attempts:
        with pytest.raises(BackupError):
            attempt()
    assert device.read_bytes() == before
    return verdict
