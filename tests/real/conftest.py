"""Tests with the real bpftrace: once for each binary. Where tracing is impossible they are skipped with the
reason; with CI set in the environment that is a failure."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from tests.real import tracing


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "bpftrace" in metafunc.fixturenames:
        found = tracing.binaries() or ("",)
        names = [Path(path).name or "none" for path in found]
        metafunc.parametrize("bpftrace", found, ids=names, indirect=True)


@pytest.fixture
def bpftrace(request: pytest.FixtureRequest) -> str:
    """A bpftrace that can trace on this host."""
    binary = str(request.param)
    reason = _cannot_trace(binary)
    if reason:
        tracing.unable(reason)
    return binary


@functools.cache
def _cannot_trace(binary: str) -> str:
    if not binary:
        return "bpftrace is not installed"
    answer = tracing.refusal(binary, Path(__file__).parent / "tick.bt")
    return tracing.reason_line(answer) if answer else ""
