"""Jobs measured each in a process of its own, a few runs each: for the benches that print one line per job."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

if sys.platform == "win32":

    def _peak() -> float:
        """Windows is not asked."""
        return 0.0

else:
    import resource

    def _peak() -> float:
        """The most memory this process had, in MB."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


Job = Callable[[Path], str]
"""Does one thing in the bench's folder, and answers what came of it in a few words."""

RUNS = 3


def tell_of_all(module: str, about: str, make: Callable[[Path, int], str], jobs: Mapping[str, Job]) -> None:
    """The command of a bench: makes its files, and prints a line for each job.

    :param module: the bench, as ``python -m`` names it.
    :param make: makes what the jobs are done with, for so many tasks, in a folder.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("--tasks", type=int, default=10_000, help="tasks of the sample (default: 10,000)")
    parser.add_argument("--job", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        name, folder = options.job
        _measured(jobs.get(name) or (lambda path: make(path, int(name))), Path(folder))
        return
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own, too: a child's memory is counted from what its parent had.
        print(f"{_run(module, str(options.tasks), folder)['answer']}; the least of {RUNS} runs")
        for name in jobs:
            runs = [_run(module, name, folder) for _ in range(RUNS)]
            least = {key: min(run[key] for run in runs) for key in ("seconds", "processor")}
            print(
                f"{name:38} {least['seconds']:8.2f} s  processor {least['processor']:8.2f} s"
                f"  {max(run['memory'] for run in runs):6.0f} MB  {runs[0]['answer']}"
            )


def _run(module: str, name: str, folder: str) -> Mapping[str, Any]:
    words = [sys.executable, "-m", module, "--job", name, folder]
    told: Mapping[str, Any] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return told


def _measured(job: Job, folder: Path) -> None:
    begun, processor = time.perf_counter(), time.process_time()
    answer = job(folder)
    seconds, processor = time.perf_counter() - begun, time.process_time() - processor
    print(json.dumps({"seconds": seconds, "processor": processor, "memory": _peak(), "answer": answer}))
