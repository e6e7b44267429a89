"""Where bpftrace's privilege comes from: the dashboard itself needs none.

    as root                         the tracer runs as we do
    capabilities                    the same, from the release that checks them instead of the user
    sudo allows the tracer          `sudo -n python3 -I -S tracer.py`: one process is root, and its programs
    sudo allows bpftrace alone      the tracer stays as we are and runs `sudo -n bpftrace ...` for each program

A password is asked for on the terminal, once and before anything is shown.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bttop.engine.channel import HOOK_TIMER, TRACER, hook_timer_command, tracer_command
from bttop.engine.host import Bpftrace, find_program
from bttop.errors import CannotTrace
from bttop.model.release import Release
from bttop.trust import Trust, Untrusted

CHECKS_CAPABILITIES: Final = Release(0, 25)
"""The first release that asks for capabilities; those before ask for user 0."""
CAPABILITIES: Final = {"dac_override": 1, "dac_read_search": 2, "perfmon": 38, "bpf": 39}
"""What it asks for: `Missing CAP_... capability` of bpftrace 0.27, one after the other."""
_TAKES_EFFECT: Final = 1
"""VFS_CAP_FLAGS_EFFECTIVE in a file's `security.capability`, linux/capability.h."""
_ASK_SECONDS: Final = 20.0
SETTINGS_RULE: Final = 'Defaults!{path} env_keep += "BPFTRACE_* __BPFTRACE_NOTIFY_PROBES_ATTACHED"'
_A_SETTING: Final = "__BPFTRACE_NOTIFY_PROBES_ATTACHED=1"


