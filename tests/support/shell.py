"""The program as it is typed: real processes on real files, in pipes; what they say, and the codes they end with."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tests.support.client import DEADLINE


@dataclass
class Shell:
    """Runs the program in a folder, with one database and one work folder."""

    command: list[str]
    folder: Path
    database: Path

    def run(
        self, *arguments: str | bytes, env: Mapping[str, str] | None = None, stdout: int = subprocess.PIPE
    ) -> subprocess.CompletedProcess[bytes]:
        """Run one command with pipes for all three streams."""
        ended = subprocess.run(
            [*self.command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env={
                **os.environ,
                "KIRAPILOT_DATABASE": str(self.database),
                "XDG_CACHE_HOME": str(self.folder / "cache"),
                **(env or {}),
            },
            timeout=4 * DEADLINE,
            check=False,
        )
        if ended.stdout is not None:
            # Where a line ends otherwise, a text does, too.
            ended.stdout = ended.stdout.replace(b"\r\n", b"\n")
        return ended

    def text(self, *arguments: str) -> str:
        """What a command that succeeds prints on standard output; it says nothing on standard error."""
        ended = self.run(*arguments)
        assert (ended.returncode, ended.stderr) == (0, b"")
        return ended.stdout.decode()

    def object(self, *arguments: str) -> dict[str, object]:
        """The JSON object that a command prints with --json."""
        ended = self.run(*arguments, "--json")
        assert ended.stderr == b""
        found: dict[str, object] = json.loads(ended.stdout)
        return found


def said(ended: subprocess.CompletedProcess[bytes], code: int) -> str:
    """What a command says on standard output, once it has ended with this code and no word on standard error."""
    assert (ended.returncode, ended.stderr) == (code, b"")
    return ended.stdout.decode()


def fail_unexpectedly(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("no such luck")
