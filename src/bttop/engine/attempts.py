"""What to try, in which order, so that a question gets an answer on this host: the prepared text, the text as it is,
then the same two of each fallback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bttop.engine.host import Host
from bttop.engine.inclusions import doubt_of_included
from bttop.engine.launch import names_user_stacks
from bttop.engine.rawpoints import why_no_raw
from bttop.engine.status import Badge
from bttop.engine.tuning import Tuning
from bttop.model.dialect import dialect
from bttop.model.release import Release
from bttop.script.attribution import may_be_skipped
from bttop.script.exclusion import Exclusion
from bttop.script.frontmatter import FrontMatter
from bttop.script.missing import Missing
from bttop.script.pin import Pin
from bttop.script.prepare import Prepared, prepare, unedited
from bttop.script.reader import Script, Unreadable
from bttop.trust import EVERYBODY, Trust


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for every program alike."""

    interval_ms: int = 1000
    pin: Pin | None = None
    exclude: Exclusion | None = None
    """bttop's own processes, where these are not to be seen."""
    trust: Trust = EVERYBODY
    """Whose files scripts may include."""

    @property
    def one_process(self) -> bool:
        """Whether the pin holds programs to one process."""
        return self.pin is not None and len(self.pin.pids) == 1 and not self.pin.children


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
    wears_out: bool = False
    """Whether its process collects descriptors for as long as it lives."""
    regular: bool = True
    """Whether every interval ends with a heartbeat. A script's own interval block may have a condition."""
    all_probes: bool = True
    """Whether bpftrace is to refuse it where an attach point does not exist (0.24 and newer), and to name all that do
    not."""
    missing: tuple[Missing, ...] = ()
    """Attach points for which it was refused before."""


