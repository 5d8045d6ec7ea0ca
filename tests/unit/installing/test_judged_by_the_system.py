"""What is handed to the system's own timer, held against the system's own judgement, where that is at hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.installing.answers import TimerFile
from sidecar.installing.program import Call
from sidecar.installing.systemd import Systemd
from sidecar.installing.task_scheduler import TaskScheduler
from tests.support.client import DEADLINE
from tests.unit.installing.conftest import PATHS

if sys.platform == "win32":
    SCHEDULER = Path(os.environ["SYSTEMROOT"], "System32", "schtasks.exe")
    pytestmark = pytest.mark.skipif(not SCHEDULER.exists(), reason="there is no schtasks here to judge")

    def called(name: str, _folder: Path) -> Call:
        return Call(f"C:\\{name}\\p.exe", ("auto", "run", "--database", f"D:\\{name}\\x.db"), f"C:\\{name}")

    def written(call: Call) -> list[TimerFile]:
        return TaskScheduler().written(call)

    def judged(files: list[TimerFile], folder: Path) -> str:
        """What the task scheduler says of a task; "" if it takes it, of which nothing is left there."""
        task, name = folder / "task.xml", f"KiraPilot backup, tried by {os.getpid()}"
        task.write_bytes(files[0].content.encode("utf-16"))
        made = _scheduler("/Create", "/TN", name, "/XML", str(task), "/F")
        # That there is one to remove shows that it was made.
        return made or _scheduler("/Delete", "/TN", name, "/F")

    def _scheduler(*words: str) -> str:
        # What it says goes nowhere: a service that it starts would keep a pipe of ours open.
        ended = subprocess.run(
            [str(SCHEDULER), *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=DEADLINE,
            check=False,
        )
        return f"code {ended.returncode}" if ended.returncode else ""

else:
    ANALYZE = shutil.which("systemd-analyze")
    pytestmark = [
        pytest.mark.usefixtures("system"),
        pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze here to judge"),
    ]

    def called(name: str, folder: Path) -> Call:
        program = folder / name / "kirapilot-sidecar"
        program.parent.mkdir()
        shutil.copy("/bin/true", program)
        return Call(str(program), ("auto", "run", "--database", str(folder / name / "x.db")), "")

    def written(call: Call) -> list[TimerFile]:
        return Systemd().written(call)

    def judged(files: list[TimerFile], folder: Path) -> str:
        """What systemd says of units; "" if it takes them as they are."""
        units = folder / "units"
        units.mkdir()
        for file in files:
            (units / Path(file.path).name).write_text(file.content, "utf-8")
        ended = subprocess.run(
            [str(ANALYZE), "--user", "verify", *map(str, units.iterdir())],
            env=os.environ | {"XDG_RUNTIME_DIR": str(units), "XDG_CONFIG_HOME": str(units)},
            capture_output=True,
            check=False,
        )
        return ended.stderr.decode() + (f"code {ended.returncode}" if ended.returncode else "")


@pytest.mark.parametrize("name", PATHS)
def test_the_system_takes_it_as_it_is(name: str, tmp_path: Path) -> None:
    assert judged(written(called(name, tmp_path)), tmp_path) == ""


def test_the_judge_does_judge(tmp_path: Path) -> None:
    if sys.platform == "win32":
        (good,) = written(called("plain", tmp_path))
        for bad in ("<a/>", good.content.replace("Task", "Tusk"), good.content[:-10]):
            assert judged([TimerFile(path=good.path, content=bad)], tmp_path), bad
    else:
        assert "not executable" in judged(written(Call("/no/such/program", (), "")), tmp_path)
