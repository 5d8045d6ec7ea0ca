"""Docstrings as sentences for readers of any language: no reStructuredText and no Python in what others read.

A docstring marks code as ``code``; in a description it is `code`, as OpenRPC's Markdown has it. The words of a
docstring that is published must be JSON's (null, true, false): no generator could put them there, so it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

FOREIGN = re.compile(r"``|:[a-z]+:`|:(param|raises)\b|\b(None|True|False|dict|str|bool|tuple)\b|\s\s|\n")
"""Markup of docstrings, words of Python, and what is left of a docstring's lines."""

_READ = {"description", "summary", "title", "message", "hint"}
"""Keys of what people read."""


def plain(docstring: str | None) -> str:
    """The text of a docstring on one line, ``code`` marked as Markdown does."""
    return " ".join((docstring or "").replace("``", "`").split())


def plainly_described(schema: Any) -> Any:
    """The same schema, or whole document, each ``description`` in it a plain text."""
    if isinstance(schema, list):
        return [plainly_described(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    # A property may have this name, too: then it is no text, but a schema.
    return {
        key: plain(value) if key == "description" and isinstance(value, str) else plainly_described(value)
        for key, value in schema.items()
    }


def require_plain(document: Any) -> None:
    """Raise ValueError for a text that only a reader of Python understands."""
    for text in texts_of(document):
        if FOREIGN.search(text):
            raise ValueError(f"a description is for readers of JSON, without None, True or markup: {text}")


def texts_of(part: Any, key: str = "") -> Iterator[str]:
    """Every text of a document that is there to be read; its examples are data."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name != "examples" or not isinstance(value, list):
                yield from texts_of(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from texts_of(value)
    elif isinstance(part, str) and key in _READ:
        yield part
