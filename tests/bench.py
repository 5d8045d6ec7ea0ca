"""Time and memory of each job beside references of the same run: ``python -m tests.bench [TASKS ...]``.

For N tasks the database has 2N time sessions, N/2 AI rows and the rest. References: a naive
exporter (json.dumps and zipfile), and floors that no job can pass: reading every row with
sqlite3 alone, inflating and decoding every entry with msgspec alone. Every figure is of a
process of its own; compare ratios, machines differ and are shared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

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
        print(json.dumps(_run_here(JOBS[name], Path(folder))))
        return
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}"
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as base:
        results = {tasks: _measure(Path(base), tasks, options.runs) for tasks in options.tasks or DEFAULT_TASKS}
    for tasks, measured in results.items():
        _print_table(tasks, measured)


def _measure(base: Path, tasks: int, runs: int) -> dict[str, Measured]:
    folder = base / str(tasks)
    folder.mkdir()
    _in_child("make sample", folder, str(tasks))
    measured: dict[str, list[Measured]] = {name: [] for name in JOBS if name != "make sample"}
    # In turns, so that a slow moment of the machine hits all of them alike.
    for _ in range(runs):
        for name, of_job in measured.items():
            of_job.append(_in_child(name, folder))
    return {name: sorted(of_job, key=lambda one: one["seconds"])[runs // 2] for name, of_job in measured.items()}


def _in_child(name: str, folder: Path, tasks: str = "") -> Measured:
    command = [sys.executable, "-m", "tests.bench", "--job", name, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"BENCH_TASKS": tasks})
    measured: Measured = json.loads(done.stdout)
    return measured


def _run_here(job: Callable[[Path], Measured], folder: Path) -> Measured:
    begun = time.perf_counter()
    extra = job(folder)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"seconds": seconds, "peak": peak} | extra


def _make_sample(folder: Path) -> Measured:
    from sidecar.sample import make_sample

    make_sample(folder / "live.db", int(os.environ["BENCH_TASKS"]))
    return {}


def _read_floor(folder: Path) -> Measured:
    with closing(sqlite3.connect(folder / "live.db")) as connection:
        for table in _tables(connection):
            for _ in connection.execute(f'SELECT * FROM "{table}"'):
                pass
    return {}


def _naive_export(folder: Path, indent: int | None = 2) -> Measured:
    """Everything into memory, then json.dumps and zipfile; indented as the app's own files are."""
    target = folder / "naive.zip"
    contract = ("tasks", "time_sessions", "ai_interactions", "task_dependencies", "periodic_task_templates")
    with closing(sqlite3.connect(folder / "live.db")) as connection:
        connection.row_factory = sqlite3.Row
        rows = {
            name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')] for name in _tables(connection)
        }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps({name: rows[name] for name in contract}, indent=indent))
        for name, records in rows.items():
            archive.writestr(f"{name}.json", json.dumps(records, indent=indent))
    return {"size": target.stat().st_size}


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def _export(folder: Path) -> Measured:
    from sidecar.exporting import export_data
    from sidecar.places import Places
    from sidecar.progress import Progress

    result = export_data(Places(folder / "live.db", folder / "work"), str(folder / "backup.kpbackup"), Progress())
    return {"size": result.size}


def _decode_floor(folder: Path) -> Measured:
    inflating = 0.0
    with zipfile.ZipFile(folder / "backup.kpbackup") as archive:
        for name in archive.namelist():
            begun = time.perf_counter()
            text = archive.read(name)
            inflating += time.perf_counter() - begun
            msgspec.json.decode(text)
            del text
    return {"without": inflating}


def _validate(folder: Path) -> Measured:
    from sidecar.places import Places
    from sidecar.progress import Progress
    from sidecar.validation import validate_comprehensive

    places = Places(folder / "live.db", folder / "work")
    result = validate_comprehensive(places, str(folder / "backup.kpbackup"), Progress())
    assert result.is_valid, result.errors
    return {}


def _import_fresh(folder: Path) -> Measured:
    from sidecar.sample import make_fresh

    target = folder / "fresh.db"
    target.unlink(missing_ok=True)
    make_fresh(target)
    return _import(folder, target)


def _import_again(folder: Path) -> Measured:
    return _import(folder, folder / "fresh.db")


def _import(folder: Path, target: Path) -> Measured:
    from sidecar import applying
    from sidecar.importing import import_data
    from sidecar.places import Places
    from sidecar.progress import Progress

    locked: list[float] = []
    from sidecar.database import retrying as take

    def timed(connection: sqlite3.Connection, sql: str, progress: Progress) -> None:
        """Note when the lock was taken, and when the commit had let go of it."""
        take(connection, sql, progress)
        locked.append(time.perf_counter())

    setattr(applying, "retrying", timed)  # noqa: B010 - a name that applying imports, not one it exports
    import_data(Places(target, folder / "work"), str(folder / "backup.kpbackup"), True, Progress())
    return {"locked": locked[-1] - locked[0]}


JOBS: dict[str, Callable[[Path], Measured]] = {
    "make sample": _make_sample,
    "read floor": _read_floor,
    "naive export": _naive_export,
    "naive export, compact": partial(_naive_export, indent=None),
    "export": _export,
    "decode floor": _decode_floor,
    "validate": _validate,
    "import, fresh": _import_fresh,
    "import, again": _import_again,
}


def _print_table(tasks: int, measured: dict[str, Measured]) -> None:
    print(f"\n{tasks:,} tasks\n")
    print("| job | seconds | peak memory, MB | beside |")
    print("|---|---:|---:|---|")
    for name, one in measured.items():
        print(f"| {name} | {_net(one):.2f} | {one['peak'] / 1e6:.0f} | {_beside(name, measured)} |")


def _net(one: Measured) -> float:
    """Seconds; of the decoding floor, those of msgspec alone."""
    return float(one["seconds"] - one.get("without", 0.0))


def _beside(name: str, measured: dict[str, Measured]) -> str:
    one = measured[name]
    seconds, decode = one["seconds"], _net(measured["decode floor"])
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
        case "import, fresh" | "import, again":
            return f"{seconds / decode:.1f} x floor, database locked {100 * one['locked'] / seconds:.0f} %"
        case "decode floor":
            return f"msgspec alone; with zipfile's inflating {seconds:.2f} s"
    return ""


if __name__ == "__main__":
    main()
