"""What a program that has no file is called: the word of its first probe that people would say."""

from __future__ import annotations

import re
from typing import Final

from bttop.script.reader import AttachPoint, Script, Unreadable

LONGEST: Final = 24
"""Characters that a rule of an 80-column screen has room for beside badges."""
_PLAIN: Final = frozenset({"begin", "end", "self", "interval", "test", "bench"})
"""Providers whose probes are not what a program asks about."""
_BY_PROVIDER: Final = frozenset({"profile", "watchpoint", "asyncwatchpoint"})
_EVENT_FIRST: Final = frozenset({"software", "hardware"})
_SAID: Final = re.compile(r"[\w.*?+-]+")


def name_of(script: Script | Unreadable) -> str:
    """`tcp_sendmsg` for `kprobe:tcp_sendmsg`, `profile` for `profile:hz:99`; `asked` where nothing tells."""
    points = [] if isinstance(script, Unreadable) else [point for probe in script.probes for point in probe.points]
    asking = [point for point in points if point.provider not in _PLAIN]
    return next((name for point in asking if (name := _word(point))), "asked")


def _word(point: AttachPoint) -> str:
    if point.provider in _BY_PROVIDER:
        return point.provider
    parts = [part.strip('"') for part in point.rest.split(":") if part.strip('"')]
    said = (parts[:1] if point.provider in _EVENT_FIRST else parts[-1:]) or [point.provider]
    return "".join(_SAID.findall(said[0].rpartition("/")[2]))[:LONGEST]
