"""Files that are no backup, half of one, or of another version: each its own error, and nothing changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.backups import DamagedBackup, MissingData, NotABackup, TooNew, UnsupportedVersion
from sidecar.system.paths import Places
from tests.support.archives import Entries, edited, made_of, write
from tests.support.jobs import JUDGING, refused

pytestmark = pytest.mark.usefixtures("temporary")


@pytest.mark.parametrize(
    "content",
    [b"", b"P", b"PK", b"not a zip at all", b"\0" * 5000, b"SQLite format 3\0" + b"\0" * 100, b"PK\5\6" + b"\0" * 17],
)
def test_a_file_that_never_was_a_zip_is_no_backup(content: bytes, places: Places, tmp_path: Path) -> None:
    path = tmp_path / "a.kpbackup"
    path.write_bytes(content)
    refused(places, path, NotABackup)


def test_another_programs_zip_is_no_backup(places: Places, tmp_path: Path) -> None:
    for entries in ({}, {"word/document.xml": b"<w/>"}, {"metadata.json": b"{}"}):
        refused(places, write(tmp_path / "a.zip", entries), MissingData)


def test_a_beginning_that_was_lost_is_refused(own_backup: Path, places: Places, tmp_path: Path) -> None:
    path = tmp_path / "cut.kpbackup"
    whole = own_backup.read_bytes()
    for lost in (1, 29, 500, len(whole) // 2):
        path.write_bytes(whole[lost:])
        refused(places, path, DamagedBackup, JUDGING)


@pytest.mark.slow(but=4)
@pytest.mark.parametrize("version", ['"1.0.1"', '"2.0.0"', '""', "1", "null", "[]", '{"a":1}', '"1.0.0 "'])
def test_another_version_is_not_supported(version: str, places: Places, tmp_path: Path) -> None:
    entries = made_of()
    entries["metadata.json"] = entries["metadata.json"].replace(b'"1.0.0"', version.encode())
    refused(places, write(tmp_path / "a.zip", entries), UnsupportedVersion)


def test_data_of_another_version_is_not_supported(places: Places, tmp_path: Path) -> None:
    entries = edited(made_of(), "data.json", lambda data: data.update(version="9.9.9"))
    refused(places, write(tmp_path / "a.zip", entries), UnsupportedVersion, JUDGING)


def test_a_newer_revision_of_the_format_asks_for_an_update(
    own_entries: Entries, places: Places, tmp_path: Path
) -> None:
    def renew(manifest: dict[str, Any]) -> None:
        manifest["revision"] += 1
        manifest["tables"] = "what a later format may make of it"

    entries = edited(own_entries, "manifest.json", renew)
    refused(places, write(tmp_path / "a.zip", entries), TooNew)
