"""Words and figures of a page."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.report import wording


@pytest.mark.slow
@given(st.text(), st.integers(1, 50))
def test_any_text_can_stand_in_a_page(words: str, most: int) -> None:
    shown = wording.text(words, most)
    assert len(shown) <= most + 1
    ElementTree.fromstring(f"<p>{escape(shown)}</p>".encode())


def test_what_turns_the_direction_of_text_is_left_out_and_what_marks_it_stays() -> None:
    assert wording.text("a\u202eb\u2066c\u2069") == "abc"
    assert wording.text("\u200f\u05d0\u200e") == "\u200f\u05d0\u200e"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 min"), (29, "0 min"), (3540, "59 min"), (3599, "1 h 00 min"), (3900, "1 h 05 min"), (4e6, "1,111 h")],
)
def test_hours_are_said_as_people_do(seconds: float, said: str) -> None:
    assert wording.hours(seconds) == said


@pytest.mark.parametrize("timestamp", ["2026-13-45T10:00:00Z", "yesterday", "", "0000-00-00 00:00:00", None, 5, b"x"])
def test_a_time_that_no_calendar_has_is_shown_as_it_stands(timestamp: object) -> None:
    assert wording.moment(timestamp) == wording.text(timestamp)
    assert wording.day(timestamp) == wording.text(timestamp)


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [(1, "row", "1 row"), (2, "dependency", "2 dependencies"), (1200, "row", "1,200 rows"), (2, "day", "2 days")],
)
def test_nouns_follow_their_number(count: int, noun: str, said: str) -> None:
    assert wording.plural(count, noun) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0, "Low"), (3, "Urgent"), (4, "4"), (None, ""), ("high", "high"), (-1, "-1")]
)
def test_priorities_have_the_apps_names(value: object, said: str) -> None:
    assert wording.priority(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [("pending", "Pending"), ("waiting", "waiting"), ("", "Other"), (None, "None"), (7, "None")]
)
def test_statuses_have_the_apps_names(value: object, said: str) -> None:
    assert wording.status(value) == said
