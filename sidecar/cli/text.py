"""Plain text that lines up: tables, numbers, sizes, dates, and text that cannot disturb a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

_UNITS = ("kB", "MB", "GB", "TB")

_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)?")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> list[str]:
    """Lines of a table, two spaces between its columns.

    :param align: one letter for each column, "l" or "r". Text of unknown width belongs in the last column.
    """
    cells = [list(header), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return [
        "  ".join(
            cell.ljust(width) if side == "l" else cell.rjust(width)
            for cell, width, side in zip(row, widths, align, strict=True)
        ).rstrip()
        for row in cells
    ]


def printable(text: str) -> str:
    """``text`` on one line, with what could move a cursor, ring a bell or fail to encode written as an escape.

    A backup is somebody else's file until proved: its text must not control the terminal.
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def number(count: int) -> str:
    """1234567 as ``1,234,567``."""
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size(octets: int) -> str:
    """Bytes for people, in powers of 1000 as file managers show them: ``812 bytes``, ``24.2 kB``."""
    if octets < 1000:
        return plural(octets, "byte")
    amount = octets / 1000
    for unit in _UNITS:
        # 999.95 would be shown as 1000.0.
        if amount < 999.95 or unit == _UNITS[-1]:
            break
        amount /= 1000
    return f"{amount:.1f} {unit}"


def when(timestamp: str) -> str:
    """``2026-11-22T16:07:21.689983550Z`` as ``2026-11-22 16:07:21 UTC``; anything else as it is, made printable."""
    found = _TIMESTAMP.fullmatch(timestamp)
    return f"{found[1]} {found[2]} UTC" if found else printable(timestamp)
