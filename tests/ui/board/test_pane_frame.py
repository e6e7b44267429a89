"""The face of a pane: rule, trouble, badges and view, drawn from programs whose bpftrace the test speaks for."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.engine.generation.badge import Badge, Complaint
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState
from bttop.model.flush.caveat_words import CAVEAT_TEXTS
from bttop.script.process.pin import Pin
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_frame import STATE_WORDS, FrameState, PaneFrame, draw_pane
from bttop.ui.dialogs.state_page import state_lines
from bttop.ui.render.spans import ASCII, UNICODE, line_width, plain
from bttop.ui.views.base import ViewChoice
from tests.ui.scenes import FakeEngine, calls, printed_name, text_of

CALLS = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }"
TWO_MAPS = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); @size = hist(args.id); }"
PRINTS = 'tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); printf("%s\\n", comm); }'
ROWS = {"18421,java": 300, "9112,nginx": 200, "842,dd": 100}
SYNTAX_ERROR = (
    "stdin:1:46-51: ERROR: Unknown function: cuont",
    "tracepoint:raw_syscalls:sys_enter { @calls = cuont(); }",
    "                                             ~~~~~",
)


def frame(width: int = 80, height: int = 12, **more: object) -> FrameState:
    standard = FrameState(1, width, height, focused=True, divided=False, below=False, glyphs=UNICODE)
    return replace(standard, **more)


class Pane:
    """A program, what follows it, and its face."""

    def __init__(self, text: str = CALLS, name: str = "calls") -> None:
        self.fake = FakeEngine()
        self.program: Program = self.fake.add(name, text)
        self.model = PaneModel(self.program)

    def flush(self, *records: object, seconds: float = 1.0) -> Pane:
        """One more interval with these records."""
        self.fake.flush(self.program, *records, seconds=seconds)
        return self

    def live(self) -> Pane:
        """Attached, with one flush."""
        self.fake.attach(self.program)
        return self.flush(calls(self.program, ROWS))

    def face(self, frame_: FrameState | None = None, choice: ViewChoice | None = None, later: float = 0.0) -> PaneFrame:
        """The face of now, or of a moment later."""
        self.model.advance()
        now = self.fake.now + round(later * 1e9)
        return draw_pane(self.model, self.model.subjects()[0], choice or ViewChoice(), frame_ or frame(), now)

    def text(self, frame_: FrameState | None = None, choice: ViewChoice | None = None, later: float = 0.0) -> str:
        """The face's text."""
        return text_of(self.face(frame_, choice, later).lines)

    def rule(self, frame_: FrameState | None = None, choice: ViewChoice | None = None, later: float = 0.0) -> str:
        """The first line."""
        return plain(self.face(frame_, choice, later).lines[0])


def test_a_live_pane_has_its_rule_and_its_rows() -> None:
    rule, heading, first, *_ = Pane().live().text().split("\n")
    assert rule.startswith("━1 calls ━")
    assert rule.endswith(" 600/s ━")
    assert heading.split()[:3] == ["/s▾", "pid", "comm"]
    assert first.split()[:3] == ["300", "18421", "java"]


@pytest.mark.parametrize(
    ("counts", "badge"),
    [
        (b"3821 1179", " 3,821 skipped events (76 %) "),
        (b"4 9996", "4 skipped events (0.0 %)"),
        (b"12", "12 skipped events "),
    ],
)
def test_skipped_events_stand_on_the_rule_with_their_number_and_share(counts: bytes, badge: str) -> None:
    pane = Pane().live()
    pane.fake.skip(pane.program, counts)
    pane.flush(calls(pane.program, ROWS))
    assert badge in pane.rule()
    lines = text_of(state_lines(pane.model, 200))
    assert badge.strip() in lines
    assert CAVEAT_TEXTS["skipped events"][:40] in lines
    assert "skipped" not in pane.flush(calls(pane.program, ROWS)).rule()


SPAN = st.integers(60, 240)


