"""SHA-256 sums of what a build has made, as ``sha256sum --check`` reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def write_sums(made: Iterable[Path], path: Path) -> None:
    """Sums of files and of all files in folders, named as they lie beside ``path``."""
    files = [file for one in made for file in ([one] if one.is_file() else sorted(one.rglob("*"))) if file.is_file()]
    lines = [f"{sum_of(file)}  {file.relative_to(path.parent).as_posix()}\n" for file in files]
    path.write_text("".join(lines), "utf-8", newline="\n")


def sum_of(path: Path) -> str:
    """In hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