@dataclass(frozen=True, slots=True)
class Privilege:
    """One of the ways: which words go before the tracer and before each bpftrace."""

    tracer: tuple[str, ...] = ()
    bpftrace: tuple[str, ...] = ()
    settings: bool = True
    """Whether environment variables reach bpftrace."""
    own_terminals: bool = False
    """Whether bpftrace has more rights than the tracer. Then signals may not reach it, but those of a terminal do:
    each gets one of its own, and is interrupted or hung up there."""

    def tracer_command(self) -> list[str]:
        """The command that starts the tracer."""
        if not self.tracer:
            return [*tracer_command(), *(["--terminals"] if self.own_terminals else [])]
        return [*self.tracer, *tracer_command(base_python())]

    def timer_command(self) -> list[str] | None:
        """The command by which the tracer measures what hooks cost; None where it may not."""
        if self.own_terminals:
            return None
        return hook_timer_command(base_python()) if self.tracer else hook_timer_command()

    def command(self, words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """A command of bpftrace with what it needs before it: sudo takes variables as words."""
        if not self.bpftrace:
            return list(words)
        variables = [f"{name}={value}" for name, value in environment.items()] if self.settings else []
        return [*self.bpftrace, *variables, *words]


AS_WE_ARE: Final = Privilege()


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of us and of bpftrace before sudo is asked."""

    uid: int
    """The effective user."""
    ambient: int
    """The capabilities that our children keep, as bits."""
    of_file: int
    """The capabilities that bpftrace's file gives to whoever runs it, as bits."""
    release: Release
    sudo: str | None
    """Where sudo is."""

    @classmethod
    def read(cls, bpftrace: Bpftrace) -> Standing:
        """Look at this process and at bpftrace's file."""
        return cls(os.geteuid(), _ambient(), _of_file(bpftrace.path), bpftrace.release, find_program("sudo"))


def decide(standing: Standing, bpftrace: str, allows: Callable[[Sequence[str]], bool]) -> Privilege | None:
    """The way that needs no question, the narrowest first; None when there is none.

    `allows` tells whether a command that begins with sudo runs without a password.
    """
    if standing.uid == 0:
        return AS_WE_ARE
    if standing.release >= CHECKS_CAPABILITIES:
        if _enough(standing.ambient):
            return AS_WE_ARE
        if _enough(standing.of_file):
            return Privilege(own_terminals=True)
    if standing.sudo is None:
        return None
    sudo = (standing.sudo, "-n")
    root = Privilege(tracer=sudo)
    if allows(root.tracer_command()):
        return root
    for variables in ((_A_SETTING,), ()):
        if allows([*sudo, *variables, bpftrace, "--version"]):
            return Privilege(bpftrace=sudo, settings=bool(variables), own_terminals=True)
    return None


def obtain(bpftrace: Bpftrace, command: str, trust: Trust) -> Privilege:
    """The way to trace on this host, after a password where sudo wants one and a terminal can be asked.

    `command` is what the user typed, for the hint that repeats it. Raises CannotTrace.
    """
    standing = Standing.read(bpftrace)
    allows = asked_of_sudo(trust)
    try:
        found = decide(standing, bpftrace.path, allows)
        if found is None and standing.sudo is not None and _ask_password(standing.sudo):
            found = decide(standing, bpftrace.path, allows)
    except Untrusted as doubt:
        raise CannotTrace(f"{doubt}, and root would run it", title="no privilege", hint=doubt.mend) from doubt
    if found is None:
        raise CannotTrace(_refusal(standing), title="no privilege", hint=_hint(standing, command))
    return found


def asked_of_sudo(trust: Trust) -> Callable[[Sequence[str]], bool]:
    """Whether a command that begins with sudo runs, asked only where no other user could have written what it runs.
    The question raises Untrusted."""

    def allows(command: Sequence[str]) -> bool:
        for path in _obeyed(command):
            trust.check(path)
        return runs(command)

    return allows


def _obeyed(command: Sequence[str]) -> Iterator[Path]:
    """What root runs by a command: its programs and files and, by the tracer's, the standard library."""
    yield from (Path(word) for word in command if "/" in word)
    if str(TRACER) in command:
        yield HOOK_TIMER
        yield Path(os.__file__)


def runs(command: Sequence[str]) -> bool:
    """Whether a command that needs nothing on stdin ends well. In a group of its own, as the tracer later on, since
    the terminal's keys and modes are none of its business."""
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_ASK_SECONDS, process_group=0, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0


def base_python() -> str:
    """The interpreter without the virtual environment around it, which the tracer does not need."""
    return str(Path(sys.executable).resolve())


def settings_rule(bpftrace: Bpftrace) -> str:
    """The line of sudoers that lets bpftrace's settings pass."""
    return SETTINGS_RULE.format(path=bpftrace.path)


def _enough(bits: int) -> bool:
    return all(bits >> number & 1 for number in CAPABILITIES.values())


def _ask_password(sudo: str) -> bool:
    """Let sudo ask on the terminal; whether that went well. Nothing is asked where nobody could answer."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        return False
    prompt = "[sudo] password for %p, to run bpftrace: "
    return subprocess.run([sudo, "-v", "-p", prompt], check=False).returncode == 0


def _refusal(standing: Standing) -> str:
    needs = "root, or capabilities" if standing.release >= CHECKS_CAPABILITIES else "root"
    why = "there is no sudo" if standing.sudo is None else "sudo does not allow it"
    return f"bpftrace needs {needs}; this is a normal user, and {why}"


def _hint(standing: Standing, command: str) -> str:
    if standing.sudo is None:
        return f"su -c '{command}'"
    return f"sudo {command}"


def _ambient() -> int:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next((int(line.split()[1], 16) for line in lines if line.startswith("CapAmb:")), 0)
    except OSError:
        return 0


def _of_file(path: str) -> int:
    try:
        return file_capabilities(os.getxattr(path, "security.capability"))
    except OSError:
        return 0


def file_capabilities(value: bytes) -> int:
    """The permitted bits of a file's `security.capability` (linux/capability.h, version 2 and 3); none when they do
    not take effect by themselves, or are only for a user namespace."""
    words = [int.from_bytes(value[at : at + 4], "little") for at in range(0, len(value), 4)]
    if len(words) != 5 or not words[0] & _TAKES_EFFECT:
        return 0
    return words[1] | words[3] << 32
