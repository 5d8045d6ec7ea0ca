"""The demo: a round trip that proves itself on sample data, step by step, with the time each step took.

Works in a folder of its own and nowhere else: the app's database is not looked at.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from sidecar.database.comparison import TableComparison, compare
from sidecar.database.connection import database_errors
from sidecar.database.sample import make_fresh, make_sample
from sidecar.errors.backups import InvalidBackup
from sidecar.errors.paths import FolderNotFound
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places

NOT_RESTORED = ("seaql_migrations",)
"""The app's own record of its migrations, which no import touches."""

PREFIX = "kirapilot-demo-"


class DemoResult(msgspec.Struct, kw_only=True):
    """``identical`` if no row differs; seconds per step, the comparison per table, and where the archive lies."""

    identical: bool
    archive: str
    archive_size: int
    database_size: int
    seconds: dict[str, float]
    tables: dict[str, TableComparison]


NewProgress = Callable[[], AbstractContextManager[Progress]]


def run_demo(folder: Path, work_dir: Path, tasks: int, progress: NewProgress) -> DemoResult:
    """Export, validate, restore and compare a sample of ``tasks`` tasks.

    :param folder: an existing, empty folder; the two databases and the archive stay in it.
    :param progress: opened once for each job.
    :raises SidecarError: as the jobs do; InvalidBackup when the archive does not validate.
    """
    sample, restored, archive = folder / "sample.db", folder / "restored.db", folder / "demo.kpbackup"
    source, target = Places(sample, work_dir), Places(restored, work_dir)
    clock = _Clock()
    with clock.step("sample"):
        make_sample(sample, tasks)
        make_fresh(restored)
    with clock.step("export"), progress() as job:
        export_data(source, str(archive), job)
    with clock.step("validate"), progress() as job:
        _require_valid(target, archive, job)
    with clock.step("restore"), progress() as job:
        import_data(target, str(archive), True, job)
    with clock.step("compare"), progress() as job:
        tables = compare(sample, restored, NOT_RESTORED, job)
    return DemoResult(
        identical=not any(table.different for table in tables.values()),
        archive=str(archive),
        archive_size=archive.stat().st_size,
        database_size=sample.stat().st_size,
        seconds=clock.seconds,
        tables=tables,
    )


@contextmanager
def demo_folder(parent: Path | None) -> Iterator[Path]:
    """A new folder in ``parent`` (None: the system's temporary folder), so that nothing there is overwritten.

    It stays, for whoever wants to look at the archive; only a demo that did not come to its end leaves nothing.

    :raises SidecarError: when it cannot be made.
    """
    if parent is not None and not parent.is_dir():
        raise FolderNotFound(path=parent / PREFIX)
    with file_errors(parent or Path(tempfile.gettempdir()), Act.SAVE):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).absolute()
    try:
        with database_errors(folder), file_errors(folder, Act.SAVE):
            yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _require_valid(places: Places, archive: Path, progress: Progress) -> None:
    result = validate_comprehensive(places, str(archive), progress)
    if not result.is_valid:
        raise InvalidBackup(path=archive, detail=" ".join(result.errors))


class _Clock:
    """Seconds of wall time for each step, in order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
