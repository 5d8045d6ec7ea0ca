"""What all errors have in common, and those that belong to no job: cancelled, started again, unexpected."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

LONGEST_DETAIL = 1000
"""Most characters of a detail: an archive decides how long its names are."""

IF_BROKEN = (
    "If it is, it is broken: import your latest backup as a replacement, which makes a new database and keeps the"
    " broken file beside it."
)
"""Advice behind "name KiraPilot's database file", for whoever did."""


class SidecarError(Exception):
    """Something went wrong. {detail}"""

    kind: ClassVar[str] = "error"
    code: ClassVar[int] = 1
    hint: ClassVar[str] = ""
    blames_backup: ClassVar[bool] = False
    reassures: ClassVar[bool] = False
    """Whether the sentence says by itself that nothing was changed."""

    def __init__(self, *, path: object = None, detail: str = "") -> None:
        self.path = None if path is None else str(path)
        self.detail = detail if len(detail) <= LONGEST_DETAIL else f"{detail[: LONGEST_DETAIL - 1]}…"
        self.reassurance = ""
        self.advice = ""
        self.suggestion = ""
        sentence = " ".join((inspect.getdoc(type(self)) or "").split())
        super().__init__(sentence.format(path=self.path or "", detail=self.detail).strip())

    @property
    def message(self) -> str:
        """A few sentences for the user: reassurance first, and what else could be tried last, where there is any."""
        sentence = f"{self.reassurance}{self.args[0]}"
        for more in filter(None, (self.advice, self.suggestion)):
            sentence = f"{sentence}{'' if sentence.endswith(('.', ')')) else '.'} {more}"
        return sentence

    def __str__(self) -> str:
        return self.message

    @property
    def exit_code(self) -> int:
        """Exit code of the command line, 1 to 255."""
        return self.code if 0 < self.code < 256 else 1

    def data(self) -> dict[str, object]:
        """The ``data`` member of the JSON-RPC error: kind, hint, and what is known of path, detail and salvage."""
        data: dict[str, object] = {"kind": self.kind, "hint": self.hint}
        if self.path is not None:
            data["path"] = self.path
        if self.detail:
            data["detail"] = self.detail
        if self.suggestion:
            data["salvage"] = True
        return data


@contextmanager
def reassuring(words: str) -> Iterator[None]:
    """Say of every failure that is not the file's that the file is not to blame, unless it says so itself."""
    try:
        yield
    except SidecarError as error:
        if not (error.blames_backup or error.reassures):
            error.reassurance = words
        raise


class Cancelled(SidecarError):
    """Cancelled. Everything is as it was before."""

    kind, code, hint, reassures = "cancelled", -32800, "Start again when you like.", True

    @property
    def exit_code(self) -> int:
        """130, as a shell reports an interrupt."""
        return 130


class StartAgain(SidecarError):
    """The backup tool cannot go on: {detail}. Start KiraPilot again, and then try again."""

    kind, code, hint = "start_again", 59, "Start KiraPilot again."


class InternalError(SidecarError):
    """The backup tool failed in a way it did not expect ({detail}). Please report this."""

    kind, code, hint = "internal_error", -32603, "Please report this."

    @property
    def exit_code(self) -> int:
        """70, EX_SOFTWARE of sysexits."""
        return 70
