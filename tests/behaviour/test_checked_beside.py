"""A large database is checked while the backup is being read, and all comes as if it had been checked before."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.errors.base import Cancelled, SidecarError
from sidecar.jobs.importing import import_data, preview_import
from sidecar.progress import Progress, Report
from sidecar.rescue import checking_beside
from sidecar.rescue.diagnosis import first_finding
from sidecar.system.paths import Places
from tests.behaviour.test_worst_day import WRECKS
from tests.conftest import DATA, THIRD
from tests.support.databases import assert_same, contents
from tests.support.worst_days import good_backup_of, home_of, original_of

SPOIL: dict[str, Callable[[Path], object]] = {
    "sound": Path.is_file,
    **{name: spoil for name, (spoil, reason) in WRECKS.items() if reason == "damaged"},
}

CALLS: dict[str, Callable[[Places, str], object]] = {
    "preview": lambda home, archive: preview_import(home, archive, True, Progress()).tables,
    "replacement": lambda home, archive: import_data(home, archive, True, Progress()).tables,
    "merge": lambda home, archive: import_data(home, archive, False, Progress()).tables,
    "replacement by no backup": lambda home, archive: import_data(home, f"{archive}.txt", True, Progress()),
    "merge of no backup": lambda home, archive: import_data(home, f"{archive}.txt", False, Progress()),
}


@pytest.fixture
def home(tmp_path: Path) -> Places:
    return home_of(DATA / f"{THIRD}.db", tmp_path)


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every database is large enough; with the threads on which one was checked."""
    threads: list[str] = []

    def look(snapshot: Path, progress: Progress) -> str | None:
        threads.append(threading.current_thread().name)
        return first_finding(snapshot, progress)

    monkeypatch.setattr(checking_beside, "LEAST_BYTES", 0)
    monkeypatch.setattr(checking_beside, "first_finding", look)
    return threads


def _outcome(home: Places, call: str) -> tuple[object, object]:
    """What a call answers or how it fails, and what is in the database afterwards, if it can be read."""
    archive = good_backup_of(home)
    Path(f"{archive}.txt").write_text("Dear diary", encoding="utf-8")
    try:
        answer = CALLS[call](home, archive)
    except SidecarError as error:
        return (error.kind, error.message, error.hint), home.database.read_bytes()
    return answer, None if call == "preview" else contents(home.database)


@pytest.mark.slow(but=8)
@pytest.mark.parametrize("spoil", SPOIL)
@pytest.mark.parametrize("call", CALLS)
def test_what_comes_is_what_would_have_come_before(call: str, spoil: str, home: Places, beside: list[str]) -> None:
    SPOIL[spoil](home.database)
    kept = Path(shutil.copy(home.database, f"{home.database}.kept"))
    with pytest.MonkeyPatch.context() as at_once:
        at_once.setattr(checking_beside, "LEAST_BYTES", 1 << 60)
        expected = _outcome(home, call)
    assert beside == []
    shutil.copy(kept, home.database)
    assert _outcome(home, call) == expected
    assert len(beside) == (spoil in ("sound", "one page zeroed"))
    assert threading.main_thread().name not in beside


@pytest.mark.usefixtures("beside")
def test_an_import_that_ends_early_ends_the_check(home: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()

    def look_for_ever(snapshot: Path, progress: Progress) -> str | None:
        assert snapshot.is_file()
        begun.set()
        while True:
            try:
                progress.check()
            except Cancelled:
                ended.set()
                raise

    def listen(report: Report) -> None:
        if report.phase == "stage":
            assert begun.wait(10)
            raise RuntimeError(report.phase)

    monkeypatch.setattr(checking_beside, "first_finding", look_for_ever)
    with pytest.raises(RuntimeError, match="stage"):
        import_data(home, good_backup_of(home), True, Progress(listen=listen))
    assert ended.is_set()
    assert list(home.work_dir.iterdir()) == []
    assert_same(home.database, original_of(home))


def test_without_room_for_both_the_check_comes_first(
    home: Places, beside: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = home.database.stat().st_size
    monkeypatch.setattr(checking_beside, "free_space", lambda _: 4 * size - 1)
    import_data(home, good_backup_of(home), True, Progress())
    assert beside == []
    monkeypatch.setattr(checking_beside, "free_space", lambda _: 4 * size)
    import_data(home, good_backup_of(home), True, Progress())
    assert len(beside) == 1
