"""Names are inert outside the panes too: one door for every text that leaves for standard output or standard error."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

import bttop
from bttop.cli import main
from bttop.engine.doctor import hooks
from bttop.engine.generation.badge import Badge, Complaint
from bttop.engine.headless.problem_reporter import ProblemReporter
from bttop.engine.program.status import ProgramState, Status
from bttop.engine.remote.link import Link
from bttop.errors import BttopError
from bttop.model.plan import Column, MapPlan
from bttop.output import can_rewrite, clear_line, rewrite, say, warn, write_data
from bttop.script.cost.hook_costs import HookPrices
from bttop.store.export.catalogue import exporters
from bttop.store.snapshot.facts import HostFacts
from bttop.store.snapshot.recording_events import MarkSet, RecordingEvent, StatusChanged
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import planned
from tests.store.made import FACTS, Session, at, made
from tests.ui.hostile import HOSTILE, raw

SOURCES = Path(bttop.__file__).parent
ELSEWHERE = {
    # What may be root: the output is a protocol, which the engine reads.
    "hooktimer.py": {"os.write"},
    "tracer.py": {"os.write", "os.writev"},
    "output.py": {"os.write", "sys.stderr", "sys.stdout"},
    # A fixed text, before anything of bttop is imported.
    "start.py": {"os.write"},
    # The screen, whose spans and widgets make text visible, and pipes to our own processes.
    "ui/terminal/raw_terminal.py": {"os.write", "sys.__stderr__"},
    "engine/tracer/channel.py": {"os.write"},
    # Ask whether it is a terminal, and how wide.
    "commands/dashboard.py": {"sys.stdout"},
    "engine/doctor/surroundings.py": {"sys.stdout"},
    # Lines of JSON, which are printable ASCII.
    "engine/headless/line_output.py": {"os.write"},
}
FILES = [name for name in HOSTILE if "\x00" not in name and "/" not in name and len(os.fsencode(name)) < 200]
"""Names that a file may have."""


STREAMS = {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}
WRITERS = {"print", "input", "breakpoint", "os.write", "os.writev", "argparse.ArgumentParser"}
TELLERS = {"logging", "traceback", "warnings", "faulthandler"}


def ways_out(source: str) -> set[str]:
    """What of a source could write to standard output or standard error by itself."""
    nodes = list(ast.walk(ast.parse(source)))
    asked = {
        id(one.value)
        for one in nodes
        if isinstance(one, ast.Attribute) and one.attr in ("isatty", "fileno", "encoding")
    }
    names = [ast.unparse(one) for one in nodes if isinstance(one, ast.Attribute | ast.Name) and id(one) not in asked]
    found = {one for one in names if one in STREAMS | WRITERS}
    for one in nodes:
        if isinstance(one, ast.Import):
            found |= {name.name for name in one.names if name.name in TELLERS}
        if isinstance(one, ast.ImportFrom) and one.module in {"sys", *TELLERS}:
            found.add(f"from {one.module}")
        if isinstance(one, ast.Call) and ast.unparse(one.func) in ("sys.exit", "parser.exit"):
            is_text = any(isinstance(word, ast.JoinedStr) or ast.unparse(word)[0] in "'\"" for word in one.args)
            found |= {"sys.exit(text)"} if is_text else set()
    return found


def test_nothing_writes_beside_the_one_door() -> None:
    found = {str(path.relative_to(SOURCES)): ways_out(path.read_text()) for path in SOURCES.rglob("*.py")}
    # One class stands between argparse and the door; types name its parent.
    found["commands/options/arguments.py"].discard("argparse.ArgumentParser")
    assert {name: ways for name, ways in found.items() if ways} == ELSEWHERE


@pytest.mark.parametrize(
    "source",
    [
        "print('x')",
        "sys.stdout.write('x')",
        "sys.stderr.buffer.write(b'x')",
        "out = sys.stdout",
        "print('x', file=file)",
        "os.write(2, b'x')",
        "from sys import stderr",
        "import warnings",
        "import os, traceback",
        "import logging as log",
        "sys.exit(f'{x}')",
        "argparse.ArgumentParser()",
    ],
)
def test_another_way_out_is_found(source: str) -> None:
    assert ways_out(source)
    assert not ways_out("sys.stderr.isatty(); sys.stdout.fileno(); sys.exit(3)")


def steering(text: str) -> list[str]:
    """What of an output would steer a terminal."""
    return [one for one in raw(text) if one != "U+000A"]


@pytest.mark.parametrize("name", HOSTILE)
def test_the_door_lets_nothing_through_that_steers(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    say([name, f"a{name}b"])
    warn(name, repr(name))
    found = capsys.readouterr()
    assert not steering(found.out + found.err)
    assert (found.out.count("\n"), found.err.count("\n")) == (2, 2)


def test_plain_text_and_quoted_names_pass_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    say(["a  b \\x1b C:\\x → 1 µs", repr("\x1b"), ""])
    assert capsys.readouterr().out == "a  b \\x1b C:\\x → 1 µs\n'\\x1b'\n\n"


def test_a_line_that_is_rewritten_is_cleared_by_our_own_sequence_alone(capsys: pytest.CaptureFixture[str]) -> None:
    rewrite("a\x1b[2J")
    clear_line()
    assert capsys.readouterr().err == "\r\x1b[Ka\\x1b[2J\r\x1b[K"
    assert not can_rewrite()


def test_a_terminal_of_ascii_gets_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", stream)
    warn("\u6f22 \udcff")
    stream.seek(0)
    assert stream.read() == "\\u6f22 \\udcff\n"


def test_without_standard_error_nothing_is_said_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    warn("x")
    assert not can_rewrite()


def test_a_reader_that_has_gone_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        say(["x"])
        write_data(lambda out: out.write("y"))


# Commands.

ERRORS: dict[str, Callable[[str], list[str]]] = {
    "info": lambda name: ["info", name],
    "verify": lambda name: ["verify", name],
    "export": lambda name: ["export", name],
    "report": lambda name: ["report", name],
    "diff": lambda name: ["diff", name, name],
    "surplus": lambda name: ["info", "x", name],
    "option": lambda name: ["info", f"--{name}"],
    "format": lambda name: ["export", "x", "--format", name],
    "probe": lambda name: ["stream", "--bpftrace", "/none", "--", name],
    "probe file": lambda name: ["stream", "--bpftrace", "/none", f"./{name}.bt"],
    "pin": lambda name: ["stream", "--bpftrace", "/none", "-p", name],
    "interval": lambda name: ["stream", "-i", name],
    "duration": lambda name: ["stream", "--for", name],
    "budget": lambda name: ["stream", "--budget", name],
    "bpftrace": lambda name: ["stream", "--bpftrace", name],
    "size": lambda name: ["record", "--max-size", name],
    "demo": lambda name: ["demo", "--", name],
    "review": lambda name: ["review", name],
    "folder": lambda name: ["probes", "--probes", name],
    "doctor": lambda name: ["doctor", "--bpftrace", name],
}
"""Usage errors and others, with a name in them."""


@pytest.mark.parametrize("command", ERRORS)
def test_no_error_prints_a_name_as_it_is(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # It takes a second, and has nothing to do with names.
    monkeypatch.setattr(hooks, "ask_timer", HookPrices)
    for name in FILES:
        with contextlib.suppress(SystemExit):
            main(ERRORS[command](name))
        found = capsys.readouterr()
        assert found.out + found.err
        assert not steering(found.out + found.err), (name, found)


def snapshot_with(name: str, path: Path) -> Path:
    """A recording of two hosts in which everything is called by a name."""
    plan = planned(MapPlan(f"@{name}", "count", (Column(name, "text"), Column("stack", "stack")), "bank"))
    first, second = (HostFacts(host, name, name, 2, FACTS.release, 4096) for host in (name, f"2{name}"))
    prints = [{f"@{name}": ("map", {f"{name},\n    {name}+1\n": 5}), "@printed": ("printf", name)}] * 3
    others: list[RecordingEvent] = [
        MarkSet(at(1), name, name),
        StatusChanged(1, at(1), name, name, name),
        StatusChanged(9, at(1), name, name, name),
    ]
    session = Session(name, plan, prints, text=name, facts=first)
    other = replace(session, host=2, facts=second, program=2, generation=2)
    return made(path, session, other, others=others)


def hosts_of(path: str) -> list[str]:
    """The names of the hosts of a recording; none if it cannot be read."""
    try:
        with Snapshot(Path(path)) as snapshot:
            return [host.name for host in snapshot.hosts]
    except BttopError:
        return []


def _export(format_: str, path: str) -> list[str]:
    return ["export", "--format", format_, path]


SNAPSHOTS: dict[str, Callable[[str], list[str]]] = {
    "info": lambda path: ["info", path],
    "info as JSON": lambda path: ["info", "--json", path],
    "verify": lambda path: ["verify", path],
    "diff": lambda path: ["diff", f"{path}@..+1.5s", "@+1.5s.."],
    "diff as JSON": lambda path: ["diff", "--json", f"{path}@..+1.5s", "@+1.5s.."],
    "report": lambda path: ["report", "-o", "-", path],
    "summary": lambda path: ["summary", path],
    "diff of two hosts": lambda path: ["diff", path, *[f"--host={host}" for host in hosts_of(path)]],
    "no such host": lambda path: ["export", "--host", "none", path],
    "no such map": lambda path: ["export", "--map", "@none", path],
    **{name: partial(_export, name) for name in exporters()},
}
"""Everything that reads a snapshot and writes to a terminal."""


@pytest.mark.parametrize("command", SNAPSHOTS)
def test_no_name_in_a_snapshot_reaches_the_terminal_as_it_is(
    command: str, snapshots: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in snapshots:
        main(SNAPSHOTS[command](str(path)))
        found = capsys.readouterr()
        assert found.out + found.err
        assert not steering(found.out + found.err), (path, found)


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One for each name, called by it, and one with its last blocks torn."""
    folder = tmp_path_factory.mktemp("named")
    found = []
    for name in FILES:
        clean = name.encode(errors="replace").decode()
        found.append(snapshot_with(clean, folder / f"{name}.bttop"))
    torn = folder / "torn\x1b[2J\x9b.bttop"
    torn.write_bytes(found[0].read_bytes()[:-1500])
    return [*found, torn]


