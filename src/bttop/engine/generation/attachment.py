"""Which attach points of a script bpftrace has attached, by its messages, its count of probes and its listing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from bttop.engine.generation.badge import Badge
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.script.language.reader import AttachPoint, Script, read
from bttop.script.messages.missing_hooks import Missing, is_function, is_hook, is_open_ended, is_user, told_missing
from bttop.script.rewrite.prepare import Prepared

SHOWN: Final = 3
"""Maximum number of attach points that a badge names; its explanation names all."""
NOT_LISTED: Final = "bpftrace -l finds nothing with this name"
SHORT: Final = "bpftrace counts fewer probes than the script has"
UNKNOWN: Final = "attach points not checked"
UNCOUNTED: Final = "; events of a missing attach point are not counted"


class HookAttachment:
    """The attach points of one generation."""

    def __init__(self, prepared: Prepared, release: Release, known: Iterable[Missing] = ()) -> None:
        """`known`: attach points that are missing, because bpftrace refused the same text for them before."""
        self._prepared = prepared
        self._traits = traits_of(release)
        self._hooks = tuple(point for point in prepared.attach_points if is_hook(point))
        self._told = {one.point: one for one in known}
        self._absent: dict[str, Missing] = {}
        self._asked: set[str] = set()
        self._awaits_list = False
        self._unanswered: set[str] = set()
        self._counted: int | None = None
        self._badge: Badge | None = None
        self._is_judged = False
        """Whether `_badge` is that of what is known now: each flush asks for it."""

    def count(self, probes: int) -> None:
        """Store bpftrace's count: up to 0.23 the probes that it will try to attach, from 0.24 the attached ones."""
        self._counted = probes
        self._is_judged = False

    def read(self, lines: list[str]) -> None:
        """Look for missing attach points in bpftrace's messages."""
        self._is_judged = False
        for one in told_missing(lines, self._prepared.text, self._prepared.attach_points):
            self._told.setdefault(one.point, one)

    def listed(self, found: Mapping[str, int]) -> None:
        """Store how many probes bpftrace lists for each attach point."""
        self._awaits_list = self._is_judged = False
        self._unanswered = self._asked - set(found)
        self._absent |= {point: Missing(point, NOT_LISTED) for point, probes in found.items() if not probes}

    @property
    def missing(self) -> tuple[Missing, ...]:
        """The attach points that were not attached and whose names are known."""
        if self._none_is_left:
            named = self._told | {one.text: self._why(one) for one in self._hooks}
            return tuple(named.values())
        return tuple((self._absent | self._told).values())

    @property
    def is_nothing(self) -> bool:
        """Whether the script has attach points that can be missing, and none of these was attached."""
        return bool(self._hooks) and (
            self._none_is_left or all(one.text in self._told or one.text in self._absent for one in self._hooks)
        )

    def badge(self) -> Badge | None:
        """The badge for missing or unchecked attach points; None if there are none."""
        if not self._is_judged:
            self._badge, self._is_judged = self._judged(), True
        return self._badge

    def _judged(self) -> Badge | None:
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
        """The badge for attach points for which bpftrace gave no answer."""
        if not self._unanswered:
            return None
        names = ", ".join(sorted(self._unanswered))
        return Badge(UNKNOWN, f"bpftrace -l gave no answer about {names}; those that do not exist count nothing")

    def to_list(self) -> tuple[AttachPoint, ...]:
        """The attach points that may be missing without a message, so that bpftrace must list them; each is returned
        only once."""
        if self.is_nothing:
            return ()
        points = [one for one in self._silent() if one.text not in self._asked and one.text not in self._told]
        self._asked.update(one.text for one in points)
        self._awaits_list = self._awaits_list or bool(points)
        self._is_judged = False
        return tuple({one.text: one for one in points}.values())

    def _silent(self) -> Iterable[AttachPoint]:
        if len(self._hooks) < 2:
            return  # a single one is refused, or the count shows that it is missing
        for one in self._hooks:
            if is_open_ended(one):
                if not self._traits.missing_is_error or one.text in self._in_lists:
                    yield one
            elif not self._traits.floods_warnings:
                if is_user(one) and self._short() > len(self._absent):
                    yield one
            # 0.23 runs without warnings (see `launch.command`): it skips missing points of a list without a message.
            elif not self._traits.missing_is_error and is_function(one) and one.text in self._in_lists:
                yield one

    @cached_property
    def _in_lists(self) -> frozenset[str]:
        """The attach points that share a block with others."""
        script = read(self._prepared.original)
        probes = script.probes if isinstance(script, Script) else ()
        return frozenset(point.text for probe in probes if len(probe.points) > 1 for point in probe.points)

    @property
    def _none_is_left(self) -> bool:
        """Whether bpftrace counts no more than the probes that always exist."""
        if self._counted is None or not self._hooks or not self._may_be_short:
            return False
        failed = len(self._told) if not self._traits.missing_is_error else 0
        return self._counted - failed <= sum(not is_hook(point) for point in self._given)

    def _short(self) -> int:
        """How far bpftrace's count of probes is below the number of attach points; a wildcard may hide a part of it."""
        if self._counted is None or not self._may_be_short:
            return 0
        return max(0, len(self._given) - self._counted)

    def _nameless(self) -> int:
        """The number of missing attach points whose names are unknown."""
        named = len(self._absent) if not self._traits.missing_is_error else len(self._absent | self._told)
        return max(0, self._short() - named)

    @property
    def _may_be_short(self) -> bool:
        """Whether the count can show missing attach points. Up to 0.23 it excludes those without a match; from 0.24
        those that failed, of which bpftrace accepts only raw tracepoints in a list. Checked before the text is parsed a
        second time, which most starts do not need."""
        if self._told:
            return True
        if self._traits.missing_is_error:
            return len(self._hooks) > 1 and any(one.provider == "rawtracepoint" for one in self._hooks)
        return any(is_user(one) or is_open_ended(one) for one in self._hooks)

    @cached_property
    def _given(self) -> tuple[AttachPoint, ...]:
        """The attach points of the text that bpftrace runs, including those that bttop added."""
        script = read(self._prepared.text)
        return script.points if isinstance(script, Script) else ()

    def _why(self, point: AttachPoint) -> Missing:
        return self._told.get(point.text) or Missing(point.text, "bpftrace found nothing with this name")
