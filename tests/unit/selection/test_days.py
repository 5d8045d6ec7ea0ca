"""Days to choose by: those of the calendar, spelled as they are compared, by whatever way they are given."""

from __future__ import annotations

import msgspec
import pytest

from sidecar.archive.manifest import Partial
from sidecar.archive.part import Part
from sidecar.cli.arguments import Options, UsageError, parse
from sidecar.selection.request import PartToExport, Selection, is_day
from sidecar.wire.messages import InvalidParams
from sidecar.wire.methods import METHODS
from sidecar.wire.params import read_params

NONE = (
    "2026-02-30", "2025-02-29", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00", "0000-01-01",
    "20260101", "2026-1-1", "2026-W10-1", "2026-001", "+2026-01-01", "-2026-01-01", "10000-01-01", "2026-01-01 ",
    " 2026-01-01", "2026-01-01\n", "2026-01-01Z", "2026-01-01+99:00", "2026-01-01T24:00", "2026-01-01T00:00:00+99:00",
    "2026/01/01", "2026-01-0１", "٢٠٢٦-٠١-٠١", "today", "'", "2026-01-01' OR '1",
)  # fmt: skip
DAYS = ("2026-11-22", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31")

TAKING = [name for name, method in METHODS.items() if "selection" in method.params.__struct_encode_fields__]


@pytest.mark.parametrize("bound", ["since", "until"])
@pytest.mark.parametrize("day", NONE)
def test_what_is_no_day_is_refused_in_the_same_words_typed_or_sent(day: str, bound: str) -> None:
    assert len(TAKING) >= 3
    for name in TAKING:
        with pytest.raises(InvalidParams) as sent:
            read_params(METHODS[name].params, (), {**_others(name), "selection": {bound: day}})
        assert sent.value.detail == f"selection.{bound} is not a day like 2026-11-22"
    with pytest.raises(UsageError, match="is not a day like 2026-11-22"):
        parse(("preview", f"--{bound}={day}", "b"))


@pytest.mark.parametrize("day", DAYS)
def test_a_day_of_the_calendar_is_taken_typed_or_sent(day: str) -> None:
    assert is_day(day)
    for name in TAKING:
        params = read_params(METHODS[name].params, (), {**_others(name), "selection": {"since": day, "until": day}})
        assert (params.selection.since, params.selection.until) == (day, day)  # type: ignore[attr-defined]
    options = parse(("preview", "--since", day, "b"))
    assert isinstance(options, Options)
    assert options.selection() == Selection(since=day)


@pytest.mark.parametrize("kind", [Selection, PartToExport])
def test_who_asks_from_within_is_told_as_well(kind: type[Part]) -> None:
    with pytest.raises(ValueError, match="`until` is not a day"):
        kind(until="2026-02-30")


def test_a_backup_that_says_so_of_itself_is_read_all_the_same() -> None:
    """One was made before it was refused to ask for it."""
    said = {"criteria": {"since": "2026-02-30"}, "tables": {}}
    assert msgspec.convert(said, Partial).criteria == Part(since="2026-02-30")


def _others(name: str) -> dict[str, object]:
    """What else the method insists on."""
    given = {"filePath": "b.kpbackup", "overwrite": True, "from": 1, "count": 1}
    return {field: value for field, value in given.items() if field in METHODS[name].params.__struct_encode_fields__}
