"""Timestamps are carried as text: all their digits, whatever a datetime could hold of them."""

from __future__ import annotations

import pytest

from sidecar.archive.timestamps import is_moment, one_to_archive, to_archive, to_stored, to_utc


@pytest.mark.parametrize("fraction", ["", ".1", ".123", ".123456", ".123456789", ".000000000", ".000000001"])
def test_every_digit_survives_the_way_to_the_archive_and_back(fraction: str) -> None:
    stored = [f"2025-01-02T03:04:05{fraction}+00:00", None]
    archived = to_archive(stored)
    assert archived == [f"2025-01-02T03:04:05{fraction}Z", None]
    assert to_stored(archived) == stored


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-02 03:04:05",
        "2025-01-02T03:04:05Z",
        "2025-01-02 03:04:05+00:00",
        "2025-01-02t03:04:05+00:00",
        "",
        "soon",
    ],
)
def test_a_column_with_another_form_needs_a_closer_look(text: str) -> None:
    assert to_archive(["2025-01-02T03:04:05+00:00", text]) is None


@pytest.mark.parametrize(
    ("stored", "archived"),
    [
        ("2025-01-02T03:04:05.123456789+00:00", ("2025-01-02T03:04:05.123456789Z", True)),
        ("2025-01-02 03:04:05", ("2025-01-02T03:04:05Z", False)),
        ("2025-01-02 03:04:05.25", ("2025-01-02T03:04:05.25Z", False)),
        ("2025-01-02T03:04:05Z", ("2025-01-02T03:04:05Z", False)),
        ("2025-01-01T23:04:05.987654321-04:30", ("2025-01-02T03:34:05.987654321Z", False)),
        ("2025-01-02T03:04:05+0000", None),
        ("2025-02-30T00:00:00+00:00", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("soon", None),
        ("", None),
    ],
)
def test_one_stored_time_is_shown_in_utc_and_told_whether_it_comes_back(
    stored: str, archived: tuple[str, bool] | None
) -> None:
    assert one_to_archive(stored) == archived


@pytest.mark.parametrize(
    ("archived", "stored"),
    [
        ("2025-01-02T03:04:05.123456789Z", "2025-01-02T03:04:05.123456789+00:00"),
        ("2025-01-02T03:04:05.5z", "2025-01-02T03:04:05.5+00:00"),
        ("2025-01-02 03:04:05+00:00", "2025-01-02T03:04:05+00:00"),
        ("2024-12-31T22:30:00.000000001-05:30", "2025-01-01T04:00:00.000000001+00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
    ],
)
def test_an_archived_time_is_moved_to_utc_with_all_its_digits(archived: str, stored: str) -> None:
    assert is_moment(archived)
    assert to_utc(archived) == stored


@pytest.mark.parametrize("text", ["2025-01-02T03:04:05.5z", "2025-01-02 03:04:05Z", "2025-01-02T03:04:05+01:00"])
def test_an_archived_column_in_another_form_needs_a_closer_look(text: str) -> None:
    assert to_stored(["2025-01-02T03:04:05Z", text]) is None


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-02T03:04:05", "2025-13-02T03:04:05Z", "2025-01-02T25:04:05Z", "2025-01-02", "2025-01-02T03:04:05.Z",
        "２025-01-02T03:04:05Z", "2025-01-02T03:04:05+0000", "2025-01-02T03:04:05+00", "2025-01-02T03:04:05Z ", "\x00",
        "2025-01-02T03:04:05Z\n", "9999-12-31T23:59:59-23:59", "",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_told(text: str) -> None:
    assert not is_moment(text)
