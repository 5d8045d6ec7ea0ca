"""Files in a backup's own folder that are no part of it: named, bounded, and left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from tests.conftest import DATA, EVERY_KIND
from tests.support.archives import entries_of, write
from tests.support.databases import bring_in, contents, copy_of, export, fresh, places_of, preview

SHIPPED = DATA / f"{EVERY_KIND}.kpbackup"


def _warnings(archive: Path, tmp_path: Path) -> list[str]:
    places = places_of(tmp_path / "none" / "kirapilot.db")
    found = validate_comprehensive(places, str(archive), Progress()).warnings
    return [line for line in found if "no part of it" in line]


@pytest.mark.parametrize("ours", [True, False])
def test_what_is_no_part_of_a_backup_is_named(ours: bool, tmp_path: Path) -> None:
    source = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "source")
    whole = tmp_path / "whole.kpbackup"
    if ours:
        export(source, whole)
    else:
        whole.write_bytes(SHIPPED.read_bytes())
    assert _warnings(whole, tmp_path) == []
    strange = dict.fromkeys(("notes.txt", "threads 2.json", "a/b.json", "readme", "copy of tasks.json"), b"?")
    archive = write(tmp_path / "b.kpbackup", {**entries_of(whole), **strange})
    (line,) = _warnings(archive, tmp_path)
    assert line == (
        "The backup holds 5 files that are no part of it, left out: notes.txt, threads 2.json, a/b.json and 2 more"
    )
    device = fresh(tmp_path)
    assert line in preview(device, archive).warnings
    assert line in bring_in(device, archive).warnings
    if ours:
        assert contents(device) == contents(source)


def test_tables_of_an_archive_that_lost_its_manifest_are_named(tmp_path: Path) -> None:
    """Without the manifest nothing tells what they are: they are left out, and not in silence."""
    source = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "source")
    whole = tmp_path / "whole.kpbackup"
    export(source, whole)
    entries = entries_of(whole)
    del entries["manifest.json"]
    (line,) = _warnings(write(tmp_path / "b.kpbackup", entries), tmp_path)
    assert "exact.json" in line or "more" in line
