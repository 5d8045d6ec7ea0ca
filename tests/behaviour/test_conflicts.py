"""Merging with a choice: of two rows of one id that differ, the one that was asked for stays, and nothing goes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.archive.timestamps import order_of
from sidecar.errors.conflicts import NoConflicts
from sidecar.errors.jobs import ChangedSincePreview
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.undoing import undo_last_import
from sidecar.merging.policy import MINE, OnConflict
from sidecar.progress import Progress
from sidecar.results import ImportResult
from sidecar.system.paths import Places
from tests.conftest import DATA
from tests.support.databases import altered, backup, contents, copy_of, opened

RICH = "2025-09-08-periodic-templates"
EARLIER, LATER = "2026-01-01T00:00:00.100000001+00:00", "2026-01-01T00:00:00.100000002+00:00"
TABLES = ("tasks", "task_lists", "periodic_task_templates", "threads")
"""Tables that say when a row was changed."""


def device(folder: Path) -> Places:
    return Places(copy_of(DATA / f"{RICH}.db", folder), folder / "work")


def merged(places: Places, archive: Path, policy: OnConflict) -> ImportResult:
    """A merge that does what its preview said."""
    expected = preview_import(places, str(archive), False, Progress(), on_conflict=policy)
    result = import_data(places, str(archive), False, Progress(), on_conflict=policy, preview_token=expected.token)
    assert (result.tables, result.warnings[: len(expected.warnings)]) == (expected.tables, expected.warnings)
    assert sum(account.removed for account in result.tables.values()) == 0
    return result


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A device whose first task is of EARLIER, with a task that the backup does not know."""
    made = device(tmp_path / "here")
    altered(made.database, "UPDATE tasks SET updated_at = ?, title = 'mine' WHERE rowid = 1", EARLIER)
    altered(made.database, "INSERT INTO tasks (id, title) VALUES ('own', 'Only here')")
    return made


def other(tmp_path: Path, touched: str) -> Path:
    """A backup of another device, which changed that task at a time of its own."""
    there = device(tmp_path / "there")
    altered(there.database, "UPDATE tasks SET updated_at = ?, title = 'theirs' WHERE rowid = 1", touched)
    return backup(there.database, tmp_path / "there.kpbackup")


def title(places: Places) -> str:
    with opened(places.database) as connection:
        assert connection.execute("SELECT title FROM tasks WHERE id = 'own'").fetchone() == ("Only here",)
        found: str = connection.execute("SELECT title FROM tasks WHERE rowid = 1").fetchone()[0]
        return found


@pytest.mark.parametrize(
    ("policy", "touched", "stays"),
    [
        ("mine", LATER, "mine"),
        ("theirs", LATER, "theirs"),
        ("theirs", "2025-12-31T00:00:00+00:00", "theirs"),
        ("newer", LATER, "theirs"),
        ("newer", "2025-12-31T23:59:59.999999999+00:00", "mine"),
        ("newer", "2026-01-01T01:00:00.100000001+01:00", "theirs"),
        ("newer", "2026-01-01T01:00:00.100000003+01:00", "theirs"),
        ("newer", "2026-01-01 00:00:00", "mine"),
        ("newer", "2026-01-01 00:00:01", "theirs"),
        ("newer", "no time at all", "mine"),
    ],
)
def test_the_row_that_was_asked_for_stays(
    policy: OnConflict, touched: str, stays: str, places: Places, tmp_path: Path
) -> None:
    result = merged(places, other(tmp_path, touched), policy)
    assert title(places) == stays
    account = result.tables["tasks"]
    assert (account.updated, sum(account.left_out.values())) == ((1, 0) if stays == "theirs" else (0, 1))


@pytest.mark.parametrize("side", ["here", "there"])
def test_a_time_that_is_not_even_text_is_no_time(side: str, places: Places, tmp_path: Path) -> None:
    archive = other(tmp_path, LATER)
    database = places.database if side == "here" else tmp_path / "there" / "copy.db"
    altered(database, "UPDATE tasks SET updated_at = CAST(? AS TEXT) WHERE rowid = 1", LATER.encode() + b"\0\xff")
    if side == "there":
        archive = backup(database, tmp_path / "odd.kpbackup")
    policies: list[tuple[OnConflict, str]] = [("mine", "mine"), ("newer", "theirs" if side == "here" else "mine")]
    for policy, stays in policies:
        merged(places, archive, policy)
        assert title(places) == stays


