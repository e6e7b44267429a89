"""Searches short texts by words: the rule of the catalogue and of the command palette."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_WORDS: Final = re.compile(r"[^\W_]+")


def rank(query: str, titles: Iterable[str], text: str) -> int | None:
    """How well something with these titles and this longer text fits a query; 0 is best, None does not fit.

    Each word of the query must be part of a title or begin a word of the text. The rank is that of its worst word: the
    index of the title, or the number of titles for the text. Case does not matter.
    """
    lower = [title.casefold() for title in titles]
    starts = _WORDS.findall(text.casefold())
    worst = 0
    for word in query.casefold().split():
        found = next((index for index, title in enumerate(lower) if word in title), None)
        if found is None:
            if not any(start.startswith(word) for start in starts):
                return None
            found = len(lower)
        worst = max(worst, found)
    return worst
