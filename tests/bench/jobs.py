"""Time and memory of each job beside references of the same run: ``python -m tests.bench [TASKS ...]``.

For N tasks the database has 2N time sessions, N/2 AI rows and the rest. References: a naive
exporter (json.dumps and zipfile), and floors that no job can pass: reading every row with
sqlite3 alone, decoding every unpacked entry with msgspec alone. Every figure is of a
process of its own; compare ratios, machines differ and are shared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import psutil
from isal import isal_zlib

from sidecar.database.connection import retrying as take
from sidecar.database.models import CONTRACT, KNOWN
from sidecar.database.sample import make_fresh, make_sample
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.restore import applying
from sidecar.system.paths import Places

if sys.platform != "win32":
    import resource

SAMPLE = "make sample"
COPY = "copy of the database"
DEFAULT_TASKS = (10_000, 100_000)
Measured = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("tasks", nargs="*", type=int, help=f"numbers of tasks (default: {DEFAULT_TASKS})")
    parser.add_argument("--runs", type=int, default=3, help="runs of each job; the median is shown (default: 3)")
    parser.add_argument("--folder", help="where databases and archives go (default: a temporary folder)")
    parser.add_argument("--job", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        name, folder = options.job
        print(json.dumps(_run_here((JOBS | BESIDE)[name], Path(folder))))
        return
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}"
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as base:
        results = {tasks: measure(Path(base), tasks, options.runs, JOBS) for tasks in options.tasks or DEFAULT_TASKS}
    for tasks, measured in results.items():
        _print_table(tasks, measured)


def measure(base: Path, tasks: int, runs: int, jobs: Iterable[str]) -> dict[str, Measured]:
    """What each job takes, in a process of its own: seconds, the processor's, peak memory in bytes; and more."""
    folder = sample(base, tasks)
    measured: dict[str, list[Measured]] = {name: [] for name in jobs}
    # In turns, so that a slow moment of the machine hits all of them alike.
    for _ in range(runs):
        for name, of_job in measured.items():
            of_job.append(in_child(name, folder))
    return {name: median(of_job) for name, of_job in measured.items()}


def sample(base: Path, tasks: int) -> Path:
    """A folder with a database of so many tasks, as the jobs expect it."""
    folder = base / str(tasks)
    folder.mkdir()
    in_child(SAMPLE, folder, str(tasks))
    return folder


def median(runs: list[Measured]) -> Measured:
    """The run that took the time in the middle; of two such, the faster."""
    return sorted(runs, key=lambda one: one["seconds"])[(len(runs) - 1) // 2]


def in_child(name: str, folder: Path, tasks: str = "") -> Measured:
    """One run of a job."""
    command = [sys.executable, "-m", "tests.bench.jobs", "--job", name, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"BENCH_TASKS": tasks})
    measured: Measured = json.loads(done.stdout)
    return measured


def _run_here(job: Callable[[Path], Measured], folder: Path) -> Measured:
    begun, before = time.perf_counter(), time.process_time()
    extra = job(folder)
    seconds, processor = time.perf_counter() - begun, time.process_time() - before
    return {"seconds": seconds, "processor": processor, "peak": _peak()} | extra


def _peak() -> int:
    """The most memory that this process held, in bytes."""
    if sys.platform == "win32":
        peak: int = psutil.Process().memory_info().peak_wset
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return peak


def _make_sample(folder: Path) -> Measured:
    make_sample(folder / "live.db", int(os.environ["BENCH_TASKS"]))
    return {}


def _copy(folder: Path) -> Measured:
    copy = folder / "copy.db"
    shutil.copyfile(folder / "live.db", copy)
    copy.unlink()
    return {}


def _read_floor(folder: Path) -> Measured:
    with closing(sqlite3.connect(folder / "live.db")) as connection:
        for table in _tables(connection):
            for _ in connection.execute(f'SELECT * FROM "{table}"'):
                pass
    return {}


def _naive_export(folder: Path, indent: int | None = 2) -> Measured:
    """The same content by way of dicts, json.dumps and zipfile; indented as the app's own files are."""
    target = folder / "naive.zip"
    with closing(sqlite3.connect(folder / "live.db")) as connection:
        connection.row_factory = sqlite3.Row
        rows = {
            name: [_naive_record(name, row) for row in connection.execute(f'SELECT * FROM "{name}"')]
            for name in _tables(connection)
        }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps({name: rows[name] for name in CONTRACT}, indent=indent))
        for name, records in rows.items():
            archive.writestr(f"{name}.json", json.dumps(records, indent=indent))
    return {"size": target.stat().st_size}


