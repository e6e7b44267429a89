"""Runs all checks, and formats the findings as a table or as JSON."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from bttop.engine import doctor
from bttop.engine.doctor import bpftrace, hooks
from bttop.engine.doctor.faults import Bug, faults_of
from bttop.engine.doctor.finding import Check, DoctorContext, Finding, FindingState
from bttop.engine.doctor.panes import panes
from bttop.engine.host.host import Host, find_bpftrace
from bttop.errors import BpftraceSlow, CannotTrace
from bttop.extensions import modules_in
from bttop.model.format.text import visible
from bttop.script.library.probe_files import Library
from bttop.trust import EVERYBODY, Trust

CANNOT_TRACE = 3
"""Exit code when something is broken, the same as for CannotTrace."""


def meet(wanted: str | None, trust: Trust = EVERYBODY) -> DoctorContext:
    """The facts of this machine and of the bpftrace that bttop would run (`wanted`, `trust`: see `find_bpftrace`)."""
    host, euid = Host.read(), os.geteuid()
    prices = hooks.ask_timer(host.machine) if euid == 0 else None
    try:
        found = find_bpftrace(wanted, trust)
    except CannotTrace as refusal:
        is_slow = isinstance(refusal, BpftraceSlow)
        return DoctorContext(host, None, refusal.cause, refusal.hint, is_slow, prices=prices, euid=euid, trust=trust)
    info = bpftrace.ask_info(found) if euid == 0 else ""
    return DoctorContext(host, found, info=info, prices=prices, euid=euid, trust=trust)


@lru_cache(maxsize=1)
def checks() -> tuple[Check, ...]:
    """All checks that modules of this package declare, in the order of the table."""
    modules = modules_in(doctor)
    return tuple(
        sorted((one for module in modules for one in getattr(module, "CHECKS", ())), key=lambda one: one.place)
    )


def examine(patient: DoctorContext, library: Library) -> list[Finding]:
    """Run all checks and return their findings."""
    found = [check.run(patient) for check in checks()]
    return [*found, *panes(patient, library, [one.name for one in found if one.state is FindingState.BROKEN])]


def exit_code(findings: Sequence[Finding]) -> int:
    """3 if something is broken for the five panes, else 0."""
    return CANNOT_TRACE if any(one.state is FindingState.BROKEN for one in findings) else 0


def written(findings: Sequence[Finding], patient: DoctorContext, columns: int = 80) -> Iterator[str]:
    """The lines of the table, each of at most `columns` characters, apart from the commands that fix something."""
    widest = max(len(one.name) for one in findings)
    for one in findings:
        head = f"{one.name:<{widest}}  {one.state.value:<7}  "
        yield from _folded(head, one.found, columns)
        if one.effect:
            yield from _folded(" " * len(head), f"effect: {one.effect}", columns)
        if one.fix and one.state is not FindingState.OK:
            # On one line: a folded command cannot be pasted.
            yield f"{' ' * len(head)}fix: {visible(one.fix)}"
    if patient.bpftrace is not None:
        yield ""
        title = f"known faults of bpftrace {patient.bpftrace.release}, and what bttop does about them"
        yield from _folded("", title, columns)
        for fault in faults_of(patient.bpftrace.release):
            yield from _folded("  ", f"{fault.what}: {fault.answer}", columns)
    yield ""
    yield from _folded("", _verdict(findings), columns)


def _folded(head: str, text: str, columns: int) -> list[str]:
    indent = " " * len(head)
    return textwrap.wrap(visible(text), columns, initial_indent=head, subsequent_indent=indent, break_on_hyphens=False)


def _verdict(findings: Sequence[Finding]) -> str:
    counts = {state: sum(one.state is state for one in findings) for state in FindingState}
    said = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    if counts[FindingState.BROKEN]:
        return f"{said}: not all of the five panes can answer here"
    return f"{said}: nothing that could be checked is broken" if counts[FindingState.UNKNOWN] else said


def as_object(findings: Sequence[Finding], patient: DoctorContext) -> dict[str, Any]:
    """The findings and faults as an object for `--json`."""
    faults = faults_of(patient.bpftrace.release) if patient.bpftrace is not None else ()
    return {
        "checks": [_as_object(one) for one in findings],
        "faults": [_fault_as_object(fault) for fault in faults],
        "broken": exit_code(findings) != 0,
    }


def _as_object(one: Finding) -> dict[str, str]:
    return {
        "name": one.name, "state": one.state.value, "found": one.found, "effect": one.effect, "fix": one.fix
    }  # fmt: skip


def _fault_as_object(fault: Bug) -> dict[str, str]:
    return {"fault": fault.what, "answer": fault.answer}
