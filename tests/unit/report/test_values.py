"""Two values of a field side by side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.report.values import AROUND, FURTHER_ON, LONGEST, NOTHING, Told, side_by_side

words = st.text(st.sampled_from("ab é\n"), max_size=60)


@given(words, words)
def test_the_parts_of_a_short_text_are_the_text(left: str, right: str) -> None:
    if left == right:
        return
    one, other = side_by_side(left, right)
    assert one.before + one.differing + one.after == left
    assert other.before + other.differing + other.after == right
    assert (one.before, one.after) == (other.before, other.after)
    assert one.differing != other.differing


def test_the_part_that_differs_is_shown_with_the_words_around_it() -> None:
    one, other = side_by_side("Call the dentist today", "Call the plumber today")
    assert one == Told("Call the ", "dentist", " today")
    assert other == Told("Call the ", "plumber", " today")
    assert side_by_side("Call", "Call them")[1] == Told("Call", " them")


def test_of_a_long_text_the_part_that_differs_is_shown_wherever_it_is() -> None:
    long = "word " * 300
    one, other = side_by_side(f"{long}here {long}", f"{long}there {long}")
    assert (one.differing, other.differing) == ("here", "there")
    assert one.before.startswith("…")
    assert one.after.endswith("…")
    assert max(one.size, other.size) <= 2 * AROUND + 10
    one, other = side_by_side("x" * 2000, "y" * 2000)
    assert one.differing == "x" * LONGEST + "…"


def test_what_is_the_same_as_far_as_it_is_known_is_said_to_differ_further_on() -> None:
    assert {each.remark for each in side_by_side("x" * 2001, "x" * 2001)} == {FURTHER_ON}


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        (None, 3, (NOTHING, Told(differing="3"))),
        ("", None, (Told(differing="(empty)"), NOTHING)),
        (1, 2.5, (Told(differing="1"), Told(differing="2.5"))),
    ],
)
def test_what_is_no_text_stands_whole(left: object, right: object, told: tuple[Told, Told]) -> None:
    assert side_by_side(left, right) == told  # type: ignore[arg-type]
