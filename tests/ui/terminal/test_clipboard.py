"""Text for the clipboard, in the form that each terminal takes."""

from __future__ import annotations

from base64 import b64decode

import pytest

from bttop.ui.terminal.clipboard import MOST, clipboard_sequences

TEXT = "demo-host, 10s\n1 calls: é\n"


def test_a_terminal_gets_the_text_as_base64() -> None:
    sent = clipboard_sequences(TEXT, {"TERM": "xterm-256color"})
    assert sent.startswith("\x1b]52;c;")
    assert b64decode(sent.removeprefix("\x1b]52;c;").removesuffix("\x07")).decode() == TEXT


def test_tmux_gets_it_for_itself_and_for_the_terminal_behind_it() -> None:
    sent = clipboard_sequences(TEXT, {"TERM": "tmux", "TMUX": "/tmp/x,1,0"})
    plain = clipboard_sequences(TEXT, {"TERM": "tmux"})
    assert sent == f"{plain}\x1bPtmux;\x1b{plain}\x1b\\"


def test_screen_gets_it_in_pieces_that_it_passes_on() -> None:
    sent = clipboard_sequences(TEXT * 100, {"STY": "1.x"})
    pieces = sent.split("\x1b\\")[:-1]
    assert max(map(len, pieces)) < 768
    assert "".join(piece.removeprefix("\x1bP") for piece in pieces) == clipboard_sequences(TEXT * 100, {})


@pytest.mark.parametrize(("text", "term"), [(TEXT, "linux"), (TEXT, "vt220"), (TEXT, "dumb"), ("x" * MOST, "xterm")])
def test_nothing_is_sent_where_it_would_be_printed_or_cut(text: str, term: str) -> None:
    assert clipboard_sequences(text, {"TERM": term}) == ""
