"""What is wrong with a backup: every problem counted, the first of each kind kept.

Errors would lose or break a row; warnings are what a live database can hold too and comes
back as it was, or what the import repairs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from itertools import chain, zip_longest

import msgspec

from sidecar.results import LINES_SHOWN, PROBLEMS_SHOWN, Problem

ERROR, WARNING = "error", "warning"

PARTIAL = "partial"
"""Kind of the warning that a backup holds a part of the data."""

KEPT = "it is kept as it is"
"""What a warning says of a value that is none of an import's business."""

KEPT_TO_CHOOSE = 10_000
"""Problems of each kind that are kept where only those of some rows will be told of."""

WARNINGS_OF_A_KIND = 3
"""Most lines about one kind of warning."""

_LONGEST = 500
"""Most characters of a message, or of an id or a name in it: an archive decides how long they are."""


class Problems:
    """Problems in the order they were made; memory is bounded whatever their number.

    :param most: so many of each kind are kept.
    """

    def __init__(self, most: int = PROBLEMS_SHOWN) -> None:
        self._most = most
        self._kept: dict[tuple[str, str], list[Problem]] = defaultdict(list)
        self._counts: Counter[tuple[str, str]] = Counter()

    def error(
        self,
        kind: str,
        message: str,
        *,
        table: str | None = None,
        row_id: str | None = None,
        index: int | None = None,
        column: str | None = None,
    ) -> None:
        """Note something that would lose or break a row."""
        self._note(Problem(ERROR, kind, message, table, row_id, index, column))

    def warning(
        self,
        kind: str,
        message: str,
        *,
        table: str | None = None,
        row_id: str | None = None,
        index: int | None = None,
        column: str | None = None,
    ) -> None:
        """Note something that comes back as it is, or is repaired."""
        self._note(Problem(WARNING, kind, message, table, row_id, index, column))

    def count(self, severity: str) -> int:
        """How many problems of a severity there are, kept or not."""
        return sum(count for (of, _), count in self._counts.items() if of == severity)

    def of_kinds(self, kinds: Collection[str]) -> list[str]:
        """The messages that were kept of errors of these kinds."""
        return [problem.message for problem in self.kept() if problem.severity == ERROR and problem.kind in kinds]

    def kept(self) -> list[Problem]:
        """The first PROBLEMS_SHOWN of each kind, errors first."""
        ordered = sorted(self._kept.items(), key=lambda item: item[0][0] != ERROR)
        return [problem for _, problems in ordered for problem in problems[:PROBLEMS_SHOWN]]

    def narrow(self, narrowed: Callable[[Problem], Problem | None]) -> None:
        """Forget the warnings for which ``narrowed`` answers None; of the others, it answers what they are now."""
        for key in [key for key in self._kept if key[0] == WARNING]:
            left = [problem for found in self._kept[key] if (problem := narrowed(found)) is not None]
            self._kept[key], self._counts[key] = left, len(left)

    def lines(self, severity: str, without: str | None = None) -> list[str]:
        """At most LINES_SHOWN lines for a dialog: some of every kind, the last "and N more" where there are more.

        Of a kind of warning a few are enough to know it by; of errors as many as there is room for.

        :param without: a kind that the caller tells of in words of its own.
        """
        most = LINES_SHOWN if severity == ERROR else WARNINGS_OF_A_KIND
        wanted = {key for key in self._kept if key[0] == severity and key[1] != without}
        kinds = [problems[:most] for key, problems in self._kept.items() if key in wanted]
        rounds = chain.from_iterable(zip_longest(*kinds))
        messages = [problem.message for problem in rounds if problem is not None]
        count = sum(self._counts[key] for key in wanted)
        if len(messages) == count <= LINES_SHOWN:
            return messages
        shown = messages[: LINES_SHOWN - 1]
        return [*shown, f"and {count - len(shown):,} more"]

    def _note(self, problem: Problem) -> None:
        key = problem.severity, problem.kind
        self._counts[key] += 1
        if len(self._kept[key]) < self._most:
            self._kept[key].append(_shortened(problem))


def _shortened(problem: Problem) -> Problem:
    texts = ((name, getattr(problem, name)) for name in ("message", "table", "id", "column"))
    long = {name: f"{text[: _LONGEST - 1]}…" for name, text in texts if text is not None and len(text) > _LONGEST}
    return msgspec.structs.replace(problem, **long) if long else problem
