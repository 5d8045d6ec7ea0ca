"""JSON of our own that holds paths: a file name need not be text in any encoding, and msgspec takes no such name.

Python writes what cannot be decoded of a name as half a character. Here that half is escaped, as Python's json does.
"""

from __future__ import annotations

import json
from typing import TypeVar

import msgspec

T = TypeVar("T")


def encoded(value: object, indent: int = 0) -> bytes:
    """A value as JSON in UTF-8, on one line if ``indent`` is 0."""
    try:
        text = msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), indent=indent or None).encode()
    return msgspec.json.format(text, indent=indent) if indent else text


def decoded(text: bytes, kind: type[T]) -> T:
    """What ``encoded`` wrote. Raises msgspec.DecodeError, UnicodeDecodeError, RecursionError."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        if b"\\ud" not in text:
            raise
        try:
            return msgspec.convert(json.loads(text), type=kind)
        except json.JSONDecodeError:
            raise error from None
