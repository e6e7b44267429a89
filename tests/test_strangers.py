"""A stranger's snapshot, whatever it holds: every command ends in order or with a sentence, and costs no more than the
size of the file allows."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bttop.cli import main
from bttop.engine.recording.replay import ReplaySession
from bttop.errors import BttopError
from bttop.store.export.catalogue import Exporter, exporters
from bttop.store.export.exporter import TableExporter
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.snapshot.tables.cells import CELLS
from tests import strangers
from tests.ui.hostile import raw
from tests.ui.test_review import running


class Ended(NamedTuple):
    """How a command ended."""

    command: str
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return strangers.recording(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return strangers.sealed(tmp_path_factory.mktemp("sealed"))


def every_command(path: Path) -> list[list[str]]:
    """Everything that reads a snapshot."""
    name, out = str(path), path.with_name("out")
    for old in out.glob("*"):
        old.unlink()
    out.mkdir(exist_ok=True)
    return [
        *a_few_commands(path),
        ["info", "--json", name],
        ["report", "-o", "-", name],
        ["report", "--redact", "-o", "-", name],
        ["diff", f"{name}@..+2s", "@+2s.."],
        *(["export", "--format", one.name, name, *_to(one, out)] for one in exporters().values()),
    ]


def _to(exporter: Exporter, out: Path) -> list[str]:
    return ["-o", str(out)] if isinstance(exporter, TableExporter) else []


def a_few_commands(path: Path) -> list[list[str]]:
    """What reads all of a snapshot and takes no time."""
    return [["info", str(path)], ["verify", str(path)], ["export", str(path)]]


def looked_at(path: Path) -> None:
    """Everything that the screen asks of a recording, at its beginning, in its middle and at its end."""
    with contextlib.suppress(BttopError), Snapshot(path) as snapshot:
        replay = ReplaySession(snapshot)
        people = replay.processes()
        people.look(7)
        moments = (replay.begin.boot_ns, (replay.begin.boot_ns + replay.end.boot_ns) // 2, replay.end.boot_ns, None)
        for moment in moments:
            replay.bill_at(moment)
            for program in replay.programs:
                program.page(moment)
                index = program.history.index_at(moment or replay.end.boot_ns)
                program.history.window(60, index)
                assert program.history.latest is None or program.history.latest.seconds >= 0


def is_in_order(ended: Ended, what: str) -> None:
    """Nothing steers the terminal; what is wrong is said; JSON is JSON."""
    assert ended.code in (0, 1, 2), what
    shown = ended.err + ("" if ended.command.startswith("export") else ended.out)
    assert not [one for one in raw(shown) if one != "U+000A"], (what, ended)
    assert ended.code == 0 or ended.err or "verify" in ended.command or "problem" in ended.out, (what, ended)
    assert len(ended.err) < 100_000, (what, ended.command)
    if "--json" in ended.command or "speedscope" in ended.command:
        json.loads(ended.out or "0", parse_constant=never)
    if ended.command.startswith("export") and "--format" not in ended.command:
        for line in ended.out.splitlines():
            json.loads(line, parse_constant=never)


def never(word: str) -> Any:
    raise AssertionError(f"JSON has no {word}")


def all_is_in_order(
    path: Path, what: str, capsys: pytest.CaptureFixture[str], commands: list[list[str]] | None = None
) -> list[Ended]:
    found = []
    for command in commands or every_command(path):
        ended = Ended(" ".join(command), main(command), *capsys.readouterr())
        is_in_order(ended, what)
        found.append(ended)
    looked_at(path)
    return found


def test_each_column_has_a_type_a_range_and_a_length() -> None:
    assert [(table, column) for table, cells in CELLS.items() for column in cells] == strangers.columns()


def test_what_nobody_edited_is_read_without_a_word(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = all_is_in_order(whole, "nothing", capsys)
    assert len(found) > 10
    assert {(one.code, one.err) for one in found} == {(0, "")}


@pytest.mark.parametrize(("table", "column"), strangers.columns())
def test_every_column_may_hold_anything(
    table: str, column: str, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.bttop"
    if strangers.with_rows(whole, path, table, column):
        all_is_in_order(path, f"{table}.{column} is anything", capsys)
    for name, value in {**strangers.BAD, "bytes that are not UTF-8": strangers.NOT_UTF_8}.items():
        if strangers.with_cell(whole, path, table, column, value):
            all_is_in_order(path, f"{table}.{column} is {name}", capsys, a_few_commands(path))


@pytest.mark.parametrize("name", ["bttop", "command", "missing_hosts"])
def test_every_fact_may_be_anything(name: str, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s.bttop"
    for what, value in {**strangers.BAD, "bytes that are not UTF-8": strangers.NOT_UTF_8}.items():
        if value is not None:
            strangers.with_facts(whole, path, name, value)
            all_is_in_order(path, f"{name} is {what}", capsys, a_few_commands(path))


@pytest.mark.parametrize("name", strangers.BAD_JSON)
def test_every_value_of_a_script_may_be_anything(
    name: str, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.bttop"
    for what, script in strangers.scripts(whole, strangers.BAD_JSON[name]):
        strangers.with_script(whole, path, script)
        all_is_in_order(path, f"{what} is {name}", capsys, a_few_commands(path))


@pytest.mark.parametrize("name", [*strangers.BAD_JSON, "heartbeats"])
def test_every_line_may_be_anything(
    name: str, sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.bttop"
    lines = strangers.lines(strangers.BAD_JSON[name]) if name in strangers.BAD_JSON else strangers.heartbeats()
    for line in lines:
        strangers.with_block(sealed, path, strangers.block_of(line))
        all_is_in_order(path, f"{line[:80]!r}", capsys, a_few_commands(path))
    strangers.with_block(sealed, path, strangers.block_of(*lines))
    all_is_in_order(path, name, capsys)


MEMORY = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "bttop", *sys.argv[1:]], capture_output=True)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
print(done.stdout.decode(), done.stderr.decode())
"""
MOST_MIB = 160
"""Of a command on a file of some kilobytes; on an ordinary one it takes 45, and what is counted here took 1.5 GB."""


