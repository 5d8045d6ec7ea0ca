"""The shim, made by the C compiler of the machine, and jobs that run under it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pytest

from sidecar.system.paths import Places
from tests.conftest import ROOT
from tests.support.killing import KILLED

SOURCE = Path(__file__).with_name("shim.c")
ON_LINUX: bool = sys.platform == "linux"

RECORD, KILL, TEAR, FAIL_ONCE, FAIL_ON = range(5)
"""What happens at the N-th step: nothing; death before it; death in its middle; it fails; all from it on fail."""


def compiled(folder: Path) -> Path:
    """The shim as a library in ``folder``; skips the test where none can be made."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None or not ON_LINUX:
        pytest.skip(
            "needs Linux and a C compiler to fail the calls of a real process:"
            " apt-get install gcc libc6-dev, then python -m pytest tests/campaigns/faults"
        )
    library = folder / "shim.so"
    options = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    words = [compiler, *options, "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(words, check=True)
    return library


class Step(NamedTuple):
    """A call that changes a file: its name ("pwrite", "rename", "create"...), the file, and a second name for some."""

    call: str
    path: str
    other: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How a case ended: killed, or with the error's kind, message and path, or well; and what the shim noted."""

    killed: bool
    kind: str | None
    message: str | None
    path: str | None
    log: str

    @cached_property
    def steps(self) -> Sequence[Step]:
        """The steps it took, in order."""
        return steps_of(self.log)


def steps_of(log: str) -> list[Step]:
    """What the shim noted, in order."""
    lines = (line.split("\t") for line in log.splitlines())
    return [Step(call, *paths) for _number, call, *paths in lines]


def read_log(log: Path) -> str:
    """What the shim noted, as it stands: names that are no text among it."""
    return log.read_text("utf-8", "surrogateescape")


class CaseServer:
    """Runs jobs under the shim, one at a time."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log

    def run(
        self, job: str, places: Places, path: Path, at: int = 0, code: int = 0, mode: int = RECORD,
        roots: Sequence[Path] = (), spilling: bool = False,
    ) -> Outcome:  # fmt: skip
        """The outcome of a job whose ``at``-th step is met by ``mode``, with the error number ``code``."""
        request = {
            "job": job, "database": str(places.database), "work_dir": str(places.work_dir), "path": str(path),
            "roots": [str(root) for root in roots], "log": str(self._log), "at": at, "code": code, "mode": mode,
            "spilling": spilling,
        }  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        assert "crash" not in said, said["crash"]
        assert said["signal"] in (0, -KILLED), f"died of signal {said['signal']}"
        killed = said["signal"] != 0
        return Outcome(killed, said.get("kind"), said.get("message"), said.get("path"), read_log(self._log))


@contextmanager
def case_server(library: Path, folder: Path) -> Iterator[CaseServer]:
    """A server of cases that lives within the block; its log lies in ``folder``."""
    words = [sys.executable, "-m", "tests.campaigns.faults.case_server"]
    environment = os.environ | {"LD_PRELOAD": str(library)}
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=environment) as process:
        try:
            yield CaseServer(process, folder / "steps.log")
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)
