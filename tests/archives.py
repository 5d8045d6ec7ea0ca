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

from tests.conftest import DATA

SHIPPED = DATA / "2025-09-08-periodic-templates.kpbackup"
"""A backup of the shipped app: no manifest, real rows."""

SMALL = DATA / "every-kind-of-row.kpbackup"
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


@dataclass
class Header:
    """One entry as its two headers have it: they agree, unless a test says otherwise."""

    name: bytes
    data: bytes
    method: int = 8
    flags: int = 0
    crc: int | None = None
    size: int | None = None
    packed: bytes | None = None
    attributes: int = 0
    local: Mapping[str, Any] | None = None
    offset: int | None = None

    def body(self) -> bytes:
        """The bytes in the archive."""
        if self.packed is not None:
            return self.packed
        if self.method != 8:
            return self.data
        deflate = zlib.compressobj(wbits=-15)
        return deflate.compress(self.data) + deflate.flush()


def by_hand(path: Path, headers: Iterable[Header]) -> Path:
    """An archive with headers as given, contradictions and all."""
    out, central = bytearray(), bytearray()
    count = 0
    for header in headers:
        body, crc = header.body(), zlib.crc32(header.data) if header.crc is None else header.crc
        size = len(header.data) if header.size is None else header.size
        offset = len(out) if header.offset is None else header.offset
        said: dict[str, Any] = {
            "flags": header.flags, "method": header.method, "crc": crc, "packed": len(body), "size": size,
            "name": header.name, **(header.local or {}),
        }  # fmt: skip
        out += LOCAL.pack(
            b"PK\3\4", 20, said["flags"], said["method"], 0, 33, said["crc"], said["packed"], said["size"],
            len(said["name"]), 0,
        )  # fmt: skip
        out += said["name"] + body
        central += CENTRAL.pack(
            b"PK\1\2", 0x031E, 20, header.flags, header.method, 0, 33, crc, len(body), size, len(header.name), 0, 0,
            0, 0, header.attributes, offset,
        )  # fmt: skip
        central += header.name
        count += 1
    end = END.pack(b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(central), len(out), 0)
    path.write_bytes(bytes(out) + bytes(central) + end)
    return path


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
