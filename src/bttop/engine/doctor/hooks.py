"""Checks what the hooks of probes cost on this host: the part of the cost that no kernel counts."""

from __future__ import annotations

import subprocess
from typing import Final

from bttop.engine.cost.hook_pricing import GROUPS, read_answer
from bttop.engine.doctor.finding import Check, DoctorContext, Finding, FindingState, only_root
from bttop.engine.tracer.channel import hook_timer_command
from bttop.script.cost.hook_costs import USER, HookPrices

NAME: Final = "hook costs"
SECONDS: Final = 30.0
"""Timeout, thirty times the usual duration of the timer; an emulated machine needs some seconds."""
_GROUPS: Final = tuple(dict.fromkeys(GROUPS.values()))


def ask_timer(machine: str) -> HookPrices:
    """Measure the prices of this host. Needs root."""
    command = [*hook_timer_command(), *_GROUPS]
    try:
        said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return HookPrices(machine).plus({"reasons": dict.fromkeys(_GROUPS, str(problem))})
    return HookPrices(machine).plus(read_answer(said.stdout, said.returncode, _GROUPS))


def prices(patient: DoctorContext) -> Finding:
    """Which prices are measured, and which are assumed."""
    if patient.prices is None:
        return only_root(NAME, "what a hook costs")
    user, kernel = _user(patient.prices), _kernel(patient.prices)
    found = f"{user}; {kernel}; fentry, tracepoints and samples: assumed"
    if patient.prices.user is not None:
        return Finding(NAME, FindingState.OK, found)
    effect = "costs of user probes are those of another host: the budget guard may act too early or too late"
    return Finding(NAME, FindingState.LIMITED, found, effect)


def _user(known: HookPrices) -> str:
    it = known.user or USER
    figures = f"{it.emulated:,.0f} ns, {it.stepped:,.0f} single-stepped, {it.back:,.0f} more on return"
    return f"a user probe {figures}: {_how(known.unmeasured('uprobe'))}"


def _kernel(known: HookPrices) -> str:
    it = known.function
    return f"a kprobe {it.entry:,.0f} ns, {it.back:,.0f} more on return: {_how(known.unmeasured('kprobe'))}"


def _how(reason: str) -> str:
    return f"assumed, since {reason}" if reason else "measured"


CHECKS = (Check(90, prices),)
