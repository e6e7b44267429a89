"""What a script must pass before it runs: that it changes nothing unasked, and that it does not cost too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bttop.engine.attempts import Attempt
from bttop.engine.frames import Frame
from bttop.engine.leap import Leaps
from bttop.engine.verdict import Verdict
from bttop.script.parameter import code_of
from bttop.script.reader import Script

if TYPE_CHECKING:
    from bttop.engine.program import Program

_UNSAFE: Final = frozenset({"system", "signal", "signal_thread", "override"})
"""Functions that bpftrace runs with `--unsafe` alone (0.14 to 0.27)."""


class Gate:
    """Asked before each start. Engine thread only."""

    def __init__(self, leaps: Leaps | None = None, *, unsafe: bool = False, confirmed: bool = False) -> None:
        """Without `leaps` nothing is looked at. `unsafe`: the user has asked for it once; `confirmed`: twice, so that
        nobody need be asked on the screen."""
        self._leaps = leaps
        self.allows_unsafe = unsafe
        """Whether what is typed or pasted may ask for `--unsafe`."""
        self._confirmed_all = confirmed
        self._confirmed: set[tuple[int, str]] = set()
        self._asked: dict[int, str] = {}
        self._edited: set[int] = set()

    def look(self, program: Program, attempt: Attempt) -> Verdict | None:
        """Whether an attempt may start; None while that is being found out: `program.on_look` is told."""
        self._asked.pop(id(program), None)
        functions = unsafe_functions(attempt)
        if functions and self._may_be_unsafe(program) and not self.is_unsafe(program, attempt):
            self._asked[id(program)] = attempt.source.text
            why = f"can change this system by {', '.join(functions)} and wants --unsafe"
            return Verdict("ask", why, option="--confirm-unsafe")
        return Verdict("go") if self._leaps is None else self._leaps.look(program, attempt)

    def is_unsafe(self, program: Program, attempt: Attempt) -> bool:
        """Whether to pass `--unsafe`: the script needs it, and it was asked for twice."""
        if not unsafe_functions(attempt) or not self._may_be_unsafe(program):
            return False
        return self._confirmed_all or (id(program), attempt.source.text) in self._confirmed

    def approve(self, program: Program) -> bool:
        """The user has said yes; whether there was anything to say yes to."""
        text = self._asked.pop(id(program), None)
        if text is not None:
            self._confirmed.add((id(program), text))
            return True
        return self._leaps is not None and self._leaps.approve(program)

    def edited(self, program: Program) -> None:
        """The program has got another text: it is not trusted for where it came from, and never unsafe."""
        self._edited.add(id(program))
        if self._leaps is not None:
            self._leaps.edited(program)

    def forget(self, program: Program) -> None:
        """Nobody waits for an answer any more."""
        self._asked.pop(id(program), None)
        if self._leaps is not None:
            self._leaps.forget(program)

    def close(self, program: Program) -> None:
        """The program is gone: another may get its id."""
        self.forget(program)
        self._edited.discard(id(program))
        self._confirmed = {one for one in self._confirmed if one[0] != id(program)}
        if self._leaps is not None:
            self._leaps.close(program)

    def lost(self) -> None:
        """The tracer is gone."""
        if self._leaps is not None:
            self._leaps.lost()

    def on_frame(self, frame: Frame) -> None:
        """A frame that belongs to no program."""
        if self._leaps is not None:
            self._leaps.on_frame(frame)

    def excuse(self, now: int) -> None:
        """Nothing could be heard until now."""
        if self._leaps is not None:
            self._leaps.excuse(now)

    def tick(self, now: int) -> None:
        """Time passes."""
        if self._leaps is not None:
            self._leaps.tick(now)

    def _may_be_unsafe(self, program: Program) -> bool:
        return self.allows_unsafe and id(program) not in self._edited


def unsafe_functions(attempt: Attempt) -> tuple[str, ...]:
    """What a script calls that can change the system, as `system()`."""
    script = attempt.source.script
    if not isinstance(script, Script):
        return ()
    words = {token.text for probe in script.probes for token in code_of(script, probe) if token.kind == "word"}
    return tuple(f"{word}()" for word in sorted(words & _UNSAFE))
