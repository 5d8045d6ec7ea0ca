"""What is held for a moment is waited for; what is refused for good is told at once."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.base import Cancelled
from sidecar.errors.paths import PathError
from sidecar.progress import Progress, Report
from sidecar.system import names, patience
from sidecar.system.files import open_source, remove_file
from sidecar.system.patience import is_momentary, patiently


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes on when one sleeps; holds the pauses."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(pauses))
    return pauses


def _windows(number: int) -> OSError:
    error = PermissionError(errno.EACCES, "in use")
    error.winerror = number  # type: ignore[attr-defined,unused-ignore]
    return error


@pytest.mark.parametrize("number", [5, 32, 33])
@pytest.mark.parametrize("refusals", [1, 5])
def test_a_file_that_a_scanner_holds_on_windows_is_had_when_it_lets_go(
    refusals: int, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "ON_WINDOWS", True)
    left = [refusals]

    def held() -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise _windows(number)
        return "had"

    assert patiently(held, Path("a")) == "had"


@pytest.mark.parametrize(("on_windows", "seconds"), [(True, 10.0), (False, 3.0)])
def test_a_file_that_is_held_for_good_is_given_up(
    on_windows: bool, seconds: float, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "ON_WINDOWS", on_windows)
    tries = 0

    def held() -> None:
        nonlocal tries
        tries += 1
        raise OSError(errno.EBUSY, "held")

    with pytest.raises(OSError, match="held"):
        patiently(held, Path("a"))
    assert seconds <= sum(clock) < seconds + 2 * patience._LONGEST_PAUSE
    assert tries > 10
    assert max(clock) == patience._LONGEST_PAUSE


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EROFS, errno.ENOSPC, errno.EPERM, errno.EINVAL])
def test_what_no_wait_mends_is_told_at_once(number: int, clock: list[float]) -> None:
    def refused() -> None:
        raise OSError(number, "no")

    with pytest.raises(OSError, match="no"):
        patiently(refused, Path("a"))
    assert clock == []
    assert not is_momentary(_windows(112)), "a full disk of Windows, whatever errno Python makes of it"


@pytest.mark.parametrize("number", [32, 33])
def test_a_backup_that_another_program_writes_at_is_read_when_it_lets_go(
    number: int, tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = tmp_path / "b.kpbackup"
    backup.write_bytes(b"PK")
    _refuse(monkeypatch, [_windows(number), OSError(errno.EBUSY, "held")])
    told: list[Report] = []
    with open_source(str(backup), Progress(listen=told.append)) as file:
        assert file.tell() == 2
    assert [report.message for report in told] == ["Waiting for another program to let go of b.kpbackup"]
    assert len(clock) == 2


@pytest.mark.parametrize("refusal", [PermissionError(errno.EACCES, "not yours"), _windows(5)])
def test_a_backup_that_one_may_not_read_is_told_of_at_once(
    refusal: OSError, tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = tmp_path / "b.kpbackup"
    backup.write_bytes(b"PK")
    _refuse(monkeypatch, [refusal])
    with pytest.raises(PathError):
        open_source(str(backup))
    assert clock == []


@pytest.mark.parametrize("is_told", [True, False])
def test_a_backup_that_is_held_and_seems_forbidden_is_waited_for_where_that_is_told(
    is_told: bool, tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's own ``open`` has no number of Windows for a file that is held, and says that it is forbidden."""
    backup = tmp_path / "b.kpbackup"
    backup.write_bytes(b"PK")
    monkeypatch.setattr(patience, "is_held", lambda path: path == backup)
    _refuse(monkeypatch, [PermissionError(errno.EACCES, "Permission denied")])
    if is_told:
        told: list[Report] = []
        open_source(str(backup), Progress(listen=told.append)).close()
        assert [report.message for report in told] == ["Waiting for another program to let go of b.kpbackup"]
    else:
        with pytest.raises(PathError):
            open_source(str(backup))
    assert len(clock) == is_told


def test_a_wait_for_a_backup_can_be_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = tmp_path / "b.kpbackup"
    backup.write_bytes(b"PK")
    _refuse(monkeypatch, [OSError(errno.EBUSY, "held")] * 9)
    with pytest.raises(Cancelled):
        open_source(str(backup), Progress(cancelled=lambda: True))


@pytest.mark.parametrize("number", [32, 33])
def test_a_file_that_another_program_holds_is_removed_when_it_lets_go(
    number: int, tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "b.kpbackup"
    path.write_bytes(b"PK")
    _refuse(monkeypatch, [_windows(number), OSError(errno.EBUSY, "held")], "unlink")
    told: list[Report] = []
    remove_file(path, Progress(listen=told.append))
    assert not path.exists()
    assert [report.message for report in told] == ["Waiting for another program to let go of b.kpbackup"]
    assert len(clock) == 2


def test_a_file_that_is_gone_is_removed(tmp_path: Path, clock: list[float]) -> None:
    remove_file(tmp_path / "b.kpbackup")
    assert clock == []


def test_a_file_that_one_may_not_remove_is_told_of_at_once(
    tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse(monkeypatch, [PermissionError(errno.EACCES, "not yours")], "unlink")
    with pytest.raises(PermissionError):
        remove_file(tmp_path / "b.kpbackup")
    assert clock == []


def _refuse(monkeypatch: pytest.MonkeyPatch, refusals: list[OSError], act: str = "open") -> None:
    """Let an act on a file fail so often, and then succeed."""
    really = getattr(Path, act)

    def trying(path: Path, *arguments: Any, **named: Any) -> Any:
        if refusals:
            raise refusals.pop(0)
        return really(path, *arguments, **named)

    monkeypatch.setattr(Path, act, trying)
