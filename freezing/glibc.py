"""Which glibc a frozen program needs, asked of every file that it carries: ``python -m freezing.glibc PROGRAM``.

PROGRAM is the one file, or the folder. A system whose glibc is older cannot start it, or fails at the first import of
the file that asks for more.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

Version = tuple[int, ...]

_NEEDED = re.compile(r"\bGLIBC_(\d+(?:\.\d+)+)\b")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m freezing.glibc", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("program", type=Path, help="the frozen file, or folder")
    with tempfile.TemporaryDirectory() as scratch:
        needs = sorted(measure(parser.parse_args().program, Path(scratch)), reverse=True)
    for version, name in needs:
        sys.stdout.write(f"{'.'.join(map(str, version)):>6}  {name}\n")
    return 0


def measure(program: Path, scratch: Path) -> list[tuple[Version, str]]:
    """(highest version of glibc that it asks for, name) of each file that asks for any.

    :param scratch: an empty folder to unpack into.
    """
    found = []
    for file, name in _carried(program, scratch):
        asked = [tuple(map(int, version.split("."))) for version in _NEEDED.findall(_symbols(file))]
        if asked:
            found.append((max(asked), name))
    return found


def _carried(program: Path, scratch: Path) -> Iterator[tuple[Path, str]]:
    if program.is_dir():
        yield from ((path, path.relative_to(program).as_posix()) for path in program.rglob("*") if _is_elf(path))
        return
    from PyInstaller.archive.readers import CArchiveReader

    yield program, "the bootloader"
    archive = CArchiveReader(str(program))
    for name, entry in archive.toc.items():
        if entry[-1] == "b":
            path = scratch / name.replace("/", "-")
            path.write_bytes(archive.extract(name))
            yield path, name


def _is_elf(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _symbols(path: Path) -> str:
    return subprocess.run(["objdump", "-T", str(path)], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
