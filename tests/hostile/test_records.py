"""What records can say to do harm: numbers, keys, names and times beyond all reason.

What test_spoiled_data spoils is not spoiled again.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import msgspec
import pytest

from sidecar.errors.backups import (
    DamagedBackup,
    InvalidBackup,
    InvalidMetadata,
    LimitExceeded,
    UnsupportedVersion,
    WouldLoseData,
)
from sidecar.errors.base import SidecarError
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from tests.support.archives import TASK, Entries, made_of, with_text, write
from tests.support.databases import contents, execute, query
from tests.support.oracle import Device, judge
from tests.support.spoiling import Spoil, in_tasks, nested, one_task, replaced


def _number(text: str) -> Spoil:
    """A task whose priority is written so."""
    return in_tasks(one_task(('"priority": 1', f'"priority": {text}')))


def _due(text: str) -> Spoil:
    return in_tasks(one_task(due_date=text))


_version = partial(replaced, "data.json", '"1.0.0"')

_settings = partial(replaced, "data.json", '"settings": {}')

_count = partial(replaced, "metadata.json", '"task_count": 1')


def _encoded(name: str, encoding: str, entries: Entries) -> Entries:
    return entries | {name: entries[name].decode().encode(encoding)}


def _sessions(**changes: Any) -> Entries:
    session = {
        "id": "s", "task_id": "t1", "start_time": "2026-01-01T00:00:00Z", "end_time": None, "paused_time": 0,
        "is_active": False, "notes": None, "breaks": None, "created_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return made_of(time_sessions=[session | changes])


SPOILED: dict[str, tuple[Spoil, type[SidecarError]]] = {
    # Encodings
    **{
        f"{name} in {encoding}": (
            partial(_encoded, name, encoding),
            InvalidMetadata if name == "metadata.json" else DamagedBackup,
        )
        for name in ("metadata.json", "data.json", "tasks.json", "settings.json")
        for encoding in ("utf-16-le", "utf-16-be", "utf-32")
        # Without a mark, UTF-16 of ASCII is UTF-8 with NULs between: what nobody parses is not told by that.
        if (name, encoding) not in {("settings.json", "utf-16-le"), ("settings.json", "utf-16-be")}
    },
    "two byte-order marks": (lambda e: e | {"data.json": b"\xef\xbb\xbf" * 2 + e["data.json"]}, DamagedBackup),
    "UTF-8 that is longer than it need be": (replaced("data.json", "Water", b"W\xc1\xa1ter"), DamagedBackup),
    "UTF-8 of a surrogate": (replaced("data.json", "Water", b"W\xed\xa0\xbcter"), DamagedBackup),
    "UTF-8 beyond Unicode": (replaced("data.json", "Water", b"W\xf5\x80\x80\x80ter"), DamagedBackup),
    # Numbers
    "-NaN": (_number("-NaN"), DamagedBackup),
    "a number in hexadecimal": (_number("0x10"), DamagedBackup),
    "an integer one beyond 64 bits": (_number("9223372036854775808"), InvalidBackup),
    "an integer one below 64 bits": (_number("-9223372036854775809"), InvalidBackup),
    "an integer of 64 bits unsigned": (_number("18446744073709551615"), InvalidBackup),
    "an integer of 5,000 digits": (_number("9" * 5000), InvalidBackup),
    "a fraction of a million digits": (_number("0." + "1" * 1_000_000), InvalidBackup),
    "an exponent of a million digits": (_number("1e" + "9" * 1_000_000), InvalidBackup),
    "an integer with a fraction": (_number("1.5"), InvalidBackup),
    # The version, the settings, the counts
    "half a surrogate pair for a version": (_version('"\\ud800"'), DamagedBackup),
    "a number without end for a version": (_version("1e999"), DamagedBackup),
    "an integer without end for a version": (_version("1" * 30), UnsupportedVersion),
    "a version of a megabyte": (_version(f'"{"v" * 1_000_000}"'), UnsupportedVersion),
    "a version nested deeply": (_version(nested(60, '{"a":', "}", "1")), UnsupportedVersion),
    "a version nested too deeply": (_version(nested(65, '{"a":', "}", "1")), LimitExceeded),
    "settings nested too deeply": (_settings(f'"settings": {{"a": {nested(5000)}}}'), LimitExceeded),
    "settings that are a text": (_settings('"settings": "x"'), DamagedBackup),
    "settings that are no JSON": (_settings('"settings": {"a": \\u0031}'), DamagedBackup),
    "a count of 30 digits": (_count('"task_count": ' + "9" * 30), InvalidBackup),
    "a count of 5,000 digits": (_count('"task_count": ' + "9" * 5000), InvalidMetadata),
    "a count with a fraction": (_count('"task_count": 1.5'), InvalidMetadata),
    "a count that is true": (_count('"task_count": true'), InvalidMetadata),
    "half a surrogate pair in metadata": (replaced("metadata.json", '"2026-', '"\\udfff'), InvalidMetadata),
    "metadata nested too deeply": (_count(f'"task_count": 1, "x": {nested(100_000)}'), InvalidMetadata),
    "a time of a megabyte in metadata": (replaced("metadata.json", "2026-", "2026-" * 200_000), InvalidMetadata),
    "keys without end in metadata": (
        _count('"task_count": 1,' + ",".join(f'"k{i}": 1' for i in range(2000))),
        InvalidMetadata,
    ),
    # Keys
    "a key of the document that is too long": (
        replaced("data.json", "{", '{"' + "k" * 1_000_000 + '": 1,'),
        LimitExceeded,
    ),
    "keys of the document without end": (
        replaced("data.json", "{", "{" + "".join(f'"k{i}": 1,' for i in range(2000))),
        LimitExceeded,
    ),
    "a key of the document twice, said otherwise": (replaced("data.json", "{", '{"t\\u0061sks": [],'), DamagedBackup),
    "a key of a record that is too long": (in_tasks(one_task(**{"k" * 1_000_000: 1})), LimitExceeded),
    "keys of a record without end": (in_tasks(one_task(**{f"k{i}": None for i in range(100_000)})), LimitExceeded),
    "other keys in each record": (
        in_tasks(json.dumps([TASK | {"id": f"t{i}", f"k{i}": i} for i in range(2000)]), 2000),
        LimitExceeded,
    ),
    "a key that is half a surrogate pair, said in UTF-8": (in_tasks(one_task(("priority", "\ud800"))), DamagedBackup),
    "a record nested too deeply": (
        in_tasks(one_task(('"order_num": 0', '"order_num": ' + nested(3000)))),
        LimitExceeded,
    ),
    # Times
    **{
        f"the time {text[:30]!r}": (_due(text), InvalidBackup)
        for text in (
            "", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n", "2026-01-01T00:00:00Z\0", "٢٠٢٦-01-01T00:00:00Z",
            "now", "T" * 1_000_000, "2026-W01-1T00:00:00Z",
        )
    },
    # References
    "a time session of no task": (lambda _: _sessions(task_id="nobody"), InvalidBackup),
    "a time session of a task that is null": (lambda _: _sessions(task_id=None), InvalidBackup),
    "ids of a megabyte that lead nowhere": (lambda _: _sessions(task_id="x" * 1_000_000), InvalidBackup),
}  # fmt: skip


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("kind", SPOILED)
def test_what_no_app_writes_is_refused(kind: str, device: Device) -> None:
    spoil, error = SPOILED[kind]
    write(device.archive, spoil(made_of()))
    judge(device, only=error)


ODD: dict[str, Spoil] = {
    "a key of a record in UTF-8 that two programs would fold": in_tasks(one_task(K=None)),
    "values nested within bounds": replaced("data.json", "{", '{"x": ' + nested(60, '{"a":', "}", "1") + ","),
    "settings nested within bounds": _settings(f'"settings": {{"a": {nested(60)}}}'),
    "keys of the document, many": replaced("data.json", "{", "{" + "".join(f'"k{i}": 1,' for i in range(900))),
    "a float that is tiny": _settings('"settings": {"a": 1e-999, "b": -0.0, "c": 4.9e-324}'),
    "no time in metadata": replaced("metadata.json", "2026-01-01T00:00:00Z", "yesterday"),
    "a negative zero": _number("-0"),
    "the first moment": _due("0001-01-01T00:00:00Z"),
    "the last moment": _due("9999-12-31T23:59:59.999999Z"),
    "a time of 5,000 digits": _due("2026-01-01T00:00:00." + "1" * 5000 + "Z"),
    "a time with another offset": _due("2026-01-01T00:00:00.5-12:34"),
    "texts of a megabyte": in_tasks(one_task(title="\U0001f331" * 250_000, description="\\\"" * 500_000)),
    "texts of SQL": in_tasks(one_task(title="'; DROP TABLE tasks; --", id="x' OR '1'='1", description='"); ATTACH "a')),
    "texts that no screen shows": in_tasks(one_task(title="\u202e\u0000\u001b[2J\ufeff\uffff\U0010ffff\r\n")),
}  # fmt: skip


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", ODD)
def test_what_is_odd_and_allowed_is_read(kind: str, device: Device) -> None:
    write(device.archive, ODD[kind](made_of()))
    assert judge(device) in (None, WouldLoseData.kind)


def test_what_is_reported_of_a_file_is_bounded_whatever_its_ids_are(device: Device) -> None:
    long = [TASK | {"id": "x" * 100_000, "due_date": "never"} for _ in range(50)]
    write(device.archive, with_text(json.dumps(long).encode(), 50))
    result = validate_comprehensive(device.places, str(device.archive), Progress())
    assert result.error_count >= 50
    assert len(msgspec.json.encode(result)) < 300_000


ODD_TIMES = {
    "the last half microsecond": ("9999-12-31T23:59:59.9999995Z", "9999-12-31T23:59:59.9999995+00:00"),
    "all of nine digits": ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999+00:00"),
    "a year of five digits": ("+10000-01-01T00:00:00Z", "+10000-01-01T00:00:00+00:00"),
    "the same without a sign": ("12026-11-22T16:07:21.5Z", "12026-11-22T16:07:21.5+00:00"),
    "the last year of the app": ("+262142-12-31T23:59:59.999999999Z", "+262142-12-31T23:59:59.999999999+00:00"),
    "a year before Christ": ("-0044-03-15T12:00:00Z", "-0044-03-15T12:00:00+00:00"),
    "the year 0": ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00+00:00"),
    "a leap second": ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60+00:00"),
    "a leap second's fraction": ("2016-12-31T23:59:60.123456789Z", "2016-12-31T23:59:60.123456789+00:00"),
    "beyond the ends of time in UTC": ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
    "month 13": ("2026-13-01T00:00:00Z", "2026-13-01T00:00:00+00:00"),
    "no day": ("2026-00-00T00:00:00Z", "2026-00-00T00:00:00+00:00"),
    "30 February": ("2026-02-30T00:00:00Z", "2026-02-30T00:00:00+00:00"),
    "hour 25": ("2026-02-03T25:00:00Z", "2026-02-03T25:00:00+00:00"),
    "no offset": ("2026-02-03T04:05:06.7", "2026-02-03T04:05:06.7"),
    "a blank and no offset": ("2026-02-03 04:05:06", "2026-02-03 04:05:06"),
    "a day alone": ("2026-02-03", "2026-02-03"),
    "the end of a day": ("2026-01-01T24:00:00Z", "2026-01-01T24:00:00+00:00"),
    "an offset of a day": ("2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+24:00"),
    "two offsets": ("2026-01-01T00:00:00Z+00:00", "2026-01-01T00:00:00Z+00:00"),
    "a point and no fraction": ("2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.Z"),
    "beyond the other end": ("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59-14:00"),
    "no seconds": ("2026-2-3T4:05Z", "2026-2-3T4:05Z"),
}
"""A time as it stands in an archive -> as it is stored, digit for digit."""


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("kind", ODD_TIMES)
def test_an_odd_time_refuses_no_backup_and_is_kept_as_it_is(kind: str, device: Device) -> None:
    archived, stored = ODD_TIMES[kind]
    write(device.archive, made_of([TASK, TASK | {"id": "t2", "due_date": archived}]))
    problems = validate_comprehensive(device.places, str(device.archive), Progress()).problems
    assert [(one.kind, one.severity, one.id, one.column) for one in problems if one.kind == "odd_timestamp"] == [
        ("odd_timestamp", "warning", "t2", "due_date")
    ]
    import_data(device.places, str(device.archive), True, Progress())
    assert query(device.database, "SELECT due_date FROM tasks WHERE id = 't2'") == [(stored,)]
    export_data(device.places, str(device.archive), Progress())
    held = contents(device.database, ())
    execute(device.database, "DELETE FROM tasks")
    import_data(device.places, str(device.archive), True, Progress())
    assert contents(device.database, ()) == held


@pytest.mark.parametrize("text", ["", "soon", "22.11.2026", "2026", "2026-01-01 <b>", "2026-01-01" + "0" * 99])
def test_what_is_no_date_at_all_is_no_time(text: str, device: Device) -> None:
    write(device.archive, made_of([TASK | {"due_date": text}]))
    problems = validate_comprehensive(device.places, str(device.archive), Progress()).problems
    assert [one.kind for one in problems if one.severity == "error"] == ["invalid_timestamp"]
