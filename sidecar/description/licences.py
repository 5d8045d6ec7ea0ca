"""What the program is made of, and under which licences: of the frozen file all, of an installation what is there.

The frozen program finds the answer in a module that its build wrote (freezing/notices.py). Nothing here is imported
before somebody asks.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from sidecar.errors.base import InternalError

NOTICES = "kirapilot_sidecar_notices"
"""The module that a build writes, with the JSON of :class:`Licences` in its ``JSON``."""

OURSELVES = "kirapilot-sidecar"

_FILE = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS)", re.IGNORECASE)

_TEXTS = {
    "Permission is hereby granted, free of charge, to any person obtaining a copy": "MIT",
    "Neither the name of the copyright holder nor the names of its contributors may be used": "BSD-3-Clause",
}
"""What a text says that has no other name -> the identifier of SPDX, where a package says nothing of itself."""

IMPORTED = (
    "filelock", "isal", "jinja2", "jsonrpcserver", "markupsafe", "msgspec", "peewee", "platformdirs", "shtab", "tqdm",
    "wcwidth",
)  # fmt: skip
"""What the sources import: asked where they run without being installed."""

_HOMES = ("source", "source code", "repository", "homepage", "home")
"""What packages call the address where their source is found, the best first."""

_WORDS = {"MIT License": "MIT"}
"""What packages say of themselves in words of their own -> the identifier of SPDX."""


class LicenceText(msgspec.Struct, frozen=True):
    """One file of a licence, as it was shipped: its name and its text."""

    file: str
    text: str


class Component(msgspec.Struct, frozen=True):
    """A part of the program: ``licence`` is an SPDX expression or its own words, ``home`` an address or empty."""

    name: str
    version: str
    licence: str
    home: str
    texts: list[LicenceText]


class Licences(msgspec.Struct, frozen=True):
    """With ``complete``, all that a frozen program carries; otherwise Python and the packages installed for it."""

    complete: bool
    components: list[Component]


def find_licences(*, with_texts: bool = True) -> Licences:
    """What this program is made of.

    :raises InternalError: when the program is frozen without its notices.
    """
    found = _of_the_frozen() if getattr(sys, "frozen", False) else _of_the_installed()
    if with_texts:
        return found
    return Licences(found.complete, [msgspec.structs.replace(one, texts=[]) for one in found.components])


def _of_the_installed() -> Licences:
    needed = sorted(_needed(), key=str.lower)
    return Licences(False, [python(), *(of_distribution(name) for name in needed)])


def _of_the_frozen() -> Licences:
    try:
        written: str = importlib.import_module(NOTICES).JSON
    except ModuleNotFoundError as error:
        raise InternalError(detail="frozen without its notices") from error
    return msgspec.json.decode(written, type=Licences)


def python() -> Component:
    """The interpreter that runs this, with the text it was installed with, which Windows' one has beside itself."""
    places = [Path(sys.base_prefix, "LICENSE.txt"), Path(metadata.__file__).parents[2] / "LICENSE.txt"]
    texts = [LicenceText(place.name, _read(place)) for place in places if place.is_file()][:1]
    return Component("CPython", sys.version.split()[0], "PSF-2.0", "https://www.python.org/", texts)


def of_distribution(name: str) -> Component:
    """An installed package, with the licences that it ships."""
    package = metadata.distribution(name)
    shipped = [path for path in package.files or [] if ".dist-info" in path.parts[0] and _FILE.match(path.name)]
    texts = [LicenceText(path.name, _read(Path(str(path.locate())))) for path in shipped]
    return Component(package.name, package.version, _licence(package, texts), _home(package), texts)


def _read(path: Path) -> str:
    return path.read_text("utf-8", errors="replace").replace("\r\n", "\n")


def _licence(package: metadata.Distribution, texts: list[LicenceText]) -> str:
    said = package.metadata["License-Expression"] or package.metadata["License"]
    if not said:
        words = " ".join(" ".join(one.text.split()) for one in texts)
        said = next((licence for text, licence in _TEXTS.items() if text in words), "")
    return _WORDS.get(said, said) or "see its text"


def _home(package: metadata.Distribution) -> str:
    links = [link.split(", ", 1) for link in package.metadata.get_all("Project-URL") or []]
    known = {label.lower(): address for label, address in links}
    found = [known[label] for label in _HOMES if label in known]
    return found[0] if found else package.metadata["Home-page"] or ""


def _needed() -> set[str]:
    """The installed packages that the sidecar needs, and all that those need."""
    found: set[str] = set()
    unread = [_name(requirement) for requirement in _requirements()]
    while unread:
        name = unread.pop()
        if name not in found and _is_installed(name):
            found.add(name)
            unread += [_name(one) for one in metadata.requires(name) or [] if "extra ==" not in one]
    return found


def _name(requirement: str) -> str:
    """The package in "tqdm>=4; sys_platform == 'win32'", in the one spelling that stands for all of them."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()


def _requirements() -> Sequence[str]:
    try:
        return [one for one in metadata.requires(OURSELVES) or [] if "extra ==" not in one]
    except metadata.PackageNotFoundError:
        return IMPORTED


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True
