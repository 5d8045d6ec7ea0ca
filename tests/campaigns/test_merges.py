"""Properties of merges with a choice, over databases that hypothesis makes up: the same ones at every run.

Two devices share some ids and little else. Whatever is asked for: the preview is the result, a second merge does
nothing, an undo brings everything back, and no row is lost that was to stay. Merged both ways with "newer", both hold
the same.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.jobs.conflicts import list_conflicts
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.request import Request
from sidecar.jobs.undoing import undo_last_import
from sidecar.merging.policy import ByTable, Choice, OnConflict, policies_of
from sidecar.progress import Progress
from sidecar.results import ImportResult
from sidecar.system.paths import Places
from tests.campaigns.test_properties import ROWS, Row, Rows, bounded, fill, in_a_folder
from tests.support.databases import Contents, contents, export, fresh, opened, quoted

ALL: list[OnConflict] = ["mine", "theirs", "newer", "both"]
TABLES = ["tasks", "task_lists", "time_sessions", "threads", "thread_messages", "*"]

KEEPS: st.SearchStrategy[OnConflict] = st.sampled_from(ALL)
POLICIES: st.SearchStrategy[ByTable] = st.one_of(KEEPS, st.dictionaries(st.sampled_from(TABLES), KEEPS))

PICKS = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 3), KEEPS), max_size=3)
"""Where a range of numbers begins, how much further it goes, and what is to stay: what is beyond is left out."""


def made(folder: Path, rows: Rows) -> Places:
    """A device that the app could have left: no two default lists, and no declared reference that leads nowhere."""
    database = fill(fresh(folder), {table: [_fit(table, row) for row in some] for table, some in rows.items()})
    with opened(database) as connection:
        while broken := connection.execute("PRAGMA foreign_key_check").fetchall():
            for table, rowid, *_ in broken:
                connection.execute(f"DELETE FROM {quoted(table)} WHERE rowid = ?", (rowid,))
    return Places(database, folder / "work")


def _fit(table: str, row: Row) -> Row:
    if table == "task_lists":
        return row | {"is_default": 0}
    if table == "time_sessions":
        # Two timers that run are for the tests of timers: a merge stops one of them.
        return row | {"is_active": 0}
    # Two devices give one dependency two ids: each keeps its own, which is for the tests of merges.
    return row | {"id": f"{row['task_id']}>{row['depends_on_id']}"} if table == "task_dependencies" else row


def archived(places: Places, name: str) -> Path:
    archive = places.database.parent / f"{name}.kpbackup"
    export(places.database, archive)
    return archive


def merged(places: Places, archive: Path, policy: ByTable, choices: list[Choice]) -> ImportResult:
    """A merge that does what its preview said, conflict by conflict."""
    numbered_by = preview_import(places, str(archive), False, Progress()).token
    expected = preview_import(
        places, str(archive), False, Progress(), on_conflict=policy, choices=choices, numbered_by=numbered_by
    )
    request = Request(
        places,
        str(archive),
        overwrite=False,
        policies=policies_of(policy, choices),
        preview_token=expected.token,
    )
    shown = list_conflicts(request, Progress(), count=1000)
    assert shown.total == expected.conflicts == len(shown.conflicts)
    result = import_data(
        places, str(archive), False, Progress(), on_conflict=policy, choices=choices, preview_token=expected.token
    )
    assert result.tables == expected.tables
    assert [line for line in expected.warnings if line not in result.warnings] == []
    assert Counter(one.stays for one in shown.conflicts if one.stays == "theirs") <= Counter(
        {"theirs": sum(account.updated for account in result.tables.values())}
    )
    return result


def changes(result: ImportResult) -> int:
    return sum(account.changes for account in result.tables.values())


def choices_of(total: int, picks: list[tuple[int, int, OnConflict]]) -> list[Choice]:
    """Ranges within the numbers that there are, none of which overlap."""
    found: list[Choice] = []
    beyond = 1
    for first, further, keep in sorted(picks):
        begin, end = max(first, beyond), min(first + further, total)
        if begin <= end:
            found.append(Choice(first=begin, last=end, keep=keep))
            beyond = end + 1
    return found


def rows_stay(before: Contents, after: Contents) -> bool:
    return all(not (before[name][1] - after[name][1]) for name in before)


def _keeps_its_word(here: Rows, there: Rows, policy: ByTable, picks: list[tuple[int, int, OnConflict]]) -> None:
    def check(folder: Path) -> None:
        (folder / "one").mkdir()
        (folder / "two").mkdir()
        places = made(folder / "one", here)
        archive = archived(made(folder / "two", there), "there")
        before = contents(places.database)
        total = preview_import(places, str(archive), False, Progress()).conflicts
        choices = choices_of(total, picks)
        first = merged(places, archive, policy, choices)
        after = contents(places.database)
        asked = {policy} if isinstance(policy, str) else set(policy.values())
        if not (asked | {choice.keep for choice in choices}) & {"theirs", "newer"}:
            assert rows_stay(before, after)
        if not choices:
            assert changes(merged(places, archive, policy, [])) == 0
            assert contents(places.database) == after
        if changes(first):
            undo_last_import(places, Progress())
        assert contents(places.database) == before

    in_a_folder(check)


@pytest.mark.slow
@settings(bounded, max_examples=6)
@given(here=ROWS, there=ROWS, policy=POLICIES, picks=PICKS)
def test_some_merges_do_what_was_shown_once_and_can_be_undone(
    here: Rows, there: Rows, policy: ByTable, picks: list[tuple[int, int, OnConflict]]
) -> None:
    _keeps_its_word(here, there, policy, picks)


@pytest.mark.exhaustive
@settings(bounded, max_examples=300)
@given(here=ROWS, there=ROWS, policy=POLICIES, picks=PICKS)
def test_merges_do_what_was_shown_once_and_can_be_undone(
    here: Rows, there: Rows, policy: ByTable, picks: list[tuple[int, int, OnConflict]]
) -> None:
    _keeps_its_word(here, there, policy, picks)


def _converge(here: Rows, there: Rows) -> None:
    def check(folder: Path) -> None:
        (folder / "one").mkdir()
        (folder / "two").mkdir()
        devices = made(folder / "one", here), made(folder / "two", there)
        archives = [archived(places, "own") for places in devices]
        for places, archive in zip(devices, reversed(archives), strict=True):
            merged(places, archive, "newer", [])
        one, two = (contents(places.database) for places in devices)
        assert one == two
        # And once more, by what both hold now: nothing is left to be done.
        again = archived(devices[0], "again")
        assert changes(merged(devices[1], again, "newer", [])) == 0

    in_a_folder(check)


@settings(bounded, max_examples=2)
@given(here=ROWS, there=ROWS)
def test_some_devices_merged_into_each_other_hold_the_same(here: Rows, there: Rows) -> None:
    _converge(here, there)


@pytest.mark.slow
@settings(bounded, max_examples=6)
@given(here=ROWS, there=ROWS)
def test_more_devices_merged_into_each_other_hold_the_same(here: Rows, there: Rows) -> None:
    _converge(here, there)


@pytest.mark.exhaustive
@settings(bounded, max_examples=300)
@given(here=ROWS, there=ROWS)
def test_devices_merged_into_each_other_hold_the_same(here: Rows, there: Rows) -> None:
    _converge(here, there)
