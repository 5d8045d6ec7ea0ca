"""The frozen program on Windows, where its bootloader can be ended alone: by the task manager, by an installer."""

from __future__ import annotations

import sys

import psutil
import pytest

from tests.support.client import DEADLINE, Client

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="test_life.py has it for POSIX")


def test_when_the_bootloader_is_killed_the_rest_ends_with_its_input(sidecar_command: list[str]) -> None:
    with Client([*sidecar_command, "serve"]) as client:
        client.request("ping")
        bootloader = psutil.Process(client.process.pid)
        rest = bootloader.children(recursive=True)
        if not rest:
            pytest.skip("there is no bootloader: nothing is frozen")
        bootloader.kill()
        client.wait()
        assert client.request("ping")["result"]["pong"] is True, "the real process is alive"
        client.close_input()
        _, alive = psutil.wait_procs(rest, timeout=DEADLINE)
        assert alive == []
