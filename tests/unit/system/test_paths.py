"""Default places, and what is done where there is no home to put them in."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from sidecar.errors.databases import DatabaseNotFound
from sidecar.errors.jobs import WorkFolderUnusable
from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.system.paths import DATABASE_VARIABLE, find_places
from sidecar.system.workfolder import work_folder


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> str:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(platformdirs, "user_data_dir", unknown)
    monkeypatch.setattr(platformdirs, "user_cache_dir", unknown)
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)


@pytest.mark.usefixtures("homeless")
def test_without_a_home_the_work_folder_lies_beside_the_database_that_is_named(
    fresh_database: Path, tmp_path: Path
) -> None:
    places = find_places(str(fresh_database))
    assert places.work_dir.parent == fresh_database.parent
    assert export_data(places, str(tmp_path / "a.kpbackup"), Progress()).size


@pytest.mark.usefixtures("homeless")
def test_without_a_home_and_a_name_each_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    places = find_places()
    with pytest.raises(WorkFolderUnusable, match="home folder is not known"), work_folder(places.work_dir):
        pass
    with pytest.raises(DatabaseNotFound, match="name the database"):
        export_data(find_places(work_dir=str(tmp_path)), str(tmp_path / "a.kpbackup"), Progress())
    assert list(tmp_path.iterdir()) == []
