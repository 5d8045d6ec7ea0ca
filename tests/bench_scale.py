"""Memory and time of each job as databases grow: ``python -m tests.bench_scale [SMALLER LARGER]``.

100,000 and 1,000,000 tasks unless told otherwise, with what ``tests.bench`` gives them: 2.5 GB of database, and
some 10 GB of disk while it runs. The larger archive, with over 4 GB of JSON in it, is read by Python's zipfile,
and by Info-ZIP's ``unzip`` where there is one: neither is ours. Exit code 1 if a bound is not kept. Every job reads
its files from the disk, since of the larger no file cache may hold all, and finds all memory in use for files, as on a
machine that has run for a while. The processor's time is shown beside. The smaller runs before and after the larger:
within the minutes that this takes, a shared machine changes its speed.
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
from typing import IO

from tests.bench import Measured, in_child, median, sample

JOBS = ("export", "validate", "import, fresh")

MORE_MEMORY = 1.2
"""Most memory of the larger, as a share of the smaller."""

MORE_TIME = 1.1
"""Most growth of time beside the growth of the rows: what a shared machine varies by."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench_scale", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tasks", nargs="*", type=int, default=[100_000, 1_000_000], help="two numbers of tasks")
    parser.add_argument(
        "--runs", type=int, default=3, help="runs of each job on the larger; the median is shown (default: 3)"
    )
    parser.add_argument("--folder", help="where databases and archives go (default: a temporary folder)")
    options = parser.parse_args()
    smaller, larger = options.tasks
    print(
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as base:
        small, large = sample(Path(base), smaller), sample(Path(base), larger)
        kept = _print_table(*_measure(small, large, options.runs), smaller, larger)
        _print_readers(large / "backup.kpbackup")
    return 0 if kept else 1


def _measure(smaller: Path, larger: Path, runs: int) -> tuple[dict[str, Measured], dict[str, Measured]]:
    small: dict[str, list[Measured]] = {job: [] for job in JOBS}
    large: dict[str, list[Measured]] = {job: [] for job in JOBS}
    with tempfile.TemporaryFile(dir=larger) as filler:
        for _ in range(runs):
            for job in JOBS:
                for folder, measured in ((smaller, small), (larger, large), (smaller, small)):
                    _chill(folder)
                    _fill_memory(filler)
                    measured[job].append(in_child(job, folder))
    small_medians, large_medians = ({job: median(of_job) for job, of_job in one.items()} for one in (small, large))
    return small_medians, large_medians


def _chill(folder: Path) -> None:
    """Put the files of a folder out of the system's file cache, where that can be asked for."""
    if not hasattr(os, "posix_fadvise"):
        return
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
    if "SC_AVPHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return
    size = filler.seek(0, os.SEEK_END)
    filler.truncate(size + os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    while filler.read(1 << 20):
        pass


def _print_table(small: dict[str, Measured], large: dict[str, Measured], smaller: int, larger: int) -> bool:
    longest = larger / smaller * MORE_TIME
    print(f"\nAt most {longest:g} times the time, and {MORE_MEMORY:g} times the memory:\n")
    print("| job | seconds | | times | processor's seconds | | times | peak memory, MB | | times |")
    print("|---|" + "---:|" * 9)
    kept = True
    for job in JOBS:
        one, other = small[job], large[job]
        growths = [other[figure] / one[figure] for figure in ("seconds", "processor", "peak")]
        kept = kept and growths[0] <= longest and growths[2] <= MORE_MEMORY
        print(
            f"| {job} | {one['seconds']:.1f} | {other['seconds']:.1f} | {growths[0]:.1f}"
            f" | {one['processor']:.1f} | {other['processor']:.1f} | {growths[1]:.1f}"
            f" | {one['peak'] / 1e6:.0f} | {other['peak'] / 1e6:.0f} | {growths[2]:.2f} |"
        )
    return kept


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
