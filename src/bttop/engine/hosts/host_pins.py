"""Pins for several hosts: each gets its own process ids and cgroups."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from bttop.engine.engine import Engine
from bttop.engine.request.pinning import pids_in
from bttop.script.process.pin import Pin

_AT_ONCE: Final = 32


class HostPins:
    """Reads pins as typed, and remembers what each of them is on each host."""

    def __init__(self) -> None:
        self._known: dict[Pin, Mapping[str, Pin]] = {}
        self._texts: dict[Pin, str] = {}
        """How the user has typed them."""
        self._reads = 0
        self._learned: dict[str, int] = {}
        """How many pins were read when a host that came later was asked about them."""

    def read(self, text: str, engines: Mapping[str, Engine]) -> Pin | str:
        """As `Engine.pin_of`; process ids need their host: `web1:7`. Waits for the answers of the hosts."""
        host, colon, pids = text.strip().rpartition(":")
        if colon and host in engines and pids_in(pids) is not None:
            found = engines[host].pin_of(pids)
            return found if isinstance(found, str) else found._replace(host=host)
        if pids_in(text) is not None:
            example = next(iter(engines), "HOST")
            return f"a process id is one of a single host: write {example}:{text.strip()}"
        return self._of_all(text, engines)

    def _of_all(self, text: str, engines: Mapping[str, Engine]) -> Pin | str:
        """A name, a unit or a cgroup: hosts without it are not asked."""
        with ThreadPoolExecutor(max(1, min(_AT_ONCE, len(engines)))) as pool:
            answers = dict(zip(engines, pool.map(lambda one: one.pin_of(text), engines.values()), strict=True))
        pins = {host: pin for host, pin in answers.items() if isinstance(pin, Pin)}
        if not pins:
            return next((f"{host}: {why}" for host, why in answers.items()), "no host answers")
        first = next(iter(pins.values()))
        self._known[first], self._texts[first] = pins, text
        self._reads += 1
        return first

    def learn(self, host: str, engine: Engine) -> None:
        """Ask a host that has come later what the pins are there. From any thread; waits for the answers."""
        reads = self._reads
        for pin, text in tuple(self._texts.items()):
            found = engine.pin_of(text)
            if isinstance(found, Pin):
                self._known[pin] = {**self._known[pin], host: found}
        self._learned[host] = reads

    def knows(self, host: str) -> bool:
        """Whether a host that has come later was asked about all pins."""
        return self._learned.get(host) == self._reads

    def is_out(self, pin: Pin | None, host: str) -> bool:
        """Whether a pin leaves no process of a host."""
        if pin is None:
            return False
        return pin.host != host if pin.host else pin in self._known and host not in self._known[pin]

    def of_host(self, pin: Pin | None, host: str) -> Pin | None:
        """The pin as a host gets it; it must not be out."""
        if pin is None:
            return None
        return pin._replace(host="") if pin.host else self._known.get(pin, {}).get(host, pin)
