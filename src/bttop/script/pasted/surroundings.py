"""Removes what surrounds a command where people copy it: shell prompts, the marks of continuation lines, quotes and
fences of Markdown, and list markers."""

from __future__ import annotations

import re
from typing import Final

from bttop.patterns import pattern
from bttop.script.pasted.command_names import COMMAND_START
from bttop.script.pasted.web_text import CONTROL_SEQUENCE

_FENCE: Final = pattern(r"^[ \t]*(```+|~~~+)[^\n`]*\n(.*?)(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_INLINE: Final = pattern(r"\s*(`+)([^`].*?)\1\s*", re.DOTALL)
_ENDS: Final = "$#%>❯❱➜➤▶▸›»→λ⟩✗✘⚡"
"""Characters at the end of a prompt, with the arrows of powerline fonts."""
_ARROWS: Final = "\ue0b0\ue0b1\ue0b4\ue0b8\ue0bc"
_PROMPT: Final = pattern(
    rf"(?:[^'\"{{}}]{{0,200}}?[{_ENDS}{_ARROWS}]\s+|\s*[➜→❯]\s+[^\s'\"{{}}]+\s+)(?={COMMAND_START})"
)
_PROGRAM_PROMPT: Final = pattern(rf"\s*[{_ENDS.replace('>', '').replace('→', '')}]\s+(?=\S)")
_CODE: Final = pattern("['\"{]")
_LIST: Final = pattern(rf"\s*(?:[-*•·+]|\d+[.)])\s+(?={COMMAND_START})")
SCRIPT_START: Final = pattern(
    r"\s*(?:#!|//|/\*|#\s*(?:include|define|undef|if|ifdef|ifndef|pragma|import|error|line)\b)"
)
"""The first line of a script: a comment, or a line for the preprocessor, is not a prompt."""
_CONTINUED: Final = pattern(r"^(?:[a-z]+(?: [a-z]+)*)?>(?: |$)", re.MULTILINE)
_QUOTE: Final = pattern(r"^[ \t]{0,3}> ?", re.MULTILINE)


def without_surroundings(text: str) -> str:
    """The command or the program of a pasted text."""
    text = _without_quote_marks(_inside_fence(_without_colours(text.lstrip("\ufeff\u200b"))))
    if SCRIPT_START.match(text) or re.match(rf"\s*{COMMAND_START}", text):
        return text
    marker = _LIST.match(text)
    text = text[marker.end() :] if marker else text
    prompt = _PROMPT.match(text) or _PROGRAM_PROMPT.match(text)
    if prompt is None:
        return text
    return _without_further_prompts(text[prompt.end() :], prompt[0].rpartition("\n")[2])


def _without_colours(text: str) -> str:
    """The text without the control sequences of a coloured prompt."""
    start = _CODE.search(text)
    at = start.start() if start else len(text)
    return CONTROL_SEQUENCE.sub("", text[:at]) + text[at:]


def _inside_fence(text: str) -> str:
    """The first block of code of a Markdown text; the text itself if it has none."""
    fence = _FENCE.search(text)
    if fence:
        return fence[2]
    inline = _INLINE.fullmatch(text)
    return inline[2] if inline else text


def _without_quote_marks(text: str) -> str:
    """The text without the `>` of a quote, if every line has it."""
    while (lines := [line for line in text.split("\n") if line.strip()]) and all(_QUOTE.match(line) for line in lines):
        text = _QUOTE.sub("", text)
    return text


def _without_further_prompts(text: str, prompt: str) -> str:
    """The lines of a copied session: those that the shell continued have `> ` in front, later commands the prompt."""
    first, newline, rest = text.partition("\n")
    lines = rest.split("\n") if newline else []
    lines = [line.removeprefix(prompt) for line in lines]
    for at, line in enumerate(lines):
        mark = _CONTINUED.match(line)
        if mark is None:
            break
        lines[at] = line[mark.end() :]
    return "\n".join([first, *lines])
