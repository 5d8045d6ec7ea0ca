"""Archives, good and bad: real ones taken apart, changed, and put together again by zipfile or by hand."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import DATA, EVERY_KIND, THIRD

SHIPPED = DATA / f"{THIRD}.kpbackup"
"""A backup of the shipped app: no manifest, real rows."""

SMALL = DATA / f"{EVERY_KIND}.kpbackup"
"""The smallest backup of the shipped app."""

SECTIONS = ("tasks", "time_sessions", "ai_interactions", "task_dependencies", "periodic_task_templates")

TASK: dict[str, Any] = {
    "id": "t1", "title": "Water the plants", "description": "", "priority": 1, "status": "pending",
    "dependencies": "[]", "time_estimate": 0, "actual_time": 0, "due_date": None, "scheduled_date": None,
    "tags": "[]", "project_id": None, "parent_task_id": None, "subtasks": "[]", "completed_at": None,
    "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "task_list_id": None,
    "order_num": 0, "periodic_template_id": None, "is_periodic_instance": False, "generation_date": None,
}  # fmt: skip
"""A task as the shipped app writes it."""

Entries = dict[str, bytes]


def entries_of(path: Path) -> Entries:
    """All entries of an archive, unpacked, in its order."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def made_of(tasks: Sequence[Mapping[str, Any]] = (TASK,), **others: Sequence[Mapping[str, Any]]) -> Entries:
    """The eight entries of a backup that holds these records, as the shipped app would write it."""
    sections: dict[str, Any] = {name: list(others.get(name, ())) for name in SECTIONS}
    sections["tasks"] = list(tasks)
    head = {"version": "1.0.0", "created_at": "2026-01-01T00:00:00Z"}
    counts = {
        "task_count": len(sections["tasks"]),
        "session_count": len(sections["time_sessions"]),
        "ai_interaction_count": len(sections["ai_interactions"]),
        "dependency_count": len(sections["task_dependencies"]),
        "periodic_template_count": len(sections["periodic_task_templates"]),
    }
    entries = {"metadata.json": json.dumps(head | counts), "data.json": json.dumps(head | sections | {"settings": {}})}
    entries |= {f"{name}.json": json.dumps(rows) for name, rows in sections.items()}
    entries["settings.json"] = "{}"
    return {name: text.encode() for name, text in entries.items()}


def with_text(tasks: bytes, count: int = 1) -> Entries:
    """The same, with the list of tasks given as it is to stand there, valid or not."""
    entries = made_of([])
    entries["tasks.json"] = tasks
    entries["data.json"] = entries["data.json"].replace(b'"tasks": []', b'"tasks": ' + tasks)
    entries["metadata.json"] = entries["metadata.json"].replace(b'"task_count": 0', b'"task_count": %d' % count)
    return entries


def edited(entries: Entries, name: str, edit: Callable[[Any], object]) -> Entries:
    """The entries with one document changed in place by ``edit``."""
    document = json.loads(entries[name])
    edit(document)
    return entries | {name: json.dumps(document).encode()}


