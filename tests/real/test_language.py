"""Scripts in the newer language, through `bttop stream` with the real bpftrace: what they count is shown."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from bttop.engine.host.host import find_bpftrace
from bttop.model.record.release import Release

pytestmark = pytest.mark.real

CONFIG: Final = Release(0, 20)
NEWEST: Final = Release(0, 25)
"""Macros, imports and map declarations need no flag of a `config` block from here on."""
PACKED: Final = Release(0, 26)
ANY: Final = Release(0, 14)
BEATS: Final = "profile:hz:99"


class Streamed(NamedTuple):
    code: int
    lines: tuple[Mapping[str, Any], ...]
    said: str

    def of(self, name: str) -> list[Mapping[str, Any]]:
        return [line for line in self.lines if line.get("map") == name]

    def values(self, name: str) -> list[Any]:
        return [row["value"] for line in self.of(name) for row in line["rows"]]

    def doubts(self, name: str) -> set[str]:
        return {doubt for line in self.of(name) for doubt in line.get("doubts", ())}


def streamed(bpftrace: str, script: Path, here: Path, *more: str, seconds: int = 2) -> Streamed:
    words = ["stream", str(script), "--for", f"{seconds}s", "--force", "--bpftrace", bpftrace, *more]
    command = [sys.executable, "-m", "bttop", *words]
    ended = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=90, check=False)
    return Streamed(ended.returncode, tuple(map(json.loads, ended.stdout.splitlines())), ended.stderr)


def needs(bpftrace: str, since: Release) -> None:
    release = find_bpftrace(bpftrace).release
    if release < since:
        pytest.skip(f"bpftrace {release} does not have this")


def write(folder: Path, text: str, name: str = "asked.bt") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


SHOWN: Final = [
    (NEWEST, f"macro tally(@m, key) {{ @m[key] = count(); }} {BEATS} {{ tally(@x, cpu); }}"),
    (NEWEST, f"macro tally(@m, key) {{ @m[key] = max(key); }} {BEATS} {{ tally(@x, 7); }}"),
    (NEWEST, f"macro two(@m, @n) {{ @m = count(); @n = count(); }} {BEATS} {{ two(@x, @y); }}"),
    (NEWEST, f"let @x = percpuhash(10); {BEATS} {{ @x[cpu] = count(); }}"),
    (PACKED, f"struct p {{ char a; int b; }} __attribute__((packed)); {BEATS} {{ @x[sizeof(struct p)] = count(); }}"),
    (NEWEST, f"{BEATS} {{ @x[(who=1, what=\"a\")] = count(); }}"),
    (NEWEST, f"named={BEATS} {{ for ($i : 0..2) {{ @x[$i] = count(); }} }}"),
    (NEWEST, f"{BEATS} {{ let $k: uint64 = 5; @x[$k] = sum($k ?: 1); }}"),
    (CONFIG, f"config = {{ max_map_keys = 100 }} {BEATS} {{ @x[cpu] = count(); }}"),
]  # fmt: skip


@pytest.mark.parametrize(("since", "text"), SHOWN)
def test_what_a_script_counts_is_shown(bpftrace: str, since: Release, text: str, tmp_path: Path) -> None:
    needs(bpftrace, since)
    found = streamed(bpftrace, write(tmp_path, text), tmp_path)
    assert (found.code, found.said) == (0, "")
    values = found.values("x")
    assert values
    assert all(value > 0 for value in values)


def test_updates_that_a_macro_loses_are_said(bpftrace: str, tmp_path: Path) -> None:
    needs(bpftrace, NEWEST)
    found = streamed(bpftrace, write(tmp_path, f"macro tally(@m) {{ @m++; }} {BEATS} {{ tally(@x); }}"), tmp_path)
    assert found.values("x")
    assert "++ loses updates" in found.said


def test_a_script_imports_from_its_own_folder_and_a_program_from_the_current_one(bpftrace: str, tmp_path: Path) -> None:
    needs(bpftrace, NEWEST)
    write(tmp_path / "s", 'import "deeper/leaf.bt"; macro mark(@m, k) { count_into(@m, k); }', "lib.bt")
    write(tmp_path / "s" / "deeper", "macro count_into(@m, k) { @m[k] = count(); }", "leaf.bt")
    text = f'import "./lib.bt"; {BEATS} {{ mark(@x, cpu); }}'
    script = write(tmp_path / "s", text)
    away = streamed(bpftrace, script, tmp_path)
    assert (away.code, away.said, bool(away.values("x"))) == (0, "", True)
    words = ["stream", "-e", text, "--for", "2s", "--bpftrace", bpftrace, "--force"]
    ended = subprocess.run(
        [sys.executable, "-m", "bttop", *words],
        cwd=script.parent,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert '"map":"x"' in ended.stdout


@pytest.mark.parametrize(
    ("since", "preamble", "most", "full"),
    [
        (CONFIG, "config = { max_map_keys = 20 }", 20, True),
        (CONFIG, "config = { MAX_MAP_KEYS = 1000 }", 1000, False),
        (NEWEST, "let @x = percpuhash(20);", 20, True),
        (NEWEST, "let @x = percpulruhash(0x400);", 1024, False),
        (ANY, "", 4096, False),
    ],
)
def test_the_limit_that_a_script_sets_is_that_of_its_maps(
    bpftrace: str, since: Release, preamble: str, most: int, full: bool, tmp_path: Path
) -> None:
    needs(bpftrace, since)
    found = streamed(bpftrace, write(tmp_path, f"{preamble} {BEATS} {{ @x[nsecs] = count(); }}"), tmp_path)
    assert found.code == 0
    assert all(len(line["rows"]) <= most for line in found.of("x"))
    assert ("map full" in found.doubts("x")) is full


@pytest.mark.parametrize("key", ["nsecs", "elapsed", "rand", "nsecs, cpu", "nsecs / 3"])
@pytest.mark.parametrize("value", ["count()", "sum(1)"])
def test_each_event_makes_one_row_where_its_key_is_new_each_time(
    bpftrace: str, key: str, value: str, tmp_path: Path
) -> None:
    found = streamed(bpftrace, write(tmp_path, f"{BEATS} {{ @x[{key}] = {value}; }}"), tmp_path)
    values = found.values("x")
    # Two CPUs may tick in the same nanosecond.
    assert values.count(1) > 0.9 * len(values) > 0
    assert set(values) <= {1, 2}
