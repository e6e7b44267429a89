"""What does not exist is an error or a badge, never a zero: every kind of attach point, by release.

The lines of data/hooks.json were printed by bpftrace 0.17, 0.23 and 0.27 on a kernel without kprobes, BPF trampolines
and hardware counters (those of `ELSEWHERE`: by 0.23 on a kernel that has the first two), started as bttop starts them.
`run` is a start up to 0.23; from 0.24 `strict` is one that is refused where an attach point is missing, `despite` one
that is not, and `rest` the same without the maps that nothing fills. `listed` is how many lines `bpftrace -l` prints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bttop.engine.generation.generation import Generation
from bttop.engine.program.status import ProgramState
from bttop.model.record.release import Release
from bttop.script.language.reader import Script, read
from bttop.script.messages.missing_hooks import is_hook
from tests.engine.stage import NEW, OLD, Stage, change, complaint, source, state

DATA = json.loads((Path(__file__).parents[1] / "data" / "hooks.json").read_text())
APP = "/tmp/bttop-hooks/app"
"""The program that was traced; it has the functions foo and bar, and the USDT probe app:tick."""
MIDDLE = Release(0, 23)
RELEASES = {"0.17": OLD, "0.23": MIDDLE, "0.27": NEW}

ERROR, BADGE = "error", "badge"
TABLE = {
    "tracepoint, misspelt": (ERROR, ERROR, ERROR),
    "tracepoint, absent": (ERROR, ERROR, ERROR),
    "tracepoint, partly": (BADGE, BADGE, BADGE),
    "tracepoint wildcard, none": (ERROR, ERROR, ERROR),
    "tracepoint wildcard, partly": (ERROR, ERROR, BADGE),
    "rawtracepoint, misspelt": (ERROR, ERROR, ERROR),
    "rawtracepoint, partly": (ERROR, ERROR, ERROR),
    "kprobe, misspelt": (ERROR, ERROR, ERROR),
    "kprobe, absent": (ERROR, ERROR, ERROR),
    "kprobe, partly": (BADGE, BADGE, BADGE),
    "kprobe, all of two": (ERROR, ERROR, ERROR),
    "kprobe wildcard, none": (ERROR, ERROR, ERROR),
    "kprobe wildcard, partly": (BADGE, BADGE, BADGE),
    "kretprobe, absent": (ERROR, ERROR, ERROR),
    "kretprobe, partly": (BADGE, BADGE, BADGE),
    "fentry, misspelt": (ERROR, ERROR, ERROR),
    "fentry, absent": (ERROR, ERROR, ERROR),
    "fentry, partly": (ERROR, ERROR, BADGE),
    "fexit, absent": (ERROR, ERROR, ERROR),
    "uprobe, misspelt": (ERROR, ERROR, ERROR),
    "uprobe, no such file": (ERROR, ERROR, ERROR),
    "uprobe, no such library": (ERROR, ERROR, ERROR),
    "uprobe, partly": (BADGE, BADGE, BADGE),
    "uprobe, partly by file": (ERROR, ERROR, ERROR),
    "uprobe, partly by probe": (BADGE, ERROR, BADGE),
    "uprobe, all of two": (ERROR, ERROR, ERROR),
    "uprobe wildcard, none": (ERROR, ERROR, ERROR),
    "uprobe wildcard, partly": (BADGE, BADGE, BADGE),
    "uprobe wildcard, beside a misspelt one": (BADGE, BADGE, BADGE),
    "uretprobe, misspelt": (ERROR, ERROR, ERROR),
    "uretprobe, partly": (BADGE, BADGE, BADGE),
    "usdt, misspelt": (ERROR, ERROR, ERROR),
    "usdt, no such provider": (ERROR, ERROR, ERROR),
    "usdt of any provider, misspelt": (ERROR, ERROR, ERROR),
    "usdt, no such file": (ERROR, ERROR, ERROR),
    "usdt, partly": (ERROR, ERROR, BADGE),
    "usdt wildcard, none": (ERROR, ERROR, ERROR),
    "usdt wildcard, partly": (BADGE, BADGE, BADGE),
    "software, misspelt": (ERROR, ERROR, ERROR),
    "software, partly": (ERROR, ERROR, ERROR),
    "hardware, misspelt": (ERROR, ERROR, ERROR),
    "hardware, absent": (ERROR, ERROR, ERROR),
    "hardware, partly": (ERROR, ERROR, BADGE),
    "profile, misspelt": (ERROR, ERROR, ERROR),
    "profile, partly": (ERROR, ERROR, ERROR),
    "interval, misspelt": (ERROR, ERROR, ERROR),
    "watchpoint, misspelt": (ERROR, ERROR, ERROR),
    "watchpoint, more than there are": (ERROR, ERROR, BADGE),
    "iter, misspelt": (ERROR, ERROR, ERROR),
    "iter, absent": (ERROR, ERROR, ERROR),
    "signal, misspelt": (ERROR, ERROR, ERROR),
    "no such provider": (ERROR, ERROR, ERROR),
}
ELSEWHERE = {
    "kprobe, misspelt, with kprobes": ERROR,
    "kprobe, partly, with kprobes": BADGE,
    "kprobe wildcard, partly, with kprobes": BADGE,
    "fentry, partly, with trampolines": BADGE,
    "fentry wildcard, none, with trampolines": ERROR,
}


class Played(Stage):
    """A program whose bpftraces print what real ones have printed."""

    def __init__(self, cell: str, release: str) -> None:
        recorded = DATA[cell][release]
        super().__init__(source(f"{_named(DATA[cell]['point'])} {{ @n = count(); }}"), release=RELEASES[release])
        self._recorded: Mapping[str, Any] = recorded
        self._lists = {_named(point): found for point, found in recorded["listed"].items() if found is not None}
        self._play()

    def _play(self) -> None:
        """Start, and go on until nothing more is started or asked."""
        self.start()
        played = 0
        while played < len(self.launched):
            generation, played = self.launched[played], played + 1
            run = self._run(generation.candidate.all_probes, played)
            for stream, line in run["lines"]:
                self.line(generation, _counted(line, own_probes(generation)).encode(), stream)
            if run["code"] is not None:
                self.exit(generation, run["code"])
            for points in self.take_lists():
                self.answer_list({point: self._lists[point] for point in points if point in self._lists})

    def _run(self, strict: bool, played: int) -> Mapping[str, Any]:
        runs = self._recorded
        key = "rest" if played > 2 and "rest" in runs else "strict" if strict else "despite"
        found: Mapping[str, Any] = runs.get("run") or runs[key]
        return found


def _named(point: str) -> str:
    return point.replace("APP", APP)


def own_probes(generation: Generation) -> int:
    """How many attach points of a text are always there: BEGIN, END, intervals."""
    script = read(generation.candidate.prepared.text)
    assert isinstance(script, Script)
    return sum(not is_hook(point) for point in script.points)


def _counted(line: str, own: int) -> str:
    """The recorded texts had one interval beside the attach points at hand."""
    return re.sub(r'("count"|"probes"): (\d+)', lambda found: f"{found[1]}: {int(found[2]) - 1 + own}", line)


def outcome(stage: Stage) -> str:
    if state(stage) is ProgramState.FAILED:
        return ERROR if complaint(stage) else "failed without a reason"
    told = any(badge.text.startswith("not attached: ") and badge.why for badge in stage.program.status.badges)
    return BADGE if told else f"{state(stage)} without a word"


CASES = [(cell, release, said) for cell, row in TABLE.items() for release, said in zip(RELEASES, row, strict=True)]


@pytest.mark.parametrize(("cell", "release", "said"), CASES)
def test_what_does_not_exist_is_an_error_or_a_badge(cell: str, release: str, said: str) -> None:
    assert outcome(Played(cell, release)) == said


@pytest.mark.parametrize(("cell", "said"), ELSEWHERE.items())
def test_where_the_kernel_has_the_other_hooks_as_well(cell: str, said: str) -> None:
    assert outcome(Played(cell, "0.23")) == said


def test_every_recorded_cell_is_in_the_table() -> None:
    assert set(DATA) == set(TABLE) | set(ELSEWHERE)


@pytest.mark.parametrize(("cell", "release", "said"), CASES)
def test_a_reason_names_what_is_missing(cell: str, release: str, said: str) -> None:
    stage = Played(cell, release)
    words = [complaint(stage)] if said == ERROR else [badge.text for badge in stage.program.status.badges]
    names = set(_names(_named(DATA[cell]["point"])))
    nameless = (
        "raw tracepoints",
        "Invalid probe type",
        "Can't attach to",
        "no valid attach points",
        "watchpoint",
        "not available",
    )
    assert any(name in word for word in words for name in (*names, *nameless)) or "SIGABRT" in words[0]


def _names(points: str) -> list[str]:
    """The words by which bpftrace could name the attach points."""
    rests = [point.partition(":")[2].split(" ")[0] for point in points.replace("} ", ",").split(",")]
    return [word for rest in rests for word in (rest, rest.split(":")[0], rest.rpartition(":")[2])]


NOT_FOO = f"uprobe:{APP}:fooo"
SOME = f"uprobe:{APP}:foo,{NOT_FOO} {{ @n = count(); }}"
NONE = f"{NOT_FOO} {{ @n = count(); }}"
FALLBACK = source("tracepoint:a:b { @n = count(); }", "other.bt")


def started(stage: Stage, hooks: int) -> Stage:
    """bpftrace counts its probes, so many of them for hooks, and is ready."""
    stage.attached(stage.last, hooks + own_probes(stage.last))
    stage.ready(stage.last)
    return stage


def badge(stage: Stage) -> str:
    return next((one.text for one in stage.program.status.badges if one.text.startswith("not attached")), "")


def test_it_is_over_before_the_first_zero() -> None:
    stage = started(Stage(source(NONE)).start(), 0)
    assert state(stage) is ProgramState.FAILED
    assert complaint(stage) == f"calls.bt: bpftrace attached none of its probes: {NOT_FOO}"
    assert list(stage.stopped) == [1]
    stage.beat(stage.last, {"@n": 0})
    assert stage.shown == []
    stage.exit(stage.last, 0)
    assert state(stage) is ProgramState.FAILED


def test_the_two_outputs_may_overtake_each_other() -> None:
    stage = Stage(source(NONE)).start()
    stage.ready(stage.last)
    assert state(stage) is ProgramState.ATTACHED
    stage.attached(stage.last, own_probes(stage.last))
    assert state(stage) is ProgramState.FAILED


def test_a_message_that_comes_after_all_is_attached_counts() -> None:
    stage = Stage(source("kprobe:a, kprobe:b { @n = count(); }"), release=MIDDLE).start()
    stage.ready(stage.last)
    stage.complain(stage.last, "WARNING: could not attach probe kprobe:a, skipping.")
    assert badge(stage) == "not attached: kprobe:a"
    stage.complain(stage.last, "WARNING: could not attach probe kprobe:b, skipping.")
    assert state(stage) is ProgramState.FAILED


def test_another_file_takes_over_where_nothing_was_attached() -> None:
    stage = started(Stage(source(NONE), FALLBACK).start(), 0)
    assert stage.last.candidate.source.name == "other.bt"
    assert len(stage.launched) == 2, "the same text without edits attaches nothing either"


def test_an_edit_that_attaches_nothing_leaves_the_old_one_running() -> None:
    stage = Stage()
    stage.go_live()
    stage.program.reload((source(NONE),), stage.now)
    started(stage, 0)
    assert stage.living == [1]
    assert state(stage) is ProgramState.LIVE
    assert "attached none of its probes" in complaint(stage)


def test_an_edit_of_which_some_is_attached_shows_the_badge_when_it_takes_over() -> None:
    stage = Stage()
    stage.go_live()
    stage.program.reload((source(SOME),), stage.now)
    started(stage, 1)
    stage.answer_list({NOT_FOO: 0})
    assert badge(stage) == ""
    stage.beat(stage.last, {"@n": 1})
    assert badge(stage) == f"not attached: {NOT_FOO}"


def test_names_are_asked_for_only_where_some_are_missing() -> None:
    stage = started(Stage(source(SOME)).start(), 2)
    assert stage.take_lists() == []
    assert badge(stage) == ""


def test_while_names_are_asked_for_nothing_is_said_and_without_an_answer_the_number_is() -> None:
    stage = started(Stage(source(SOME)).start(), 1)
    assert badge(stage) == ""
    assert stage.take_lists() == [(f"uprobe:{APP}:foo", NOT_FOO)]
    stage.answer_list({})
    assert badge(stage) == "not attached: 1 of 2 attach points"
    assert stage.take_lists() == []


FUNCTIONS = "kprobe:a, kprobe:b { @n = count(); }"


def test_without_an_answer_it_is_said_that_nobody_knows() -> None:
    stage = started(Stage(source(FUNCTIONS), release=MIDDLE).start(), 2)
    assert list(stage.program.unchecked) == ["kprobe:a", "kprobe:b"]
    stage.answer_list({"kprobe:a": 1})
    assert not list(stage.program.unchecked)
    (found,) = stage.program.status.badges
    assert found.text == "attach points not checked"
    assert found.why.startswith("bpftrace -l gave no answer about kprobe:b;")


@pytest.mark.parametrize("end", ["finish", "exit"])
def test_what_ends_before_the_answer_stays_unchecked(end: str) -> None:
    stage = started(Stage(source(FUNCTIONS), release=MIDDLE).start(), 2)
    stage.beat(stage.last, {"@n": 0})
    if end == "finish":
        stage.program.finish()
    stage.exit(stage.last, 0)
    stage.answer_list({"kprobe:a": 1, "kprobe:b": 0} if end == "finish" else {})
    assert stage.program.unchecked == ("kprobe:a", "kprobe:b")


def test_what_is_replaced_before_the_answer_is_of_no_interest() -> None:
    stage = started(Stage(source(FUNCTIONS), release=MIDDLE).start(), 2)
    stage.beat(stage.last, {"@n": 0})
    stage.program.reload((source("kprobe:a { @n = count(); }"),), stage.now)
    started(stage, 1)
    stage.beat(stage.last, {"@n": 1})
    stage.answer_list({"kprobe:a": 1})
    assert stage.program.unchecked == ()
    assert badge(stage) == ""


def test_many_names_are_counted_on_the_rule_and_told_in_full_on_demand() -> None:
    points = ", ".join(f"kprobe:f{number}" for number in range(6))
    stage = Stage(source(f"{points} {{ @n = count(); }}")).start()
    for number in range(5):
        stage.complain(stage.last, f"WARNING: could not attach probe kprobe:f{number}, skipping.")
    stage.ready(stage.last)
    (found,) = stage.program.status.badges
    assert found.text == "not attached: kprobe:f0, kprobe:f1, kprobe:f2 and 2 more"
    assert "kprobe:f4: could not attach probe kprobe:f4" in found.why


@pytest.mark.parametrize(
    "text",
    [
        "tracepoint:a:b { @n = count(); }",
        "BEGIN { @x = 1; } interval:s:1 { @n = count(); }",
        f"uprobe:{APP}:foo {{ @n = count(); }}",
        f"uprobe:{APP}:f* {{ @n = count(); }} interval:s:5 {{ @m = count(); }}",
        "profile:hz:9, tracepoint:a:b { @n = count(); } END { @z = 1; }",
    ],
)
@pytest.mark.parametrize("release", RELEASES.values(), ids=str)
def test_where_all_is_attached_nothing_is_said_or_asked(text: str, release: Release) -> None:
    stage = Stage(source(text), release=release).start()
    started(stage, text.count("uprobe:") + text.count("tracepoint:") + text.count("profile:"))
    assert state(stage) is ProgramState.ATTACHED
    assert badge(stage) == ""
    assert stage.take_lists() == []


# From 0.24 on, bpftrace names at first all that is missing, and is then told to go on.

REFUSAL = f"stdin:1:33-65: ERROR: No matches for {NOT_FOO.replace(':', ' ', 1)}."


def test_it_is_refused_first_and_runs_with_a_badge_then() -> None:
    stage = Stage(source(SOME), release=NEW).start()
    stage.refuse(stage.last, REFUSAL)
    assert [one.candidate.all_probes for one in stage.launched] == [True, False]
    assert stage.last.candidate.edited
    started(stage, 1)
    stage.beat(stage.last, {"@n": 1})
    assert badge(stage) == f"not attached: {NOT_FOO}"
    assert complaint(stage) == ""


def test_what_has_a_fallback_is_given_up_for_it() -> None:
    stage = Stage(source(SOME), FALLBACK, release=NEW).start()
    while stage.last.candidate.source.name != "other.bt":
        stage.refuse(stage.last, REFUSAL)
    assert all(one.candidate.all_probes for one in stage.launched)


def test_under_other_settings_it_is_not_refused_again() -> None:
    stage = Stage(source(SOME), release=NEW).start()
    stage.refuse(stage.last, REFUSAL)
    started(stage, 1)
    stage.beat(stage.last)
    change(stage)
    assert not stage.last.candidate.all_probes
    assert badge(stage) == f"not attached: {NOT_FOO}"


def test_a_release_that_does_not_obey_is_not_asked_for_ever() -> None:
    stage = Stage(source(SOME), release=NEW).start()
    while state(stage) is not ProgramState.FAILED:
        stage.refuse(stage.last, REFUSAL)
    assert len(stage.launched) == 4


def test_what_failed_without_a_name_is_counted() -> None:
    text = "hardware:cache-misses:1, hardware:branch-misses:1, tracepoint:a:b { @n = count(); }"
    stage = Stage(source(text), release=NEW).start()
    stage.refuse(stage.last, "ERROR: Unable to attach probe: hardware:cache-misses:1.", 255)
    started(stage, 1)
    assert badge(stage) == "not attached: hardware:cache-misses:1 and 1 more"
