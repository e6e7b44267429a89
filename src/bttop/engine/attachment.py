"""What of a script's attach points one bpftrace has attached: by its messages, by its count, and by its listing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from bttop.engine.status import Badge
from bttop.model.release import Release
from bttop.script.missing import Missing, is_function, is_hook, is_open_ended, is_user, told_missing
from bttop.script.prepare import Prepared
from bttop.script.reader import AttachPoint, Script, read

SHOWN: Final = 3
"""Attach points that a badge names; its explanation names all."""
NOT_LISTED: Final = "bpftrace -l finds nothing by this name"
SHORT: Final = "bpftrace counts fewer probes than the script has"
UNKNOWN: Final = "attach points not checked"
UNCOUNTED: Final = "; what it would count is not in the numbers"


class Attachment:
    """The attach points of one generation."""

    def __init__(self, prepared: Prepared, release: Release, known: Iterable[Missing] = ()) -> None:
        """`known` are those that are missing by an earlier start of the same text, which bpftrace refused for it."""
        self._prepared = prepared
        self._release = release
        self._hooks = tuple(point for point in prepared.attach_points if is_hook(point))
        self._told = {one.point: one for one in known}
        self._absent: dict[str, Missing] = {}
        self._asked: set[str] = set()
        self._awaits_list = False
        self._unanswered: set[str] = set()
        self._counted: int | None = None

    def count(self, probes: int) -> None:
        """bpftrace's own count: up to 0.23 of what it will try to attach, from 0.24 of what it has attached."""
        self._counted = probes

    def read(self, lines: list[str]) -> None:
        """Look for attach points in bpftrace's messages."""
        for one in told_missing(lines, self._prepared.text, self._prepared.attach_points):
            self._told.setdefault(one.point, one)

    def listed(self, found: Mapping[str, int]) -> None:
        """How many probes bpftrace lists for attach points."""
        self._awaits_list = False
        self._unanswered = self._asked - set(found)
        self._absent |= {point: Missing(point, NOT_LISTED) for point, probes in found.items() if not probes}

    @property
    def missing(self) -> tuple[Missing, ...]:
        """The attach points that were not attached, as far as their names are known."""
        if self._none_is_left:
            named = self._told | {one.text: self._why(one) for one in self._hooks}
            return tuple(named.values())
        return tuple((self._absent | self._told).values())

    @property
    def is_nothing(self) -> bool:
        """Whether none of the script's attach points that can be missing was attached."""
        return bool(self._hooks) and (
            self._none_is_left or all(one.text in self._told or one.text in self._absent for one in self._hooks)
        )

    def badge(self) -> Badge | None:
        """What is missing, as a badge; None where nothing is known to be."""
        missing = self.missing
        nameless = 0 if self._awaits_list else self._nameless()
        if not missing and not nameless:
            return self._unknown()
        names = [one.point for one in missing[:SHOWN]]
        more = len(missing) - len(names) + nameless
        if not names:
            return Badge(f"not attached: {more} of {len(self._hooks)} attach points", f"{SHORT}{UNCOUNTED}")
        rest = f" and {more} more" if more else ""
        reasons = [one.why if len(missing) == 1 else f"{one.point}: {one.why}" for one in missing]
        return Badge(f"not attached: {', '.join(names)}{rest}", f"{'; '.join(reasons)}{UNCOUNTED}")

    def _unknown(self) -> Badge | None:
        """The badge for attach points about which bpftrace gave no answer."""
        if not self._unanswered:
            return None
        names = ", ".join(sorted(self._unanswered))
        return Badge(UNKNOWN, f"bpftrace -l gave no answer about {names}; what does not exist counts nothing")

    def to_list(self) -> tuple[AttachPoint, ...]:
        """The attach points that may be missing without a word of bpftrace's, each once: it has to be asked."""
        if self.is_nothing:
            return ()
        points = [one for one in self._silent() if one.text not in self._asked and one.text not in self._told]
        self._asked.update(one.text for one in points)
        self._awaits_list = self._awaits_list or bool(points)
        return tuple({one.text: one for one in points}.values())

    def _silent(self) -> Iterable[AttachPoint]:
        if len(self._hooks) < 2:
            return  # alone it is refused, or its absence shows in the count
        for one in self._hooks:
            if is_open_ended(one):
                if self._release < (0, 24) or one.text in self._in_lists:
                    yield one
            elif self._release < (0, 23):
                if is_user(one) and self._short() > len(self._absent):
                    yield one
            # 0.23 runs without warnings (see `launch.command`), and skips in silence what is missing in a list.
            elif self._release < (0, 24) and is_function(one) and one.text in self._in_lists:
                yield one

    @cached_property
    def _in_lists(self) -> frozenset[str]:
        """The attach points that share a block with others."""
        script = read(self._prepared.original)
        probes = script.probes if isinstance(script, Script) else ()
        return frozenset(point.text for probe in probes if len(probe.points) > 1 for point in probe.points)

    @property
    def _none_is_left(self) -> bool:
        """Whether bpftrace counts no more than the probes that are always there."""
        if self._counted is None or not self._hooks or not self._may_be_short:
            return False
        failed = len(self._told) if self._release < (0, 24) else 0
        return self._counted - failed <= sum(not is_hook(point) for point in self._given)

    def _short(self) -> int:
        """How many probes bpftrace counts less than there are attach points; a wildcard may make up for some."""
        if self._counted is None or not self._may_be_short:
            return 0
        return max(0, len(self._given) - self._counted)

    def _nameless(self) -> int:
        """How many are missing of which no name is known."""
        named = len(self._absent) if self._release < (0, 24) else len(self._absent | self._told)
        return max(0, self._short() - named)

    @property
    def _may_be_short(self) -> bool:
        """Whether the count can say anything: up to 0.23 it leaves out what has no match, from 0.24 what failed, of
        which raw tracepoints in a list alone are not refused. Asked before the text is read a second time, which most
        starts need not wait for."""
        if self._told:
            return True
        if self._release >= (0, 24):
            return len(self._hooks) > 1 and any(one.provider == "rawtracepoint" for one in self._hooks)
        return any(is_user(one) or is_open_ended(one) for one in self._hooks)

    @cached_property
    def _given(self) -> tuple[AttachPoint, ...]:
        """The attach points of the text that bpftrace was given, bttop's own among them."""
        script = read(self._prepared.text)
        return script.points if isinstance(script, Script) else ()

    def _why(self, point: AttachPoint) -> Missing:
        return self._told.get(point.text) or Missing(point.text, "bpftrace found nothing by this name")
