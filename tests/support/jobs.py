"""The jobs by name, and what must hold around one that fails: nothing is changed, nothing is left behind."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.errors.backups import BackupError, InvalidBackup
from sidecar.errors.base import InternalError, SidecarError
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_basic, validate_comprehensive
from sidecar.progress import Progress
from sidecar.report.reporting import write_report
from sidecar.system.paths import Places

if TYPE_CHECKING:  # most processes that use this module run one job, and are killed
    import pytest

Job = Callable[[Places, str, Progress], object]

JOBS: dict[str, Job] = {
    "export": export_data,
    "import": lambda places, path, progress: import_data(places, path, True, progress),
    "merge": lambda places, path, progress: import_data(places, path, False, progress),
    "preview": lambda places, path, progress: preview_import(places, path, True, progress),
    "validate": validate_basic,
    "report": lambda places, path, progress: write_report(places, "now", path, progress),
    "inspect": lambda places, path, progress: inspect_backup(path, progress, places),
}
"""Every job that ends with an exception when it fails."""

READING = ("import", "merge", "preview", "validate", "inspect")
JUDGING = ("import", "preview", "validate")
ON_THE_DATABASE = ("export", "import", "merge", "preview")
WRITING_THE_DATABASE = ("import", "merge")


def state(*roots: Path) -> dict[str, str]:
    """Every file, folder and link below ``roots``, with what it holds."""
    found: dict[str, str] = {}
    for root in roots:
        for folder, folders, files in os.walk(os.fsencode(root)):
            for name in (*folders, *files):
                path = os.path.join(folder, name)  # noqa: PTH118 - bytes, for names that are no text
                found[os.fsdecode(path)] = _content(path)
    return found


def _content(path: bytes) -> str:
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return f"link to {os.readlink(path)!r}"  # noqa: PTH115 - bytes
    if not stat.S_ISREG(mode):
        return stat.filemode(mode)[0]
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - bytes
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError:
        return "not to be read"


def temporary_folder(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Make ``folder`` what Python and SQLite take for the system's folder of temporary files."""
    folder.mkdir()
    for variable in ("TMPDIR", "SQLITE_TMPDIR"):
        patch.setenv(variable, str(folder))
    patch.setattr(tempfile, "tempdir", str(folder))
    return folder


@contextmanager
def nothing_changes(*roots: Path) -> Iterator[None]:
    """Within, no file below ``roots`` is changed, made or removed; the empty work folder itself may be made."""
    before = without_empty_work_folder(state(*roots))
    yield
    assert without_empty_work_folder(state(*roots)) == before


def without_empty_work_folder(found: dict[str, str]) -> dict[str, str]:
    """A work folder may be made by the first job; what a job puts into it must go."""
    return {path: content for path, content in found.items() if Path(path).name != "work"}


def refusal(job: str, places: Places, path: str, kind: type[SidecarError]) -> SidecarError:
    """The error of a job that must fail with just this kind, in a sentence for people."""
    try:
        JOBS[job](places, path, Progress())
    except SidecarError as error:
        return said_well(error, kind)
    raise AssertionError(f"{job} did not fail")


def said_well(error: SidecarError, kind: type[SidecarError]) -> SidecarError:
    """``error``, once it is of the kind, and says what to do in words that are no traceback."""
    assert type(error) is kind, repr(error)
    assert not isinstance(error, InternalError)
    # A problem of a record is said in the words that the app has for it.
    assert type(error) is InvalidBackup or error.message.rstrip()[-1] in ".)", error.message
    assert "Traceback" not in error.message
    assert error.hint
    return error


def refused_file(places: Places, path: str, kind: type[SidecarError]) -> None:
    """Validation as the app's dialog asks for it says the same of a file: not valid, and why; it does not fail."""
    result = validate_comprehensive(places, path, Progress())
    assert not result.is_valid
    assert result.problems[0].kind == kind.kind, result.problems
    assert result.metadata is None


def refused(places: Places, path: Path, kind: type[SidecarError], jobs: tuple[str, ...] = READING) -> None:
    """Every job refuses the file with the same kind of error, and changes nothing."""
    with nothing_changes(path.parent):
        for job in jobs:
            error = refusal(job, places, str(path), kind)
            assert not error.reassurance, "what is wrong is the file, and nothing else"
        if kind is not InvalidBackup:
            refused_file(places, str(path), kind)
        else:
            result = validate_comprehensive(places, str(path), Progress())
            assert not result.is_valid
            assert result.errors
            assert all(len(line) <= 500 for line in result.errors)


def verdict_of(job: Callable[[], object]) -> str | None:
    """The kind of error with which a job refuses a backup; None where it takes it."""
    try:
        job()
    except BackupError as error:
        return error.kind
    return None
