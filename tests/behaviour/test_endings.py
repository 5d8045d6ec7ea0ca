"""However the program ends in the middle of a job, as long as it lives to see it, nothing is left."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from sidecar.system.paths import Places
from tests.conftest import Cases
from tests.support.client import DEADLINE, Client
from tests.support.databases import larger
from tests.support.jobs import state

GONE = "Stage and snapshot are gone after every exit that the process lives to see"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

TASKS = 4000
"""Enough for a job to last while it is told to stop."""

ENDINGS: dict[str, Callable[[Client, int], None]] = {
    "end of input": lambda client, _: client.close_input(),
    "cancel": lambda client, running: client.notify("$/cancelRequest", {"id": running}),
    "exit": lambda client, _: client.notify("exit"),
    "shutdown": lambda client, _: client.notify("shutdown"),
    "SIGTERM": lambda client, _: client.process.send_signal(signal.SIGTERM),
    "SIGINT": lambda client, _: client.process.send_signal(signal.SIGINT),
    "SIGHUP": lambda client, _: client.process.send_signal(getattr(signal, "SIGHUP", signal.SIGTERM)),
}

JOBS = {
    "export_data_to_file": {},
    "import_data_from_file": {"overwrite": True},
    "preview_import": {"overwrite": True},
    "validate_backup_file": {},
}


def _thorough(job: str) -> ParameterSet:
    return pytest.param(job, marks=pytest.mark.exhaustive)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """A larger database, with its backup beside it."""
    return larger(tmp_path_factory.mktemp("sample"), TASKS)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "job", ["import_data_from_file", *map(_thorough, sorted(JOBS.keys() - {"import_data_from_file"}))]
)
def test_a_server_that_ends_in_a_job_leaves_nothing(
    job: str, ending: str, sample: Places, tmp_path: Path, cases: Cases
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    shutil.copy(sample.database.with_name("a.kpbackup"), folder)
    database = str(shutil.copy(sample.database, tmp_path))
    before = state(folder)
    words = [sys.executable, "-m", "sidecar", "serve", "--database", database, "--work-dir", str(tmp_path / "work")]
    with Client(words) as client:
        target = str(folder / ("new.kpbackup" if job == "export_data_to_file" else "a.kpbackup"))
        running = client.call(job, {"filePath": target, "progressToken": 1, **JOBS[job]})
        while (message := client.read()).get("method") == "$/progress" and message["params"]["value"][
            "phase"
        ] == "read":
            pass
        assert message.get("method") == "$/progress", "the job is under way, past its first phase"
        assert any((tmp_path / "work").glob("job-*/*.db")), "this is what must go"
        ENDINGS[ending](client, running)
        if ending not in ("end of input", "cancel", "shutdown"):
            assert client.wait() in (0, 1, 130)
        elif ending != "end of input":
            client.answer_to(running)
            client.close_input()
            assert client.wait() == 0
        else:
            assert client.answer_to(running)["result"]
            assert client.wait() == 0
    assert list((tmp_path / "work").iterdir()) == []
    after = state(folder)
    after.pop(str(folder / "new.kpbackup"), None)
    assert after == before
    cases.record(GONE)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
@pytest.mark.parametrize("command", ["export", *map(_thorough, ["import", "preview", "validate"])])
def test_a_command_that_is_told_to_stop_leaves_nothing(
    command: str, name: str, sample: Places, tmp_path: Path, cases: Cases
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    database, work = str(shutil.copy(sample.database, tmp_path)), tmp_path / "work"
    target = folder / "a.kpbackup"
    shutil.copy(sample.database.with_name("a.kpbackup"), target)
    before = state(folder)
    yes = ["--yes"] if command in ("export", "import") else []
    words = [
        sys.executable,
        "-m",
        "sidecar",
        command,
        str(target),
        *yes,
        "--database",
        database,
        "--work-dir",
        str(work),
    ]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert _is_at_work(process, work)
        process.send_signal(signal.Signals[name])
        _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode in (0, 130), said
    assert b"Traceback" not in said
    assert list(work.iterdir()) == []
    assert state(folder) == before or (process.returncode == 0 and command == "export")
    cases.record(GONE)


def _is_at_work(process: subprocess.Popen[bytes], work: Path) -> bool:
    """Wait until a job has its folder; False if the process ends, or nothing comes, before."""
    for _ in range(int(DEADLINE / 0.005)):
        if any(work.glob("job-*/*.db")):
            return True
        try:
            process.wait(0.005)
        except subprocess.TimeoutExpired:
            continue
        return False
    return False
