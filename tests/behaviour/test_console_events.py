"""Ctrl-C, Ctrl-Break, a closed console, log-off and shutdown, on Windows: the job is cancelled, and nothing is left.

The console ends a program's work by starting a thread in it, at a routine of Windows' own. The tests start that thread
themselves: a program whose standard streams are pipes has no console that could be asked to.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sidecar.errors.base import Cancelled
from sidecar.system.paths import Places
from tests.support.client import DEADLINE, Client
from tests.support.databases import contents, larger
from tests.support.jobs import state

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="Windows' consoles")

EVENTS = {"Ctrl-C": 0, "Ctrl-Break": 1, "closed console": 2, "log-off": 5, "shutdown": 6}

TASKS = 4000
"""Enough for a job to last while it is told to stop."""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """A larger database, with its backup beside it."""
    return larger(tmp_path_factory.mktemp("sample"), TASKS)


def tell(process: subprocess.Popen[bytes], event: int) -> None:
    """Let a process learn of an event of its console, as Windows does it."""
    if sys.platform == "win32":
        routine = ctypes.cast(ctypes.WinDLL("kernelbase").CtrlRoutine, ctypes.c_void_p)
        kernel32 = ctypes.WinDLL("kernel32")
        handle = ctypes.c_void_p(int(process._handle))  # type: ignore[attr-defined]
        assert kernel32.CreateRemoteThread(handle, None, ctypes.c_size_t(0), routine, ctypes.c_void_p(event), 0, None)


@pytest.mark.parametrize("event", EVENTS)
def test_an_import_at_the_prompt_is_cancelled_and_leaves_nothing(event: str, sample: Places, tmp_path: Path) -> None:
    database, work = Path(shutil.copy(sample.database, tmp_path)), tmp_path / "work"
    backup = str(sample.database.with_name("a.kpbackup"))
    before = contents(database)
    words = [sys.executable, "-m", "sidecar", "import", backup, "--yes"]
    words += ["--database", str(database), "--work-dir", str(work)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + DEADLINE
        while not any(work.glob("job-*/*.db")):
            assert process.poll() is None
            assert time.monotonic() < deadline
        tell(process, EVENTS[event])
        _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == Cancelled().exit_code, said
    assert b"Traceback" not in said
    assert list(work.iterdir()) == []
    assert contents(database) == before


@pytest.mark.parametrize("event", EVENTS)
def test_a_server_leaves_and_its_job_leaves_nothing(event: str, sample: Places, tmp_path: Path) -> None:
    folder, work = tmp_path / "files", tmp_path / "work"
    folder.mkdir()
    database = Path(shutil.copy(sample.database, tmp_path))
    shutil.copy(sample.database.with_name("a.kpbackup"), folder)
    before, old = state(folder), contents(database)
    words = [sys.executable, "-m", "sidecar", "serve", "--database", str(database), "--work-dir", str(work)]
    with Client(words) as client:
        client.call(
            "import_data_from_file", {"filePath": str(folder / "a.kpbackup"), "overwrite": True, "progressToken": 1}
        )
        while (message := client.read()).get("method") == "$/progress" and not any(work.glob("job-*/*.db")):
            pass
        assert message.get("method") == "$/progress", "the job is under way"
        tell(client.process, EVENTS[event])
        assert client.wait() == 130
    assert list(work.iterdir()) == []
    assert state(folder) == before
    assert contents(database) == old
