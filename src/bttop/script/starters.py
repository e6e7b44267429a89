"""First programs for a probe that was only just found: how often by whom, and how an argument is distributed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from bttop.script.frontmatter import FrontMatterText, front_matter_text

# Spellings of whole numbers in the formats of tracepoints and in BTF; typedefs of file systems end in _t.
_WHOLE: Final = re.compile(
    r"(?:(?:unsigned|signed|short|int|long|char|bool|_Bool|uint|ulong|ushort|"
    r"(?:__)?(?:u|s|le|be)(?:8|16|32|64)|u?int(?:8|16|32|64)_t|[a-z]\w*_t|gfp_t|enum \w+)\s*)+"
)
_TEXTS: Final = re.compile(r"(?:const )?char ?\*|(?:unsigned )?char ?\[\d+\]|__data_loc char ?\[\]")
_MOST_STARTERS: Final = 24
_POSITIONAL: Final = {"kprobe": "arg", "uprobe": "arg", "usdt": "arg", "rawtracepoint": "arg"}
_RETURNS: Final = frozenset({"kretprobe", "uretprobe", "fexit", "kretfunc"})
_NAMED: Final = frozenset({"tracepoint", "fentry", "kfunc", "fexit", "kretfunc"})