def peak(*arguments: str) -> tuple[int, float, str]:
    """How a command ended, the most memory that it had, in MiB, and what it said."""
    # By a process of its own: the memory of a child begins with that of whoever made it.
    done = subprocess.run([sys.executable, "-c", MEMORY, *arguments], capture_output=True, text=True, check=True)
    head, said = done.stdout.split("\n", 1)
    code, kib = head.split()
    return int(code), int(kib) / 1024, said


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("lines", "lines, and 100,000 are the most"),
        ("lines that are not stated", "are stated"),
        ("zeros", "unpacks to more than"),
        ("lists in lines", "too many for a block of its size"),
        ("stamps", "a block of its size"),
        ("lists", "more than 400,000 values"),
        ("a long script", "unpacks to more than"),
        ("a name", "longer than 4,096 characters"),
    ],
)
def test_a_small_file_costs_little_memory_whatever_it_unpacks_to(
    name: str, says: str, sealed: Path, tmp_path: Path
) -> None:
    path = tmp_path / "s.bttop"
    strangers.BOMBS[name](sealed, path)
    code, mib, said = peak("verify", str(path))
    assert code == 1
    assert says in said
    assert "Traceback" not in said
    assert len(said) < 10_000
    # A value as large as the file may be held twice.
    assert mib < MOST_MIB + 3 * path.stat().st_size / (1 << 20)


def test_the_screen_shows_what_is_left_of_a_file_that_holds_anything(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.bttop"
    strangers.with_everything(whole, path)
    with running(tmp_path, "review", str(path), "--at", "-0.5s") as shown:
        shown.wait_for("demo-host", "1 calls", "such rows are left out")
        shown.press("(", "]", ",", ".", "B")
        shown.wait_for("calls: state")
        shown.press("Esc")
        shown.wait_for("1 calls")
        shown.press("q")
        assert shown.terminal.exit_code() == 0
