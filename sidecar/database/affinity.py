"""The affinity of a column: what SQLite makes of a value that is stored in it, by the type it is declared with."""

from __future__ import annotations

NONE, TEXT, NUMERIC, INTEGER, REAL = "none", "text", "numeric", "integer", "real"


def affinity(declared: str, strict: bool = False) -> str:
    """The affinity of a column by its declared type: https://www.sqlite.org/datatype3.html, 3.1."""
    name = declared.upper()
    if strict and name == "ANY":
        return NONE
    for parts, found in ((("INT",), INTEGER), (("CHAR", "CLOB", "TEXT"), TEXT)):
        if any(part in name for part in parts):
            return found
    if not name or "BLOB" in name:
        return NONE
    return REAL if any(part in name for part in ("REAL", "FLOA", "DOUB")) else NUMERIC
