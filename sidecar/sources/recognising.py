"""What kind of file it is, by its beginning and its name; and what to say of one that is no backup.

Only files that are no ZIP come here: those, and damaged ones, are for the reader of archives to judge.
"""

from __future__ import annotations

import os
import re
from typing import BinaryIO

DATABASE, GZIP, JSON, OTHER = "database", "gzip", "json", "other"

_HEAD_BYTES = 4096
_SCAN_BYTES = 1 << 20

_UNPACK = "unpack it, and choose the backup that comes out of it"
_CHOOSE = "choose another file"
_PART = "it is a part of a database: choose the database itself (.db)"

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"Rar!\x1a\x07", f"it is a RAR archive: {_UNPACK}"),
    (0, b"7z\xbc\xaf\x27\x1c", f"it is a 7z archive: {_UNPACK}"),
    (0, b"\xfd7zXZ\0", f"it is packed as xz: {_UNPACK}"),
    (0, b"BZh", f"it is packed as bzip2: {_UNPACK}"),
    (0, b"\x28\xb5\x2f\xfd", f"it is packed as Zstandard: {_UNPACK}"),
    (0, b"\x04\x22\x4d\x18", f"it is packed as LZ4: {_UNPACK}"),
    (0, b"MSCF", f"it is a cabinet of Windows: {_UNPACK}"),
    (257, b"ustar", f"it is a tar archive: {_UNPACK}"),
    (0, b"%PDF", f"it is a PDF document: {_CHOOSE}"),
    (0, b"\x89PNG", f"it is a picture: {_CHOOSE}"),
    (0, b"\xff\xd8\xff", f"it is a picture: {_CHOOSE}"),
    (0, b"GIF8", f"it is a picture: {_CHOOSE}"),
    (4, b"ftyp", f"it is a video or a picture: {_CHOOSE}"),
    (0, b"RIFF", f"it is a sound, a video or a picture: {_CHOOSE}"),
    (0, b"\xd0\xcf\x11\xe0", f"it is a document of Office: {_CHOOSE}"),
    (0, b"MZ", f"it is a program: {_CHOOSE}"),
    (0, b"\x7fELF", f"it is a program: {_CHOOSE}"),
    (0, b"Salted__", "it is encrypted: decrypt it with the program that encrypted it, and choose what comes out"),
    (0, b"age-encryption.org/", "it is encrypted with age: decrypt it, and choose what comes out of it"),
    (0, b"-----BEGIN PGP", "it is encrypted or signed with PGP: decrypt it, and choose what comes out of it"),
    (0, b"version https://git-lfs", "it is a pointer of Git LFS: fetch the file itself with git lfs pull"),
    (0, b"/annex/objects/", "it is a pointer of git-annex: fetch the file itself with git annex get"),
    (0, b"[InternetShortcut]", "it is a link to a web page: open it, and download the file itself"),
    (0, b"[Desktop Entry]", "it is a link to another file, or to a program: choose that file itself"),
    (0, b"L\0\0\0\x01\x14\x02\0", "it is a shortcut of Windows to another file: choose that file itself"),
    (0, b"book\0\0\0\0mark", "it is an alias of macOS for another file: choose that file itself"),
    (0, b"PK\7\x08", f"it is one part of a ZIP in several: put all parts into one folder, {_UNPACK}"),
    (0, b"\xff\xfe", f"it is a text file (UTF-16): {_CHOOSE}"),
    (0, b"\xfe\xff", f"it is a text file (UTF-16): {_CHOOSE}"),
    (0, b"UEsDB", "it is an attachment as mail programs send it (base64): save the attachment itself from the mail"),
    (0, b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", _PART),
    (0, b"\x37\x7f\x06", _PART),
    (0, b"bplist", "it is a property list of macOS: choose the backup itself"),
)  # fmt: skip

_LINKS = (b"[InternetShortcut]", b"[Desktop Entry]")
"""What begins as a list of JSON's does, and is none."""

