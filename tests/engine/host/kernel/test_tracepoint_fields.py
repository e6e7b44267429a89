"""The numeric fields of tracepoints, by their format files."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.engine.host.kernel.tracepoint_fields import numeric_fields
from bttop.script.language.reader import Script, read

FORMAT = """name: b
ID: 301
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:const void * skaddr;\toffset:8;\tsize:8;\tsigned:0;
\tfield:char comm[16];\toffset:16;\tsize:16;\tsigned:0;
\tfield:__data_loc char[] name;\toffset:32;\tsize:4;\tsigned:0;
\tfield:const char * filename;\toffset:40;\tsize:8;\tsigned:0;
\tfield:struct sk_buff * skb;\toffset:48;\tsize:8;\tsigned:0;
\tfield:enum zone_type zone;\toffset:56;\tsize:4;\tsigned:0;
\tfield:xfs_ino_t ino;\toffset:64;\tsize:8;\tsigned:0;
\tfield:unsigned long long sum;\toffset:72;\tsize:8;\tsigned:0;
\tfield:__u16 sport;\toffset:80;\tsize:2;\tsigned:0;
\tfield:__u8 saddr[4];\toffset:82;\tsize:4;\tsigned:0;
\tfield:uint32_t id;\toffset:88;\tsize:4;\tsigned:0;
\tfield:bool ok;\toffset:92;\tsize:1;\tsigned:0;

print fmt: "field:int no; %d", REC->sum
"""


def fields(tracefs: Path | None, rest: str = "a:b") -> dict[str, str]:
    script = read(f"tracepoint:{rest} {{ @ = count(); }}")
    assert isinstance(script, Script)
    return dict(numeric_fields(tracefs, script.points[0]))


@pytest.fixture
def tracefs(tmp_path: Path) -> Path:
    folder = tmp_path / "events" / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "format").write_text(FORMAT)
    return tmp_path


def test_numbers_and_addresses_are_found_by_their_types(tracefs: Path) -> None:
    assert fields(tracefs) == {
        "skaddr": "void *",
        "sum": "unsigned long long",
        "sport": "__u16",
        "id": "uint32_t",
        "ok": "bool",
    }


@pytest.mark.parametrize("rest", ["a:c", "b:b", "a", "a:", ":b", "a:../a/b", "a:*"])
def test_a_tracepoint_that_does_not_exist_has_none(tracefs: Path, rest: str) -> None:
    assert fields(tracefs, rest) == {}


def test_without_tracefs_nothing_is_known() -> None:
    assert fields(None) == {}


def test_a_tracepoint_of_this_kernel_has_numbers() -> None:
    folder = Path("/sys/kernel/tracing")
    if not (folder / "events/sched/sched_switch/format").exists():
        pytest.skip("needs root and tracefs in its usual place")
    found = fields(folder, "sched:sched_switch")
    assert found.keys() == {"prev_pid", "prev_prio", "prev_state", "next_pid", "next_prio"}
