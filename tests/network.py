"""A network namespace that is reached over a pair of virtual interfaces, and that loses packets when told to."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from typing import Final

CAN_RUN: Final = os.geteuid() == 0 and all(shutil.which(one) for one in ("ip", "iptables", "nsenter"))
"""Whether this machine has the tools; making a namespace may still be refused."""


class FarNetwork:
    """One namespace with an address."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    @property
    def within(self) -> list[str]:
        """The words before a command that runs in it. `ip netns exec` would hide tracefs."""
        return ["nsenter", f"--net=/run/netns/{self.name}"]

    def lose(self, share: float) -> None:
        """Lose this share of the packets that arrive in it from now on; 1 for all, 0 for none."""
        _run(*self.within, "iptables", "-F", "INPUT")
        if share:
            chance = ["-m", "statistic", "--mode", "random", "--probability", str(share)] if share < 1 else []
            _run(*self.within, "iptables", "-A", "INPUT", *chance, "-j", "DROP")


@contextlib.contextmanager
def far_network() -> Iterator[FarNetwork | None]:
    """A namespace, which is removed afterwards; None where the kernel does not allow it or cannot lose packets."""
    word = secrets.token_hex(3)
    net = f"169.254.{secrets.randbelow(254) + 1}.{secrets.randbelow(63) * 4}"
    near, far = (f"{net.rpartition('.')[0]}.{int(net.rpartition('.')[2]) + host}" for host in (1, 2))
    found = FarNetwork(f"bttop-{word}", far)
    try:
        with contextlib.suppress(subprocess.CalledProcessError):
            _make(found, f"bt{word}", near)
            found.lose(0.5)
            found.lose(0)
            yield found
            return
        yield None
    finally:
        subprocess.run(["ip", "netns", "del", found.name], capture_output=True, check=False)


def _make(network: FarNetwork, interface: str, near: str) -> None:
    _run("ip", "netns", "add", network.name)
    _run("ip", "link", "add", interface, "type", "veth", "peer", "name", "far", "netns", network.name)
    _run("ip", "address", "add", f"{near}/30", "dev", interface)
    _run("ip", "link", "set", interface, "up")
    _run(*network.within, "ip", "address", "add", f"{network.address}/30", "dev", "far")
    _run(*network.within, "ip", "link", "set", "far", "up")


def _run(*words: str) -> None:
    subprocess.run(words, capture_output=True, check=True)
