"""Charts: where the bars lie. Only arithmetic; a template draws what it answers, as SVG.

Drawn by hand: what a page needs is two kinds of bars, and the libraries that could draw them weigh as much as all else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 760
"""Of every chart, in units of its own: it is as wide as there is room for."""


@dataclass(frozen=True)
class Bar:
    """One bar: where it lies, of which kind it is, and what it says."""

    x: float
    y: float
    width: float
    height: float
    kind: str = ""
    label: str = ""
    value: str = ""


@dataclass(frozen=True)
class Mark:
    """A label on an axis, and where."""

    at: float
    label: str


@dataclass(frozen=True)
class Columns:
    """Bars that stand: one for each step of time, on a scale with a few lines."""

    height: int
    left: int
    floor: float
    bars: list[Bar]
    lines: list[Mark]
    steps: list[Mark]


@dataclass(frozen=True)
class Row:
    """Bars that lie one after the other, with a name before and a figure behind."""

    y: float
    name: str
    figure: str
    figure_x: float
    bars: list[Bar]


@dataclass(frozen=True)
class Rows:
    """Rows of bars, one beneath the other, on one scale."""

    height: int
    left: int
    rows: list[Row]


def columns(values: Sequence[float], labels: Sequence[str], figures: Sequence[str]) -> Columns:
    """One bar for each value; of the labels as many as there is room for.

    :param figures: each value as it is said.
    """
    top, floor = 14.0, 196.0
    rise, parts = steps_to(max(values, default=0))
    scale, left = rise * parts, 18 + 7 * max(4, len(_short(rise * parts)))
    step = (WIDTH - left - 6) / max(len(values), 1)
    thick = max(1.0, min(step * 0.76, 44.0))
    bars = [
        Bar(
            round(left + index * step + (step - thick) / 2, 1),
            round(floor - value / scale * (floor - top), 1),
            round(thick, 1),
            round(value / scale * (floor - top), 1),
            label=label,
            value=figure,
        )
        for index, (value, label, figure) in enumerate(zip(values, labels, figures, strict=True))
    ]
    lines = [
        Mark(round(floor - part * rise / scale * (floor - top), 1), _short(part * rise)) for part in range(parts + 1)
    ]
    every = max(1, math.ceil(len(values) / 9))
    steps = [Mark(round(left + (index + 0.5) * step, 1), labels[index]) for index in range(0, len(values), every)]
    return Columns(224, left, floor, bars, lines, steps)


def rows(names: Sequence[str], parts: Sequence[Sequence[tuple[str, float]]], figures: Sequence[str]) -> Rows:
    """One row for each name: its parts, each of a kind, one after the other.

    :param figures: what is said behind each row.
    """
    left, room, height = 190, 480.0, 30
    most = max((sum(value for _, value in each) for each in parts), default=0) or 1
    found = []
    for index, (name, each, figure) in enumerate(zip(names, parts, figures, strict=True)):
        y, x, bars = index * height + 6.0, float(left), []
        for kind, value in each:
            width = value / most * room
            if value:
                bars.append(Bar(round(x, 1), y, round(max(width, 0.5), 1), height - 12.0, kind))
            x += width
        found.append(Row(y + 13, name, figure, round(x + 8, 1), bars))
    return Rows(len(found) * height + 2, left, found)


def steps_to(most: float) -> tuple[float, int]:
    """A round step and how many of it reach ``most``: five at the most, so that few lines cross a chart."""
    if most < 1e-9:
        return 1.0, 4
    power = 10.0 ** (math.floor(math.log10(most)) - 1)
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10, 20, 25) if most <= power * factor * 5)
    return step, max(1, math.ceil(most / step))


def _short(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}".rstrip("0")
