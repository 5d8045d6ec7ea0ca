"""The reader's limits: the most that is believed of a backup, whoever wrote it. protocol/FORMAT.md has them as a table.

An archive is hostile until proved: each limit bounds memory, time or disk, far above what KiraPilot writes, and each
is told of by an error of its own sentence. What the writer may make is bounded by the same numbers.
"""

from __future__ import annotations

# -- the ZIP -----------------------------------------------------------------------------

MAX_ENTRIES = 1000
"""Entries of an archive; KiraPilot's have about twenty."""

MAX_DIRECTORY_BYTES = 4 << 20
"""Bytes of central directory that are read into memory."""

MAX_HEADERS = 2000
"""Headers that a salvage looks at; KiraPilot's archives have about forty."""

# -- its JSON ----------------------------------------------------------------------------

MAX_SMALL_BYTES = 16 << 20
"""Bytes of an entry that is read whole: metadata, manifest, settings."""

MAX_SETTING_BYTES = 1 << 20
"""Bytes of one value of the frontend's settings, as JSON; its own are some kilobytes."""

MAX_SETTING_DEPTH = 24
"""Nesting of such a value, as deep as it is looked through; JSON inside of text may be as deep again."""

MAX_KEYS = 1000
"""Top-level keys of a document."""

MAX_KEY_BYTES = 10_000
"""Bytes of such a key, as it stands there; all of them are remembered."""

MAX_RECORD_BYTES = 64 << 20
"""Bytes of a record, or other value; the app's longest texts are some kilobytes."""

MAX_DEPTH = 64
"""Nesting of a record; the app's own have none."""

MAX_PARTS = 1_000_000
"""Strings, brackets and commas of one record, or other value: the scanner takes a second for them."""

MAX_FIRST_JSON_BYTES = 64 << 20
"""Bytes of a JSON backup of the first releases: the localStorage it came from takes ten million at most."""

# -- its tables --------------------------------------------------------------------------

MAX_TABLES = 950
"""Tables of an archive; with the app's own entries they stay below MAX_ENTRIES."""

MAX_STAGED_TABLES = 1000
"""Tables of a stage, the copies of sections among them; the app has sixteen."""

MAX_COLUMNS = 500
"""Columns of a table; SQLite's own limit is 2,000."""

MAX_NAME = 1000
"""Characters in the name of a table or a column, a column's type, or a key of a record."""

MAX_SCHEMA = 1 << 20
"""Characters of the statements that a manifest holds; the app's own have 12,000."""

MAX_RECORD_KEYS = 2 * MAX_COLUMNS
"""Different keys among the records of one table: a table's columns, and filler for the shipped app."""

MAX_SHAPES = 1000
"""Different sets of keys among the records of one table; honest tables have one or two."""

MAX_NO_RECORDS = 10_000
"""Records of a table that are no objects, or empty: with more of them, it holds something else."""
