"""A Textual driver that never waits for the terminal.

Textual's own Linux driver writes from a thread behind a queue of 30 writes: a terminal that is not read
(a stuck ssh, a stopped tmux client) stops the whole event loop within seconds, so that neither `q` nor
SIGTERM ends the program. This one drops whole writes and repaints once when the terminal reads again.
It uses internals of the exact Textual release that the package requires.
"""

from __future__ import annotations

import math
import os
import select
import signal
import termios
import threading
import tty
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import constants, events
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._time import get_time
from textual._xterm_parser import XTermParser
from textual.app import ScreenStackError
from textual.drivers.linux_driver import (
    KITTY_DISAMBIGUATE_ESCAPE_CODES,
    KITTY_REPORT_ALL_KEYS,
    KITTY_REPORT_ASSOCIATED_TEXT,
    LinuxDriver,
)
from textual.geometry import Size
from textual.message import Message

from bttop.ui.terminal.ascii_text import AsciiText
from bttop.ui.terminal.background import QUERY, AnswerFilter, is_dark
from bttop.ui.terminal.raw_terminal import TerminalOutput, attributes_of, set_attributes, terminal_fd

if TYPE_CHECKING:
    from textual.app import App

    from bttop.ui.terminal.opening_screen import OpeningScreen

HANGUP_EXIT_CODE: Final = 128 + signal.SIGHUP
"""Exit code when the input has ended: the terminal was closed, with or without a signal."""

_KITTY_FLAGS: Final = KITTY_DISAMBIGUATE_ESCAPE_CODES | KITTY_REPORT_ALL_KEYS | KITTY_REPORT_ASSOCIATED_TEXT
_READ_SIZE: Final = 4096
ANSWER_SECONDS: Final = 3.0
"""Seconds for which the answer about the background is of use: later the eye is used to the colours."""
_PIECE_SECONDS: Final = 0.1
"""Seconds for the next piece of an answer."""
_LAST_SECONDS: Final = 0.5
"""Seconds after the query for which the end of the input waits for the answer: the shell would show it as typed."""


class BackgroundFound(Message):
    """The terminal has answered what its background is, in time."""

    def __init__(self, *, dark: bool) -> None:
        super().__init__()
        self.dark = dark


