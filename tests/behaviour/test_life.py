"""The life of the process: wherever and however it is started, and whatever happens to who started it.

Against the frozen file this is where its bootloader shows: a parent of the real process, and a folder of
temporary files for each run. For the source, a shell stands in as the parent.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from sidecar.database.sample import make_sample
from tests.support.client import DEADLINE, Client
from tests.support.databases import contents, execute, validate
from tests.support.killing import KILL, KILLED

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and shells of POSIX")

TASKS = 3000
"""Enough that an import is still under way when its first report is seen."""

PROMPTLY = 5.0
"""Seconds within which a process leaves that has nothing more to do; generous, for machines that are busy."""

ODD_NAME = "Jürgen's häuser 家 ☂"


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """A folder of temporary files for the program alone, with a name that a home folder may have."""
    folder = tmp_path / ODD_NAME
    folder.mkdir()
    return folder


@pytest.fixture
def large_database(tmp_path: Path) -> Path:
    """A database whose jobs take a while."""
    database = tmp_path / "large.db"
    make_sample(database, TASKS)
    return database


def request(method: str, **params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"


def ask(command: Sequence[str], line: bytes, **how: Any) -> Any:
    """The one answer to one line, of a program that then leaves on its own with 0 and has nothing else to say."""
    done = subprocess.run(command, input=line, capture_output=True, timeout=DEADLINE, check=True, **how)
    assert done.stderr == b""
    (answer,) = done.stdout.splitlines()
    return json.loads(answer)["result"]


def with_a_parent(command: Sequence[str]) -> list[str]:
    """The words that start the program as the child of another process, as a bootloader does."""
    unpacks_itself = len(command) == 1 and not Path(command[0]).with_name("_internal").is_dir()
    if unpacks_itself:
        return [*command, "serve"]
    return ["/bin/sh", "-c", '"$@"; exit $?', "sh", *command, "serve"]


def first_report(client: Client) -> Any:
    """Wait until a job has begun; the pipe is read by nobody else."""
    assert client.process.stdout
    return json.loads(client.process.stdout.readline())["params"]


# -- where it is started ---------------------------------------------------------------------


def test_it_lives_with_next_to_no_environment(sidecar_command: list[str], fresh_database: Path, tmp_path: Path) -> None:
    few = {"KIRAPILOT_DATABASE": str(fresh_database), "PYTHONPATH": os.environ["PYTHONPATH"], "HOME": str(tmp_path)}
    target = tmp_path / f"{ODD_NAME}.kpbackup"
    answer = ask([*sidecar_command, "serve"], request("export_data_to_file", filePath=str(target)), env=few)
    assert answer["path"] == str(target)
    assert target.is_file()


def test_home_and_temporary_files_may_lie_where_names_have_spaces_and_any_letter(
    sidecar_command: list[str], fresh_database: Path, temporary: Path
) -> None:
    kept_apart = ("XDG_CACHE_HOME", "XDG_DATA_HOME")
    places = {key: value for key, value in os.environ.items() if key not in kept_apart}
    places |= {"HOME": str(temporary), "TMPDIR": str(temporary)}
    home_database = temporary / ".local" / "share" / "kirapilot" / "kirapilot.db"
    home_database.parent.mkdir(parents=True)
    fresh_database.rename(home_database)
    told = ask([*sidecar_command, "serve"], request("initialize"), env=places)
    if sys.platform == "linux":
        assert told["databasePath"] == str(home_database)
        assert Path(told["workDir"]).is_relative_to(temporary)
        target = temporary / "new.kpbackup"
        assert ask([*sidecar_command, "serve"], request("export_data_to_file", filePath=str(target)), env=places)
        assert target.is_file()
    assert list(temporary.glob("_MEI*")) == []


@pytest.mark.parametrize("where", ["missing", "a file"])
def test_a_folder_of_temporary_files_that_cannot_be_used_is_passed_over(
    sidecar_command: list[str], where: str, tmp_path: Path
) -> None:
    useless = tmp_path / where
    if where == "a file":
        useless.write_text("not a folder", "utf-8")
    assert ask([*sidecar_command, "serve"], request("ping"), env=os.environ | {"TMPDIR": str(useless)})


@pytest.mark.skipif(sys.platform != "linux", reason="nobody, root included, can write into Linux's /proc")
def test_the_current_directory_is_not_written_to(
    sidecar_command: list[str], fresh_database: Path, tmp_path: Path
) -> None:
    line = request("export_data_to_file", filePath=str(tmp_path / "new.kpbackup"))
    environment = os.environ | {"KIRAPILOT_DATABASE": str(fresh_database)}
    assert ask([*sidecar_command, "serve"], line, cwd="/proc", env=environment)["task_count"] == 12


def test_the_current_directory_may_be_gone(sidecar_command: list[str], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'rmdir "$PWD" && exec "$@"'
    assert ask(["/bin/sh", "-c", script, "sh", *sidecar_command, "serve"], request("ping"), cwd=gone)["pong"] is True


# -- how it is piped -------------------------------------------------------------------------


def test_no_input_at_all_ends_it_at_once(sidecar_command: list[str]) -> None:
    words = [*sidecar_command, "serve"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_nobody_has_to_read_what_it_logs(sidecar_command: list[str], fresh_database: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    line = request("export_data_to_file", filePath=str(tmp_path / "new.kpbackup"))
    environment = os.environ | {"KIRAPILOT_DATABASE": str(fresh_database)}
    try:
        done = subprocess.run(
            [*sidecar_command, "serve"],
            input=line, stdout=subprocess.PIPE, stderr=writing, env=environment, timeout=DEADLINE, check=True,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert json.loads(done.stdout)["result"]["task_count"] == 12


@pytest.mark.slow
@pytest.mark.parametrize("job", ["export", "import"])
def test_a_job_under_way_at_the_end_of_input_is_finished_and_answered(
    sidecar_command: list[str], job: str, large_database: Path, tmp_path: Path, temporary: Path
) -> None:
    target, archive = tmp_path / "target.db", tmp_path / "large.kpbackup"
    target.write_bytes(large_database.read_bytes())
    environment = {"KIRAPILOT_DATABASE": str(large_database), "TMPDIR": str(temporary)}
    if job == "import":
        ask([*sidecar_command, "serve"], export_to(archive), env=os.environ | environment)
        environment["KIRAPILOT_DATABASE"] = str(target)
        with_other_titles(target)
    line = export_to(archive, 1) if job == "export" else import_from(archive, 1)
    with Client([*sidecar_command, "serve"], environment=os.environ | environment) as client:
        client.send_bytes(line)
        assert client.read()["params"]["token"] == 1
        client.close_input()
        assert client.read_rest()[-1]["result"]["task_count"] == TASKS
        assert client.wait() == 0
    assert contents(target) == contents(large_database)
    assert validate(target, archive).is_valid
    assert list(temporary.glob("_MEI*")) == []


def export_to(archive: Path, token: int | None = None) -> bytes:
    return request("export_data_to_file", filePath=str(archive), progressToken=token)


def import_from(archive: Path, token: int | None = None) -> bytes:
    return request("import_data_from_file", filePath=str(archive), overwrite=True, progressToken=token)


def with_other_titles(database: Path) -> None:
    """Change every task, so that an import has something to do."""
    execute(database, "UPDATE tasks SET title = 'changed since'")


# -- how it ends -----------------------------------------------------------------------------


def of_the_family(client: Client) -> list[psutil.Process]:
    """The process that was started, and those that it has started; the real one answers already."""
    started = psutil.Process(client.process.pid)
    return [started, *started.children(recursive=True)]


def assert_gone(processes: Sequence[psutil.Process], seconds: float) -> None:
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    assert alive == []


def test_when_its_parent_is_killed_it_leaves_at_the_end_of_input(sidecar_command: list[str]) -> None:
    with Client(with_a_parent(sidecar_command)) as client:
        client.request("ping")
        parent, *children = of_the_family(client)
        assert children
        parent.send_signal(KILL)
        assert client.wait() == KILLED
        assert client.request("ping")["result"]["pong"] is True, "the real process is alive"
        client.close_input()
        assert_gone(children, PROMPTLY)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("parent_too", [False, True])
def test_when_the_app_is_killed_during_an_import_nothing_is_left_and_the_database_is_old_or_new(
    sidecar_command: list[str], parent_too: bool, large_database: Path, tmp_path: Path, temporary: Path
) -> None:
    target, archive = tmp_path / "target.db", tmp_path / "large.kpbackup"
    target.write_bytes(large_database.read_bytes())
    places = os.environ | {"KIRAPILOT_DATABASE": str(target), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    ask([*sidecar_command, "serve"], export_to(archive), env=places)
    with_other_titles(target)
    old, new = contents(target), contents(large_database)
    places["TMPDIR"] = str(temporary)
    with Client(with_a_parent(sidecar_command), environment=places, reading=False) as client:
        client.send_bytes(import_from(archive, 1))
        assert first_report(client)["token"] == 1
        family = of_the_family(client)
        if parent_too:
            family[0].send_signal(KILL)
        client.close_input()
        client.break_output()
        client.wait()
        assert_gone(family[1:], DEADLINE)
    assert contents(target) in (old, new)
    assert not target.with_name(f"{target.name}-journal").exists()
    assert staged(tmp_path / "cache") == []
    # A killed bootloader cannot clean up: the app's shell sweeps what it leaves (protocol/INTEGRATION.md).
    assert parent_too or list(temporary.glob("_MEI*")) == []


def staged(cache: Path) -> list[Path]:
    """What is left of stages in the work folder."""
    return [path for path in cache.rglob("*") if path.is_file()]


ENDS: Mapping[str, Callable[[Client], object]] = {
    "end of input": Client.close_input,
    "exit": lambda client: client.notify("exit"),
    "SIGTERM": lambda client: client.process.send_signal(signal.SIGTERM),
    "SIGINT": lambda client: client.process.send_signal(signal.SIGINT),
}


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("end", ENDS)
def test_however_it_is_told_to_leave_no_process_and_no_temporary_file_stays(
    sidecar_command: list[str], end: str, temporary: Path
) -> None:
    with Client([*sidecar_command, "serve"], environment=os.environ | {"TMPDIR": str(temporary)}) as client:
        client.request("ping")
        family = of_the_family(client)
        ENDS[end](client)
        assert client.wait(PROMPTLY) == {"end of input": 0, "exit": 1}.get(end, 130)
        assert_gone(family[1:], PROMPTLY)
        assert client.log() == ""
    assert list(temporary.iterdir()) == []
