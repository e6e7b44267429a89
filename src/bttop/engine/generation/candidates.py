"""What to try in which order so that a program runs on this host: the edited text, the unedited text, then the same two
of each fallback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import SystemRandom
from typing import Final

from msgspec import Struct

from bttop.engine.cost.thinned_cost import Thinned
from bttop.engine.generation.badge import Badge
from bttop.engine.generation.raw_tracepoints import why_no_raw
from bttop.engine.generation.source import Settings, Source
from bttop.engine.generation.stable_hints import hints_of
from bttop.engine.generation.tuning import Tuning
from bttop.engine.host.host import Host
from bttop.engine.host.kernel.tracepoint_fields import numeric_fields
from bttop.engine.tracer.launch import names_user_stacks
from bttop.model.plan import Plan
from bttop.model.record.heartbeats import MOST_NONCES
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.script.language.probe_context import may_be_skipped
from bttop.script.language.reader import Script, Unreadable
from bttop.script.messages.missing_hooks import Missing
from bttop.script.process.pin import Pin
from bttop.script.rewrite.fields_once import with_fields_read_once
from bttop.script.rewrite.namespaced import namespaced
from bttop.script.rewrite.prepare import Prepared, prepare, unedited

MEMORY_WAITS: Final = 4
"""How often a start is repeated when the kernel lacks memory for the maps: with the usual pauses, 15 seconds."""


class Candidate(Struct, frozen=True):
    """One text to give to bpftrace."""

    source: Source
    prepared: Prepared
    edited: bool
    """False for the unchanged text of the user."""
    badges: tuple[Badge, ...]
    wears_out: bool = False
    """Whether its process collects more and more descriptors while it lives."""
    regular: bool = True
    """Whether every interval ends with a heartbeat. False if an interval block of the script may be conditional, or the
    periods are unknown."""
    all_probes: bool = True
    """Whether bpftrace must refuse it if an attach point is missing, and name all missing ones (0.24 and newer)."""
    missing: tuple[Missing, ...] = ()
    """Missing attach points for which bpftrace refused it before."""
    pin: Pin | None = None
    """The pin that it has been prepared for."""
    thinned: Thinned | None = None
    """How its events are thinned; None: it takes all."""


class Candidates:
    """The candidates of one program, one after the other."""

    def __init__(self, sources: tuple[Source, ...], settings: Settings, host: Host, release: Release) -> None:
        self._settings = settings
        self._tuning = Tuning()
        self._host = host
        self._release = release
        self._order = tuple(_order(sources))
        self.hints = hints_of(sources[0].script, host) if len(sources) == 1 else ()
        """The tracepoints that could replace its probes on kernel functions, in sentences. None with a fallback: its
        author has chosen what to use where."""
        self._at = 0
        self.proved = False
        """Whether the current candidate has worked; set by the program. It is then not given up."""
        self.why_fallback = ""
        """Why the first source was given up; empty if it was not."""
        self._left_out: frozenset[str] = frozenset()
        self._missing: tuple[Missing, ...] = ()
        self._waits = 0

    def current(self, unavailable: Callable[[Source, str], None], nonce: int | None = None) -> Candidate | None:
        """The current candidate; None if there is none left. Skips the sources that cannot run on this host, and calls
        `unavailable` for each. Its heartbeats begin with `nonce`; if that is None, with a new one."""
        nonce = new_nonce() if nonce is None else nonce
        while self._at < len(self._order):
            source, edited = self._order[self._at]
            candidate = self._candidate(source, edited, nonce)
            why = self._why_unavailable(source, candidate.prepared)
            if not why:
                return candidate
            unavailable(source, why)
            if not self._why_no_raw(source):
                self.why_fallback = self.why_fallback or why
            self._skip(source)
        return None

    def advance(self, why: str) -> bool:
        """Give up the current candidate; return whether there is another."""
        if self._at >= len(self._order):
            return False
        left = self._order[self._at][0]
        self._at += 1
        self.proved = False
        self._left_out = frozenset()
        self._missing = ()
        self._waits = 0
        if self._at < len(self._order) and self._order[self._at][0] is not left:
            self.why_fallback = self.why_fallback or why
        return self._at < len(self._order)

    def leave(self, why: str) -> bool:
        """Give up all candidates of the current source; return whether there is another source."""
        if self._at >= len(self._order):
            return False
        source = self._order[self._at][0]
        while self._at + 1 < len(self._order) and self._order[self._at + 1][0] is source:
            self._at += 1
        return self.advance(why)

    def without(self, maps: frozenset[str]) -> bool:
        """Keep the current candidate, but leave these maps unedited; return whether that changes anything."""
        if maps <= self._left_out:
            return False
        self._left_out |= maps
        return True

    def despite(self, missing: tuple[Missing, ...]) -> bool:
        """Keep the current candidate although attach points are missing, if there is no fallback left; return whether
        that changes anything."""
        if not missing or self._missing or self._at >= len(self._order):
            return False
        if self._order[self._at][0] is not self._order[-1][0]:
            return False
        self._missing = missing
        return True

    def wait_for_memory(self) -> bool:
        """Keep the current candidate, which needs more memory than there was; return whether it may be tried again."""
        self._waits += 1
        return self._waits <= MEMORY_WAITS

    def adjust(self, settings: Settings, tuning: Tuning) -> None:
        """Continue with other settings from the edited text of the current source, which may work now."""
        self._settings, self._tuning = settings, tuning
        self._waits = 0
        self._at = min(self._at, len(self._order) - 1)
        while self._at > 0 and self._order[self._at - 1][0] is self._order[self._at][0]:
            self._at -= 1
        self.proved = False

    def tune(self, tuning: Tuning) -> None:
        """Keep the current candidate with another tuning."""
        self._tuning = tuning

    def _skip(self, source: Source) -> None:
        while self._at < len(self._order) and self._order[self._at][0] is source:
            self._at += 1

    def _why_unavailable(self, source: Source, prepared: Prepared) -> str:
        """Why a source cannot run on this host; empty if bpftrace must decide."""
        caveat = source.doubt(self._settings.trust)
        if caveat:
            return caveat
        script = source.filled
        if isinstance(script, Unreadable):
            return "" if prepared.runnable else script.reason
        lacking = [self._host.why_not(one.provider, one.rest) for one in script.points]
        # bpftrace may run without one of several probes: only a source with a fallback is given up for one.
        has_fallback = self._order[-1][0] is not source
        if has_fallback:
            lacking.append(self._why_no_raw(source))
        return next((why for why in lacking if why), "") if has_fallback or all(lacking) else ""

    def _why_no_raw(self, source: Source) -> str:
        """Why the raw tracepoints of a source are not tried here; empty if they are, or if it has none."""
        script = source.filled
        points = () if isinstance(script, Unreadable) else script.points
        return next((why for one in points if (why := why_no_raw(one, self._host, self._release))), "")

    def _candidate(self, source: Source, edited: bool, nonce: int) -> Candidate:
        pin, front, script = self._settings.pin, source.front, source.filled
        if edited and isinstance(script, Script):
            interval_ms = self._tuning.interval_ms(self._settings.interval_ms)
            prepared = prepare(
                script,
                interval_ms=interval_ms,
                pin=pin,
                exclude=self._settings.exclude,
                front=front,
                args=source.args,
                schemes=self._tuning.schemes,
                leave_out=self._left_out,
                new_keys_collide=traits_of(self._release).new_keys_collide,
                raw_tracepoints=traits_of(self._release).raw_tracepoints,
                empty_is_zero=traits_of(self._release).empty_is_zero,
                nonce=nonce,
            )
        else:
            prepared = unedited(script, pin=pin, front=front, args=source.args)
        if isinstance(script, Script):
            collide = traits_of(self._release).new_keys_collide
            prepared = namespaced(prepared, script, self._settings.namespace, pin, new_keys_collide=collide)
        if traits_of(self._release).lists_tracepoints:
            prepared = with_fields_read_once(prepared, partial(numeric_fields, self._host.tracefs))
        wanted = self._tuning.thinned
        if edited and wanted is not None:
            # Imported only here: few programs are thinned, and the import would delay every start.
            from bttop.script.thinning.thinned import thinned

            prepared = thinned(prepared, script, wanted.one_in, wanted.reason)
        wears_out = prepared.uses_user_stacks and traits_of(self._release).symbols_by_process
        badges = tuple(self._badges(source, prepared, edited))
        return Candidate(
            source,
            prepared,
            edited,
            badges,
            wears_out,
            not _has_conditional_interval(script) and _knows_periods(prepared.plan),
            not self._missing,
            self._missing,
            pin,
            wanted if prepared.plan.one_in > 1 else None,
        )

    def _badges(self, source: Source, prepared: Prepared, edited: bool) -> Iterator[Badge]:
        for one in prepared.badges:
            yield Badge(one.text, one.explanation)
        if edited and self._tuning.factor > 1:
            seconds = self._tuning.interval_ms(self._settings.interval_ms) / 1000
            why = "bpftrace did not print and clear its maps within the interval, so its numbers were not exact"
            yield Badge(f"interval raised to {seconds:g} s", why)
        if not self._host.counts_skips and (names := _skippable(source.filled)):
            yield Badge(
                "skips are not counted",
                f"{names}: while another BPF program runs on a CPU, the kernel skips these events there; "
                f"Linux {self._host.kernel} does not count them (6.7 does). Next to a busy program many may be missing",
            )
        is_one = self._settings.one_process or prepared.one_process
        if prepared.uses_user_stacks and not names_user_stacks(self._release, one_process=is_one):
            yield Badge(
                "user frames as addresses",
                f"bpftrace {self._release} closes its own descriptors when it looks up user frames of many "
                "processes. bttop names the frames of the largest rows itself, by function and file; pin one PID, or "
                "use bpftrace 0.23 or newer, to have all of them named",
            )
        if edited and self._left_out:
            names = ", ".join(sorted(self._left_out))
            yield Badge("maps left out", f"{names}: none of the probes that fill it exists here")
        # A fallback from raw tracepoints to tracepoints gives the same numbers: no badge.
        first = next((one for one, _ in self._order if not self._why_no_raw(one)), source)
        if source is not first:
            yield Badge("fallback", f"{source.name} runs instead of {first.name}: {self.why_fallback}")


def new_nonce() -> int:
    """A random number for the heartbeats of one generation, never 0."""
    return SystemRandom().randrange(1, MOST_NONCES)


def _order(sources: tuple[Source, ...]) -> Iterator[tuple[Source, bool]]:
    for source in sources:
        if isinstance(source.script, Script):
            yield source, True
        yield source, False


def _skippable(script: Script | Unreadable) -> str:
    """The attach points of a script whose events the kernel may skip, as text."""
    points = () if isinstance(script, Unreadable) else script.points
    return ", ".join(sorted({one.text for one in points if may_be_skipped(one)}))


def _knows_periods(plan: Plan) -> bool:
    """Whether the length of any interval is known."""
    return any(plan.knows_period(mark) for mark in plan.heartbeats)


def _has_conditional_interval(script: Script | Unreadable) -> bool:
    if isinstance(script, Unreadable):
        return True
    intervals = [probe for probe in script.probes if probe.has("interval")]
    blocks = [script.significant(*probe.block) for probe in intervals]
    return any(probe.predicate for probe in intervals) or any(
        token.text == "return" for block in blocks for token in block
    )
