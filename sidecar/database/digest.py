"""All that a database holds in one word: every value of every row, in order, and the schema.

Two databases of one word hold the same, by storage class and to the last byte, wherever in their files it lies. Takes
no memory and no temporary file, whatever the size.
"""

from __future__ import annotations

import hashlib
import marshal
import sqlite3

import msgspec

from sidecar.database.introspection import quote
from sidecar.progress import Progress

_BATCH = 200

_PLAIN = 2
"""The form of marshal in which equal values are equal bytes; later ones refer to what was written before. Half the time
of ``repr``."""

_SETTINGS = ("encoding", "page_size", "auto_vacuum", "user_version", "application_id")
"""Pragmas whose values are the file's own."""


class Digest(msgspec.Struct, frozen=True):
    """``word`` stands for all of it; ``rows`` counts those of each table."""

    word: str
    rows: dict[str, int]


def take_digest(connection: sqlite3.Connection, progress: Progress) -> Digest:
    """The digest of the main database; the text_factory of the connection is another one afterwards.

    Of the schema the order does not count, for a VACUUM changes it. Rows are read in the order of their table: a VACUUM
    may number them anew, but keeps that.
    Raises sqlite3.Error, Cancelled.
    """
    # A text is told from bytes that are the same: it stands in brackets.
    connection.text_factory = lambda raw: (raw,)
    entries = connection.execute("SELECT type, name, tbl_name, sql FROM main.sqlite_master ORDER BY name").fetchall()
    tables = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND rootpage > 0 ORDER BY name"
    whole = hashlib.blake2b(repr(entries).encode(), digest_size=16)
    for name in _SETTINGS:
        whole.update(repr(connection.execute(f"PRAGMA main.{name}").fetchone()).encode())
    rows = {}
    with progress.watching(connection):
        for ((name,),) in connection.execute(tables).fetchall():
            known = name.decode("utf-8", "replace")
            rows[known] = 0
            found = connection.execute(f"SELECT * FROM main.{quote(known)}")
            while batch := found.fetchmany(_BATCH):
                rows[known] += len(batch)
                whole.update(marshal.dumps(batch, _PLAIN))
            whole.update(f"{rows[known]} rows of {known}".encode("utf-8", "surrogatepass"))
    return Digest(whole.hexdigest(), rows)
