"""What may be asked for of a merge: which of two rows of one id stays where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OnConflict = Literal["mine", "theirs", "newer"]
"""The database's row stays, or the backup's takes its place, or the one does that was changed later."""

MINE: OnConflict = "mine"
THEIRS: OnConflict = "theirs"
NEWER: OnConflict = "newer"


@dataclass(frozen=True)
class Policies:
    """What was asked for of one merge."""

    on_conflict: OnConflict = MINE

    def of(self, table: str) -> OnConflict:  # noqa: ARG002
        """What was asked for of a table's rows."""
        return self.on_conflict

    @property
    def ask(self) -> bool:
        """Whether anything else was asked for than that the database's rows stay."""
        return self != NOTHING_ASKED


NOTHING_ASKED = Policies()
