"""Examples of the OpenRPC document: each stands in the transcript it names, and is as the schemas say."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from sidecar.description import examples
from sidecar.description.examples import FOLDER, Exchange, add_examples, filled, first_exchanges
from sidecar.description.openrpc import make_document
from sidecar.wire.methods import METHODS
from tests.conftest import ROOT
from tests.support import transcripts
from tests.support.described import faults
from tests.support.transcripts import PLACEHOLDERS, RECEIVED, SENT, matches

DOCUMENT = json.loads((ROOT / "protocol" / "openrpc.json").read_text("utf-8"))

PAIRS = {method["name"]: method["examples"][0] for method in DOCUMENT["methods"]}


def by_name(pair: dict[str, Any]) -> dict[str, Any]:
    """The params of an example."""
    return {param["name"]: param["value"] for param in pair["params"]}


def conversation(pair: dict[str, Any], mark: str) -> list[dict[str, Any]]:
    """The messages of the transcript that an example names, sent or received."""
    name = pair["description"].removeprefix("From ").removesuffix(".")
    lines = [line.text for line in transcripts.read(ROOT / name) if line.mark == mark]
    return [message for message in map(json.loads, lines) if isinstance(message, dict)]


@pytest.mark.slow(but=15)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_an_example_that_is_as_its_schemas_say(method: str) -> None:
    name = method.removeprefix("$/")
    assert faults(f"params/{name}", by_name(PAIRS[method])) == []
    assert faults(f"results/{name}", PAIRS[method]["result"]["value"]) == []


@pytest.mark.parametrize("method", METHODS)
def test_every_example_stands_in_the_transcript_that_it_names(method: str) -> None:
    pair, folder = PAIRS[method], PurePosixPath(FOLDER)
    asked = [
        message["id"]
        for message in conversation(pair, SENT)
        if message.get("method") == method
        and "id" in message
        and matches(message.get("params", {}), by_name(pair), folder)
    ]
    answers = conversation(pair, RECEIVED)
    told = [answer["result"] for answer in answers if answer.get("id") in asked and "result" in answer]
    assert any(matches(result, pair["result"]["value"], folder) for result in told)


def test_the_answer_to_discover_is_the_document_without_its_examples() -> None:
    kept = {**DOCUMENT, "methods": [{k: v for k, v in one.items() if k != "examples"} for one in DOCUMENT["methods"]]}
    assert json.loads(json.dumps(make_document())) == kept


def test_a_first_call_is_shown_before_a_strange_one() -> None:
    shown = first_exchanges()
    assert by_name(PAIRS["import_data_from_file"]).keys() == {"filePath", "overwrite"}
    assert shown["list_backups"].result["backups"], "a list that holds something"
    assert shown["initialize"].transcript == "life-cycle.txt"


def test_a_method_that_no_transcript_shows_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
    (tmp_path / "a.txt").write_text(f'--> {sent}\n<-- {{"jsonrpc":"2.0","result":{{}},"id":1}}\n--> [1\n', "utf-8")
    monkeypatch.setattr(examples, "TRANSCRIPTS", tmp_path)
    assert first_exchanges() == {"ping": Exchange("a.txt", "ping", {}, {})}
    with pytest.raises(LookupError, match=r"shows a result of export_data_to_file, .*: write one"):
        add_examples(make_document())


def test_every_placeholder_of_the_transcripts_has_a_value_of_its_kind() -> None:
    assert examples.VALUES.keys() == PLACEHOLDERS.keys()
    assert all(PLACEHOLDERS[gap](value) for gap, value in examples.VALUES.items())


def test_what_a_transcript_leaves_open_is_filled() -> None:
    left_open = {"path": "<folder>/b-<stamp>.kpbackup", "made": ["<time>"], "size": "<number>", "rows": 3}
    told = filled(left_open)
    assert told["path"] == f"{FOLDER}/b-20261122T160721.689983Z.kpbackup"
    assert matches(
        {"made": ["<time>"], "size": "<number>", "rows": 3},
        {k: told[k] for k in ("made", "size", "rows")},
        PurePosixPath(FOLDER),
    )
