"""File names that are no text in any encoding, as POSIX and Windows both take them: everything works below them."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.archive.part import Part
from sidecar.automatic.checking import check_backups
from sidecar.automatic.drilling import drill_backups
from sidecar.automatic.health import backup_status
from sidecar.automatic.policy import Place, Policy
from sidecar.automatic.policy_file import read_policy, write_policy
from sidecar.automatic.running import run_backup_if_due
from sidecar.automatic.shelf import list_all
from sidecar.care.checking import check_database
from sidecar.care.compacting import compact_database
from sidecar.care.repairing import repair_database
from sidecar.errors.backups import NoSuchRows, NothingSelected
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.listing import list_backups
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.report.reporting import write_report
from sidecar.selection.request import Selection
from sidecar.system.paths import Places
from tests.support.databases import assert_same_contents, contents, execute

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="its disks take no such names")

ODD = "a\ud800b" if sys.platform == "win32" else os.fsdecode(b"a\xffb")
"""Half a character, or a byte that is none in UTF-8."""


@pytest.fixture
def odd(places: Places, tmp_path: Path) -> Places:
    folder = tmp_path / ODD
    try:
        folder.mkdir()
    except FileNotFoundError:
        if sys.platform != "win32":
            raise
        pytest.skip("wine's: the disks it shows take no half a character, as NTFS does")
    return Places(Path(shutil.copy(places.database, folder / "kirapilot.db")), folder / "work")


def test_an_import_does_what_its_preview_showed_and_is_undone(odd: Places) -> None:
    path = str(odd.database.parent / f"{ODD}.kpbackup")
    export_data(odd, path, Progress())
    execute(odd.database, "UPDATE tasks SET title = title || '.'")
    before = contents(odd.database)
    token = preview_import(odd, path, True, Progress()).token
    import_data(odd, path, True, Progress(), preview_token=token)
    assert [Path(copy.path).parent for copy in list_backups(odd, Progress()).backups] == [
        odd.database.parent / "backups"
    ]
    undo_last_import(odd, Progress())
    assert_same_contents(before, contents(odd.database))


def test_such_a_database_is_checked_repaired_compacted_exported_in_part_and_shown(odd: Places) -> None:
    folder = odd.database.parent
    execute(odd.database, "PRAGMA foreign_keys = OFF", "UPDATE task_lists SET is_default = 0")
    assert check_database(odd, Progress()).findings
    shown = repair_database(odd, Progress(), dry_run=True)
    assert repair_database(odd, Progress(), dry_run=False, preview_token=shown.token).repairs == shown.repairs
    assert compact_database(odd, Progress(), force=True).compacted
    part = str(folder / f"{ODD}-partial.kpbackup")
    export_data(odd, part, Progress(), part=Part(tables=["tasks"]))
    assert Path(write_report(odd, part, str(folder / f"{ODD}.html"), Progress()).path).is_file()


def test_automatic_backups_go_to_such_a_place_and_are_looked_after(odd: Places, tmp_path: Path) -> None:
    place = str(tmp_path / f"{ODD}2")
    policy = Policy(places=[Place(path=place)])
    os.mkdir(place)  # noqa: PTH102 - a name that is no text
    write_policy(odd.database, policy)
    assert read_policy(odd.database).policy == policy
    assert run_backup_if_due(odd, "start", Progress()).outcome == "made"
    assert len(list_all(odd, Progress()).automatic) == 1
    now = datetime.now(UTC)
    assert [checked.outcome for checked in check_backups(odd, now, Progress(), all_of_them=True).checked] == ["fine"]
    drills = [place.drill for place in drill_backups(odd, now, Progress()).places]
    assert [drill.outcome for drill in drills if drill] == ["fine"]
    assert backup_status(odd, now).state == "healthy"


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("word", ["a\0b", "a\ud800b", "'"])
def test_a_word_that_no_row_can_hold_is_looked_for_and_not_found(word: str, places: Places, tmp_path: Path) -> None:
    path = str(tmp_path / "a.kpbackup")
    export_data(places, path, Progress())
    for selection in (Selection(ids=[word]), Selection(lists=[word]), Selection(tables=[word])):
        with pytest.raises(NoSuchRows):
            preview_import(places, path, False, Progress(), selection=selection)
    if word != "'":
        with pytest.raises(NothingSelected):
            preview_import(places, path, False, Progress(), selection=Selection(text=word))
