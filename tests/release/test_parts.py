"""What a frozen program is made of is found in PyInstaller's lists, and what nobody knows stops the build."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from freezing import parts
from freezing.native import LIBRARIES, LICENCES, DebianPackage, UnknownLibrary
from freezing.notices import write_module, write_text
from freezing.parts import Entry, MissingText, Part, UnknownModule, find_parts
from sidecar.description.licences import NOTICES, Component

OURS: list[Entry] = [("sidecar.cli", "sidecar/cli/__init__.py", "PYMODULE"), ("json", "json.py", "PYMODULE")]


def _names(found: Iterable[Part]) -> set[str]:
    return {part.component.name for part in found}


def _library(name: str) -> Entry:
    return (name, f"/nowhere/{name}", "BINARY")


def test_interpreter_bootloader_and_zlib_are_always_carried() -> None:
    assert {"CPython", "PyInstaller bootloader", "zlib"} <= _names(find_parts(OURS))


@pytest.mark.parametrize(
    ("module", "package"),
    [
        (("msgspec.json", "msgspec/json.py", "PYMODULE"), "msgspec"),
        (("msgspec/json.pyc", "json.pyc", "DATA"), "msgspec"),
        (("isal/isal_zlib.cpython-311-x86_64-linux-gnu.so", "isal_zlib.so", "EXTENSION"), "isal"),
        (("isal\\isal_zlib.cp311-win_amd64.pyd", "isal_zlib.pyd", "EXTENSION"), "isal"),
        (("oslash", "oslash/__init__.py", "PYMODULE"), "OSlash"),
    ],
)
def test_a_module_brings_its_package(module: Entry, package: str) -> None:
    assert package not in _names(find_parts(OURS))
    assert package in _names(find_parts([*OURS, module]))


@pytest.mark.parametrize(
    ("file", "library"),
    [
        ("libcrypto.so.3", "OpenSSL"),
        ("libssl-3-x64.dll", "OpenSSL"),
        ("libcrypto.3.dylib", "OpenSSL"),
        ("sqlite3.dll", "SQLite"),
        ("libsqlite3.so.0", "SQLite"),
        ("libffi-8.dll", "libffi"),
        ("libuuid.so.1", "libuuid"),
        ("libexpat.so.1", "Expat"),
    ],
)
def test_a_library_is_known_by_its_file(file: str, library: str) -> None:
    assert library in _names(find_parts([*OURS, _library(file)]))


@pytest.mark.parametrize("file", ["libpython3.11.so.1.0", "python311.dll", "python3.dll", "Python", "VCRUNTIME140.dll"])
def test_files_of_the_interpreter_are_no_parts_of_their_own(file: str) -> None:
    assert _names(find_parts([*OURS, _library(file)])) == _names(find_parts(OURS))


@pytest.mark.parametrize(
    ("module", "library"),
    [
        ("python3.11/lib-dynload/_bz2.cpython-311-x86_64-linux-gnu.so", "bzip2"),
        ("_bz2.pyd", "bzip2"),
        ("_ctypes.pyd", "libffi"),
        ("_sqlite3.pyd", "SQLite"),
        ("isal/isal_zlib.abi3.so", "ISA-L"),
    ],
)
def test_a_library_inside_of_a_module_counts_as_carried(module: str, library: str) -> None:
    assert library in _names(find_parts([*OURS, (module, module, "EXTENSION")]))


def test_a_library_of_no_known_licence_stops_the_build() -> None:
    with pytest.raises(UnknownLibrary, match=r"libsecret\.so\.1 .*freezing/licences"):
        find_parts([*OURS, _library("libsecret.so.1")])


def test_a_module_of_no_package_stops_the_build() -> None:
    with pytest.raises(UnknownModule, match="nobodys"):
        find_parts([*OURS, ("nobodys.module", "nobodys/module.py", "PYMODULE")])


def test_a_package_without_the_text_of_its_licence_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_distribution(name: str) -> Component:
        return Component(name, "1.0", "MIT", "", [])

    monkeypatch.setattr(parts, "of_distribution", of_distribution)
    with pytest.raises(MissingText, match="PyInstaller bootloader"):
        find_parts(OURS)


def test_an_interpreter_installed_without_its_licence_is_noticed_with_the_kept_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parts, "python", lambda: Component("CPython", "3.11.0", "PSF-2.0", "", []))
    texts = find_parts(OURS)[0].component.texts
    assert [one.file for one in texts] == ["cpython.txt", "cpython-incorporated.txt"]


def test_every_text_belongs_to_something() -> None:
    named = {library.text for library in LIBRARIES} | {
        "cpython.txt",
        "cpython-incorporated.txt",
        "msgspec-incorporated.txt",
    }
    assert {path.name for path in LICENCES.iterdir()} == named


def test_what_was_taken_in_by_others_is_noticed_with_them() -> None:
    found = find_parts([*OURS, ("msgspec", "msgspec/__init__.py", "PYMODULE")])
    texts = {part.component.name: part.component.texts for part in found}
    assert "Mersenne Twister" in texts["CPython"][-1].text
    assert "Wuffs" in texts["msgspec"][-1].text


@pytest.mark.parametrize(
    ("version", "upstream"), [("1:1.2.13.dfsg-1", "1.2.13.dfsg"), ("3.40.1-2+deb12u2", "3.40.1"), ("2.38", "2.38")]
)
def test_debians_epoch_and_revision_are_no_part_of_a_version(version: str, upstream: str) -> None:
    assert DebianPackage("some", version).upstream_version == upstream


def test_the_module_in_the_program_says_what_the_text_beside_it_says(tmp_path: Path) -> None:
    found = find_parts(OURS)
    spec = importlib.util.spec_from_file_location(NOTICES, write_module(found, tmp_path))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = tmp_path / "licences.txt"
    write_text(found, text)
    for part in found:
        assert f'"{part.component.name}"' in module.JSON
        assert f"\n{part.component.name} {part.component.version}" in text.read_text("utf-8")
    assert NOTICES not in sys.modules
