"""Regular expressions that are compiled at their first use.

Compiling takes 0.1 to 1 ms for each. bttop has 150 of them, of which a start uses a few dozen.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Deferred:
    """Becomes the compiled pattern, attribute by attribute: a method is looked up once and then found directly."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, but at the first use. The result cannot be passed to the functions of `re`. A wrong expression
    raises re.error at its first use; a test compiles all of them."""
    return cast("re.Pattern[AnyStr]", _Deferred(text, flags))
