"""The bill of materials: valid by CycloneDX's own schema, complete, and the same for the same program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from freezing.parts import find_parts
from freezing.sbom import write_sbom
from freezing.sums import sum_of, write_sums
from sidecar import __version__
from tests.release.conftest import Release

PARTS = find_parts(
    [
        ("msgspec", "msgspec/__init__.py", "PYMODULE"),
        ("peewee", "peewee.py", "PYMODULE"),
        ("libsqlite3.so.0", "/nowhere/libsqlite3.so.0", "BINARY"),
    ]
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "kirapilot-sidecar-some-triple"
    path.write_bytes(b"a program")
    return path


def _bill(program: Path) -> Any:
    path = program.with_name("sbom.cdx.json")
    write_sbom(PARTS, "1.2.3", program, path)
    return json.loads(path.read_text("utf-8"))


def _assert_valid(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_bill_is_valid_by_the_schema(program: Path) -> None:
    _assert_valid(json.dumps(_bill(program)))


def test_the_validator_finds_what_is_wrong(program: Path) -> None:
    wrong = _bill(program)
    del wrong["components"][0]["name"]
    with pytest.raises(AssertionError):
        _assert_valid(json.dumps(wrong))


def test_bill_names_every_part_and_the_program_itself(program: Path) -> None:
    bill = _bill(program)
    assert {one["purl"] for one in bill["components"]} == {part.package_url for part in PARTS}
    ours = bill["metadata"]["component"]
    assert (ours["version"], ours["hashes"]) == ("1.2.3", [{"alg": "SHA-256", "content": sum_of(program)}])
    (needs,) = [one["dependsOn"] for one in bill["dependencies"] if one["ref"] == ours["bom-ref"]]
    assert set(needs) == {part.package_url for part in PARTS}


def test_a_vulnerable_sqlite_can_be_found(program: Path) -> None:
    (sqlite,) = [one for one in _bill(program)["components"] if one["name"] == "SQLite"]
    assert sqlite["cpe"] == f"cpe:2.3:a:sqlite:sqlite:{sqlite['version']}:*:*:*:*:*:*:*"


def test_bill_of_the_same_program_is_the_same(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    first = _bill(program)
    assert first == _bill(program)
    assert "timestamp" not in first["metadata"]
    program.write_bytes(b"another program")
    assert _bill(program)["serialNumber"] != first["serialNumber"]


def test_bill_names_the_time_that_the_build_was_given(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    bill = _bill(program)
    assert bill["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
    _assert_valid(json.dumps(bill))


def test_sums_are_those_of_files_and_of_all_files_in_a_folder(program: Path, tmp_path: Path) -> None:
    inside = tmp_path / "folder" / "deep" / "file"
    inside.parent.mkdir(parents=True)
    inside.write_bytes(b"")
    write_sums([program, tmp_path / "folder"], tmp_path / "sums")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (tmp_path / "sums").read_text() == f"{sum_of(program)}  {program.name}\n{empty}  folder/deep/file\n"


@pytest.mark.frozen
def test_frozen_program_has_its_bill_beside_it(release: Release) -> None:
    text = release.beside("sbom-*.cdx.json").read_text("utf-8")
    _assert_valid(text)
    bill = json.loads(text)
    ours = bill["metadata"]["component"]
    assert (ours["version"], ours["hashes"][0]["content"]) == (__version__, sum_of(release.program))
    assert {"CPython", "SQLite", "ISA-L", "PyInstaller bootloader"} <= {one["name"] for one in bill["components"]}


@pytest.mark.frozen
def test_frozen_program_has_its_sums_beside_it(release: Release) -> None:
    lines = release.beside("sha256-*.txt").read_text("utf-8").splitlines()
    told = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    assert told.keys() >= {release.program.name, release.beside("licences-*.txt").name}
    assert told == {name: sum_of(release.program.parent / name) for name in told}
