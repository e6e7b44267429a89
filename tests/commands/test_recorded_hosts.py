"""The commands that read a recording of two hosts: each number has its host, and no two are added up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from bttop.cli import main
from bttop.store.snapshot.recording_events import LOST, MarkSet
from tests.store.made import SESSION, at
from tests.store.several import ahead, two_hosts


@pytest.fixture
def file(tmp_path: Path) -> str:
    others = [
        MarkSet(at(0), LOST, "web3 is missing: it does not answer"),
        MarkSet(ahead(5), LOST, "the connection was lost", host=2),
    ]
    session = replace(SESSION, missing_hosts=("web3",))
    return str(two_hosts(tmp_path / "two.bttop", flushes=80, others=others, session=session))


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 0
    return capsys.readouterr().out


def test_info_and_verify_name_the_hosts_their_clocks_and_what_each_lacks(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = said(capsys, "info", file)
    assert "web2  Linux 6.18.0  x86_64, 2 CPUs  clock ahead by 90s ± 2ms" in whole
    assert [line.split()[2] for line in whole.splitlines() if line.startswith("program of")] == ["web1", "web2"]
    assert "web2: the connection was lost" in whole
    found = json.loads(said(capsys, "info", file, "--json"))
    assert [host["name"] for host in found["hosts"]] == ["web1", "web2"]
    assert [one["host"] for one in found["programs"]] == ["web1", "web2"]
    assert found["missing_hosts"] == ["web3"]
    assert [mark["host"] for mark in found["marks"]] == [None, "web2"]
    lines = said(capsys, "verify", file).splitlines()
    assert lines[:2] == ["web3 is missing: it does not answer", "web2: the connection was lost"]
    assert "160 flushes" in lines[2]
    assert "80 flushes" in said(capsys, "verify", file, "--host", "web2")


def test_a_report_has_a_section_for_each_host_and_hides_all_names(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page = said(capsys, "report", file, "-o", "-")
    assert "<h1>web1, web2</h1>" in page
    assert page.count("<h2>web1 calls</h2>") == page.count("<h2>web2 calls</h2>") == 1
    hidden = said(capsys, "report", file, "--redact", "-o", "-")
    assert not [name for name in ("web1", "web2", "web3") if name in hidden]
    assert "<h1>web2</h1>" in said(capsys, "report", file, "-H", "web2", "-o", "-")


def test_a_summary_has_a_block_for_each_host(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = said(capsys, "summary", file).strip().split("\n\n")
    assert [block.partition(",")[0] for block in blocks] == ["web1", "web2"]
    assert [block.splitlines()[1].partition(";")[0] for block in blocks] == ["1 calls: 10/s", "1 calls: 1,000/s"]
    own = said(capsys, "summary", file, "--baseline", f"{file}@+1s..+30s", "-H", "web2")
    assert "As in the baseline" in own


def test_diff_compares_each_host_with_itself_or_one_with_the_other(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    itself = said(capsys, "diff", f"{file}@..+40s", "@+40s..")
    assert "nothing beyond chance: web1 calls @calls, web2 calls @calls" in itself
    other = said(capsys, "diff", f"{file}@+10s..+40s", "--host", "web1", "--host", "web2")
    assert "calls by java: 100 times as many" in other
    assert [line.split()[-1] for line in other.splitlines() if line.startswith(("before", "after"))] == ["web1", "web2"]
    assert main(["diff", file, "-H", "web1", "-H", "web2", "-H", "web3"]) == 2
    assert "diff compares two hosts, and 3 are given" in capsys.readouterr().err


def test_a_host_that_is_not_in_the_recording_is_refused(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", file, "--host", "web9"]) == 2
    assert "the recording has no host 'web9'; it has: web1, web2" in capsys.readouterr().err