def write(
    path: Path,
    entries: Mapping[str, bytes] | Iterable[tuple[str | zipfile.ZipInfo, bytes]],
    method: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """An archive of these entries, names given twice included."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as archive:
        warnings.simplefilter("ignore")  # zipfile warns of a name given twice
        for name, data in entries.items() if isinstance(entries, Mapping) else entries:
            archive.writestr(name, data, method)
    return path


class _Unseekable(io.BytesIO):
    """What a pipe is to zipfile: sizes are not known when the header is written."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: object) -> int:
        raise OSError("a pipe cannot seek")

    def tell(self) -> int:
        raise OSError("a pipe cannot tell")


def write_with_descriptors(path: Path, entries: Mapping[str, bytes]) -> Path:
    """An archive whose sizes follow the data, as a program that writes into a pipe leaves it."""
    stream = _Unseekable()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    path.write_bytes(stream.getvalue())
    return path


def write_zip64(path: Path, entries: Mapping[str, bytes]) -> Path:
    """An archive with a ZIP64 header for every entry."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            with archive.open(name, "w", force_zip64=True) as entry:
                entry.write(data)
    return path


def rezipped(path: Path, entries: Mapping[str, bytes], top: str = "my backup") -> Path:
    """What somebody gets who unpacks a backup on a Mac and zips the folder."""
    litter = {"__MACOSX/._data.json": b"\0\5\x16\7", f"__MACOSX/{top}/._x": b"x", f"{top}/.DS_Store": b"Bud1"}
    return write(path, {f"{top}/": b""} | {f"{top}/{name}": data for name, data in entries.items()} | litter)


LOCAL = struct.Struct("<4sHHHHHIIIHH")
CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
END = struct.Struct("<4sHHHHIIH")


END64 = struct.Struct("<4sQHHIIQQQQ")
LOCATOR64 = struct.Struct("<4sIQI")


@dataclass
class Header:
    """One entry as its two headers have it: they agree, unless a test says otherwise.

    ``local`` and ``central`` hold what one of the two says differently; ``extra`` and ``local_extra`` their extra
    fields, ``comment`` the entry's comment, ``gap`` bytes of nobody after its data.
    """

    name: bytes
    data: bytes
    method: int = 8
    flags: int = 0
    crc: int | None = None
    size: int | None = None
    packed: bytes | None = None
    attributes: int = 0
    local: Mapping[str, Any] | None = None
    central: Mapping[str, Any] | None = None
    offset: int | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    comment: bytes = b""
    disk: int = 0
    gap: bytes = b""

    def body(self) -> bytes:
        """The bytes in the archive."""
        if self.packed is not None:
            return self.packed
        if self.method != 8:
            return self.data
        deflate = zlib.compressobj(wbits=-15)
        return deflate.compress(self.data) + deflate.flush()

    def _said(self) -> dict[str, Any]:
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        size = len(self.data) if self.size is None else self.size
        said = {"flags": self.flags, "method": self.method, "crc": crc, "packed": len(self.body()), "size": size}
        return said | {"name": self.name}

    def in_front(self) -> bytes:
        """The local header and the data."""
        said = self._said() | dict(self.local or {})
        header = LOCAL.pack(
            b"PK\3\4", 20, said["flags"], said["method"], 0, 33, said["crc"], said["packed"], said["size"],
            len(said["name"]), len(self.local_extra),
        )  # fmt: skip
        return bytes(header + said["name"] + self.local_extra + self.body() + self.gap)

    def in_directory(self, offset: int) -> bytes:
        """The header in the central directory of an entry that begins at ``offset``."""
        said = self._said() | dict(self.central or {})
        header = CENTRAL.pack(
            b"PK\1\2", 0x031E, 20, said["flags"], said["method"], 0, 33, said["crc"], said["packed"], said["size"],
            len(said["name"]), len(self.extra), len(self.comment), self.disk, 0, self.attributes,
            offset if self.offset is None else self.offset,
        )  # fmt: skip
        return bytes(header + said["name"] + self.extra + self.comment)


def by_hand(path: Path, headers: Iterable[Header], **end: Any) -> Path:
    """An archive with headers as given, contradictions and all.

    :param end: what the end of the directory says: ``disk``, ``first_disk``, ``here``, ``count``, ``size``,
        ``offset``, ``comment``; ``zip64`` holds the same for a ZIP64 end, and ``locator`` of it.
    """
    out, central = bytearray(), bytearray()
    count = 0
    for header in headers:
        central += header.in_directory(len(out))
        out += header.in_front()
        count += 1
    path.write_bytes(bytes(out) + bytes(central) + _end(count, len(central), len(out), **end))
    return path


def _end(count: int, size: int, offset: int, /, zip64: Mapping[str, int] | None = None, **said: Any) -> bytes:
    true = {"disk": 0, "first_disk": 0, "here": count, "count": count, "size": size, "offset": offset}
    large = b""
    if zip64 is not None:
        end = true | {"locator": offset + size, "disks": 1} | dict(zip64)
        large = END64.pack(b"PK\6\6", 44, 0x031E, 45, *(end[name] for name in true))
        large += LOCATOR64.pack(b"PK\6\7", end["disk"], end["locator"], end["disks"])
        said = {"here": 0xFFFF, "count": 0xFFFF, "size": 0xFFFFFFFF, "offset": 0xFFFFFFFF} | said
    end = true | said
    comment: bytes = said.get("comment", b"")
    numbers = (end[name] & (0xFFFFFFFF if name in ("size", "offset") else 0xFFFF) for name in true)
    return large + END.pack(b"PK\5\6", *numbers, len(comment)) + comment


def headers(entries: Mapping[str, bytes]) -> list[Header]:
    """One header for each entry, to be spoiled."""
    return [Header(name.encode(), data) for name, data in entries.items()]


def resigned(entries: Entries) -> Entries:
    """A backup of ours whose manifest has been made to agree with its entries again."""
    import hashlib

    def sign(manifest: dict[str, Any]) -> None:
        for name in manifest["entries"]:
            if name in entries:
                digest = hashlib.sha256(entries[name]).hexdigest()
                manifest["entries"][name] = {"size": len(entries[name]), "sha256": digest}

    return edited(entries, "manifest.json", sign)
