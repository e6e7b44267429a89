from __future__ import annotations

import os
from pathlib import Path

import pytest

from bttop.engine.host.capabilities import BITS, grant, missing_for_root, read_set
from bttop.engine.host.host import Host, check_can_trace
from bttop.errors import CannotTrace

ALL = (1 << 41) - 1


def without(*names: str) -> int:
    return ALL & ~sum(1 << BITS[name] for name in names)


CASES = [
    (ALL, ()),
    (without("sys_admin"), ()),
    (without("bpf", "perfmon"), ()),
    (without("sys_admin", "bpf"), ("CAP_BPF",)),
    (without("sys_admin", "perfmon"), ("CAP_PERFMON",)),
    (0, ("CAP_BPF", "CAP_PERFMON")),
]


@pytest.mark.parametrize(("bits", "missing"), CASES)
def test_root_without_the_capabilities_to_trace_is_told_which_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: int, missing: tuple[str, ...]
) -> None:
    assert missing_for_root(bits) == missing
    status, host = tmp_path / "status", Host("host", "6.1", "x86_64", 2, tmp_path)
    status.write_text(f"Name:\tbttop\nPid:\t{os.getpid()}\nCapEff:\t{bits:016x}\nCapAmb:\t0000000000000001\n")
    assert (read_set("CapEff", status), read_set("CapAmb", status)) == (bits, 1)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    if not missing:
        check_can_trace(host, status=status)
        return
    with pytest.raises(CannotTrace) as caught:
        check_can_trace(host, status=status)
    assert caught.value.exit_code == 3
    assert f"lacks {' and '.join(missing)}," in caught.value.cause
    assert caught.value.cause.endswith(grant(missing))
    assert all(f"--cap-add {name}" in caught.value.cause for name in missing)
    assert caught.value.hint == ""


def test_capabilities_that_cannot_be_read_are_not_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_set("CapEff", tmp_path / "status") is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    status = tmp_path / "status"
    status.write_text(f"Pid:\t{os.getpid()}\n")
    check_can_trace(Host("host", "6.1", "x86_64", 2, tmp_path), status=status)


def test_a_normal_user_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = tmp_path / "status"
    status.write_text(f"Pid:\t{os.getpid()}\nCapEff:\t0000000000000000\n")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    check_can_trace(Host("host", "6.1", "x86_64", 2, tmp_path), status=status)


@pytest.mark.parametrize("text", ["", "Pid:\t999999999\n"])
def test_a_proc_of_another_pid_namespace_is_refused(tmp_path: Path, text: str) -> None:
    status = tmp_path / "status"
    status.write_text(text)
    with pytest.raises(CannotTrace, match="does not show this PID namespace"):
        check_can_trace(Host("host", "6.1", "x86_64", 2, tmp_path), status=status)
