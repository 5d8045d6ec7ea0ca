"""What the tests of safety copies share: where copies lie, what they bring, and how one is spoiled."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.results import ImportResult, UndoResult
from tests.conftest import DATA, EVERY_KIND, THIRD
from tests.support.databases import bring_in, copy_of, emptied, places_of


def shipped(name: str) -> Path:
    return DATA / f"{name}.kpbackup"


def folder_of(database: Path) -> Path:
    return database.parent / "backups"


def copies(database: Path) -> list[Path]:
    """The safety copies, the newest first, found by their names alone."""
    return sorted(folder_of(database).glob("before-import-*.kpbackup"), reverse=True)


def undo(database: Path, settings: dict[str, Any] | None = None) -> UndoResult:
    return undo_last_import(places_of(database), Progress(), settings)


def restored_from(copy: str | Path, like: Path, folder: Path) -> Path:
    """What a copy brings into a device of the same schema that holds nothing."""
    device = emptied(copy_of(like, folder))
    bring_in(device, Path(copy))
    return device


def damage(archive: Path, name: str = "data.json") -> None:
    """Flip one bit in the packed bytes of an entry."""
    with zipfile.ZipFile(archive) as file:
        info = file.getinfo(name)
        at = info.header_offset + 30 + len(name) + info.compress_size // 2
    raw = bytearray(archive.read_bytes())
    raw[at] ^= 1
    archive.write_bytes(raw)


def import_alternately(device: Path, times: int) -> list[ImportResult]:
    return [bring_in(device, shipped((THIRD, EVERY_KIND)[number % 2])) for number in range(times)]
