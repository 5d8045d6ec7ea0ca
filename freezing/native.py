"""Libraries that are no Python packages: how each is recognised in what is frozen, its version and its licence.

A library may come as a file of its own, or inside of an extension module or the interpreter. It counts as carried if
either is there: too many notices harm nobody.
"""

from __future__ import annotations

import ctypes
import re
import sqlite3
import subprocess
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sidecar.description.licences import Component, LicenceText

LICENCES = Path(__file__).parent / "licences"


@dataclass(frozen=True)
class Library:
    """``files`` matches the names of its files; ``modules`` are the standard library's that cannot do without it."""

    name: str
    licence: str
    home: str
    text: str
    files: str
    modules: tuple[str, ...] = ()
    version: Callable[[], str] = str
    """What is loaded into this process says it; empty where it does not."""
    cpe: str = ""
    """Vendor and product in the National Vulnerability Database."""


def _openssl() -> str:
    try:
        from ssl import OPENSSL_VERSION
    except ImportError:
        return ""
    return OPENSSL_VERSION.split()[1]


def _expat() -> str:
    from pyexpat import EXPAT_VERSION

    return EXPAT_VERSION.removeprefix("expat_")


def _isa_l() -> str:
    import isal

    return str(isal.ISAL_VERSION)


LIBRARIES = (
    Library(
        "OpenSSL", "Apache-2.0", "https://www.openssl.org/", "openssl.txt",
        r"(lib)?(crypto|ssl)[-.]", ("_hashlib", "_ssl"), _openssl, "openssl:openssl",
    ),
    Library(
        "SQLite", "blessing", "https://www.sqlite.org/", "sqlite.txt",
        r"(lib)?sqlite3[-.]", ("_sqlite3",), lambda: sqlite3.sqlite_version, "sqlite:sqlite",
    ),
    Library(
        "zlib", "Zlib", "https://zlib.net/", "zlib.txt",
        r"(lib)?z(lib1?)?[-.]", ("zlib", "binascii"), lambda: zlib.ZLIB_RUNTIME_VERSION, "zlib:zlib",
    ),
    Library(
        "bzip2", "bzip2-1.0.6", "https://sourceware.org/bzip2/", "bzip2.txt",
        r"(lib)?bz2[-.]", ("_bz2",), cpe="bzip:bzip2",
    ),
    Library("libuuid", "BSD-3-Clause", "https://github.com/util-linux/util-linux", "libuuid.txt", r"libuuid[-.]"),
    Library("libffi", "MIT", "https://github.com/libffi/libffi", "libffi.txt", r"(lib)?ffi[-.]", ("_ctypes",)),
    Library(
        "Expat", "MIT", "https://libexpat.github.io/", "expat.txt",
        r"(lib)?expat[-.]", ("pyexpat",), _expat, "libexpat_project:libexpat",
    ),
    Library(
        "ISA-L", "BSD-3-Clause", "https://github.com/intel/isa-l", "isa-l.txt",
        r"(lib)?isal[-.]", ("isal",), _isa_l,
    ),
)  # fmt: skip

INTERPRETER = r"(lib)?python3|Python$|vcruntime|msvcp|ucrtbase|api-ms-win-"
"""Files of the interpreter; Microsoft's among them, for CPython's own licence for Windows speaks of them."""


class UnknownLibrary(Exception):
    """A file is carried of which no licence is known: it must not be shipped before somebody has looked."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} would be frozen, and nothing says under which licence. Put its licence into freezing/licences, and"
            " a row into freezing/native.py."
        )


@dataclass(frozen=True)
class Found:
    """A library that is carried. ``package`` is the system's package it came from, as a package URL, or empty."""

    component: Component
    package: str
    cpe: str


def find(files: Iterable[Path], modules: Iterable[str]) -> list[Found]:
    """The libraries behind ``files``, which are those of no Python package, and behind extension ``modules``.

    :raises UnknownLibrary: for a file that is neither known here nor explained by the system's own package.
    """
    of_file: dict[Library, Path] = {}
    others: list[Path] = []
    for path in files:
        library = next((one for one in LIBRARIES if re.match(one.files, path.name, re.IGNORECASE)), None)
        if library is not None:
            of_file.setdefault(library, path)
        elif not re.match(INTERPRETER, path.name, re.IGNORECASE):
            others.append(path)
    carried = set(modules)
    known = [_known(one, of_file.get(one)) for one in LIBRARIES if one in of_file or carried.intersection(one.modules)]
    return known + [_packaged(path) for path in others]


def _known(library: Library, path: Path | None) -> Found:
    package = debian_package(path) if path else None
    version = library.version() or _bzip2(library, path) or (package.upstream_version if package else "")
    cpe = f"cpe:2.3:a:{library.cpe}:{version}:*:*:*:*:*:*:*" if library.cpe and version else ""
    text = LicenceText(library.text, (LICENCES / library.text).read_text("utf-8"))
    component = Component(library.name, version or "unknown", library.licence, library.home, [text])
    return Found(component, package.url if package else "", cpe)


def _bzip2(library: Library, path: Path | None) -> str:
    if library.name != "bzip2" or path is None:
        return ""
    ask = ctypes.CDLL(str(path)).BZ2_bzlibVersion
    ask.restype = ctypes.c_char_p
    answer: bytes = ask()
    return answer.decode().split(",")[0]


def _packaged(path: Path) -> Found:
    package = debian_package(path)
    if package is None or not package.copyright.is_file():
        raise UnknownLibrary(path)
    text = LicenceText("copyright", package.copyright.read_text("utf-8"))
    component = Component(package.name, package.upstream_version, "see its text", "", [text])
    return Found(component, package.url, "")


@dataclass(frozen=True)
class DebianPackage:
    """A package of Debian or of a system made from it."""

    name: str
    version: str

    @property
    def upstream_version(self) -> str:
        """Without Debian's epoch and revision."""
        without_epoch = self.version.rpartition(":")[2]
        return without_epoch.rpartition("-")[0] or without_epoch

    @property
    def url(self) -> str:
        """As SBOM tools look it up."""
        return f"pkg:deb/debian/{self.name}@{self.version}"

    @property
    def copyright(self) -> Path:
        """The file in which Debian says what is known of its licences."""
        return Path("/usr/share/doc", self.name, "copyright")


def debian_package(path: Path) -> DebianPackage | None:
    """The package that brought ``path``; None where there is none, or no Debian."""
    if not path.exists():
        return None
    for name in (path, path.resolve()):
        # Since /lib is a link to /usr/lib, the package's list may have either.
        for spelling in {str(name), str(name).removeprefix("/usr")}:
            try:
                found = subprocess.run(["dpkg-query", "--search", spelling], capture_output=True, text=True)
            except FileNotFoundError:
                return None
            if found.returncode == 0:
                return _described(found.stdout.split(":")[0])
    return None


def _described(name: str) -> DebianPackage:
    words = ["dpkg-query", "--show", "--showformat", "${Version}\n", name]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return DebianPackage(name, shown.split("\n")[0])
