"""The fuzzed readers in every run: the corpus that fuzzing left, and what hypothesis makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.campaigns.fuzz_targets import CORPUS, TARGETS, narrow
from tests.conftest import Cases

FUZZED = "Any bytes are read, or refused with an error for people, by the readers of lines, ZIPs and records"

FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    for (module, name), value in narrow().items():
        monkeypatch.setattr(module, name, value)


def _inputs(target: str) -> list[Path]:
    return sorted((CORPUS / target).iterdir())


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_breaks_no_promise(target: str, cases: Cases) -> None:
    for path in _inputs(target):
        try:
            TARGETS[target](path.read_bytes())
        except Exception as error:
            error.add_note(f"corpus/{target}/{path.name}")
            raise
        cases.record(FUZZED)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("target", TARGETS)
@FEW
@given(data=st.data())
def test_what_is_made_of_the_corpus_breaks_no_promise(target: str, data: st.DataObject, cases: Cases) -> None:
    inputs = _inputs(target)
    made = bytearray(data.draw(st.sampled_from(inputs)).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(made)))
        match data.draw(st.sampled_from(["insert", "change", "remove", "double", "splice"])):
            case "insert":
                made[where:where] = data.draw(st.binary(max_size=8))
            case "change" if where < len(made):
                made[where] = data.draw(st.integers(0, 255))
            case "remove":
                del made[where : where + data.draw(st.integers(1, 20))]
            case "double":
                made[where:where] = made[where : where + 30]
            case _:
                made[where:] = data.draw(st.sampled_from(inputs)).read_bytes()[where:]
    TARGETS[target](bytes(made))
    cases.record(FUZZED)


@pytest.mark.parametrize("target", TARGETS)
@FEW
@given(data=st.binary(max_size=400))
def test_any_bytes_break_no_promise(target: str, data: bytes, cases: Cases) -> None:
    TARGETS[target](data)
    cases.record(FUZZED)


def test_the_corpus_stays_small() -> None:
    assert sum(path.stat().st_size for path in _files()) < 1_000_000
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)


def _files() -> Iterator[Path]:
    return (path for path in CORPUS.rglob("*") if path.is_file())