@pytest.mark.slow
def test_a_tie_is_told_and_the_same_row_stays_on_both_devices(places: Places, tmp_path: Path) -> None:
    told = "1 tasks differ, and neither side is the later one: the same of the two stays on every device"
    here = backup(places.database, tmp_path / "here.kpbackup")
    there = other(tmp_path, EARLIER)
    assert told not in merged(places, there, "mine").warnings
    assert told in merged(places, there, "newer").warnings
    second = Places(tmp_path / "there" / "copy.db", tmp_path / "work")
    assert told in merged(second, here, "newer").warnings
    assert title(places) == title(second) == "theirs"


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("policy", ["mine", "theirs", "newer"])
def test_a_second_merge_changes_nothing_and_an_undo_brings_all_of_it_back(
    policy: OnConflict, places: Places, tmp_path: Path
) -> None:
    archive = other(tmp_path, LATER)
    altered(places.database, "DELETE FROM time_sessions WHERE rowid % 2")
    before = contents(places.database)
    assert sum(account.changes for account in merged(places, archive, policy).tables.values()) > 0
    after = contents(places.database)
    again = merged(places, archive, policy)
    assert sum(account.changes for account in again.tables.values()) == 0
    assert again.safety_copy is None
    assert contents(places.database) == after
    undo_last_import(places, Progress())
    assert contents(places.database) == before


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("seed", range(6))
def test_two_devices_merged_into_each_other_hold_the_same(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    moment = datetime(2027, 1, 1, tzinfo=UTC)
    devices = [device(tmp_path / name) for name in ("one", "two")]
    for number, places in enumerate(devices):
        with opened(places.database) as connection:
            for table in TABLES:
                for (row_id,) in connection.execute(f"SELECT id FROM {table} ORDER BY id").fetchall():
                    if chance.random() < 0.4:
                        # No two edits at one moment: those are ties, and each keeps its own.
                        moment += timedelta(microseconds=chance.randrange(1, 10**9))
                        name = "name" if table == "task_lists" else "title"
                        connection.execute(
                            f"UPDATE {table} SET {name} = ?, updated_at = ? WHERE id = ?",
                            (f"{row_id} by {number}", moment.isoformat(timespec="microseconds"), row_id),
                        )
            for new in range(chance.randrange(4)):
                connection.execute(
                    "INSERT INTO tasks (id, title) VALUES (?, ?)", (f"new-{number}-{new}", f"Made on {number}")
                )
    archives = [backup(places.database, tmp_path / f"{number}.kpbackup") for number, places in enumerate(devices)]
    merged(devices[0], archives[1], "newer")
    merged(devices[1], archives[0], "newer")
    one, two = (contents(places.database) for places in devices)
    assert {name: sorted(rows, key=repr) for name, rows in one.items()} == {
        name: sorted(rows, key=repr) for name, rows in two.items()
    }


def test_a_replacement_has_no_conflicts(places: Places, tmp_path: Path) -> None:
    archive = other(tmp_path, LATER)
    before = places.database.read_bytes()
    with pytest.raises(NoConflicts):
        import_data(places, str(archive), True, Progress(), on_conflict="newer")
    assert places.database.read_bytes() == before
    import_data(places, str(archive), True, Progress(), on_conflict=MINE)


def test_a_token_is_of_one_policy(places: Places, tmp_path: Path) -> None:
    archive = other(tmp_path, LATER)
    token = preview_import(places, str(archive), False, Progress(), on_conflict="theirs").token
    with pytest.raises(ChangedSincePreview):
        import_data(places, str(archive), False, Progress(), on_conflict="newer", preview_token=token)


@given(
    st.lists(
        st.tuples(
            st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),
            st.integers(0, 999_999_999),
            st.integers(-14, 14),
        ),
        min_size=2,
        max_size=2,
    )
)
def test_times_are_ordered_as_they_happened_wherever_they_were_written(
    moments: list[tuple[datetime, int, int]],
) -> None:
    keys, happened = [], []
    for moment, nanoseconds, hours in moments:
        local = moment.replace(microsecond=0)
        digits = f"{nanoseconds:09}".rstrip("0")
        fraction = f".{digits}" if digits else ""
        written = f"{local:%H:%M:%S}{fraction}{'+' if hours >= 0 else '-'}{abs(hours):02}:00"
        keys.append(order_of(f"{local.year:04}-{local:%m-%d}T{written}"))
        happened.append((local - timedelta(hours=hours), nanoseconds))
    assert None not in keys
    assert (keys[0] < keys[1], keys[0] == keys[1]) == (happened[0] < happened[1], happened[0] == happened[1])  # type: ignore[operator]
