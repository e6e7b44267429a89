"""Pasted lines as `-e`: every command refuses the same lines with the same sentence, before anything is started."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from bttop.commands import dashboard, record, stream
from bttop.commands.starting import tracing
from bttop.errors import UsageError
from tests.pasted import REFUSED, REFUSED_BY_ENGINE
from tests.standin import standin

COMMANDS: Final[dict[str, Callable[[Sequence[str]], int]]] = {
    "the dashboard": dashboard.run,
    "stream": stream.run,
    "record": record.run,
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_command_gives_the_sentence_of_the_prompt(
    command: Callable[[Sequence[str]], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: object) -> None:
        pytest.fail("the line was not refused before the start")

    monkeypatch.setattr(dashboard, "check_terminal", lambda: None)
    monkeypatch.setattr(tracing, "check_can_trace", started)
    bpftrace = str(standin(tmp_path))
    said = {}
    for line, _ in (*REFUSED, *REFUSED_BY_ENGINE):
        with pytest.raises(UsageError) as refusal:
            command([f"-e{line}", "--bpftrace", bpftrace])
        said[line] = (refusal.value.title, refusal.value.cause)
    assert said == {line: ("-e 1", sentence) for line, sentence in (*REFUSED, *REFUSED_BY_ENGINE)}


def test_a_file_that_is_not_there_is_refused_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.bt: cannot be read: No such file"):
        stream.run(["-e", f"bpftrace {tmp_path}/none.bt", "--bpftrace", str(standin(tmp_path))])
