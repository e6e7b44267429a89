"""A program that shows the first picture and then does what its argument says.

`PICTURE` is on the screen until then. A line on the descriptor of `--go` lets it show the picture, and another one
lets it go on; without the option it waits for nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import threading

from bttop.ui.terminal.opening_screen import OpeningScreen

PICTURE = "the first picture"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("act", choices=["wait", "raise", "leave", "hang", "paint", "refuse"])
    parser.add_argument("--go", type=int)
    options = parser.parse_args()
    go = None if options.go is None else os.fdopen(options.go)
    with OpeningScreen() as opening:
        if go is not None:
            go.readline()
        columns, rows = opening.size
        filler = "x" * (columns * (rows - 1))
        opening.show(lambda: f"\x1b[1;1H{PICTURE}\x1b[2;1H{filler}")
        if go is not None:
            go.readline()
        return act(options.act, opening)


def act(what: str, opening: OpeningScreen) -> int:
    match what:
        case "wait":
            threading.Event().wait()
        case "hang":
            while True:
                try:
                    threading.Event().wait()
                except SystemExit:
                    continue
        case "raise":
            raise RuntimeError("broken on purpose")
        case "refuse":
            sys.exit(2)
        case "paint":
            return paint(opening)
    return 0


def paint(opening: OpeningScreen) -> int:
    """Hand the terminal over to a small application that shows the keys that it gets."""
    from textual.app import App, ComposeResult
    from textual.events import Key
    from textual.widgets import Static

    from bttop.ui.terminal.driver import driver_on

    class Typed(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("ready", id="keys")

        def on_key(self, event: Key) -> None:
            shown = self.query_one("#keys", Static)
            shown.update(f"{shown.content} {event.key}")
            if event.key == "q":
                self.exit()

    app = Typed(driver_class=driver_on(opening))

    async def run() -> None:
        loop = asyncio.get_running_loop()

        def ask_exit(code: int) -> None:
            loop.call_soon_threadsafe(app.exit, None, code)

        opening.watchdog.ask_exit = ask_exit
        await app.run_async()

    asyncio.run(run())
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
