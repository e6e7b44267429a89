"""Better forms of a user's script, each a whole text that can replace it. None is applied automatically."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from msgspec import Struct

from bttop.patterns import pattern
from bttop.script.flush_edits import self_printing
from bttop.script.flush_edits.flushes import counted_in_place
from bttop.script.front_matter.front_matter import FrontMatter
from bttop.script.language.edits import Edit, edited, replace
from bttop.script.language.program_text import MapText, program
from bttop.script.language.reader import Probe, Script, read
from bttop.script.language.survey import MapUse, ScriptSurvey, survey
from bttop.script.process import thread_ids
from bttop.script.process.regions import code_of
from bttop.script.rewrite.raw_form import raw_edits

_EVERY_SYSCALL: Final = pattern(r"syscalls:sys_(enter|exit)_\*")


class Suggestion(Struct, frozen=True):
    """Another script for the same question."""

    code: str
    """For programs: `thread-id`, `one-probe`, `exact`, `count`, `raw`."""
    text: str
    """A few words: what would change."""
    explanation: str
    """One or two sentences: why."""
    rewritten: str
    """The whole text, which can be shown, run or saved instead of the user's."""


def suggestions(
    script: Script,
    seen: ScriptSurvey,
    front: FrontMatter | None,
    counted: Collection[str] = (),
    *,
    raw_tracepoints: bool = False,
) -> Iterator[Suggestion]:
    """The suggestions for a script. `counted` names the maps whose `++` bttop replaces anyway; `raw_tracepoints`: the
    release attaches reliably to raw tracepoints (see `Traits`)."""
    yield from _by_process(script)
    yield from _by_threads(script)
    yield from _one_probe(script, seen, front)
    yield from _exact(script, seen)
    yield from _counts(script, seen, counted)
    if raw_tracepoints:
        yield from _raw(script, seen, front)


def _by_process(script: Script) -> Iterator[Suggestion]:
    edits = tuple(thread_ids.by_process(script))
    if edits:
        why = (
            "prev_pid is the id of one thread: it matched 4 of 29,038 switches of a process with four threads. "
            "At sched_switch, pid is the process that leaves the CPU."
        )
        yield Suggestion("thread-id", "compare pid, not prev_pid", why, edited(script.text, edits).text)


def _by_threads(script: Script) -> Iterator[Suggestion]:
    edits = tuple(thread_ids.by_threads(script))
    if edits:
        why = (
            "next_pid is the id of one thread, and pid at sched_switch is the process that leaves the CPU. A map keeps "
            "the threads of the process; a thread that sleeps at the start is counted from its second switch on."
        )
        yield Suggestion("thread-id", "look up next_pid in a map of threads", why, edited(script.text, edits).text)


def _one_probe(script: Script, seen: ScriptSurvey, front: FrontMatter | None) -> Iterator[Suggestion]:
    every = [index for index, probe in enumerate(script.probes) if _is_every_syscall(script, probe)]
    keyed = [use for use in seen.maps.values() if _probe_keys(use)]
    # If another probe counts into the same map, the map would have two kinds of keys.
    if not every or any(update.probe not in every for use in keyed for update in use.updates):
        return
    if any(_mentions(script, index) != sum(_probe_keys(use, index) for use in keyed) for index in every):
        return
    edits = [edit for index in every for edit in _through_raw_syscalls(script, script.probes[index])]
    why = (
        "Each system call has a separate probe here: 361 on Linux 6.18, and bpftrace takes 18 s to detach them. "
        "raw_syscalls is one probe that reports the number of the call."
    )
    text = edited(script.text, edits).text
    yield Suggestion("one-probe", "one probe for all system calls", why, text if front else _with_front_matter(text))


def _is_every_syscall(script: Script, probe: Probe) -> bool:
    """Whether a probe is attached to all system calls and uses no arguments."""
    (point, *others) = probe.points
    if others or point.provider != "tracepoint" or _EVERY_SYSCALL.fullmatch(point.rest) is None:
        return False
    return all(token.text != "args" for token in code_of(script, probe))


def _mentions(script: Script, index: int) -> int:
    """How often a probe uses the builtin `probe`."""
    return sum(token.text == "probe" for token in code_of(script, script.probes[index]))


