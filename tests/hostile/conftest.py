"""What tests of hostile input share: a device that is judged, and a backup of ours to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND, Cases
from tests.support.archives import Entries, entries_of
from tests.support.databases import Contents, contents, execute
from tests.support.jobs import temporary_folder
from tests.support.oracle import HOSTILE, Device


@pytest.fixture
def device(tmp_path: Path, cases: Cases) -> Device:
    """A device on which one case is tried, and counted."""
    cases.record(HOSTILE)
    return Device(tmp_path)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Entries, Contents]:
    """The entries of a backup of ours, and the rows that it brings."""
    device = Device(tmp_path_factory.mktemp("own"))
    # Values that a record cannot say, so that there is an exact.json.
    execute(device.database, "UPDATE tasks SET created_at = '2026-01-01 00:00:00', project_id = x'ff' WHERE rowid = 1")
    export_data(device.places, str(device.archive), Progress())
    return entries_of(device.archive), contents(device.database, ())


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder of temporary files, among what a test looks at when a job has failed."""
    return temporary_folder(tmp_path / "temporary", monkeypatch)


@pytest.fixture(scope="session")
def own_backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small backup that this program made."""
    folder = tmp_path_factory.mktemp("own")
    database = Path(shutil.copy(DATA / f"{EVERY_KIND}.db", folder / "kirapilot.db"))
    export_data(Places(database, folder / "work"), str(folder / "own.kpbackup"), Progress())
    return folder / "own.kpbackup"


@pytest.fixture
def own_entries(own_backup: Path) -> Entries:
    return entries_of(own_backup)
