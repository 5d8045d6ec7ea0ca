"""What a person knows a row by: its title, its first words, or the task that it belongs to. Never an id."""

from __future__ import annotations

from collections.abc import Collection

from sidecar.database.introspection import quote

LONGEST = 80
"""Most characters of a name."""

_READ = LONGEST + 40
"""Characters read of it: what people see as one sign, an emoji family say, may stand across the end."""

_OWN = ("title", "name", "message", "content", "user_message", "tool_name", "notes")
"""Columns that name a row, best first."""

_START = "start_time"
_DAY = f"substr(r.{_START}, 1, 10)"


def row_name(columns: Collection[str]) -> str:
    """SQL: the name of row ``r`` of a table with these columns, NULL where it has none.

    The tasks of the database are looked at first, then those of the stage, which may lack the one that is meant.
    """
    own = [_words(f"r.{quote(column)}") for column in _OWN if column in columns]
    if "task_id" in columns:
        task = _title("r.task_id")
        if "depends_on_id" in columns:
            task = f"{task} || ' depends on ' || {_title('r.depends_on_id')}"
        elif _START in columns:
            task = f"{_DAY} || ': ' || {task}"
        own = [task, *own]
    if _START in columns:
        own.append(_DAY)
    return f"substr(coalesce({', '.join([*own, 'NULL', 'NULL'])}), 1, {_READ})"


def shortened(name: str | None) -> str | None:
    """A name of at most LONGEST characters, with no sign cut in two."""
    if name is None or len(name) <= LONGEST:
        return name
    if name.isascii():
        return name[:LONGEST]
    from wcwidth import iter_graphemes

    kept = ""
    for sign in iter_graphemes(name):
        if len(kept) + len(sign) > LONGEST:
            break
        kept += sign
    return kept


def _words(value: str) -> str:
    return f"nullif(trim(CAST({value} AS TEXT)), '')"


def _title(reference: str) -> str:
    title = _words("t.title")
    found = (f"(SELECT {title} FROM {where}.tasks t WHERE t.id = {reference})" for where in ("main", "stage"))
    return f"coalesce({', '.join(found)})"
