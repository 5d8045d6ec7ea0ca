"""Safety copies that are kept, and for how long: which an import may remove, and which never."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.base import Cancelled
from sidecar.export import safety_copies
from sidecar.export.exporting import export_data
from sidecar.export.safety_copies import KEPT, list_copies, moment_of
from sidecar.jobs import importing
from sidecar.jobs.listing import list_backups
from sidecar.progress import Progress
from sidecar.results import ImportResult
from tests.conftest import EVERY_KIND, FIRST, THIRD, Copy
from tests.support.databases import assert_same_contents, bring_in, contents, execute, places_of
from tests.support.jobs import nothing_changes
from tests.support.safety_copies import folder_of, import_alternately, shipped, undo


def import_differently(device: Path, times: int) -> list[ImportResult]:
    """Import one backup after the app changed something each time, so that no two copies are the same."""
    done = []
    for number in range(times):
        execute(device, f"UPDATE tasks SET title = 'state {number} of {times}'")
        done.append(bring_in(device, shipped(THIRD)))
    return done


@pytest.mark.slow
def test_the_newest_copies_are_kept_and_nothing_else_is_removed(device: Path) -> None:
    folder = folder_of(device)
    folder.mkdir()
    mine = [
        "before-import-mine.kpbackup",
        "notes.txt",
        "before-import-20200101T000000.000000Z.kpbackup.bak",
        "a.kpbackup",
    ]
    for name in mine:
        (folder / name).write_text("mine")
    link = folder / "before-import-20200101T000000.000001Z.kpbackup"
    (folder / "before-import-20200101T000000.000002Z.kpbackup").mkdir()
    link.symlink_to(folder / "notes.txt")
    made = [result.safety_copy for result in import_differently(device, KEPT + 3)]
    left = {path.name for path in folder.iterdir()}
    assert left >= {*mine, link.name, "before-import-20200101T000000.000002Z.kpbackup"}
    assert [str(path) for path in list_copies(folder)] == [*made[: -KEPT - 1 : -1], made[0]]


@pytest.mark.slow
def test_looking_through_backups_does_not_push_out_what_was_there_before(device: Path) -> None:
    before = contents(device)
    first = import_alternately(device, 2 * KEPT)[0].safety_copy
    assert first is not None
    assert Path(first) in list_copies(folder_of(device))
    bring_in(device, Path(first))
    assert contents(device) == before


@pytest.mark.slow
def test_equal_contents_count_once(device: Path, database_copy: Copy, tmp_path: Path) -> None:
    """Copies of other contents stay behind any number of two that are made again and again, after a month too."""
    pair = [database_copy(THIRD), database_copy(THIRD)]
    for number, database in enumerate(pair):
        execute(database, f"UPDATE tasks SET title = 'of {number}'")
        export_data(places_of(database), str(tmp_path / f"{number}.kpbackup"), Progress())
    other = [result.safety_copy for result in import_differently(device, KEPT - 3)]
    for path in list_copies(folder_of(device)):
        path.rename(path.with_name(path.name.replace("-import-20", "-import-19")))
    aged = {Path(path).name.replace("-import-20", "-import-19") for path in other if path}
    for number in range(2 * KEPT):
        bring_in(device, tmp_path / f"{number % 2}.kpbackup")
    left = {path.name for path in list_copies(folder_of(device))}
    assert left >= aged
    assert len(left) <= 2 * KEPT


@pytest.mark.slow
@pytest.mark.parametrize(("days", "stays"), [(29, True), (31, False)])
def test_the_first_copy_of_a_run_stays_for_thirty_days(device: Path, days: int, stays: bool) -> None:
    first = Path(import_differently(device, 1)[0].safety_copy or "")
    moment = moment_of(first)
    assert moment is not None
    aged = first.with_name(f"before-import-{moment - timedelta(days=days):%Y%m%dT%H%M%S.%f}Z.kpbackup")
    first.rename(aged)
    import_differently(device, KEPT + 2)
    assert aged.is_file() is stays


@pytest.mark.slow
def test_a_damaged_copy_is_the_first_of_no_run(device: Path) -> None:
    import_differently(device, 1)
    (first,) = list_copies(folder_of(device))
    first.write_bytes(b"damaged")
    import_differently(device, KEPT + 2)
    assert not first.exists()


@pytest.mark.slow
@pytest.mark.parametrize("by_a_link", [False, True])
@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_the_copy_that_is_imported_is_not_removed(by_a_link: bool, device: Path, tmp_path: Path) -> None:
    oldest = import_alternately(device, KEPT)[0].safety_copy
    assert list_copies(folder_of(device))[-1] == Path(oldest or "")
    execute(device, "DELETE FROM tasks")
    named = Path(oldest or "")
    if by_a_link:
        named = tmp_path / "favourite.kpbackup"
        named.symlink_to(oldest or "")
    assert bring_in(device, named).safety_copy is not None
    assert Path(oldest or "").is_file()
    assert len(list_copies(folder_of(device))) == KEPT + 1


def test_the_only_copy_that_proves_is_never_removed(device: Path) -> None:
    """Any number of damaged ones that claim to be newer do not push it out."""
    folder = folder_of(device)
    folder.mkdir()
    for number in range(KEPT + 5):
        (folder / f"before-import-29990101T000000.{number:06}Z.kpbackup").write_bytes(b"damaged")
    done = bring_in(device, shipped(THIRD))
    listed = list_backups(places_of(device), Progress()).backups
    assert [copy.path for copy in listed if copy.proved] == [done.safety_copy]
    assert listed[0].path == done.safety_copy
    assert len(listed) == KEPT
    assert undo(device).path == done.safety_copy


@pytest.mark.slow
def test_a_failed_import_removes_no_copy(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_alternately(device, KEPT)

    def fail(*_: object) -> None:
        raise Cancelled

    monkeypatch.setattr(importing, "apply", fail)
    with nothing_changes(device.parent), pytest.raises(Cancelled):
        bring_in(device, shipped(FIRST))


def test_a_copy_made_after_the_clock_was_put_back_is_the_newest_all_the_same(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime(2020, 1, 1, tzinfo=tz)

    first = bring_in(device, shipped(THIRD)).safety_copy
    before = contents(device)
    monkeypatch.setattr(safety_copies, "datetime", Clock)
    second = bring_in(device, shipped(EVERY_KIND)).safety_copy
    assert [str(path) for path in list_copies(folder_of(device))] == [second, first]
    assert undo(device).path == second
    assert_same_contents(before, contents(device))


@pytest.mark.parametrize(
    "name",
    [
        "before-import-20261322T160721.000000Z.kpbackup", "before-import-99991231T235959.999999Z.kpbackup",
        "before-import-20261122T160721Z.kpbackup", "Before-import-20261122T160721.000000Z.kpbackup",
        "before-import-20261122T160721.000000Z.kpbackup\n", "before-import-２0261122T160721.000000Z.kpbackup", "",
    ],
)  # fmt: skip
def test_a_file_of_another_name_is_no_safety_copy(name: str) -> None:
    assert moment_of(Path("backups", name)) is None


def test_the_name_of_a_copy_is_the_time_it_was_made(device: Path) -> None:
    begun = datetime.now(UTC)
    moment = moment_of(Path(bring_in(device, shipped(THIRD)).safety_copy or ""))
    assert moment is not None
    assert begun <= moment <= datetime.now(UTC)
