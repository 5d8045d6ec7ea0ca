"""The names of a ZIP's entries, as people's programs leave them -> the names that the entries of a backup have.

Whoever unpacks a backup and packs it again leaves folders around its entries, a system's own files beside
them, or backslashes in their names. Names alone are looked at, and none becomes a path.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field

from sidecar.errors.backups import DamagedBackup, SeveralBackups

_MARKS = {"metadata.json", "data.json"}
"""What every backup holds: the folder with both is where its entries lie."""

_MARKED = {(mark,) for mark in _MARKS}

_LITTER = {"thumbs.db", "ehthumbs.db", "desktop.ini", ".ds_store", ".localized", "icon\r", ".directory", ".picasa.ini"}
"""What Windows, macOS and KDE leave in folders, in small letters."""

_LITTER_FOLDERS = {"__macosx", ".appledouble", "@eadir", ".trashes", ".fseventsd", ".spotlight-v100"}
"""Folders that macOS and network drives keep their own things in."""

_NAMED = 3
"""Most names in one sentence."""

Path = tuple[str, ...]
"""A name's parts: folders, and the name within them."""


@dataclass
class Layout:
    """The entries by the names they have below the backup's folder, and the full names of what lies elsewhere."""

    entries: dict[str, zipfile.ZipInfo] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)


def lay_out(infos: Iterable[zipfile.ZipInfo]) -> Layout:
    """Tell a backup's entries from what lies beside them.

    Raises SeveralBackups for two folders that could be the backup's, DamagedBackup for a name given twice.
    """
    files = [info for info in infos if not _is_folder(info)]
    paths = [(_verbatim(info.filename), info) for info in files]
    if not {path for path, _ in paths} >= _MARKED:
        tidied = [(_tidied(info.filename), info) for info in files]
        if not any(path[-1] in _MARKS for path, _ in tidied):
            # Disks and programs of old know capitals alone.
            tidied = [((*path[:-1], path[-1].lower()), info) for path, info in tidied]
        # Where no folder is the backup's, names stay as they are: for whoever says what is missing.
        paths = tidied if any(path[-1] in _MARKS for path, _ in tidied) else paths
    names = {path for path, _ in paths}
    litter = {path for path in names if _is_litter(path, names)}
    root = _root(names - litter)
    layout = Layout()
    for path, info in paths:
        if path in litter or path[: len(root)] != root:
            layout.ignored.append(info.filename)
            continue
        name = "/".join(path[len(root) :])
        if name in layout.entries:
            raise DamagedBackup(detail=f"it holds {name} twice")
        layout.entries[name] = info
    return layout


def listed(names: list[str]) -> str:
    """Some of the names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _verbatim(name: str) -> Path:
    return tuple(name.split("/"))


def _tidied(name: str) -> Path:
    """With either separator, and without steps that lead nowhere."""
    *folders, last = name.replace("\\", "/").split("/")
    return (*(folder for folder in folders if folder not in ("", ".")), last)


def _is_folder(info: zipfile.ZipInfo) -> bool:
    # Windows' own ZIPs of old separate by backslashes; only an empty entry is taken for a folder by such a name.
    return info.is_dir() or (info.filename.endswith("\\") and info.file_size == 0)


def _is_litter(path: Path, names: set[Path]) -> bool:
    *folders, name = path
    if name.lower() in _LITTER or any(folder.lower() in _LITTER_FOLDERS for folder in folders):
        return True
    # macOS keeps what it knows of X in ._X; a table may have such a name, too.
    twin = name.removeprefix("._")
    return name != twin and ((*folders, twin) in names or not name.endswith(".json"))


def _root(names: set[Path]) -> Path:
    """The folder that the backup's entries lie in. Raises SeveralBackups."""
    found: dict[Path, set[str]] = {}
    for path in names:
        if path[-1] in _MARKS:
            found.setdefault(path[:-1], set()).add(path[-1])
    whole = [folder for folder, marks in found.items() if marks == _MARKS]
    if () in whole or (() in found and not whole):
        return ()
    if len(whole) > 1:
        folders = sorted("/".join(folder) for folder in whole)
        raise SeveralBackups(detail=f"{len(whole)} backups, in the folders {listed(folders)}")
    candidates = whole or list(found)
    return candidates[0] if len(candidates) == 1 else _common(names)


def _common(names: set[Path]) -> Path:
    """The folders that all names begin with."""
    common: list[str] = []
    for parts in zip(*(path[:-1] for path in names), strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return tuple(common)