@settings(max_examples=40)
@given(
    SPAN, st.integers(1, 30), st.booleans(), st.booleans(), st.sampled_from([UNICODE, ASCII]), st.sampled_from("abcdef")
)
def test_every_line_has_exactly_the_width_in_every_state(
    width: int, height: int, divided: bool, held: bool, glyphs: object, state: str
) -> None:
    pane = Pane(TWO_MAPS if state == "a" else PRINTS if state == "b" else CALLS, "名" * 9 if state == "c" else "calls")
    if state in "abc":
        pane.live()
    if state == "d":
        pane.fake.complain(pane.program, *SYNTAX_ERROR)
        pane.fake.end(pane.program, 1)
    if state == "e":
        pane.live().fake.tick(20)
    face = pane.face(frame(width, height, divided=divided, held=held, glyphs=glyphs))
    assert len(face.lines) == height
    assert {line_width(line) for line in face.lines} == {width}


@pytest.mark.parametrize(
    ("focused", "divided", "below", "start"),
    [
        (True, False, False, "━1 calls ━"),
        (False, False, False, "─1 calls ─"),
        (False, True, False, "┬─1 calls ─"),
        (True, True, True, "┼━1 calls ━"),
    ],
)
def test_the_rule_tells_focus_and_place(focused: bool, divided: bool, below: bool, start: str) -> None:
    assert Pane().live().rule(frame(focused=focused, divided=divided, below=below)).startswith(start)


def test_a_divided_pane_has_a_divider_on_every_line() -> None:
    assert all(line.startswith("│") for line in Pane().live().text(frame(divided=True)).split("\n")[1:])


def test_what_happens_before_the_first_flush_is_said() -> None:
    pane = Pane()
    assert "compiling and attaching" in pane.text()
    assert "starting" in pane.rule()
    pane.fake.attach(pane.program)
    assert "waiting for the first flush" in pane.text()
    assert "no events yet" in pane.rule()


def test_an_interval_without_events_says_so_and_keeps_its_headings() -> None:
    face = Pane().live().flush().face()
    assert "nothing happened in this interval" in text_of(face.lines)
    assert [column.title for column in face.drawing.sorts] == ["/s", "pid", "comm"]


def test_a_filter_that_nothing_passes_says_so() -> None:
    pane = Pane().live()
    assert "no row contains “mysql”" in pane.text(choice=ViewChoice(needle="mysql"))
    assert "/mysql " in pane.rule(choice=ViewChoice(needle="mysql"))


def test_an_error_is_shown_with_its_line_and_caret() -> None:
    pane = Pane("tracepoint:raw_syscalls:sys_enter { @calls = cuont(); }")
    while pane.program.status.state is not ProgramState.FAILED:
        pane.fake.complain(pane.program, *SYNTAX_ERROR)
        pane.fake.end(pane.program, 1)
    text = pane.text()
    assert "failed" in pane.rule()
    assert "Unknown function" in text
    lines = text.split("\n")
    source = next(n for n, line in enumerate(lines) if "cuont();" in line)
    assert set(lines[source + 1].strip()) <= {"^", "~"}
    assert lines[source + 1].strip()


def test_a_mark_far_to_the_right_stays_in_sight() -> None:
    text = "tracepoint:raw_syscalls:sys_enter { " + "@filler = count(); " * 8 + "@calls = cuont(); }"
    column = text.index("cuont") + 1
    pane = Pane(text)
    while pane.program.status.state is not ProgramState.FAILED:
        pane.fake.complain(
            pane.program,
            f"stdin:1:{column}-{column + 5}: ERROR: Unknown function: cuont",
            text,
            " " * (column - 1) + "~~~~~",
        )
        pane.fake.end(pane.program, 1)
    lines = pane.text(frame(40)).split("\n")
    mark = next(line for line in lines if line.strip() and set(line.strip()) <= {"^", "~"})
    source = lines[lines.index(mark) - 1]
    assert source[mark.index(mark.strip()[0]) :].startswith("cuont")