def _naive_record(table: str, row: sqlite3.Row) -> dict[str, object]:
    record = dict(row)
    if table in CONTRACT:
        for column, field in KNOWN[table].items():
            if field.kind == "timestamp" and record[column] is not None:
                record[column] = record[column].replace("+00:00", "Z")
            elif field.kind == "boolean" and record[column] is not None:
                record[column] = bool(record[column])
    return record


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def _export(folder: Path) -> Measured:
    result = export_data(Places(folder / "live.db", folder / "work"), str(folder / "backup.kpbackup"), Progress())
    return {"size": result.size}


def _decode_floor(folder: Path) -> Measured:
    """Unpack each entry as fast as can be, and decode it, whole."""
    decoding = 0.0
    with zipfile.ZipFile(folder / "backup.kpbackup") as archive, (folder / "backup.kpbackup").open("rb") as file:
        for info in archive.infolist():
            file.seek(info.header_offset + 26)
            file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
            text = isal_zlib.decompress(file.read(info.compress_size), wbits=-15, bufsize=info.file_size)
            begun = time.perf_counter()
            msgspec.json.decode(text)
            decoding += time.perf_counter() - begun
    return {"alone": decoding}


def _validate(folder: Path) -> Measured:
    places = Places(folder / "live.db", folder / "work")
    result = validate_comprehensive(places, str(folder / "backup.kpbackup"), Progress())
    assert result.is_valid, result.errors
    return {}


def _import_fresh(folder: Path) -> Measured:
    target = folder / "fresh.db"
    target.unlink(missing_ok=True)
    make_fresh(target)
    return _import(folder, target)


def _import_again(folder: Path) -> Measured:
    return _import(folder, folder / "fresh.db")


def _import_over(folder: Path) -> Measured:
    """Over a database in which one task of ten was changed: this one needs a safety copy of all of it."""
    target = folder / "fresh.db"
    with closing(sqlite3.connect(target)) as connection, connection:
        connection.execute("UPDATE tasks SET title = title || '!' WHERE rowid % 10 = 0")
    return _import(folder, target)


def _import(folder: Path, target: Path) -> Measured:
    from sidecar.progress import Progress
    from sidecar.system.paths import Places

    locked: list[float] = []

    def timed(connection: sqlite3.Connection, sql: str, progress: Progress) -> None:
        """Note when the lock was taken, and when the commit had let go of it."""
        take(connection, sql, progress)
        locked.append(time.perf_counter())

    setattr(applying, "retrying", timed)  # noqa: B010 - a name that applying imports, not one it exports
    import_data(Places(target, folder / "work"), str(folder / "backup.kpbackup"), True, Progress())
    return {"locked": locked[-1] - locked[0]}


JOBS: dict[str, Callable[[Path], Measured]] = {
    "read floor": _read_floor,
    "naive export": _naive_export,
    "naive export, compact": partial(_naive_export, indent=None),
    "export": _export,
    "decode floor": _decode_floor,
    "validate": _validate,
    "import, fresh": _import_fresh,
    "import, again": _import_again,
    "import, over": _import_over,
}


BESIDE: dict[str, Callable[[Path], Measured]] = {SAMPLE: _make_sample, COPY: _copy}
"""What is run, but stands in no table of this module."""


def _print_table(tasks: int, measured: dict[str, Measured]) -> None:
    print(f"\n{tasks:,} tasks\n")
    print("| job | seconds | peak memory, MB | beside |")
    print("|---|---:|---:|---|")
    for name, one in measured.items():
        print(f"| {name} | {one['seconds']:.2f} | {one['peak'] / 1e6:.0f} | {_beside(name, measured)} |")


def _beside(name: str, measured: dict[str, Measured]) -> str:
    one = measured[name]
    seconds, decode = one["seconds"], measured["decode floor"]["seconds"]
    match name:
        case "export":
            naive, compact, floor = (measured[name] for name in ("naive export", "naive export, compact", "read floor"))
            return (
                f"{naive['seconds'] / seconds:.1f} times as fast as naive,"
                f" {compact['seconds'] / seconds:.1f} as compact,"
                f" {seconds / floor['seconds']:.1f} x floor,"
                f" {one['size'] / 1e6:.1f} MB = {one['size'] / compact['size']:.2f} x zlib level 6"
            )
        case "validate":
            return f"{seconds / decode:.1f} x floor"
        case "import, fresh" | "import, again" | "import, over":
            return f"{seconds / decode:.1f} x floor, database locked {100 * one['locked'] / seconds:.0f} %"
        case "decode floor":
            return f"unpacked by ISA-L, decoded by msgspec; the decoding alone {one['alone']:.2f} s"
    return ""


if __name__ == "__main__":
    main()
