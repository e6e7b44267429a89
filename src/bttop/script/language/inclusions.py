"""The other files that a script names: headers and imported scripts, which bpftrace reads too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, Literal

from msgspec import Struct

from bttop.patterns import pattern
from bttop.script.language.reader import Script

_IMPORT_KEYWORD: Final = "import"
_INCLUDE: Final = pattern(
    r"(?P<first>^[ \t]*)?#(?:[ \t]|/\*.*?\*/)*(?:include|include_next|import|embed)\b[ \t]*"
    r"(?:\"(?P<quoted>[^\"\n]*)\"|<(?P<angled>[^>\n]*)>|)",
    re.MULTILINE,
)
_IMPORT: Final = pattern(r"(?<![#\w])import\s*\"(?P<name>[^\"\n]*)\"")


class Inclusion(Struct, frozen=True):
    """One file, or folder of files, that a text names."""

    kind: Literal["quoted", "angled", "import", "unknown"]
    """How it is looked up; `unknown` if a macro names it."""
    name: str


def imported_names(script: Script) -> Iterator[str]:
    """The names that a script imports, in its order, without those in comments."""
    for before, token in pairwise(script.significant(0, len(script.tokens))):
        if before.text == _IMPORT_KEYWORD and token.kind == "string":
            yield token.text[1:-1]


def inclusions(text: str) -> Iterator[Inclusion]:
    """All files that a text names, including those in comments: only clang could reliably distinguish these."""
    text = text.replace("\\\n", "")
    for found in _INCLUDE.finditer(text):
        if found["quoted"] is not None:
            yield Inclusion("quoted", found["quoted"])
        elif found["angled"] is not None:
            yield Inclusion("angled", found["angled"])
        elif found["first"] is not None:
            yield Inclusion("unknown", "")
    yield from (Inclusion("import", found["name"]) for found in _IMPORT.finditer(text))
