"""The headers of a ZIP, each held against the others before any of its data is believed.

zipfile reads the directory; this module reads what stands around it (its end, the header in
front of each entry) and refuses what contradicts itself, lies on another disk, overlaps, or
cannot be: limits first, so that no lie about a size takes memory. Knows nothing of data.
"""

from __future__ import annotations

import errno
import io
import stat
import struct
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast

from sidecar.archive import limits
from sidecar.errors.backups import BackupError, DamagedBackup, LimitExceeded, NotABackup

STORED, DEFLATE, BZIP2 = 0, 8, 12
"""How an entry may be packed."""

_EXPANSION = {STORED: 1, DEFLATE: 1032, BZIP2: 2_400_000}
"""Most bytes that one packed byte can stand for: 258 from two bits of deflate, 46 million from a block of bzip2."""

LOCAL = struct.Struct("<4sHHHHHIIIHH")
CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
END = struct.Struct("<4sHHHHIIH")
END64 = struct.Struct("<4sQHHIIQQQQ")
LOCATOR64 = struct.Struct("<4sIQI")
"""PKWARE's header in front of an entry, its row in the directory, and the directory's ends."""

MAX16, MAX32 = 0xFFFF, 0xFFFFFFFF
"""What a field of that width holds where the true number stands in an extra of ZIP64."""

ENCRYPTED, DESCRIBED_LATER = 0x1, 0x8
"""Flags of an entry: its bytes are enciphered; what it holds is told behind them."""

_UTF8 = 0x800
_LENGTHS, _LENGTHS_AT = struct.Struct("<HHH"), 28
_EXTRA64 = 1
_DESCRIPTOR_BYTES = 24
"""Most bytes that follow an entry's own: its sizes and its checksum, once more."""


class _BoundedFile:
    """The file as zipfile sees it: no single read beyond what an honest directory needs."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size > limits.MAX_DIRECTORY_BYTES:
            raise LimitExceeded(detail=f"its directory takes {size:,} bytes")
        return self._file.read(size)


@dataclass(frozen=True)
class Directory:
    """What an archive's directory lists, folders included, and where in the file it begins.

    ``behind`` counts the bytes that follow the archive's end and its comment.
    """

    infos: list[zipfile.ZipInfo]
    start: int
    behind: int


def read_directory(file: BinaryIO) -> Directory:
    """The directory of a ZIP. Raises NotABackup, DamagedBackup, LimitExceeded; OSError of a failing disk."""
    try:
        count, length, behind = _read_end(file)
        directory = zipfile.ZipFile(cast(BinaryIO, _BoundedFile(file)))
    except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OverflowError) as error:
        failed = error.__context__
        if isinstance(failed, OSError) and failed.errno not in (None, errno.EINVAL):
            # zipfile takes a disk that fails for a file that is none of its own.
            raise failed from error
        raise _no_directory(file, error) from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # A place before the beginning or beyond all ends.
        raise DamagedBackup(detail="its directory cannot be read") from error
    infos = directory.infolist()
    if len(infos) > limits.MAX_ENTRIES:
        raise LimitExceeded(detail=f"it has {len(infos):,} entries")
    if count != len(infos):
        raise DamagedBackup(detail=f"its directory lists {len(infos):,} entries, its end speaks of {count:,}")
    _hold_lengths(file, directory.start_dir, length)
    for info in infos:
        _refuse_unreadable(info)
    return Directory(infos, directory.start_dir, behind)


def data_starts(file: BinaryIO, infos: Iterable[zipfile.ZipInfo], end: int) -> dict[str, int]:
    """Where each entry's bytes begin, once its two headers agree and nothing overlaps or reaches beyond ``end``.

    Raises DamagedBackup.
    """
    starts: dict[str, int] = {}
    taken_until = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < taken_until:
            raise DamagedBackup(detail=f"{info.filename} overlaps another entry")
        if info.header_offset + LOCAL.size > end:
            raise DamagedBackup(detail=f"the file is cut short before {info.filename}")
        start = _hold_local_header(file, info)
        taken_until = start + info.compress_size
        if taken_until > end:
            raise DamagedBackup(detail=f"the file is cut short in {info.filename}")
        starts[info.filename] = start
    return starts


def unlisted(file: BinaryIO, directory: Directory, starts: Mapping[str, int]) -> list[str]:
    """A sentence for each part of the file that its directory does not speak of: nothing there is looked at."""
    remarks = []
    infos = sorted(directory.infos, key=lambda info: info.header_offset)
    first = infos[0].header_offset if infos else directory.start
    if first:
        remarks.append(_unlisted(file, first, "before the backup", range(first)))
    ends = [starts[info.filename] + info.compress_size for info in infos if info.filename in starts]
    if infos and len(ends) == len(infos):
        following = [*(info.header_offset for info in infos[1:]), directory.start]
        gaps = [
            range(end, begin) for end, begin in zip(ends, following, strict=True) if begin - end > _DESCRIPTOR_BYTES
        ]
        if gaps:
            remarks.append(_unlisted(file, sum(map(len, gaps)), "between its entries", *gaps))
    if directory.behind:
        size = file.seek(0, io.SEEK_END)
        remarks.append(_unlisted(file, directory.behind, "behind the backup", range(size - directory.behind, size)))
    return remarks


def _unlisted(file: BinaryIO, count: int, where: str, *places: range) -> str:
    """The sentence for some such bytes, which says so if they hold an archive's beginning or end."""
    size = "1 byte" if count == 1 else f"{count:,} bytes"
    for place in places:
        for at in (place.start, max(place.start, place.stop - MAX16)):
            file.seek(at)
            found = file.read(min(place.stop - at, MAX16))
            if b"PK\3\4" in found or b"PK\5\6" in found:
                return f"The file holds another archive {where} ({size}), which is ignored: is it the right file?"
    rest = "is no part of it: it is ignored" if count == 1 else "are no part of it: they are ignored"
    return f"The file holds {size} {where} that {rest}"


