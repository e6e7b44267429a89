"""The commands that people write in front of bpftrace: those that can be left out, and those that change where or how
it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from bttop.patterns import pattern

BPFTRACE: Final = pattern(r"(?:.*/)?bpftrace(?:-v?[\d.]+)?")
SCRIPT: Final = pattern(r"[\w.~/][^\s'\"{}:;|&<>]*\.bt")
ASSIGNMENT: Final = pattern(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)


class Wrapper(Struct, frozen=True):
    """A command that runs its arguments and can be left out."""

    valued: str = ""
    """The letters of its options that take a value."""
    operands: int = 0
    """Its own arguments before the command."""
    is_told: bool = False
    """Whether leaving it out changes something."""


WRAPPERS: Final[Mapping[str, Wrapper]] = {
    "sudo": Wrapper("ugCDhpRrTt"),
    "doas": Wrapper("uC"),
    "run0": Wrapper("ug"),
    "pkexec": Wrapper("u"),
    "env": Wrapper("uCS"),
    "timeout": Wrapper("ks", 1, is_told=True),
    "nice": Wrapper("n", is_told=True),
    "ionice": Wrapper("cnpPu", is_told=True),
    "chrt": Wrapper("TPD", 1, is_told=True),
    "taskset": Wrapper("", 1, is_told=True),
    "stdbuf": Wrapper("ioe", is_told=True),
    "unbuffer": Wrapper(is_told=True),
    "nohup": Wrapper(is_told=True),
    "setsid": Wrapper(is_told=True),
    "time": Wrapper("fo"),
    "exec": Wrapper("a"),
    "command": Wrapper(),
}
SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "ash", "ksh", "su"})
"""Commands whose `-c` is a line of a shell."""
BECOME_ROOT: Final = frozenset({"sudo", "su", "doas", "clear"})
"""Commands that are a line of their own in front of bpftrace, and change nothing for bttop."""

_ELSEWHERE: Final = "would run it on another machine: start bttop there, or type only the program"
_CONTAINER: Final = (
    "would run it in a container, while bttop traces the whole host: type the line from `bpftrace` on, and pin the "
    "container with p"
)
_NAMESPACE: Final = "would run it in another namespace: type the line from `bpftrace` on"
_TRACED: Final = "would watch bpftrace itself: type the line from `bpftrace` on"
_REPEATED: Final = "would start it again and again, while bttop shows every interval: type the line from `bpftrace` on"
IN_FRONT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("kubectl", "oc", "ssh", "mosh", "ansible", "pdsh", "vagrant", "gcloud", "aws"), _ELSEWHERE),
    **dict.fromkeys(("docker", "podman", "nerdctl", "crictl", "ctr", "lxc", "machinectl", "toolbox"), _CONTAINER),
    **dict.fromkeys(("nsenter", "chroot", "unshare", "ip", "systemd-run", "systemd-nspawn", "bwrap"), _NAMESPACE),
    **dict.fromkeys(("strace", "ltrace", "gdb", "perf", "valgrind", "trace-cmd"), _TRACED),
    **dict.fromkeys(("watch", "while", "until", "for", "repeat", "seq", "parallel"), _REPEATED),
}
"""What each command would do with bpftrace, as the rest of a sentence."""
RESERVED: Final = frozenset({"while", "until", "for", "if", "do", "then", "case", "function", "select", "{", "!", "[["})
"""Words of the shell's language."""
PRODUCERS: Final = ("echo", "printf", "cat")
OTHERS: Final = ("cd", "export", "set", "bttop", "bpftool", "modprobe", "mount", "sysctl", "ulimit", "curl", "wget")
"""Further commands by which a line is known to be one of a shell."""

_NAMES: Final = "|".join(
    re.escape(name)
    for name in sorted(
        {*WRAPPERS, *SHELLS, *BECOME_ROOT, *IN_FRONT, *RESERVED - {"{", "!", "[["}, *PRODUCERS, *OTHERS},
        key=len,
        reverse=True,
    )
)
COMMAND_START: Final = (
    rf"(?:(?:[\w.~/][^\s'\"{{}}:]*/|/)?(?:bpftrace(?:-v?[\d.]+)?|{_NAMES})(?=[\s;]|$)|{SCRIPT.pattern}(?=[\s;|&<>]|$)"
    r"|BPFTRACE_[A-Z_]+=)"
)
"""Pattern of the first word of a line that is certainly a shell's."""
