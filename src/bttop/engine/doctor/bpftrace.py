"""Checks bpftrace: its release, its features, and whether its user stacks have names."""

from __future__ import annotations

import re
import subprocess

from bttop.engine.doctor.finding import Check, DoctorContext, Finding, FindingState
from bttop.engine.host.host import Bpftrace
from bttop.errors import command_line
from bttop.model.record.release import Release
from bttop.model.record.releases import NEWEST_KNOWN, OLDEST_KNOWN, traits_of

INFO_SECONDS = 60.0
"""Timeout in seconds. `bpftrace --info` loads a dozen programs: 0.5 s here, 15 s in an emulated machine."""


def ask_info(bpftrace: Bpftrace) -> str:
    """The output of `bpftrace --info`; empty if it cannot be run or does not answer."""
    try:
        answer = subprocess.run(
            [bpftrace.path, "--info"], stdin=subprocess.DEVNULL, capture_output=True, timeout=INFO_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (answer.stdout + answer.stderr).decode(errors="replace")


def info_answers(info: str) -> dict[str, str]:
    """The kernel features in the output of `bpftrace --info`, `yes` or `no` by name; from 0.23 two on one line.

    The lines above the helpers are skipped: they describe how bpftrace was built.
    """
    kernel = info[max(0, info.find("Kernel helpers")) :]
    return dict(re.findall(r"(\w[\w: ]*?)(?: \([^()]*\))?: (yes|no)\b", kernel))


def version(patient: DoctorContext) -> Finding:
    """Compare the release with those that bttop supports."""
    bpftrace = patient.bpftrace
    if bpftrace is None and patient.is_slow:
        return Finding(
            "bpftrace", FindingState.UNKNOWN, patient.missing, "each start of a pane would be as slow", patient.install
        )
    if bpftrace is None:
        return Finding("bpftrace", FindingState.BROKEN, patient.missing, "none of the five panes runs", patient.install)
    found = f"{bpftrace.release}, {bpftrace.path}"
    untested = "bttop was not tested with it"
    if bpftrace.release < OLDEST_KNOWN:
        found = f"{found}: older than {_short(OLDEST_KNOWN)}"
        return Finding("bpftrace", FindingState.LIMITED, found, f"{untested}; panes may stay empty", patient.install)
    if bpftrace.release[:2] > NEWEST_KNOWN[:2]:
        return Finding("bpftrace", FindingState.LIMITED, f"{found}: newer than {_short(NEWEST_KNOWN)}", untested)
    return Finding("bpftrace", FindingState.OK, found)


def _short(release: Release) -> str:
    return f"{release.major}.{release.minor}"


def features(patient: DoctorContext) -> Finding:
    """The kernel features that `bpftrace --info` reports."""
    if patient.bpftrace is None:
        return Finding("features", FindingState.UNKNOWN, "no bpftrace")
    if not patient.info:
        said = (
            "bpftrace --info was not run: it needs root" if not patient.is_root else "bpftrace --info does not answer"
        )
        return Finding(
            "features", FindingState.UNKNOWN, said, fix=patient.as_root(command_line(patient.bpftrace.path, "--info"))
        )
    answers = info_answers(patient.info)
    missing = [name for name, answer in answers.items() if answer == "no"]
    said = f"{len(answers) - len(missing)} of {len(answers)} by bpftrace --info"
    said = f"{said}; no: {', '.join(missing)}" if missing else said
    if patient.lacks_tracefs and not patient.is_locked_down:
        return Finding("features", FindingState.UNKNOWN, f"{said}; without tracefs it misses features")
    return Finding("features", FindingState.OK, said)


def user_stacks(patient: DoctorContext) -> Finding:
    """Whether user frames have names: up to 0.22 bpftrace closes its own descriptors while it looks them up."""
    if patient.bpftrace is None:
        return Finding("user stacks", FindingState.UNKNOWN, "no bpftrace")
    if traits_of(patient.bpftrace.release).symbols_by_process:
        return Finding("user stacks", FindingState.OK, "frames by name")
    effect = (
        "without a pin to one PID, bttop itself names the user frames of the largest rows, the others are addresses"
    )
    found = f"bpftrace {patient.bpftrace.release} closes its own descriptors while it looks up names"
    return Finding("user stacks", FindingState.LIMITED, found, effect, "a pin to one PID, or bpftrace 0.23 or newer")


CHECKS = (
    Check(170, version),
    Check(180, features),
    Check(190, user_stacks),
)
