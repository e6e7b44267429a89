from __future__ import annotations

import pytest

from bttop.script.language.reader import AttachPoint, Script, read
from bttop.script.messages.missing_hooks import Missing, is_about_missing, refuses_attach_points, told_missing

TWO = "uprobe:/bin/x:foo, u:/bin/x:fooo"


def points(text: str) -> tuple[AttachPoint, ...]:
    found = read(text)
    assert isinstance(found, Script)
    return found.points


def named(attach: str, *lines: str) -> tuple[str, ...]:
    text = f"{attach} {{ @n = count(); }}"
    assert not [line for line in lines if not is_about_missing(line)]
    return tuple(one.point for one in told_missing(lines, text, points(text)))


@pytest.mark.parametrize(
    ("attach", "line", "point"),
    [
        ("k:a, t:b:c", "WARNING: could not attach probe kprobe:a, skipping.", "k:a"),
        (TWO, "WARNING: Could not resolve symbol: /bin/x:fooo, skipping probe.", "u:/bin/x:fooo"),
        ("kfunc:a, kfunc:b", "WARNING: No BTF found for b, skipping.", "kfunc:b"),
        ("t:b:c, t:b:d", "stdin:1:1-2: WARNING: tracepoint not found: b:d", "t:b:d"),
        ("t:b:c, t:b:d", "open(/sys/kernel/tracing/events/b/d/id): No such file or directory", "t:b:d"),
        (TWO, "stdin:1:20-33: ERROR: No matches for uprobe /bin/x:fooo.", "u:/bin/x:fooo"),
        (TWO, "stdin:1:20-33: WARNING: No matches for uprobe /bin/x:fooo. Skipping.", "u:/bin/x:fooo"),
        ("h:cpu-cycles:9", "ERROR: Unable to attach probe: hardware:cpu-cycles:9.", "h:cpu-cycles:9"),
        ("h:cpu-cycles:9", "WARNING: Unable to attach probe: hardware:cpu-cycles:9. Skipping.", "h:cpu-cycles:9"),
        ("k:v*, k:w", "WARNING: could not attach probe kprobe:vfs, skipping.", "kprobe:vfs"),
    ],
)
def test_each_message_is_understood_in_the_scripts_own_words(attach: str, line: str, point: str) -> None:
    assert named(attach, line) == (point,)


@pytest.mark.parametrize("place", ["1:1-33", "1-3"])
def test_a_probe_without_any_attach_point_names_all_of_them(place: str) -> None:
    said = (
        f"stdin:{place}: ERROR: Probe has no valid attach points. If this is expected, set the 'missing_probes' config"
    )
    assert named(TWO, f"{said} variable to 'warn'.") == ("uprobe:/bin/x:foo", "u:/bin/x:fooo")


def test_one_that_is_named_twice_is_missing_once() -> None:
    warning = "stdin:1:1-2: WARNING: tracepoint not found: b:d"
    assert named("t:b:c, t:b:d", warning, "open(/sys/kernel/tracing/events/b/d/id): No such file") == ("t:b:d",)


def test_the_reason_is_bpftraces_own() -> None:
    (found,) = told_missing(
        ["stdin:1:1-9: ERROR: No matches for kprobe a."], "kprobe:a { }", points("kprobe:a { @ = 1; }")
    )
    assert found == Missing("kprobe:a", "No matches for kprobe a")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ERROR: failed to detach probe: kprobe:a",
        "stdin:1:1-9: ERROR: syntax error",
        "@x: 3",
        "stdin:9:9-9: ERROR: x",
    ],
)
def test_other_lines_name_nothing(line: str) -> None:
    assert told_missing([line], "kprobe:a { }", points("kprobe:a { @ = 1; }")) == ()


@pytest.mark.parametrize(
    ("line", "refuses"),
    [
        ("ERROR: Error attaching probe: 'kprobe:vfs_read'", True),
        ("ERROR: Could not resolve symbol: /bin/x:fooo, cannot attach probe.", True),
        ("ERROR: Probe does not exist: rawtracepoint:sched_swich", True),
        ("ERROR: Failed to compile: Failed to find usdt probe: usdt:/bin/x:a:b", True),
        ("ERROR: Can't attach to 1114 probes because it exceeds the current limit of 512 probes.", True),
        ("FATAL: Invalid probe type made it to attachpoint parser", True),
        ("ERROR: Unable to attach probe: hardware:cache-misses:100000.", True),
        ("  what():  No more HW registers left", True),
        ("No probes to attach", True),
        ("WARNING: Unable to attach probe: hardware:cache-misses:100000. Skipping.", False),
        ("ERROR: Error loading program: kprobe:vfs_read", False),
    ],
)
def test_an_end_for_the_sake_of_an_attach_point_is_told_from_others(line: str, refuses: bool) -> None:
    assert refuses_attach_points([line]) is refuses
