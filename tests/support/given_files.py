"""What people choose as a backup, made in tests: packed once more, and given to a device."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable

from tests.support.oracle import Device

OPENS = "A backup inside of another file, a database, and the JSON of the first releases open as a backup does"


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data)


def zipped(name: str, beside: dict[str, bytes] | None = None) -> Callable[[bytes], bytes]:
    """What packs a file into a ZIP under a name, with others beside it."""

    def pack(data: bytes) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for entry, held in {name: data, **(beside or {})}.items():
                archive.writestr(entry, held)
        return packed.getvalue()

    return pack


def give(device: Device, data: bytes) -> None:
    """What the user chooses from now on."""
    device.archive.write_bytes(data)
