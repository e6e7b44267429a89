"""A dashboard in small, run as a script in a terminal by the driver's tests.

Paints every cell anew fifty times a second and tells what it sees as lines of JSON on the descriptor
`--report`, which does not pass through the terminal.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

from textual.app import App, ComposeResult
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key
from textual.widget import Widget

from bttop.ui.terminal.driver import NonBlockingDriver
from bttop.ui.terminal.shutdown_watchdog import ShutdownWatchdog

INTERVAL = 0.02
"""Seconds between two pictures."""


class Picture(Widget):
    """Says which picture it is in the first row, and in its cells all over the screen."""

    DEFAULT_CSS = "Picture { width: 100%; height: 100%; }"

    def render(self) -> str:
        painter = self.app
        assert isinstance(painter, Painter)
        width, height = self.size
        head = f"picture {painter.number} of {width}x{height} keys {' '.join(painter.typed)} █"
        return "\n".join([head[:width], *[chr(97 + painter.number % 26) * width] * (height - 1)])


class Painter(App[None]):
    """`q` leaves, `e` lends the terminal to a shell command, `h` hangs the event loop, `p` stops painting."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, options: argparse.Namespace) -> None:
        driver: type[Driver] = LinuxDriver if options.stock else NonBlockingDriver
        super().__init__(driver_class=driver)
        self.number = 0
        self.typed: list[str] = []
        self._report_fd: int = options.report
        self._paints: bool = not options.still
        self._beat = time.monotonic()
        self._worst = 0.0

    def compose(self) -> ComposeResult:
        yield Picture()

    def on_mount(self) -> None:
        self.set_interval(INTERVAL, self._tick)

    def report(self, **facts: object) -> None:
        """Write one line, unless nobody has read the earlier ones."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._report_fd, json.dumps(facts).encode() + b"\n")

    def _tick(self) -> None:
        now = time.monotonic()
        self._worst = max(self._worst, now - self._beat - INTERVAL)
        self._beat = now
        if self._paints:
            self.number += 1
            self.query_one(Picture).refresh()
        driver = self._driver
        if isinstance(driver, NonBlockingDriver):
            self.report(
                number=self.number,
                worst_lag=self._worst,
                written=driver.bytes_written,
                dropped=driver.writes_dropped,
                threads=sorted(thread.name for thread in threading.enumerate()),
            )

    async def on_key(self, event: Key) -> None:
        self.typed.append(event.key)
        self.query_one(Picture).refresh()
        match event.key:
            case "q":
                self.exit()
            case "p":
                self._paints = False
            case "h":
                threading.Event().wait()
            case "e":
                await self._lend_terminal()

    async def _lend_terminal(self) -> None:
        with self.batch_update(), self.suspend():
            shell = await asyncio.create_subprocess_exec("sh", "-c", "stty -a; echo the shell has it; read line")
            await shell.wait()


@contextlib.contextmanager
def _last_resort(app: Painter) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def ask_exit(code: int) -> None:
        loop.call_soon_threadsafe(app.exit, None, code)

    last_resort = ShutdownWatchdog(lambda: app.report(children="stopped"), ask_exit)
    last_resort.arm()
    try:
        yield
    finally:
        last_resort.disarm()


async def _run(options: argparse.Namespace) -> int:
    app = Painter(options)
    with _last_resort(app):
        if options.ignore_hangup:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        await app.run_async()
        if options.continue_at_end:
            signal.raise_signal(signal.SIGCONT)
            await asyncio.sleep(0)
    return app.return_code or 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--report", type=int, required=True)
    parser.add_argument("--still", action="store_true")
    parser.add_argument("--stock", action="store_true")
    parser.add_argument("--ignore-hangup", action="store_true")
    parser.add_argument("--continue-at-end", action="store_true")
    options = parser.parse_args()
    os.set_blocking(options.report, False)
    sys.exit(asyncio.run(_run(options)))


if __name__ == "__main__":
    main()
