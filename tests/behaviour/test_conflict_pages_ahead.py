"""Pages of conflicts one after the other: what is read for the first serves the others, until somebody writes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.backups import DamagedBackup
from sidecar.errors.base import SidecarError
from sidecar.errors.conflicts import NoSuchConflict
from sidecar.errors.jobs import ChangedSincePreview
from sidecar.errors.paths import FileNotFound
from sidecar.jobs import comparing, conflicts
from sidecar.jobs.conflicts import ReadAhead, list_conflicts
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.request import Request
from sidecar.merging.policy import policies_of
from sidecar.progress import Progress
from sidecar.system.paths import Places
from sidecar.wire.context import Context, Session
from sidecar.wire.methods import METHODS
from sidecar.wire.params import read_params
from tests.support.databases import backup, execute, fresh

ROWS = 30
MINE = policies_of("mine")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(fresh(tmp_path), tmp_path / "work")
    numbers = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
    execute(places.database, f"{numbers} INSERT INTO tasks (id, title) SELECT 't' || i, 'Mine ' || i FROM n")
    return places


@pytest.fixture
def archive(places: Places, tmp_path: Path) -> Path:
    archive = backup(places.database, tmp_path / "b.kpbackup")
    execute(places.database, "UPDATE tasks SET title = title || '!'")
    return archive


@pytest.fixture
def request_(places: Places, archive: Path) -> Request:
    token = preview_import(places, str(archive), False, Progress()).token
    return Request(places, str(archive), overwrite=False, policies=MINE, preview_token=token)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """The requests for which backup and database were read and compared."""
    asked: list[Request] = []
    compared = comparing.compared

    def noting(request: Request, progress: Progress) -> object:
        asked.append(request)
        return compared(request, progress)

    monkeypatch.setattr(conflicts, "compared", noting)
    return asked


def test_they_are_the_same_as_each_read_alone_and_read_once(request_: Request, read: list[Request]) -> None:
    ahead = ReadAhead()
    pages = [list_conflicts(request_, Progress(), start, 7, ahead) for start in range(1, ROWS + 1, 7)]
    back = list_conflicts(request_, Progress(), 3, 5, ahead)
    assert len(read) == 1
    assert [len(page.conflicts) for page in pages] == [7, 7, 7, 7, 2]
    for start, page in zip(range(1, ROWS + 1, 7), pages, strict=True):
        assert page == list_conflicts(request_, Progress(), start, 7)
    assert back == list_conflicts(request_, Progress(), 3, 5)


def test_what_lies_before_is_read_and_a_number_beyond_the_last_one_is_refused(
    request_: Request, read: list[Request]
) -> None:
    ahead = ReadAhead()
    assert [one.number for one in list_conflicts(request_, Progress(), 20, 2, ahead).conflicts] == [20, 21]
    assert [one.number for one in list_conflicts(request_, Progress(), 19, 2, ahead).conflicts] == [19, 20]
    assert len(read) == 2
    with pytest.raises(NoSuchConflict):
        list_conflicts(request_, Progress(), ROWS + 1, 2, ahead)


def test_another_policy_is_another_page(places: Places, archive: Path, request_: Request, read: list[Request]) -> None:
    ahead = ReadAhead()
    assert {one.stays for one in list_conflicts(request_, Progress(), 1, 5, ahead).conflicts} == {"mine"}
    token = preview_import(places, str(archive), False, Progress(), on_conflict="theirs").token
    theirs = Request(places, str(archive), overwrite=False, policies=policies_of("theirs"), preview_token=token)
    assert {one.stays for one in list_conflicts(theirs, Progress(), 6, 5, ahead).conflicts} == {"theirs"}
    assert len(read) == 2


def _task_changed(places: Places, _: Path) -> None:
    execute(places.database, "UPDATE tasks SET title = 'Now' WHERE id = 't20'")


def _imported(places: Places, archive: Path) -> None:
    import_data(places, str(archive), False, Progress(), on_conflict="theirs")


def _other_bytes(_: Places, archive: Path) -> None:
    """Of the same size and age, as a sync client may leave them."""
    found = archive.stat()
    held = bytearray(archive.read_bytes())
    held[-1] ^= 1
    archive.write_bytes(held)
    os.utime(archive, ns=(found.st_atime_ns, found.st_mtime_ns))


def _gone(_: Places, archive: Path) -> None:
    archive.unlink()


@pytest.mark.parametrize(
    ("writing", "error"),
    [
        (_task_changed, ChangedSincePreview),
        (_imported, ChangedSincePreview),
        (_other_bytes, DamagedBackup),
        (_gone, FileNotFound),
    ],
)
def test_what_was_written_since_is_seen(
    places: Places,
    archive: Path,
    request_: Request,
    writing: Callable[[Places, Path], None],
    error: type[SidecarError],
) -> None:
    ahead = ReadAhead()
    list_conflicts(request_, Progress(), 1, 5, ahead)
    writing(places, archive)
    with pytest.raises(error):
        list_conflicts(request_, Progress(), 6, 5, ahead)


def test_of_a_database_with_a_write_ahead_log_nothing_is_taken_for_unchanged(
    places: Places, archive: Path, read: list[Request]
) -> None:
    with closing(sqlite3.connect(places.database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        token = preview_import(places, str(archive), False, Progress()).token
        request = Request(places, str(archive), overwrite=False, policies=MINE, preview_token=token)
        ahead = ReadAhead()
        list_conflicts(request, Progress(), 1, 5, ahead)
        connection.execute("UPDATE tasks SET description = 'Now' WHERE id = 't8'")
        connection.commit()
        page = list_conflicts(request, Progress(), 6, 5, ahead)
    assert len(read) == 2
    assert any("description" in one.fields for one in page.conflicts)


def test_no_more_is_kept_than_there_is_room_for(
    request_: Request, read: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conflicts, "AHEAD_BYTES", 1_500)
    ahead = ReadAhead()
    numbers = [
        one.number
        for start in range(1, ROWS, 3)
        for one in list_conflicts(request_, Progress(), start, 3, ahead).conflicts
    ]
    assert numbers == list(range(1, ROWS + 1))
    assert 2 < len(read) < ROWS // 3


def test_a_sidecar_reads_nothing_anew_for_the_pages_of_its_latest_preview(
    places: Places, archive: Path, read: list[Request]
) -> None:
    context = Context(
        Session(str(places.database), str(places.work_dir)), lambda *_: None, lambda: False, lambda _: None
    )

    def asked(method: str, **params: object) -> Any:
        return METHODS[method].run(read_params(METHODS[method].params, (), params), context)

    token = asked("preview_import", filePath=str(archive), overwrite=False).token
    pages = [asked("conflicts", token=token, **{"from": start, "count": 10}) for start in (1, 11, 21)]
    assert [one.number for page in pages for one in page.conflicts] == list(range(1, ROWS + 1))
    assert read == [], "the preview has"
    assert pages[1] == list_conflicts(
        Request(places, str(archive), False, preview_token=token, policies=MINE), Progress(), 11, 10
    )
