"""What a killed one-file program leaves of itself among the temporary files, and who removes it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from sidecar.wire.unpacked import MARK, YOUNGEST_SECONDS
from tests.support.client import DEADLINE, Client


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """One whose temporary files are for the program alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))


def unpacked(environment: Mapping[str, str]) -> list[Path]:
    return list(Path(environment["TMPDIR"]).glob("_MEI*"))


def make_old(folder: Path) -> None:
    then = time.time() - YOUNGEST_SECONDS - 60
    os.utime(folder, (then, then))


def leave_one(command: list[str], environment: Mapping[str, str]) -> Path:
    """Kill a program and its bootloader at work; what they leave, as if it had lain there for a while."""
    if len(command) > 1:
        pytest.skip("nothing is frozen")
    with Client([*command, "serve"], environment=environment) as client:
        client.request("ping")
        bootloader = psutil.Process(client.process.pid)
        family = [bootloader, *bootloader.children(recursive=True)]
        # The bootloader first: it would clean up behind its child.
        for process in (bootloader, *family[1:]):
            process.kill()
        psutil.wait_procs(family, timeout=DEADLINE)
    found = unpacked(environment)
    if not found:
        pytest.skip("this program is a folder: nothing is unpacked")
    [left] = found
    assert (left / MARK).is_file()
    make_old(left)
    return left


def run(command: list[str], environment: Mapping[str, str], folder: Path) -> None:
    words = [*command, "backups", "--database", str(folder / "no.db")]
    subprocess.run(words, env=environment, capture_output=True, timeout=DEADLINE, check=True)


@pytest.mark.slow
def test_a_command_sweeps_what_a_killed_program_left(
    sidecar_command: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    leave_one(sidecar_command, environment)
    run(sidecar_command, environment, tmp_path)
    assert unpacked(environment) == []


def test_a_server_sweeps_it_and_keeps_its_own_however_old_that_is(
    sidecar_command: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    left = leave_one(sidecar_command, environment)
    with Client([*sidecar_command, "serve"], environment=environment) as client:
        deadline = time.monotonic() + DEADLINE
        # The server sweeps once it has locked its own folder, beside its answers.
        while left.exists():
            assert client.request("ping")["result"]["pong"] is True
            assert time.monotonic() < deadline
        [used] = unpacked(environment)
        make_old(used)
        run(sidecar_command, environment, tmp_path)
        assert unpacked(environment) == [used]
        assert (used / "base_library.zip").is_file()
        client.close_input()
        assert client.wait() == 0
    assert unpacked(environment) == []
