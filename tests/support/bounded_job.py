"""All jobs on one backup in a process with bounded memory: what each said, how long it took, and the most memory held.

    python -m tests.support.bounded_job DATABASE WORK_FOLDER BACKUP

Answers one JSON object: ``kinds``, a job's error kind or null each; ``seconds`` of processor time; ``peak``, bytes
beyond those that were held before the first job.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import tests.support.posix_only  # noqa: F401 - skips its importers on Windows
from sidecar.errors.base import SidecarError
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.jobs import JOBS

if sys.platform != "win32":
    import resource

assert sys.platform != "win32"

ADDRESS_SPACE = 3 << 30
"""Bytes of addresses: beyond them a job fails, instead of the machine. Threads alone reserve some hundred MB."""


def main(database: str, work: str, archive: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    places = Places(Path(database), Path(work))
    kinds: dict[str, str | None] = {}
    before, began = _peak(), time.process_time()
    for job in ("validate", "inspect", "import"):
        kinds[job] = None
        try:
            JOBS[job](places, archive, Progress())
        except SidecarError as error:
            kinds[job] = error.kind
    answer = {"kinds": kinds, "seconds": time.process_time() - began, "peak": _peak() - before}
    sys.stdout.write(json.dumps(answer))


def _peak() -> int:
    # Not getrusage: what it tells begins with what the parent held.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii").splitlines())
    return int(status["VmHWM"].split()[0]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
