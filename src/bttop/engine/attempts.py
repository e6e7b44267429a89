"""What to try, in which order, so that a question gets an answer on this host: the prepared text, the text as it is,
then the same two of each fallback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bttop.engine.host import Host
from bttop.engine.launch import names_user_stacks
from bttop.engine.status import Badge
from bttop.model.release import Release
from bttop.script.frontmatter import FrontMatter
from bttop.script.pin import Pin
from bttop.script.prepare import Prepared, prepare, unedited
from bttop.script.reader import Script, Unreadable


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for every program alike."""

    interval_ms: int = 1000
    pin: Pin | None = None

    @property
    def one_process(self) -> bool:
        """Whether the pin holds programs to one process."""
        return self.pin is not None and len(self.pin.pids) == 1


@dataclass(frozen=True, slots=True)
class Source:
    """One script that can answer a question."""

    name: str
    """File name, or `-e 1` for the first program given on the command line."""
    text: str
    script: Script | Unreadable
    front: FrontMatter | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One text to give to bpftrace."""

    source: Source
    prepared: Prepared
    edited: bool
    """False for the user's own text, untouched."""
    badges: tuple[Badge, ...]


class Attempts:
    """The attempts of one program, one after the other."""

    def __init__(self, sources: tuple[Source, ...], settings: Settings, host: Host, release: Release) -> None:
        self._settings = settings
        self._host = host
        self._release = release
        self._ahead = self._order(sources)
        self._at = next(self._ahead, None)
        self.why_fallback = ""
        """Why the first source was left, once it was."""

    def current(self, unavailable: Callable[[Source, str], None]) -> Attempt | None:
        """The attempt at hand, past all sources that this kernel cannot run (each told to `unavailable`)."""
        while self._at is not None:
            source, edited = self._at
            why = self._why_unavailable(source)
            if not why:
                return self._attempt(source, edited)
            unavailable(source, why)
            self.why_fallback = self.why_fallback or why
            self._skip(source)
        return None

    def advance(self, why: str) -> bool:
        """Give the attempt at hand up; whether there is another."""
        left = self._at
        self._at = next(self._ahead, None)
        if left is not None and self._at is not None and self._at[0] is not left[0]:
            self.why_fallback = self.why_fallback or why
        return self._at is not None

    def _order(self, sources: tuple[Source, ...]) -> Iterator[tuple[Source, bool]]:
        for source in sources:
            if isinstance(source.script, Script):
                yield source, True
            yield source, False

    def _skip(self, source: Source) -> None:
        while self._at is not None and self._at[0] is source:
            self._at = next(self._ahead, None)

    def _why_unavailable(self, source: Source) -> str:
        if isinstance(source.script, Unreadable):
            return "" if source.script.text else source.script.reason
        return self._host.why_unavailable([(one.provider, one.rest) for one in source.script.points])

    def _attempt(self, source: Source, edited: bool) -> Attempt:
        if edited and isinstance(source.script, Script):
            prepared = prepare(
                source.script,
                interval_ms=self._settings.interval_ms,
                pin=self._settings.pin,
                front=source.front,
            )
        else:
            prepared = unedited(source.script)
        return Attempt(source, prepared, edited, self._badges(prepared))

    def _badges(self, prepared: Prepared) -> tuple[Badge, ...]:
        badges = [Badge(one.text, one.explanation) for one in prepared.badges]
        if prepared.uses_user_stacks and not names_user_stacks(self._release, one_process=self._settings.one_process):
            badges.append(
                Badge(
                    "user frames as addresses",
                    f"bpftrace {self._release} closes its own descriptors while it names user frames of many "
                    "processes; pin one PID, or use bpftrace 0.23 or newer",
                )
            )
        return tuple(badges)