def test_trouble_takes_at_most_half_of_a_pane_that_has_data() -> None:
    pane = Pane().live()
    pane.fake.complain(pane.program, *[f"ERROR: something went wrong, part {n}" for n in range(30)])
    pane.fake.end(pane.program, -11)
    lines = pane.text(frame(height=12)).split("\n")
    assert "killed by SIGSEGV" in lines[1]
    assert any("more lines: B shows them" in line for line in lines)
    assert any("18421" in line for line in lines)


def test_below_its_first_row_the_rule_says_how_many_are_above() -> None:
    pane = Pane()
    pane.fake.attach(pane.program)
    rows = {f"{n},p{n:02}": 100 - n for n in range(30)}
    pane.flush(calls(pane.program, rows))
    last = ViewChoice(selected="29,p29", moved=True)
    assert pane.rule(frame(), last).startswith("━1 calls 20 above ━")
    assert " 21-30 of 30 " in pane.rule(frame(), last)
    assert " 25 above " in pane.rule(frame(24, 7), last)
    assert " 5 of 30 " in pane.rule(frame(80, 7))


def test_an_error_longer_than_its_pane_says_how_much_is_missing() -> None:
    pane = Pane()
    while pane.program.status.state is not ProgramState.FAILED:
        pane.fake.complain(pane.program, "ERROR: " + "very wrong " * 2000)
        pane.fake.end(pane.program, 1)
    assert "more lines: B shows them" in pane.text(frame(height=8)).split("\n")[-1]


@pytest.mark.parametrize(
    ("cells", "last"), [(50, "… 2 more lines: B shows them; x starts it again"), (40, "… 3 more: B; x starts it again")]
)
def test_what_is_cut_of_a_detached_program_keeps_the_key_that_starts_it(cells: int, last: str) -> None:
    pane = Pane().live()
    pane.program.hold(pane.fake.now, "limit exceeded: 3.4 % of 2 CPUs, budget 3 %; this one takes 2.8 % of a core" * 2)
    pane.fake.end(pane.program, 0)
    assert last in pane.text(frame(cells, 8))


def test_a_dead_program_says_when_it_starts_again() -> None:
    pane = Pane().live()
    pane.fake.end(pane.program, -9)
    assert "killed by SIGKILL; next start in 1 s" in pane.text()
    assert "down" in pane.rule()


def test_a_silent_program_says_so() -> None:
    pane = Pane().live()
    for _ in range(12):
        pane.fake.tick(1)
    assert pane.program.status.state is ProgramState.SILENT
    assert "silent" in pane.rule()
    assert "no heartbeat for" in pane.text()


def test_an_old_flush_says_its_age() -> None:
    pane = Pane().live()
    assert "old" not in pane.rule(later=1.0)
    assert "5s old" in pane.rule(later=5.0)


def test_of_what_is_detached_the_age_comes_before_the_last_rate() -> None:
    pane = Pane().live()
    pane.program._parts.statuses.status = replace(
        pane.program.status, state=ProgramState.HELD, reason="it took too much"
    )
    assert re.search(r"detached · 5s old · 600/s", pane.rule(later=5.0))


def test_a_held_pane_says_so() -> None:
    assert " held " in Pane().live().rule(frame(held=True))


def test_badges_that_do_not_fit_are_counted() -> None:
    pane = Pane().live()
    badges = tuple(Badge(f"caveat number {n}", "because") for n in range(6))
    pane.program._parts.statuses.status = replace(pane.program.status, badges=badges)
    assert "caveat number 5" in pane.rule(frame(240))
    narrow = pane.rule(frame(60))
    shown = narrow.count("caveat")
    assert f"+{6 - shown} " in narrow
    assert 0 < shown < 6


def test_the_rate_stays_when_badges_do_not() -> None:
    pane = Pane(name="a-rather-long-probe-name").live()
    pane.program._parts.statuses.status = replace(pane.program.status, badges=(Badge("x" * 60, "because"),))
    assert "600/s · +1" in pane.rule(frame(60))


