"""A real browser without a window: Chromium, with every way to the network ending at a door of our own."""

from __future__ import annotations

import contextlib
import re
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

PATIENCE = 90
NAMES = ("chromium", "chromium-browser", "google-chrome")
_OWN = re.compile(
    r"(?:https?://)?(?:[\w-]+\.)*(?:google|googleapis|gstatic|gvt1|googleusercontent)\.com(?::\d+)?(?:/|$)"
)
"""Whom the browser itself asks for its updates."""


def browser() -> str | None:
    """The browser of this host."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Seen:
    """What a page did."""

    def __init__(self, dom: str, console: list[str], asked: list[str]) -> None:
        self.dom = dom
        """After loading, as HTML."""
        self.console = console
        self.asked = asked
        """Addresses that were asked for over the network."""


def look(page: Path, folder: Path, *options: str) -> Seen:
    """Load a page; `folder` takes the browser's own files."""
    with _bridge() as (port, asked):
        done = subprocess.run(
            [
                str(browser()),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                f"--proxy-server=127.0.0.1:{port}",
                "--proxy-bypass-list=<-loopback>",
                "--enable-logging=stderr",
                "--virtual-time-budget=4000",
                f"--user-data-dir={folder / 'profile'}",
                *options,
                "--dump-dom",
                page.as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Seen(done.stdout, console, [one for one in asked if _OWN.match(one) is None])


@contextlib.contextmanager
def _bridge() -> Iterator[tuple[int, list[str]]]:
    """A proxy that notes what is asked for and gives nothing."""
    asked: list[str] = []

    class Door(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            words = self.rfile.readline(4096).decode(errors="replace").split()
            asked.append(words[1] if len(words) > 1 else "")
            self.wfile.write(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Door) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()
            thread.join()
