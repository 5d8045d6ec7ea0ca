"""Without being asked nothing is salvaged: a damaged backup is refused, with a word of what a salvage can do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.errors.backups import (
    BackupError,
    DamagedBackup,
    InvalidBackup,
    InvalidMetadata,
    MissingData,
    NotABackup,
    NothingToSalvage,
    TooNew,
    UnsupportedVersion,
)
from sidecar.jobs.importing import import_data, preview_import
from sidecar.progress import Progress
from sidecar.salvage.salvaging import SUGGESTION
from tests.support.archives import Entries, write
from tests.support.databases import bring_in, counts, fresh, places_of, validate
from tests.support.jobs import nothing_changes
from tests.support.salvages import cut, damaged, salvage, without
from tests.support.shipped import shipped_archive, task

DAMAGE: dict[str, tuple[Callable[[Path, Entries], Path], type[BackupError]]] = {
    "a flipped bit": (lambda path, own: damaged(own, path, "tasks.json"), DamagedBackup),
    "no data.json": (lambda path, own: write(path, without(own, "data.json")), MissingData),
    "no metadata.json": (lambda path, own: write(path, without(own, "metadata.json")), MissingData),
    "odd metadata.json": (lambda path, own: write(path, own | {"metadata.json": b"[]"}), InvalidMetadata),
    "another section": (lambda path, own: write(path, own | {"threads.json": b"[]"}), InvalidBackup),
    "no end": (lambda path, own: cut(write(path, own), 100), DamagedBackup),
    "neither end": (lambda path, own: cut(write(path, own), 100, 40), NotABackup),
}


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_backup_is_refused_whole_with_a_word_of_what_a_salvage_can_do(
    own: Entries, tmp_path: Path, kind: str
) -> None:
    make, error = DAMAGE[kind]
    device, archive = fresh(tmp_path), make(tmp_path / "damaged.kpbackup", own)
    (tmp_path / "work").mkdir(exist_ok=True)
    with nothing_changes(tmp_path):
        for overwrite in (True, False):
            for job in (import_data, preview_import):
                with pytest.raises(error) as refused:
                    job(places_of(device), str(archive), overwrite, Progress())
                assert refused.value.message.endswith(SUGGESTION)
                assert refused.value.data()["salvage"] is True
        assert not validate(device, archive).is_valid
    salvage(device, archive)
    assert counts(device)["tasks"] == 12


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\3\4" + b"\0" * 26, b"PK\5\6" + b"\0" * 18])
def test_where_nothing_can_be_saved_nothing_is_promised(tmp_path: Path, content: bytes) -> None:
    device, archive = fresh(tmp_path), tmp_path / "b.kpbackup"
    archive.write_bytes(content)
    (tmp_path / "work").mkdir(exist_ok=True)
    with nothing_changes(tmp_path):
        with pytest.raises(BackupError) as refused:
            bring_in(device, archive)
        assert SUGGESTION not in refused.value.message
        assert "salvage" not in refused.value.data()
        for job in (import_data, preview_import):
            with pytest.raises(NothingToSalvage) as nothing:
                job(places_of(device), str(archive), True, Progress(), salvage=True)
            assert nothing.value.code == 29


def test_a_whole_backup_of_which_no_record_can_be_a_row_is_told_for_that(tmp_path: Path) -> None:
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a") | {"title": None}])
    with pytest.raises(NothingToSalvage) as nothing:
        preview_import(places_of(fresh(tmp_path)), str(archive), True, Progress(), salvage=True)
    assert "nothing was taken: none of its records can be a row. Use" in nothing.value.message


def test_what_is_too_new_or_foreign_is_not_salvaged(own: Entries, tmp_path: Path) -> None:
    manifest = json.loads(own["manifest.json"]) | {"revision": 99}
    newer = write(tmp_path / "newer.kpbackup", own | {"manifest.json": json.dumps(manifest).encode()})
    foreign = write(tmp_path / "foreign.kpbackup", own | {"metadata.json": b'{"version": "2.0.0"}'} | _no_manifest(own))
    device = fresh(tmp_path)
    for archive, error in ((newer, TooNew), (foreign, UnsupportedVersion)):
        for asked in (False, True):
            with pytest.raises(error) as refused:
                import_data(places_of(device), str(archive), True, Progress(), salvage=asked)
            assert SUGGESTION not in refused.value.message


def _no_manifest(_own: Entries) -> Entries:
    return {"manifest.json": b""}