def test_badges_by_which_a_number_is_missing_come_first_and_brief_where_room_is_short() -> None:
    pane = Pane(name="a-rather-long-probe-name").live()
    badges = (Badge("fallback", "why"), Badge("not attached: uprobe:/usr/lib/libc.so.6:fooo", "why"))
    pane.program._parts.statuses.status = replace(pane.program.status, badges=badges)
    assert "not attached: uprobe:/usr/lib/libc.so.6:fooo · 600/s · fallback" in pane.rule(frame(160))
    assert "not attached · 600/s · +1" in pane.rule(frame(60))
    pane.fake.say(pane.program, "garbage {")
    pane.flush(calls(pane.program, ROWS), '{"type": "map", "data": {"@calls": ')
    assert re.search(r"not attached · (damaged|lost messages) ", pane.rule(frame(80)))


def span_of(face: PaneFrame, text: str) -> str:
    """The role of the span of the rule that has this text."""
    return next(span.role for span in face.lines[0] if text in span.text)


def test_what_is_left_out_looks_like_a_badge_only_if_it_is_more_than_rate_and_cost() -> None:
    pane = Pane(name="a-rather-long-probe-name").live()
    assert span_of(pane.face(frame(36)), "+1") == "dim"
    pane.program._parts.statuses.status = replace(pane.program.status, badges=(Badge("x" * 60, "because"),))
    assert span_of(pane.face(frame(60)), "+1") == "badge"


@pytest.mark.parametrize("cells", [34, 36, 39, 44, 50])
def test_the_end_of_a_pinned_process_is_seen_in_a_narrow_pane(cells: int) -> None:
    pane = Pane(name="sched_switch").live()
    found = pane.rule(frame(cells, ended="ended 17:15:37: pid 24519"))
    assert re.search(r" ended( 17:15:37|( \S+)?…)", found), found
    assert len(found) == cells


def test_the_state_page_has_the_pin_and_when_its_process_ended() -> None:
    pane = Pane().live()
    pane.face()
    text = text_of(state_lines(pane.model, 80, "ended 17:15:37: pid 24519"))
    assert "ended 17:15:37; the pane keeps the flush before that; u unpins" in text


def test_the_state_page_explains_the_counted_caveats_of_earlier_flushes() -> None:
    pane = Pane().live()
    pane.flush(calls(pane.program, ROWS), seconds=4.0)
    pane.flush(calls(pane.program, ROWS))
    pane.face()
    assert pane.program.tally.lost_ticks
    assert not pane.model.caveats()
    text = " ".join(text_of(state_lines(pane.model, 80)).split())
    assert "lost ticks, in earlier flushes " + CAVEAT_TEXTS["lost ticks"][:40] in text


def test_rows_below_the_last_line_are_counted() -> None:
    rows = {f"{n},p{n}": n for n in range(41)}
    pane = Pane().live()
    pane.flush(calls(pane.program, rows))
    assert "6 of 41" in pane.rule(frame(height=8))


def test_merged_buckets_are_said_on_the_rule() -> None:
    pane = Pane("kprobe:vfs_read { @size = hist(arg2); }")
    pane.fake.attach(pane.program)
    found = [{"min": 2**n, "max": 2 ** (n + 1) - 1, "count": n + 1} for n in range(12)]
    pane.flush({"type": "hist", "data": {printed_name(pane.program, "@size"): found}})
    assert "2 buckets a row" in pane.rule(frame(height=9))


def test_a_wide_pane_shows_a_second_map_beside_the_first() -> None:
    pane = Pane(TWO_MAPS).live()
    found = [{"min": 1, "max": 1, "count": 5}]
    pane.flush(calls(pane.program, ROWS), {"type": "hist", "data": {printed_name(pane.program, "@size"): found}})
    wide, narrow = pane.text(frame(160)), pane.text(frame(80))
    assert "18421" in wide
    assert "p99" in wide
    assert "p99" not in narrow
    assert "calls 1/3" in narrow.split("\n")[0]


def test_a_pane_too_low_for_rows_keeps_what_was_chosen() -> None:
    chosen = ViewChoice(sort="pid", needle="java", selected="18421,java")
    assert Pane().live().face(frame(height=1), chosen).drawing.choice == chosen


