"""What tracing may cost and how long it may last, from the command line to what guards it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bttop.commands.options.arguments import tracing_parser
from bttop.commands.starting import tracing
from bttop.engine.cost.budget import Budget
from bttop.engine.engine import Engine
from bttop.engine.tracer.privilege import AS_WE_ARE
from tests.standin import standin
from tests.test_cli import GOOD, Shell


def engine_made_by(words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The keywords with which a command line makes its engine, which is then closed."""
    noted: dict[str, Any] = {}

    class Noted(Engine):
        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            noted.update(keywords)
            super().__init__(*arguments, **keywords)

    monkeypatch.setattr(tracing, "Engine", Noted)
    monkeypatch.setattr(tracing, "check_can_trace", lambda _host: None)
    monkeypatch.setattr(tracing, "obtain", lambda *_: AS_WE_ARE)
    arguments = ["--bpftrace", str(standin(folder)), "-e", GOOD, *words]
    options = tracing_parser("bttop stream", "").tracing_options(arguments)
    engine, _ = tracing.start_engine(options, "bttop stream")
    engine.close()
    return noted


@pytest.mark.parametrize(
    ("words", "percent", "statistics"),
    [([], Budget().percent, True), (["--budget", "7", "--no-stats"], 7.0, False)],
)
def test_the_budget_and_the_statistics_are_those_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], percent: float, statistics: bool
) -> None:
    made = engine_made_by(words, tmp_path, monkeypatch)
    assert (made["limits"].percent, made["statistics"]) == (percent, statistics)


def test_a_recording_ends_by_itself_after_its_time_and_is_whole(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    found = shell.run("record", "-i", "0.1", "-e", GOOD, "--for", "2s", "-o", "s.bttop")
    assert found.returncode == 0, found.stderr
    assert shell.run("verify", "s.bttop").returncode == 0


def test_what_could_be_hot_and_cannot_be_measured_runs_by_force_alone(tmp_path: Path) -> None:
    # The stand-in's count-only twin ends at once: its steps are in a comment, which the twin leaves out.
    shell, hot = Shell(tmp_path), GOOD.replace(GOOD.split(" ", 1)[0], "tracepoint:sched:sched_switch")
    held = shell.run("stream", "-i", "0.1", "-e", hot, "--for", "2s")
    assert (held.returncode, held.stdout) == (1, "")
    assert "could not be measured" in held.stderr
    assert "--force runs it" in held.stderr
    forced = shell.run("stream", "--force", "-i", "0.1", "-e", hot, "--for", "2s")
    assert forced.returncode == 0
    assert forced.stdout
