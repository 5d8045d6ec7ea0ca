from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.cli.arguments import Options, UsageError, parse
from sidecar.cli.hints import hint_of
from sidecar.errors.backups import DamagedBackup, InvalidBackup, RowsRefused
from sidecar.errors.base import InternalError
from sidecar.errors.databases import CannotRemove, DatabaseNotFound
from sidecar.errors.paths import FileNotFound


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["exprot", "f"], "export"),
        (["imp", "f"], "import"),
        (["undu"], "undo"),
        (["import", "f", "--merg"], "--merge"),
        (["import", "f", "--salvge"], "--salvage"),
        (["export", "f", "--databse=x"], "--database"),
        (["--jsn", "backups"], "--json"),
    ],
)
def test_what_was_probably_meant_is_named(typed: list[str], meant: str) -> None:
    with pytest.raises(UsageError, match=f'Did you mean "{meant}"') as caught:
        parse(typed)
    assert "--help shows what can be typed" in caught.value.hint


@pytest.mark.parametrize("typed", [["xyzzy"], ["import", "f", "--xyzzy"], ["import", "f", "g"], ["import"]])
def test_nothing_is_guessed_where_nothing_is_near(typed: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse(typed)
    assert "Did you mean" not in str(caught.value)
    assert "invalid choice" not in str(caught.value)


@pytest.mark.parametrize(
    "typed", [["--json", "-q", "backups"], ["backups", "--json", "-q"], ["-q", "backups", "--json"]]
)
def test_options_of_every_command_may_stand_anywhere(typed: list[str]) -> None:
    options = parse(typed)
    assert isinstance(options, Options)
    assert (options.json, options.quiet, options.debug, options.database) == (True, True, False, None)


def test_help_of_a_command_is_what_its_option_shows() -> None:
    options = parse(["help", "import"])
    assert isinstance(options, Options)
    assert options.topic == "import"


def test_a_hint_names_the_option_and_repeats_nothing() -> None:
    assert hint_of(CannotRemove(detail="x")) == "Add --merge: that removes nothing."
    assert hint_of(DatabaseNotFound(path="x")) == "Name the database with --database PATH."
    assert hint_of(FileNotFound(path=Path("no such folder", "x"))) == FileNotFound.hint
    assert hint_of(InternalError(detail="x")) is None
    assert hint_of(InvalidBackup(detail="x")) == "kirapilot-sidecar validate FILE lists every problem."
    assert hint_of(RowsRefused(detail="x", refused=[])) is None, "the backup has no such problem to list"
    damaged = DamagedBackup(detail="x")
    damaged.suggestion = "Import it with salvage"
    assert hint_of(damaged) == "Add --salvage to take what can be proved of it."


def test_the_file_that_was_probably_meant_is_named(tmp_path: Path) -> None:
    for name in ("before.kpbackup", "after.kpbackup", "x"):
        (tmp_path / name).touch()
    (tmp_path / "befor.kpbackup").mkdir()
    assert hint_of(FileNotFound(path=tmp_path / "beffore.kpbackup")) == f"Did you mean {tmp_path / 'before.kpbackup'}?"
    assert hint_of(FileNotFound(path=tmp_path / "holiday.jpg")) == FileNotFound.hint
