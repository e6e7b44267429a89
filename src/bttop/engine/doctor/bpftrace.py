"""bpftrace: which release, with which features, and whether its user stacks have names."""

from __future__ import annotations

import re
import subprocess

from bttop.engine.doctor.finding import Finding, Patient, State
from bttop.engine.host import Bpftrace
from bttop.model.release import Release

OLDEST = Release(0, 14)
"""The first release whose output was read for bttop."""
NEWEST_READ = Release(0, 27, 9999)
INFO_SECONDS = 60.0
"""`bpftrace --info` loads a dozen programs: half a second here, a quarter of a minute in an emulated machine."""


def ask_info(bpftrace: Bpftrace) -> str:
    """What `bpftrace --info` says; empty when it does not answer."""
    try:
        answer = subprocess.run(
            [bpftrace.path, "--info"], stdin=subprocess.DEVNULL, capture_output=True, timeout=INFO_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (answer.stdout + answer.stderr).decode(errors="replace")


def info_answers(info: str) -> dict[str, str]:
    """What `bpftrace --info` says of the kernel, `yes` or `no` by name; from 0.23 two of them stand on a line.

    What stands above the helpers is how bpftrace was built.
    """
    kernel = info[max(0, info.find("Kernel helpers")) :]
    return dict(re.findall(r"(\w[\w: ]*?)(?: \([^()]*\))?: (yes|no)\b", kernel))


def version(patient: Patient) -> Finding:
    """The release against those that bttop knows."""
    bpftrace = patient.bpftrace
    if bpftrace is None and patient.is_slow:
        return Finding(
            "bpftrace", State.UNKNOWN, patient.missing, "each start of a pane would be as slow", patient.install
        )
    if bpftrace is None:
        return Finding("bpftrace", State.BROKEN, patient.missing, "none of the five panes runs", patient.install)
    found = f"{bpftrace.release}, {bpftrace.path}"
    if bpftrace.release < OLDEST:
        effect = "its output was never read for bttop; panes may stay empty"
        return Finding("bpftrace", State.LIMITED, f"{found}: below 0.14", effect, patient.install)
    if bpftrace.release > NEWEST_READ:
        return Finding("bpftrace", State.LIMITED, f"{found}: newer than 0.27", "its output was never read for bttop")
    return Finding("bpftrace", State.OK, found)


def features(patient: Patient) -> Finding:
    """What bpftrace itself found in this kernel."""
    if patient.bpftrace is None:
        return Finding("features", State.UNKNOWN, "no bpftrace")
    if not patient.info:
        said = (
            "bpftrace --info was not asked: it needs root" if not patient.is_root else "bpftrace --info does not answer"
        )
        return Finding("features", State.UNKNOWN, said, mend="sudo bpftrace --info")
    answers = info_answers(patient.info)
    missing = [name for name, answer in answers.items() if answer == "no"]
    said = f"{len(answers) - len(missing)} of {len(answers)} by bpftrace --info"
    said = f"{said}; no: {', '.join(missing)}" if missing else said
    if patient.lacks_tracefs and not patient.is_locked_down:
        return Finding("features", State.UNKNOWN, f"{said}; without tracefs it finds less than there is")
    return Finding("features", State.OK, said)


def user_stacks(patient: Patient) -> Finding:
    """Whether user frames have names: up to 0.22 bpftrace damages itself while it looks them up."""
    if patient.bpftrace is None:
        return Finding("user stacks", State.UNKNOWN, "no bpftrace")
    if patient.bpftrace.release >= (0, 23):
        return Finding("user stacks", State.OK, "frames by name")
    effect = "profile shows user frames as addresses, unless one PID is pinned"
    found = f"bpftrace {patient.bpftrace.release} closes its own descriptors while it names frames"
    return Finding("user stacks", State.LIMITED, found, effect, "bttop -p PID, or bpftrace 0.23 or newer")
