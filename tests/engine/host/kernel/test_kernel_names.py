from __future__ import annotations

from pathlib import Path

import pytest

from bttop.engine.host.host import Host
from bttop.engine.host.kernel.kernel_names import is_in_kernel

SYMBOLS = "0000000000000000 T vfs_read\n0000000000000000 d vfs_table\n0000000000000000 t vfs_fsync\t[ext4]\n"


@pytest.mark.parametrize(
    ("word", "with_kprobes", "without"),
    [
        ("sched_sw", True, True),
        ("sched", True, True),
        ("vfs_re", True, False),
        ("fsync", True, False),
        ("vfs_table", False, False),
        ("nosuch", False, False),
    ],
)
def test_a_name_is_in_the_kernel_if_an_event_or_a_function_for_kprobes_has_it(
    tmp_path: Path, word: str, with_kprobes: bool, without: bool
) -> None:
    event = tmp_path / "events" / "sched" / "sched_switch"
    event.mkdir(parents=True)
    (event / "format").touch()
    symbols = tmp_path / "kallsyms"
    symbols.write_text(SYMBOLS)
    host = Host("host", "6.1", "x86_64", 2, tmp_path)
    assert is_in_kernel(word, host, symbols) is without
    (tmp_path / "kprobe_events").touch()
    assert is_in_kernel(word, host, symbols) is with_kprobes


def test_without_tracefs_a_name_is_searched_for() -> None:
    assert is_in_kernel("x", Host("host", "6.1", "x86_64", 2, None))
