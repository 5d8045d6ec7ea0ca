"""What the frozen program is made of: found in PyInstaller's lists of what goes in, not in what we think does."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import msgspec

from freezing import native
from sidecar.description.licences import Component, Licences, LicenceText, of_distribution, python

Entry = tuple[str, str, str]
"""PyInstaller's: name inside of the program, path of the file, kind."""

_OURS = {"sidecar", *(path.stem for path in Path(__file__).with_name("stand_ins").glob("*.py"))}

_INCORPORATED = {"CPython": "cpython-incorporated.txt", "msgspec": "msgspec-incorporated.txt"}
"""Notices of sources that others have taken in and ship no text of."""


_BOOTLOADER = "GPL-2.0-or-later WITH Bootloader-exception"


class UnknownModule(Exception):
    """A module is carried that no installed package owns."""


class MissingText(Exception):
    """A package is carried that ships no licence."""


@dataclass(frozen=True)
class Part:
    """One component, and the names under which tools look for its vulnerabilities (empty where there is none)."""

    component: Component
    package_url: str
    cpe: str


def find_parts(entries: Iterable[Entry]) -> list[Part]:
    """All that ``entries`` carry but for the sidecar itself, the interpreter first, the others by name.

    :raises UnknownModule: for a module of no package.
    :raises UnknownLibrary: for a library of no known licence.
    :raises MissingText: for a package that ships none.
    """
    listed = list(entries)
    modules = {_module(entry) for entry in listed if _is_module(entry)}
    files = [Path(path) for _, path, kind in listed if kind == "BINARY"]
    packages = _packages(modules - _OURS - set(sys.stdlib_module_names))
    # The bootloader unpacks by zlib, whatever the rest does; it is PyInstaller's, and no module.
    libraries = native.find(files, {*modules, *sys.builtin_module_names, "zlib"})
    others = [_bootloader(), *(_of_package(name) for name in packages), *(_of_library(one) for one in libraries)]
    parts = [_interpreter(), *sorted(others, key=lambda part: part.component.name.lower())]
    for part in parts:
        if not part.component.texts:
            raise MissingText(f"{part.component.name} ships no text of its licence: put it into freezing/licences.")
    return parts


def as_licences(parts: Iterable[Part]) -> Licences:
    """The answer of ``kirapilot-sidecar licences``."""
    return Licences(True, [part.component for part in parts])


def _is_module(entry: Entry) -> bool:
    name, _, kind = entry
    return kind in {"PYMODULE", "EXTENSION"} or name.endswith(".pyc")


def _module(entry: Entry) -> str:
    """The root of a module's name: "isal" for isal/isal_zlib.abi3.so, "_bz2" for python3.11/lib-dynload/_bz2.so."""
    name = entry[0].replace("\\", "/")
    return name.rpartition("lib-dynload/")[2].partition("/")[0].partition(".")[0]


def _packages(roots: set[str]) -> set[str]:
    owners = _owners()
    unknown = {root for root in roots if root not in owners}
    if unknown:
        raise UnknownModule(f"No installed package owns {', '.join(sorted(unknown))}, which would be frozen.")
    return {owner for root in roots for owner in owners[root]}


@functools.cache
def _owners() -> Mapping[str, list[str]]:
    """Root of a module's name -> packages that have it; every package's list of files is read for it."""
    return metadata.packages_distributions()


def _interpreter() -> Part:
    one = python()
    if not one.texts:
        # Installers leave it out.
        one = _with_text(one, "cpython.txt")
    one = _with_incorporated(one)
    cpe = f"cpe:2.3:a:python:python:{one.version}:*:*:*:*:*:*:*"
    return Part(one, f"pkg:generic/cpython@{one.version}", cpe)


def _bootloader() -> Part:
    """What unpacks and starts the program; the exception lets it start programs under any licence."""
    one = of_distribution("pyinstaller")
    said = Component("PyInstaller bootloader", one.version, _BOOTLOADER, one.home, one.texts)
    return Part(said, f"pkg:pypi/pyinstaller@{one.version}", "")


def _of_package(name: str) -> Part:
    one = _with_incorporated(of_distribution(name))
    return Part(one, f"pkg:pypi/{one.name.lower().replace('_', '-')}@{one.version}", "")


def _of_library(found: native.Found) -> Part:
    one = found.component
    return Part(one, found.package or f"pkg:generic/{one.name.lower()}@{one.version}", found.cpe)


def _with_incorporated(one: Component) -> Component:
    file = _INCORPORATED.get(one.name)
    return _with_text(one, file) if file else one


def _with_text(one: Component, file: str) -> Component:
    text = LicenceText(file, (native.LICENCES / file).read_text("utf-8"))
    return msgspec.structs.replace(one, texts=[*one.texts, text])
