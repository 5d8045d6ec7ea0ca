"""jsonrpcserver, imported without what it does not need, and without harm to whoever needs all of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.client import DEADLINE

PRINT_LOADED = "print(sorted({m.partition('.')[0] for m in sys.modules} & {'jsonschema', 'asyncio', 'http'}))"


def run(script: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", f"import sys\n{script}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True).stdout.strip()


def test_jsonschema_asyncio_and_http_are_not_loaded() -> None:
    assert run(f"import sidecar.wire.methods\n{PRINT_LOADED}") == "[]"


@pytest.mark.slow
def test_they_are_what_the_plain_import_costs() -> None:
    assert run(f"import jsonrpcserver\n{PRINT_LOADED}") == "['asyncio', 'http', 'jsonschema']"


def test_of_oslash_only_the_part_in_use_is_loaded() -> None:
    command = [sys.executable, "-X", "importtime", "-c", "import sidecar.wire.dispatching"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True).stderr
    loaded = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "oslash.either" in loaded
    assert not loaded & {"oslash.list", "oslash.writer", "oslash.ioaction"}


@pytest.mark.slow
@pytest.mark.parametrize("first", ["sidecar.wire.dispatching", "jsonrpcserver"])
def test_the_whole_package_works_beside_ours_whichever_comes_first(first: str) -> None:
    script = f"""
import {first}
import jsonrpcserver
from sidecar.wire.dispatching import Success, dispatch
from sidecar.wire.messages import Request
ping = '{{"jsonrpc": "2.0", "method": "ping", "id": 1}}'
print(jsonrpcserver.dispatch(ping, {{"ping": lambda: jsonrpcserver.Success("theirs")}}))
print(dispatch(Request({{"method": "ping", "id": 2}}), {{"ping": lambda context: Success(context)}}, "ours"))
"""
    theirs, ours = run(script).splitlines()
    assert theirs == '{"jsonrpc": "2.0", "result": "theirs", "id": 1}'
    assert ours == "{'jsonrpc': '2.0', 'result': 'ours', 'id': 2}"


def test_importing_it_warns_of_nothing() -> None:
    command = [sys.executable, "-W", "error", "-c", "import sidecar.wire.dispatching"]
    subprocess.run(command, timeout=DEADLINE, check=True)


def test_missing_package_is_named() -> None:
    script = """
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "jsonrpcserver" else real(name, package)
try:
    import sidecar.wire.dispatching
except ModuleNotFoundError as error:
    print(error.name)
"""
    assert run(script) == "jsonrpcserver"