def test_a_doubtful_flush_has_a_badge() -> None:
    pane = Pane().live()
    pane.fake.say(pane.program, "garbage {")
    pane.flush(calls(pane.program, ROWS), '{"type": "map", "data": {"@calls": ')
    assert "damaged" in pane.rule()


def test_what_is_printed_is_shown_as_a_log() -> None:
    pane = Pane('tracepoint:raw_syscalls:sys_enter { printf("%s\\n", comm); }')
    pane.fake.attach(pane.program)
    pane.flush({"type": "printf", "data": "java\n"}, {"type": "printf", "data": "\x1b[2Jdd\n"})
    text = pane.text()
    assert "java" in text
    assert "\\x1b[2Jdd" in text


def test_the_state_page_explains_every_badge_and_doubt() -> None:
    pane = Pane().live()
    pane.program._parts.statuses.status = replace(
        pane.program.status, badges=(Badge("caveat", "because of this and that"),)
    )
    pane.flush('{"type": "map", "data": {"@calls": ')
    pane.face()
    page = text_of(state_lines(pane.model, 78))
    assert "because of this and that" in page
    assert CAVEAT_TEXTS["damaged"][:40] in page
    assert "unreadable lines" in page
    assert "1 flushes" not in page


def test_the_state_page_of_an_exact_program_says_so() -> None:
    pane = Pane().live()
    pane.face()
    assert "No caveats" in text_of(state_lines(pane.model, 78))


HINT = "kprobe:vfs_read: tracepoint:syscalls:sys_enter_read reports about the same"


def test_the_state_page_offers_the_stable_tracepoint_of_a_kernel_function() -> None:
    pane = Pane("kprobe:vfs_read { @n = count(); }")
    pane.face()
    assert HINT in text_of(state_lines(pane.model, 160))


def test_a_refused_pane_offers_the_stable_tracepoint_below_the_reason() -> None:
    pane = Pane("kprobe:vfs_read { @n = count(); }")
    while pane.program.status.state is not ProgramState.FAILED:
        pane.fake.complain(pane.program, "ERROR: it failed")
        pane.fake.end(pane.program, 1)
    text = pane.text(frame(160))
    assert text.index("it failed") < text.index(HINT)


def test_a_pane_that_runs_shows_no_hint_beside_its_numbers() -> None:
    pane = Pane("kprobe:vfs_read { @calls[pid, comm] = count(); }").live()
    assert HINT not in pane.text(frame(160))


def test_the_state_page_shows_long_errors_in_full() -> None:
    pane = Pane()
    long = "ERROR: " + " ".join(f"word{n}" for n in range(100))
    while pane.program.status.state is not ProgramState.FAILED:
        pane.fake.complain(pane.program, "ERROR: it failed", long)
        pane.fake.end(pane.program, 1)
    pane.face()
    page = state_lines(pane.model, 78)
    assert max(line_width(line) for line in page) <= 78
    assert all(f"word{n}" in text_of(page) for n in range(100))


def test_every_state_but_live_has_its_word() -> None:
    assert set(STATE_WORDS) == set(ProgramState) - {ProgramState.LIVE}


def test_percentiles_say_in_which_bucket_they_lie() -> None:
    pane = Pane("tracepoint:raw_syscalls:sys_enter { @size = hist(args.id); }")
    pane.fake.attach(pane.program)
    buckets = [{"min": 4096, "max": 8191, "count": 90}, {"min": 8192, "max": 16383, "count": 10}]
    pane.flush({"type": "hist", "data": {"@size": buckets}})
    pane.model.advance()
    text = " ".join(text_of(state_lines(pane.model, 100)).split())
    assert "p50 4K-8K, p90 4K-8K, p99 8K-16K." in text
    assert "exact for its interval, except for percentiles." in text


