from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from bttop.engine.host.process.pid_numbers import PidNumbers
from bttop.engine.symbols import frame_lookup
from bttop.engine.symbols.frame_lookup import FrameLookup
from bttop.script.process.pid_namespace import PidNamespace
from tests.engine.symbols.binaries import BASE, elf

WORK, MAIN = 0x7F0000001010, 0x7F0000001044
FUNCTIONS = (("work", BASE + 0x1000, 0x40), ("main", BASE + 0x1040, 0x20))


PATIENCE = 60.0


def eventually(met: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    limit = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < limit
        time.sleep(0.002)


class Processes:
    """A /proc whose process 7 runs a program."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "7"
        self.run(elf(FUNCTIONS))

    def run(self, data: bytes, start: int = 0x7F0000000000, file: str = "app") -> None:
        self.binary = self.root / file
        self.binary.write_bytes(data)
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "map_files").mkdir(parents=True)
        span = f"{start:x}-{start + 0x10000:x}"
        (self.folder / "map_files" / span).symlink_to(self.binary)
        (self.folder / "maps").write_text(f"{span} r-xp 00000000 fd:00 {self.binary.stat().st_ino} /usr/bin/app\n")
        (self.folder / "mountinfo").write_text("")

    def end(self) -> None:
        shutil.rmtree(self.folder)


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    return Processes(tmp_path)


@pytest.fixture
def names(processes: Processes) -> Iterator[FrameLookup]:
    found = FrameLookup(root=processes.root)
    yield found
    found.close()


def named(names: FrameLookup, *addresses: int, pid: int = 7) -> list[str]:
    """The names of addresses, once they have been looked up."""
    before = names.version
    names.want([(pid, one) for one in addresses])
    eventually(lambda: names.version > before)
    return [names.name(pid, one) for one in addresses]


def test_an_address_has_the_function_and_the_file(names: FrameLookup) -> None:
    assert names.name(7, WORK) == ""
    assert named(names, WORK, MAIN, 0x7F0000005000) == ["work [app]", "main [app]", "[app]"]


def test_a_caller_whose_call_is_the_end_of_its_function_has_its_own_name(names: FrameLookup) -> None:
    assert named(names, 0x7F0000001060) == ["main [app]"]


def test_mangled_names_are_read(names: FrameLookup, processes: Processes) -> None:
    processes.run(elf([("_ZN4shop3addEi", BASE + 0x1000, 0x20)]), file="shop")
    assert named(names, 0x7F0000001010) == ["shop::add(int) [app]"]


def test_an_address_outside_the_code_is_unknown(names: FrameLookup) -> None:
    assert named(names, 0x1) == ["[unknown]"]


def test_a_process_that_has_ended_is_said(names: FrameLookup) -> None:
    assert named(names, 0x401000, pid=99) == ["[process ended]"]


def test_frames_of_a_process_are_named_after_its_end_if_its_map_was_seen(
    names: FrameLookup, processes: Processes
) -> None:
    named(names, WORK)
    processes.end()
    assert named(names, MAIN) == ["main [app]"]


def test_another_program_in_the_process_gets_its_own_names(names: FrameLookup, processes: Processes) -> None:
    named(names, WORK)
    processes.run(elf([("other", BASE + 0x1000, 0x40)]), start=0x7F1000000000, file="other")
    assert named(names, 0x7F1000001000) == ["other [app]"]
    assert names.name(7, WORK) == ""


def test_a_file_that_was_replaced_is_read_again_after_a_while(processes: Processes) -> None:
    now = 0.0
    found = FrameLookup(root=processes.root, clock=lambda: now)
    named(found, WORK)
    processes.run(elf([("renamed", BASE + 0x1000, 0x40), ("m", BASE + 0x1040, 0x20)]))
    assert named(found, MAIN) == ["main [app]"]
    now = frame_lookup.CHECK_SECONDS
    assert named(found, MAIN + 1) == ["m [app]"]
    found.close()


@pytest.mark.parametrize("data", [b"", b"no ELF", elf(FUNCTIONS)[:300], elf(FUNCTIONS, shoff=1 << 62)])
def test_a_file_without_functions_gives_its_name(names: FrameLookup, processes: Processes, data: bytes) -> None:
    processes.run(data)
    assert named(names, WORK) == ["[app]"]


def test_what_waits_and_what_is_kept_is_bounded(names: FrameLookup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_lookup, "MOST_WAITING", 3)
    monkeypatch.setattr(frame_lookup, "MOST_NAMES", 2)
    found = named(names, *[0x7F0000001000 + n for n in range(10)])
    assert [bool(one) for one in found].count(True) == 2


def test_the_functions_of_the_file_used_last_are_kept(
    names: FrameLookup, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_lookup, "MOST_TABLE_BYTES", 1)
    named(names, WORK)
    processes.end()
    assert named(names, MAIN) == ["main [app]"]


def test_asking_for_nothing_starts_no_thread(processes: Processes) -> None:
    before = threading.active_count()
    found = FrameLookup(root=processes.root)
    found.want([])
    assert threading.active_count() == before
    found.close()


def test_names_are_told_when_they_are_known_and_again_while_they_are_wanted(processes: Processes) -> None:
    told: list[tuple[int, Mapping[int, str]]] = []
    now = 0.0
    found = FrameLookup(root=processes.root, named=lambda pid, names: told.append((pid, names)), clock=lambda: now)
    named(found, WORK, 0x5000)
    eventually(lambda: bool(told))
    assert told == [(7, {WORK: "work [app]", 0x5000: "[unknown]"})]
    found.want([(7, WORK)])
    assert len(told) == 1
    now = frame_lookup.TELL_SECONDS
    found.want([(7, WORK)])
    assert told[1:] == [(7, {WORK: "work [app]"})]
    found.close()


def test_where_bpftrace_has_other_process_ids_nothing_is_looked_up(processes: Processes) -> None:
    found = FrameLookup(root=processes.root, numbers=PidNumbers(PidNamespace(4026532000, "host", swaps_ids=False)))
    before = threading.active_count()
    found.want([(7, WORK)])
    assert threading.active_count() == before
    assert found.name(7, WORK) == ""