def test_a_map_that_is_asked_for_is_named_inertly(snapshots: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    for name in FILES:
        main(["export", "--map", name, str(snapshots[0])])
        assert not steering(capsys.readouterr().err)


def test_probe_files_are_listed_inertly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "probes\x1b]0;x\x07"
    folder.mkdir()
    for number, name in enumerate(FILES):
        escaped = "".join(f"\\U{ord(one):08X}" for one in name if not 0xD800 <= ord(one) < 0xE000)
        front = f'// /// bttop\n// title = "{escaped}"\n// ///\n'
        texts = (front + "BEGIN { }", f"// /// bttop\n// {name}\n// ///\nBEGIN {{ }}", f"{name} {{")
        (folder / f"{name}.bt").write_bytes(os.fsencode(texts[number % 3]))
        (folder / f"{number}.bt").write_bytes(os.fsencode(texts[0]))
    assert main(["probes", "--probes", str(folder), "--trust", str(folder)]) == 0
    found = capsys.readouterr()
    assert len(found.out.splitlines()) > len(FILES)
    assert not steering(found.out + found.err)


def test_errors_are_told_line_by_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: list[str]) -> int:
        raise BttopError("a\nbttop: forged\x1b[2J", title="t\x9b", hint="rm \u202e")

    monkeypatch.setattr("bttop.cli.command", lambda _: fail)
    assert main([]) == 1
    assert capsys.readouterr().err == "t\\x9b: a\\x0abttop: forged\\x1b[2J\n  rm \\u202e\n"


class Program:
    """As much of a program as is told of."""

    cost = None
    host = ""

    def __init__(self, name: str) -> None:
        self.name = name
        self.status = Status(
            ProgramState.LIVE, 0, name, complaint=Complaint(name, (name,)), badges=(Badge(name, name), Badge("b", name))
        )


@pytest.mark.parametrize("name", HOSTILE)
def test_troubles_of_programs_are_told_inertly(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    link = Link(name)
    link.lost(name)
    engine: Any = SimpleNamespace(problems=[name], programs=[Program(name)], links=[link])
    ProblemReporter().tell_all(engine)
    found = capsys.readouterr()
    assert found.err
    assert not steering(found.err)
