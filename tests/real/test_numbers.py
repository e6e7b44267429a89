"""Numbers and frames with the real bpftrace: those of a flush are the ones that bpftrace alone prints."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.real import load
from tests.real.test_stream import Streaming, streaming

pytestmark = pytest.mark.real

_MIXED = (-11, -11, -11, -9, -21)
_MOST = "(uint64)18446744073709551615"
_HALF = "(uint64)9223372036854775808"


def each(name: str, function: str, values: tuple[object, ...]) -> str:
    return " ".join(f"@{name} = {function}({value});" for value in values)


COUNTED = {
    **{f"{function}_s": each(f"{function}_s", function, _MIXED) for function in ("stats", "avg", "sum", "min", "max")},
    **{
        f"{function}_k": each(f"{function}_k[1]", function, _MIXED)
        for function in ("stats", "avg", "sum", "min", "max")
    },
    "avg_small": each("avg_small", "avg", (-5, 0)),
    "avg_up": each("avg_up[1]", "avg", (1, 0, 4)),
    "sum_u": each("sum_u", "sum", (_HALF,)),
    "sum_uk": each("sum_uk[1]", "sum", ("(uint64)9223372036854775807", "(uint64)5")),
    "stats_u": each("stats_u", "stats", (_HALF,)),
    "avg_u": each("avg_u[1]", "avg", (_MOST,)),
    "min_u": each("min_u", "min", (_MOST,)),
    "max_u": each("max_u[1]", "max", (_MOST,)),
    "hist_u": each("hist_u", "hist", (_MOST, 3, 1 << 20)),
    "hist_k": each("hist_k[1]", "hist", (-7,)),
    "lhist_s": "@lhist_s = lhist(500, 0, 100, 10);",
    "lhist_k": '@lhist_k["a"] = lhist(500, 0, 100, 10);',
    "lhist_low": "@lhist_low[1] = lhist(5, 10, 100, 10);",
    "keys_i": "".join(f"@keys_i[{key}] = count(); " for key in (-3, 20, 100, -10)),
    "keys_u": "".join(f"@keys_u[{key}] = count(); " for key in (_MOST, _HALF, "(uint64)3")),
    "texts": '@texts["a"] = count(); @texts["a longer text"] = count();',
    "pairs": '@pairs["a", -1, "bcd"] = sum(-2); @pairs["abcdef", 1, "b"] = sum(3);',
}
ASSIGNED = {
    "value_u": f"@value_u[1] = {_MOST}; @value_u[2] = {_HALF};",
    "value_i": "@value_i[1] = -1; @value_i[2] = -20;",
    "lengths": '@lengths[1] = "a"; @lengths[1] = "abcdef";',
}


def bare(bpftrace: str, statements: str, folder: Path) -> dict[str, dict[str, Any]]:
    """What bpftrace prints at its end, by map and key; a map without a key has an empty one."""
    path = folder / "once.bt"
    path.write_text(f"BEGIN {{ {statements} exit(); }}")
    command = [bpftrace, "-f", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    found: dict[str, dict[str, Any]] = {}
    for line in done.stdout.splitlines():
        record = json.loads(line) if line.startswith("{") else {}
        if record.get("type") in ("map", "stats", "hist"):
            ((name, value),) = record["data"].items()
            is_keyed = f"{name}[" in statements
            rows = value if is_keyed else {"": value}
            found[name.lstrip("@")] = {key: plain(one) for key, one in rows.items()}
    return found


def plain(value: Any) -> Any:
    """A printed value in the form of `bttop stream`."""
    if isinstance(value, list):
        return [[number(one.get("min")), number(one.get("max")), number(one["count"])] for one in value]
    if isinstance(value, dict):
        return {name: number(one) for name, one in value.items()}
    return number(value)


def number(value: Any) -> Any:
    """0.24 and newer print large integers as text."""
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value


def streamed(stream: Streaming, name: str) -> list[dict[str, Any]]:
    """The rows of each flush in which something was counted."""
    flushes = [line["rows"] for line in stream.lines() if line.get("map") == name]
    found = [{key(row["key"], name): row["value"] for row in rows} for rows in flushes]
    return [rows for rows in found if any(value not in (0, [], None) for value in rows.values())]


def key(parts: list[Any], name: str) -> str:
    text = ",".join(map(str, parts))
    return text.replace(" ", "") if name == "texts" else text


def as_bttop_shows(value: Any) -> Any:
    """Up to 0.19, the bucket of everything from 2^31 on is printed as -2^31 to 0."""
    if isinstance(value, list) and value and value[-1][:2] == [-(1 << 31), 0]:
        return [*value[:-1], [1 << 31, None, value[-1][2]]]
    return value


@pytest.mark.parametrize("statements", [COUNTED, ASSIGNED], ids=["counted", "assigned"])
def test_every_number_of_a_flush_is_the_one_that_bpftrace_alone_prints(
    bpftrace: str, tmp_path: Path, statements: dict[str, str]
) -> None:
    text = " ".join(statements.values())
    expected = bare(bpftrace, text, tmp_path)
    # 0.17 prints no maximum that is negative as a signed number.
    assert statements.keys() - expected.keys() <= {"max_s", "max_k", "max_u"}
    # Once in two seconds: a flush holds it once, or not at all.
    with streaming(bpftrace, "-i", "0.4", "-e", f"interval:s:2 {{ {text} }}") as stream:
        stream.wait_for(lambda: all(len(streamed(stream, name)) >= 2 for name in expected))
        found = {name: streamed(stream, name) for name in statements}
    for name, flushes in found.items():
        wanted = {key([one], name): as_bttop_shows(value) for one, value in expected.get(name, {}).items()}
        assert all(rows == wanted for rows in flushes), (name, flushes, wanted)


@pytest.mark.parametrize("mode", ["perf", "bpftrace", "raw"])
def test_frames_have_the_same_names_in_every_mode_of_a_stack(bpftrace: str, mode: str) -> None:
    script = f"profile:hz:99 {{ @k[kstack({mode}, 3)] = count(); @c[comm, kstack({mode}, 3)] = count(); }}"
    if is_refused(bpftrace, script):
        pytest.skip(f"this bpftrace has no stacks of mode {mode}")
    with load.busy_loop(), streaming(bpftrace, "-e", script) as stream:
        stream.wait_for(lambda: len(list(stream.rows("k"))) > 3 and list(stream.rows("c")))
        stacks = [str(parts[-1]) for name in ("k", "c") for parts, _ in stream.rows(name)]
    frames = [frame.strip() for stack in stacks for frame in stack.split("\n") if frame.strip()]
    assert frames
    for frame in frames:
        address, _, symbol = frame.rpartition(" ")
        assert bool(address) == (mode == "perf"), frame
        assert all(one in "0123456789abcdef" for one in address), frame
        is_address = symbol.removeprefix("0x").startswith("ffffffff")
        assert is_address == (mode == "raw") or symbol.startswith("0x"), frame


def is_refused(bpftrace: str, script: str) -> bool:
    """Whether this release does not know the script's stack mode."""
    command = [bpftrace, "-e", f"BEGIN {{ exit(); }} {script}"]
    done = subprocess.run(command, capture_output=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    return done.returncode != 0
