"""The policy's file: written in one step, read with care, and never guessed at."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.automatic.checking import check_backups
from sidecar.automatic.drilling import drill_backups
from sidecar.automatic.policy import Place, Policy
from sidecar.automatic.policy_file import (
    FILE,
    MAX_BYTES,
    folder_of,
    parse_policy,
    put_in_force,
    read_policy,
    write_policy,
)
from sidecar.automatic.pruning import prune_backups
from sidecar.automatic.retention import Keep
from sidecar.automatic.running import accept, run_backup_if_due
from sidecar.automatic.shelf import note_backup
from sidecar.errors.databases import NoDatabaseFile, NotADatabase, NotKiraPilot
from sidecar.errors.jobs import InvalidPolicy
from sidecar.errors.paths import FolderNotFound
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.automatic_device import MORNING
from tests.support.databases import execute, fresh
from tests.support.windows_names import short_name

BROKEN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"every": "sometimes"}',
    b'{"places": []}',
    b'{"places": [{"keep": {}}]}',
    b'{"places": [{"path": ""}]}',
    b'{"enabled": "yes"}',
    b'{"hours": 0}',
    b'{"after_changes": -1}',
    b"[" * 100_000,
    b" " * (MAX_BYTES + 1),
]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "kirapilot.db"


def test_without_a_file_a_backup_is_made_every_day_beside_the_database(database: Path) -> None:
    found = read_policy(database)
    assert (found.exists, found.remark) == (False, "")
    assert found.policy.enabled
    assert found.policy.every == "daily"
    assert found.policy.places == [Place(path="backups/automatic", keep=Keep(daily=7, weekly=5, monthly=12, most=30))]
    assert not (database.parent / FILE).exists()


def test_what_was_written_is_read(database: Path, tmp_path: Path) -> None:
    policy = Policy(every="hours", hours=3, places=[Place(path=str(tmp_path), keep=Keep(daily=1)), Place(path="b")])
    assert write_policy(database, policy) == database.parent / FILE
    found = read_policy(database)
    assert (found.policy, found.exists, found.remark) == (policy, True, "")


def test_keys_that_a_newer_version_wrote_stay(database: Path) -> None:
    newer = {"mood": "calm", "places": [{"path": "a", "colour": 1, "keep": {"yearly": 3}}, {"path": "b"}]}
    (database.parent / FILE).write_text(json.dumps(newer), "utf-8")
    policy = read_policy(database).policy
    write_policy(database, Policy(enabled=False, places=policy.places[:1]))
    written = json.loads((database.parent / FILE).read_text("utf-8"))
    assert written["mood"] == "calm"
    assert written["enabled"] is False
    (place,) = written["places"]
    assert (place["path"], place["colour"], place["keep"]["yearly"], place["keep"]["daily"]) == ("a", 1, 3, 7)


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_file_that_is_no_policy_is_set_aside_and_told_of(text: bytes, database: Path) -> None:
    path = database.parent / FILE
    path.write_bytes(text)
    found = read_policy(database)
    assert found.policy == Policy()
    assert not path.exists()
    (aside,) = database.parent.glob("backup-policy.broken-*.json")
    assert aside.read_bytes() == text
    assert aside.name in found.remark
    assert aside.name in read_policy(database).remark
    write_policy(database, Policy())
    assert read_policy(database).remark == ""


def test_a_place_at_home_may_be_written_as_in_a_shell(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    assert folder_of(Place(path="~/copies"), database) == tmp_path / "home" / "copies"
    assert folder_of(Place(path="~copies/a"), database) == database.parent / "~copies" / "a"


def test_what_is_wrong_with_a_policy_is_named() -> None:
    with pytest.raises(InvalidPolicy, match=r"places\[1\].keep.daily"):
        parse_policy(b'{"places": [{"path": "a"}, {"path": "b", "keep": {"daily": "x"}}]}')


def test_links_to_one_database_lead_to_one_policy(database: Path, tmp_path: Path) -> None:
    fresh(database.parent, database.name)
    other = tmp_path / "elsewhere"
    other.mkdir()
    link = other / "link.db"
    if sys.platform == "win32":
        link = short_name(database)
    else:
        link.symlink_to(database)
    write_policy(link, Policy(every="weekly"))
    assert read_policy(database).policy.every == "weekly"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte-order mark"])
def test_keys_that_nobody_knows_stay_whatever_editor_wrote_them(mark: bytes, database: Path) -> None:
    path = database.parent / FILE
    path.write_bytes(mark + b'{"mood": "calm", "every": "weekly"}')
    write_policy(database, read_policy(database).policy)
    written = json.loads(path.read_bytes())
    assert (written["mood"], written["every"]) == ("calm", "weekly")


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few users make links")
def test_a_policy_that_is_a_link_stays_one(database: Path, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.json"
    kept.write_text('{"mood": "calm"}')
    (database.parent / FILE).symlink_to(kept)
    write_policy(database, Policy(every="weekly"))
    assert (database.parent / FILE).is_symlink()
    assert json.loads(kept.read_text())["every"] == "weekly"


NOT_OURS: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a letter": lambda path: path.write_text("Dear friend"),
    "another program's": lambda path: execute(path, "CREATE TABLE bookmarks (url)"),
}


@pytest.mark.parametrize("make", NOT_OURS.values(), ids=NOT_OURS)
def test_beside_what_is_no_database_of_kirapilots_nothing_is_made(
    make: Callable[[Path], object], database: Path, tmp_path: Path
) -> None:
    make(database)
    places = Places(database, tmp_path / "work")
    tries: list[Callable[[], object]] = [
        lambda: put_in_force(database, lambda policy: policy),
        lambda: accept(places),
        lambda: note_backup(places, 1, "mine", None),
        lambda: prune_backups(places, Progress(), dry_run=True),
        lambda: check_backups(places, MORNING, Progress()),
        lambda: drill_backups(places, MORNING, Progress()),
        lambda: run_backup_if_due(places, "timer", Progress()),
    ]
    for one in tries:
        with pytest.raises((NotADatabase, NotKiraPilot, NoDatabaseFile)):
            one()
        assert list(tmp_path.iterdir()) == [database]


def test_a_policy_that_is_put_over_one_that_nobody_can_read_sets_that_aside(database: Path) -> None:
    (database.parent / FILE).write_text("{")
    found = put_in_force(database, lambda _before: Policy(every="weekly"))
    (aside,) = database.parent.glob("backup-policy.broken-*.json")
    assert (aside.read_text(), found.policy.every) == ("{", "weekly")
    assert aside.name in found.remark
    (database.parent / FILE).write_text("[")
    write_policy(database, Policy())
    assert len([*database.parent.glob("backup-policy.broken-*.json")]) == 2


def test_a_policy_of_a_database_whose_folder_is_not_there_says_just_that(tmp_path: Path) -> None:
    with pytest.raises(FolderNotFound, match="nowhere"):
        write_policy(tmp_path / "nowhere" / "kirapilot.db", Policy())
