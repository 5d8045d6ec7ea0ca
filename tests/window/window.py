"""The app's own window, driven as a person would: by tauri-driver and selenium, and native dialogs by keyboard."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests.window.closing import ask_to_close
from tests.window.drivers import driver
from tests.window.screen import DEADLINE, Home, eventually

SIDECAR = "kirapilot-sidecar"


class Window:
    """The app's own window, driven as a person would."""

    def __init__(self, driver: Any, process: psutil.Process, home: Home, environment: Mapping[str, str]) -> None:
        self.driver = driver
        self.process = process
        self.home = home
        self.environment = dict(environment)

    def script(self, code: str, *arguments: object) -> Any:
        return self.driver.execute_script(code, *arguments)

    def click(self, selector: str) -> None:
        """Click once there is something to be clicked."""
        self.find(selector)
        eventually(
            lambda: self.script(
                "const found = document.querySelector(arguments[0]);"
                "if (!found || found.disabled) return false; found.click(); return true",
                selector,
            ),
            f"{selector} can be clicked",
        )

    def find(self, selector: str) -> Any:
        found = "return document.querySelector(arguments[0])"
        return eventually(lambda: self.script(found, selector), f"there is {selector}")

    def text(self, selector: str) -> str:
        """What stands in an element, once it is shown: before, a browser gives its text without the spaces between."""
        shown = "return document.querySelector(arguments[0])?.getClientRects().length > 0"
        eventually(lambda: self.script(shown, selector), f"{selector} is shown")
        return str(self.script("return document.querySelector(arguments[0]).innerText", selector))

    def is_gone(self, selector: str) -> bool:
        return bool(self.script("return document.querySelector(arguments[0]) === null", selector))

    def begin(self, name: str, call: str, *arguments: object) -> None:
        """Start a call of the page's own ``invoke``; its end stands in ``window[name]``, while the page lives."""
        self.script(
            f"window[{name!r}] = null; const args = arguments;"
            f"window.__TAURI_INTERNALS__.invoke({call}).then("
            f"  (value) => {{ window[{name!r}] = {{ value }} }}, (error) => {{ window[{name!r}] = {{ error }} }});",
            *arguments,
        )

    def end(self, name: str) -> dict[str, Any]:
        """How the call ended: ``value``, or ``error``."""
        ended: dict[str, Any] = eventually(lambda: self.script(f"return window[{name!r}]"), f"{name} ends")
        return ended

    def call(self, command: str, **params: object) -> dict[str, Any]:
        """Call a command as the frontend does, and wait for its end."""
        self.begin("__call", "args[0], args[1]", command, params)
        return self.end("__call")

    def listen(self, event: str) -> None:
        """Keep what the plugin tells by an event from now on."""
        self.script("(window.__heard = window.__heard || {})[arguments[0]] = []", event)
        self._listen(event, "window.__heard[event.event].push(event.payload)")

    def heard(self, event: str, **members: object) -> dict[str, Any]:
        """The first that it has told with these members, once it has."""

        def look() -> dict[str, Any] | None:
            told = self.script("return window.__heard[arguments[0]]", event)
            return next((one for one in told if members.items() <= one.items()), None)

        return eventually(look, f"{event} tells of {members}")

    def leave_imported(self) -> None:
        """Close the dialog that tells of an import, on which the page is loaded again."""
        self.find("#imported")
        self.script("window.__old = true")
        self.click("#imported footer .primary")
        self.wait_for_reload()

    def watch_progress(self) -> None:
        """Keep the phases that the plugin reports from now on."""
        self.script("window.__phases = []")
        self._listen("kirapilot-backup://progress", "window.__phases.push(event.payload.phase)")

    def _listen(self, event: str, act: str) -> None:
        """Do something at each event; in force on return, however quick what comes next may be."""
        self.script(
            "window.__listens = false; const { transformCallback, invoke } = window.__TAURI_INTERNALS__;"
            "invoke('plugin:event|listen', { event: arguments[0], target: { kind: 'Any' },"
            f" handler: transformCallback((event) => {act}) }}).then(() => {{ window.__listens = true }})",
            event,
        )
        eventually(lambda: self.script("return window.__listens"), f"the page listens to {event}")

    def wait_for_phase(self, phase: str) -> None:
        """Wait for a phase that lasts: of reports that come while one is on its way, the newest alone is sent."""
        eventually(lambda: phase in self.script("return window.__phases"), f"the job is in its phase {phase!r}")

    def reload(self) -> None:
        """As the frontend does after an import."""
        self.script("window.__old = true; setTimeout(() => location.reload(), 0)")
        self.wait_for_reload()

    def wait_for_reload(self) -> None:
        ready = "return !window.__old && document.querySelector('#export, #theme') !== null"
        eventually(lambda: self._during_a_reload(ready), "the page has loaded again")

    def show_another_page(self) -> None:
        """One of the same origin without the app's code, which would reload when another window imports."""
        self.script("window.__old = true; location.href = document.querySelector('link[rel=stylesheet]').href")
        ready = "return !window.__old && document.readyState === 'complete' && '__TAURI_INTERNALS__' in window"
        eventually(lambda: self._during_a_reload(ready), "the other page is there")

    def _during_a_reload(self, code: str) -> Any:
        from selenium.common.exceptions import WebDriverException

        try:
            return self.script(code)
        except WebDriverException:
            return None

    def answer_dialogs(self, **answers: object) -> None:
        """Pass native dialogs by: what ``plugin:dialog|NAME`` answers, until the page is left. Keeps what was asked."""
        self.script(
            """
            const answers = arguments[0];
            window.__dialogs = window.__dialogs || [];
            const real = window.__realFetch = window.__realFetch || window.fetch;
            window.fetch = async (resource, options) => {
              const asked = decodeURIComponent(String(resource)).match(/plugin:dialog\\|(\\w+)/);
              if (!asked || !(asked[1] in answers)) return real(resource, options);
              window.__dialogs.push([asked[1], JSON.parse(new TextDecoder().decode(
                typeof options.body === 'string' ? new TextEncoder().encode(options.body) : options.body))]);
              const headers = { 'Tauri-Response': 'ok', 'Content-Type': 'application/json' };
              return new Response(JSON.stringify(answers[asked[1]]), { headers });
            };
            """,
            answers,
        )

    def dialogs(self) -> list[tuple[str, dict[str, Any]]]:
        """The dialogs that were passed by, and what they would have said."""
        return [(name, said) for name, said in self.script("return window.__dialogs")]

    def sidecars(self) -> list[psutil.Process]:
        """Processes of the sidecar that the app started: the bootloader, and the one that works."""
        return [child for child in self.process.children(recursive=True) if child.name().startswith(SIDECAR[:15])]

    def keys(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env={**os.environ, **self.environment}, check=True, timeout=DEADLINE)

    def close(self) -> None:
        """Close the window by its frame."""
        ask_to_close(self.environment["DISPLAY"], int(self.native("KiraPilot")))

    def native(self, title: str) -> str:
        """The number of a native window, once it is there; it has the keyboard then."""
        window = eventually(lambda: self.native_window(title), f"there is a window {title!r}")
        self.keys("windowfocus", "--sync", window)
        return window

    def native_window(self, title: str) -> str:
        """The number of a native window, "" while there is none."""
        words = ["xdotool", "search", "--onlyvisible", "--name", f"^{title}$"]
        environment = {**os.environ, **self.environment}
        found = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=DEADLINE, check=False)
        return (found.stdout.split() or [""])[-1]

    def accept_native(self, title: str) -> None:
        """Press Return until the dialog is gone: a file dialog takes it only once it has looked for the file."""

        def press() -> bool:
            self.keys("key", "Return")
            try:
                return eventually(lambda: not self.native_window(title), f"{title!r} is gone", seconds=1)
            except AssertionError:
                return False

        eventually(press, f"{title!r} is gone")

    def picture(self, path: Path) -> None:
        """The window as a PNG; WebDriver's own pictures never come without a compositor."""
        environment = {**os.environ, **self.environment}
        words = ["import", "-window", self.native("KiraPilot"), "-strip", "+dither", "-colors", "128", f"PNG8:{path}"]
        subprocess.run(words, env=environment, check=True, timeout=DEADLINE)


