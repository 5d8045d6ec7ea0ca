"""Replacing a file: all of it at once where the place can, else by the next best way, and told so.

The best way: a temporary file beside the target, flushed, then renamed over it in one step. Where a place takes no such
file (it cannot be read and written at once, or written anywhere but at its end), the new file is made in the work
folder, and copied in one go. Where a rename is refused, the older file is moved aside first; and where nothing can be
renamed, it is kept in the work folder while the new one is written over it. Where ``cat > file`` works, this works.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sidecar.errors.jobs import VerificationFailed
from sidecar.errors.paths import ReadFailed
from sidecar.progress import Progress
from sidecar.system import names
from sidecar.system.files import mark_temporary, open_private
from sidecar.system.flushing import CANNOT_FLUSH, flush_file, flush_rename
from sidecar.system.locks import SUFFIX, Lock, leftovers, new_lock
from sidecar.system.os_errors import Act, file_errors, typed
from sidecar.system.patience import patiently
from sidecar.system.permissions import Owner, give_to, take_over, unprotected

_PREFIX, _TEMPORARY = ".kp-", ".tmp"
"""Short, so that a target whose name is as long as the file system allows has room for it."""

_PIECE = 1 << 20

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))

MOVED_ASIDE = (
    "This place replaces no file in one step: for a moment there was no backup of that name, only the older one under"
    " another. The new one is complete and in place"
)
WRITTEN_OVER = (
    "This place renames no files, so the backup was written in its place and read back: had the computer failed while"
    " it was saved, the older backup of that name would have been lost. The new one is complete"
)
WRITTEN_PLAINLY = (
    "This place renames no files, so the backup was written under its name from the first byte on, and read back: had"
    " the computer failed meanwhile, half a backup would have been left there. It is complete"
)
"""What to say of the next best ways: which promise the place could not keep."""


@dataclass
class _Draft:
    """The new file while it is made: beside its target, with a lock, or in the work folder, which has its own."""

    path: Path
    lock: Lock | None = None

    def discard(self) -> None:
        """Remove it, if it is still there; what cannot be removed keeps its lock file, for a later sweep."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError:
            # Whether the target was replaced is decided already: no failure here changes that.
            if self.lock is not None:
                self.lock.release()
        else:
            if self.lock is not None:
                self.lock.let_go()


@dataclass
class Saving:
    """How one target is saved.

    :param work: a folder of the job's own, for what the target's place does not take; None: then it fails there.
    :param owner: who is to own a new file, where root makes it.
    ``remarks``: what the place could not promise, for the result.
    """

    target: Path
    work: Path | None = None
    progress: Progress | None = None
    owner: Owner | None = None
    remarks: list[str] = field(default_factory=list)

    def remark(self, words: str) -> None:
        if words not in self.remarks:
            self.remarks.append(words)

    def patiently(self, do: Callable[[], object]) -> None:
        patiently(do, self.target, self.progress)


@contextmanager
def replacing(saving: Saving) -> Iterator[BinaryIO]:
    """A new file, readable and writable, that takes the place of the target when the block ends well.

    It is readable by its owner only until it takes over the mode of what it replaces. When the block raises, or the
    process dies, the target is what it was; a file left by a killed process is removed by the next use. Once it is in
    place the new file stays, whatever happens: what could not be promised then is a remark.
    Raises SidecarErrors for the file system's.
    """
    target = saving.target
    with file_errors(target, Act.SAVE):
        _sweep(target.parent)
        draft, file = _new_draft(saving)
    try:
        with file_errors(target, Act.SAVE), file:
            yield file
            file.flush()
            if not flush_file(file.fileno()):
                saving.remark(CANNOT_FLUSH)
        with file_errors(target, Act.SAVE), unprotected(target):
            if draft.lock is None:
                _deliver(draft.path, saving)
            else:
                _put_in_place(draft.path, saving)
            flushed = flush_rename(target)
        if flushed is not None:
            saving.remark(flushed)
    finally:
        draft.discard()


def _new_draft(saving: Saving) -> tuple[_Draft, BinaryIO]:
    """A file to write to: beside the target if it does what an archive in the making needs, else in the work folder."""
    draft = None
    try:
        draft = _beside(saving.target)
        return draft, _tried(draft.path)
    except OSError as error:
        if draft is not None:
            draft.discard()
        if saving.work is None or error.errno in _FULL:
            raise
    # Known at once, not after minutes of work: whether the place takes a file at all.
    with unprotected(saving.target):
        _require_writable(saving)
    draft = _Draft(saving.work / "backup")
    return draft, open_private(draft.path)


def _beside(target: Path) -> _Draft:
    path = target.parent / f"{_PREFIX}{secrets.token_hex(4)}{_TEMPORARY}"
    # Locked before it exists, so that no neighbour can take it for a leftover.
    lock = new_lock(path.with_suffix(SUFFIX))
    # The other one needs no mark, which would stay with it: sync clients leave names that end in .tmp alone.
    mark_temporary(lock.path)
    return _Draft(path, lock)


def _tried(path: Path) -> BinaryIO:
    """A new file that can be read and written anywhere, and by two at a time. Raises OSError where it cannot."""
    file = open_private(path)
    try:
        for at, data in ((0, b"ab"), (0, b"b"), (2, b"c")):
            file.seek(at)
            file.write(data)
            file.flush()
        with path.open("rb") as other:
            file.seek(0)
            if (file.read(), other.read()) != (b"bbc", b"bbc"):
                raise OSError(errno.EOPNOTSUPP, "what is written there cannot be read back while it is written")
        file.seek(0)
        file.truncate()
    except BaseException:
        file.close()
        raise
    return file


