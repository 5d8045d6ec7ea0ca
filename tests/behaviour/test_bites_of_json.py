"""What bites with JSON: one test for each trap, that fails without its cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.archive import json_stream, limits
from sidecar.errors.backups import LimitExceeded
from tests.conftest import THIRD, Copy
from tests.support.archives import entries_of, write
from tests.support.databases import (
    assert_same,
    assert_same_contents,
    backup,
    bring_in,
    contents,
    copy_of,
    counts,
    emptied,
    fresh,
    insert,
    query,
    restore,
    validate,
    value,
)
from tests.support.shipped import entry, session, shipped_archive, tampered, task


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("window", [1, 7, 100, 4096])
def test_records_are_cut_out_of_the_stream_wherever_the_window_ends(
    database_copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    source = emptied(database_copy(THIRD))
    odd = ["}", "},{", '"}]', "\\", '\\"}', "]},{[", '{"a":[{}]}', "\u2028}", "x" * 5000 + "}", ""]
    for index, text in enumerate(odd):
        insert(source, "tasks", id=f"{index}{text}", title=text, tags=text, created_at=None)
        insert(source, "ai_suggestions", id=f"{text}{index}", type=text, title=text, description=text, confidence=0.5)
    archive = backup(source, tmp_path / "b.kpbackup")
    device = emptied(copy_of(source, tmp_path / "device"))
    monkeypatch.setattr(json_stream, "WINDOW_BYTES", window)
    restore(device, archive)
    assert_same(source, device)


def test_unheard_of_values_around_and_within_records_are_read_past(
    real_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = real_files / f"{THIRD}.kpbackup"

    def add(entries: dict[str, object]) -> None:
        data = entries["data.json"]
        assert isinstance(data, dict)
        entries["data.json"] = {"first": [[{"a": [1]}], 2, "]}"], "x": {"y": [{}, "}"]}, "n": None, "t": 1.5, **data}

    monkeypatch.setattr(json_stream, "WINDOW_BYTES", 50)
    device, other = fresh(tmp_path, "device.db"), fresh(tmp_path, "other.db")
    restore(device, tampered(whole, tmp_path / "b.kpbackup", add))
    restore(other, whole)
    assert_same_contents(
        {name: part for name, part in contents(other).items() if name != "task_lists"},
        {name: part for name, part in contents(device).items() if name != "task_lists"},
    )


def test_the_length_of_a_record_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = fresh(tmp_path)
    monkeypatch.setattr(json_stream, "WINDOW_BYTES", 1000)
    monkeypatch.setattr(limits, "MAX_RECORD_BYTES", 10_000)
    restore(device, shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a", title="x" * 9_000)]))
    archive = shipped_archive(tmp_path / "c.kpbackup", tasks=[task("a", title="x" * 400_000)])
    with pytest.raises(LimitExceeded):
        bring_in(device, archive)


def test_a_top_level_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    device = fresh(tmp_path)
    entries = entries_of(shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a")]))
    for key in ("tasks", "version", "settings"):
        twice = entries["data.json"].replace(b"{", b'{"%b": [], ' % key.encode(), 1)
        verdict = validate(device, write(tmp_path / "c.kpbackup", entries | {"data.json": twice}))
        assert not verdict.is_valid


def test_of_a_key_that_stands_twice_in_a_record_the_last_counts_as_in_the_shipped_app(tmp_path: Path) -> None:
    device = fresh(tmp_path)
    entries = entries_of(shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a", title="last")]))
    for name in ("data.json", "tasks.json"):
        entries[name] = entries[name].replace(b'"title": "last"', b'"title": "first", "title": "last"')
    restore(device, write(tmp_path / "c.kpbackup", entries))
    assert query(device, "SELECT title FROM tasks") == [("last",)]


@pytest.mark.parametrize("name", ["record", "metadata", "data", "settings"])
def test_text_that_is_not_utf8_is_refused_even_where_nobody_reads_it(tmp_path: Path, name: str) -> None:
    device = fresh(tmp_path)
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a", remark="#record")],
        metadata={"remark": "#metadata"},
        data={"remark": "#data"},
        settings={"remark": "#settings"},
    )
    assert validate(device, archive).is_valid
    mark, entries = f"#{name}".encode(), entries_of(archive)
    for entry_name in entries:
        odd = entries[entry_name].replace(mark, b"\xe9")
        verdict = validate(device, write(tmp_path / "c.kpbackup", entries | {entry_name: odd}))
        assert verdict.is_valid == (odd == entries[entry_name]), entry_name


@pytest.mark.parametrize("integer", [2**63, -(2**63) - 1, 12345678901234567890123456])
@pytest.mark.parametrize("column", ["priority", "colour"])
def test_an_integer_beyond_64_bits_is_an_error(tmp_path: Path, column: str, integer: int) -> None:
    device = fresh(tmp_path)
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a"), task("b", **{column: integer})])
    verdict = validate(device, archive)
    assert [problem.index for problem in verdict.problems if problem.severity == "error"] == [1]


@pytest.mark.parametrize("depth", [40, 2_000, 100_000])
@pytest.mark.parametrize("where", ["record", "data", "settings"])
def test_deep_nesting_is_refused_and_not_a_crash(tmp_path: Path, where: str, depth: int) -> None:
    device = fresh(tmp_path)
    marks = {name: f"#{name}" for name in ("record", "data", "settings")}
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a", x=marks["record"])],
        data={"x": marks["data"]},
        settings={"x": marks["settings"]},
    )
    deep, mark = b"[" * depth + b"]" * depth, f'"{marks[where]}"'.encode()
    changed = {name: body.replace(mark, deep) for name, body in entries_of(archive).items()}
    verdict = validate(device, write(tmp_path / "c.kpbackup", changed))
    # What the app ignores, as a key that nobody knows, may hold anything that can be read.
    assert verdict.is_valid == (depth < limits.MAX_DEPTH)


def test_a_byte_order_mark_is_dropped(real_files: Path, tmp_path: Path) -> None:
    device, other = fresh(tmp_path, "device.db"), fresh(tmp_path, "other.db")
    whole = real_files / f"{THIRD}.kpbackup"
    marked = {name: b"\xef\xbb\xbf" + body for name, body in entries_of(whole).items()}
    restore(device, write(tmp_path / "b.kpbackup", marked))
    restore(other, whole)
    assert counts(device) == counts(other)


def test_infinity_is_not_lost_as_null(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    insert(source, "ai_interactions", id="i", message="", response="", confidence=float("inf"))
    insert(source, "productivity_patterns", id="p", pattern_type="", time_slot="", productivity_score=float("-inf"),
           confidence_level=0.5)  # fmt: skip
    archive = backup(source, tmp_path / "b.kpbackup")
    assert entry(archive, "ai_interactions.json")[0]["confidence"] is None
    device = fresh(tmp_path, "device.db")
    restore(device, archive)
    assert_same(source, device)


@pytest.mark.slow
def test_records_of_many_shapes_are_read_and_too_many_are_refused(tmp_path: Path) -> None:
    device = fresh(tmp_path)
    keys = [f"k{index}" for index in range(11)]
    shapes = [{key: 1 for place, key in enumerate(keys) if number >> place & 1} for number in range(1100)]
    tasks = [task(str(index), **shape) for index, shape in enumerate(shapes)]
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=tasks[:200], time_sessions=[session("s", "7")])
    restore(device, archive, allow_loss=True)
    assert value(device, "SELECT count(*) FROM tasks") == 200
    columns = [task(str(index), **{f"k{index}": 1}) for index in range(600)]
    for many in (tasks, columns):
        verdict = validate(device, shipped_archive(tmp_path / "c.kpbackup", tasks=many))
        assert verdict.errors[0].startswith("The backup goes beyond what a KiraPilot backup can hold")
