"""What a person knows a row by: its title, its first words, or the task or list that it belongs to. Never an id."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sidecar.database.introspection import folded, quote

LONGEST = 80
"""Most characters of a name."""

_READ = LONGEST + 40
"""Characters read of it: what people see as one sign, an emoji family say, may stand across the end."""

_OWN = ("title", "name", "message", "content", "user_message", "tool_name", "notes")
"""Columns that name a row, best first."""

_START = "start_time"


def row_name(columns: Collection[str], row: str = "r", tasks_of: Sequence[str] = ("main", "stage")) -> str:
    """SQL: the name of a row of a table with these columns, NULL where it has none.

    :param row: what the row is called in the statement.
    :param tasks_of: the databases whose tasks are looked at, in this order: by default that of the user before the
        stage, which may lack the one that is meant.
    """
    columns = set(map(folded, columns))
    day = f"substr({row}.{_START}, 1, 10)"
    own = [_words(f"{row}.{quote(column)}") for column in _OWN if column in columns]
    if "task_id" in columns:
        task = _title(f"{row}.task_id", tasks_of)
        if "depends_on_id" in columns:
            task = f"{task} || ' depends on ' || {_title(f'{row}.depends_on_id', tasks_of)}"
        elif _START in columns:
            task = f"{day} || ': ' || {task}"
        own = [task, *own]
    if _START in columns:
        own.append(day)
    return f"substr(coalesce({', '.join([*own, 'NULL', 'NULL'])}), 1, {_READ})"


def list_name(columns: Collection[str], row: str, where: str) -> str:
    """SQL: the name of the task list that a row of a table with these columns belongs to, itself or by its task.

    :param where: the database whose lists and tasks are looked at.
    """
    columns = set(map(folded, columns))
    if "task_list_id" in columns:
        of = f"{row}.task_list_id"
    elif "task_id" in columns:
        of = f"(SELECT k.task_list_id FROM {quote(where)}.tasks k WHERE k.id = {row}.task_id)"
    else:
        return "NULL"
    return f"(SELECT CAST(n.name AS TEXT) FROM {quote(where)}.task_lists n WHERE n.id = {of})"


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


def _title(reference: str, tasks_of: Sequence[str]) -> str:
    title = _words("t.title")
    found = (f"(SELECT {title} FROM {quote(where)}.tasks t WHERE t.id = {reference})" for where in tasks_of)
    return f"coalesce({', '.join([*found, 'NULL'])})"
