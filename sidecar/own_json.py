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


def with_unknown(value: object, there: object, whole: tuple[type[msgspec.Struct], ...] = ()) -> object:
    """``value`` as builtins, and besides it the keys that only ``there`` has, as a newer version may have written them.

    Structs in a list are the same if their ``path`` or ``name`` is. Of a struct of one of the types in ``whole``
    nothing is kept unless it says what it said there.
    """
    if isinstance(value, msgspec.Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        if not isinstance(there, dict) or (isinstance(value, whole) and not _says_the_same(value, there)):
            there = {}
        unknown = {key: word for key, word in there.items() if key not in fields}
        return unknown | {name: with_unknown(field, there.get(name), whole) for name, field in fields.items()}
    if isinstance(value, dict):
        known = there if isinstance(there, dict) else {}
        return {key: with_unknown(item, known.get(key), whole) for key, item in value.items()}
    if isinstance(value, list):
        named = {_name_of(item): item for item in there if isinstance(item, dict)} if isinstance(there, list) else {}
        return [with_unknown(item, named.get(_name_of(msgspec.to_builtins(item))), whole) for item in value]
    return msgspec.to_builtins(value)


def _says_the_same(value: msgspec.Struct, there: object) -> bool:
    try:
        return msgspec.convert(there, type(value)) == value
    except msgspec.ValidationError:
        return False


def _name_of(item: object) -> str | None:
    return str(item.get("path") or item.get("name")) if isinstance(item, dict) else None
