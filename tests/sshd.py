"""Real sshd instances on the loopback interface or in a network namespace, each with its own keys and configuration in
a folder of the test."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.network import FarNetwork

SSHD: Final = next((path for path in ("/usr/sbin/sshd", "/usr/local/sbin/sshd") if Path(path).exists()), "")
CAN_RUN: Final = bool(SSHD and shutil.which("ssh") and os.geteuid() == 0)
"""Whether this machine has both, and may start sshd: a normal user's sshd lets in only that user."""
PATIENCE: Final = 60.0
LOOPBACK: Final = "127.0.0.1"


class Sshd:
    """One sshd, and the ssh command that reaches it under any number of names."""

    def __init__(self, folder: Path, address: str, port: int, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.address = address
        self.port = port
        self.process = process
        self.config = folder / "ssh_config"

    @property
    def ssh(self) -> list[str]:
        """The words for `--ssh`."""
        return ["ssh", "-F", str(self.config)]

    def name(self, *names: str, more: Sequence[str] = ()) -> None:
        """Let ssh reach this sshd under these names, with more options."""
        lines = [
            f"Host {' '.join(names)}",
            f"  HostName {self.address}",
            f"  Port {self.port}",
            "  User root",
            f"  IdentityFile {self.folder / 'user_key'}",
            "  IdentitiesOnly yes",
            f"  UserKnownHostsFile {self.folder / 'known_hosts'}",
            "  GlobalKnownHostsFile /dev/null",
            "  StrictHostKeyChecking yes",
            *(f"  {option}" for option in more),
        ]
        with self.config.open("a") as file:
            file.write("\n".join(lines) + "\n")

    def sessions(self) -> list[int]:
        """The processes of its connections."""
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(word) for word in found.stdout.split()]


@contextlib.contextmanager
def running_sshd(
    folder: Path, *names: str, options: Sequence[str] = (), network: FarNetwork | None = None
) -> Iterator[Sshd]:
    """An sshd that lets root in by a key, known to ssh under these names; on the loopback interface, or in a network
    namespace."""
    address, within = (LOOPBACK, []) if network is None else (network.address, network.within)
    folder.mkdir(parents=True, exist_ok=True)
    for key in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    port = _free_port()
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    host_key = (folder / "host_key.pub").read_text()
    (folder / "known_hosts").write_text(f"[{address}]:{port} {host_key}")
    Path("/run/sshd").mkdir(exist_ok=True)
    (folder / "sshd_config").write_text("\n".join(_settings(folder, address, port, options)) + "\n")
    log = (folder / "log").open("wb")
    command = [*within, SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)
    sshd = Sshd(folder, address, port, process)
    try:
        _await_port(address, port)
        sshd.name(*names)
        yield sshd
    finally:
        for pid in sshd.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 15)
        process.terminate()
        process.wait()
        log.close()


def _settings(folder: Path, address: str, port: int, options: Sequence[str]) -> list[str]:
    return [
        f"Port {port}",
        f"ListenAddress {address}",
        f"HostKey {folder / 'host_key'}",
        f"AuthorizedKeysFile {folder / 'authorized_keys'}",
        f"PidFile {folder / 'pid'}",
        "PermitRootLogin yes",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "UsePAM no",
        "StrictModes no",
        "PrintMotd no",
        "MaxStartups 200",
        "MaxSessions 200",
        *options,
    ]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        return int(one.getsockname()[1])


def _await_port(address: str, port: int) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket() as one:
            if one.connect_ex((address, port)) == 0:
                return
        time.sleep(0.01)
    raise TimeoutError("sshd does not listen")
