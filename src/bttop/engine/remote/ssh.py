"""How the tracer gets to another host: by the user's own OpenSSH, over whose standard input it is sent. It runs in the
memory of a python there; no file is written."""

from __future__ import annotations

import hashlib
import secrets
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from bttop.engine.tracer.channel import TRACER

LINE_CAP: Final = 2 << 20
"""Bytes of the longest line that is taken from another host; longer ones are counted."""
BUFFER: Final = 16 << 20
"""Bytes that the tracer on another host keeps while the connection is slow."""
LEASE: Final = 30
"""Seconds without a command after which the tracer ends: a network that drops everything closes no connection. One
command is sent each second, but bttop may get no CPU for a while when it starts many hosts. Four times as long until
the engine runs."""
CONNECT_SECONDS: Final = 10
_OPTIONS: Final = (
    "BatchMode=yes",  # it never asks: an unknown key or a password is an error, and nothing is typed into it
    f"ConnectTimeout={CONNECT_SECONDS}",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "EscapeChar=none",
    "Compression=yes",
)
_BOOTSTRAP: Final = (
    "import os,sys,hashlib as h;n={size};b=bytearray();"
    "[b.extend(os.read(0,n-len(b))or sys.exit(3))for _ in iter(lambda:len(b)<n,False)];"
    'h.sha256(b).hexdigest()=="{digest}"or sys.exit("the tracer arrived damaged");'
    'os.environ.clear();os.write(1,bytes.fromhex("{mark}"));'
    'exec(compile(bytes(b),"bttop-tracer","exec"),dict(__name__="__main__"))'
)
"""Reads the tracer from standard input, compares its hash, and runs it. Without quotes, backslashes and exclamation
marks, so that every login shell reads it as one word in single quotes. It forgets the environment: the tracer then has
its own PATH, whatever start-up files of a shell have set."""


class Destination(Struct, frozen=True):
    """One host as the user has named it."""

    name: str
    """What ssh gets: a name of its configuration, a host, or `user@host`."""
    sudo: bool = False
    """Whether the tracer is started by `sudo -n`."""


class Bootstrap(Struct, frozen=True):
    """What is sent to start one tracer."""

    words: tuple[str, ...]
    """The remote command."""
    mark: bytes
    """What the far side sends before the first frame; all output before it is of start-up files."""
    tracer: bytes
    """The text of the tracer, which is sent first."""


def bootstrap(*, sudo: bool, tracer: Path = TRACER) -> Bootstrap:
    """The start of a tracer on another host."""
    text = tracer.read_bytes()
    mark = f"\nbttop-tracer {secrets.token_hex(16)}\n".encode()
    code = _BOOTSTRAP.format(size=len(text), digest=hashlib.sha256(text).hexdigest(), mark=mark.hex())
    limits = ("--cap", str(LINE_CAP), "--buffer", str(BUFFER), "--lease", str(LEASE))
    python = ("python3", "-I", "-S", "-B", "-c", f"'{code}'", *limits)
    return Bootstrap((*(("sudo", "-n") if sudo else ()), *python), mark, text)


def ssh_command(ssh: Sequence[str], destination: Destination, remote: Bootstrap) -> list[str]:
    """The words that start ssh. `ssh`: the program with the user's own options; ssh obeys the first value of an option,
    so those of bttop come first."""
    options = [word for option in _OPTIONS for word in ("-o", option)]
    return [ssh[0], "-T", "-a", "-x", *options, *ssh[1:], "--", destination.name, " ".join(remote.words)]


def words_of(command: str) -> list[str]:
    """The words of the ssh command that the user has chosen. Raises ValueError if a quote is not closed."""
    return shlex.split(command)
