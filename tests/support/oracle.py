"""What must hold of every file that anyone can hand in, one function for all of it.

A file is refused with an error for people, the same by every job, or it is imported row for row.
Whatever it is, it leaves no file behind, no row of a failed import, and takes no longer than it may.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from sidecar.errors.backups import WouldLoseData
from sidecar.errors.base import InternalError, SidecarError
from sidecar.errors.jobs import AccountingMismatch
from sidecar.errors.paths import DiskFull
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_basic, validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND
from tests.support.databases import Contents, assert_same_contents, contents
from tests.support.jobs import said_well, state, without_empty_work_folder

HOSTILE = "A file made to do harm is refused with an error for people, or imported row for row"
"""The promise, for the table of cases tried."""

SECONDS = 20.0
"""Most processor time for all jobs on one small file; each takes some hundredths of a second."""

INVALID = "invalid_backup"
NEVER_THE_FILE = (InternalError, AccountingMismatch)
"""Errors that ask to be reported: whatever a file says, it is the file that is to blame."""

ON_THE_TARGET = {WouldLoseData.kind, INVALID}
"""What an import may say of a file that is valid: the target has no place for it, or refuses a row."""


class Device:
    """A database, a backup to be judged and a work folder, each in a folder of its own below ``root``."""

    def __init__(self, root: Path, database: Path = DATA / f"{EVERY_KIND}.db") -> None:
        self.root = root
        for name in ("app", "downloads"):
            (root / name).mkdir(parents=True)
        self.database = Path(shutil.copy(database, root / "app" / "kirapilot.db"))
        self.archive = root / "downloads" / "a.kpbackup"
        self.places = Places(self.database, root / "work")
        self.keep()

    def keep(self) -> None:
        """Take the database as it is now for what must come back."""
        self._pristine = self.database.read_bytes()

    def put_back(self) -> None:
        """The database as it was at first, without safety copies."""
        self.database.write_bytes(self._pristine)
        shutil.rmtree(self.database.parent / "backups", ignore_errors=True)

    def copies(self) -> list[Path]:
        """The safety copies that imports have made, and the folder for them."""
        folder = self.database.parent / "backups"
        return [folder, *folder.glob("before-import-*.kpbackup")] if folder.exists() else []

    def files(self) -> dict[str, str]:
        """Every file of the device with the hash of what it holds."""
        return without_empty_work_folder(state(self.root))

    def imported(self, archive: Path, overwrite: bool = True) -> Contents:
        """What the database holds once a backup was imported; the device is left as it was."""
        import_data(self.places, str(archive), overwrite, Progress())
        held = contents(self.database, ())
        self.put_back()
        return held


def judge(
    device: Device,
    expected: Contents | None = None,
    *,
    merge: bool = True,
    seconds: float = SECONDS,
    only: type[SidecarError] | None = None,
) -> str | None:
    """Lead the device's archive through every job; answers the kind of error it is refused with, None if imported.

    :param expected: what the database must hold if it is imported over it; None where that may be anything.
    :param merge: whether it is merged, too.
    :param only: the one error that is right.
    """
    began, before, path = time.process_time(), device.files(), str(device.archive)
    verdict = _said(lambda: validate_basic(device.places, path, Progress()))
    _agree_comprehensively(device, path, verdict)
    _said(lambda: inspect_backup(path, Progress(), device.places))
    outcome = verdict
    for overwrite in (True, False) if merge else (True,):
        predicted = _said(lambda way=overwrite: preview_import(device.places, path, way, Progress()))  # type: ignore[misc]
        assert device.files() == before, "only an import changes anything"
        said = _said(lambda way=overwrite: import_data(device.places, path, way, Progress()))  # type: ignore[misc]
        assert said == predicted, "preview and import disagree"
        assert said == verdict or (verdict is None and said in ON_THE_TARGET), "validation and import disagree"
        if said is None:
            if overwrite and expected is not None:
                assert_same_contents(contents(device.database, ()), expected)
            changed = {name for name, content in device.files().items() if before.get(name) != content}
            assert changed <= {str(device.database), *map(str, device.copies())}, "a file was left behind"
            device.put_back()
        assert device.files() == before, "a failed import, or a file, was left behind"
        outcome = outcome or said
    took = time.process_time() - began
    assert took < seconds, f"{took:.1f} s"
    if only is not None:
        assert outcome == only.kind
    return outcome


def _said(job: Callable[[], object]) -> str | None:
    """The kind of error that a job ends with, once it is one for people. Anything but a SidecarError is a defect."""
    try:
        job()
    except SidecarError as error:
        failed = error
    else:
        return None
    assert not isinstance(failed, NEVER_THE_FILE), failed
    return said_well(failed, type(failed)).kind


def _agree_comprehensively(device: Device, path: str, verdict: str | None) -> None:
    """The validation that the app's dialog shows says the same, and does not fail: unless space runs out, say."""
    try:
        result = validate_comprehensive(device.places, path, Progress())
    except DiskFull:
        assert verdict == DiskFull.kind
        return
    assert result.is_valid == (verdict is None), result.errors
    assert all(len(line) <= 500 for line in (*result.errors, *result.warnings))
    if verdict not in (None, INVALID):
        assert result.problems[0].kind == verdict
