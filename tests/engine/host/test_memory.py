"""Memory of the host and of this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.engine.host import memory
from bttop.engine.host.memory import OwnMemory, available_bytes

MIB = 1 << 20


class Tables:
    """The tables of a process whose memory the test sets."""

    def __init__(self, folder: Path) -> None:
        self.statm, self.rollup = folder / "statm", folder / "smaps_rollup"
        self.memory = OwnMemory(self.statm, self.rollup)

    def hold(self, rss: int, pss: int | None) -> None:
        self.statm.write_text(f"9 {rss // memory._PAGE} 3 1 0 5 0\n")
        if pss is None:
            self.rollup.unlink(missing_ok=True)
        else:
            self.rollup.write_text(f"559 rollup\nRss:   7 kB\nPss:     {pss // 1024} kB\nPss_Dirty:   1 kB\n")


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def test_the_memory_of_this_process_can_be_read() -> None:
    rss, pss = OwnMemory().read()
    assert rss > MIB
    assert pss is None or 0 < pss <= rss * 1.1


def test_pss_is_read_once_in_several_readings_while_the_resident_memory_stays(tables: Tables) -> None:
    tables.hold(80 * MIB, 40 * MIB)
    first = tables.memory.read()
    tables.hold(81 * MIB, 30 * MIB)
    later = [tables.memory.read()[1] for _ in range(memory.READINGS_KEPT)]
    assert first == (80 * MIB, 40 * MIB)
    assert later == [40 * MIB] * (memory.READINGS_KEPT - 1) + [30 * MIB]


def test_pss_is_read_at_once_when_the_resident_memory_has_changed(tables: Tables) -> None:
    tables.hold(80 * MIB, 40 * MIB)
    tables.memory.read()
    tables.hold(100 * MIB, 60 * MIB)
    assert tables.memory.read() == (100 * MIB, 60 * MIB)


def test_without_a_rollup_only_the_resident_memory_is_known(tables: Tables) -> None:
    tables.hold(80 * MIB, None)
    assert tables.memory.read() == (80 * MIB, None)


@pytest.mark.parametrize(
    ("text", "available"),
    [("MemTotal: 9 kB\nMemAvailable:     512 kB\n", 512 * 1024), ("MemTotal: 9 kB\n", None), (None, None)],
)
def test_available_memory_is_unknown_where_the_kernel_does_not_tell(
    tmp_path: Path, text: str | None, available: int | None
) -> None:
    table = tmp_path / "meminfo"
    if text is not None:
        table.write_text(text)
    assert available_bytes(table) == available
