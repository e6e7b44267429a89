"""What a run without a screen uses of the engine of one host, or of those of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bttop.engine.cost.cost import Bill
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.engine.remote.link import Link


class AnyRun(Protocol):
    """See `Engine`."""

    @property
    def programs(self) -> Sequence[Program]: ...

    @property
    def problems(self) -> Sequence[str]: ...

    @property
    def links(self) -> Sequence[Link]: ...

    @property
    def error(self) -> BaseException | None: ...

    @property
    def still_detaching(self) -> float: ...

    def bill_at(self, boot_ns: int | None = None) -> Bill | None: ...

    def seconds_run(self) -> float: ...

    def observe(self, observer: Observer) -> None: ...

    def start(self) -> None: ...

    def at_full_speed(self) -> None: ...

    def finish(self) -> None: ...

    def give_up(self) -> None: ...

    def close(self) -> None: ...
