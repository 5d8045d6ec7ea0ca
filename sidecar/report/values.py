"""Two values of a field side by side: of long texts, the part that differs, with a few words around it."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.merging.answers import LONGEST as READ
from sidecar.merging.answers import Value
from sidecar.report import wording

LONGEST = 500
"""Most characters of the part that differs; longer parts end with an ellipsis."""

AROUND = 60
"""Most characters that are shown of what is the same before it, and behind it."""

FURTHER_ON = f"they differ after the first {READ:,} characters"


@dataclass(frozen=True)
class Told:
    """One value: the part that differs, between what is the same on both sides; ``remark`` where none can be shown."""

    before: str = ""
    differing: str = ""
    after: str = ""
    remark: str = ""

    @property
    def size(self) -> int:
        """Characters that it takes."""
        return len(self.before) + len(self.differing) + len(self.after) + len(self.remark)


NOTHING = Told(remark="nothing")


def side_by_side(left: Value, right: Value) -> tuple[Told, Told]:
    """Both values of a field that differs. Texts come as the comparison cuts them: what lies beyond is not known."""
    if not (isinstance(left, str) and isinstance(right, str)):
        return _alone(left), _alone(right)
    if left == right:
        same = Told(before=wording.text(left, AROUND), remark=FURTHER_ON)
        return same, same
    start = _whole_words(left, right, _common(left, right))
    rest = min(len(left), len(right)) - start
    turned = left[::-1], right[::-1]
    end = _whole_words(*turned, min(rest, _common(*turned)))
    return _between(left, start, end), _between(right, start, end)


def _common(left: str, right: str) -> int:
    """Characters that both begin with."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(left), len(right)))


def _whole_words(left: str, right: str, common: int) -> int:
    """How much of what both begin with ends with a whole word in both."""
    for text in (left, right):
        while 0 < common < len(text) and not (text[common].isspace() or text[common - 1].isspace()):
            common -= 1
    return common


def _between(text: str, start: int, end: int) -> Told:
    before, differing, after = text[:start], text[start : len(text) - end], text[len(text) - end :]
    return Told(
        before=wording.text(before if len(before) <= AROUND else f"…{_tail(before)}", AROUND + 1),
        differing=wording.text(differing, LONGEST),
        after=wording.text(after, AROUND),
        remark="" if differing.strip() else "nothing here" if not differing else "only space",
    )


def _tail(text: str) -> str:
    """The last words of a long text, or the last characters of a long word."""
    tail = text[-AROUND:]
    return tail.partition(" ")[2] or tail


def _alone(value: Value) -> Told:
    return NOTHING if value is None else Told(differing=wording.text(value, LONGEST) or "(empty)")
