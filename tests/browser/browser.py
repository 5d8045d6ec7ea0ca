"""A browser of the platform, WebKit's own small one, driven by WebKitWebDriver on a screen that nobody sees."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.window.drivers import driver
from tests.window.screen import eventually, screen

AXE = ROOT / "protocol" / "example" / "node_modules" / "axe-core" / "axe.min.js"
"""Deque's checks of the Web Content Accessibility Guidelines, as `npm ci` puts them there."""

TOOLS = ("Xvfb", "WebKitWebDriver", "dbus-daemon", "xdotool", "import")

THEMES = {"light": "Adwaita", "dark": "Adwaita:dark"}
"""What a page is to be shown in -> the desktop's theme from which WebKit takes it."""

_CHECK = """
const [done] = arguments;
document.querySelectorAll('details').forEach((each) => { each.open = true });
axe.run(document, { resultTypes: ['violations'] }).then(
  (found) => done(found.violations.map((each) => ({ rule: each.id, what: each.help, where: each.nodes.length,
    first: each.nodes[0].html.slice(0, 300), why: each.nodes[0].failureSummary }))),
  (error) => done(String(error)));
"""
"""Opens whatever is folded up: what is not shown is not checked."""


def program() -> str | None:
    """WebKit's small browser, which lies beside the library."""
    return next(map(str, sorted(Path("/usr/lib").glob("*/webkit2gtk-*/MiniBrowser"))), None)


class Browser:
    """One window of a browser."""

    def __init__(self, driver: Any, environment: dict[str, str]) -> None:
        self.driver = driver
        self._environment = environment

    def show(self, path: Path) -> None:
        self.driver.get(path.as_uri())
        eventually(lambda: self.script("return document.readyState === 'complete'"), f"{path.name} is shown")

    def script(self, code: str, *arguments: object) -> Any:
        return self.driver.execute_script(code, *arguments)

    def violations(self) -> list[dict[str, Any]]:
        """What axe finds wrong with the page, everything in it shown; a string where axe itself failed."""
        # By the driver, which the page's policy does not bind; the page itself may evaluate nothing.
        self.script(AXE.read_text("utf-8"))
        found: list[dict[str, Any]] = self.driver.execute_async_script(_CHECK)
        return found

    def press(self, key: str) -> None:
        """A key of the keyboard, to whatever has the focus."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(key).perform()

    def resize(self, width: int, height: int) -> None:
        """Let the page have this size."""
        bar = self.script("return outerHeight - innerHeight")
        self._run("xdotool", "windowsize", "--sync", self._window(), str(width), str(height + bar))
        drawn = f"return innerWidth === {width} && innerHeight === {height}"
        eventually(lambda: self.script(drawn), "the window has its size")

    def picture(self, path: Path, width: int, height: int) -> None:
        """The page alone as a PNG, in a window of this size."""
        self.resize(width, height)
        # Beneath it, a bar would tell its value.
        self._run("xdotool", "mousemove", "0", "0")
        # Two frames later, everything is drawn.
        self.script(
            "window.__drawn = false;"
            "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => window.__drawn = true, 500)))"
        )
        eventually(lambda: self.script("return window.__drawn"), "the page is drawn")
        bar = self.script("return outerHeight - innerHeight")
        words = ["-window", self._window(), "-crop", f"{width}x{height}+0+{bar}", "+repage", "-strip"]
        self._run("import", *words, str(path))

    def _window(self) -> str:
        return self._run("xdotool", "search", "--onlyvisible", "--class", "MiniBrowser").split()[-1]

    def _run(self, *words: str) -> str:
        environment = {**os.environ, **self._environment}
        return subprocess.run(words, env=environment, check=True, capture_output=True, text=True, timeout=30).stdout


@contextmanager
def browser(theme: str, home: Path, size: str = "1280x900") -> Iterator[Browser]:
    """A browser that shows pages in a theme, as a user who has never started it; gone at the end of the block."""
    from selenium import webdriver
    from selenium.webdriver.remote.client_config import ClientConfig
    from selenium.webdriver.remote.remote_connection import RemoteConnection
    from selenium.webdriver.webkitgtk.options import Options

    with ExitStack() as stack:
        environment = {
            **stack.enter_context(screen(size)),
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "GTK_THEME": THEMES[theme],
            "NO_AT_BRIDGE": "1",
            "LC_ALL": "C.UTF-8",
            "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
            "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
        }
        native_driver = shutil.which("WebKitWebDriver")
        assert native_driver is not None
        _, address = stack.enter_context(driver([native_driver], ("port",), environment))
        options = Options()
        options.binary_location = str(program())
        options.add_argument("--automation")
        config = ClientConfig(address, timeout=180)
        remote = webdriver.Remote(RemoteConnection(client_config=config), options=options)
        stack.callback(remote.quit)
        remote.set_script_timeout(120)
        yield Browser(remote, environment)
