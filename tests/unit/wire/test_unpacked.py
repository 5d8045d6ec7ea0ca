"""What the one-file program's bootloader leaves when it is killed: ours, unused and not new goes, all else stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.system.locks import Lock
from sidecar.wire import unpacked
from tests.conftest import ROOT

OLD = unpacked.YOUNGEST_SECONDS + 60


def make_folder(beside: Path, name: str = "_MEI000001abcdef", *, age: float = OLD, mark: bool = True) -> Path:
    folder = beside / name
    (folder / "msgspec").mkdir(parents=True)
    (folder / "msgspec" / "_core.so").write_bytes(b"a library")
    (folder / "base_library.zip").write_bytes(b"modules")
    if mark:
        (folder / unpacked.MARK).write_bytes(b"")
    then = time.time() - age
    os.utime(folder, (then, then))
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder of the process that sweeps."""
    return make_folder(tmp_path, "_MEI00000fffffff", age=0)


def test_what_a_killed_run_left_is_removed(own: Path) -> None:
    left = make_folder(own.parent)
    unpacked.sweep(own)
    assert not left.exists()
    assert (own / "base_library.zip").is_file()


def in_use(folder: Path) -> Lock:
    lock = unpacked.keep(folder)
    assert lock is not None
    then = time.time() - OLD
    os.utime(folder, (then, then))
    return lock


def test_what_is_in_use_stays_until_it_no_longer_is(own: Path) -> None:
    neighbour = make_folder(own.parent)
    lock = in_use(neighbour)
    unpacked.sweep(own)
    assert (neighbour / "msgspec" / "_core.so").is_file()
    lock.release()
    unpacked.sweep(own)
    assert not neighbour.exists()


def test_another_process_keeps_its_folder_as_long_as_it_lives(own: Path) -> None:
    neighbour = make_folder(own.parent)
    program = (
        "import sys; from pathlib import Path; from sidecar.wire import unpacked;"
        "lock = unpacked.keep(Path(sys.argv[1])); print('kept', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", program, str(neighbour)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"kept"
        unpacked.sweep(own)
        assert (neighbour / "base_library.zip").is_file()
        process.kill()
        process.wait()
    unpacked.sweep(own)
    assert not neighbour.exists()


STAYS: dict[str, Callable[[Path], Path]] = {
    "another program's": lambda beside: make_folder(beside, mark=False),
    "a new one, which its program may be about to lock": lambda beside: make_folder(beside, age=60),
    "one from the future, for a clock was put back": lambda beside: make_folder(beside, age=-OLD),
    "another name": lambda beside: make_folder(beside, "kirapilot"),
    "a mark that is a folder": lambda beside: _with_a_folder_for_mark(beside),
}


def _with_a_folder_for_mark(beside: Path) -> Path:
    folder = make_folder(beside, mark=False)
    (folder / unpacked.MARK).mkdir()
    then = time.time() - OLD
    os.utime(folder, (then, then))
    return folder


@pytest.mark.parametrize("kind", STAYS)
def test_what_may_not_be_ours_or_not_be_left_stays(own: Path, kind: str) -> None:
    other = STAYS[kind](own.parent)
    before = sorted(path for path in other.rglob("*"))
    unpacked.sweep(own)
    assert sorted(path for path in other.rglob("*")) == before


@pytest.mark.skipif(sys.platform == "win32", reason="each user of Windows has a folder of temporary files alone")
def test_another_users_folder_stays(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make_folder(own.parent)
    monkeypatch.setattr(os, "geteuid", lambda: -1)
    unpacked.sweep(own)
    assert (other / "base_library.zip").is_file()


def test_what_lies_behind_a_link_stays(own: Path, tmp_path: Path) -> None:
    elsewhere = make_folder(tmp_path / "elsewhere")
    left = make_folder(own.parent)
    try:
        (own.parent / "_MEI000001link").symlink_to(elsewhere)
        (left / "link").symlink_to(elsewhere)
    except OSError:
        pytest.skip("this user may make no links")
    then = time.time() - OLD
    os.utime(left, (then, then))
    unpacked.sweep(own)
    assert (elsewhere / "base_library.zip").is_file()
    assert not left.exists()


def test_a_folder_of_which_a_part_stays_keeps_its_mark_for_the_next_time(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = make_folder(own.parent)
    plainly: Callable[[Path], None] = Path.unlink

    def held(path: Path, missing_ok: bool = False) -> None:
        if path.name == "base_library.zip":
            raise PermissionError(13, "another program holds it")
        del missing_ok
        plainly(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", held)
        unpacked.sweep(own)
    assert sorted(entry.name for entry in left.iterdir()) == ["base_library.zip", unpacked.MARK]
    then = time.time() - OLD
    os.utime(left, (then, then))
    unpacked.sweep(own)
    assert not left.exists()


@pytest.fixture
def frozen_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Has this process think that it was unpacked into a folder."""
    return lambda folder: monkeypatch.setattr(sys, "_MEIPASS", str(folder), raising=False)


def test_while_it_is_kept_nobody_else_may_take_it_and_at_the_end_leftovers_go(
    own: Path, frozen_in: Callable[[Path], None]
) -> None:
    frozen_in(own)
    left = make_folder(own.parent)
    with unpacked.kept():
        assert unpacked.keep(own) is None, "it is held already"
        assert left.exists()
    assert not left.exists()
    lock = unpacked.keep(own)
    assert lock is not None
    lock.release()


def test_from_source_and_from_a_folder_there_is_nothing_to_keep(
    tmp_path: Path, frozen_in: Callable[[Path], None]
) -> None:
    assert unpacked.own_folder() is None
    frozen_in(make_folder(tmp_path, "_internal"))
    assert unpacked.own_folder() is None
    frozen_in(make_folder(tmp_path, mark=False))
    assert unpacked.own_folder() is None
