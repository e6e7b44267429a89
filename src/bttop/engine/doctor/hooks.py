"""What the hooks of probes cost on this host: the part of the cost that no kernel counts."""

from __future__ import annotations

import subprocess
from typing import Final

from bttop.engine.channel import hook_timer_command
from bttop.engine.doctor.finding import Finding, Patient, State, only_root
from bttop.engine.pricing import GROUPS, read_answer
from bttop.script.hooks import USER, HookPrices

NAME: Final = "hook costs"
SECONDS: Final = 30.0
"""Thirty times what the timer takes; an emulated machine needs some seconds."""
_GROUPS: Final = tuple(dict.fromkeys(GROUPS.values()))


def ask_timer(machine: str) -> HookPrices:
    """The prices of this host, as root."""
    command = [*hook_timer_command(), *_GROUPS]
    try:
        said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return HookPrices(machine).plus({"reasons": dict.fromkeys(_GROUPS, str(problem))})
    return HookPrices(machine).plus(read_answer(said.stdout, said.returncode, _GROUPS))


def prices(patient: Patient) -> Finding:
    """Which of them are measured, and which are assumed."""
    if patient.prices is None:
        return only_root(NAME, "what a hook costs")
    user, kernel = _user(patient.prices), _kernel(patient.prices)
    found = f"{user}; {kernel}; fentry, tracepoints and samples: assumed"
    if patient.prices.user is not None:
        return Finding(NAME, State.OK, found)
    effect = "costs of user probes are as on another host: the fuse may be early or late"
    return Finding(NAME, State.LIMITED, found, effect)


def _user(known: HookPrices) -> str:
    it = known.user or USER
    figures = f"{it.emulated:,.0f} ns, {it.stepped:,.0f} single-stepped, {it.back:,.0f} more on return"
    return f"a user probe {figures}: {_how(known.unmeasured('uprobe'))}"


def _kernel(known: HookPrices) -> str:
    it = known.function
    return f"a kprobe {it.entry:,.0f} ns, {it.back:,.0f} more on return: {_how(known.unmeasured('kprobe'))}"


def _how(reason: str) -> str:
    return f"assumed, since {reason}" if reason else "measured"
