"""How bpftrace gets its privilege; the dashboard itself needs none.

    as root                         the tracer runs as this user
    capabilities                    the same, from the release that checks them instead of the user
    sudo allows the tracer          `sudo -n python3 -I -S tracer.py`: only the tracer and its programs are root
    sudo allows only bpftrace       the tracer runs as this user and runs `sudo -n bpftrace ...` for each program

sudo asks for a password on the terminal, once and before anything is shown.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from bttop.engine.host.capabilities import has, read_set
from bttop.engine.host.host import Bpftrace, find_program
from bttop.engine.tracer.channel import HOOK_TIMER, TRACER, hook_timer_command, tracer_command
from bttop.errors import CannotTrace, command_line
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.trust import Trust, Untrusted

CAPABILITIES: Final = ("dac_override", "dac_read_search", "perfmon", "bpf")
"""The capabilities that a normal user needs: bpftrace 0.27 reports `Missing CAP_... capability` for each."""
_TAKES_EFFECT: Final = 1
"""VFS_CAP_FLAGS_EFFECTIVE in a file's `security.capability`, linux/capability.h."""
_ASK_SECONDS: Final = 20.0
SETTINGS_RULE: Final = 'Defaults!{path} env_keep += "BPFTRACE_* __BPFTRACE_NOTIFY_PROBES_ATTACHED"'
_A_SETTING: Final = "__BPFTRACE_NOTIFY_PROBES_ATTACHED=1"