def _no_directory(file: BinaryIO, error: Exception) -> BackupError:
    """A file that begins like a ZIP was one; any other never was."""
    file.seek(0)
    if file.read(4) == b"PK\3\4":
        return DamagedBackup(detail="the file is cut short or overwritten")
    return NotABackup(detail=str(error))


_PARTS = "put all parts into one folder, unpack the last one there, and choose what comes out"


def _hold_lengths(file: BinaryIO, start: int, length: int) -> None:
    """Raise DamagedBackup if a name, an extra field or a comment reaches beyond the directory: zipfile lets it."""
    file.seek(start)
    directory, at = file.read(length), 0
    while at + CENTRAL.size <= length:
        at += CENTRAL.size + sum(_LENGTHS.unpack_from(directory, at + _LENGTHS_AT))
    if at != length:
        raise DamagedBackup(detail="its directory reaches beyond its end")


def _read_end(file: BinaryIO) -> tuple[int, int, int]:
    """How many entries, and bytes of directory, the end of the directory speaks of; how many bytes are behind it.

    zipfile reads the same end, and believes it. Raises NotABackup for a part of several, DamagedBackup.
    """
    size = file.seek(0, io.SEEK_END)
    base = max(size - MAX16 - 1 - END.size, 0)
    file.seek(base)
    tail = file.read()
    at = len(tail) - END.size
    if at < 0 or not tail.startswith(b"PK\5\6", at) or not tail.endswith(b"\0\0"):
        at = tail.rfind(b"PK\5\6")
    if at < 0 or at + END.size > len(tail):
        raise zipfile.BadZipFile("File is not a zip file")
    _, disk, first_disk, here, count, length, offset, comment = END.unpack_from(tail, at)
    if at + END.size + comment > len(tail):
        raise DamagedBackup(detail="the file is cut short in its comment")
    said = (disk, first_disk, here, count, length, offset)
    true = _end64(file, base + at, said) or said
    if any(true[:2]):
        raise NotABackup(detail=f"it is one part of several: {_PARTS}")
    if true[2] != true[3]:
        raise DamagedBackup(detail="the end of its directory contradicts itself")
    return true[3], true[4], len(tail) - at - END.size - comment