class NonBlockingDriver(LinuxDriver):
    """Use it as `App(driver_class=NonBlockingDriver)`. It needs a terminal on stdin."""

    opening: ClassVar[OpeningScreen | None] = None
    """What has the terminal before the first start."""
    ascii: ClassVar[AsciiText | None] = None
    """Turns what is drawn into ASCII; None leaves it as it is."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._thread_of_loop = threading.get_ident()
        self._tty = terminal_fd()
        self._output = TerminalOutput(self._loop, self._repaint)
        self._active = False
        self._stopped_by_signal = False
        self._in_synchronized_update = False
        self._wake_fd = -1
        self._asked_at = -math.inf
        self._answered = threading.Event()
        self._answered.set()

    @property
    def bytes_written(self) -> int:
        """Bytes written to the terminal since the program began."""
        return self._output.written

    @property
    def writes_dropped(self) -> int:
        """Writes that were dropped; a frame is one write, or three with its sync marks."""
        return self._output.dropped

    # Output

    def write(self, data: str) -> None:
        """Send `data` as UTF-8, or drop all of it. Callable from any thread."""
        if threading.get_ident() != self._thread_of_loop:
            self._on_loop(self.write, data)
        elif data == SYNC_START:
            self._in_synchronized_update = self._output.write(data.encode())
        elif data == SYNC_END:
            self._end_synchronized_update(data)
        else:
            text = data if self.ascii is None else self.ascii.of(data)
            self._output.write(text.encode("utf-8", "replace"))

    def _end_synchronized_update(self, mark: str) -> None:
        # Never dropped: a terminal that has begun a synchronized update shows nothing until the update ends.
        if self._in_synchronized_update:
            self._in_synchronized_update = False
            self._output.write(mark.encode(), droppable=False)

    def _repaint(self) -> None:
        try:
            self._app.screen.refresh(layout=True)
        except ScreenStackError:
            return  # there is no screen: before the first one and after the last one

    def ask_background(self) -> None:
        """Ask the terminal for its background; a `BackgroundFound` follows if it answers in time."""
        self._asked_at = get_time()
        self._answered.clear()
        self.write(QUERY)

    # Start and stop

    def start_application_mode(self) -> None:
        """Take the terminal: raw input, alternate screen, mouse. A second call only sets the modes again."""
        self._output.open(self._tty)
        has_picture = False
        if not self._active:
            self._active = True
            taken = None if self.opening is None else self.opening.hand_over()
            has_picture = taken is not None
            self.attrs_before = attributes_of(self.fileno) if taken is None else taken
            signal.signal(signal.SIGWINCH, self._on_window_change)
            self._start_input()
        self._make_raw()
        self._send_size()
        if not has_picture:
            self.write("\x1b[?1049h")  # alternate screen: in xterm this sequence also clears it
        self._set_modes()
        if self._stopped_by_signal:
            self._stopped_by_signal = False
            self.send_message(self.SignalResume())

    def stop_application_mode(self) -> None:
        """Restore the terminal without waiting for it. A second call does nothing."""
        if not self._active:
            return
        self._active = False
        self.disable_input()
        set_attributes(self.fileno, self.attrs_before)
        self._in_synchronized_update = False
        self._output.restore()

    def close(self) -> None:
        """Close the output to the terminal; `start_application_mode` opens it again."""
        self._output.close()

    def _make_raw(self) -> None:
        attributes = attributes_of(self.fileno)
        if attributes is None:
            return
        attributes[tty.LFLAG] = self._patch_lflag(attributes[tty.LFLAG])
        attributes[tty.IFLAG] = self._patch_iflag(attributes[tty.IFLAG])
        attributes[tty.CC][termios.VMIN] = 1
        attributes[tty.CC][termios.VTIME] = 0
        set_attributes(self.fileno, attributes)

    def _set_modes(self) -> None:
        self._enable_mouse_support()
        self.write("\x1b[?25l")  # no cursor
        self.write("\x1b[?1004h")  # focus reports
        if not constants.DISABLE_KITTY_KEY:
            self.write(f"\x1b[>{_KITTY_FLAGS}u")
        self._request_terminal_sync_mode_support()
        self._query_in_band_window_resize()
        self._enable_bracketed_paste()
        self._disable_line_wrap()

    # Size

    def _get_terminal_size(self) -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(self._tty)
        except OSError:
            columns = rows = 0
        # A serial line has no size: COLUMNS and LINES are used instead, or 80x24.
        return (columns, rows) if columns and rows else super()._get_terminal_size()

    def _send_size(self) -> None:
        size = Size(*self._get_terminal_size())
        self.send_message(events.Resize(size, size))

    def _on_window_change(self, _number: int, _frame: object) -> None:
        if not self._in_band_window_resize:
            self._send_size()

    # Stop and continue by signals. The handlers may interrupt the loop's thread in the middle of a write, so they
    # only schedule the work on the loop.

    def _sigtstp_application(self, *_: object) -> None:
        self._on_loop(self._stop_process)

    def _sigcont_application(self, *_: object) -> None:
        self._on_loop(self._continue_process)

    def _stop_process(self) -> None:
        if self._auto_restart and self._active:
            self.suspend_application_mode()
            self._stopped_by_signal = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _continue_process(self) -> None:
        # SIGCONT also comes with a hang-up, and after a SIGSTOP, which cannot be caught: then the terminal was not
        # restored before the stop, but a shell may have used it.
        if self._auto_restart and (self._active or self._stopped_by_signal):
            self.resume_application_mode()
            self._repaint()

    def _on_loop(self, callback: Callable[..., object], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:
            return  # the loop is closed: the program is ending

    # Input

    def _start_input(self) -> None:
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC)
        self._key_thread = threading.Thread(target=self._run_input_thread, name="bttop-input", daemon=True)
        self._key_thread.start()

    def disable_input(self) -> None:
        """End the input thread and discard what was typed since. A second call does nothing."""
        if self._key_thread is None:
            return
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        self._answered.wait(max(0.0, self._asked_at + _LAST_SECONDS - get_time()))
        os.eventfd_write(self._wake_fd, 1)
        self._key_thread.join()
        self._key_thread = None
        os.close(self._wake_fd)
        _discard_input(self.fileno)

    def run_input_thread(self) -> None:
        """Pass on what is typed until input is disabled; exit the program when the input ends.

        Polls without a timeout, except within an escape sequence: only the time after an ESC (ESCDELAY, 100 ms)
        decides whether it was a key.
        """
        parser, answers = XTermParser(self._debug), AnswerFilter()
        decode = getincrementaldecoder("utf-8")("replace").decode
        poll = select.poll()
        poll.register(self._wake_fd, select.POLLIN)
        poll.register(self.fileno, select.POLLIN)
        while True:
            wait_ms = round(_PIECE_SECONDS * 1000) if answers.holds else _milliseconds_to_tick(parser)
            ready = {fd for fd, _ in poll.poll(wait_ms)}
            if self._wake_fd in ready:
                return
            if self.fileno in ready:
                data = _read_input(self.fileno)
                if data == b"":
                    self._app.call_later(self._app.exit, return_code=HANGUP_EXIT_CODE)
                    return
                self._feed(parser, self._without_answer(answers, decode(data or b"")))
            elif answers.holds:
                self._feed(parser, answers.give_up())
            for message in parser.tick():
                self.process_message(message)

    def _without_answer(self, answers: AnswerFilter, text: str) -> str:
        """What was typed. An answer about the background is passed on if it came in time."""
        is_recent = get_time() - self._asked_at < ANSWER_SECONDS
        typed, answer = answers.feed(text, awaited=is_recent and not self._answered.is_set())
        if answer is not None:
            dark = is_dark(answer)
            if dark is not None and is_recent and not self._answered.is_set():
                self.process_message(BackgroundFound(dark=dark))
            self._answered.set()
        return typed

    def _feed(self, parser: XTermParser, text: str) -> None:
        if text:  # empty for half a character, but the parser takes an empty text for the end of the input
            for message in parser.feed(text):
                self.process_message(message)


def driver_on(opening: OpeningScreen, *, ascii_only: bool = False) -> type[NonBlockingDriver]:
    """The driver for a terminal that `opening` may have taken: it keeps the picture until the first frame overwrites
    it. With `ascii_only` it draws with ASCII characters."""
    ascii_text = AsciiText() if ascii_only else None
    return type("OpenedDriver", (NonBlockingDriver,), {"opening": opening, "ascii": ascii_text})


def _milliseconds_to_tick(parser: XTermParser) -> int | None:
    """Milliseconds until `parser.tick` must be called; None unless the parser is within an escape sequence."""
    due = parser._timeout_time  # noqa: SLF001 - the parser has no public attribute for it
    return None if due is None else max(0, math.ceil((due - get_time()) * 1000))


def _read_input(fd: int) -> bytes | None:
    """What was typed; None if there is nothing to read, empty at the end of the input."""
    try:
        return os.read(fd, _READ_SIZE)
    except BlockingIOError:
        return None  # another process made the shared file description non-blocking and read the input first
    except OSError:
        return b""


def _discard_input(fd: int) -> None:
    try:
        termios.tcflush(fd, termios.TCIFLUSH)
    except termios.error:
        return
