from __future__ import annotations

import os
import subprocess

import pytest

from bttop.errors import command_line

WORDS = [
    "plain",
    "a b.bt",
    "it's",
    "",
    "$HOME `id` \\ !",
    "BEGIN {\n\t@ = 1; // it's \\n\n}",
    os.fsdecode(b"latin-\xe9"),
    "umlaut-\u00fc",
    "\x1b[2J",
    "x" * 5000,
]


@pytest.mark.parametrize("word", WORDS, ids=repr)
def test_a_pasted_command_has_the_words_and_is_one_printable_line(word: str) -> None:
    line = command_line("printf", "%s|", word, "last")
    assert line.isprintable()
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout == os.fsencode(word) + b"|last|"
