"""A sidecar that lacks what it needs says so and ends, for whoever started it to start another."""

from __future__ import annotations

import json
from pathlib import Path

from sidecar.errors.base import StartAgain
from sidecar.wire.context import Context, Session
from sidecar.wire.methods import Method
from sidecar.wire.params import NoParams
from sidecar.wire.server import BROKEN, Server
from sidecar.wire.stdio import Stdio


def _exhausted(_params: NoParams, _context: Context) -> None:
    raise MemoryError


def test_after_saying_that_it_must_be_started_again_the_server_ends(tmp_path: Path) -> None:
    asked, said = tmp_path / "asked", tmp_path / "said"
    asked.write_bytes(b'{"jsonrpc":"2.0","id":1,"method":"exhausted"}\n')
    methods = {"exhausted": Method("exhausted", _exhausted, NoParams)}
    with asked.open("rb") as source, said.open("wb") as sink:
        code = Server(Stdio(source.fileno(), sink.fileno()), Session(), methods).run()
    assert code == BROKEN
    (answer,) = [json.loads(line) for line in said.read_bytes().splitlines()]
    assert answer["error"]["code"] == StartAgain.code
    assert answer["error"]["data"]["kind"] == "start_again"
