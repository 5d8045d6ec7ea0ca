"""The token of a preview: what it showed, in one word, and the refusal of an import that would do something else.

A token names the bytes of the archive, the kind of import and the database, the database's state, and the account
of every table. So a backup that a sync client replaces between a preview and the import that was agreed to is not
imported unseen. Names no content: digests alone. What a token says is nobody's to read but this module's.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sidecar.database.snapshot import change_counter
from sidecar.errors.jobs import ChangedSincePreview
from sidecar.own_json import encoded
from sidecar.progress import Progress
from sidecar.restore.plan import Plan
from sidecar.system.files import open_source
from sidecar.system.os_errors import file_errors

_FILE, _KIND, _DATA, _ACCOUNT, _CHOICE, _NUMBERS = "file", "kind", "data", "account", "choice", "numbers"
_SAYS = {
    _FILE: "the backup file is not the one that was shown",
    _KIND: "the preview was of another kind of import, or for another database",
    _DATA: "KiraPilot's data has changed",
    _CHOICE: "the preview was of another choice between rows that differ",
    _NUMBERS: "KiraPilot's data has changed",
    _ACCOUNT: "KiraPilot's data has changed",
}
"""Parts of a token, in order, and what to say when one of them differs."""

_UNCOUNTED = "wal"
"""The state of a database that keeps no count in its file of who wrote to it."""

_DIGITS = 32
"""Hexadecimal digits kept of a digest: 128 bits, which no two backups share by accident."""

_FEW = 16
"""Those of a part that stands beside others: it is held to the same database and file as they are."""

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class FileState:
    """The bytes of an archive, and the files they were read from as the system knows them: one, if it is packed."""

    digest: str
    identity: tuple[tuple[int, ...], ...]


def read_state(files: Sequence[str], progress: Progress) -> FileState:
    """The state of an archive, which is read once from end to end. Raises PathError, Cancelled."""
    digest = hashlib.sha256()
    identities: list[tuple[int, ...]] = []
    for file_path in files:
        with open_source(file_path, progress) as file, file_errors(Path(file_path)):
            identities.append(_identity(os.fstat(file.fileno())))
            if len(files) > 1:
                # Where one ends and the next begins, and which it is.
                digest.update(repr((Path(file_path).name, file.tell())).encode("utf-8", "surrogateescape"))
            file.seek(0)
            while piece := file.read(_PIECE_BYTES):
                progress.check()
                digest.update(piece)
    return FileState(digest.hexdigest()[:_DIGITS], tuple(identities))


def require_unchanged(files: Sequence[str], state: FileState) -> None:
    """Raise ChangedSincePreview if a file is another one by now, or was written to. Raises PathError."""
    identities: list[tuple[int, ...]] = []
    for file_path in files:
        with file_errors(Path(file_path)):
            identities.append(_identity(Path(file_path).stat()))
    if tuple(identities) != state.identity:
        raise ChangedSincePreview(path=files[0], detail=_SAYS[_FILE])


def database_state(connection: sqlite3.Connection, database: Path) -> str:
    """A word that is another one when the database was written to; "wal" for one that keeps no count in its file."""
    (mode,) = connection.execute("PRAGMA main.journal_mode").fetchone()
    return _UNCOUNTED if mode == "wal" else str(change_counter(database))


def make_token(state: FileState, kind: tuple[object, ...], data: str, plan: Plan, numbers: str) -> str:
    """The token of a preview.

    :param kind: what was asked for, and of which database.
    :param data: the state of the database before the difference was worked out, by ``database_state``.
    :param numbers: what tells its conflicts from others; "" where there are none to be settled.
    """
    choice = b"" if plan.conflicts is None else msgspec.json.encode(plan.conflicts.policies)
    account = msgspec.json.encode(plan.accounts, order="sorted")
    said = encoded(kind), choice, numbers.encode(), account
    kind_of, choice_of, numbers_of, account_of = map(_digest, said)
    return "-".join((state.digest, kind_of, data, choice_of[:_FEW], numbers_of[:_FEW], account_of))


def is_of(token: str, state: FileState, kind: tuple[object, ...], data: str) -> bool:
    """Whether a token is that of a backup, an import of that kind and a database, as they are: what else it says
    follows from these. Nobody can tell of a database that keeps no count."""
    told = dict(zip(_SAYS, token.split("-"), strict=False))
    now = {_FILE: state.digest, _KIND: _digest(encoded(kind)), _DATA: data}
    return data != _UNCOUNTED and all(told.get(part) == said for part, said in now.items())


def require_same(token: str, current: str) -> None:
    """Raise ChangedSincePreview, which says what differs, unless the two tokens are the same."""
    if token == current:
        return
    shown = token.split("-")
    differing = (part for part, then, now in zip(_SAYS, shown, current.split("-"), strict=False) if then != now)
    raise ChangedSincePreview(detail=_SAYS[next(differing, _FILE)])


def require_same_numbers(token: str, current: str) -> None:
    """Raise ChangedSincePreview unless the conflicts of the one preview have the same numbers in the other: what was
    chosen for them may differ."""
    numbers = [dict(zip(_SAYS, told.split("-"), strict=False)) for told in (token, current)]
    for part in (_FILE, _KIND, _DATA, _NUMBERS):
        if numbers[0].get(part) != numbers[1].get(part):
            raise ChangedSincePreview(detail=_SAYS[part])


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:_DIGITS]
