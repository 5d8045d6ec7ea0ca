"""Docstrings as sentences for readers of any language: no reStructuredText in what others read.

A docstring marks code as ``code``; in a description it is `code`, as OpenRPC's Markdown has it. The words of a
docstring that is published are JSON's (null, true, false), which no generator could put there.
"""

from __future__ import annotations

from typing import Any


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
