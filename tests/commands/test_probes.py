"""`bttop probes`: names and searches."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from bttop.cli import main
from tests.standin import standin
from tests.ui.dashboard import require_tracing

LISTED = "tracepoint:made:up\n    int a\n    char b[16]\n"


def listing(folder: Path, **answers: str) -> list[str]:
    """The options that select a stand-in with these answers."""
    return ["--bpftrace", str(standin(folder, answers={f"-{name}": said for name, said in answers.items()}))]


def test_a_search_lists_probes_and_arguments(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    require_tracing()
    assert main(["probes", "t:made:*", *listing(tmp_path, lv=LISTED)]) == 0
    assert capfd.readouterr().out == LISTED


def test_names_from_the_kernel_cannot_control_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    require_tracing()
    assert main(["probes", "t:made:*", *listing(tmp_path, lv="tracepoint:made:\x1b[31mup\n")]) == 0
    assert capfd.readouterr().out == "tracepoint:made:\\x1b[31mup\n"


def test_no_match_exits_with_1_and_names_the_next_best_search(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    require_tracing()
    said = listing(tmp_path, lv="", l="tracepoint:made:up_there\n")
    assert main(["probes", "t:made:up_their", *said]) == 1
    said_lines = capfd.readouterr().err.splitlines()
    assert said_lines == [
        "no such probe: nothing here matches t:made:up_their",
        "  bttop probes tracepoint:made:up_there",
    ]


NAMED = """// /// bttop
// title = "Made up"
//
// [[parameter]]
// name = "size"
//
// [[parameter]]
// name = "who"
// default = "Web Content"
// ///
kprobe:f /arg0 > $1 && comm == str($2)/ { @ = count(); }
"""


@pytest.mark.parametrize(
    ("typed", "text", "words"),
    [
        ("./made.bt", "kprobe:f { @ = count(); }", ["./made.bt"]),
        ("made", "kprobe:f { @ = count(); }", ["made"]),
        ("./made.bt", NAMED, ["./made.bt", "SIZE", "Web Content"]),
        ("sub/made up.bt", NAMED, ["sub/made up.bt", "SIZE", "Web Content"]),
        ("./made.bt", "kprobe:f { @ = count(); } interval:s:$2 { exit(); }", ["./made.bt", "", "VALUE"]),
    ],
)
def test_the_command_that_starts_a_probe_can_be_pasted(
    typed: str,
    text: str,
    words: list[str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / f"{typed.removesuffix('.bt')}.bt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    monkeypatch.chdir(tmp_path)
    assert main(["probes", typed]) == 0
    command = capfd.readouterr().out.splitlines()[-1].removeprefix("start: ")
    program, name = shlex.split(command)
    assert (program, shlex.split(name)) == ("bttop", words)


def test_a_probe_of_another_folder_starts_by_its_path(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "made.bt").write_text("kprobe:f { @ = count(); }")
    assert main(["probes", "made", "--probes", str(tmp_path)]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == f"start: bttop {tmp_path}/made.bt"


@pytest.mark.parametrize(
    ("predicate", "start", "named"),
    [
        ("args.ret > $1 && pid > $2", "bttop './reads.bt VALUE VALUE'", ["parameters without a description: $1, $2"]),
        ("$1 == 0 || pid == $1", "bttop ./reads.bt", []),
        ("args.ret > 0", "bttop ./reads.bt", []),
    ],
)
def test_parameters_without_front_matter_are_shown(
    predicate: str,
    start: str,
    named: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "reads.bt").write_text(f"tracepoint:syscalls:sys_exit_read /{predicate}/ {{ @ = count(); }}")
    monkeypatch.chdir(tmp_path)
    assert main(["probes", "./reads.bt"]) == 0
    said = capfd.readouterr().out.splitlines()
    assert said[0] == "reads"
    assert said[-1] == f"start: {start}"
    assert [line for line in said if "description" in line] == named


def test_a_name_that_the_library_lacks_leads_to_a_search(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["probes", "tcp_retransmit_skb"]) == 1
    assert capfd.readouterr().err.splitlines()[1] == "  bttop probes '*tcp_retransmit_skb*'"