def _probe_keys(use: MapUse, index: int | None = None) -> int:
    """How many key parts of a map's updates, in one probe or in all, are the builtin `probe`."""
    updates = [update for update in use.updates if index in (None, update.probe)]
    return sum(len(part) == 1 and part[0].text == "probe" for update in updates for part in update.keys)


def _through_raw_syscalls(script: Script, probe: Probe) -> Iterator[Edit]:
    found = _EVERY_SYSCALL.fullmatch(probe.points[0].rest)
    side = "enter" if found is None else found[1]
    yield replace(script.tokens[probe.start], f"tracepoint:raw_syscalls:sys_{side}")
    for token in code_of(script, probe):
        if token.text == "probe":
            yield replace(token, "args->id")


def _with_front_matter(text: str) -> str:
    """The script with front matter for each map that it counts into, so that system call numbers show as names."""
    script = read(text)
    if not isinstance(script, Script) or text.startswith("#!"):
        return text
    uses = [use for use in survey(script).maps.values() if use.pure or use.only_counted]
    if not any(column.decoder for use in uses for column in use.keys.columns):
        return text
    why = "Calls per second of each system call. One probe, keyed by number."
    return program("System calls", why, [_map_text(use) for use in uses], text)


def _map_text(use: MapUse) -> MapText:
    columns = use.keys.columns
    titles = tuple("syscall" if column.decoder == "syscall" else column.title for column in columns)
    decoders = {title: column.decoder for title, column in zip(titles, columns, strict=True) if column.decoder}
    kinds = tuple(column.kind for column in columns)
    return MapText(use.name, titles, kinds, decoders, pid=use.keys.pid, tid=use.keys.tid)


def _raw(script: Script, seen: ScriptSurvey, front: FrontMatter | None) -> Iterator[Suggestion]:
    edits = tuple(raw_edits(script))
    if not edits or any(thread_ids.by_process(script)) or any(thread_ids.by_threads(script)):
        return
    why = (
        "While a BPF program on a tracepoint runs on a CPU, the kernel skips all other tracepoints that an interrupt "
        "fires there: of 5,000 disk reads, 1,179 were counted. A raw tracepoint is not skipped and does not cause "
        "others to be skipped."
    )
    text = edited(script.text, edits).text
    loses_names = any(edit.text.startswith("(") for edit in edits) and front is None and not text.startswith("#!")
    uses = [use for use in seen.maps.values() if use.pure or use.only_counted]
    if loses_names and any(use.keys.columns for use in uses):
        text = program("By raw tracepoints", why, [_map_text(use) for use in uses], text)
    yield Suggestion("raw", "use raw tracepoints, which are not skipped", why, text)


def _exact(script: Script, seen: ScriptSurvey) -> Iterator[Suggestion]:
    """The script without its own print and clear, if its interval block does nothing else."""
    if not self_printing.only_prints_and_clears(script, seen):
        return
    (index,) = self_printing.printing_probes(script, seen)
    calls = [call for use in seen.maps.values() for call in use.calls if call.probe == index]
    start, end = script.probes[index].block
    words = sum(token.kind == "word" for token in script.significant(start, end))
    if words != len(calls) or all(call.verb == "print" for call in calls):
        return
    first, last = script.tokens[script.probes[index].start], script.tokens[end]
    text = script.text[: first.start].rstrip(" \t") + script.text[last.end :]
    why = (
        "Events between print and clear are lost. Without these calls, bttop prints every map at its own interval and "
        "loses nothing."
    )
    yield Suggestion("exact", "leave print and clear to bttop", why, f"{text.strip()}\n")


def _counts(script: Script, seen: ScriptSurvey, counted: Collection[str]) -> Iterator[Suggestion]:
    losing = [
        use
        for use in seen.maps.values()
        if use.only_counted and not (use.declared or use.in_macros) and use.name not in counted
    ]
    edits = [edit for use in losing for update in use.updates for edit in counted_in_place(update, use.aggregation)]
    if edits:
        names = ", ".join(use.name for use in losing)
        why = (
            "If two CPUs update the same key, `++` and `+=` lose 1 to 21 % of the updates; count() and sum() lose none."
        )
        yield Suggestion("count", f"count {names} with count() or sum()", why, edited(script.text, edits).text)
