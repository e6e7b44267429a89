"""How long a recording lasts, in every command that says it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bttop.cli import main
from bttop.engine.recording.replay import ReplaySession
from bttop.model.record.records import StampedLine
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.snapshot import Snapshot
from tests.store.made import at, made
from tests.store.snapshot.test_recorded_history import banked


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("flushes", [1, 70])
def test_the_first_flush_counts_with_its_length(tmp_path: Path, flushes: int, ended: bool) -> None:
    path = made(tmp_path / "s.bttop", banked(flushes), ended=ended)
    with Snapshot(path) as snapshot:
        assert extent(snapshot) == (at(0), at(flushes))
        assert (ReplaySession(snapshot).begin, ReplaySession(snapshot).end) == (at(0), at(flushes))


def test_the_first_flush_of_several_programs_is_the_one_that_began_first(tmp_path: Path) -> None:
    sessions = (replace(banked(5), first=3.0), replace(banked(9), program=2, generation=2, first=1.5))
    with Snapshot(made(tmp_path / "s.bttop", *sessions)) as snapshot:
        assert extent(snapshot) == (at(0.5), at(9.5))


def test_a_flush_whose_beginning_is_known_is_as_long_as_it_was(tmp_path: Path) -> None:
    ready = StampedLine(1, "stdout", at(1.5), b"__BPFTRACE_NOTIFY_PROBES_ATTACHED")
    with Snapshot(made(tmp_path / "s.bttop", replace(banked(3), first=3.0, extra=[ready]))) as snapshot:
        assert extent(snapshot) == (at(1.5), at(5))


def test_lines_without_a_flush_last_from_the_first_to_the_last(tmp_path: Path) -> None:
    lines = [StampedLine(1, "stderr", at(moment), b"Attaching 1 probe...") for moment in (0.25, 0.5)]
    with Snapshot(made(tmp_path / "s.bttop", replace(banked(0), extra=lines), ended=False)) as snapshot:
        assert extent(snapshot) == (at(0.25), at(0.5))


def test_an_empty_recording_has_no_length(tmp_path: Path) -> None:
    with Snapshot(made(tmp_path / "s.bttop", banked(0))) as snapshot:
        assert extent(snapshot) is None


SAYS: Sequence[tuple[str, str]] = (
    ("info {}", ", 1 s\n"),
    ("info --json {}", '"2026-11-26T13:07:12.000000Z"'),
    ("report -o - {}", "<dt>length</dt><dd>1.0s</dd>"),
    ("diff {} {}", "(1s)"),
    ("export --from +0.5s {}", '"flush":1'),
    ("export --to +1s {}", '"flush":1'),
)


@pytest.mark.parametrize(("command", "said"), SAYS)
def test_one_flush_of_a_second_is_a_second(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, said: str
) -> None:
    path = made(tmp_path / "s.bttop", banked(1))
    assert main([word.format(path) for word in command.split()]) == 0
    assert said in capsys.readouterr().out