class Privilege(Struct, frozen=True):
    """A way to get the privilege: the words before the tracer's command and before each bpftrace command."""

    tracer: tuple[str, ...] = ()
    bpftrace: tuple[str, ...] = ()
    settings: bool = True
    """Whether environment variables reach bpftrace."""
    own_terminals: bool = False
    """Whether bpftrace has more rights than the tracer. Then signals may not reach it, but those of a terminal do:
    each bpftrace gets its own terminal, on which the tracer interrupts it or hangs up."""

    far_timer: tuple[str, ...] = ()
    """The command of the hook timer on another host; empty: the tracer runs here."""

    def tracer_command(self) -> list[str]:
        """The command that starts the tracer."""
        if not self.tracer:
            return [*tracer_command(), *(["--terminals"] if self.own_terminals else [])]
        return [*self.tracer, *tracer_command(base_python())]

    def timer_command(self) -> list[str] | None:
        """The command with which the tracer measures what hooks cost; None if it has no right to."""
        if self.own_terminals:
            return None
        if self.far_timer:
            return list(self.far_timer)
        return hook_timer_command(base_python()) if self.tracer else hook_timer_command()

    def command(self, words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """A bpftrace command with the words before it; sudo takes environment variables as words."""
        if not self.bpftrace:
            return list(words)
        variables = [f"{name}={value}" for name, value in environment.items()] if self.settings else []
        return [*self.bpftrace, *variables, *words]


AS_WE_ARE: Final = Privilege()


class PrivilegeFacts(Struct, frozen=True):
    """The facts about this process and bpftrace that decide the way, apart from sudo's answers."""

    uid: int
    """The effective user id."""
    ambient: int
    """The ambient capabilities of this process, which children keep, as bits."""
    of_file: int
    """The capabilities that bpftrace's file gives to the user who runs it, as bits."""
    release: Release
    sudo: str | None
    """Path of sudo."""

    @classmethod
    def read(cls, bpftrace: Bpftrace) -> PrivilegeFacts:
        """Read the facts of this process and of bpftrace's file."""
        return cls(
            os.geteuid(), read_set("CapAmb") or 0, _of_file(bpftrace.path), bpftrace.release, find_program("sudo")
        )


def decide(privilege_facts: PrivilegeFacts, bpftrace: str, allows: Callable[[Sequence[str]], bool]) -> Privilege | None:
    """The first way that works without a password, the one with the fewest rights first; None if there is none.

    `allows` returns whether a command that begins with sudo runs without a password.
    """
    if privilege_facts.uid == 0:
        return AS_WE_ARE
    if traits_of(privilege_facts.release).asks_capabilities:
        if _enough(privilege_facts.ambient):
            return AS_WE_ARE
        if _enough(privilege_facts.of_file):
            return Privilege(own_terminals=True)
    if privilege_facts.sudo is None:
        return None
    sudo = (privilege_facts.sudo, "-n")
    root = Privilege(tracer=sudo)
    if allows(root.tracer_command()):
        return root
    for variables in ((_A_SETTING,), ()):
        if allows([*sudo, *variables, bpftrace, "--version"]):
            return Privilege(bpftrace=sudo, settings=bool(variables), own_terminals=True)
    return None


def obtain(bpftrace: Bpftrace, command: Sequence[str], trust: Trust) -> Privilege:
    """The way to trace on this host. Asks for a password if sudo needs one and there is a terminal.

    `command` has the words that the user typed; the hint repeats them. Raises CannotTrace.
    """
    privilege_facts = PrivilegeFacts.read(bpftrace)
    allows = asked_of_sudo(trust)
    try:
        found = decide(privilege_facts, bpftrace.path, allows)
        if found is None and privilege_facts.sudo is not None and _ask_password(privilege_facts.sudo):
            found = decide(privilege_facts, bpftrace.path, allows)
    except Untrusted as doubt:
        raise CannotTrace(f"{doubt}, and root would run it", title="no privilege", hint=doubt.fix) from doubt
    if found is None:
        raise CannotTrace(_refusal(privilege_facts), title="no privilege", hint=_hint(privilege_facts, command))
    return found


def asked_of_sudo(trust: Trust) -> Callable[[Sequence[str]], bool]:
    """Return a function that says whether a command that begins with sudo runs without a password. It raises Untrusted
    if another user could have written the files that the command runs; files that this user may not see are not run."""

    def allows(command: Sequence[str]) -> bool:
        try:
            for path in _obeyed(command):
                trust.check(path)
        except PermissionError:
            return False
        return runs(command)

    return allows


def _obeyed(command: Sequence[str]) -> Iterator[Path]:
    """The files that root runs by a command: its programs and files; for the tracer also the standard library."""
    yield from (Path(word) for word in command if "/" in word)
    if str(TRACER) in command:
        yield HOOK_TIMER
        yield Path(os.__file__)


def runs(command: Sequence[str]) -> bool:
    """Whether a command that reads no stdin ends with exit code 0. It gets its own process group, as the tracer does,
    so that it does not touch the terminal's keys and modes."""
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_ASK_SECONDS, process_group=0, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0


def base_python() -> str:
    """The interpreter outside of the virtual environment, which the tracer does not need."""
    return str(Path(sys.executable).resolve())


def settings_rule(bpftrace: Bpftrace) -> str:
    """The sudoers line with which sudo keeps bpftrace's environment variables."""
    return SETTINGS_RULE.format(path=bpftrace.path)


def _enough(bits: int) -> bool:
    return all(has(bits, name) for name in CAPABILITIES)


def _ask_password(sudo: str) -> bool:
    """Let sudo ask for a password on the terminal; return whether it succeeded. False without a terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        return False
    prompt = "[sudo] password for %p, to run bpftrace: "
    return subprocess.run([sudo, "-v", "-p", prompt], check=False).returncode == 0


def _refusal(privilege_facts: PrivilegeFacts) -> str:
    needs = "root, or capabilities" if traits_of(privilege_facts.release).asks_capabilities else "root"
    why = "there is no sudo" if privilege_facts.sudo is None else "sudo does not allow it"
    return f"bpftrace needs {needs}; this is a normal user, and {why}"


def _hint(privilege_facts: PrivilegeFacts, command: Sequence[str]) -> str:
    if privilege_facts.sudo is None:
        return command_line("su", "-c", command_line(*command))
    return command_line("sudo", *command)


def _of_file(path: str) -> int:
    try:
        return file_capabilities(os.getxattr(path, "security.capability"))
    except OSError:
        return 0


def file_capabilities(value: bytes) -> int:
    """The permitted bits of a file's `security.capability` (linux/capability.h, version 2); 0 if they do not take
    effect automatically, or are only for a user namespace (version 3)."""
    words = [int.from_bytes(value[at : at + 4], "little") for at in range(0, len(value), 4)]
    if len(words) != 5 or not words[0] & _TAKES_EFFECT:
        return 0
    return words[1] | words[3] << 32
