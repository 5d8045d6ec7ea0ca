"""What a decoder complains of, in words for people: whatever a backup or a request holds, nobody is shown the parser's.

The one place that knows how msgspec puts it; what it says otherwise is told without its words.
"""

from __future__ import annotations

import re

_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
_GOT = _TYPES | {"float": "a number with a fraction"}
_BOUNDS = {">=": "{} or more", "<=": "{} or less", ">": "more than {}", "<": "less than {}"}

_PLACE = re.compile(r"(?P<what>.*?) - at (`key` in )?`\$\.?(?P<where>.*)`", re.DOTALL)
_EXPECTED = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`")
_BOUNDED = re.compile(r"Expected `(int|float)` (?P<sign>[<>]=?) (?P<bound>-?[\d.]+)")
_LENGTH = re.compile(r"Expected `(?P<of>str|array|object)` of length (?P<sign>[<>]=) (?P<bound>\d+)")
_FIELD = re.compile(r"Object (?P<fault>missing required|contains unknown) field `(?P<field>.*)`", re.DOTALL)
_BYTE = re.compile(r"JSON is malformed: .*\(byte (?P<byte>\d+)\)", re.DOTALL)

_NO_DAY = re.compile(r"`(?P<field>\w+)` (?P<fault>is not a day like [\d-]+)")
_OF_DAYS = "Expected `str` matching regex '^\\\\d{4}-"


def in_words(error: Exception) -> str:
    """What is wrong, as the part of a sentence that follows "...: ": ``task_count must be a whole number, not text``.

    :param error: a msgspec.DecodeError or ValidationError, RecursionError or UnicodeError.
    """
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeError):
        return "it is not UTF-8"
    message = str(error)
    place = _PLACE.fullmatch(message)
    what, where = (place["what"], place["where"]) if place else (message, "")
    where = where.replace("[...]", "")
    return _of_json(what) or _of_type(what, where) or _unlike(where)


def _of_json(what: str) -> str | None:
    if "truncated" in what:
        return "it ends too early"
    found = _BYTE.fullmatch(what)
    return f"it goes wrong at byte {int(found['byte']):,}" if found else None


def _of_type(what: str, where: str) -> str | None:
    subject = where or "it"
    if what == "Number out of range":
        return f"{where or 'a number in it'} is larger than any number may be"
    if found := _EXPECTED.fullmatch(what):
        wanted = " or ".join(_TYPES.get(name, "something else") for name in found["wanted"].split(" | "))
        return f"{subject} must be {wanted}, not {_GOT.get(found['got'], 'something else')}"
    if found := _BOUNDED.fullmatch(what):
        return f"{subject} must be {_BOUNDS[found['sign']].format(found['bound'])}"
    if found := _LENGTH.fullmatch(what):
        if found["sign"] == ">=" and found["bound"] == "1":
            return f"{subject} must not be empty"
        counted = "characters" if found["of"] == "str" else "entries"
        return f"{subject} must have at {'least' if found['sign'] == '>=' else 'most'} {found['bound']} {counted}"
    if found := _FIELD.fullmatch(what):
        name = f"{where}.{found['field']}" if where else found["field"]
        return f"{name} is missing" if found["fault"].startswith("missing") else f"{name} is not known"
    if found := _NO_DAY.fullmatch(what):
        return f"{where}.{found['field']} {found['fault']}" if where else f"{found['field']} {found['fault']}"
    if what.startswith(_OF_DAYS):
        return f"{subject} is not a day like 2026-11-22"
    # Whatever the word is, it is not repeated.
    return f"{subject} is none of the words that it may be" if what.startswith("Invalid enum value") else None


def _unlike(where: str) -> str:
    return f"{where or 'it'} is not as it should be"
