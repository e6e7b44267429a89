"""The name of a program that has no file: the most descriptive word of its first probe."""

from __future__ import annotations

from typing import Final

from bttop.patterns import pattern
from bttop.script.language.reader import AttachPoint, Script, Unreadable

LONGEST: Final = 24
"""Maximum length in characters: what a panel's top border has room for beside badges on an 80-column screen."""
_PLAIN: Final = frozenset({"begin", "end", "self", "interval", "test", "bench"})
"""Providers that are ignored: their probes do not describe the program."""
_BY_PROVIDER: Final = frozenset({"profile", "watchpoint", "asyncwatchpoint"})
_EVENT_FIRST: Final = frozenset({"software", "hardware"})
_SAID: Final = pattern(r"[\w.*?+-]+")


def name_of(script: Script | Unreadable) -> str:
    """`tcp_sendmsg` for `kprobe:tcp_sendmsg`, `profile` for `profile:hz:99`; `asked` if no probe gives a name."""
    points = [] if isinstance(script, Unreadable) else [point for probe in script.probes for point in probe.points]
    asking = [point for point in points if point.provider not in _PLAIN]
    return next((name for point in asking if (name := _word(point))), "asked")


def _word(point: AttachPoint) -> str:
    if point.provider in _BY_PROVIDER:
        return point.provider
    parts = [part.strip('"') for part in point.rest.split(":") if part.strip('"')]
    said = (parts[:1] if point.provider in _EVENT_FIRST else parts[-1:]) or [point.provider]
    return "".join(_SAID.findall(said[0].rpartition("/")[2]))[:LONGEST]
