"""Reading back: a new archive is held to what was counted while it was written, before it gets its name.

Sections are unpacked while later ones are still being written, by way of a handle of their own: the
processor has the time then. What is left, and the archive as a whole, comes at the end.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from sidecar.archive.archive_writing import ArchiveWriter
from sidecar.archive.manifest import DATA
from sidecar.archive.zip_reading import ZipReader, unpacked_pieces
from sidecar.archive.zip_writing import Written
from sidecar.errors.backups import BackupError
from sidecar.errors.jobs import VerificationFailed
from sidecar.progress import Progress
from sidecar.system.flushing import flush_file
from sidecar.system.pipeline import Ahead, Sink

PIECE_BYTES = 1 << 20
"""Unpacked at a time, while others write: each piece makes the threads wait for each other a little."""


class EarlyReader:
    """Unpacks entries of the archive at ``path`` as soon as each is written, on a thread of its own.

    Leaving the block waits for those under way. Raises VerificationFailed, from the next ``put`` or
    there, for an entry that is not as it was written.
    """

    def __init__(self, path: str) -> None:
        self.names: set[str] = set()
        self._file = Path(path).open("rb")  # noqa: SIM115 - closed with the block
        self._turn = threading.Lock()
        self._sink = Sink(self._read)

    def __enter__(self) -> Self:
        self._sink.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._file:
            self._sink.__exit__(kind, error, at)

    def put(self, entry: Written) -> None:
        """Take an entry that lies in the file, all of it flushed."""
        self.names.add(entry.name)
        self._sink.put(entry)

    def _read(self, entry: Written) -> None:
        with _mismatches():
            for _ in unpacked_pieces(self._file, self._turn, entry.start, entry.info(), PIECE_BYTES):
                pass


def read_back(file: BinaryIO, written: ArchiveWriter, early: EarlyReader, progress: Progress) -> None:
    """Hold the whole archive against what was written, and flush it; entries that were read early are not read again.

    Raises VerificationFailed, Cancelled.
    """
    unread = sum(entry.packed for entry in written.entries if entry.name not in early.names)
    progress.phase("verify", unread, "bytes", "Checking the backup")
    # The directory holds names, sizes and checksums as they were counted; the rest is held against it.
    file.seek(-len(written.directory), os.SEEK_END)
    if file.read() != written.directory:
        raise VerificationFailed(detail="its directory is not the one that was written")
    with _mismatches(), closing(Ahead(_flush(file))) as flushing:
        archive = ZipReader(file)
        for name in set(archive.names) - early.names - {DATA}:
            for _ in archive.pieces(name):
                progress.check()
            progress.advance(archive.info(name).compress_size)
        # Made of the sections' packed bytes: held against them as it lies.
        for lies, meant in written.composed():
            if lies != meant:
                raise VerificationFailed(detail=f"{DATA} is not what was written")
            progress.advance(len(lies))
        next(flushing)


def _flush(file: BinaryIO) -> Generator[None, None, None]:
    """Bring a file to the disk; for a thread of its own, since it takes as long as reading it back."""
    flush_file(file.fileno())
    yield


@contextmanager
def _mismatches() -> Iterator[None]:
    try:
        yield
    except BackupError as error:
        raise VerificationFailed(detail=error.detail) from error
