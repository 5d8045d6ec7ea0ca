"""What is typed to choose by names something: of an empty word, and of a day that never was, it is said so."""

from __future__ import annotations

import pytest

from sidecar.cli.arguments import Options, UsageError, parse


@pytest.mark.parametrize(
    "typed",
    [
        ("import", "--list", "", "b"),
        ("preview", "--type", " ", "b"),
        ("import", "--id", "", "b"),
        ("preview", "--text", "", "b"),
        ("export", "--text", "\t"),
        ("find", ""),
        ("diff", "", "b"),
        ("diff", "b", ""),
        ("report", " "),
        ("auto", "set", "--place", ""),
    ],
)
def test_an_empty_word_is_refused(typed: tuple[str, ...]) -> None:
    """A variable that nobody filled in would mean everything, or the folder one stands in."""
    with pytest.raises(UsageError, match="it is empty"):
        parse(typed)


@pytest.mark.parametrize("day", ["2026-02-30", "2025-02-29", "2026-13-01", "0000-01-01", "2026-00-10", "20260101"])
@pytest.mark.parametrize("bound", ["--since", "--until"])
def test_a_day_that_never_was_is_refused(bound: str, day: str) -> None:
    with pytest.raises(UsageError, match="is not a day like 2026-11-22"):
        parse(("preview", bound, day, "b"))


@pytest.mark.parametrize("day", ["2024-02-29", "0001-01-01", "9999-12-31"])
def test_a_day_of_the_calendar_is_taken(day: str) -> None:
    options = parse(("preview", "--since", day, "b"))
    assert isinstance(options, Options)
    assert options.since == day
