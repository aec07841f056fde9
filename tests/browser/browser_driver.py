"""Chromium without a window, driven as Debian ships it: ChromeDriver's own HTTP, nothing else.

Knows how to find both programs, to start and end them, and what a page can be asked.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

INSTALL = (
    "The stage test-browser needs Chromium and its driver: apt-get install chromium "
    "chromium-driver (as root)"
)
LONGEST_S = 60
# Nothing of the browser's own shall ask the network: what is left is the page's.
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_opener = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Browser:
    """A session of a browser; addresses of the driver are below `session`."""

    session: str

    def open(self, address: str) -> None:
        """Load a page, to its end."""
        self._ask("POST", "/url", url=address)

    def screen(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """Be a screen of that size, a phone where it is narrow."""
        phone = width < 600
        metrics = {"width": width, "height": height, "mobile": phone}
        self.developer("Emulation.setDeviceMetricsOverride", deviceScaleFactor=1, **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.developer("Emulation.setEmulatedMedia", features=[scheme])

    def run(self, script: str) -> Any:
        """Run a function's body in the page and return what it returns."""
        return self._ask("POST", "/execute/sync", script=script, args=[])

    def developer(self, command: str, **arguments: Any) -> Any:
        """Send a command of the DevTools protocol."""
        return self._ask("POST", "/goog/cdp/execute", cmd=command, params=arguments)

    def type(self, keys: str) -> None:
        """Press keys, one after the other."""
        pressed = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._ask("POST", "/actions", actions=[{"type": "key", "id": "k", "actions": pressed}])

    def log(self, kind: str) -> list[dict[str, Any]]:
        """Return what was logged since the last time: `browser` or `performance`."""
        return self._ask("POST", "/se/log", type=kind)

    def requests(self) -> list[str]:
        """Return every address that anything asked for since the last time."""
        events = [json.loads(line["message"])["message"] for line in self.log("performance")]
        sent = [each["params"] for each in events if each["method"] == "Network.requestWillBeSent"]
        return [each["request"]["url"] for each in sent]

    def picture(self, path: Path) -> None:
        """Write the whole page as a PNG, however long it is."""
        size = self.developer("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        taken = self.developer("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(b64decode(taken["data"]))

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        return _ask(method, self.session + path, body)


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Give a browser with an empty profile; it and its driver are gone when the block ends."""
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    assert driver, INSTALL
    assert chromium, INSTALL
    port = _free_port()
    child = subprocess.Popen(
        [driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        root = f"http://127.0.0.1:{port}"
        _wait_for(root, child)
        wanted = {
            "goog:chromeOptions": {
                "binary": chromium,
                "args": [*FLAGS, f"--user-data-dir={profile}"],
            },
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        made = _ask("POST", f"{root}/session", {"capabilities": {"alwaysMatch": wanted}})
        session = f"{root}/session/{made['sessionId']}"
        try:
            yield Browser(session)
        finally:
            _ask("DELETE", session, {})
    finally:
        child.terminate()
        child.wait(LONGEST_S)


def _wait_for(root: str, child: subprocess.Popen[bytes]) -> None:
    """Wait until the driver answers; bounded."""
    deadline = monotonic() + LONGEST_S
    while monotonic() < deadline:
        try:
            if _ask("GET", f"{root}/status", None)["ready"]:
                return
        except URLError:
            pass  # it does not listen yet
        try:
            child.wait(0.05)  # the pause between two looks, which notices one that ended
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError("chromedriver did not start")


def _ask(method: str, address: str, body: dict[str, Any] | None) -> Any:
    data = None if body is None or method == "DELETE" else json.dumps(body).encode()
    request = Request(address, data, {"Content-Type": "application/json"}, method=method)
    with _opener.open(request, timeout=LONGEST_S) as answer:
        return json.load(answer)["value"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