@contextmanager
def window(app: Path, home: Home, display: Mapping[str, str], *arguments: str, **more: str) -> Iterator[Window]:
    """The app with its window open, as the user of ``home``; the app is gone at the end of the block.

    It makes no backups by itself unless it is told when: ``--backups-after=SECONDS``.
    """
    from selenium import webdriver
    from selenium.webdriver.common.options import ArgOptions
    from selenium.webdriver.remote.client_config import ClientConfig
    from selenium.webdriver.remote.remote_connection import RemoteConnection

    environment = {
        **display,
        **home.environment(),
        "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
        "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
        "NO_AT_BRIDGE": "1",
        "LC_ALL": "C.UTF-8",
        **more,
    }
    with ExitStack() as stack:
        command = ["tauri-driver", f"--native-driver={shutil.which('WebKitWebDriver')}"]
        server, address = stack.enter_context(driver(command, ("port", "native-port"), environment))
        when = [] if any(word.startswith("--backups-after=") for word in arguments) else ["--backups-after=never"]
        options = ArgOptions()
        options.set_capability("browserName", "wry")
        options.set_capability("tauri:options", {"application": str(app), "args": [*when, *arguments]})
        once = {"init_args_for_pool_manager": {"retries": False}}
        config = ClientConfig(address, timeout=int(DEADLINE), init_args_for_pool_manager=once)
        remote = webdriver.Remote(RemoteConnection(client_config=config), options=options)
        process = app_of(server, app)
        stack.callback(quit_and_wait, remote, process)
        shown = Window(remote, process, home, environment)
        shown.wait_for_reload()
        yield shown


def app_of(driver: int, app: Path) -> psutil.Process:
    """The app that a driver has started."""

    def look() -> psutil.Process | None:
        children = psutil.Process(driver).children(recursive=True)
        return next((child for child in children if is_program(child, app)), None)

    return eventually(look, f"{app.name} runs")


def is_program(process: psutil.Process, app: Path) -> bool:
    try:
        return Path(process.exe()) == app.resolve()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def quit_and_wait(driver: Any, process: psutil.Process) -> None:
    """Close the app, unless the test has; leave nothing of it."""
    from selenium.common.exceptions import WebDriverException

    with suppress(WebDriverException):
        driver.quit()
    for each in _family(process):
        each.kill()


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        _, alive = psutil.wait_procs([process], 10)
        return [*process.children(recursive=True), process] if alive else []
    except psutil.NoSuchProcess:
        return []
