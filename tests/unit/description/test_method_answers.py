"""What a method is said to answer with is what its function answers with."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.description.method_answers import ANSWERS
from sidecar.wire.methods import METHODS


def test_every_method_has_an_answer_and_no_other_has() -> None:
    assert list(ANSWERS) == list(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_the_result_is_what_the_methods_function_returns(name: str) -> None:
    # As it is written there: the functions' modules do not load the types.
    assert METHODS[name].run.__annotations__["return"] == _written(ANSWERS[name].result)


def _written(result: Any) -> str:
    return result.__name__ if isinstance(result, type) and result is not dict else str(result).replace("typing.", "")
