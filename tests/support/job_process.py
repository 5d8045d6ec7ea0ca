"""One job in a process of its own, under hardships that a test cannot bring upon itself.

``python -m tests.support.job_process REQUEST``, where REQUEST is JSON: "job" (a name of tests.support.jobs.JOBS),
"database", "work_dir", "path", and any of

- "disk": {"at": folder, "size": bytes, "read_only": bool}: a small disk there, seen by this process alone;
- "copies": [[from, to], ...]: files to be copied first, onto that disk for instance;
- "unforeseen": true: the disk fills up after free space was looked at;
- "largest": the most bytes a file may have;
- "ordinary": true: go on as a user who may do nothing in particular;
- "watch": folders whose files are compared before and after;
- "kill_at": N: die, at once, without clean-up, when the job looks for a cancel for the N-th time;
- "tell": true: a line for each look.

Prints one line of JSON at the end: kind, message and path of the error, or null; and the changed files.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from sidecar.errors.base import SidecarError
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.client import DEADLINE
from tests.support.jobs import JOBS, state
from tests.support.killing import KILL

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
LOADED_LATE = ("wcwidth", "encodings.cp437")
"""What the jobs import at its first use: for an ordinary user, it may lie where that user cannot read."""

IN_A_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
"""Starts a process that may mount a disk for itself, on a Linux that lets people do so."""


def run(request: Mapping[str, Any], alone: bool = False) -> dict[str, Any]:
    """The outcome of a job in a process of its own; ``alone`` in a namespace where it may mount."""
    words = [*(IN_A_NAMESPACE if alone else ()), *command(request)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=2 * DEADLINE, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


def command(request: Mapping[str, Any]) -> list[str]:
    """The words that start such a process."""
    return [sys.executable, "-m", "tests.support.job_process", json.dumps(request)]


def may_mount(folder: Path) -> bool:
    """Whether a process may mount a disk of its own."""
    if sys.platform == "linux" and shutil.which("unshare") is not None:
        words = [*IN_A_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", str(folder)]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    return False


def _mount(disk: Mapping[str, Any], options: str = "") -> None:
    size = f"size={disk['size']}{options}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", disk["at"]], check=True)


def _prepare(request: Mapping[str, Any]) -> None:
    disk = request.get("disk")
    if disk:
        _mount(disk)
    for source, target in request.get("copies", ()):
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    if disk and disk.get("read_only"):
        subprocess.run(["mount", "-o", "remount,bind,ro", disk["at"]], check=True)
    if request.get("unforeseen"):
        for name, module in list(sys.modules.items()):
            if name.startswith("sidecar.") and hasattr(module, "require_space"):
                setattr(module, "require_space", lambda *_: None)  # noqa: B010 - not exported by it
    if sys.platform != "win32":
        _limit(request)


if sys.platform != "win32":
    import resource

    def _limit(request: Mapping[str, Any]) -> None:
        if "largest" in request:
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest"], resource.RLIM_INFINITY))
        if request.get("ordinary") and os.geteuid() == 0:
            for module in LOADED_LATE:
                importlib.import_module(module)
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)


def _looking(request: Mapping[str, Any]) -> Progress:
    # Two threads may look at once: each number is one look's alone.
    looks = count(1)

    def look() -> bool:
        number = next(looks)
        if request.get("tell"):
            print(number, flush=True)  # noqa: T201 - for the test that reads it
        if number == request.get("kill_at"):
            os.kill(os.getpid(), KILL)
        return False

    return Progress(cancelled=look)


def main() -> None:
    """Run the job that the command line asks for."""
    request = json.loads(sys.argv[1])
    _prepare(request)
    roots = [Path(root) for root in request.get("watch", ())]
    before = state(*roots)
    outcome: dict[str, Any] = {"kind": None}
    try:
        JOBS[request["job"]](
            Places(Path(request["database"]), Path(request["work_dir"])), request["path"], _looking(request)
        )
    except SidecarError as error:
        outcome = {"kind": error.kind, "message": error.message, "path": error.path}
    after = state(*roots)
    outcome["changed"] = sorted(
        path
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path) and path != request["work_dir"]
    )
    print(json.dumps(outcome))  # noqa: T201 - for the test that reads it


if __name__ == "__main__":
    main()
