"""Records cut out of a stream: whatever the chunks, the same as json.loads makes of the whole, or an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.archive import json_stream, limits
from sidecar.archive.json_stream import Array, Document
from sidecar.errors.backups import BackupError, DamagedBackup, LimitExceeded

FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window of 40 bytes, so that short documents are long ones."""
    monkeypatch.setattr(json_stream, "WINDOW_BYTES", 40)


def _chunks(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


def _decode(batch: bytes) -> list[Any]:
    """As a reader of records does: the batch must be JSON, and is looked into later."""
    return [json.loads(bytes(record)) for record in msgspec.json.decode(batch, type=list[msgspec.Raw])]


def _records(text: bytes, size: int) -> list[Any]:
    return [record for batch in Document("x.json", _chunks(text, size)).records(_decode) for record in batch]


def _members(text: bytes, size: int, skipped: frozenset[str] = frozenset()) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in Document("x.json", _chunks(text, size)).members():
        if not isinstance(value, Array):
            found[key] = json.loads(value)
        elif key not in skipped:
            found[key] = [record for batch in value.batches(_decode) for record in batch]
    return found


TEXTS = st.text(
    alphabet=st.characters(exclude_categories=["Cs"]) | st.sampled_from('{}[]",:\\\n\0é🌱\ufeff'), max_size=30
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
RECORDS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=12)
STYLES = st.sampled_from([
    {}, {"separators": (",", ":")}, {"indent": 1}, {"ensure_ascii": False}, {"separators": (" , ", " : ")},
])  # fmt: skip


@pytest.mark.slow
@FEW
@given(RECORDS, STYLES, st.integers(1, 300))
@pytest.mark.usefixtures("narrow")
def test_any_records_in_any_chunks_are_those_of_json(records: list[Any], style: dict[str, Any], size: int) -> None:
    assert _records(json.dumps(records, **style).encode(), size) == records


@pytest.mark.slow
@FEW
@given(st.dictionaries(TEXTS, VALUES | RECORDS, max_size=5), STYLES, st.integers(1, 300), st.data())
@pytest.mark.usefixtures("narrow")
def test_any_members_in_any_chunks_are_those_of_json(
    document: dict[str, Any], style: dict[str, Any], size: int, data: st.DataObject
) -> None:
    text = json.dumps(document, **style).encode()
    assert _members(text, size) == document
    lists = sorted(key for key, value in document.items() if isinstance(value, list))
    skipped = frozenset(data.draw(st.sets(st.sampled_from(lists)))) if lists else frozenset[str]()
    assert _members(text, size, skipped) == {key: value for key, value in document.items() if key not in skipped}


@pytest.mark.slow
@FEW
@given(RECORDS, st.integers(1, 300), st.data())
@pytest.mark.usefixtures("narrow")
def test_spoiled_json_is_refused_or_read_as_json_reads_it(records: list[Any], size: int, data: st.DataObject) -> None:
    text = bytearray(json.dumps(records).encode())
    spoil = st.sampled_from(b'{}[]",:\\ x0\xff')
    for _ in range(data.draw(st.integers(1, 3))):
        where = data.draw(st.integers(0, len(text) - 1))
        match data.draw(st.sampled_from(["change", "insert", "remove", "cut"])):
            case "change":
                text[where] = data.draw(spoil)
            case "insert":
                text.insert(where, data.draw(spoil))
            case "remove" if len(text) > 1:
                del text[where]
            case _:
                del text[where + 1 :]
    try:
        found = _records(bytes(text), size)
    except BackupError:
        return
    assert found == json.loads(text)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_a_byte_order_mark_is_dropped_at_the_very_start_only(size: int) -> None:
    mark = "\ufeff"
    text = f'{mark}[{{"a": "{mark}"}}, {{"{mark}": 1}}]'.encode()
    assert _records(text, size) == [{"a": mark}, {mark: 1}]
    assert _members(f'{mark}{{"{mark}": "{mark}"}}'.encode(), size) == {mark: mark}
    with pytest.raises(DamagedBackup):
        _records(f"{mark}{mark}[]".encode(), size)
    with pytest.raises(DamagedBackup):
        _records(f"[{mark}]".encode(), size)


@pytest.mark.usefixtures("narrow")
def test_a_batch_has_a_record_whatever_follows_the_one_before() -> None:
    """An empty one would be taken for records of the last batch's keys."""
    batches = Document("x.json", _chunks(b'[{"a":1,"b":"' + b"x" * 60 + b'"}, }', 5)).records(_decode)
    assert len(next(batches)) == 1
    with pytest.raises(DamagedBackup):
        next(batches)


@pytest.mark.parametrize("size", [1000, 70_000])
def test_a_record_longer_than_the_window_is_read(size: int) -> None:
    long = {"text": '}{][",' * 250_000, "list": [{"a": "}"}] * 1000}
    records = [{"a": 1}, long, {"a": 2}]
    assert len(json.dumps(long)) > json_stream.WINDOW_BYTES
    assert _records(json.dumps(records).encode(), size) == records


@pytest.mark.usefixtures("narrow")
def test_a_record_longer_than_any_may_be_is_refused_before_it_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_RECORD_BYTES", 1000)
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield b'[{"a":"'
        while True:
            taken += 100
            yield b"x" * 100

    with pytest.raises(LimitExceeded):
        for _ in Document("x.json", endless()).records(_decode):
            pass
    assert taken < 10_000


@pytest.mark.parametrize("text", [b'{"a":', b'{"' + b"k" * 3000, b"{" + b" " * 3000 + b'"a', b'{"a":' + b"1" * 3000])
def test_what_is_no_record_is_bounded_too(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_RECORD_BYTES", 1000)
    monkeypatch.setattr(json_stream, "WINDOW_BYTES", 40)
    with pytest.raises((LimitExceeded, DamagedBackup)):
        _members(text, 10)


@pytest.mark.usefixtures("narrow")
def test_the_observer_sees_the_array_as_it_stands_there() -> None:
    array = b'[{"a":"]"} , {"b":[1,2,{}]},{"c":"' + b"x" * 300 + b'"}]'
    seen = bytearray()
    for key, value in Document("x.json", _chunks(b'{"k":1,"rows": ' + array + b',"z":2}', 7)).members():
        if isinstance(value, Array):
            value.observe = seen.extend
            assert [record for batch in value.batches(_decode) for record in batch] == json.loads(array)
            assert key == "rows"
    assert json.loads(bytes(seen)) == json.loads(array)


def test_the_observer_sees_our_own_arrays_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes it cheap to tell that a section is the very bytes of its part of data.json."""
    monkeypatch.setattr(json_stream, "WINDOW_BYTES", 100)
    array = json.dumps([{"id": number} for number in range(200)], separators=(",", ":")).encode()
    for size in (1, 10, 101, 5000):
        seen = bytearray()
        for _, value in Document("x.json", _chunks(b'{"rows":' + array + b"}", size)).members():
            assert isinstance(value, Array)
            value.observe = seen.extend
            assert sum(len(batch) for batch in value.batches(_decode)) == 200
        assert bytes(seen) == array


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[", b"]", b"[{}", b"[{},", b"[{},]", b"[,]", b"[,{}]", b"[{}{}]", b"[{},,{}]", b"[{}]]", b"[{}] x",
        b"{}", b"nope", b"[nope]", b'["a]', b"[{]}", b"[{}}", b'[{"a"}]', b"[NaN]", b"[01]", b"[\xff]",
        b'["\xc3"]', b'["\xed\xa0\x80"]', b"\0", b"[1 2]", b"[tru]", b'[{"a":1,}]', "[{}]".encode("utf-16"),
        b'["\\ud800"]', b'["\\x"]', b"[\x0b]",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 1000])
def test_what_is_not_json_is_refused(text: bytes, size: int) -> None:
    with pytest.raises(DamagedBackup):
        _records(text, size)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b'{"a"', b'{"a":', b'{"a":1', b'{"a":1,', b'{"a":1,}', b"{,}", b'{"a" 1}', b'{"a":1 "b":2}',
        b"{1:2}", b'{"a":}', b'{"a":nope}', b'{"a":1 2}', b'{"a":[}', b'{"a":[1}', b'{"a":{]}', b'{"a":1}}',
        b'{"a":1}{',         b"[]",
        b'{"a":1,"a":2}', b'{"a":[],"a":[]}', b'{"a":1,"\\u0061":2}', b'{"a\xff":1}', b'{"a":"\xff"}', b'{"\\ud800":1}',
        b'{"a":[nope]}', b'{"a":NaN}', b'{"a":+1}', b"{'a':1}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("skipped", [True, False])
def test_an_object_that_is_not_json_or_says_a_thing_twice_is_refused(text: bytes, size: int, skipped: bool) -> None:
    with pytest.raises(DamagedBackup):
        _members(text, size, frozenset("a") if skipped else frozenset())


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("closed", [True, False])
def test_nesting_is_bounded(opening: bytes, closed: bool) -> None:
    deep = opening * 100_000 + (b"1" + (b"]" if opening == b"[" else b"}") * 100_000 if closed else b"")
    for text, read in ((b"[" + deep + b"]", _records), (b'{"k":' + deep + b"}", _members)):
        with pytest.raises((LimitExceeded, DamagedBackup)):
            read(text, 5000)


def test_keys_are_bounded() -> None:
    many = json.dumps({str(number): number for number in range(limits.MAX_KEYS + 1)}).encode()
    with pytest.raises(LimitExceeded):
        _members(many, 1000)
