"""Who else has a file open, by what the system tells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.database import holders
from sidecar.database.holders import by_lister, others_with


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A file that another process has open, and that one's number."""
    path = tmp_path / "a file"
    path.write_bytes(b"x")
    code = "import sys; f = open(sys.argv[1], 'rb'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        yield path, process.pid
        process.stdin.close()


def test_a_file_that_nobody_has_open_or_this_process_alone(tmp_path: Path) -> None:
    path = tmp_path / "a file"
    path.write_bytes(b"x")
    assert others_with(path) == []
    if sys.platform != "win32":
        with path.open("rb"):
            assert others_with(path) == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert not others_with(tmp_path / "nowhere")


def test_another_process_is_named(held: tuple[Path, int]) -> None:
    path, process = held
    others = others_with(path)
    assert others
    assert len(others) == 1
    assert f"(process {process})" in others[0] or sys.platform == "win32"


@pytest.mark.skipif(not shutil.which("lsof"), reason="lsof is not installed")
def test_another_process_is_named_by_the_list_that_macos_has(held: tuple[Path, int]) -> None:
    path, process = held
    (other,) = by_lister(path) or []
    assert other.endswith(f"(process {process})")


def test_the_list_is_read_and_this_process_left_out() -> None:
    told = f"p12\nckirapilot\nf7\np{os.getpid()}\ncpython\nf3\np13\ncapp two\n"
    assert list(holders._listed(told)) == ["kirapilot (process 12)", "app two (process 13)"]


def test_without_a_list_nobody_can_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(holders, "_LISTER", str(tmp_path / "no-such-program"))
    assert by_lister(tmp_path) is None
