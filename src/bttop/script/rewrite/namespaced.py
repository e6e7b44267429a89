"""Prepares a script for a PID namespace of bttop's own: see `script/process/pid_namespace.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace as changed

from bttop.script.language.badge import ScriptCaveat
from bttop.script.language.edits import replace
from bttop.script.language.lexer import Token
from bttop.script.language.probe_context import has_process
from bttop.script.language.reader import Script, read
from bttop.script.language.survey import survey
from bttop.script.process.pid_namespace import KNOWN, PidNamespace, compares_fields, defined, id_tokens, uses_ids
from bttop.script.process.pin import Pin
from bttop.script.process.regions import code_of, narrowed
from bttop.script.process.self_exclusion import may_skip
from bttop.script.rewrite.prepare import Prepared

_SWAPPED: Final = {"pid": "tid", "tid": "pid"}
_FIELDS: Final = "Fields of events, such as args->pid, count as the host does."
_OF_HOST: Final = ScriptCaveat(
    "namespace",
    "PIDs of the host",
    "This bpftrace counts process ids as the host does, not as this PID namespace: /proc here has other numbers.",
)
_INSIDE_ONLY: Final = ScriptCaveat(
    "namespace",
    "this PID namespace only",
    f"bpftrace knows the process ids of its own PID namespace only: events of other processes are left out. {_FIELDS}",
)
_UNKNOWN_IS_ZERO: Final = ScriptCaveat(
    "namespace",
    "other PIDs are 0",
    f"bpftrace knows the process ids of its own PID namespace only: all other processes have pid 0. {_FIELDS}",
)
_SWAPPED_IDS: Final = ScriptCaveat(
    "namespace", "pid and tid are exchanged", "This bpftrace exchanges pid and tid in a PID namespace of its own."
)
_UNCOUNTED: Final = ScriptCaveat(
    "namespace",
    "losses are not counted",
    "This bpftrace warns at each event of another PID namespace, so its warnings are off, also those about new keys "
    "that two CPUs create at once.",
)


def namespaced(
    prepared: Prepared,
    script: Script,
    namespace: PidNamespace | None,
    pin: Pin | None = None,
    *,
    new_keys_collide: bool = False,
) -> Prepared:
    """A prepared script for a namespace; unchanged for None, the host's.

    Where `pid` is 0 for other processes, probes that use it skip their events if they can: ids that are all 0 would mix
    the state of all these processes. bpftrace's warnings, one at each such event, are switched off. `new_keys_collide`:
    only they tell what this release loses, see `prepare`.
    """
    if namespace is None:
        return prepared
    using = [index for index, probe in enumerate(script.probes) if has_process(probe) and uses_ids(script, probe)]
    if namespace.counting == "host":
        return _said(prepared, [_OF_HOST] if using else [])
    text = read(prepared.text)
    compared = compares_fields(script) if pin is not None and pin.pids else ""
    prepared = _said(prepared, [_compared(compared)] if compared else [])
    if not isinstance(text, Script) or not any(_ids(text)):
        return prepared
    guarded = _guarded(script, using, pin) if prepared.is_edited else []
    # bttop's own probes follow the script's, so the same index means the same probe.
    edits = [edit for index in guarded for edit in narrowed(text, text.probes[index], KNOWN, KNOWN)]
    if namespace.swaps_ids and prepared.is_edited:
        edits += [replace(token, _SWAPPED[token.text]) for token in _ids(text)]
    found = [
        *([_INSIDE_ONLY] if guarded else []),
        *([_UNKNOWN_IS_ZERO] if not set(using) <= set(guarded) else []),
        *([_SWAPPED_IDS] if namespace.swaps_ids and not prepared.is_edited else []),
        *([_UNCOUNTED] if new_keys_collide and prepared.new_keys_collide else []),
    ]
    return _said(changed(prepared, edited=prepared.edited.then(edits), warns=False), found)


def _compared(parameter: str) -> ScriptCaveat:
    why = f"This script compares `{parameter}`, the pin, with a field of an event, which counts as the host does."
    return ScriptCaveat("pin-inexact", "pin not exact here", why)


def _guarded(script: Script, using: Sequence[int], pin: Pin | None) -> list[int]:
    """The probes that skip processes without an id; with a pin by ids, also those that use none."""
    seen = survey(script)
    wanted = using if pin is None or not pin.pids else range(len(script.probes))
    return [index for index in wanted if may_skip(script, seen, script.probes[index])]


def _said(prepared: Prepared, caveats: Sequence[ScriptCaveat]) -> Prepared:
    return changed(prepared, badges=(*prepared.badges, *caveats))


def _ids(script: Script) -> Iterator[Token]:
    for tokens in (defined(script), *(code_of(script, probe) for probe in script.probes)):
        yield from id_tokens(tokens)
