"""What a damaged archive still proves about itself: which entries are sound, what it says it held.

An entry is sound when its bytes are those that the manifest names or, without a manifest, those
of a checksum in one of its headers. Judges entries; which records follow from them is for ``salvaging``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import BinaryIO

import msgspec

from sidecar.archive import limits
from sidecar.archive import manifest as names
from sidecar.archive.manifest import Manifest, section_entry
from sidecar.archive.zip_reading import ZipReader
from sidecar.database.models import CONTRACT, KNOWN, MIGRATIONS
from sidecar.errors.backups import BackupError, InvalidMetadata, MissingData
from sidecar.results import COUNT_OF, BackupMetadata
from sidecar.salvage.json_fragments import Extent
from sidecar.salvage.zip_entries import Copy, Statement, Wreck
from sidecar.stage.head import read_manifest, read_metadata

_OURS = re.compile(rb'[\[{]+"[^"]*":[^\s]')
"""How our JSON begins: the shipped app indents its own, and others leave a space after a colon."""


@dataclass
class Evidence:
    """A wreck, judged entry by entry.

    ``sound`` and ``unsound`` hold one copy of each entry; ``damage`` a line for everything that is
    wrong with the file; ``metadata`` and ``manifest`` are None where they are lost.
    """

    wreck: Wreck
    sound: dict[str, Copy] = field(default_factory=dict)
    unsound: dict[str, Copy] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)
    manifest: Manifest | None = None
    metadata: BackupMetadata | None = None

    def text(self, name: str) -> bytes | None:
        """A small sound entry, whole; None for one that is lost, or too long to be what it is called."""
        copy = self.sound.get(name)
        if copy is None or copy.size > limits.MAX_SMALL_BYTES:
            return None
        return b"".join(self.wreck.unpack(copy)).removeprefix(b"\xef\xbb\xbf")

    def expected(self, table: str) -> int | None:
        """How many records the archive says it held, None where it no longer says."""
        if self.manifest is not None:
            return self.manifest.tables[table].rows if table in self.manifest.tables else 0
        if self.metadata is not None and table in COUNT_OF:
            count: int = getattr(self.metadata, COUNT_OF[table])
            return count
        return None

    def entries(self) -> dict[str, str]:
        """The tables that the archive holds, or held, with their entries."""
        if self.manifest is not None:
            further = {name: table.entry for name, table in self.manifest.tables.items() if name != MIGRATIONS}
            return {table: section_entry(table) for table in CONTRACT} | further
        known = {table: section_entry(table) for table in KNOWN if table != MIGRATIONS}
        there = {table: entry for table, entry in known.items() if table in CONTRACT or entry in self.wreck.entries}
        # A name that nobody knows may be a damaged one, unless it stands in both headers alike.
        named_twice = {name for name, entry in self.wreck.entries.items() if entry.own_header and entry.in_directory}
        others = named_twice - set(known.values()) - _RESERVED
        return there | {name: entry for entry in sorted(others) if (name := names.table_of(entry)) is not None}

    def proves(self, table: str, extent: Extent) -> bool:
        """Whether an array inside a damaged data.json is, byte for byte, what the table's own entry was."""
        if not extent.whole:
            return False
        name = section_entry(table)
        if self.manifest is not None and name in self.manifest.entries:
            said = self.manifest.entries[name]
            return (extent.verbatim.size, extent.verbatim.sha256.hexdigest()) == (said.size, said.sha256)
        statements = self.wreck.entries[name].statements if name in self.wreck.entries else set()
        return any(Statement(found.size, found.crc) in statements for found in (extent.verbatim, extent.outdented))

    def exact_is_lost(self) -> bool:
        """Whether there were, or may have been, values that exact.json alone could say and no longer does."""
        if self.manifest is not None:
            return names.EXACT in self.manifest.entries and names.EXACT not in self.sound
        # Without its manifest an archive of ours does not tell which of its values stand in for others.
        return self._may_be_ours()

    def _may_be_ours(self) -> bool:
        if {names.EXACT, names.MANIFEST} & self.wreck.entries.keys():
            return True
        for name in (names.METADATA, names.DATA, *map(section_entry, CONTRACT)):
            if name in self.sound:
                beginning = next(self.wreck.unpack(self.sound[name]), b"")
                if len(beginning) > len("[]"):
                    return _OURS.match(beginning) is not None
        return True


_ALWAYS = {names.METADATA, names.DATA, names.SETTINGS, *(section_entry(table) for table in CONTRACT[:4])}
"""Entries that every generation of the app writes."""

_RESERVED = {names.METADATA, names.DATA, names.SETTINGS, names.EXACT, names.MANIFEST}


def survey(file: BinaryIO, wreck: Wreck) -> Evidence:
    """Unpack every entry once and judge it.

    Raises TooNew and UnsupportedVersion for an archive that says, in an entry that is sound, that it is
    not for us; LimitExceeded, ReadFailed, Cancelled.
    """
    evidence = Evidence(wreck)
    try:
        ZipReader(file)
    except BackupError as error:
        evidence.damage.append(error.detail)
    _judge(evidence, names.MANIFEST)
    evidence.manifest = _manifest(evidence)
    known = evidence.manifest.entries.keys() if evidence.manifest else set()
    for name in sorted({*wreck.entries, *known, *_ALWAYS} - {names.MANIFEST}):
        _judge(evidence, name)
    evidence.metadata = _metadata(evidence)
    return evidence


def _judge(evidence: Evidence, name: str) -> None:
    copies = evidence.wreck.copies(name)
    said = evidence.manifest.entries.get(name) if evidence.manifest else None
    if said is not None:
        sound = [copy for copy in copies if (copy.size, copy.sha256) == (said.size, said.sha256)]
    else:
        sound = [copy for copy in copies if not copy.damage]
    if len({copy.sha256 for copy in sound}) == 1:
        evidence.sound[name] = sound[0]
        return
    if sound:
        evidence.damage.append(f"{name} stands there more than once, and each time says something else")
    elif copies:
        best = max(copies, key=lambda copy: copy.size)
        evidence.damage.append(f"{name} {best.damage or 'is not what the manifest says: it was changed'}")
    elif name != names.MANIFEST:
        evidence.damage.append(f"{name} is missing")
    if copies:
        evidence.unsound[name] = max(copies, key=lambda copy: copy.size)


def _manifest(evidence: Evidence) -> Manifest | None:
    text = evidence.text(names.MANIFEST)
    try:
        return None if text is None else read_manifest(text)
    except BackupError as error:
        if error.kind == "too_new":
            raise
        evidence.damage.append(error.detail)
        return None


def _metadata(evidence: Evidence) -> BackupMetadata | None:
    text = evidence.text(names.METADATA)
    try:
        return None if text is None else read_metadata(text)
    except (InvalidMetadata, MissingData) as error:
        evidence.damage.append(f"{names.METADATA}: {error.detail}")
        return None


def decoded_settings(text: bytes | None) -> dict[str, msgspec.Raw] | None:
    """The settings of settings.json, None where they are lost."""
    try:
        return None if text is None else msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