def _require_writable(saving: Saving) -> None:
    """Raise what opening the target for writing raises; a file that was not there is not there afterwards."""
    target = saving.target
    is_new = not target.exists()

    def try_it() -> None:
        os.close(os.open(target, os.O_WRONLY | (os.O_CREAT if is_new else 0), 0o600))

    try:
        # Nobody holds what is not there. Elsewhere than on Windows nothing tells of a file whether somebody holds it.
        patiently(try_it, target, saving.progress, if_permitted=is_new or names.ON_WINDOWS)
    finally:
        if is_new:
            with suppress(OSError):
                target.unlink(missing_ok=True)


def _deliver(source: Path, saving: Saving) -> None:
    """Copy a file that was made in the work folder to its place: beside the target and renamed, if that can be had."""
    try:
        draft = _beside(saving.target)
    except OSError:
        _write_over(source, saving)
        return
    try:
        _copy(source, draft.path, saving)
        _require_same(source, draft.path)
    except OSError as error:
        draft.discard()
        if error.errno in _FULL:
            raise typed(error, saving.target, Act.SAVE) from error
        _write_over(source, saving)
        return
    try:
        _put_in_place(draft.path, saving)
    finally:
        draft.discard()


def _put_in_place(draft: Path, saving: Saving) -> None:
    """Give the finished file its name, by the best way that the place has."""
    target = saving.target
    if not take_over(target, draft):
        give_to(saving.owner, draft)
    try:
        saving.patiently(lambda: draft.replace(target))
    except OSError as error:
        if _moved_over(draft, saving):
            saving.remark(MOVED_ASIDE)
        elif saving.work is not None:
            _write_over(draft, saving)
        else:
            raise typed(error, target, Act.RENAME) from error


def _moved_over(draft: Path, saving: Saving) -> bool:
    """Rename the older file away, then the new one to its place; the older one comes back if that fails."""
    target = saving.target
    older = target.with_name(f"older-{secrets.token_hex(4)}.kpbackup")
    try:
        target.rename(older)
    except OSError:
        return False
    try:
        draft.rename(target)
    except OSError:
        older.rename(target)
        return False
    with suppress(OSError):
        older.unlink()
    return True


def _write_over(source: Path, saving: Saving) -> None:
    """Write the new file where the older one is, which is kept in the work folder until the new one reads back."""
    target = saving.target
    with file_errors(target, Act.SAVE):
        older = _kept(saving)
        if older is not None and target.stat().st_nlink > 1:
            # Its other names are the older file's: written over, they would lose it, too.
            target.unlink()
        try:
            _copy(source, target, saving)
            _require_same(source, target)
        except BaseException:
            _put_back(older, saving)
            raise
    if older is None:
        give_to(saving.owner, target)
    saving.remark(WRITTEN_PLAINLY if older is None else WRITTEN_OVER)


def _kept(saving: Saving) -> Path | None:
    """A copy of what is at the target, None where nothing is. Raises OSError where none can be made."""
    assert saving.work is not None  # asked for by every way that leads here
    older = saving.work / "older"
    try:
        with saving.target.open("rb") as file, open_private(older) as copy:
            shutil.copyfileobj(file, copy, _PIECE)
    except FileNotFoundError:
        return None
    return older


def _put_back(older: Path | None, saving: Saving) -> None:
    """Make the target what it was; where even that fails, leave the older file where it is found, and say where."""
    target = saving.target
    if older is None:
        with suppress(OSError):
            target.unlink(missing_ok=True)
        return
    with suppress(OSError, VerificationFailed):
        _require_same(older, target)
        return
    try:
        _copy(older, target, Saving(target))
        _require_same(older, target)
    except (OSError, VerificationFailed) as error:
        saved = older.parent.parent / f"older-{secrets.token_hex(4)}.kpbackup"
        older.rename(saved)
        detail = f"the older backup there could not be put back, and lies in {saved} now"
        raise ReadFailed(path=target, detail=detail) from error


def _copy(source: Path, path: Path, saving: Saving) -> None:
    """Write a file from its beginning to its end, as ``cat`` does, and flush it if the place can."""

    def opened() -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)

    with source.open("rb") as file, os.fdopen(patiently(opened, path, saving.progress), "wb") as copy:
        while piece := file.read(_PIECE):
            copy.write(piece)
            if saving.progress is not None:
                saving.progress.check()
        copy.flush()
        if not flush_file(copy.fileno()):
            saving.remark(CANNOT_FLUSH)


def _require_same(source: Path, path: Path) -> None:
    """Raise VerificationFailed unless ``path`` reads back as it was written."""
    with source.open("rb") as meant, path.open("rb") as found:
        while piece := meant.read(_PIECE):
            if found.read(len(piece)) != piece:
                raise VerificationFailed(path=path, detail="it does not hold what was written to it")
        if found.read(1):
            raise VerificationFailed(path=path, detail="it holds more than what was written to it")


def _sweep(folder: Path) -> None:
    """Remove what killed exports left in ``folder``: temp files whose lock can be had."""
    with suppress(OSError):  # a folder that cannot be listed may be written to all the same
        for lock in leftovers(folder, _PREFIX):
            _Draft(lock.path.with_suffix(_TEMPORARY), lock).discard()