def test_what_is_held_back_says_why_and_which_key_runs_it() -> None:
    pane = Pane()
    pane.program._parts.statuses.status = replace(
        pane.program.status, state=ProgramState.COSTLY, reason="it would cost 8 %", asks="--force"
    )
    text = pane.text()
    assert "held back" in text.split("\n")[0]
    assert "it would cost 8 %; y runs it anyway" in text


def test_the_state_page_of_what_never_ran_says_so() -> None:
    pane = Pane()
    pane.program._parts.statuses.status = replace(
        pane.program.status, state=ProgramState.COSTLY, source="", generation=0
    )
    pane.text()
    lines = text_of(state_lines(pane.model, 78)).split("\n")
    assert [line.split() for line in lines if "runs" in line] == [["runs", "nothing", "yet"]]


def test_what_is_refused_offers_no_key() -> None:
    pane = Pane()
    pane.program._parts.statuses.status = replace(
        pane.program.status, state=ProgramState.COSTLY, reason="it would cost 80 %"
    )
    assert "y runs it" not in pane.text()


def test_an_edit_that_is_held_back_says_so_above_the_old_one() -> None:
    pane = Pane().live()
    complaint = Complaint("the new text would cost 8 %")
    pane.program._parts.statuses.status = replace(pane.program.status, complaint=complaint, asks="--force")
    assert "the new text would cost 8 %; the old one keeps running; y runs it anyway" in " ".join(pane.text().split())


def test_the_kinds_of_silence_have_words_of_their_own() -> None:
    """No events, not attached, dead, held: each is told apart on the pane's rule or in its body."""
    starting = Pane()
    assert "starting" in starting.rule()
    assert "compiling and attaching" in starting.text()
    quiet = Pane()
    quiet.fake.attach(quiet.program)
    assert "no events yet" in quiet.rule()
    nothing = Pane()
    nothing.fake.attach(nothing.program)
    nothing.flush()
    assert "nothing happened in this interval" in nothing.text()
    held = Pane().live()
    assert "held" in held.rule(frame(held=True))
    dead = Pane().live()
    dead.fake.end(dead.program, -9)
    assert "down" in dead.rule()
    assert "killed by SIGKILL" in dead.text()


@pytest.mark.parametrize("width", [38, 39, 40, 60, 80])
def test_the_name_of_the_map_goes_after_rates_and_costs(width: int) -> None:
    pane = Pane(TWO_MAPS, "a_program").live()
    rule = pane.rule(frame(width))
    assert "a_program calls 1/3" in rule
    assert line_width(pane.face(frame(width)).lines[0]) == width


def test_a_map_without_rows_names_the_one_that_has_some() -> None:
    two = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); @other[pid, comm] = count(); }"
    pane = Pane(two)
    pane.fake.attach(pane.program)
    pane.flush(calls(pane.program, {}), calls(pane.program, ROWS, "@other"))
    assert " no calls in this interval; v shows other" in pane.text()
    pane.flush(calls(pane.program, {}), calls(pane.program, {}, "@other"))
    assert " nothing happened in this interval" in pane.text()


def test_a_filtered_pane_shows_the_rate_of_its_rows_before_that_of_all() -> None:
    assert " 300/s of 600/s " in Pane().live().rule(choice=ViewChoice(needle="java"))
    assert " 0/s of 600/s " in Pane().live().rule(choice=ViewChoice(needle="nothing"))


def test_a_pin_is_shown_once_the_numbers_are_those_of_the_pinned_process_and_not_before() -> None:
    pane = Pane().live()
    pane.program.change(replace(pane.program.settings, pin=Pin(pids=(478,))), pane.fake.now)
    assert "pid 478" not in pane.rule()
    pane.fake.attach(pane.program)
    assert "pid 478" not in pane.rule()
    pane.flush(calls(pane.program, ROWS)).flush(calls(pane.program, ROWS))
    assert " pid 478 " in pane.rule()
    pane.program.change(replace(pane.program.settings, pin=Pin(pids=(9,))), pane.fake.now)
    pane.fake.complain(pane.program, *SYNTAX_ERROR)
    pane.fake.end(pane.program, 1)
    assert " pid 478 " in pane.rule()