def _end64(file: BinaryIO, end: int, said: tuple[int, ...]) -> tuple[int, ...] | None:
    """What the ZIP64 end before the end at ``end`` says, if there is one: the same, or more than its fields can."""
    before = end - LOCATOR64.size - END64.size
    if before < 0:
        return None
    file.seek(before)
    data = file.read(END64.size + LOCATOR64.size)
    signature, disk, locator, disks = LOCATOR64.unpack_from(data, END64.size)
    if signature != b"PK\6\7":
        return None
    if disk or disks > 1:
        raise NotABackup(detail=f"it is one part of several: {_PARTS}")
    record = END64.unpack_from(data)
    if record[0] != b"PK\6\6":
        raise DamagedBackup(detail="the end of its directory is overwritten")
    true = record[4:]
    placeholders = (MAX16, MAX16, MAX16, MAX16, MAX32, MAX32)
    if any(a not in (b, most) for a, b, most in zip(said, true, placeholders, strict=True)):
        raise DamagedBackup(detail="the two ends of its directory contradict each other")
    if locator != true[4] + true[5]:
        raise DamagedBackup(detail="the end of its directory is not where it should be")
    return tuple(true)


def _refuse_unreadable(info: zipfile.ZipInfo) -> None:
    # zipfile ends a name at a NUL; others may not.
    if not info.filename or "\0" in info.orig_filename:
        raise DamagedBackup(detail="it has an entry without a name")
    if info.flag_bits & ENCRYPTED:
        raise NotABackup(
            detail=f"{info.filename} is encrypted: unpack it with its password, and choose what comes out of it"
        )
    if info.compress_type not in _EXPANSION:
        method = f"{info.filename} is compressed in a way KiraPilot does not read"
        raise NotABackup(detail=f"{method}: unpack the ZIP, and pack it again as an ordinary one (Deflate)")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise NotABackup(detail=f"{info.filename} is a symbolic link")
    if info.volume:
        raise NotABackup(detail=f"{info.filename} is in another part: {_PARTS}")
    if info.file_size > info.compress_size * _EXPANSION[info.compress_type]:
        raise DamagedBackup(detail=f"{info.filename} cannot be as long as the archive says")


def _hold_local_header(file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Where the data begins, once the header in front of it says what the directory says."""
    file.seek(info.header_offset)
    header = file.read(LOCAL.size)
    if len(header) < LOCAL.size or header[:4] != b"PK\3\4":
        raise DamagedBackup(detail=f"the header of {info.filename} is missing")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = LOCAL.unpack(header)
    name = file.read(name_length).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    # zipfile turns os.sep around: compare what the file says.
    honest = name == info.orig_filename and method == info.compress_type and not (flags ^ info.flag_bits) & ENCRYPTED
    said = crc, *_sizes(file.read(extra_length), size, packed)
    true = info.CRC, info.file_size, info.compress_size
    # A program that writes into a pipe knows them afterwards only: they follow the data then, and here is 0.
    later = (flags | info.flag_bits) & DESCRIBED_LATER
    if not honest or any(a != b and not (later and a == 0) for a, b in zip(said, true, strict=True)):
        raise DamagedBackup(detail=f"the two headers of {info.filename} contradict each other")
    return int(info.header_offset + LOCAL.size + name_length + extra_length)


def _sizes(extra: bytes, size: int, packed: int) -> tuple[int, int]:
    """Size and packed size as a local header has them, from its ZIP64 field where its own are too small."""
    wanted = [value == MAX32 for value in (size, packed)]
    field = _field(extra, _EXTRA64)
    if not any(wanted) or len(field) < 8 * sum(wanted):
        return size, packed
    values = iter(struct.unpack_from(f"<{sum(wanted)}Q", field))
    return (next(values) if wanted[0] else size), (next(values) if wanted[1] else packed)


def _field(extra: bytes, kind: int) -> bytes:
    """An extra field's data; b"" if there is none of its kind."""
    at = 0
    while at + 4 <= len(extra):
        found, length = struct.unpack_from("<HH", extra, at)
        if found == kind:
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    return b""
