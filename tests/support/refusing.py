"""Databases that refuse a backup's rows: the preview says what the import says, and nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors.base import SidecarError
from tests.conftest import DATA, EVERY_KIND
from tests.support.databases import assert_same_contents, bring_in, contents, copy_of, execute, export, preview


def both_refuse(database: Path, archive: Path, overwrite: bool, kind: type[SidecarError]) -> SidecarError:
    """The refusal of the import, which the preview gave word for word."""
    before = contents(database)
    with pytest.raises(kind) as foreseen:
        preview(database, archive, overwrite)
    with pytest.raises(kind) as refused:
        bring_in(database, archive, overwrite)
    assert foreseen.value.message == refused.value.message
    assert not refused.value.suggestion
    assert "please report" not in f"{refused.value.message} {refused.value.hint}".lower()
    assert_same_contents(contents(database), before)
    return refused.value


def backup_of(tmp_path: Path, *changes: str) -> Path:
    source = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "source")
    execute(source, *changes)
    archive = tmp_path / "b.kpbackup"
    export(source, archive)
    return archive
