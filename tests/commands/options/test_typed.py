from __future__ import annotations

import sys

import pytest

from bttop.commands.options.typed import typed, with_pin


@pytest.mark.parametrize(
    ("argv", "chosen", "expected"),
    [
        (["/usr/bin/bttop", "stream", "a b.bt"], "", ("bttop", "stream", "a b.bt")),
        (["bttop"], "", ("bttop",)),
        (["/srv/.venv/bin/bttop", "-p", "7"], "", ("/srv/.venv/bin/bttop", "-p", "7")),
        (["/srv/bttop/__main__.py", "record"], "", (sys.executable, "-m", "bttop", "record")),
        (["/usr/bin/bttop", "stream", "x"], "/opt/b", ("bttop", "stream", "--bpftrace", "/opt/b", "x")),
        (["/usr/bin/bttop", "x", "--", "5"], "/opt/b", ("bttop", "--bpftrace", "/opt/b", "x", "--", "5")),
        (["/usr/bin/bttop", "--bpftrace", "/b"], "/opt/b", ("bttop", "--bpftrace", "/b")),
        (["/usr/bin/bttop", "--bpftrace=/b"], "/opt/b", ("bttop", "--bpftrace=/b")),
    ],
)
def test_a_hint_repeats_the_whole_command_so_that_sudo_can_run_it(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], chosen: str, expected: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setenv("BTTOP_BPFTRACE", chosen)
    assert typed() == expected


def test_more_options_come_before_those_that_were_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bttop", "stream", "x", "--", "5"])
    monkeypatch.delenv("BTTOP_BPFTRACE", raising=False)
    assert typed("--confirm-unsafe") == ("bttop", "stream", "--confirm-unsafe", "x", "--", "5")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["bttop", "-p", "7", "x"], ("bttop", "-p", "a b", "x")),
        (["bttop", "stream", "-p7"], ("bttop", "stream", "-pa b")),
        (["bttop", "--pin", "7", "--", "-p", "7"], ("bttop", "--pin", "a b", "--", "-p", "7")),
        (["bttop", "record", "--pin=7"], ("bttop", "record", "--pin=a b")),
    ],
)
def test_a_hint_for_another_pin_keeps_everything_else(words: list[str], expected: tuple[str, ...]) -> None:
    assert with_pin(words, "a b") == expected