class Attempts:
    """The attempts of one program, one after the other."""

    def __init__(self, sources: tuple[Source, ...], settings: Settings, host: Host, release: Release) -> None:
        self._settings = settings
        self._tuning = Tuning()
        self._host = host
        self._release = release
        self._order = tuple(_order(sources))
        self._at = 0
        self.proved = False
        """Whether the attempt at hand has worked; the program says so. What has worked is not given up."""
        self.why_fallback = ""
        """Why the first source was left, once it was."""
        self._left_out: frozenset[str] = frozenset()
        self._missing: tuple[Missing, ...] = ()

    def current(self, unavailable: Callable[[Source, str], None]) -> Attempt | None:
        """The attempt at hand, past all sources that this kernel cannot run (each told to `unavailable`)."""
        while self._at < len(self._order):
            source, edited = self._order[self._at]
            attempt = self._attempt(source, edited)
            why = self._why_unavailable(source, attempt.prepared)
            if not why:
                return attempt
            unavailable(source, why)
            if not self._why_no_raw(source):
                self.why_fallback = self.why_fallback or why
            self._skip(source)
        return None

    def advance(self, why: str) -> bool:
        """Give the attempt at hand up; whether there is another."""
        if self._at >= len(self._order):
            return False
        left = self._order[self._at][0]
        self._at += 1
        self.proved = False
        self._left_out = frozenset()
        self._missing = ()
        if self._at < len(self._order) and self._order[self._at][0] is not left:
            self.why_fallback = self.why_fallback or why
        return self._at < len(self._order)

    def leave(self, why: str) -> bool:
        """Give all attempts of the source at hand up; whether there is another source."""
        if self._at >= len(self._order):
            return False
        source = self._order[self._at][0]
        while self._at + 1 < len(self._order) and self._order[self._at + 1][0] is source:
            self._at += 1
        return self.advance(why)

    def without(self, maps: frozenset[str]) -> bool:
        """Go on with the attempt at hand and leave maps of the script alone; whether that changes anything."""
        if maps <= self._left_out:
            return False
        self._left_out |= maps
        return True

    def despite(self, missing: tuple[Missing, ...]) -> bool:
        """Go on with the attempt at hand though attach points do not exist here, where no other script can take over;
        whether that changes anything."""
        if not missing or self._missing or self._at >= len(self._order):
            return False
        if self._order[self._at][0] is not self._order[-1][0]:
            return False
        self._missing = missing
        return True

    def adjust(self, settings: Settings) -> None:
        """Go on under other settings: from the source at hand, whose edited text may work now."""
        self._settings, self._tuning = settings, Tuning()
        self._at = min(self._at, len(self._order) - 1)
        while self._at > 0 and self._order[self._at - 1][0] is self._order[self._at][0]:
            self._at -= 1
        self.proved = False

    def tune(self, tuning: Tuning) -> None:
        """Go on with the attempt at hand under another tuning."""
        self._tuning = tuning

    def _skip(self, source: Source) -> None:
        while self._at < len(self._order) and self._order[self._at][0] is source:
            self._at += 1

    def _why_unavailable(self, source: Source, prepared: Prepared) -> str:
        """Why not even to try; empty when bpftrace should decide."""
        doubt = doubt_of_included(source.text, self._settings.trust)
        if doubt:
            return doubt
        if isinstance(source.script, Unreadable):
            return "" if prepared.runnable else source.script.reason
        lacking = [self._host.why_not(one.provider, one.rest) for one in source.script.points]
        # A release may go on without one of several probes; only what has a fallback is given up for it.
        has_fallback = self._order[-1][0] is not source
        if has_fallback:
            lacking.append(self._why_no_raw(source))
        return next((why for why in lacking if why), "") if has_fallback or all(lacking) else ""

    def _why_no_raw(self, source: Source) -> str:
        """Why the raw tracepoints of a source are not tried here; empty if it has none or they are."""
        points = () if isinstance(source.script, Unreadable) else source.script.points
        return next((why for one in points if (why := why_no_raw(one, self._host, self._release))), "")

    def _attempt(self, source: Source, edited: bool) -> Attempt:
        pin, front = self._settings.pin, source.front
        if edited and isinstance(source.script, Script):
            interval_ms = self._tuning.interval_ms(self._settings.interval_ms)
            prepared = prepare(
                source.script,
                interval_ms=interval_ms,
                pin=pin,
                exclude=self._settings.exclude,
                front=front,
                schemes=self._tuning.schemes,
                leave_out=self._left_out,
                new_keys_collide=dialect(self._release).new_keys_collide,
                raw_tracepoints=dialect(self._release).raw_tracepoints,
                empty_is_zero=dialect(self._release).empty_is_zero,
            )
        else:
            prepared = unedited(source.script, pin=pin, front=front)
        wears_out = prepared.uses_user_stacks and self._release >= (0, 23)
        badges = tuple(self._badges(source, prepared, edited))
        return Attempt(
            source,
            prepared,
            edited,
            badges,
            wears_out,
            not _has_conditional_interval(source.script),
            not self._missing,
            self._missing,
        )

    def _badges(self, source: Source, prepared: Prepared, edited: bool) -> Iterator[Badge]:
        for one in prepared.badges:
            yield Badge(one.text, one.explanation)
        if edited and self._tuning.factor > 1:
            seconds = self._tuning.interval_ms(self._settings.interval_ms) / 1000
            why = "bpftrace did not print and clear its maps within the interval, so its numbers were not exact"
            yield Badge(f"interval raised to {seconds:g} s", why)
        if not self._host.counts_skips and (names := _skippable(source.script)):
            yield Badge(
                "skips are not counted",
                f"{names}: while another BPF program runs on a CPU, the kernel skips these events there; "
                f"Linux {self._host.kernel} does not count them (6.7 does). Beside a busy program many may be missing",
            )
        is_one = self._settings.one_process or prepared.one_process
        if prepared.uses_user_stacks and not names_user_stacks(self._release, one_process=is_one):
            yield Badge(
                "user frames as addresses",
                f"bpftrace {self._release} closes its own descriptors while it names user frames of many "
                "processes; pin one PID, or use bpftrace 0.23 or newer",
            )
        if edited and self._left_out:
            names = ", ".join(sorted(self._left_out))
            yield Badge("maps left out", f"{names}: none of the probes that fill it exists here")
        # The tracepoints behind raw ones give the same numbers.
        first = next((one for one, _ in self._order if not self._why_no_raw(one)), source)
        if source is not first:
            yield Badge("fallback", f"{source.name} runs instead of {first.name}: {self.why_fallback}")


def _order(sources: tuple[Source, ...]) -> Iterator[tuple[Source, bool]]:
    for source in sources:
        if isinstance(source.script, Script):
            yield source, True
        yield source, False


def _skippable(script: Script | Unreadable) -> str:
    """The attach points of a script whose events the kernel may skip, in words."""
    points = () if isinstance(script, Unreadable) else script.points
    return ", ".join(sorted({one.text for one in points if may_be_skipped(one)}))


def _has_conditional_interval(script: Script | Unreadable) -> bool:
    if isinstance(script, Unreadable):
        return True
    intervals = [probe for probe in script.probes if probe.has("interval")]
    blocks = [script.significant(*probe.block) for probe in intervals]
    return any(probe.predicate for probe in intervals) or any(
        token.text == "return" for block in blocks for token in block
    )
