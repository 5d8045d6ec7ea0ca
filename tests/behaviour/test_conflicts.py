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
from sidecar.selection.request import Selection
from sidecar.system.paths import Places
from tests.conftest import DATA
from tests.support.databases import altered, backup, contents, copy_of, execute, fresh, opened, query

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
    told = "1 row of tasks differs, and neither side is the later one: the same of the two stays on every device"
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


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("default", ["work", None], ids=["another default there", "no default there"])
@pytest.mark.parametrize(("overwrite", "policy"), [(False, "theirs"), (False, "newer"), (True, "mine")])
def test_the_default_list_stays_it_whatever_is_taken_from_a_device_where_it_is_an_ordinary_one(
    overwrite: bool, policy: OnConflict, default: str | None, tmp_path: Path
) -> None:
    here, there = fresh(tmp_path, "here.db"), fresh(tmp_path, "there.db")
    (own,) = (row[0] for row in query(here, "SELECT id FROM task_lists"))
    execute(
        there,
        "INSERT INTO task_lists (id, name) VALUES ('work', 'Work')",
        f"UPDATE task_lists SET name = 'Renamed', updated_at = '2999-01-01 00:00:00' WHERE id = '{own}'",
        "UPDATE task_lists SET is_default = 0",
        f"UPDATE task_lists SET is_default = 1 WHERE id = '{default}'",
        "INSERT INTO tasks (id, title, task_list_id) VALUES ('t', 'T', 'work'), ('u', 'U', '" + own + "')",
    )
    archive = backup(there, tmp_path / "there.kpbackup")
    places = Places(here, tmp_path / "work")
    selection = Selection(tables=["task_lists", "tasks"]) if overwrite else None
    for changed in (True, False):
        result = import_data(places, str(archive), overwrite, Progress(), selection=selection, on_conflict=policy)
        assert (result.safety_copy is not None) is changed
        assert query(here, "SELECT id, name FROM task_lists WHERE is_default") == [(own, "Renamed")]


@pytest.mark.parametrize("policy", ["theirs", "newer"])
def test_a_value_that_its_row_gives_up_in_a_merge_is_free_for_another_one_at_once(
    policy: OnConflict, tmp_path: Path
) -> None:
    here, there = fresh(tmp_path, "here.db"), fresh(tmp_path, "there.db")
    depend = "INSERT INTO task_dependencies VALUES (?, ?, ?, ?)"
    for database in (here, there):
        execute(database, "INSERT INTO tasks (id, title) VALUES ('a', 'A'), ('b', 'B'), ('c', 'C')")
    altered(here, depend, "moves", "a", "b", EARLIER)
    altered(here, depend, "stays", "b", "c", LATER)
    altered(there, depend, "moves", "c", "a", LATER)
    altered(there, depend, "new", "a", "b", LATER)
    altered(there, depend, "another", "b", "c", LATER)
    archive = backup(there, tmp_path / "there.kpbackup")
    places = Places(here, tmp_path / "work")
    assert merged(places, archive, policy).tables["task_dependencies"].added == 1
    after = [("moves", "c", "a"), ("new", "a", "b"), ("stays", "b", "c")]
    assert query(here, "SELECT id, task_id, depends_on_id FROM task_dependencies ORDER BY id") == after
    assert sum(account.changes for account in merged(places, archive, policy).tables.values()) == 0


@pytest.mark.parametrize("own", ["", "INSERT INTO task_lists (id, name) VALUES ('blocks', 'Y')"])
def test_names_that_must_be_their_own_go_round_in_a_merge_or_all_of_them_stay(own: str, tmp_path: Path) -> None:
    here, there = fresh(tmp_path, "here.db"), fresh(tmp_path, "there.db")
    for database in (here, there):
        execute(database, "CREATE UNIQUE INDEX own_name ON task_lists (name)")
    execute(here, "INSERT INTO task_lists (id, name) VALUES ('1', 'X'), ('2', 'Z')", *([own] if own else []))
    execute(there, "INSERT INTO task_lists (id, name) VALUES ('1', 'Y'), ('2', 'X'), ('3', 'Z')")
    archive = backup(there, tmp_path / "there.kpbackup")
    places = Places(here, tmp_path / "work")
    merged(places, archive, "theirs")
    names = {row[0]: row[1] for row in query(here, "SELECT id, name FROM task_lists WHERE NOT is_default")}
    round_ = {"1": "Y", "2": "X", "3": "Z"}
    assert names == ({"1": "X", "2": "Z", "blocks": "Y"} if own else round_)
    assert sum(account.changes for account in merged(places, archive, "theirs").tables.values()) == 0


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
