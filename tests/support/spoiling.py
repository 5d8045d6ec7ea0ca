"""Entries of a backup, spoiled: what a test replaces in them, leaves out, or nests without end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.support.archives import TASK, Entries, with_text

Spoil = Callable[[Entries], Entries]


def in_tasks(text: str | bytes, count: int = 1) -> Spoil:
    """The list of tasks is ``text``, valid or not."""
    return lambda _: with_text(_encoded(text), count)


def one_task(*replaced: tuple[str, str], **changes: Any) -> str:
    """A list with one task, which has further or other values; then texts of it are replaced."""
    text = json.dumps([TASK | changes])
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return text


def replaced(name: str, old: str | bytes, new: str | bytes) -> Spoil:
    """In an entry, the first ``old``, which must be there, is ``new``."""

    def replace(entries: Entries) -> Entries:
        assert _encoded(old) in entries[name]
        return entries | {name: entries[name].replace(_encoded(old), _encoded(new), 1)}

    return replace


def lacking(name: str) -> Spoil:
    """There is no such entry."""
    return lambda entries: {key: data for key, data in entries.items() if key != name}


def nested(depth: int, opening: str = "[", closing: str = "]", core: str = "") -> str:
    return opening * depth + core + closing * depth


def _encoded(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
