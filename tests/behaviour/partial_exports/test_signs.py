"""A backup of a part says so: in its name, in itself, and wherever it is listed; it stands for no whole one."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sidecar.automatic.policy import Place, Policy
from sidecar.automatic.policy_file import write_policy
from sidecar.automatic.running import run_backup_if_due
from sidecar.automatic.shelf import list_all
from sidecar.errors.backups import NotWhole, TooNew, UnsupportedVersion
from sidecar.errors.paths import NameOfWhole, ReplacesWhole
from sidecar.export.exporting import export_data
from sidecar.export.partial import default_name
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.listing import list_backups
from sidecar.jobs.undoing import undo_last_import
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.rescue.copy_places import folder_of
from sidecar.results import PARTIAL_VERSION
from sidecar.selection.request import PartToExport
from sidecar.system.paths import Places
from tests.support.databases import altered, backup, contents, value
from tests.support.partial_exports import a_list, exported
from tests.support.shipped import tampered


def test_it_says_so_in_its_manifest_and_whoever_reads_it_is_told(places: Places, target: Path) -> None:
    _, name = a_list(places.database)
    result = exported(places, target, lists=[name], since="2025-01-01")
    with zipfile.ZipFile(target) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        versions = [json.loads(archive.read(entry))["version"] for entry in ("metadata.json", "data.json")]
    assert versions == [PARTIAL_VERSION] * 2
    assert manifest["partial"]["criteria"] == {"lists": [name], "since": "2025-01-01"}
    assert manifest["partial"]["tables"]["tasks"]["chosen"] == (result.selected or {})["tasks"].chosen
    summary = inspect_backup(str(target), Progress(), places)
    assert summary.partial == f"task list {name}, from 2025-01-01"
    assert summary.selection == manifest["partial"]["criteria"]
    assert any(name in line for line in summary.warnings)
    verdict = validate_comprehensive(places, str(target), Progress())
    assert any(name in line for line in verdict.warnings)


@pytest.mark.slow
def test_a_whole_backup_says_nothing_of_the_kind(places: Places, tmp_path: Path) -> None:
    whole = backup(places.database, tmp_path / "whole.kpbackup")
    with zipfile.ZipFile(whole) as archive:
        assert "partial" not in json.loads(archive.read("manifest.json"))
    summary = inspect_backup(str(whole), Progress(), places)
    assert (summary.version, summary.partial, summary.selection) == ("1.0.0", None, None)
    assert preview_import(places, str(whole), True, Progress()).partial is None


def test_either_sign_of_a_part_suffices(places: Places, target: Path) -> None:
    exported(places, target, tables=["tasks"])
    altered(places.database, "INSERT INTO threads (id, title) VALUES ('mine', 'Not in the part')")

    def as_whole(entries: dict[str, Any]) -> None:
        entries["metadata.json"]["version"] = entries["data.json"]["version"] = "1.0.0"

    def without_partial(entries: dict[str, Any]) -> None:
        del entries["manifest.json"]["partial"]

    for number, change in enumerate((as_whole, without_partial)):
        changed = tampered(target, target.with_name(f"{number}.kpbackup"), change, sealed=True)
        assert preview_import(places, str(changed), True, Progress()).partial is not None
        import_data(places, str(changed), True, Progress())
        assert value(places.database, "SELECT count(*) FROM threads WHERE id = 'mine'") == 1


def test_the_shipped_app_and_older_programs_refuse_it_by_its_version(places: Places, target: Path) -> None:
    exported(places, target, tables=["tasks"])
    with zipfile.ZipFile(target) as archive:
        # "It refuses any other version string": of both entries that say one.
        assert json.loads(archive.read("metadata.json"))["version"] != "1.0.0"
        assert json.loads(archive.read("data.json"))["version"] != "1.0.0"


@pytest.mark.slow
def test_one_of_a_newer_revision_asks_for_an_update(places: Places, target: Path) -> None:
    exported(places, target, tables=["tasks"])

    def newer(entries: dict[str, Any]) -> None:
        entries["manifest.json"]["revision"] = 99

    changed = tampered(target, target.with_name("newer-partial.kpbackup"), newer, sealed=True)
    before = places.database.read_bytes()
    with pytest.raises(TooNew):
        import_data(places, str(changed), True, Progress())
    assert places.database.read_bytes() == before


@pytest.mark.slow
def test_a_version_that_nobody_wrote_is_refused_as_ever(places: Places, target: Path) -> None:
    exported(places, target, tables=["tasks"])

    def unheard_of(entries: dict[str, Any]) -> None:
        entries["metadata.json"]["version"] = "1.0.0-part"

    changed = tampered(target, target.with_name("x.kpbackup"), unheard_of, sealed=True)
    with pytest.raises(UnsupportedVersion, match=r"1\.0\.0-part\."):
        import_data(places, str(changed), True, Progress())


def test_its_name_has_to_say_so(places: Places, tmp_path: Path) -> None:
    with pytest.raises(NameOfWhole, match=r"garden-partial\.kpbackup"):
        export_data(places, str(tmp_path / "garden.kpbackup"), Progress(), part=PartToExport(tables=["tasks"]))
    assert not (tmp_path / "garden.kpbackup").exists()
    exported(places, tmp_path / "Garden, PARTIAL.kpbackup", tables=["tasks"])
    exported(places, tmp_path / default_name(date(2026, 11, 28)), tables=["tasks"])
    assert (tmp_path / "kirapilot-backup-2026-11-28-partial.kpbackup").exists()


@pytest.mark.slow
def test_it_replaces_another_part_and_nothing_else_unless_that_is_meant(places: Places, tmp_path: Path) -> None:
    name = tmp_path / "a-partial-name.kpbackup"
    whole = backup(places.database, name).read_bytes()
    part = PartToExport(tables=["task_lists"])
    with pytest.raises(ReplacesWhole):
        export_data(places, str(name), Progress(), part=part)
    assert name.read_bytes() == whole
    name.write_bytes(b"a letter")
    with pytest.raises(ReplacesWhole):
        export_data(places, str(name), Progress(), part=part)
    assert name.read_bytes() == b"a letter"
    exported(places, name, force=True, tables=["task_lists"])
    exported(places, name, tables=["task_lists"])
    backup(places.database, name)
    assert inspect_backup(str(name), Progress(), places).partial is None


@pytest.mark.slow
def test_a_safety_copy_is_whole_and_a_part_never_stands_for_one(places: Places, target: Path) -> None:
    exported(places, target, tables=["task_lists"])
    altered(places.database, "DELETE FROM task_lists WHERE is_default = 0")
    before = contents(places.database)
    made = import_data(places, str(target), True, Progress())
    assert made.safety_copy is not None
    assert inspect_backup(made.safety_copy, Progress(), places).partial is None
    copy = folder_of(places.database) / "before-import-29990101T000000.000000Z.kpbackup"
    copy.write_bytes(target.read_bytes())
    listed = {Path(one.path).name: one.partial for one in list_backups(places, Progress()).backups}
    assert listed == {copy.name: "type task_lists", Path(made.safety_copy).name: None}
    after = contents(places.database)
    with pytest.raises(NotWhole):
        undo_last_import(places, Progress())
    assert contents(places.database) == after
    copy.unlink()
    undo_last_import(places, Progress())
    assert contents(places.database) == before


@pytest.mark.slow
def test_one_that_lies_among_the_automatic_backups_is_listed_as_what_it_is(places: Places, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    write_policy(places.database, Policy(places=[Place(path=str(place))]))
    assert run_backup_if_due(places, "manual", Progress()).backup is not None
    exported(places, place / "garden-partial.kpbackup", tables=["tasks"])
    listed = list_all(places, Progress())
    assert [one.partial for one in listed.manual] == ["type tasks"]
    assert "garden-partial.kpbackup" not in {Path(one.path).name for one in listed.automatic}
