"""Memory and time of each job as databases grow: ``python -m tests.bench.scale [SMALLER LARGER]``.

100,000 and 1,000,000 tasks unless told otherwise, with what ``tests.bench.jobs`` gives them: 2.5 GB of database, and
some 10 GB of disk while it runs. The larger archive, with over 4 GB of JSON in it, is read by Python's zipfile,
and by Info-ZIP's ``unzip`` where there is one: neither is ours. Exit code 1 if a bound is not kept. Every job reads
its files from the disk, since of the larger no file cache may hold all, and finds all memory in use for files, as on a
machine that has run for a while. The processor's time is shown beside. The smaller runs before and after the larger,
which is compared with those two: within the minutes that all takes, a shared machine changes its speed. A plain copy
of the database comes first, held to no bound: what the system itself takes for so many more bytes.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from statistics import mean, median
from typing import IO

from tests.bench.jobs import COPY, Measured, in_child, sample

Round = tuple[Measured, Measured, Measured]
"""Of the smaller, the larger, and the smaller again."""

JOBS = (COPY, "export", "validate", "import, fresh")

MORE_MEMORY = 1.2
"""Most memory of the larger, as a share of the smaller."""

MORE_TIME = 1.1
"""Most growth of time beside the growth of the rows: what a shared machine varies by."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tasks", nargs="*", type=int, default=[100_000, 1_000_000], help="two numbers of tasks")
    parser.add_argument(
        "--runs", type=int, default=3, help="runs of each job on the larger; medians are shown (default: 3)"
    )
    parser.add_argument("--folder", help="where databases and archives go (default: a temporary folder)")
    options = parser.parse_args()
    smaller, larger = options.tasks
    print(
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as base:
        small, large = sample(Path(base), smaller), sample(Path(base), larger)
        kept = _print_table(_measure(small, large, options.runs), smaller, larger)
        _print_readers(large / "backup.kpbackup")
    return 0 if kept else 1


def _measure(smaller: Path, larger: Path, runs: int) -> dict[str, list[Round]]:
    rounds: dict[str, list[Round]] = {job: [] for job in JOBS}
    with tempfile.TemporaryFile(dir=larger) as filler:
        for _ in range(runs):
            for job, of_job in rounds.items():
                before, between, after = (_run(job, folder, filler) for folder in (smaller, larger, smaller))
                of_job.append((before, between, after))
    return rounds


def _run(job: str, folder: Path, filler: IO[bytes]) -> Measured:
    _chill(folder)
    _fill_memory(filler)
    return in_child(job, folder)


def _chill(folder: Path) -> None:
    """Put the files of a folder out of the system's file cache, where that can be asked for."""
    if sys.platform == "linux":
        # What is not on the disk yet stays in the cache, and would be written while the job runs.
        os.sync()
        for path in filter(Path.is_file, folder.iterdir()):
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _fill_memory(filler: IO[bytes]) -> None:
    """Read as much of a file as memory is free, where that can be asked for; it grows by that, and takes no disk.

    Memory that was never used, or that a virtual machine gave back to its host, costs two to three times as much as
    any other when it is first written: the larger, which needs more of it than was used just before, would pay.
    """
    if sys.platform == "linux":
        size = filler.seek(0, os.SEEK_END)
        filler.truncate(size + os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        while filler.read(1 << 20):
            pass


def _print_table(rounds: dict[str, list[Round]], smaller: int, larger: int) -> bool:
    longest = larger / smaller * MORE_TIME
    print(f"\nAt most {longest:g} times the time, and {MORE_MEMORY:g} times the memory:\n")
    print("| job | seconds | | times | processor's seconds | | times | peak memory, MB | | times |")
    print("|---|" + "---:|" * 9)
    kept = True
    for job, of_job in rounds.items():
        seconds, processor, peak = (_compared(of_job, figure) for figure in ("seconds", "processor", "peak"))
        kept = kept and (job == COPY or (seconds[2] <= longest and peak[2] <= MORE_MEMORY))
        print(
            f"| {job} | {seconds[0]:.1f} | {seconds[1]:.1f} | {seconds[2]:.1f}"
            f" | {processor[0]:.1f} | {processor[1]:.1f} | {processor[2]:.1f}"
            f" | {peak[0] / 1e6:.0f} | {peak[1] / 1e6:.0f} | {peak[2]:.2f} |"
        )
    return kept


def _compared(rounds: list[Round], figure: str) -> tuple[float, float, float]:
    """Medians of a figure: of the smaller, of the larger, and of how many times it grew within a round."""
    small = [one[figure] for before, _, after in rounds for one in (before, after)]
    large = [between[figure] for _, between, _ in rounds]
    growths = [between[figure] / mean((before[figure], after[figure])) for before, between, after in rounds]
    return median(small), median(large), median(growths)


def _print_readers(archive: Path) -> None:
    """Unpack every entry, and check its CRC, with readers that share nothing with ours. Raises if one refuses."""
    with zipfile.ZipFile(archive) as opened:
        size = sum(info.file_size for info in opened.infolist())
        wrong = opened.testzip()
        assert wrong is None, wrong
    print(f"\n{archive.stat().st_size / 1e9:.2f} GB of archive, {size / 1e9:.2f} GB of JSON: read by zipfile", end="")
    if unzip := shutil.which("unzip"):
        subprocess.run([unzip, "-tqq", archive], check=True)
        print(" and unzip", end="")
    print()


if __name__ == "__main__":
    sys.exit(main())
