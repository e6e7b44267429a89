"""A stand-in for bpftrace that flushes a map of as many keys as a benchmark wants, once a second, without tracing.

`// keys: N` in a probe file asks for N keys with new values in every flush. `// marks: FOLDER` asks for one key that is
another word in every flush, and the time of the file FOLDER/WORD says when it was printed.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests import standin
from tests.ui.dashboard import CALLS, plan_of, record

_SECOND: Final = 1.0
_VALUES: Final = 1_000_003


def counting_probe(folder: Path, name: str, keys: int) -> None:
    """Write a probe file whose program counts so many keys."""
    (folder / f"{name}.bt").write_text(f"// keys: {keys}\n{CALLS}\n")


def marking_probe(folder: Path, name: str) -> Path:
    """Write a probe file whose program shows another word in every flush; return the folder of its times."""
    times = folder / f"{name}-times"
    times.mkdir()
    (folder / f"{name}.bt").write_text(f"// marks: {times}\n{CALLS}\n")
    return times


def words(count: int) -> list[str]:
    """The words that a marking program shows, in their order: no two are alike, so that each is drawn in full."""
    return ["".join(chr(97 + (number * 7 + place * place * 5 + number // 26) % 26) for place in range(9)) + f"{number}x"
            for number in range(count)]  # fmt: skip


def options(folder: Path) -> list[str]:
    """The options with which bttop runs the probes of a folder by this stand-in."""
    binary = folder / "bpftrace"
    (bank,) = record(CALLS, "@calls", {})["data"]
    setting = json.dumps([plan_of(CALLS).heartbeats[0], bank])
    paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "src")]
    binary.write_text(
        f"#!{sys.executable} -I\nimport sys\nsys.path[:0] = {paths!r}\n"
        f"from benchmarks import fake_bpftrace\nfake_bpftrace.main({setting!r})\n"
    )
    binary.chmod(0o755)
    return ["--probes", str(folder), "--bpftrace", str(binary), "-i", "1", "--force", "--budget", "100"]


def main(setting: str) -> None:
    """Run as bpftrace."""
    mark, bank = json.loads(setting)
    arguments = sys.argv[1:]
    text = standin.program_text(arguments)
    if "--version" in arguments or any(one in standin.CHECKS for one in arguments):
        print("bpftrace v0.17.0")
        return
    standin.Actor("0.17.0").attach(1)
    if found := re.search(r"// marks: (\S+)", text):
        _show_words(mark, bank, Path(found[1]))
    elif found := re.search(r"// keys: (\d+)", text):
        _count(mark, bank, int(found[1]))


def _show_words(mark: str, bank: str, times: Path) -> None:
    for number, word in enumerate(words(1000), 1):
        time.sleep(_SECOND)
        _flush(mark, bank, number, {f"{number},{word}": number})
        (times / word).touch()


def _count(mark: str, bank: str, keys: int) -> None:
    names = [f"{1000 + key},process-{key % 37}" for key in range(keys)]
    number = 0
    while True:
        number += 1
        rows = {name: (place + 1) * number * 7919 % _VALUES for place, name in enumerate(names)}
        time.sleep(_SECOND)
        _flush(mark, bank, number, rows)


def _flush(mark: str, bank: str, number: int, rows: Mapping[str, int]) -> None:
    boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    standin.write(1, json.dumps({"type": "map", "data": {bank: rows}}) + "\n")
    standin.heartbeat(mark, number, boot_ns)


def dashboard(folder: Path, probes: Sequence[str]) -> list[str]:
    """The arguments of bttop for these probes."""
    return [*probes, *options(folder)]
