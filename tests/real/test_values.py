"""What values mean, with the real bpftrace: nothing is not 0, a total is no rate, frames have names, text is shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.real import load, tracing
from tests.real.test_stream import Streaming, streaming

pytestmark = pytest.mark.real

FUNCTIONS = {
    "count": "count()",
    "sum": "sum(4)",
    "min": "min(5)",
    "max": "max(5)",
    "avg": "avg(5)",
    "stats": "stats(5)",
    "hist": "hist(5)",
    "lhist": "lhist(5, 0, 10, 1)",
}
BUSY: dict[str, Any] = {
    "count": 1,
    "sum": 4,
    "min": 5,
    "max": 5,
    "avg": 5,
    "stats": {"count": 1, "average": 5, "total": 5},
    "hist": [[4, 7, 1]],
    "lhist": [[5, 5, 1]],
}
ZERO_WHEN_IDLE = ("count", "sum")


def statements(prefix: str, key: str) -> str:
    return " ".join(f"@{prefix}{name}{key} = {function};" for name, function in FUNCTIONS.items())


def flushes(stream: Streaming, name: str) -> list[dict[str, Any]]:
    return [line for line in stream.lines() if line.get("map") == name]


def values(stream: Streaming, name: str) -> list[Any]:
    """The value of each flush of a map of one row; None where there is no row."""
    return [line["rows"][0]["value"] if line["rows"] else None for line in flushes(stream, name)]


@pytest.mark.parametrize(
    "printed", ["", " ".join(f"print(@{p}{name}); clear(@{p}{name});" for p in ("s", "k") for name in FUNCTIONS)]
)
def test_an_interval_without_events_has_zero_counts_and_no_values(bpftrace: str, printed: str) -> None:
    own = f"interval:ms:200 {{ {printed} }}" if printed else ""
    # Once in two seconds: most intervals are idle.
    script = f"interval:s:2 {{ {statements('s', '')} {statements('k', '[1]')} }} {own}"
    names = [f"{prefix}{name}" for prefix in ("s", "k") for name in FUNCTIONS]
    with streaming(bpftrace, "-i", "0.2", "-e", script) as stream:
        stream.wait_for(lambda: all(busy in values(stream, f"s{name}")[:-1] for name, busy in BUSY.items()))
        found = {name: values(stream, name) for name in names}
        caveats = {caveat for name in names for line in flushes(stream, name) for caveat in line.get("doubts", ())}
    assert "0 or nothing" not in caveats
    for name, seen in found.items():
        function = name[1:]
        idle: list[Any] = [0] if name[0] == "s" and function in ZERO_WHEN_IDLE else [None]
        # bpftrace prints no sum of nothing before 0.24, and what a script prints is shown as it was printed.
        idle += [None] if printed and name == "ssum" else []
        assert BUSY[function] in seen, name
        assert idle[0] in seen or idle[-1] in seen, name
        assert all(value in (BUSY[function], *idle) for value in seen), (name, seen)


def test_a_total_that_a_script_prints_is_subtracted_or_said_to_be_one(bpftrace: str) -> None:
    counted = " ".join(f"@{name}[1] = {function}; @t_{name}[1] = {function};" for name, function in FUNCTIONS.items())
    printed = " ".join(f"print(@{name}); print(@t_{name}, 1);" for name in ("count", "sum"))
    whole = " ".join(f"print(@{name});" for name in ("min", "max", "avg", "stats", "hist", "lhist"))
    script = f"interval:ms:50 {{ {counted} }} interval:ms:500 {{ {printed} {whole} }}"
    with streaming(bpftrace, "-e", script) as stream:
        stream.wait_for(lambda: len(values(stream, "lhist")) >= 5)
        for name in ("count", "sum"):
            each, totals = values(stream, name), values(stream, f"t_{name}")
            assert [sum(each[: at + 1]) for at in range(4)] == totals[:4]
            assert {tuple(line.get("doubts", ())) for line in flushes(stream, name)[1:4]} <= {(), ("lost ticks",)}
        for name in ("stats", "hist", "lhist"):
            events = [one["count"] if name == "stats" else one[0][2] for one in values(stream, name)]
            assert events[:4] == values(stream, "count")[:4]
        for name in ("t_count", "t_sum", "min", "max", "avg"):
            assert all("running total" in line["doubts"] for line in flushes(stream, name)), name


def test_user_frames_have_names_where_the_script_itself_asks_for_one_process(bpftrace: str) -> None:
    with load.busy_loop() as pid:
        script = f"profile:hz:99 /pid == {pid}/ {{ @s[ustack] = count(); @h[ustack] = hist(1); }}"
        with streaming(bpftrace, "-e", script) as stream:
            stream.wait_for(lambda: list(stream.rows("s")))
            stacks = [str(key[0]) for key, _ in stream.rows("s")]
            assert "user frames as addresses" not in stream.complaints()
    frames = [frame.strip() for stack in stacks for frame in stack.split("\n") if frame.strip()]
    assert any(not frame.startswith("0x") and frame != "0" for frame in frames), stacks


def test_what_an_iterator_prints_is_shown_and_it_ends_by_itself(bpftrace: str, tmp_path: Path) -> None:
    text = 'iter:task { printf("seen %s\\n", ctx->task->comm); }'
    (tmp_path / "tasks.bt").write_text(text)
    is_refused = bool(tracing.refusal(bpftrace, tmp_path / "tasks.bt"))
    command = [sys.executable, "-m", "bttop", "stream", "--bpftrace", bpftrace, "--force", "-e", text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    if is_refused:
        # Old releases do not find iterators on new kernels.
        assert (done.returncode, done.stdout) == (1, "")
    else:
        assert done.returncode == 0
        assert "seen kthreadd" in done.stdout
        assert done.stderr.rstrip().endswith("the script ended by itself")
