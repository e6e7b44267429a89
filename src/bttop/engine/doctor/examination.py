"""The whole examination, and how it is written down."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from bttop.engine.doctor import bpftrace, hooks, kernel, privilege, surroundings
from bttop.engine.doctor.faults import Fault, faults_of
from bttop.engine.doctor.finding import Finding, Patient, State
from bttop.engine.doctor.panes import panes
from bttop.engine.host import Host, find_bpftrace
from bttop.errors import BpftraceSlow, CannotTrace
from bttop.model.text import visible
from bttop.script.library import Library
from bttop.trust import EVERYBODY, Trust

CHECKS = (
    kernel.version, kernel.skipped, kernel.lockdown, kernel.btf, kernel.tracefs, kernel.kprobes, kernel.uprobes,
    kernel.fentry, hooks.prices,
    privilege.perf_event, privilege.bpf, privilege.statistics, privilege.memlock, privilege.privilege,
    privilege.capabilities, privilege.container, bpftrace.version, bpftrace.features, bpftrace.user_stacks,
    surroundings.terminal, surroundings.disk,
)  # fmt: skip
"""In the order of the table."""
CANNOT_TRACE = 3
"""Exit code when something is broken, that of CannotTrace."""


def meet(wanted: str | None, trust: Trust = EVERYBODY) -> Patient:
    """This machine, with the bpftrace that would run (`wanted` and `trust` as for `find_bpftrace`)."""
    host = Host.read()
    try:
        found = find_bpftrace(wanted, trust)
    except CannotTrace as refusal:
        is_slow = isinstance(refusal, BpftraceSlow)
        return Patient(host, None, refusal.cause, refusal.hint, is_slow, euid=os.geteuid(), trust=trust)
    if os.geteuid() != 0:
        return Patient(host, found, euid=os.geteuid(), trust=trust)
    prices = hooks.ask_timer(host.machine)
    return Patient(host, found, info=bpftrace.ask_info(found), prices=prices, trust=trust)


def examine(patient: Patient, library: Library) -> list[Finding]:
    """Every finding."""
    found = [check(patient) for check in CHECKS]
    return [*found, *panes(patient, library, [one.name for one in found if one.state is State.BROKEN])]


def exit_code(findings: Sequence[Finding]) -> int:
    """3 when something is broken for the five panes, else 0."""
    return CANNOT_TRACE if any(one.state is State.BROKEN for one in findings) else 0


def written(findings: Sequence[Finding], patient: Patient, columns: int = 80) -> Iterator[str]:
    """The table in lines of at most `columns` characters."""
    widest = max(len(one.name) for one in findings)
    for one in findings:
        head = f"{one.name:<{widest}}  {one.state.value:<7}  "
        yield from _folded(head, one.found, columns)
        if one.effect:
            yield from _folded(" " * len(head), f"effect: {one.effect}", columns)
        if one.mend and one.state is not State.OK:
            yield from _folded(" " * len(head), f"mend: {one.mend}", columns)
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
    counts = {state: sum(one.state is state for one in findings) for state in State}
    said = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    if counts[State.BROKEN]:
        return f"{said}: not all of the five panes can answer here"
    return f"{said}: nothing is broken that was seen" if counts[State.UNKNOWN] else said


def as_object(findings: Sequence[Finding], patient: Patient) -> dict[str, Any]:
    """For `--json`."""
    faults = faults_of(patient.bpftrace.release) if patient.bpftrace is not None else ()
    return {
        "checks": [_as_object(one) for one in findings],
        "faults": [_fault_as_object(fault) for fault in faults],
        "broken": exit_code(findings) != 0,
    }


def _as_object(one: Finding) -> dict[str, str]:
    return {
        "name": one.name, "state": one.state.value, "found": one.found, "effect": one.effect, "mend": one.mend
    }  # fmt: skip


def _fault_as_object(fault: Fault) -> dict[str, str]:
    return {"fault": fault.what, "answer": fault.answer}
