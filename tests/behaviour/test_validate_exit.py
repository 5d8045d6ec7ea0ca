"""``validate`` of a file that cannot be read ends with that file's own exit code; what the app asks is answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.cli.commands import run
from sidecar.errors.paths import FileNotFound, IsAFolder
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.paths import Places


@pytest.mark.parametrize("more", [[], ["--basic"], ["--json"]])
def test_a_file_that_cannot_be_read_is_no_invalid_backup(more: list[str], places: Places, tmp_path: Path) -> None:
    where = ["--database", str(places.database), "--work-dir", str(places.work_dir)]
    assert run(["validate", str(tmp_path / "missing.kpbackup"), *more, *where]) == FileNotFound.code
    assert run(["validate", str(tmp_path), *more, *where]) == IsAFolder.code
    result = validate_comprehensive(places, str(tmp_path / "missing.kpbackup"), Progress())
    assert not result.is_valid
    assert result.problems[0].kind == FileNotFound.kind


def test_a_demo_on_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    from sidecar.errors.paths import DiskFull
    from sidecar.jobs import demo

    def full(path: Path, _tasks: int) -> None:
        connection = sqlite3.connect(path)
        try:
            connection.execute("PRAGMA max_page_count = 2")
            connection.execute("CREATE TABLE a (b)")
            connection.execute("INSERT INTO a VALUES (zeroblob(100000))")
        finally:
            connection.close()

    monkeypatch.setattr(demo, "make_sample", full)
    code = run(["demo", "--folder", str(tmp_path), "--work-dir", str(tmp_path / "work")])
    assert code == DiskFull.code
    assert list(tmp_path.glob("kirapilot-demo-*")) == []
