"""The helpers of the tests with the real bpftrace."""

from __future__ import annotations

import pytest

from tests.real import tracing


def test_where_tracing_is_impossible_a_test_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no tracefs"):
        tracing.unable("no tracefs")


def test_in_continuous_integration_the_skip_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no tracefs"):
        tracing.unable("no tracefs")


def test_every_named_binary_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BTTOP_TEST_BPFTRACE", "/opt/one/bpftrace:/opt/two/bpftrace")
    assert tracing.binaries()[-2:] == ("/opt/one/bpftrace", "/opt/two/bpftrace")


def test_repeated_keys_of_one_print_all_count() -> None:
    line = b'{"type": "map", "data": {"@s": {"7,dd,": 2, "7,dd,": 3, "8,dd,": 1}}}'
    rows = tracing.printed_maps(line)["@s"]
    assert tracing.key_starts(rows, 7, "dd") == [("7,dd,", 2), ("7,dd,", 3)]


def test_histograms_and_stats_are_read_with_and_without_keys() -> None:
    lines = b"""
{"type": "hist", "data": {"@b": [{"min": 4, "max": 7, "count": 9}]}}
{"type": "stats", "data": {"@r": {"7,dd": {"count": 1, "average": 4, "total": 4}}}}
Attaching 1 probe...
"""
    assert tracing.printed_maps(lines) == {
        "@b": [("", [{"min": 4, "max": 7, "count": 9}])],
        "@r": [("7,dd", {"count": 1, "average": 4, "total": 4})],
    }


def test_the_reason_is_the_last_error_that_matters() -> None:
    text = "ERROR: couldn't set RLIMIT_MEMLOCK\nx.bt:1:1-4: ERROR: tracepoint not found: a:b\nkprobe ...\n"
    assert tracing.reason_line(text) == "x.bt:1:1-4: ERROR: tracepoint not found: a:b"