_ICLOUD = "it is a placeholder of iCloud: open its folder in Finder, let it be downloaded (the cloud with an arrow)"
_WEB_PAGE = "it is a web page, saved in place of the file: sign in there, and download the file itself"
_MAIL = "it is a whole mail: save the attachment itself from the mail program"
_EMPTY = "it is empty (0 bytes), not downloaded yet or cut off: download or copy it again"
_ZEROS = "it holds nothing but zeros, as a power cut or a failed copy leaves a file: use another copy of it"
_WORN = "it holds one byte over and over, as a worn-out card or disk gives it: use another copy of it"
_TEXT = f"it is a text file: {_CHOOSE}"
_UNFINISHED = "it is a download that was not finished ({}): wait for it to end, or download it again"
OTHER_JSON = "it is JSON, but no backup of KiraPilot: choose the .kpbackup file that KiraPilot saved"

_PAGE = re.compile(
    rb"\s*(<!--.*?-->\s*)*<(!doctype|html|head|body|script|\?xml|svg|error)\b", re.IGNORECASE | re.DOTALL
)
_MAIL_HEADER = re.compile(
    rb"(From |Return-Path:|Received:|Delivered-To:|MIME-Version:|Message-ID:|X-[\w-]+:)", re.IGNORECASE
)
_UNFINISHED_ENDS = (".crdownload", ".part", ".partial", ".download", ".opdownload", ".aria2", ".!ut", ".filepart")


def form_of(file: BinaryIO) -> str:
    """DATABASE, GZIP, JSON, or OTHER. Raises OSError."""
    head = _read(file, 0, _HEAD_BYTES)
    if head.startswith(b"SQLite format 3\0"):
        return DATABASE
    if head.startswith(b"\x1f\x8b"):
        return GZIP
    if head.startswith(_LINKS):
        return OTHER
    return JSON if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[") else OTHER


def wrong_file(file: BinaryIO, name: str) -> str | None:
    """What the file is instead of a backup, and what to do, as the part of a sentence; None if that is not known.

    Raises OSError.
    """
    head = _read(file, 0, _HEAD_BYTES)
    if not head:
        return _EMPTY
    if unfinished := unfinished_download(name):
        return unfinished
    if name.lower().endswith(".icloud") or (head.startswith(b"bplist") and b"NSURL" in head):
        return _ICLOUD
    if not head.strip(b"\0"):
        return _ZEROS if _is_zeros(file) else None
    if not head.strip(head[:1]) and len(head) > 1 and not head.isspace():
        return _WORN
    if name.lower().endswith("-shm"):
        return _PART
    for at, magic, what in _MAGIC:
        if head.startswith(magic, at):
            return what
    if _PAGE.match(head.removeprefix(b"\xef\xbb\xbf")):
        return _WEB_PAGE
    if _MAIL_HEADER.match(head):
        return _MAIL
    return _TEXT if _is_text(head) else None


def unfinished_download(name: str) -> str | None:
    """What to say of a file whose name is that of a download under way, None for any other name."""
    ending = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a name, no path
    return _UNFINISHED.format(ending) if ending in _UNFINISHED_ENDS else None


def _read(file: BinaryIO, position: int, size: int) -> bytes:
    file.seek(position)
    return file.read(size)


def _is_zeros(file: BinaryIO) -> bool:
    file.seek(0)
    while piece := file.read(_SCAN_BYTES):
        if piece.count(0) != len(piece):
            return False
    return True


def _is_text(head: bytes) -> bool:
    try:
        text = head[: _HEAD_BYTES - 4].decode("utf-8")
    except UnicodeDecodeError:
        # Of a language of western Europe, it is mostly ASCII.
        text = head.decode("latin-1")
        if sum(map(str.isascii, text)) < 0.8 * len(text):
            return False
    return all(character.isprintable() or character in "\t\r\n\f" for character in text)
