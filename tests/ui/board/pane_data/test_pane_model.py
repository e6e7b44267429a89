"""What a pane shows of a script with several interval blocks, and of what a script prints itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bttop.engine.generation.source import Settings
from bttop.engine.request.questions import sources_of
from bttop.paths import shipped
from bttop.script.library.probe_files import Library, ProbeFile
from bttop.script.process.pin import Pin
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_data.subject import Subject
from bttop.ui.board.pane_frame import draw_pane
from bttop.ui.dialogs.state_page import state_lines
from bttop.ui.render.spans import plain
from bttop.ui.views.base import ViewChoice
from tests.ui.board.test_pane_frame import frame
from tests.ui.scenes import FakeEngine, printed_name, text_of

COUNT = "kprobe:f { @fast[comm] = count(); @slow[comm] = count(); }\n"
TWO = COUNT + "i:s:1 { print(@fast); clear(@fast); }\ni:s:20 { print(@slow); clear(@slow); }\n"
AT_END = 'kprobe:f { @slow[comm] = count(); }\nEND { print(@slow, 1); printf("bye\\n"); }\n'
PRINTED = "@slow (printed)"


class Script:
    """A script whose lines a test writes."""

    def __init__(self, text: str) -> None:
        self.fake = FakeEngine()
        self.program = self.fake.add("script", text)
        self.fake.attach(self.program)
        self.model = PaneModel(self.program)

    def say(self, seconds: float, *records: object, mark: str = "a", number: int = 1, last: bool = False) -> Script:
        """Let time pass, then print records and a heartbeat."""
        self.fake.now += round(seconds * 1e9)
        numbers = [self.program.plan.heartbeats.index(mark), number, self.fake.now, *([1] if last else [])]
        self.fake.say(self.program, *records, {"type": "value", "data": [self.program.plan.nonce, numbers]})
        self.model.advance()
        return self

    def subject(self, name: str) -> Subject:
        return next(one for one in self.model.subjects() if one.map == name)

    def rule(self, name: str, later: float = 0.0) -> str:
        now = self.fake.now + round(later * 1e9)
        return plain(draw_pane(self.model, self.subject(name), ViewChoice(), frame(), now).lines[0])


def counted(name: str, value: int) -> dict[str, object]:
    return {"type": "map", "data": {name: {"java": value}}}


def two_blocks() -> Script:
    script = Script(TWO)
    for second in range(1, 21):
        script.say(1, counted("@fast", second), number=second)
    return script.say(0, counted("@slow", 400), mark="b").say(1, counted("@fast", 21), number=21)


def test_each_map_is_shown_with_the_length_of_its_own_interval() -> None:
    model = two_blocks().model
    found = {name: (model.data(name).rows, model.flush_of(name)) for name in ("@fast", "@slow")}
    assert {name: rows for name, (rows, _) in found.items()} == {"@fast": {"java": 21}, "@slow": {"java": 400}}
    assert [round(flush.seconds) for _, flush in found.values() if flush is not None] == [1, 20]
    assert [one.map for one in model.subjects()] == ["@fast", "@slow"]


@pytest.mark.parametrize(("name", "later", "is_old"), [("@fast", 5, True), ("@slow", 25, False), ("@slow", 35, True)])
def test_a_flush_is_old_when_the_next_one_of_its_own_interval_is_missing(name: str, later: float, is_old: bool) -> None:
    assert ("old" in two_blocks().rule(name, later)) is is_old


def test_the_state_page_has_every_interval() -> None:
    assert "1 s, 20 s" in text_of(state_lines(two_blocks().model, 78))


def test_a_script_that_prints_every_twenty_seconds_is_not_silent() -> None:
    script = Script(COUNT + "i:us:20_000_000 { print(@slow); clear(@slow); print(@fast); }\n")
    for _ in range(60):
        script.fake.tick(1)
    script.model.advance()
    assert script.program.status.state.value == "attached"
    assert script.model.status.interval_ns == 20_000_000_000


def test_what_end_printed_is_shown_first_and_stays() -> None:
    script = Script(AT_END).say(1, counted("@__bt_a1", 5))
    assert [one.map for one in script.model.subjects()] == ["@slow"]
    end = (counted("@slow", 9), {"type": "printf", "data": "bye\n"}, counted("@__bt_a0", 4))
    script.say(0.1, *end, number=2, last=True)
    script.fake.end(script.program, 0)
    script.model.advance()
    assert script.model.data(PRINTED).rows == {"java": 9}
    assert script.model.data("@slow").rows == {"java": 5}
    assert [one.map for one in script.model.subjects()] == [PRINTED, "", "@slow"]
    assert script.model.log.lines == ["bye"]


def test_what_end_printed_is_shown_first_if_several_blocks_end() -> None:
    script = Script(AT_END + "i:s:20 { print(@fast); clear(@fast); }\nkprobe:g { @fast[comm] = count(); }\n")
    script.say(1, counted("@__bt_a1", 5)).say(0.1, counted("@slow", 9), number=2, last=True)
    script.say(0, counted("@fast", 3), mark="b", last=True)
    assert script.model.subjects()[0].map == PRINTED


def test_what_was_printed_on_a_signal_stays_when_the_next_flush_comes() -> None:
    script = Script("kprobe:f { @slow[comm] = count(); }\nt:signal:signal_generate { print(@slow); }\n")
    script.say(1, counted("@slow", 7), counted("@__bt_a1", 5)).say(1, counted("@__bt_a0", 6), number=2)
    assert script.model.data(PRINTED).rows == {"java": 7}
    assert script.model.data("@slow").rows == {"java": 6}
    assert [one.map for one in script.model.subjects()] == ["@slow", PRINTED]
    assert "5s old" in script.rule(PRINTED, later=4)


def library_plans() -> Iterator[tuple[str, PaneModel]]:
    """A model for each probe file of the library whose program has printed an empty flush."""
    for probe in Library.load([shipped("probes")]).probes:
        fake = FakeEngine()
        program = fake.engine.add(probe.path.stem, sources_of(Library(), probe), Settings())
        fake.attach(program)
        fake.flush(program)
        model = PaneModel(program)
        model.advance()
        yield probe.path.stem, model


def test_no_two_views_of_a_probe_of_the_library_have_the_same_name_and_none_is_a_second_list_of_stacks() -> None:
    for name, model in library_plans():
        labels = [subject.label for subject in model.subjects()]
        assert len(set(labels)) == len(labels), (name, labels)
        for subject in model.subjects():
            kinds = {column.kind for column in model.data(subject.map).plan.columns}
            if "stack" in kinds and subject.view is not None:
                assert subject.view.name in ("flame", "stacks"), (name, subject.label)


@pytest.mark.parametrize(("pin", "first"), [(None, "@out"), (Pin(pids=(7,)), "@run"), (Pin(comm="java"), "@run")])
def test_a_pinned_program_shows_first_the_map_that_is_about_the_pinned_process(pin: Pin | None, first: str) -> None:
    library = Library.load([shipped("probes")])
    for name in ("sched_switch", "sched_switch_tracepoint"):
        probe = library.find(name)
        assert isinstance(probe, ProbeFile)
        fake = FakeEngine()
        program = fake.engine.add(name, sources_of(Library(), probe), Settings(pin=pin))
        fake.attach(program)
        fake.flush(program)
        model = PaneModel(program)
        model.advance()
        assert model.subjects()[0].map == first


def test_stacks_that_are_values_have_the_views_of_stacks() -> None:
    script = Script("profile:hz:99 { @last[pid] = kstack; }")
    rows = {"7": "\n        vfs_read+1\n        ksys_read+2\n", "8": "", "9": "\n"}
    name = printed_name(script.program, "@last")
    for number in (1, 2):
        script.say(1.0, {"type": "map", "data": {name: rows}}, number=number)
    assert [one.view.name for one in script.model.subjects() if one.view is not None] == ["flame", "stacks"]
    lines = draw_pane(script.model, script.subject("@last"), ViewChoice(), frame(), script.fake.now).lines
    assert "67 % no frames" in text_of(lines) and "ksys_read" in text_of(lines) and "/s" not in plain(lines[0])
    assert script.model.data("@last").plan.columns[-1].title == "kstack"
