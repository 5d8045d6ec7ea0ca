"""Charts: bars lie where their values say, on scales that end with a round number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.report import charts
from sidecar.report.contents import shares

amounts = st.floats(0, 1e9, allow_nan=False)


@given(st.lists(amounts, max_size=60))
def test_bars_are_as_high_as_their_values_and_stay_within(values: list[float]) -> None:
    drawn = charts.columns(values, [str(value) for value in values], [str(value) for value in values])
    step, steps = charts.steps_to(max(values, default=0))
    scale = step * steps
    assert all(bar.x >= 0 and bar.x + bar.width <= charts.WIDTH + 0.5 for bar in drawn.bars)
    assert all(14 <= bar.y <= drawn.floor for bar in drawn.bars)
    for bar, value in zip(drawn.bars, values, strict=True):
        assert bar.height == pytest.approx(value / scale * (drawn.floor - 14), abs=0.06)
        assert bar.y + bar.height == pytest.approx(drawn.floor, abs=0.11)
    assert len(drawn.steps) <= 9


@given(st.lists(st.lists(amounts, min_size=1, max_size=5), max_size=40))
def test_parts_lie_one_after_the_other_on_one_scale(parts: list[list[float]]) -> None:
    kinds = [[(str(index), value) for index, value in enumerate(each)] for each in parts]
    drawn = charts.rows(["name"] * len(parts), kinds, ["figure"] * len(parts))
    for row in drawn.rows:
        assert all(drawn.left <= bar.x <= charts.WIDTH - 80 for bar in row.bars)
        assert row.figure_x <= charts.WIDTH - 80 + 8.1
    assert drawn.height >= 30 * len(parts)


@given(st.floats(1e-6, 1e12))
def test_a_scale_holds_the_largest_value_without_much_to_spare(most: float) -> None:
    step, steps = charts.steps_to(most)
    assert 1 <= steps <= 5
    assert most <= step * steps * (1 + 1e-9)
    assert step * (steps - 1) < most


@given(st.lists(st.integers(0, 10_000), max_size=50), st.integers(0, 5_000))
def test_room_is_shared_so_that_small_ones_lose_nothing_to_large_ones(wanted: list[int], room: int) -> None:
    given_out = shares(wanted, room)
    assert all(each <= want for each, want in zip(given_out, wanted, strict=True))
    assert sum(given_out) == min(room, sum(wanted))
    cut = [each for each, want in zip(given_out, wanted, strict=True) if each < want]
    whole = [each for each, want in zip(given_out, wanted, strict=True) if each == want]
    assert not cut or max(cut) - min(cut) <= 1
    assert not cut or max(whole, default=0) <= max(cut) + 1
