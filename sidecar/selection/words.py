"""Where words stand: the columns of each type of data in which a text is looked for."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

WORDS = {
    "tasks": ("title", "description", "tags"),
    "task_lists": ("name",),
    "periodic_task_templates": ("title", "description", "tags"),
    "time_sessions": ("notes",),
    "focus_sessions": ("notes",),
    "threads": ("title",),
    "thread_messages": ("content",),
    "ai_interactions": ("message", "response"),
    "ai_suggestions": ("title", "description"),
    "ai_interaction_logs": ("user_message", "ai_response"),
    "tool_execution_logs": ("tool_name",),
}
"""Table -> columns that a person wrote or has read; the first is what a row is known by."""

_ANY = tuple(dict.fromkeys(column for columns in WORDS.values() for column in columns))


def folded(text: str) -> str:
    """As texts are compared when one is looked for: capitals do not matter, nor how accents are put together."""
    return text.casefold() if text.isascii() else composed(composed(text).casefold())


def composed(text: str) -> str:
    """A text whose accents are part of their letters, as Linux and Windows type them, and macOS does not always."""
    return unicodedata.normalize("NFC", text)


def words_of(table: str, columns: Collection[str]) -> list[str]:
    """The columns to look in; of a table that the code does not know, those that are called as others are."""
    return [column for column in WORDS.get(table, _ANY) if column in columns]
