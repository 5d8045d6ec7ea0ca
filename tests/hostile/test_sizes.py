"""Small files that say a great deal: told of, or read, in bounded memory and time, in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Cases
from tests.support.archives import TASK, Entries, made_of, with_text, write
from tests.support.oracle import Device

SIZES = "A small file that says a great deal takes bounded memory and time"

MIB = 1 << 20
MEMORY = 256 * MIB
"""Most memory for any of these: four times what one record may be long."""

SECONDS = 20.0
"""Most processor time for three jobs; the worst take a third of that."""

PATIENCE = 300.0
"""Seconds after which a busy machine is waited for no longer."""


def _in_data(text: bytes) -> Entries:
    entries = made_of()
    return entries | {"data.json": entries["data.json"].replace(b"{", b"{" + text + b",", 1)}


def _titled(title: bytes) -> Entries:
    return with_text(json.dumps([TASK]).encode().replace(b'"Water the plants"', title))


GREAT: dict[str, tuple[Callable[[], Entries], str | None]] = {
    "a key of 20 MiB": (lambda: _in_data(b'"' + b"k" * (20 * MIB) + b'": 1'), "limit_exceeded"),
    "200 keys of 1 MiB": (
        lambda: _in_data(b",".join(b'"%03d' % i + b"k" * MIB + b'": 1' for i in range(200))), "limit_exceeded",
    ),
    "900 keys of 9 kB": (lambda: _in_data(b",".join(b'"%03d' % i + b"k" * 9000 + b'": 1' for i in range(900))), None),
    "a record of 70 MiB": (lambda: _titled(b'"' + b"t" * (70 * MIB) + b'"'), "limit_exceeded"),
    "a number of 10 MiB": (lambda: _titled(b"1" * (10 * MIB)), "invalid_backup"),
    "a record of millions of lists": (lambda: _titled(b"[" + b"[]," * (3 * MIB) + b"1]"), "limit_exceeded"),
    "a value of millions of lists": (lambda: _in_data(b'"k": {"a": [' + b"[]," * (3 * MIB) + b"1]}"), "limit_exceeded"),
    "millions of unknown lists": (lambda: _in_data(b'"k": [' + b"[]," * (8 * MIB) + b"1]"), None),
    "millions of numbers for records": (lambda: with_text(b"[" + b"1," * (2 * MIB) + b"1]", 2 * MIB + 1), "damaged"),
    "millions of empty records": (lambda: with_text(b"[" + b"{}," * (2 * MIB) + b"{}]", 2 * MIB + 1), "damaged"),
    "a record of 300,000 keys": (
        lambda: with_text(b"[{" + b",".join(b'"k%d":1' % i for i in range(300_000)) + b"}]"), "limit_exceeded",
    ),
    "settings of 150 MiB": (lambda: made_of() | {"settings.json": b" " * (150 * MIB)}, "limit_exceeded"),
    "metadata of 150 MiB": (lambda: made_of() | {"metadata.json": b" " * (150 * MIB)}, "limit_exceeded"),
    "an entry of 150 MiB that nobody wants": (lambda: made_of() | {"photo.jpg": bytes(150 * MIB)}, None),
    "a section of 100 MiB of white space": (
        lambda: made_of([]) | {"tasks.json": b"[" + b" " * (100 * MIB) + b"]"}, None,
    ),
}  # fmt: skip


def _run(device: Device) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.support.bounded_job", str(device.database), str(device.root / "work")]
    done = subprocess.run(
        [*command, str(device.archive)], capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads what a process holds from /proc")
@pytest.mark.parametrize("kind", GREAT)
def test_what_a_small_file_says_takes_bounded_memory_and_time(kind: str, tmp_path: Path, cases: Cases) -> None:
    make, error = GREAT[kind]
    device = Device(tmp_path)
    write(device.archive, make())
    assert device.archive.stat().st_size < 6 * MIB
    before = device.files()
    answer = _run(device)
    assert answer["kinds"]["validate"] == answer["kinds"]["import"] == error
    if error is not None:
        assert device.files() == before
    assert answer["peak"] < MEMORY
    assert answer["seconds"] < SECONDS
    cases.record(SIZES)


@pytest.mark.exhaustive
@pytest.mark.skipif(sys.platform != "linux", reason="reads what a process holds from /proc")
def test_the_longest_record_is_imported_in_bounded_memory(tmp_path: Path) -> None:
    device = Device(tmp_path)
    write(device.archive, _titled(b'"' + b"t" * (60 * MIB) + b'"'))
    answer = _run(device)
    assert answer["kinds"]["import"] is None
    assert answer["peak"] < 2 * MEMORY
