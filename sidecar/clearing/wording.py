"""The sentence that the app's page shows once all data is cleared: its own, and where all of it is now."""

from __future__ import annotations

from collections.abc import Mapping

_NAMED = {
    "tasks": "tasks",
    "time_sessions": "time sessions",
    "ai_interactions": "AI interactions",
    "task_dependencies": "dependencies",
}
"""What the app has always named in its sentence, in its order."""


def sentence_of(tables: Mapping[str, int], safety_copy: str | None) -> str:
    """What was cleared, in words.

    :param tables: rows that went, per table. :param safety_copy: the path of the copy; None where nothing was there.
    """
    counts = [f"{tables.get(table, 0):,} {words}" for table, words in _NAMED.items()]
    others = sum(rows for table, rows in tables.items() if table not in _NAMED)
    counts += [f"{others:,} other {'record' if others == 1 else 'records'}"] if others else []
    told = f"Successfully cleared all data: {', '.join(counts)}"
    if safety_copy is None:
        return told
    return f"{told}.\n\nAll of it is in a safety copy, from which an undo brings it back: {safety_copy}"
