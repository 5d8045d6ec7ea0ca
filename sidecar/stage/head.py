"""The head of an archive: what its metadata and its manifest say, judged by themselves, before a row is read."""

from __future__ import annotations

import codecs
from typing import Any

import msgspec

from sidecar.archive import limits
from sidecar.archive import manifest as names
from sidecar.archive.forms import as_whole
from sidecar.archive.json_stream import Document
from sidecar.archive.manifest import Manifest, ManifestHead
from sidecar.archive.zip_reading import ZipReader
from sidecar.errors.backups import (
    DamagedBackup,
    InvalidMetadata,
    LimitExceeded,
    MissingData,
    TooNew,
    UnsupportedVersion,
)
from sidecar.json_wording import in_words
from sidecar.results import PARTIAL_VERSION, VERSION, BackupMetadata


def read_head(archive: ZipReader) -> tuple[BackupMetadata, Manifest | None]:
    """Metadata and manifest, judged by themselves.

    Raises MissingData, UnsupportedVersion, TooNew, DamagedBackup.
    """
    for name in (names.METADATA, names.DATA):
        if name not in archive.names:
            missing = MissingData(detail=name)
            missing.advice = next((f"This ZIP is {it}." for mark, it in _OTHERS.items() if mark in archive.names), "")
            raise missing
    metadata = read_metadata(read_small(archive, names.METADATA))
    if names.MANIFEST not in archive.names:
        return metadata, None
    return metadata, read_manifest(read_small(archive, names.MANIFEST))


def read_manifest(text: bytes) -> Manifest:
    """manifest.json. Raises TooNew, DamagedBackup."""
    try:
        _require_single_keys(names.MANIFEST, text)
        head = msgspec.json.decode(text, type=ManifestHead)
        if head.revision > names.REVISION:
            raise TooNew(detail=f"format revision {head.revision} of {head.writer.name} {head.writer.version}")
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise DamagedBackup(detail=f"{names.MANIFEST}: {in_words(error)}") from error
    if names.MANIFEST in manifest.entries:
        raise DamagedBackup(detail=f"{names.MANIFEST} cannot hold a hash of itself")
    return manifest


class _Metadata(msgspec.Struct):
    """metadata.json as it is read; the two older generations have no count of templates."""

    created_at: str
    task_count: int
    session_count: int
    ai_interaction_count: int
    dependency_count: int
    periodic_template_count: int = 0


_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_OTHERS = {
    "[Content_Types].xml": "a document of Office",
    "mimetype": "a document or an e-book",
    "META-INF/MANIFEST.MF": "a program (Java)",
    "AndroidManifest.xml": "an app (Android)",
}
"""Files of ZIPs that are no backups -> what such a ZIP is."""


def read_metadata(text: bytes) -> BackupMetadata:
    """metadata.json. Raises InvalidMetadata, UnsupportedVersion."""
    if text.startswith(_UTF16):
        raise InvalidMetadata(detail="it is in UTF-16, and not in UTF-8")
    try:
        said = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get("version", msgspec.Raw(b"null"))
        version = require_version(said)
        # Another program may have written 12 as 12.0.
        values = {key: as_whole(value) for key, value in msgspec.json.decode(text, type=dict[str, Any]).items()}
        counted = msgspec.convert(values, _Metadata)
        metadata = BackupMetadata(version=version, **msgspec.structs.asdict(counted))
        _require_single_keys(names.METADATA, text)
        if len(metadata.created_at) > limits.MAX_NAME:
            raise InvalidMetadata(detail=f"created_at takes {len(metadata.created_at):,} characters")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidMetadata(detail=in_words(error)) from error
    except (DamagedBackup, LimitExceeded) as error:
        raise InvalidMetadata(detail=error.detail) from error
    return metadata


def _require_single_keys(name: str, text: bytes) -> None:
    """Raise DamagedBackup if a key of the document stands twice: msgspec would keep the last in silence."""
    # Piece by piece, so that the bound on a record is one on each member, and not on all of them.
    size = max(len(text) // 64, 1024)
    pieces = (text[start : start + size] for start in range(0, len(text), size))
    for _ in Document(name, pieces).members():
        pass


def require_version(value: bytes) -> str:
    """The version of a backup of all of the data, or of a part.

    Raises UnsupportedVersion for a JSON value that is any other, DamagedBackup for one that cannot be read.
    """
    try:
        version = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DamagedBackup(detail=f"its version cannot be read ({in_words(error)})") from error
    if version in (VERSION, PARTIAL_VERSION):
        return str(version)
    shown = version if isinstance(version, str) else bytes(value).decode("utf-8", "replace")
    raise UnsupportedVersion(detail=shown[:80])


def read_small(archive: ZipReader, name: str) -> bytes:
    """A small entry, whole, without a byte-order mark."""
    size = archive.info(name).file_size
    if size > limits.MAX_SMALL_BYTES:
        raise LimitExceeded(detail=f"{name} takes {size:,} bytes")
    return b"".join(archive.pieces(name)).removeprefix(codecs.BOM_UTF8)
