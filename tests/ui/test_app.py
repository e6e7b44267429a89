"""The running dashboard: five panes, and every key does what help says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bttop.ui.themes import load_themes
from tests.ui.dashboard import CALLS, MANY, Dashboard, beat, counting, dashboard, probe, record
from tests.ui.scenes import SHIPPED_THEMES

RETRANS = "profile:hz:99 { @retrans[pid, comm, cpu] = count(); }"
SIZES = "profile:hz:99 { @size = hist(pid); @reads[pid, comm] = count(); }"
SWITCH = "profile:hz:99 { @oncpu[tid, comm] = hist(cpu); }"
STACKS = "profile:hz:99 { @stacks[comm, kstack] = count(); }"
BUCKETS = [{"min": 2**n, "max": 2 ** (n + 1) - 1, "count": count} for n, count in enumerate([12, 4, 2140, 211], 10)]


def grown(times: int) -> list[dict[str, int]]:
    """The buckets of a histogram that is never cleared, after so many intervals."""
    return [one | {"count": one["count"] * times} for one in BUCKETS]


STACK = "java,\n\tcopy_page+16\n\tdo_fault+3\n\tasm_exc_page_fault+30\n"
FIVE = {
    "syscalls": counting(),
    "retransmits": probe(
        RETRANS, [["attach", 1], beat(RETRANS, record(RETRANS, "@retrans", {"4022,sshd,1": 6, "4711,curl,0": 14}))]
    ),
    "sizes": probe(
        SIZES,
        [
            ["attach", 2],
            *[
                beat(SIZES, record(SIZES, "@size", grown(n), "hist"), record(SIZES, "@reads", {"77,tar": 5}), times=1)
                for n in range(1, 120)
            ],
        ],
    ),
    "switches": probe(
        SWITCH, [["attach", 1], beat(SWITCH, record(SWITCH, "@oncpu", {"18433,kworker": BUCKETS}, "hist"))]
    ),
    "profile": probe(
        STACKS, [["attach", 1], beat(STACKS, record(STACKS, "@stacks", {STACK: 61, "dd,\n\tread+1\n": 9}))]
    ),
}
ROWS_OF_FIVE = ("18421 java", "4711 curl", "[4K, 8K)", "18433 kworker", "copy_page")


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Dashboard]:
    """One live pane with 41 rows."""
    with dashboard(tmp_path, {"calls": counting()}) as shown:
        shown.wait_for("1 of 1 live", "20 of 41", lambda: len(shown.names()) == 20)
        yield shown


@pytest.fixture
def five(tmp_path: Path) -> Iterator[Dashboard]:
    """Five live panes in 80x24."""
    with dashboard(tmp_path, FIVE) as shown:
        shown.wait_for("5 of 5 live", *ROWS_OF_FIVE)
        yield shown


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (160, 48)])
def test_five_panes_show_title_state_and_top_rows(tmp_path: Path, columns: int, rows: int) -> None:
    with dashboard(tmp_path, FIVE, columns, rows) as shown:
        shown.wait_for("5 of 5 live", *[f"{number} {name} " for number, name in enumerate(FIVE, 1)])
        shown.wait_for(*ROWS_OF_FIVE, "p99", "copy_page < do_fault" if columns < 100 else "stacks as flame")
        assert max(map(len, shown.lines)) <= columns
        assert "q quit" in shown.lines[-1]
        assert not any(word in shown.text for word in ("starting", "failed", "silent", "down"))


def test_number_and_tab_keys_move_the_focus(five: Dashboard) -> None:
    five.wait_for("━1 syscalls")
    for keys, focused in (
        ("3", "━3 sizes"), ("Tab", "━4 switches"), ("S-Tab", "━3 sizes"), ("S-Tab", "━2 retransmits"),
        ("5", "━5 profile"), ("Tab", "━1 syscalls"), ("9", "━1 syscalls"),
    ):  # fmt: skip
        five.press(keys)
        five.wait_for(focused, lambda: sum(five.text.count(f"━{n} ") for n in range(1, 6)) == 1)


def test_z_shows_one_pane_alone_and_all_again(five: Dashboard) -> None:
    five.press("2", "z")
    five.wait_until_gone("1 syscalls", "5 profile")
    five.wait_for("━2 retransmits", "4711 curl")
    five.press("z")
    five.wait_for("1 syscalls", "5 profile")
    five.press("z")
    five.wait_until_gone("1 syscalls")
    five.press("Esc")
    five.wait_for("1 syscalls", "5 profile")


@pytest.mark.parametrize(
    ("before", "seen", "then", "after"),
    [
        (["z"], "Esc all panes", "s", "5 profile"),
        (["z"], "Esc all panes", "B", "syscalls: state"),
        (["?"], "bttop: keys", "v", "5 profile"),
        (["Enter"], "syscalls: calls", "s", "5 profile"),
        (["2", "z"], "Esc all panes", "X", "4 of 4 live"),
    ],
    ids=["zoom", "capital", "help", "page of a row", "close"],
)
def test_esc_and_a_letter_that_arrive_together_are_two_keys(
    five: Dashboard, before: list[str], seen: str, then: str, after: str
) -> None:
    five.press(*before)
    five.wait_for(seen)
    five.press(f"\x1b{then}")
    five.wait_for(after)
    five.wait_until_gone(seen)


@pytest.mark.parametrize("opens", ["/", "a"])
def test_a_letter_with_alt_does_not_end_what_is_typed(five: Dashboard, opens: str) -> None:
    five.press(opens, "disk")
    five.wait_for("disk")
    five.press("\x1bz", "w")
    five.wait_for("diskzw")


def test_v_goes_round_the_maps_of_a_program(five: Dashboard) -> None:
    five.press("3")
    five.wait_for("size 1/3", "p99")
    five.press("v")
    five.wait_for("size as heat map 2/3")
    five.press("v")
    five.wait_for("reads 3/3", "77 tar")
    five.press("v")
    five.wait_for("size 1/3")


def test_x_stops_and_starts_a_program_and_leaves_the_others(five: Dashboard) -> None:
    five.press("2", "x")
    five.wait_for("4 of 5 live", lambda: "stopped" in five.line("2 retransmits"), "4711 curl")
    five.press("x")
    five.wait_for("5 of 5 live")
    five.wait_until_gone("stopped")


def test_arrows_fold_the_frames_of_a_stack(five: Dashboard) -> None:
    five.press("5", "z")
    five.wait_for("stacks as flame")
    five.press("v")
    five.wait_for("▸ copy_page")
    five.press("Right")
    five.wait_for("▾ copy_page", lambda: five.line("kstack").split() == ["kstack", "copy_page"])
    five.press("Left")
    five.wait_for("▸ copy_page", lambda: "kstack " not in five.text)


def test_s_sorts_by_the_next_column_and_capital_s_reverses(one: Dashboard) -> None:
    assert one.names()[:3] == ["java", "nginx", "dd"]
    one.press("s")
    one.wait_for("pid▾", lambda: one.names()[0] == "worker1")
    one.press("S")
    one.wait_for(lambda: one.names()[:2] == ["java", "nginx"])
    one.press("s", "s")
    one.wait_for("/s▾", lambda: one.names()[:3] == ["java", "nginx", "dd"])


def test_the_filter_works_while_it_is_typed_and_esc_takes_it_back(one: Dashboard) -> None:
    one.press("/", "NG")
    one.wait_for("filter: NG", lambda: one.names() == ["nginx"])
    one.press("\x7f\x7f", "worker3")
    one.wait_for(lambda: set(one.names()) == {"worker3", *[f"worker3{n}" for n in range(9)]})
    one.press("Enter", "/", "End", "8")
    one.wait_for("/worker38 ", lambda: one.names() == ["worker38"])
    one.press("Enter", "/", "java")
    one.wait_for("filter: java", lambda: one.names() == ["java"])
    one.press("Esc")
    one.wait_for("/worker38 ", lambda: one.names() == ["worker38"])
    one.press("Esc")
    one.wait_for(lambda: "java" in one.names())
    one.wait_until_gone("/worker38 ")


@pytest.mark.parametrize("name", ["nginx", "java"])
def test_the_keys_of_a_row_use_one_that_the_filter_shows(one: Dashboard, name: str) -> None:
    one.press("j", "/", name, "Enter")
    one.wait_for(f"/{name} ", lambda: one.names() == [name])
    one.press("Enter")
    one.wait_for("calls: calls", lambda: one.line("  comm ").split()[-1:] == [name])


def test_rows_can_be_walked_and_opened(one: Dashboard) -> None:
    one.press("j", "Down", "k", "Enter")
    one.wait_for("calls: calls", lambda: one.line("comm ").split()[-1:] == ["nginx"], "last minute")
    one.press("Esc")
    one.wait_for("18421 java")
    one.press("k", "Enter")
    one.wait_for(lambda: one.line("  comm ").split()[-1:] == ["java"])
    one.press("q")
    one.wait_for("18421 java", "q quit")


def test_the_ends_and_pages_of_a_table_can_be_reached(one: Dashboard) -> None:
    top = one.names()
    one.press("End")
    one.wait_for("1 worker1 ")
    assert one.names()[-1] == "worker1"
    one.press("<")
    one.wait_for(lambda: one.names() == top)
    one.press("PgDn", "PgDn")
    one.wait_for(lambda: "java" not in one.names())
    one.press("PgUp", "PgUp")
    one.wait_for("18421 java")
    one.press(">")
    one.wait_for("1 worker1 ")
    one.press("Home")
    one.wait_for("18421 java")


def test_space_holds_the_display_while_collection_goes_on(one: Dashboard) -> None:
    one.press("Space")
    one.wait_for("HELD", " held ")
    one.wait_for(lambda: "s old" in one.line("1 calls"))
    one.press("Space")
    one.wait_until_gone("HELD", " held ", "s old")


def test_help_shows_all_keys_and_scrolls(one: Dashboard) -> None:
    one.press("?")
    one.wait_for("bttop: keys", "Zoom the pane", "more lines")
    one.press("G")
    one.wait_for("Quit; every probe is detached")
    one.press("Esc")
    one.wait_for("18421 java")
    one.press("F1")
    one.wait_for("bttop: keys")
    one.press("?")
    one.wait_for("18421 java")


def test_capital_b_explains_the_state(one: Dashboard) -> None:
    one.press("B")
    one.wait_for("calls: state", "calls.bt, start 1", "last flush", "interval  0.25 s")
    one.press("Enter")
    one.wait_for("18421 java")


def test_plus_and_minus_change_the_interval_of_all_programs(one: Dashboard) -> None:
    one.wait_for("every 0.25 s")
    one.press("+")
    one.wait_for("interval 0.5 s", "every 0.5 s")
    one.press("-")
    one.wait_for("interval 0.25 s", "every 0.25 s")
    one.press("-", "-")
    one.wait_for("at its limit")


def test_t_goes_round_the_themes(one: Dashboard) -> None:
    titles = [theme.title for _, theme in sorted(load_themes([SHIPPED_THEMES])[0].items())]
    start = titles.index("Night") + 1
    for title in [*titles[start:], *titles[:start]]:
        one.press("t")
        one.wait_for(f"theme {title}", "18421 java")


def test_the_palette_finds_and_runs_a_command(five: Dashboard) -> None:
    five.press("C-p")
    five.wait_for("Search for commands")
    five.press("zoom the")
    five.wait_for("Zoom the pane, or show all again")
    five.press("Enter")
    five.wait_until_gone("5 profile", "Search for commands")
    five.wait_for("━1 syscalls")


def test_a_click_focuses_selects_and_opens(five: Dashboard) -> None:
    five.click("4022 sshd")
    five.wait_for("━2 retransmits")
    five.press("Enter")
    five.wait_for("retransmits: retrans", lambda: five.line("  comm ").split()[-1:] == ["sshd"])
    five.press("Esc")
    five.wait_for("5 profile")
    five.click("copy_page", times=2)
    five.wait_for("profile: stacks", "asm_exc_page_fault")


def test_a_click_on_a_heading_sorts(one: Dashboard) -> None:
    one.click("pid ")
    one.wait_for("pid▾", lambda: one.names()[0] == "worker1")
    one.click("pid▾")
    one.wait_for(lambda: one.names()[0] == "java")


def test_the_wheel_scrolls(one: Dashboard) -> None:
    top = one.names()
    one.wheel("java", down=True)
    one.wait_for(lambda: one.names()[:1] == top[3:4])
    one.wheel("worker", down=False)
    one.wait_for(lambda: one.names() == top)


def test_a_click_on_a_hint_runs_its_command(one: Dashboard) -> None:
    one.click("? all")
    one.wait_for("bttop: keys")


def test_a_terminal_that_is_too_small_says_so_and_recovers(five: Dashboard) -> None:
    five.terminal.resize(50, 12)
    five.wait_for("terminal too small", "50x12 here, 60x15 needed")
    five.terminal.resize(160, 48)
    five.wait_for("5 profile", "5 of 5 live", lambda: len(five.line("━1 syscalls").rstrip()) > 100)
    five.terminal.resize(60, 15)
    five.wait_for(*[f"{number} {name} " for number, name in enumerate(FIVE, 1)])
    five.terminal.resize(80, 24)
    five.wait_for("[4K, 8K)", "18433 kworker")


def test_the_selected_row_stays_selected_while_rows_change_places(tmp_path: Path) -> None:
    steps = [beat(CALLS, record(CALLS, "@calls", MANY | {"18421,java": n}), times=4) for n in (900, 0)]
    with dashboard(tmp_path, {"calls": probe(CALLS, [["attach", 1], ["repeat", None, steps]])}) as shown:
        shown.wait_for(lambda: shown.names()[:2] == ["java", "nginx"])
        shown.press("Home")
        shown.wait_for(lambda: shown.names()[-1:] == ["java"] and "nginx" not in shown.names())
        shown.wait_for(lambda: shown.names()[:2] == ["java", "nginx"])
        shown.press("Enter")
        shown.wait_for(lambda: shown.line("  comm ").split()[-1:] == ["java"])
